"""Any recording becomes a signal: mono, 16 kHz, float32, read in blocks so that length costs no memory."""

import hashlib
import io
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

import av
import av.error
import numpy as np
import soxr
from numpy.typing import NDArray

from .errors import (
    AudioError,
    AudioNotFoundError,
    ChannelError,
    EmptyAudioError,
    InvalidSamplesError,
    NoAudioStreamError,
    UnsupportedAudioError,
)
from .types import SAMPLE_RATE, Audio, Signal, Source

BLOCK_SAMPLES = 10 * 2**14  # 10.24 s: whole frames (320) and whole chunks of speech detection (512)
MIN_RATE, MAX_RATE = 1_000, 768_000  # beyond every recorder; a header that says otherwise is broken
MAX_CHANNELS = 64
MAX_PEAK = 100.0  # float recordings may exceed 1 a little; more is integers without scaling, or noise
SPOOL_BYTES = 32 * 2**20  # larger streams wait on disk, not in memory

# Containers whose header tells the true duration; elsewhere FFmpeg estimates it.
_DURATION_IN_HEADER = {"wav", "w64", "aiff", "au", "flac", "mov", "matroska", "webm", "caf"}
_TRUNCATION_SLACK = 0.25  # seconds; encoder delay and padding stay below it

AudioSource: TypeAlias = "str | os.PathLike[str] | bytes | BinaryIO | NDArray[Any] | Audio | Recording"
"""A path (`-`: standard input), encoded bytes, a binary file object, an array of samples, or what this module returns."""

_Decoded = tuple[NDArray[np.float32], int]  # (channels, samples) and their sample rate


class Recording:
    """A recording that can be read in blocks, as often as wanted.

    Attributes:
        name: What to call it: the file name, or `stdin`, `bytes`, `array`.
        truncated: True when the last complete reading ended before the end that the file announces.
        damaged: True when it skipped parts that could not be decoded.
    """

    def __init__(
        self,
        name: str,
        decode: Callable[["Recording"], Iterator[_Decoded]],
        digest: Callable[[], str],
        channel: int | None,
    ) -> None:
        self.name = name
        self.truncated = False
        self.damaged = False
        self._decode = decode
        self._digest = digest
        self._channel = channel

    @cached_property
    def source(self) -> Source:
        """Name and sha256: of the encoded bytes, or of an array's samples."""
        return Source(self.name, self._digest())

    def blocks(self) -> Iterator[Signal]:
        """The signal in blocks of 10.24 s (the last one shorter): float32, `(samples,)`, 16 kHz mono.

        Raises:
            AudioError: When the source cannot be decoded, is empty or holds impossible values.
        """
        self.truncated = self.damaged = False
        mono = _to_mono(self._decode(self), self._channel, self.name)
        empty = True
        for block in _regroup(_resample(mono)):
            empty = False
            yield block
        if empty:
            raise EmptyAudioError(
                f"'{self.name}' contains no audio samples. Check that the recording worked.",
                f"“{self.name}”中没有任何音频采样。请检查录音是否成功。",
            )

    def load(self) -> Audio:
        """The whole signal in memory: 64 kB for each second."""
        samples = np.concatenate(list(self.blocks()))
        return Audio(samples, self.source, truncated=self.truncated, damaged=self.damaged)


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
    if isinstance(source, Recording):
        return source
    if isinstance(source, Audio):
        samples = source.samples
        recording = Recording(
            source.source.name, lambda _: _slices(samples[:, None], SAMPLE_RATE), lambda: source.source.sha256, channel
        )
        return recording
    if isinstance(source, np.ndarray):
        return _from_array(source, sample_rate, channel)
    if sample_rate is not None:
        raise InvalidSamplesError(
            "A sample rate belongs to an array; files know their own. Leave sample_rate out.",
            "只有数组才需要采样率,文件自带采样率。请去掉 sample_rate。",
        )
    if isinstance(source, (str, os.PathLike)) and os.fspath(source) != "-":
        return _from_path(Path(source), channel)
    if isinstance(source, (bytes, bytearray, memoryview)):
        return _from_bytes(bytes(source), channel)
    if isinstance(source, (str, os.PathLike)):
        return _from_stream(sys.stdin.buffer, "stdin", channel)
    if hasattr(source, "read"):
        return _from_stream(source, source_name(source), channel)
    raise AudioNotFoundError(
        f"Found a {type(source).__name__}; wanted a path, bytes, a binary file object or a NumPy array of samples.",
        f"收到 {type(source).__name__} 类型;需要路径、bytes、二进制文件对象或 NumPy 采样数组。",
    )


def source_name(source: AudioSource) -> str:
    """What to call a source in results and messages: a file's name, or `stdin`, `bytes`, `array`, `stream`."""
    if isinstance(source, Recording):
        return source.name
    if isinstance(source, Audio):
        return source.source.name
    if isinstance(source, (str, os.PathLike)):
        return "stdin" if os.fspath(source) == "-" else Path(source).name
    if isinstance(source, np.ndarray):
        return "array"
    if isinstance(source, (bytes, bytearray, memoryview)):
        return "bytes"
    name = getattr(source, "name", None)
    return Path(name).name if isinstance(name, str) else "stream"


def load_audio(source: AudioSource, *, sample_rate: int | None = None, channel: int | None = None) -> Audio:
    """Decodes a whole source into memory. Arguments and errors as in `open_recording`, plus those of decoding."""
    return open_recording(source, sample_rate=sample_rate, channel=channel).load()


def _from_path(path: Path, channel: int | None) -> Recording:
    if path.is_dir():
        raise AudioNotFoundError(
            f"'{path}' is a folder; give the audio files in it.", f"“{path}”是文件夹;请给出其中的音频文件。"
        )
    if not path.exists():
        raise AudioNotFoundError(f"There is no file '{path}'. Check the path.", f"找不到文件“{path}”。请检查路径。")
    if path.is_file() and path.stat().st_size == 0:
        raise _empty(path.name)

    def open_file() -> BinaryIO:
        try:
            return path.open("rb")
        except OSError as error:
            raise AudioNotFoundError(
                f"'{path}' cannot be opened: {error.strerror}.", f"无法打开“{path}”:{error.strerror}。"
            ) from error

    return _from_opener(path.name, open_file, channel)


def _from_bytes(data: bytes, channel: int | None) -> Recording:
    if not data:
        raise _empty("bytes")
    return _from_opener("bytes", lambda: io.BytesIO(data), channel)


def _from_stream(stream: BinaryIO, name: str, channel: int | None) -> Recording:
    # A copy: reading twice and seeking then work for pipes as well, and the caller's file stays untouched.
    spool = tempfile.SpooledTemporaryFile(max_size=SPOOL_BYTES)  # noqa: SIM115 - lives as long as the recording
    shutil.copyfileobj(stream, spool)
    if spool.tell() == 0:
        raise _empty(name)

    def rewound() -> AbstractContextManager[BinaryIO]:
        spool.seek(0)
        return nullcontext(spool)  # type: ignore[arg-type] # a SpooledTemporaryFile is a BinaryIO in all but name

    return _from_opener(name, rewound, channel)


def _from_opener(name: str, opener: Callable[[], AbstractContextManager[BinaryIO]], channel: int | None) -> Recording:
    def digest() -> str:
        sha256 = hashlib.sha256()
        with opener() as file:
            while chunk := file.read(2**20):
                sha256.update(chunk)
        return sha256.hexdigest()

    def decode(recording: Recording) -> Iterator[_Decoded]:
        with opener() as file:
            yield from _decode(file, recording)

    return Recording(name, decode, digest, channel)


def _from_array(array: NDArray[Any], sample_rate: int | None, channel: int | None) -> Recording:
    if sample_rate is None or not MIN_RATE <= sample_rate <= MAX_RATE:
        raise InvalidSamplesError(
            f"Found an array with sample_rate={sample_rate}; wanted its rate in Hz, such as sample_rate=16000.",
            f"数组的 sample_rate={sample_rate};请给出以 Hz 为单位的采样率,例如 sample_rate=16000。",
        )
    if array.ndim not in (1, 2) or (array.ndim == 2 and array.shape[1] > MAX_CHANNELS):
        raise InvalidSamplesError(
            f"Found an array of shape {array.shape}; wanted (samples,) or (samples, channels). Try array.T.",
            f"数组形状为 {array.shape};需要 (samples,) 或 (samples, channels)。可尝试 array.T。",
        )
    samples = _to_float(array.reshape(len(array), -1))
    return Recording(
        "array",
        lambda _: _slices(samples, sample_rate),
        lambda: hashlib.sha256(np.ascontiguousarray(samples).tobytes()).hexdigest(),
        channel,
    )


def _to_float(samples: NDArray[Any]) -> NDArray[np.float32]:
    if samples.dtype.kind == "f":
        return samples.astype(np.float32, copy=False)
    if samples.dtype.kind not in "iu":
        raise InvalidSamplesError(
            f"Found an array of {samples.dtype}; wanted floats in -1…1 or integers.",
            f"数组类型为 {samples.dtype};需要 -1…1 的浮点数或整数。",
        )
    half = 2.0 ** (8 * samples.dtype.itemsize - 1)
    offset = half if samples.dtype.kind == "u" else 0.0
    return ((samples.astype(np.float64) - offset) / half).astype(np.float32)


def _slices(samples: NDArray[np.float32], rate: int) -> Iterator[_Decoded]:
    for start in range(0, len(samples), 10 * rate):
        yield samples[start : start + 10 * rate].T, rate


def _decode(file: BinaryIO, recording: Recording) -> Iterator[_Decoded]:
    """Decoded blocks of the first audio stream, with the rate that the decoder really gives (Opus: always 48 kHz)."""
    try:
        # FFmpeg may follow links inside playlists; nothing but the given bytes is ever opened.
        container = av.open(file, "r", metadata_errors="ignore", options={"protocol_whitelist": "none"})
    except (av.error.FFmpegError, ValueError) as error:
        raise UnsupportedAudioError(
            f"'{recording.name}' is not audio that can be decoded ({_reason(error)}). "
            "Use WAV, MP3, M4A, FLAC, OGG, WebM or AMR.",
            f"“{recording.name}”不是可解码的音频({_reason(error)})。请使用 WAV、MP3、M4A、FLAC、OGG、WebM 或 AMR。",
        ) from error
    with container:
        if not container.streams.audio:
            raise NoAudioStreamError(
                f"'{recording.name}' has no audio track. Choose a file with sound.",
                f"“{recording.name}”没有音轨。请选择有声音的文件。",
            )
        decoded = 0.0
        for block, rate in _frames(container, recording):
            decoded += block.shape[1] / rate
            yield block, rate
        announced = (container.duration or 0) / av.time_base
        if _knows_duration(container) and decoded < announced - _TRUNCATION_SLACK:
            recording.truncated = True


def _frames(container: "av.container.InputContainer", recording: Recording) -> Iterator[_Decoded]:
    resampler = av.AudioResampler(format="fltp")  # changes the sample format only: scaling is FFmpeg's
    layout: tuple[int, int] | None = None
    packets = container.demux(container.streams.audio[0])
    while True:
        try:
            packet = next(packets)
            frames = packet.decode()
        except StopIteration:
            return
        except av.error.InvalidDataError:
            recording.damaged = True
            continue
        except av.error.FFmpegError:
            recording.truncated = True
            return
        for frame in frames:
            rate, channels = frame.sample_rate, frame.layout.nb_channels
            if not MIN_RATE <= rate <= MAX_RATE:
                raise UnsupportedAudioError(
                    f"'{recording.name}' claims a sample rate of {rate} Hz; wanted 8–192 kHz.",
                    f"“{recording.name}”声称采样率为 {rate} Hz;应在 8–192 kHz 之间。",
                )
            if layout != (rate, channels):
                layout, resampler = (rate, channels), av.AudioResampler(format="fltp")
            for part in resampler.resample(frame):
                yield part.to_ndarray(), rate


def _knows_duration(container: "av.container.InputContainer") -> bool:
    return not _DURATION_IN_HEADER.isdisjoint(container.format.name.split(","))


def _to_mono(decoded: Iterator[_Decoded], channel: int | None, name: str) -> Iterator[tuple[Signal, int]]:
    seconds = 0.0
    for block, rate in decoded:
        if channel is not None and not 0 <= channel < len(block):
            raise ChannelError(
                f"Channel {channel} was asked for; '{name}' has {len(block)}, counted from 0.",
                f"请求了第 {channel} 个声道;“{name}”共有 {len(block)} 个声道,从 0 开始计数。",
            )
        mono = block.mean(axis=0) if channel is None else block[channel]
        _check_values(mono, seconds, name)
        seconds += mono.size / rate
        yield mono, rate


def _check_values(mono: Signal, seconds: float, name: str) -> None:
    if not np.isfinite(mono).all():
        raise InvalidSamplesError(
            f"'{name}' has NaN or infinite samples near {seconds:.1f} s; wanted finite values. Export the audio again.",
            f"“{name}”在约 {seconds:.1f} 秒处含有 NaN 或无穷大采样;需要有限值。请重新导出音频。",
        )
    peak = float(np.abs(mono).max(initial=0.0))
    if peak > MAX_PEAK:
        raise InvalidSamplesError(
            f"'{name}' has samples up to {peak:.0f}; wanted -1…1. Divide 16-bit integers by 32768.",
            f"“{name}”的采样值高达 {peak:.0f};应在 -1…1 之间。16 位整数请除以 32768。",
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


def _empty(name: str) -> AudioError:
    return EmptyAudioError(
        f"'{name}' is empty (0 bytes). Choose a recording with sound in it.",
        f"“{name}”是空文件(0 字节)。请选择有声音的录音。",
    )


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error).rstrip(".").lower()
