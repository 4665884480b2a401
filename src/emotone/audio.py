"""Anything that can be listened to is opened as a `Recording`: paths, standard input, bytes, file objects, arrays."""

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
from pathlib import Path
from typing import IO, Any, BinaryIO, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .decode import Decoded, Faults, Format, decode, format_of, reason_of
from .errors import (
    AudioError,
    AudioNotFoundError,
    EmptyAudioError,
    InvalidSamplesError,
    OptionError,
    UnsupportedAudioError,
)
from .recording import Recording
from .samples import recording_of_array, recording_of_audio
from .text import printable
from .types import Audio

SPOOL_BYTES = 32 * 2**20  # larger streams wait on disk, not in memory

AudioSource: TypeAlias = (
    "str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO | NDArray[Any] | Audio | Recording"
)
"""A path (`-`: standard input), encoded bytes, a binary file object, an array of samples, or what this module returns."""

_Opener: TypeAlias = Callable[[], AbstractContextManager[BinaryIO]]


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
        return recording_of_array(source, sample_rate, channel)
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
        return recording_of_audio(source, channel)
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
