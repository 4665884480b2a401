"""The menu of models in a real browser: choosing, fetching, cancelling, from one tab or from several."""

import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

if "CI" not in os.environ:
    pytest.importorskip("playwright", reason="needs a browser: pip install playwright, and apt-get install chromium")
from browser import PATIENCE, choose_files, load_example, recognize, set_language, visit
from hub import Fault, Hub
from playwright.sync_api import BrowserContext, Page, expect

from emotone import EmotoneError, Recognizer, load_model
from emotone.cli.launching import launch
from emotone.fetches import Fetches
from emotone.hub import Origin, pull
from emotone.library import START, Library
from emotone.server import Served

NAME = "emotion2vec-plus-base"
MEGABYTE = 2**20


@pytest.fixture
def own(hub: Hub, model: Recognizer, tmp_path: Path) -> Iterator[Served]:
    """A page of its own for a test, which fetches from the hub on loopback."""
    with launch(model, tmp_path / "outputs", port=0) as page:
        yield page


@pytest.fixture
def tabs(chromium, request: pytest.FixtureRequest) -> Iterator[BrowserContext]:
    settings = {"locale": "en", "viewport": {"width": 1280, "height": 900}} | getattr(request, "param", {})
    context = chromium.new_context(**settings)
    yield context
    context.close()


def open_tab(tabs: BrowserContext, page: Served) -> Page:
    tab = tabs.new_page()
    visit(tab, page.url)
    return tab


def choose(tab: Page, name: str) -> None:
    tab.locator("#em-menu select").select_option(name)


def fetch(tab: Page, name: str = NAME) -> None:
    choose(tab, name)
    tab.locator(f"[data-fetch='{name}']").click()


def hold(hub: Hub) -> Fault:
    """The hub stops in the middle of the checkpoint."""
    fault = Fault("hold", "model.pt", times=1, after=MEGABYTE)
    hub.faults.append(fault)
    return fault


def test_a_model_is_fetched_and_then_used(hub: Hub, own: Served, tabs: BrowserContext, clips: list[Path]):
    fault = hold(hub)
    tab = open_tab(tabs, own)
    expect(tab.locator("#em-card")).to_contain_text("In the package · 14.1 MB · CC-BY-NC-SA-4.0")
    choose(tab, NAME)
    card = tab.locator("#em-card")
    for fact in ("Not here yet: about 1.12 GB to fetch once", "ModelScope: Apache-2.0", "Hugging Face: model-license"):
        expect(card).to_contain_text(fact)
    fetch(tab)
    expect(card).to_contain_text("Downloading model.pt", timeout=PATIENCE)
    expect(card).to_contain_text("1.05 MB of 2.41 MB", timeout=PATIENCE)
    expect(card.locator("progress")).to_have_attribute("value", str(MEGABYTE))
    fault.go.set()
    expect(card).to_contain_text(re.compile("(int8|fp32) · .*B · ModelScope: Apache-2.0"), timeout=PATIENCE)
    expect(tab.locator(f"#em-menu option[value='{NAME}']")).to_have_text(NAME, timeout=PATIENCE)
    expect(tab.locator("#em-menu select")).to_have_value(NAME)
    choose_files(tab, [clips[0]])
    expect(recognize(tab)).to_contain_text(f"Model {NAME}, revision")
    choose(tab, START)
    expect(recognize(tab)).to_contain_text("Model emotone-small, revision")


def test_a_fetch_belongs_to_the_server(hub: Hub, own: Served, tabs: BrowserContext):
    fault = hold(hub)
    first, second = open_tab(tabs, own), open_tab(tabs, own)
    choose(second, NAME)
    expect(second.locator("[data-fetch]")).to_be_visible()
    fetch(first)
    second.evaluate("document.querySelector('[data-fetch]')?.click()")  # gone when this tab knows of it already
    expect(first.locator("#em-card progress")).to_be_visible(timeout=PATIENCE)
    expect(second.locator("#em-card")).to_contain_text("1.05 MB of 2.41 MB", timeout=PATIENCE)
    first.reload()
    expect(first.locator("#em-card")).to_contain_text(f"Fetching {NAME}", timeout=PATIENCE)
    expect(first.locator("#em-menu select")).to_have_value(START)
    first.close()
    fault.go.set()
    expect(second.locator("#em-card")).to_contain_text("ModelScope: Apache-2.0", timeout=PATIENCE)
    assert len(hub.downloads("model.pt")) == 1
    third = open_tab(tabs, own)
    expect(third.locator(f"#em-menu option[value='{NAME}']")).to_have_text(NAME, timeout=PATIENCE)


def test_a_cancelled_fetch_goes_on_later(hub: Hub, own: Served, tabs: BrowserContext, tmp_path: Path):
    fault = hold(hub)
    tab = open_tab(tabs, own)
    fetch(tab)
    expect(tab.locator("#em-card")).to_contain_text("1.05 MB of 2.41 MB", timeout=PATIENCE)
    tab.locator("[data-cancel]").click()
    expect(tab.locator("#em-card")).to_contain_text("Cancelling…", timeout=PATIENCE)
    fault.go.set()
    expect(tab.locator("[data-fetch]")).to_be_visible(timeout=PATIENCE)
    assert not list(tmp_path.rglob("model.onnx"))
    (part,) = tmp_path.rglob("*.part")
    kept = part.stat().st_size
    assert kept >= MEGABYTE
    tab.locator("[data-fetch]").click()
    expect(tab.locator("#em-card")).to_contain_text(re.compile("int8|fp32"), timeout=PATIENCE)
    assert hub.downloads("model.pt")[-1].range == f"bytes={kept}-"


def test_a_failed_fetch_says_why_and_can_be_tried_again(hub: Hub, own: Served, tabs: BrowserContext):
    hub.faults.append(Fault("wrong", "model.pt", times=2))  # from both hubs
    tab = open_tab(tabs, own)
    fetch(tab)
    problem = tab.locator(".em-model-problem")
    expect(problem).to_contain_text("is not the file that it should be", timeout=PATIENCE)
    set_language(tab, "中文")
    expect(problem).to_contain_text("与预期不符")
    tab.locator("[data-fetch]").click()
    expect(tab.locator("#em-card")).to_contain_text(re.compile("int8|fp32"), timeout=PATIENCE)


def test_a_model_that_is_not_here_is_one_sentence(hub: Hub, own: Served, tabs: BrowserContext):
    tab = open_tab(tabs, own)
    choose(tab, NAME)
    expect(tab.locator("[data-fetch]")).to_be_visible()
    expect(load_example(tab, 0, ".em-problem")).to_contain_text(f"The model {NAME} is not here yet")
    assert hub.requests == []


def test_offline_nothing_is_offered(hub: Hub, model: Recognizer, tmp_path: Path, tabs: BrowserContext):
    with launch(model, tmp_path / "outputs", port=0, offline=True) as page:
        tab = open_tab(tabs, page)
        choose(tab, NAME)
        expect(tab.locator("#em-card")).to_contain_text(f"emotone models pull {NAME}")
        expect(tab.locator("[data-fetch]")).to_have_count(0)
    assert hub.requests == []


PHONE = {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark", "locale": "zh-CN"}


@pytest.mark.parametrize("tabs", [PHONE], indirect=True)
def test_nothing_sticks_out_on_a_phone(hub: Hub, own: Served, tabs: BrowserContext):
    fault = hold(hub)
    tab = open_tab(tabs, own)
    fetch(tab, "emotion2vec-plus-large")
    expect(tab.locator(".em-model-problem")).to_be_visible(timeout=PATIENCE)
    fetch(tab)
    expect(tab.locator("progress")).to_be_visible(timeout=PATIENCE)
    assert tab.evaluate("document.documentElement.scrollWidth") <= 390
    wide = tab.evaluate("""() => [...document.querySelectorAll('#em-models *')].filter(
        part => part.checkVisibility() && part.getBoundingClientRect().right > 391).length""")
    assert wide == 0
    fault.go.set()


def test_closing_the_page_ends_its_fetches(hub: Hub, model: Recognizer, tmp_path: Path):
    hub.faults.append(Fault("slow", "model.pt"))
    fetches = Fetches(Origin(("huggingface",)))
    library = Library(model, fetches)
    fetches.start(NAME)
    fetches.start(NAME)
    while not hub.downloads("model.pt") and not list(tmp_path.rglob("*.part")):
        time.sleep(0.01)
    library.close()
    deadline = time.monotonic() + 20
    while fetches.running() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert fetches.running() == ()
    assert not list(tmp_path.rglob("model.onnx"))


def test_models_stay_loaded_sensibly(hub: Hub, model: Recognizer):
    library = Library(model, None)
    pull(NAME)
    assert library.recognizer(START) is model
    first = library.recognizer(NAME)
    assert library.recognizer(NAME) is first
    assert library.recognizer("emotone-small").info.name == "emotone-small"
    assert library.recognizer(NAME) is not first  # the last one besides that of the start
    again = library.recognizer(NAME)
    pull(NAME, Origin(("modelscope",)), precision="fp32", force=True)
    assert library.recognizer(NAME) is not again


def test_the_menu_names_the_model_of_the_start_once(hub: Hub, model: Recognizer, tmp_path: Path):
    assert [choice.name for choice in Library(model, None).choices()][:2] == ["emotone-small", "emotion2vec-plus-seed"]
    made = pull(NAME)
    choices = Library(load_model(NAME), None).choices()
    assert [(choice.id, choice.name) for choice in choices] == [
        (START, NAME),
        ("emotone-small", "emotone-small"),
        ("emotion2vec-plus-seed", "emotion2vec-plus-seed"),
        ("emotion2vec-plus-large", "emotion2vec-plus-large"),
    ]
    other = tmp_path / "other.onnx"
    other.write_bytes(made.path.read_bytes() + b"\x3a\x00")  # an empty graph more: the same model with another hash
    assert [choice.name for choice in Library(load_model(other), None).choices()].count(NAME) == 2


@pytest.mark.parametrize("choice", ["nope", "/etc/passwd", "../emotone-small", ""])
def test_a_choice_is_never_a_path(model: Recognizer, choice: str):
    with pytest.raises(EmotoneError, match="no such model"):
        Library(model, None).recognizer(choice)
