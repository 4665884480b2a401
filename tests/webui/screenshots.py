"""Pictures of the page: `python tests/webui/screenshots.py FOLDER` writes one PNG for each scene."""

import json
import os
import re
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from playwright.sync_api import Browser, Page

sys.path.insert(0, str(Path(__file__).parent))
from browser import (
    LIVE,
    add_material,
    add_voice,
    choose_files,
    hears,
    load_example,
    load_head,
    open_browser,
    open_tab,
    recognize,
    save_live,
    set_granularity,
    start_listening,
    stop_listening,
    teach,
    visit,
    zipped,
)

from emotone import load_audio, load_model
from emotone.cli.launching import launch
from emotone.examples import examples
from emotone.heads import Head

TEACH = re.compile("Teach|教学")


@dataclass(frozen=True)
class Scene:
    """One picture: what is done on a fresh page, and how the browser is set up."""

    name: str
    play: Callable[[Page], None]
    language: str = "en"
    width: int = 1440
    scheme: str = "light"


def empty(page: Page) -> None:
    """Nothing yet."""


def utterance(page: Page) -> None:
    """One result for a whole recording."""
    load_example(page, 1)


def frame(page: Page) -> None:
    """Emotion over time, with the embedding."""
    set_granularity(page, "frame")
    page.locator("#em-embedding input").check()
    load_example(page, 2)
    page.mouse.move(0, 0)


def zoomed(page: Page) -> None:
    """The same, nearer, with the mouse on it."""
    frame(page)
    page.locator("[data-zoom='in']").click()
    page.wait_for_timeout(500)
    page.locator(".em-stage").hover(position={"x": 260, "y": 110})


def call(page: Page) -> None:
    """A stereo call: each channel is a speaker. One sentence of the summary and the exports are open."""
    set_granularity(page, "frame")
    page.locator("#em-talking > button").click()
    page.locator("#em-talkers input[value='channels']").check()
    choose_files(page, [made_call()])
    recognize(page)
    page.locator(".em-finding summary").first.click()
    page.locator(".em-exports summary").click()


def long(page: Page) -> None:
    """Ten minutes."""
    set_granularity(page, "frame")
    choose_files(page, [made_call(minutes=10)])
    recognize(page)


def turns(page: Page) -> None:
    """Where a file of turns comes in, with one that is none."""
    set_granularity(page, "frame")
    page.locator("#em-talking > button").click()
    page.locator("#em-talkers input[value='turns']").check()
    page.locator("#em-turns input[type=file]").set_input_files(
        [{"name": "turns.rttm", "mimeType": "text/plain", "buffer": b"no turns"}]
    )
    page.locator("#em-turns [data-clear]").wait_for()


def made_call(minutes: int = 1) -> Path:
    """Parts of the examples, one after the other on alternating channels, with pauses."""
    generator = np.random.default_rng(1)
    clips = [load_audio(example.path).samples for example in examples()]
    voices = [[clips[0], clips[0][:30_000]], [clips[1], *np.split(clips[2], (40_000, 84_000, 128_000))]]
    sound = 1e-4 * generator.normal(size=(minutes * 60 * 16_000, 2))
    at, speaker = 8_000, 0
    while True:
        part = voices[speaker][generator.integers(len(voices[speaker]))]
        if at + part.size > len(sound):
            break
        sound[at : at + part.size, speaker] += part
        at, speaker = at + part.size + int(generator.uniform(2_000, 20_000)), 1 - speaker
    path = Path(tempfile.mkdtemp()) / "call.wav"
    soundfile.write(path, sound, 16_000)
    return path


def settings(page: Page) -> None:
    """The settings of the timeline."""
    set_granularity(page, "frame")
    page.locator("#em-timeline button").first.click()


def doubtful(page: Page) -> None:
    """A recording with something wrong: very short and cut off."""
    choose_files(
        page, [{"name": "short.ogg", "mimeType": "audio/ogg", "buffer": examples()[1].path.read_bytes()[:5000]}]
    )
    recognize(page)


def table(page: Page) -> None:
    """Several files, one of them broken."""
    broken = {"name": "会议纪要.wav", "mimeType": "audio/wav", "buffer": b"This is not audio at all."}
    named = [
        {"name": example.path.name, "mimeType": "audio/ogg", "buffer": example.path.read_bytes()}
        for example in examples()
    ]
    choose_files(page, [*named, broken])
    recognize(page, ".em-table")


def error(page: Page) -> None:
    """A file that is no recording."""
    choose_files(page, [{"name": "notes.wav", "mimeType": "audio/wav", "buffer": b"This is not audio at all."}])
    recognize(page, ".em-problem")


def compared(page: Page) -> None:
    """A recording beside the usual sound of its voice."""
    add_voice(page, [examples()[2].path, examples()[1].path])
    load_example(page, 1)


def compared_frame(page: Page) -> None:
    """A recording over time, compared with itself."""
    set_granularity(page, "frame")
    page.locator("#em-comparing > button").click()
    page.locator("#em-compare input[value=itself]").check()
    load_example(page, 2)


def own_labels(page: Page) -> None:
    """Labels of a head from a file, beside the nine emotions, over time."""
    load_head(page, made_head())
    set_granularity(page, "frame")
    load_example(page, 2)


def withheld(page: Page) -> None:
    """A result that is not given."""
    page.locator("#em-abstain input").check()
    load_head(page, made_head())
    load_example(page, 0)


def made_head() -> Path:
    """A head of four labels with random weights."""
    model = load_model()
    weight = 0.03 * np.random.default_rng(1).normal(size=(4, model.info.dim)).astype(np.float32)
    labels = ("hesitant", "confident", "about to hang up", "犹豫不决")
    head = Head(labels, weight, np.zeros(4, np.float32), name="Call centre")
    path = Path(tempfile.mkdtemp()) / "head.json"
    path.write_text(json.dumps(head.to_json()), "utf-8")
    return path


def teach_empty(page: Page) -> None:
    """The other tab, before there is anything."""
    open_tab(page, TEACH)


def taught(page: Page) -> None:
    """A head, learned from a zip with a folder for each class, and two clips to label."""
    open_tab(page, TEACH)
    lesson = made_lesson()
    archive = {"name": "calls.zip", "mimeType": "application/zip", "buffer": zipped(lesson)}
    add_material(page, [archive], 36)
    page.locator("#em-head-name input").fill("Call centre")
    teach(page)


def labelling(page: Page) -> None:
    """Loose clips that are being labelled."""
    open_tab(page, TEACH)
    files = sorted(made_lesson().rglob("*.wav"))[::5]
    add_material(page, files, len(files))
    for name in ("hesitant", "confident", "about to hang up"):
        page.locator("[data-new-class]").fill(name)
        page.locator("[data-new-class]").press("Enter")
        page.get_by_role("button", name=f"{name}").first.wait_for()
    page.locator(".em-clip").first.locator("[data-label]").first.click()
    page.wait_for_timeout(500)


def wrong(page: Page) -> None:
    """A result that somebody corrects."""
    load_example(page, 0)
    page.locator(".em-wrong summary").click()


def live_empty(page: Page) -> None:
    """The tab for the microphone, before it is open."""
    open_tab(page, LIVE)


def live(page: Page) -> None:
    """While somebody speaks: the last of the four moods is being heard."""
    start_listening(page)
    page.wait_for_timeout(9_500)


def live_saved(page: Page) -> None:
    """What was heard is saved."""
    start_listening(page)
    page.wait_for_timeout(13_000)
    stop_listening(page)
    save_live(page)


def live_refused(page: Page) -> None:
    """A microphone that the browser does not give."""
    page.evaluate(
        "() => { MediaDevices.prototype.getUserMedia = async () => { throw new DOMException('', 'NotAllowedError') } }"
    )
    open_tab(page, LIVE)
    page.locator("#em-live [data-start]:visible").click()
    page.locator("#em-live [data-when=denied]").wait_for()


def made_lesson() -> Path:
    """Three classes with twelve clips each, of three speakers: parts of the examples, louder or softer."""
    folder = Path(tempfile.mkdtemp()) / "calls"
    moods = load_audio(examples()[2].path).samples
    generator = np.random.default_rng(0)
    for place, name in enumerate(("about to hang up", "confident", "hesitant")):
        for number in range(12):
            speaker = ("anna", "ben", "chen")[number % 3]
            start = place * 40_000 + int(generator.integers(40_000))
            part = moods[start : start + 40_000] * generator.uniform(0.3, 0.9)
            file = folder / name / speaker / f"{name.split()[0]}_{number:02d}.wav"
            file.parent.mkdir(parents=True, exist_ok=True)
            soundfile.write(file, part + 1e-4 * generator.normal(size=part.size), 16_000)
    return folder


def made_speech() -> Path:
    """What the microphone hears: the example with four moods, then nothing."""
    path = Path(tempfile.mkdtemp()) / "speech.wav"
    moods = load_audio(examples()[2].path).samples
    soundfile.write(path, np.concatenate([moods, np.zeros(60 * 16_000)]), 16_000)
    return path


def to_fetch(page: Page) -> None:
    """A model that is not here yet."""
    page.locator("#em-menu select").select_option("emotion2vec-plus-large")
    page.locator("[data-fetch]").wait_for()


SCENES = (
    Scene("page-en", frame, width=1280),
    Scene("page-zh", frame, "zh-CN", 1280),
    Scene("empty-zh", empty, "zh-CN"),
    Scene("empty-en-narrow", empty, "en", 390),
    Scene("utterance-en", utterance),
    Scene("utterance-zh", utterance, "zh-CN"),
    Scene("utterance-zh-narrow", utterance, "zh-CN", 390),
    Scene("utterance-en-dark", utterance, scheme="dark"),
    Scene("frame-zh", frame, "zh-CN"),
    Scene("frame-en-dark", frame, scheme="dark"),
    Scene("frame-en-narrow", frame, width=390),
    Scene("frame-zh-narrow-dark", frame, "zh-CN", 390, "dark"),
    Scene("zoomed-en", zoomed),
    Scene("call-en", call),
    Scene("call-zh-narrow-dark", call, "zh-CN", 360, "dark"),
    Scene("call-zh-wide-dark", call, "zh-CN", 1600, "dark"),
    Scene("long-en", long),
    Scene("turns-zh", turns, "zh-CN"),
    Scene("settings-zh", settings, "zh-CN"),
    Scene("settings-en-narrow-dark", settings, width=390, scheme="dark"),
    Scene("doubtful-zh", doubtful, "zh-CN"),
    Scene("table-en", table),
    Scene("table-zh-narrow", table, "zh-CN", 390),
    Scene("compared-en", compared),
    Scene("compared-zh-narrow-dark", compared, "zh-CN", 390, "dark"),
    Scene("compared-frame-zh", compared_frame, "zh-CN"),
    Scene("own-labels-en", own_labels),
    Scene("own-labels-zh-narrow", own_labels, "zh-CN", 390),
    Scene("withheld-en-dark", withheld, scheme="dark"),
    Scene("teach-empty-en", teach_empty),
    Scene("teach-empty-zh-narrow-dark", teach_empty, "zh-CN", 390, "dark"),
    Scene("labelling-en", labelling),
    Scene("labelling-zh-narrow", labelling, "zh-CN", 390),
    Scene("taught-en", taught),
    Scene("taught-zh-narrow-dark", taught, "zh-CN", 390, "dark"),
    Scene("taught-zh-dark", taught, "zh-CN", scheme="dark"),
    Scene("wrong-zh", wrong, "zh-CN"),
    Scene("live-empty-en", live_empty),
    Scene("live-en", live, width=1280),
    Scene("live-zh-dark", live, "zh-CN", 1280, "dark"),
    Scene("live-zh-narrow", live, "zh-CN", 360),
    Scene("live-saved-en-narrow-dark", live_saved, "en", 360, "dark"),
    Scene("live-saved-zh", live_saved, "zh-CN", 1280),
    Scene("live-refused-zh-narrow", live_refused, "zh-CN", 360),
    Scene("to-fetch-en", to_fetch),
    Scene("to-fetch-zh-narrow-dark", to_fetch, "zh-CN", 390, "dark"),
    Scene("error-zh", error, "zh-CN"),
    Scene("error-en-dark-narrow", error, "en", 390, "dark"),
)


def take(browser: Browser, url: str, scene: Scene, folder: Path) -> Path:
    """Plays a scene in a fresh browser window and saves the whole page as a picture."""
    context = browser.new_context(
        viewport={"width": scene.width, "height": 900},
        locale=scene.language,
        color_scheme=scene.scheme,
        device_scale_factor=2 if scene.width < 500 else 1,
    )
    page = context.new_page()
    visit(page, url)
    scene.play(page)
    path = folder / f"{scene.name}.png"
    page.screenshot(path=path, full_page=True, animations="disabled")
    context.close()
    return path


def main(folder: Path, wanted: list[str]) -> None:
    """Writes the pictures: all, or those whose names are given."""
    folder.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as outputs,
        tempfile.TemporaryDirectory() as models,
        launch(load_model, Path(outputs), port=0) as served,
        open_browser(hears(made_speech())) as browser,
    ):
        os.environ["EMOTONE_MODELS"] = models  # the pictures do not show what this user has
        for scene in SCENES:
            if not wanted or scene.name in wanted:
                print(take(browser, served.url, scene, folder))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
