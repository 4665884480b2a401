"""Short real clips to try Emotone with. The head of the bundled model was trained without their speakers."""

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from ..text import Text


@dataclass(frozen=True, slots=True)
class Example:
    """A clip in the package.

    Attributes:
        title: What is in it.
        path: The file.
        attribution: Whose recording it is, and its licence.
    """

    title: Text
    path: Path
    attribution: str


_RAVDESS = "RAVDESS, actor 06 (Livingstone & Russo 2018, doi.org/10.1371/journal.pone.0196391), CC BY-NC-SA 4.0"
_EMODB = "Berlin Database of Emotional Speech, speaker 08 (Burkhardt et al. 2005)"


def examples() -> tuple[Example, ...]:
    """The clips, the shortest first."""
    folder = Path(str(files(__package__)))
    return (
        Example(Text("German", "德语"), folder / "german_happy.ogg", _EMODB),
        Example(Text("English", "英语"), folder / "english_angry.ogg", _RAVDESS),
        Example(
            Text("Four moods", "四种情绪"),
            folder / "english_four_moods.ogg",
            f"{_RAVDESS}; four clips joined",
        ),
    )
