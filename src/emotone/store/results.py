"""What a store answers."""

from dataclasses import dataclass, field
from typing import Any

from ..rows import Row
from ..types import ModelInfo

MAX_MATCHES = 1000
"""Of one search."""


@dataclass(frozen=True, slots=True, eq=False)
class Match:
    """A row that sounds like what was searched for.

    Attributes:
        id: Of the row.
        row: What it is, without its embedding.
        similarity: -1…1; what it is worth depends on the archive.
        percentile: How many of 100 random pairs of the archive are less alike; `None` while the store is too small to tell.
    """

    id: str
    row: Row
    similarity: float
    percentile: float | None


def match_record(match: Match) -> dict[str, Any]:
    """A match as JSON knows it."""
    row = match.row
    return {
        "id": match.id,
        "similarity": match.similarity,
        "percentile": match.percentile,
        "file": row.file,
        "sha256": row.sha256,
        "start": row.start,
        "end": row.end,
        "duration": row.duration,
        "label": row.label,
        "confidence": row.confidence,
        "scores": dict(row.scores),
        "doubts": list(row.doubts),
        "metadata": dict(row.metadata),
    }


@dataclass(frozen=True, slots=True)
class Added:
    """What adding rows did.

    Attributes:
        new: Rows that were not there.
        changed: Rows whose name, result or metadata is another now.
        same: Rows that were there.
    """

    new: int = 0
    changed: int = 0
    same: int = 0

    def __add__(self, other: "Added") -> "Added":
        return Added(self.new + other.new, self.changed + other.changed, self.same + other.same)


@dataclass(frozen=True, slots=True)
class StoreInfo:
    """What is in a store.

    Attributes:
        place: The folder, or a URL.
        model: What made its embeddings.
        rows: How many there are.
        columns: What can be asked for in conditions, the user's own columns last.
        fitted: Rows that the whitening was fitted to.
        meaningful: Whether there are enough of them for percentiles.
        indexed: Whether searches go through an index.
    """

    place: str
    model: ModelInfo = field(repr=False)
    rows: int
    columns: tuple[str, ...]
    fitted: int
    meaningful: bool
    indexed: bool
