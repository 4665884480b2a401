"""A pytest plugin: the fixture `assert_emotion`, for tests of recordings.

Lies beside the package because pytest imports it in every run: nothing of Emotone is loaded before a test asks for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import pytest

if TYPE_CHECKING:
    from emotone import AudioSource, Baseline, Recognizer
    from emotone.expectations import Verdict


class AssertEmotion(Protocol):
    """What the fixture `assert_emotion` is."""

    def __call__(
        self,
        source: AudioSource,
        expected: str,
        *,
        minimum: float = 0.0,
        baseline: Baseline | None = None,
        sample_rate: int | None = None,
    ) -> Verdict:
        """Passes when a recording expresses an emotion without grave doubt; returns what was found.

        Args:
            source: A path, encoded bytes, a binary file object or an array, as in `Recognizer.listen`.
            expected: One of the labels of the head, such as `sad`.
            minimum: The lowest score of it that will do, 0…1; besides, no other label may have a higher one.
            baseline: The usual sound of the voice.
            sample_rate: Of an array, in Hz.

        Raises:
            AssertionError: When it expresses something else, or cannot be judged; the message has all scores.
            OptionError: When the head has no such label.
            AudioError: When the source cannot be decoded.
        """


@pytest.fixture(scope="session")
def emotone_model() -> Recognizer:
    """What `assert_emotion` listens with: the bundled model. Define a fixture of this name to use another one, or a head."""
    from emotone import load_model  # noqa: PLC0415 - heavy, and only for tests that need it

    return load_model()


@pytest.fixture(scope="session")
def assert_emotion(emotone_model: Recognizer) -> AssertEmotion:
    """Call it with a recording and the emotion that it should express: `assert_emotion("line.wav", "sad", minimum=0.6)`."""
    from emotone.audio import source_name  # noqa: PLC0415 - as above
    from emotone.expectations import expectation, judge  # noqa: PLC0415 - as above

    def check(
        source: AudioSource,
        expected: str,
        *,
        minimum: float = 0.0,
        baseline: Baseline | None = None,
        sample_rate: int | None = None,
    ) -> Verdict:
        __tracebackhide__ = True
        wanted = expectation(expected, emotone_model.head, minimum)
        verdict = judge(emotone_model.predict(source, baseline=baseline, sample_rate=sample_rate), wanted)
        if not verdict.passed:
            name = source_name(source)
            raise AssertionError(f"{name}: {verdict.text('en')}\n{verdict.details('en')}")
        return verdict

    return check
