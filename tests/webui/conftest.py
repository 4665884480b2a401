"""One page and one browser for all tests here."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from emotone import Recognizer
from emotone.cli.launching import launch
from emotone.server import Served

HOW = "needs a browser: apt-get install chromium, and pip install playwright"


@dataclass
class Witness:
    """What a browser window did: errors in its console, and requests to other hosts."""

    errors: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)


@pytest.fixture(scope="session")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("outputs")


@pytest.fixture(scope="session")
def served(model: Recognizer, outputs: Path) -> Iterator[Served]:
    with launch(model, outputs, port=0) as page:
        yield page


@pytest.fixture(scope="session")
def chromium():
    """The browser; without one the test is skipped, but never in CI."""
    try:
        import browser

        missing = browser.find_chromium() is None
    except ModuleNotFoundError:
        missing = True
    if missing and "CI" in os.environ:
        pytest.fail(HOW)
    if missing:
        pytest.skip(HOW)
    with browser.open_browser() as opened:
        yield opened


@pytest.fixture
def witness() -> Witness:
    return Witness()


@pytest.fixture
def window(chromium, served: Served, witness: Witness, request: pytest.FixtureRequest):
    """A fresh window on the page, English and wide or as parametrized; at the end there was no error and no request elsewhere."""
    with watched(chromium, served.url, witness, **getattr(request, "param", {})) as page:
        yield page


@contextmanager
def watched(browser, url: str, witness: Witness, **settings: object):
    """A fresh window on the page; at the end, it had no error and sent no request elsewhere."""
    from browser import visit

    settings = {"locale": "en", "viewport": {"width": 1280, "height": 900}} | settings
    context = browser.new_context(accept_downloads=True, permissions=["microphone"], **settings)
    page = context.new_page()
    page.on("console", lambda message: witness.errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: witness.errors.append(str(error)))
    page.on("request", lambda made: witness.foreign.append(made.url) if not _own(made.url, url) else None)
    visit(page, url)
    yield page
    context.close()
    assert witness.errors == []
    assert witness.foreign == []


def _own(url: str, home: str) -> bool:
    return url.startswith((home, "data:", "blob:"))
