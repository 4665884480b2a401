"""From a recording to a report, without a browser."""

import json
import wave
from pathlib import Path

import numpy as np
import pytest
import soundfile

from emotone import Recognizer, load_audio
from emotone.types import Conversation
from emotone.webui.analysis import Chosen, Problem, Report, Settings, analyse
from emotone.webui.shelf import Shelf


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    folder = tmp_path / "shelf"
    folder.mkdir()
    return Shelf(folder, lambda placed: None)


def result_of(model: Recognizer, file: Path, settings: Settings, shelf: Shelf) -> Report | Problem:
    *_, last = analyse(model, Chosen(file.name, file), settings, file.parent / "outputs", shelf)
    assert isinstance(last, Report | Problem)
    return last


@pytest.fixture
def call(shelf: Shelf, clips: list[Path]) -> Path:
    """A stereo call: one speaker on each channel, at the same time."""
    german, english = (load_audio(clip).samples for clip in clips[:2])
    sound = np.zeros((max(german.size, english.size), 2), np.float32)
    sound[: german.size, 0], sound[: english.size, 1] = german, english
    path = shelf.folder() / "call.wav"
    soundfile.write(path, sound, 16_000, subtype="FLOAT")
    return path


def test_a_call_is_listened_to_on_each_channel_and_saved_as_their_mean(model: Recognizer, call: Path, shelf: Shelf):
    settings = Settings("frame", embedding=True, split=True)
    report = result_of(model, call, settings, shelf)
    assert isinstance(report, Report)
    expected = model.conversation(call)
    assert isinstance(report.result, Conversation)
    for track, other in zip(report.result.tracks, expected.tracks, strict=True):
        assert track.speaker == other.speaker
        assert track.timeline.utterance.scores == pytest.approx(dict(other.timeline.utterance.scores), abs=1e-4)
        assert [one.label for one in track.timeline.segments] == [one.label for one in other.timeline.segments]
    assert len(report.outlines) == len(report.decided) == len(report.voices) == 2
    folder = call.parent / "outputs" / report.folder
    assert np.load(folder / "embedding.npy").shape == (2, model.info.dim)
    assert [track["speaker"] for track in json.loads((folder / "result.json").read_text("utf-8"))["tracks"]] == [
        "1",
        "2",
    ]
    with wave.open(str(folder / "processed_audio.wav")) as audio:
        saved = np.frombuffer(audio.readframes(audio.getnframes()), "<i2") / 32768
    mean = soundfile.read(call)[0].mean(axis=1)
    assert saved == pytest.approx(mean, abs=1 / 32768)


def test_a_recording_with_one_channel_is_taken_as_it_is(
    model: Recognizer, clips: list[Path], shelf: Shelf, tmp_path: Path
):
    copy = shelf.folder() / clips[1].name
    copy.write_bytes(clips[1].read_bytes())
    report = result_of(model, copy, Settings("frame", split=True), shelf)
    assert isinstance(report, Report)
    assert report.utterance.scores == pytest.approx(dict(model.timeline(clips[1]).utterance.scores), abs=1e-4)
    whole = result_of(model, copy, Settings(), shelf)
    assert isinstance(whole, Report)
    (decided,) = whole.decided
    assert {one.label for one in decided} == {whole.utterance.label}
    assert decided[-1].end == pytest.approx(whole.duration)


def test_turns_of_another_place_are_not_read(model: Recognizer, call: Path, shelf: Shelf, tmp_path: Path):
    secret = tmp_path / "secret.srt"
    secret.write_text("1\n00:00:00,000 --> 00:00:01,000\nsecret\n", "utf-8")
    settings = Settings("frame", turns=Chosen("secret.srt", secret))
    problem = result_of(model, call, settings, shelf)
    assert isinstance(problem, Problem)
    assert "no longer here" in problem.text.en
