"""How the moods of one voice lie apart: learned from its speech without labels, as a straight map of a head's logits.

What a head says about each stretch of a voice is a first guess at its mood. The moods are then taken for a mixture of normal
distributions with one covariance, fitted by expectation and maximisation from that guess on: where this voice has its anger and
its joy, and what else changes in it that is no mood at all. Telling such distributions apart is linear, so the head stays linear.

Source: Dempster, Laird and Rubin 1977, "Maximum likelihood from incomplete data via the EM algorithm".
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .heads import softmax

# Measured by benchmarks/baseline.py on held-out speakers.
SOFTNESS = 2.0  # of the first guess: its temperature, in those of the head
ROUNDS = 10
MEAN_PRIOR = 10.0  # stretches that the first guess at where a mood lies counts for
SPREAD_PRIOR = 20.0  # … and the first guess at the covariance
RIDGE = 0.02  # of the mean variance, added to each
RARE = 0.1  # stretches that every mood has at least
CAUTION = 0.5  # of how sure such distributions make: stretches are like each other, moods not quite normal
SHARES = 0.5  # how far a mood is more likely for being frequent: nothing says that the next sound is of the same mix

_TINY = 1e-9

_Array = NDArray[np.float64]


def told_apart(logits: _Array, weights: _Array, temperature: float) -> tuple[_Array, _Array]:
    """A map that tells the moods of a voice apart as well as its own stretches show, for many voices at once.

    Args:
        logits: `(…, stretches, labels)`: of the stretches, the mean of which is that of any voice.
        weights: `(…, stretches)`: how many stretches each counts for, above 0.
        temperature: At which the softmax of these logits is calibrated.

    Returns:
        `turn` `(…, labels, labels)` and `shift` `(…, labels)`: `turn @ logits + shift` are logits again, the surer the further
        the moods of the voice lie apart.
    """
    count, labels = weights.sum(axis=-1)[..., None], logits.shape[-1]
    guess, centre = softmax(logits / (SOFTNESS * temperature)), logits.mean(axis=-2, keepdims=True)
    logits = logits - centre
    squares = np.swapaxes(weights[..., None] * logits, -1, -2) @ logits  # summed over the stretches
    first = _Moods.of(logits, weights, guess)
    places = first.sums / np.maximum(first.counts, _TINY)[..., None]
    spread = first.scatter(squares, places) / count[..., None]
    level = RIDGE * np.trace(spread, axis1=-2, axis2=-1) / labels + _TINY
    spread = spread + level[..., None, None] * np.eye(labels)
    moods = first
    for _ in range(ROUNDS):
        means = (moods.sums + MEAN_PRIOR * places) / (moods.counts + MEAN_PRIOR)[..., None]
        within = (moods.scatter(squares, means) + SPREAD_PRIOR * spread) / (count + SPREAD_PRIOR)[..., None]
        turn = np.swapaxes(np.linalg.solve(within, np.swapaxes(means, -1, -2)), -1, -2)
        near = -(turn * means).sum(axis=-1) / 2
        frequent = np.log((moods.counts + RARE) / (count + labels * RARE))
        moods = _Moods.of(logits, weights, softmax(_mapped(logits, turn, near + frequent)))
    shift = near + SHARES * frequent - (turn @ np.swapaxes(centre, -1, -2))[..., 0]
    scale = CAUTION * temperature
    return scale * (turn - turn.mean(axis=-2, keepdims=True)), scale * (shift - shift.mean(axis=-1, keepdims=True))


@dataclass(frozen=True, slots=True, eq=False)
class _Moods:
    """What a guess at the mood of each stretch sums up to.

    Attributes:
        counts: `(…, labels)`: how many stretches each has.
        sums: `(…, labels, labels)`: of their logits.
    """

    counts: _Array
    sums: _Array

    @classmethod
    def of(cls, logits: _Array, weights: _Array, shares: _Array) -> "_Moods":
        weighted = np.swapaxes(weights[..., None] * shares, -1, -2)
        return cls(weighted.sum(axis=-1), weighted @ logits)

    def scatter(self, squares: _Array, means: _Array) -> _Array:
        """Squares and products of what each stretch lies away from its mood's mean, summed: `(…, labels, labels)`.

        Args:
            squares: The same away from nothing.
            means: `(…, labels, labels)`: of each mood.
        """
        across = np.swapaxes(means, -1, -2) @ self.sums
        between = np.swapaxes(means * self.counts[..., None], -1, -2) @ means
        return squares - across - np.swapaxes(across, -1, -2) + between


def _mapped(logits: _Array, turn: _Array, shift: _Array) -> _Array:
    mapped: _Array = logits @ np.swapaxes(turn, -1, -2) + shift[..., None, :]
    return mapped
