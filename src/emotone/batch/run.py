"""A run folder: what was asked, what is done, what failed. Killed at any moment, it is continued where it stood.

    run.json         model, options and counts
    head.json        the head that answers: what a baseline has to know of the model
    parts/           Parquet files, each written whole: rows of files that are done, with the files' stamps
    failures.jsonl   a line for each file that failed, at once

A file belongs to the newest part that has it; a failure counts when it is newer than that.
"""

import json
import platform
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path
from typing import Any
from uuid import uuid4

from .. import __version__
from ..embeddings import RECIPE
from ..errors import ManifestError, OptionError, OutputError
from ..heads import HEAD_NAME, head_file
from ..models import file_sha256
from ..outputs import save_bytes, save_text
from ..rows import Row, Schema, Table, arrow, rows_from, schema_of, table_of, to_parquet
from ..writers import to_json
from .failures import FailureLine, append_failures, cannot_use, read_failures
from .index import Copy, Counts, Done, Index
from .lock import locked
from .work import Failed, Heard, Worker

RUN_NAME, FAILURES_NAME, PARTS_NAME = "run.json", "failures.jsonl", "parts"
STAMP = "stamp"
"""The column that parts have beside those of `emotone.rows`: what `Item.stamp` was."""

_FORMAT = 1
_DRAFTS = ".draft_*"
_TIME = "%Y%m%dT%H%M%S%f"
_NAMES = {
    "format": "the format of the folder",
    "recipe": "how embeddings are made",
    "model": "the model",
    "head": "the head",
    "granularity": "granularity",
    "embedding": "embedding",
    "channel": "channel",
    "baseline": "baseline",
}


class RunFolder:
    """The folder of a run. For one thread; a part is named by `save_part`, whichever process it runs in.

    Args:
        path: Of the folder.

    Raises:
        OutputError: When `run.json` is there and cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.run: Mapping[str, Any] = self._read_run()

    @property
    def exists(self) -> bool:
        """Whether a run was ever begun here."""
        return bool(self.run)

    @property
    def labels(self) -> tuple[str, ...]:
        """What is scored."""
        return tuple(self.run["labels"])

    def schema(self, metadata: Iterable[str] = ()) -> Schema:
        """The columns of its parts, with these columns of the user's own, without the stamp."""
        return schema_of(self.labels, metadata, dim=self.run["dim"] if self.run["options"]["embedding"] else None)

    @contextmanager
    def working(self, worker: Worker) -> Iterator[Index]:
        """Begins or continues the run: nobody else does meanwhile. Gives what is known about its files.

        Raises:
            OptionError: When the folder was begun with another model or other options, or somebody works in it.
            OutputError: When it cannot be written.
        """
        arrow("batch")
        asked = _asked(worker)
        if self.exists:
            self._check_same(asked)
        with locked(self.path):
            if not self.exists:
                self.run = {**asked, "started": _now(), "finished": False, "counts": asdict(Counts())}
                self._write_run()
            if not (self.path / HEAD_NAME).exists():  # older runs have none
                save_text(to_json(worker.head.to_json()), self.path / HEAD_NAME)
            for draft in (self.path / PARTS_NAME).glob(_DRAFTS):
                draft.unlink(missing_ok=True)
            index = self.index(set_aside=True)
            try:
                yield index
            finally:
                index.close()

    def index(self, *, set_aside: bool = False) -> Index:
        """What is known about its files.

        Args:
            set_aside: Whether a damaged part is renamed, so that its files are done again; otherwise it is an error.

        Raises:
            OutputError: When a part cannot be read.
        """
        index = Index()
        for part in self.parts():
            try:
                index.add(part.name, self._done_in(part))
            except OutputError:
                if not set_aside:
                    raise
                part.replace(part.with_suffix(".damaged"))
        for line in self.failures():
            part_name = index.part_of(line.file)
            if part_name is None or _time_of(part_name) < _compact(line.when):
                index.fail(line.file, line.stamp)
        return index

    def parts(self) -> list[Path]:
        """Its parts, the oldest first."""
        return sorted((self.path / PARTS_NAME).glob("part-*.parquet"))

    def heard_in(self, part: str, contents: Mapping[str, str]) -> dict[str, tuple[Row, ...]]:
        """What is said of contents, by their sha256.

        Args:
            part: The name of a part.
            contents: The sha256 of each, and a file that has it in the part.
        """
        table = self.read_part(self.path / PARTS_NAME / part, filters=[("sha256", "in", list(contents))])
        found: dict[str, tuple[Row, ...]] = {}
        for row in rows_from(table.drop_columns(STAMP), self.labels):
            if contents[row.sha256] == row.file:
                found[row.sha256] = (*found.get(row.sha256, ()), row)
        return found

    def copied(self, copies: Sequence[Copy]) -> Iterator[Heard]:
        """Results for items whose content is in a part; each part is read once. Raises `OutputError` when one cannot be read."""
        wanted: dict[str, dict[str, str]] = {}
        for copy in copies:
            wanted.setdefault(copy.part, {})[copy.sha256] = copy.file
        known = {part: self.heard_in(part, contents) for part, contents in wanted.items()}
        for copy in copies:
            yield Heard(copy.item, known[copy.part][copy.sha256]).of(copy.item)

    def check(self, worker: Worker) -> None:
        """Looks whether this is the folder of a run with this worker, as another machine sees both.

        Raises:
            OptionError: When it was begun with another model or other options.
            OutputError: When no run was begun.
        """
        if not self.exists:
            raise OutputError(
                f"The machine {platform.node()} does not see the run folder '{self.path}'. Put it where all machines do.",
                f"机器 {platform.node()} 看不到批处理文件夹“{self.path}”。请将其放在所有机器都能访问的位置。",
            )
        self._check_same(_asked(worker))

    def save_part(self, heard: Sequence[Heard], name: str | None = None) -> Path:
        """Writes files that are done into a part of their own, in order of their names: whole or not at all.

        Args:
            heard: What is done.
            name: `time-name` of the part, where the same part may be written twice; `None`: now, and like no other.

        Raises:
            OutputError: When it cannot be written.
        """
        ordered = sorted(heard, key=lambda one: one.item.name)
        rows = [row for one in ordered for row in one.rows]
        pa = arrow("batch")
        metadata = {name: None for row in rows for name in row.metadata}
        table = table_of(rows, self.schema(metadata))
        stamps = pa.array([one.item.stamp for one in ordered for _ in one.rows], pa.string())
        data = to_parquet(table.append_column(STAMP, stamps))
        name = name or part_name(datetime.now(timezone.utc), uuid4().hex[:8])
        return save_bytes(data, self.path / PARTS_NAME / f"part-{name}.parquet")

    def save_failures(self, failures: Iterable[Failed]) -> None:
        """Appends a line for each, at once. Raises `OutputError` when it cannot."""
        append_failures(self.path / FAILURES_NAME, failures)

    def save_counts(self, counts: Counts, *, finished: bool) -> None:
        """Says in `run.json` how far the run is, and whether all inputs were dealt with. Raises `OutputError` when it cannot."""
        self.run = {**self.run, "counts": asdict(counts), "finished": finished, "updated": _now()}
        self._write_run()

    def failures(self) -> Iterator[FailureLine]:
        """Every failure ever, the oldest first."""
        return read_failures(self.path / FAILURES_NAME)

    def own_columns(self) -> list[str]:
        """The user's own columns of all parts, in order of their names. Raises `OutputError` when a part is damaged."""
        names: set[str] = set()
        for part in self.parts():
            with _reading(part) as pa:
                names.update(pa.parquet.read_schema(part).names)
        return sorted(names - set(self.schema().names) - {STAMP})

    def read_part(self, part: Path, columns: list[str] | None = None, filters: Any = None) -> Table:
        """The rows of a part. Raises `OutputError` when it is damaged."""
        with _reading(part) as pa:
            return pa.parquet.read_table(part, columns=columns, filters=filters, partitioning=None)

    def _done_in(self, part: Path) -> list[Done]:
        names = ["file", "sha256", STAMP, "duration"]
        table = self.read_part(part, names)
        counted = Counter(zip(*(table[name].to_pylist() for name in names), strict=True))
        return [Done(file, sha256, stamp, rows, seconds) for (file, sha256, stamp, seconds), rows in counted.items()]

    def _read_run(self) -> Mapping[str, Any]:
        path = self.path / RUN_NAME
        try:
            text = path.read_text(encoding="utf-8")
        except (FileNotFoundError, NotADirectoryError):
            return {}
        except OSError as error:
            raise cannot_use(path, error) from error
        try:
            run = json.loads(text)
            return {**run, "labels": run["labels"], "dim": run["dim"], "options": run["options"]}
        except (ValueError, KeyError, TypeError) as error:
            raise OutputError(
                f"'{path}' is damaged ({error!r}). Choose another folder, or delete this one.",
                f"“{path}”已损坏（{error!r}）。请更换文件夹，或删除该文件夹。",
            ) from error

    def _write_run(self) -> None:
        save_text(to_json(dict(self.run)), self.path / RUN_NAME)

    def _check_same(self, asked: Mapping[str, Any]) -> None:
        before, now = _flat(self.run), _flat(asked)
        differing = [name for name in now if before.get(name) != now[name]]
        if differing:
            en = "; ".join(f"{_NAMES[name]} was {before.get(name)}, now {now[name]}" for name in differing)
            zh = "；".join(f"{name} 原为 {before.get(name)}，现为 {now[name]}" for name in differing)
            raise OptionError(
                f"'{self.path}' was begun otherwise: {en}. Give the same options, or choose another folder.",
                f"“{self.path}”是以不同设置开始的：{zh}。请使用相同的选项，或更换文件夹。",
            )


def part_name(when: datetime, name: str) -> str:
    """What `save_part` takes as a name; parts are sorted by time."""
    return f"{when.strftime(_TIME)}-{name}"


def open_run(path: Path) -> RunFolder:
    """A run that was begun. Raises `ManifestError` when there is none in the folder."""
    folder = RunFolder(path)
    if not folder.exists:
        raise ManifestError(
            f"There is no batch run in '{path}'. Begin one with: emotone batch run … -o {path}",
            f"“{path}”中没有批处理。请先运行：emotone batch run … -o {path}",
        )
    return folder


def _asked(worker: Worker) -> dict[str, Any]:
    """What a run is begun with."""
    options = asdict(worker.options)
    head = options.pop("head")
    info = worker.info
    return {
        "format": _FORMAT,
        "emotone": __version__,
        "recipe": RECIPE,
        "model": {"name": info.name, "revision": info.revision, "sha256": info.sha256},
        "head": None if head is None else {"name": worker.head.name, "sha256": file_sha256(head_file(head))},
        "options": options,
        "labels": list(info.labels),
        "dim": info.dim,
    }


def _flat(run: Mapping[str, Any]) -> dict[str, Any]:
    """What must be the same for a run to be continued."""
    return {name: run.get(name) for name in ("format", "recipe")} | {
        "model": _named(run["model"]),
        "head": _named(run["head"]),
        **run["options"],
    }


def _named(one: Mapping[str, str] | None) -> str:
    if one is None:
        return "-"
    revision = f" {one['revision']}" if "revision" in one else ""
    return f"{one['name']}{revision} ({one['sha256'][:12]}…)"


@contextmanager
def _reading(part: Path) -> Iterator[Any]:
    pa = arrow("batch")
    try:
        yield pa
    except (OSError, pa.ArrowException) as error:
        raise OutputError(
            f"The part '{part}' cannot be read ({error}). Run the batch again: it does those files again.",
            f"无法读取分块“{part}”（{error}）。请重新运行该批处理，相应文件会重新分析。",
        ) from error


def _time_of(part: str) -> str:
    return part.split("-")[1]


def _compact(when: str) -> str:
    return datetime.fromisoformat(when).astimezone(timezone.utc).strftime(_TIME)


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="seconds")
