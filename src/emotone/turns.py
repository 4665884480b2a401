"""Who speaks when, as others have found out: diarisations (RTTM, JSON) and transcripts (SubRip, WebVTT, JSON)."""

import codecs
import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePath
from typing import Any

from .captions import caption_turns
from .errors import TurnsError
from .types import Turn

MAX_BYTES = 64 * 2**20
MAX_TURNS = 200_000  # two days of one turn a second

_RTTM_TYPES = (
    *("SPEAKER", "SPKR-INFO", "SEGMENT", "NOSCORE", "NO_RT_METADATA", "LEXEME", "NON-LEX", "NON-SPEECH", "FILLER"),
    *("EDIT", "IP", "CB", "A/P", "SU"),
)
_RTTM_COMMENT = ";;"
_JSON_LISTS = ("segments", "turns", "diarization", "content")
_WANTED_EN = "RTTM, SubRip, WebVTT, or JSON with start and end of each turn"
_WANTED_ZH = "RTTM、SubRip、WebVTT，或含每个话轮 start 与 end 的 JSON"


def read_turns(path: str | Path, *, recording: str = "") -> tuple[Turn, ...]:
    """The turns in a file; arguments and errors as in `parse_turns`."""
    path = Path(path)
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: a null character in the path
        reason = getattr(error, "strerror", None) or error
        raise TurnsError(
            f"The turns '{path}' cannot be read ({reason}). Check the path.",
            f"无法读取话轮“{path}”（{reason}）。请检查路径。",
        ) from error
    return parse_turns(data, path.name, recording=recording)


def parse_turns(data: bytes, name: str, *, recording: str = "") -> tuple[Turn, ...]:
    """The turns in the content of a file, in its order. The content says which kind it is, not the ending.

    Args:
        data: RTTM; SubRip or WebVTT; or JSON: a list of objects, or an object with such a list as `segments`, `turns`,
            `diarization` or `content`, each with `start` and `end` in seconds and perhaps `speaker` and `text`.
        name: What to call it in messages.
        recording: The file name of the recording, which chooses among those of an RTTM; not needed when that has one only.

    Raises:
        TurnsError: When it is none of these, or damaged; the message names the line and what was wanted there.
    """
    text = _decoded(data, name)
    start = text.lstrip()
    if start.startswith(("{", "[")):
        turns = tuple(_json_turns(text, name))
    elif _is_rttm(start):
        turns = _rttm_turns(text, name, PurePath(recording).stem)
    elif start.startswith("WEBVTT") or "-->" in start:
        turns = caption_turns(text, name)
    else:
        found = start.splitlines()[0][:60] if start else ""
        raise TurnsError(
            f"'{name}' holds no turns: it begins with '{found}'; wanted {_WANTED_EN}.",
            f"“{name}”中没有话轮：开头为“{found}”；需要 {_WANTED_ZH}。",
        )
    if not 0 < len(turns) <= MAX_TURNS:
        raise TurnsError(
            f"'{name}' holds {len(turns)} turns; wanted 1 to {MAX_TURNS}.",
            f"“{name}”中有 {len(turns)} 个话轮；应为 1 至 {MAX_TURNS} 个。",
        )
    return turns


def _decoded(data: bytes, name: str) -> str:
    if len(data) > MAX_BYTES:
        raise TurnsError(
            f"'{name}' is larger than {MAX_BYTES // 2**20} MB, too large for turns. Choose another file.",
            f"“{name}”超过 {MAX_BYTES // 2**20} MB，不可能是话轮文件。请选择其他文件。",
        )
    utf16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return data.decode("utf-16" if utf16 else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise TurnsError(
            f"'{name}', line {line}: this is not UTF-8 text. Save the file as UTF-8.",
            f"“{name}”第 {line} 行：不是 UTF-8 文本。请将文件另存为 UTF-8。",
        ) from error


def _is_rttm(text: str) -> bool:
    return text.startswith(_RTTM_COMMENT) or (bool(text) and text.split(maxsplit=1)[0] in _RTTM_TYPES)


def _rttm_turns(text: str, name: str, wanted: str) -> tuple[Turn, ...]:
    found: dict[str, list[Turn]] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        fields = line.split()
        if not fields or line.startswith(_RTTM_COMMENT) or (fields[0] in _RTTM_TYPES and fields[0] != "SPEAKER"):
            continue
        if fields[0] != "SPEAKER" or len(fields) < 8:
            raise _bad_rttm(line, number, name)
        start, length = _number(fields[3]), _number(fields[4])
        if start is None or length is None:
            raise _bad_rttm(line, number, name)
        found.setdefault(fields[1], []).append(Turn(start, start + length, fields[7]))
    if len(found) > 1 and wanted not in found:
        known = ", ".join(sorted(found)[:5])
        raise TurnsError(
            f"'{name}' has turns of {len(found)} recordings ({known}), but none of '{wanted}'. Rename the recording, or give its "
            "own turns.",
            f"“{name}”中有 {len(found)} 个录音的话轮（{known}），但没有“{wanted}”的。请重命名录音，或提供其自己的话轮。",
        )
    return tuple(found[wanted] if len(found) > 1 else [turn for turns in found.values() for turn in turns])


def _number(text: str) -> float | None:
    """A finite number that is not negative."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None


def _bad_rttm(line: str, number: int, name: str) -> TurnsError:
    found = line.strip()[:60]
    return TurnsError(
        f"'{name}', line {number}: found '{found}', wanted SPEAKER <file> <channel> <start> <duration> <NA> <NA> <speaker>.",
        f"“{name}”第 {number} 行：内容为“{found}”，应为 SPEAKER <文件> <声道> <开始> <时长> <NA> <NA> <说话人>。",
    )


def _json_turns(text: str, name: str) -> Iterator[Turn]:
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        raise TurnsError(
            f"'{name}', line {error.lineno}: this is not JSON ({error.msg}). Export the file again.",
            f"“{name}”第 {error.lineno} 行：不是有效的 JSON（{error.msg}）。请重新导出。",
        ) from error
    except (ValueError, RecursionError) as error:  # numbers of thousands of digits, thousands of brackets
        raise TurnsError(
            f"'{name}' is not JSON that can be read ({error}). Export the file again.",
            f"无法读取“{name}”的 JSON（{error}）。请重新导出。",
        ) from error
    if isinstance(data, dict):
        data = next((data[key] for key in _JSON_LISTS if isinstance(data.get(key), list)), None)
    if not isinstance(data, list):
        raise TurnsError(
            f"'{name}' holds no list of turns; wanted a list, or an object with a list as one of: {', '.join(_JSON_LISTS)}.",
            f"“{name}”中没有话轮列表；应为列表，或含有以下任一列表的对象：{'、'.join(_JSON_LISTS)}。",
        )
    for number, item in enumerate(data, start=1):
        yield _json_turn(item, number, name)


def _json_turn(item: Any, number: int, name: str) -> Turn:
    fields = item if isinstance(item, Mapping) else {}
    span = fields.get("segment")
    times = span if isinstance(span, Mapping) else fields  # pyannote nests them
    start, end = _time(times.get("start")), _time(times.get("end"))
    if start is None or end is None or end < start:
        found = json.dumps(item, ensure_ascii=False)[:60]
        raise TurnsError(
            f"'{name}', turn {number}: found {found}, wanted an object with start and end in seconds, 0 ≤ start ≤ end.",
            f"“{name}”第 {number} 个话轮：内容为 {found}，应为含 start 与 end（秒）的对象，且 0 ≤ start ≤ end。",
        )
    speaker = next((fields[key] for key in ("speaker", "label") if fields.get(key) is not None), "")
    text = fields.get("text")
    return Turn(start, end, _word(speaker), " ".join(text.split()) if isinstance(text, str) else "")


def _time(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return _number(str(value))


def _word(value: Any) -> str:
    return " ".join(str(value).split()) if isinstance(value, (str, int)) else ""
