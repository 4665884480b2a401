"""Groups of rows that lie close together."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..errors import OptionError
from .neighbors import nearest_rows
from .vectors import NOWHERE, SEED, Vectors, sample_of, scikit_learn, unit

Method = Literal["hdbscan", "kmeans"]

_MOST_FOR_HDBSCAN, _MOST_FOR_SILHOUETTE = 10_000, 5_000
_DENSE_DIMENSIONS = 8  # that HDBSCAN sees: with more of them no place is dense
_COUNTS = range(2, 13)  # clusters that k-means tries when it is not told


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
        OptionError: When as many clusters are asked for as there are rows, or more.
        MissingExtraError: When scikit-learn is not installed.
    """
    options = options or ClusterOptions()
    if options.method == "kmeans" and options.count is not None and options.count >= len(vectors):
        raise OptionError(
            f"Found {len(vectors):,} rows and {options.count:,} clusters asked for; wanted fewer clusters than rows.",
            f"共 {len(vectors):,} 行，却要求 {options.count:,} 个聚类；聚类数应少于行数。",
        )
    learn = scikit_learn()
    if len(vectors) < 2:
        return Clusters(options.method, np.full(len(vectors), NOWHERE), None, None)
    found = _by_density(learn, vectors, options) if options.method == "hdbscan" else _by_means(learn, vectors, options)
    numbers = _largest_first(found)
    agreement = None
    if labels is not None and (named := [row for row, label in enumerate(labels) if label is not None]):
        agreement = float(learn.metrics.adjusted_mutual_info_score([labels[row] for row in named], numbers[named]))
    return Clusters(options.method, numbers, _silhouette(learn, vectors, numbers), agreement)


def representatives(vectors: Vectors, numbers: NDArray[np.int64]) -> list[int]:
    """The row nearest to the middle of each cluster, in their order."""
    chosen = []
    for number in range(int(numbers.max(initial=NOWHERE)) + 1):
        rows = np.flatnonzero(numbers == number)
        chosen.append(int(rows[(vectors[rows] @ vectors[rows].mean(axis=0)).argmax()]))
    return chosen


def _by_density(learn: Any, vectors: Vectors, options: ClusterOptions) -> NDArray[np.int64]:
    smallest = min(options.smallest or max(5, len(vectors) // 100), len(vectors))
    vectors, sample = unit(vectors[:, :_DENSE_DIMENSIONS]), sample_of(len(vectors), _MOST_FOR_HDBSCAN)
    if len(sample) < len(vectors):
        smallest = max(2, round(smallest * len(sample) / len(vectors)))
    model = learn.cluster.HDBSCAN(min_cluster_size=smallest, min_samples=min(5, smallest), copy=True)
    found: NDArray[np.int64] = model.fit_predict(vectors[sample].astype(np.float64)).astype(np.int64)
    if len(sample) == len(vectors):
        return found
    _, nearest = nearest_rows(vectors[sample], vectors, 1)
    everyone: NDArray[np.int64] = found[nearest[:, 0]]
    return everyone


def _by_means(learn: Any, vectors: Vectors, options: ClusterOptions) -> NDArray[np.int64]:
    def fitted(rows: Vectors, count: int) -> Any:
        return learn.cluster.KMeans(count, n_init=4, random_state=SEED).fit(rows)

    count = options.count
    if count is None:
        sample = vectors[sample_of(len(vectors), _MOST_FOR_SILHOUETTE)]
        tried = {number: fitted(sample, number).labels_ for number in _COUNTS if number < len(sample)}
        quality = {number: _silhouette(learn, sample, found) or -1.0 for number, found in tried.items()}
        count = max(quality, key=lambda number: quality[number], default=1)
    found: NDArray[np.int64] = fitted(vectors, count).labels_.astype(np.int64)
    return found


def _silhouette(learn: Any, vectors: Vectors, numbers: NDArray[np.int64]) -> float | None:
    inside = np.flatnonzero(numbers != NOWHERE)
    inside = inside[sample_of(len(inside), _MOST_FOR_SILHOUETTE)]
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
