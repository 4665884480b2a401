"""Embedded clips drawn at random: every class and every voice moves the embedding."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from emotone.embeddings import EmbeddedClips
from emotone.manifest import Clip
from emotone.types import ModelInfo

DIM = 30
MODEL = ModelInfo("toy", "7", "ab" * 32, ("x",), DIM, 50.0, "MIT")


def clips(
    labels: Sequence[str], speakers: int, each: int, *, apart: float = 1.5, voices: float = 1.0, seed: int = 0
) -> EmbeddedClips:
    """`each` clips of each label by each speaker, shuffled.

    Args:
        labels: The classes.
        speakers: How many there are.
        each: Clips.
        apart: How far classes lie from each other, where clips scatter by 1.
        voices: How far speakers do.
        seed: Of the clips and the speakers; where the classes lie is always the same.
    """
    random = np.random.default_rng(seed)
    centres = dict(zip(labels, np.random.default_rng(7).normal(0, apart / np.sqrt(2), (len(labels), DIM)), strict=True))
    rows = [
        (label, f"s{speaker}", shift + centres[label] + random.normal(0, 1, DIM) * 3)
        for speaker, shift in enumerate(random.normal(0, voices, (speakers, DIM)))
        for label in labels
        for _ in range(each)
    ]
    random.shuffle(rows)
    return embedded([(label, speaker) for label, speaker, _ in rows], np.array([vector for *_, vector in rows]))


def embedded(rows: Sequence[tuple[str, str]], vectors: np.ndarray, files: Sequence[str] | None = None) -> EmbeddedClips:
    """Clips with these labels and speakers (empty: not known) and embeddings."""
    names = files or [f"clips/{row}.wav" for row in range(len(rows))]
    listed = tuple(
        Clip(Path(name), label, {"speaker": speaker} if speaker else {})
        for name, (label, speaker) in zip(names, rows, strict=True)
    )
    sha256 = tuple(f"{row:064x}" for row in range(len(rows)))
    return EmbeddedClips(listed, vectors.astype(np.float32), np.full(len(rows), 2.0), ((),) * len(rows), sha256, MODEL)
