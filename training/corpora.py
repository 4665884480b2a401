"""The corpora: which clips there are, which may be trained on, and how speakers are split."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

TRAINING = ("ravdess", "emodb", "nemo", "emotiontts_ko", "iesc")
ZERO_SHOT = ("tess", "turev", "ased")  # for evaluation only: their licences forbid more, or are not stated
EXAMPLE_SPEAKERS = {"ravdess/06", "emodb/08"}  # heard in the package's example clips, so kept out of training


@dataclass(frozen=True, slots=True)
class Clip:
    """One recording of one emotion.

    Attributes:
        path: The audio file.
        corpus: Its folder.
        speaker: `corpus/speaker`.
        emotion: One of the nine labels.
        duration: In seconds.
    """

    path: Path
    corpus: str
    speaker: str
    emotion: str
    duration: float


def load_corpus(root: Path, corpus: str) -> list[Clip]:
    """The clips of one corpus, in the order of its `index.csv`."""
    with (root / corpus / "index.csv").open(newline="", encoding="utf-8") as file:
        return [
            Clip(
                root / corpus / row["file"],
                corpus,
                f"{corpus}/{row['speaker']}",
                row["emotion"],
                float(row["duration_s"]),
            )
            for row in csv.DictReader(file)
        ]


def speaker_folds(clips: Sequence[Clip], folds: int, seed: int = 0) -> NDArray[np.int64]:
    """A fold for each clip, `(clips,)`: a speaker is in one fold only, and each corpus is spread over all folds."""
    fold_of: dict[str, int] = {}
    generator = np.random.default_rng(seed)
    for corpus in sorted({clip.corpus for clip in clips}):
        speakers = sorted({clip.speaker for clip in clips if clip.corpus == corpus})
        for position, speaker in enumerate(generator.permutation(speakers)):
            fold_of[str(speaker)] = position % folds
    return np.array([fold_of[clip.speaker] for clip in clips])
