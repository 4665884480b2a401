"""Whether recordings of a class share one channel, so that a head would learn the microphone instead of the emotion.

What is looked at does not depend on what is said or how: container, codec, rate and channels of the file, the corpus, where the
sound ends in frequency, and the noise between words. On corpora of one studio each, no class can be told by any of these.
"""

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..audio import open_recording
from ..engine import usable_cores
from ..errors import EmotoneError
from ..manifest import Clip
from ..text import Text
from ..types import SAMPLE_RATE, Signal

COLUMNS = ("corpus", "channel", "device", "microphone", "place", "room", "session")
"""Columns of a manifest that say what a clip was recorded with, or where."""

FEWEST = 6  # clips of a class that anything can be said of
LOOKED_AT = 160  # files, spread over all classes
SHARED, ELSEWHERE = 0.95, 0.5  # share of a class that has one channel, and of the other classes that may have it too
SEPARATE = 0.97  # chance that a clip of a class has more of something than another's; in one studio 0.85 at most
LOUDER_DB, SHARPER_DB = 10.0, 12.0  # and by how much: noise, and how the spectrum falls where the sound ends

_CHUNK = 512
_HZ = np.fft.rfftfreq(_CHUNK, 1 / SAMPLE_RATE)
_WINDOW = np.hanning(_CHUNK).astype(np.float32)
_BANDS = ((50, 150), (150, 300), (300, 600), (600, 1200), (1200, 2400), (2400, 4200), (4200, 6000), (6000, 7800))  # Hz
_QUIETEST = 15  # percent of the chunks: between words
_GAP = 10  # bins, 312 Hz: over these, speech falls by 11 dB or so at most, a telephone by 40
_EDGES_HZ = (2000, 7300)


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel that a class has to itself.

    Attributes:
        label: The class.
        found: What its recordings have in common, and the others not.
    """

    label: str
    found: Text


@dataclass(frozen=True, slots=True, eq=False)
class _Trace:
    """What a recording was recorded with, as far as one can hear."""

    format: str
    edge: float  # Hz: where the spectrum falls most
    fall: float  # dB: by how much
    noise: NDArray[np.float64]  # (bands,) dB


def shared_channels(clips: Sequence[Clip], labels: Sequence[str], truth: NDArray[np.int64]) -> list[Channel]:
    """Classes whose recordings have a channel that those of other classes do not have.

    Args:
        clips: All of them; some of each class are read. Those that cannot be read are left out.
        labels: The classes.
        truth: int64 `(clips,)`: places in `labels`.
    """
    found: dict[str, Channel] = {}
    for column in COLUMNS:
        values = [clip.fields.get(column, "") for clip in clips]
        if all(values):
            for label, value in _own_values(values, labels, truth):
                found.setdefault(label, Channel(label, Text(f"{column} {value}", f"{column} {value}")))
    rows = _sample(truth, len(labels))
    with ThreadPoolExecutor(usable_cores()) as pool:
        traces = list(pool.map(_trace, [clips[row].file for row in rows]))
    heard = [(trace, place) for trace, place in zip(traces, truth[rows].tolist(), strict=True) if trace is not None]
    if heard:
        places = np.array([place for _, place in heard])
        for channel in _audible([trace for trace, _ in heard], labels, places):
            found.setdefault(channel.label, channel)
    return [found[label] for label in labels if label in found]


def _sample(truth: NDArray[np.int64], classes: int) -> NDArray[np.int64]:
    """Places of some clips of each class, spread over all of its own."""
    each = max(FEWEST, LOOKED_AT // classes)
    own = [np.flatnonzero(truth == place) for place in range(classes)]
    return np.concatenate([rows[np.linspace(0, len(rows) - 1, min(each, len(rows))).astype(int)] for rows in own])


def _own_values(values: Sequence[str], labels: Sequence[str], truth: NDArray[np.int64]) -> list[tuple[str, str]]:
    """Labels whose clips nearly all have one value that clips of the other classes mostly do not have; with the value."""
    shares = [
        Counter(value for value, place in zip(values, truth, strict=True) if place == own) for own in _places(truth)
    ]
    found = []
    for own, counts in zip(_places(truth), shares, strict=True):
        value, count = counts.most_common(1)[0]
        others = [other[value] / other.total() for other in shares if other is not counts]
        if counts.total() >= FEWEST and count >= SHARED * counts.total() and np.mean(others) <= ELSEWHERE:
            found.append((labels[own], value))
    return found


def _places(truth: NDArray[np.int64]) -> list[int]:
    return sorted(set(truth.tolist()))


def _audible(traces: Sequence[_Trace], labels: Sequence[str], truth: NDArray[np.int64]) -> list[Channel]:
    if len(_places(truth)) < 2:
        return []
    found = [
        Channel(label, Text(value, value)) for label, value in _own_values([t.format for t in traces], labels, truth)
    ]
    own = {place: [trace for trace, at in zip(traces, truth, strict=True) if at == place] for place in _places(truth)}
    for place, mine in own.items():
        if len(mine) >= FEWEST:
            others = [theirs for other, theirs in own.items() if other != place]
            texts = (_own_edge(mine, others), _own_noise(mine, others))
            found += [Channel(labels[place], text) for text in texts if text is not None]
    return found


def _own_edge(own: Sequence[_Trace], others: Sequence[Sequence[_Trace]]) -> Text | None:
    """Where the sound of these clips ends, if that of most other classes nearly never ends as sharply."""
    mine = np.array([trace.fall for trace in own])
    theirs = [np.array([trace.fall for trace in other]) for other in others]
    sharper = [
        _chance_above(mine, fall) >= SEPARATE and np.median(mine) - np.median(fall) >= SHARPER_DB for fall in theirs
    ]
    if np.mean(sharper) < 1 - ELSEWHERE:
        return None
    edge = f"{np.median([trace.edge for trace in own]) / 1000:.1f} kHz"
    return Text(f"no sound above {edge}", f"{edge} 以上没有声音")


def _own_noise(own: Sequence[_Trace], others: Sequence[Sequence[_Trace]]) -> Text | None:
    """How the noise between words of these clips differs from that of all others, if it nearly always does."""
    mine = np.array([trace.noise for trace in own])
    theirs = np.array([trace.noise for other in others for trace in other])
    louder = np.array([_chance_above(one, other) for one, other in zip(mine.T, theirs.T, strict=True)])
    gap = np.median(mine, axis=0) - np.median(theirs, axis=0)
    sure = (np.maximum(louder, 1 - louder) >= SEPARATE) & (np.abs(gap) >= LOUDER_DB)
    if not sure.any():
        return None
    band = int(np.argmax(np.where(sure, np.abs(gap), 0)))
    low, high, size = *_BANDS[band], round(abs(float(gap[band])))
    more = gap[band] > 0
    return Text(
        f"{size} dB {'more' if more else 'less'} noise between words at {low}–{high} Hz",
        f"词间 {low}–{high} Hz 的噪声{'高' if more else '低'} {size} dB",
    )


def _chance_above(own: NDArray[np.float64], others: NDArray[np.float64]) -> float:
    """How often a value of the first is above one of the second (the area under the ROC curve)."""
    return float((own[:, None] > others).mean() + (own[:, None] == others).mean() / 2)


def _trace(path: Path) -> _Trace | None:
    try:
        recording = open_recording(path)
        found, signal = recording.format, next(recording.blocks())
    except EmotoneError:
        return None
    return _Trace(f"{found.container}, {found.codec}, {found.sample_rate} Hz × {found.channels}", *_heard(signal))


def _heard(signal: Signal) -> tuple[float, float, NDArray[np.float64]]:
    """Where the spectrum falls most (Hz) and by how much (dB), and the noise in each band between words (dB)."""
    chunks = np.pad(signal, (0, -signal.size % _CHUNK)).reshape(-1, _CHUNK)
    power = np.abs(np.fft.rfft(chunks * _WINDOW)) ** 2 + 1e-12
    loudness = power.mean(axis=1)
    quiet = power[loudness <= np.percentile(loudness, _QUIETEST)].mean(axis=0)
    noise = np.array([10 * np.log10(quiet[(low <= _HZ) & (high > _HZ)].mean()) for low, high in _BANDS])
    spectrum = np.convolve(10 * np.log10(power.mean(axis=0)), np.full(3, 1 / 3), "same")
    falls = spectrum[:-_GAP] - spectrum[_GAP:]
    falls[(_HZ[:-_GAP] < _EDGES_HZ[0]) | (_HZ[:-_GAP] > _EDGES_HZ[1])] = 0
    return float(_HZ[falls.argmax() + _GAP // 2]), float(falls.max()), noise
