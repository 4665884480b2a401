"""A run as one table, in order of files and times: the same whatever happened while it was made."""

import csv
import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from ..errors import OptionError
from ..outputs import save_written
from ..rows import EMBEDDING, Schema, Table, arrow
from .others import Others, read_others
from .run import RunFolder
from .voices import Voices, compared_schema, voices_of

ENDINGS = (".parquet", ".csv", ".jsonl")
"""What a run can be exported as."""

_ROWS = 20_000  # in memory at a time: 80 MB with embeddings of 1024 values


def export_run(folder: RunFolder, output: Path, *, compared: bool = False, heads: Iterable[str | Path] = ()) -> Path:
    """Writes all rows of a run into one file, whole or not at all. Returns its path.

    Rows of what a file was before it changed are left out. Parquet has the embeddings as they are, JSON Lines as lists, CSV
    has none.

    Args:
        folder: The run, finished or not.
        output: The file; its ending says the format.
        compared: Whether each recording is compared with how its voice usually sounds: with all of its `speaker`, or of its
            folder where no speaker is named. Further columns say what `Voices` adds.
        heads: Files of further heads that are asked about each recording; each adds two columns, as `Others` says.

    Raises:
        OptionError: When there is no format for the ending, or nothing that could be compared or asked: see `voices_of` and
            `read_others`.
        ModelError: When a head is needed and cannot be read, or is one for another model.
        OutputError: When the file cannot be written, or a part cannot be read.
    """
    check_ending(output)
    schema = folder.schema(folder.own_columns())
    others = read_others(folder, heads, schema)
    found, columns = tables(folder, schema), schema
    voices: dict[str, Voices] = {}
    if compared:
        usual = voices_of(folder, tables(folder, schema))
        voices = {name: voices_of(folder, tables(folder, schema), head) for name, head in others.items()}
        found, columns = map(usual.compared, found), compared_schema(schema)
    asking = Others(others, voices)
    return save_tables(output, asking.schema(columns), map(asking.asked, found))


def save_tables(output: Path, schema: Schema, found: Iterable[Table]) -> Path:
    """Writes tables of one schema into one file, whole or not at all. Returns its path. Formats and errors as in `export_run`."""
    write = check_ending(output)
    return save_written(output, lambda draft: write(draft, schema, found))


def check_ending(output: Path) -> Callable[[Path, Schema, Iterable[Table]], None]:
    """What writes files of this ending. Raises `OptionError` when there is no format for it."""
    writers = dict(zip(ENDINGS, (_write_parquet, _write_csv, _write_jsonl), strict=True))
    write = writers.get(output.suffix.lower())
    if write is None:
        raise OptionError(
            f"'{output}' has an ending that is not known here; wanted {', '.join(ENDINGS)}.",
            f"无法识别“{output}”的扩展名；支持 {'、'.join(ENDINGS)}。",
        )
    return write


def tables(folder: RunFolder, schema: "Schema | None" = None) -> Iterator[Table]:
    """The rows of a run, some thousands at a time, in order of files and times.

    Args:
        folder: The run.
        schema: The columns; `None`: all there are.
    """
    pa = arrow("batch")
    schema = schema or folder.schema(folder.own_columns())
    index = folder.index()
    try:
        for part_of in index.ranges(_ROWS):
            files, parts = list(part_of), set(part_of.values())
            within = [("file", ">=", files[0]), ("file", "<=", files[-1])]
            found = []
            for part in folder.parts():
                if part.name in parts:
                    table = folder.read_part(part, filters=within)
                    newest = [part_of.get(file) == part.name for file in table["file"].to_pylist()]
                    found.append(_fitted(table.filter(pa.array(newest)), schema))
            yield pa.concat_tables(found).sort_by([("file", "ascending"), ("start", "ascending")])
    finally:
        index.close()


def _fitted(table: Table, schema: Schema) -> Table:
    """The table with exactly these columns; those that it lacks are null."""
    pa = arrow("batch")
    columns = [
        table[kind.name] if kind.name in table.column_names else pa.nulls(len(table), kind.type) for kind in schema
    ]
    return pa.Table.from_arrays(columns, schema=schema)


def _write_parquet(path: Path, schema: Schema, found: Iterable[Table]) -> None:
    with arrow("batch").parquet.ParquetWriter(path, schema, compression="zstd") as writer:
        for table in found:
            writer.write_table(table)


def _write_csv(path: Path, schema: Schema, found: Iterable[Table]) -> None:
    columns = [name for name in schema.names if name != EMBEDDING]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        for row in _records(found, columns):
            writer.writerow({**row, "doubts": " ".join(row["doubts"])})


def _write_jsonl(path: Path, schema: Schema, found: Iterable[Table]) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in _records(found, schema.names))


def _records(found: Iterable[Table], columns: list[str]) -> Iterator[dict[str, Any]]:
    return (row for table in found for batch in table.select(columns).to_batches(1000) for row in batch.to_pylist())
