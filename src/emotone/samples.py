"""Arrays of samples: what they must be, and how they become a `Recording`."""

import hashlib
from collections.abc import Iterator
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .decode import MAX_CHANNELS, MAX_RATE, MIN_RATE, Decoded, Faults, Format
from .errors import InvalidSamplesError
from .recording import Recording
from .types import SAMPLE_RATE, Audio


def check_array(array: NDArray[Any], sample_rate: int | None) -> None:
    """Raises `InvalidSamplesError` when an array cannot be samples, or its rate not theirs."""
    if not isinstance(sample_rate, Real) or not MIN_RATE <= sample_rate <= MAX_RATE:
        raise InvalidSamplesError(
            f"Found an array with sample_rate={sample_rate}; wanted its rate in Hz, such as sample_rate=16000.",
            f"数组的 sample_rate={sample_rate}；请给出以 Hz 为单位的采样率，例如 sample_rate=16000。",
        )
    if array.ndim not in (1, 2) or (array.ndim == 2 and not 1 <= array.shape[1] <= MAX_CHANNELS):
        raise InvalidSamplesError(
            f"Found an array of shape {array.shape}; wanted (samples,) or (samples, channels). Try array.T.",
            f"数组形状为 {array.shape}；需要 (samples,) 或 (samples, channels)。可尝试 array.T。",
        )
    if array.dtype.kind not in "fiu" or (array.dtype.kind in "iu" and array.dtype.itemsize > 4):
        raise InvalidSamplesError(
            f"Found an array of {array.dtype}; wanted floats in -1…1 or integers of 8, 16 or 32 bits.",
            f"数组类型为 {array.dtype}；需要 -1…1 的浮点数，或 8、16、32 位整数。",
        )


def recording_of_array(array: NDArray[Any], sample_rate: int | None, channel: int | None) -> Recording:
    """Samples at their own rate. Arguments as in `open_recording`, errors as in `check_array`."""
    check_array(array, sample_rate)
    assert sample_rate is not None
    samples, rate = np.asarray(array if array.ndim == 2 else array[:, None]), round(sample_rate)

    def digest() -> str:
        sha256 = hashlib.sha256()
        for block, _ in _slices(samples, rate):
            sha256.update(np.ascontiguousarray(block.T).tobytes())
        return sha256.hexdigest()

    announced = Format("array", array.dtype.name, rate, samples.shape[1], len(samples) / rate)
    return Recording("array", lambda *_: _slices(samples, rate), digest, lambda _: announced, channel)


def recording_of_audio(audio: Audio, channel: int | None) -> Recording:
    """A signal that was loaded, to be read again; `channel` as in `open_recording`."""

    def decoded(name: str, faults: Faults) -> Iterator[Decoded]:
        faults.truncated, faults.damaged = audio.truncated, audio.damaged
        yield from _slices(audio.samples[:, None], SAMPLE_RATE)

    announced = Format("array", "float32", SAMPLE_RATE, 1, audio.duration)
    return Recording(audio.source.name, decoded, lambda: audio.source.sha256, lambda _: announced, channel)


def _slices(samples: NDArray[Any], rate: int) -> Iterator[Decoded]:
    for start in range(0, len(samples), 10 * rate):
        yield to_float(samples[start : start + 10 * rate]).T, rate


def to_float(samples: NDArray[Any]) -> NDArray[np.float32]:
    """Floats as they are, integers scaled to -1…1."""
    if samples.dtype.kind == "f":
        with np.errstate(over="ignore"):  # what becomes infinite is refused later
            return samples.astype(np.float32, copy=False)
    half = 2.0 ** (8 * samples.dtype.itemsize - 1)
    offset = half if samples.dtype.kind == "u" else 0.0
    return ((samples.astype(np.float64) - offset) / half).astype(np.float32)
