"""When does an index pay? Recall, latency, time to build and room on the disk, beside a flat scan and faiss.

    python benchmarks/store.py CORPORA [--rows 10000 100000] [--clips 300] [--queries 100]

CORPORA is a folder with one folder for each corpus, each with its `index.csv`. Real embeddings of some clips are whitened as a
store whitens them; rows are drawn around them: a real one, moved by the difference of two others, so that they keep the
directions and the clusters of real ones. Queries are drawn in the same way. Recall is that of the ten nearest by faiss's exact
search. Everything runs on one machine in one run, each query alone; latency is the median, and what 95 of 100 stay below. Results
are in store.md.
"""

import argparse
import random
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import faiss
import lancedb
import numpy as np
import pyarrow as pa
from lancedb.index import HnswSq, IvfPq, IvfSq
from numpy.typing import NDArray

import emotone
from emotone.cache import EmbeddingCache
from emotone.embeddings import embed_clips
from emotone.manifest import read_manifest
from emotone.store.whitening import fit_whitening

NEAREST = 10
STEP = 50_000  # rows that are drawn at a time

Values = NDArray[np.float32]
Search = Callable[[Values], list[int]]


@dataclass(frozen=True)
class Measured:
    """One way to search."""

    name: str
    rows: int
    build: float
    size: int
    recall: float
    median: float
    slow: float

    def line(self) -> str:
        """Of the table in store.md."""
        return (
            f"| {self.rows:,} | {self.name} | {self.recall:.3f} | {self.median * 1000:.1f} | {self.slow * 1000:.1f} | "
            f"{self.build:.1f} | {self.size / 2**20:.0f} |"
        )


def real_vectors(corpora: Path, clips: int) -> Values:
    """Whitened embeddings of some clips of each corpus."""
    recognizer = emotone.load_model()
    cache, found = EmbeddingCache(recognizer.info), []
    for folder in sorted(path.parent for path in corpora.glob("*/index.csv")):
        listed = read_manifest(folder)
        found.append(embed_clips(recognizer, random.Random(0).sample(listed, min(clips, len(listed))), cache=cache))
    embeddings = np.concatenate([part.embeddings for part in found])
    return fit_whitening(embeddings, [sha256 for part in found for sha256 in part.sha256]).apply(embeddings)


def drawn(real: Values, count: int, seed: int) -> Values:
    """Vectors of length 1 around real ones."""
    generator = np.random.default_rng(seed)
    one, plus, minus = real[generator.integers(len(real), size=(3, count))]
    moved = one + 0.5 * (plus - minus) + 0.01 * generator.standard_normal(one.shape, np.float32)
    unit: Values = (moved / np.linalg.norm(moved, axis=1, keepdims=True)).astype(np.float32)
    return unit


def parts(real: Values, rows: int) -> Iterator[Values]:
    """All rows, some at a time."""
    for start in range(0, rows, STEP):
        yield drawn(real, min(STEP, rows - start), seed=start)


def measure(name: str, rows: int, search: Search, queries: Values, truth: Any, build: float, size: int) -> Measured:
    """Searches, one query after another."""
    search(queries[0])  # what is read once does not count
    times, hits = [], 0
    for query, nearest in zip(queries, truth, strict=True):
        began = time.perf_counter()
        found = search(query)
        times.append(time.perf_counter() - began)
        hits += len(set(found) & set(nearest.tolist()))
    recall = hits / (len(queries) * NEAREST)
    return Measured(name, rows, build, size, recall, float(np.median(times)), float(np.quantile(times, 0.95)))


def lance_search(table: Any, **tuned: int) -> Search:
    """One query of LanceDB, as a store makes it."""

    def search(query: Values) -> list[int]:
        asked = table.search(query, vector_column_name="vector").distance_type("dot").select(["number", "_distance"])
        for name, value in tuned.items():
            asked = getattr(asked, name)(value)
        found: list[int] = asked.limit(NEAREST).to_arrow()["number"].to_pylist()
        return found

    return search


def size_of(folder: Path) -> int:
    """Bytes below a folder."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def lance(
    real: Values, rows: int, queries: Values, truth: Any, folder: Path, kinds: Sequence[str]
) -> Iterator[Measured]:
    """LanceDB's flat scan and some of its indexes."""
    width = real.shape[1]
    schema = pa.schema([("number", pa.int64()), ("vector", pa.list_(pa.float32(), width))])

    def batches() -> Iterator[pa.RecordBatch]:
        start = 0
        for part in parts(real, rows):
            vectors = pa.FixedSizeListArray.from_arrays(pa.array(part.reshape(-1)), width)
            yield pa.record_batch([pa.array(range(start, start + len(part))), vectors], schema)
            start += len(part)

    began = time.perf_counter()
    table = lancedb.connect(folder).create_table("rows", pa.RecordBatchReader.from_batches(schema, batches()))
    built, flat = time.perf_counter() - began, size_of(folder)
    yield measure("LanceDB, flat", rows, lance_search(table), queries, truth, built, flat)
    for name, config, tunings in (
        ("IVF_SQ", IvfSq(distance_type="dot"), ({"nprobes": 20}, {"nprobes": 20, "refine_factor": 3})),
        ("IVF_PQ", IvfPq(distance_type="dot", num_sub_vectors=width // 4), ({"nprobes": 20, "refine_factor": 10},)),
        ("IVF_HNSW_SQ", HnswSq(distance_type="dot"), ({"nprobes": 20, "refine_factor": 2},)),
    ):
        if name not in kinds:
            continue
        before, began = size_of(folder), time.perf_counter()
        table.create_index("vector", config=config)
        built, grown = time.perf_counter() - began, size_of(folder) - before
        for tuned in tunings:
            words = ", ".join(f"{key} {value}" for key, value in tuned.items())
            search = lance_search(table, **tuned)
            yield measure(f"LanceDB, {name}, {words}", rows, search, queries, truth, built, flat + grown)
        table.drop_index(table.list_indices()[0].name)


def exact(real: Values, rows: int, queries: Values) -> tuple[Any, Any, float]:
    """Faiss's exact search: the index, the nearest of each query, and the seconds to build it."""
    began = time.perf_counter()
    index = faiss.IndexFlatIP(real.shape[1])
    for part in parts(real, rows):
        index.add(part)
    return index, index.search(queries, NEAREST)[1], time.perf_counter() - began


def peers(flat: Any, built: float, real: Values, rows: int, queries: Values, truth: Any) -> Iterator[Measured]:
    """What faiss does with the same vectors, in memory."""
    width = real.shape[1]
    size = rows * width * 4

    def search(index: Any) -> Search:
        return lambda query: index.search(query[None], NEAREST)[1][0].tolist()  # type: ignore[no-any-return]

    yield measure("faiss, flat (in memory)", rows, search(flat), queries, truth, built, size)
    index = faiss.index_factory(width, f"IVF{round(rows**0.5)},Flat", faiss.METRIC_INNER_PRODUCT)
    began = time.perf_counter()
    index.train(drawn(real, min(rows, 40 * round(rows**0.5)), seed=1))
    for part in parts(real, rows):
        index.add(part)
    index.nprobe = 20
    yield measure(
        "faiss, IVF, nprobe 20 (in memory)", rows, search(index), queries, truth, time.perf_counter() - began, size
    )


def main() -> None:
    """Prints one table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpora", type=Path)
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--indexes", nargs="+", default=["IVF_SQ", "IVF_PQ", "IVF_HNSW_SQ"], help="of LanceDB")
    parser.add_argument("--clips", type=int, default=300)
    parser.add_argument("--queries", type=int, default=100)
    args = parser.parse_args()
    faiss.omp_set_num_threads(1)  # one query at a time, as in a store; its threads lose on a busy machine
    real = real_vectors(args.corpora, args.clips)
    queries = drawn(real, args.queries, seed=-1 % 2**32)
    print(f"{len(real)} real vectors of {real.shape[1]} values\n")
    print("| rows | search | recall@10 | median ms | 95 % ms | build s | MB |\n|---:|---|---:|---:|---:|---:|---:|")
    for rows in args.rows:
        flat, truth, built = exact(real, rows, queries)
        for measured in peers(flat, built, real, rows, queries, truth):
            print(measured.line(), flush=True)
        del flat
        folder = Path(tempfile.mkdtemp(prefix="store-benchmark-"))
        try:
            for measured in lance(real, rows, queries, truth, folder, args.indexes):
                print(measured.line(), flush=True)
        finally:
            shutil.rmtree(folder)


if __name__ == "__main__":
    main()
