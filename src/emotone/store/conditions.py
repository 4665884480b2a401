"""Which rows count: conditions such as `label=angry` or `happy>=0.6`, as people write them, for the database to apply."""

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import and_, ge, gt, le, lt, ne
from typing import Any, Literal, get_args

from ..errors import OptionError
from ..rows import Schema

Comparison = Literal["=", "!=", ">=", "<=", ">", "<"]
_COMPARED = {"!=": ne, ">=": ge, "<=": le, ">": gt, "<": lt}
_WRITTEN = re.compile(r"(?P<column>[^=!<>]+?)\s*(?P<comparison>!=|>=|<=|=|>|<)\s*(?P<value>.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Condition:
    """What a column must be. Text is compared letter by letter, so dates as `2026-01-31` are in order.

    Attributes:
        column: Its name.
        comparison: How.
        value: With what; a number, as text, for a column of numbers.
    """

    column: str
    comparison: Comparison
    value: str


def parse_condition(text: str) -> Condition:
    """The condition that is written as COLUMN, a comparison (= != >= <= > <), VALUE.

    Raises:
        OptionError: When it is written otherwise.
    """
    found = _WRITTEN.fullmatch(text.strip())
    if found is None:
        raise OptionError(
            f"'{text[:80]}' is no condition. Write COLUMN, one of {' '.join(get_args(Comparison))}, VALUE; such as label=angry "
            "or happy>=0.6",
            f"“{text[:80]}”不是有效条件。格式为：列名、{' '.join(get_args(Comparison))} 之一、值，"
            "例如 label=angry 或 happy>=0.6",
        )
    return Condition(**found.groupdict())  # type: ignore[arg-type]


def expression(conditions: Iterable[Condition], schema: Schema, asked: Sequence[str]) -> Any:
    """The conditions as a tree of LanceDB, or `None` when there are none. All must hold; of several `=` about a column, one.

    Never as SQL: its tokenizer takes a backslash before a quote for an escape, which LanceDB's own quoting does not know, so a
    value could break out of its place.

    Args:
        conditions: What must hold.
        schema: Of the table.
        asked: The columns that may be asked for.

    Raises:
        OptionError: When there is no such column, or a number is wanted.
    """
    from lancedb.expr import col, lit  # noqa: PLC0415 - heavy, as in .archive

    equal: dict[str, list[str | float]] = {}
    parts: list[Any] = []
    for condition in conditions:
        value = _value(condition, schema, asked)
        if condition.comparison == "=":
            equal.setdefault(condition.column, []).append(value)
        else:
            parts.append(_COMPARED[condition.comparison](col(condition.column), lit(value)))
    parts += [col(column).isin(values) for column, values in equal.items()]
    return reduce(and_, parts) if parts else None


def _value(condition: Condition, schema: Schema, asked: Sequence[str]) -> str | float:
    column = condition.column
    if column not in asked:
        raise OptionError(
            f"There is no column '{column[:80]}' to ask for. There are: {', '.join(asked)}.",
            f"没有可供查询的列“{column[:80]}”。可用的列：{'、'.join(asked)}。",
        )
    if str(schema.field(column).type) == "string":
        return condition.value
    try:
        number = float(condition.value)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise OptionError(
            f"The column '{column}' has numbers; found '{condition.value[:80]}'. Write one, such as {column}>=0.6",
            f"列“{column}”为数值，收到“{condition.value[:80]}”。请填写数字，例如 {column}>=0.6",
        )
    return number
