"""What makes raw embeddings comparable: they share one large offset and a few loud directions, so all of them look alike.

Vectors are centred, their loudest directions are toned down, and they are compared by their angle. How much an angle says is
told by random pairs: a similarity of 0.4 is much in one archive and little in another.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

MEANINGFUL = 100
"""Rows from which on percentiles are told: benchmarks/store.md says how far they are off with fewer."""

SETTLED = 2**16
"""Rows after which more of them change nothing that is worth making all vectors again."""

SHRINKAGE = 0.99
"""How far the covariance is moved towards one of equal directions. 0 would be whitening to the letter, which makes noise as
loud as emotion and ruins the search; 1 would be centring alone, which is nearly as good. Chosen on the training corpora:
benchmarks/store.md."""

WIDTH = 128
"""Values in a vector: the directions that vary most. More change no result, and 512 of them take four times the room."""

_PAIRS = 20_000  # random pairs: percentiles have steps of 0.005
_SEED = 20

Vectors = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Whitening:
    """How embeddings of an archive become comparable.

    Attributes:
        rows: How many it was fitted to.
        centre: float32 `(dim,)`: their mean.
        matrix: float32 `(dim, width)`: what centred embeddings are multiplied with.
        pairs: float32 `(pairs,)`, ascending: similarities of random pairs of different recordings.
    """

    rows: int
    centre: Vectors = field(repr=False)
    matrix: Vectors = field(repr=False)
    pairs: Vectors = field(repr=False)

    @property
    def meaningful(self) -> bool:
        """Whether percentiles say something."""
        return self.rows >= MEANINGFUL and self.pairs.size > 0

    def apply(self, embeddings: Vectors) -> Vectors:
        """Vectors of length 1 `(…, width)` of embeddings `(…, dim)`; their dot product is the similarity, -1…1."""
        white: Vectors = ((embeddings - self.centre) @ self.matrix).astype(np.float32, copy=False)
        return _of_length_1(white)

    def percentile(self, similarity: float) -> float | None:
        """How many of 100 random pairs are less alike, 0…100; `None` while there are too few rows to tell."""
        if not self.meaningful:
            return None
        return 100.0 * float(np.searchsorted(self.pairs, np.float32(similarity))) / self.pairs.size

    def outgrown(self, rows: int) -> bool:
        """Whether a store of so many rows should be fitted again: it has doubled since, and is not settled."""
        return rows >= 2 * self.rows and self.rows < SETTLED

    def to_bytes(self) -> bytes:
        """What `from_bytes` reads."""
        data = io.BytesIO()
        np.savez(data, rows=self.rows, centre=self.centre, matrix=self.matrix, pairs=self.pairs)
        return data.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> "Whitening":
        """Raises `ValueError`, `KeyError` or `OSError` when it is damaged."""
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            return cls(int(arrays["rows"]), arrays["centre"], arrays["matrix"], arrays["pairs"])


def fit_whitening(embeddings: Vectors, recordings: Sequence[str]) -> Whitening:
    """How these embeddings become comparable.

    Args:
        embeddings: `(rows, dim)`, one row at least.
        recordings: What each row is from: pairs of the same recording are not random.
    """
    values = embeddings.astype(np.float64)
    centre = values.mean(axis=0)
    matrix = _matrix(values - centre)
    fitted = Whitening(len(embeddings), centre.astype(np.float32), matrix, np.empty(0, np.float32))
    return Whitening(fitted.rows, fitted.centre, fitted.matrix, _similarities(fitted.apply(embeddings), recordings))


def width_of(dim: int) -> int:
    """Values in the vector of an embedding of so many values."""
    return min(WIDTH, dim)


def _matrix(centred: NDArray[np.float64]) -> Vectors:
    """The inverse square root of the shrunk covariance, along the directions that vary most: `(dim, width)`."""
    rows, dim = centred.shape
    covariance = centred.T @ centred / rows
    scale = float(np.trace(covariance)) / dim or 1.0  # of one row, nothing varies
    variances, axes = np.linalg.eigh(covariance / scale)  # ascending
    shrunk = (1 - SHRINKAGE) * np.maximum(variances, 0) + SHRINKAGE
    matrix: Vectors = (axes / np.sqrt(shrunk))[:, -width_of(dim) :].astype(np.float32)
    return matrix


def _similarities(vectors: Vectors, recordings: Sequence[str]) -> Vectors:
    """Of random pairs of different recordings, ascending."""
    generator = np.random.default_rng(_SEED)
    origin = np.unique(np.asarray(recordings), return_inverse=True)[1]
    first, second = generator.integers(len(vectors), size=(2, _PAIRS))
    other = origin[first] != origin[second]
    found: Vectors = np.einsum("ij,ij->i", vectors[first[other]], vectors[second[other]])
    return np.sort(found)


def _of_length_1(vectors: Vectors) -> Vectors:
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    unit: Vectors = np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)
    return unit
