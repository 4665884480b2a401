"""Work in threads: a bounded number side by side, a bounded number waiting, and an end when nobody wants the answer."""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Condition, Event
from typing import TypeVar

from ..text import Text
from .options import ServerOptions
from .problems import ProblemError

_T = TypeVar("_T")
_WEIGHT = 0.1  # of the newest recording in the mean time that one takes
_FIRST_GUESS = 0.1  # seconds that a recording takes, before one was analysed


class LeftError(Exception):
    """Nobody waits for this answer any more."""


class Ticket:
    """What a request holds while it is worked on: ends the work when nobody waits for it.

    Attributes:
        heard: Seconds of each recording that was listened to; for the log.
    """

    def __init__(self) -> None:
        self.heard: list[float] = []
        self._left = Event()

    def leave(self) -> None:
        """The answer is not wanted any more."""
        self._left.set()

    def check(self) -> None:
        """Raises `LeftError` when the answer is not wanted any more."""
        if self._left.is_set():
            raise LeftError


class Work:
    """The threads of a server, the requests in flight and the recordings that wait. Safe to share between threads.

    Args:
        options: The limits.
    """

    def __init__(self, options: ServerOptions) -> None:
        self._options = options
        self._pool = ThreadPoolExecutor(options.jobs, "emotone-work")
        self._changed = Condition()
        self._mean = _FIRST_GUESS
        self.in_flight = 0
        self.waiting = 0
        self.running = 0
        self.closing = False

    def enter(self) -> None:
        """Takes a request in; `leave` must follow.

        Raises:
            ProblemError: 503 when there are too many, or the server is closing.
        """
        with self._changed:
            self._check(self.in_flight >= self._options.max_in_flight)
            self.in_flight += 1

    def leave(self) -> None:
        """The request was answered, or has failed."""
        with self._changed:
            self.in_flight -= 1
            self._changed.notify_all()

    @property
    def full(self) -> bool:
        """Whether the next request would be refused."""
        too_many = self.in_flight >= self._options.max_in_flight
        return self.closing or too_many or self.waiting >= self._options.max_waiting

    async def each(self, jobs: Sequence[Callable[[], _T]], ticket: Ticket) -> list[_T | Exception]:
        """The results of jobs that run side by side, in order; an error in place of one that fails.

        Args:
            jobs: One for each recording.
            ticket: Of the request.

        Raises:
            ProblemError: 503 when too many wait already.
            asyncio.CancelledError: When the request is given up; its jobs then end at their next step.
        """
        with self._changed:
            self._check(self.waiting >= self._options.max_waiting)
            self.waiting += len(jobs)
        futures = [self._submit(job, ticket) for job in jobs]
        try:
            results = await asyncio.gather(*map(asyncio.wrap_future, futures), return_exceptions=True)
        finally:
            if not all(future.done() for future in futures):
                ticket.leave()
        return [_no_cancelled(result) for result in results]

    def refuse(self) -> None:
        """Takes no more requests."""
        with self._changed:
            self.closing = True

    def close(self, grace: float) -> None:
        """Takes no more requests, waits for those in flight, but not longer than `grace` seconds."""
        self.refuse()
        with self._changed:
            self._changed.wait_for(lambda: self.in_flight == 0, grace)
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _submit(self, job: Callable[[], _T], ticket: Ticket) -> "Future[_T]":
        def run() -> _T:
            self._count(waiting=-1, running=1)
            began = time.perf_counter()
            try:
                ticket.check()
                return job()
            finally:
                self._count(running=-1, took=time.perf_counter() - began)

        future = self._pool.submit(run)
        future.add_done_callback(lambda done: self._count(waiting=-1) if done.cancelled() else None)
        return future

    def _count(self, *, waiting: int = 0, running: int = 0, took: float | None = None) -> None:
        with self._changed:
            if took is not None:
                self._mean += _WEIGHT * (took - self._mean)
            self.waiting += waiting
            self.running += running

    def _check(self, too_many: bool) -> None:
        if self.closing or too_many:
            seconds = max(1, math.ceil(self.waiting * self._mean / self._options.jobs))
            raise busy(seconds)


def _no_cancelled(result: _T | BaseException) -> _T | Exception:
    if isinstance(result, BaseException) and not isinstance(result, Exception):  # the threads were closed under it
        raise busy(1)
    return result


def busy(seconds: int) -> ProblemError:
    """The problem of a server that has enough to do.

    Args:
        seconds: After which it is worth trying again.
    """
    text = Text(f"The server has enough to do. Try again in {seconds} s.", f"服务器繁忙。请在 {seconds} 秒后重试。")
    return ProblemError(503, "busy", text, {"Retry-After": str(seconds)})


async def until_left(gone: Awaitable[None], work: Awaitable[_T]) -> _T:
    """The result of some work, or `LeftError` when the client goes first; the work is then cancelled."""
    working = asyncio.ensure_future(work)
    leaving = asyncio.ensure_future(gone)
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        raise LeftError
    finally:
        for task in (working, leaving):
            task.cancel()
        await asyncio.gather(working, leaving, return_exceptions=True)
