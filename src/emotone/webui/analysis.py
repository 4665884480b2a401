"""From a chosen recording to what the page shows: one step after the other, each with its duration."""

import logging
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from ..doubts import in_order
from ..errors import INTERNAL, EmotoneError
from ..heads import Head
from ..interview import OWN_HEAD, Interview
from ..outputs import OutputFolder, save_result
from ..recognizer import Recognizer
from ..recording import Recording
from ..text import Text
from ..turns import read_turns
from ..types import (
    SAMPLE_RATE,
    Baseline,
    Contribution,
    Conversation,
    Prediction,
    Progress,
    Reason,
    Signal,
    Timeline,
    TimelineOptions,
    utterance_of,
)
from ..writers import Record
from . import texts
from .decoded import Decoded, Peaks, decoded
from .heard import Heard, Result, hear_channels, hear_turns, hear_whole
from .shelf import Download, Shelf
from .watched import watched

_BLOCK = 10 * SAMPLE_RATE  # samples that are written at once
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
        split: Each channel of a recording is a speaker. One with a single channel is taken as it is.
        turns: A file that says who speaks when.
    """

    granularity: str = "utterance"
    embedding: bool = False
    timeline: TimelineOptions = field(default_factory=TimelineOptions)
    baseline: Baseline | None = None
    own: bool = False
    head: Head | None = None
    abstain: bool = False
    split: bool = False
    turns: Chosen | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One step, its duration in seconds (`None` while it runs), and how much of it is done, 0…1, when that is known."""

    name: Text
    seconds: float | None
    share: float | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """A recording's result and what belongs to it.

    Attributes:
        name: Of the recording.
        result: What was found.
        outlines: Of the recording, or of each channel when each is a speaker.
        folder: Where the result was saved: the folder's name; empty when nothing is kept.
        downloads: The files in it.
        steps: What was done, and how long it took.
        own: It was compared with itself.
        emotions: What the model itself says, when the result is that of another head.
        path: Where the recording lies.
        coverage: How often the true label is in the label set, 0…1, when there is one.
        decided: For each voice, what its stretches contribute to what is said about it as a whole.
        record: The content of `result.json`.
        replicas: Which replicas of the model listened, when they did.
    """

    name: str
    result: Result
    outlines: tuple[Peaks, ...] = field(repr=False)
    folder: str
    downloads: tuple[Download, ...]
    steps: tuple[Step, ...]
    own: bool = False
    emotions: Result | None = None
    path: Path = Path()
    coverage: float | None = None
    decided: tuple[tuple[Contribution, ...], ...] = field(default=(), repr=False)
    record: Record = field(default_factory=dict, repr=False)
    replicas: tuple[str, ...] = ()

    @property
    def duration(self) -> float:
        """Of the recording, in seconds."""
        return self.result.duration if isinstance(self.result, Conversation) else utterance_of(self.result).duration

    @property
    def voices(self) -> tuple[tuple[str, Prediction], ...]:
        """Each speaker, and what is said about all that the speaker says. One without a name is the whole recording."""
        return self._voices(self.result)

    @property
    def utterance(self) -> Prediction:
        """What is said about the whole recording; of several speakers, about the first."""
        return self.voices[0][1]

    @property
    def emotion(self) -> Prediction | None:
        """What the model itself says about it, beside the labels of another head."""
        return None if self.emotions is None else self._voices(self.emotions)[0][1]

    @property
    def doubts(self) -> tuple[tuple[str, Reason], ...]:
        """Why to doubt it: whose result, which is empty where it is everybody's, and the reason."""
        general: tuple[Reason, ...] = self.result.doubts if isinstance(self.result, Conversation) else ()
        own = ((speaker, reason) for speaker, said in self.voices for reason in said.doubts)
        return (*(("", reason) for reason in general), *own)

    def _voices(self, result: Result) -> tuple[tuple[str, Prediction], ...]:
        if isinstance(result, Conversation):
            return tuple((track.speaker, self._whole(track.timeline)) for track in result.tracks)
        return (("", self._whole(result)),)

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
        with ExitStack() as kept:
            sounds = [kept.enter_context(decoded(part)) for part in _parts(recording, settings)]
            duration = sounds[0].audio.duration
            yield clock.begin(texts.ANALYSE)
            hear = _hearing(_interview(recognizer, settings), sounds, settings, shelf)
            heard = yield from watched(hear, lambda seconds: clock.at(seconds / duration))
            answer = heard.answer
            embedding = heard.embedding if settings.embedding else None
            yield clock.begin(texts.WRITE)
            folder = save_result(
                answer.result,
                _mixed(sounds),
                outputs or shelf.folder(),
                embedding=embedding,
                when=answer.when,
                said=answer.record,
            )
        downloads = _downloads(folder, embedding, shelf)
        if outputs is None:
            shutil.rmtree(folder.path.parent, ignore_errors=True)  # the downloads are links to its files, or copies
        calibration = (settings.head or recognizer.head).calibration
        yield Report(
            chosen.name,
            answer.result,
            heard.outlines,
            folder.path.name if outputs else "",
            downloads,
            clock.finish(),
            settings.own,
            answer.others.get(OWN_HEAD),
            chosen.path,
            None if calibration is None else calibration.coverage,
            heard.decided,
            answer.record,
            heard.replicas,
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

    def at(self, share: float) -> tuple[Step, ...]:
        """The steps so far, when so much of the last one is done."""
        return (*self._done, *([] if self._name is None else [Step(self._name, None, min(share, 1.0))]))

    def finish(self) -> tuple[Step, ...]:
        if self._name is not None:
            self._done = (*self._done, Step(self._name, perf_counter() - self._start))
            self._name = None
        return self._done


def _interview(recognizer: Recognizer, settings: Settings) -> Interview:
    heads = {OWN_HEAD: recognizer.head}
    if settings.head is not None:
        name = settings.head.name
        heads = {f"{name}_2" if name == OWN_HEAD else name: settings.head, **heads}
    options = settings.timeline if settings.granularity == "frame" else None
    return Interview(recognizer, heads, options, abstain=settings.abstain)


def _parts(recording: Recording, settings: Settings) -> list[Recording]:
    """Each channel of a recording, when they are to be told apart and there are several; else the recording."""
    count = recording.format.channels if settings.granularity == "frame" and settings.split else 1
    return [recording.of_channel(channel) for channel in range(count)] if count > 1 else [recording]


def _mixed(sounds: Sequence[Decoded]) -> Iterator[Signal]:
    """The mean of all channels, in blocks."""
    size = min(sound.audio.samples.size for sound in sounds)
    for start in range(0, size, _BLOCK):
        parts = [sound.audio.samples[start : min(start + _BLOCK, size)] for sound in sounds]
        yield np.mean(parts, axis=0, dtype=np.float32)


def _hearing(
    interview: Interview, sounds: Sequence[Decoded], settings: Settings, shelf: Shelf
) -> Callable[[Progress], Heard]:
    """What listens, and says how far it is."""
    own, frames = settings.own, settings.granularity == "frame"
    if len(sounds) > 1:
        return lambda progress: hear_channels(interview, sounds, own=own, progress=progress)
    (once,) = sounds
    if frames and settings.turns is not None:
        if not shelf.holds(settings.turns.path):
            raise EmotoneError(texts.FOREIGN_FILE.en, texts.FOREIGN_FILE.zh)
        turns = read_turns(settings.turns.path, recording=once.audio.source.name)
        return lambda progress: hear_turns(interview, once, turns, own=own, progress=progress)
    keep = frames and settings.embedding
    return lambda progress: hear_whole(interview, once, settings.baseline, own=own, keep_frames=keep, progress=progress)


def _downloads(folder: OutputFolder, embedding: NDArray[np.float32] | None, shelf: Shelf) -> tuple[Download, ...]:
    notes = {} if embedding is None else {"embedding.npy": " × ".join(map(str, embedding.shape))}
    return tuple(shelf.offer(path, notes.get(path.name, "")) for path in folder.files)
