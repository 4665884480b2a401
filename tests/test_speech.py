from pathlib import Path

import numpy as np
import soxr

import emotone
from emotone.quality import QualityMeter
from emotone.segment import speech_regions
from emotone.speech import CHUNK_DURATION, CHUNK_SAMPLES, SpeechDetector, high_voices


def test_speech_is_found_where_it_is(clips: list[Path]) -> None:
    speech = emotone.load_audio(clips[0]).samples
    silence = np.zeros(2 * 16_000, np.float32)
    signal = np.concatenate([silence, speech, silence])
    (region,) = speech_regions(SpeechDetector().probabilities(signal), CHUNK_DURATION, signal.size / 16_000)
    assert abs(region.start - 2.0) < 0.4
    assert abs(region.end - 2.0 - speech.size / 16_000) < 0.4


def test_blocks_are_heard_as_one_signal(four_moods: Path) -> None:
    signal = emotone.load_audio(four_moods).samples
    signal = signal / np.abs(signal[: 100 * CHUNK_SAMPLES]).max()  # so that both readings take the same gain
    whole = SpeechDetector().probabilities(signal[: 200 * CHUNK_SAMPLES])
    detector = SpeechDetector()
    halves = [signal[: 100 * CHUNK_SAMPLES], signal[100 * CHUNK_SAMPLES : 200 * CHUNK_SAMPLES]]
    parts = np.concatenate([detector.probabilities(half) for half in halves])
    assert whole.shape == parts.shape == (200,)
    np.testing.assert_allclose(parts[:100], whole[:100], atol=0.1)
    assert np.corrcoef(parts, whole)[0, 1] > 0.9


def test_noise_and_silence_are_no_speech() -> None:
    generator = np.random.default_rng(0)
    for signal in (np.zeros(32_000, np.float32), generator.normal(0, 0.1, 32_000).astype(np.float32)):
        assert speech_regions(SpeechDetector().probabilities(signal), CHUNK_DURATION, 2.0) == ()
        assert speech_regions(high_voices(signal), CHUNK_DURATION, 2.0) == ()


def test_a_voice_as_high_as_a_shout_is_speech(clips: list[Path]) -> None:
    """Played twice as fast, it is none to Silero; the result says nothing of that."""
    angry = next(clip for clip in clips if "angry" in clip.name)
    high = soxr.resample(emotone.load_audio(angry).samples, 2 * 16_000, 16_000)
    duration = high.size / 16_000
    heard, again = SpeechDetector().probabilities(high), high_voices(high)
    assert speech_regions(heard, CHUNK_DURATION, duration) == ()
    assert again.shape == heard.shape
    (region,) = speech_regions(again, CHUNK_DURATION, duration)
    assert region.end - region.start > 0.5 * duration
    meter = QualityMeter()
    meter.add(high)
    assert meter.regions() == speech_regions(np.maximum(heard, again), CHUNK_DURATION, duration)
    assert "no_speech" not in [reason.code for reason in meter.reasons(truncated=False, damaged=False)]
