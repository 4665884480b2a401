"""Work that takes long, done aside while the page shows how far it is. It ends soon after nobody waits for it any more."""

from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor, wait
from threading import Event
from typing import TypeVar

from ..types import Progress

EVERY = 2.0  # seconds from one sign to the next

_Shown = TypeVar("_Shown")
_Done = TypeVar("_Done")


class NobodyWaitsError(Exception):
    """Raised within the work when the visitor has left."""


def watched(
    work: Callable[[Progress], _Done], show: Callable[[float], _Shown], every: float = EVERY
) -> Generator[_Shown, None, _Done]:
    """Does some work, and gives now and then what is to be shown of it. Returns what it gives; what it raises passes through.

    Args:
        work: Is given what it says its progress to, in seconds of a recording.
        show: Seconds that were heard → what is to be shown.
        every: Seconds from one sign to the next.
    """
    heard = 0.0
    left = Event()

    def progress(seconds: float) -> None:
        nonlocal heard
        if left.is_set():
            raise NobodyWaitsError
        heard = seconds

    with ThreadPoolExecutor(1, "listen") as pool:
        future = pool.submit(work, progress)
        try:
            while not wait([future], every).done:
                yield show(heard)
            return future.result()
        finally:
            left.set()
