"""The usual sound of a voice: what a visitor gave to compare with. Each recording is listened to once by each model."""

import logging
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from ..baseline import check_model, joined, load_baseline
from ..engine import usable_cores
from ..errors import INTERNAL, EmotoneError
from ..outputs import save_baseline
from ..recognizer import Recognizer
from ..text import Text
from ..types import Baseline, ModelInfo
from . import texts
from .analysis import Chosen, Problem
from .shelf import Download, Shelf

BASELINE_NAME = "baseline.npz"
_log = logging.getLogger("emotone.webui")


@dataclass(frozen=True, slots=True)
class Voice:
    """What a visitor compares with.

    Attributes:
        clips: Recordings of one voice, or baseline files.
        waiting: How many of them were not listened to yet.
        baseline: The usual sound of the others.
        problems: Those that cannot be used, and why.
        download: The baseline as a file.
    """

    clips: tuple[Chosen, ...] = ()
    waiting: int = 0
    baseline: Baseline | None = None
    problems: tuple[Problem, ...] = ()
    download: Download | None = None


class Hearings:
    """What was heard in a visitor's recordings of a voice. Only ever grows; what was heard by one model stays."""

    def __init__(self) -> None:
        self._known: dict[tuple[Path, str], Baseline | Text] = {}  # by file and sha256 of the model
        self._made: dict[tuple[tuple[Path, ...], str], Download] = {}

    def waiting(self, clips: Sequence[Chosen], model: ModelInfo) -> tuple[Chosen, ...]:
        """What this model has not listened to yet."""
        return tuple(clip for clip in clips if (clip.path, model.sha256) not in self._known)

    def listen(self, recognizer: Recognizer, clips: Sequence[Chosen], shelf: Shelf) -> Iterator[None]:
        """Listens to what is waiting, several recordings at a time; gives a sign after each."""
        waiting = self.waiting(clips, recognizer.info)
        single = recognizer.for_many() if len(waiting) > 1 else recognizer
        with ThreadPoolExecutor(usable_cores()) as pool:
            tasks = {pool.submit(_hear, single, clip, shelf): clip for clip in waiting}
            for task in as_completed(tasks):
                self._known[tasks[task].path, recognizer.info.sha256] = task.result()
                yield

    def voice(self, clips: tuple[Chosen, ...], model: ModelInfo, shelf: Shelf) -> Voice:
        """What is known of these recordings. The baseline of all can be downloaded."""
        found = [(clip, self._known.get((clip.path, model.sha256))) for clip in clips]
        baselines = [item for _, item in found if isinstance(item, Baseline)]
        baseline = joined(baselines) if baselines else None
        problems = tuple(Problem(clip.name, item) for clip, item in found if isinstance(item, Text))
        waiting = len(self.waiting(clips, model))
        key = tuple(clip.path for clip in clips), model.sha256
        if baseline is not None and not waiting and key not in self._made:
            self._made[key] = shelf.make(BASELINE_NAME, lambda path: save_baseline(baseline, path))
        return Voice(clips, waiting, baseline, problems, self._made.get(key))


def _hear(recognizer: Recognizer, clip: Chosen, shelf: Shelf) -> Baseline | Text:
    try:
        if not shelf.holds(clip.path):
            return texts.FOREIGN_FILE
        if clip.path.suffix.lower() == ".npz":
            return _load(clip.path, recognizer.info)
        recording = shelf.open(clip.path)
        recording.name = clip.name
        return recognizer.listen(recording).baseline()
    except EmotoneError as error:
        return texts.without_path(error.text, clip.path, clip.name)
    except Exception:
        _log.exception("Cannot listen to %r", clip.name)
        return INTERNAL


def _load(path: Path, model: ModelInfo) -> Baseline:
    baseline = load_baseline(path)
    check_model(baseline, model)
    return baseline
