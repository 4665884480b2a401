"""A recording becomes a signal: mono, 16 kHz, float32, read in blocks so that length costs no memory."""

from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import TypeAlias

import numpy as np

from .decode import Decoded, Faults, Format
from .errors import AudioError, AudioTooLongError, EmptyAudioError
from .resample import to_signal
from .types import Audio, Signal, Source

ROUNDING = 1e-3  # seconds by which a sum of many durations may be wrong


class Recording:
    """A recording that can be read in blocks, as often as wanted.

    Attributes:
        name: What to call it: the file name, or `stdin`, `bytes`, `array`.
    """

    def __init__(
        self,
        name: str,
        decode: Callable[[str, Faults], Iterator[Decoded]],
        digest: Callable[[], str],
        announce: Callable[[str], Format],
        channel: int | None,
    ) -> None:
        self.name = name
        self._faults = Faults()
        self._decode = decode
        self._digest = digest
        self._announce = announce
        self._channel = channel

    @property
    def truncated(self) -> bool:
        """Whether the last reading ended before the end that the file announces."""
        return self._faults.truncated

    @property
    def damaged(self) -> bool:
        """Whether the last reading skipped parts that could not be decoded."""
        return self._faults.damaged

    @cached_property
    def source(self) -> Source:
        """Name and sha256: of the encoded bytes, or of an array's samples."""
        return Source(self.name, self._digest())

    @cached_property
    def format(self) -> Format:
        """How it is stored, from its header alone: how long it will be and how many channels it has, as far as that is known.

        Raises:
            AudioError: When it cannot be opened or is no audio.
        """
        return self._announce(self.name)

    def of_channel(self, channel: int | None) -> "Recording":
        """The same recording, listened to on another channel, counted from 0; `None` takes the mean of all."""
        # The functions hold this recording, so a stream's copy is not closed before the other one is done with it.
        return Recording(self.name, self._decode, lambda: self.source.sha256, lambda _: self.format, channel)

    def decoded(self) -> Iterator[Decoded]:
        """The samples as they are stored: all channels, at their own rate, in blocks of any length.

        Raises:
            AudioError: When the source cannot be decoded.
        """
        self._faults = Faults()
        return self._decode(self.name, self._faults)

    def blocks(self) -> Iterator[Signal]:
        """The signal in blocks of 10.24 s (the last one shorter): float32, `(samples,)`, 16 kHz mono.

        Raises:
            AudioError: When the source cannot be decoded, is empty or holds impossible values.
        """
        empty = True
        for block in to_signal(self.decoded(), self._channel, self.name):
            empty = False
            yield block
        if empty:
            raise EmptyAudioError(
                f"'{self.name}' contains no audio samples that can be read. Check that the recording worked.",
                f"“{self.name}”中没有可读取的音频采样。请检查录音是否成功。",
            )

    def at_most(self, seconds: float) -> "Recording":
        """The same recording; its blocks raise `AudioTooLongError` as soon as more than so many seconds are decoded.

        A header may claim anything, and a small file may hold days of silence: only what was decoded counts.
        """

        def decoded(name: str, faults: Faults) -> Iterator[Decoded]:
            heard = 0.0
            for samples, rate in self._decode(name, faults):
                heard += samples.shape[-1] / rate
                if heard > seconds + ROUNDING:
                    raise too_long(name, seconds)
                yield samples, rate

        return Recording(self.name, decoded, lambda: self.source.sha256, lambda _: self.format, self._channel)

    def load(self) -> Audio:
        """The whole signal in memory: 64 kB for each second."""
        samples = np.concatenate(list(self.blocks()))
        return Audio(samples, self.source, truncated=self.truncated, damaged=self.damaged)


Reading: TypeAlias = Callable[[Path], Recording]
"""Opens a file, in place of `open_recording`: elsewhere, or not longer than is allowed."""


def too_long(name: str, seconds: float) -> AudioError:
    """The error for a recording of more than so many seconds."""
    return AudioTooLongError(
        f"'{name}' is longer than {seconds:g} s, the most that is allowed here. Cut it into parts.",
        f"“{name}”超过此处允许的最长 {seconds:g} 秒。请分段处理。",
    )
