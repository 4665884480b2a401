"""Spans of time: windows, speech regions and labelled segments. Pure functions; times in seconds."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .types import Region, Segment, TimelineOptions

SPEECH_ON = 0.4  # probability where speech begins; below Silero's own 0.5 and 0.35, which miss shouts and sobs
SPEECH_OFF = 0.2  # probability where it ends
MIN_SILENCE = 0.3  # shorter gaps are part of the speech around them
MIN_SPEECH = 0.2  # shorter sounds are clicks
PADDING = 0.1  # kept around speech: Silero hears soft beginnings late


def window_spans(duration: float, options: TimelineOptions) -> list[tuple[float, float]]:
    """Start and end of each window, one every hop; the last one ends at `duration`. A short signal is one window."""
    if duration <= options.window:
        return [(0.0, duration)]
    count = int((duration - options.window) / options.hop + 1e-9) + 1
    spans = [(index * options.hop, index * options.hop + options.window) for index in range(count)]
    if spans[-1][1] < duration - 1e-6:
        spans.append((duration - options.window, duration))
    return spans


def speech_regions(probabilities: NDArray[np.float32], step: float, duration: float) -> tuple[Region, ...]:
    """Regions of speech, padded, in order and apart, from the probability of speech in each `step` seconds."""
    padded: list[Region] = []
    for start, end in _runs(probabilities):
        first, last = max(0.0, start * step - PADDING), min(duration, end * step + PADDING)
        if padded and first - padded[-1].end < MIN_SILENCE - 2 * PADDING:
            first = padded.pop().start
        padded.append(Region(first, last))
    return tuple(
        region
        for region in padded
        if region.end - region.start >= MIN_SPEECH + 2 * PADDING or region.end - region.start >= duration - 1e-9
    )


def _runs(probabilities: NDArray[np.float32]) -> list[tuple[int, int]]:
    """Index ranges of speech, with hysteresis: it begins at SPEECH_ON and lasts while above SPEECH_OFF."""
    runs: list[tuple[int, int]] = []
    start: int | None = None
    for index, probability in enumerate(probabilities):
        if start is None and probability >= SPEECH_ON:
            start = index
        elif start is not None and probability < SPEECH_OFF:
            runs.append((start, index))
            start = None
    if start is not None:
        runs.append((start, len(probabilities)))
    return runs


def speech_between(regions: Sequence[Region], edges: NDArray[Any]) -> NDArray[np.float64]:
    """Seconds of speech between each time and the next, `(edges - 1,)`. Regions are in order and apart."""
    times = [0.0, *(time for region in regions for time in (region.start, region.end))]
    spoken = np.cumsum([0.0, *(length for region in regions for length in (0.0, region.end - region.start))])
    return np.diff(np.interp(edges, times, spoken))


def merged(regions: Iterable[Region]) -> tuple[Region, ...]:
    """The same time as regions in order and apart, from regions in any order that may overlap."""
    apart: list[Region] = []
    for region in sorted(regions, key=lambda region: region.start):
        if apart and region.start <= apart[-1].end:
            region = Region(apart[-1].start, max(region.end, apart.pop().end))
        apart.append(region)
    return tuple(apart)


def common(regions: Iterable[Region], others: Iterable[Region]) -> tuple[Region, ...]:
    """The time that lies in both, in order and apart; each may be in any order and overlap."""
    left, right = merged(regions), merged(others)
    found: list[Region] = []
    one = other = 0
    while one < len(left) and other < len(right):
        start, end = max(left[one].start, right[other].start), min(left[one].end, right[other].end)
        if start < end:
            found.append(Region(start, end))
        if left[one].end < right[other].end:
            one += 1
        else:
            other += 1
    return tuple(found)


def overlaps(regions: Sequence[Region], spans: Sequence[Segment]) -> NDArray[np.bool_]:
    """Whether there is any speech in each span, `(spans,)`. Regions are in order."""
    begun = np.searchsorted([region.start for region in regions], [span.end for span in spans], "left")
    over = np.searchsorted([region.end for region in regions], [span.start for span in spans], "right")
    speech: NDArray[np.bool_] = begun > over
    return speech


def label_regions(regions: Sequence[Region], windows: Sequence[Segment], min_segment: float) -> tuple[Segment, ...]:
    """Cuts regions where the emotion changes.

    Each moment belongs to the window whose centre is nearest. The scores of a segment are the mean of its windows' scores,
    weighted by time, so its label is one that its windows agree on. Segments shorter than `min_segment` join the longer
    neighbour within their region.
    """
    centres = [(window.start + window.end) / 2 for window in windows]
    borders = [-np.inf, *((left + right) / 2 for left, right in pairwise(centres)), np.inf]
    segments: list[Segment] = []
    for region in regions:
        first = int(np.searchsorted(borders, region.start, "right")) - 1
        pieces: list[Segment] = []
        while first < len(windows) and borders[first] < region.end:
            start, end = max(region.start, borders[first]), min(region.end, borders[first + 1])
            pieces.append(Segment(float(start), float(end), windows[first].label, windows[first].scores))
            first += 1
        segments += _absorb_short(_merge_equal(pieces), min_segment)
    return tuple(segments)


def _merge_equal(pieces: Sequence[Segment]) -> list[Segment]:
    merged: list[Segment] = []
    for piece in pieces:
        if merged and merged[-1].label == piece.label:
            piece = _join(merged.pop(), piece)
        merged.append(piece)
    return merged


def _absorb_short(pieces: list[Segment], min_segment: float) -> list[Segment]:
    while len(pieces) > 1:
        shortest = min(range(len(pieces)), key=lambda index: pieces[index].duration)
        if pieces[shortest].duration >= min_segment:
            break
        neighbours = [index for index in (shortest - 1, shortest + 1) if 0 <= index < len(pieces)]
        longest = max(neighbours, key=lambda index: pieces[index].duration)
        left = min(shortest, longest)
        pieces = _merge_equal([*pieces[:left], _join(pieces[left], pieces[left + 1]), *pieces[left + 2 :]])
    return pieces


def _join(left: Segment, right: Segment) -> Segment:
    share = left.duration / (left.duration + right.duration)
    scores = {label: share * score + (1 - share) * right.scores[label] for label, score in left.scores.items()}
    return Segment(left.start, right.end, top_label(scores), scores)


def top_label(scores: Mapping[str, float]) -> str:
    """The label with the highest score; the first one of equals."""
    return max(scores, key=scores.__getitem__)
