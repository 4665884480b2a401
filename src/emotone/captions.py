"""Subtitles as turns: SubRip and WebVTT, with the speakers that their text names."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import unescape

from .errors import TurnsError
from .types import Turn

NAMED = 0.5  # share of the cues from which on a name before a colon is a speaker, not a part of the sentence

_TIME = r"(?:(\d+):)?(\d{1,2}):(\d{1,2})(?:[.,](\d{1,3}))?"
_TIMES = re.compile(rf"\s*{_TIME}\s*-->\s*{_TIME}(?:\s.*)?")
_VOICE = re.compile(r"<v(?:\.[^\s>]*)?\s+([^>]+)>")
_TAG = re.compile(r"<[^<>]*>|\{\\[^{}]*\}")  # HTML, WebVTT and the ASS tags that some SubRip files have
_PREFIX = re.compile(
    r"\s*(?:>>|[-–—])?\s*(?:\[([^\[\]]{1,40})\]\s*([:：]?)|([^\s:：\[][^:：]{0,39}?)\s*([:：])(?!\d))\s*"
)
_NOT_CUES = ("NOTE", "STYLE", "REGION", "WEBVTT")


@dataclass(frozen=True, slots=True)
class _Cue:
    start: float
    end: float
    lines: tuple[str, ...]


def caption_turns(text: str, name: str) -> tuple[Turn, ...]:
    """A turn for each cue, or for each voice in it; cues without text are left out.

    Speakers are those of voice tags (`<v Anna>`) and of names before a colon in brackets or capitals (`[Anna]:`, `ANNA:`). When
    at least half of the cues begin with a name, those are names as well that have no colon or no capitals (`[Anna]`, `Anna:`).
    A cue without a name has no speaker.

    Args:
        text: Of the file.
        name: What to call it in messages.

    Raises:
        TurnsError: When there are times that cannot be read.
    """
    cues = list(_cues(text, name))
    named = sum(bool(_prefixed(_plain(cue.lines[0]), plain=True)[0]) for cue in cues if cue.lines)
    plain = named >= NAMED * len(cues)
    return tuple(
        Turn(cue.start, cue.end, speaker, said)
        for cue in cues
        for speaker, said in _voices(cue.lines, plain=plain)
        if said
    )


def _cues(text: str, name: str) -> Iterator[_Cue]:
    open_cue: _Cue | None = None
    for number, block in _blocks(text):
        at = next((place for place, line in enumerate(block) if "-->" in line), None)
        if at is not None:
            if open_cue is not None:
                yield open_cue
            start, end = _times(block[at], number + at, name)
            open_cue = _Cue(start, end, tuple(block[at + 1 :]))
        elif block[0].startswith(_NOT_CUES):
            continue
        elif open_cue is None or block[0].strip().isdecimal():
            raise _bad(block[min(1, len(block) - 1)], number + min(1, len(block) - 1), name)
        else:  # a blank line within the text
            open_cue = _Cue(open_cue.start, open_cue.end, (*open_cue.lines, *block))
    if open_cue is not None:
        yield open_cue


def _blocks(text: str) -> Iterator[tuple[int, list[str]]]:
    """Lines between blank ones, with the number of the first."""
    block: list[str] = []
    for number, line in enumerate([*text.splitlines(), ""], start=1):
        if line.strip():
            block.append(line)
        elif block:
            yield number - len(block), block
            block = []


def _times(line: str, number: int, name: str) -> tuple[float, float]:
    found = _TIMES.fullmatch(line)
    if found is None:
        raise _bad(line, number, name)
    parts = found.groups()
    start, end = _seconds(parts[:4]), _seconds(parts[4:])
    if end < start:
        raise TurnsError(
            f"'{name}', line {number}: the cue ends at {end:g} s, before it begins at {start:g} s. Correct its times.",
            f"“{name}”第 {number} 行：字幕结束于 {end:g} 秒，早于其开始的 {start:g} 秒。请修正时间。",
        )
    return start, end


def _seconds(parts: Sequence[str | None]) -> float:
    hours, minutes, seconds, fraction = parts
    return int(hours or 0) * 3600 + int(minutes or 0) * 60 + int(seconds or 0) + float(f"0.{fraction or 0}")


def _bad(line: str, number: int, name: str) -> TurnsError:
    found = line.strip()[:60]
    return TurnsError(
        f"'{name}', line {number}: found '{found}', wanted times such as 00:00:01,000 --> 00:00:03,500.",
        f"“{name}”第 {number} 行：内容为“{found}”，应为时间，例如 00:00:01,000 --> 00:00:03,500。",
    )


def _voices(lines: Sequence[str], *, plain: bool) -> list[tuple[str, str]]:
    """Who says what in one cue: a speaker's words go on until another one's begin."""
    voices: list[tuple[str, list[str]]] = [("", [])]
    for line in lines:
        for tagged, part in _tagged(line):
            speaker, words = (tagged, part) if tagged else _prefixed(part, plain=plain)
            if speaker and (speaker != voices[-1][0]):
                voices.append((speaker, []))
            voices[-1][1].append(words)
    return [(speaker, " ".join(" ".join(words).split())) for speaker, words in voices]


def _tagged(line: str) -> Iterator[tuple[str, str]]:
    """Parts of a line with the speakers of their voice tags, as plain text."""
    before, *others = _VOICE.split(line)
    if before.strip() or not others:
        yield "", _plain(before)
    for speaker, words in zip(others[::2], others[1::2], strict=True):
        yield _plain(speaker), _plain(words)


def _plain(text: str) -> str:
    return unescape(_TAG.sub("", text)).strip()


def _prefixed(line: str, *, plain: bool) -> tuple[str, str]:
    """The name before the text, if any, and the text.

    Args:
        line: Without tags.
        plain: Whether to take `[Anna]` and `Anna:` for names, too.
    """
    found = _PREFIX.match(line)
    if found is None:
        return "", line
    bracketed, colon, name, _ = found.groups()
    if bracketed is not None:
        sure, possible = bool(colon), True
    else:
        sure, possible = name.isupper(), _is_name(name)
    return ((bracketed or name).strip(), line[found.end() :]) if possible and (sure or plain) else ("", line)


def _is_name(text: str) -> bool:
    """Up to three words that begin with a capital, a digit or a letter of a script without capitals."""
    words = text.split()
    return len(words) <= 3 and text[0].isalpha() and all(word[0].isalnum() and not word[0].islower() for word in words)
