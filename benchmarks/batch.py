"""How fast, how frugal and how hard to kill `emotone batch run` is: `python benchmarks/batch.py --help`. Needs psutil.

speed FOLDER      recordings of a folder: times real time per core, share of the cores that was busy
files             so many tiny files: most memory
kill FOLDER       killed with SIGKILL at random moments, then continued: the table must be that of one whole run
funasr FOLDER     the same files by FunASR (`funasr` and `torch` must be installed) and by `emotone batch run`
"""

import argparse
import json
import platform
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import wave
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psutil

CORES = psutil.cpu_count() or 1
RATE = 16_000


@dataclass(frozen=True)
class Measured:
    """What a process took.

    Attributes:
        wall, cpu: Seconds.
        busy: Share of the time of all cores in which they did anything, whatever it was.
        peak: Bytes of memory at most.
    """

    wall: float
    cpu: float
    busy: float
    peak: int


def measured(command: list[str], *, ready: Callable[[], bool] = lambda: True) -> Measured:
    """Runs a command to its end; cores count from when it is ready."""
    start, began, before = time.perf_counter(), None, psutil.cpu_times()
    peak, cpu = 0, 0.0
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    watched = psutil.Process(process.pid)
    while process.poll() is None:
        try:
            peak = max(peak, watched.memory_info().rss)
            used = watched.cpu_times()
            cpu = used.user + used.system
        except psutil.Error:
            break
        if began is None and ready():
            began, before = time.perf_counter(), psutil.cpu_times()
        time.sleep(0.05)
    process.wait()
    after = psutil.cpu_times()
    spent = sum(after) - sum(before)
    return Measured(time.perf_counter() - start, cpu, 1 - (after.idle - before.idle) / spent if spent else 0.0, peak)


def batch(inputs: Path, output: Path, *options: str) -> list[str]:
    """The command."""
    return [sys.executable, "-m", "emotone", "batch", "run", str(inputs), "-o", str(output), *options]


def counts_of(run: Path) -> dict[str, Any]:
    """What is in a run folder."""
    found: dict[str, Any] = json.loads((run / "run.json").read_text())["counts"]
    return found


def chosen(folder: Path, limit: int, into: Path) -> Path:
    """A manifest of so many recordings of a folder, spread over it."""
    files = sorted(path for path in folder.rglob("*") if path.suffix in {".wav", ".ogg", ".flac", ".mp3"})
    files = files[:: max(len(files) // limit, 1)][:limit]
    manifest = into / "list.csv"
    manifest.write_text("file\n" + "".join(f"{path.resolve()}\n" for path in files))
    return manifest


def as_waves(options: argparse.Namespace, place: Path) -> Path:
    """A manifest of the same recordings as WAV files of 16 kHz."""
    from emotone import load_audio  # noqa: PLC0415 - for this alone

    (place / "wav").mkdir()
    for number, file in enumerate(chosen(options.folder, options.limit, place).read_text().splitlines()[1:]):
        samples = (load_audio(file).samples * 32767).round().astype("<i2")
        write_wave(place / "wav" / f"{number:05}.wav", samples)
    return chosen(place / "wav", options.limit, place)


def speed(options: argparse.Namespace, place: Path) -> None:
    """Times real time per core."""
    manifest = as_waves(options, place) if options.wav else chosen(options.folder, options.limit, place)
    run, one = place / "run", place / "one.csv"
    one.write_text("".join(manifest.read_text().splitlines(keepends=True)[:2]))
    start = measured(batch(one, place / "first", "--model", options.model, "--embedding")).cpu
    took = measured(batch(manifest, run, "--model", options.model, "--embedding"), ready=(run / "parts").exists)
    counts = counts_of(run)
    print(f"{counts['files']} files, {counts['seconds']:.0f} s of sound, {options.model}, {machine()}")
    print(f"wall {took.wall:.1f} s, CPU {took.cpu:.1f} s with start, peak memory {took.peak / 1e6:.0f} MB")
    print(f"{counts['seconds'] / took.cpu:.0f} × real time per core (CPU time, with start)")
    print(
        f"{counts['seconds'] / (took.cpu - start):.0f} × without the {start:.1f} s of CPU that a run of one file takes"
    )
    print(f"{counts['seconds'] / took.wall:.0f} × real time on {CORES} cores (wall)")
    print(f"cores busy with anything: {took.busy:.0%}; with this: {took.cpu / took.wall / CORES:.0%}")
    print(f"listening threads at work: {at_work(manifest, place / 'again', options.model):.0%} of their time")


def at_work(manifest: Path, output: Path, model: str) -> float:
    """The share of their time, from the first file to the end of the last, in which the listening threads have one.

    What else runs on the machine hardly changes it: it says whether anybody waits for files, for another or for a part.
    """
    from emotone.batch import Failed, Heard, Read, RunFolder, Worker, WorkOptions, items_of, run_local  # noqa: PLC0415

    spans: list[tuple[float, float]] = []

    class Watched(Worker):
        def hear(self, read: Read) -> Heard | Failed:
            start = time.perf_counter()
            try:
                return super().hear(read)
            finally:
                spans.append((start, time.perf_counter()))

    run_local(RunFolder(output), Watched(model, WorkOptions(embedding=True)), items_of([str(manifest)]))
    spent = max(end for _, end in spans) - min(start for start, _ in spans)
    return sum(end - start for start, end in spans) / spent / CORES


def files(options: argparse.Namespace, place: Path) -> None:
    """Most memory with many files."""
    folder = place / "files"
    for number in range(options.files):
        path = folder / f"{number // 1000:04}" / f"{number:07}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        noise = (
            np.random.default_rng(number % options.distinct)
            .normal(0, 1000, round(RATE * options.seconds))
            .astype("<i2")
        )
        write_wave(path, noise)
    run = place / "run"
    took = measured(batch(folder, run, "--embedding"))
    print(
        f"{options.files} files of {options.seconds} s, {min(options.distinct, options.files)} of them different, {machine()}"
    )
    print(
        f"peak memory {took.peak / 1e6:.0f} MB, wall {took.wall:.0f} s, {counts_of(run)['files'] / took.wall:.0f} files/s"
    )
    again = measured(batch(folder, run, "--embedding"))
    print(f"again, with nothing to do: {again.wall:.1f} s, peak memory {again.peak / 1e6:.0f} MB")
    parts = list((run / "parts").iterdir())
    print(f"{len(parts)} parts, {sum(part.stat().st_size for part in parts) / 1e6:.0f} MB")


def write_wave(path: Path, samples: Any) -> None:
    """Writes 16-bit samples at 16 kHz."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.tobytes())


def kill(options: argparse.Namespace, place: Path) -> None:
    """The same table, whatever happened."""
    manifest = chosen(options.folder, options.limit, place)
    whole = measured(batch(manifest, place / "whole", "--embedding"))
    chance, killed, again = random.Random(options.seed), 0, 0
    for number in range(options.rounds):
        process = subprocess.Popen(batch(manifest, place / "run", "--embedding"), stderr=subprocess.DEVNULL)
        time.sleep(chance.uniform(0, whole.wall))
        process.send_signal(signal.SIGKILL)
        killed += process.wait() == -signal.SIGKILL
        done = table(place / "run", place / "now.parquet") if (place / "run" / "run.json").exists() else None
        print(f"round {number + 1}: {0 if done is None else done.num_rows} rows", flush=True)
        if done is not None and done.num_rows == options.limit:  # everything is done: begin anew, with the same check
            again += same(place, manifest)
            shutil.rmtree(place / "run")
    again += same(place, manifest)
    print(f"{killed} times killed; {again} times continued to the end, each time the same table. {machine()}")


def same(place: Path, manifest: Path) -> int:
    """Continues a run and compares its table with that of the whole one."""
    subprocess.run(batch(manifest, place / "run", "--embedding"), check=True, stderr=subprocess.DEVNULL)
    wanted, found = (table(place / name, place / f"{name}.parquet") for name in ("whole", "run"))
    if not found.equals(wanted):
        raise SystemExit("the tables differ")
    return 1


def table(run: Path, output: Path) -> Any:
    """A run as one table."""
    from pyarrow import parquet  # noqa: PLC0415 - for this alone

    command = [sys.executable, "-m", "emotone", "batch", "export", str(run), "-o", str(output)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return parquet.read_table(output)


FUNASR = """
import sys, time, json
from funasr import AutoModel
quiet = {"disable_update": True, "disable_pbar": True, "log_level": "ERROR"}
if sys.argv[3:]:
    quiet["ncpu"] = int(sys.argv[3])
auto = AutoModel(model=sys.argv[1], device="cpu", **quiet)
files = open(sys.argv[2]).read().split()[1:]
auto.generate(files[:1], granularity="utterance", extract_embedding=True, disable_pbar=True)
start, cpu = time.perf_counter(), time.process_time()
found = auto.generate(files, granularity="utterance", extract_embedding=True, disable_pbar=True)
assert len(found) == len(files)
print(json.dumps([time.perf_counter() - start, time.process_time() - cpu]))
"""


def funasr(options: argparse.Namespace, place: Path) -> None:
    """Clips per second of both, in turn, of WAV files. FunASR's time is without its start, ours with it.

    FunASR as it comes, which is with four threads, and with as many as there are cores.
    """
    manifest = as_waves(options, place)
    ratios = []
    for number in range(options.rounds):
        theirs = [heard_by_funasr(options, manifest, *threads) for threads in ((), (str(CORES),))]
        run = place / f"run{number}"
        took = measured(batch(manifest, run, "--model", options.model, "--embedding"))
        count = counts_of(run)["files"]
        ratios.append([ratio for wall, cpu in theirs for ratio in (wall / took.wall, cpu / took.cpu)])
        print(f"emotone batch: {count / took.wall:.2f} clips/s ({count / took.cpu:.2f} of CPU time)")
        for name, (wall, cpu) in zip(("as it comes", f"{CORES} threads"), theirs, strict=True):
            print(f"FunASR, {name}: {count / wall:.2f} clips/s ({count / cpu:.2f} of CPU time)", flush=True)
    wall, cpu, fair_wall, fair_cpu = np.median(ratios, axis=0)
    print(f"times as many, medians: {wall:.1f} as it comes (CPU time {cpu:.1f})")
    print(f"{fair_wall:.1f} with {CORES} threads (CPU time {fair_cpu:.1f}). {machine()}")


def heard_by_funasr(options: argparse.Namespace, manifest: Path, *threads: str) -> tuple[float, float]:
    """Seconds by the clock and of the processor for all files of a manifest."""
    command = [options.python, "-c", FUNASR, options.funasr, str(manifest), *threads]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1]
    wall, cpu = json.loads(printed)
    return wall, cpu


def machine() -> str:
    """Where this is."""
    return f"{platform.machine()}, {CORES} cores, load {psutil.getloadavg()[0]:.1f}, Python {platform.python_version()}"


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("speed", "files", "kill", "funasr"))
    parser.add_argument("folder", type=Path, nargs="?", help="of recordings")
    parser.add_argument("--limit", type=int, default=300, help="recordings of the folder")
    parser.add_argument("--wav", action="store_true", help="speed: decode them to WAV first")
    parser.add_argument("--model", default="emotone-small")
    parser.add_argument("--files", type=int, default=200_000)
    parser.add_argument("--distinct", type=int, default=10**9, help="of the tiny files; all others are copies")
    parser.add_argument("--seconds", type=float, default=0.2, help="of each of the tiny files")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--funasr", help="folder of FunASR's model")
    parser.add_argument("--python", default=sys.executable, help="that has FunASR")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        {"speed": speed, "files": files, "kill": kill, "funasr": funasr}[options.what](options, Path(place))


if __name__ == "__main__":
    main()
