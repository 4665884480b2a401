"""Decoded blocks become a signal: one channel, 16 kHz, blocks of equal length."""

from collections.abc import Iterator

import numpy as np
import soxr
from numpy.typing import NDArray

from .decode import Decoded
from .errors import ChannelError, InvalidSamplesError
from .types import SAMPLE_RATE, Signal

BLOCK_SAMPLES = 10 * 2**14  # 10.24 s: whole frames (320) and whole chunks of speech detection (512)
MAX_PEAK = 100.0  # float recordings may exceed 1 a little; more is integers without scaling, or noise


def to_signal(decoded: Iterator[Decoded], channel: int | None, name: str) -> Iterator[Signal]:
    """Blocks of `BLOCK_SAMPLES` samples, the last one shorter.

    Args:
        decoded: Blocks of any length; rate and channels may change between them.
        channel: The channel to take, counted from 0; `None` takes the mean of all.
        name: What to call the recording in messages.

    Raises:
        ChannelError, InvalidSamplesError: When a block lacks the channel, or holds impossible values.
    """
    incoming, grouping = Intake(channel, name), Grouping()
    for block, rate in decoded:
        yield from grouping.add(incoming.add(block, rate))
    yield from grouping.add(incoming.end())
    yield from grouping.end()


class Intake:
    """Decoded blocks become a signal as they come; how they were cut does not change a sample of it.

    Args:
        channel: As in `to_signal`.
        name: As in `to_signal`.
    """

    def __init__(self, channel: int | None, name: str) -> None:
        self._channel = channel
        self._name = name
        self._seconds = 0.0
        self._rate = SAMPLE_RATE
        self._resampler: soxr.ResampleStream | None = None

    def add(self, block: NDArray[np.float32], rate: int) -> Signal:
        """What is known of the signal now and was not before: the resampler holds back some milliseconds.

        Args:
            block: `(channels, samples)`, of any length.
            rate: In Hz.

        Raises:
            ChannelError, InvalidSamplesError: As in `to_signal`.
        """
        mono = self._to_mono(block, rate)
        if rate == self._rate:
            return self._resampled(mono)
        rest, self._rate = self.end(), rate
        self._resampler = None if rate == SAMPLE_RATE else soxr.ResampleStream(rate, SAMPLE_RATE, 1, dtype="float32")
        return np.concatenate([rest, self._resampled(mono)])

    def end(self) -> Signal:
        """What was held back."""
        nothing = np.empty(0, np.float32)
        return nothing if self._resampler is None else self._resampler.resample_chunk(nothing, last=True)

    def _to_mono(self, block: NDArray[np.float32], rate: int) -> Signal:
        _check_values(block, rate, self._seconds, self._name)
        if self._channel is not None and self._channel not in range(len(block)):
            raise ChannelError(
                f"Channel {self._channel} was asked for; '{self._name}' has {len(block)}, counted from 0.",
                f"请求了第 {self._channel} 个声道；“{self._name}”共有 {len(block)} 个声道，从 0 开始计数。",
            )
        mono: Signal = block.mean(axis=0) if self._channel is None else block[int(self._channel)]
        self._seconds += mono.size / rate
        return mono

    def _resampled(self, mono: Signal) -> Signal:
        return mono if self._resampler is None else self._resampler.resample_chunk(np.ascontiguousarray(mono))


class Grouping:
    """A signal in pieces of any length becomes blocks of `BLOCK_SAMPLES`, the last one shorter."""

    def __init__(self) -> None:
        self._waiting: list[Signal] = []
        self._size = 0

    def add(self, piece: Signal) -> Iterator[Signal]:
        """The blocks that are full now."""
        self._waiting.append(piece)
        self._size += piece.size
        if self._size >= BLOCK_SAMPLES:
            joined = np.concatenate(self._waiting)
            full = self._size - self._size % BLOCK_SAMPLES
            self._waiting, self._size = [joined[full:]], self._size - full
            yield from joined[:full].reshape(-1, BLOCK_SAMPLES)

    def end(self) -> Iterator[Signal]:
        """The last block, if anything is left."""
        if self._size:
            yield np.concatenate(self._waiting)


def _check_values(block: NDArray[np.float32], rate: int, seconds: float, name: str) -> None:
    finite = np.isfinite(block).all(axis=0)
    if not finite.all():
        seconds += int(finite.argmin()) / rate
        raise InvalidSamplesError(
            f"'{name}' has NaN or infinite samples near {seconds:.1f} s; wanted finite values. Export the audio again.",
            f"“{name}”在约 {seconds:.1f} 秒处含有 NaN 或无穷大采样；需要有限值。请重新导出音频。",
        )
    peak = float(np.abs(block).max(initial=0.0))
    if peak > MAX_PEAK:
        raise InvalidSamplesError(
            f"'{name}' has samples up to {peak:.3g}; wanted -1…1. Divide 16-bit integers by 32768.",
            f"“{name}”的采样值高达 {peak:.3g}；应在 -1…1 之间。16 位整数请除以 32768。",
        )
