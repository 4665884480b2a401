"""The database below a store: the one place that knows LanceDB, and how rows lie in its tables.

Each model has a table of rows and one of whitenings. A row has the number of the whitening that its vector was made with, so
whoever reads it knows whether both fit, whatever is written meanwhile. Every change is one commit of LanceDB: whoever is
killed in between leaves the table as it was.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import asdict
from datetime import datetime, timedelta
from functools import partial
from operator import itemgetter
from pathlib import Path
from typing import Any

from ..errors import MissingExtraError, StoreError
from ..rows import Schema, Table, arrow, schema_of
from ..types import ModelInfo
from .whitening import Vectors, Whitening, width_of

ID, VECTOR, FIT = "id", "vector", "fit"
"""The columns that a store adds to those of `emotone.rows`."""

INDEXED = 100_000
"""Rows from which on searches go through an index. Here it gains little yet, at ten times as many much: benchmarks/store.md."""

_PROBES, _REFINED = (
    20,
    3,
)  # parts of the index that are looked at, and times as many rows as are wanted compared exactly
_WHITENINGS = ".whitenings"
_KEY = b"emotone"
_FORMAT = 1
_LOCK_NAME = ".lock"
_OLD = timedelta(minutes=10)  # after which states that nobody reads any more are removed; a search takes a second
_NOW = timedelta(milliseconds=1)
_SMALL_PARTS = 32  # of a table, after which they are put together
_STEP = 8192  # rows in memory at a time
_OF_A_SERVER = re.compile(r'(?<=<Message>)[^<]+|(?<=message: ")[^"]+')
"""What an object store said, in the middle of what LanceDB says of it."""


class Archive:
    """The tables of one model.

    Args:
        place: A folder of this computer, or a URL of an object store.
        model: Whose; `None`: of the only model that is there.
        create: Whether they are made when they are not there, which takes a model.

    Attributes:
        model: Whose.

    Raises:
        StoreError: When they are not there, or are of another model, or there are several and none was named.
        MissingExtraError: When LanceDB is not installed.
    """

    def __init__(self, place: str | Path, model: ModelInfo | None = None, *, create: bool = False) -> None:
        self.place = str(place)
        local = not _is_url(self.place)
        if local and not create and not Path(place).is_dir():
            raise _nothing_in(self.place)
        with self._speaking():
            self._database = _lancedb().connect(self.place, read_consistency_interval=timedelta(0))
            names = [name for name in self._database.list_tables().tables if not name.endswith(_WHITENINGS)]
        self._lock: Any = partial(_file_lock, Path(place) / _LOCK_NAME) if local else nullcontext
        self._name = self._named(names, model, create)
        with self._speaking():
            self.table = self._database.open_table(self._name)
            self._whitenings = self._database.open_table(self._name + _WHITENINGS)
            self.model = _model_in(self.table.schema)

    @property
    def schema(self) -> Schema:
        """The columns of the rows."""
        with self._speaking():
            return self.table.schema

    @property
    def state(self) -> tuple[int, datetime]:
        """Another one after each change. A table that was made anew counts from 1 again, at another time."""
        with self._speaking():
            newest = max(self.table.list_versions(), key=itemgetter("version"))
        return newest["version"], newest["timestamp"]

    def count(self, where: Any = None) -> int:
        """How many rows there are, or for how many an expression holds."""
        if where is not None:
            return sum(len(table) for table in self.read([ID], where))
        with self._speaking():
            return int(self.table.count_rows())

    def read(self, columns: Sequence[str], where: Any = None) -> Iterator[Table]:
        """Rows, some thousands at a time, as they were at the beginning."""
        pa = arrow("store")
        with self._speaking():
            query = self.table.search().select(list(columns)).limit(None)
            for batch in (query if where is None else query.where(where)).to_batches(batch_size=_STEP):
                yield pa.Table.from_batches([batch]).select(list(columns))

    def nearest(self, vector: Vectors, columns: Sequence[str], limit: int, where: Any) -> Table:
        """The rows with the most similar vectors, the nearest first; with `_distance`, which is 1 - similarity."""
        with self._speaking():
            try:
                return self._nearest(vector, columns, limit, where)
            except (
                OSError,
                RuntimeError,
            ):  # rows were removed for ever while they were read: what is left is asked again
                return self._nearest(vector, columns, limit, where)

    def _nearest(self, vector: Vectors, columns: Sequence[str], limit: int, where: Any) -> Table:
        query = self.table.search(vector, vector_column_name=VECTOR).distance_type("dot")
        query = query.nprobes(_PROBES).refine_factor(_REFINED).select([*columns, "_distance"]).limit(limit)
        found: Table = (query if where is None else query.where(where, prefilter=True)).to_arrow()
        return found

    def write(self, rows: Table) -> None:
        """Puts rows in the place of those with the same id, or adds them."""
        with self._speaking():
            merging = self.table.merge_insert(ID).when_matched_update_all().when_not_matched_insert_all()
            merging.execute(rows)

    def rewrite(self, rows: Iterable[Table], schema: Schema) -> None:
        """Puts rows in the place of all, in one step."""
        pa = arrow("store")
        batches = (batch for table in rows for batch in table.to_batches())
        with self._speaking():
            self.table.add(pa.RecordBatchReader.from_batches(schema, batches), mode="overwrite")

    def remove(self, where: Any) -> None:
        """Removes rows for ever: all others are written anew, because those that were deleted stay in their files."""
        with self._speaking():
            self.table.delete(where)
            self.rewrite(self.read(self.table.schema.names), self.table.schema)
            self.table.optimize(cleanup_older_than=_NOW)
        self.tidy()  # a table that was written anew has no index

    def add_columns(self, names: Sequence[str]) -> None:
        """Adds columns of text, empty in the rows that are there."""
        with self._speaking():
            self.table.add_columns(dict.fromkeys(names, "''"))

    @property
    def indexed(self) -> bool:
        """Whether searches go through an index."""
        with self._speaking():
            return any(VECTOR in index.columns for index in self.table.list_indices())

    def tidy(self) -> None:
        """Makes an index once it pays; puts small parts together, and into it, once there are many."""
        with self._speaking():
            if self.count() >= INDEXED and not self.indexed:
                self.table.create_index(VECTOR, config=_index())
            if self.table.stats()["fragment_stats"]["num_small_fragments"] > _SMALL_PARTS:
                self.table.optimize(cleanup_older_than=_OLD)

    def whitening(self, fit: int) -> Whitening | None:
        """The whitening of this number; `None` when it is no longer there."""
        with self._speaking():
            found = self._whitenings.search().where(f"{FIT} = {int(fit)}").limit(1).to_arrow().to_pylist()
        try:
            return Whitening.from_bytes(found[0]["data"]) if found else None
        except (ValueError, KeyError, OSError) as error:
            raise _broken(self.place, error) from error

    def last_fit(self) -> int:
        """The number of the newest whitening that rows may have; 0: there is none."""
        with self._speaking():
            numbers = self._whitenings.search().select([FIT]).limit(None).to_arrow()[FIT].to_pylist()
        return max(numbers, default=0)

    def keep_whitening(self, whitening: Whitening, fit: int) -> None:
        """Keeps a whitening; those before the last one are removed."""
        pa = arrow("store")
        with self._speaking():
            self._whitenings.add(pa.table({FIT: [fit], "data": [whitening.to_bytes()]}, _whitening_schema()))
            self._whitenings.delete(f"{FIT} < {fit - 1}")
            self._whitenings.optimize(cleanup_older_than=_OLD)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Nobody else writes meanwhile; whoever reads does not wait. On object stores there is no such promise."""
        with ExitStack() as held:
            with self._speaking():
                held.enter_context(self._lock())
            yield

    def _named(self, names: Sequence[str], model: ModelInfo | None, create: bool) -> str:
        if model is not None and (name := _table_name(model)) in names:
            return name
        if model is not None and create:
            self._make(model)
            return _table_name(model)
        if model is None and len(names) == 1:
            return names[0]
        if not names:
            raise _nothing_in(self.place)
        there = ", ".join(names)
        if model is None:
            raise StoreError(
                f"The store '{self.place}' has vectors of several models: {there}. Name one with --model.",
                f"向量库“{self.place}”中有多个模型的向量：{there}。请用 --model 指定一个。",
            )
        raise StoreError(
            f"The store '{self.place}' has no vectors of {_table_name(model)}, but of {there}. Vectors of different models "
            "cannot be compared: use that model, or add recordings with this one.",
            f"向量库“{self.place}”中没有 {_table_name(model)} 的向量，只有 {there} 的。不同模型的向量无法比较："
            "请使用该模型，或用此模型添加录音。",
        )

    def _make(self, model: ModelInfo) -> None:
        name = _table_name(model)
        with self.writing():
            whitenings = _whitening_schema()
            self._database.create_table(name + _WHITENINGS, schema=whitenings, exist_ok=True)
            self._database.create_table(name, schema=_first_schema(model), exist_ok=True)

    @contextmanager
    def _speaking(self) -> Iterator[None]:
        """Errors of LanceDB within are ours."""
        try:
            yield
        except (OSError, RuntimeError, ValueError) as error:  # what its bindings raise
            raise _broken(self.place, error) from error


def _lancedb() -> Any:
    try:
        import lancedb  # noqa: PLC0415 - heavy, and only here

        return lancedb
    except ModuleNotFoundError as error:
        raise MissingExtraError.of("store") from error


def _index() -> Any:
    from lancedb.index import IvfSq  # noqa: PLC0415 - as above

    return IvfSq(distance_type="dot")


def _file_lock(path: Path) -> Any:
    from filelock import FileLock  # noqa: PLC0415 - of the same extra

    return FileLock(path)


def _table_name(model: ModelInfo) -> str:
    """Such as `emotone-small-2-c7ef5fb957f6`: files that differ by a byte have different tables."""
    return re.sub(r"[^\w.-]", "_", f"{model.name}-{model.revision}-{model.sha256[:12]}", flags=re.ASCII)


def _first_schema(model: ModelInfo) -> Schema:
    pa = arrow("store")
    rows = schema_of(model.labels, dim=model.dim)
    ours = [(VECTOR, pa.list_(pa.float32(), width_of(model.dim))), (FIT, pa.int32())]
    told = json.dumps({"format": _FORMAT, "model": asdict(model)})
    return pa.schema([(ID, pa.string()), *((kind.name, kind.type) for kind in rows), *ours], {_KEY: told.encode()})


def _model_in(schema: Schema) -> ModelInfo:
    try:
        told = json.loads(schema.metadata[_KEY])
        if told["format"] != _FORMAT:
            raise ValueError(f"format {told['format']}")
        fields: Mapping[str, Any] = told["model"]
        return ModelInfo(**{**fields, "labels": tuple(fields["labels"])})
    except (KeyError, TypeError) as error:
        raise ValueError(f"no table of Emotone: {error!r}") from error


def _whitening_schema() -> Schema:
    pa = arrow("store")
    return pa.schema([(FIT, pa.int32()), ("data", pa.large_binary())])


def _nothing_in(place: str) -> StoreError:
    return StoreError(
        f"There is no store in '{place}'. Make one with: emotone store add {place} RECORDINGS…",
        f"“{place}”中没有向量库。请先运行：emotone store add {place} 录音…",
    )


def _broken(place: str, error: Exception) -> StoreError:
    if _is_url(place):
        reason = " ".join(_OF_A_SERVER.findall(str(error))) or _first_line(error)
        return StoreError(
            f"The store '{place}' cannot be used: {reason.rstrip('.')}. Check the address, the credentials of this computer and "
            "what they allow, and the variables that say where the object store is, such as AWS_ENDPOINT_URL and AWS_REGION.",
            f"无法使用向量库“{place}”：{reason.rstrip('.')}。请检查地址、本机的访问凭证及其权限，以及指明对象存储位置的环境变量，"
            "如 AWS_ENDPOINT_URL 和 AWS_REGION。",
        )
    reason = _first_line(error)
    return StoreError(
        f"The store '{place}' cannot be used: {reason}. Check that it is complete, may be written, and has room on its disk.",
        f"无法使用向量库“{place}”：{reason}。请检查其是否完整、是否可写，以及磁盘空间是否充足。",
    )


def _is_url(place: str) -> bool:
    return "://" in place


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0][:300] if str(error) else repr(error)
