"""A recording that is analysed while it is made: samples in, events out, and at the end the result of the whole."""

import hashlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .baseline import check_model, joined, not_a_baseline
from .errors import EmptyAudioError, OptionError
from .events import Event, Result, SegmentEnded, SpeechEnded, SpeechStarted, Window
from .hearing import Hearing
from .listening import Listening, check_cut
from .onsets import SpeechWatch
from .resample import Grouping, Intake
from .samples import check_array, to_float
from .types import SAMPLE_RATE, Baseline, Region, Segment, Signal, Source, TimelineOptions

AUTO: Literal["auto"] = "auto"
"""The baseline of a stream that is its own."""

SHORTEST_HOP, LONGEST_WINDOW = 0.1, 30.0  # seconds: more often is more work than one core can do
FIRST_WINDOW = 1.0  # seconds that are heard before there is a window: the scores of less are noise
LONGEST_SEGMENT = 30.0  # seconds of speech without an end after which what was said is given all the same
OWN_BASELINE = 600.0  # seconds of its last speech that a stream is compared with

_REST = 2.0  # seconds of speech that are left over at least, so that a cut leaves no splinter
_KEPT = 2.0  # seconds: more than passes until it is known that speech started
_CUT = TimelineOptions()


@dataclass(frozen=True, slots=True)
class StreamOptions:
    """What a stream is asked for.

    Attributes:
        window: As in `TimelineOptions`; up to 30 s.
        hop: As in `TimelineOptions`; 0.1 s or more.
        min_segment: As in `TimelineOptions`.
        result: Whether a result is wanted at the end. Without, memory does not grow with the stream; with it, by about 4 kB
            for each second.
        name: What the result calls the recording.
    """

    window: float = _CUT.window
    hop: float = _CUT.hop
    min_segment: float = _CUT.min_segment
    result: bool = True
    name: str = "stream"


@dataclass(frozen=True, slots=True)
class Task:
    """Work that became due. Tasks of one kind are run in order, one at a time; those of different kinds may run side by side.

    Attributes:
        kind: `window` and `segments` give events of these kinds; `hearing` listens on for the result, and gives it at last.
        at: When it became due, in seconds of signal.
        run: Does the work, and returns its events.
    """

    kind: Literal["window", "segments", "hearing"]
    at: float
    run: Callable[[], tuple[Event, ...]]


Due: TypeAlias = Event | Task


class Stream:
    """A recording that is being made, of `Recognizer.stream`. For one thread at a time.

    Args:
        hear: What begins to listen to a recording, with the head that answers.
        options: What is asked for.
        sample_rate: Of the samples, in Hz.
        channel: The channel to listen to, counted from 0; `None` takes the mean of all.
        baseline: The usual sound of the voice, `AUTO`, or none.

    Raises:
        InvalidSamplesError: When there is no such sample rate.
        ModelError: When another model made the baseline.
        OptionError: When window or hop are impossible, or the baseline is something else.
    """

    def __init__(
        self,
        hear: Callable[[], Hearing],
        options: StreamOptions,
        *,
        sample_rate: int,
        channel: int | None,
        baseline: Baseline | Literal["auto"] | None,
    ) -> None:
        self._cut = TimelineOptions(options.window, options.hop, options.min_segment)
        _check(self._cut)
        check_array(np.empty(0, np.float32), sample_rate)
        self._analyst = _Analyst(hear, self._cut, baseline)
        self._whole = _Whole(hear(), options.name, self._cut, baseline) if options.result else None
        self._rate = sample_rate
        self._intake = Intake(channel, options.name)
        self._watch = SpeechWatch()
        self._recent = _Recent()
        self._windows = 0  # that were due
        self._speech: int | None = None  # the first sample of the speech that is not yet in a segment
        self._ended = False

    @property
    def duration(self) -> float:
        """Seconds that were heard; a resampler holds back some milliseconds."""
        return self._recent.end / SAMPLE_RATE

    def feed(self, samples: NDArray[Any]) -> list[Event]:
        """What can be said after these samples, in order.

        Args:
            samples: The next ones, of any length: `(samples,)` or `(samples, channels)`, floats in -1…1 or integers.

        Raises:
            AudioError: When samples are impossible, or the channel does not exist. The stream is as it was before.
            OptionError: When the stream has ended.
        """
        return list(_done(self.advance(samples)))

    def finish(self) -> list[Event]:
        """Ends the stream. The result, if one is wanted, is the last event.

        Raises:
            EmptyAudioError: When a result is wanted of no samples.
            OptionError: When the stream has ended before.
        """
        return list(_done(self.end()))

    def advance(self, samples: NDArray[Any]) -> Iterator[Due]:
        """As `feed`, but what takes time is given as tasks, to be run elsewhere. To be read to its end."""
        self._check_open()
        check_array(samples, self._rate)
        block = to_float(samples if samples.ndim == 2 else samples[:, None])
        signal = self._intake.add(block.T, self._rate)
        if self._whole is not None:
            self._whole.digest(block)
        return self._advance(signal.copy())  # the caller may use the array again

    def end(self) -> Iterator[Due]:
        """As `finish`, with tasks."""
        self._check_open()
        self._ended = True
        yield from self._advance(self._intake.end())
        yield from self._told(self._watch.end(self.duration))
        if self._whole is not None:
            yield from self._whole.end(self.duration)

    def _check_open(self) -> None:
        if self._ended:
            raise OptionError("The stream has ended. Begin another one.", "该流已结束。请重新开始一个。")

    def _advance(self, signal: Signal) -> Iterator[Due]:
        if self._whole is not None:
            yield from self._whole.add(signal, self.duration)
        while signal.size:
            size = min(self._watch.missing, self._next_window - self._recent.end)
            piece, signal = signal[:size], signal[size:]
            self._recent.add(piece)
            yield from self._told(self._watch.add(piece))
            if self._recent.end == self._next_window:
                yield from self._window()
            self._forget()

    @property
    def _next_window(self) -> int:
        """The sample at which the next window ends."""
        return round((self._windows + 1) * self._cut.hop * SAMPLE_RATE)

    def _window(self) -> Iterator[Task]:
        self._windows += 1
        end = self._recent.end
        start = max(0, end - round(self._cut.window * SAMPLE_RATE))
        if end >= min(self._cut.window, FIRST_WINDOW) * SAMPLE_RATE:
            signal, first, last = self._recent.between(start, end), start / SAMPLE_RATE, end / SAMPLE_RATE
            yield Task("window", last, lambda: self._analyst.window(signal, first, last))

    def _told(self, onsets: Iterable[SpeechStarted | SpeechEnded]) -> Iterator[Due]:
        """The same, and what they make due."""
        for event in onsets:
            yield event
            if isinstance(event, SpeechStarted):
                self._speech = round(event.at * SAMPLE_RATE)
            else:
                yield from self._segments(round(event.at * SAMPLE_RATE))
                self._speech = None
        if self._speech is not None and self._recent.end - self._speech > (LONGEST_SEGMENT + _REST) * SAMPLE_RATE:
            until = self._speech + round(LONGEST_SEGMENT * SAMPLE_RATE)
            yield from self._segments(until)
            self._speech = until

    def _segments(self, end: int) -> Iterator[Task]:
        assert self._speech is not None
        signal, start = self._recent.between(self._speech, end), self._speech / SAMPLE_RATE
        yield Task("segments", self.duration, lambda: self._analyst.segments(signal, start))

    def _forget(self) -> None:
        kept = self._recent.end - round(max(self._cut.window, _KEPT) * SAMPLE_RATE)
        self._recent.forget(kept if self._speech is None else min(kept, self._speech))


class _Analyst:
    """What is said about parts of a stream, each as a recording of its own."""

    def __init__(
        self, hear: Callable[[], Hearing], cut: TimelineOptions, baseline: Baseline | Literal["auto"] | None
    ) -> None:
        self._hear = hear
        self._cut = cut
        if isinstance(baseline, str) and baseline != AUTO:
            raise not_a_baseline(baseline)
        self._adapts = baseline == AUTO
        self._baseline = None if isinstance(baseline, str) else baseline
        self._own: deque[Baseline] = deque()
        if self._baseline is not None:
            check_model(self._baseline, hear().info)

    def window(self, signal: Signal, start: float, end: float) -> tuple[Event, ...]:
        said = self._listen(signal).predict(baseline=self._baseline)
        segment = Segment(start, end, said.label, said.scores, said.doubts)
        return (Window(segment, said.baseline, said.absolute),)

    def segments(self, signal: Signal, start: float) -> tuple[Event, ...]:
        heard = self._listen(signal)
        heard = replace(heard, regions=(Region(0.0, heard.duration),))  # the detector that heard more has decided
        if self._adapts:
            self._remember(heard)
        segments = heard.timeline(self._cut, baseline=self._baseline).segments
        return tuple(
            SegmentEnded(replace(segment, start=start + segment.start, end=start + segment.end)) for segment in segments
        )

    def _listen(self, signal: Signal) -> Listening:
        hearing, grouping = self._hear(), Grouping()
        for block in (*grouping.add(signal), *grouping.end()):
            hearing.add(block)
        return hearing.end(Source("stream", ""))

    def _remember(self, heard: Listening) -> None:
        """The last speech becomes part of the stream's own baseline."""
        self._own.append(heard.baseline())
        while sum(own.duration for own in self._own) - self._own[0].duration >= OWN_BASELINE:
            self._own.popleft()
        self._baseline = replace(joined(list(self._own)), clips=1)


class _Whole:
    """Listens to all of a stream, as to a file."""

    def __init__(
        self, hearing: Hearing, name: str, cut: TimelineOptions, baseline: Baseline | Literal["auto"] | None
    ) -> None:
        self._hearing = hearing
        self._name = name
        self._cut = cut
        self._baseline = baseline
        self._grouping = Grouping()
        self._sha256 = hashlib.sha256()

    def digest(self, block: NDArray[np.float32]) -> None:
        self._sha256.update(np.ascontiguousarray(block).tobytes())

    def add(self, signal: Signal, at: float) -> Iterator[Task]:
        for block in self._grouping.add(signal):
            yield self._task(block, at)

    def end(self, duration: float) -> Iterator[Task]:
        if not duration:
            raise EmptyAudioError(
                "The stream ended before its first sample. Check that the microphone works.",
                "该流在收到第一个采样之前就已结束。请检查麦克风是否工作。",
            )
        for block in self._grouping.end():
            yield self._task(block, duration)
        yield Task("hearing", duration, self._result)

    def _task(self, block: Signal, at: float) -> Task:
        def run() -> tuple[Event, ...]:
            self._hearing.add(block)
            return ()

        return Task("hearing", at, run)

    def _result(self) -> tuple[Event, ...]:
        heard = self._hearing.end(Source(self._name, self._sha256.hexdigest()))
        return (Result(heard.timeline(self._cut, baseline=self._usual(heard))),)

    def _usual(self, heard: Listening) -> Baseline | None:
        if not isinstance(self._baseline, str):
            return self._baseline
        return heard.baseline() if heard.regions else None


class _Recent:
    """The last seconds of a signal, by the numbers of its samples."""

    def __init__(self) -> None:
        self.end = 0
        self._pieces: deque[tuple[int, Signal]] = deque()  # with the numbers of their first samples

    def add(self, piece: Signal) -> None:
        self._pieces.append((self.end, piece))
        self.end += piece.size

    def forget(self, before: int) -> None:
        while self._pieces and self._pieces[0][0] + self._pieces[0][1].size <= before:
            self._pieces.popleft()

    def between(self, start: int, end: int) -> Signal:
        within = [piece[max(0, start - first) : max(0, end - first)] for first, piece in self._pieces]
        return np.concatenate(within)


def _done(due: Iterator[Due]) -> Iterator[Event]:
    for item in due:
        if isinstance(item, Task):
            yield from item.run()
        else:
            yield item


def _check(cut: TimelineOptions) -> None:
    check_cut(cut)
    if cut.hop < SHORTEST_HOP or cut.window > LONGEST_WINDOW:
        raise OptionError(
            f"Found window {cut.window} s and hop {cut.hop} s; wanted a window of up to {LONGEST_WINDOW:g} s and a hop of "
            f"{SHORTEST_HOP} s or more for a stream.",
            f"窗长 {cut.window} 秒、步长 {cut.hop} 秒；流的窗长不得超过 {LONGEST_WINDOW:g} 秒，步长不得小于 {SHORTEST_HOP} 秒。",
        )
