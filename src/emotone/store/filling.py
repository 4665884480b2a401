"""From recordings to a store: they are listened to, to be added or to be searched for; or a batch run has done it."""

import math
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from ..batch import Item, Progress, Worker, open_run
from ..batch.export import tables
from ..batch.inputs import absolute_name
from ..errors import OptionError, StoreError
from ..listening import Listening
from ..rows import EMBEDDING, rows_from
from ..types import Region
from .listeners import Filled, Listeners
from .results import Added
from .store import EmbeddingStore
from .whitening import Vectors


def add_recordings(
    store: EmbeddingStore,
    worker: Worker,
    items: Iterable[Item],
    *,
    on_progress: Callable[[Progress], None] = lambda progress: None,
) -> Filled:
    """Listens to recordings and adds their rows. What is there already is not listened to again; a bad one stops nothing.

    Whatever ends it, what is heard by then is added.

    Args:
        store: Where to.
        worker: Of the store's model, with `embedding` among its options.
        items: The recordings. The full path of those on this computer becomes their name, so that they are found again.
        on_progress: Called after each recording. Those that were there count as `skipped`.

    Raises:
        StoreError: When the worker is of another model or makes no embeddings, or the store cannot be written.
        ManifestError, AudioNotFoundError: When the items end with it; all before that are added.
    """
    store.check(worker.info)
    if not worker.options.embedding:
        raise StoreError("Wanted a worker that keeps embeddings.", "需要保留向量的 Worker。")
    return Listeners(store, worker, on_progress).fill(map(_named, items))


def add_run(store: EmbeddingStore, folder: Path, *, on_done: Callable[[int], None] = lambda count: None) -> Filled:
    """Adds the rows of a batch run that kept embeddings, with full paths where they lead to recordings from here.

    Args:
        store: Where to.
        folder: Of the run, finished or not.
        on_done: Called now and then with the number of recordings since the last time.

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


def _named(item: Item) -> Item:
    return replace(item, name=absolute_name(item.name))
