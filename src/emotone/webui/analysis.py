"""From a chosen recording to what the page shows: one step after the other, each with its duration."""

import logging
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from ..audio import open_recording
from ..doubts import in_order, withheld
from ..errors import INTERNAL, AudioError, EmotoneError
from ..heads import Head
from ..listening import Listening
from ..outputs import OutputFolder, save_result
from ..recognizer import Recognizer
from ..text import Text
from ..types import Baseline, Prediction, Timeline, TimelineOptions, utterance_of
from ..writers import Record, record
from . import texts
from .decoded import Peaks, decoded
from .shelf import Download, Shelf

OWN_HEAD = "emotions"  # the model's own head, as the command line calls it
_log = logging.getLogger("emotone.webui")


@dataclass(frozen=True, slots=True)
class Chosen:
    """A recording that somebody wants to have analysed.

    Attributes:
        name: Its true name.
        path: Where it lies.
        note: Whose recording it is, when that must be said.
    """

    name: str
    path: Path
    note: str = ""


@dataclass(frozen=True, slots=True)
class Settings:
    """What the left side of the page says.

    Attributes:
        granularity: `utterance` or `frame`.
        embedding: Whether it is exported.
        timeline: How recordings are cut.
        baseline: The usual sound to compare with.
        own: Compare each recording with itself instead.
        head: Labels of the visitor's own; the model's own stand beside them.
        abstain: Give no label when there is a grave reason to doubt it.
    """

    granularity: str = "utterance"
    embedding: bool = False
    timeline: TimelineOptions = field(default_factory=TimelineOptions)
    baseline: Baseline | None = None
    own: bool = False
    head: Head | None = None
    abstain: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """One step and its duration in seconds; `None` while it runs."""

    name: Text
    seconds: float | None


@dataclass(frozen=True, slots=True)
class Report:
    """A recording's result and what belongs to it.

    Attributes:
        name: Of the recording.
        result: What was found.
        peaks: The outline of the recording.
        folder: Where the result was saved: the folder's name; empty when nothing is kept.
        downloads: The files in it.
        steps: What was done, and how long it took.
        own: It was compared with itself.
        emotions: What the model itself says, when the result is that of another head.
        path: Where the recording lies.
        coverage: How often the true label is in the label set, 0…1, when there is one.
    """

    name: str
    result: Prediction | Timeline
    peaks: Peaks = field(repr=False)
    folder: str
    downloads: tuple[Download, ...]
    steps: tuple[Step, ...]
    own: bool = False
    emotions: Prediction | Timeline | None = None
    path: Path = Path()
    coverage: float | None = None

    @property
    def utterance(self) -> Prediction:
        """What is said about the whole recording."""
        return self._whole(self.result)

    @property
    def emotion(self) -> Prediction | None:
        """What the model itself says about it, beside the labels of another head."""
        return None if self.emotions is None else self._whole(self.emotions)

    def _whole(self, result: Prediction | Timeline) -> Prediction:
        """Compared with itself, nothing could be said about the whole."""
        if self.own and isinstance(result, Timeline) and result.absolute is not None:
            plain = result.absolute.utterance
            others = (reason for reason in result.utterance.doubts if reason.code.startswith("baseline_"))
            return replace(plain, doubts=in_order((*plain.doubts, *others)))
        return utterance_of(result)


@dataclass(frozen=True, slots=True)
class Problem:
    """A recording without a result, and the sentence that says why. The name is empty when it is about no recording."""

    name: str
    text: Text


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the right side shows: everything from one click, and which of several results is open.

    Attributes:
        reports: One for each recording.
        opened: Which of several is shown.
        corrected: Place of a report → what its visitor says it is.
    """

    reports: tuple[Report | Problem, ...]
    opened: int | None = None
    corrected: Mapping[int, str] = field(default_factory=dict)


def analyse(
    recognizer: Recognizer, chosen: Chosen, settings: Settings, outputs: Path | None, shelf: Shelf
) -> Iterator[tuple[Step, ...] | Report | Problem]:
    """The steps so far, whenever one begins; then a report or a problem. Without `outputs`, results are on the shelf only."""
    clock = _Clock()
    try:
        yield clock.begin(texts.DECODE)
        recording = shelf.open(chosen.path)
        recording.name = chosen.name
        with decoded(recording) as once:
            yield clock.begin(texts.ANALYSE)
            frames = settings.embedding and settings.granularity == "frame"
            heads = (recognizer.head,) if settings.head is None else (settings.head, recognizer.head)
            heard = recognizer.listen(once.audio, heads=heads, keep_frames=frames)
            result, *others = (_result(heard, head, settings) for head in heads)
            embedding = (heard.frames if frames else heard.embedding) if settings.embedding else None
            yield clock.begin(texts.WRITE)
            folder = save_result(
                result,
                open_recording(once.audio).blocks(),
                outputs or shelf.folder(),
                embedding=embedding,
                said=None if settings.head is None else _record(result, others[0], settings.head),
            )
        downloads = _downloads(folder, embedding, shelf)
        if outputs is None:
            shutil.rmtree(folder.path.parent, ignore_errors=True)  # the downloads are links to its files, or copies
        yield Report(
            chosen.name,
            result,
            once.peaks,
            folder.path.name if outputs else "",
            downloads,
            clock.finish(),
            settings.own,
            others[0] if others else None,
            chosen.path,
            None if heads[0].calibration is None else heads[0].calibration.coverage,
        )
    except EmotoneError as error:
        yield Problem(chosen.name, error.text)
    except Exception:
        _log.exception("Cannot analyse %r", chosen.name)
        yield Problem(chosen.name, INTERNAL)


class _Clock:
    """Steps in order; the last one runs until the next begins."""

    def __init__(self) -> None:
        self._done: tuple[Step, ...] = ()
        self._name: Text | None = None
        self._start = perf_counter()

    def begin(self, name: Text) -> tuple[Step, ...]:
        self.finish()
        self._name, self._start = name, perf_counter()
        return (*self._done, Step(name, None))

    def finish(self) -> tuple[Step, ...]:
        if self._name is not None:
            self._done = (*self._done, Step(self._name, perf_counter() - self._start))
            self._name = None
        return self._done


def _result(heard: Listening, head: Head, settings: Settings) -> Prediction | Timeline:
    baseline = _own_baseline(heard) if settings.own else settings.baseline
    if settings.granularity == "frame":
        timeline = heard.timeline(settings.timeline, head=head, baseline=baseline)
        return withheld(timeline) if settings.abstain else timeline
    prediction = heard.predict(head=head, baseline=baseline)
    return withheld(prediction) if settings.abstain else prediction


def _record(result: Prediction | Timeline, emotions: Prediction | Timeline, head: Head) -> Record:
    """What both heads say, as `result.json` has it."""
    return record(result, datetime.now(), head=head.name, others={OWN_HEAD: emotions})


def _own_baseline(heard: Listening) -> Baseline | None:
    try:
        return heard.baseline()
    except AudioError:  # no speech: among the doubts already
        return None


def _downloads(folder: OutputFolder, embedding: NDArray[np.float32] | None, shelf: Shelf) -> tuple[Download, ...]:
    notes = {} if embedding is None else {"embedding.npy": " × ".join(map(str, embedding.shape))}
    return tuple(shelf.offer(path, notes.get(path.name, "")) for path in folder.files)
