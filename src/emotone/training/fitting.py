"""The arithmetic of training: from embeddings and labels to linear heads, in closed form.

A head is a regularised linear discriminant: every class is taken for a normal distribution of one common covariance, and what
is likelier under them is linear in the embedding. Against multinomial logistic regression it was better in six of seven
measurements from 10 clips a class to hundreds, in UAR and in probabilities (docs/en/train.md has the numbers), and it needs no
iterations, no tolerance and no library.

Source: Friedman 1989, "Regularized Discriminant Analysis".
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..heads import softmax

Features = NDArray[np.float32]

ABSENT = -1e6  # the logit of a class that no clip had: its score is 0
_LEAST_DEVIATION = 1e-6  # of a value, against the largest one: below, it is constant
_PROBES = 64
_STEPS, _ENOUGH = 30, 1e-4  # of the search for a temperature: on its logarithm


@dataclass(frozen=True, slots=True, eq=False)
class Linear:
    """A linear layer in some coordinates.

    Attributes:
        weight: float64 `(classes, dim)`.
        bias: float64 `(classes,)`; ABSENT for classes that no clip had.
    """

    weight: NDArray[np.float64]
    bias: NDArray[np.float64]

    def logits(self, features: Features) -> NDArray[np.float64]:
        """Logits `(clips, classes)` of features `(clips, dim)`."""
        logits: NDArray[np.float64] = features @ self.weight.T + self.bias
        return logits


@dataclass(frozen=True, slots=True, eq=False)
class Coordinates:
    """Where embeddings are regularised alike in all directions: each value has mean 0 and deviation 1.

    Attributes:
        mean: `(dim,)`.
        scale: `(dim,)`: one over the deviation; 0 for values that are always the same.
        axes: float32 `(dim, axes)`, orthonormal: what the clips span, when that is much less than all; `None`: everything.
    """

    mean: NDArray[np.float64]
    scale: NDArray[np.float64]
    axes: NDArray[np.float32] | None

    def to_embedding(self, linear: Linear) -> Linear:
        """The same layer for embeddings as they are."""
        along = linear.weight if self.axes is None else linear.weight @ self.axes.T.astype(np.float64)
        weight = along * self.scale
        return Linear(weight, linear.bias - weight @ self.mean)


def standardised(embeddings: NDArray[np.float32]) -> tuple[Features, Coordinates]:
    """Features `(clips, axes)` of embeddings `(clips, dim)`, and where they are. No labels are used."""
    mean, deviation = embeddings.mean(axis=0, dtype=np.float64), embeddings.std(axis=0, dtype=np.float64)
    varies = deviation > _LEAST_DEVIATION * deviation.max()
    scale = np.where(varies, 1 / np.where(varies, deviation, 1), 0.0)
    features = ((embeddings - mean) * scale).astype(np.float32)
    clips, dim = features.shape
    if clips > dim / 2:
        return features, Coordinates(mean, scale, None)
    axes, inside = np.linalg.qr(
        features.T
    )  # the same lengths and angles in fewer numbers: few clips take no time at all
    return np.ascontiguousarray(inside.T), Coordinates(mean, scale, axes)


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """All that a discriminant needs to know of clips. Those of a part can be taken away from those of the whole.

    Attributes:
        counts: float64 `(classes,)`.
        sums: float64 `(classes, dim)`.
        products: float32 `(dim, dim)`: the sum of the outer products.
    """

    counts: NDArray[np.float64]
    sums: NDArray[np.float64]
    products: NDArray[np.float32]

    @classmethod
    def of(cls, features: Features, truth: NDArray[np.int64], classes: int) -> "Moments":
        """Those of features `(clips, dim)` with classes `(clips,)`."""
        sums = np.zeros((classes, features.shape[1]))
        np.add.at(sums, truth, features)
        return cls(np.bincount(truth, minlength=classes).astype(np.float64), sums, features.T @ features)

    def __sub__(self, part: "Moments") -> "Moments":
        return Moments(self.counts - part.counts, self.sums - part.sums, self.products - part.products)


def discriminants(moments: Moments, strengths: Sequence[float]) -> list[Linear]:
    """A linear discriminant for each strength of regularisation. Every class counts alike, however many clips it has.

    Args:
        moments: Of the clips to learn from.
        strengths: Added to the variance in every direction; features have variance 1.
    """
    present = np.flatnonzero(moments.counts)
    counts = moments.counts[present, None]
    means = moments.sums[present] / counts
    within = (moments.products - (means * counts).T @ means) / counts.sum()
    classes = _Classes(means, means.mean(axis=0), counts[:, 0], within)
    return [_discriminant(classes, strength, present, len(moments.counts)) for strength in strengths]


@dataclass(frozen=True, slots=True, eq=False)
class _Classes:
    means: NDArray[np.float64]  # (classes, dim)
    centre: NDArray[np.float64]  # (dim,): their mean
    counts: NDArray[np.float64]  # (classes,)
    within: NDArray[np.float64]  # (dim, dim): the covariance within classes


def _discriminant(found: _Classes, strength: float, present: NDArray[np.int64], classes: int) -> Linear:
    apart, size = found.means - found.centre, len(found.means)
    probes = _probes(len(found.centre))
    regularised = found.within.astype(np.float32)
    regularised[np.diag_indices_from(regularised)] += np.float32(strength)
    wanted = np.concatenate([apart.T, found.within @ probes], axis=1).astype(np.float32)
    solved = np.linalg.solve(regularised, wanted).astype(np.float64)
    rows = solved[:, :size].T
    # A mean of few clips lies further out than the class does, by what its clips scatter; uncorrected, its class would be
    # guessed too seldom. How much they scatter is their trace, seen from clips that it was not made of (as in leave-one-out).
    freedom = float((probes * solved[:, size:]).sum()) / (probes**2).sum(axis=1).mean()
    total = found.counts.sum()
    scatter = freedom / max(1 - freedom / total, 1 / total)
    distances = (rows * apart).sum(axis=1) - scatter / found.counts
    weight, bias = np.zeros((classes, len(found.centre))), np.full(classes, ABSENT)
    weight[present], bias[present] = rows, -distances / 2 - rows @ found.centre
    return Linear(weight, bias)


def _probes(dim: int) -> NDArray[np.float64]:
    """Vectors `(dim, vectors)` whose mean of z'Az is the trace of any A `(dim, dim)`, to a few percent (Hutchinson 1989)."""
    if dim <= _PROBES:
        return np.eye(dim)
    return np.random.default_rng(0).choice([-1.0, 1.0], (dim, _PROBES))


def log_loss(logits: NDArray[np.float64], truth: NDArray[np.int64]) -> NDArray[np.float64]:
    """How little was expected of what is true: `(clips,)`, for logits `(clips, classes)`."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    expected = shifted[np.arange(len(truth)), truth] - np.log(np.exp(shifted).sum(axis=1))
    return -np.asarray(expected)


def fit_temperature(logits: NDArray[np.float64], truth: NDArray[np.int64]) -> float:
    """The temperature at which the softmax of logits `(clips, classes)` is most likely.

    As if two further clips had labels by chance: a few clips that are all recognised do not prove that errors never happen.

    Source: Guo et al. 2017, "On Calibration of Modern Neural Networks"; Platt 1999 for the further clips.
    """
    possible = logits > ABSENT / 2
    known = np.where(possible, logits, 0.0)
    chance = 2 / (len(truth) + 2)
    target = chance * possible / possible.sum(axis=1, keepdims=True)
    target[np.arange(len(truth)), truth] += 1 - chance
    wanted = (target * known).sum(axis=1)
    sharpness = -np.log(np.maximum(known.std(), 1e-9))  # logarithm of 1 / temperature
    for _ in range(_STEPS):
        scores = softmax(np.where(possible, logits, -np.inf) * np.exp(sharpness))
        expected = (scores * known).sum(axis=1)
        slope = np.exp(sharpness) * (expected - wanted).mean()
        bend = np.exp(2 * sharpness) * ((scores * known**2).sum(axis=1) - expected**2).mean()
        step = float(np.clip(slope / max(bend, 1e-12), -1, 1))
        sharpness -= step
        if abs(step) < _ENOUGH:
            break
    return float(np.exp(-sharpness))
