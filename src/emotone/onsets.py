"""When speech starts and ends, said while it is heard. `segment.speech_regions` says it of whole recordings."""

from collections.abc import Iterator

import numpy as np

from .events import SpeechEnded, SpeechStarted
from .segment import MIN_SILENCE, MIN_SPEECH, PADDING, SPEECH_OFF, SPEECH_ON
from .speech import CHUNK_DURATION, CHUNK_SAMPLES, SpeechDetector
from .types import Signal

FIRST_PEAK = 0.1  # of speech, until some was heard
# The gain follows how loud it gets, but slowly: where it jumps, the detector loses the thread for seconds. Against the regions
# of the same recordings as files, 160 clips of speech at -30…0 dB: recall 0.97, precision 0.95; with a jump at each loud chunk
# one recording in 60 had a recall of 0.63.
RISES_WITHIN, FADES_WITHIN = 2.0, 10.0  # seconds in which the peak doubles, or halves

_RISING, _FADING = 2.0 ** (CHUNK_DURATION / RISES_WITHIN), 0.5 ** (CHUNK_DURATION / FADES_WITHIN)


class SpeechWatch:
    """Hears a signal and says when speech starts and ends in it."""

    def __init__(self) -> None:
        self._detector = SpeechDetector()
        self._onsets = Onsets()
        self._peak = FIRST_PEAK
        self._open: list[Signal] = []  # pieces of the chunk that is not full yet
        self._missing = CHUNK_SAMPLES

    @property
    def missing(self) -> int:
        """Samples until it knows more; a piece may not be longer."""
        return self._missing

    def add(self, piece: Signal) -> Iterator[SpeechStarted | SpeechEnded]:
        """What is known after the next samples, at most `missing` of them."""
        self._open.append(piece)
        self._missing -= piece.size
        if not self._missing:
            yield from self._hear()

    def end(self, duration: float) -> Iterator[SpeechStarted | SpeechEnded]:
        """What is known when nothing follows.

        Args:
            duration: Of the whole signal, in seconds.
        """
        if self._missing < CHUNK_SAMPLES:
            yield from self._hear()
        yield from self._onsets.end(duration)

    def _hear(self) -> Iterator[SpeechStarted | SpeechEnded]:
        chunk = np.concatenate(self._open)
        self._open, self._missing = [], CHUNK_SAMPLES
        loudest = float(np.abs(chunk).max())
        self._peak = min(loudest, self._peak * _RISING) if loudest > self._peak else self._peak * _FADING
        return self._onsets.add(float(self._detector.probabilities(chunk, peak=self._peak)[0]))


class Onsets:
    """From the probability of speech in each chunk to its starts and ends.

    The regions between them are those of `speech_regions`, if at least `PADDING` follows the speech.
    """

    def __init__(self) -> None:
        self._count = 0  # chunks
        self._speaking = False
        self._start: int | None = None  # of the region that is open, in chunks
        self._end = 0  # of its last speech
        self._told = False  # that it started

    def add(self, probability: float) -> Iterator[SpeechStarted | SpeechEnded]:
        """What is known after the next chunk."""
        if not self._speaking and probability >= SPEECH_ON:
            self._speaking = True
            if self._start is None:
                self._start = self._count
        elif self._speaking and probability < SPEECH_OFF:
            self._speaking, self._end = False, self._count
        self._count += 1
        if self._speaking:
            self._end = self._count
        yield from self._started()
        # Speech that starts in the next chunk would be apart from this region.
        if not self._speaking and self._count * CHUNK_DURATION - PADDING - self._last >= MIN_SILENCE - 2 * PADDING:
            yield from self._ended(self._last)

    def end(self, duration: float) -> Iterator[SpeechStarted | SpeechEnded]:
        """What is known when no chunk follows."""
        last = min(duration, self._last)
        if self._start is not None and last - self._first >= duration - 1e-9:
            yield from self._started(surely=True)
        yield from self._ended(last)

    @property
    def _first(self) -> float:
        return max(0.0, (self._start or 0) * CHUNK_DURATION - PADDING)

    @property
    def _last(self) -> float:
        return self._end * CHUNK_DURATION + PADDING

    def _started(self, *, surely: bool = False) -> Iterator[SpeechStarted]:
        long = self._last - self._first >= MIN_SPEECH + 2 * PADDING
        if self._start is not None and not self._told and (surely or long):
            self._told = True
            yield SpeechStarted(self._first)

    def _ended(self, last: float) -> Iterator[SpeechEnded]:
        told, self._told, self._start = self._told, False, None
        if told:
            yield SpeechEnded(last)
