"""What all that looks for nearness shares: vectors, samples of them, and scikit-learn."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import MissingExtraError

Vectors = NDArray[np.float32]

DIMENSIONS = 32  # that neighbours are looked for in
NOWHERE = -1  # the cluster of a row that is in none, and the neighbour of a row that has no more
SEED = 0


def main_directions(whitened: Vectors) -> Vectors:
    """The directions of whitened vectors that vary most, the main one first; of length 1.

    A quarter of the store's 128 finds the same neighbours, in a quarter of the time.

    Args:
        whitened: float32 `(rows, width)`, as `emotone.store.whitening` makes them: the main direction comes last.

    Returns:
        float32 `(rows, 32)`, or as wide as what was given. A row of zeros stays one.
    """
    return unit(np.ascontiguousarray(whitened[:, ::-1][:, :DIMENSIONS]))


def unit(vectors: Vectors) -> Vectors:
    """The same directions, of length 1; a row of zeros stays one."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    scaled: Vectors = np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)
    return scaled


def sample_of(rows: int, most: int) -> NDArray[np.int64]:
    """All rows, or so many of them, in order; the same in every run."""
    if rows <= most:
        return np.arange(rows)
    return np.sort(np.random.default_rng(SEED).choice(rows, most, replace=False))


def scikit_learn() -> Any:
    """scikit-learn. Raises `MissingExtraError` when it is not installed."""
    try:
        import sklearn  # noqa: PLC0415 - heavy, and only here
        import sklearn.cluster  # noqa: PLC0415
        import sklearn.manifold  # noqa: PLC0415
        import sklearn.metrics  # noqa: PLC0415
        import sklearn.neighbors  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise MissingExtraError.of("store") from error
    return sklearn
