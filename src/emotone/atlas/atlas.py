"""Rows of a table as points of a map: where they lie, what can be said of them, and which of them need a look."""

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..cluster import (
    ClusterOptions,
    Clusters,
    Layout,
    Suggestion,
    coordinates,
    doubted_labels,
    find_clusters,
    main_directions,
    neighborhoods,
    outliers,
    representatives,
)
from ..errors import ManifestError, OptionError
from ..labels import LABELS
from ..rows import COLUMNS, EMBEDDING, Table, embeddings_of
from ..store.whitening import fit_whitening

GIVEN = "emotion"
"""The user's own column that says what is expressed, as manifests call it."""

CLUSTER = "cluster"
"""The column that a map adds."""

_NOT_SHOWN = ("doubts", EMBEDDING, "id")
_NUMBERS_FROM = 12  # different values of a column of numbers, from which on they are shown as a scale


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """Something that is known of every row.

    Attributes:
        name: As in the table.
        values: Of each row; `None` where there is none.
        numbers: The same as float32 `(rows,)`, NaN where there is none; `None` when they are words.
        scored: Whether it is the score of a label.
    """

    name: str
    values: Sequence[str | None] = field(repr=False)
    numbers: NDArray[np.float32] | None = field(default=None, repr=False)
    scored: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Atlas:
    """A map of a table.

    Attributes:
        files: Of each row, as an absolute path where it is one of this computer, else as the table has it.
        start, end: float32 `(rows,)`, seconds.
        whole: Whether every row is a whole recording.
        places: float32 `(rows, 2)` in -1…1.
        columns: What points can be coloured by; `label` is among them.
        named: The column with the labels that are looked into: `GIVEN`, another one that was asked for, or `label`.
        clusters: Of the rows.
        typical: The row in the middle of each cluster.
        doubted: Labels that neighbours contradict, the clearest first.
        strange: Rows that are far from all others, the farthest first.
        dropped: Rows of the table that have no embedding and are not on the map.
        ids: Of the rows, when they are a store's.
    """

    files: Sequence[str] = field(repr=False)
    start: NDArray[np.float32] = field(repr=False)
    end: NDArray[np.float32] = field(repr=False)
    whole: bool
    places: NDArray[np.float32] = field(repr=False)
    columns: tuple[Column, ...] = field(repr=False)
    named: str
    clusters: Clusters
    typical: tuple[int, ...]
    doubted: tuple[Suggestion, ...] = field(repr=False)
    strange: tuple[int, ...] = field(repr=False)
    dropped: int = 0
    ids: Sequence[str] | None = field(default=None, repr=False)

    def __len__(self) -> int:
        return len(self.files)

    @property
    def labels(self) -> Sequence[str | None]:
        """The labels that are looked into."""
        return next(column.values for column in self.columns if column.name == self.named)


@dataclass(frozen=True, slots=True)
class AtlasOptions:
    """How to make a map.

    Attributes:
        layout: As in `emotone.cluster.coordinates`.
        clusters: How to look for clusters.
        labels: The column with the labels to look into; `None` is `emotion` when the table has it, else what was heard.
        folder: What files in the table are relative to; `None` is the current folder.
    """

    layout: Layout = "tsne"
    clusters: ClusterOptions = field(default_factory=ClusterOptions)
    labels: str | None = None
    folder: Path | None = None


def make_atlas(table: Table, options: AtlasOptions | None = None) -> Atlas:
    """The map of a table of rows.

    Args:
        table: As `emotone.rows` makes them, with embeddings; rows without one are left out.
        options: How.

    Raises:
        ManifestError: When the table has no embeddings.
        OptionError: When it has no column with the labels that are asked for.
        MissingExtraError: When scikit-learn is not installed.
    """
    options = options or AtlasOptions()
    kept, embeddings = embedded_rows(table)
    named = labels_column(kept, options.labels)
    labels = texts_of(kept, named)
    recordings = kept["sha256"].to_pylist()
    vectors = main_directions(fit_whitening(embeddings, recordings).apply(embeddings))
    clusters = find_clusters(vectors, options.clusters, labels)
    start, end = (kept[name].to_numpy().astype(np.float32) for name in ("start", "end"))
    return Atlas(
        [located(file, options.folder) for file in kept["file"].to_pylist()],
        start,
        end,
        bool(np.all((start <= 0) & (end >= kept["duration"].to_numpy() - 1e-3))),
        coordinates(embeddings, vectors, options.layout),
        tuple(_columns(kept, named)),
        named,
        clusters,
        tuple(representatives(vectors, clusters.numbers)),
        tuple(doubted_labels(neighborhoods(vectors, recordings), labels)),
        tuple(outliers(embeddings, recordings)),
        len(table) - len(kept),
        kept["id"].to_pylist() if "id" in kept.column_names else None,
    )


def embedded_rows(table: Table) -> tuple[Table, NDArray[np.float32]]:
    """The rows that have an embedding, and their embeddings, float32 `(rows, dim)`.

    Raises:
        ManifestError: When none has.
    """
    embeddings = np.zeros((0, 0), np.float32)
    if EMBEDDING in table.column_names and len(table):
        embeddings = embeddings_of(table)
        have = np.isfinite(embeddings).all(axis=1)
        embeddings, table = embeddings[have], table.filter(have)
    if not len(embeddings):
        raise ManifestError(
            "The table has no embeddings; wanted a column 'embedding'. Make it with: emotone batch run … --embedding",
            "表格中没有嵌入向量；需要 embedding 列。请用以下命令生成：emotone batch run … --embedding",
        )
    return table, embeddings


def labels_column(table: Table, wanted: str | None) -> str:
    """The column with the labels to look into.

    Raises:
        OptionError: When the one that is wanted is not there.
    """
    if wanted is None:
        return GIVEN if GIVEN in table.column_names else "label"
    own = [name for name in table.column_names if name not in {*COLUMNS, *_NOT_SHOWN} or name == "label"]
    if wanted not in own:
        raise OptionError(
            f"There is no column '{wanted}'; found: {', '.join(own)}.", f"没有“{wanted}”列；现有：{'、'.join(own)}。"
        )
    return wanted


def texts_of(table: Table, name: str) -> list[str | None]:
    """A column as text; what is blank is `None`."""
    values: Iterable[Any] = table[name].to_pylist()
    return [str(value) if value is not None and str(value).strip() else None for value in values]


def located(file: str, folder: Path | None) -> str:
    """Where a file is: an absolute path, or its URL."""
    if "://" in file:
        return file
    return Path(os.path.normpath((folder or Path()).absolute() / file)).as_posix()


def _columns(table: Table, named: str) -> Iterable[Column]:
    """Those that are of use on a map: the label, the user's own, then confidence and scores."""
    scored = {kind.name for kind in table.schema if str(kind.type) == "double"} - set(COLUMNS)
    skipped = {*COLUMNS, *_NOT_SHOWN} | scored
    yield Column("label", texts_of(table, "label"))
    for name in (name for name in table.column_names if name not in skipped):
        values = texts_of(table, name)
        if any(value is not None for value in values):
            yield Column(
                f"given_{name}" if name == CLUSTER else name, values, None if name == named else _numbers(values)
            )
    for name in ("confidence", *(name for name in table.column_names if name in scored)):
        numbers = table[name].to_numpy().astype(np.float32)
        yield Column(name, [], numbers, scored=name in scored)


def _numbers(values: Sequence[str | None]) -> NDArray[np.float32] | None:
    if len(Counter(values)) < _NUMBERS_FROM:
        return None
    try:
        return np.array([np.nan if value is None else float(value) for value in values], np.float32)
    except ValueError:
        return None


def is_emotion(column: str, values: Iterable[str]) -> bool:
    """Whether a column's values are emotions, to be coloured as such."""
    return column in {"label", GIVEN} or set(values) <= set(LABELS)
