"""What lies near what: clusters, a map, labels that neighbours contradict, and outliers. The one place that knows scikit-learn.

Nearness in emotion is asked of whitened vectors: in raw embeddings a few directions drown all others. Strangeness is asked of
raw ones: what sounds unlike speech is far there, and whitening hides it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from .errors import MissingExtraError, OptionError

Method = Literal["hdbscan", "kmeans"]
Layout = Literal["tsne", "pca"]
Vectors = NDArray[np.float32]

DIMENSIONS = 32  # that neighbours are looked for in
NEIGHBORS = 15  # that are asked about a label
DOUBTED_FROM = 0.6  # share of the neighbours that have one other label, from which on a label is doubted
STRANGE_FROM = (
    3.5  # robust z-score (Iglewicz & Hoaglin 1993) of the distance to neighbours, from which on a row is an outlier
)
NOWHERE = -1  # the cluster of a row that is in none

_MOST_FOR_HDBSCAN, _MOST_IN_A_CROWD, _MOST_FOR_TSNE, _MOST_FOR_SILHOUETTE = 10_000, 10_000, 5_000, 5_000
_DENSE_DIMENSIONS = 8  # that HDBSCAN sees: with more of them no place is dense
_COUNTS = range(2, 13)  # clusters that k-means tries when it is not told
_MAD = 1.4826  # makes the median absolute deviation of normal data their standard deviation
_SEED = 0


@dataclass(frozen=True, slots=True)
class ClusterOptions:
    """How to look for clusters.

    Attributes:
        method: `kmeans` puts every row into a cluster; `hdbscan` finds dense places, and rows that are in none.
        count: Clusters of k-means; `None` takes the number up to 12 that has the best silhouette.
        smallest: Rows in the smallest cluster of HDBSCAN; `None` is a hundredth of all, but 5 at least.
    """

    method: Method = "kmeans"
    count: int | None = None
    smallest: int | None = None

    def __post_init__(self) -> None:
        for name, value, least in (("count", self.count, 2), ("smallest", self.smallest, 2)):
            if value is not None and value < least:
                raise OptionError(
                    f"{name} is {value}; wanted at least {least}.", f"{name} 为 {value}；至少应为 {least}。"
                )


@dataclass(frozen=True, slots=True, eq=False)
class Clusters:
    """Which row is in which cluster.

    Attributes:
        method: What found them.
        numbers: int64 `(rows,)`: from 0, the largest cluster first; `NOWHERE` is in none.
        silhouette: -1…1, how much closer rows are to their own cluster than to the next one; of the rows that are in a
            cluster. `None` with fewer than two clusters.
        agreement: Adjusted mutual information with the labels: 0 is chance, 1 is the same grouping. `None` without labels.
    """

    method: Method
    numbers: NDArray[np.int64] = field(repr=False)
    silhouette: float | None
    agreement: float | None

    @property
    def count(self) -> int:
        """How many clusters there are."""
        return int(self.numbers.max(initial=NOWHERE)) + 1


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


def main_directions(whitened: Vectors) -> Vectors:
    """The directions of whitened vectors that vary most, the main one first; of length 1.

    A quarter of the store's 128 finds the same neighbours, in a quarter of the time.

    Args:
        whitened: float32 `(rows, width)`, as `emotone.store.whitening` makes them: the main direction comes last.

    Returns:
        float32 `(rows, 32)`, or as wide as what was given. A row of zeros stays one.
    """
    return _unit(np.ascontiguousarray(whitened[:, ::-1][:, :DIMENSIONS]))


def find_clusters(
    vectors: Vectors, options: ClusterOptions | None = None, labels: Sequence[str | None] | None = None
) -> Clusters:
    """Groups of rows that lie close together.

    Of more than 10,000 rows HDBSCAN sees a sample of so many; the others are where their nearest one in the sample is.

    Args:
        vectors: float32 `(rows, dim)`, as `main_directions` gives them.
        options: How.
        labels: What the rows are called, to say how far clusters and labels agree; `None` for rows without a label.

    Raises:
        MissingExtraError: When scikit-learn is not installed.
    """
    options = options or ClusterOptions()
    learn = _learn()
    if len(vectors) < 2:
        return Clusters(options.method, np.full(len(vectors), NOWHERE), None, None)
    found = _by_density(learn, vectors, options) if options.method == "hdbscan" else _by_means(learn, vectors, options)
    numbers = _largest_first(found)
    agreement = None
    if labels is not None and (named := [row for row, label in enumerate(labels) if label is not None]):
        agreement = float(learn.metrics.adjusted_mutual_info_score([labels[row] for row in named], numbers[named]))
    return Clusters(options.method, numbers, _silhouette(learn, vectors, numbers), agreement)


def coordinates(embeddings: Vectors, vectors: Vectors, layout: Layout = "tsne") -> NDArray[np.float32]:
    """Where each row is on a map: float32 `(rows, 2)`, the longer side from -1 to 1.

    Of more than 5,000 rows t-SNE arranges a sample of so many; the others lie among their nearest ones in the sample.

    Args:
        embeddings: float32 `(rows, dim)`: what `pca` takes the two main directions of.
        vectors: The same as `main_directions` gives them: what `tsne` keeps neighbours together of.
        layout: `tsne` shows who is near whom (distances between groups mean little), `pca` keeps distances and is quick.

    Raises:
        MissingExtraError: When scikit-learn is not installed.
    """
    if len(vectors) < 4:
        layout = "pca"  # there are no neighbourhoods to keep
    places = _arranged(vectors) if layout == "tsne" else _projected(embeddings)
    places = places - (places.max(axis=0, initial=0) + places.min(axis=0, initial=0)) / 2
    scaled: NDArray[np.float32] = (places / max(float(np.abs(places).max(initial=0)), 1e-12)).astype(np.float32)
    return scaled


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
    sample = _sample(len(embeddings), _MOST_IN_A_CROWD)
    near = _foreign_nearest(_unit(embeddings), recordings, NEIGHBORS, sample)
    known = np.isfinite(near.distances)
    have = known.any(axis=1)
    if not have.any():
        return []
    far = np.where(known, near.distances, 0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    middle = float(np.median(far[have]))
    deviation = _MAD * float(np.median(np.abs(far[have] - middle)))
    strange = np.flatnonzero(have & (far - middle > STRANGE_FROM * max(deviation, 1e-6)))
    return [int(row) for row in strange[np.argsort(-far[strange], kind="stable")]]


def representatives(vectors: Vectors, numbers: NDArray[np.int64]) -> list[int]:
    """The row nearest to the middle of each cluster, in their order."""
    chosen = []
    for number in range(int(numbers.max(initial=NOWHERE)) + 1):
        rows = np.flatnonzero(numbers == number)
        chosen.append(int(rows[(vectors[rows] @ vectors[rows].mean(axis=0)).argmax()]))
    return chosen


def _learn() -> Any:
    try:
        import sklearn  # noqa: PLC0415 - heavy, and only here
        import sklearn.cluster  # noqa: PLC0415
        import sklearn.manifold  # noqa: PLC0415
        import sklearn.metrics  # noqa: PLC0415
        import sklearn.neighbors  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise MissingExtraError.of("store") from error
    return sklearn


def _unit(vectors: Vectors) -> Vectors:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: Vectors = np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)
    return unit


def _by_density(learn: Any, vectors: Vectors, options: ClusterOptions) -> NDArray[np.int64]:
    smallest = min(options.smallest or max(5, len(vectors) // 100), len(vectors))
    vectors, sample = _unit(vectors[:, :_DENSE_DIMENSIONS]), _sample(len(vectors), _MOST_FOR_HDBSCAN)
    if len(sample) < len(vectors):
        smallest = max(2, round(smallest * len(sample) / len(vectors)))
    model = learn.cluster.HDBSCAN(min_cluster_size=smallest, min_samples=min(5, smallest), copy=True)
    found: NDArray[np.int64] = model.fit_predict(vectors[sample].astype(np.float64)).astype(np.int64)
    if len(sample) == len(vectors):
        return found
    _, nearest = _nearest(vectors[sample], vectors, 1)
    everyone: NDArray[np.int64] = found[nearest[:, 0]]
    return everyone


def _by_means(learn: Any, vectors: Vectors, options: ClusterOptions) -> NDArray[np.int64]:
    def fitted(rows: Vectors, count: int) -> Any:
        return learn.cluster.KMeans(count, n_init=4, random_state=_SEED).fit(rows)

    count = options.count
    if count is None:
        sample = vectors[_sample(len(vectors), _MOST_FOR_SILHOUETTE)]
        tried = {number: fitted(sample, number).labels_ for number in _COUNTS if number < len(sample)}
        quality = {number: _silhouette(learn, sample, found) or -1.0 for number, found in tried.items()}
        count = max(quality, key=lambda number: quality[number], default=1)
    found: NDArray[np.int64] = fitted(vectors, min(count, len(vectors))).labels_.astype(np.int64)
    return found


def _silhouette(learn: Any, vectors: Vectors, numbers: NDArray[np.int64]) -> float | None:
    inside = np.flatnonzero(numbers != NOWHERE)
    inside = inside[_sample(len(inside), _MOST_FOR_SILHOUETTE)]
    if not 2 <= len(set(numbers[inside].tolist())) < len(inside):
        return None
    return float(learn.metrics.silhouette_score(vectors[inside], numbers[inside]))


def _largest_first(found: NDArray[np.int64]) -> NDArray[np.int64]:
    names, counts = np.unique(found[found != NOWHERE], return_counts=True)
    order = names[np.argsort(-counts, kind="stable")]
    numbers = np.full(len(found), NOWHERE, np.int64)
    for number, name in enumerate(order):
        numbers[found == name] = number
    return numbers


def _projected(embeddings: Vectors) -> NDArray[np.float64]:
    centered = embeddings - embeddings.mean(axis=0, dtype=np.float64).astype(np.float32)
    covariance = (centered.T @ centered).astype(np.float64)  # of directions, so rows cost no memory
    main = np.linalg.eigh(covariance)[1][:, :-3:-1]
    places = np.zeros((len(embeddings), 2))
    places[:, : main.shape[1]] = centered @ main
    return places


def _arranged(vectors: Vectors) -> NDArray[np.float64]:
    sample = _sample(len(vectors), _MOST_FOR_TSNE)
    perplexity = min(30.0, (len(sample) - 1) / 3)
    model = _learn().manifold.TSNE(perplexity=perplexity, init="pca", random_state=_SEED)
    places: NDArray[np.float64] = model.fit_transform(vectors[sample]).astype(np.float64)
    if len(sample) == len(vectors):
        return places
    distances, nearest = _nearest(vectors[sample], vectors, 5)
    weights = 1 / np.maximum(distances.astype(np.float64), 1e-3) ** 2  # a row of the sample stays where it is
    weights /= weights.sum(axis=1, keepdims=True)
    everyone: NDArray[np.float64] = np.einsum("rn,rnd->rd", weights, places[nearest])
    return everyone


def _foreign_nearest(
    vectors: Vectors, recordings: Sequence[str], count: int, among: NDArray[np.int64]
) -> Neighborhoods:
    """The nearest ones of some rows, without those of the same recording."""
    _, owners, sizes = np.unique(np.asarray(recordings, dtype=object), return_inverse=True, return_counts=True)
    spare = min(int(sizes.max(initial=1)), 4 * count)  # the row itself, and what else is of its recording
    distances, places = _nearest(vectors[among], vectors, count + spare)
    rows = among[places]
    foreign = owners[rows] != owners[:, None]
    order = np.argsort(~foreign, axis=1, kind="stable")[:, :count]  # the others keep their order, and come first
    rows, distances, foreign = (np.take_along_axis(values, order, axis=1) for values in (rows, distances, foreign))
    return Neighborhoods(np.where(foreign, rows, NOWHERE), np.where(foreign, distances, np.inf).astype(np.float32))


def _nearest(among: Vectors, of: Vectors, count: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    if not len(of) or not count:
        return np.zeros((len(of), 0), np.float32), np.zeros((len(of), 0), np.int64)
    search = _learn().neighbors.NearestNeighbors(algorithm="brute").fit(np.ascontiguousarray(among))
    distances, rows = search.kneighbors(np.ascontiguousarray(of), n_neighbors=min(count, len(among)))
    return distances.astype(np.float32), rows.astype(np.int64)


def _sample(rows: int, most: int) -> NDArray[np.int64]:
    """All rows, or so many of them, in order; the same in every run."""
    if rows <= most:
        return np.arange(rows)
    return np.sort(np.random.default_rng(_SEED).choice(rows, most, replace=False))
