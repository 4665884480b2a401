"""How much does the service bear? `python benchmarks/load.py [CLIPS…] [--minutes 30]`.

Starts `emotone serve` on a free port and sends recordings at random moments (Poisson arrivals, whether or not earlier ones
were answered: an open loop hides no queue). CLIPS are files or folders; without them, cuts of the examples in four formats.

1. Finds the highest rate at which the 99th percentile of the time from request to answer stays under 1 s.
2. Sends that rate for the given time: latency, memory over time, every answer compared with that of `predict` offline.
3. Sends twice that rate: what is refused and how; then, how long until one request is answered in under 1 s again.
"""

import argparse
import asyncio
import io
import os
import platform
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import httpx
import numpy as np
import psutil
import soundfile

import emotone
from emotone.examples import examples
from emotone.manifest import recordings_in
from emotone.types import SAMPLE_RATE

GOAL = 1.0  # seconds, of the 99th percentile
TOLERANCE = 1e-4  # of scores
TRIAL = 30.0  # seconds that a rate is tried for
LENGTHS = (1.0, 2.0, 3.0, 5.0, 8.0)  # seconds of the examples' cuts
FORMATS = ("wav", "flac", "mp3", "ogg")


@dataclass(frozen=True)
class Clip:
    """A recording as a client sends it, and what must come back."""

    name: str
    data: bytes
    scores: dict[str, float]
    duration: float


@dataclass(frozen=True)
class Answer:
    """One request: when it was sent (s), how long it took (s), its status (0: no answer), whether the scores were right."""

    sent: float
    seconds: float
    status: int
    right: bool


def clips_of(paths: list[Path]) -> list[Clip]:
    """Recordings with their offline results."""
    model = emotone.load_model(threads=1)
    files = [file for path in paths for file in (recordings_in(path) if path.is_dir() else [path])]
    encoded = [(file.name, file.read_bytes()) for file in files] or list(_cuts())
    clips = []
    for name, data in encoded:
        said = model.predict(data)
        clips.append(Clip(name, data, dict(said.scores), said.duration))
    return clips


def _cuts() -> "list[tuple[str, bytes]]":
    found = []
    for example in examples():
        samples = emotone.load_audio(example.path).samples
        for seconds in LENGTHS:
            for ending in FORMATS:
                part = samples[: round(seconds * SAMPLE_RATE)]
                found.append((f"{example.path.stem}_{seconds:.0f}s.{ending}", _encode(part, ending)))
    return found


def _encode(samples: "np.ndarray", ending: str) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, samples, SAMPLE_RATE, format=ending.upper())
    return file.getvalue()


class Client:
    """Sends clips to a server and keeps the answers."""

    def __init__(self, address: str, clips: list[Clip]) -> None:
        self._address = address
        self._clips = clips
        self._random = random.Random(0)
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=64)
        self._http = httpx.AsyncClient(limits=limits, timeout=30.0)

    async def send(self, clip: Clip) -> Answer:
        """One request to its end."""
        sent = time.perf_counter()
        try:
            files = {"file": (clip.name, clip.data)}
            answer = await self._http.post(f"{self._address}/v1/predict", files=files)
        except httpx.HTTPError:
            return Answer(sent, time.perf_counter() - sent, 0, right=False)
        seconds = time.perf_counter() - sent
        right = answer.status_code == 200 and all(
            abs(answer.json()["scores"][label] - score) <= TOLERANCE for label, score in clip.scores.items()
        )
        return Answer(sent, seconds, answer.status_code, right)

    async def load(self, rate: float, seconds: float) -> list[Answer]:
        """So many requests a second, for so long; waits for the last answer."""
        tasks, now = [], time.perf_counter()
        end = now + seconds
        while now < end:
            tasks.append(asyncio.create_task(self.send(self._random.choice(self._clips))))
            now += self._random.expovariate(rate)
            await asyncio.sleep(max(0.0, now - time.perf_counter()))
        return list(await asyncio.gather(*tasks))

    async def wait_until_well(self) -> float:
        """Seconds until one request is answered rightly in under `GOAL`."""
        start = time.perf_counter()
        while True:
            answer = await self.send(self._clips[0])
            if answer.right and answer.seconds < GOAL:
                return time.perf_counter() - start
            await asyncio.sleep(0.1)


def highest_rate(client: Client) -> float:
    """Requests a second that keep the 99th percentile under `GOAL`, to 10 %."""
    low, high = 1.0, None
    while high is None or high / low > 1.1:
        rate = low * 2 if high is None else (low * high) ** 0.5
        answers = asyncio.get_event_loop().run_until_complete(client.load(rate, TRIAL))
        well = all(answer.status == 200 for answer in answers) and percentile(answers, 99) < GOAL
        print(f"  {rate:5.1f}/s: p99 {percentile(answers, 99) * 1000:.0f} ms, {statuses(answers)}", flush=True)
        low, high = (rate, high) if well else (low, rate)
    return low


def percentile(answers: list[Answer], share: float) -> float:
    """Of the seconds that answers took."""
    return float(np.percentile([answer.seconds for answer in answers], share))


def statuses(answers: list[Answer]) -> str:
    """How many of which status."""
    counted = Counter(answer.status for answer in answers)
    return ", ".join(f"{status or 'no answer'} × {count}" for status, count in sorted(counted.items()))


async def watch(process: psutil.Process, found: list[tuple[float, float]]) -> None:
    """Notes time (s) and memory (MB) once a second, until it is cancelled."""
    while True:
        found.append((time.perf_counter(), process.memory_info().rss / 2**20))
        await asyncio.sleep(1)


async def endure(
    client: Client, process: psutil.Process, rate: float, seconds: float
) -> tuple[list[Answer], list[tuple[float, float]]]:
    """A long load, and the server's memory meanwhile."""
    memory: list[tuple[float, float]] = []
    watching = asyncio.create_task(watch(process, memory))
    answers = await client.load(rate, seconds)
    watching.cancel()
    return answers, memory


def slope(memory: list[tuple[float, float]]) -> float:
    """MB an hour over the second half."""
    half = np.array(memory[len(memory) // 2 :])
    return float(np.polyfit(half[:, 0] / 3600, half[:, 1], 1)[0])


def report(answers: list[Answer], clips: list[Clip], seconds: float) -> None:
    """Latency and correctness."""
    answered = [answer for answer in answers if answer.status == 200]
    heard = np.mean([clip.duration for clip in clips]) * len(answered)
    wrong = sum(not answer.right for answer in answered)
    print(f"  {len(answers)} requests, {statuses(answers)}; wrong answers: {wrong}")
    print(f"  p50 / p95 / p99: {' / '.join(f'{percentile(answered, p) * 1000:.0f}' for p in (50, 95, 99))} ms")
    print(f"  about {heard / 60:.0f} minutes of sound, {heard / seconds:.0f} times real time", flush=True)


def main() -> None:
    """Prints what was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", nargs="*", type=Path)
    parser.add_argument("--minutes", type=float, default=30.0, help="of the long load")
    parser.add_argument("--rate", type=float, help="requests a second of the long load, instead of searching for it")
    arguments = parser.parse_args()
    clips = clips_of(arguments.clips)
    print(f"{len(clips)} clips, {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}\n")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "emotone", "serve", "--port", str(port), "-o", folder]
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as server:
            try:
                run(f"http://127.0.0.1:{port}", psutil.Process(server.pid), clips, arguments)
            finally:
                server.terminate()


def run(address: str, process: psutil.Process, clips: list[Clip], arguments: argparse.Namespace) -> None:
    """All three parts."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    client = Client(address, clips)
    loop.run_until_complete(client.wait_until_well())
    rate, seconds = arguments.rate, arguments.minutes * 60
    if rate is None:
        print(f"Highest rate with p99 under {GOAL:.0f} s:")
        rate = highest_rate(client)
    print(f"\n{rate:.1f} requests a second for {seconds / 60:.0f} minutes:")
    answers, memory = loop.run_until_complete(endure(client, process, rate, seconds))
    report(answers, clips, seconds)
    print(f"  memory {memory[0][1]:.0f} MB → {memory[-1][1]:.0f} MB; second half {slope(memory):+.1f} MB an hour")
    print(f"\nTwice that rate for {TRIAL:.0f} s:")
    answers = loop.run_until_complete(client.load(2 * rate, TRIAL))
    report(answers, clips, TRIAL)
    print(f"  well again after {loop.run_until_complete(client.wait_until_well()):.1f} s")


if __name__ == "__main__":
    main()
