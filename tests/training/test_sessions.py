"""Made-up sessions: the same for all recordings of a voice, audible, and never a broken signal."""

from pathlib import Path

import numpy as np
import pytest

import emotone
from emotone.training.frames import session_of
from emotone.training.sessions import Session
from emotone.types import Signal

PLAIN = Session(1.0, np.empty(0), np.zeros(7), (0.0, 8000.0), np.inf, 0.0, 0.0, False)
SECOND = 16_000


@pytest.fixture(scope="module")
def speech(clips: list[Path]) -> Signal:
    return emotone.load_audio(clips[0]).samples


def random() -> np.random.Generator:
    return np.random.default_rng(1)


def level(signal: Signal, low: float, high: float) -> float:
    """Power between two frequencies, dB."""
    spectrum, hertz = np.abs(np.fft.rfft(signal)) ** 2, np.fft.rfftfreq(signal.size, 1 / SECOND)
    return float(10 * np.log10(spectrum[(hertz >= low) & (hertz < high)].sum() + 1e-12))


def changed(**changes: object) -> Session:
    fields = {name: getattr(PLAIN, name) for name in Session.__dataclass_fields__}
    return Session(**(fields | changes))


@pytest.mark.parametrize("samples", [1, 2, 37, 800, 30_000])
def test_any_length_and_any_session(samples: int) -> None:
    signal = np.random.default_rng(0).uniform(-1, 1, samples).astype(np.float32)
    for number in range(1, 25):
        session = session_of("anyone", number)
        assert session is not None
        found = session.apply(signal, random())
        assert (found.dtype, found.ndim) == (np.float32, 1)
        assert abs(found.size - samples / session.speed) <= 1
        assert np.isfinite(found).all()
        assert np.abs(found).max(initial=0) <= 1


def test_a_voice_has_its_own_sessions(speech: Signal) -> None:
    """Always the same ones; number 0 is the recording itself."""
    assert session_of("ann", 0) is None
    one, again, bob, second = (session_of(*asked) for asked in (("ann", 1), ("ann", 1), ("bob", 1), ("ann", 2)))
    assert one is not None
    assert again is not None
    assert np.array_equal(one.apply(speech, random()), again.apply(speech, random()))
    for other in (bob, second):
        assert other is not None
        assert (one.speed, one.gain_db, tuple(one.equaliser_db)) != (
            other.speed,
            other.gain_db,
            tuple(other.equaliser_db),
        )


def test_silence_stays_silent() -> None:
    found = changed(snr_db=10.0).apply(np.zeros(SECOND, np.float32), random())
    assert 0 < np.abs(found).max() < 1e-5


def test_plain(speech: Signal) -> None:
    """Only the level, which varies from recording to recording."""
    found = PLAIN.apply(speech, random())
    gain = 10 ** (random().uniform(-2, 2) / 20)
    assert np.abs(found - speech * gain).max() < 1e-4


def test_narrow_band(speech: Signal) -> None:
    found = changed(band_hz=(300.0, 3000.0)).apply(speech, random())
    gain = level(found, 600, 2000) - level(speech, 600, 2000)
    assert level(found, 6500, 8000) - level(speech, 6500, 8000) - gain < -30
    assert level(found, 60, 100) - level(speech, 60, 100) - gain < -20


@pytest.mark.parametrize("snr", [10.0, 25.0])
def test_noise(speech: Signal, snr: float) -> None:
    """As loud as it says, against the louder half of the recording."""
    clean, noisy = PLAIN.apply(speech / 4, random()), changed(snr_db=snr).apply(speech / 4, np.random.default_rng(2))
    gain = float(clean @ noisy / (clean @ clean))
    noise = noisy - gain * clean
    loud = np.sqrt(np.mean(np.sort((gain * clean) ** 2)[clean.size // 2 :]))
    assert 20 * np.log10(loud / noise.std()) == pytest.approx(snr, abs=0.5)


def test_room(speech: Signal) -> None:
    """Sound goes on where the recording stops."""
    stopped = np.concatenate([speech[:SECOND], np.zeros(SECOND, np.float32)])
    drawn = [session_of("room", number) for number in range(1, 12)]
    rooms = [session.room for session in drawn if session is not None and session.room.size]
    assert rooms
    for room in rooms:
        assert room[0] == 1
        found = changed(room=room).apply(stopped, random())
        tail = found[SECOND : SECOND + SECOND // 4]
        assert np.abs(PLAIN.apply(stopped, random())[SECOND:]).max() < 1e-4
        assert tail.std() > 10 * found[-200:].std()


def test_telephone(speech: Signal) -> None:
    found = changed(telephone=True).apply(speech, random())
    assert len(np.unique(found)) <= 255
    clean = PLAIN.apply(speech, random())
    assert 10 * np.log10(np.mean(clean**2) / np.mean((found - clean) ** 2)) > 30
