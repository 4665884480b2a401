"""Rows for stores, drawn at random, without a model."""

import numpy as np

from emotone.rows import Row
from emotone.types import ModelInfo

LABELS = ("angry", "happy", "sad")
DIM = 24
MODEL = ModelInfo("tiny", "1", "ab" * 32, LABELS, DIM, 25.0, "MIT")
OTHER = ModelInfo("tiny", "2", "cd" * 32, LABELS, DIM, 25.0, "MIT")

_AXES = np.random.default_rng(1).standard_normal((len(LABELS), DIM)) * 3


def rows(count: int, first: int = 0, **metadata: str) -> list[Row]:
    """Utterances `first`, `first + 1` …: always the same. The embedding says the label; all share one large offset."""
    return [row(number, **metadata) for number in range(first, first + count)]


def row(number: int, **metadata: str) -> Row:
    generator = np.random.default_rng(number)
    label = number % len(LABELS)
    embedding = (20 + _AXES[label] + generator.standard_normal(DIM)).astype(np.float32)
    scores = dict.fromkeys(LABELS, 0.1) | {LABELS[label]: 0.8}
    sha256 = f"{number:064x}"
    return Row(
        f"clip{number}.wav", sha256, 0.0, 2.0, 2.0, LABELS[label], 0.8, scores, ("too_short",), embedding, metadata
    )
