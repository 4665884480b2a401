"""Models that are being fetched. A fetch belongs to the server: every tab sees it, and it goes on when all are closed."""

import logging
from dataclasses import dataclass, replace
from threading import Lock, Thread

from .errors import INTERNAL, EmotoneError
from .hub import Origin, Progress, pull
from .text import Text

_WAITING = Text("One moment…", "请稍候…")
_WAITS = Text("Waiting for another model", "正在等待另一个模型")
_LOOK = 0.2  # seconds between looks at whether a waiting fetch was cancelled
_log = logging.getLogger("emotone.fetches")


@dataclass(frozen=True, slots=True)
class Fetch:
    """How far a fetch is.

    Attributes:
        progress: Its step; the last one when it has failed.
        problem: Why it failed; `None` while it runs.
        cancelled: It was asked to end, and will at its next step.
    """

    progress: Progress
    problem: Text | None = None
    cancelled: bool = False


class Fetches:
    """The fetches of a server, one at a time; others wait.

    Args:
        origin: Where models come from; `None` asks both hubs.
    """

    def __init__(self, origin: Origin | None = None) -> None:
        self._origin = origin
        self._known: dict[str, Fetch] = {}
        self._lock = Lock()  # of the dictionary
        self._turn = Lock()  # held by the fetch that runs

    def start(self, name: str) -> None:
        """Begins to fetch a model, unless it is being fetched already."""
        with self._lock:
            known = self._known.get(name)
            if known is not None and known.problem is None:
                return
            self._known[name] = Fetch(Progress(_WAITING))
        Thread(target=self._run, args=[name], name=f"fetch {name}", daemon=True).start()

    def cancel(self, name: str) -> None:
        """Ends a fetch at its next step; what was fetched is kept."""
        with self._lock:
            if known := self._known.get(name):
                self._known[name] = replace(known, cancelled=True)

    def look(self, name: str) -> Fetch | None:
        """How far a fetch is; `None` when there is none, or it has ended well."""
        return self._known.get(name)

    def running(self) -> tuple[str, ...]:
        """The models that are being fetched, or wait for it."""
        with self._lock:
            return tuple(name for name, fetch in self._known.items() if fetch.problem is None)

    def close(self) -> None:
        """Cancels all fetches; does not wait for them."""
        for name in self.running():
            self.cancel(name)

    def _run(self, name: str) -> None:
        problem = None
        try:
            while not self._turn.acquire(timeout=_LOOK):
                self._tell(name, Progress(_WAITS))
            try:
                pull(name, self._origin, on_progress=lambda progress: self._tell(name, progress))
            finally:
                self._turn.release()
        except _CancelledError:
            pass
        except EmotoneError as error:
            problem = error.text
        except Exception:
            _log.exception("Cannot fetch %r", name)
            problem = INTERNAL
        with self._lock:
            if problem is None:
                del self._known[name]
            else:
                self._known[name] = replace(self._known[name], problem=problem)

    def _tell(self, name: str, progress: Progress) -> None:
        with self._lock:
            fetch = self._known[name]
            self._known[name] = replace(fetch, progress=progress)
        if fetch.cancelled:
            raise _CancelledError


class _CancelledError(Exception):
    """Somebody pressed Cancel."""
