"""The nearest rows of each row, and what they say about it: labels that they contradict, and rows that are far from all."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .vectors import NOWHERE, Vectors, sample_of, scikit_learn, unit

NEIGHBORS = 15  # that are asked about a label
DOUBTED_FROM = 0.6  # share of the neighbours that have one other label, from which on a label is doubted
STRANGE_FROM = (
    3.5  # robust z-score (Iglewicz & Hoaglin 1993) of the distance to neighbours, from which on a row is an outlier
)

_MOST_IN_A_CROWD = 10_000  # rows that distances are measured to
_MAD = 1.4826  # makes the median absolute deviation of normal data their standard deviation


@dataclass(frozen=True, slots=True, eq=False)
class Neighborhoods:
    """The nearest rows of each row; those of the same recording do not count.

    Attributes:
        rows: int64 `(rows, neighbors)`, the nearest first; `NOWHERE` where there are not so many.
        distances: float32 `(rows, neighbors)`; infinite where there are not so many.
    """

    rows: NDArray[np.int64] = field(repr=False)
    distances: NDArray[np.float32] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A label that the neighbours contradict.

    Attributes:
        row: Whose.
        label: What most of its neighbours are called.
        share: Of the neighbours that are called so, 0…1.
    """

    row: int
    label: str
    share: float


def neighborhoods(vectors: Vectors, recordings: Sequence[str], count: int = NEIGHBORS) -> Neighborhoods:
    """The nearest rows of each row, exactly.

    Args:
        vectors: float32 `(rows, dim)`, as `main_directions` gives them.
        recordings: What each row is a part of, such as its `sha256`: a recording's other segments and copies say nothing new.
        count: How many at most.

    Raises:
        MissingExtraError: When scikit-learn is not installed.
    """
    return _foreign_nearest(vectors, recordings, count, np.arange(len(vectors)))


def doubted_labels(near: Neighborhoods, labels: Sequence[str | None]) -> list[Suggestion]:
    """Rows whose neighbours mostly have one other label, the clearest first.

    Args:
        near: Of each row.
        labels: What the rows are called; rows without a label neither vote nor are doubted.
    """
    names = sorted({label for label in labels if label is not None})
    number = {name: place for place, name in enumerate(names)}
    own = np.array([NOWHERE if label is None else number[label] for label in labels], np.int64)
    if not names or not near.rows.size:
        return []
    theirs = np.where(near.rows == NOWHERE, NOWHERE, own[near.rows])
    votes = np.stack([(theirs == place).sum(axis=1) for place in range(len(names))], axis=1)
    voters = votes.sum(axis=1)
    best = votes.argmax(axis=1)
    share = votes.max(axis=1) / np.maximum(voters, 1)
    enough = voters * 2 > near.rows.shape[1]  # few neighbours are no majority
    doubted = np.flatnonzero((own != NOWHERE) & (best != own) & (share >= DOUBTED_FROM) & enough)
    ordered = doubted[np.argsort(-share[doubted], kind="stable")]
    return [Suggestion(int(row), names[best[row]], float(share[row])) for row in ordered]


def outliers(embeddings: Vectors, recordings: Sequence[str]) -> list[int]:
    """Rows that are far from all others, the farthest first: noise, music, silence, another kind of recording.

    Of more than 10,000 rows, distances are to a sample of so many.

    Args:
        embeddings: float32 `(rows, dim)`, raw.
        recordings: As in `neighborhoods`.

    Raises:
        MissingExtraError: When scikit-learn is not installed.
    """
    sample = sample_of(len(embeddings), _MOST_IN_A_CROWD)
    near = _foreign_nearest(unit(embeddings), recordings, NEIGHBORS, sample)
    known = np.isfinite(near.distances)
    have = known.any(axis=1)
    if not have.any():
        return []
    far = np.where(known, near.distances, 0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    middle = float(np.median(far[have]))
    deviation = _MAD * float(np.median(np.abs(far[have] - middle)))
    strange = np.flatnonzero(have & (far - middle > STRANGE_FROM * max(deviation, 1e-6)))
    return [int(row) for row in strange[np.argsort(-far[strange], kind="stable")]]


def nearest_rows(among: Vectors, of: Vectors, count: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Distances and places of the nearest rows of `among`, exactly: `(rows, count)` both, or as many as there are."""
    if not len(of) or not count:
        return np.zeros((len(of), 0), np.float32), np.zeros((len(of), 0), np.int64)
    search = scikit_learn().neighbors.NearestNeighbors(algorithm="brute").fit(np.ascontiguousarray(among))
    distances, rows = search.kneighbors(np.ascontiguousarray(of), n_neighbors=min(count, len(among)))
    return distances.astype(np.float32), rows.astype(np.int64)


def _foreign_nearest(
    vectors: Vectors, recordings: Sequence[str], count: int, among: NDArray[np.int64]
) -> Neighborhoods:
    """The nearest ones of some rows, without those of the same recording."""
    _, owners, sizes = np.unique(np.asarray(recordings, dtype=object), return_inverse=True, return_counts=True)
    spare = min(int(sizes.max(initial=1)), 4 * count)  # the row itself, and what else is of its recording
    distances, places = nearest_rows(vectors[among], vectors, count + spare)
    rows = among[places]
    foreign = owners[rows] != owners[:, None]
    order = np.argsort(~foreign, axis=1, kind="stable")[:, :count]  # the others keep their order, and come first
    rows, distances, foreign = (np.take_along_axis(values, order, axis=1) for values in (rows, distances, foreign))
    return Neighborhoods(np.where(foreign, rows, NOWHERE), np.where(foreign, distances, np.inf).astype(np.float32))
