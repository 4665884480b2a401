"""How the logits of a recording become scores of any span of it: cumulative sums, one head, perhaps a baseline."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .errors import OptionError
from .heads import Head
from .segment import top_label
from .types import Contribution, Segment


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """A recording as one head sees it.

    Attributes:
        head: What makes the scores.
        sums: float64 `(frames + 1, labels)`: logits summed from the beginning.
        counts: int64 `(frames + 1,)`: how many frames before each count; the sums hold theirs only. `None`: all.
        frame_rate: Frames per second.
        duration: Of the recording, in seconds.
        offset: float64 `(labels,)` or a number: added to the logits of every span.
        trust: As in `Head.temperature_at`.
    """

    head: Head
    sums: NDArray[np.float64]
    counts: NDArray[np.int64] | None
    frame_rate: float
    duration: float
    offset: NDArray[np.float64] | float = 0.0
    trust: float = 0.0

    def frames_of(self, start: float, end: float) -> tuple[int, int]:
        """The first frame of a span and the one behind its last: at least one frame."""
        frames = len(self.sums) - 1
        first = min(round(start * self.frame_rate), frames - 1)
        return first, frames if end >= self.duration else min(max(round(end * self.frame_rate), first + 1), frames)

    def counted(self, start: float, end: float) -> int:
        """How many frames of a span count."""
        first, last = self.frames_of(start, end)
        return last - first if self.counts is None else int(self.counts[last] - self.counts[first])

    def seconds(self, start: float, end: float) -> float:
        """How much of a span counts."""
        return end - start if self.counts is None else self.counted(start, end) / self.frame_rate

    def segment(self, start: float, end: float) -> Segment:
        """What a span says, of which frames count; times in seconds."""
        first, last = self.frames_of(start, end)
        logits = (self.sums[last] - self.sums[first]) / self.counted(start, end)
        scores = self.head.scores(logits + self.offset, trust=self.trust, duration=self.seconds(start, end))
        return Segment(start, end, top_label(scores), scores)

    def contributions(self, label: str | None, step: float) -> tuple[Contribution, ...]:
        """See `Listening.contributions`."""
        said = self.segment(0.0, self.duration)
        label = said.label if label is None else label
        self._check(label, step)
        edges = self._edges(step)
        counts = edges if self.counts is None else self.counts[edges]
        parts = np.diff(counts)
        usable = (parts > 0) & (parts < counts[-1])
        rest = counts[-1] - parts[usable]
        without = (self.sums[-1] - np.diff(self.sums[edges], axis=0)[usable]) / rest[:, None]  # (stretches, labels)
        changes = said.scores[label] - self._score(label, without, rest)
        rival = max((other for other in self.head.labels if other != label), key=said.scores.__getitem__)
        ours, theirs = self.head.labels.index(label), self.head.labels.index(rival)
        whole = self.sums[-1] / counts[-1]
        margins = (whole[ours] - whole[theirs]) - (without[:, ours] - without[:, theirs])
        times = edges / self.frame_rate
        times[-1] = self.duration
        columns = (times[:-1][usable], times[1:][usable], changes, margins)
        return tuple(
            Contribution(start, end, label, score, margin)
            for start, end, score, margin in zip(*(column.tolist() for column in columns), strict=True)
        )

    def _edges(self, step: float) -> NDArray[np.int64]:
        """The frames where stretches of `step` seconds begin, and the one behind the last."""
        starts = np.arange(0.0, self.duration, step) * self.frame_rate
        frames = len(self.sums) - 1
        return np.unique(np.append(np.minimum(starts.round().astype(np.int64), frames), frames))

    def _score(self, label: str, logits: NDArray[np.float64], counts: NDArray[np.int64]) -> NDArray[np.float64]:
        """Of means of so many frames each, `(…)`."""
        seconds = counts / self.frame_rate
        scores: NDArray[np.float64] = self.head.probabilities(logits + self.offset, self.trust, seconds)
        return scores[:, self.head.labels.index(label)]

    def _check(self, label: str, step: float) -> None:
        if label not in self.head.labels:
            known = ", ".join(self.head.labels)
            raise OptionError(
                f"The head has no label '{label}'; it has {known}.", f"分类头没有标签“{label}”；它有 {known}。"
            )
        if not (math.isfinite(step) and step * self.frame_rate >= 1):
            raise OptionError(
                f"Found a step of {step} s; wanted at least one frame, {1 / self.frame_rate:g} s.",
                f"步长为 {step} 秒；应至少为一帧，即 {1 / self.frame_rate:g} 秒。",
            )
