"""Which format an answer has: `format` says it, else the header `Accept`."""

from collections.abc import Mapping

from ..text import Text
from .problems import ProblemError


def choose(formats: Mapping[str, str], wanted: str | None, accept: str | None) -> str:
    """The name of a format.

    Args:
        formats: Name → media type; the first one is for those who do not care.
        wanted: Its name, when the request says it.
        accept: The header; `None` takes anything.

    Raises:
        ProblemError: 422 for a name that is not there, 406 when none of the formats is acceptable.
    """
    if wanted is not None:
        if wanted not in formats:
            known = ", ".join(formats)
            en = f"There is no format '{wanted[:40]}' here. Choose one of: {known}."
            raise ProblemError(422, "unknown_format", Text(en, f"此处没有格式“{wanted[:40]}”。可选：{known}。"))
        return wanted
    ranked = sorted(_ranges(accept or "*/*"), key=lambda one: -one[1])
    for pattern, quality in ranked:
        for name, media_type in formats.items():
            if quality > 0 and _fits(media_type, pattern):
                return name
    known = ", ".join(formats.values())
    en = f"None of the media types in 'Accept' can be given. Choose one of: {known}."
    raise ProblemError(406, "not_acceptable", Text(en, f"无法提供“Accept”中的媒体类型。可选：{known}。"))


def _ranges(accept: str) -> list[tuple[str, float]]:
    found = []
    for part in accept.split(","):
        pattern, *parameters = (piece.strip().lower() for piece in part.split(";"))
        quality = next((text[2:] for text in parameters if text.startswith("q=")), "1")
        if pattern:
            found.append((pattern, _number(quality)))
    return found or [("*/*", 1.0)]


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


def _fits(media_type: str, pattern: str) -> bool:
    bare = media_type.partition(";")[0]
    return pattern in ("*/*", "*", bare, f"{bare.partition('/')[0]}/*")
