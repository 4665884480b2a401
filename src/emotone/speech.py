"""Where speech is: probabilities from Silero VAD, one for each 32 ms."""

from functools import cache
from importlib.resources import files
from pathlib import Path

import numpy as np
import soxr
from numpy.typing import NDArray

from .engine import Session, open_session
from .types import SAMPLE_RATE, Signal

CHUNK_SAMPLES = 512  # what Silero takes at 16 kHz
CHUNK_DURATION = CHUNK_SAMPLES / SAMPLE_RATE
_CONTEXT_SAMPLES = 64  # of the chunk before, put in front of each
_USUAL_PEAK = 0.3
_SLOWER = 1.5  # pitch and formants fall with it
_MAX_GAIN = 100.0  # 40 dB: beyond, silence would become noise


class SpeechDetector:
    """Silero VAD over one recording, block by block. It remembers what it heard before.

    Source: Silero VAD 6.2 (MIT licence), its model for whole sequences: one run for a block instead of one for each chunk.
    """

    def __init__(self) -> None:
        self._h = self._c = np.zeros((1, 1, 128), np.float32)
        self._context = np.zeros(_CONTEXT_SAMPLES, np.float32)

    def probabilities(self, block: Signal, *, peak: float | None = None) -> NDArray[np.float32]:
        """The probability of speech, 0…1, in each chunk of 512 samples; a last, shorter chunk is filled up with zeros.

        Args:
            block: The next samples.
            peak: How loud the recording gets, for the gain; `None`: as loud as the block.
        """
        loudest = float(np.abs(block).max()) if peak is None else peak
        gain = min(_MAX_GAIN, _USUAL_PEAK / max(loudest, 1e-9))  # Silero misses quiet voices
        signal = np.concatenate([self._context, np.pad(block, (0, -block.size % CHUNK_SAMPLES))])
        self._context = signal[-_CONTEXT_SAMPLES:]
        chunks = np.lib.stride_tricks.sliding_window_view(signal * np.float32(gain), CHUNK_SAMPLES + _CONTEXT_SAMPLES)
        probabilities: NDArray[np.float32]
        probabilities, self._h, self._c = _session().run(
            ["speech_probs", "hn", "cn"], {"input": chunks[::CHUNK_SAMPLES], "h": self._h, "c": self._c}
        )
        return probabilities


def high_voices(block: Signal) -> NDArray[np.float32]:
    """As `SpeechDetector.probabilities` for one block alone, of the same sound played slower: Silero misses many shouts."""
    slow = soxr.resample(block, SAMPLE_RATE, SAMPLE_RATE * _SLOWER)
    heard = SpeechDetector().probabilities(slow)
    places = ((np.arange(-(-block.size // CHUNK_SAMPLES)) + 0.5) * _SLOWER).astype(int)
    found: NDArray[np.float32] = heard[np.minimum(places, heard.size - 1)]
    return found


@cache
def _session() -> Session:
    session: Session = open_session(Path(str(files(__package__) / "models" / "silero_vad.onnx")), threads=1)
    return session
