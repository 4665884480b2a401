"""What becomes of results when things go wrong? `sudo python benchmarks/faults.py [--files 1000]`.

Each fault happens to a real process: killed while it writes, a full disk (a small tmpfs, hence root), a folder that may not be
written, a model that fails, a storm of clients half of which hang up, a clock that jumps (libfaketime), files of every
format with bytes changed, cut or repeated. A row says what was done, what came of it, and whether anything was lost, left
half-written, answered wrongly or with 500.
"""

import argparse
import asyncio
import io
import json
import os
import random
import socket
import subprocess
import sys
import tempfile
import time
import wave
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import av
import httpx
import numpy as np
import soundfile

import emotone
from emotone.examples import examples
from emotone.types import SAMPLE_RATE

CLIP = examples()[0].path
FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")
ROUNDS = 20  # of killing
CLIENTS = 400  # of the storm
CODECS = {"mp4": "aac", "matroska": "aac", "adts": "aac"}  # what libsndfile cannot write

Outcome = tuple[str, bool]
"""What came of a fault, and whether that is as it should be."""


def emotone_command(*arguments: object) -> list[str]:
    """The command line of this environment."""
    return [sys.executable, "-m", "emotone", *map(str, arguments)]


@contextmanager
def served(*options: object, environment: dict[str, str] | None = None) -> Iterator[str]:
    """The address of a server that is ready."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    command = emotone_command("serve", "--no-page", "--port", port, *options)
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, env=os.environ | (environment or {})) as server:
        try:
            _wait(f"http://127.0.0.1:{port}")
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()


def _wait(address: str) -> None:
    for _ in range(600):
        try:
            if httpx.get(f"{address}/readyz").status_code == 200:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.1)
    raise SystemExit("The server did not come up.")


def complete(folder: Path) -> bool:
    """Whether a result is whole: its three files can be read."""
    try:
        with wave.open(str(folder / "processed_audio.wav")) as sound:
            frames = sound.getnframes()
        said = json.loads((folder / "result.json").read_text(encoding="utf-8"))
        dim = np.load(folder / "embedding.npy").shape
    except (OSError, ValueError, EOFError, wave.Error):
        return False
    return frames == round(said["duration"] * SAMPLE_RATE) and dim == (512,)


def killed(folder: Path) -> Outcome:
    """Kill -9 at random moments of `emotone predict -o`."""
    generator = random.Random(0)
    for _ in range(ROUNDS):
        command = emotone_command("predict", *[CLIP] * 200, "-o", folder, "--embedding", "--format", "jsonl")
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            before = len(list(folder.glob("outputs_*")))
            while len(list(folder.glob("outputs_*"))) == before and process.poll() is None:
                time.sleep(0.01)
            time.sleep(generator.uniform(0, 1))
            process.kill()
    results = list(folder.glob("outputs_*"))
    broken = [result for result in results if not complete(result)]
    return f"{len(results)} results of {ROUNDS} processes, {len(broken)} incomplete", bool(results) and not broken


def full_disk(folder: Path) -> Outcome:
    """`emotone predict -o` on a disk of 1 MB."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "emotone", str(folder)], check=True)
    try:
        command = emotone_command("predict", *[CLIP] * 20, "-o", folder, "--embedding", "--format", "jsonl")
        done = subprocess.run(command, capture_output=True, text=True)
        results = list(folder.glob("outputs_*"))
        whole = all(map(complete, results)) and not list(folder.glob(".draft_*"))
    finally:
        subprocess.run(["umount", str(folder)], check=True)
    said = "No space left" in done.stderr and "Traceback" not in done.stderr
    return (
        f"{len(results)} results, all whole: {whole}; exit code {done.returncode}",
        whole and said and done.returncode == 1,
    )


def full_disk_of_a_server(folder: Path) -> Outcome:
    """Uploads to a server whose temporary folder has 1 MB left; then a small one."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "emotone", str(folder)], check=True)
    try:
        with served(environment={"TMPDIR": str(folder)}) as address:
            large = httpx.post(f"{address}/v1/predict", files={"file": ("large.wav", bytes(4 * 2**20))}, timeout=60)
            small = httpx.post(f"{address}/v1/predict", content=CLIP.read_bytes(), timeout=60)
    finally:
        subprocess.run(["umount", str(folder)], check=True)
    well = large.status_code in (413, 503, 507) and small.status_code == 200
    return f"4 MB: {large.status_code}, then a small one: {small.status_code}", well


def unwritable(folder: Path) -> Outcome:
    """`emotone predict -o` into a folder that cannot be made."""
    (folder / "file").write_text("not a folder", encoding="utf-8")
    done = subprocess.run(
        emotone_command("predict", CLIP, "-o", folder / "file" / "below"), capture_output=True, text=True
    )
    return (
        f"exit code {done.returncode}: {done.stderr.strip()[:60]}…",
        done.returncode == 1 and "Traceback" not in done.stderr,
    )


def storm(_: Path) -> Outcome:
    """Many clients at once; every other one hangs up in the middle. Then one that must be answered rightly."""
    data, said = CLIP.read_bytes(), emotone.load_model().predict(CLIP)

    async def client(http: httpx.AsyncClient, address: str, hangs_up: bool) -> int:
        try:
            patience = random.uniform(0.01, 0.5) if hangs_up else 120
            return (await asyncio.wait_for(http.post(f"{address}/v1/predict", content=data), patience)).status_code
        except (httpx.HTTPError, asyncio.TimeoutError):
            return 0

    async def all_clients(address: str) -> Counter[int]:
        async with httpx.AsyncClient(limits=httpx.Limits(max_connections=None), timeout=120) as http:
            return Counter(await asyncio.gather(*(client(http, address, number % 2 == 0) for number in range(CLIENTS))))

    with served() as address:
        statuses = asyncio.run(all_clients(address))
        after = httpx.post(f"{address}/v1/predict", content=data, timeout=60).json()
    right = after["emotion"] == said.label and abs(after["confidence"] - said.confidence) < 1e-4
    return f"{dict(sorted(statuses.items()))} (0: hung up); afterwards right: {right}", right and not set(statuses) - {
        0,
        200,
        503,
    }


def jumping_clock(folder: Path) -> Outcome:
    """The system's time jumps by days, forth and back, between requests."""
    moment = folder / "time"
    moment.write_text("+0")
    fake = {"LD_PRELOAD": str(FAKETIME), "FAKETIME_TIMESTAMP_FILE": str(moment), "FAKETIME_NO_CACHE": "1"}
    statuses, said = [], []
    with served(environment=fake | {"FAKETIME_DONT_FAKE_MONOTONIC": "1"}) as address:
        for shift in ("+0", "+3d", "-3d", "+400d", "-1h", "+0"):
            moment.write_text(shift)
            answer = httpx.post(f"{address}/v1/predict", content=CLIP.read_bytes(), timeout=60)
            statuses.append(answer.status_code)
            said.append(answer.json().get("confidence"))
    return f"{len(statuses)} jumps: {Counter(statuses)}", statuses == [200] * 6 and len(set(said)) == 1


def mutated(files: int) -> Callable[[Path], Outcome]:
    """Files of every format with bytes changed, cut, repeated or overwritten."""

    def run(_: Path) -> Outcome:
        generator = random.Random(0)
        statuses: Counter[int] = Counter()
        with served() as address, httpx.Client(timeout=120) as http:
            for data in _formats().values():
                for _ in range(files):
                    answer = http.post(f"{address}/v1/predict", content=_mutate(data, generator))
                    statuses[answer.status_code] += 1
            after = http.post(f"{address}/v1/predict", content=CLIP.read_bytes()).status_code
        return f"{dict(sorted(statuses.items()))}; afterwards {after}", after == 200 and max(statuses) < 500

    return run


def _formats() -> dict[str, bytes]:
    samples = emotone.load_audio(CLIP).samples[: 2 * SAMPLE_RATE]
    found = {}
    for name in ("wav", "flac", "mp3", "ogg", "aiff"):
        file = io.BytesIO()
        soundfile.write(file, samples, SAMPLE_RATE, format=name.upper())
        found[name] = file.getvalue()
    for name, codec in CODECS.items():
        file = io.BytesIO()
        with av.open(file, "w", format=name) as container:
            stream = container.add_stream(codec, rate=SAMPLE_RATE, layout="mono")
            frame = av.AudioFrame.from_ndarray(samples[None], format="fltp", layout="mono")
            frame.sample_rate = SAMPLE_RATE
            container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
        found[name] = file.getvalue()
    return found


def _mutate(data: bytes, generator: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(generator.choice((1, 3, 30, 300))):
        place = generator.randrange(len(changed))
        match generator.randrange(5):
            case 0:
                changed[place] = generator.randrange(256)
            case 1:
                changed[place : place + 4] = generator.choice((b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff"))
            case 2 if len(changed) > 100:
                del changed[place : place + generator.randrange(1, 50)]
            case 3:
                changed[place:place] = changed[: generator.randrange(1, 50)]
            case _:
                changed[generator.randrange(min(64, len(changed)))] ^= 1 << generator.randrange(8)
    return bytes(changed[: generator.randrange(1, len(changed))] if generator.random() < 0.1 else changed)


def main() -> None:
    """Prints a Markdown table; ends with code 1 when anything is not as it should be."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=1000, help="mutated files of each format")
    parser.add_argument("--only", metavar="FAULT")
    arguments = parser.parse_args()
    faults: dict[str, Callable[[Path], Outcome]] = {
        "kill -9 while writing": killed,
        "full disk": full_disk,
        "full disk of a server": full_disk_of_a_server,
        "unwritable folder": unwritable,
        "storm of clients": storm,
        "jumping clock": jumping_clock,
        "mutated files": mutated(arguments.files),
    }
    print("| fault | what came of it | as it should be |")
    print("|---|---|---|")
    well = True
    for name, fault in faults.items():
        if arguments.only in (None, name):
            with tempfile.TemporaryDirectory() as folder:
                found, good = fault(Path(folder))
            well = well and good
            print(f"| {name} | {found} | {'yes' if good else 'NO'} |", flush=True)
    raise SystemExit(not well)


if __name__ == "__main__":
    main()
