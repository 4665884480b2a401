"""What goes in and what comes out: frozen dataclasses, shared by every layer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from .errors import EmotoneError
from .text import Text

SAMPLE_RATE = 16_000
"""The rate of every signal inside Emotone, in Hz."""

Signal: TypeAlias = NDArray[np.float32]
"""Samples of a mono signal, `(samples,)`, in -1…1."""

Progress: TypeAlias = Callable[[float], None]
"""Called with the seconds of a recording that were heard so far, never fewer than before; what it raises ends the listening."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a result comes from: a name, and the sha256 of the encoded bytes (or of an array's samples)."""

    name: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Audio:
    """A decoded recording: 16 kHz mono.

    Attributes:
        samples: float32 `(samples,)`, in -1…1.
        source: Where it comes from.
        truncated: The file ended before the end that it announces.
        damaged: Parts that could not be decoded were skipped.
    """

    samples: Signal = field(repr=False)
    source: Source
    truncated: bool = False
    damaged: bool = False

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return self.samples.size / SAMPLE_RATE


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason to doubt a result.

    Attributes:
        code: Machine name, such as `too_short`; the list is `emotone.doubts.ORDER`.
        text: What was found.
        advice: What to do about it.
    """

    code: str
    text: Text
    advice: Text


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """Which model made a result.

    Attributes:
        name: Its registry name, such as `emotone-small`.
        revision: Changes whenever the numbers may change.
        sha256: Of the model file, in hex.
        labels: What it scores, in order.
        dim: Values in an embedding.
        frame_rate: Frames per second.
        licence: Of the weights (SPDX where there is an identifier).
    """

    name: str
    revision: str
    sha256: str
    labels: tuple[str, ...]
    dim: int
    frame_rate: float
    licence: str

    @property
    def title(self) -> str:
        """What tells it from every other one, for people."""
        return f"{self.name} {self.revision} (sha256 {self.sha256[:12]}…)"


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of a recording and what is expressed in it.

    Attributes:
        start, end: Seconds from the beginning of the recording.
        label: The label with the highest score.
        scores: Label → score; they sum to 1.
        doubts: Reasons to doubt it, the gravest first.
        withheld: The reason why no label is given, if so: `label` is then `unknown`; `scores` stay as they are.
        text: What is said in it, when a transcript was given.
    """

    start: float
    end: float
    label: str
    scores: Mapping[str, float] = field(repr=False)
    doubts: tuple[Reason, ...] = field(default=(), repr=False)
    withheld: Reason | None = field(default=None, repr=False)
    text: str = ""

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return self.end - self.start

    @property
    def confidence(self) -> float:
        """The score of the label, 0…1; 0 when the label is withheld: nothing is claimed then."""
        return 0.0 if self.withheld else self.scores[self.label]


@dataclass(frozen=True, slots=True)
class Region:
    """A stretch of speech: start and end in seconds, no label."""

    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Turn:
    """A stretch of a recording that somebody speaks in, as a diarisation or a transcript says; no emotion yet.

    Attributes:
        start, end: Seconds from the beginning of the recording.
        speaker: Who speaks; empty when that is not known.
        text: What is said; empty when that is not known.
    """

    start: float
    end: float
    speaker: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Baseline:
    """How a voice usually sounds: embeddings of stretches of its speech in any mood, without labels.

    Attributes:
        embeddings: float32 `(stretches, dim)`.
        seconds: float64 `(stretches,)`: the speech in each, above 0; their weight.
        clips: How many recordings they come from.
        model: What made the embeddings; a baseline of one model means nothing to another.
    """

    embeddings: NDArray[np.float32] = field(repr=False)
    seconds: NDArray[np.float64] = field(repr=False)
    clips: int
    model: ModelInfo = field(repr=False)

    @property
    def duration(self) -> float:
        """Seconds of speech."""
        return float(self.seconds.sum())


@dataclass(frozen=True, slots=True)
class Opinion:
    """What is said about a stretch of sound.

    Attributes:
        label: The label with the highest score.
        scores: Label → score; they sum to 1.
        doubts: Reasons to doubt it, the gravest first.
        withheld: The reason why no label is given, if so: `label` is then `unknown`; `scores` stay as they are.
    """

    label: str
    scores: Mapping[str, float]
    doubts: tuple[Reason, ...] = ()
    withheld: Reason | None = None

    @property
    def confidence(self) -> float:
        """The score of the label, 0…1; 0 when the label is withheld: nothing is claimed then."""
        return 0.0 if self.withheld else self.scores[self.label]


@dataclass(frozen=True, slots=True)
class Prediction:
    """Which emotion is expressed in a whole recording.

    Attributes:
        label: The label with the highest score.
        scores: Label → score; they sum to 1. With a baseline: how it differs from the voice's usual sound.
        embedding: float32 `(dim,)`: the mean of the recording's frames. Not normalised.
        duration: Of the recording, in seconds.
        doubts: Reasons to doubt the result, the gravest first; empty for a good recording and a clear result.
        model: What made it.
        source: What it was made from.
        baseline: The usual sound that it was compared with, if any.
        absolute: What is said without the baseline, when there is one.
        withheld: As in `Segment`; see `emotone.withheld`.
        label_set: The labels that come into question, the likeliest first, when the head was calibrated for that and no
            baseline is there. The true one is among them as often as `Head.calibration` says.
    """

    label: str
    scores: Mapping[str, float]
    embedding: NDArray[np.float32] = field(repr=False, compare=False)
    duration: float
    doubts: tuple[Reason, ...]
    model: ModelInfo = field(repr=False)
    source: Source
    baseline: Baseline | None = None
    absolute: Opinion | None = field(default=None, repr=False)
    withheld: Reason | None = field(default=None, repr=False)
    label_set: tuple[str, ...] | None = None

    @property
    def confidence(self) -> float:
        """The score of the label, 0…1; 0 when the label is withheld: nothing is claimed then."""
        return 0.0 if self.withheld else self.scores[self.label]

    @property
    def runner_up(self) -> str:
        """The label with the second highest score."""
        return sorted(self.scores, key=lambda label: -self.scores[label])[1]


@dataclass(frozen=True, slots=True)
class TimelineOptions:
    """How a recording is cut for `Recognizer.timeline`.

    Attributes:
        window: Seconds that each row of scores looks at. The head learned from clips of 1–10 s; below 1 s scores are
            noise, above 10 s changes blur.
        hop: Seconds from one window to the next.
        min_segment: Segments shorter than this many seconds join a neighbour.
    """

    window: float = 3.0
    hop: float = 0.5
    min_segment: float = 1.0


@dataclass(frozen=True, slots=True)
class Timeline:
    """Which emotion is expressed when.

    Attributes:
        utterance: The result for the whole recording.
        windows: Scores of the sliding window, one every hop; the last one ends with the recording.
        segments: Speech only, cut where the emotion changes; in order, without overlap. Of a speaker whose turns were given:
            one for each turn, in order of their beginnings; turns may overlap.
        regions: Where there is speech.
        options: What it was cut with.
        absolute: The same without the baseline, when there is one.
    """

    utterance: Prediction
    windows: tuple[Segment, ...] = field(repr=False)
    segments: tuple[Segment, ...]
    regions: tuple[Region, ...] = field(repr=False)
    options: TimelineOptions
    absolute: "Timeline | None" = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Track:
    """What one speaker of a conversation expresses.

    Attributes:
        speaker: The number of a channel, counted from 1, or a name from the turns; empty when the recording is not split.
        timeline: Its utterance is all that the speaker says; its segments are the speaker's own.
    """

    speaker: str
    timeline: Timeline


@dataclass(frozen=True, slots=True)
class Conversation:
    """A recording of several speakers, each on a track of their own.

    Attributes:
        source: The recording.
        duration: In seconds.
        tracks: In the order of the channels, or of the first word.
        doubts: What is wrong with the separation: channels that hold the same sound, turns that lie beyond the end.
    """

    source: Source
    duration: float
    tracks: tuple[Track, ...]
    doubts: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class Contribution:
    """What a stretch of a recording contributes to what is said about the whole.

    Attributes:
        start, end: Seconds from the beginning of the recording.
        label: What it contributes to.
        score: How much lower the score of the label would be without the stretch; below 0: it speaks against the label.
        margin: The same of the difference between the logits of the label and of the likeliest other one.
    """

    start: float
    end: float
    label: str
    score: float
    margin: float


def utterance_of(result: "Prediction | Timeline") -> Prediction:
    """The result for the whole recording."""
    return result.utterance if isinstance(result, Timeline) else result


@dataclass(frozen=True, slots=True)
class Failure:
    """A source that could not be analysed, in place of its result.

    Attributes:
        name: The source's name.
        error: What was wrong.
    """

    name: str
    error: EmotoneError
