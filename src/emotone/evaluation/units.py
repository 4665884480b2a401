"""Clips that belong together: those of a speaker, which are drawn as one, and those that share something else."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..manifest import Clip
from ..quality import GOOD_DURATION, MAX_UTTERANCE, MIN_DURATION, REASONS

FIELDS = ("corpus", "language", "sex")
NOT_GIVEN = "?"
FEW_UNITS = 10  # speakers; intervals from fewer are too narrow

_UNNAMED = frozenset({"", "?", "-", "unknown", "nan", "none"})
_LENGTH_REASONS = frozenset({"too_short", "too_long", "length_advice"})  # durations say it better
_EDGES = (MIN_DURATION, *GOOD_DURATION, MAX_UTTERANCE)  # seconds

_Chosen = tuple[str, str, NDArray[np.int64]]  # field, value, places of the clips


@dataclass(frozen=True, slots=True)
class Units:
    """What intervals were drawn from.

    Attributes:
        kind: `speaker`: all clips of a speaker are drawn as one, since they resemble each other; `clip`: no speakers are
            named, or only one.
        count: How many there are.
        speakers: How many speakers are named. Clips without one are units of their own beside the speakers.
    """

    kind: Literal["speaker", "clip"]
    count: int
    speakers: int

    @property
    def few(self) -> bool:
        """Whether there are too few to trust the intervals."""
        return self.count < FEW_UNITS


def speakers_of(clips: Sequence[Clip]) -> tuple[Units, NDArray[np.int64] | None]:
    """The units, and the number of each clip's one, `(clips,)`; `None` when every clip is a unit of its own."""
    names = [speaker_of(clip) for clip in clips]
    speakers = len({name for name in names if name})
    if speakers < 2:
        return Units("clip", len(clips), speakers), None
    owners = [(name, "" if name else str(clip.file)) for name, clip in zip(names, clips, strict=True)]
    numbers = {owner: number for number, owner in enumerate(sorted(set(owners)))}  # whatever the order of the clips
    return Units("speaker", len(numbers), speakers), np.array([numbers[owner] for owner in owners])


def group_clips(
    clips: Sequence[Clip], durations: NDArray[np.float64], quality: Sequence[tuple[str, ...]]
) -> Iterator[_Chosen]:
    """Groups of clips by corpus, language, sex, duration, quality and speaker; none of a field with a single value.

    Args:
        clips: All of them.
        durations: In seconds, `(clips,)`.
        quality: Codes of the reasons to doubt each.
    """
    for field in FIELDS:
        yield from _by_value(field, [_named(clip.fields.get(field, "")) or NOT_GIVEN for clip in clips])
    between = (f"{low:g}–{high:g} s" for low, high in pairwise(_EDGES))
    names = [f"<{_EDGES[0]:g} s", *between, f">{_EDGES[-1]:g} s"]
    places = np.searchsorted(_EDGES, durations, side="right")
    yield from _by_value("duration", [names[place] for place in places], names)
    for code in (code for code in REASONS if code not in _LENGTH_REASONS):
        rows = np.flatnonzero([code in codes for codes in quality])
        if rows.size:
            yield "quality", code, rows
    several = len({clip.fields.get("corpus", "") for clip in clips}) > 1
    yield from _by_value("speaker", [speaker_of(clip, corpora=several) or NOT_GIVEN for clip in clips])


def speaker_of(clip: Clip, *, corpora: bool = True) -> str:
    """The speaker's name, within the corpus: many corpora have a speaker 01. Empty when it is not known."""
    return speaker_named(clip.fields, corpora=corpora)


def speaker_named(fields: Mapping[str, str], *, corpora: bool = True) -> str:
    """As `speaker_of`, by the columns of a manifest."""
    speaker, corpus = _named(fields.get("speaker", "")), fields.get("corpus", "")
    return f"{corpus}/{speaker}" if speaker and corpus and corpora else speaker


def _by_value(field: str, values: Sequence[str], order: Sequence[str] | None = None) -> Iterator[_Chosen]:
    places: dict[str, list[int]] = {}
    for place, value in enumerate(values):
        places.setdefault(value, []).append(place)
    if len(places) > 1:
        names = [name for name in order if name in places] if order else sorted(places)
        yield from ((field, name, np.array(places[name])) for name in names)


def _named(value: str) -> str:
    return "" if value.casefold() in _UNNAMED else value
