"""One pass over a recording, and everything that is read off it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from spans import frames_between, scores_of

import emotone
from emotone import Recognizer, Region, TimelineOptions, Turn
from emotone.baseline import comparison, joined
from emotone.errors import AudioError, ModelError
from emotone.heads import Head
from emotone.listening import Listening
from emotone.types import SAMPLE_RATE, Baseline
from emotone.view import STRETCH


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


def test_a_baseline_changes_the_logits_of_every_span_alike(
    model: Recognizer, heard: Listening, voice: Baseline
) -> None:
    assert heard.frames is not None
    found = comparison(voice, model.head)
    assert found.trust > 0.4

    def scores(start: float, end: float) -> dict[str, float]:
        return scores_of(heard, model.head, frames_between(heard, start, end), found)

    result = heard.predict(baseline=voice)
    whole = scores_of(heard, model.head, np.arange(len(heard.frames)), found)
    assert result.scores == pytest.approx(whole, abs=1e-3)  # the last frame is cut
    assert result.baseline is voice
    assert result.absolute is not None
    assert result.absolute.scores == heard.predict().scores
    timeline = heard.timeline(TimelineOptions(window=2.0), baseline=voice)
    for window in timeline.windows[:-1]:
        assert window.scores == pytest.approx(scores(window.start, window.end), abs=1e-5)
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


def test_progress_counts_seconds_up_to_the_duration(model: Recognizer, four_moods: Path) -> None:
    speech = np.tile(emotone.load_audio(four_moods).samples, 9)
    said: list[float] = []
    heard = model.listen(speech, sample_rate=SAMPLE_RATE, progress=said.append)
    assert said[0] == 0
    assert said == sorted(said)
    assert said[-1] == heard.duration == speech.size / SAMPLE_RATE
    assert 25 in said  # the first chunk, without its context
    assert len(said) >= heard.duration / 10


@pytest.mark.parametrize("at", [0.0, 25.0])
def test_what_progress_raises_ends_the_listening(model: Recognizer, four_moods: Path, at: float) -> None:
    speech = np.tile(emotone.load_audio(four_moods).samples, 9)

    class GoneError(Exception):
        pass

    said: list[float] = []

    def leave(seconds: float) -> None:
        said.append(seconds)
        if seconds >= at:
            raise GoneError

    with pytest.raises(GoneError):
        model.listen(speech, sample_rate=SAMPLE_RATE, progress=leave)
    assert said[-1] == at
    assert model.listen(four_moods).predict().scores == pytest.approx(model.predict(four_moods).scores)


def test_a_turn_is_the_mean_of_its_frames(model: Recognizer, heard: Listening) -> None:
    turns = [Turn(5.25, 8.0, "Anna", "so sad"), Turn(0.0, 2.5), Turn(2.0, 6.0)]
    segments = heard.turns(turns)
    assert [(one.start, one.end, one.text) for one in segments] == [
        (5.25, 8.0, "so sad"),
        (0.0, 2.5, ""),
        (2.0, 6.0, ""),
    ]
    assert [one.label for one in segments[:2]] == ["sad", "neutral"]
    for one in segments:
        expected = scores_of(heard, model.head, frames_between(heard, one.start, one.end))
        assert one.scores == pytest.approx(expected, abs=2e-3)  # its seconds are not whole frames


def test_within_everything_is_the_recording_itself(heard: Listening, voice: Baseline) -> None:
    same = heard.within([Region(0.0, heard.duration)])
    assert same.predict(baseline=voice).scores == pytest.approx(heard.predict(baseline=voice).scores, abs=1e-9)
    np.testing.assert_allclose(same.embedding, heard.embedding, atol=1e-5)
    assert same.regions == heard.regions
    ours, theirs = same.timeline(), heard.timeline()
    assert [(one.start, one.end, one.label) for one in ours.segments] == [
        (one.start, one.end, one.label) for one in theirs.segments
    ]
    assert len(ours.windows) == len(theirs.windows)


def test_within_stretches_counts_their_frames_only(model: Recognizer, heard: Listening, other: Head) -> None:
    stretches = [Region(8.0, 10.0), Region(1.0, 2.0), Region(1.5, 2.5)]
    part = heard.within(stretches)
    own = np.concatenate([frames_between(heard, 1.0, 2.5), frames_between(heard, 8.0, 10.0)])
    for head in (model.head, other):
        assert part.predict(head=head).scores == pytest.approx(scores_of(heard, head, own), abs=1e-3)
    assert all(region.start >= 1.0 and region.end <= 10.0 for region in part.regions)
    assert part.within([Region(0, 20)]).predict().scores == pytest.approx(part.predict().scores)
    spans = [(window.start, window.end) for window in part.timeline(TimelineOptions(1.0, 0.5)).windows]
    assert (3.0, 4.0) not in spans
    assert (8.0, 9.0) in spans


def test_within_nothing_everything_counts_and_there_is_no_speech(heard: Listening) -> None:
    nothing = heard.within([])
    assert nothing.predict().scores == pytest.approx(heard.predict().scores)
    assert nothing.regions == ()
    assert [reason.code for reason in nothing.quality] == ["no_speech"]
    with pytest.raises(AudioError, match="No speech was found"):
        nothing.baseline()


@pytest.mark.parametrize("label", [None, "happy"])
@pytest.mark.parametrize("compared", [False, True])
def test_contributions_are_what_leaving_stretches_out_changes(
    heard: Listening, voice: Baseline, label: str | None, compared: bool
) -> None:
    baseline = voice if compared else None
    whole = heard.predict(baseline=baseline)
    found = heard.contributions(label, baseline=baseline, step=1.5)
    assert (found[0].start, found[-1].end) == (0.0, heard.duration)
    assert [one.end for one in found[:-1]] == [one.start for one in found[1:]]
    explained = label or whole.label
    for one in found:
        others = Region(0.0, one.start), Region(one.end, heard.duration)
        rest = heard.within([region for region in others if region.start < region.end])
        without = rest.predict(baseline=baseline).scores[explained]
        assert one.label == explained
        assert one.score == pytest.approx(whole.scores[explained] - without, abs=1e-9)
    assert len({round(one.score, 6) for one in found}) == len(found)


def test_contributions_say_which_seconds_decided(model: Recognizer, four_moods: Path) -> None:
    heard = model.listen(four_moods)
    for label, start, end in (("sad", 5.25, 8.0), ("angry", 8.0, 11.0)):
        found = heard.contributions(label, step=0.5)
        best = max(found, key=lambda one: one.score)
        assert start <= best.start <= end
        assert best.margin > 0
        assert min(one.score for one in found) < 0


def test_contributions_of_a_part_and_of_short_recordings(
    heard: Listening, model: Recognizer, clips: list[Path]
) -> None:
    part = heard.within([Region(1.0, 2.0), Region(8.0, 9.0)])
    found = part.contributions(step=1.0)
    assert [round(one.start) for one in found] == [1, 8]
    for one in found:
        kept = Region(8.0, 9.0) if round(one.start) == 1 else Region(1.0, 2.0)
        scores = heard.within([kept]).predict().scores
        assert one.score == pytest.approx(part.predict().scores[one.label] - scores[one.label], abs=1e-9)
    assert heard.within([Region(1.0, 2.0)]).contributions(step=1.0) == ()
    assert heard.contributions(step=100.0) == ()


@pytest.mark.parametrize(
    ("label", "step", "message"),
    [("joy", 1.0, "has no label 'joy'"), (None, 0.0, "at least one frame"), (None, float("nan"), "at least one frame")],
)
def test_impossible_contributions(heard: Listening, label: str | None, step: float, message: str) -> None:
    with pytest.raises(emotone.OptionError, match=message):
        heard.contributions(label, step=step)
