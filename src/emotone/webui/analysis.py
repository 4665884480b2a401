"""From a chosen recording to what the page shows: one step after the other, each with its duration."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from ..audio import Recording, open_recording
from ..errors import EmotoneError
from ..outputs import OutputFolder, save_result
from ..recognizer import Recognizer
from ..text import Text
from ..types import SAMPLE_RATE, Prediction, Timeline, TimelineOptions, utterance_of
from . import texts
from .shelf import Download, Shelf

_PEAK_SAMPLES = SAMPLE_RATE // 50  # samples that one peak of the waveform stands for
_log = logging.getLogger("emotone.webui")

Peaks = NDArray[np.float32]
"""The loudest sample of each 20 ms, `(peaks,)`, in 0…1."""


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
    """What the left side of the page says."""

    granularity: str = "utterance"
    embedding: bool = False
    timeline: TimelineOptions = field(default_factory=TimelineOptions)


@dataclass(frozen=True, slots=True)
class Step:
    """One step and its duration in seconds; `None` while it runs."""

    name: Text
    seconds: float | None


@dataclass(frozen=True, slots=True)
class Report:
    """A recording's result and what belongs to it."""

    name: str
    result: Prediction | Timeline
    peaks: Peaks = field(repr=False)
    folder: str
    downloads: tuple[Download, ...]
    steps: tuple[Step, ...]

    @property
    def utterance(self) -> Prediction:
        """The result for the whole recording."""
        return utterance_of(self.result)


@dataclass(frozen=True, slots=True)
class Problem:
    """A recording without a result, and the sentence that says why. The name is empty when it is about no recording."""

    name: str
    text: Text


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the right side shows: everything from one click, and which of several results is open."""

    reports: tuple[Report | Problem, ...]
    opened: int | None = None


def analyse(
    recognizer: Recognizer, chosen: Chosen, settings: Settings, outputs: Path, shelf: Shelf
) -> Iterator[tuple[Step, ...] | Report | Problem]:
    """The steps so far, whenever one begins; then a report or a problem."""
    clock = _Clock()
    try:
        yield clock.begin(texts.DECODE)
        if not shelf.holds(chosen.path):
            raise EmotoneError(texts.FOREIGN_FILE.en, texts.FOREIGN_FILE.zh)
        recording = open_recording(chosen.path)
        recording.name = chosen.name
        peaks = _peaks(recording)
        yield clock.begin(texts.ANALYSE)
        result = _result(recognizer, recording, settings)
        embedding = utterance_of(result).embedding if settings.embedding else None
        if settings.embedding and isinstance(result, Timeline):
            yield clock.begin(texts.EMBED)
            embedding = recognizer.embed_frames(recording)
        yield clock.begin(texts.WRITE)
        folder = save_result(result, recording.blocks(), outputs, embedding=embedding)
        yield _report(chosen, result, peaks, folder, embedding, shelf, clock)
    except EmotoneError as error:
        yield Problem(chosen.name, error.text)
    except Exception:
        _log.exception("Cannot analyse %r", chosen.name)
        yield Problem(chosen.name, texts.INTERNAL)


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


def _result(recognizer: Recognizer, recording: Recording, settings: Settings) -> Prediction | Timeline:
    if settings.granularity == "frame":
        return recognizer.timeline(recording, settings.timeline)
    return recognizer.predict(recording)


def _peaks(recording: Recording) -> Peaks:
    loudest = []
    for block in recording.blocks():
        padded = np.pad(np.abs(block), (0, -block.size % _PEAK_SAMPLES))
        loudest.append(padded.reshape(-1, _PEAK_SAMPLES).max(axis=1))
    peaks: Peaks = np.minimum(np.concatenate(loudest), 1.0)
    return peaks


def _report(
    chosen: Chosen,
    result: Prediction | Timeline,
    peaks: Peaks,
    folder: OutputFolder,
    embedding: NDArray[np.float32] | None,
    shelf: Shelf,
    clock: _Clock,
) -> Report:
    notes = {} if embedding is None else {"embedding.npy": " × ".join(map(str, embedding.shape))}
    downloads = tuple(shelf.offer(path, notes.get(path.name, "")) for path in folder.files)
    return Report(chosen.name, result, peaks, folder.path.name, downloads, clock.finish())
