"""Audacity's label track."""

from collections.abc import Sequence

from ..text import Language
from .entries import Entry, named_tracks, one_line, spans

_MICROSECONDS = 1_000_000  # in a second


def write_labels(entries: Sequence[Entry], language: Language) -> bytes:
    """A line for each segment of one recording: start, end, label; a speaker before the label, what is said behind it."""
    (entry,) = entries
    found = [
        (span.start, span.end, _label(speaker, span.segment.label, span.segment.text))
        for speaker, track in named_tracks(entry.conversation.tracks)
        for span in spans(track.timeline.segments, entry.conversation.duration, _MICROSECONDS)
    ]
    return "".join(f"{_seconds(start)}\t{_seconds(end)}\t{label}\n" for start, end, label in sorted(found)).encode()


def _label(speaker: str, label: str, text: str) -> str:
    said = one_line(text)
    return f"{f'{speaker}: ' if speaker else ''}{one_line(label)}{f' | {said}' if said else ''}"


def _seconds(microseconds: int) -> str:
    return f"{microseconds // _MICROSECONDS}.{microseconds % _MICROSECONDS:06d}"
