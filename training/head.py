"""The linear head of the bundled model: one for both views, absolute and compared with a voice's usual sound."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import log_softmax

from corpora import Clip
from emotone.heads import MOST_BOLDNESS, MOST_HASTE, STRANGENESS, Head
from emotone.labels import LABELS

CORPUS_WEIGHTS = {"iesc": 0.1, "emotiontts_ko": 0.5}  # others 1
AGAINST_ABSENT = 0.1  # how much a clip speaks against labels that its corpus does not have
STRENGTH = 0.05  # of L2 regularisation, where embeddings have deviation 1
TEMPERATURE = 1.2  # about what `calibrated` finds: voices are compared at it before
_FORBIDDEN = -1e4
_TINY = 1e-12  # a score

Vectors = NDArray[np.float32]
Logits = NDArray[np.float64]


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


def centred(embeddings: Vectors, voices: NDArray[np.str_]) -> Vectors:
    """Embeddings without the mean of their voice."""
    result = embeddings.copy()
    for voice in np.unique(voices):
        rows = voices == voice
        result[rows] -= embeddings[rows].mean(axis=0)
    return result


def usual_embedding(embeddings: Vectors, clips: Sequence[Clip]) -> Vectors:
    """How the average voice sounds, `(dim,)`: the mean over corpora of the mean over speakers of their mean."""
    speakers = np.array([clip.speaker for clip in clips])
    corpora = np.array([clip.corpus for clip in clips])
    means = [
        np.mean([embeddings[speakers == one].mean(axis=0) for one in np.unique(speakers[corpora == corpus])], axis=0)
        for corpus in np.unique(corpora)
    ]
    usual: Vectors = np.mean(means, axis=0)
    return usual


def fit_head(embeddings: Vectors, voices: NDArray[np.str_], clips: Sequence[Clip]) -> Head:
    """A head of the nine labels; those that no clip has are masked. It is not yet calibrated.

    Every clip is learned from twice: as it is, and moved so that its voice's mean is that of the average voice. Its loss is the
    cross entropy among the labels of its corpus and, at `AGAINST_ABSENT`, among all: a corpus without disgust says little
    about what is no disgust.

    Args:
        embeddings: `(clips, dim)`.
        voices: Which clips are of one voice in one session, `(clips,)`.
        clips: The clips.
    """
    usual = usual_embedding(embeddings, clips)
    deviation = embeddings.std(axis=0) + 1e-6
    both = np.concatenate([embeddings - usual, centred(embeddings, voices)]) / deviation
    truth = np.array([LABELS.index(clip.emotion) for clip in clips] * 2)
    labels = offered(clips)
    own = np.where(np.concatenate([labels, labels]), 0.0, _FORBIDDEN)
    every = np.where(labels.any(axis=0), 0.0, _FORBIDDEN)
    weights = np.tile(balanced_weights(clips), 2) / len(truth)
    shape = (len(LABELS), both.shape[1] + 1)
    inputs = np.concatenate([both, np.ones((len(both), 1), np.float32)], axis=1)
    hits = np.zeros((len(truth), len(LABELS)))
    hits[np.arange(len(truth)), truth] = 1

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        weight = flat.reshape(shape)
        logits = (inputs @ weight.T.astype(np.float32)).astype(np.float64)
        total, slope = 0.0, np.zeros_like(logits)
        for share, mask in ((1 - AGAINST_ABSENT, own), (AGAINST_ABSENT, every)):
            logs = log_softmax(logits + mask, axis=1)
            total -= share * float((weights * (logs * hits).sum(axis=1)).sum())
            slope += share * weights[:, None] * (np.exp(logs) - hits)
        free = weight.copy()
        free[:, -1] = 0
        total += STRENGTH / 2 * float((free**2).sum())
        return total, ((slope.T.astype(np.float32) @ inputs) + STRENGTH * free).ravel()

    found = minimize(loss, np.zeros(shape).ravel(), jac=True, method="L-BFGS-B", options={"maxiter": 150}).x.reshape(
        shape
    )
    weight = (found[:, :-1] / deviation).astype(np.float32)
    bias = (found[:, -1] - weight @ usual).astype(np.float32)
    masked = frozenset(np.array(LABELS)[~labels.any(axis=0)].tolist())
    return Head(LABELS, weight, bias, TEMPERATURE, masked, found[:, -1].astype(np.float32))


def offered(clips: Sequence[Clip]) -> NDArray[np.bool_]:
    """`(clips, labels)`: the labels that each clip's corpus has."""
    has = {(clip.corpus, clip.emotion) for clip in clips}
    rows = {corpus: [(corpus, label) in has for label in LABELS] for corpus in {clip.corpus for clip in clips}}
    return np.array([rows[clip.corpus] for clip in clips])


@dataclass(frozen=True, slots=True, eq=False)
class Spans:
    """What a model that had not learned from them made of clips.

    Attributes:
        clips: The clips.
        alone: Logits `(clips, labels)`; -inf for masked labels.
        relative: The same, compared with all clips of the same speaker.
        among: The same with only the labels that the clip's corpus has; -inf for all others.
        trust: How far they were compared, `(clips,)`.
        durations: `(clips,)`, in seconds.
        strangeness: `(clips,)`: by what was familiar to that model.
    """

    clips: tuple[Clip, ...]
    alone: Logits
    relative: Logits
    among: Logits
    trust: NDArray[np.float64]
    durations: NDArray[np.float64]
    strangeness: NDArray[np.float64]

    @classmethod
    def joined(cls, parts: Sequence["Spans"]) -> "Spans":
        """Those of all parts, one after the other."""
        clips = tuple(clip for part in parts for clip in part.clips)
        return cls(clips, *(np.concatenate(values) for values in zip(*(part._values for part in parts), strict=True)))

    @property
    def _values(self) -> tuple[NDArray[np.float64], ...]:
        return self.alone, self.relative, self.among, self.trust, self.durations, self.strangeness

    def only(self, rows: NDArray[np.bool_]) -> "Spans":
        """Some of the clips."""
        clips = tuple(clip for clip, wanted in zip(self.clips, rows, strict=True) if wanted)
        return Spans(clips, *(value[rows] for value in self._values))


def calibrated(head: Head, whole: Spans, cuts: Sequence[Spans]) -> Head:
    """The head with the temperatures, haste and boldness at which the softmax of held-out logits is most likely.

    Args:
        head: It knows what is familiar.
        whole: Clips that were held out. Every corpus counts as `CORPUS_WEIGHTS` says, every emotion in it the same.
        cuts: Such that were cut to several durations. All together count as much as `whole`.
    """
    held_out = (whole, *cuts)
    truth = [np.array([LABELS.index(clip.emotion) for clip in spans.clips]) for spans in held_out]
    shares = [1.0, *(1 / len(cuts) for _ in cuts)]
    weights = [share * balanced_weights(spans.clips) for spans, share in zip(held_out, shares, strict=True)]

    def having(values: NDArray[np.float64]) -> Head:
        haste, boldness = values[2:]
        one, other = np.exp(values[:2]).tolist()
        return replace(head, temperature=one, relative_temperature=other, haste=float(haste), boldness=float(boldness))

    def loss(values: NDArray[np.float64]) -> float:
        tried, total = having(values), 0.0
        for spans, labels, weight in zip(held_out, truth, weights, strict=True):
            for trust, logits in ((0.0, spans.alone), (spans.trust, spans.relative)):
                scores = tried.probabilities(logits, trust, spans.durations, np.clip(spans.strangeness, *STRANGENESS))
                total -= float((weight * np.log(scores[np.arange(len(labels)), labels] + _TINY)).mean())
        return total

    limits = [(-3.0, 3.0), (-3.0, 3.0), (0.0, MOST_HASTE), (0.0, MOST_BOLDNESS)]
    return having(minimize(loss, np.array([0.0, 0.0, 0.5, 0.5]), method="L-BFGS-B", bounds=limits).x)
