"""Lists of labelled recordings: tables, a folder for each class, and audformat databases."""

import csv
import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any, TextIO, TypeAlias

from .audformats import HEADER_NAME, audformat_rows
from .errors import ManifestError, MissingExtraError
from .text import printable

FILE, EMOTION = "file", "emotion"
"""The columns that a table must have."""

INDEX_NAME = "index.csv"

TABLE_ENDINGS = (".csv", ".tsv", ".jsonl", ".ndjson", ".parquet")
"""What tables can be."""

_ENDINGS = ".wav .mp3 .m4a .flac .ogg .oga .opus .webm .mp4 .aac .amr .3gp .aiff .aif .au .caf .wma .mkv .w64 .sph"
AUDIO_ENDINGS = frozenset(_ENDINGS.split())
"""What counts as a recording in a folder."""

_ALIASES = {"gender": "sex"}
_SEPARATORS = ",;\t"
_LAST_LINE = "\ue000end of the table\ue000"  # is read as a row of its own, unless a quote is open before it
_NAMED_AT_MOST = 3  # lines or files in an error

Row: TypeAlias = tuple[int, Mapping[str, Any]]  # where in the manifest it stands, counted from 1, and its columns


@dataclass(frozen=True, slots=True)
class Clip:
    """One recording and what is expressed in it.

    Attributes:
        file: Where it is. It need not be there: who reads it will see.
        emotion: In the manifest's own words.
        fields: All further columns as text, such as `speaker`, `sex`, `language`, `corpus`; no blank ones.
    """

    file: Path
    emotion: str
    fields: Mapping[str, str]


def read_manifest(path: str | Path) -> list[Clip]:
    """The clips of a manifest, in its order.

    Args:
        path: One of
            - a table with the columns `file` and `emotion` and any others: `.csv` (or `.tsv`), `.jsonl`, `.parquet`;
            - a folder with such a table named `index.csv`;
            - a folder with an audformat database (`db.yaml`);
            - a folder with a folder of recordings for each class.
            Files in a table are relative to the folder that the table lies in.

    Raises:
        ManifestError: When there is no such manifest, or it cannot be read, is empty, lacks a column or a value, or names a
            file twice.
        MissingExtraError: For Parquet and audformat, when their libraries are not installed.
    """
    path = Path(path)
    clips = list(_clips(path))
    if not clips:
        raise ManifestError(
            f"'{path}' lists no recordings. Wanted a table with the columns {FILE} and {EMOTION}, or a folder with a folder of "
            "recordings for each class.",
            f"“{path}”中没有任何录音。需要含 {FILE} 与 {EMOTION} 列的表格，或每类一个子文件夹的文件夹。",
        )
    _refuse_repeats(clips, path)
    return clips


def _clips(path: Path) -> Iterator[Clip]:
    if not path.exists():
        raise ManifestError(f"There is no manifest '{path}'. Check the path.", f"找不到清单“{path}”。请检查路径。")
    if path.is_dir():
        if (path / HEADER_NAME).is_file():
            return _from_rows(enumerate(audformat_rows(path), start=1), path, path)
        if (path / INDEX_NAME).is_file():
            return _from_rows(_csv_rows(path / INDEX_NAME), path / INDEX_NAME, path)
        return _from_folders(path)
    return _from_rows(table_rows(path), path, path.parent)


def table_rows(path: Path) -> Iterator[Row]:
    """The rows of a table, one after another, as they are read: its length costs no memory.

    Args:
        path: A file with an ending of `TABLE_ENDINGS`.

    Raises:
        ManifestError: At once when the ending is another one; later when the table cannot be read.
        MissingExtraError: For Parquet, when pyarrow is not installed.
    """
    readers = dict(zip(TABLE_ENDINGS, (_csv_rows, _csv_rows, _jsonl_rows, _jsonl_rows, _parquet_rows), strict=True))
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise ManifestError(
            f"'{path}' has an ending that is not known here; wanted {', '.join(readers)}, or a folder.",
            f"无法识别“{path}”的扩展名；支持 {'、'.join(readers)}，或文件夹。",
        )
    return reader(path)


def row_fields(row: Mapping[str, Any]) -> dict[str, str]:
    """The columns of a row as text, by their names in lower case; a column without a value is empty.

    What is no text, such as half of a character, becomes question marks, but for the name of the file.
    """
    fields = {printable(str(key)).strip().lower(): _text(value) for key, value in row.items() if key is not None}
    return {key: text if key == FILE else printable(text) for key, text in fields.items()}


def placed(folder: Path, name: str) -> Path:
    """Where the file of a row lies. A name with backslashes, as Windows writes it, is found on other systems too."""
    path = folder / name
    return folder / name.replace("\\", "/") if "\\" in name and not os.path.lexists(path) else path


def _from_rows(rows: Iterable[Row], path: Path, folder: Path) -> Iterator[Clip]:
    blank: list[int] = []
    for number, row in rows:
        fields = row_fields(row)
        if missing := [name for name in (FILE, EMOTION) if name not in fields]:
            raise ManifestError(
                f"'{path}' has no column {' and no column '.join(missing)}; found: {', '.join(fields) or 'none'}. Name the "
                f"columns {FILE} and {EMOTION}.",
                f"“{path}”缺少列 {'、'.join(missing)}；现有列：{'、'.join(fields) or '无'}。"
                f"请将相应列命名为 {FILE} 与 {EMOTION}。",
            )
        file, emotion = fields.pop(FILE), fields.pop(EMOTION)
        if not file or not emotion:
            blank.append(number)
            continue
        named = {_ALIASES.get(key, key): value for key, value in fields.items() if value}
        yield Clip(placed(folder, file), emotion, named)
    if blank:
        numbers = _first(map(str, blank))
        raise ManifestError(
            f"'{path}' has {len(blank)} rows without a file or an emotion (line {numbers}). Fill them in or leave them out.",
            f"“{path}”中有 {len(blank)} 行缺少文件或情绪（第 {numbers} 行）。请补全或删除这些行。",
        )


def _text(value: Any) -> str:
    return "" if value is None or value != value else str(value).strip()  # NaN is not equal to itself


def _csv_rows(path: Path) -> Iterator[Row]:
    with _opened(path) as file:
        header = file.readline()
        lines = chain([header], file, [_LAST_LINE])
        reader = csv.DictReader(lines, delimiter=max(_SEPARATORS, key=header.count))
        number = 1
        try:
            for row in reader:
                if next(iter(row.values())) in (_LAST_LINE, [_LAST_LINE]):
                    return
                if any(_LAST_LINE in value for value in row.values() if value):
                    raise _damaged(path, f"a quote is opened in line {number + 1} or before, and never closed")
                number = reader.line_num
                yield number, row
        except csv.Error as error:
            raise _damaged(path, error) from error


def _jsonl_rows(path: Path) -> Iterator[Row]:
    with _opened(path) as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise _damaged(path, f"line {number}: {error}") from error
            if not isinstance(row, dict):
                raise _damaged(path, f"line {number}: {type(row).__name__}")
            yield number, row


def _parquet_rows(path: Path) -> Iterator[Row]:
    try:
        from pyarrow import ArrowException, parquet  # noqa: PLC0415 - heavy, and only here
    except ModuleNotFoundError as error:
        raise MissingExtraError.of("tables") from error
    try:
        with parquet.ParquetFile(path) as file:
            batches = file.iter_batches(batch_size=10_000)
            yield from enumerate((row for batch in batches for row in batch.to_pylist()), start=1)
    except (OSError, ArrowException) as error:
        raise _damaged(path, error) from error


@contextmanager
def _opened(path: Path) -> Iterator[TextIO]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield file
    except (OSError, UnicodeDecodeError) as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, reason: object) -> ManifestError:
    return ManifestError(
        f"The manifest '{path}' cannot be read ({reason}). Wanted UTF-8 text or Parquet; check the file.",
        f"无法读取清单“{path}”（{reason}）。应为 UTF-8 文本或 Parquet；请检查该文件。",
    )


def _from_folders(path: Path) -> Iterator[Clip]:
    try:
        folders = sorted(folder for folder in path.iterdir() if folder.is_dir() and not folder.name.startswith("."))
        files = [(file, folder.name) for folder in folders for file in recordings_in(folder)]
    except OSError as error:
        raise _damaged(path, error) from error
    yield from (Clip(file, printable(name), {}) for file, name in files)


def recordings_in(folder: Path) -> list[Path]:
    """The recordings in a folder and below it, in order of their paths; hidden files are none."""
    return [file for file in sorted(folder.rglob("*")) if _is_recording(file)]


def files_of(text: str) -> list[str]:
    """The recordings in a folder and below it, or the file itself.

    Raises:
        ManifestError: When there are none in the folder, or the text is empty.
    """
    if not text:
        raise ManifestError(
            "Found an empty path; wanted a recording or a folder.", "收到空路径；应为录音或文件夹的路径。"
        )
    if not Path(text).is_dir():
        return [text]
    found = [str(file) for file in recordings_in(Path(text))]
    if not found:
        raise ManifestError(
            f"There are no recordings in '{text}'. Check the folder.", f"“{text}”中没有录音。请检查该文件夹。"
        )
    return found


def _is_recording(file: Path) -> bool:
    return file.suffix.lower() in AUDIO_ENDINGS and not file.name.startswith(".") and file.is_file()


def _refuse_repeats(clips: Sequence[Clip], path: Path) -> None:
    repeated = [file for file, count in Counter(os.path.normpath(clip.file) for clip in clips).items() if count > 1]
    if repeated:
        names = _first(Path(file).name for file in repeated)
        raise ManifestError(
            f"'{path}' names {len(repeated)} files more than once ({names}). Leave one row for each.",
            f"“{path}”中有 {len(repeated)} 个文件重复出现（{names}）。请为每个文件只保留一行。",
        )


def _first(names: Iterable[str]) -> str:
    """The first few names."""
    shown = list(islice(names, _NAMED_AT_MOST + 1))
    return ", ".join(shown[:_NAMED_AT_MOST]) + (" …" if len(shown) > _NAMED_AT_MOST else "")
