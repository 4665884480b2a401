"""Pages with results that hold everything they need, for wide and narrow screens, light and dark."""

from collections.abc import Sequence
from importlib.resources import files

from .markup import Html, join, tag
from .text import Language, Text


def document(title: str, body: Html, language: Language) -> str:
    """A whole page.

    Args:
        title: Of the window.
        body: Sections and what stands around them.
        language: Of the page.
    """
    head = join(
        Html('<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'),
        Html('<meta name="color-scheme" content="light dark">'),
        tag("title", title),
        tag("style", Html((files(__package__) / "sheet.css").read_text(encoding="utf-8"))),
    )
    code = "zh-CN" if language == "zh" else "en"
    return f'<!doctype html>\n<html lang="{code}"><head>{head}</head><body><main>{body}</main></body></html>\n'


def section(title: Text, hint: str, *content: Html, language: Language) -> Html:
    """A part of a page with its title, and a hint when there is one."""
    return tag("section", tag("h2", title.to(language)), *([tag("p.hint", hint)] if hint else []), *content)


def table(head: Html, rows: Sequence[Html]) -> Html:
    """Rows below their head."""
    return tag("div.wide", tag("table.rows", tag("thead", head), tag("tbody", *rows)))


def column(name: Text, language: Language, css_class: str = "") -> Html:
    """The head of a column."""
    return tag(f"th.{css_class}" if css_class else "th", name.to(language), attributes={"scope": "col"})
