"""Emotion over time in a real browser: what is visible, what is played, and what the list says."""

import json
import os
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile

if "CI" not in os.environ:
    pytest.importorskip("playwright", reason="needs a browser: pip install playwright, and apt-get install chromium")
from browser import PATIENCE, choose_files, load_example, recognize, set_granularity, set_language
from playwright.sync_api import Locator, Page, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from emotone import Recognizer, load_audio
from emotone.findings import findings
from emotone.labels import emotion_of
from emotone.summary import summarise
from emotone.writers import FORMATS

PLAYED = "document.querySelector('#em-result audio').currentTime"
PAUSED = "document.querySelector('#em-result audio').paused"


@dataclass
class Stage:
    """The chart of the example with four moods."""

    page: Page

    @property
    def box(self) -> Locator:
        return self.page.locator(".em-stage")

    @property
    def visible(self) -> tuple[float, float]:
        return float(self.box.get_attribute("data-from")), float(self.box.get_attribute("data-to"))

    def button(self, name: str) -> Locator:
        return self.page.locator(f"[data-zoom='{name}']")

    def settle(self, before: tuple[float, float]) -> tuple[float, float]:
        """What is visible once it has changed and stopped changing."""
        self.page.evaluate("() => new Promise(requestAnimationFrame)")  # what was done is drawn
        self.page.wait_for_function(
            """before => {
                const {from, to, gliding} = document.querySelector('.em-stage').dataset;
                return `${from} ${to}` !== before && gliding === "no";
            }""",
            arg=f"{before[0]:.3f} {before[1]:.3f}",
        )
        return self.visible

    def zoom_in(self) -> tuple[float, float]:
        """Presses the button, and gives what is visible then."""
        before = self.visible
        self.button("in").click()
        return self.settle(before)


@pytest.fixture
def stage(window: Page) -> Stage:
    set_granularity(window, "frame")
    load_example(window, 2)
    expect(window.locator(".em-strip button")).not_to_have_count(0)
    return Stage(window)


def test_buttons_wheel_and_keys_zoom(stage: Stage):
    start, end = stage.visible
    assert start == 0
    expect(stage.button("out")).to_be_disabled()
    expect(stage.page.locator(".em-overview")).to_be_hidden()
    first = stage.zoom_in()
    assert first[1] - first[0] == pytest.approx(end / 2, abs=0.01)
    expect(stage.page.locator(".em-overview")).to_be_visible()

    stage.box.hover(position={"x": 100, "y": 30})
    stage.page.mouse.wheel(0, 200)
    stage.page.wait_for_function("scrollY > 0")
    assert stage.visible == first  # a plain wheel scrolls the page

    box = stage.box.bounding_box()
    stage.page.mouse.move(box["x"] + box["width"] / 4, box["y"] + 30)
    under = first[0] + (first[1] - first[0]) / 4
    stage.page.keyboard.down("Control")
    stage.page.mouse.wheel(0, -60)
    stage.page.keyboard.up("Control")
    second = stage.settle(first)
    assert second[1] - second[0] < first[1] - first[0]
    still = second[0] + (second[1] - second[0]) / 4
    assert still == pytest.approx(under, abs=0.02)  # what is under the mouse stays there

    for _ in range(8):
        stage.page.locator(".em-playhead").press("+")
    expect(stage.button("in")).to_be_disabled()
    assert stage.visible[1] - stage.visible[0] == pytest.approx(1, abs=0.01)
    near = stage.visible
    stage.page.locator(".em-playhead").press("0")
    assert stage.settle(near) == (0, pytest.approx(end, abs=0.01))


def test_dragging_pans_and_plays_nothing(stage: Stage):
    before = stage.zoom_in()
    box = stage.box.bounding_box()
    stage.page.mouse.move(box["x"] + 200, box["y"] + 30)
    stage.page.mouse.down()
    stage.page.mouse.move(box["x"] + 200 - box["width"] / 10, box["y"] + 30, steps=4)
    stage.page.mouse.up()
    after = stage.settle(before)
    tenth = (before[1] - before[0]) / 10
    assert after[0] - before[0] == pytest.approx(tenth, rel=0.3)
    assert stage.page.evaluate(PAUSED)
    assert stage.page.evaluate(PLAYED) == 0


def test_a_click_plays_from_there(stage: Stage):
    first, last = stage.zoom_in()
    box = stage.box.bounding_box()
    stage.page.mouse.click(box["x"] + 0.25 * box["width"], box["y"] + 30)
    expect(stage.page.locator("[data-play]")).to_have_attribute("data-playing", "yes", timeout=PATIENCE)
    clicked = first + 0.25 * (last - first)
    stage.page.wait_for_function(f"{PLAYED} > {clicked}", timeout=PATIENCE)
    assert stage.page.evaluate(PLAYED) < clicked + 2
    stage.page.locator("[data-play]").click()
    assert stage.page.evaluate(PAUSED)


def test_the_playhead_is_a_slider_that_says_what_is_there(stage: Stage):
    head = stage.page.get_by_role("slider", name="Position in the recording")
    head.focus()
    for _ in range(4):
        head.press("ArrowRight")
    assert stage.page.evaluate(PLAYED) == pytest.approx(4 * 0.55, abs=0.1)
    label = stage.page.locator(".em-strip button").first.get_attribute("aria-label")
    spoken = head.get_attribute("aria-valuetext")
    assert spoken.startswith("0:02.2, ")
    assert label.split(": ")[1].split(",")[0] in spoken
    head.press("Home")
    assert head.get_attribute("aria-valuetext").endswith("no speech")


def test_what_was_looked_at_stays_when_the_language_changes(stage: Stage):
    before = stage.zoom_in()
    stage.page.get_by_text("Strongest first").click()
    set_language(stage.page, "中文")
    expect(stage.page.locator(".em-zooms")).to_have_attribute("aria-label", "缩放")
    assert stage.visible == before
    expect(stage.page.locator("[name=em-order][value=strength]")).to_be_checked()


def test_the_strongest_moments_come_first(stage: Stage):
    numbers = stage.page.locator(".em-segments .em-number")
    in_order = [float(text.rstrip("%")) for text in numbers.all_inner_texts()]
    assert in_order != sorted(in_order, reverse=True)
    stage.page.get_by_text("Strongest first").click()
    assert [float(text.rstrip("%")) for text in numbers.all_inner_texts()] == sorted(in_order, reverse=True)
    strongest = stage.page.locator(".em-segments button").first
    strongest.click()
    expect(strongest).to_have_attribute("data-current", "", timeout=PATIENCE)
    assert stage.page.evaluate(PLAYED) >= float(strongest.get_attribute("data-start"))


def test_areas_fill_the_chart_at_every_moment(stage: Stage):
    stage.zoom_in()
    corners = stage.page.evaluate("""() => [...document.querySelectorAll('.em-areas path:not(.em-pause)')].map(
        path => path.getAttribute('d').slice(1, -1).split('L').map(point => point.split(' ').map(Number)))""")
    height = stage.page.locator(".em-areas").bounding_box()["height"]
    half = len(corners[0]) // 2
    assert all(y == pytest.approx(0, abs=0.1) for _, y in corners[-1][:half])  # the top one reaches the upper edge
    assert all(y == pytest.approx(height, abs=0.1) for _, y in corners[0][half:])  # the lowest stands on the axis
    for lower, upper in pairwise(corners):
        assert lower[:half] == upper[half:][::-1]  # one begins where the other ends
    xs = [x for x, _ in corners[0][:half]]
    assert xs == sorted(xs)
    assert xs[0] <= 0
    assert xs[-1] >= stage.page.locator(".em-areas").bounding_box()["width"]


@pytest.mark.parametrize("window", [{"viewport": {"width": 390, "height": 844}, "has_touch": True}], indirect=True)
def test_two_fingers_zoom(stage: Stage):
    before = stage.visible
    stage.page.evaluate("""() => {
        const stage = document.querySelector('.em-stage'), box = stage.getBoundingClientRect();
        stage.setPointerCapture = () => {};
        const touch = (kind, pointerId, x) => stage.dispatchEvent(new PointerEvent(kind, {
            pointerId, pointerType: 'touch', isPrimary: pointerId === 11, bubbles: true,
            clientX: box.left + x, clientY: box.top + 30,
        }));
        touch('pointerdown', 11, 140); touch('pointerdown', 12, 200);
        touch('pointermove', 12, 220); touch('pointermove', 12, 260);
        touch('pointerup', 12, 260); touch('pointerup', 11, 140);
    }""")
    after = stage.settle(before)
    assert after[1] - after[0] == pytest.approx((before[1] - before[0]) / 2, rel=0.05)


CALL = 6.5  # seconds


@pytest.fixture(scope="module")
def call(clips: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A stereo call: one speaker on each channel, one after the other."""
    german, english = (load_audio(clip).samples for clip in clips[:2])
    sound = 1e-4 * np.random.default_rng(0).normal(size=(round(CALL * 16_000), 2)).astype(np.float32)
    sound[: german.size, 0] += german
    sound[-english.size :, 1] += english
    path = tmp_path_factory.mktemp("call") / "call.wav"
    soundfile.write(path, sound, 16_000)
    return path


@pytest.fixture
def conversation(window: Page, call: Path) -> Page:
    set_granularity(window, "frame")
    window.locator("#em-talking > button").click()
    window.locator("#em-talkers input[value='channels']").check()
    choose_files(window, [call])
    recognize(window)
    return window


def export(window: Page, name: str, folder: Path) -> Path:
    """Chooses a format in the menu, and gives the file that the browser saves."""
    if not window.locator(".em-exports .em-choices").is_visible():
        window.locator(".em-exports summary").click()
    try:
        with window.expect_download(timeout=2 * PATIENCE) as waiting:
            window.locator(f"[data-export='{name}']").click()
    except PlaywrightTimeout:
        said = window.locator("#em-exported, .em-toast").all_inner_texts()
        pytest.fail(f"{name} was not saved; the page said {said}")
    saved = folder / waiting.value.suggested_filename
    waiting.value.save_as(saved)
    return saved


def test_each_channel_of_a_call_is_a_track(conversation: Page, model: Recognizer, call: Path, tmp_path: Path):
    expected = model.conversation(call)
    cards = conversation.locator(".em-voice-card")
    expect(cards).to_have_count(2)
    for card, track in zip(cards.all(), expected.tracks, strict=True):
        emotion = emotion_of(track.timeline.utterance.label)
        expect(card).to_contain_text(f"Speaker {track.speaker}")
        expect(card.locator(".em-name")).to_have_text(emotion.name.en)
    lanes = conversation.locator(".em-lane")
    expect(lanes).to_have_count(2)
    for lane, track in zip(lanes.all(), expected.tracks, strict=True):
        expect(lane.locator(".em-strip button")).to_have_count(len(track.timeline.segments))
        expect(lane.locator(".em-decided path")).not_to_have_count(0)
    rows = sum(len(track.timeline.segments) for track in expected.tracks)
    expect(conversation.locator(".em-segments li")).to_have_count(rows)
    for finding in findings(summarise(expected)):
        expect(conversation.locator(".em-findings")).to_contain_text(finding.text.en)
    rule = conversation.locator(".em-finding").first
    expect(rule.locator("p")).to_be_hidden()
    rule.locator("summary").click()
    expect(rule.locator("p")).to_contain_text("Rule: Each speaker's share")

    tracks = json.loads(export(conversation, "json", tmp_path).read_text("utf-8"))["tracks"]
    assert [track["speaker"] for track in tracks] == ["1", "2"]
    subtitles = export(conversation, "srt", tmp_path).read_text("utf-8")
    assert subtitles.count(" --> ") == rows


def test_what_decided_is_said_under_the_mouse(stage: Stage, model: Recognizer, four_moods: Path):
    decided = model.listen(four_moods).contributions(step=0.5)
    most = max(decided, key=lambda one: one.score)
    stage.box.scroll_into_view_if_needed()
    box = stage.box.bounding_box()
    middle = (most.start + most.end) / 2 / stage.visible[1]
    stage.page.mouse.move(box["x"] + middle * box["width"], box["y"] + 100)
    name = emotion_of(most.label).name.en
    expect(stage.page.locator(".em-tip")).to_contain_text(f"+{100 * most.score:.1f} points for {name}")
    bars = stage.page.locator(".em-decided").get_attribute("aria-label")
    assert f"most for {name}" in bars


def test_a_file_of_turns_gives_tracks_and_text(window: Page, tmp_path: Path):
    turns = tmp_path / "turns.vtt"
    turns.write_text(
        "WEBVTT\n\n00:00.500 --> 00:02.500\n<v Anna>Kids are talking\n\n"
        "00:08.000 --> 00:10.500\n<v 陈先生>Dogs are sitting\n",
        encoding="utf-8",
    )
    set_granularity(window, "frame")
    window.locator("#em-talking > button").click()
    window.locator("#em-talkers input[value='turns']").check()
    expect(load_example(window, 2, ".em-problem")).to_contain_text("no file of turns yet")
    window.locator("#em-turns input[type=file]").set_input_files(turns)
    expect(window.locator("#em-turns")).to_contain_text("turns.vtt: 2 turns of 2 speakers", timeout=PATIENCE)
    recognize(window)
    assert window.locator(".em-lane-name").all_inner_texts() == ["Anna", "陈先生"]
    expect(window.locator(".em-segments li").last).to_contain_text("Dogs are sitting")
    window.locator("#em-turns [data-clear]").click()
    expect(window.locator("#em-talkers input[value='together']")).to_be_checked(timeout=PATIENCE)


# In two windows: browsers ask before they save an eleventh file.
@pytest.mark.parametrize("names", [list(FORMATS)[:7], list(FORMATS)[7:]])
def test_every_format_is_saved(stage: Stage, tmp_path: Path, names: list[str]):
    """What is in each file is tested where it is written; here it arrives whole and under the right name."""
    for name in names:
        form = FORMATS[name]
        saved = export(stage.page, name, tmp_path)
        assert saved.name == f"english_four_moods{form.ending}"
        assert saved.stat().st_size > 50, name
        expect(stage.page.locator(".em-toast")).to_contain_text(saved.name)


def test_subtitles_have_all_segments(stage: Stage, tmp_path: Path):
    export(stage.page, "srt", tmp_path)
    segments = stage.page.locator(".em-segments li").count()
    assert (tmp_path / "english_four_moods.srt").read_text("utf-8").count(" --> ") == segments


def test_a_hostile_name_becomes_a_file_name(window: Page, clips: list[Path], tmp_path: Path):
    name = "../<b>情绪?*\\x.wav"
    choose_files(window, [{"name": name, "mimeType": "audio/ogg", "buffer": clips[0].read_bytes()}])
    recognize(window)
    saved = export(window, "csv", tmp_path)
    assert not set(saved.name) & set('<>:"/\\|?*')
    assert saved.suffix == ".csv"
    assert "happy" in saved.read_text("utf-8")
