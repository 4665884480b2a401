"""Comparing with a voice's usual sound, in a real browser."""

import os
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

if "CI" not in os.environ:
    pytest.importorskip("playwright", reason="needs a browser: pip install playwright, and apt-get install chromium")
from browser import PATIENCE, add_voice, choose_files, recognize, set_granularity, set_language
from playwright.sync_api import Page, expect

from emotone import Recognizer
from emotone.baseline import MOST_BYTES, load_baseline
from emotone.labels import emotion_of
from emotone.outputs import save_baseline
from emotone.webui.analysis import Chosen
from emotone.webui.shelf import Shelf
from emotone.webui.voice import Hearings


def test_recordings_of_a_voice_become_a_baseline_and_both_views(
    window: Page, model: Recognizer, clips: list[Path], four_moods: Path, tmp_path: Path
):
    broken = {"name": "notes.wav", "mimeType": "audio/wav", "buffer": b"no audio"}
    files = [{"name": clip.name, "mimeType": "audio/ogg", "buffer": clip.read_bytes()} for clip in clips[1:]]
    voice = add_voice(window, [*files, broken])
    baseline = model.baseline(clips[1:])
    expect(voice).to_contain_text(f"{baseline.duration:.0f} s of this voice, 2 recordings")
    expect(voice.locator(".em-voice-problems")).to_contain_text("'notes.wav' is not audio")
    expect(window.locator("#em-comparing > button")).to_contain_text("This voice's usual sound: ")
    choose_files(window, [clips[1]])
    shown = recognize(window)
    prediction = model.predict(clips[1], baseline=baseline)
    expect(shown.locator(".em-big-number")).to_have_text(f"{prediction.confidence:.0%}")
    absolute = f"{emotion_of(prediction.absolute.label).name.en} {prediction.absolute.confidence:.1%}"
    expect(shown.locator(".em-hero")).to_contain_text(absolute)
    expect(shown.locator(".em-compared")).to_contain_text(f"Compared with {baseline.duration:.0f} s of this voice, 2")
    expect(shown.locator(".em-bar b")).to_have_count(len(prediction.scores))
    with window.expect_download() as waiting:
        voice.locator("a[download]").click()
    waiting.value.save_as(tmp_path / "baseline.npz")
    assert load_baseline(tmp_path / "baseline.npz").clips == 2
    set_language(window, "中文")
    expect(shown.locator(".em-compared")).to_contain_text("已与该说话人的")
    voice.locator("[data-clear]").click()
    expect(voice.locator(".em-chosen")).to_have_count(0, timeout=PATIENCE)
    expect(recognize(window).locator(".em-compared")).to_have_count(0)


def test_a_baseline_file_is_taken_and_one_of_another_model_refused(
    window: Page, model: Recognizer, clips: list[Path], tmp_path: Path
):
    made = model.baseline(clips[1:])
    save_baseline(made, tmp_path / "mine.npz")
    other = replace(made, model=replace(made.model, sha256="0" * 64))
    save_baseline(other, tmp_path / "other.npz")
    voice = add_voice(window, [tmp_path / "mine.npz", tmp_path / "other.npz"])
    expect(voice).to_contain_text("2 recordings")
    expect(voice.locator(".em-voice-problems")).to_contain_text("other.npz The baseline was made by")
    expect(voice).not_to_contain_text(str(tmp_path))


def test_a_long_recording_is_compared_with_itself(window: Page, model: Recognizer, four_moods: Path):
    set_granularity(window, "frame")
    window.locator("#em-comparing > button").click()
    window.locator("#em-compare input[value=itself]").check()
    choose_files(window, [four_moods])
    shown = recognize(window)
    heard = model.listen(four_moods)
    expected = heard.timeline(baseline=heard.baseline())
    expect(shown.locator(".em-name")).to_have_text(emotion_of(expected.absolute.utterance.label).name.en)
    expect(shown.locator(".em-doubts")).to_contain_text("The baseline has only 9 s of speech")
    lanes, rows = shown.locator(".em-lane"), shown.locator(".em-segments li")
    expect(rows).to_have_count(len(expected.segments))
    expect(lanes.nth(1)).to_be_hidden()
    shown.locator(".em-views input").nth(0).press("ArrowRight")
    expect(lanes.nth(1)).to_be_visible()
    expect(lanes.nth(0)).to_be_hidden()
    expect(rows).to_have_count(len(expected.absolute.segments))
    expect(lanes.nth(1).locator(".em-strip button")).to_have_count(len(expected.absolute.segments))
    expect(lanes.nth(1).locator(".em-decided")).to_be_visible()  # of what is said about the whole


def test_a_file_that_would_fill_the_memory_is_refused(model: Recognizer, tmp_path: Path):
    bomb = tmp_path / "bomb.npz"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("embeddings.npy", "w") as entry:
        for _ in range(MOST_BYTES // 2**20 + 1):
            entry.write(bytes(2**20))
    hearings, clip = Hearings(), Chosen("bomb.npz", bomb)
    shelf = Shelf(tmp_path, lambda path: None)
    assert len(list(hearings.listen(model, [clip], shelf))) == 1
    voice = hearings.voice((clip,), model.info, shelf)
    assert voice.baseline is None
    assert "far larger" in voice.problems[0].text.en
