"""Compares with FunASR itself: `python tests/convert/reference.py [--write]`, where `funasr` and `torch` are installed.

For each case a model with random weights is written in the official layout, FunASR and Emotone hear the same signals, and the
largest differences are printed. `--write` keeps FunASR's numbers for the short cases in `data/reference.npz`, so that the test
suite compares with the reference without having it.
"""

import argparse
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[1]))

from checkpoints import BASE, LARGE, SMALL, TOKENS, Size, write_model_folder

DATA = Path(__file__).parent / "data" / "reference.npz"
SECONDS = (0.1, 0.5, 1.0, 3.3, 10.0, 30.0, 60.0)


@dataclass(frozen=True)
class Case:
    """A model with random weights.

    Attributes:
        size: Of the model.
        changes: To `config.yaml`.
        tokens: Of its head.
        kept: Lengths in seconds whose numbers are kept for the tests.
    """

    size: Size
    changes: dict[str, str] | None = None
    tokens: tuple[str, ...] = TOKENS
    kept: tuple[float, ...] = (0.1, 1.0, 3.3, 10.0)

    def write(self, folder: Path) -> None:
        """Writes the model's files."""
        write_model_folder(folder, self.size, changes=self.changes, tokens=self.tokens, foreign=False, seed=3)


CASES = {
    "base": Case(BASE, kept=(0.1, 3.3)),
    "large": Case(LARGE, kept=(0.1, 3.3)),
    "small": Case(SMALL),
    "twelve heads": Case(replace(SMALL, dim=96, heads=12, depth=1)),
    "one head, one extra token": Case(replace(SMALL, heads=1, extra_tokens=1)),
    "even kernel": Case(replace(SMALL, position_width=16, position_depth=2, position_groups=4)),
    "other strides": Case(
        replace(SMALL, convolutions=((24, 10, 5), (40, 3, 3), (32, 8, 4), (48, 3, 2), (16, 5, 3))),
    ),
    "not normalised": Case(SMALL, {"normalize": "false"}),
    "other epsilon": Case(replace(SMALL, mlp_ratio=2), {"norm_eps": "0.001"}),
    "unused tokens": Case(SMALL, tokens=(*TOKENS[:4], "unuse_0", "unuse_1", *TOKENS[6:])),
}


def signal(seconds: float) -> NDArray[np.float32]:
    """Something with the unrest of speech: a gliding tone with overtones and pauses, and noise."""
    time = np.arange(round(seconds * 16_000)) / 16_000
    phase = 2 * np.pi * (140 * time + 6 * np.sin(2 * np.pi * 0.7 * time))
    tone = sum(np.sin(order * phase) / order for order in range(1, 12))
    loudness = np.clip(np.sin(2 * np.pi * 1.9 * time) + 0.4, 0, None)
    noise = np.random.default_rng(round(seconds * 10)).standard_normal(time.size)
    return (0.1 * tone * loudness + 0.01 * noise + 0.003).astype(np.float32)


def hear(folder: Path, seconds: tuple[float, ...]) -> dict[float, tuple[NDArray[np.float32], NDArray[np.float64]]]:
    """What FunASR says: seconds → frames and scores."""
    import torch
    from funasr import AutoModel

    model = AutoModel(model=str(folder), device="cpu", disable_update=True, disable_pbar=True, log_level="ERROR")
    answers = {}
    for length in seconds:
        (answer,) = model.generate(torch.from_numpy(signal(length)), granularity="frame", disable_pbar=True)
        answers[length] = answer["feats"], np.array(answer["scores"])
    return answers


def main() -> None:
    """Compares, and writes the numbers when asked to."""
    from emotone import load_model
    from emotone.convert import convert_checkpoint
    from emotone.engine import Engine

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="keep FunASR's numbers")
    parser.add_argument("--case", choices=CASES, action="append", help="only this case")
    arguments = parser.parse_args()
    numbers: dict[str, NDArray[np.float32]] = {}
    print("| case | signal | largest difference: frames | embedding | scores | in a padded batch: frames |")
    print("|---|---|---|---|---|---|")
    for name in arguments.case or CASES:
        case = CASES[name]
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            case.write(folder)
            path = convert_checkpoint(
                folder, folder / "model.onnx", name=name, revision="1", licence="none", precision="fp32"
            ).path
            recognizer, engine = load_model(path), Engine(path)
            answers = hear(folder, SECONDS)
            batch = dict(zip(SECONDS, engine.run([signal(length) for length in SECONDS]), strict=True))
            for length, (frames, scores) in answers.items():
                ours = recognizer.predict(signal(length), sample_rate=16_000)
                (alone,) = engine.run([signal(length)])
                differences = (
                    np.abs(alone - frames).max(),
                    np.abs(ours.embedding - frames.mean(axis=0)).max(),
                    np.abs(np.array(list(ours.scores.values())) - scores).max(),
                    np.abs(batch[length] - frames).max(),
                )
                print(
                    f"| {name} | {length:g} s | " + " | ".join(f"{value:.1e}" for value in differences) + " |",
                    flush=True,
                )
                if length in case.kept:
                    numbers[f"{name}/{length:g}/embedding"] = frames.mean(axis=0)
                    numbers[f"{name}/{length:g}/scores"] = scores.astype(np.float32)
    if arguments.write:
        np.savez_compressed(DATA, **numbers)


if __name__ == "__main__":
    main()
