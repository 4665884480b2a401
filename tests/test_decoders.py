"""Decoding apart gives what decoding here gives, and survives what ends a decoder."""

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from media import FORMATS, encode, tone

import emotone
from emotone.audio import open_recording
from emotone.decoders import Decoders


@pytest.fixture(scope="module")
def decoders():
    with Decoders() as opened:
        yield opened


def pids(decoders: Decoders) -> list[int]:
    return [decoder._process.pid for decoder in decoders._idle]


def test_samples_format_and_hash_are_the_same(decoders: Decoders, clips: list[Path]) -> None:
    for path in clips:
        here, apart = open_recording(path), decoders.open(path)
        np.testing.assert_array_equal(here.load().samples, apart.load().samples)
        assert (apart.name, apart.source, apart.format) == (here.name, here.source, here.format)


@pytest.mark.parametrize("form", ["wav 24", "mp3 vbr", "m4a", "ogg opus", "amr", "wma"])
def test_faults_and_channels_are_the_same(decoders: Decoders, form: str, tmp_path: Path) -> None:
    rate = 8_000 if form == "amr" else 16_000
    channels = 1 if form == "amr" else 2
    data = encode(tone(rate, 2.0, channels=channels), rate, FORMATS[form])
    for name, content in (("whole", data), ("cut", data[: len(data) // 2])):
        (tmp_path / name).write_bytes(content)
        for channel in (None, channels - 1):
            here = open_recording(tmp_path / name, channel=channel)
            apart = decoders.open(tmp_path / name, channel=channel)
            if name == "cut" and form == "m4a":  # its index was at its end
                for recording in (here, apart):
                    with pytest.raises(emotone.UnsupportedAudioError):
                        recording.load()
                continue
            np.testing.assert_array_equal(here.load().samples, apart.load().samples)
            assert (apart.truncated, apart.damaged) == (here.truncated, here.damaged)
        assert decoders.open(tmp_path / name).of_channel(0).name == name


def test_errors_are_the_same(decoders: Decoders, clips: list[Path], tmp_path: Path) -> None:
    (tmp_path / "text.wav").write_text("I am no sound")
    (tmp_path / "empty.wav").write_bytes(b"")
    for path, channel, kind in (
        (tmp_path / "text.wav", None, emotone.UnsupportedAudioError),
        (tmp_path / "empty.wav", None, emotone.EmptyAudioError),
        (tmp_path / "none.wav", None, emotone.AudioNotFoundError),
        (clips[0], 3, emotone.ChannelError),
    ):
        with pytest.raises(kind) as here:
            open_recording(path, channel=channel).load()
        with pytest.raises(kind) as apart:
            decoders.open(path, channel=channel).load()
        assert apart.value.text == here.value.text


def test_a_name_given_later_is_in_the_error(decoders: Decoders, tmp_path: Path) -> None:
    (tmp_path / "upload_1").write_text("no sound")
    recording = decoders.open(tmp_path / "upload_1")
    recording.name = "interview.wav"
    with pytest.raises(emotone.UnsupportedAudioError, match=r"'interview\.wav'"):
        recording.load()


def test_a_decoder_serves_many_files_and_threads(decoders: Decoders, clips: list[Path]) -> None:
    expected = open_recording(clips[0]).load().samples
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: decoders.open(clips[0]).load().samples, range(40)))
    assert all(np.array_equal(expected, samples) for samples in found)
    assert 1 <= len(pids(decoders)) <= (os.cpu_count() or 1)


def test_a_killed_decoder_is_one_error_and_is_replaced(clips: list[Path], tmp_path: Path) -> None:
    long = tmp_path / "long.wav"
    long.write_bytes(encode(tone(48_000, 60.0), 48_000, "wav 16"))
    with Decoders(idle=1) as decoders:
        decoders.open(clips[0]).load()
        (pid,) = pids(decoders)
        blocks = decoders.open(long).blocks()
        next(blocks)
        os.kill(pid, signal.SIGKILL)
        with pytest.raises(emotone.UnsupportedAudioError, match=r"'long\.wav' cannot be decoded"):
            list(blocks)
        assert decoders.open(clips[0]).load().duration > 3
        assert pids(decoders) != [pid]


def test_a_decoder_that_takes_too_long_is_one_error(clips: list[Path]) -> None:
    with (
        Decoders(idle=1, patience=0.0) as decoders,
        pytest.raises(emotone.UnsupportedAudioError, match="reasonable time"),
    ):
        decoders.open(clips[0]).load()


def test_a_reader_that_stops_early_ends_its_decoder(tmp_path: Path) -> None:
    long = tmp_path / "long.wav"
    long.write_bytes(encode(tone(48_000, 60.0), 48_000, "wav 16"))
    with Decoders(idle=1) as decoders:
        with pytest.raises(emotone.AudioTooLongError, match=r"longer than 20 s"):
            decoders.open(long).at_most(20).load()
        assert decoders.open(long).at_most(61).load().duration == 60.0
        assert len(pids(decoders)) == 1


@pytest.mark.parametrize(
    ("seconds", "rate", "channels"), [(3.0, 16_000, 1), (200.0, 48_000, 2)]
)  # waits, or is decoded twice
def test_a_limit_is_known_before_the_first_sample(
    decoders: Decoders, seconds: float, rate: int, channels: int, tmp_path: Path
) -> None:
    path = tmp_path / "file.wav"
    path.write_bytes(encode(tone(rate, seconds, channels=channels), rate, "wav 16"))
    with pytest.raises(emotone.AudioTooLongError, match=f"longer than {seconds - 1:g} s"):
        next(decoders.open(path, longest=seconds - 1).blocks())
    whole = decoders.open(path, longest=seconds).load()
    np.testing.assert_array_equal(whole.samples, open_recording(path).load().samples)
    assert decoders.open(path, longest=seconds, channel=0).load().duration == seconds


def test_no_process_is_left(clips: list[Path]) -> None:
    with Decoders(idle=1) as decoders:
        decoders.open(clips[0]).load()
        (pid,) = pids(decoders)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_secrets_of_this_process_stay_here(clips: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMOTONE_API_KEYS", "correct-horse-battery-staple")
    with Decoders(idle=1) as decoders:
        decoders.open(clips[0]).load()
        (pid,) = pids(decoders)
        environment = Path(f"/proc/{pid}/environ")
        if environment.exists():
            assert b"EMOTONE" not in environment.read_bytes()
