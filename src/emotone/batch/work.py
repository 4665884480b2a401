"""The work itself: a class that loads the model once and turns items into rows, wherever it runs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ..models import DEFAULT_MODEL
from ..rows import Row
from ..text import Text
from ..writers import Granularity
from .inputs import Item


@dataclass(frozen=True, slots=True)
class WorkOptions:
    """What is asked of each recording.

    Attributes:
        granularity: `utterance`: one row for each recording; `frame`: one for each segment.
        embedding: Whether rows have an embedding.
        head: File of a trained head that answers in place of the model's own.
        channel: The channel to listen to, counted from 0; `None` takes the mean of all.
    """

    granularity: Granularity = "utterance"
    embedding: bool = False
    head: str | None = None
    channel: int | None = None


@dataclass(frozen=True, slots=True)
class Heard:
    """An item that was analysed.

    Attributes:
        item: What was asked for.
        rows: At least one.
    """

    item: Item
    rows: tuple[Row, ...]

    @property
    def sha256(self) -> str:
        """Of the encoded bytes, in hex."""
        return self.rows[0].sha256


@dataclass(frozen=True, slots=True)
class Failed:
    """An item that could not be analysed.

    Attributes:
        item: What was asked for.
        code: The name of the error's class, such as `UnsupportedAudioError`.
        text: What was wrong and what to do.
        when: It was found.
    """

    item: Item
    code: str
    text: Text
    when: datetime


@dataclass(frozen=True, slots=True)
class Results:
    """What became of some items."""

    heard: tuple[Heard, ...]
    failed: tuple[Failed, ...]


class Worker:
    """Analyses items; a bad one is a failure and never stops the others. Safe to share between threads.

    Args:
        model: As in `load_model`. Every call runs on one thread.
        options: What is asked of each recording.

    Raises:
        ModelError: When the model or the head cannot be loaded.
    """

    def __init__(self, model: str = DEFAULT_MODEL, options: WorkOptions | None = None) -> None:
        self.options = options or WorkOptions()
        raise NotImplementedError

    def __call__(self, items: Sequence[Item]) -> Results:
        """The results of items, in their order. Items with the same bytes are analysed once."""
        raise NotImplementedError
