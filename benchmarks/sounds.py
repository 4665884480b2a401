"""Sounds that are no speech of one person, made from random numbers: music, noise, hum, tones, silence."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from emotone.types import SAMPLE_RATE

Sound = NDArray[np.float64]
Maker = Callable[[int, np.random.Generator], Sound]  # so many samples at 16 kHz

_MAJOR, _MINOR = (0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10)
_PROGRESSIONS = ((0, 3, 4, 0), (0, 5, 3, 4), (5, 3, 0, 4), (0, 4, 5, 3))  # degrees of the scale


def white(samples: int, random: np.random.Generator) -> Sound:
    """Equal power at all frequencies."""
    return _at_level(random.normal(size=samples), random)


def pink(samples: int, random: np.random.Generator) -> Sound:
    """Equal power in each octave."""
    spectrum = np.fft.rfft(random.normal(size=samples))
    spectrum[1:] /= np.sqrt(np.arange(1, spectrum.size))
    spectrum[0] = 0
    return _at_level(np.fft.irfft(spectrum, samples), random)


def hum(samples: int, random: np.random.Generator) -> Sound:
    """Mains: 50 or 60 Hz with harmonics that fall, and a little hiss."""
    time, base = np.arange(samples) / SAMPLE_RATE, random.choice([50, 60])
    partials = [
        random.uniform(0.3, 1) / number * np.sin(2 * np.pi * (base * number * time + random.uniform()))
        for number in range(1, 30)
    ]
    return _at_level(sum(partials) + 0.02 * random.normal(size=samples), random)


def tones(samples: int, random: np.random.Generator) -> Sound:
    """Pure tones of 0.1–1 s between 100 Hz and 4 kHz, some gliding, with pauses: signals, ringing, beeps."""
    sound, place = np.zeros(samples), 0
    while place < samples:
        length = min(round(random.uniform(0.1, 1) * SAMPLE_RATE), samples - place)
        first = 100 * 40 ** random.uniform()
        last = first * (2 ** random.uniform(-1, 1) if random.uniform() < 0.3 else 1)
        phase = np.cumsum(np.linspace(first, last, length)) / SAMPLE_RATE
        sound[place : place + length] += np.sin(2 * np.pi * phase) * _envelope(length, 0.01, 10)
        place += length + round(random.choice([0, 0.1, 0.3]) * SAMPLE_RATE)
    return _at_level(sound, random)


def silence(samples: int, random: np.random.Generator) -> Sound:
    """Steps of 16 bits around zero."""
    return random.integers(-1, 2, samples) / 32_768


def music(samples: int, random: np.random.Generator) -> Sound:
    """A band: chords, bass, a melody with harmonics and vibrato, and drums, in a key and at a tempo of its own."""
    beat = 60 / random.uniform(70, 150)
    scale, root = (_MAJOR if random.uniform() < 0.6 else _MINOR), random.integers(45, 57)
    progression = _PROGRESSIONS[random.integers(len(_PROGRESSIONS))]
    brightness, loud = random.uniform(0.8, 2), random.uniform(0.3, 1, 4)  # of chords, bass, melody, drums
    sound = np.zeros(samples + 4 * SAMPLE_RATE)
    beats = int(samples / SAMPLE_RATE / beat) + 1
    degree = int(random.integers(7))
    for index in range(beats):
        start, chord = round(index * beat * SAMPLE_RATE), progression[index // 4 % 4]
        if index % 2 == 0:
            for step in (0, 2, 4):
                _add(
                    sound, start, 0.3 * loud[0] * _note(_pitch(scale, root, chord + step), 2 * beat, brightness, random)
                )
        _add(sound, start, 0.6 * loud[1] * _note(_pitch(scale, root - 12, chord), 0.9 * beat, 1.5, random))
        for half in (0, 1) if random.uniform() < 0.5 else (0,):
            degree = int(np.clip(degree + random.integers(-2, 3), 0, 13))
            place = start + round(half * beat / 2 * SAMPLE_RATE)
            _add(sound, place, 0.7 * loud[2] * _note(_pitch(scale, root + 12, degree), 0.8 * beat, brightness, random))
        _add(sound, start, loud[3] * (_kick() if index % 2 == 0 else _snare(random)))
        for half in (0, 1):
            _add(sound, start + round(half * beat / 2 * SAMPLE_RATE), 0.25 * loud[3] * _hat(random))
    return _at_level(sound[:samples], random)


MAKERS: dict[str, Maker] = {
    "music": music,
    "white noise": white,
    "pink noise": pink,
    "hum": hum,
    "tones": tones,
    "silence": silence,
}


def _pitch(scale: tuple[int, ...], root: int, degree: int) -> float:
    """Hz of a degree of a scale above a MIDI note."""
    return float(440 * 2 ** ((root + scale[degree % 7] + 12 * (degree // 7) - 69) / 12))


def _note(hz: float, seconds: float, brightness: float, random: np.random.Generator) -> Sound:
    """Harmonics that fall, each fading faster than the one below, with vibrato."""
    length = round(seconds * SAMPLE_RATE)
    time = np.arange(length) / SAMPLE_RATE
    phase = hz * (time + 0.0003 * np.sin(2 * np.pi * 5.5 * time) * min(1.0, 200 / hz))
    numbers = range(1, max(2, min(16, int(7_500 / hz) + 1)))
    partials = [
        number**-brightness * np.exp(-time * number * 0.8) * np.sin(2 * np.pi * (number * phase + random.uniform()))
        for number in numbers
    ]
    return np.asarray(sum(partials) * _envelope(length, 0.02, 1.5))


def _kick() -> Sound:
    time = np.arange(round(0.25 * SAMPLE_RATE)) / SAMPLE_RATE
    return np.sin(2 * np.pi * (45 * time + 6 * (1 - np.exp(-time * 30)))) * np.exp(-time * 14)


def _snare(random: np.random.Generator) -> Sound:
    time = np.arange(round(0.2 * SAMPLE_RATE)) / SAMPLE_RATE
    return (0.7 * random.normal(size=time.size) + np.sin(2 * np.pi * 190 * time)) * np.exp(-time * 22) * 0.6


def _hat(random: np.random.Generator) -> Sound:
    time = np.arange(round(0.06 * SAMPLE_RATE)) / SAMPLE_RATE
    return np.diff(random.normal(size=time.size + 1)) * np.exp(-time * 70)


def _envelope(samples: int, attack: float, decay: float) -> Sound:
    time = np.arange(samples) / SAMPLE_RATE
    ends = np.minimum(1, (samples / SAMPLE_RATE - time) / 0.02)
    return np.minimum(1, time / attack) * np.exp(-time / decay) * np.clip(ends, 0, 1)


def _add(sound: Sound, start: int, part: Sound) -> None:
    end = min(sound.size, start + part.size)
    if start < end:
        sound[start:end] += part[: end - start]


def _at_level(sound: Sound, random: np.random.Generator) -> Sound:
    """At -35 to -15 dBFS, as speech in recordings is; never over full scale."""
    scaled = sound * 10 ** (random.uniform(-35, -15) / 20) / max(float(np.sqrt(np.mean(sound**2))), 1e-9)
    return np.asarray(scaled / max(1.0, float(np.abs(scaled).max())))
