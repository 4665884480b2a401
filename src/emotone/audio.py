"""Any recording becomes a signal: mono, 16 kHz, float32, read in blocks so that length costs no memory."""

import hashlib
import io
import os
import shutil
import stat
import sys
import tempfile
import weakref
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cached_property
from numbers import Real
from pathlib import Path
from typing import IO, Any, BinaryIO, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .decode import MAX_CHANNELS, MAX_RATE, MIN_RATE, Decoded, Faults, Format, decode, format_of, reason_of
from .errors import (
    AudioError,
    AudioNotFoundError,
    AudioTooLongError,
    EmptyAudioError,
    InvalidSamplesError,
    OptionError,
    UnsupportedAudioError,
)
from .resample import to_signal
from .text import printable
from .types import SAMPLE_RATE, Audio, Signal, Source

ROUNDING = 1e-3  # seconds by which a sum of many durations may be wrong
SPOOL_BYTES = 32 * 2**20  # larger streams wait on disk, not in memory

AudioSource: TypeAlias = (
    "str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO | NDArray[Any] | Audio | Recording"
)
"""A path (`-`: standard input), encoded bytes, a binary file object, an array of samples, or what this module returns."""

_Opener: TypeAlias = Callable[[], AbstractContextManager[BinaryIO]]


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


def open_recording(source: AudioSource, *, sample_rate: int | None = None, channel: int | None = None) -> Recording:
    """Prepares a source for reading; samples are decoded when its blocks are asked for.

    Args:
        source: A path (`-`: standard input), encoded bytes, a binary file object (read from where it stands), an array of
            shape `(samples,)` or `(samples, channels)`, an `Audio`, or a `Recording` (returned as it is).
        sample_rate: Of an array, in Hz. Files know their own.
        channel: The channel to take, counted from 0; `None` takes the mean of all.

    Raises:
        AudioNotFoundError, EmptyAudioError, InvalidSamplesError: When that can be told without decoding.
    """
    if isinstance(source, np.ndarray):
        return _from_array(source, sample_rate, channel)
    if sample_rate is not None:
        raise InvalidSamplesError(
            "A sample rate belongs to an array; files know their own. Leave sample_rate out.",
            "只有数组才需要采样率，文件自带采样率。请去掉 sample_rate。",
        )
    if isinstance(source, Recording):
        if channel is not None:
            raise OptionError(
                "A recording that is open has its channel already. Give the channel to open_recording.",
                "已打开的录音已确定声道。请在 open_recording 中指定声道。",
            )
        return source
    if isinstance(source, Audio):
        return _from_audio(source, channel)
    if isinstance(source, (str, os.PathLike)):
        name = os.fsdecode(source)
        return _from_stream(_standard_input(), "stdin", channel) if name == "-" else _from_path(Path(name), channel)
    if isinstance(source, (bytes, bytearray, memoryview)):
        return _from_bytes(bytes(source), channel)
    if hasattr(source, "read"):
        return _from_stream(source, source_name(source), channel)
    raise UnsupportedAudioError(
        f"Found a {type(source).__name__}; wanted a path, bytes, a binary file object or a NumPy array of samples.",
        f"收到 {type(source).__name__} 类型；需要路径、bytes、二进制文件对象或 NumPy 采样数组。",
    )


def source_name(source: AudioSource) -> str:
    """What to call a source in results and messages: a file's name, or `stdin`, `bytes`, `array`, `stream`."""
    if isinstance(source, Recording):
        return source.name
    if isinstance(source, Audio):
        return source.source.name
    if isinstance(source, (str, os.PathLike)):
        name = os.fsdecode(source)
        return "stdin" if name == "-" else printable(Path(name).name)
    if isinstance(source, np.ndarray):
        return "array"
    if isinstance(source, (bytes, bytearray, memoryview)):
        return "bytes"
    named = getattr(source, "name", None)
    return printable(Path(named).name) if isinstance(named, str) else "stream"


def load_audio(source: AudioSource, *, sample_rate: int | None = None, channel: int | None = None) -> Audio:
    """Decodes a whole source into memory. Arguments and errors as in `open_recording`, plus those of decoding."""
    return open_recording(source, sample_rate=sample_rate, channel=channel).load()


def _from_path(path: Path, channel: int | None) -> Recording:
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise AudioNotFoundError(
            f"There is no file '{path}'. Check the path.", f"找不到文件“{path}”。请检查路径。"
        ) from error
    except (OSError, ValueError) as error:  # ValueError: a null character in the path
        raise _cannot_open(path, error) from error
    if stat.S_ISDIR(found.st_mode):
        raise AudioNotFoundError(
            f"'{path}' is a folder; give the audio files in it.", f"“{path}”是文件夹；请给出其中的音频文件。"
        )
    if stat.S_ISFIFO(found.st_mode):
        return _from_named_pipe(path, channel)
    if not stat.S_ISREG(found.st_mode):
        raise AudioNotFoundError(
            f"'{path}' is a device, not a file; give an audio file.", f"“{path}”是设备而不是文件；请给出音频文件。"
        )
    if found.st_size == 0:
        raise _empty(source_name(path))

    @contextmanager
    def open_file() -> Iterator[BinaryIO]:
        try:
            with path.open("rb") as file:
                yield _View(file)
        except OSError as error:
            raise _cannot_open(path, error) from error

    return _from_opener(source_name(path), open_file, channel)


def _from_named_pipe(path: Path, channel: int | None) -> Recording:
    try:
        # Opening would wait until somebody writes, perhaps for ever; so it reads nothing when nobody does yet.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError as error:
        raise _cannot_open(path, error) from error
    os.set_blocking(descriptor, True)
    with open(descriptor, "rb") as stream:
        return _from_stream(stream, source_name(path), channel)


def _from_bytes(data: bytes, channel: int | None) -> Recording:
    if not data:
        raise _empty("bytes")
    return _from_opener("bytes", lambda: io.BytesIO(data), channel)


def _from_stream(stream: BinaryIO, name: str, channel: int | None) -> Recording:
    # A copy: reading twice and seeking then work for pipes as well, and the caller may close the stream.
    spool = tempfile.SpooledTemporaryFile(max_size=SPOOL_BYTES)  # noqa: SIM115 - lives as long as the recording
    try:
        shutil.copyfileobj(stream, spool)
        size = spool.tell()
    except Exception as error:  # somebody else's file object may raise anything
        spool.close()
        raise UnsupportedAudioError(
            f"'{name}' cannot be read as bytes ({error}). Open it in binary mode ('rb').",
            f"无法以字节形式读取“{name}”（{error}）。请以二进制模式（'rb'）打开。",
        ) from error
    if size == 0:
        spool.close()
        raise _empty(name)
    recording = _from_opener(name, lambda: nullcontext(_View(spool)), channel)
    weakref.finalize(recording, spool.close)
    return recording


def _standard_input() -> BinaryIO:
    stream: BinaryIO | None = getattr(sys.stdin, "buffer", None)
    if stream is None:
        raise AudioNotFoundError(
            "There is no standard input to read. Give the path of an audio file.",
            "没有标准输入可读。请给出音频文件的路径。",
        )
    return stream


class _View(io.RawIOBase, BinaryIO):
    """Reads a file from its beginning: without its name, since FFmpeg would believe the ending, and at its own position."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        if whence == os.SEEK_CUR:
            offset, whence = self._position + offset, os.SEEK_SET
        self._file.seek(offset, whence)
        self._position = self._file.tell()
        return self._position

    def readinto(self, buffer: Any) -> int:
        self._file.seek(self._position)
        data = self._file.read(len(buffer))
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)


def _from_opener(name: str, opener: _Opener, channel: int | None) -> Recording:
    def digest() -> str:
        sha256 = hashlib.sha256()
        with opener() as file:
            while chunk := file.read(2**20):
                sha256.update(chunk)
        return sha256.hexdigest()

    def decoded(name: str, faults: Faults) -> Iterator[Decoded]:
        with opener() as file:
            yield from decode(file, name, faults)

    def announced(name: str) -> Format:
        with opener() as file:
            return format_of(file, name)

    return Recording(name, decoded, digest, announced, channel)


def _from_audio(audio: Audio, channel: int | None) -> Recording:
    def decoded(name: str, faults: Faults) -> Iterator[Decoded]:
        faults.truncated, faults.damaged = audio.truncated, audio.damaged
        yield from _slices(audio.samples[:, None], SAMPLE_RATE)

    announced = Format("array", "float32", SAMPLE_RATE, 1, audio.duration)
    return Recording(audio.source.name, decoded, lambda: audio.source.sha256, lambda _: announced, channel)


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


def _from_array(array: NDArray[Any], sample_rate: int | None, channel: int | None) -> Recording:
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


def too_long(name: str, seconds: float) -> AudioError:
    """The error for a recording of more than so many seconds."""
    return AudioTooLongError(
        f"'{name}' is longer than {seconds:g} s, the most that is allowed here. Cut it into parts.",
        f"“{name}”超过此处允许的最长 {seconds:g} 秒。请分段处理。",
    )


def _empty(name: str) -> AudioError:
    return EmptyAudioError(
        f"'{name}' is empty (0 bytes). Choose a recording with sound in it.",
        f"“{name}”是空文件（0 字节）。请选择有声音的录音。",
    )


def _cannot_open(path: Path, error: Exception) -> AudioError:
    return AudioNotFoundError(
        f"'{path}' cannot be opened ({reason_of(error)}). Check its name and permissions.",
        f"无法打开“{path}”（{reason_of(error)}）。请检查文件名和权限。",
    )
