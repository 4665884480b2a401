"""How speakers are told apart: the file that says who speaks when, and the control for it."""

from dataclasses import dataclass

from ..errors import EmotoneError
from ..markup import Html, join, tag
from ..text import Language
from ..turns import read_turns
from ..types import Turn
from . import texts
from .analysis import Chosen, Problem
from .controls import drop, messages
from .markup import button
from .shelf import Shelf

ACCEPTED = ".rttm,.srt,.vtt,.json"


@dataclass(frozen=True, slots=True)
class Talkers:
    """A file of turns.

    Attributes:
        file: Where it lies.
        turns: What it says.
        problem: Why it says nothing.
    """

    file: Chosen | None = None
    turns: tuple[Turn, ...] = ()
    problem: Problem | None = None


def talkers_of(file: Chosen, recording: str, shelf: Shelf) -> Talkers:
    """What a file says of a recording, which may have no name yet."""
    try:
        if not shelf.holds(file.path):
            raise EmotoneError(texts.FOREIGN_FILE.en, texts.FOREIGN_FILE.zh)
        return Talkers(file, read_turns(file.path, recording=recording))
    except EmotoneError as error:
        return Talkers(file, problem=Problem(file.name, error.text))


def turns_panel(talkers: Talkers, language: Language) -> Html:
    """Where a file of turns comes in, and what is in it."""
    return join(
        drop(texts.TURNS_DROP, texts.TURNS_FORMATS, ACCEPTED, language), messages(language), _state(talkers, language)
    )


def _state(talkers: Talkers, language: Language) -> Html:
    if talkers.file is None:
        return Html()
    clear = button("em-link", texts.DISCARD.to(language), attributes={"data-clear": ""})
    if talkers.problem is not None:
        said = tag("p.em-model-problem", talkers.problem.text.to(language), attributes={"role": "alert"})
        return tag("div.em-turns-state", said, clear)
    speakers = len({turn.speaker for turn in talkers.turns})
    text = texts.TURNS_READY.to(language).format(name=talkers.file.name, turns=len(talkers.turns), speakers=speakers)
    return tag("div.em-turns-state", tag("p.em-good", "✓ ", text, attributes={"role": "status"}), clear)
