"""A real server on loopback, without the page."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import httpx
import pytest

from emotone import Recognizer
from emotone.cli.launching import launch
from emotone.server import Served, ServerOptions

Start = Callable[..., Served]


@pytest.fixture
def http(api: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=api.url, timeout=60) as client:
        yield client


@pytest.fixture
def start(model: Recognizer) -> Iterator[Start]:
    """Starts a server of its own for a test, with the given options."""
    with ExitStack() as held:

        def starting(recognizer: Recognizer = model, **options: float) -> Served:
            return held.enter_context(launch(recognizer, None, port=0, page=False, options=ServerOptions(**options)))

        yield starting
