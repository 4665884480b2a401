"""How the logits of a recording become scores of any span of it: cumulative sums, one head, perhaps a baseline."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .baseline import Comparison
from .errors import OptionError
from .heads import Head
from .segment import top_label
from .types import Contribution, Segment

STRETCH = 3.0  # seconds of a recording whose mean frame is kept: as long as a window, mostly of one mood
_ALL = slice(None)


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """A recording as one head sees it.

    Attributes:
        head: What makes the scores.
        sums: float64 `(frames + 1, labels)`: logits summed from the beginning.
        counts: int64 `(frames + 1,)`: how many frames before each count; the sums hold theirs only. `None`: all.
        stretches: float32 `(stretches, dim)`: mean frames of each STRETCH.
        frame_rate: Frames per second.
        duration: Of the recording, in seconds.
        comparison: What every span is compared with.
    """

    head: Head
    sums: NDArray[np.float64]
    counts: NDArray[np.int64] | None
    stretches: NDArray[np.float32]
    frame_rate: float
    duration: float
    comparison: Comparison

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
        first, last = self.frames_of(start, end)
        counted = self.counted(start, end)
        return end - start if counted == last - first else counted / self.frame_rate

    def segment(self, start: float, end: float) -> Segment:
        """What a span says, of which frames count; times in seconds."""
        first, last = self.frames_of(start, end)
        logits = self.comparison.applied((self.sums[last] - self.sums[first]) / self.counted(start, end))
        seconds = self.seconds(start, end)
        near = slice(first // self._size, (last - 1) // self._size + 1)
        strange = self._strangeness(self._shares(np.array([first, last]), near), near, np.array([seconds]))[0]
        scores = self.head.scores(logits, trust=self._trust, duration=seconds, strangeness=float(strange))
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
        without = self.comparison.applied((self.sums[-1] - np.diff(self.sums[edges], axis=0)[usable]) / rest[:, None])
        others = self._shares(np.array([0, len(self.sums) - 1])) - self._shares(edges)[usable]
        changes = said.scores[label] - self._score(label, without, rest, others)
        rival = max((other for other in self.head.labels if other != label), key=said.scores.__getitem__)
        ours, theirs = self.head.labels.index(label), self.head.labels.index(rival)
        whole = self.comparison.applied(self.sums[-1] / counts[-1])
        margins = (whole[ours] - whole[theirs]) - (without[:, ours] - without[:, theirs])
        times = edges / self.frame_rate
        times[-1] = self.duration
        columns = (times[:-1][usable], times[1:][usable], changes, margins)
        return tuple(
            Contribution(start, end, label, score, margin)
            for start, end, score, margin in zip(*(column.tolist() for column in columns), strict=True)
        )

    @property
    def _trust(self) -> float:
        return float(self.comparison.trust)

    def _edges(self, step: float) -> NDArray[np.int64]:
        """The frames where stretches of `step` seconds begin, and the one behind the last."""
        starts = np.arange(0.0, self.duration, step) * self.frame_rate
        frames = len(self.sums) - 1
        return np.unique(np.append(np.minimum(starts.round().astype(np.int64), frames), frames))

    @property
    def _size(self) -> int:
        """Frames of a stretch."""
        return round(STRETCH * self.frame_rate)

    def _shares(self, edges: NDArray[np.int64], stretches: slice = _ALL) -> NDArray[np.int64]:
        """How many frames of each of these stretches count in each span between edges: `(spans, stretches)`."""
        numbers = np.arange(len(self.stretches))[stretches]
        first = np.clip(numbers * self._size, edges[:-1, None], edges[1:, None])
        last = np.clip((numbers + 1) * self._size, edges[:-1, None], edges[1:, None])
        return last - first if self.counts is None else self.counts[last] - self.counts[first]

    def _strangeness(
        self, shares: NDArray[np.int64], stretches: slice, seconds: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Of spans with so many frames of each of these stretches, `(spans,)`, as `Head.strangeness` has it."""
        if not self.head.boldness:
            return np.ones(len(shares))
        means = (shares / shares.sum(axis=1, keepdims=True)).astype(np.float32) @ self.stretches[stretches]
        return self.head.strangeness(means, seconds)

    def _score(
        self, label: str, logits: NDArray[np.float64], counts: NDArray[np.int64], shares: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """Of means of so many frames each, and of each stretch, `(…)`; the logits are compared ones."""
        seconds = counts / self.frame_rate
        strange = self._strangeness(shares, _ALL, seconds)
        scores: NDArray[np.float64] = self.head.probabilities(logits, self._trust, seconds, strange)
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
