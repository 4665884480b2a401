"""The linear head: fitted to mean frames, balanced, calibrated, and judged on speakers that it did not learn from."""

from collections import Counter
from collections.abc import Sequence

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


CORPUS_WEIGHTS = {"iesc": 0.1, "emotiontts_ko": 0.5}  # others 1; IESC's single words pull all other corpora down
VARIANT_WEIGHTS = {"alone": 2.0, "noisy": 0.5, "context": 1.0}
LEAST_VARIANCE = 0.02  # of an axis, where features have 1: what varies less is not scaled up further
STRENGTH = 0.003  # inverse of L2 regularisation, as in scikit-learn


def balanced_weights(clips: Sequence[Clip]) -> NDArray[np.float64]:
    """A weight for each clip, of mean 1: every corpus counts as `CORPUS_WEIGHTS` says, every emotion in it the same."""
    counts = Counter((clip.corpus, clip.emotion) for clip in clips)
    emotions = Counter(corpus for corpus, _ in counts)
    weights = np.array(
        [
            CORPUS_WEIGHTS.get(clip.corpus, 1.0) / emotions[clip.corpus] / counts[clip.corpus, clip.emotion]
            for clip in clips
        ]
    )
    scaled: NDArray[np.float64] = weights / weights.mean()
    return scaled


def fit_head(means: Means, clips: Sequence[Clip]) -> Head:
    """A head of the nine labels; those that no clip has are masked. Temperature is 1.

    Multinomial logistic regression on principal axes scaled by the fourth root of their variance: half-way between the
    features as they are, where the fit is slow and worse, and whitened ones, where it follows noise.
    """
    variances, axes = np.linalg.eigh(np.cov(means["alone"], rowvar=False))
    axes = (axes / np.maximum(variances, LEAST_VARIANCE) ** 0.25).astype(np.float32)
    features = np.concatenate(list(means.values())) @ axes
    emotions = [clip.emotion for clip in clips] * len(means)
    weights = np.concatenate([balanced_weights(clips) * VARIANT_WEIGHTS[variant] for variant in means])
    model = LogisticRegression(C=STRENGTH, max_iter=200, tol=1e-3).fit(features, emotions, sample_weight=weights)
    weight, bias = np.zeros((len(LABELS), len(axes)), np.float32), np.zeros(len(LABELS), np.float32)
    rows = [LABELS.index(label) for label in model.classes_]
    weight[rows], bias[rows] = model.coef_ @ axes.T, model.intercept_
    return Head(LABELS, weight, bias, 1.0, frozenset(LABELS) - set(model.classes_))


def fit_temperature(logits: NDArray[np.float64], clips: Sequence[Clip]) -> float:
    """The temperature at which the softmax of held-out logits `(clips, labels)` is most likely."""
    truth = np.array([LABELS.index(clip.emotion) for clip in clips])
    weights = balanced_weights(clips)

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
        logits: `(clips, labels)`.
        clips: What is to be recognised.
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
