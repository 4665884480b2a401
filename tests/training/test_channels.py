"""What real recordings were recorded with: heard when a class has it to itself, and not heard where all share it."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

import emotone
from emotone.manifest import Clip
from emotone.training.channels import shared_channels
from emotone.types import Signal

RATE = 16_000
Change = Callable[[Signal], Signal]


@pytest.fixture(scope="module")
def pieces(clips: list[Path]) -> list[Signal]:
    """Pieces of 1 s of all examples: three voices, two studios."""
    signals = [emotone.load_audio(clip).samples for clip in clips]
    return [signal[start : start + RATE] for signal in signals for start in range(0, len(signal) - RATE, 2 * RATE // 3)]


def low_pass(signal: Signal) -> Signal:
    spectrum = np.fft.rfft(signal)
    spectrum[np.fft.rfftfreq(signal.size, 1 / RATE) > 4000] = 0
    return np.fft.irfft(spectrum, signal.size).astype(np.float32)


def noisy(signal: Signal) -> Signal:
    return (signal + np.random.default_rng(signal.size).normal(0, 0.02, signal.size)).astype(np.float32)


def as_is(signal: Signal) -> Signal:
    return signal


def written(
    folder: Path, pieces: list[Signal], change: Change = as_is, ending: str = ".wav", share: float = 1.0
) -> list[Clip]:
    """Every second piece is of each class; `change` and `ending` are those of a share of the class 'changed'."""
    listed = []
    for number, piece in enumerate(pieces):
        changed = number % 2 == 1 and (number // 2 % 10) < 10 * share
        path = folder / f"{number}{ending if changed else '.wav'}"
        soundfile.write(path, change(piece) if changed else piece, RATE)
        listed.append(Clip(path, "changed" if number % 2 else "plain", {}))
    return listed


def found(clips: list[Clip]) -> dict[str, str]:
    labels = ("changed", "plain")
    truth = np.array([labels.index(clip.emotion) for clip in clips])
    return {channel.label: channel.found.en for channel in shared_channels(clips, labels, truth)}


def test_one_channel_for_all_is_none(tmp_path: Path, pieces: list[Signal]) -> None:
    assert found(written(tmp_path, pieces)) == {}
    assert found(written(tmp_path, [low_pass(piece) for piece in pieces])) == {}
    assert found(written(tmp_path, [noisy(piece) for piece in pieces])) == {}


def test_where_the_sound_ends(tmp_path: Path, pieces: list[Signal]) -> None:
    assert found(written(tmp_path, pieces, low_pass))["changed"] == "no sound above 4.1 kHz"
    assert found(written(tmp_path, pieces, low_pass, share=0.5)) == {}


def test_noise_between_words(tmp_path: Path, pieces: list[Signal]) -> None:
    assert "dB more noise between words" in found(written(tmp_path, pieces, noisy))["changed"]
    assert found(written(tmp_path, pieces, noisy, share=0.5)) == {}
    assert found(written(tmp_path, pieces, lambda signal: signal / 2)) == {}


def test_how_files_are_stored(tmp_path: Path, pieces: list[Signal]) -> None:
    channels = found(written(tmp_path, pieces, ending=".flac"))
    assert channels == {"changed": "flac, flac, 16000 Hz × 1", "plain": "wav, pcm_s16le, 16000 Hz × 1"}
    assert found(written(tmp_path, pieces, ending=".flac", share=0.5)) == {"plain": "wav, pcm_s16le, 16000 Hz × 1"}


def test_columns_that_say_so() -> None:
    def listed(place: Callable[[str, int], str]) -> list[Clip]:
        return [
            Clip(Path(f"gone/{label}{n}.wav"), label, {"corpus": place(label, n)})
            for label in ("changed", "plain")
            for n in range(20)
        ]

    assert found(listed(lambda label, n: label[:1])) == {"changed": "corpus c", "plain": "corpus p"}
    assert found(listed(lambda label, n: "pc"[n % 2])) == {}
    assert found(listed(lambda label, n: "same")) == {}
    assert found(listed(lambda label, n: "own" if label == "changed" else "pc"[n % 2])) == {"changed": "corpus own"}


def test_few_clips_and_lost_files_say_nothing(tmp_path: Path, pieces: list[Signal]) -> None:
    few = written(tmp_path, pieces[:10], low_pass)
    assert found(few) == {}
    clips = written(tmp_path, pieces, low_pass)
    for clip in clips:
        clip.file.unlink()
    assert found(clips) == {}
