"""Twins sound as they should: measured levels, bands and decays."""

from dataclasses import replace

import av
import numpy as np
import pytest
from media import pink_noise, speech, white_noise
from numpy.typing import NDArray

from emotone import twins as module
from emotone.twins import VOICES, Crowd, Twin, absent, speech_power, twins
from emotone.types import SAMPLE_RATE, Audio, Source


def audio(samples: NDArray[np.float32], name: str = "speech") -> Audio:
    return Audio(samples, Source(name, name * 8))


@pytest.fixture(scope="module")
def crowd() -> Crowd:
    return Crowd.of([audio(pink_noise(SAMPLE_RATE * 2, seed) * np.float32(0.1), f"voice{seed}") for seed in range(8)])


@pytest.fixture(scope="module")
def found(crowd: Crowd) -> dict[str, Twin]:
    return {twin.code: twin for twin in twins(crowd)}


def power(signal: NDArray[np.float32], low: float = 0.0, high: float = 8_000.0) -> float:
    """Power between two frequencies."""
    spectrum = np.abs(np.fft.rfft(signal.astype(np.float64))) ** 2
    hertz = np.fft.rfftfreq(signal.size, 1 / SAMPLE_RATE)
    return float(spectrum[(hertz >= low) & (hertz < high)].sum())


def likeness(left: NDArray[np.float32], right: NDArray[np.float32]) -> float:
    """The highest correlation of two signals at any delay."""
    size = left.size + right.size
    product = np.fft.irfft(np.fft.rfft(left, size) * np.conj(np.fft.rfft(right, size)))
    return float(product.max() / np.linalg.norm(left) / np.linalg.norm(right))


def test_there_are_all_of_them(found: dict[str, Twin]) -> None:
    noises = [f"{noise}_{snr}" for noise in ("babble", "white") for snr in (20, 10, 5)]
    assert list(found) == ["g711", "amr_nb", "mp3_32", *noises, "gain_+10", "gain_-10", "room"]
    assert absent(list(found.values())) == []
    assert len({twin.key for twin in found.values()}) == len(found)


def test_twins_are_the_same_in_every_run(found: dict[str, Twin]) -> None:
    original, other = audio(speech()), audio(speech(), "other")
    for twin in found.values():
        first = twin.apply(original)
        assert (first.dtype, first.ndim) == (np.float32, 1)
        np.testing.assert_array_equal(twin.apply(replace(original)), first)
        if twin.code.startswith(("white", "babble", "room")):
            assert (twin.apply(other) != first).any()


def test_the_telephone_ends_at_4_khz(found: dict[str, Twin]) -> None:
    signal = speech()
    assert power(signal, 4_200) > 1e-3 * power(signal)
    for code, least in (("g711", 0.99), ("amr_nb", 0.85)):
        heard = found[code].apply(audio(signal))
        assert power(heard, 4_200) < 1e-5 * power(heard)
        assert likeness(heard, signal) > least
        assert heard.size == pytest.approx(signal.size, abs=400)


def test_mp3_keeps_what_is_heard(found: dict[str, Twin]) -> None:
    heard = found["mp3_32"].apply(audio(speech()))
    assert heard.size == speech().size
    assert 0.98 < likeness(heard, speech()) < 0.9999


@pytest.mark.parametrize("noise", ["white", "babble"])
@pytest.mark.parametrize("snr", [20, 10, 5])
def test_noise_has_the_level_that_is_said(found: dict[str, Twin], noise: str, snr: int) -> None:
    signal = speech()
    added = found[f"{noise}_{snr}"].apply(audio(signal)) - signal
    assert 10 * np.log10(speech_power(signal) / np.mean(added**2)) == pytest.approx(snr, abs=0.05)
    share = power(added, 4_000) / power(added)
    assert share == pytest.approx(0.5, abs=0.03) if noise == "white" else share < 0.15


def test_pauses_do_not_count_as_speech() -> None:
    signal = speech()
    padded = np.concatenate([np.zeros(SAMPLE_RATE * 20, np.float32), signal])
    assert speech_power(padded) == pytest.approx(speech_power(signal))


def test_gain_stops_at_full_scale(found: dict[str, Twin]) -> None:
    quiet = speech() * np.float32(0.5 / np.abs(speech()).max())
    louder, softer = (found[code].apply(audio(quiet)) for code in ("gain_+10", "gain_-10"))
    np.testing.assert_allclose(softer, quiet * 10**-0.5, atol=1e-7)
    assert np.abs(louder).max() == 1
    np.testing.assert_allclose(louder[np.abs(louder) < 1], (quiet * 10**0.5)[np.abs(louder) < 1], rtol=1e-6)


def test_a_room_goes_on_after_the_voice_and_fades(found: dict[str, Twin]) -> None:
    burst = np.zeros(SAMPLE_RATE, np.float32)
    burst[:1600] = 0.2 * white_noise(1600).clip(-3, 3)
    heard = found["room"].apply(audio(burst))
    assert np.mean(heard**2) == pytest.approx(np.mean(burst**2), rel=0.01)
    early, late = (10 * np.log10(np.mean(heard[at : at + 800] ** 2)) for at in (2400, 2400 + 3200))
    assert early - late == pytest.approx(30, abs=3)  # 60 dB in 0.4 s
    assert not heard[-800:].any() or 10 * np.log10(np.mean(heard[-800:] ** 2)) < -100


def test_nobody_babbles_behind_themselves() -> None:
    voices = [audio(white_noise(SAMPLE_RATE, seed) * np.float32(0.1), f"v{seed}") for seed in range(VOICES + 1)]
    crowd = Crowd.of(voices)
    for voice in voices:
        behind = crowd.babble(voice, np.random.default_rng(0))
        assert likeness(behind.astype(np.float32), voice.samples) < 0.1


def test_silence_stays_silent(found: dict[str, Twin]) -> None:
    silence = audio(np.zeros(SAMPLE_RATE, np.float32))
    for twin in found.values():
        assert np.abs(twin.apply(silence)).max() < 0.001
    assert Crowd.of([silence]).voices == ()


def test_what_cannot_be_made_here_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_encoders(name: str, mode: str) -> None:
        raise av.codec.codec.UnknownCodecError(name)

    monkeypatch.setattr(module.av, "Codec", no_encoders)
    found = twins(Crowd((), ()))
    assert [twin.code for twin in found] == ["g711", "white_20", "white_10", "white_5", "gain_+10", "gain_-10", "room"]
    assert [reason.en.split(":")[0] for reason in absent(found)] == ["No AMR-NB", "No MP3", "No babble"]
