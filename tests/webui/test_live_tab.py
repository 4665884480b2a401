"""The Live tab in a real browser, whose microphone hears real speech."""

import json
import os
import re
import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

if "CI" not in os.environ:
    pytest.importorskip("playwright", reason="needs a browser: pip install playwright, and apt-get install chromium")
from browser import (
    LIVE,
    PATIENCE,
    another_browser,
    hears,
    load_example,
    load_head,
    open_tab,
    save_live,
    set_language,
    start_listening,
    stop_listening,
    visit,
)
from playwright.sync_api import Browser, Page, expect
from witness import Witness, watched

from emotone import Recognizer, load_audio
from emotone.cli.launching import launch
from emotone.heads import Head
from emotone.labels import emotion_of
from emotone.server import Access, Served, ServerOptions

ANGRY = emotion_of("angry")
KEY, NAME = "a-key-of-sixteen-or-more", "emotone.test"
FAKE_DEVICE, FAKE_YES = "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"
TRACKS = "heard.flatMap(stream => stream.getTracks()).map(track => track.readyState)"
REMEMBER_STREAMS = """() => {
    const ask = MediaDevices.prototype.getUserMedia;
    window.heard = [];
    MediaDevices.prototype.getUserMedia = async function (wanted) {
        const stream = await ask.call(this, wanted);
        heard.push(stream);
        return stream;
    };
}"""
COUNT_PIXELS = """([r, g, b]) => {
    const canvas = document.querySelector("#em-live canvas");
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    let count = 0;
    for (let at = 0; at < data.length; at += 4) count += data[at] === r && data[at + 1] === g && data[at + 2] === b;
    return count;
}"""


@pytest.fixture(scope="module")
def speaking(chromium: Browser, clips: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A browser whose microphone hears the English example, which is angry, some times, and then nothing."""
    recording = tmp_path_factory.mktemp("microphone") / "speech.wav"
    speech = load_audio(clips[1]).samples
    soundfile.write(recording, np.concatenate([*[np.zeros(4_000), speech] * 4, np.zeros(60 * 16_000)]), 16_000)
    with another_browser(chromium, add=[hears(recording), f"--host-resolver-rules=MAP {NAME} 127.0.0.1"]) as browser:
        yield browser


@pytest.fixture
def stage(speaking: Browser, served: Served, witness: Witness, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A fresh window whose microphone hears speech; with no error at the end."""
    with watched(speaking, served.url, witness, **getattr(request, "param", {})) as page:
        yield page


@pytest.fixture(scope="module")
def guarded(model: Recognizer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server that asks for a key, answers to another name as well, and listens to one stream at a time."""
    access = Access(keys=(KEY,), names=frozenset({NAME}))
    outputs = tmp_path_factory.mktemp("guarded")
    with launch(model, outputs, port=0, access=access, options=ServerOptions(max_streams=1)) as served:
        yield served


def sign_in(page: Page, url: str) -> None:
    page.goto(url)
    page.locator("input[name=key]").fill(KEY)
    page.locator("input[name=key]").press("Enter")
    expect(page.locator("#em-picker [data-state=idle]")).to_be_visible(timeout=PATIENCE)
    expect(page.locator("html")).to_have_attribute("lang", "en", timeout=PATIENCE)


def state(page: Page) -> str:
    return str(page.locator("#em-live [data-state]").get_attribute("data-state"))


def rgb(color: str) -> list[int]:
    return list(bytes.fromhex(color.removeprefix("#")))


def test_speech_is_heard_while_it_is_spoken_and_saved_like_a_file(
    stage: Page, model: Recognizer, outputs: Path
) -> None:
    messages: list[dict[str, object]] = []
    stage.on("websocket", lambda socket: socket.on("framereceived", lambda text: messages.append(json.loads(text))))
    stage.evaluate(REMEMBER_STREAMS)
    start_listening(stage)
    hero = stage.locator("#em-live .em-hero")
    said = rf"^\s*{ANGRY.emoji}\s*Now\s*{ANGRY.name.en}\s*{ANGRY.name.zh}.*\d+%\s*confidence"
    expect(hero).to_have_text(re.compile(said), timeout=PATIENCE)
    expect(stage.locator("#em-live .em-live-said")).to_contain_text(ANGRY.name.en, timeout=PATIENCE)
    stage.wait_for_function("Number(document.querySelector('#em-live canvas').dataset.windows) >= 6", timeout=PATIENCE)
    assert stage.evaluate(COUNT_PIXELS, rgb(ANGRY.color)) > 1000
    assert stage.evaluate(TRACKS) == ["live"]
    stop_listening(stage)
    assert stage.evaluate(TRACKS) == ["ended"]
    expect(hero.locator(".em-when")).to_have_text("The whole recording")
    before = set(outputs.iterdir())
    saved = save_live(stage)
    (folder,) = set(outputs.iterdir()) - before
    expect(saved).to_contain_text(folder.name)
    assert sorted(file.name for file in folder.iterdir()) == ["embedding.npy", "processed_audio.wav", "result.json"]
    expect(saved.locator("a[download]")).to_have_count(3)
    check_files(folder, messages, model)
    open_in_the_first_tab(stage, hero.locator(".em-name").inner_text())


def check_files(folder: Path, messages: list[dict[str, object]], model: Recognizer) -> None:
    """What was said live is what is in the files."""
    result, streamed = json.loads((folder / "result.json").read_text("utf-8")), messages[-1]
    assert streamed["type"] == "result"
    assert {message["type"] for message in messages} == {
        *("ready", "speech_started", "window", "speech_ended", "segment", "result")
    }
    assert streamed["emotion"] == result["emotion"] == "angry"
    assert streamed["scores"] == pytest.approx(result["scores"], abs=1e-4)
    assert streamed["duration"] == pytest.approx(result["duration"], abs=1e-3)
    assert spans(streamed) == spans(result)
    assert result["source"]["name"].startswith("live_")
    with wave.open(str(folder / "processed_audio.wav")) as audio:
        assert audio.getnframes() == pytest.approx(result["duration"] * 16_000, abs=1)
    assert np.load(folder / "embedding.npy").shape[1] == model.info.dim


def spans(result: dict) -> list[tuple[float, float, str]]:  # type: ignore[type-arg] # JSON
    """Segments, to the frame."""
    return [(round(one["start"], 2), round(one["end"], 2), one["label"]) for one in result["timeline"]["segments"]]


def open_in_the_first_tab(page: Page, name: str) -> None:
    page.locator("[data-open-saved]").click()
    report = page.locator("#em-result .em-report")
    expect(report.locator(".em-hero .em-name")).to_have_text(name, timeout=PATIENCE)
    expect(report.locator(".em-strip button").first).to_be_visible()
    expect(page.locator("#em-picker .em-chosen-list")).to_contain_text("live_")


def test_a_voice_is_compared_with_itself_when_that_is_wanted(stage: Page, outputs: Path) -> None:
    sent: list[str] = []
    stage.on("websocket", lambda socket: socket.on("framesent", lambda text: sent.append(text)))
    open_tab(stage, LIVE)
    stage.locator("#em-live [data-adapt]").check()
    start_listening(stage)
    expect(stage.locator("#em-live [data-adapt]")).to_be_disabled()
    expect(stage.locator("#em-live .em-name")).to_have_text(ANGRY.name.en, timeout=PATIENCE)
    expect(stage.locator("#em-live .em-compared")).to_have_text(re.compile(r"Compared with \d+ s of this voice"))
    expect(stage.locator("#em-live .em-asides")).to_contain_text("Without comparison")
    stage.wait_for_function("Number(document.querySelector('#em-live canvas').dataset.windows) >= 6", timeout=PATIENCE)
    stop_listening(stage)
    expect(stage.locator("#em-live .em-compared")).to_be_hidden()
    start = json.loads(sent[0])
    assert (start["type"], start["encoding"], start["channels"], start["baseline"]) == ("start", "s16", 1, "auto")
    before = set(outputs.iterdir())
    save_live(stage)
    (folder,) = set(outputs.iterdir()) - before
    assert "baseline" in json.loads((folder / "result.json").read_text("utf-8"))


CALLS = ("about to hang up", "hesitant")


def angry_or_not(model: Recognizer, folder: Path) -> Path:
    """A head that says the first of `CALLS` where the model says angry."""
    angry = model.head.labels.index("angry")
    weight = np.stack([model.head.weight[angry], -model.head.weight[angry]])
    bias = np.array([1, -1], np.float32) * model.head.bias[angry]
    path = folder / "head.json"
    path.write_text(json.dumps(Head(CALLS, weight, bias, model.head.temperature, name="Calls").to_json()), "utf-8")
    return path


def test_labels_of_the_visitors_own_are_heard_and_saved(
    stage: Page, model: Recognizer, outputs: Path, tmp_path: Path
) -> None:
    load_head(stage, angry_or_not(model, tmp_path))
    start_listening(stage)
    expect(stage.locator("#em-live .em-name")).to_have_text(CALLS[0], timeout=PATIENCE)
    stage.wait_for_function("Number(document.querySelector('#em-live canvas').dataset.windows) >= 6", timeout=PATIENCE)
    stop_listening(stage)
    before = set(outputs.iterdir())
    save_live(stage)
    (folder,) = set(outputs.iterdir()) - before
    saved = json.loads((folder / "result.json").read_text("utf-8"))
    assert (saved["emotion"], saved["head"]) == (CALLS[0], "Calls")
    assert [(other["head"], other["label"]) for other in saved["heads"]] == [("emotions", "angry")]
    open_in_the_first_tab(stage, CALLS[0])


def test_a_head_of_the_server_answers_until_another_is_chosen(
    speaking: Browser, model: Recognizer, tmp_path: Path
) -> None:
    head = angry_or_not(model, tmp_path)
    page = speaking.new_context(locale="en", permissions=["microphone"]).new_page()
    with launch(model, None, port=0, heads=[head]) as served:
        visit(page, served.url)
        expect(page.locator("#em-heads option[selected]")).to_have_text("Calls")
        expect(load_example(page, 1).locator(".em-hero .em-name")).to_have_text(CALLS[0])
        start_listening(page)
        expect(page.locator("#em-live .em-name")).to_have_text(CALLS[0], timeout=PATIENCE)
        stop_listening(page)
        open_tab(page, "Recognize")
        page.locator("#em-heads select").select_option("-1")
        expect(page.locator("#em-heads option[selected]")).to_have_text("The nine emotions")
        start_listening(page)
        expect(page.locator("#em-live .em-name")).to_have_text(ANGRY.name.en, timeout=PATIENCE)
        page.context.close()


def test_the_language_can_be_switched_while_listening(stage: Page) -> None:
    start_listening(stage)
    expect(stage.locator("#em-live .em-name")).to_have_text(ANGRY.name.en, timeout=PATIENCE)
    set_language(stage, "中文")
    expect(stage.locator("#em-live .em-name")).to_have_text(ANGRY.name.zh, timeout=PATIENCE)
    expect(stage.locator("#em-live [data-stop]")).to_have_text("停止")
    assert state(stage) == "live"
    assert not stage.evaluate(
        "dispatchEvent(new Event('beforeunload', { cancelable: true }))"
    )  # the browser asks first
    stop_listening(stage)
    assert stage.evaluate("dispatchEvent(new Event('beforeunload', { cancelable: true }))")
    expect(stage.locator("#em-live .em-when")).to_have_text("整段录音")


@pytest.mark.parametrize(
    ("stage", "foreign"), [({"locale": "zh-CN"}, "[A-Za-z]{2,}"), ({}, "[\u4e00-\u9fff]+")], indirect=["stage"]
)
def test_the_tab_speaks_one_language(stage: Page, foreign: str) -> None:
    open_tab(stage, LIVE)
    expect(stage.locator("#em-live h2:visible")).to_be_visible()
    tab = stage.locator("#em-live")
    expect(tab).not_to_contain_text(re.compile(foreign), use_inner_text=True, timeout=PATIENCE)


NARROW = {"viewport": {"width": 360, "height": 780}, "color_scheme": "dark", "reduced_motion": "reduce"}


@pytest.mark.parametrize("stage", [NARROW], indirect=True)
def test_nothing_sticks_out_on_a_phone_and_listening_begins_afresh(stage: Page) -> None:
    start_listening(stage)
    expect(stage.locator("#em-live .em-name")).to_have_text(ANGRY.name.en, timeout=PATIENCE)
    stop_listening(stage)
    save_live(stage)
    assert stage.evaluate("document.documentElement.scrollWidth") <= 360
    start_listening(stage)
    expect(stage.locator("#em-live-saved .em-live-saved")).to_have_count(0)
    expect(stage.locator("#em-live .em-name")).to_have_text("Listening…")


def problem(page: Page, wanted: str) -> None:
    """Presses the button, and waits for a sentence."""
    open_tab(page, LIVE)
    page.locator("#em-live [data-start]:visible").click()
    shown = page.locator("#em-live .em-messages p[data-when]:visible")
    expect(shown).to_contain_text(wanted, timeout=PATIENCE)
    expect(shown).to_have_count(1)
    assert state(page) == "idle"


def test_a_refused_microphone_is_one_sentence_in_both_languages(chromium: Browser, served: Served) -> None:
    with another_browser(chromium, leave_out=[FAKE_YES]) as browser:
        page = browser.new_context(locale="en").new_page()
        visit(page, served.url)
        problem(page, "The browser did not allow the microphone")
        set_language(page, "中文")
        expect(page.locator("#em-live .em-messages")).to_contain_text("浏览器未允许使用麦克风")


def test_a_missing_microphone_is_one_sentence(chromium: Browser, served: Served) -> None:
    with another_browser(chromium, leave_out=[FAKE_DEVICE]) as browser:
        page = browser.new_context(locale="en", permissions=["microphone"]).new_page()
        visit(page, served.url)
        problem(page, "No microphone was found")


def test_another_host_without_https_says_what_to_do(speaking: Browser, guarded: Served) -> None:
    port = guarded.url.rstrip("/").rpartition(":")[2]
    page = speaking.new_context(locale="en").new_page()
    sign_in(page, f"http://{NAME}:{port}/")
    problem(page, "only to pages on localhost or https")
    expect(page.locator("#em-live .em-messages")).to_contain_text(f"http://localhost:{port}")
    expect(page.locator("#em-live .em-messages")).to_contain_text(f"ssh -L {port}:localhost:{port} {NAME}")
    page.context.close()


def test_a_busy_server_and_an_expired_sign_in_are_one_sentence(speaking: Browser, guarded: Served) -> None:
    first, second = (speaking.new_context(locale="en", permissions=["microphone"]).new_page() for _ in range(2))
    for page in (first, second):
        sign_in(page, guarded.url)
    start_listening(first)
    second.evaluate(REMEMBER_STREAMS)
    problem(second, "as many streams as it can")
    assert second.evaluate(TRACKS) == ["ended"]
    stop_listening(first)
    second.context.clear_cookies()
    problem(second, "The server does not know you any more")
    assert second.evaluate(TRACKS) == ["ended", "ended"]
    for page in (first, second):
        page.context.close()


def test_what_was_heard_survives_the_end_of_the_server(speaking: Browser, model: Recognizer, tmp_path: Path) -> None:
    page = speaking.new_context(locale="en", permissions=["microphone"]).new_page()
    mistakes: list[str] = []
    page.on("pageerror", lambda error: mistakes.append(str(error)))
    with launch(model, tmp_path, port=0) as served:
        visit(page, served.url)
        page.evaluate(REMEMBER_STREAMS)
        start_listening(page)
        page.wait_for_timeout(500)
    shown = page.locator("#em-live .em-messages p[data-when]:visible")
    expect(shown).to_contain_text("The connection was lost", timeout=PATIENCE)
    assert state(page) == "done"
    assert page.evaluate(TRACKS) == ["ended"]
    page.locator("#em-live [data-save]").click()
    expect(shown).to_contain_text("could not be handed over", timeout=PATIENCE)
    page.locator("#em-live .em-again").click()
    expect(shown).to_contain_text("The server cannot be reached", timeout=PATIENCE)
    assert mistakes == []
    page.context.close()
