"""Where rows are on a map."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .neighbors import nearest_rows
from .vectors import SEED, Vectors, sample_of, scikit_learn

Layout = Literal["tsne", "pca"]

_MOST_FOR_TSNE = 5_000  # rows that it arranges


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


def _projected(embeddings: Vectors) -> NDArray[np.float64]:
    centered = embeddings - embeddings.mean(axis=0, dtype=np.float64).astype(np.float32)
    covariance = (centered.T @ centered).astype(np.float64)  # of directions, so rows cost no memory
    main = np.linalg.eigh(covariance)[1][:, :-3:-1]
    places = np.zeros((len(embeddings), 2))
    places[:, : main.shape[1]] = centered @ main
    return places


def _arranged(vectors: Vectors) -> NDArray[np.float64]:
    sample = sample_of(len(vectors), _MOST_FOR_TSNE)
    perplexity = min(30.0, (len(sample) - 1) / 3)
    model = scikit_learn().manifold.TSNE(perplexity=perplexity, init="pca", random_state=SEED)
    places: NDArray[np.float64] = model.fit_transform(vectors[sample]).astype(np.float64)
    if len(sample) == len(vectors):
        return places
    distances, nearest = nearest_rows(vectors[sample], vectors, 5)
    weights = 1 / np.maximum(distances.astype(np.float64), 1e-3) ** 2  # a row of the sample stays where it is
    weights /= weights.sum(axis=1, keepdims=True)
    everyone: NDArray[np.float64] = np.einsum("rn,rnd->rd", weights, places[nearest])
    return everyone
