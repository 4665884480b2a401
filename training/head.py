"""The linear head: fitted to mean frames, balanced, calibrated, and judged on speakers that it did not learn from."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import recall_score

from corpora import Clip
from emotone.heads import Head
from emotone.labels import LABELS

Means = dict[str, NDArray[np.float32]]  # variant -> (clips, dim), standardised


@dataclass(frozen=True, slots=True)
class FitOptions:
    """How the head is fitted; chosen on held-out speakers and left-out corpora of the training data.

    Attributes:
        strength: Inverse of L2 regularisation, as in scikit-learn.
        corpus_power: A corpus of n clips weighs n ** corpus_power; 1 counts clips, 0 counts corpora.
    """

    strength: float = 0.003
    corpus_power: float = 0.5


def balanced_weights(clips: Sequence[Clip], corpus_power: float) -> NDArray[np.float64]:
    """A weight for each clip, of mean 1: within a corpus every emotion weighs the same."""
    groups: dict[tuple[str, str], int] = {}
    sizes: dict[str, int] = {}
    for clip in clips:
        groups[clip.corpus, clip.emotion] = groups.get((clip.corpus, clip.emotion), 0) + 1
        sizes[clip.corpus] = sizes.get(clip.corpus, 0) + 1
    emotions = {corpus: sum(1 for key in groups if key[0] == corpus) for corpus in sizes}
    weights = np.array(
        [
            sizes[clip.corpus] ** corpus_power / emotions[clip.corpus] / groups[clip.corpus, clip.emotion]
            for clip in clips
        ]
    )
    scaled: NDArray[np.float64] = weights / weights.mean()
    return scaled


def fit_head(means: Means, clips: Sequence[Clip], options: FitOptions) -> Head:
    """A head of the nine labels; those that no clip has are masked. Temperature is 1."""
    features = np.concatenate(list(means.values()))
    emotions = [clip.emotion for clip in clips] * len(means)
    weights = np.tile(balanced_weights(clips, options.corpus_power), len(means))
    model = LogisticRegression(C=options.strength, max_iter=300).fit(features, emotions, sample_weight=weights)
    weight, bias = np.zeros((len(LABELS), features.shape[1]), np.float32), np.zeros(len(LABELS), np.float32)
    rows = [LABELS.index(label) for label in model.classes_]
    weight[rows], bias[rows] = model.coef_, model.intercept_
    return Head(LABELS, weight, bias, 1.0, frozenset(LABELS) - set(model.classes_))


def fit_temperature(logits: NDArray[np.float64], clips: Sequence[Clip], options: FitOptions) -> float:
    """The temperature at which the softmax of held-out logits `(clips, labels)` is most likely."""
    truth = np.array([LABELS.index(clip.emotion) for clip in clips])
    weights = balanced_weights(clips, options.corpus_power)

    def loss(log_temperature: float) -> float:
        log_scores = log_softmax(logits / np.exp(log_temperature), axis=1)
        return float(-(weights * log_scores[np.arange(len(truth)), truth]).mean())

    return float(np.exp(minimize_scalar(loss, bounds=(-3.0, 3.0), method="bounded").x))


def masked_logits(head: Head, features: NDArray[np.float32]) -> NDArray[np.float64]:
    """Logits `(clips, labels)` with -inf for masked labels."""
    logits = head.logits(features)
    logits[:, [LABELS.index(label) for label in head.masked]] = -np.inf
    return logits


def uar(logits: NDArray[np.float64], clips: Sequence[Clip], *, present_only: bool) -> float:
    """Unweighted average recall in percent over the emotions of these clips.

    Args:
        present_only: Labels that these clips do not have are not offered to the model.
    """
    truth = np.array([LABELS.index(clip.emotion) for clip in clips])
    present = np.unique(truth)
    offered = present if present_only else np.arange(len(LABELS))
    guesses = offered[logits[:, offered].argmax(axis=1)]
    return 100 * float(recall_score(truth, guesses, labels=present, average="macro"))


def calibration_error(logits: NDArray[np.float64], clips: Sequence[Clip], temperature: float, bins: int = 15) -> float:
    """Expected calibration error in percent: how far confidence and accuracy lie apart, over bins of equal width."""
    scores = softmax(logits / temperature, axis=1)
    confidence = scores.max(axis=1)
    right = scores.argmax(axis=1) == [LABELS.index(clip.emotion) for clip in clips]
    which = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = [
        abs(right[which == b].mean() - confidence[which == b].mean()) * (which == b).mean()
        for b in range(bins)
        if (which == b).any()
    ]
    return 100 * float(sum(gaps))
