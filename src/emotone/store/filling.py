"""From recordings to a store: they are listened to, to be added or to be searched for; or a batch run has done it."""

import math
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

from ..batch import Failed, Heard, Item, Worker, open_run
from ..batch.export import tables
from ..batch.inputs import absolute_name
from ..batch.work import Read
from ..engine import usable_cores
from ..errors import OptionError, StoreError
from ..listening import Listening
from ..rows import EMBEDDING, Row, rows_from
from ..types import Region
from .results import Added
from .store import EmbeddingStore
from .whitening import Vectors

_TOGETHER = 64  # recordings that are written in one step: as many are lost at most when the process is killed


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


def add_recordings(
    store: EmbeddingStore, worker: Worker, items: Iterable[Item], *, on_done: Callable[[int], None] = lambda count: None
) -> Filled:
    """Listens to recordings and adds their rows. What is there already is not listened to again; a bad one stops nothing.

    Args:
        store: Where to.
        worker: Of the store's model, with `embedding` among its options.
        items: The recordings. The full path of those on this computer becomes their name, so that they are found again.
        on_done: Called now and then with the number of recordings since the last time.

    Raises:
        StoreError: When the worker is of another model or makes no embeddings, or the store cannot be written.
        ManifestError, AudioNotFoundError: When the items end with it; all before that are added.
    """
    store.check(worker.info)
    if not worker.options.embedding:
        raise StoreError("Wanted a worker that keeps embeddings.", "需要保留向量的 Worker。")
    added, recordings, failed, waiting = Added(), 0, list[Failed](), iter(items)
    with ThreadPoolExecutor(usable_cores()) as pool:
        while some := list(islice(waiting, _TOGETHER)):
            heard, bad = _hear(store, worker, pool, [_named(item) for item in some])
            added += store.add([row for one in heard for row in one.rows])
            recordings += len(heard)
            failed += bad
            on_done(len(some))
    return Filled(added, recordings, tuple(failed))


def add_run(store: EmbeddingStore, folder: Path, *, on_done: Callable[[int], None] = lambda count: None) -> Filled:
    """Adds the rows of a batch run that kept embeddings, with full paths where they lead to recordings from here.

    Args:
        store: Where to.
        folder: Of the run, finished or not.
        on_done: As in `add_recordings`.

    Raises:
        ManifestError: When there is no run in the folder.
        StoreError: When the run was made by another model, or kept no embeddings, or the store cannot be written.
        OutputError: When a part of the run cannot be read.
    """
    run = open_run(folder)
    made_by = run.run["model"]
    if made_by["sha256"] != store.model.sha256:
        store.check(replace(store.model, **made_by))
    if EMBEDDING not in run.schema().names:
        raise StoreError(
            f"The run in '{folder}' kept no embeddings. Run it again in another folder, with --embedding.",
            f"“{folder}”中的批处理未保存向量。请在另一个文件夹中使用 --embedding 重新运行。",
        )
    added, files = Added(), set[str]()
    for table in tables(run):
        rows = [replace(row, file=absolute_name(row.file)) for row in rows_from(table, run.labels)]
        added += store.add(rows)
        new = {row.file for row in rows} - files
        files |= new
        on_done(len(new))
    return Filled(added, len(files))


def embedding_of(heard: Listening, start: float | None = None, end: float | None = None) -> Vectors:
    """What to search for: the embedding of a recording `(dim,)`, or of a stretch of it.

    Args:
        heard: The recording.
        start: Seconds; `None` is its beginning.
        end: Seconds; `None` is its end. A stretch shorter than a frame is that frame.

    Raises:
        OptionError: When the stretch is empty or lies beyond the end.
    """
    if start is None and end is None:
        return heard.embedding
    first, last = start or 0.0, heard.duration if end is None else end
    if not (0 <= first < min(last, heard.duration) and math.isfinite(last)):
        raise OptionError(
            f"Found a stretch from {first:g} to {last:g} s of a recording of {heard.duration:.1f} s; wanted 0 ≤ start < end.",
            f"片段为 {first:g} 至 {last:g} 秒，录音长 {heard.duration:.1f} 秒；要求 0 ≤ 开始 < 结束。",
        )
    return heard.within([Region(first, min(last, heard.duration))]).embedding


def _hear(
    store: EmbeddingStore, worker: Worker, pool: ThreadPoolExecutor, items: Sequence[Item]
) -> tuple[list[Heard], list[Failed]]:
    """The rows of recordings: from the store those that are there, of the others what the model says."""
    reads = list(pool.map(worker.read, items))
    contents = {read.sha256: read for read in reads if isinstance(read, Read)}
    known: dict[str, list[Row]] = {}
    for row in store.known(contents):
        if _is_whole(row) == (worker.options.granularity == "utterance"):
            known.setdefault(row.sha256, []).append(row)
    fresh = [read for sha256, read in contents.items() if sha256 not in known]
    results = {read.sha256: result for read, result in zip(fresh, pool.map(worker.hear, fresh), strict=True)}
    heard: list[Heard] = []
    failed: list[Failed] = []
    for read in reads:
        result = (
            read
            if isinstance(read, Failed)
            else results.get(read.sha256) or Heard(read.item, tuple(known[read.sha256]))
        )
        if isinstance(result, Failed):
            failed.append(replace(result, item=read.item))
        else:
            heard.append(result.of(read.item))
    return heard, failed


def _is_whole(row: Row) -> bool:
    return row.start <= 0 and row.end >= row.duration


def _named(item: Item) -> Item:
    return replace(item, name=absolute_name(item.name))
