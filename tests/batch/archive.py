"""Small archives of real recordings, and the tables that are made of them."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import soundfile
from pyarrow import parquet

import emotone
from emotone.batch import Failed, Heard, Item, Read, RunFolder, Worker
from emotone.batch.export import export_run
from emotone.examples import examples

RATE = 16_000


def write_archive(folder: Path, count: int = 8) -> Path:
    """So many different cuts of 1–1.5 s of the examples, in two folders."""
    sounds = [emotone.load_audio(example.path).samples for example in examples()]
    for number in range(count):
        path = folder / ("ab"[number % 2]) / f"{number:03}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        sound, start = sounds[number % len(sounds)], 300 * number
        soundfile.write(path, sound[start : start + RATE + number * 1000 % (RATE // 2)], RATE)
    return folder


def table(run: Path) -> list[dict[str, Any]]:
    """Its rows as they are exported, without the path of the archive."""
    path = export_run(RunFolder(run), run.with_suffix(".parquet"))
    rows: list[dict[str, Any]] = parquet.read_table(path).to_pylist()
    return [{**row, "file": row["file"].rpartition("archive/")[2]} for row in rows]


class CountingWorker(Worker):
    """A worker that remembers the names of the items that it read, and of those that it listened to."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.read_names: list[str] = []
        self.heard_names: list[str] = []

    def read(self, item: Item) -> Read | Failed:
        self.read_names.append(item.name)
        return super().read(item)

    def hear(self, read: Read) -> Heard | Failed:
        self.heard_names.append(read.item.name)
        return super().hear(read)


def cli(*arguments: object, code: int = 0, **options: Any) -> subprocess.CompletedProcess[str]:
    """The command line, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "emotone", "batch", *map(str, arguments)], capture_output=True, text=True, **options
    )
    assert done.returncode == code, done.stderr
    return done
