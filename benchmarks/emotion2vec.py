"""FunASR and Emotone on emotion2vec+, side by side: `python benchmarks/emotion2vec.py`, where `funasr` and `torch` are installed.

Both get the same weights (random ones in the official layout, at the true sizes) and the same clips (real speech, as samples in
memory). Each contender is a process of its own; all are alive at once and asked in turn, so that what else the machine does
meets all of them. Printed are medians over the rounds; "faster" is the median of the ratios within a round.
"""

# ruff: noqa: PLC0415 - each process imports only what it is there for

import argparse
import itertools
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

SIZES = ("base", "large")
CONTENDERS = ("FunASR", "fp32", "int8")
OURS = CONTENDERS[1:]
SECONDS = (1, 3, 10, 30)
CLIPS = tuple(f"{seconds} s" for seconds in SECONDS)
MANY = tuple(f"mixed {number}" for number in range(20))
LEAST, MOST = 1.0, 12.0  # seconds of the mixed clips
CORES = os.cpu_count() or 1
RATE = 16_000
INITIAL = 3**-0.5  # scale of the matrices of a model that torch has just made, over that of the tests' random ones
FLAGS = ("avx2", "avx_vnni", "avx512f", "avx512_vnni", "avx512_bf16", "amx_int8")

GOALS = {
    ("3 s", "fp32"): 1.35,
    ("10 s", "fp32"): 2.0,
    ("3 s", "int8"): 3.5,
    ("10 s", "int8"): 5.0,
    ("many", "int8"): 6.0,
    ("start large", "fp32"): 8.0,
    ("start large", "int8"): 8.0,
    ("memory large", "fp32"): 1 / 0.3,
    ("memory large", "int8"): 1 / 0.3,
}

Answer = tuple[list[float], list[float]]  # embedding, scores
Hear = Callable[[list[NDArray[np.float32]]], list[Answer]]


def open_funasr(model: str, threads: int) -> Hear:
    """FunASR hears clips one by one: its `batch_size` only collects them."""
    import torch
    from funasr import AutoModel

    path = str(Path(model).parent)
    quiet = {"disable_update": True, "disable_pbar": True, "log_level": "ERROR"}
    auto = AutoModel(model=path, device="cpu", ncpu=threads or CORES, **quiet)

    def hear(clips: list[NDArray[np.float32]]) -> list[Answer]:
        tensors = [torch.from_numpy(clip) for clip in clips]
        found = auto.generate(tensors, granularity="utterance", extract_embedding=True, disable_pbar=True)
        return [(answer["feats"].tolist(), answer["scores"]) for answer in found]

    return hear


def open_emotone(model: str, threads: int) -> Hear:
    """Emotone hears one clip by `predict`, several by `predict_many`."""
    from emotone import load_model

    recognizer = load_model(model, threads=threads)

    def hear(clips: list[NDArray[np.float32]]) -> list[Answer]:
        if len(clips) == 1:
            found = [recognizer.predict(clips[0], sample_rate=RATE)]
        else:
            found = recognizer.predict_many(clips, sample_rate=RATE)
        return [(answer.embedding.tolist(), list(answer.scores.values())) for answer in found]

    return hear


def work(contender: str, model: str, clips: str, threads: int) -> None:
    """A worker: each line of standard input names clips; each line of standard output is what they took."""
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # FunASR prints
    hear = (open_funasr if contender == "FunASR" else open_emotone)(model, threads)
    for line in sys.stdin:
        with np.load(clips) as loaded:
            samples = [loaded[name] for name in json.loads(line)]
        cpu, wall = time.process_time(), time.perf_counter()
        answers = hear(samples)
        reply = {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall, "answers": answers}
        reply |= {"cpu so far": time.process_time(), "peak": peak_memory()}
        print(json.dumps(reply), file=replies, flush=True)


def peak_memory() -> int:
    """Bytes that this process had at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


@dataclass(frozen=True)
class Place:
    """A temporary folder with a model in every form, and the clips."""

    folder: Path

    @property
    def clips(self) -> Path:
        """Name → samples."""
        return self.folder / "clips.npz"

    def model(self, contender: str) -> Path:
        """What this contender loads."""
        return self.folder / ("model.pt" if contender == "FunASR" else f"{contender}.onnx")

    @contextmanager
    def worker(self, contender: str, threads: int) -> Iterator[Callable[[Sequence[str]], dict[str, Any]]]:
        """A process; what is given asks it for clips by name."""
        command = [
            sys.executable,
            __file__,
            "--work",
            contender,
            str(self.model(contender)),
            str(self.clips),
            str(threads),
        ]
        pipe = subprocess.PIPE
        with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True) as process:
            assert process.stdin is not None
            assert process.stdout is not None

            def ask(names: Sequence[str]) -> dict[str, Any]:
                print(json.dumps(names), file=process.stdin, flush=True)
                reply: dict[str, Any] = json.loads(process.stdout.readline() or "{}")
                if not reply:
                    raise RuntimeError(f"{contender} gave up: {' '.join(command)}")
                return reply

            yield ask
            process.stdin.close()


def make(folder: Path, size: str) -> None:
    """Writes a model as its hub has it, as fp32 and as int8; and the clips."""
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
    from checkpoints import BASE, LARGE, write_checkpoint, write_model_folder

    from emotone import load_audio
    from emotone.convert import convert_checkpoint
    from emotone.examples import examples

    weights = write_model_folder(folder, {"base": BASE, "large": LARGE}[size], optimizer=False)
    for name, values in weights.items():
        if values.ndim == 2 and name != "proj.weight":
            values *= np.float32(INITIAL)
    write_checkpoint(folder / "model.pt", weights, foreign=False)
    for precision in OURS:
        path = folder / f"{precision}.onnx"
        made = convert_checkpoint(folder, path, name=size, revision="1", licence="none", precision=precision)
        if made.precision != precision:
            raise SystemExit(f"int8 did not pass the check: {made.check}")
    speech = np.concatenate([load_audio(example.path).samples for example in examples()])
    speech = np.tile(speech, 1 + SECONDS[-1] * RATE // speech.size)
    clips = {f"{seconds} s": speech[: seconds * RATE] for seconds in SECONDS}
    rng = np.random.default_rng(0)
    for name, seconds in zip(MANY, rng.permutation(np.linspace(LEAST, MOST, len(MANY))), strict=True):
        start = rng.integers(speech.size - round(MOST * RATE))
        clips[name] = speech[start : start + round(seconds * RATE)]
    np.savez(folder / "clips.npz", **clips)


def rounds(place: Place, threads: int, requests: Iterable[Sequence[str]], count: int) -> list[list[dict[str, Any]]]:
    """For each request, for each round: contender → reply. The order of contenders turns; a first round does not count."""
    with ExitStack() as stack:
        asked = {contender: stack.enter_context(place.worker(contender, threads)) for contender in CONTENDERS}
        found: list[list[dict[str, Any]]] = [[] for _ in requests]
        turns = itertools.cycle(itertools.permutations(CONTENDERS))
        for number in range(count + 1):
            for request, replies in zip(requests, found, strict=True):
                reply = {contender: asked[contender](request) for contender in next(turns)}
                if number:
                    replies.append(reply)
    return found


def faster(replies: Sequence[dict[str, Any]], ours: str, key: str) -> float:
    """The median of FunASR's values over ours."""
    return median(reply["FunASR"][key] / reply[ours][key] for reply in replies)


def row(*cells: object) -> None:
    """Prints a row of a Markdown table."""
    print("| " + " | ".join(str(cell) for cell in cells) + " |", flush=True)


def head(title: str, *cells: str) -> None:
    """Prints a title and the head of a table."""
    print(f"\n{title}\n")
    row(*cells)
    print("|" + "---|" * len(cells))


def ratios(values: dict[str, float], goal: str) -> list[str]:
    """Cells: each of ours with its goal."""
    cells = []
    for ours in OURS:
        wanted = GOALS.get((goal, ours))
        cells += [f"**{values[ours]:.2f}**", f"≥ {wanted:.3g}" if wanted else ""]
    return cells


RATIOS = ("fp32: faster", "goal", "int8: faster", "goal")


def print_one(size: str, place: Place, count: int) -> None:
    """One clip at a time, on one thread and on all cores."""
    head(f"## {size}: one clip", "threads", "clip", "time, ms", *CONTENDERS, *RATIOS)
    for threads in dict.fromkeys((1, CORES)):
        for clip, replies in zip(CLIPS, rounds(place, threads, [[clip] for clip in CLIPS], count), strict=True):
            for key in ("cpu", "wall"):
                times = [f"{1000 * median(reply[name][key] for reply in replies):.0f}" for name in CONTENDERS]
                won = {ours: faster(replies, ours, key) for ours in OURS}
                row(threads, clip, key, *times, *ratios(won, clip if (threads, key) == (1, "cpu") else ""))


def print_many(size: str, place: Place, count: int) -> None:
    """Many clips in one call. FunASR takes all cores for one clip after the other, Emotone one for each clip."""
    (cores,), (single,) = (rounds(place, threads, [MANY], count) for threads in (0, 1))
    head(f"## {size}: {len(MANY)} mixed clips of {LEAST:g}–{MOST:g} s", "clips per second", *CONTENDERS, *RATIOS)
    for title, replies, key, goal in (
        ("on all cores", cores, "wall", "many"),
        ("of CPU time, on all cores", cores, "cpu", ""),
        ("of CPU time, one thread for a clip", single, "cpu", ""),
    ):
        speeds = [f"{median(len(MANY) / reply[name][key] for reply in replies):.2f}" for name in CONTENDERS]
        row(title, *speeds, *ratios({ours: faster(replies, ours, key) for ours in OURS}, goal))
    print_accuracy(size, {name: cores[0][name]["answers"] for name in CONTENDERS})


def print_accuracy(size: str, answers: dict[str, list[Answer]]) -> None:
    """How far ours are from FunASR's, over the mixed clips."""
    wanted = [np.array(part) for part in zip(*answers["FunASR"], strict=True)]
    centre = wanted[0].mean(axis=0)
    titles = (
        "cosine of embeddings, least",
        "the same without their mean",
        "largest difference in a score",
        "same label",
    )
    head(f"## {size}: what the {len(MANY)} clips' results differ by", "Emotone", *titles)
    for ours in OURS:
        embeddings, scores = (np.array(part) for part in zip(*answers[ours], strict=True))
        row(
            ours,
            f"{cosines(wanted[0], embeddings).min():.6f}",
            f"{cosines(wanted[0] - centre, embeddings - centre).min():.6f}",
            f"{np.abs(wanted[1] - scores).max():.1e}",
            f"{(wanted[1].argmax(axis=1) == scores.argmax(axis=1)).sum()} of {len(scores)}",
        )


def cosines(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of each row with its fellow."""
    norms = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
    cosine: NDArray[np.float64] = (one * other).sum(axis=1) / norms
    return cosine


def print_start(size: str, place: Place, count: int) -> None:
    """New processes, with default threads: import, load and the result for 3 s; memory after 10 s; and the models' files."""
    found: list[dict[str, dict[str, float]]] = []
    for number in range(count + 1):
        replies = {}
        for contender in CONTENDERS:
            start = time.perf_counter()
            with place.worker(contender, 0) as ask:
                cpu = ask(["3 s"])["cpu so far"]
                wall = time.perf_counter() - start
            with place.worker(contender, 0) as ask:
                replies[contender] = {"start": wall, "cpu": cpu, "memory": ask(["10 s"])["peak"] / 1e6}
        found += [replies] if number else []
    files = {name: {"file": place.model(name).stat().st_size / 1e6} for name in CONTENDERS}
    head(f"## {size}: a new process", "measure", *CONTENDERS, *(cell.replace("faster", "less by") for cell in RATIOS))
    for title, key, rows in (
        ("import, load, result for 3 s: s", "start", found),
        ("the same in CPU time: s", "cpu", found),
        ("most memory, 10 s: MB", "memory", found),
        ("the model's file: MB", "file", [files]),
    ):
        values = [f"{median(reply[name][key] for reply in rows):.4g}" for name in CONTENDERS]
        row(title, *values, *ratios({ours: faster(rows, ours, key) for ours in OURS}, f"{key} {size}"))


PARTS = {"one": print_one, "many": print_many, "start": print_start}


def machine() -> str:
    """What this ran on."""
    cpu, flags = platform.processor() or platform.machine(), set[str]()
    if Path("/proc/cpuinfo").exists():
        fields = dict(line.split(":", 1) for line in Path("/proc/cpuinfo").read_text().split("\n\n")[0].splitlines())
        facts = {name.strip(): value.strip() for name, value in fields.items()}
        cpu, flags = facts.get("model name", cpu), set(facts.get("flags", "").split())
    libraries = ", ".join(f"{name} {version(name)}" for name in ("torch", "funasr", "onnxruntime", "emotone"))
    there = " ".join(flag for flag in FLAGS if flag in flags)
    return f"{cpu}, {CORES} cores ({there}), Python {platform.python_version()}, {libraries}"


def main() -> None:
    """Prints Markdown tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", nargs="+", choices=SIZES, default=SIZES)
    parser.add_argument("--rounds", type=int, default=9, help="of single clips; the other parts have half as many")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=tuple(PARTS))
    parser.add_argument("--make", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--work", nargs=4, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.work:
        contender, model, clips, threads = arguments.work
        work(contender, model, clips, int(threads))
        return
    if arguments.make:
        make(Path(arguments.make[0]), arguments.make[1])
        return
    fewer = max(3, (arguments.rounds + 1) // 2)
    print(
        f"{machine()}. {arguments.rounds} rounds, {fewer} for many clips and new processes. {time.strftime('%Y-%m-%d')}"
    )
    for size in arguments.sizes:
        with tempfile.TemporaryDirectory() as folder:
            # A process starts with the peak memory of the one that starts it, so this one must stay small.
            subprocess.run([sys.executable, __file__, "--make", folder, size], check=True)
            place = Place(Path(folder))
            for part in arguments.parts:
                PARTS[part](size, place, arguments.rounds if part == "one" else fewer)
    if hasattr(os, "getloadavg"):
        print(f"\nLoad of the machine over the last 15 minutes, this included: {os.getloadavg()[2]:.1f}")


if __name__ == "__main__":
    main()
