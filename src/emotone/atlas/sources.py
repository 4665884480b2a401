"""Rows with embeddings, from wherever they are: a store, the folder of a batch run, a Parquet file."""

from collections.abc import Sequence
from pathlib import Path

from ..batch import open_run
from ..batch.export import tables
from ..batch.run import RUN_NAME
from ..errors import ManifestError, OptionError
from ..rows import COLUMNS, Table, arrow
from ..store import Condition, EmbeddingStore


def read_rows(place: str | Path, where: Sequence[Condition] = ()) -> Table:
    """All rows of a place as one table.

    Args:
        place: A store (or its URL), the folder of a batch run, or a Parquet file as they export it.
        where: What must hold for the rows of a store.

    Raises:
        OptionError: When there are conditions and it is no store.
        ManifestError: When it is a Parquet file that cannot be read, or has other columns.
        StoreError: When it is none of the three, or an empty store, or a condition does not fit.
        MissingExtraError: When pyarrow or LanceDB is not installed.
    """
    pa = arrow("store")
    path = Path(place)
    is_run, is_table = (path / RUN_NAME).is_file(), path.suffix.lower() == ".parquet" and not path.is_dir()
    if not (is_run or is_table):
        store = EmbeddingStore(place)
        store.check_filled()
        found = list(store.tables(where))
        return pa.concat_tables(found, promote_options="default") if found else pa.table({})
    if where:
        raise OptionError(
            f"Conditions are for stores; '{place}' is none. Make one: emotone store add archive {place}",
            f"条件只能用于向量库，而“{place}”不是。请先创建：emotone store add archive {place}",
        )
    if is_run:
        found = list(tables(open_run(path)))
        return pa.concat_tables(found) if found else pa.table({})
    return _parquet(path)


def _parquet(path: Path) -> Table:
    pa = arrow("store")
    try:
        table = pa.parquet.read_table(path)
    except (OSError, pa.ArrowException) as error:
        raise ManifestError(
            f"'{path}' cannot be read ({error}). Wanted a Parquet file; check it.",
            f"无法读取“{path}”（{error}）。应为 Parquet 文件；请检查该文件。",
        ) from error
    if missing := [name for name in COLUMNS if name not in table.column_names]:
        raise ManifestError(
            f"'{path}' has no column {', '.join(missing)}. Wanted the rows of: emotone batch export … or emotone store export …",
            f"“{path}”缺少列 {'、'.join(missing)}。应为 emotone batch export 或 emotone store export 导出的表格。",
        )
    return table
