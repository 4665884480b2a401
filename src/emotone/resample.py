"""Decoded blocks become a signal: one channel, 16 kHz, blocks of equal length. Chained generators; nothing is kept."""

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
    return _regroup(_resample(_to_mono(decoded, channel, name)))


def _to_mono(decoded: Iterator[Decoded], channel: int | None, name: str) -> Iterator[tuple[Signal, int]]:
    seconds = 0.0
    for block, rate in decoded:
        _check_values(block, rate, seconds, name)
        if channel is not None and channel not in range(len(block)):
            raise ChannelError(
                f"Channel {channel} was asked for; '{name}' has {len(block)}, counted from 0.",
                f"请求了第 {channel} 个声道；“{name}”共有 {len(block)} 个声道，从 0 开始计数。",
            )
        mono = block.mean(axis=0) if channel is None else block[int(channel)]
        seconds += mono.size / rate
        yield mono, rate


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


def _resample(mono: Iterator[tuple[Signal, int]]) -> Iterator[Signal]:
    stream: soxr.ResampleStream | None = None
    current = SAMPLE_RATE
    for block, rate in mono:
        if rate != current:
            if stream is not None:
                yield stream.resample_chunk(np.empty(0, np.float32), last=True)
            current = rate
            stream = None if rate == SAMPLE_RATE else soxr.ResampleStream(rate, SAMPLE_RATE, 1, dtype="float32")
        yield block if stream is None else stream.resample_chunk(np.ascontiguousarray(block))
    if stream is not None:
        yield stream.resample_chunk(np.empty(0, np.float32), last=True)


def _regroup(blocks: Iterator[Signal]) -> Iterator[Signal]:
    waiting: list[Signal] = []
    size = 0
    for block in blocks:
        waiting.append(block)
        size += block.size
        if size >= BLOCK_SAMPLES:
            joined = np.concatenate(waiting)
            full = size - size % BLOCK_SAMPLES
            yield from joined[:full].reshape(-1, BLOCK_SAMPLES)
            waiting, size = [joined[full:]], size - full
    if size:
        yield np.concatenate(waiting)
