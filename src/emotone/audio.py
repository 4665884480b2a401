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

import av
import av.container
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

# What is recorded, sent and sold. FFmpeg knows hundreds more: playlists that open other files, images, plain text.
_CONTAINERS = (
    "aac,ac3,aiff,amr,ape,asf,au,avi,caf,dsf,dss,dts,eac3,flac,flv,loas,matroska,mov,mp3,mpc,mpc8,mpeg,mpegts,nistsphere,"
    "ogg,rm,tak,truehd,tta,voc,w64,wav,wv,xwma"
)
_FOREIGN = (av.error.FFmpegError, OSError, ValueError)  # what PyAV raises for media that it cannot read
_OPTIONS = {"format_whitelist": _CONTAINERS, "protocol_whitelist": "none"}  # nothing but the given bytes is ever opened

# Where FFmpeg takes the duration from the header; elsewhere it may estimate it.
_DURATION_IN_HEADER = {"aiff", "asf", "au", "caf", "flac", "mov", "w64"}
_TRUNCATION_SLACK = 0.25  # seconds; encoder delay and padding stay below it
_UNKNOWN_WAV_BYTES = 0x7FFF_0000  # live recorders write 0 or the most that fits, as they cannot know
_OGG_PAGE_BYTES = 27 + 255 + 255 * 255  # the largest possible
_MP3_FRAME_BYTES = 2881  # the largest possible
_XING_OFFSET = 36  # bytes of an MP3 frame before its Xing tag: never more

# Time without packets, in seconds, that cannot be meant. Ogg and FLAC count every sample; others may leave out silence.
_GAPLESS = {"ogg", "flac"}
_GAP, _GAP_IN_GAPLESS = 0.5, 0.02

AudioSource: TypeAlias = "str | os.PathLike[str] | bytes | BinaryIO | NDArray[Any] | Audio | Recording"
"""A path (`-`: standard input), encoded bytes, a binary file object, an array of samples, or what this module returns."""

_Opener: TypeAlias = Callable[[], AbstractContextManager[BinaryIO]]
_Container: TypeAlias = av.container.InputContainer
_Packet: TypeAlias = "av.Packet[av.AudioStream]"  # in quotes: only type checkers know the brackets
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
                f"'{self.name}' contains no audio samples that can be read. Check that the recording worked.",
                f"“{self.name}”中没有可读取的音频采样。请检查录音是否成功。",
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
    if isinstance(source, np.ndarray):
        return _from_array(source, sample_rate, channel)
    if sample_rate is not None:
        raise InvalidSamplesError(
            "A sample rate belongs to an array; files know their own. Leave sample_rate out.",
            "只有数组才需要采样率,文件自带采样率。请去掉 sample_rate。",
        )
    if isinstance(source, Recording):
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
        f"收到 {type(source).__name__} 类型;需要路径、bytes、二进制文件对象或 NumPy 采样数组。",
    )


def source_name(source: AudioSource) -> str:
    """What to call a source in results and messages: a file's name, or `stdin`, `bytes`, `array`, `stream`."""
    if isinstance(source, Recording):
        return source.name
    if isinstance(source, Audio):
        return source.source.name
    if isinstance(source, (str, os.PathLike)):
        name = os.fsdecode(source)
        return "stdin" if name == "-" else Path(name).name
    if isinstance(source, np.ndarray):
        return "array"
    if isinstance(source, (bytes, bytearray, memoryview)):
        return "bytes"
    named = getattr(source, "name", None)
    return Path(named).name if isinstance(named, str) else "stream"


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
            f"'{path}' is a folder; give the audio files in it.", f"“{path}”是文件夹;请给出其中的音频文件。"
        )
    if stat.S_ISFIFO(found.st_mode):
        return _from_named_pipe(path, channel)
    if not stat.S_ISREG(found.st_mode):
        raise AudioNotFoundError(
            f"'{path}' is a device, not a file; give an audio file.", f"“{path}”是设备而不是文件;请给出音频文件。"
        )
    if found.st_size == 0:
        raise _empty(path.name)

    @contextmanager
    def open_file() -> Iterator[BinaryIO]:
        try:
            with path.open("rb") as file:
                yield _View(file)
        except OSError as error:
            raise _cannot_open(path, error) from error

    return _from_opener(path.name, open_file, channel)


def _from_named_pipe(path: Path, channel: int | None) -> Recording:
    try:
        # Opening would wait until somebody writes, perhaps for ever; so it reads nothing when nobody does yet.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError as error:
        raise _cannot_open(path, error) from error
    os.set_blocking(descriptor, True)
    with open(descriptor, "rb") as stream:
        return _from_stream(stream, path.name, channel)


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
            f"无法以字节形式读取“{name}”({error})。请以二进制模式('rb')打开。",
        ) from error
    if size == 0:
        spool.close()
        raise _empty(name)
    recording = _from_opener(name, lambda: nullcontext(_View(spool)), channel)
    weakref.finalize(recording, spool.close)
    return recording


def _standard_input() -> BinaryIO:
    if sys.stdin is None:
        raise AudioNotFoundError(
            "There is no standard input to read. Give the path of an audio file.",
            "没有标准输入可读。请给出音频文件的路径。",
        )
    return sys.stdin.buffer


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

    def decode(recording: Recording) -> Iterator[_Decoded]:
        with opener() as file:
            yield from _decode(file, recording)

    return Recording(name, decode, digest, channel)


def _from_audio(audio: Audio, channel: int | None) -> Recording:
    def decode(recording: Recording) -> Iterator[_Decoded]:
        recording.truncated, recording.damaged = audio.truncated, audio.damaged
        yield from _slices(audio.samples[:, None], SAMPLE_RATE)

    return Recording(audio.source.name, decode, lambda: audio.source.sha256, channel)


def _from_array(array: NDArray[Any], sample_rate: int | None, channel: int | None) -> Recording:
    if not isinstance(sample_rate, Real) or not MIN_RATE <= sample_rate <= MAX_RATE:
        raise InvalidSamplesError(
            f"Found an array with sample_rate={sample_rate}; wanted its rate in Hz, such as sample_rate=16000.",
            f"数组的 sample_rate={sample_rate};请给出以 Hz 为单位的采样率,例如 sample_rate=16000。",
        )
    if array.ndim not in (1, 2) or (array.ndim == 2 and not 1 <= array.shape[1] <= MAX_CHANNELS):
        raise InvalidSamplesError(
            f"Found an array of shape {array.shape}; wanted (samples,) or (samples, channels). Try array.T.",
            f"数组形状为 {array.shape};需要 (samples,) 或 (samples, channels)。可尝试 array.T。",
        )
    if array.dtype.kind not in "fiu" or (array.dtype.kind in "iu" and array.dtype.itemsize > 4):
        raise InvalidSamplesError(
            f"Found an array of {array.dtype}; wanted floats in -1…1 or integers of 8, 16 or 32 bits.",
            f"数组类型为 {array.dtype};需要 -1…1 的浮点数,或 8、16、32 位整数。",
        )
    samples, rate = np.asarray(array if array.ndim == 2 else array[:, None]), round(sample_rate)

    def digest() -> str:
        sha256 = hashlib.sha256()
        for block, _ in _slices(samples, rate):
            sha256.update(np.ascontiguousarray(block.T).tobytes())
        return sha256.hexdigest()

    return Recording("array", lambda _: _slices(samples, rate), digest, channel)


def _slices(samples: NDArray[Any], rate: int) -> Iterator[_Decoded]:
    for start in range(0, len(samples), 10 * rate):
        yield _to_float(samples[start : start + 10 * rate]).T, rate


def _to_float(samples: NDArray[Any]) -> NDArray[np.float32]:
    if samples.dtype.kind == "f":
        with np.errstate(over="ignore"):  # what becomes infinite is refused later
            return samples.astype(np.float32, copy=False)
    half = 2.0 ** (8 * samples.dtype.itemsize - 1)
    offset = half if samples.dtype.kind == "u" else 0.0
    return ((samples.astype(np.float64) - offset) / half).astype(np.float32)


def _decode(file: BinaryIO, recording: Recording) -> Iterator[_Decoded]:
    """Decoded blocks of the first audio track, with the rate that the decoder really gives (Opus: always 48 kHz)."""
    try:
        container = av.open(file, "r", metadata_errors="ignore", options=_OPTIONS)
    except _FOREIGN as error:
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
        if container.streams.audio[0].codec_context is None:
            raise UnsupportedAudioError(
                f"The audio track of '{recording.name}' has a codec that is not known here. Convert it to WAV or FLAC.",
                f"无法识别“{recording.name}”音轨的编码。请转换为 WAV 或 FLAC。",
            )
        for frame in _frames(container, file, recording):
            samples = frame.to_ndarray().astype(np.float32, copy=False)
            yield samples.reshape(-1, frame.layout.nb_channels).T, frame.sample_rate


def _frames(container: _Container, file: BinaryIO, recording: Recording) -> Iterator[av.AudioFrame]:
    """The decoded frames as float32. Faults are noted: those at the very end mean that the file is cut.

    Channels stay interleaved: PyAV counts the planes of a frame wrongly, and crashes, when they are eight or more.
    """
    resampler: av.AudioResampler | None = None
    kind: tuple[Any, ...] = ()
    broken = False
    for packet in _packets(container, file, recording):
        whole = not packet.is_corrupt
        try:
            for frame in packet.decode():
                found = frame.sample_rate, frame.layout.name, frame.format.name
                if resampler is None or kind != found:
                    _check_claims(frame, recording.name)
                    kind, resampler = found, av.AudioResampler(format="flt")  # scaling is FFmpeg's
                whole &= not frame.is_corrupt
                yield from resampler.resample(frame)
        except _FOREIGN:
            whole = False
        if packet.size:  # else it only empties the decoder
            recording.damaged |= broken and whole
            broken = not whole
    # An endless header makes the last packet of a WAV look short, and what follows an MP3 is seldom audio.
    recording.truncated |= broken and not _names(container) & {"wav", "mp3"}


def _check_claims(frame: av.AudioFrame, name: str) -> None:
    rate, channels = frame.sample_rate, frame.layout.nb_channels
    if not (MIN_RATE <= rate <= MAX_RATE and channels <= MAX_CHANNELS):
        raise UnsupportedAudioError(
            f"'{name}' claims {channels} channels at {rate} Hz; wanted up to {MAX_CHANNELS} channels at 8–192 kHz.",
            f"“{name}”声称有 {channels} 个声道、采样率 {rate} Hz;应不超过 {MAX_CHANNELS} 个声道、8–192 kHz。",
        )


def _packets(container: _Container, file: BinaryIO, recording: Recording) -> Iterator[_Packet]:
    """The packets of the first audio track; those of the others only tell how far the file reaches."""
    track = container.streams.audio[0]
    gap = _GAP_IN_GAPLESS if _names(container) & _GAPLESS else _GAP
    first: _Packet | None = None
    reached = heard = 0.0
    try:
        packets: Iterator[Any] = container.demux()
        for packet in packets:
            start = float(packet.pts * packet.time_base) if packet.pts is not None else heard
            end = start + float((packet.duration or 0) * packet.time_base)
            reached = max(reached, end)
            if packet.stream.index == track.index:
                recording.damaged |= first is not None and start > heard + gap
                first, heard = first or packet, end
                yield packet
    except _FOREIGN:
        recording.truncated = True
    _note_end(container, file, first, reached, recording)


def _note_end(
    container: _Container, file: BinaryIO, first: "_Packet | None", reached: float, recording: Recording
) -> None:
    """Notes when a file holds less than it announces, as far as that can be told."""
    names, size = _names(container), _file_size(file)
    announced = ((container.duration or 0) + (container.start_time or 0)) / av.time_base
    too_early = reached < announced - _TRUNCATION_SLACK
    if names & _DURATION_IN_HEADER:
        recording.truncated |= too_early
    elif "matroska" in names:
        wanted = _matroska_size(file)
        recording.truncated |= size < wanted
        recording.damaged |= 0 < wanted <= size and too_early
    elif "ogg" in names:
        recording.truncated |= not _has_last_page(file)
    elif first is not None and first.pos and "wav" in names:
        recording.truncated |= size < first.pos + _wav_data_size(file, first.pos)
    elif first is not None and first.pos and "mp3" in names:
        recording.truncated |= size < _mp3_end(file, first.pos)


def _file_size(file: BinaryIO) -> int:
    return file.seek(0, os.SEEK_END)


def _bytes_before(file: BinaryIO, end: int, count: int) -> bytes:
    start = max(0, end - count)
    file.seek(start)
    return file.read(end - start)


def _wav_data_size(file: BinaryIO, start: int) -> int:
    """The size that a WAV announces for the data that begins at `start`; 0 when it does not know."""
    header = _bytes_before(file, start, 8)
    size = int.from_bytes(header[4:], "little")
    return size if header[:4] == b"data" and size < _UNKNOWN_WAV_BYTES else 0


def _matroska_size(file: BinaryIO) -> int:
    """The size that a Matroska or WebM file announces for itself; 0 when it does not know."""
    file.seek(0)
    head = file.read(64)
    segment = head.find(b"\x18\x53\x80\x67") + 4
    if segment < 4 or segment >= len(head) or not head[segment]:
        return 0
    width = 9 - head[segment].bit_length()  # leading zeros tell how many bytes the number has
    largest = 2 ** (7 * width) - 1  # the mark of a live recording
    size = int.from_bytes(head[segment : segment + width], "big") & largest
    return segment + width + size if size < largest else 0


def _has_last_page(file: BinaryIO) -> bool:
    """Whether an Ogg file ends with a complete page that is marked as the last one."""
    tail = _bytes_before(file, _file_size(file), _OGG_PAGE_BYTES)
    page = tail[max(0, tail.rfind(b"OggS")) :]
    segments = page[27 : 27 + page[26]] if len(page) > 27 else b""
    return bool(segments) and bool(page[5] & 4) and len(page) >= 27 + len(segments) + sum(segments)


def _mp3_end(file: BinaryIO, start: int) -> int:
    """Where an MP3 ends by the Xing (or Info) frame before its audio, which begins at `start`; 0 without one."""
    head = _bytes_before(file, start, _MP3_FRAME_BYTES)
    tag = max(head.rfind(b"Xing"), head.rfind(b"Info"))
    flags = head[tag + 7] if 0 <= tag < len(head) - 16 else 0
    if not flags & 2:
        return 0
    place = tag + (12 if flags & 1 else 8)  # behind the number of frames, if that is there
    frame = start - len(head) + tag - _XING_OFFSET
    return frame + int.from_bytes(head[place : place + 4], "big")


def _names(container: _Container) -> set[str]:
    return set(container.format.name.split(","))


def _to_mono(decoded: Iterator[_Decoded], channel: int | None, name: str) -> Iterator[tuple[Signal, int]]:
    seconds = 0.0
    for block, rate in decoded:
        _check_values(block, rate, seconds, name)
        if channel is not None and channel not in range(len(block)):
            raise ChannelError(
                f"Channel {channel} was asked for; '{name}' has {len(block)}, counted from 0.",
                f"请求了第 {channel} 个声道;“{name}”共有 {len(block)} 个声道,从 0 开始计数。",
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
            f"“{name}”在约 {seconds:.1f} 秒处含有 NaN 或无穷大采样;需要有限值。请重新导出音频。",
        )
    peak = float(np.abs(block).max(initial=0.0))
    if peak > MAX_PEAK:
        raise InvalidSamplesError(
            f"'{name}' has samples up to {peak:.3g}; wanted -1…1. Divide 16-bit integers by 32768.",
            f"“{name}”的采样值高达 {peak:.3g};应在 -1…1 之间。16 位整数请除以 32768。",
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


def _cannot_open(path: Path, error: Exception) -> AudioError:
    return AudioNotFoundError(
        f"'{path}' cannot be opened ({_reason(error)}). Check its name and permissions.",
        f"无法打开“{path}”({_reason(error)})。请检查文件名和权限。",
    )


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error).rstrip(".").lower()
