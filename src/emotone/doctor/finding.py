"""What one look at something found."""

from dataclasses import dataclass, field
from typing import Any, Literal

from ..text import Text

State = Literal["ok", "warning", "wrong"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found about one thing.

    Attributes:
        code: Machine name, such as `codec.mp3`.
        title: What was looked at.
        state: `ok`; `warning`: it works, with a limit; `wrong`: something will fail.
        text: What was found.
        advice: What to do about it.
        facts: The same for machines.
    """

    code: str
    title: Text
    state: State
    text: Text
    advice: Text | None = None
    facts: dict[str, Any] = field(default_factory=dict)


def plain(text: str) -> Text:
    """Names and numbers, which are the same in both languages."""
    return Text(text, text)
