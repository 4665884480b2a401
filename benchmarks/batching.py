"""Does it pay to run the bundled model on several clips at once? `python benchmarks/batching.py`.

Processor time of one thread for each clip, alone and in padded batches, smallest of five runs: time on the clock would measure
what else the machine does. Clips are cut from the recordings of the package; those of a batch are as similar in length as can be.
"""

import time
from collections.abc import Callable

import numpy as np

from emotone import load_audio
from emotone.engine import Engine
from emotone.examples import examples
from emotone.models import find_model
from emotone.types import SAMPLE_RATE, Signal

CLIPS, RUNS = 16, 5
BATCHES = (2, 4, 8, 16)


def cut(seconds: float, spread: float) -> list[Signal]:
    """Clips of about so many seconds, the shortest first."""
    random = np.random.default_rng(0)
    sound = np.concatenate([load_audio(example.path).samples for example in examples()])
    lengths = [round(SAMPLE_RATE * seconds * (1 + spread * random.uniform(-1, 1))) for _ in range(CLIPS)]
    starts = [int(random.integers(0, sound.size - length)) for length in lengths]
    return sorted((sound[start : start + length] for start, length in zip(starts, lengths, strict=True)), key=len)


def cost(work: Callable[[], object]) -> float:
    """Milliseconds of processor time for each clip."""
    spent = []
    for _ in range(RUNS + 1):
        began = time.thread_time()
        work()
        spent.append(time.thread_time() - began)
    return min(spent[1:]) / CLIPS * 1000


def main() -> None:
    """Prints a table in Markdown."""
    engine = Engine(find_model("emotone-small"), threads=1)
    print("| clips | alone, ms | " + " | ".join(f"{size} at once" for size in BATCHES) + " |")
    print("|---|---|" + "---|" * len(BATCHES))
    for seconds in (1, 2, 4, 8):
        for spread in (0.0, 0.25):
            clips = cut(seconds, spread)
            alone = cost(lambda clips=clips: [engine.run([clip]) for clip in clips])
            changes = [
                cost(lambda clips=clips, size=size: [engine.run(clips[i : i + size]) for i in range(0, CLIPS, size)])
                / alone
                for size in BATCHES
            ]
            length = f"{seconds} s" if not spread else f"{seconds} s ± {spread:.0%}"
            print(f"| {length} | {alone:.1f} | " + " | ".join(f"{change - 1:+.0%}" for change in changes) + " |")


if __name__ == "__main__":
    main()
