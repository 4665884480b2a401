"""What one pass over a recording leaves behind: every result is read off it, as often as one likes."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .baseline import baseline_doubts, check_model, comparison
from .doubts import UNFAMILIAR, UTTERANCE_ONLY, WINDOWS, in_order, mixed, unclear, unfamiliar
from .errors import AudioError, ModelError, OptionError
from .heads import Head
from .quality import MAX_UTTERANCE, REASONS
from .segment import label_regions, overlaps, speech_between, top_label, window_spans
from .types import Baseline, ModelInfo, Opinion, Prediction, Reason, Region, Segment, Source, Timeline, TimelineOptions

STRETCH = 3.0  # seconds of a recording that make one embedding of a baseline: as long as a window, mostly of one mood

_Frames = NDArray[np.float32]
_NO_OFFSET = np.zeros(())


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
        whole = self._segment(view, 0.0, self.duration)
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
            OptionError: When window or hop are impossible.
        """
        options = options or TimelineOptions()
        _check(options)
        view = self._view(head, baseline)
        plain = [self._segment(view, start, end) for start, end in window_spans(self.duration, options)]
        windows = self._doubted(view.head, plain)
        segments = self._doubted(view.head, label_regions(self.regions, windows, options.min_segment))
        utterance = self.predict(head=head, baseline=baseline)
        doubts = tuple(reason for reason in utterance.doubts if reason.code not in UTTERANCE_ONLY)
        absolute = None if baseline is None else self.timeline(options, head=head)
        return Timeline(replace(utterance, doubts=doubts), windows, segments, self.regions, options, absolute)

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
        spoken = seconds > 0
        return Baseline(self._stretches[spoken], seconds[spoken], 1, self.info)

    def _opinion(self, view: "_View") -> Opinion:
        said = self._segment(view, 0.0, self.duration)
        return Opinion(said.label, said.scores, self._doubts(view, said))

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

    def _doubts(self, view: "_View", said: Segment, others: tuple[Reason, ...] = ()) -> tuple[Reason, ...]:
        """Reasons to doubt what is said about the whole recording."""
        if not self.regions:  # silence and other sounds: what the model makes of them does not matter
            return in_order((*self.quality, *others))
        far = unfamiliar(view.head, self.embedding[None], np.array([self.duration]))[0]
        return _reasons((*self.quality, *self._mixed(view), *others), far=bool(far), scores=said.scores)

    def _mixed(self, view: "_View") -> tuple[Reason, ...]:
        if not 2 * WINDOWS.window <= self.duration <= MAX_UTTERANCE:
            return ()
        windows = [self._segment(view, start, end) for start, end in window_spans(self.duration, WINDOWS)]
        spoken = [window for window, speech in zip(windows, overlaps(self.regions, windows), strict=True) if speech]
        return mixed(spoken)

    def _view(self, head: Head | None, baseline: Baseline | None) -> "_View":
        head = head or self._heads[0]
        if head not in self._heads:
            raise ModelError(
                "The recording was not listened to with this head. Name it in `listen(…, heads=…)`.",
                "分析录音时没有使用该分类头。请在 `listen(…, heads=…)` 中给出。",
            )
        first = sum(len(other.labels) for other in self._heads[: self._heads.index(head)])
        sums = self._sums[:, first : first + len(head.labels)]
        if baseline is None:
            return _View(head, sums, self._strangeness(head), _NO_OFFSET, 0.0)
        check_model(baseline, self.info)
        compared = comparison(baseline, head)
        return _View(head, sums, self._strangeness(head), compared.offset, float(compared.trust))

    @property
    def _edges(self) -> NDArray[np.float64]:
        """Where the stretches begin and end, in seconds: `(stretches + 1,)`."""
        edges: NDArray[np.float64] = np.minimum(np.arange(len(self._stretches) + 1) * STRETCH, self.duration)
        return edges

    def _strangeness(self, head: Head) -> NDArray[np.float64]:
        """Of each stretch, `(stretches,)`."""
        return head.strangeness(self._stretches, np.diff(self._edges))

    def _segment(self, view: "_View", start: float, end: float) -> Segment:
        """A span of at least one frame; times in seconds."""
        frames = len(view.sums) - 1
        first = min(round(start * self.info.frame_rate), frames - 1)
        last = frames if end >= self.duration else max(round(end * self.info.frame_rate), first + 1)
        logits = (view.sums[last] - view.sums[first]) / (last - first)
        if (first, last) == (0, frames):
            strangeness = view.head.strangeness(self.embedding[None], np.array([self.duration]))[0]
        else:
            low, high = _area(np.log(view.strangeness), self._edges, np.array([start, end]))
            strangeness = math.exp((high - low) / (end - start))
        scores = view.head.scores(
            logits + view.offset, trust=view.trust, duration=end - start, strangeness=float(strangeness)
        )
        return Segment(start, end, top_label(scores), scores)


@dataclass(frozen=True, slots=True, eq=False)
class _View:
    """How logits become scores."""

    head: Head
    sums: NDArray[np.float64]  # (frames + 1, labels)
    strangeness: NDArray[np.float64]  # (stretches,)
    offset: NDArray[np.float64]
    trust: float


def _area(heights: NDArray[Any], edges: NDArray[np.float64], times: NDArray[np.float64]) -> NDArray[np.float64]:
    """The area under steps up to these times, in their shape; step n goes from edge n to edge n + 1."""
    areas: NDArray[np.float64] = np.interp(times, edges, np.concatenate([[0.0], (heights * np.diff(edges)).cumsum()]))
    return areas


def _reasons(found: Iterable[Reason], *, far: bool, scores: Mapping[str, float]) -> tuple[Reason, ...]:
    """These reasons and those about familiarity and scores, in order."""
    return in_order((*found, *((UNFAMILIAR,) if far else ()), *unclear(scores)))


def _check(options: TimelineOptions) -> None:
    times = (options.window, options.hop, options.min_segment)
    if not (all(map(math.isfinite, times)) and 0 < options.hop <= options.window and options.min_segment >= 0):
        raise OptionError(
            f"Found window {options.window} s, hop {options.hop} s and shortest segment {options.min_segment} s; wanted "
            "0 < hop ≤ window, and finite times that are not negative.",
            f"窗长 {options.window} 秒、步长 {options.hop} 秒、最短片段 {options.min_segment} 秒；"
            "要求 0 < 步长 ≤ 窗长，且时间有限、不为负。",
        )
