"""The page in a real browser: what people do on it, and what they get."""

import io
import json
import os
import re
import wave
from pathlib import Path
from types import SimpleNamespace

import av
import numpy as np
import pytest

if "CI" not in os.environ:
    pytest.importorskip("playwright", reason="needs a browser: pip install playwright, and apt-get install chromium")
from browser import PATIENCE, choose_files, load_example, recognize, set_granularity, set_language, set_number
from playwright.sync_api import Page, expect

from emotone import Recognizer, load_audio
from emotone.labels import EMOTIONS, emotion_of

FORMATS = {"wav": "pcm_s16le", "mp3": "mp3", "m4a": "aac", "flac": "flac", "ogg": "libopus"}
CONTAINERS = {"m4a": "ipod"}
CHINESE = {"locale": "zh-CN"}


def encoded(clip: Path, ending: str) -> bytes:
    """The clip in another format."""
    data = io.BytesIO()
    with av.open(str(clip)) as source, av.open(data, "w", format=CONTAINERS.get(ending, ending)) as target:
        stream = target.add_stream(FORMATS[ending], rate=source.streams.audio[0].rate)
        for frame in source.decode(audio=0):
            frame.pts = None
            target.mux(stream.encode(frame))
        target.mux(stream.encode(None))
    return data.getvalue()


def payload(name: str, data: bytes) -> dict[str, object]:
    return {"name": name, "mimeType": "application/octet-stream", "buffer": data}


def downloads(window: Page, folder: Path) -> SimpleNamespace:
    """Every file on offer, clicked and saved."""
    saved = {}
    for link in window.locator(".em-files a").all():
        with window.expect_download() as waiting:
            link.click()
        name = waiting.value.suggested_filename
        waiting.value.save_as(folder / name)
        saved[Path(name).stem] = folder / name
    return SimpleNamespace(**saved)


@pytest.mark.parametrize("ending", FORMATS)
def test_every_format_gives_the_emotion_of_the_model(window: Page, model: Recognizer, clips: list[Path], ending: str):
    data = encoded(clips[1], ending)
    choose_files(window, [payload(f"clip.{ending}", data)])
    shown = recognize(window)
    prediction = model.predict(data)
    emotion = emotion_of(prediction.label)
    expect(shown.locator(".em-name")).to_have_text(emotion.name.en)
    expect(shown.locator(".em-hero .em-other-name")).to_have_text(emotion.name.zh)
    expect(shown.locator(".em-big-emoji")).to_have_text(emotion.emoji)
    expect(shown.locator(".em-big-number")).to_have_text(f"{prediction.confidence:.0%}")
    expect(shown.locator(".em-bars li")).to_have_count(len(prediction.scores))


def test_utterance_downloads_open(window: Page, model: Recognizer, clips: list[Path], tmp_path: Path):
    window.locator("#em-embedding input").check()
    choose_files(window, [payload("ärger 愤怒.wav", encoded(clips[1], "wav"))])
    recognize(window)
    files = downloads(window, tmp_path)
    result = json.loads(files.result.read_text("utf-8"))
    assert result["granularity"] == "utterance"
    assert result["source"]["name"] == "ärger 愤怒.wav"
    assert sum(result["scores"].values()) == pytest.approx(1)
    with wave.open(str(files.processed_audio)) as audio:
        assert (audio.getframerate(), audio.getnchannels(), audio.getsampwidth()) == (16_000, 1, 2)
        assert audio.getnframes() == pytest.approx(result["duration"] * 16_000, abs=1)
    assert np.load(files.embedding).shape == (model.info.dim,)


def test_frame_downloads_open_and_segments_are_shown(window: Page, model: Recognizer, four_moods: Path, tmp_path: Path):
    set_granularity(window, "frame")
    window.locator("#em-embedding input").check()
    choose_files(window, [four_moods])
    shown = recognize(window)
    files = downloads(window, tmp_path)
    timeline = json.loads(files.result.read_text("utf-8"))["timeline"]
    frames = np.load(files.embedding)
    assert frames.shape == (
        pytest.approx(load_audio(four_moods).duration * model.info.frame_rate, abs=2),
        model.info.dim,
    )
    expect(shown.locator(".em-strip button")).to_have_count(len(timeline["segments"]))
    expect(shown.locator(".em-areas path:not(.em-pause)")).to_have_count(len(EMOTIONS))


def test_settings_act_without_restart(window: Page, four_moods: Path, tmp_path: Path):
    choose_files(window, [four_moods])
    recognize(window)
    expect(window.locator(".em-files a")).to_have_count(2)
    set_granularity(window, "frame")
    window.locator("#em-timeline button").first.click()
    set_number(window, "#em-window", "2")
    set_number(window, "#em-hop", "1")
    recognize(window)
    timeline = json.loads(downloads(window, tmp_path).result.read_text("utf-8"))["timeline"]
    assert (timeline["window"], timeline["hop"]) == (2, 1)
    set_granularity(window, "utterance")
    recognize(window)
    expect(window.locator(".em-strip")).to_have_count(0)


def test_impossible_settings_are_one_sentence(window: Page, clips: list[Path]):
    set_granularity(window, "frame")
    window.locator("#em-timeline button").first.click()
    set_number(window, "#em-window", "1")
    set_number(window, "#em-hop", "3")
    choose_files(window, [clips[0]])
    expect(recognize(window, ".em-problem")).to_contain_text("0 < hop ≤ window")


def test_main_example_button_loads_and_analyses(window: Page):
    window.locator(".em-load-example").click()
    expect(window.locator(".em-report")).to_be_visible(timeout=PATIENCE)
    expect(window.locator(".em-chosen-list li")).to_have_count(1)


@pytest.mark.parametrize("index", [0, 1, 2])
def test_each_example_can_be_chosen(window: Page, clips: list[Path], index: int):
    shown = load_example(window, index)
    expect(shown.locator(".em-hero .em-file-name")).to_contain_text(clips[index].name)


def test_segments_and_the_whole_can_be_played(window: Page):
    set_granularity(window, "frame")
    shown = load_example(window, 2)
    segment = shown.locator(".em-segments button").nth(1)
    start, end = float(segment.get_attribute("data-start")), float(segment.get_attribute("data-end"))
    segment.press("Enter")
    expect(segment).to_have_attribute("data-current", "", timeout=PATIENCE)
    assert start <= window.evaluate("document.querySelector('audio').currentTime") <= end
    expect(shown.locator("[data-play]")).to_have_attribute("data-playing", "no", timeout=PATIENCE)
    assert window.evaluate("document.querySelector('audio').currentTime") == pytest.approx(end, abs=0.05)
    shown.locator(".em-strip button").first.click()
    expect(shown.locator(".em-strip button").first).to_have_attribute("data-current", "", timeout=PATIENCE)
    expect(shown.locator("[data-play]")).to_have_attribute("aria-label", "Pause")
    shown.locator("[data-play]").click()
    expect(shown.locator("[data-play]")).to_have_attribute("aria-label", "Play")


def test_broken_file_is_one_sentence_in_both_languages(window: Page):
    choose_files(window, [payload("notes.wav", b"Only text in here, no audio.")])
    shown = recognize(window, ".em-problem")
    expect(shown).to_contain_text("'notes.wav' is not audio that can be decoded")
    expect(shown).not_to_contain_text("Traceback")
    set_language(window, "中文")
    expect(window.locator(".em-problem")).to_contain_text("“notes.wav”不是可解码的音频")


def test_nothing_chosen_is_one_sentence(window: Page):
    expect(recognize(window, ".em-problem")).to_contain_text("There is no recording yet")


@pytest.mark.parametrize("window", [CHINESE], indirect=True)
def test_language_follows_the_browser_and_the_switch_changes_everything(window: Page):
    load_example(window, 0)
    assert visible_english(window) == set()
    set_language(window, "English")
    expect(window.locator("#em-recognize")).to_contain_text("Recognize")
    expect(window).to_have_title("Emotone 情声")
    names = "情声|中文|" + "|".join(emotion.name.zh for emotion in EMOTIONS)
    rest = re.sub(names, "", window.locator("body").inner_text())
    assert re.findall("[\u4e00-\u9fff]+", rest) == []


def visible_english(window: Page) -> set[str]:
    """English words on the page, apart from names that are the same in Chinese."""
    window.locator(".em-discard").click()  # with the English attribution of the example
    expect(window.locator(".em-chosen")).to_have_count(0)
    known = (
        "Emotone|English|WAV|MP3|M4A|FLAC|OGG|WebM|AMR|utterance|frame|emotone-small|emotion2vec-plus-\\w+|kB|MB|GB|CC-BY-NC-SA|"
        "embedding|npy|head|processed_audio|wav|result|json|outputs|german_happy|ogg|"
        + "|".join(e.name.en for e in EMOTIONS)
    )
    return set(re.findall("[A-Za-z]{2,}", re.sub(known, "", window.locator("body").inner_text())))


def test_several_files_become_a_table(window: Page, clips: list[Path]):
    broken = payload("broken.mp3", b"no audio")
    choose_files(window, [*(payload(clip.name, clip.read_bytes()) for clip in clips), broken])
    shown = recognize(window, ".em-table")
    expect(shown.locator("tbody tr")).to_have_count(4)
    expect(shown.locator("tbody tr").first).to_contain_text("Happy")
    expect(shown.locator("tbody tr").last).to_contain_text("'broken.mp3' is not audio")
    shown.get_by_role("button", name=clips[1].name).click()
    expect(window.locator(".em-report .em-file-name").first).to_contain_text(clips[1].name)
    window.locator("[data-back]").click()
    expect(window.locator(".em-table")).to_be_visible()


HOSTILE = ["<img src=x onerror=alert(1)>.wav", "${alert(1)}.wav", "`{{alert}}\"'.wav"]


def test_hostile_names_are_only_names(window: Page, clips: list[Path]):
    dialogs = []
    window.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    choose_files(window, [payload(name, clips[0].read_bytes()) for name in HOSTILE])
    shown = recognize(window, ".em-table")
    assert shown.locator(".em-open").all_inner_texts() == HOSTILE
    assert window.locator(".em-chosen-list .em-file-name").all_inner_texts() == HOSTILE
    shown.locator(".em-open").first.click()
    expect(window.locator(".em-report .em-file-name").first).to_contain_text(HOSTILE[0])
    expect(window.locator("img[src=x]")).to_have_count(0)
    assert dialogs == []


def test_chosen_files_can_be_removed(window: Page, clips: list[Path]):
    choose_files(window, clips[:2])
    window.locator(".em-discard").first.click()
    expect(window.locator(".em-chosen-list li")).to_have_count(1)
    expect(window.locator(".em-chosen-list")).to_contain_text(clips[1].name)


def test_dropped_files_are_chosen(window: Page):
    window.evaluate("""() => {
        const transfer = new DataTransfer();
        transfer.items.add(new File(["no audio"], "dropped.wav"));
        document.querySelector(".em-drop").dispatchEvent(new DragEvent("drop", {dataTransfer: transfer, bubbles: true}));
    }""")
    expect(window.locator(".em-chosen-list")).to_contain_text("dropped.wav", timeout=PATIENCE)


def test_the_microphone_records(window: Page):
    window.locator("[data-record]").click()
    expect(window.locator("[data-stop] .em-clock")).to_have_text("0:01", timeout=PATIENCE)
    window.locator("[data-stop]").click()
    expect(window.locator(".em-chosen-list")).to_contain_text("recording_", timeout=PATIENCE)
    recognize(window)


@pytest.mark.parametrize("window", [{"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"}], indirect=True)
def test_nothing_sticks_out_on_a_phone(window: Page):
    set_granularity(window, "frame")
    load_example(window, 2)
    assert window.evaluate("document.documentElement.scrollWidth") <= 390
    wide = window.evaluate("""() => [...document.querySelectorAll('.em-main *')].filter(
        part => part.checkVisibility() && !part.matches('.em-sr') && part.getBoundingClientRect().right > 391).length""")
    assert wide == 0


def test_two_visitors_do_not_see_each_other(window: Page, clips: list[Path], chromium, served):
    from browser import visit

    choose_files(window, [clips[0]])
    other = chromium.new_context(locale="zh-CN").new_page()
    visit(other, served.url)
    load_example(other, 1)
    expect(window.locator("#em-result .em-empty")).to_be_visible()
    expect(window.locator(".em-chosen-list")).to_contain_text(clips[0].name)
    other.context.close()
