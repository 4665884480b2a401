"""Numbers that say how good a classifier is. Pure functions of arrays.

A confusion matrix is `(…, labels, labels)`: row n counts the clips whose label is n, column m those that were taken for m.
Every function of one takes many at once. Labels without clips are left out of means: what the corpus does not have cannot be
missed, only confused with.
"""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

BINS = 15  # of confidence, of equal width, as in the papers on calibration (Guo et al. 2017)
LEVEL = 0.95  # of intervals
RESAMPLES = 2000
SEED = 0

Counts: TypeAlias = NDArray[np.float64]
Values: TypeAlias = NDArray[np.float64]


def confusion_matrix(truth: NDArray[np.int64], guesses: NDArray[np.int64], labels: int) -> Counts:
    """Counts `(labels, labels)` of `(clips,)` true and guessed labels."""
    return np.bincount(truth * labels + guesses, minlength=labels**2).reshape(labels, labels).astype(np.float64)


def recalls(confusion: Counts) -> Values:
    """The share of each label's clips that was recognised, `(…, labels)`, 0…1; NaN for labels without clips."""
    return _ratio(_hits(confusion), confusion.sum(axis=-1))


def precisions(confusion: Counts) -> Values:
    """The share of the guesses of each label that was right, `(…, labels)`, 0…1; NaN for labels never guessed."""
    return _ratio(_hits(confusion), confusion.sum(axis=-2))


def f1_scores(confusion: Counts) -> Values:
    """The harmonic mean of recall and precision, `(…, labels)`, 0…1; NaN for labels without clips."""
    clips = confusion.sum(axis=-1)
    scores = _ratio(2 * _hits(confusion), clips + confusion.sum(axis=-2))
    return np.where(clips > 0, scores, np.nan)


def uar(confusion: Counts) -> Values:
    """Unweighted average recall `(…)`, 0…1: every label counts the same, however many clips it has."""
    return _mean_of_known(recalls(confusion))


def macro_f1(confusion: Counts) -> Values:
    """The mean F1 `(…)`, 0…1, of the labels that have clips."""
    return _mean_of_known(f1_scores(confusion))


def accuracy(confusion: Counts) -> Values:
    """The share of clips that were recognised, `(…)`, 0…1."""
    return _ratio(_hits(confusion).sum(axis=-1), confusion.sum(axis=(-2, -1)))


def resampled(confusions: Counts, resamples: int = RESAMPLES, seed: int = SEED) -> Counts:
    """Confusion matrices `(resamples, labels, labels)` of as many units, drawn with replacement: the bootstrap.

    Args:
        confusions: `(units, labels, labels)`: that of each unit, such as a speaker, which is drawn as a whole.
        resamples: How often everything is drawn again.
        seed: The same one draws the same.
    """
    random = np.random.default_rng(seed)
    units, labels = confusions.shape[:2]
    cells = confusions.reshape(units, -1)
    drawn = [np.bincount(random.integers(0, units, units), minlength=units) @ cells for _ in range(resamples)]
    return np.array(drawn).reshape(resamples, labels, labels)


def resampled_clips(confusion: Counts, resamples: int = RESAMPLES, seed: int = SEED) -> Counts:
    """As `resampled` when every clip is a unit of its own, but from their confusion matrix `(labels, labels)`."""
    clips = round(confusion.sum())
    # Clips in one cell are interchangeable, so drawing clips is drawing from a multinomial over the cells.
    used = np.flatnonzero(confusion)
    drawn = np.zeros((resamples, confusion.size))
    drawn[:, used] = np.random.default_rng(seed).multinomial(clips, confusion.flat[used] / clips, resamples)
    return drawn.reshape(resamples, *confusion.shape)


def interval(values: Values) -> tuple[float, float]:
    """Where the middle LEVEL of resampled values lies: the percentile interval."""
    tail = 50 * (1 - LEVEL)
    low, high = np.percentile(values, [tail, 100 - tail])
    return float(low), float(high)


def brier_score(scores: Values, truth: NDArray[np.int64]) -> float:
    """The mean squared distance between scores `(clips, labels)` and the truth, summed over labels: 0 (best) … 2."""
    right = np.zeros_like(scores)
    right[np.arange(len(truth)), truth] = 1
    return float(((scores - right) ** 2).sum(axis=1).mean())


def confidence_bins(confidence: Values) -> NDArray[np.int64]:
    """The bin of each confidence, `(clips,)`, 0 … BINS - 1."""
    return np.minimum((confidence * BINS).astype(np.int64), BINS - 1)


def calibration_error(confidence: Values, right: NDArray[np.bool_]) -> float:
    """Expected calibration error, 0…1: how far confidence and accuracy lie apart, as the mean over clips of their bins."""
    bins = confidence_bins(confidence)
    gaps = np.bincount(bins, confidence - right, BINS)  # clips in the bin · (mean confidence - accuracy)
    return float(np.abs(gaps).sum() / len(confidence))


def _hits(confusion: Counts) -> Counts:
    hits: Counts = np.diagonal(confusion, axis1=-2, axis2=-1)
    return hits


def _ratio(part: Any, whole: Any) -> Values:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(whole > 0, part / whole, np.nan)


def _mean_of_known(values: Values) -> Values:
    known = np.isfinite(values)
    return _ratio(np.where(known, values, 0).sum(axis=-1), known.sum(axis=-1))
