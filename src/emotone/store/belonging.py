"""What belongs in a store: rows with embeddings of its model, under ids and names that its table can have."""

import hashlib
import re
from collections.abc import Mapping, Sequence

import numpy as np

from ..errors import StoreError
from ..rows import COLUMNS, Row, own_column
from ..types import ModelInfo
from .archive import FIT, ID, VECTOR
from .whitening import Vectors

_RESERVED = frozenset({ID, VECTOR, FIT, "similarity", "percentile"})
_UNFIT = re.compile(r"[.`\"\\\x00-\x1f]")  # in the name of a column


def row_id(row: Row) -> str:
    """What a row is called: the same for the same bytes and times."""
    return hashlib.sha256(f"{row.sha256} {row.start!r} {row.end!r}".encode()).hexdigest()[:20]


def check_model(model: ModelInfo, own: ModelInfo) -> None:
    """Raises `StoreError` when embeddings of a model cannot be compared with those of the store's own."""
    if model.sha256 != own.sha256:
        raise StoreError(
            f"The store has embeddings of {_called(own)}; these are of {_called(model)}, and cannot be compared. Use "
            "the same model.",
            f"向量库中是 {_called(own)} 的向量，而这些由 {_called(model)} 生成，两者无法比较。请使用同一模型。",
        )


def check_rows(rows: Sequence[Row], model: ModelInfo) -> None:
    """Raises `StoreError` when rows have no embeddings of the store's model, or no scores of its labels."""
    for row in rows:
        check_embedding(row.embedding, model)
        if set(row.scores) != set(model.labels):
            raise StoreError(
                f"The store has scores of {', '.join(model.labels)}; these are of {', '.join(row.scores)}. Use the model's own "
                "head, or another store.",
                f"向量库中是 {'、'.join(model.labels)} 的得分，而这些是 {'、'.join(row.scores)} 的。"
                "请使用模型自带的分类头，或另建向量库。",
            )


def check_embedding(embedding: Vectors | None, model: ModelInfo) -> None:
    """Raises `StoreError` when something is no embedding of the store's model."""
    if embedding is not None and embedding.shape == (model.dim,) and np.isfinite(embedding).all():
        return
    found = ("no embedding", "没有向量")
    if embedding is not None:
        found = (f"an array of shape {embedding.shape}", f"形状为 {embedding.shape} 的数组")
    raise StoreError(
        f"Found {found[0]}; wanted {model.dim} finite values from {_called(model)}.",
        f"收到{found[1]}；应为 {_called(model)} 生成的 {model.dim} 个有限数值。",
    )


def own_metadata(metadata: Mapping[str, str], labels: Sequence[str]) -> dict[str, str]:
    """Metadata under names that a column can have."""
    return {_column_name(name, labels): value for name, value in metadata.items() if value}


def _column_name(name: str, labels: Sequence[str]) -> str:
    """A dot would be a column within a column, LanceDB cannot quote others, and names that begin with `_` are its own."""
    plain = _UNFIT.sub("_", name).lstrip("_") or "column"
    return own_column(f"given_{plain}" if plain in _RESERVED else plain, labels)


def says_the_same(row: Row, other: Row) -> bool:
    """Whether two rows of the same bytes and times say the same, so that nothing is to be written."""
    said = (*COLUMNS, "scores", "doubts", "metadata")
    return all(getattr(row, name) == getattr(other, name) for name in said)


def _called(model: ModelInfo) -> str:
    return f"{model.name} {model.revision} ({model.sha256[:12]}…)"
