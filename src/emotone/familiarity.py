"""How far a sound is from what a head learned from: the model's confidence cannot tell, as it knows nothing else.

Embeddings of speech lie close to a few directions; other sounds leave them. The distance is that of a normal distribution
whose covariance is exact along the main directions and the same in all others, so that a few rows say it all.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .packing import pack, unpack

RANK = 32  # main directions: what trained encoders learned is in many (benchmarks/doubt.md); 32 × 512 values are 64 kB
ACCEPTED = 0.95  # of recordings of corpora that were left out are within the limit
FOLDS = 5  # of speakers, when there is one corpus

_Values = NDArray[np.float64]
_LEAST_SHARE = 1e-4  # of the mean variance: what varies less in training is taken to vary as much
_SHORTEST = 0.2  # seconds


@dataclass(frozen=True, slots=True, eq=False)
class Familiarity:
    """What the embeddings of a head's training clips are like.

    Attributes:
        centre: float32 `(dim,)`: their mean.
        axes: float32 `(rank, dim)`, orthonormal: the main directions.
        variances: float32 `(rank,)`: along them.
        rest: The variance in every other direction.
        usual: The mean squared distance of endless speech of one voice, and how much one second of it has more. What is
            said in t seconds lies at `usual[0] + usual[1] / t`: the mean of few frames strays.
        limit: Times that distance; beyond, a recording is not like those that were learned from.
    """

    centre: NDArray[np.float32]
    axes: NDArray[np.float32]
    variances: NDArray[np.float32]
    rest: float
    usual: tuple[float, float]
    limit: float

    def strangeness(self, embeddings: NDArray[np.float32], durations: NDArray[np.float64]) -> _Values:
        """How many times as far away as speech from training usually is: `(spans,)`, 1 for the usual.

        Args:
            embeddings: `(spans, dim)`.
            durations: `(spans,)`, in seconds.
        """
        return self._distances(embeddings) / self._expected(durations)

    def _distances(self, embeddings: NDArray[np.float32]) -> _Values:
        """Squared distances for each dimension, `(spans,)`."""
        away = embeddings.astype(np.float64) - self.centre
        along = np.einsum("sd,rd->sr", away, self.axes)  # not `@`: see Head.logits
        beside = np.maximum((away**2).sum(axis=1) - (along**2).sum(axis=1), 0)
        distances: _Values = ((along**2 / self.variances).sum(axis=1) + beside / self.rest) / away.shape[1]
        return distances

    def _expected(self, durations: NDArray[np.float64]) -> _Values:
        endless, second = self.usual
        return endless + second / np.maximum(durations, _SHORTEST)

    def to_json(self) -> dict[str, Any]:
        """A JSON object that `from_json` reads; arrays as base64 of little-endian float32."""
        return {
            "centre": pack(self.centre),
            "axes": pack(self.axes),
            "variances": pack(self.variances),
            "rest": self.rest,
            "usual": list(self.usual),
            "limit": self.limit,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Familiarity":
        """Raises `KeyError`, `TypeError` or `ValueError` when fields are missing or do not fit each other."""
        centre, rest = unpack(data["centre"]), float(data["rest"])
        axes, variances = unpack(data["axes"]).reshape(-1, centre.size), unpack(data["variances"])
        endless, second = map(float, data["usual"])
        found = cls(centre, axes, variances, rest, (endless, second), float(data["limit"]))
        numbers = np.concatenate([centre, axes.ravel(), variances, [rest, endless, second, found.limit]])
        positive = (*variances, rest, endless + second, found.limit)
        if (
            len(variances) != len(axes)
            or not np.isfinite(numbers).all()
            or min(positive) <= 0
            or min(endless, second) < 0
        ):
            raise ValueError("the numbers of what is familiar do not fit each other")
        return found


def fit_familiarity(
    embeddings: NDArray[np.float32],
    durations: NDArray[np.float64],
    speakers: Sequence[str],
    corpora: Sequence[str],
    rank: int = RANK,
) -> Familiarity:
    """What clips are like, and how far away others may be: as far as clips of a corpus that was left out.

    Args:
        embeddings: float32 `(clips, dim)`.
        durations: `(clips,)`, in seconds.
        speakers: Of each clip; different in different corpora.
        corpora: Where each clip comes from; all count alike. When it is one, speakers are left out instead.
        rank: Main directions; fewer when there are few clips.

    Raises:
        ValueError: When there are fewer than two corpora and fewer than two speakers.
    """
    origin = np.unique(np.asarray(corpora), return_inverse=True)[1]
    speaker = np.unique(np.asarray(speakers), return_inverse=True)[1]
    fold = origin if origin.max() else speaker % FOLDS
    if not fold.max():
        raise ValueError("wanted clips of two corpora or of two speakers")
    weights = 1 / np.bincount(origin)[origin]
    strangeness = np.empty(len(embeddings))
    for number in np.unique(fold):
        held = fold == number
        known = describe(embeddings[~held], durations[~held], speaker[~held], weights[~held], rank)
        strangeness[held] = known.strangeness(embeddings[held], durations[held])
    whole = describe(embeddings, durations, speaker, weights, rank)
    return replace(whole, limit=_weighted_quantile(strangeness, weights, ACCEPTED))


def describe(
    embeddings: NDArray[np.float32],
    durations: NDArray[np.float64],
    speaker: NDArray[np.int64],
    weights: _Values,
    rank: int = RANK,
) -> Familiarity:
    """What clips are like; the limit is still to be found, on others.

    Args:
        embeddings: float32 `(clips, dim)`.
        durations: `(clips,)`, in seconds.
        speaker: `(clips,)`: clips of one number are of one voice.
        weights: `(clips,)`: how much each counts.
        rank: Main directions; fewer when there are few clips.
    """
    shares = (weights / weights.sum())[:, None]
    centre = (embeddings * shares).sum(axis=0)
    away = embeddings - centre
    variances, axes = np.linalg.eigh((away * shares).T @ away)
    rank = min(rank, len(embeddings) // 4, len(centre) // 2)
    rest = max(float(variances[: len(centre) - rank].mean()), _LEAST_SHARE * float(variances.mean()))
    main = np.maximum(variances[::-1][:rank], rest)
    found = Familiarity(
        centre.astype(np.float32),
        np.ascontiguousarray(axes[:, ::-1][:, :rank].T, np.float32),
        main.astype(np.float32),
        rest,
        (1.0, 0.0),
        1.0,
    )
    distances = found._distances(embeddings)
    voices = np.unique(speaker)
    means = np.array([embeddings[speaker == voice].mean(axis=0) for voice in voices])
    counts = np.array([(speaker == voice).sum() for voice in voices])
    # The mean of a voice's clips is a long recording of it.
    long = counts >= np.median(counts)
    endless = min(float(found._distances(means[long]).mean()), float(np.average(distances, weights=weights)))
    second = float(np.average((distances - endless) * np.maximum(durations, _SHORTEST), weights=weights))
    return replace(found, usual=(endless, max(second, 0.0)))


def _weighted_quantile(values: _Values, weights: _Values, share: float) -> float:
    order = np.argsort(values)
    reached = np.cumsum(weights[order]) / weights.sum()
    return float(values[order][np.searchsorted(reached, share)])
