"""What one pass over a recording leaves behind: every result is read off it, as often as one likes."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .baseline import Comparison, baseline_doubts, check_model, comparison
from .doubts import UNFAMILIAR, UTTERANCE_ONLY, WINDOWS, in_order, mixed, unclear, unfamiliar
from .errors import AudioError, ModelError, OptionError
from .heads import Head
from .quality import MAX_UTTERANCE, MIN_DURATION, REASONS
from .segment import common, label_regions, overlaps, speech_between, window_spans
from .text import Text
from .types import (
    Baseline,
    Contribution,
    ModelInfo,
    Opinion,
    Prediction,
    Reason,
    Region,
    Segment,
    Source,
    Timeline,
    TimelineOptions,
    Turn,
)
from .view import STRETCH, View

SHORT_TURN = Reason(
    "short_turn",
    Text("The turn is shorter than 1 s, so its result says little.", "该话轮短于 1 秒，结果参考价值有限。"),
    Text("Look at longer turns.", "请参考较长的话轮。"),
)

MOST_WINDOWS = 200_000  # of a timeline: more than a day of them at the usual hop; a tiny hop would only fill the memory

_Frames = NDArray[np.float32]
_LENGTHS = frozenset(
    {"too_short", "too_long", "length_advice"}
)  # codes of reasons that count the whole recording's seconds


@dataclass(frozen=True, slots=True, eq=False)
class Listening:
    """A recording that was listened to.

    Attributes:
        info: The model.
        source: The recording.
        duration: In seconds.
        regions: Where there is speech.
        quality: What is wrong with the recording, the gravest first.
        embedding: float32 `(dim,)`: the mean of its frames.
        frames: float32 `(frames, dim)`, `info.frame_rate` of them a second, when they were asked for.
        levels: float32 `(chunks,)`: how loud each 32 ms are, in dB of full scale.
        replicas: Names of those that listened, when that was done elsewhere.
    """

    info: ModelInfo
    source: Source
    duration: float
    regions: tuple[Region, ...] = field(repr=False)
    quality: tuple[Reason, ...]
    embedding: _Frames = field(repr=False)
    frames: _Frames | None = field(repr=False)
    _heads: tuple[Head, ...] = field(repr=False)
    _sums: NDArray[np.float64] = field(
        repr=False
    )  # (frames + 1, labels of all heads): logits summed from the beginning
    _stretches: _Frames = field(repr=False)  # (stretches, dim): mean frames of each STRETCH
    levels: _Frames = field(repr=False)
    _counts: NDArray[np.int64] | None = field(default=None, repr=False)  # (frames + 1,): frames that count; None: all
    replicas: tuple[str, ...] = ()

    def predict(self, *, head: Head | None = None, baseline: Baseline | None = None) -> Prediction:
        """Which emotion is expressed in the recording as a whole.

        Args:
            head: One of the heads that it was listened to with; `None` is the first of them.
            baseline: The usual sound of this voice. The result then says how the recording differs from it, and what is
                said without it is in `absolute`.

        Raises:
            ModelError: When the head was not there, or the baseline was made by another model.
        """
        view = self._view(head, baseline)
        whole = view.segment(0.0, self.duration)
        others = () if baseline is None else baseline_doubts(baseline, view.head)
        calibration = view.head.calibration if baseline is None else None
        return Prediction(
            whole.label,
            whole.scores,
            self.embedding,
            self.duration,
            self._doubts(view, whole, others),
            self.info,
            self.source,
            baseline,
            None if baseline is None else self._opinion(self._view(head, None)),
            label_set=None if calibration is None else calibration.label_set(whole.scores),
        )

    def timeline(
        self, options: TimelineOptions | None = None, *, head: Head | None = None, baseline: Baseline | None = None
    ) -> Timeline:
        """Which emotion is expressed when: scores of a sliding window, and segments of speech.

        Args:
            options: How the recording is cut.
            head: As in `predict`.
            baseline: As in `predict`.

        Raises:
            ModelError: As in `predict`.
            OptionError: When window or hop are impossible, or the hop is too short for so long a recording.
        """
        options = options or TimelineOptions()
        check_cut(options, self.duration)
        view = self._view(head, baseline)
        windows = self._doubted(view.head, self._windows(view, options))
        segments = self._doubted(view.head, label_regions(self.regions, windows, options.min_segment))
        utterance = self.predict(head=head, baseline=baseline)
        doubts = tuple(reason for reason in utterance.doubts if reason.code not in UTTERANCE_ONLY)
        absolute = None if baseline is None else self.timeline(options, head=head)
        return Timeline(replace(utterance, doubts=doubts), windows, segments, self.regions, options, absolute)

    def turns(
        self, turns: Sequence[Turn], *, head: Head | None = None, baseline: Baseline | None = None
    ) -> tuple[Segment, ...]:
        """What each turn expresses: one segment for each, in their order, with its text.

        Args:
            turns: They may overlap, be shorter than a frame, and end after the recording, which ends them; each must begin
                before that.
            head: As in `predict`.
            baseline: As in `predict`.

        Raises:
            ModelError: As in `predict`.
        """
        view = self._view(head, baseline)
        spans = [view.segment(turn.start, min(turn.end, self.duration)) for turn in turns]
        return tuple(
            replace(
                segment,
                text=turn.text,
                doubts=in_order((*segment.doubts, *((SHORT_TURN,) if segment.duration < MIN_DURATION else ()))),
            )
            for segment, turn in zip(self._doubted(view.head, spans), turns, strict=True)
        )

    def within(self, stretches: Sequence[Region]) -> "Listening":
        """The same recording as if nothing but these stretches had been heard: what one of several speakers says.

        Every span counts their frames only, and windows without any are left out. `embedding` is the mean of the recording's
        stretches of 3 s, weighted by what lies in these. Where no speech is in them, that is a reason to doubt.

        Args:
            stretches: In any order; they may overlap. When there are none, all counts.
        """
        whole = self._view(None, None)
        counted = np.zeros(len(self._sums) - 1, bool)
        for stretch in stretches:
            counted[slice(*whole.frames_of(stretch.start, stretch.end))] = True
        all_counted = np.ones_like(counted) if self._counts is None else np.diff(self._counts) > 0
        counted = counted & all_counted if (counted & all_counted).any() else all_counted
        sums = np.zeros_like(self._sums)
        np.subtract(self._sums[1:], self._sums[:-1], out=sums[1:])
        sums[1:][~counted] = 0
        sums[1:].cumsum(axis=0, out=sums[1:])
        counts = np.concatenate([[0], counted.cumsum()])
        regions = common(self.regions, stretches)
        frames = self._stretch_frames(counts)
        return replace(
            self,
            regions=regions,
            quality=self._quality_of(regions, counts[-1] / self.info.frame_rate),
            embedding=(frames @ self._stretches / frames.sum()).astype(np.float32),
            _sums=sums,
            _counts=counts,
        )

    def contributions(
        self, label: str | None = None, *, head: Head | None = None, baseline: Baseline | None = None, step: float = 1.0
    ) -> tuple[Contribution, ...]:
        """Which seconds decided: how much lower the score of a label would be without each of them.

        The head is linear, so this is exact, not an estimate: `within` all the others says the same.

        Args:
            label: What to explain; `None`: what `predict` says.
            head: As in `predict`.
            baseline: As in `predict`.
            step: Length of a stretch in seconds. A recording that is no longer has no contributions.

        Raises:
            ModelError: As in `predict`.
            OptionError: When the head has no such label, or the step is impossible.
        """
        return self._view(head, baseline).contributions(label, step)

    def baseline(self) -> Baseline:
        """How the voice sounds in this recording: its own baseline, when the recording is long and of changing mood.

        Raises:
            AudioError: When there is no speech.
        """
        seconds = speech_between(self.regions, np.arange(len(self._stretches) + 1) * STRETCH)
        if not seconds.any():
            raise AudioError(
                f"No speech was found in '{self.source.name}'. A baseline needs recordings of the voice.",
                f"在“{self.source.name}”中未检测到语音。基线需要该说话人的录音。",
            )
        if self._counts is not None:  # stretches that are mostly somebody else's say little about this voice
            own = self._stretch_frames(self._counts) * 2 >= round(STRETCH * self.info.frame_rate)
            seconds = np.where(own, seconds, 0.0) if seconds[own].any() else seconds
        spoken = seconds > 0
        return Baseline(self._stretches[spoken], seconds[spoken], 1, self.info)

    def _stretch_frames(self, counts: NDArray[np.int64]) -> NDArray[np.int64]:
        """How many frames of each stretch count, `(stretches,)`."""
        edges = np.arange(len(self._stretches) + 1) * round(STRETCH * self.info.frame_rate)
        return np.diff(counts[np.minimum(edges, len(counts) - 1)])

    def _quality_of(self, regions: Sequence[Region], seconds: float) -> tuple[Reason, ...]:
        """What is wrong with a part of the recording with these regions of speech."""
        found = {reason.code for reason in self.quality} - _LENGTHS
        if seconds < MIN_DURATION:
            found.add("too_short")
        if not regions and "silent" not in found:
            found.add("no_speech")
        return tuple(reason for code, reason in REASONS.items() if code in found)

    def _opinion(self, view: View) -> Opinion:
        said = view.segment(0.0, self.duration)
        return Opinion(said.label, said.scores, self._doubts(view, said))

    def _windows(self, view: View, options: TimelineOptions) -> list[Segment]:
        return [view.segment(*span) for span in window_spans(self.duration, options) if view.counted(*span)]

    def _doubted(self, head: Head, spans: Sequence[Segment]) -> tuple[Segment, ...]:
        """The same spans with reasons to doubt each."""
        if not spans:
            return ()
        spoken, far = overlaps(self.regions, spans), self._far(head, spans)
        return tuple(
            replace(span, doubts=_reasons((), far=strange, scores=span.scores) if speech else (REASONS["no_speech"],))
            for span, speech, strange in zip(spans, spoken, far, strict=True)
        )

    def _far(self, head: Head, spans: Sequence[Segment]) -> NDArray[np.bool_]:
        """Which spans are mostly of stretches far from what the head learned from."""
        first, last = np.array([span.start for span in spans]), np.array([span.end for span in spans])
        far = unfamiliar(head, self._stretches, np.diff(self._edges))
        mostly: NDArray[np.bool_] = (
            np.diff(_area(far, self._edges, np.stack([first, last])), axis=0)[0] > (last - first) / 2
        )
        return mostly

    def _doubts(self, view: View, said: Segment, others: tuple[Reason, ...] = ()) -> tuple[Reason, ...]:
        """Reasons to doubt what is said about the whole recording."""
        if not self.regions:  # silence and other sounds: what the model makes of them does not matter
            return in_order((*self.quality, *others))
        seconds = view.seconds(0.0, self.duration)
        far = unfamiliar(view.head, self.embedding[None], np.array([seconds]))[0]
        return _reasons((*self.quality, *self._mixed(view), *others), far=bool(far), scores=said.scores)

    def _mixed(self, view: View) -> tuple[Reason, ...]:
        if not 2 * WINDOWS.window <= self.duration <= MAX_UTTERANCE:
            return ()
        windows = self._windows(view, WINDOWS)
        spoken = [window for window, speech in zip(windows, overlaps(self.regions, windows), strict=True) if speech]
        return mixed(spoken)

    def _view(self, head: Head | None, baseline: Baseline | None) -> View:
        head = head or self._heads[0]
        if head not in self._heads:
            raise ModelError(
                "The recording was not listened to with this head. Name it in `listen(…, heads=…)`.",
                "分析录音时没有使用该分类头。请在 `listen(…, heads=…)` 中给出。",
            )
        first = sum(len(other.labels) for other in self._heads[: self._heads.index(head)])
        sums = self._sums[:, first : first + len(head.labels)]
        if baseline is None:
            compared = Comparison.none(head)
        else:
            check_model(baseline, self.info)
            compared = comparison(baseline, head)
        return View(head, sums, self._counts, self._stretches, self.info.frame_rate, self.duration, compared)

    @property
    def _edges(self) -> NDArray[np.float64]:
        """Where the stretches begin and end, in seconds: `(stretches + 1,)`."""
        edges: NDArray[np.float64] = np.minimum(np.arange(len(self._stretches) + 1) * STRETCH, self.duration)
        return edges


def _area(heights: NDArray[Any], edges: NDArray[np.float64], times: NDArray[np.float64]) -> NDArray[np.float64]:
    """The area under steps up to these times, in their shape; step n goes from edge n to edge n + 1."""
    areas: NDArray[np.float64] = np.interp(times, edges, np.concatenate([[0.0], (heights * np.diff(edges)).cumsum()]))
    return areas


def _reasons(found: Iterable[Reason], *, far: bool, scores: Mapping[str, float]) -> tuple[Reason, ...]:
    """These reasons and those about familiarity and scores, in order."""
    return in_order((*found, *((UNFAMILIAR,) if far else ()), *unclear(scores)))


def check_cut(options: TimelineOptions, duration: float = 0.0) -> None:
    """Raises `OptionError` when window, hop or the shortest segment are impossible, or the hop too short for the duration."""
    times = (options.window, options.hop, options.min_segment)
    if not (all(map(math.isfinite, times)) and 0 < options.hop <= options.window and options.min_segment >= 0):
        raise OptionError(
            f"Found window {options.window} s, hop {options.hop} s and shortest segment {options.min_segment} s; wanted "
            "0 < hop ≤ window, and finite times that are not negative.",
            f"窗长 {options.window} 秒、步长 {options.hop} 秒、最短片段 {options.min_segment} 秒；"
            "要求 0 < 步长 ≤ 窗长，且时间有限、不为负。",
        )
    if duration / options.hop > MOST_WINDOWS:
        least = duration / MOST_WINDOWS
        raise OptionError(
            f"A hop of {options.hop:g} s is too short for {duration:.0f} s of sound; wanted at least {least:.2g} s.",
            f"录音长 {duration:.0f} 秒，步长 {options.hop:g} 秒过短；至少需要 {least:.2g} 秒。",
        )
