"""A store of embeddings: utterances and segments of an archive that can be searched by their sound."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import OptionError, StoreError
from ..rows import EMBEDDING, Row, Schema, Table, arrow, embeddings_of, rows_from, schema_of, table_of
from ..types import ModelInfo
from .archive import FIT, ID, VECTOR, Archive
from .belonging import check_embedding, check_model, check_rows, own_metadata, row_id, says_the_same
from .conditions import Condition, expression
from .results import MAX_MATCHES, Added, Match, StoreInfo
from .whitening import Vectors, Whitening, fit_whitening

_PATIENCE = 5  # times that a search is begun again when all vectors were made again meanwhile
_NOT_ASKED = frozenset({"doubts", EMBEDDING, VECTOR, FIT})


class EmbeddingStore:
    """Embeddings of one model in a folder. Several threads and processes may search it while one adds; others that add wait.

    Args:
        place: The folder, or a URL of an object store that LanceDB can write to (`s3://…`); there, only one process may add
            at a time, and nothing takes care of that.
        model: What makes the embeddings; the store is made when it is not there. `None` opens the store of the only model
            that is there.

    Attributes:
        model: What makes the embeddings.

    Raises:
        StoreError: When there is none, or it cannot be used.
        MissingExtraError: When LanceDB is not installed.
    """

    def __init__(self, place: str | Path, model: ModelInfo | None = None) -> None:
        self._archive = Archive(place, model, create=model is not None)
        self.model = self._archive.model
        self._fits: dict[int, Whitening] = {}

    def __len__(self) -> int:
        return self._archive.count()

    def info(self) -> StoreInfo:
        """What is in it."""
        whitening = self._whitening(self._archive.last_fit())
        return StoreInfo(
            self._archive.place,
            self.model,
            len(self),
            self.columns,
            0 if whitening is None else whitening.rows,
            whitening is not None and whitening.meaningful,
            self._archive.indexed,
        )

    @property
    def state(self) -> tuple[int, datetime]:
        """Another one whenever rows came, went or changed, whoever did it. Two of them can only be compared for equality."""
        return self._archive.state

    @property
    def columns(self) -> tuple[str, ...]:
        """What can be asked for in conditions: the user's own columns last."""
        return tuple(name for name in self._archive.schema.names if name not in _NOT_ASKED)

    def add(self, rows: Sequence[Row], model: ModelInfo | None = None) -> Added:
        """Adds rows. A row of the same bytes and times is there once: its newest result counts, and metadata is kept.

        Args:
            rows: With embeddings.
            model: What made them, if that is to be checked.

        Raises:
            StoreError: When they are of another model, or have no embeddings, or the store cannot be written.
        """
        if model is not None:
            self.check(model)
        named = {row_id(row): replace(row, metadata=own_metadata(row.metadata, self.model.labels)) for row in rows}
        if not named:
            return Added()
        check_rows(list(named.values()), self.model)
        with self._archive.writing():
            there = {row_id(row): row for row in self._rows_with(ID, named, embeddings=False)}
            merged = {
                key: replace(row, metadata={**there[key].metadata, **row.metadata}) if key in there else row
                for key, row in named.items()
            }
            changed = {
                key: row for key, row in merged.items() if key not in there or not says_the_same(row, there[key])
            }
            if changed:
                self._write(changed)
            new = len(set(changed) - set(there))
        return Added(new, len(changed) - new, len(named) - len(changed))

    def check_filled(self) -> None:
        """Raises `StoreError` when there is no row."""
        if not len(self):
            place = self._archive.place
            raise StoreError(
                f"The store '{place}' is empty. Add recordings: emotone store add {place} RECORDINGS…",
                f"向量库“{place}”是空的。请先添加录音：emotone store add {place} 录音…",
            )

    def check(self, model: ModelInfo) -> None:
        """Raises `StoreError` when embeddings of this model do not belong here."""
        check_model(model, self.model)

    def known(self, sha256: Iterable[str]) -> list[Row]:
        """All rows of recordings with these bytes, with embeddings."""
        return self._rows_with("sha256", sha256, embeddings=True)

    def search(
        self, embedding: NDArray[np.float32], *, limit: int = 10, where: Sequence[Condition] = ()
    ) -> list[Match]:
        """The rows that sound most like this, the nearest first.

        Args:
            embedding: `(dim,)`, of the store's model.
            limit: How many, at most 1000.
            where: What must hold for them.

        Raises:
            OptionError: When a condition does not fit, or the limit is impossible.
            StoreError: When the embedding does not fit, or the store cannot be read.
        """
        return self._search(np.asarray(embedding, np.float32), limit, self._where(where))

    def similar(self, id_: str, *, limit: int = 10, where: Sequence[Condition] = ()) -> list[Match]:
        """The rows that sound most like one that is there, without itself. As `search`; the id must be there."""
        (_, embedding), holds = self._one(id_), self._where([*where, Condition(ID, "!=", id_)])
        return self._search(embedding, limit, holds)

    def row(self, id_: str) -> Row:
        """The row with this id, with its embedding. Raises `StoreError` when there is none."""
        row, embedding = self._one(id_)
        return replace(row, embedding=embedding)

    def tables(self, where: Sequence[Condition] = (), *, columns: Sequence[str] | None = None) -> Iterator[Table]:
        """The rows as Arrow tables, some thousands at a time.

        Args:
            where: What must hold for them.
            columns: `None`: all that rows have (`emotone.rows`), behind `id`. `vector` is what is compared, of length 1.

        Raises:
            OptionError: When a condition does not fit, or there is no such column.
            StoreError: When the store cannot be read.
        """
        names = self._archive.schema.names
        chosen = [name for name in names if name not in (VECTOR, FIT)] if columns is None else list(columns)
        if missing := [name for name in chosen if name not in names]:
            raise OptionError(
                f"There is no column {', '.join(missing)}. There are: {', '.join(names)}.",
                f"没有列 {'、'.join(missing)}。可用的列：{'、'.join(names)}。",
            )
        return self._archive.read(chosen, self._where(where))

    def export(self, where: Sequence[Condition] = ()) -> tuple[Schema, Iterator[Table]]:
        """The columns of all that rows have, and the rows as in `tables`."""
        schema = self._archive.schema
        wanted = [kind for kind in schema if kind.name not in (VECTOR, FIT)]
        return arrow("store").schema(wanted), self.tables(where)

    def remove(self, where: Sequence[Condition]) -> int:
        """Removes the rows for which conditions hold; one at least is wanted. Returns how many there were."""
        holds = self._where(where)
        if holds is None:
            raise OptionError(
                "Say which rows to remove. To remove all of them, delete the folder.",
                "请指定要删除的行。如需全部删除，请删除该文件夹。",
            )
        with self._archive.writing():
            count = self._archive.count(holds)
            if count:
                self._archive.remove(holds)
        return count

    def _search(self, embedding: Vectors, limit: int, where: Any) -> list[Match]:
        if not 1 <= limit <= MAX_MATCHES:
            raise OptionError(
                f"Found a limit of {limit}; wanted 1 to {MAX_MATCHES}.",
                f"数量上限为 {limit}；应在 1 至 {MAX_MATCHES} 之间。",
            )
        check_embedding(embedding, self.model)
        fit = max(self._fits, default=0) or self._archive.last_fit()
        for _ in range(_PATIENCE):
            whitening = self._whitening(fit)
            if whitening is None:  # nothing was added yet, or it is old
                fit, before = self._archive.last_fit(), fit
                if fit == before:
                    return []
                continue
            vector = whitening.apply(embedding)
            found = self._archive.nearest(vector, self._columns(), limit, where)
            fits = set(found[FIT].to_pylist())
            if fits <= {fit}:
                return self._matches(found, whitening)
            fit = max(fits)
        raise StoreError(
            "The store is written faster than it can be searched. Try again later.",
            "向量库的写入速度超过了查询速度。请稍后重试。",
        )

    def _matches(self, found: Table, whitening: Whitening) -> list[Match]:
        similarities = [1.0 - distance for distance in found["_distance"].to_pylist()]
        ids = found[ID].to_pylist()
        rows = self._rows(found.drop_columns([name for name in ("_distance", FIT, ID) if name in found.column_names]))
        return [
            Match(id_, row, min(1.0, max(-1.0, similarity)), whitening.percentile(similarity))
            for id_, row, similarity in zip(ids, rows, similarities, strict=True)
        ]

    def _own_columns(self) -> list[str]:
        """The user's own."""
        ours = {ID, VECTOR, FIT, *schema_of(self.model.labels, dim=self.model.dim).names}
        return [name for name in self._archive.schema.names if name not in ours]

    def _columns(self) -> list[str]:
        return [name for name in self._archive.schema.names if name not in (VECTOR, EMBEDDING)]

    def _rows(self, table: Table) -> list[Row]:
        rows = rows_from(table, self.model.labels)  # what was not given is empty in the table
        return [replace(row, metadata={name: value for name, value in row.metadata.items() if value}) for row in rows]

    def _rows_with(self, column: str, values: Iterable[str], *, embeddings: bool) -> list[Row]:
        wanted = [Condition(column, "=", value) for value in values]
        if not wanted:  # no condition would mean all rows
            return []
        names = [name for name in self._archive.schema.names if name not in (ID, VECTOR, FIT)]
        columns = names if embeddings else [name for name in names if name != EMBEDDING]
        return [row for table in self._archive.read(columns, self._where(wanted)) for row in self._rows(table)]

    def _one(self, id_: str) -> tuple[Row, Vectors]:
        for row in self._rows_with(ID, [id_], embeddings=True):
            assert row.embedding is not None
            return replace(row, embedding=None), row.embedding
        raise StoreError(
            f"There is no row '{id_[:80]}' in the store. Take an id from what a search gives.",
            f"向量库中没有编号为“{id_[:80]}”的行。请使用查询结果中的编号。",
        )

    def _where(self, conditions: Sequence[Condition]) -> Any:
        return expression(conditions, self._archive.schema, self.columns)

    def _whitening(self, fit: int) -> Whitening | None:
        if fit not in self._fits:
            found = self._archive.whitening(fit) if fit else None
            if found is None:
                return None
            self._fits = {fit: found}
        return self._fits[fit]

    def _write(self, rows: Mapping[str, Row]) -> None:
        """Adds rows or changes them; nobody else writes meanwhile."""
        own = dict.fromkeys(name for row in rows.values() for name in row.metadata)
        if missing := [name for name in own if name not in self._archive.schema.names]:
            self._archive.add_columns(missing)
        fit = self._archive.last_fit()
        whitening = self._whitening(fit)
        if whitening is None:
            fit, whitening = self._fitted(list(rows.values()), fit + 1)
        self._archive.write(self._table(rows, whitening, fit))
        count = len(self)
        if whitening.outgrown(count):
            self._fit_again(fit + 1)
        self._archive.tidy()

    def _table(self, rows: Mapping[str, Row], whitening: Whitening, fit: int) -> Table:
        """Rows as the table has them."""
        pa = arrow("store")
        schema = self._archive.schema
        own = [name for name in schema.names if name not in (ID, VECTOR, FIT)]
        full = [
            replace(row, metadata={**dict.fromkeys(self._own_columns(), ""), **row.metadata}) for row in rows.values()
        ]
        table = table_of(full, pa.schema([schema.field(name) for name in own]))
        return _completed(table.append_column(ID, pa.array(rows)), whitening, fit, schema)

    def _fitted(self, rows: Sequence[Row], fit: int) -> tuple[int, Whitening]:
        """The first whitening, of rows that are about to be written."""
        embeddings = np.array([row.embedding for row in rows], np.float32)
        whitening = fit_whitening(embeddings, [row.sha256 for row in rows])
        self._archive.keep_whitening(whitening, fit)
        return fit, whitening

    def _fit_again(self, fit: int) -> None:
        """Fits the whitening to all rows, and makes all vectors again with it."""
        pa = arrow("store")
        table = pa.concat_tables(self._archive.read(["sha256", EMBEDDING]))
        whitening = fit_whitening(embeddings_of(table), table["sha256"].to_pylist())
        self._archive.keep_whitening(whitening, fit)
        schema = self._archive.schema
        kept = [name for name in schema.names if name not in (VECTOR, FIT)]
        self._archive.rewrite((_completed(part, whitening, fit, schema) for part in self._archive.read(kept)), schema)
        self._fits = {fit: whitening}


def _completed(table: Table, whitening: Whitening, fit: int, schema: Any) -> Table:
    """The table with vectors, in the order of the schema."""
    pa = arrow("store")
    vectors = np.ascontiguousarray(whitening.apply(embeddings_of(table)))
    lists = pa.FixedSizeListArray.from_arrays(pa.array(vectors.reshape(-1), pa.float32()), vectors.shape[1])
    table = table.append_column(VECTOR, lists).append_column(FIT, pa.array([fit] * len(table), pa.int32()))
    return table.select(schema.names).cast(schema)
