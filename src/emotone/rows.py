"""Results as rows of an Arrow table: the one place that knows pyarrow, and how a column is called.

Batch parts, the store and Parquet exports are made of these rows, so whoever reads one of them can read them all.
"""

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .doubts import withheld
from .errors import MissingExtraError
from .listening import Listening
from .types import Prediction, Region, Segment, Timeline, utterance_of

if TYPE_CHECKING:
    import pyarrow

Table: TypeAlias = "pyarrow.Table"
Schema: TypeAlias = "pyarrow.Schema"

EMBEDDING = "embedding"
COLUMNS = ("file", "sha256", "start", "end", "duration", "label", "confidence")
"""The first columns; behind them one for each label, `doubts`, the embedding if there is one, and the user's own."""

_TEXTS = frozenset({"file", "sha256", "label"})
_OWN_PREFIX = "given_"


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """One utterance, or one segment of a recording.

    Attributes:
        file: What to call the recording: as the user named it.
        sha256: Of its encoded bytes, in hex.
        start, end: Seconds from the beginning of the recording; of an utterance 0 and `duration`.
        duration: Of the whole recording, in seconds.
        label: What is expressed; `unknown` when no label is given.
        confidence: The score of the label, 0…1.
        scores: Label → score; they sum to 1.
        doubts: Codes of the reasons to doubt it, the gravest first.
        embedding: float32 `(dim,)`, not normalised; `None` when it was not asked for.
        metadata: The user's own columns, as text.
    """

    file: str
    sha256: str
    start: float
    end: float
    duration: float
    label: str
    confidence: float
    scores: Mapping[str, float]
    doubts: tuple[str, ...] = ()
    embedding: NDArray[np.float32] | None = field(default=None, repr=False)
    metadata: Mapping[str, str] = field(default_factory=dict)


def rows_of(
    file: str,
    heard: Listening,
    result: Prediction | Timeline,
    metadata: Mapping[str, str] | None = None,
    *,
    embedding: bool = False,
) -> tuple[Row, ...]:
    """The rows of one recording, at least one: of the whole, or of each segment of a timeline.

    A timeline without speech has one row for the whole recording, with the label `unknown`: so every file is in the table.

    Args:
        file: What to call the recording.
        heard: What was listened to.
        result: What is said of it.
        metadata: The user's own columns.
        embedding: Whether rows have one. A segment's is the mean of the stretches of 3 s that it lies in, as
            `Listening.within` gives it: memory does not grow with the length of the recording.
    """
    said = utterance_of(result)
    spans: Sequence[Segment] = result.segments if isinstance(result, Timeline) else ()
    if not spans:
        whole = withheld(said) if isinstance(result, Timeline) else said
        spans = [Segment(0.0, said.duration, whole.label, whole.scores, whole.doubts, whole.withheld)]

    def vector(span: Segment) -> NDArray[np.float32]:
        whole = span.start <= 0.0 and span.end >= said.duration
        return heard.embedding if whole else heard.within([Region(span.start, span.end)]).embedding

    return tuple(
        Row(
            file,
            said.source.sha256,
            span.start,
            span.end,
            said.duration,
            span.label,
            span.confidence,
            span.scores,
            tuple(reason.code for reason in span.doubts),
            vector(span) if embedding else None,
            metadata or {},
        )
        for span in spans
    )


def arrow(extra: str = "tables") -> Any:
    """pyarrow, with its `parquet`.

    Args:
        extra: What the user would install to have it.

    Raises:
        MissingExtraError: When it is not installed.
    """
    try:
        import pyarrow  # noqa: PLC0415 - heavy, and only here
        import pyarrow.parquet  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise MissingExtraError.of(extra) from error
    return pyarrow


def schema_of(labels: Sequence[str], metadata: Iterable[str] = (), *, dim: int | None = None) -> Schema:
    """The columns of a table and their types.

    Args:
        labels: What is scored, in order; each is a float64 column of its name.
        metadata: The user's own columns, each of text. One that is called as a column of ours gets `given_` before its name.
        dim: Values in an embedding: `embedding` is a list of so many float32. `None`: there is no such column.
    """
    pa = arrow()
    kinds: dict[str, Any] = {name: pa.string() if name in _TEXTS else pa.float64() for name in COLUMNS}
    kinds |= {label: pa.float64() for label in labels if label not in kinds}
    kinds["doubts"] = pa.list_(pa.string())
    if dim is not None:
        kinds[EMBEDDING] = pa.list_(pa.float32(), dim)
    kinds |= {own_column(name, labels): pa.string() for name in metadata}
    return pa.schema(list(kinds.items()))


def own_column(name: str, labels: Sequence[str]) -> str:
    """What the user's own column of this name is called in a table."""
    taken = {*COLUMNS, *labels, "doubts", EMBEDDING}
    return f"{_OWN_PREFIX}{name}" if name in taken else name


def table_of(rows: Sequence[Row], schema: Schema) -> Table:
    """Rows as a table of this schema; what a row lacks is null, what the schema lacks is left out."""
    pa = arrow()
    labels = [name for name in (rows[0].scores if rows else ()) if name not in COLUMNS]
    columns: dict[str, Any] = {name: [getattr(row, name) for row in rows] for name in COLUMNS}
    columns |= {label: [row.scores.get(label) for row in rows] for label in labels}
    columns["doubts"] = [list(row.doubts) for row in rows]
    for name in {name: None for row in rows for name in row.metadata}:
        columns[own_column(name, labels)] = [row.metadata.get(name) for row in rows]
    arrays = [
        _vectors(rows, kind.type)
        if kind.name == EMBEDDING
        else pa.array(columns.get(kind.name, [None] * len(rows)), kind.type)
        for kind in schema
    ]
    return pa.Table.from_arrays(arrays, schema=schema)


def _vectors(rows: Sequence[Row], kind: Any) -> Any:
    pa = arrow()
    given = [row.embedding for row in rows]
    if any(vector is None for vector in given):
        return pa.array([None if vector is None else vector.tolist() for vector in given], kind)
    values = np.asarray(given, np.float32).reshape(-1)
    return pa.FixedSizeListArray.from_arrays(pa.array(values, pa.float32()), kind.list_size)


def rows_from(table: Table, labels: Sequence[str]) -> list[Row]:
    """The rows of a table: what `table_of` was given, but for columns of the user's own that were renamed.

    Args:
        table: Of a schema of `schema_of`; further columns count as the user's own.
        labels: Those of the schema.
    """
    vectors: Sequence[NDArray[np.float32] | None] = [None] * len(table)
    if EMBEDDING in table.column_names:
        vectors, table = list(embeddings_of(table)), table.drop_columns(EMBEDDING)
    ours = {*COLUMNS, *labels, "doubts"}
    return [
        Row(
            **{name: row[name] for name in COLUMNS},
            scores={label: row[label] for label in labels},
            doubts=tuple(row["doubts"]),
            embedding=vector,
            metadata={name: text for name, text in row.items() if name not in ours and text is not None},
        )
        for row, vector in zip(table.to_pylist(), vectors, strict=True)
    ]


def embeddings_of(table: Table) -> NDArray[np.float32]:
    """The embeddings of a table: float32 `(rows, dim)`; a row without one is NaN."""
    column = table[EMBEDDING].combine_chunks()
    dim = column.type.list_size
    return np.asarray(column.fill_null([float("nan")] * dim).flatten(), np.float32).reshape(-1, dim)


def to_parquet(table: Table) -> bytes:
    """A table as a Parquet file."""
    data = io.BytesIO()
    arrow().parquet.write_table(table, data, compression="zstd")
    return data.getvalue()
