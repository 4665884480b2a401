"""What a stream says while it is heard. Times are seconds of signal: they count samples, never the clock."""

from dataclasses import dataclass, field
from typing import TypeAlias

from .types import Baseline, Opinion, Segment, Timeline


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """Somebody speaks.

    Attributes:
        at: Since when.
    """

    at: float


@dataclass(frozen=True, slots=True)
class SpeechEnded:
    """Nobody speaks any more.

    Attributes:
        at: Since when.
    """

    at: float


@dataclass(frozen=True, slots=True)
class Window:
    """What is expressed now.

    Attributes:
        segment: Just what `Recognizer.predict` says of these seconds alone.
        baseline: The usual sound that it was compared with, if there is one yet.
        absolute: What is said without the baseline, when there is one.
    """

    segment: Segment
    baseline: Baseline | None = field(default=None, repr=False, compare=False)
    absolute: Opinion | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class SegmentEnded:
    """What was expressed in speech that ended.

    Attributes:
        segment: One of those that `Recognizer.timeline` makes of that speech alone, all of it taken for speech.
    """

    segment: Segment


@dataclass(frozen=True, slots=True)
class Result:
    """The end.

    Attributes:
        timeline: Just what `Recognizer.timeline` says of the same recording as a file.
    """

    timeline: Timeline


Event: TypeAlias = SpeechStarted | SpeechEnded | Window | SegmentEnded | Result
