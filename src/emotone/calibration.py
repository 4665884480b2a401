"""Sets of labels that hold the true one as often as promised, fitted to labelled recordings.

A set has every label whose score is at least a threshold. The threshold is what the true labels of so many recordings reach.
At equal coverage these sets are smaller than those that add up scores (APS, RAPS); docs/en/doubt.md has the numbers.
Source: Sadinle, Lei & Wasserman 2019, "Least Ambiguous Set-Valued Classifiers with Bounded Error Levels".
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

COVERAGE = 0.9
"""The usual promise."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """How the label sets of a head are made, and what for.

    Attributes:
        coverage: The promised share of recordings whose true label is in their set, 0…1.
        threshold: The least score of a label in a set, 0…1.
        measured: The share that was reached on speakers that were held out; `None` when that could not be measured.
        clips: How many it was fitted to.
        speakers: Of how many speakers; 0 when none are named.
    """

    coverage: float
    threshold: float
    measured: float | None
    clips: int
    speakers: int

    def label_set(self, scores: Mapping[str, float]) -> tuple[str, ...]:
        """The labels that come into question, the likeliest first: one at least."""
        order = sorted(scores, key=lambda label: -scores[label])
        return (order[0], *(label for label in order[1:] if scores[label] >= self.threshold))

    def to_json(self) -> dict[str, Any]:
        """A JSON object that `from_json` reads."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Calibration":
        """Raises `KeyError`, `TypeError` or `ValueError` when a field is missing or impossible."""
        measured = data["measured"]
        found = cls(
            float(data["coverage"]),
            float(data["threshold"]),
            None if measured is None else float(measured),
            int(data["clips"]),
            int(data["speakers"]),
        )
        if not (0 < found.coverage < 1 and 0 <= found.threshold <= 1):
            raise ValueError(f"coverage {found.coverage} and threshold {found.threshold} are impossible")
        return found


def fit_threshold(scores: NDArray[np.float64], speakers: NDArray[np.int64], coverage: float) -> float:
    """The least score of a label in a set, so that as many of such clips as wanted have their true label in their set.

    Each speaker counts alike, however many clips there are; as if there were one more clip, whose true label was expected
    least, so that few clips make large sets.

    Args:
        scores: Of the true label of each clip, `(clips,)`.
        speakers: The number of each clip's speaker, `(clips,)`, from 0; all the same when none are named.
        coverage: The wanted share of clips whose true label is in their set, 0…1.
    """
    counts = np.bincount(speakers)
    weights = 1 / counts[speakers] / np.count_nonzero(counts)
    order = np.argsort(-scores)
    reached = np.cumsum(weights[order])
    place = int(np.searchsorted(reached, coverage * (1 + 1 / len(scores)) - 1e-9))
    return float(scores[order[place]]) if place < len(order) else 0.0
