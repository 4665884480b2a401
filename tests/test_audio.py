import errno
import gc
import hashlib
import io
import os
import socket
import struct
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile
import soxr
from media import (
    AMR_WB,
    FORMATS,
    LOSSLESS,
    Format,
    Pipe,
    encode,
    operating_system_pipe,
    pitch,
    speech,
    tone,
    video_only,
    wav,
    white_noise,
)

import emotone.audio
from emotone import load_audio
from emotone.audio import SPOOL_BYTES, AudioSource, open_recording, source_name
from emotone.errors import (
    AudioError,
    AudioNotFoundError,
    ChannelError,
    EmptyAudioError,
    InvalidSamplesError,
    NoAudioStreamError,
    UnsupportedAudioError,
)
from emotone.recording import Recording
from emotone.resample import BLOCK_SAMPLES
from emotone.types import SAMPLE_RATE

# They do not say how much silence their encoder added: up to two packets.
PADDED = {"aac", "m4a, fragments", "mp3 cbr, no xing", "mp3 vbr, no xing", "wma"}


def at_rate(signal: np.ndarray, rate: int) -> np.ndarray:
    resampled: np.ndarray = soxr.resample(signal, SAMPLE_RATE, rate)
    return resampled


def speech_file(name: str, *, seconds: float = 7.8) -> bytes:
    """A clip in some format, at 16 kHz where it can."""
    rate = SAMPLE_RATE if SAMPLE_RATE in FORMATS[name].rates else FORMATS[name].rates[-1]
    signal = np.resize(speech(), round(seconds * SAMPLE_RATE))
    return encode(at_rate(signal, rate), rate, name)


def error_of(source: AudioSource, kind: type[AudioError], **options: int) -> str:
    """The message of the error that loading raises, after looking at both languages of it."""
    with pytest.raises(kind) as caught:
        load_audio(source, **options)
    assert type(caught.value) is kind
    text = caught.value.text
    assert text.en.endswith(".")
    assert text.zh.endswith("。")
    assert any("\u4e00" <= character <= "\u9fff" for character in text.zh)
    assert "\n" not in text.en + text.zh
    return text.en


# Formats, rates and channels


@pytest.mark.parametrize(("name", "rate"), [(name, rate) for name, form in FORMATS.items() for rate in form.rates])
def test_every_format_and_rate_keeps_pitch_and_duration(name: str, rate: int) -> None:
    audio = load_audio(encode(tone(rate), rate, name))
    assert audio.samples.dtype == np.float32
    assert audio.samples.ndim == 1
    assert audio.duration == pytest.approx(1.5, abs=0.17 if name in PADDED else 0.001 if name in LOSSLESS else 0.04)
    assert pitch(audio.samples) == pytest.approx(1_000, abs=1)
    assert np.abs(audio.samples[4_000:20_000]).max() == pytest.approx(0.4, abs=0.15)
    assert not audio.truncated
    assert not audio.damaged


@pytest.mark.parametrize(
    ("name", "channels"),
    [(name, count) for name, form in FORMATS.items() for count in (2, 6) if count <= form.most_channels],
)
def test_every_format_with_more_channels(name: str, channels: int) -> None:
    rate = FORMATS[name].rates[-1] if SAMPLE_RATE not in FORMATS[name].rates else SAMPLE_RATE
    data = encode(tone(rate, hz=400, channels=channels), rate, name)
    for channel in (0, 1):
        assert pitch(load_audio(data, channel=channel).samples) == pytest.approx(400 * (channel + 1), abs=1)
    assert "counted from 0" in error_of(data, ChannelError, channel=channels)


@pytest.mark.parametrize(
    ("container", "subtype"),
    [
        *(("WAV", kind) for kind in ("PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ALAW", "ULAW")),
        *(("WAV", kind) for kind in ("MS_ADPCM", "IMA_ADPCM", "GSM610")),
        *((kind, "PCM_16") for kind in ("WAVEX", "RF64", "W64", "AIFF", "AU", "CAF", "NIST", "VOC", "FLAC")),
        ("FLAC", "PCM_24"),
        ("CAF", "ALAC_16"),
        ("OGG", "VORBIS"),
        ("OGG", "OPUS"),
        ("MP3", "MPEG_LAYER_III"),
    ],
)
def test_files_of_libsndfile(container: str, subtype: str) -> None:
    audio = load_audio(wav(tone(SAMPLE_RATE), SAMPLE_RATE, subtype, container))
    assert audio.duration == pytest.approx(1.5, abs=0.04)
    assert pitch(audio.samples) == pytest.approx(1_000, abs=1)
    assert not audio.truncated
    assert not audio.damaged


def test_amr_wideband() -> None:
    audio = load_audio(AMR_WB)
    assert audio.duration == pytest.approx(0.52)
    assert pitch(audio.samples) == pytest.approx(1_000, abs=1)
    assert not audio.truncated


@pytest.mark.parametrize(
    ("subtype", "steps"), [("PCM_U8", 2**7), ("PCM_16", 2**15), ("PCM_24", 2**23), ("FLOAT", 2**30)]
)
def test_lossless_samples_survive(subtype: str, steps: int) -> None:
    signal = speech()
    samples = load_audio(wav(signal, SAMPLE_RATE, subtype)).samples
    assert np.abs(samples - signal).max() <= 1 / steps


def test_the_mix_is_the_mean_of_all_channels() -> None:
    signal = tone(SAMPLE_RATE, channels=6)
    data = wav(signal, SAMPLE_RATE, "FLOAT")
    np.testing.assert_allclose(load_audio(data).samples, signal.mean(axis=1), atol=1e-6)
    for channel in range(6):
        np.testing.assert_allclose(load_audio(data, channel=channel).samples, signal[:, channel], atol=1e-6)


@pytest.mark.parametrize("channels", [7, 8, 9, 16, 64])
def test_many_channels(channels: int) -> None:
    signal = tone(SAMPLE_RATE, 0.5, 100, channels).astype(np.float32)
    audio = load_audio(wav(signal, SAMPLE_RATE, "FLOAT"), channel=channels - 1)
    np.testing.assert_allclose(audio.samples, signal[:, -1], atol=1e-6)


def test_more_channels_than_any_recorder_has() -> None:
    assert "65 channels" in error_of(wav(np.zeros((100, 65)), SAMPLE_RATE), UnsupportedAudioError)


@pytest.mark.parametrize("rate", [8_000, 11_025, 44_100, 48_000, 96_000, 192_000])
def test_resampling_keeps_the_waveform(rate: int) -> None:
    time = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    expected = 0.4 * np.sin(2 * np.pi * 1_000 * time)
    samples = load_audio(tone(rate, 1.0)[:, 0], sample_rate=rate).samples
    assert samples.size == SAMPLE_RATE
    np.testing.assert_allclose(samples[800:-800], expected[800:-800], atol=1e-3)


def test_a_rate_that_no_recorder_has() -> None:
    assert "100 Hz" in error_of(wav(np.zeros(100), 100), UnsupportedAudioError)


def test_a_sample_rate_that_changes_within_the_file() -> None:
    part = encode(tone(16_000, 1.0), 16_000, "aac") + encode(tone(48_000, 1.0), 48_000, "aac")
    audio = load_audio(part)
    assert audio.duration == pytest.approx(2.1, abs=0.2)
    assert pitch(audio.samples[-12_000:]) == pytest.approx(1_000, abs=2)


@pytest.mark.parametrize("name", ["m4a", "m4a, moov first", "mkv pcm", "webm opus"])
@pytest.mark.parametrize("video_seconds", [0.5, 4.0])
def test_the_audio_track_of_a_video(name: str, video_seconds: float) -> None:
    form = replace(FORMATS[name], muxer={"ipod": "mp4"}.get(FORMATS[name].muxer, "matroska"))
    audio = load_audio(encode(tone(16_000), 16_000, form, video_seconds=video_seconds))
    assert audio.duration == pytest.approx(1.5, abs=0.04)
    assert pitch(audio.samples) == pytest.approx(1_000, abs=1)
    assert not audio.truncated
    assert not audio.damaged


# Sources


def sources(data: bytes, path: Path) -> Iterator[AudioSource]:
    path.write_bytes(data)
    yield path
    yield str(path)
    yield data
    yield bytearray(data)
    yield memoryview(data)
    yield io.BytesIO(data)
    yield Pipe(data)  # type: ignore[misc]
    with path.open("rb") as file:
        yield file
    with path.open("rb", buffering=0) as raw:
        yield raw
    with operating_system_pipe(data) as pipe:
        yield pipe


@pytest.mark.parametrize("name", ["wav 16", "flac", "ogg opus", "m4a"])
def test_all_sources_give_the_same_signal(name: str, tmp_path: Path) -> None:
    data = speech_file(name)
    expected = load_audio(data)
    for source in sources(data, tmp_path / "clip.bin"):
        audio = load_audio(source)
        np.testing.assert_array_equal(audio.samples, expected.samples)
        assert audio.source.sha256 == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize("name", ["wav u8", "wav 16", "wav 24", "wav 32", "wav float32", "wav float64", "aiff", "flac"])
@pytest.mark.parametrize("rate", [16_000, 44_100])
def test_an_array_gives_the_same_signal_as_its_file(name: str, rate: int) -> None:
    data = encode(np.stack([at_rate(speech(), rate), tone(rate, 10)[: at_rate(speech(), rate).size, 0]], 1), rate, name)
    array, found = soundfile.read(io.BytesIO(data), dtype="float64")
    for samples in (array, array.astype(np.float32), np.asfortranarray(array)):
        for channel in (None, 1):
            from_array = load_audio(samples, sample_rate=found, channel=channel).samples
            np.testing.assert_allclose(from_array, load_audio(data, channel=channel).samples, atol=1e-6)


@pytest.mark.parametrize("dtype", ["u1", "i1", "i2", ">i2", "u2", "i4", "u4", "f2", ">f4", "f8", "longdouble"])
def test_arrays_of_every_type(dtype: str) -> None:
    signal = tone(SAMPLE_RATE)[:, 0]
    kind = np.dtype(dtype)
    if kind.kind == "f":
        array, error = signal.astype(kind), 1e-3
    else:
        half = 2.0 ** (8 * kind.itemsize - 1)
        array, error = (np.floor(signal * half) + (half if kind.kind == "u" else 0)).astype(kind), 1.01 / half + 1e-6
    np.testing.assert_allclose(load_audio(array, sample_rate=SAMPLE_RATE).samples, signal, atol=error)


@pytest.mark.parametrize("rate", [16_000, 16_000.0, np.int64(16_000), np.float32(16_000)])
def test_sample_rates_of_every_type(rate: float) -> None:
    assert load_audio(np.zeros(1_600), sample_rate=rate).duration == pytest.approx(0.1)  # type: ignore[arg-type]


def test_an_array_is_not_copied_as_a_whole() -> None:
    """Three hours of 48 kHz stereo would need 8 GB as float64; here an array that cannot even be allocated as such."""
    array = np.broadcast_to(np.zeros(1, np.int16), (2**44, 1))
    assert next(open_recording(array, sample_rate=48_000).blocks()).size == BLOCK_SAMPLES


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    data = speech_file("ogg opus")
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=Pipe(data)))
    audio = load_audio("-")
    assert audio.source.name == "stdin"
    np.testing.assert_array_equal(audio.samples, load_audio(data).samples)


@pytest.mark.parametrize("stdin", [None, io.StringIO("typed")])
def test_no_standard_input(stdin: io.StringIO | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", stdin)
    assert "no standard input" in error_of("-", AudioNotFoundError)


def test_a_file_object_is_read_from_where_it_stands() -> None:
    file = io.BytesIO(b"header of somebody else" + speech_file("flac"))
    file.seek(23)
    np.testing.assert_array_equal(load_audio(file).samples, load_audio(speech_file("flac")).samples)


@pytest.mark.skipif(not os.path.exists("/dev/fd"), reason="this system has no paths of pipes")
def test_a_pipe_that_has_a_path() -> None:
    """As in `emotone predict <(ffmpeg …)`."""
    data = speech_file("wav 16")  # more than fits into a pipe at once
    with operating_system_pipe(data) as pipe:
        audio = load_audio(f"/dev/fd/{pipe.fileno()}")
    np.testing.assert_array_equal(audio.samples, load_audio(data).samples)


def test_an_ending_of_the_name_is_not_believed(tmp_path: Path) -> None:
    for name, ending in product(("wav 16", "mp3 cbr", "aac"), (".flac", ".sln", ".g722", ".m3u8")):
        path = tmp_path / f"clip{ending}"
        path.write_bytes(speech_file(name))
        np.testing.assert_array_equal(load_audio(path).samples, load_audio(speech_file(name)).samples)
    noise = tmp_path / "noise.sln"
    noise.write_bytes(bytes(range(256)) * 20)
    error_of(noise, UnsupportedAudioError)


def test_what_was_loaded_can_be_loaded_again() -> None:
    data = speech_file("wav 16")[:100_000]
    audio = load_audio(data)
    again = load_audio(audio)
    np.testing.assert_array_equal(again.samples, audio.samples)
    assert again.source == audio.source
    assert again.truncated
    recording = open_recording(data)
    assert open_recording(recording) is recording
    error_of(audio, ChannelError, channel=1)


def test_source_names(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"1")
    with (tmp_path / "a.wav").open("rb") as file:
        assert source_name(file) == "a.wav"
    assert source_name(tmp_path / "a.wav") == source_name(str(tmp_path / "a.wav")) == "a.wav"
    assert source_name("-") == "stdin"
    assert source_name(b"") == "bytes"
    assert source_name(np.zeros(1)) == "array"
    assert source_name(io.BytesIO()) == "stream"


# Blocks


def test_blocks_have_one_size_and_come_again(tmp_path: Path) -> None:
    for source in sources(encode(np.resize(speech(), 500_000), SAMPLE_RATE, "flac"), tmp_path / "clip"):
        recording = open_recording(source)
        first, second = list(recording.blocks()), list(recording.blocks())
        assert [block.size for block in first] == [BLOCK_SAMPLES] * 3 + [500_000 - 3 * BLOCK_SAMPLES]
        for left, right in zip(first, second, strict=True):
            assert left.dtype == np.float32
            np.testing.assert_array_equal(left, right)


def test_readings_of_a_stream_do_not_disturb_each_other() -> None:
    recording = open_recording(Pipe(encode(np.resize(speech(), 500_000), SAMPLE_RATE, "flac")))  # type: ignore[arg-type]
    expected = list(recording.blocks())
    left, right = recording.blocks(), recording.blocks()
    for block in expected:
        np.testing.assert_array_equal(next(left), block)
        assert recording.source.sha256
        np.testing.assert_array_equal(next(right), block)


@pytest.mark.parametrize("size", [1_000, SPOOL_BYTES + 1])
def test_the_copy_of_a_stream_goes_away_with_the_recording(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    spools = []

    def spool(**options: int) -> object:
        spools.append(tempfile.SpooledTemporaryFile(**options))  # type: ignore[call-overload] # noqa: SIM115
        return spools[-1]

    monkeypatch.setattr(emotone.audio, "tempfile", SimpleNamespace(SpooledTemporaryFile=spool))
    data = wav(np.zeros(size // 2))
    gc.collect()  # what other tests left open is not meant
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        recording = open_recording(io.BytesIO(data))
        next(recording.blocks())
        assert not spools[0].closed
        del recording
        gc.collect()
        for bad in (io.BytesIO(), io.StringIO("text")):
            with pytest.raises(AudioError):
                open_recording(bad)  # type: ignore[arg-type]
        gc.collect()
    assert [found.closed for found in spools] == [True] * 3
    assert [str(warning.message) for warning in caught] == []


READ_AND_MEASURE = """
import sys
import numpy as np
import psutil
from emotone.audio import open_recording
process = psutil.Process()
list(open_recording(np.zeros(100_000), sample_rate=8_000).blocks())
before = peak = process.memory_info().rss
samples = 0
for block in open_recording(sys.argv[1]).blocks():
    samples += block.size
    peak = max(peak, process.memory_info().rss)
print(samples, peak - before)
"""


def read_and_measure(source: str, stdin: Path | None = None) -> tuple[float, float]:
    """Duration in seconds and memory in MB that a fresh Python needs to read a source."""
    with open(stdin or os.devnull, "rb") as file:
        output = subprocess.run(
            [sys.executable, "-c", READ_AND_MEASURE, source], stdin=file, capture_output=True, check=True, text=True
        ).stdout
    samples, memory = map(int, output.split())
    return samples / SAMPLE_RATE, memory / 1e6


def long_file(path: Path, clip: bytes, seconds: float) -> Path:
    """A WAV file that repeats the samples of a short one for so long."""
    start = clip.index(b"data") + 8
    head, body = bytearray(clip[:start]), clip[start:]
    block, rate = struct.unpack_from("<H", head, 32)[0], struct.unpack_from("<I", head, 24)[0]
    size = round(seconds * rate) * block
    struct.pack_into("<I", head, start - 4, size)
    with path.open("wb") as file:
        file.write(head)
        while file.tell() < start + size:
            file.write(body[: start + size - file.tell()])
    return path


def test_three_hours_need_little_memory(tmp_path: Path) -> None:
    path = long_file(tmp_path / "three_hours.wav", wav(at_rate(speech(), 8_000), 8_000, "ULAW"), 3 * 3600)
    duration, memory = read_and_measure(str(path))
    assert duration == 3 * 3600
    assert memory < 300


def test_a_long_stream_needs_little_memory(tmp_path: Path) -> None:
    stereo = np.stack([at_rate(speech(), 48_000)] * 2, axis=1)
    path = long_file(tmp_path / "stereo.wav", wav(stereo, 48_000), 1_200)
    duration, memory = read_and_measure("-", path)
    assert duration == 1_200
    assert memory < 300


# Files that are cut or damaged

CUT = [
    *(name for name in FORMATS if name.startswith("wav")),
    *("aiff", "au", "caf", "flac", "mp3 cbr", "mp3 vbr", "m4a, moov first", "m4a, fragments", "aac", "ogg vorbis"),
    *("ogg opus", "ogg flac", "webm opus", "webm vorbis", "mkv pcm", "amr", "wma"),
]


@pytest.mark.parametrize("name", CUT)
@pytest.mark.parametrize("share", [0.9, 0.5])
def test_a_truncated_file_is_heard_up_to_there(name: str, share: float) -> None:
    data = speech_file(name)
    whole, part = load_audio(data), load_audio(data[: round(share * len(data))])
    assert part.truncated
    assert not part.damaged
    assert share * 7.8 - 2.0 < part.duration < share * 7.8 + 0.3
    same = part.samples.size - 4_000
    np.testing.assert_allclose(part.samples[:same], whole.samples[:same], atol=1e-3)


def test_truncation_is_told_for_each_reading_anew(tmp_path: Path) -> None:
    path = tmp_path / "clip.wav"
    data = speech_file("wav 16")
    path.write_bytes(data[:100_000])
    recording = open_recording(path)
    assert recording.load().truncated
    path.write_bytes(data)
    assert not recording.load().truncated


@pytest.mark.parametrize("size", [0, 0x7FFF_F000, 0x7FFF_FFFF, 0xFFFF_FFFF])
@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "FLOAT", "DOUBLE", "ALAW", "ULAW", "GSM610"])
def test_a_live_wav_is_complete(subtype: str, size: int) -> None:
    clip = wav(speech(), SAMPLE_RATE, subtype)
    data = bytearray(clip)
    struct.pack_into("<I", data, 4, size)
    struct.pack_into("<I", data, data.index(b"data") + 4, size)
    audio = load_audio(bytes(data))
    assert not audio.truncated
    assert audio.duration == pytest.approx(load_audio(clip).duration)


def id3v2(size: int) -> bytes:
    return b"ID3\x04\0\0" + bytes([size >> 21 & 127, size >> 14 & 127, size >> 7 & 127, size & 127]) + bytes(size)


def apev2() -> bytes:
    item = struct.pack("<II", 2, 0) + b"k\0vv"
    ends = [struct.pack("<IIII8x", 2_000, 32 + len(item), 1, flags) for flags in (0xA000_0000, 0x8000_0000)]
    return b"APETAGEX" + ends[0] + item + b"APETAGEX" + ends[1]


@pytest.mark.parametrize("name", ["mp3 cbr", "mp3 vbr", "mp3 cbr, no xing", "mp3 vbr, no xing", "aac", "flac"])
def test_tags_and_padding_are_no_damage(name: str) -> None:
    data, id3v1 = speech_file(name), b"TAG" + bytes(125)
    for tagged in (data + id3v1, data + apev2() + id3v1, id3v2(40_000) + data, data + bytes(2_000)):
        audio = load_audio(tagged)
        assert audio.duration == pytest.approx(7.8, abs=0.1)
        assert not audio.truncated
        assert not audio.damaged


def test_headers_without_a_duration() -> None:
    flac = bytearray(speech_file("flac"))
    flac[21] &= 0xF0
    flac[22:26] = bytes(4)
    au = bytearray(speech_file("au"))
    au[8:12] = b"\xff" * 4
    live = {"live": "1"}
    matroska = [
        encode(speech(), SAMPLE_RATE, Format("matroska", codec, (), 64_000, live))
        for codec in ("vorbis", "libmp3lame", "aac", "libopus", "pcm_s16le")
    ]
    streams = [encode(speech(), SAMPLE_RATE, Format(muxer, "aac", (), 64_000)) for muxer in ("mpegts", "flv")]
    for data in (bytes(flac), bytes(au), *matroska, *streams):
        audio = load_audio(data)
        assert audio.duration > 3.8
        assert not audio.truncated
        assert not audio.damaged


def test_ogg_files_in_a_row() -> None:
    data = speech_file("ogg opus")
    audio = load_audio(data + data)
    assert audio.duration == pytest.approx(15.6, abs=0.05)
    assert not audio.truncated
    assert not audio.damaged


CHECKED = [
    *("flac", "mp3 cbr", "mp3 vbr", "mp3 cbr, no xing", "mp3 vbr, no xing", "m4a", "m4a, moov first", "m4a, fragments"),
    *("aac", "ogg vorbis", "ogg opus", "ogg flac", "webm opus", "webm vorbis", "webm opus, live", "mkv pcm", "amr"),
]


@pytest.mark.parametrize("name", CHECKED)
def test_damage_in_the_middle_is_told_and_skipped(name: str) -> None:
    rate = SAMPLE_RATE if SAMPLE_RATE in FORMATS[name].rates else FORMATS[name].rates[-1]
    signal = np.concatenate([np.resize(speech(), 6 * SAMPLE_RATE), tone(SAMPLE_RATE, 3.0)[:, 0]])
    data = bytearray(encode(at_rate(signal, rate), rate, name))
    middle = round(0.3 * len(data))
    data[middle : middle + 2_400] = white_noise(600).tobytes()
    audio = load_audio(bytes(data))
    assert audio.damaged
    assert not audio.truncated
    assert 5.0 < audio.duration < 9.5
    assert pitch(audio.samples[-24_000:]) == pytest.approx(1_000, abs=2)


# Errors


def test_missing_files_and_folders(tmp_path: Path) -> None:
    assert "no file" in error_of(tmp_path / "missing.wav", AudioNotFoundError)
    assert "no file" in error_of("https://example.org/clip.wav", AudioNotFoundError)
    assert "folder" in error_of(tmp_path, AudioNotFoundError)
    assert "folder" in error_of("", AudioNotFoundError)
    (tmp_path / "file").write_bytes(b"1")
    assert "no file" in error_of(tmp_path / "file" / "inside.wav", AudioNotFoundError)
    assert "cannot be opened" in error_of(tmp_path / ("x" * 300), AudioNotFoundError)
    assert "cannot be opened" in error_of("null\0character.wav", AudioNotFoundError)


def test_a_file_that_goes_away_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "clip.wav"
    path.write_bytes(speech_file("wav 16"))
    recording = open_recording(path)
    path.unlink()
    with pytest.raises(AudioNotFoundError, match="cannot be opened"):
        recording.load()


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="this system has other permissions")
def test_permission_denied() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "clip.wav")
        path.write_bytes(speech_file("wav 16"))
        path.chmod(0)
        Path(folder).chmod(0o755)
        user = os.geteuid()
        if user == 0:
            os.seteuid(65_534)  # nothing is forbidden to root
        try:
            assert "permission denied" in error_of(path, AudioNotFoundError)
        finally:
            os.seteuid(user)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no such files")
def test_special_files_do_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert "empty" in error_of(tmp_path / "pipe", EmptyAudioError)
    for device in ("/dev/null", "/dev/zero"):
        assert "device" in error_of(device, AudioNotFoundError)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket"))
        assert "device" in error_of(tmp_path / "socket", AudioNotFoundError)


@pytest.mark.parametrize("data", [b"", bytearray(), io.BytesIO(), Pipe(b"")])
def test_nothing_at_all(data: AudioSource) -> None:
    assert "empty (0 bytes)" in error_of(data, EmptyAudioError)


def test_an_empty_file(tmp_path: Path) -> None:
    (tmp_path / "empty.wav").touch()
    assert "'empty.wav' is empty" in error_of(tmp_path / "empty.wav", EmptyAudioError)


def test_text_renamed_to_wav(tmp_path: Path) -> None:
    for text in ("Dear diary,\n" * 100, "<html></html>", "a", "1,2,3\n" * 50, "\x1b[31mred\n" * 50):
        (tmp_path / "text.wav").write_text(text)
        assert "not audio" in error_of(tmp_path / "text.wav", UnsupportedAudioError)


def test_images_and_archives() -> None:
    png = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sIIBBBBBI", 13, b"IHDR", 1, 1, 8, 0, 0, 0, 0, 0x3A7E9B55)
    for data in (png, b"GIF89a" + bytes(50), b"PK\3\4" + bytes(200), b"%PDF-1.7\n" + bytes(500), bytes(5_000)):
        error_of(data, UnsupportedAudioError)


def test_video_without_sound() -> None:
    assert "no audio track" in error_of(video_only(), NoAudioStreamError)


@pytest.mark.parametrize("container", ["WAV", "RF64", "AIFF", "CAF"])
def test_a_header_without_samples(container: str) -> None:
    assert "no audio samples" in error_of(wav(np.zeros(0), container=container), EmptyAudioError)


def test_a_header_that_announces_samples_which_are_missing() -> None:
    data = wav(speech())
    assert "no audio samples" in error_of(data[: data.index(b"data") + 8], EmptyAudioError)


@pytest.mark.parametrize("size", [1, 4, 12, 20])
def test_a_part_of_a_header(size: int) -> None:
    for name in FORMATS:
        with pytest.raises((EmptyAudioError, UnsupportedAudioError, NoAudioStreamError)):
            load_audio(speech_file(name, seconds=0.5)[:size])


def test_values_that_cannot_be() -> None:
    clip = np.stack([speech(), speech()], axis=1)
    for value in (np.nan, np.inf, -np.inf):
        broken = clip.copy()
        broken[40_000, 1] = value
        message = error_of(wav(broken, SAMPLE_RATE, "FLOAT"), InvalidSamplesError)
        assert "near" in message
        assert message.replace("bytes", "array") == error_of(broken, InvalidSamplesError, sample_rate=SAMPLE_RATE)
    assert "NaN" in error_of(np.full(1_000, np.nan), InvalidSamplesError, sample_rate=SAMPLE_RATE)
    opposite = np.array([[np.inf, -np.inf]] * 100)
    assert "infinite" in error_of(opposite, InvalidSamplesError, sample_rate=SAMPLE_RATE)
    assert "infinite" in error_of(np.full(1_000, 1e300), InvalidSamplesError, sample_rate=SAMPLE_RATE)
    integers = (clip * 32_768).astype(np.float32)
    assert "Divide" in error_of(integers, InvalidSamplesError, sample_rate=SAMPLE_RATE)


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((2, 3, 4)),
        np.array(0.5),
        np.zeros((2, 16_000)),
        np.zeros((1, 16_000)),
        np.zeros((100, 0)),
        np.zeros(100, bool),
        np.zeros(100, complex),
        np.zeros(100, object),
        np.array([b"bytes"] * 10, object),
        np.array(["text"]),
        np.zeros(100, "M8[s]"),
        np.zeros(100, [("left", "f4")]),
        np.zeros(100, np.int64),
        np.zeros(100, np.uint64),
    ],
    ids=lambda array: f"{array.dtype}{array.shape}",
)
def test_arrays_that_are_no_signal(array: np.ndarray) -> None:
    assert "wanted" in error_of(array, InvalidSamplesError, sample_rate=SAMPLE_RATE)


@pytest.mark.parametrize("shape", [(0,), (0, 1), (0, 2)])
@pytest.mark.parametrize("dtype", ["f4", "i2"])
def test_arrays_without_samples(shape: tuple[int, ...], dtype: str) -> None:
    assert "no audio samples" in error_of(np.zeros(shape, dtype), EmptyAudioError, sample_rate=SAMPLE_RATE)


@pytest.mark.parametrize("rate", [None, 0, -16_000, 1, 10**7, np.nan, np.inf, "16000", True, 16_000j, [16_000]])
def test_sample_rates_that_cannot_be(rate: object) -> None:
    assert "sample_rate=16000" in error_of(np.zeros(100), InvalidSamplesError, sample_rate=rate)  # type: ignore[arg-type]


def test_a_sample_rate_for_a_file() -> None:
    for source in (speech_file("flac"), open_recording(speech_file("flac")), load_audio(speech_file("flac"))):
        assert "Leave sample_rate out" in error_of(source, InvalidSamplesError, sample_rate=16_000)


@pytest.mark.parametrize("channel", [1, -1, 2**40, 0.5, "0", [0]])
def test_channels_that_cannot_be(channel: int) -> None:
    assert "Channel" in error_of(speech_file("flac"), ChannelError, channel=channel)
    assert "Channel" in error_of(np.zeros(100), ChannelError, sample_rate=SAMPLE_RATE, channel=channel)


@pytest.mark.parametrize("source", [None, 5, [0.1, 0.2], {}, object(), load_audio])
def test_things_that_are_no_source(source: AudioSource) -> None:
    assert "wanted a path" in error_of(source, UnsupportedAudioError)


class Broken:
    def __init__(self, error: Exception, good: bytes = b"") -> None:
        self._error = error
        self._good = good

    def read(self, size: int = -1) -> bytes:
        good, self._good = self._good, b""
        if not good:
            raise self._error
        return good


def test_file_objects_that_cannot_be_read(tmp_path: Path) -> None:
    closed = io.BytesIO(b"123")
    closed.close()
    with (tmp_path / "text").open("w+") as text, (tmp_path / "write_only").open("wb") as write_only:
        text.write("words")
        text.seek(0)
        for source in (
            text,
            write_only,
            closed,
            io.StringIO("words"),
            Broken(OSError(errno.EIO, "disk on fire")),
            Broken(ConnectionResetError("gone"), speech_file("wav 16")),
            Broken(KeyError("surprise")),
        ):
            assert "binary mode" in error_of(source, UnsupportedAudioError)  # type: ignore[arg-type]


# Playlists

PLAYLISTS = {
    "m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:4,\n{}\n#EXT-X-ENDLIST\n",
    "ffconcat": "ffconcat version 1.0\nfile {}\n",
    "concat": "file '{}'\n",
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 5004 RTP/AVP 0\na=control:{}\n",
    "pls": "[playlist]\nFile1={}\n",
    "rtsp": "[Reference]\r\nRef1={}\r\n",
    "asx": '<asx version="3.0"><entry><ref href="{}"/></entry></asx>',
    "mpd": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" '
    'mediaPresentationDuration="PT4S" profiles="urn:mpeg:dash:profile:isoff-on-demand:2011"><Period>'
    '<AdaptationSet mimeType="audio/mp4"><Representation id="1" bandwidth="1"><BaseURL>{}</BaseURL>'
    "</Representation></AdaptationSet></Period></MPD>",
}


@pytest.mark.parametrize("kind", PLAYLISTS)
@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_playlists_open_nothing(kind: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret.wav"
    os.mkfifo(secret)  # keeps what nobody reads
    clip = speech_file("wav 16", seconds=0.5)
    with (
        open(os.open(secret, os.O_RDWR | os.O_NONBLOCK), "r+b", buffering=0) as pipe,
        socket.create_server(("127.0.0.1", 0)) as server,
    ):
        pipe.write(clip)
        server.setblocking(False)
        address = f"http://127.0.0.1:{server.getsockname()[1]}/clip.wav"
        for target in (str(secret), f"file://{secret}", "secret.wav", address):
            playlist = PLAYLISTS[kind].format(target)
            for name in (f"list.{kind}", "list.wav"):
                (tmp_path / name).write_text(playlist)
                error_of(tmp_path / name, UnsupportedAudioError)
            error_of(playlist.encode(), UnsupportedAudioError)
        assert pipe.read(len(clip) + 1) == clip
        with pytest.raises(BlockingIOError):
            server.accept()


# Anything


def mutated(data: bytes, random: np.random.Generator) -> bytes:
    """The file with a few bytes changed, removed or repeated, most often near its beginning, or cut."""
    changed = bytearray(data)
    if random.random() < 0.2:
        del changed[random.integers(1, len(changed)) :]
    for _ in range(random.integers(1, 12)):
        place = int(random.integers(0, min(len(changed), 600) if random.random() < 0.6 else len(changed)))
        match random.integers(5):
            case 0:
                changed[place] = random.integers(256)
            case 1:
                changed[place] ^= 1 << random.integers(8)
            case 2:
                changed[place : place + 4] = random.choice(
                    [b"\0\0\0\0", b"\xff" * 4, b"\x7f\xff\xff\xff", b"\0\0\0\x80"]
                )
            case 3:
                del changed[place : place + int(random.integers(1, 50))]
            case _:
                start = int(random.integers(0, len(changed)))
                changed[place:place] = changed[start : start + int(random.integers(1, 60))]
        changed = changed or bytearray(1)
    return bytes(changed)


@pytest.mark.parametrize("name", [*FORMATS, "amr wideband", "video"])
def test_mutated_files_give_a_signal_or_our_error(name: str) -> None:
    if name == "amr wideband":
        data = AMR_WB
    elif name == "video":
        data = encode(speech()[:16_000], SAMPLE_RATE, Format("mp4", "aac", (), 64_000), video_seconds=1.0)
    else:
        data = speech_file(name, seconds=1.0)
    random = np.random.default_rng(len(name))
    for _ in range(12):
        try:
            audio = load_audio(mutated(data, random))
        except AudioError:
            continue
        assert audio.samples.dtype == np.float32
        assert np.isfinite(audio.samples).all()


def test_a_recording_says_what_it_is() -> None:
    recording = open_recording(speech_file("flac"))
    assert isinstance(recording, Recording)
    assert (recording.name, recording.truncated, recording.damaged) == ("bytes", False, False)


@pytest.mark.parametrize("name", [name for name in FORMATS if name not in PADDED])
def test_a_header_announces_the_duration_or_nothing(name: str) -> None:
    recording = open_recording(speech_file(name))
    announced = recording.format.duration
    assert announced == pytest.approx(recording.load().duration, abs=0.3) or (
        announced is None and ("live" in name or name == "amr")
    )


def test_arrays_and_decoded_audio_announce_what_they_hold() -> None:
    recording = open_recording(np.zeros((8_000, 3)), sample_rate=4_000)
    assert (recording.format.duration, recording.format.channels) == (2.0, 3)
    loaded = recording.load()
    assert open_recording(loaded).format.duration == loaded.duration
    assert open_recording(loaded).format.channels == 1


def test_another_channel_of_the_same_recording(tmp_path: Path) -> None:
    (tmp_path / "stereo.wav").write_bytes(encode(tone(SAMPLE_RATE, channels=2), SAMPLE_RATE, "wav 16"))
    for source in (tmp_path / "stereo.wav", io.BytesIO((tmp_path / "stereo.wav").read_bytes())):
        recording = open_recording(source)
        assert recording.format.channels == 2
        left, right = (recording.of_channel(channel).load() for channel in range(2))
        assert (round(pitch(left.samples)), round(pitch(right.samples))) == (1_000, 2_000)
        assert left.source == right.source == recording.source
        np.testing.assert_allclose((left.samples + right.samples) / 2, recording.load().samples, atol=1e-6)


def test_a_channel_of_a_stream_outlives_the_recording_that_it_comes_from() -> None:
    right = open_recording(io.BytesIO(encode(tone(SAMPLE_RATE, channels=2), SAMPLE_RATE, "wav 16"))).of_channel(1)
    gc.collect()
    assert round(pitch(right.load().samples)) == 2_000
