"""A call of two people, made of real clips: who says what is known."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from media import Samples

import emotone
from emotone.examples import examples
from emotone.types import SAMPLE_RATE, Turn

PAUSE = 0.4  # seconds between turns
_NOISE = 1e-4


@dataclass(frozen=True)
class Call:
    """Channel 1 speaks English in changing moods, channel 2 German and is happy; `(samples, 2)`."""

    samples: Samples
    turns: tuple[Turn, ...]
    moods: tuple[str, ...]

    @property
    def duration(self) -> float:
        return len(self.samples) / SAMPLE_RATE

    def save(self, path: Path) -> Path:
        soundfile.write(path, self.samples, SAMPLE_RATE)
        return path


def two_people() -> Call:
    german, english, moods = (emotone.load_audio(example.path).samples for example in examples())
    second = SAMPLE_RATE
    parts = (
        ("1", "neutral", moods[: round(2.5 * second)]),
        ("2", "happy", german),
        ("1", "angry", english),
        ("2", "happy", german[: 2 * second]),
        ("1", "sad", moods[round(5.25 * second) : 8 * second]),
        ("2", "happy", german),
    )
    channels: list[list[Samples]] = [[], []]
    turns, at = [], 0.0
    for speaker, _, words in parts:
        sound = np.concatenate([words, np.zeros(round(PAUSE * second), np.float32)])
        channels[int(speaker) - 1].append(sound)
        channels[2 - int(speaker)].append(np.zeros_like(sound))
        turns.append(Turn(at, at + words.size / second, speaker))
        at += sound.size / second
    samples = np.stack([np.concatenate(channel) for channel in channels], axis=1)
    noise = np.random.default_rng(0).normal(0, _NOISE, samples.shape).astype(np.float32)
    return Call(samples + noise, tuple(turns), tuple(mood for _, mood, _ in parts))


def leaking(call: Call, gain: float, *, delay: float = 0.0) -> Samples:
    """The same call where each microphone hears the other one's speaker, so much softer and later."""
    other = np.roll(call.samples[:, ::-1], round(delay * SAMPLE_RATE), axis=0)
    mixed: Samples = call.samples + np.float32(gain) * other
    return mixed
