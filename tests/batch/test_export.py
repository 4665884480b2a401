"""A run as one table."""

from pathlib import Path

import numpy as np
import pytest
from archive import table

from emotone.batch import Heard, Item, RunFolder, Worker, WorkOptions
from emotone.batch import export as exporting
from emotone.batch.places import LocalFile
from emotone.rows import Row


@pytest.fixture(scope="module")
def worker() -> Worker:
    return Worker("emotone-small", WorkOptions("frame", embedding=True))


def heard(worker: Worker, name: str, segments: int, content: str = "", **metadata: str) -> Heard:
    """A made-up result; the score of the first label tells rows apart."""
    chance = np.random.default_rng(len(name) + segments)
    rows = tuple(
        Row(
            file=name,
            sha256=(content or name).encode().hex().zfill(64),
            start=float(number),
            end=number + 1.0,
            duration=float(segments),
            label="sad",
            confidence=0.5,
            scores={label: float(chance.random()) for label in worker.info.labels},
            doubts=("noisy",) * (number % 2),
            embedding=chance.normal(size=worker.info.dim).astype(np.float32),
            metadata=metadata,
        )
        for number in reversed(range(segments))
    )
    return Heard(Item(name, LocalFile(Path(name)), 1, content or "1", metadata), rows)


def test_any_order_of_parts_is_the_same_table(worker: Worker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    everything = [heard(worker, f"{number:02}.wav", 1 + number % 4, city=f"{number}") for number in range(20)]
    tables = []
    for seed, rows in ((1, 20_000), (2, 7), (3, 1)):  # rows: in memory at a time
        monkeypatch.setattr(exporting, "_ROWS", rows)
        folder = RunFolder(tmp_path / f"{seed}")
        with folder.working(worker):
            for part in np.array_split(np.random.default_rng(seed).permutation(20), 2 * seed):
                folder.save_part([everything[number] for number in part])
        tables.append(table(folder.path))
    assert tables[0] == tables[1] == tables[2]
    assert [(row["file"], row["start"]) for row in tables[0]] == [
        (f"{number:02}.wav", float(start)) for number in range(20) for start in range(1 + number % 4)
    ]


def test_the_newest_rows_of_a_file_count(worker: Worker, tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    with folder.working(worker):
        folder.save_part([heard(worker, "a", 3), heard(worker, "b", 1)])
        folder.save_part([heard(worker, "a", 2, "changed", speaker="Anna")])
    rows = table(folder.path)
    assert [(row["file"], row["duration"], row["speaker"]) for row in rows] == [
        ("a", 2.0, "Anna"),
        ("a", 2.0, "Anna"),
        ("b", 1.0, None),
    ]
    assert "stamp" not in rows[0]


def test_the_index_of_a_folder_knows_what_is_in_it(worker: Worker, tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    with folder.working(worker):
        folder.save_part([heard(worker, "a", 3, "x"), heard(worker, "b", 1)])
        with_x = folder.save_part([heard(worker, "c", 3, "x")]).name
    index = folder.index()
    counts = index.counts
    assert (counts.files, counts.rows, counts.failures, counts.seconds) == (3, 7, 0, 7.0)
    place = index.place_of(b"x".hex().zfill(64))
    assert place is not None
    assert place[0] != with_x
    assert place[1] == "a"
    (rows,) = folder.heard_in(place[0], {b"x".hex().zfill(64): "a"}).values()
    assert sorted(row.start for row in rows) == [0.0, 1.0, 2.0]
    np.testing.assert_array_equal(rows[0].embedding, heard(worker, "a", 3, "x").rows[0].embedding)
