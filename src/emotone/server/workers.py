"""Threads that streams share: what is wanted now goes first, and what can wait is never forgotten."""

import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

PATIENCE = 2.0  # seconds after which work that can wait goes first


@dataclass(frozen=True, slots=True)
class _Job:
    run: Callable[[], Any]
    future: "Future[Any]" = field(default_factory=Future)
    since: float = field(default_factory=time.monotonic)


class Workers:
    """A pool of threads with two queues. Whoever has one job at a time in each gets their turn as often as all others.

    Patient jobs may take long, so one thread is kept free of them, when there are several.

    Args:
        threads: At least 1.
    """

    def __init__(self, threads: int) -> None:
        self._pool = ThreadPoolExecutor(threads, "emotone-live")
        self._lock = Lock()
        self._urgent: deque[_Job] = deque()
        self._patient: deque[_Job] = deque()
        self._patient_running = 0
        self._most_patient = max(1, threads - 1)

    def submit(self, run: Callable[[], Any], *, urgent: bool) -> "Future[Any]":
        """What `run` will return. The future can be cancelled until it runs."""
        job = _Job(run)
        with self._lock:
            (self._urgent if urgent else self._patient).append(job)
        self._pool.submit(self._work)
        return job.future

    def close(self) -> None:
        """Ends the threads when their jobs end; those that wait are cancelled."""
        with self._lock:
            waiting = [*self._urgent, *self._patient]
            self._urgent.clear()
            self._patient.clear()
        for job in waiting:
            job.future.cancel()
        self._pool.shutdown(wait=False)

    def _work(self) -> None:
        """One job. Each that is submitted brings one such turn; one that had to be left gets another later."""
        job, patient = self._next()
        if job is None:
            return
        if patient and self._urgent:
            self._again()
        try:
            if job.future.set_running_or_notify_cancel():
                _fulfil(job)
        finally:
            if patient:
                with self._lock:
                    self._patient_running -= 1
                    again = bool(self._patient)
                if again:
                    self._again()

    def _next(self) -> tuple[_Job | None, bool]:
        with self._lock:
            may = bool(self._patient) and self._patient_running < self._most_patient
            overdue = may and time.monotonic() - self._patient[0].since > PATIENCE
            if self._urgent and not overdue:
                return self._urgent.popleft(), False
            if may:
                self._patient_running += 1
                return self._patient.popleft(), True
            return None, False

    def _again(self) -> None:
        try:
            self._pool.submit(self._work)
        except RuntimeError:  # closed meanwhile
            return


def _fulfil(job: _Job) -> None:
    try:
        result = job.run()
    except BaseException as error:
        job.future.set_exception(error)
    else:
        job.future.set_result(result)
