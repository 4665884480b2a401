"""Runs a batch on a Ray cluster: actors listen, tasks write parts, this process lists files and keeps account.

    list of items ──▶ _Hearing: an actor for each core ──▶ _keep: a part ──▶ the index and failures.jsonl of this process
                          └─ whose content is it? ─▶ Owners: one actor; what another file owns waits for its rows

Nothing is lost and nothing is there twice, whoever dies: the list is made before anybody works and never changes; a task whose
worker died is done again elsewhere; a part is named by what is in it, so it is written over itself; and what nobody answered
for in the end is asked for once more, one file at a time, so that a file that kills its worker fails alone.
"""

import hashlib
import math
import pickle
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import Any

from ..errors import EmotoneError, MissingExtraError
from ..nodes import connected
from ..rows import Table
from ..text import Text
from .index import Done, Index
from .inputs import Item
from .owners import ask, start_owners
from .pages import Listing, Pages, binary_table, items_in, listing_of
from .places import Held
from .progress import Progress
from .run import RunFolder, part_name
from .work import Failed, Heard, Worker, WorkOptions

try:
    from ray.data import ActorPoolStrategy, read_datasource
    from ray.exceptions import RayError
except ModuleNotFoundError as missing:
    raise MissingExtraError.of("batch") from missing

TASK_FILES, TASK_BYTES = 64, 32 * 2**20
"""What an actor is given at a time, at most: some 10 s of work, which is what a dead worker costs."""
TASKS_EACH = 4  # at least so many for each worker, so that all end at about the same time
PART_FILES = {"utterance": 10_000, "frame": 200}  # 20 MB of embeddings; a long recording has some 100 segments
SAVE_SHARE = 0.05  # of all files are in a part at most, so that little is lost when this process dies
ATTEMPTS = 2  # to do a task whose worker dies; its files are tried one by one after that
HANDLING = 0.05
"""Of a core: what a task takes that only handles data. Actors leave it free on each core, so that none of both waits for ever."""

_SAVE_EVERY = 10.0  # seconds between counts in `run.json`
_NOWHERE = Held(b"")


def run_ray(
    folder: RunFolder,
    worker: Worker,
    items: Iterable[Item],
    *,
    workers: int | None = None,
    retry_failures: bool = False,
    on_progress: Callable[[Progress], None] = lambda progress: None,
) -> Progress:
    """As `run_local`, on the cores of a cluster: whatever one of both began, the other continues.

    All machines must see the run folder, the model and files that are not in an object store under the same paths.

    Args:
        folder: Where results are kept.
        worker: The model and the options; each actor loads its own.
        items: What to analyse; all are listed before the first is analysed.
        workers: Files that are listened to at a time; `None`: as many as the cluster has cores.
        retry_failures: Whether files that failed before are tried again.
        on_progress: Called whenever a part is written, and at the end.

    Raises:
        OptionError: When the folder was begun otherwise, somebody works in it, or there is no such cluster.
        OutputError: When results cannot be written, or a machine does not see the run folder.
        ManifestError, AudioNotFoundError: When the items end with it; then nothing is analysed.
        ModelError: When a machine cannot load the model, or has another one.
    """
    with connected() as ray, folder.working(worker) as index:
        cores = workers or max(1, int(ray.cluster_resources().get("CPU", 1)))
        run = _RayRun(ray, folder, worker, index, cores)
        try:
            return run.run(items, retry_failures, on_progress)
        except RayError as error:
            reason = str(error).strip().splitlines()[-1]
            raise EmotoneError(
                f"The cluster gave up ({reason}). See that Emotone is installed on all machines; "
                "run the same command again to continue.",
                f"集群放弃了任务（{reason}）。请确认所有机器均已安装 Emotone；再次运行同一命令即可继续。",
            ) from error


@dataclass(frozen=True, slots=True)
class _Kept:
    """What became of some items, without the rows."""

    part: str = ""
    done: tuple[Done, ...] = ()
    failed: tuple[Failed, ...] = ()
    copies: tuple[tuple[Item, str], ...] = ()  # that wait for rows of the same bytes, which have this sha256
    copied: bool = False  # whether all that is done are copies
    error: EmotoneError | None = None  # that ends the run


class _RayRun:
    """One run."""

    def __init__(self, ray: Any, folder: RunFolder, worker: Worker, index: Index, workers: int) -> None:
        self._ray, self._folder, self._worker, self._index = ray, folder, worker, index
        self._workers = workers
        self._began = datetime.now(timezone.utc)
        self._clock = self._saved = time.monotonic()
        self._progress = Progress()

    def run(self, items: Iterable[Item], retry: bool, on_progress: Callable[[Progress], None]) -> Progress:
        finished = False
        try:
            todo = listing_of(self._wanted(items, retry))
            for kept in self._rounds(todo):
                self._account(kept)
                on_progress(self._progress)
            finished = True
        finally:
            self._folder.save_counts(self._index.counts, finished=finished)
        on_progress(self._progress)
        return self._progress

    def _wanted(self, items: Iterable[Item], retry: bool) -> Iterator[Item]:
        for item in items:
            fate = self._index.fate(item, retry=retry)
            if fate == "wanted":
                self._index.forget_failure(item)
                yield item
            else:
                self._progress = self._progress.skip(failed=fate == "failed")

    def _rounds(self, todo: Listing) -> Iterator[_Kept]:
        """Everything but copies; copies; those whose original failed; then, file by file, what nobody answered for."""
        if not todo.files:
            return
        owners = start_owners(self._index.contents())
        yield from self._round(todo, _files_of_a_task(todo, self._workers), owners)
        yield from self._copied()
        alone = listing_of(item for item in self._unanswered(todo) if self._index.is_copy(item))
        yield from self._round(alone, _files_of_a_task(alone, self._workers))
        lost = listing_of(self._unanswered(todo))
        yield from self._round(lost, 1)
        failed = tuple(_lost(item) for item in self._unanswered(lost))
        if failed:
            yield _Kept(failed=failed)

    def _copied(self) -> Iterator[_Kept]:
        """Rows for files whose content is in a part by now."""
        while copies := self._index.copies(PART_FILES[self._worker.options.granularity]):
            heard = list(self._folder.copied(copies))
            done = tuple(one.done for one in heard)
            part = self._folder.save_part(heard, part_name(self._began, _digest(done))).name
            yield _Kept(part, done, copied=True)

    def _unanswered(self, todo: Listing) -> Iterator[Item]:
        for page in todo.pages:
            for item in items_in(self._ray.get(page.table)):
                if not (self._index.is_done(item) or self._index.has_failed(item)):
                    yield item

    def _round(self, todo: Listing, files: int, owners: Any = None) -> Iterator[_Kept]:
        if not todo.files:
            return
        path, worker = self._folder.path.absolute(), self._worker
        at_most = PART_FILES[worker.options.granularity]
        part = min(at_most, max(math.ceil(SAVE_SHARE * todo.files), files))
        listed = read_datasource(
            Pages(todo.pages),
            override_num_blocks=sum(math.ceil(page.files / files) for page in todo.pages),
            num_cpus=HANDLING,
        )
        heard = listed.map_batches(
            _Hearing,
            fn_constructor_args=(path, _there(worker.model), _there_too(worker.options), owners),
            batch_size=None,
            batch_format="pyarrow",
            compute=ActorPoolStrategy(min_size=1, initial_size=self._workers, max_size=self._workers),
            num_cpus=1 - HANDLING,
            max_restarts=-1,
            max_task_retries=ATTEMPTS - 1,
        )
        kept = heard.map_batches(
            partial(_keep, path, self._began), batch_size=part, batch_format="pyarrow", num_cpus=HANDLING
        )
        kept.context.enable_progress_bars = False
        kept.context.max_errored_blocks = -1  # they are asked for again, file by file
        kept.context.max_consecutive_actor_init_deaths = ATTEMPTS * self._workers  # machines may die while actors load
        for batch in kept.iter_batches(batch_size=None, batch_format="pyarrow", prefetch_batches=0):
            for data in batch["kept"].to_pylist():
                yield pickle.loads(data)

    def _account(self, kept: _Kept) -> None:
        if kept.error is not None:
            raise kept.error
        if kept.done:
            self._index.add(kept.part, kept.done)
        self._index.add_copies(kept.copies)
        if kept.failed:  # clocks of other machines may be wrong, and parts have their time from here
            when = datetime.now(timezone.utc)
            self._folder.save_failures([replace(one, when=when) for one in kept.failed])
        for one in kept.failed:
            self._index.fail(one.item.name, one.item.stamp)
        now, before = time.monotonic(), self._progress
        self._progress = replace(
            before,
            done=before.done + len(kept.done),
            copies=before.copies + (len(kept.done) if kept.copied else 0),
            failures=before.failures + len(kept.failed),
            seconds=before.seconds + sum(one.seconds for one in kept.done),
            elapsed=now - self._clock,
        )
        if now - self._saved >= _SAVE_EVERY:
            self._folder.save_counts(self._index.counts, finished=False)
            self._saved = now


class _Hearing:
    """What runs on other machines: the model, loaded once."""

    def __init__(self, path: Path, model: str, options: WorkOptions, owners: Any) -> None:
        self._error: EmotoneError | None = None
        self._owns = None if owners is None else partial(ask, owners)
        try:
            self._worker = Worker(model, options)
            RunFolder(path).check(self._worker)
        except EmotoneError as error:  # as a value it arrives as it is, and is not tried again
            self._error = error

    def __call__(self, batch: Table) -> Table:
        if self._error is not None:
            return binary_table("result", [pickle.dumps(self._error)])
        found = self._worker(items_in(batch), self._owns)
        results: list[Heard | Failed] = [*found.heard, *found.failed]
        copies = [(replace(item, place=_NOWHERE), sha256) for item, sha256 in found.copies]
        return binary_table("result", [pickle.dumps(one) for one in (*map(_without_place, results), *copies)])


def _keep(path: Path, began: datetime, batch: Table) -> Table:
    """Writes a part. Answers with one row: what the account needs."""
    results = [pickle.loads(data) for data in batch["result"].to_pylist()]
    heard = [one for one in results if isinstance(one, Heard)]
    failed = tuple(one for one in results if isinstance(one, Failed))
    copies = tuple(one for one in results if isinstance(one, tuple))
    error = next((one for one in results if isinstance(one, EmotoneError)), None)
    done = tuple(one.done for one in heard)
    part = ""
    try:
        if heard and error is None:
            part = RunFolder(path).save_part(heard, part_name(began, _digest(done))).name
    except EmotoneError as found:
        error = found
    return binary_table("kept", [pickle.dumps(_Kept(part, done, failed, copies, error=error))])


def _digest(done: Iterable[Done]) -> str:
    """Names a part by its files: of a task that is done twice, there is one."""
    names = sorted(f"{one.file}\0{one.sha256}" for one in done)
    return hashlib.sha256("\n".join(names).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _files_of_a_task(todo: Listing, workers: int) -> int:
    if not todo.files:
        return 1
    mean = max(todo.size / todo.files, 1)
    fair = math.ceil(todo.files / (TASKS_EACH * workers))
    return max(1, min(TASK_FILES, int(TASK_BYTES / mean), fair))


def _without_place(result: Heard | Failed) -> Heard | Failed:
    """A place may hold the bytes of the recording."""
    return replace(result, item=replace(result.item, place=_NOWHERE))


def _there(model: str) -> str:
    """A path as it is called from another working folder."""
    path = Path(model)
    return str(path.absolute()) if path.exists() else model


def _there_too(options: WorkOptions) -> WorkOptions:
    return options if options.head is None else replace(options, head=_there(options.head))


def _lost(item: Item) -> Failed:
    text = Text(
        "The process that analysed it died each time. Try it alone: emotone predict FILE. More memory may help.",
        "分析该文件的进程每次都异常终止。请单独尝试：emotone predict 文件。增加内存可能有帮助。",
    )
    return Failed(replace(item, place=_NOWHERE), "WorkerLost", text, datetime.now(timezone.utc))
