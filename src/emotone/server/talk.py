"""One live stream at work: what is due is done in the server's threads, and what is found is said in order."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from threading import Lock
from typing import Any, TypeVar

from numpy.typing import NDArray

from ..events import Event, Result
from ..stream import Due, Stream, Task
from .streams import Streams

MOST_SEGMENTS, MOST_BLOCKS = 4, 4  # stretches of speech (30 s) and blocks for the result (10 s) that wait at most

_T = TypeVar("_T")


class Talk:
    """A stream whose work is done elsewhere.

    Windows are urgent: they are made of the newest seconds, and those that could not be made in time are left out. Segments are
    urgent too, but none is left out; listening for the result can wait. When too much waits, `feed` waits.

    Args:
        stream: Of `Recognizer.stream`.
        streams: Whose threads do the work.
        say: Sends an event, with the number of windows that were left out before it.
    """

    def __init__(self, stream: Stream, streams: Streams, say: Callable[[Event, int], Awaitable[None]]) -> None:
        self._stream = stream
        self._streams = streams
        self._say = say
        self._newest = _Newest()
        self._windows: asyncio.Queue[None] = asyncio.Queue(1)
        self._queues: dict[str, asyncio.Queue[Task]] = {
            "segments": asyncio.Queue(MOST_SEGMENTS),
            "hearing": asyncio.Queue(MOST_BLOCKS),
        }
        self._result: Result | None = None

    async def beside(self, work: Coroutine[Any, Any, _T]) -> _T:
        """What `work` returns, which feeds this and finishes it. The first error of any part ends all of them."""
        lanes = [self._make_windows(), self._make("segments", urgent=True), self._make("hearing", urgent=False)]
        working = asyncio.ensure_future(work)
        tasks: list[asyncio.Future[Any]] = [working, *map(asyncio.ensure_future, lanes)]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
            return await working
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def feed(self, decode: Callable[[bytes], NDArray[Any]], frame: bytes) -> None:
        """Takes samples in and says what is known at once; the rest follows.

        Raises:
            AudioError: As `Stream.feed`, and as `decode`.
        """
        await self._dispatch(await self._take(lambda: self._stream.advance(decode(frame))))

    async def finish(self) -> None:
        """Says all that is left, the result last."""
        await self._dispatch(await self._take(self._stream.end))
        await self._windows.join()
        for queue in self._queues.values():
            await queue.join()
        if self._result is not None:
            await self._say(self._result, 0)

    async def _take(self, begin: Callable[[], Iterable[Due]]) -> list[Due]:
        """All that became due, but for windows: only the last of them is kept."""

        def collect() -> list[Due]:
            due: list[Due] = []
            for item in begin():
                if isinstance(item, Task) and item.kind == "window":
                    self._newest.put(item)
                else:
                    due.append(item)
            return due

        return await asyncio.get_running_loop().run_in_executor(self._streams.intake, collect)

    async def _dispatch(self, due: Iterable[Due]) -> None:
        if self._newest.waits and self._windows.empty():
            self._windows.put_nowait(None)
        for item in due:
            if isinstance(item, Task):
                await self._queues[item.kind].put(item)
            else:
                await self._say(item, 0)

    async def _make_windows(self) -> None:
        while True:
            await self._windows.get()
            while self._newest.waits:
                events, skipped = await self._run(self._newest.run, urgent=True)
                for event in events:
                    await self._say(event, skipped)
            self._windows.task_done()

    async def _make(self, kind: str, *, urgent: bool) -> None:
        queue = self._queues[kind]
        while True:
            task = await queue.get()
            for event in await self._run(task.run, urgent=urgent):
                if isinstance(event, Result):
                    self._result = event
                else:
                    await self._say(event, 0)
            queue.task_done()

    async def _run(self, work: Callable[[], _T], *, urgent: bool) -> _T:
        result: _T = await asyncio.wrap_future(self._streams.workers.submit(work, urgent=urgent))
        return result


class _Newest:
    """The newest window that is due. Which one that is turns out when it runs."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._task: Task | None = None
        self._skipped = 0

    @property
    def waits(self) -> bool:
        return self._task is not None

    def put(self, task: Task) -> None:
        with self._lock:
            self._skipped += self._task is not None
            self._task = task

    def run(self) -> tuple[tuple[Event, ...], int]:
        """Its events, and how many windows were left out before it."""
        with self._lock:
            task, skipped = self._task, self._skipped
            self._task, self._skipped = None, 0
        return ((), 0) if task is None else (task.run(), skipped)
