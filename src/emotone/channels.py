"""Which speech on the channel of a call is its own speaker's, and which is another one's that leaks into it."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .listening import Listening
from .segment import MIN_SPEECH, PADDING
from .speech import CHUNK_DURATION
from .types import Region

FAR_BELOW = (
    10.0  # dB that a channel is further below its own speech than another one is: a leak, not two people at a time
)
BELOW, ALIKE = 3.0, 0.9  # dB and correlation: the same for channels whose loudness rises and falls together
SAME = 0.98  # correlation of whole channels from which on they hold the same sound
LOUDEST = 99.0  # percentile of levels that is a speaker's own, however seldom they speak
FLOOR = -80.0  # dB: below it there is nothing to compare

# In chunks of 32 ms:
SMOOTH = 9  # that levels are averaged over
DELAY = 10  # after which an echo comes at the latest
ALONG = 31  # that are compared for rising and falling together
MOST_OF = 15  # most of which are an echo where it is one

_Levels = NDArray[np.float64]


def own_regions(heard: Sequence[Listening], channel: int) -> tuple[Region, ...]:
    """Where the speaker of a channel speaks: its speech without what leaks in from the others.

    Gains differ, so each channel is measured by the level of its own loudest speech. Speech is an echo where another channel is
    much nearer to its own loudest, or somewhat nearer while both rise and fall together.
    """
    regions = heard[channel].regions
    if not regions:
        return ()
    size = min(len(other.levels) for other in heard)
    own, echo = _recent(_relative(heard[channel])[:size]), np.zeros(size, bool)
    for place, other in enumerate(heard):
        if place != channel and other.regions:
            below = _recent(_relative(other)[:size]) - own
            echo |= (below >= FAR_BELOW) | ((below >= BELOW) & (_likeness(heard[channel], other, size) >= ALIKE))
    echo = np.convolve(echo, np.ones(MOST_OF), "same") > MOST_OF / 2
    return tuple(piece for region in regions for piece in _pieces(region, echo))


def same_sound(heard: Sequence[Listening]) -> bool:
    """Whether any two channels hold the same sound, at whatever gain."""
    size = min(len(channel.levels) for channel in heard)
    levels = np.array([np.maximum(channel.levels[:size], FLOOR) for channel in heard], np.float64)
    apart = levels - levels.mean(axis=1, keepdims=True)
    spread = np.sqrt((apart**2).sum(axis=1))
    likeness = apart @ apart.T / np.maximum(np.outer(spread, spread), 1e-9)
    return bool((likeness[np.triu_indices(len(heard), 1)] >= SAME).any())


def _relative(heard: Listening) -> _Levels:
    """Smoothed levels in dB above the channel's own loudest speech. There must be some speech."""
    power = 10 ** (np.maximum(heard.levels, FLOOR).astype(np.float64) / 10)
    smooth: _Levels = 10 * np.log10(np.convolve(power, np.full(SMOOTH, 1 / SMOOTH), "same"))
    spoken = np.zeros(len(smooth), bool)
    for region in heard.regions:
        first, last = _chunks_of(region)
        spoken[first:last] = True
    return smooth - np.percentile(smooth[spoken], LOUDEST)


def _recent(levels: _Levels) -> _Levels:
    """The highest of each chunk and those up to `DELAY` before it."""
    padded = np.concatenate([np.full(DELAY, -np.inf), levels])
    highest: _Levels = np.lib.stride_tricks.sliding_window_view(padded, DELAY + 1).max(axis=1)
    return highest


def _likeness(echo: Listening, voice: Listening, size: int) -> _Levels:
    """How alike two channels rise and fall around each chunk: the highest correlation of all delays, -1…1."""
    one, other = (np.maximum(channel.levels[:size], FLOOR).astype(np.float64) for channel in (echo, voice))
    highest = np.full(size, -1.0)
    for delay in range(DELAY + 1):
        late = np.concatenate([np.full(delay, FLOOR), other])[:size]
        spread = np.sqrt(_around(one, one) * _around(late, late))
        np.maximum(highest, _around(one, late) / np.maximum(spread, 1e-9), out=highest)
    return highest


def _around(one: _Levels, other: _Levels) -> _Levels:
    """The covariance around each chunk; never below 0 for a variance."""
    kernel = np.full(ALONG, 1 / ALONG)
    mean: _Levels = np.convolve(one * other, kernel, "same") - np.convolve(one, kernel, "same") * np.convolve(
        other, kernel, "same"
    )
    return np.maximum(mean, 0.0) if one is other else mean


def _chunks_of(region: Region) -> tuple[int, int]:
    """The first chunk of a region and the one behind its last: at least one."""
    first = int(region.start / CHUNK_DURATION)
    return first, max(round(region.end / CHUNK_DURATION), first + 1)


def _pieces(region: Region, echo: NDArray[np.bool_]) -> list[Region]:
    """What is left of a region without echo; scraps are left out too."""
    first, last = _chunks_of(region)
    if not echo[first:last].any():
        return [region]
    edges = np.flatnonzero(np.diff(np.concatenate([[True], echo[first:last], [True]]))) + first
    pieces = [
        Region(max(region.start, start * CHUNK_DURATION), min(region.end, end * CHUNK_DURATION))
        for start, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
    ]
    return [piece for piece in pieces if piece.end - piece.start >= MIN_SPEECH + 2 * PADDING]
