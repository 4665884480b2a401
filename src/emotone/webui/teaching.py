"""Training for a visitor: how far it is, and what it gives."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from threading import Thread

from ..cache import EmbeddingCache
from ..embeddings import embed_clips
from ..errors import INTERNAL, EmotoneError
from ..evaluation import PAGE_NAME, Report, report_page
from ..heads import HEAD_NAME
from ..manifest import Clip
from ..outputs import save_text
from ..recognizer import Recognizer
from ..text import Language, Text
from ..training import TrainedHead, train_head
from ..writers import to_json
from . import texts
from .analysis import Problem
from .shelf import Download, Shelf

_LOOK = 0.25  # seconds between looks at how far it is
_log = logging.getLogger("emotone.webui")


class CancelledError(Exception):
    """Somebody pressed Cancel."""


@dataclass(slots=True)
class Job:
    """A training that runs.

    Attributes:
        step: What is being done.
        done: How much of it, 0…1.
        cancelled: It was asked to end, and will at its next step.
    """

    step: Text = texts.WAITING
    done: float = 0.0
    cancelled: bool = False

    def tell(self, step: Text, done: float) -> None:
        """Notes how far it is. Raises `CancelledError` when it is to end."""
        if self.cancelled:
            raise CancelledError
        self.step, self.done = step, done


@dataclass(frozen=True, slots=True)
class Taught:
    """A head that was learned.

    Attributes:
        trained: The head, and what to expect of it.
        downloads: The head as a file, and its report.
    """

    trained: TrainedHead = field(repr=False)
    downloads: tuple[Download, ...]


@dataclass(frozen=True, slots=True)
class Lesson:
    """What is to be learned.

    Attributes:
        name: What to call the head.
        clips: Labelled recordings.
        folder: The visitor's own, where embeddings are kept.
        language: Of the report.
    """

    name: str
    clips: Sequence[Clip]
    folder: Path
    language: Language


def teach(recognizer: Recognizer, lesson: Lesson, shelf: Shelf, job: Job) -> Iterator[Taught | Problem | None]:
    """A sign several times a second, as long as it runs; then the head, a problem, or nothing when it was cancelled."""
    outcome: list[Taught | Problem | None] = []

    def run() -> None:
        try:
            outcome.append(_learn(recognizer, lesson, shelf, job))
        except CancelledError:
            outcome.append(None)
        except EmotoneError as error:
            outcome.append(Problem("", error.text))
        except Exception:
            _log.exception("Cannot train %r", lesson.name)
            outcome.append(Problem("", INTERNAL))

    thread = Thread(target=run, name="teach", daemon=True)
    thread.start()
    try:
        while thread.is_alive():
            yield None
            thread.join(_LOOK)
    finally:  # also when the visitor has gone
        job.cancelled = True
    yield outcome[0]


def _learn(recognizer: Recognizer, lesson: Lesson, shelf: Shelf, job: Job) -> Taught:
    heard = 0

    def listened() -> None:
        nonlocal heard
        heard += 1
        count = len(lesson.clips)
        job.tell(texts.TEACH_LISTENING.filled(done=heard, count=count), heard / count)

    job.tell(texts.TEACH_LISTENING_BEGINS, 0.0)
    cache = EmbeddingCache(recognizer.info, lesson.folder / "cache")
    embedded = embed_clips(recognizer, lesson.clips, cache=cache, reading=shelf.reading, on_done=listened)
    job.tell(texts.TEACH_LEARNING, 0.0)
    when = datetime.now()
    trained = train_head(
        embedded, lesson.name, lesson.name, when=when, on_progress=lambda share: job.tell(texts.TEACH_LEARNING, share)
    )
    report = Report(lesson.name, trained.evaluation, HEAD_NAME, when, remarks=(trained.method, *trained.reasons))
    head = shelf.make(HEAD_NAME, lambda path: save_text(to_json(trained.head.to_json()), path))
    page = shelf.make(PAGE_NAME, lambda path: save_text(report_page(report, lesson.language), path))
    return Taught(trained, (head, page))
