"""Media bytes become frames of float samples. FFmpeg (through PyAV) decodes; nothing but the given bytes is opened."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, TypeAlias

import av
import av.error
import numpy as np
from numpy.typing import NDArray

from .endings import Container, Packet, container_names, holds_less
from .errors import NoAudioStreamError, UnsupportedAudioError

MIN_RATE, MAX_RATE = 1_000, 768_000  # beyond every recorder; a header that says otherwise is broken
MAX_CHANNELS = 64

_UNCOUNTED = 8  # channels of which PyAV counts the planes wrongly
_JOINED = 1.0  # seconds that are given on at a time, at least

# What is recorded, sent and sold. FFmpeg knows hundreds more: playlists that open other files, images, plain text.
_CONTAINERS = (
    "aac,ac3,aiff,amr,ape,asf,au,avi,caf,dsf,dss,dts,eac3,flac,flv,loas,matroska,mov,mp3,mpc,mpc8,mpeg,mpegts,nistsphere,"
    "ogg,rm,tak,truehd,tta,voc,w64,wav,wv,xwma"
)
_FOREIGN = (av.error.FFmpegError, OSError, ValueError)  # what PyAV raises for media that it cannot read
_OPTIONS = {"format_whitelist": _CONTAINERS, "protocol_whitelist": "none"}  # nothing but the given bytes is ever opened
# In WAV files FFmpeg looks long for sound that is coded as if it were samples, and gives few samples at a time.
_WAVE_OPTIONS = _OPTIONS | {"probesize": "16384", "max_size": "16384"}  # bytes

# Time without packets, in seconds, that cannot be meant. Ogg and FLAC count every sample; others may leave out silence.
_GAPLESS = {"ogg", "flac"}
_GAP, _GAP_IN_GAPLESS = 0.5, 0.02

Decoded: TypeAlias = tuple[NDArray[np.float32], int]
"""Samples `(channels, samples)` and their rate."""


@dataclass(frozen=True, slots=True)
class Format:
    """How a recording is stored.

    Attributes:
        container, codec: FFmpeg's names.
        sample_rate: In Hz, as the header says.
        channels: As the header says.
        duration: In seconds, as the header says or FFmpeg estimates; `None` when it is not known before the end.
    """

    container: str
    codec: str
    sample_rate: int
    channels: int
    duration: float | None = None


@dataclass(slots=True)
class Faults:
    """What was found wrong with a file while it was read.

    Attributes:
        truncated: It ends before the end that it announces.
        damaged: Parts that could not be decoded were skipped.
    """

    truncated: bool = False
    damaged: bool = False


def decode(file: BinaryIO, name: str, faults: Faults) -> Iterator[Decoded]:
    """Decoded blocks of the first audio track, with the rate that the decoder really gives (Opus: always 48 kHz)."""
    with _open_track(file, name) as container:
        yield from _joined(map(_samples, _frames(container, file, faults, name)))


def _samples(frame: av.AudioFrame) -> Decoded:
    samples = frame.to_ndarray().astype(np.float32, copy=False)
    if not frame.format.is_planar:
        samples = samples.reshape(-1, frame.layout.nb_channels).T
    return samples, frame.sample_rate


def _joined(blocks: Iterable[Decoded]) -> Iterator[Decoded]:
    """The same in longer blocks: many codecs give 20 ms at a time, and every block costs as much again as its decoding."""
    waiting: list[NDArray[np.float32]] = []
    size = rate = 0
    for block, own in blocks:
        if waiting and (own != rate or len(block) != len(waiting[0])):
            yield np.concatenate(waiting, axis=1), rate
            waiting, size = [], 0
        waiting.append(block)
        size, rate = size + block.shape[1], own
        if size >= rate * _JOINED:
            yield np.concatenate(waiting, axis=1), rate
            waiting, size = [], 0
    if waiting:
        yield np.concatenate(waiting, axis=1), rate


def format_of(file: BinaryIO, name: str) -> Format:
    """How the first audio track is stored. Raises what `decode` raises for files that it cannot open."""
    with _open_track(file, name) as container:
        track = container.streams.audio[0].codec_context
        duration = container.duration / av.time_base if container.duration and container.duration > 0 else None
        return Format(container.format.name, track.name, track.sample_rate, track.channels, duration)


def _open_track(file: BinaryIO, name: str) -> Container:
    """An open container with an audio track that can be decoded."""
    try:
        container = _open(file)
    except _FOREIGN as error:
        raise UnsupportedAudioError(
            f"'{name}' is not audio that can be decoded ({reason_of(error)}). "
            "Use WAV, MP3, M4A, FLAC, OGG, WebM or AMR.",
            f"“{name}”不是可解码的音频（{reason_of(error)}）。请使用 WAV、MP3、M4A、FLAC、OGG、WebM 或 AMR。",
        ) from error
    if not container.streams.audio:
        container.close()
        raise NoAudioStreamError(
            f"'{name}' has no audio track. Choose a file with sound.",
            f"“{name}”没有音轨。请选择有声音的文件。",
        )
    if container.streams.audio[0].codec_context is None:
        container.close()
        raise UnsupportedAudioError(
            f"The audio track of '{name}' has a codec that is not known here. Convert it to WAV or FLAC.",
            f"无法识别“{name}”音轨的编码。请转换为 WAV 或 FLAC。",
        )
    return container


def _open(file: BinaryIO) -> Container:
    start = file.read(12)
    file.seek(-len(start), os.SEEK_CUR)
    options = _WAVE_OPTIONS if start[:4] == b"RIFF" and start[8:] == b"WAVE" else _OPTIONS
    # Before PyAV 19, tags in another encoding than UTF-8 made a file unreadable unless they are ignored.
    if int(av.__version__.split(".")[0]) < 19:
        return av.open(file, "r", metadata_errors="ignore", options=options)
    return av.open(file, "r", options=options)


def _frames(container: Container, file: BinaryIO, faults: Faults, name: str) -> Iterator[av.AudioFrame]:
    """The decoded frames as float32. Faults are noted: those at the very end mean that the file is cut.

    Channels become interleaved, but for frames that can stay as they are: PyAV counts the planes of a frame wrongly, and
    crashes, when they are eight or more.
    """
    resampler: av.AudioResampler | None = None
    kind: tuple[Any, ...] = ()
    broken = False
    for packet in _packets(container, file, faults):
        whole = not packet.is_corrupt
        try:
            for frame in packet.decode():
                found = frame.sample_rate, frame.layout.name, frame.format.name
                if resampler is None or kind != found:
                    _check_claims(frame, name)
                    kind, resampler = found, av.AudioResampler(format="flt")  # scaling is FFmpeg's
                whole &= not frame.is_corrupt
                if frame.format.name == "fltp" and frame.layout.nb_channels < _UNCOUNTED:
                    yield frame
                else:
                    yield from resampler.resample(frame)
        except _FOREIGN:
            whole = False
        if packet.size:  # else it only empties the decoder
            faults.damaged |= broken and whole
            broken = not whole
    # An endless header makes the last packet of a WAV look short; what follows an MP3 or a FLAC is seldom audio.
    faults.truncated |= broken and not container_names(container) & {"wav", "mp3", "flac"}


def _check_claims(frame: av.AudioFrame, name: str) -> None:
    rate, channels = frame.sample_rate, frame.layout.nb_channels
    if not (MIN_RATE <= rate <= MAX_RATE and channels <= MAX_CHANNELS):
        raise UnsupportedAudioError(
            f"'{name}' claims {channels} channels at {rate} Hz; wanted up to {MAX_CHANNELS} channels at 8–192 kHz.",
            f"“{name}”声称有 {channels} 个声道、采样率 {rate} Hz；应不超过 {MAX_CHANNELS} 个声道、8–192 kHz。",
        )


def _packets(container: Container, file: BinaryIO, faults: Faults) -> Iterator[Packet]:
    """The packets of the first audio track; those of the others only tell how far the file reaches."""
    track = container.streams.audio[0]
    gap = _GAP_IN_GAPLESS if container_names(container) & _GAPLESS else _GAP
    first: Packet | None = None
    reached = heard = 0.0
    ticks = {stream.index: float(stream.time_base) for stream in container.streams if stream.time_base}
    try:
        packets: Iterator[Any] = container.demux()
        for packet in packets:
            tick = ticks.get(packet.stream.index, 0.0)
            start = packet.pts * tick if packet.pts is not None else heard
            end = start + (packet.duration or 0) * tick
            reached = max(reached, end)
            if packet.stream.index == track.index:
                faults.damaged |= first is not None and start > heard + gap
                first, heard = first or packet, end
                yield packet
    except _FOREIGN:
        faults.truncated = True
    truncated, damaged = holds_less(container, file, first, reached)
    faults.truncated |= truncated
    faults.damaged |= damaged


def reason_of(error: Exception) -> str:
    """Why something could not be read, in FFmpeg's or the system's words."""
    return str(getattr(error, "strerror", None) or error).rstrip(".").lower()
