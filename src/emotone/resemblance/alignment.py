"""Dynamic time warping: which moments of two recordings belong together, however fast each of them goes."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

STRAY = (
    0.1  # what being the whole recording apart costs, beside 1 for scores without anything in common: breaks ties only
)

Path: TypeAlias = tuple[tuple[int, int], ...]


def distances(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """Half the sum of the differences of scores `(n, labels)` and `(m, labels)`: `(n, m)`, 0 (equal) … 1 (nothing in common)."""
    apart: NDArray[np.float64] = np.abs(one[:, None] - other).sum(axis=-1) / 2
    return apart


def align(apart: NDArray[np.float64]) -> Path:
    """The pairs of moments that belong together: from the first of both to the last of both, never back in time.

    Args:
        apart: `(n, m)`: how different the moments of both are.

    Returns:
        Pairs of indices along the cheapest path. Of equally cheap ones that which keeps both in step: moments without any
        difference say nothing about time.
    """
    count, others = apart.shape
    places = np.linspace(0, 1, count)[:, None] - np.linspace(0, 1, others) if min(apart.shape) > 1 else 0.0
    costs = apart + STRAY * np.abs(places)
    return _back(_totals(costs))


def _totals(costs: NDArray[np.float64]) -> NDArray[np.float64]:
    """The cost of the cheapest path to each pair, `(n, m)`."""
    totals = np.empty_like(costs)
    totals[0] = costs[0].cumsum()
    for row in range(1, len(costs)):
        above = totals[row - 1]
        enter = np.minimum(above, np.concatenate([[np.inf], above[:-1]]))  # from one moment earlier, straight or aslant
        along = costs[row].cumsum()
        totals[row] = along + np.minimum.accumulate(enter - (along - costs[row]))
    return totals


def _back(totals: NDArray[np.float64]) -> Path:
    row, column = totals.shape[0] - 1, totals.shape[1] - 1
    path = [(row, column)]
    while row or column:
        steps = [(row - 1, column - 1), (row - 1, column), (row, column - 1)]
        row, column = min((step for step in steps if min(step) >= 0), key=totals.__getitem__)
        path.append((row, column))
    return tuple(reversed(path))
