"""Embedded clips whose results are known beforehand."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from emotone.embeddings import EmbeddedClips
from emotone.heads import Head
from emotone.manifest import Clip
from emotone.types import ModelInfo

LABELS = ("angry", "happy", "neutral", "sad", "unknown")
MODEL = ModelInfo("toy", "7", "ab" * 32, LABELS, 5, 50.0, "MIT")
HEAD = Head(LABELS, np.eye(5, dtype=np.float32), np.zeros(5, np.float32), 1.0, frozenset({"unknown"}))

Heard = tuple[str, str, str]  # the manifest's emotion, what the model hears, the speaker


def embedded(heard: Sequence[Heard], sureness: float = 4.0, durations: Sequence[float] | None = None) -> EmbeddedClips:
    """Clips that a head of unit weights takes for the second word, with a logit of `sureness` against 0."""
    clips = tuple(
        Clip(Path(f"{row}.wav"), emotion, {"speaker": speaker} if speaker else {})
        for row, (emotion, _, speaker) in enumerate(heard)
    )
    vectors = np.array([sureness * np.eye(5)[LABELS.index(guess)] for _, guess, _ in heard], np.float32).reshape(-1, 5)
    seconds = np.array(durations if durations is not None else [2.0] * len(heard))
    sha256 = tuple(f"{row:064x}" for row in range(len(heard)))
    return EmbeddedClips(clips, vectors, seconds, ((),) * len(heard), sha256, MODEL)
