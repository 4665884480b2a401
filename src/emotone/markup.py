"""HTML in which nothing is HTML by accident: plain text that is put in is escaped, only `Html` is taken as it is."""

from collections.abc import Mapping
from html import escape


class Html(str):
    """Text that is markup already."""

    __slots__ = ()


def join(*content: str) -> Html:
    """One piece of markup out of several; plain text is escaped."""
    return Html("".join(part if isinstance(part, Html) else escape(part) for part in content))


def tag(selector: str, *content: str, attributes: Mapping[str, str] | None = None) -> Html:
    """An element.

    Args:
        selector: Its name, and classes behind dots: `span.muted`.
        content: Markup, or plain text that is escaped.
        attributes: Plain text; escaped.
    """
    name, *classes = selector.split(".")
    all_attributes = ({"class": " ".join(classes)} if classes else {}) | dict(attributes or {})
    written = "".join(f' {key}="{escape(value)}"' for key, value in all_attributes.items())
    return Html(f"<{name}{written}>{join(*content)}</{name}>")
