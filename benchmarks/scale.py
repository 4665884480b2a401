"""How well a Ray run grows: `nice python benchmarks/scale.py`. Needs Emotone with the extra `batch`, and psutil.

workers     the same clips with 1 … N workers: clips per second from the first part to the last, and what a clip takes of a
            core (CPU seconds of the workers, which other work on this machine hardly changes)
driver      so many files that are not there: what listing, sending out and keeping account take of this process
"""

import argparse
import os
import platform
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil
import ray
import soundfile

import emotone
from emotone.batch import Item, Progress, RunFolder, Worker, WorkOptions, items_of
from emotone.batch.places import LocalFile
from emotone.batch.ray import run_ray
from emotone.examples import examples
from emotone.types import SAMPLE_RATE

CORES = os.cpu_count() or 1


@contextmanager
def cluster(cores: int) -> Iterator[None]:
    """A cluster on this machine."""
    ray.init(num_cpus=cores, include_dashboard=False, logging_level="ERROR", log_to_driver=False)
    try:
        yield
    finally:
        ray.shutdown()


def write_clips(folder: Path, count: int, seconds: float) -> None:
    """Different cuts of real speech."""
    speech = np.tile(emotone.load_audio(examples()[-1].path).samples, 3)
    for number in range(count):
        start = 997 * number % (len(speech) - round(seconds * SAMPLE_RATE))
        cut = speech[start : start + round(seconds * SAMPLE_RATE)]
        soundfile.write(folder / f"{number:05}.flac", cut, SAMPLE_RATE)


def processes(name: str) -> list[psutil.Process]:
    """Those below this one whose command line has this in it."""
    return [one for one in psutil.Process().children(recursive=True) if name in " ".join(one.cmdline())]


def cpu_of(found: list[psutil.Process]) -> float:
    """CPU seconds until now."""
    times = [one.cpu_times() for one in found]
    return sum(one.user + one.system for one in times)


@dataclass
class Watch:
    """What a run took from its first part to its last."""

    first: Progress | None = None
    last: Progress | None = None
    cpu: float = 0.0
    memory: int = 0

    def __call__(self, progress: Progress) -> None:
        """As `on_progress`."""
        hearing = processes("_Hearing")
        if self.first is None:
            self.first, self.cpu = progress, -cpu_of(hearing)
        elif hearing:
            self.last = progress
            self._end = cpu_of(hearing)
            self.memory = max(self.memory, *(one.memory_info().rss for one in hearing))

    def row(self, workers: int) -> str:
        """Of a Markdown table."""
        assert self.first is not None
        assert self.last is not None
        clips, wall = self.last.done - self.first.done, self.last.elapsed - self.first.elapsed
        seconds, cpu = self.last.seconds - self.first.seconds, self.cpu + self._end
        return (
            f"| {workers} | {self.first.elapsed:.1f} | {clips / wall:.1f} | {seconds / wall:.0f} | {seconds / cpu:.0f} "
            f"| {1000 * cpu / clips:.0f} | {self.memory / 1e6:.0f} |"
        )


def workers(options: argparse.Namespace, place: Path) -> None:
    """The same clips with 1 … N workers."""
    folder = place / "clips"
    folder.mkdir()
    write_clips(folder, options.clips, options.seconds)
    worker = Worker(options.model, WorkOptions(embedding=True))
    print(f"{options.clips} clips of {options.seconds:g} s, {options.model}, {machine()}\n")
    print(
        "| workers | until the first part, s | clips/s | × real time | × real time per core | ms of a core per clip | MB |"
    )
    print("|---|---|---|---|---|---|---|")
    for count in range(1, options.workers + 1):
        watch = Watch()
        with cluster(options.workers):
            run_ray(RunFolder(place / f"run{count}"), worker, items_of([str(folder)]), workers=count, on_progress=watch)
        print(watch.row(count), flush=True)
    print(f"\n{machine()}")
    parts = list((place / "run1" / "parts").iterdir())
    print(f"parts: {sum(part.stat().st_size for part in parts) / options.clips:.0f} bytes a clip with its embedding")


def driver(options: argparse.Namespace, place: Path) -> None:
    """Files that are not there cost a worker nothing, so what is left is the account."""
    me = psutil.Process()
    worker = Worker(options.model)
    for count in (options.files // 4, options.files):
        items = (
            Item(f"calls/2026/11/{number:09}.wav", LocalFile(Path(f"/none/{number:09}.wav"))) for number in range(count)
        )
        with cluster(options.workers):
            memory, cpu, start = me.memory_info().rss, cpu_of([me]), time.perf_counter()
            run_ray(RunFolder(place / f"driver{count}"), worker, items, workers=options.workers)
            took, wall = cpu_of([me]) - cpu, time.perf_counter() - start
            print(
                f"{count} files: {wall:.0f} s, {took:.1f} s of a core in this process, "
                f"{(me.memory_info().rss - memory) / 1e6:.0f} MB more in it",
                flush=True,
            )
    print(machine())


def machine() -> str:
    """Where this is."""
    load = psutil.getloadavg()[0]
    return f"{platform.machine()}, {CORES} cores, load {load:.1f}, Python {platform.python_version()}, Ray {ray.__version__}"


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("workers", "driver"))
    parser.add_argument("--workers", type=int, default=CORES, help="at most")
    parser.add_argument("--clips", type=int, default=400)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--model", default=emotone.DEFAULT_MODEL)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        {"workers": workers, "driver": driver}[options.what](options, Path(place))


if __name__ == "__main__":
    main()
