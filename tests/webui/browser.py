"""A real browser for tests and pictures, and the few things that one does on the page."""

import io
import re
import shutil
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
]
PATIENCE = 30_000  # milliseconds that a result may take on a busy machine


def find_chromium() -> str | None:
    """Where the browser is, if there is one."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@contextmanager
def open_browser(*more: str) -> Iterator[Browser]:
    """A headless browser, with more arguments if wanted; fails when none is installed."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=[*ARGUMENTS, *more])
        yield browser
        browser.close()


@contextmanager
def another_browser(browser: Browser, add: Sequence[str] = (), leave_out: Sequence[str] = ()) -> Iterator[Browser]:
    """A second one beside a browser, with other arguments."""
    arguments = [argument for argument in ARGUMENTS if argument not in leave_out]
    opened = browser.browser_type.launch(executable_path=find_chromium(), args=[*arguments, *add])
    yield opened
    opened.close()


def hears(recording: Path) -> str:
    """The argument that makes the microphone hear a WAV file, from its beginning each time that it is opened."""
    return f"--use-file-for-fake-audio-capture={recording}%noloop"


def visit(page: Page, url: str) -> None:
    """Opens the page and waits until the server has greeted it in its language."""
    page.goto(url)
    chinese = page.evaluate("navigator.language").startswith("zh")
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN" if chinese else "en", timeout=PATIENCE)
    expect(page.locator("#em-language").get_by_label("中文" if chinese else "English")).to_be_checked(timeout=PATIENCE)
    expect(page.locator("#em-picker [data-state=idle]")).to_be_visible(timeout=PATIENCE)


def load_example(page: Page, index: int, expected: str = ".em-report") -> Locator:
    """Loads and analyses an example, and waits for the result."""
    return _run(page, page.locator(f".em-link[data-example='{index}']"), expected)


def recognize(page: Page, expected: str = ".em-report") -> Locator:
    """Presses the button and waits for what should appear."""
    return _run(page, page.locator("#em-recognize"), expected)


def _run(page: Page, button: Locator, expected: str) -> Locator:
    """Clicks, and waits until what was shown before has gone, `expected` is shown and the button is free again."""
    page.evaluate("document.querySelectorAll('#em-result [class^=em-]').forEach(part => part.dataset.before = '')")
    button.click()
    expect(page.locator("#em-result [data-before]")).to_have_count(0, timeout=PATIENCE)
    shown = page.locator(expected)
    expect(shown).to_be_visible(timeout=PATIENCE)
    expect(page.locator("#em-recognize")).to_be_enabled(timeout=PATIENCE)
    return shown


def set_granularity(page: Page, value: str) -> None:
    """Chooses `utterance` or `frame`."""
    page.locator(f"#em-granularity input[value='{value}']").check()


def set_number(page: Page, slider: str, value: str) -> None:
    """Types a value beside a slider, and waits until the slider has it."""
    number, handle = page.locator(f"{slider} input[type=number]"), page.locator(f"{slider} input[type=range]")
    for _ in range(10):  # a slider that has only just appeared may still be taking its first value
        number.fill(value)
        number.press("Tab")
        page.wait_for_timeout(300)
        if handle.input_value() == value:
            break
    expect(handle).to_have_value(value, timeout=PATIENCE)


def set_language(page: Page, name: str) -> None:
    """Switches to `中文` or `English`, and waits for it."""
    page.locator("#em-language").get_by_text(name).click()
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN" if name == "中文" else "en", timeout=PATIENCE)


def choose_files(page: Page, files: list) -> None:  # type: ignore[type-arg] # paths or playwright's FilePayload
    """Chooses files as a click on the drop area does, and waits until the server has them."""
    page.locator("#em-picker input[type=file]").set_input_files(files)
    expect(page.locator("#em-picker .em-chosen-list li")).to_have_count(len(files), timeout=PATIENCE)


def add_voice(page: Page, files: list) -> Locator:  # type: ignore[type-arg] # as in choose_files
    """Opens the comparison, gives recordings of a voice, and waits until they were listened to."""
    voice = page.locator("#em-voice")
    if not voice.is_visible():
        page.locator("#em-comparing > button").click()
    voice.locator("input[type=file]").set_input_files(files)
    expect(voice.locator("a[download]")).to_be_visible(timeout=PATIENCE)
    return voice


def load_head(page: Page, path: Path) -> None:
    """Loads a head from a file, and waits until it is in use."""
    before = page.locator("#em-heads option").count()
    page.locator("#em-heads input[type=file]").set_input_files(path)
    expect(page.locator("#em-heads option")).to_have_count(before + 1, timeout=PATIENCE)


def open_tab(page: Page, name: str | re.Pattern[str]) -> None:
    """Opens a tab by its label."""
    page.get_by_role("tab", name=name).click()


def add_material(page: Page, files: list, count: int) -> None:  # type: ignore[type-arg] # as in choose_files
    """Gives recordings to learn from, and waits until there are so many."""
    page.locator("#em-material input[type=file]").set_input_files(files)
    total = "() => [...document.querySelectorAll('.em-class .em-number')].reduce((sum, one) => sum + Number(one.textContent), 0)"
    page.wait_for_function(f"({total})() === {count}", timeout=PATIENCE)


def teach(page: Page, expected: str = ".em-taught") -> Locator:
    """Presses the button of the other tab and waits for what should appear."""
    page.locator("#em-teach").click()
    shown = page.locator(f"#em-lesson {expected}")
    expect(shown).to_be_visible(timeout=5 * PATIENCE)
    expect(page.locator("#em-teach")).to_be_enabled(timeout=PATIENCE)
    return shown


LIVE = re.compile("Live|实时")


def start_listening(page: Page) -> None:
    """Opens the Live tab and waits until it listens."""
    open_tab(page, LIVE)
    page.locator("#em-live [data-start]:visible").click()
    expect(page.locator("#em-live [data-state]")).to_have_attribute("data-state", "live", timeout=PATIENCE)


def stop_listening(page: Page) -> None:
    """Stops, and waits for the result."""
    page.locator("#em-live [data-stop]").click()
    expect(page.locator("#em-live [data-state]")).to_have_attribute("data-state", "done", timeout=PATIENCE)


def save_live(page: Page) -> Locator:
    """Saves what was heard; returns what is shown then."""
    page.locator("#em-live [data-save]").click()
    saved = page.locator("#em-live-saved .em-live-saved")
    expect(saved.locator("[data-open-saved]")).to_be_visible(timeout=PATIENCE)
    return saved


def zipped(folder: Path) -> bytes:
    """Everything in a folder, as a zip file."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for file in sorted(folder.rglob("*.*")):
            archive.write(file, file.relative_to(folder.parent))
    return data.getvalue()
