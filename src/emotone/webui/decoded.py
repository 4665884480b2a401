"""A recording decoded once, for everything that is done with it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from tempfile import TemporaryFile

import numpy as np
from numpy.typing import NDArray

from ..recording import Recording
from ..types import SAMPLE_RATE, Audio

_PEAK_SAMPLES = SAMPLE_RATE // 50  # samples that one peak of the waveform stands for

Peaks = NDArray[np.float32]
"""The loudest sample of each 20 ms, `(peaks,)`, in 0…1."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """A recording's samples, on disk, and its outline."""

    audio: Audio
    peaks: Peaks = field(repr=False)


@contextmanager
def decoded(recording: Recording) -> Iterator[Decoded]:
    """The recording as samples in a temporary file, which ends with the context: length costs no memory.

    Raises:
        AudioError: When it cannot be decoded.
    """
    with TemporaryFile(prefix="emotone_") as file:
        peaks = []
        for block in recording.blocks():
            file.write(block.tobytes())
            padded = np.pad(np.abs(block), (0, -block.size % _PEAK_SAMPLES))
            peaks.append(padded.reshape(-1, _PEAK_SAMPLES).max(axis=1))
        file.flush()
        samples = np.memmap(file, np.float32, "r")
        audio = Audio(samples, recording.source, truncated=recording.truncated, damaged=recording.damaged)
        yield Decoded(audio, np.minimum(np.concatenate(peaks), 1.0))
