"""Pieces of the page that stand in several places."""

from collections.abc import Iterable, Mapping

from ..markup import Html, tag


def button(selector: str, *content: str, attributes: Mapping[str, str]) -> Html:
    """A button that submits nothing: `attributes` tell the script what it is for."""
    return tag(f"button.{selector}", *content, attributes={"type": "button", **attributes})


def heading(text: str) -> Html:
    """The heading of a section."""
    return tag("h3.em-heading", text)


def symbol(pictograph: str) -> Html:
    """An emoji that says nothing to a screen reader: the name stands beside it."""
    return tag("span.em-emoji", pictograph, attributes={"aria-hidden": "true"})


def items(css_class: str, content: Iterable[str]) -> Html:
    """An unordered list with a class."""
    return tag(f"ul.{css_class}", *(tag("li", item) for item in content), attributes={"role": "list"})
