"""`failures.jsonl`: a line for each file that could not be analysed."""

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from ..errors import OutputError
from ..writers import to_jsonl
from .work import Failed


@dataclass(frozen=True, slots=True)
class FailureLine:
    """A line.

    Attributes:
        file: What failed, as the user named it.
        stamp: As in `Item`, at that time.
        code: The name of the error's class.
        en: What was wrong and what to do, in English.
        zh: The same in Chinese.
        when: ISO 8601, in UTC.
    """

    file: str
    stamp: str
    code: str
    en: str
    zh: str
    when: str


def append_failures(path: Path, failures: Iterable[Failed]) -> None:
    """Writes a line for each at the end of a file; a line that was torn by a crash before stays alone.

    Raises:
        OutputError: When it cannot be written.
    """
    lines = "".join(to_jsonl(asdict(_line(one))) for one in failures)
    try:
        with path.open("ab+") as file:
            torn = file.tell() and not _ends_a_line(file)
            file.write((b"\n" if torn else b"") + lines.encode("utf-8", "replace"))
    except OSError as error:
        raise cannot_use(path, error) from error


def read_failures(path: Path) -> Iterator[FailureLine]:
    """Every line, the oldest first; those that were torn by a crash are left out."""
    if not path.exists():
        return
    with path.open(encoding="utf-8", errors="replace") as file:
        for line in file:
            try:
                yield FailureLine(**json.loads(line))
            except (ValueError, TypeError):
                continue


def cannot_use(path: Path, error: OSError) -> OutputError:
    """The error for a file that can be neither read nor written."""
    return OutputError(
        f"'{path}' cannot be used ({error.strerror or error}). Free space, or choose another folder.",
        f"无法使用“{path}”（{error.strerror or error}）。请清理磁盘空间，或更换文件夹。",
    )


def _line(failed: Failed) -> FailureLine:
    item, text = failed.item, failed.text
    when = failed.when.isoformat(timespec="microseconds")
    return FailureLine(item.name, item.stamp, failed.code, text.en, text.zh, when)


def _ends_a_line(file: IO[bytes]) -> bool:
    file.seek(-1, os.SEEK_END)
    return file.read(1) == b"\n"
