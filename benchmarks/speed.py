"""How long does one result take? `python benchmarks/speed.py [--model NAME|PATH]`.

For clips of 1, 3, 10 and 30 s of real speech: load time, latency, real-time factor and peak memory, on one thread and on all
cores. Every figure comes from a process of its own; the order of lengths and threads alternates over the rounds, and medians
are printed. Latency is that of `predict` on samples in memory: encoder, speech detection and quality checks.
"""

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import time
from statistics import median

import numpy as np

import emotone
from emotone.examples import examples
from emotone.types import SAMPLE_RATE

DURATIONS = (1, 3, 10, 30)
THREADS = (1, os.cpu_count() or 1)
ROUNDS, RUNS = 3, 7


def measure(model: str, seconds: int, threads: int) -> dict[str, float]:
    """One process: load the model, then the median of several runs."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    recognizer = emotone.load_model(model, threads=threads)
    loaded = time.perf_counter() - start
    speech = emotone.load_audio(examples()[-1].path).samples
    signal = np.tile(speech, 3)[: seconds * SAMPLE_RATE]
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        recognizer.predict(signal, sample_rate=SAMPLE_RATE)
        times.append(time.perf_counter() - start)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"load": loaded, "first": times[0], "latency": median(times[1:]), "peak": peak / 1024, "base": before / 1024}


def main() -> None:
    """Prints a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default=emotone.DEFAULT_MODEL)
    parser.add_argument("--one", nargs=2, type=int, metavar=("SECONDS", "THREADS"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(measure(arguments.model, *arguments.one)))
        return
    found: dict[tuple[int, int], list[dict[str, float]]] = {}
    for _ in range(ROUNDS):
        for seconds in DURATIONS:
            for threads in THREADS:
                command = [sys.executable, __file__, "--model", arguments.model, "--one", str(seconds), str(threads)]
                done = subprocess.run(command, capture_output=True, text=True, check=True)
                found.setdefault((seconds, threads), []).append(json.loads(done.stdout))
    print(f"{arguments.model}, {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}\n")
    print("| clip | threads | load, ms | first result, ms | latency, ms | times real time | peak memory, MB |")
    print("|---|---|---|---|---|---|---|")
    for (seconds, threads), rounds in sorted(found.items()):
        value = {key: median(row[key] for row in rounds) for key in rounds[0]}
        print(
            f"| {seconds} s | {threads} | {value['load'] * 1000:.0f} | {value['first'] * 1000:.0f} | "
            f"{value['latency'] * 1000:.1f} | {seconds / value['latency']:.0f} | {value['peak']:.0f} |"
        )


if __name__ == "__main__":
    main()
