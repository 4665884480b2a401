"""What all live streams of a server share: threads, a limit, and an end. Importing this module does not import FastAPI."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Condition

from .options import ServerOptions
from .workers import Workers


class FullError(Exception):
    """All places are taken, or the server ends."""


class Streams:
    """The live streams of a server. Safe to share between threads.

    Attributes:
        workers: The threads that listen.
        intake: The thread that takes samples in: resampling, and where speech is.

    Args:
        options: The limits.
    """

    def __init__(self, options: ServerOptions) -> None:
        self.workers = Workers(options.threads)
        self.intake = ThreadPoolExecutor(1, "emotone-intake")
        self._most = options.most_streams
        self._ends: set[Callable[[], None]] = set()
        self._changed = Condition()
        self._closing = False

    @property
    def count(self) -> int:
        """Streams that are open."""
        return len(self._ends)

    @contextmanager
    def place(self, end: Callable[[], None]) -> Iterator[None]:
        """A place for a stream.

        Args:
            end: Asks the stream to end soon, with its result. May be called from any thread.

        Raises:
            FullError: When there is none.
        """
        with self._changed:
            if self._closing or self.count >= self._most:
                raise FullError
            self._ends.add(end)
        try:
            yield
        finally:
            with self._changed:
                self._ends.remove(end)
                self._changed.notify_all()

    def close(self, grace: float) -> None:
        """Takes no more streams, and ends those that are open; waits for their results, but not longer than `grace` seconds."""
        with self._changed:
            self._closing = True
            for end in self._ends:
                end()
            self._changed.wait_for(lambda: not self._ends, grace)
        self.workers.close()
        self.intake.shutdown(wait=False, cancel_futures=True)
