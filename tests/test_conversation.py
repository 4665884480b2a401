"""Calls and meetings: channels or turns become tracks. Real clips, put together into a call."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from calls import PAUSE, Call, leaking, two_people
from spans import frames_between, scores_of

import emotone
from emotone import Conversation, Recognizer, Region, TimelineOptions, Turn
from emotone.conversation import Voices, voices_of_turns
from emotone.errors import ChannelError, TurnsError
from emotone.listening import Listening
from emotone.segment import common
from emotone.types import SAMPLE_RATE


@pytest.fixture(scope="module")
def call() -> Call:
    return two_people()


@pytest.fixture(scope="module")
def voices(model: Recognizer, call: Call) -> Voices:
    return model.listen_channels(call.samples, sample_rate=SAMPLE_RATE)


@pytest.fixture(scope="module")
def mono(model: Recognizer, call: Call) -> Listening:
    return model.listen(call.samples.sum(axis=1), sample_rate=SAMPLE_RATE)


def labels(conversation: Conversation) -> list[tuple[str, str]]:
    """Speaker and label of each segment in the order of time."""
    found = [
        (segment.start, track.speaker, segment.label)
        for track in conversation.tracks
        for segment in track.timeline.segments
    ]
    return [(speaker, label) for _, speaker, label in sorted(found)]


def seconds(regions: Sequence[Region]) -> float:
    return sum(region.end - region.start for region in regions)


def test_channels_are_speakers(voices: Voices, call: Call) -> None:
    conversation = voices.conversation()
    assert labels(conversation) == [(turn.speaker, mood) for turn, mood in zip(call.turns, call.moods, strict=True)]
    assert [track.speaker for track in conversation.tracks] == ["1", "2"]
    assert conversation.duration == pytest.approx(call.duration)
    assert conversation.doubts == ()
    for track in conversation.tracks:
        own = [Region(turn.start, turn.end + PAUSE) for turn in call.turns if turn.speaker == track.speaker]
        spoken = [Region(segment.start, segment.end) for segment in track.timeline.segments]
        assert seconds(common(spoken, own)) >= 0.97 * seconds(spoken)


def test_the_recognizer_does_it_in_one_call(model: Recognizer, voices: Voices, call: Call, tmp_path: Path) -> None:
    path = call.save(tmp_path / "call.flac")
    said: list[float] = []
    conversation = model.conversation(path, TimelineOptions(hop=1.0), progress=said.append)
    assert conversation.source.name == "call.flac"
    assert conversation.tracks[0].timeline.options.hop == 1.0
    assert labels(conversation) == labels(voices.conversation())
    assert said == sorted(said)
    assert said[0] == 0
    assert said[-1] == pytest.approx(call.duration)


def test_a_track_counts_only_what_its_speaker_says(voices: Voices) -> None:
    voice = voices.voices[0]
    heard = voice.heard.within(voice.stretches)
    assert heard.timeline().utterance == voices.conversation().tracks[0].timeline.utterance
    whole = voice.heard.timeline()
    spoken = voices.conversation().tracks[0].timeline
    assert len(spoken.windows) < len(whole.windows)
    for window in spoken.windows:
        assert any(region.start < window.end and region.end > window.start for region in spoken.regions)


def test_one_channel_is_no_conversation(model: Recognizer, clips: list[Path]) -> None:
    with pytest.raises(ChannelError, match="has one channel; wanted one for each speaker"):
        model.conversation(clips[0])


def test_a_silent_channel(model: Recognizer, clips: list[Path]) -> None:
    speech = emotone.load_audio(clips[0]).samples
    silent = np.stack([speech, np.zeros_like(speech)], axis=1)
    conversation = model.conversation(silent, sample_rate=SAMPLE_RATE)
    first, second = (track.timeline for track in conversation.tracks)
    assert first.segments
    assert second.segments == second.regions == ()
    assert second.utterance.doubts[0].code == "silent"
    assert model.listen_channels(silent, sample_rate=SAMPLE_RATE).baselines().keys() == {"1"}


@pytest.mark.parametrize(("gain", "delay", "volume"), [(0.1, 0.0, 1.0), (0.05, 0.2, 1.0), (0.1, 0.0, 0.05)])
def test_what_leaks_in_from_the_other_channel_is_left_out(
    model: Recognizer, voices: Voices, call: Call, gain: float, delay: float, volume: float
) -> None:
    samples = leaking(call, gain, delay=delay) * np.float32([1, volume])
    leaky = model.listen_channels(samples, sample_rate=SAMPLE_RATE)
    heard = seconds(leaky.voices[0].heard.regions)
    assert heard > 1.5 * seconds(voices.voices[0].stretches)
    for dirty, clean in zip(leaky.voices, voices.voices, strict=True):
        shared = seconds(common(dirty.stretches, clean.stretches))
        assert shared >= 0.85 * seconds(clean.stretches)
        assert shared >= 0.85 * seconds(dirty.stretches)
    codes = [reason.code for reason in leaky.conversation().tracks[0].timeline.utterance.doubts]
    assert "crosstalk" in codes
    assert leaky.doubts == ()


def test_two_people_at_a_time_do_not_silence_each_other(model: Recognizer, clips: list[Path]) -> None:
    one, other = (emotone.load_audio(clip).samples for clip in clips[:2])
    size = min(one.size, other.size)
    both = np.stack([one[:size], other[:size]], axis=1)
    for voice in model.listen_channels(both, sample_rate=SAMPLE_RATE).voices:
        assert seconds(voice.stretches) >= 0.8 * seconds(voice.heard.regions)


@pytest.mark.parametrize("volume", [1.0, 0.2])
def test_the_same_sound_on_both_channels_is_noticed(model: Recognizer, call: Call, volume: float) -> None:
    mixed = call.samples.sum(axis=1)
    samples = np.stack([mixed, np.float32(volume) * mixed], axis=1)
    same = model.listen_channels(samples, sample_rate=SAMPLE_RATE)
    assert [reason.code for reason in same.conversation().doubts] == ["same_channels"]
    assert seconds(same.voices[0].stretches) == pytest.approx(seconds(same.voices[0].heard.regions))


def test_every_turn_gets_an_emotion(mono: Listening, call: Call) -> None:
    turns = [replace(turn, text=f"line {number}") for number, turn in enumerate(call.turns)]
    conversation = voices_of_turns(mono, turns[::-1]).conversation()
    assert [track.speaker for track in conversation.tracks] == ["1", "2"]
    segments = sorted(
        (segment for track in conversation.tracks for segment in track.timeline.segments), key=lambda one: one.start
    )
    assert [(one.start, one.end, one.text) for one in segments] == [(turn.start, turn.end, turn.text) for turn in turns]
    assert [one.scores for one in segments] == [pytest.approx(one.scores) for one in mono.turns(turns)]
    loud = {"angry", "happy", "sad"}
    moods = [(one.label, mood) for one, mood in zip(segments, call.moods, strict=True) if mood in loud]
    assert all(label == mood for label, mood in moods)


def test_what_a_speaker_says_is_the_mean_of_all_its_turns(model: Recognizer, call: Call) -> None:
    heard = model.listen(call.samples.sum(axis=1), sample_rate=SAMPLE_RATE, keep_frames=True)
    track = voices_of_turns(heard, call.turns).conversation().tracks[1]
    own = [frames_between(heard, turn.start, turn.end) for turn in call.turns if turn.speaker == "2"]
    expected = scores_of(heard, model.head, np.concatenate(own))
    assert track.timeline.utterance.scores == pytest.approx(expected, abs=1e-4)


def test_turns_that_do_not_fit_the_recording(mono: Listening) -> None:
    end = mono.duration
    turns = [Turn(0, 2), Turn(1, 1), Turn(2, 2.004, "Anna"), Turn(end - 1, end + 9), Turn(end, end + 1), Turn(1e6, 2e6)]
    conversation = voices_of_turns(mono, turns).conversation()
    assert [reason.code for reason in conversation.doubts] == ["outside"]
    assert "2 of 6 turns begin after the end" in conversation.doubts[0].text.en
    nobody, anna = conversation.tracks
    assert [(one.start, one.end) for one in nobody.timeline.segments] == [(0, 2), (1, 1), (end - 1, end)]
    assert (nobody.speaker, anna.speaker) == ("", "Anna")
    short = anna.timeline.segments[0]
    assert "short_turn" in {reason.code for reason in short.doubts}
    assert sum(short.scores.values()) == pytest.approx(1)
    with pytest.raises(TurnsError, match=r"Found 2 turns, none of them within the 19.8 s of 'array'"):
        voices_of_turns(mono, turns[-2:])


def test_turns_that_overlap_are_doubted_where_others_speak_most_of_the_time(mono: Listening) -> None:
    turns = [Turn(0, 4, "A"), Turn(1, 3, "B"), Turn(6, 8, "A"), Turn(6.5, 9.5, "A"), Turn(7.7, 9.9, "B")]
    conversation = voices_of_turns(mono, turns).conversation()
    doubted = {
        (track.speaker, segment.start): "overlap" in {reason.code for reason in segment.doubts}
        for track in conversation.tracks
        for segment in track.timeline.segments
    }
    assert doubted == {("A", 0): False, ("B", 1): True, ("A", 6): False, ("A", 6.5): True, ("B", 7.7): True}


def test_a_turn_without_speech_is_doubted(mono: Listening, call: Call) -> None:
    last = call.turns[-1]
    quiet = Turn(last.end + 0.15, last.end + PAUSE, "A")
    (segment,) = voices_of_turns(mono, [quiet]).conversation().tracks[0].timeline.segments
    assert segment.doubts[0].code == "no_speech"


def test_each_speaker_is_compared_with_themself(voices: Voices, mono: Listening, call: Call) -> None:
    for heard in (voices, voices_of_turns(mono, call.turns)):
        baselines = heard.baselines()
        assert baselines.keys() == {"1", "2"}
        own, plain = heard.conversation(baselines=baselines), heard.conversation()
        for track, before in zip(own.tracks, plain.tracks, strict=True):
            timeline = track.timeline
            assert timeline.utterance.baseline is baselines[track.speaker]
            assert timeline.absolute is not None
            assert timeline.absolute.segments == before.timeline.segments
            assert timeline.windows[0].scores != before.timeline.windows[0].scores
        one = heard.conversation(baselines={"2": baselines["2"]})
        assert [track.timeline.utterance.baseline for track in one.tracks] == [None, baselines["2"]]


def test_grave_doubts_withhold_labels_on_every_track(mono: Listening, call: Call) -> None:
    last = call.turns[-1]
    quiet = Turn(last.end + 0.15, last.end + PAUSE, "A")
    conversation = emotone.withheld(voices_of_turns(mono, [quiet, call.turns[2]]).conversation())
    found = {track.speaker: track.timeline.segments[0].label for track in conversation.tracks}
    assert found == {"A": "unknown", "1": "angry"}
