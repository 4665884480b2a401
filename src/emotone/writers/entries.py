"""Recordings as every format sees them: tracks of segments, on a grid of times, in text that every format can hold."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from ..text import printable
from ..types import Conversation, Prediction, Segment, Timeline, TimelineOptions, Track
from .records import Record, record

Granularity = Literal["utterance", "frame"]

_NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SLACK = 1e-9  # seconds that a recording may seem too short for a tick, as floats are not exact


@dataclass(frozen=True, slots=True)
class Entry:
    """One recording in an export.

    Attributes:
        file: What to call the recording: a path as the user gave it, or a name.
        conversation: What is expressed in it. A result for the whole recording is one segment of one track.
        record: What JSON says of it.
        granularity: `frame` when it says when; `utterance` when it is one result for the whole recording.
    """

    file: str
    conversation: Conversation
    record: Record = field(repr=False)
    granularity: Granularity

    @property
    def labels(self) -> tuple[str, ...]:
        """Every label that it may say, in the order of the scores; `unknown` too where a label is withheld."""
        timelines = [track.timeline for track in self.conversation.tracks]
        said = [one for timeline in timelines for one in (*timeline.segments, *timeline.windows)]
        return union([*(timeline.utterance.scores for timeline in timelines), (one.label for one in said)])


def entry_of(file: str, result: Prediction | Timeline | Conversation, said: Record | None = None) -> Entry:
    """An entry for a result of any kind.

    Args:
        file: What to call the recording.
        result: What is said of it.
        said: The same as JSON, with whatever else is to be in it; `None` is its `record` of now, below the name of the file.
    """
    file = printable(file)
    if said is None:
        said = {"file": file, **record(result, datetime.now())}
    if isinstance(result, Conversation):
        return Entry(file, result, said, "frame")
    timeline = result if isinstance(result, Timeline) else _whole(result)
    utterance = timeline.utterance
    conversation = Conversation(utterance.source, utterance.duration, (Track("", timeline),))
    return Entry(file, conversation, said, "frame" if isinstance(result, Timeline) else "utterance")


def _whole(said: Prediction) -> Timeline:
    """One window and one segment from the beginning to the end."""
    segment = Segment(0.0, said.duration, said.label, said.scores, said.doubts, said.withheld)
    return Timeline(said, (segment,), (segment,), (), TimelineOptions())


@dataclass(frozen=True, slots=True)
class Span:
    """A segment whose times are whole numbers of ticks."""

    start: int
    end: int
    segment: Segment


def last_tick(duration: float, ticks: int) -> int:
    """The end of a recording of so many seconds, in ticks of which a second has `ticks`: never after its end."""
    return int((duration + _SLACK) * ticks)


def spans(segments: Iterable[Segment], duration: float, ticks: int) -> list[Span]:
    """Segments in the order of time, inside the recording. Those that are shorter than a tick are left out.

    Args:
        segments: In any order.
        duration: Of the recording, in seconds.
        ticks: How many of them a second has.
    """
    last = last_tick(duration, ticks)
    found = [
        Span(max(round(segment.start * ticks), 0), min(round(segment.end * ticks), last), segment)
        for segment in segments
    ]
    return sorted((span for span in found if span.start < span.end), key=lambda span: (span.start, span.end))


def spans_apart(segments: Iterable[Segment], duration: float, ticks: int) -> list[Span]:
    """As `spans`, without overlap: a span ends where the next one starts at the latest."""
    found = spans(segments, duration, ticks)
    ends = [*(span.start for span in found), last_tick(duration, ticks)][1:]
    cut = (Span(span.start, min(span.end, end), span.segment) for span, end in zip(found, ends, strict=True))
    return [span for span in cut if span.start < span.end]


def one_line(text: str) -> str:
    """Text without line breaks, of characters that XML can hold; others become U+FFFD, the replacement character."""
    return _NOT_IN_XML.sub("\ufffd", " ".join(text.split()))


def named_tracks(tracks: Sequence[Track]) -> Iterator[tuple[str, Track]]:
    """Tracks with a name for each: the speaker's, with a number behind it where several are called the same."""
    taken: set[str] = set()
    for track in tracks:
        speaker = name = one_line(track.speaker)
        number = 1
        while name in taken:
            number += 1
            name = f"{speaker} {number}".strip()
        taken.add(name)
        yield name, track


def tier_name(kind: str, speaker: str) -> str:
    """What to call a tier: `emotion`, or `emotion@Anna` when there is a speaker."""
    return f"{kind}@{speaker}" if speaker else kind


def document(root: ET.Element) -> bytes:
    """An XML file, indented."""
    ET.indent(root)
    data: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return data + b"\n"


def union(parts: Iterable[Iterable[str]]) -> tuple[str, ...]:
    """Every text once, in the order in which they come up."""
    return tuple(dict.fromkeys(text for part in parts for text in part))
