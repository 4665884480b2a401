"""Runs a batch on this computer: files are read ahead, and every core listens to one of them."""

import heapq
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from queue import Empty, SimpleQueue

from ..engine import usable_cores
from ..errors import OutputError
from .index import Copy, Index
from .inputs import Item
from .progress import Progress
from .room import Room
from .run import RunFolder
from .work import Failed, Heard, Read, Worker

PART_ROWS = 10_000  # of a part at most, give or take those of one file: 20 MB of embeddings
SAVE_SHARE, SAVE_AT_MOST, SAVE_AT_LEAST = 0.1, 60.0, 1.0
"""A part is written once a tenth of the time since the start has passed since the last one, but within these seconds: so
that little is lost when the process is killed, and long runs have few parts."""

_AHEAD_FILES = 64  # for each worker, read or being read
_AHEAD_BYTES = 256 * 2**20  # of these files together
_TICK = 0.5  # seconds between looks at the clock


def run_local(
    folder: RunFolder,
    worker: Worker,
    items: Iterable[Item],
    *,
    workers: int | None = None,
    retry_failures: bool = False,
    on_progress: Callable[[Progress], None] = lambda progress: None,
) -> Progress:
    """Analyses what is not done yet, and keeps it in a run folder. Whatever ends it, what is done by then is kept.

    Args:
        folder: Where results are kept.
        worker: The model and the options.
        items: What to analyse; taken one after another.
        workers: Files that are listened to at a time; `None`: as many as there are cores.
        retry_failures: Whether files that failed before are tried again.
        on_progress: Called twice a second, and at the end.

    Raises:
        OptionError: When the folder was begun otherwise, or somebody works in it.
        OutputError: When results cannot be written.
        ManifestError, AudioNotFoundError: When the items end with it; all before that are done.
    """
    with folder.working(worker) as index:
        return _LocalRun(folder, worker, index, workers or usable_cores(), retry_failures, on_progress).run(items)


@dataclass(frozen=True, slots=True)
class _End:
    """After the last item; with what was wrong, if anything."""

    error: BaseException | None = None


@dataclass(order=True, slots=True)
class _Ready:
    """What is read and waits for a core: the longest first, so that no core idles at the end for the sake of a long one."""

    size: int  # negative
    number: int
    read: Read = field(compare=False)


class _LocalRun:
    """One run. Three kinds of threads: one finds items, some read them, some listen; this one decides and writes."""

    def __init__(
        self,
        folder: RunFolder,
        worker: Worker,
        index: Index,
        workers: int,
        retry: bool,
        on_progress: Callable[[Progress], None],
    ) -> None:
        self._folder, self._worker, self._index = folder, worker, index
        self._workers, self._retry, self._on_progress = workers, retry, on_progress
        self._events: SimpleQueue[Read | Heard | Failed | _End] = SimpleQueue()
        self._room = Room(_AHEAD_FILES * workers, _AHEAD_BYTES)
        self._readers = ThreadPoolExecutor(2 * workers, "read")
        self._listeners = ThreadPoolExecutor(workers, "listen")
        self._ready: list[_Ready] = []
        self._listening = 0
        self._active: dict[str, list[Item]] = {}  # being analysed: other items with the same bytes
        self._kept: list[Heard] = []  # not in a part yet
        self._contents: dict[str, Heard] = {}  # of those
        self._copies: list[Copy] = []
        self._rows = 0
        self._began = self._saved = time.monotonic()
        self._progress = Progress()
        self._unwanted = Progress()  # items that the finder left out: its thread counts for itself

    def run(self, items: Iterable[Item]) -> Progress:
        finder = threading.Thread(target=self._find, args=(items,), name="find", daemon=True)
        finder.start()
        try:
            error = self._work()
        except BaseException:
            self._stop()
            with suppress(OutputError):  # when that is what it was, once is enough
                self._save(finished=False)
            raise
        self._stop()
        self._save(finished=error is None)
        if error is not None:
            raise error
        return self._so_far()

    def _stop(self) -> None:
        self._room.close()
        self._readers.shutdown(cancel_futures=True)
        self._listeners.shutdown(cancel_futures=True)

    def _find(self, items: Iterable[Item]) -> None:
        """Sends what is to be done to the readers, as there is room for it."""
        try:
            for item in items:
                fate = self._index.fate(item, retry=self._retry)
                if fate != "wanted":
                    self._unwanted = self._unwanted.skip(failed=fate == "failed")
                elif not self._room.enter(item):
                    return
                else:
                    self._readers.submit(self._worker.read, item).add_done_callback(self._tell)
        except BaseException as error:  # it ends the run, in the thread of the run
            self._events.put(_End(error))
        else:
            self._events.put(_End())

    def _tell(self, future: "Future[Read | Failed] | Future[Heard | Failed]") -> None:
        if not future.cancelled():
            self._events.put(future.result())

    def _work(self) -> BaseException | None:
        """Deals with what happens until everything is done. Gives what was wrong with the items."""
        end: _End | None = None
        while end is None or not self._room.empty:
            try:
                event = self._events.get(timeout=_TICK)
            except Empty:
                event = None
            if isinstance(event, _End):
                end = event
            elif isinstance(event, Read):
                self._read(event)
            elif isinstance(event, Heard):
                self._heard(event)
            elif isinstance(event, Failed):
                self._failed(event)
            self._look_at_the_clock()
        return end.error

    def _read(self, read: Read) -> None:
        item, sha256 = read.item, read.sha256
        if sha256 in self._active:
            self._active[sha256].append(item)
        elif sha256 in self._contents:
            self._keep(self._contents[sha256].of(item), copy=True)
        elif place := self._index.place_of(sha256):
            self._copies.append(Copy(item, sha256, *place))
            self._room.leave(item)
        else:
            self._active[sha256] = []
            heapq.heappush(self._ready, _Ready(-item.size, id(read), read))
            self._listen()

    def _listen(self) -> None:
        while self._ready and self._listening < 2 * self._workers:  # so none of them has to wait for this thread
            self._listening += 1
            read = heapq.heappop(self._ready).read
            self._listeners.submit(self._worker.hear, read).add_done_callback(self._tell)

    def _heard(self, heard: Heard) -> None:
        self._listening -= 1
        self._listen()
        same = self._active.pop(heard.sha256)
        self._contents[heard.sha256] = heard
        self._keep(heard)
        for item in same:
            self._keep(heard.of(item), copy=True)

    def _failed(self, failed: Failed) -> None:
        same: list[Item] = []
        if failed.sha256 is not None:
            self._listening -= 1
            self._listen()
            same = self._active.pop(failed.sha256)
        failures = [failed, *(replace(failed, item=item) for item in same)]
        self._folder.save_failures(failures)
        self._progress = replace(self._progress, failures=self._progress.failures + len(failures))
        for one in failures:
            self._index.fail(one.item.name, one.item.stamp)
            self._room.leave(one.item)

    def _keep(self, heard: Heard, *, copy: bool = False) -> None:
        self._add(heard, copy=copy)
        self._room.leave(heard.item)

    def _add(self, heard: Heard, *, copy: bool) -> None:
        self._kept.append(heard)
        self._rows += len(heard.rows)
        done = self._progress
        self._progress = replace(
            done, done=done.done + 1, copies=done.copies + copy, seconds=done.seconds + heard.rows[0].duration
        )

    def _look_at_the_clock(self) -> None:
        now = time.monotonic()
        wait = min(max(SAVE_SHARE * (now - self._began), SAVE_AT_LEAST), SAVE_AT_MOST)
        if self._rows + len(self._copies) >= PART_ROWS or now - self._saved >= wait:
            self._save(finished=False)
        if now - self._began - self._progress.elapsed >= _TICK:
            self._report()

    def _report(self) -> None:
        elapsed = time.monotonic() - self._began
        self._progress = replace(self._progress, elapsed=elapsed)
        self._on_progress(self._so_far())

    def _so_far(self) -> Progress:
        unwanted = self._unwanted
        return replace(self._progress, skipped=unwanted.skipped, failed_before=unwanted.failed_before)

    def _save(self, *, finished: bool) -> None:
        """Writes what is done into a part, and says in `run.json` how far the run is."""
        for heard in self._folder.copied(self._copies):
            self._add(heard, copy=True)
        self._copies = []
        if self._kept:
            part = self._folder.save_part(self._kept)
            self._index.add(part.name, [one.done for one in self._kept])
        if self._kept or finished:
            self._folder.save_counts(self._index.counts, finished=finished)
        self._kept, self._contents, self._rows = [], {}, 0
        self._saved = time.monotonic()
        if finished:
            self._report()
