"""Pictures of the page: `python tests/webui/screenshots.py FOLDER` writes one PNG for each scene."""

import os
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page

sys.path.insert(0, str(Path(__file__).parent))
from browser import add_voice, choose_files, load_example, open_browser, recognize, set_granularity, visit

from emotone import load_model
from emotone.examples import examples
from emotone.webui import launch


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
    Scene("settings-zh", settings, "zh-CN"),
    Scene("settings-en-narrow-dark", settings, width=390, scheme="dark"),
    Scene("doubtful-zh", doubtful, "zh-CN"),
    Scene("table-en", table),
    Scene("table-zh-narrow", table, "zh-CN", 390),
    Scene("compared-en", compared),
    Scene("compared-zh-narrow-dark", compared, "zh-CN", 390, "dark"),
    Scene("compared-frame-zh", compared_frame, "zh-CN"),
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
        open_browser() as browser,
    ):
        os.environ["EMOTONE_MODELS"] = models  # the pictures do not show what this user has
        for scene in SCENES:
            if not wanted or scene.name in wanted:
                print(take(browser, served.url, scene, folder))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
