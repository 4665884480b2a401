"""What one visitor teaches from: recordings with labels, in a folder of the visitor's own."""

import os
import re
import shutil
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, TypeAlias

from ..errors import EmotoneError, OptionError
from ..labels import LABELS, Label, label_of
from ..manifest import AUDIO_ENDINGS, Clip
from ..text import Text
from . import texts
from .analysis import Chosen, Problem, Report
from .archives import MOST_CLIPS, Unpacked, unpack
from .shelf import Shelf
from .teaching import Job, Taught

MOST_CLASSES = 50
LONGEST_LABEL = 255  # as long as the name of a folder, so that two of them stay two
_HARMFUL = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f-\x9f\ud800-\udfff]')  # in a file name, on some system
_LONGEST_NAME = 60  # of a file: a character may take four bytes, and 255 is what most systems allow
_NAMES_SHOWN = 5
TO_LABEL: Label = ""
"""In place of a label: recordings that have none yet."""

Speakers: TypeAlias = Literal["unknown", "folder", "name"]
"""How speakers are told apart: not at all, by the folder in a class's folder, or by the beginning of the file name."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A recording to learn from.

    Attributes:
        name: Its true name.
        file: Where it lies.
        label: `TO_LABEL` when it has none.
        folder: The folder in its class's folder, if there was one.
        origin: The recording on the other tab that it is, if it came from there.
    """

    name: str
    file: Path
    label: Label = TO_LABEL
    folder: str = ""
    origin: Path | None = None


class Workshop:
    """The recordings, classes and lessons of one visitor. Nothing is shared, so nothing is locked: each change is one step.

    Attributes:
        samples: By a number that stays theirs.
        classes: In the order in which they came; also those without recordings.
        view: The class whose recordings are shown.
        speakers: How speakers are told apart.
        problems: What was left out when recordings came last, and why.
        job: The training that runs.
        taught: What the last one gave that succeeded.
        failed: Why the last one gave nothing, or that it was cancelled.
    """

    def __init__(self) -> None:
        self.samples: dict[int, Sample] = {}
        self.classes: list[Label] = []
        self.view: Label = TO_LABEL
        self.speakers: Speakers = "unknown"
        self.problems: tuple[Problem, ...] = ()
        self.job: Job | None = None
        self.taught: Taught | None = None
        self.failed: Text | None = None
        self.folder: Path | None = None
        self._next = self._placed = 0
        self._around: set[str] = set()  # folders around classes

    def add(self, files: Sequence[Chosen], shelf: Shelf) -> None:
        """Takes recordings, and archives of them. A folder in a name is the class."""
        problems: list[Problem] = []
        loose: list[Unpacked] = []
        for file in files:
            path = tuple(part for part in re.split(r"[/\\]", file.name) if part not in ("", ".", ".."))
            try:
                if not shelf.holds(file.path) or not path:
                    raise EmotoneError(texts.FOREIGN_FILE.en, texts.FOREIGN_FILE.zh)
                if file.path.suffix.lower() == ".zip":
                    said = self._take(list(unpack(file.path, lambda name: self._place(name, shelf))))
                    problems += [Problem(path[-1], text) for text in said]
                elif file.path.suffix.lower() in AUDIO_ENDINGS:
                    place = self._place(path[-1], shelf)
                    _link(file.path, place)
                    loose.append(Unpacked(path, place))
                else:
                    raise OptionError(texts.NO_RECORDING.en, texts.NO_RECORDING.zh)
            except EmotoneError as error:
                problems.append(Problem(path[-1] if path else file.name, error.text))
                self._sweep(loose)
        problems += [Problem("", text) for text in self._take(loose)]
        self.problems = tuple(problems)

    def learn_from(self, report: Report, label: Label, shelf: Shelf) -> bool:
        """Takes the recording of a result, with the label that is right. Whether there was room for it."""
        label = _tidy(label)
        known = next((number for number, sample in self.samples.items() if sample.origin == report.path), None)
        room = known is not None or len(self.samples) < MOST_CLIPS
        if not shelf.holds(report.path) or not room or not self.make_class(label):
            return False
        if known is not None:
            self.label(known, label)
        else:
            place = self._place(report.name, shelf)
            _link(report.path, place)
            self._next += 1
            self.samples[self._next] = Sample(report.name, place, label, origin=report.path)
        self.view = label
        return True

    def label(self, number: int, label: Label) -> None:
        """Gives a recording a label; the class is made when it is new."""
        label = _tidy(label)
        if number in self.samples and (label == TO_LABEL or self.make_class(label)):
            self.samples[number] = replace(self.samples[number], label=label)

    def make_class(self, label: Label) -> bool:
        """Makes a class, unless there are too many. Whether it is there now."""
        label = _tidy(label)
        if label and label not in self.classes and len(self.classes) < MOST_CLASSES:
            self.classes.append(label)
        return label in self.classes

    def remove(self, number: int) -> None:
        """Forgets a recording, and removes its file."""
        sample = self.samples.pop(number, None)
        if sample is not None:
            _forget(sample.file)

    def remove_class(self, label: Label) -> None:
        """Forgets a class, whose recordings are then to be labelled; or those recordings, for `TO_LABEL`."""
        for number in [number for number, sample in self.samples.items() if sample.label == label]:
            if label == TO_LABEL:
                self.remove(number)
            else:
                self.label(number, TO_LABEL)
        if label in self.classes:
            self.classes.remove(label)
        self.view = TO_LABEL

    def counts(self) -> Counter[Label]:
        """Class → recordings."""
        return Counter(sample.label for sample in self.samples.values())

    def shown(self) -> list[tuple[int, Sample]]:
        """The recordings of the class that is looked at."""
        return [(number, sample) for number, sample in self.samples.items() if sample.label == self.view]

    def clips(self) -> list[Clip]:
        """What there is to learn from."""
        labelled = [sample for sample in self.samples.values() if sample.label != TO_LABEL]
        known = set(self.found_speakers(self.speakers))
        return [
            Clip(
                sample.file,
                sample.label,
                {"speaker": name} if (name := speaker_of(sample, self.speakers)) in known else {},
            )
            for sample in labelled
        ]

    def found_speakers(self, speakers: Speakers) -> list[str]:
        """Their names, told apart in this way. Beginnings of file names that are all different are no speakers."""
        names = Counter(speaker_of(sample, speakers) for sample in self.samples.values())
        del names[""]
        return [] if speakers == "name" and max(names.values(), default=0) < 2 else sorted(names)

    def close(self) -> None:
        """Ends the training and removes the recordings."""
        if self.job is not None:
            self.job.cancelled = True
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _take(self, found: Sequence[Unpacked]) -> list[Text]:
        """Takes recordings; what there is to say of those that were left out, and of classes that may be none."""
        around, paths = _without_common([item.path for item in found])
        joined = sorted({_tidy(path[0]) for path in paths if len(path) > 1} & set(self.classes))
        left, classless = 0, set[Label]()
        for path, item in zip(paths, found, strict=True):
            label = _tidy(path[0]) if len(path) > 1 else TO_LABEL
            if len(self.samples) >= MOST_CLIPS:
                left += 1
            elif label and not self.make_class(label):
                classless.add(label)
            else:
                self._next += 1
                self.samples[self._next] = Sample(path[-1], item.file, label, "/".join(path[1:-1]))
                continue
            _forget(item.file)
        self._settle()
        said = []
        if joined and around and self._around - {around}:
            said.append(texts.CLASSES_WITHIN.filled(folder=around, names=_some(joined)))
        if left:
            said.append(texts.TOO_MANY_CLIPS.filled(most=MOST_CLIPS))
        if classless:
            said.append(texts.TOO_MANY_CLASSES.filled(most=MOST_CLASSES, names=_some(sorted(classless))))
        self._around |= {around} if around else set()
        return said

    def _settle(self) -> None:
        """Chooses how speakers are told apart, and what is shown, after recordings came."""
        if self.samples and self.speakers == "unknown" and all(one.folder for one in self.samples.values()):
            self.speakers = "folder"
        if self.view == TO_LABEL and not self.counts()[TO_LABEL] and self.classes:
            self.view = self.classes[0]
        elif any(sample.label == TO_LABEL for sample in self.samples.values()):
            self.view = TO_LABEL

    def _sweep(self, loose: Sequence[Unpacked]) -> None:
        """Removes what came out of an archive before it proved to be bad."""
        kept = {sample.file for sample in self.samples.values()} | {item.file for item in loose}
        for file in list(self.folder.glob("[0-9]*/*")) if self.folder else ():
            if file not in kept:
                _forget(file)

    def _place(self, name: str, shelf: Shelf) -> Path:
        """A free place in the visitor's folder: a folder of its own, so the file keeps its name as far as it is harmless."""
        if self.folder is None or not self.folder.exists():
            self.folder = shelf.folder()
        self._placed += 1
        place = self.folder / f"{self._placed:05d}"
        place.mkdir()
        stem, ending = os.path.splitext(_HARMFUL.sub("_", name))
        return place / f"{stem[-_LONGEST_NAME:].strip(' .') or '_'}{ending[:_LONGEST_NAME].strip()}"


def speaker_of(sample: Sample, speakers: Speakers) -> str:
    """The speaker's name, told apart in this way; empty when it is not known."""
    if speakers == "folder":
        return sample.folder
    return re.split(r"[_\-\s.]", sample.name, maxsplit=1)[0] if speakers == "name" else ""


def _without_common(paths: Sequence[tuple[str, ...]]) -> tuple[str, list[tuple[str, ...]]]:
    """The innermost folder around all classes, and the paths without what is around them.

    A folder that is called after an emotion is a class, unless those in it are called so too; any other is none.
    """
    around, rest = "", list(paths)
    while rest and all(len(path) > 2 for path in rest) and len({path[0] for path in rest}) == 1:
        if label_of(rest[0][0], LABELS) and not all(label_of(path[1], LABELS) for path in rest):
            break
        around, rest = rest[0][0], [path[1:] for path in rest]
    return around, rest


def _tidy(label: Label) -> Label:
    return " ".join(label.split())[:LONGEST_LABEL].strip()


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:_NAMES_SHOWN]) + (" …" if len(names) > _NAMES_SHOWN else "")


def _forget(file: Path) -> None:
    """Removes a recording and the folder of its own."""
    file.unlink(missing_ok=True)
    with suppress(OSError):
        file.parent.rmdir()


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # another file system, or one without links
        shutil.copyfile(source, target)
