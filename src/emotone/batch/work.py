"""The work itself: a class that loads the model once and turns items into rows, wherever it runs."""

import io
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from typing import Any, BinaryIO, Literal

from ..audio import SPOOL_BYTES, open_recording
from ..errors import EmotoneError, OptionError
from ..heads import Head, load_head
from ..models import DEFAULT_MODEL
from ..recognizer import load_model
from ..recording import Recording
from ..rows import Row, rows_of
from ..text import Text
from ..writers import Granularity
from .index import Done
from .inputs import Item
from .places import LocalFile, RemoteFile

_INTERNAL = "InternalError"
_REQUEST_BYTES = 8 * 2**20  # of a file in an object store: each reading is a request, and has its price
_READERS = 4  # object stores answer after 0.1 s, and a clip of a few seconds is analysed in less


@dataclass(frozen=True, slots=True)
class WorkOptions:
    """What is asked of each recording.

    Attributes:
        granularity: `utterance`: one row for each recording; `frame`: one for each segment.
        embedding: Whether rows have an embedding.
        head: File of a trained head that answers in place of the model's own.
        channel: The channel to listen to, counted from 0; `None` takes the mean of all.
        baseline: `auto`: each recording is compared with itself, for `frame` only. Whole recordings are compared with others
            of their voice when all are there: `export_run`.

    Raises:
        OptionError: When whole recordings are to be compared with themselves: nothing would be left.
    """

    granularity: Granularity = "utterance"
    embedding: bool = False
    head: str | None = None
    channel: int | None = None
    baseline: Literal["auto"] | None = None

    def __post_init__(self) -> None:
        if self.baseline and self.granularity == "utterance":
            raise OptionError(
                "A whole recording is not compared with itself: nothing would be left. Wanted the granularity frame; or leave "
                "the baseline out, and compare with others of the voice afterwards: emotone batch export … --baseline auto",
                "整个录音不与自身比较：否则差异为零。请使用 frame 粒度；或不设基线，完成后再与同一说话人的其他录音比较："
                "emotone batch export … --baseline auto",
            )


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

    @property
    def done(self) -> Done:
        """What an index keeps of it."""
        return Done(self.item.name, self.sha256, self.item.stamp, len(self.rows), self.rows[0].duration)

    def of(self, item: Item) -> "Heard":
        """The same for an item with the same bytes."""
        rows = tuple(replace(row, file=item.name, metadata=item.metadata) for row in self.rows)
        return Heard(item, rows)


@dataclass(frozen=True, slots=True)
class Failed:
    """An item that could not be analysed.

    Attributes:
        item: What was asked for.
        code: The name of the error's class, such as `UnsupportedAudioError`.
        text: What was wrong and what to do.
        when: It was found, in UTC.
        sha256: Of the encoded bytes, in hex; `None` when they could not be read.
    """

    item: Item
    code: str
    text: Text
    when: datetime
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Read:
    """An item whose bytes are at hand.

    Attributes:
        item: What was asked for.
        recording: Ready to be decoded.
        sha256: Of the encoded bytes, in hex.
    """

    item: Item
    recording: Recording = field(repr=False)
    sha256: str


@dataclass(frozen=True, slots=True)
class Results:
    """What became of some items.

    Attributes:
        heard: Those that were analysed.
        failed: Those that could not be.
        copies: Those that were left to somebody else, who analyses the same bytes; with their sha256.
    """

    heard: tuple[Heard, ...]
    failed: tuple[Failed, ...]
    copies: tuple[tuple[Item, str], ...] = ()


class Worker:
    """Analyses items; a bad one is a failure and never stops the others. Safe to share between threads.

    Args:
        model: As in `load_model`. Every call runs on one thread.
        options: What is asked of each recording.

    Attributes:
        model: As it was given.
        info: The model; its labels are those of the head that answers.
        head: The head that answers.
        options: What is asked of each recording.

    Raises:
        ModelError: When the model or the head cannot be loaded.
    """

    def __init__(self, model: str = DEFAULT_MODEL, options: WorkOptions | None = None) -> None:
        self.model, self.options = model, options or WorkOptions()
        loaded = load_model(model, threads=1)
        head: Head | None = None if self.options.head is None else load_head(self.options.head)
        self._recognizer = loaded if head is None else loaded.with_head(head)
        self.info, self.head = self._recognizer.info, self._recognizer.head

    def __call__(self, items: Sequence[Item], owns: Callable[[str, str], bool] | None = None) -> Results:
        """The results of items, in their order. Items with the same bytes are analysed once.

        Args:
            items: What to analyse.
            owns: Whether bytes of this sha256 are to be analysed as the item of this name; `None`: whatever comes is.
        """
        heard: list[Heard] = []
        failed: list[Failed] = []
        copies: list[tuple[Item, str]] = []
        known: dict[str, Heard] = {}
        for read in self._read_ahead(items):
            if isinstance(read, Failed):
                failed.append(read)
                continue
            if owns is not None and not owns(read.sha256, read.item.name):
                copies.append((read.item, read.sha256))
                continue
            result = known[read.sha256].of(read.item) if read.sha256 in known else self.hear(read)
            if isinstance(result, Failed):
                failed.append(result)
            else:
                known[read.sha256] = result
                heard.append(result)
        return Results(tuple(heard), tuple(failed), tuple(copies))

    def _read_ahead(self, items: Sequence[Item]) -> Iterator[Read | Failed]:
        """Items as they are read, some of them while one is analysed."""
        waiting: deque[Future[Read | Failed]] = deque()
        with ThreadPoolExecutor(_READERS, "read") as readers:
            for item in items:
                waiting.append(readers.submit(self.read, item))
                if len(waiting) > _READERS:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()

    def read(self, item: Item) -> Read | Failed:
        """Gets the bytes of an item and their sha256. Nothing is decoded yet."""
        try:
            recording = self._open(item)
            return Read(item, recording, recording.source.sha256)
        except Exception as error:  # one item must never stop a million others
            return _failed(item, error)

    def hear(self, read: Read) -> Heard | Failed:
        """Decodes and analyses an item whose bytes are at hand."""
        try:
            heard = self._recognizer.listen(read.recording)
            baseline = heard.baseline() if self.options.baseline and heard.regions else None
            result = heard.predict() if self.options.granularity == "utterance" else heard.timeline(baseline=baseline)
            item = read.item
            return Heard(item, rows_of(item.name, heard, result, item.metadata, embedding=self.options.embedding))
        except Exception as error:  # as above
            return replace(_failed(read.item, error), sha256=read.sha256)

    def _open(self, item: Item) -> Recording:
        channel = self.options.channel
        if isinstance(item.place, LocalFile) and item.size > SPOOL_BYTES:  # it is read where it lies
            return open_recording(item.place.path, channel=channel)
        with item.place.open() as stream:
            if isinstance(item.place, RemoteFile):
                stream = io.BufferedReader(stream, _REQUEST_BYTES)  # type: ignore[type-var]
            return open_recording(_Named(stream, item.name), channel=channel)  # type: ignore[arg-type]


class _Named:
    """A stream with a name for messages; those of pyarrow have none."""

    def __init__(self, stream: BinaryIO, name: str) -> None:
        self._stream = stream
        self.name = name

    def read(self, size: int = -1) -> Any:
        return self._stream.read(size) if size >= 0 else self._stream.read()


def _failed(item: Item, error: Exception) -> Failed:
    when = datetime.now(timezone.utc)
    if isinstance(error, EmotoneError):
        return Failed(item, type(error).__name__, error.text, when)
    text = Text(
        f"Internal error ({error!r}): this should not happen. Please report it.",
        f"内部错误（{error!r}）：这不应发生，请向我们反馈。",
    )
    return Failed(item, _INTERNAL, text, when)
