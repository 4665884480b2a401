"""One page and one browser for all tests here."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from witness import Witness, watched

from emotone import Recognizer
from emotone.cli.launching import launch
from emotone.server import Served

HOW = "needs a browser: apt-get install chromium, and pip install playwright"


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
