"""Shared by all tests: the bundled model, loaded once, and the clips of the package."""

from pathlib import Path

import pytest

import emotone
from emotone.examples import examples


@pytest.fixture(scope="session")
def model() -> emotone.Recognizer:
    return emotone.load_model()


@pytest.fixture(scope="session")
def clips() -> list[Path]:
    """Three real recordings: 3 s and 4 s of one emotion, 11 s of four."""
    return [example.path for example in examples()]


@pytest.fixture(scope="session")
def four_moods(clips: list[Path]) -> Path:
    return clips[-1]
