"""Every core listens to a recording while the next ones are read; what is heard goes into a store every now and then."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import islice

from ..batch import Failed, Heard, Item, Progress, Read, Worker
from ..engine import usable_cores
from ..errors import EmotoneError
from ..rows import Row
from .results import Added
from .store import EmbeddingStore

TOGETHER, SAVE_AFTER = 64, 60.0
"""Recordings that are written in one step, and the seconds after which fewer are: so much is lost at most when the process is
killed."""

_TICK = 1.0  # seconds between looks at the clock


@dataclass(frozen=True, slots=True)
class Filled:
    """What filling a store did.

    Attributes:
        added: The rows.
        recordings: How many were added or there.
        failed: The others.
    """

    added: Added = field(default_factory=Added)
    recordings: int = 0
    failed: tuple[Failed, ...] = ()


class Listeners:
    """Those who fill a store, once.

    Args:
        store: Where to.
        worker: Of the store's model, with `embedding` among its options.
        on_progress: Called after each recording. Those that were there count as `skipped`.
    """

    def __init__(self, store: EmbeddingStore, worker: Worker, on_progress: Callable[[Progress], None]) -> None:
        self._store, self._worker, self._on_progress = store, worker, on_progress
        self._cores = usable_cores()
        self._readers = ThreadPoolExecutor(self._cores, "read")
        self._listeners = ThreadPoolExecutor(self._cores, "listen")
        self._listening: dict[Future[Heard | Failed], Read] = {}
        self._same: dict[str, list[Item]] = {}  # sha256 of what is being listened to: other items with these bytes
        self._unsaved: list[Heard] = []
        self._contents: dict[str, Heard] = {}  # of those
        self._added, self._failed = Added(), list[Failed]()
        self._recordings = 0
        self._began = self._saved = time.monotonic()
        self._progress = Progress()

    def fill(self, items: Iterable[Item]) -> Filled:
        """Listens to items and adds their rows. Whatever ends it, what is heard by then is added.

        Raises:
            StoreError: When the store cannot be written.
            ManifestError, AudioNotFoundError: When the items end with it; all before that are added.
        """
        try:
            error = self._work(iter(items))
        except BaseException:
            self._stop()
            with suppress(EmotoneError):  # what ended it is what is told
                self._save()
            raise
        self._stop()
        self._save()
        if error is not None:
            raise error
        return Filled(self._added, self._recordings, tuple(self._failed))

    def _stop(self) -> None:
        self._readers.shutdown(cancel_futures=True)
        self._listeners.shutdown(cancel_futures=True)

    def _work(self, items: Iterator[Item]) -> EmotoneError | None:
        """Deals with items until they are done. Gives what was wrong with them."""
        more, error = True, None
        while more or self._listening:
            if more and len(self._listening) < 2 * self._cores:  # the cores have work while the next ones are read
                some, error = _taken(items, TOGETHER)
                more = len(some) == TOGETHER
                self._read(some)
            done, _ = wait(self._listening, _TICK, FIRST_COMPLETED)
            for future in done:
                self._heard(self._listening.pop(future), future.result())
            if len(self._unsaved) >= TOGETHER or time.monotonic() - self._saved >= SAVE_AFTER:
                self._save()
        return error

    def _read(self, items: Sequence[Item]) -> None:
        """Reads recordings and has those listened to that are new."""
        reads = list(self._readers.map(self._worker.read, items))
        known = self._known({read.sha256 for read in reads if isinstance(read, Read)})
        for read in reads:
            if isinstance(read, Failed):
                self._fail(read)
            elif read.sha256 in known:
                self._keep(Heard(read.item, known[read.sha256]).of(read.item), known=True)
            elif read.sha256 in self._contents:
                self._keep(self._contents[read.sha256].of(read.item))
            elif read.sha256 in self._same:
                self._same[read.sha256].append(read.item)
            else:
                self._same[read.sha256] = []
                self._listening[self._listeners.submit(self._worker.hear, read)] = read

    def _known(self, contents: Iterable[str]) -> dict[str, tuple[Row, ...]]:
        """By sha256: the rows of these recordings that are in the store, of the granularity that is asked for."""
        known: dict[str, tuple[Row, ...]] = {}
        for row in self._store.known(contents):
            if _is_whole(row) == (self._worker.options.granularity == "utterance"):
                known[row.sha256] = (*known.get(row.sha256, ()), row)
        return known

    def _heard(self, read: Read, result: Heard | Failed) -> None:
        for item in (read.item, *self._same.pop(read.sha256)):
            if isinstance(result, Failed):
                self._fail(replace(result, item=item))
            else:
                self._contents[read.sha256] = result
                self._keep(result.of(item))

    def _keep(self, heard: Heard, *, known: bool = False) -> None:
        self._unsaved.append(heard)
        self._recordings += 1
        before = self._progress
        if known:
            self._report(replace(before, skipped=before.skipped + 1))
        else:
            self._report(replace(before, done=before.done + 1, seconds=before.seconds + heard.rows[0].duration))

    def _fail(self, failed: Failed) -> None:
        self._failed.append(failed)
        self._report(replace(self._progress, failures=self._progress.failures + 1))

    def _report(self, progress: Progress) -> None:
        self._progress = replace(progress, elapsed=time.monotonic() - self._began)
        self._on_progress(self._progress)

    def _save(self) -> None:
        """Adds what is heard to the store, in one step."""
        heard, self._unsaved, self._contents = self._unsaved, [], {}
        self._added += self._store.add([row for one in heard for row in one.rows])
        self._saved = time.monotonic()


def _taken(items: Iterator[Item], count: int) -> tuple[list[Item], EmotoneError | None]:
    """So many of the items, or all that come before their end; with what was wrong with them then."""
    taken: list[Item] = []
    try:
        taken.extend(islice(items, count))
    except EmotoneError as error:
        return taken, error
    return taken, None


def _is_whole(row: Row) -> bool:
    return row.start <= 0 and row.end >= row.duration
