"""Threads that streams share."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future

import pytest

from emotone.server import workers
from emotone.server.workers import Workers


class Order:
    """Jobs that say when they run, and wait until they may end."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.go = threading.Event()

    def job(self, name: str, *, waits: bool = False) -> Callable[[], str]:
        def run() -> str:
            self.begun.append(name)
            if waits:
                assert self.go.wait(20)
            return name

        return run


@pytest.fixture
def order() -> Iterator[Order]:
    order = Order()
    yield order
    order.go.set()


def results(futures: list[Future[str]]) -> list[str]:
    return [future.result(20) for future in futures]


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not true():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_urgent_work_goes_first(order: Order) -> None:
    pool = Workers(1)
    futures = [pool.submit(order.job("first", waits=True), urgent=True)]
    until(lambda: order.begun == ["first"])
    futures += [pool.submit(order.job(f"patient {index}"), urgent=False) for index in range(2)]
    futures += [pool.submit(order.job(f"urgent {index}"), urgent=True) for index in range(2)]
    order.go.set()
    assert results(futures) == ["first", "patient 0", "patient 1", "urgent 0", "urgent 1"]
    assert order.begun == ["first", "urgent 0", "urgent 1", "patient 0", "patient 1"]
    pool.close()


def test_one_thread_is_kept_free_of_patient_work(order: Order) -> None:
    pool = Workers(2)
    patient = [pool.submit(order.job(f"patient {index}", waits=True), urgent=False) for index in range(3)]
    until(lambda: bool(order.begun))
    assert results([pool.submit(order.job(f"urgent {index}"), urgent=True) for index in range(5)])
    assert order.begun == ["patient 0", *(f"urgent {index}" for index in range(5))]
    order.go.set()
    assert results(patient) == ["patient 0", "patient 1", "patient 2"]
    pool.close()


def test_what_waited_long_goes_first_and_nothing_is_forgotten(order: Order, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "PATIENCE", 0.0)
    pool = Workers(2)
    futures = [
        pool.submit(order.job("first", waits=True), urgent=True),
        pool.submit(order.job("second", waits=True), urgent=False),
    ]
    until(lambda: len(order.begun) == 2)
    for index in range(50):
        futures.append(pool.submit(order.job(f"job {index}"), urgent=index % 3 > 0))
    order.go.set()
    assert len(results(futures)) == 52
    assert sorted(order.begun) == sorted(results(futures))
    pool.close()


def test_an_error_is_the_result_and_the_end_cancels_what_waits(order: Order) -> None:
    pool = Workers(1)
    with pytest.raises(ZeroDivisionError):
        pool.submit(lambda: 1 / 0, urgent=True).result(20)
    running = pool.submit(order.job("running", waits=True), urgent=False)
    until(lambda: bool(order.begun))
    waiting = [pool.submit(order.job("waiting"), urgent=urgent) for urgent in (True, False)]
    pool.close()
    assert all(future.cancelled() for future in waiting)
    order.go.set()
    assert running.result(20) == "running"
