"""Sessions that never were: the same voice a little older or younger, in another room, over another channel.

All recordings of a session are changed alike, as they would be in life. So what is learned from the differences within a
session holds in rooms and over microphones that no corpus has.
"""

from dataclasses import dataclass

import numpy as np
import soxr
from numpy.typing import NDArray

from ..types import SAMPLE_RATE, Signal

SPEED = (0.88, 1.14)  # pitch and formants move with it: other voices
REVERBERATION = (0.12, 0.6)  # seconds until the room's sound has fallen by 60 dB
DIRECT_RATIO_DB = (0.0, 15.0)  # the voice itself against what the room gives back
SNR_DB = (8.0, 35.0)  # of noise, against the louder half of a recording
GAIN_DB = (-18.0, 6.0)
BAND_HZ = ((60.0, 350.0), (2800.0, 7000.0))  # of narrow channels, from small loudspeakers to telephones

_EQUALISER_HZ = np.array([50, 150, 400, 1000, 2200, 4500, 8000])
_FIRST_REFLECTION = 0.004  # seconds
_MU = 255  # of G.711 in North America and Japan

_Wave = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Session:
    """One voice in one room over one channel.

    Attributes:
        speed: Of playing the voice.
        room: Impulse response after the direct sound, or empty.
        equaliser_db: Gain at seven frequencies from 50 Hz to 8 kHz.
        band_hz: What the channel lets through.
        snr_db: Of the noise; infinite without.
        noise_slope: 0 is white, -1 is brown.
        gain_db: Level, which varies by 2 dB from recording to recording.
        telephone: Whether samples are coded in 8 bits (G.711 µ-law).
    """

    speed: float
    room: _Wave
    equaliser_db: _Wave
    band_hz: tuple[float, float]
    snr_db: float
    noise_slope: float
    gain_db: float
    telephone: bool

    @classmethod
    def drawn(cls, random: np.random.Generator) -> "Session":
        """Any session."""
        tilt = random.normal(0, 1.6, _EQUALISER_HZ.size).cumsum() * random.uniform(0.4, 1.6)
        low, high = (random.uniform(*limits) for limits in BAND_HZ)
        return cls(
            random.uniform(*SPEED) if random.random() < 0.7 else 1.0,
            _room(random) if random.random() < 0.45 else np.empty(0),
            (tilt - tilt.mean()) * (random.random() < 0.8),
            (low, high) if random.random() < 0.45 else (0.0, SAMPLE_RATE / 2),
            random.uniform(*SNR_DB) if random.random() < 0.65 else np.inf,
            random.uniform(-1.0, 0.0),
            random.uniform(*GAIN_DB),
            bool(random.random() < 0.15),
        )

    def apply(self, signal: Signal, random: np.random.Generator) -> Signal:
        """A recording as it would sound in this session: float32, `(samples,)`; its length changes with the speed."""
        wave = signal.astype(np.float64)
        if self.speed != 1.0:
            wave = soxr.resample(wave, SAMPLE_RATE * self.speed, SAMPLE_RATE)
        if self.room.size:
            wave = _filtered(wave, self.room.size, np.fft.rfft(self.room, _fft_size(wave.size + self.room.size)))
        wave = _filtered(wave, _EQUALISED_SAMPLES, self._response(_fft_size(wave.size + _EQUALISED_SAMPLES)))
        if np.isfinite(self.snr_db):
            wave = wave + self._noise(wave, random)
        wave = np.clip(wave * 10 ** ((self.gain_db + random.uniform(-2, 2)) / 20), -1, 1)
        return (_telephoned(wave) if self.telephone else wave).astype(np.float32)

    def _response(self, fft_size: int) -> _Wave:
        hertz = np.fft.rfftfreq(fft_size, 1 / SAMPLE_RATE)
        decibels = np.interp(np.log(np.maximum(hertz, 1)), np.log(_EQUALISER_HZ), self.equaliser_db)
        low, high = self.band_hz
        with np.errstate(divide="ignore"):
            decibels -= 24 * np.maximum(0, np.log2(low / np.maximum(hertz, 1))) if low else 0.0
            decibels -= 36 * np.maximum(0, np.log2(hertz / high))
        response: _Wave = 10 ** (np.clip(decibels, -80, 30) / 20)
        return response

    def _noise(self, wave: _Wave, random: np.random.Generator) -> _Wave:
        spectrum = np.fft.rfft(random.standard_normal(wave.size))
        spectrum *= np.maximum(np.arange(spectrum.size) / wave.size * SAMPLE_RATE, 60.0) ** self.noise_slope
        noise = np.fft.irfft(spectrum, wave.size)
        loud = np.sqrt(np.mean(np.sort(wave**2)[wave.size // 2 :]))
        scale = (loud + 1e-6) * 10 ** (-self.snr_db / 20) / max(float(noise.std()), 1e-9)
        scaled: _Wave = noise * scale
        return scaled


_EQUALISED_SAMPLES = 2000  # longer than the equaliser rings


def _room(random: np.random.Generator) -> _Wave:
    seconds = random.uniform(*REVERBERATION)
    size = round(1.1 * seconds * SAMPLE_RATE)
    tail = random.standard_normal(size) * 10 ** (-3 * np.arange(size) / (seconds * SAMPLE_RATE))
    tail[: round(_FIRST_REFLECTION * SAMPLE_RATE)] = 0
    tail *= 10 ** (-random.uniform(*DIRECT_RATIO_DB) / 20) / np.sqrt(np.sum(tail**2))
    tail[0] = 1.0
    return tail


def _fft_size(samples: int) -> int:
    return 1 << (samples - 1).bit_length()


def _filtered(wave: _Wave, ringing_samples: int, response: NDArray[np.complex128] | _Wave) -> _Wave:
    size = _fft_size(wave.size + ringing_samples)
    filtered: _Wave = np.fft.irfft(np.fft.rfft(wave, size) * response, size)[: wave.size]
    return filtered


def _telephoned(wave: _Wave) -> _Wave:
    code = np.round(np.log1p(_MU * np.abs(wave)) / np.log1p(_MU) * 127) / 127
    decoded: _Wave = np.sign(wave) * np.expm1(code * np.log1p(_MU)) / _MU
    return decoded
