from collections.abc import Iterator

import numpy as np
import pytest
import soxr
from media import (
    chords,
    encode,
    overdriven,
    pink_noise,
    speech,
    telephone,
    tone,
    wav,
    white_noise,
    with_noise,
)

from emotone.audio import AudioSource, open_recording
from emotone.quality import QUIET_LEVEL_DB, REASONS, QualityMeter
from emotone.resample import BLOCK_SAMPLES
from emotone.types import SAMPLE_RATE, Signal

SECOND = SAMPLE_RATE
CLIPS = ("english_angry", "german_happy")  # 3.9 s and 3.1 s


def meter_of(source: AudioSource) -> tuple[QualityMeter, list[str]]:
    """The meter after the whole source, and the codes of its reasons."""
    recording = open_recording(source, sample_rate=SAMPLE_RATE if isinstance(source, np.ndarray) else None)
    meter = QualityMeter()
    for _ in meter.watch(recording.blocks()):
        pass
    found = meter.reasons(truncated=recording.truncated, damaged=recording.damaged)
    return meter, [reason.code for reason in found]


def codes(source: AudioSource) -> list[str]:
    return meter_of(source)[1]


def longer(clip: str, seconds: float) -> Signal:
    return np.resize(speech(clip), round(seconds * SECOND))


def at_level(signal: Signal, level_db: float) -> Signal:
    """The signal with speech of that mean power in dBFS, pauses left out."""
    chunks = signal[: signal.size // 512 * 512].reshape(-1, 512)
    power = np.mean(chunks**2, axis=1)
    gain = 10 ** (level_db / 20) / np.sqrt(power[power > power.max() / 300].mean())
    scaled: Signal = (gain * signal).astype(np.float32)
    return scaled


# Clean recordings


@pytest.mark.parametrize("clip", CLIPS)
def test_clean_clips_raise_nothing(clip: str) -> None:
    assert codes(speech(clip)) == []
    for seconds in (3.0, 5.0, 10.0):
        assert codes(longer(clip, seconds)) == []


@pytest.mark.parametrize("clip", CLIPS)
@pytest.mark.parametrize("form", ["wav 16", "wav u8", "flac", "mp3 cbr", "m4a", "ogg vorbis", "ogg opus", "webm opus"])
def test_common_formats_are_no_fault(clip: str, form: str) -> None:
    assert codes(encode(speech(clip), SAMPLE_RATE, form)) == []


@pytest.mark.parametrize("clip", CLIPS)
@pytest.mark.parametrize("gain_db", [-12, -6, 0])
@pytest.mark.parametrize("rate", [16_000, 44_100, 48_000])
def test_ordinary_levels_and_rates_are_no_fault(clip: str, gain_db: float, rate: int) -> None:
    signal = speech(clip) / np.abs(speech(clip)).max() * np.float32(10 ** (gain_db / 20))
    assert codes(wav(soxr.resample(signal, SAMPLE_RATE, rate), rate, "FLOAT")) == []


# Length


@pytest.mark.parametrize("clip", CLIPS)
@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0.7, ["too_short"]),
        (0.99, ["too_short"]),
        (1.0, ["length_advice"]),
        (2.9, ["length_advice"]),
        (3.0, []),
        (10.0, []),
        (10.1, ["length_advice"]),
        (30.0, ["length_advice"]),
        (30.1, ["too_long"]),
        (70.0, ["too_long"]),
    ],
)
def test_length(clip: str, seconds: float, expected: list[str]) -> None:
    signal = longer(clip, seconds + 1)[round(0.8 * SECOND) :][: round(seconds * SECOND)]  # begins within speech
    meter, found = meter_of(np.resize(signal, round(seconds * SECOND)))
    assert found == expected
    assert meter.duration == pytest.approx(seconds)


# Level


@pytest.mark.parametrize("clip", CLIPS)
@pytest.mark.parametrize("below_db", [2, 5])
def test_quiet_speech(clip: str, below_db: float) -> None:
    assert codes(at_level(speech(clip), QUIET_LEVEL_DB - below_db)) == ["quiet"]


@pytest.mark.parametrize("clip", CLIPS)
def test_speech_that_is_just_not_quiet(clip: str) -> None:
    assert codes(at_level(speech(clip), QUIET_LEVEL_DB + 3)) == []


@pytest.mark.parametrize("seconds", [3, 25])
def test_silence(seconds: int) -> None:
    dither = 10 ** (-90 / 20) * white_noise(seconds * SECOND)
    for signal in (np.zeros(seconds * SECOND), dither, at_level(longer(CLIPS[0], seconds), -100)):
        assert [code for code in codes(signal) if code != "length_advice"] == ["silent"]
    assert "silent" in codes(wav(np.zeros(seconds * SECOND), subtype="PCM_U8"))


@pytest.mark.parametrize("clip", CLIPS)
@pytest.mark.parametrize("peak", [4.0, 10.0])
def test_clipped_speech(clip: str, peak: float) -> None:
    assert codes(overdriven(speech(clip), peak)) == ["clipped"]


@pytest.mark.parametrize("clip", CLIPS)
def test_clipping_is_found_after_the_level_was_lowered(clip: str) -> None:
    assert codes(0.1 * overdriven(speech(clip))) == ["clipped"]


@pytest.mark.parametrize("clip", CLIPS)
def test_a_touch_of_full_scale_is_not_clipping(clip: str) -> None:
    assert codes(overdriven(speech(clip), 1.05)) == []


# Noise and bandwidth


@pytest.mark.parametrize("clip", CLIPS)
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("noise", [white_noise, pink_noise])
def test_speech_in_noise(clip: str, seed: int, noise: type) -> None:
    signal = speech(clip)
    assert codes(with_noise(signal, noise(signal.size, seed), 5)) == ["noisy"]
    assert codes(with_noise(signal, noise(signal.size, seed), 30)) == []


@pytest.mark.parametrize("clip", CLIPS)
@pytest.mark.parametrize("form", ["wav µ-law", "wav a-law", "wav 16", "amr", "3gp"])
def test_telephone(clip: str, form: str) -> None:
    assert codes(telephone(speech(clip), form)) == ["narrow_band"]


@pytest.mark.parametrize("clip", CLIPS)
def test_telephone_stored_at_a_higher_rate(clip: str) -> None:
    low = soxr.resample(speech(clip), SAMPLE_RATE, 8_000)
    assert codes(wav(soxr.resample(low, 8_000, SAMPLE_RATE))) == ["narrow_band"]


# No speech


@pytest.mark.parametrize("level", [0.003, 0.03, 0.3])
@pytest.mark.parametrize("noise", [white_noise, pink_noise])
def test_noise_is_no_speech(noise: type, level: float) -> None:
    assert codes(level * noise(5 * SECOND)) == ["no_speech"]


@pytest.mark.parametrize("hz", [50, 100, 220, 440, 1_000, 3_000])
def test_a_tone_is_no_speech(hz: float) -> None:
    assert codes(tone(SAMPLE_RATE, 5.0, hz)) == ["no_speech"]


@pytest.mark.parametrize("seed", range(8))
def test_music_is_no_speech(seed: int) -> None:
    assert codes(chords(6, seed)) == ["no_speech"]


@pytest.mark.parametrize("clip", CLIPS)
def test_no_speech_means_no_regions(clip: str) -> None:
    for signal in (speech(clip), chords(6), np.concatenate([np.zeros(5 * SECOND, np.float32), speech(clip)])):
        meter, found = meter_of(signal)
        assert ("no_speech" in found) == (not meter.regions())


@pytest.mark.parametrize("clip", CLIPS)
def test_a_little_speech_in_a_long_silence_is_judged_by_itself(clip: str) -> None:
    silence = np.zeros(15 * 60 * SECOND, np.float32)
    signal = np.concatenate([silence, speech(clip)[: 2 * SECOND]])
    meter, found = meter_of(signal)
    assert found == ["too_long"]
    assert all(899.8 <= region.start < region.end <= 902 for region in meter.regions())
    clipped = np.concatenate([silence, overdriven(speech(clip))])
    assert codes(clipped) == ["too_long", "clipped"]


# The file


def test_a_truncated_file() -> None:
    data = wav(longer(CLIPS[0], 8))
    assert codes(data[: len(data) * 2 // 3]) == ["truncated"]


def test_a_damaged_file() -> None:
    data = bytearray(encode(longer(CLIPS[0], 8), SAMPLE_RATE, "mp3 cbr"))
    data[30_000:30_400] = bytes(400)
    assert codes(bytes(data)) == ["damaged"]


# How it is told


def test_several_faults_come_the_gravest_first() -> None:
    signal = overdriven(speech(CLIPS[0]), 10.0)[20_000:34_000]
    data = telephone(with_noise(signal, white_noise(signal.size), 5))
    found = codes(data[: len(data) - 100])
    assert found[:2] == ["too_short", "noisy"]
    assert {"narrow_band", "truncated"} <= set(found)
    assert found == [code for code in REASONS if code in found]


def test_every_reason_says_what_and_what_to_do_in_both_languages() -> None:
    assert set(REASONS) == {
        *("silent", "no_speech", "too_short", "too_long", "clipped", "quiet", "noisy", "narrow_band"),
        *("truncated", "damaged", "length_advice"),
    }
    for code, reason in REASONS.items():
        assert reason.code == code
        for text in (reason.text, reason.advice):
            assert text.en.endswith(".")
            assert text.en[0].isupper()
            assert text.zh.endswith("。")
            assert any("\u4e00" <= character <= "\u9fff" for character in text.zh)
    assert len({reason.text for reason in REASONS.values()}) == len(REASONS)


def test_measuring_changes_nothing_and_blocks_do_not_matter() -> None:
    signal = longer(CLIPS[0], 25)
    blocks = list(open_recording(signal, sample_rate=SAMPLE_RATE).blocks())
    meter = QualityMeter()
    for before, after in zip(blocks, meter.watch(iter(blocks)), strict=True):
        np.testing.assert_array_equal(before, after)

    def in_seconds() -> Iterator[Signal]:
        for start in range(0, signal.size, BLOCK_SAMPLES // 10):
            yield signal[start : start + BLOCK_SAMPLES // 10]

    other = QualityMeter()
    for _ in other.watch(in_seconds()):
        pass
    assert other.duration == meter.duration == 25
    assert other.reasons(truncated=True, damaged=True) == meter.reasons(truncated=True, damaged=True)
    for left, right in zip(meter.regions(), other.regions(), strict=True):
        assert left.start == pytest.approx(right.start, abs=0.2)
        assert left.end == pytest.approx(right.end, abs=0.2)
