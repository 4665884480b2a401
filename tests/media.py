"""Makes small, real media files in memory, for tests of everything that hears a recording."""

import base64
import io
import os
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, BinaryIO

import av
import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from emotone.examples import examples
from emotone.types import SAMPLE_RATE

Samples = NDArray[np.float32]

# 0.52 s of a 1 kHz sine at 0.4, 6.6 kbit/s, by vo-amrwbenc: FFmpeg can read this codec but not write it.
AMR_WB = base64.b64decode(
    "IyFBTVItV0IKBLvRYz8+pOVv54FezIuNjqmgBN/dgqlVhecasKeQcgkp4/sgBLRU+qc/ReRmgIDM9dyyzSagBN+TfPMtpOF2oCTMNaXxkNSwBLhU"
    "/qc6R+TmqKDLkVQz9P9ABNrTOLcspuK2jATCw0dvo+ygBLPUdOd6R+TmqKDIxEUjXTYwBNtQz3MpR+C2mATO1EbEDPoABL8UBSd6R+TmqKDE4QZA"
    "YkOQBNsTz7M4puK2rATDwXg44ckQBL+UBSd+R+SmjLDE0JnrnbIwBNfQQzN4ReC2iDTDkIiFp1TgBL8UjSc6R+TmiKDLGAPFkUzgBN/TJfN8puK2"
    "mBTHNvNcVCfQBLWUByd6R+TmqKDPNNcERUFwBN+QTytsRuc2sBTKAAhAvGwQBL+QAT9+R+AmiJDNyIHijGJwBN+QbessReK2qBTGZMDCG2eQBLuQ"
    "Bz9+R+AmiJDNqItIh0PwBNfQJbN5R+C2mATGtMfELNMgBL8QBT96R+AmqJDHKI8AxY1wBNsQ7fMpR+C2iBTO1kR9jUAgBLOQAT96R+AmkLDBsAuI"
    "34vgBN/QPPM9R+C2iBTBdE1gRARwBLWQBT96R+AmiJDCIAuMyc1wBN8Q7bMoReC2iBTPdA1GzlOA"
)


@dataclass(frozen=True, slots=True)
class Format:
    """How to write one format: FFmpeg's muxer and encoder (`vorbis`: libsndfile's), the rates that it can carry."""

    muxer: str
    codec: str
    rates: tuple[int, ...]
    bit_rate: int | None = None  # of each channel
    muxer_options: Mapping[str, str] = field(default_factory=dict)
    codec_options: Mapping[str, str] = field(default_factory=dict)

    @property
    def most_channels(self) -> int:
        return {"libopencore_amrnb": 1, "libmp3lame": 2, "wmav2": 2, "vorbis": 2}.get(self.codec, 6)


_ANY_RATE = (8_000, 11_025, 16_000, 22_050, 32_000, 44_100, 48_000, 96_000, 192_000)
_AAC = (8_000, 16_000, 22_050, 44_100, 48_000, 96_000)
_MP3 = (8_000, 11_025, 16_000, 22_050, 32_000, 44_100, 48_000)
_OPUS = (8_000, 16_000, 24_000, 48_000)
_NO_XING = {"write_xing": "0"}

FORMATS: dict[str, Format] = {
    "wav u8": Format("wav", "pcm_u8", _ANY_RATE),
    "wav 16": Format("wav", "pcm_s16le", _ANY_RATE),
    "wav 24": Format("wav", "pcm_s24le", _ANY_RATE),
    "wav 32": Format("wav", "pcm_s32le", _ANY_RATE),
    "wav float32": Format("wav", "pcm_f32le", _ANY_RATE),
    "wav float64": Format("wav", "pcm_f64le", _ANY_RATE),
    "wav a-law": Format("wav", "pcm_alaw", _ANY_RATE),
    "wav µ-law": Format("wav", "pcm_mulaw", _ANY_RATE),
    "aiff": Format("aiff", "pcm_s16be", _ANY_RATE),
    "au": Format("au", "pcm_s16be", _ANY_RATE),
    "caf": Format("caf", "pcm_s16le", _ANY_RATE),
    "flac": Format("flac", "flac", _ANY_RATE),
    "mp3 cbr": Format("mp3", "libmp3lame", _MP3, 64_000),
    "mp3 vbr": Format("mp3", "libmp3lame", _MP3, None, {}, {"qscale": "4"}),
    "mp3 cbr, no xing": Format("mp3", "libmp3lame", _MP3, 64_000, _NO_XING),
    "mp3 vbr, no xing": Format("mp3", "libmp3lame", _MP3, None, _NO_XING, {"qscale": "4"}),
    "m4a": Format("ipod", "aac", _AAC, 64_000),
    "m4a, moov first": Format("ipod", "aac", _AAC, 64_000, {"movflags": "+faststart"}),
    "m4a, fragments": Format("mp4", "aac", _AAC, 64_000, {"movflags": "+frag_keyframe+empty_moov+default_base_moof"}),
    "aac": Format("adts", "aac", _AAC, 64_000),
    "ogg vorbis": Format("ogg", "vorbis", (8_000, 16_000, 44_100, 48_000)),
    "ogg opus": Format("ogg", "libopus", _OPUS, 32_000),
    "ogg flac": Format("ogg", "flac", _ANY_RATE),
    "webm opus": Format("webm", "libopus", _OPUS, 32_000),
    "webm vorbis": Format("webm", "vorbis", (16_000, 48_000)),
    "webm opus, live": Format("webm", "libopus", _OPUS, 32_000, {"live": "1"}),
    "mkv pcm": Format("matroska", "pcm_s16le", _ANY_RATE),
    "amr": Format("amr", "libopencore_amrnb", (8_000,), 12_200),
    "3gp": Format("3gp", "libopencore_amrnb", (8_000,), 12_200),
    "wma": Format("asf", "wmav2", (16_000, 44_100, 48_000), 64_000),
}
"""Name → how to write it: what people record, send and convert."""

LOSSLESS = (
    "wav 16",
    "wav 24",
    "wav 32",
    "wav float32",
    "wav float64",
    "aiff",
    "au",
    "caf",
    "flac",
    "ogg flac",
    "mkv pcm",
)


def tone(rate: int, seconds: float = 1.5, hz: float = 1_000.0, channels: int = 1) -> Samples:
    """A sine of amplitude 0.4, `(samples, channels)`. Channel n sounds at (n + 1) times the pitch."""
    time = np.arange(round(rate * seconds))[:, None] / rate
    return (0.4 * np.sin(2 * np.pi * hz * time * np.arange(1, channels + 1))).astype(np.float32)


def pitch(signal: NDArray[Any], rate: int = SAMPLE_RATE) -> float:
    """The strongest frequency in Hz, to a fraction of a bin."""
    spectrum = np.abs(np.fft.rfft(signal * np.hanning(signal.size)))
    peak = int(spectrum[1:-1].argmax()) + 1
    left, middle, right = np.log(spectrum[peak - 1 : peak + 2] + 1e-12)
    return float((peak + (left - right) / (2 * (left - 2 * middle + right))) * rate / signal.size)


def speech(name: str = "english_angry") -> Samples:
    """A clean clip of one speaker, 16 kHz mono: 3.9 s, or 3.1 s for `german_happy`."""
    (path,) = (example.path for example in examples() if example.path.stem == name)
    samples: Samples = soundfile.read(path, dtype="float32")[0]
    return samples


def encode(samples: Samples, rate: int, form: Format | str, *, video_seconds: float = 0.0) -> bytes:
    """The samples, `(samples,)` or `(samples, channels)`, as a file; with a video track when it is to last some seconds."""
    form = FORMATS[form] if isinstance(form, str) else form
    samples = samples if samples.ndim == 2 else samples[:, None]
    if form.codec == "vorbis":
        return _remux(wav(samples, rate, "VORBIS", "OGG"), form.muxer)
    with tempfile.TemporaryDirectory() as folder:  # a file with a name: `moov first` opens it twice
        path = Path(folder, "file")
        with av.open(path, "w", format=form.muxer, options=dict(form.muxer_options)) as container:
            video = _video_track(container) if video_seconds else None
            _add_audio(container, form, samples, rate)
            if video:
                _add_video(container, video, video_seconds)
        return path.read_bytes()


def _add_audio(container: Any, form: Format, samples: Samples, rate: int) -> None:
    channels = samples.shape[1]
    stream = container.add_stream(form.codec, rate=rate, options=dict(form.codec_options))
    stream.layout = {1: "mono", 2: "stereo", 6: "5.1"}[channels]
    if form.bit_rate:
        stream.bit_rate = form.bit_rate * channels
    for start in range(0, len(samples), rate // 10):
        packed = np.ascontiguousarray(samples[start : start + rate // 10].reshape(1, -1))
        frame = av.AudioFrame.from_ndarray(packed, format="flt", layout=stream.layout.name)
        frame.sample_rate, frame.time_base, frame.pts = rate, Fraction(1, rate), start
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


def _remux(data: bytes, muxer: str) -> bytes:
    if muxer == "ogg":
        return data
    file = io.BytesIO()
    with av.open(io.BytesIO(data)) as source, av.open(file, "w", format=muxer) as target:
        stream = target.add_stream_from_template(source.streams.audio[0])
        for packet in source.demux(audio=0):
            if packet.dts is not None:
                packet.duration = min(packet.duration or 0, 1_024)  # FFmpeg's is wrong for the last packet of Ogg
                packet.stream = stream
                target.mux(packet)
    return file.getvalue()


def wav(samples: NDArray[Any], rate: int = SAMPLE_RATE, subtype: str = "PCM_16", container: str = "WAV") -> bytes:
    """The samples as a file written by libsndfile: a second opinion beside FFmpeg."""
    file = io.BytesIO()
    soundfile.write(file, samples, rate, subtype=subtype, format=container)
    return file.getvalue()


def video_only(seconds: float = 0.5) -> bytes:
    """An MP4 without an audio track."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        _add_video(container, _video_track(container), seconds)
    return file.getvalue()


def _video_track(container: Any) -> Any:
    stream = container.add_stream("mpeg4", rate=10)
    stream.width, stream.height, stream.pix_fmt = 32, 32, "yuv420p"
    return stream


def _add_video(container: Any, stream: Any, seconds: float) -> None:
    for index in range(round(seconds * 10)):
        frame = av.VideoFrame.from_ndarray(np.full((48, 32), index % 256, np.uint8), format="yuv420p")
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


class Pipe:
    """A file object that can only be read forwards, a few bytes at a time, like a network stream."""

    def __init__(self, data: bytes, most: int = 1_000) -> None:
        self._file = io.BytesIO(data)
        self._most = most

    def read(self, size: int = -1) -> bytes:
        return self._file.read(self._most if size < 0 else min(size, self._most))


@contextmanager
def operating_system_pipe(data: bytes) -> Iterator[BinaryIO]:
    """The reading end of a real pipe that somebody writes `data` into."""
    reading, writing = os.pipe()

    def write() -> None:
        with open(writing, "wb") as file:
            file.write(data)

    thread = threading.Thread(target=write)
    thread.start()
    with open(reading, "rb") as file:
        yield file
        file.read()  # lets the writer finish when the test stopped early
    thread.join()


def white_noise(samples: int, seed: int = 0) -> Samples:
    """Noise of equal power at all frequencies, RMS 1."""
    return np.random.default_rng(seed).normal(size=samples).astype(np.float32)


def pink_noise(samples: int, seed: int = 0) -> Samples:
    """Noise of equal power in each octave, RMS 1."""
    spectrum = np.fft.rfft(np.random.default_rng(seed).normal(size=samples))
    spectrum[1:] /= np.sqrt(np.arange(1, spectrum.size))
    spectrum[0] = 0
    noise: NDArray[np.float64] = np.fft.irfft(spectrum, samples)
    noise /= noise.std()
    return noise.astype(np.float32)


def chords(seconds: int, seed: int = 0) -> Samples:
    """Music without a voice: a plucked major chord every second, 16 kHz mono."""
    random, time = np.random.default_rng(seed), np.arange(SAMPLE_RATE) / SAMPLE_RATE
    parts = [
        sum(
            np.sin(2 * np.pi * root * 2 ** (step / 12) * harmonic * time) / harmonic**1.5
            for step in (0, 4, 7, 12)
            for harmonic in range(1, 6)
        )
        * np.exp(-2 * time)
        for root in 110 * 2 ** (random.integers(0, 24, seconds) / 12)
    ]
    return (0.04 * np.concatenate(parts)).astype(np.float32)


def with_noise(signal: Samples, noise: Samples, snr_db: float) -> Samples:
    """The signal with noise behind it: so many decibels below the mean power of the whole signal."""
    noisy: Samples = signal + noise * np.float32(np.sqrt(np.mean(signal**2)) * 10 ** (-snr_db / 20))
    return noisy


def overdriven(signal: Samples, peak: float = 4.0) -> Samples:
    """A 16 kHz signal that was recorded at 44.1 kHz with so much gain that its peak of `peak` was cut off at 1."""
    high = soxr.resample(signal, SAMPLE_RATE, 44_100)
    clipped = np.clip(high * np.float32(peak / np.abs(high).max()), -1, 1)
    low: Samples = soxr.resample(clipped, 44_100, SAMPLE_RATE)
    return low


def telephone(signal: Samples, form: str = "wav µ-law") -> bytes:
    """A file of the 16 kHz signal at 8 kHz: G.711, or another format of `FORMATS` such as `amr`."""
    return encode(soxr.resample(signal, SAMPLE_RATE, 8_000), 8_000, form)
