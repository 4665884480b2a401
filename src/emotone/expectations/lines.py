"""Which recordings are expected to express what: files, folders, and tables with a column that says it."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ..errors import ManifestError, OptionError
from ..heads import Head
from ..manifest import FILE, files_of, placed, row_fields, table_rows
from ..text import printable
from .expectation import Expectation, expectation


@dataclass(frozen=True, slots=True)
class Line:
    """One recording, and what it is expected to express.

    Attributes:
        file: Its path, or `-` for standard input.
        expectation: What that is.
        folder: What its rate is counted under: its own folder.
    """

    file: str
    expectation: Expectation

    @property
    def folder(self) -> str:
        """The folder that it lies in."""
        return printable(str(Path(self.file).parent))


def lines_of_files(given: Iterable[str], expected: Expectation) -> list[Line]:
    """Recordings that are expected to express the same: files, and all that is in folders and below them.

    Raises:
        ManifestError: When there are no recordings in a folder.
    """
    return [Line(file, expected) for text in given for file in files_of(text)]


def lines_of_table(path: str | Path, column: str, head: Head, minimum: float = 0.0) -> list[Line]:
    """Recordings in a table (CSV, JSONL, Parquet) with a column `file` and one that says what each is expected to express.

    Args:
        path: Files in it are relative to its folder.
        column: The name of that column; case does not matter.
        head: What will be asked.
        minimum: As in `Expectation`.

    Raises:
        ManifestError: When the table cannot be read, is empty, lacks a column or a value, or has a word that the head does not
            know; the message lists those that it knows.
        MissingExtraError: For Parquet, when pyarrow is not installed.
    """
    path = Path(path)
    if not path.is_file():
        raise ManifestError(f"There is no manifest '{path}'. Check the path.", f"找不到清单“{path}”。请检查路径。")
    wanted = column.strip().lower()
    lines = []
    for number, row in table_rows(path):
        fields = row_fields(row)
        if missing := [name for name in (FILE, wanted) if name not in fields]:
            raise ManifestError(
                f"'{path}' has no column {' and no column '.join(missing)}; found: {', '.join(fields) or 'none'}.",
                f"“{path}”缺少列 {'、'.join(missing)}；现有列：{'、'.join(fields) or '无'}。",
            )
        if not fields[FILE] or not fields[wanted]:
            raise ManifestError(
                f"'{path}', line {number}: {FILE} or {wanted} is empty. Fill it in or leave the line out.",
                f"“{path}”第 {number} 行：{FILE} 或 {wanted} 为空。请补全或删除该行。",
            )
        try:
            lines.append(Line(str(placed(path.parent, fields[FILE])), expectation(fields[wanted], head, minimum)))
        except OptionError as error:
            raise ManifestError(
                f"'{path}', line {number}: {error.text.en}", f"“{path}”第 {number} 行：{error.text.zh}"
            ) from error
    if not lines:
        raise ManifestError(f"'{path}' lists no recordings.", f"“{path}”中没有任何录音。")
    return lines
