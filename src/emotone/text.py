"""Sentences that exist in English and in Chinese, and the language to show them in."""

import locale
import os
from dataclasses import dataclass
from typing import Literal

Language = Literal["en", "zh"]


@dataclass(frozen=True, slots=True)
class Text:
    """The same sentence twice."""

    en: str
    zh: str

    def __str__(self) -> str:
        return self.en

    def filled(self, **words: object) -> "Text":
        """With these words in their places."""
        return Text(self.en.format(**words), self.zh.format(**words))

    def to(self, language: Language) -> str:
        """The sentence in `language`."""
        return self.zh if language == "zh" else self.en


def printable(name: str) -> str:
    """A file name as text; bytes in it that are not UTF-8 become question marks."""
    return name.encode("utf-8", "replace").decode("utf-8")


def clock_time(seconds: float) -> str:
    """Such as 0:07, 12:30 or 1:02:03."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def language_of(tag: str | None) -> Language:
    """The language for a tag such as `zh_CN.UTF-8`, `zh-Hant`, `en-GB` or Windows' `Chinese (Simplified)_China`."""
    return "zh" if (tag or "").lower().startswith(("zh", "chinese")) else "en"


def system_language() -> Language:
    """The language of this process: the first of LANGUAGE, LC_ALL, LC_MESSAGES and LANG that is set, else the locale's."""
    for variable in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        if value := os.environ.get(variable):
            return language_of(value)
    return language_of(locale.getlocale()[0])
