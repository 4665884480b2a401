"""How late is what a live stream says? `python benchmarks/live.py [--streams 1 4 16 32] [--seconds 30]`.

Many clients at a time, in a process of their own, send real speech at the speed of life to a real server: frames of 100 ms, over
WebSockets on loopback. Latency of a window is the time from when its last sample was sent to when its scores came back; that of a
segment is from when the end of its speech was known, so it holds only work and waiting. Times real time is the sound of all
streams by the processor time that the server took for it: how many streams one core would carry. Clients start at random within
one hop, as people do.
"""

import argparse
import asyncio
import json
import os
import platform
import random
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import psutil
from websockets.asyncio.client import connect

import emotone
from emotone.examples import examples
from emotone.types import SAMPLE_RATE

FRAME = SAMPLE_RATE // 10
HOP = 0.5


@dataclass
class Heard:
    """What came back to the clients of one round."""

    windows: list[float] = field(default_factory=list)
    segments: list[float] = field(default_factory=list)
    results: list[float] = field(default_factory=list)
    skipped: int = 0


async def talk(url: str, signal: np.ndarray, want_result: bool, heard: Heard) -> None:
    """One client, from its first word to its result."""
    sent = [0.0]  # when the samples of each frame were sent; the first entry is for none
    async with connect(url, max_size=None) as client:
        start = {"type": "start", "encoding": "s16", "sample_rate": SAMPLE_RATE, "hop": HOP, "result": want_result}
        await client.send(json.dumps(start))
        await client.recv()
        ended = 0.0

        async def listen() -> None:
            known = 0.0
            async for text in client:
                now, said = time.perf_counter(), json.loads(text)
                if said["type"] == "window":
                    heard.windows.append(now - sent[-(-round(said["end"] * SAMPLE_RATE) // FRAME)])
                    heard.skipped += said["skipped"]
                elif said["type"] == "speech_ended":
                    known = now
                elif said["type"] == "segment":
                    heard.segments.append(now - known)
                elif said["type"] == "result":
                    heard.results.append(now - ended)

        listening = asyncio.ensure_future(listen())
        await asyncio.sleep(random.random() * HOP)
        began = time.perf_counter()
        for number, first in enumerate(range(0, signal.size, FRAME), start=1):
            await asyncio.sleep(max(0.0, began + number * FRAME / SAMPLE_RATE - time.perf_counter()))
            sent.append(time.perf_counter())
            await client.send(signal[first : first + FRAME].tobytes())
        ended = time.perf_counter()
        await client.send(json.dumps({"type": "end"}))
        await listening


async def round_of(url: str, streams: int, seconds: int, want_result: bool) -> Heard:
    """So many clients side by side, each at another place of the same speech."""
    clips = [emotone.load_audio(example.path).samples for example in examples()]
    pause = np.zeros(SAMPLE_RATE, np.float32)
    speech = np.concatenate([part for clip in clips for part in (clip, pause)])
    heard = Heard()
    talks = []
    for index in range(streams):
        signal = np.resize(np.roll(speech, -index * SAMPLE_RATE), seconds * SAMPLE_RATE)
        talks.append(talk(url, np.round(signal * 32767).astype("<i2"), want_result, heard))
    await asyncio.gather(*talks)
    return heard


def measure(port: int, streams: int, seconds: int, want_result: bool) -> str:
    """One row of the table, from a server of its own."""
    with TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "emotone", "serve", "--port", str(port), "-o", str(Path(folder))]
        server = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        try:
            process = psutil.Process(server.pid)
            url = f"ws://127.0.0.1:{port}/v1/stream"
            asyncio.run(ready(url))
            before = sum(process.cpu_times()[:2])
            heard = asyncio.run(round_of(url, streams, seconds, want_result))
            took = sum(process.cpu_times()[:2]) - before
            memory = process.memory_info().rss / 2**20
        finally:
            server.terminate()
            server.wait()
    share = heard.skipped / max(1, heard.skipped + len(heard.windows))
    last = f"{np.median(heard.results):.1f}" if heard.results else "–"
    return (
        f"| {streams} | {'yes' if want_result else 'no'} | {spread(heard.windows)} | {share:.0%} | {spread(heard.segments)} | "
        f"{last} | {streams * seconds / took:.0f} | {memory:.0f} |"
    )


async def ready(url: str) -> None:
    """Returns once a stream was served."""
    for _ in range(120):
        try:
            await talk(url, np.zeros(2 * FRAME, "<i2"), True, Heard())
        except OSError:
            await asyncio.sleep(0.5)
        else:
            return
    raise SystemExit("The server does not start.")


def spread(seconds: list[float]) -> str:
    """p50, p95 and p99 in milliseconds."""
    return " / ".join(f"{1000 * value:.0f}" for value in np.percentile(seconds, [50, 95, 99])) if seconds else "–"


def main() -> None:
    """Prints a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--streams", nargs="+", type=int, default=[1, 4, 16, 32])
    parser.add_argument("--seconds", type=int, default=30)
    parser.add_argument("--port", type=int, default=7871)
    arguments = parser.parse_args()
    random.seed(0)
    print(
        f"{emotone.DEFAULT_MODEL}, {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, ",
        end="",
    )
    print(f"{arguments.seconds} s of speech in each stream, hop {HOP} s\n")
    print(
        "| streams | result | window p50 / p95 / p99, ms | windows left out | segment p50 / p95 / p99, ms | result, s | ",
        end="",
    )
    print("times real time of one core | server memory, MB |")
    print("|---|---|---|---|---|---|---|---|")
    for want_result in (True, False):
        for streams in arguments.streams:
            print(measure(arguments.port, streams, arguments.seconds, want_result), flush=True)


if __name__ == "__main__":
    main()
