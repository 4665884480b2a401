"""How many recordings express what they are expected to, and how sure that number is."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import NormalDist

from ..evaluation.metrics import LEVEL


@dataclass(frozen=True, slots=True)
class Rate:
    """A target-emotion rate.

    Attributes:
        passed: Recordings that express what they are expected to.
        judged: Recordings that were heard, doubtful ones among them: at least 1.
    """

    passed: int
    judged: int

    @property
    def share(self) -> float:
        """Of recordings that passed, 0…1."""
        return self.passed / self.judged

    @property
    def interval(self) -> tuple[float, float]:
        """Where the share of all such recordings lies with a confidence of 95 %, 0…1."""
        return wilson(self.passed, self.judged)

    def reaches(self, share: float) -> bool:
        """Whether at least so many of these recordings passed, 0…1."""
        return self.passed >= share * self.judged - 1e-9


def rate(outcomes: Iterable[bool]) -> Rate | None:
    """The rate of recordings that passed or not; `None` when there are none."""
    counted = list(outcomes)
    return Rate(sum(counted), len(counted)) if counted else None


def wilson(hits: int, trials: int, level: float = LEVEL) -> tuple[float, float]:
    """The interval of a share, 0…1: right for few trials and near 0 and 1 too.

    Source: Wilson, Probable inference, the law of succession, and statistical inference. JASA 22 (1927), 209–212.

    Args:
        hits: How many.
        trials: Out of how many, at least 1.
        level: How sure, 0…1.
    """
    z = NormalDist().inv_cdf((1 + level) / 2)
    share = hits / trials
    centre = share + z**2 / (2 * trials)
    margin = z * math.sqrt(share * (1 - share) / trials + z**2 / (4 * trials**2))
    total = 1 + z**2 / trials
    return max(0.0, (centre - margin) / total), min(1.0, (centre + margin) / total)
