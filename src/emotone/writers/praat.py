"""Praat's TextGrid: interval tiers for each speaker."""

from collections.abc import Callable, Iterator, Sequence

from ..text import Language
from .entries import Entry, Span, last_tick, named_tracks, one_line, spans_apart, tier_name

_MICROSECONDS = 1_000_000  # in a second

_Interval = tuple[int, int, str]


def write_textgrid(entries: Sequence[Entry], language: Language) -> bytes:
    """The tiers `emotion` and `confidence` of each speaker of one recording, and `text` where anything is said.

    Praat wants the intervals of a tier to fill the whole recording, so silence is an interval without a label.
    """
    (entry,) = entries
    last = last_tick(entry.conversation.duration, _MICROSECONDS)
    tiers = [_tier(number, name, own, last) for number, (name, own) in enumerate(_tiers(entry, last), start=1)]
    head = (
        f'File type = "ooTextFile"\nObject class = "TextGrid"\n\nxmin = 0\nxmax = {_seconds(last)}\n'
        f"tiers? <exists>\nsize = {len(tiers)}\nitem []:\n"
    )
    return "".join([head, *tiers]).encode()


def _tiers(entry: Entry, last: int) -> Iterator[tuple[str, list[_Interval]]]:
    for speaker, track in named_tracks(entry.conversation.tracks):
        found = spans_apart(track.timeline.segments, entry.conversation.duration, _MICROSECONDS)
        yield tier_name("emotion", speaker), _filled(found, last, lambda span: span.segment.label)
        yield tier_name("confidence", speaker), _filled(found, last, lambda span: f"{span.segment.confidence:.3f}")
        if any(one_line(span.segment.text) for span in found):
            yield tier_name("text", speaker), _filled(found, last, lambda span: span.segment.text)


def _filled(found: Sequence[Span], last: int, text: Callable[[Span], str]) -> list[_Interval]:
    """Intervals from the beginning to the end, without gaps."""
    intervals: list[_Interval] = []
    reached = 0
    for span in found:
        if span.start > reached:
            intervals.append((reached, span.start, ""))
        intervals.append((span.start, span.end, text(span)))
        reached = span.end
    return intervals if reached == last else [*intervals, (reached, last, "")]


def _tier(number: int, name: str, intervals: Sequence[_Interval], last: int) -> str:
    head = (
        f'    item [{number}]:\n        class = "IntervalTier"\n        name = {_quoted(name)}\n        xmin = 0\n'
        f"        xmax = {_seconds(last)}\n        intervals: size = {len(intervals)}\n"
    )
    rows = [
        f"        intervals [{place}]:\n            xmin = {_seconds(start)}\n            xmax = {_seconds(end)}\n"
        f"            text = {_quoted(text)}\n"
        for place, (start, end, text) in enumerate(intervals, start=1)
    ]
    return "".join([head, *rows])


def _seconds(microseconds: int) -> str:
    return f"{microseconds // _MICROSECONDS}.{microseconds % _MICROSECONDS:06d}"


def _quoted(text: str) -> str:
    doubled = one_line(text).replace('"', '""')
    return f'"{doubled}"'
