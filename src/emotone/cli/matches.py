"""What commands that search a store share: conditions, and the table of matches."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any

import click
from rich.markup import escape

from ..store import MEANINGFUL, Condition, Match, match_record, parse_condition
from ..writers import to_json
from .console import ERR, OUT, colored, new_table, say, write
from .options import format_option

where_option = click.option(
    "--where",
    "where",
    multiple=True,
    metavar=say("CONDITION", "条件"),
    help=say(
        "Only rows for which this holds, such as label=angry, 'happy>=0.6', speaker!=Anna. May be given again: all must hold, of "
        "several = about one column one.",
        "只看满足条件的行，如 label=angry、'happy>=0.6'、speaker!=Anna。可多次指定：须全部满足；同一列有多个 = 时满足其一即可。",
    ),
)


@dataclass(frozen=True, slots=True)
class Asked:
    """Which matches are wanted, and how they are shown.

    Attributes:
        where: Conditions, as they were written.
        limit: How many.
        json: Whether as JSON.
    """

    where: tuple[str, ...]
    limit: int
    json: bool

    @property
    def conditions(self) -> list[Condition]:
        """What must hold. Raises `StoreError` when one is no condition."""
        return [parse_condition(text) for text in self.where]


def asking_options(command: Callable[..., None]) -> Callable[..., None]:
    """The options of `Asked`, which the command gets as `asked`."""

    @where_option
    @click.option(
        "--limit", type=int, default=10, show_default=True, metavar="N", help=say("How many to show.", "显示的数量。")
    )
    @format_option
    @wraps(command)
    def wrapped(*, where: tuple[str, ...], limit: int, format_: str, **others: Any) -> None:
        command(asked=Asked(where, limit, format_ == "json"), **others)

    return wrapped


def print_matches(matches: Sequence[Match], asked: Asked) -> None:
    """Matches as they are wanted, on standard output."""
    if asked.json:
        write(to_json([match_record(match) for match in matches]))
        return
    table = new_table(
        say("alike", "相似"),
        say("emotion", "情绪"),
        say("confidence", "置信度"),
        say("start", "开始"),
        say("end", "结束"),
        say("recording", "录音"),
        say("id", "编号"),
    )
    for match in matches:
        row = match.row
        alike = f"{match.similarity:.2f}" if match.percentile is None else f"{match.percentile:.1f}%"
        table.add_row(
            alike,
            colored(row.label),
            f"{row.confidence:.0%}",
            f"{row.start:.2f}",
            f"{row.end:.2f}",
            escape(row.file),
            match.id,
        )
    OUT.print(table)
    if matches and matches[0].percentile is None:
        ERR.print(
            say(
                f"note: with fewer than {MEANINGFUL} rows, nobody can say how unusual a similarity is: it is shown as it is.",
                f"提示：不足 {MEANINGFUL} 行时无法判断相似度是否少见，此处显示原始数值。",
            )
        )
