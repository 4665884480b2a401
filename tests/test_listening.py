"""One pass over a recording, and everything that is read off it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import emotone
from emotone import Recognizer, TimelineOptions
from emotone.baseline import comparison, joined
from emotone.errors import AudioError, ModelError
from emotone.heads import Head
from emotone.listening import STRETCH, Listening
from emotone.types import SAMPLE_RATE, Baseline


@pytest.fixture(scope="module")
def other(model: Recognizer) -> Head:
    """Two labels of its own."""
    generator = np.random.default_rng(0)
    weight = generator.normal(0, 0.05, (2, model.info.dim)).astype(np.float32)
    return Head(("calm", "hesitant"), weight, np.zeros(2, np.float32), 1.5)


@pytest.fixture(scope="module")
def heard(model: Recognizer, four_moods: Path, other: Head) -> Listening:
    return model.listen(four_moods, heads=(model.head, other), keep_frames=True)


@pytest.fixture(scope="module")
def voice(model: Recognizer, clips: list[Path], four_moods: Path) -> Baseline:
    """The actor of the recording with four moods, in one other clip and in that recording."""
    return joined([model.listen(clips[1]).baseline(), model.listen(four_moods).baseline()])


def test_two_heads_in_one_pass_say_what_each_says_alone(
    model: Recognizer, heard: Listening, other: Head, four_moods: Path
) -> None:
    assert heard.predict().scores == pytest.approx(model.predict(four_moods).scores)
    alone = model.with_head(other).predict(four_moods)
    assert heard.predict(head=other).scores == pytest.approx(alone.scores)
    assert set(alone.scores) == {"calm", "hesitant"}
    windows = model.with_head(other).timeline(four_moods).windows
    assert [window.scores for window in heard.timeline(head=other).windows] == [
        pytest.approx(window.scores) for window in windows
    ]


def test_a_head_that_did_not_listen(heard: Listening, other: Head) -> None:
    with pytest.raises(ModelError, match="was not listened to with this head"):
        heard.predict(head=replace(other, temperature=2.0))


def test_frames_are_kept_when_asked_for(model: Recognizer, heard: Listening, four_moods: Path) -> None:
    assert heard.frames is not None
    np.testing.assert_allclose(heard.frames.mean(axis=0), heard.embedding, atol=1e-4)
    assert model.listen(four_moods).frames is None


def test_a_baseline_offsets_the_logits_of_every_span(model: Recognizer, heard: Listening, voice: Baseline) -> None:
    assert heard.frames is not None
    found = comparison(voice, model.head)
    assert found.trust > 0.4
    head, rate = model.head, model.info.frame_rate
    logits = head.logits(heard.frames)
    parts = np.split(heard.frames, range(round(STRETCH * rate), len(logits), round(STRETCH * rate)))
    strange = head.strangeness(
        np.array([part.mean(axis=0) for part in parts]), np.array([len(part) / rate for part in parts])
    )

    def scores(first: int, last: int, strangeness: float) -> dict[str, float]:
        mean, seconds = logits[first:last].mean(axis=0), (last - first) / rate
        return head.scores(mean + found.offset, trust=float(found.trust), duration=seconds, strangeness=strangeness)

    result = heard.predict(baseline=voice)
    whole = head.strangeness(heard.embedding[None], np.array([heard.duration]))[0]
    assert result.scores == pytest.approx(scores(0, len(logits), whole), abs=1e-5)
    assert result.baseline is voice
    assert result.absolute is not None
    assert result.absolute.scores == heard.predict().scores
    timeline = heard.timeline(TimelineOptions(window=2.0), baseline=voice)
    for window in timeline.windows[:-1]:
        first, last = round(window.start * rate), round(window.end * rate)
        over = strange[(np.arange(first, last) / rate // STRETCH).astype(int)]  # of the stretch of each frame
        expected = scores(first, last, float(np.exp(np.log(over).mean())))
        assert window.scores == pytest.approx(expected, abs=5e-3)  # frames do not end exactly where stretches do
    assert timeline.absolute == heard.timeline(TimelineOptions(window=2.0))
    assert timeline.utterance.scores == result.scores


def test_the_recognizer_takes_a_baseline_too(
    model: Recognizer, heard: Listening, voice: Baseline, four_moods: Path
) -> None:
    assert model.predict(four_moods, baseline=voice).scores == pytest.approx(heard.predict(baseline=voice).scores)
    timeline = model.timeline(four_moods, baseline=voice)
    assert timeline.utterance.baseline is voice
    assert timeline.absolute is not None


def test_without_a_baseline_there_is_one_view(heard: Listening) -> None:
    result = heard.predict()
    assert result.baseline is result.absolute is None
    assert heard.timeline().absolute is None


def test_a_baseline_of_another_model(heard: Listening, voice: Baseline) -> None:
    with pytest.raises(ModelError, match=r"made by emotone-small .*, not by emotone-small"):
        heard.predict(baseline=replace(voice, model=replace(voice.model, sha256="00" * 32)))


def test_doubts_about_a_baseline_are_those_of_the_result(heard: Listening, voice: Baseline) -> None:
    short = replace(voice, seconds=voice.seconds / 10)
    codes = {reason.code for reason in heard.predict(baseline=short).doubts}
    assert "baseline_short" in codes
    assert "baseline_short" in {reason.code for reason in heard.timeline(baseline=short).utterance.doubts}
    assert not any(reason.code.startswith("baseline") for reason in heard.predict().doubts)


def test_a_recording_is_its_own_baseline_stretch_by_stretch(heard: Listening) -> None:
    assert heard.frames is not None
    own = heard.baseline()
    assert own.clips == 1
    assert own.embeddings.shape == (4, heard.info.dim)
    assert own.seconds.max() <= STRETCH
    assert own.duration == pytest.approx(sum(region.end - region.start for region in heard.regions))
    frames = round(STRETCH * heard.info.frame_rate)
    np.testing.assert_allclose(own.embeddings[1], heard.frames[frames : 2 * frames].mean(axis=0), atol=1e-4)
    np.testing.assert_allclose(own.embeddings[3], heard.frames[3 * frames :].mean(axis=0), atol=1e-4)


def test_stretches_without_speech_are_left_out(model: Recognizer, clips: list[Path]) -> None:
    speech = emotone.load_audio(clips[0]).samples
    silence = np.zeros(round(4 * STRETCH) * SAMPLE_RATE, np.float32)
    own = model.listen(np.concatenate([silence, speech, silence]), sample_rate=SAMPLE_RATE).baseline()
    assert len(own.seconds) <= 3
    assert 1 < own.duration < speech.size / SAMPLE_RATE + 0.5
    with pytest.raises(AudioError, match="No speech was found"):
        model.listen(silence, sample_rate=SAMPLE_RATE).baseline()


def test_a_baseline_of_several_recordings(model: Recognizer, clips: list[Path], voice: Baseline) -> None:
    found = model.baseline([clips[1], clips[2]])
    assert (found.clips, found.model) == (2, model.info)
    assert found.duration == pytest.approx(voice.duration)
    np.testing.assert_allclose(found.embeddings, voice.embeddings, atol=1e-3)
    with pytest.raises(emotone.OptionError, match="at least one recording"):
        model.baseline([])
    with pytest.raises(emotone.AudioNotFoundError):
        model.baseline([clips[1], "missing.wav"])
