"""How alike two embeddings are, as a number that means something.

Embeddings of speech all point in about the same direction, so the cosine of any two is high. Measured from the centre of usual
speech it is 0 for unrelated recordings; beside random pairs of usual speech it is a percentile.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..familiarity import Familiarity

PAIRS = 4096  # random ones: their percentiles stray by less than a point
SEED = 0


@dataclass(frozen=True, slots=True)
class Likeness:
    """How alike two embeddings are.

    Attributes:
        similarity: The cosine of both as seen from the centre of usual speech, -1…1: about 0 for unrelated recordings.
        percentile: The share of random pairs of usual speech that are less alike, 0…1.
    """

    similarity: float
    percentile: float


def likeness(one: NDArray[np.floating], other: NDArray[np.floating], usual: Familiarity) -> Likeness:
    """How alike two embeddings `(dim,)` are, beside random pairs of what is usual."""
    similarity = cosine(one - usual.centre, other - usual.centre)
    return Likeness(similarity, float(np.mean(usual_similarities(usual) < similarity)))


def cosine(one: NDArray[np.floating], other: NDArray[np.floating]) -> float:
    """The cosine of the angle between two vectors `(dim,)`, -1…1; 0 when one of them is 0."""
    lengths = float(np.linalg.norm(one)) * float(np.linalg.norm(other))
    return float(np.clip(float(one @ other) / lengths, -1.0, 1.0)) if lengths else 0.0


def usual_similarities(usual: Familiarity) -> NDArray[np.float64]:
    """Similarities of random pairs of usual speech, `(PAIRS,)`: both drawn from its normal distribution, always the same ones."""
    random = np.random.default_rng(SEED)
    rank, dim = usual.axes.shape
    # Directions do not matter for a cosine, only the variances along them: the main ones first, then all the others.
    spread = np.sqrt(np.concatenate([usual.variances, np.full(dim - rank, usual.rest)]))
    one, other = random.standard_normal((2, PAIRS, dim), np.float32) * spread
    lengths = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
    similarities: NDArray[np.float64] = (one * other).sum(axis=1) / lengths
    return similarities
