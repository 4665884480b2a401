"""Databases in the audformat of audEERING (audeering.github.io/audformat): the rows of their emotion table.

audformat itself would run code that somebody put into `db.yaml` or into pickled tables. So the header is checked first, and
tables are read from CSV or Parquet only.
"""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .errors import ManifestError, MissingExtraError

HEADER_NAME = "db.yaml"

_SCHEME = "emotion"
_FIELDS = ("speaker", "sex", "gender", "language", "corpus")
_PLAIN, _PICKLED = (".csv", ".parquet"), ".pkl"


def audformat_rows(folder: Path) -> Iterator[dict[str, Any]]:
    """A row for each file that has a label of the scheme or column `emotion`, with what is known of its speaker.

    Args:
        folder: Holds `db.yaml`. Files in it are relative to the folder.

    Raises:
        ManifestError: When it cannot be read, or has segments of files, pickled tables or no emotions.
        MissingExtraError: When audformat is not installed.
    """
    with tempfile.TemporaryDirectory() as plain:
        _copy_tables(folder, Path(plain))
        database, table = _load(folder, Path(plain))
    if table.empty:
        raise ManifestError(
            f"The audformat database '{folder}' has no labels of a scheme or column '{_SCHEME}'; found: "
            f"{', '.join(database.schemes) or 'no schemes'}.",
            f"audformat 数据库“{folder}”中没有名为“{_SCHEME}”的标签体系或列；现有：{'、'.join(database.schemes) or '无'}。",
        )
    language = database.languages[0] if len(database.languages) == 1 else None
    rows = table.astype(object).where(table.notna(), None).to_dict("records")
    for index, values in zip(table.index, rows, strict=True):
        known = {str(name): value for name, value in values.items() if value is not None}
        yield {"language": language, **known, "file": _whole_file(index, folder), _SCHEME: known.get(_SCHEME)}


def _copy_tables(folder: Path, plain: Path) -> None:
    try:
        tables = [path for path in folder.glob("db.*") if path.is_file()]
        for path in tables:
            if path.suffix in _PLAIN:
                shutil.copyfile(path, plain / path.name)
            elif path.suffix == _PICKLED and not any(path.with_suffix(suffix) in tables for suffix in _PLAIN):
                raise ManifestError(
                    f"'{path}' is a pickled table, which can run code and is not read. Save the database with "
                    'storage_format="parquet".',
                    f"“{path}”是 pickle 格式的表格，其中可能含有会被执行的代码，因此不读取。请以 "
                    'storage_format="parquet" 重新保存数据库。',
                )
        shutil.copyfile(folder / HEADER_NAME, plain / HEADER_NAME)
    except OSError as error:
        raise _unreadable(folder, error) from error


def _load(folder: Path, plain: Path) -> tuple[Any, Any]:
    """The database, and its labels as a data frame."""
    try:
        import audformat  # noqa: PLC0415 - heavy, and only here
        import yaml  # noqa: PLC0415 - comes with audformat
    except ModuleNotFoundError as error:
        raise MissingExtraError.of("tables") from error
    try:
        with (plain / HEADER_NAME).open("rb") as header:
            yaml.load(header, getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # raises when it holds more than data
        database = audformat.Database.load(str(plain))
        return database, database.get(_SCHEME, list(_FIELDS))
    except Exception as error:  # whatever YAML, pandas and Arrow find wrong
        raise _unreadable(folder, error) from error


def _unreadable(folder: Path, error: Exception) -> ManifestError:
    return ManifestError(
        f"The audformat database '{folder}' cannot be read ({error}). Check it with audformat.",
        f"无法读取 audformat 数据库“{folder}”（{error}）。请用 audformat 检查。",
    )


def _whole_file(index: Any, folder: Path) -> str:
    """The file of an index entry: a name, or name, start and end of a segment that must be all of it."""
    if not isinstance(index, tuple):
        return str(index)
    name, start, end = index
    if start.total_seconds() > 0 or end == end:  # NaT, the end of a whole file, is not equal to itself
        raise ManifestError(
            f"The audformat database '{folder}' labels parts of files (such as {start.total_seconds():.1f} s of '{name}'); "
            "wanted labels of whole files. Cut the files first.",
            f"audformat 数据库“{folder}”标注的是文件片段（例如“{name}”的 {start.total_seconds():.1f} 秒处）；"
            "需要对整个文件的标注。请先切分文件。",
        )
    return str(name)
