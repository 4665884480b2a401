"""The trained layers of the bundled model: several nets that differ in their seeds, side by side."""

from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from corpora import Clip
from emotone.labels import LABELS
from emotone.training.frames import RATE, FrameSet
from emotone.training.layers import Block, LayerOptions, Layers
from emotone.training.network import train_layers
from features import AS_RECORDED, CUTS, Encoded, write_arrays

NETS = 2
STEPS = 800
# Of the looks at clips. IESC's single words pull all other corpora down; EmotionTTS has 300 clips.
SHARES = {"ravdess": 1.0, "emodb": 1.0, "nemo": 1.0, "emotiontts_ko": 0.3, "iesc": 0.1}


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """All clips in all sessions; row n of everything belongs to the same clip in the same session.

    Attributes:
        clips: A clip is there once for each of its sessions.
        sessions: Of `features.SESSIONS`.
        voices: Session and speaker: clips of one name can be compared with each other. Clips that were cut are of the session
            that they were cut from.
        whole: Which clips were not cut, `(clips,)`: those to learn from.
        frames: Their frames.
    """

    clips: tuple[Clip, ...]
    sessions: NDArray[np.str_]
    voices: NDArray[np.str_]
    whole: NDArray[np.bool_]
    frames: FrameSet

    @classmethod
    def of(cls, parts: Sequence[Encoded]) -> "Sample":
        """Everything that was encoded."""
        clips = tuple(clip for part in parts for clip in part.clips)
        sessions = np.array([part.session for part in parts for _ in part.clips])
        whole = ~np.isin(sessions, tuple(CUTS))
        rooms = np.where(whole, sessions, AS_RECORDED)
        voices = np.array([f"{room} {clip.speaker}" for clip, room in zip(clips, rooms, strict=True)])
        counts = np.concatenate([part.counts for part in parts])
        frames = FrameSet(
            np.concatenate([part.values for part in parts]),
            counts.cumsum() - counts,
            counts,
            np.concatenate([part.means for part in parts]),
            np.array([LABELS.index(clip.emotion) for clip in clips]),
            np.unique(voices, return_inverse=True)[1],
            np.unique([clip.corpus for clip in clips], return_inverse=True)[1],
            tuple(SHARES.get(corpus, 0.0) for corpus in sorted({clip.corpus for clip in clips})),
            len(LABELS),
        )
        return cls(clips, sessions, voices, whole, frames)

    @property
    def durations(self) -> NDArray[np.float64]:
        """Of the clips in seconds, `(clips,)`."""
        return self.frames.counts / RATE


def trained_nets(sample: Sample, learned: NDArray[np.bool_], name: str, cache: Path) -> list[Layers]:
    """Layers that learned from a part of the sample.

    Args:
        sample: All clips.
        learned: Which of them are learned from, `(clips,)`.
        name: What to call the layers in the cache.
        cache: Where they are kept.
    """
    nets = []
    for seed in range(NETS):
        path = cache / f"{name}_{seed}.npz"
        if not path.exists():
            write_arrays(
                path, *arrays_of(train_layers(sample.frames.only(learned), LayerOptions(steps=STEPS, seed=seed)))
            )
        with np.load(path) as file:
            nets.append(layers_of(file[key] for key in file.files))
    return nets


def arrays_of(layers: Layers) -> list[NDArray[np.float32]]:
    """All weights, in an order that `layers_of` knows."""
    return [layers.weight, layers.bias, *(array for block in layers.blocks for array in astuple(block))]


def layers_of(arrays: Iterable[NDArray[np.float32]]) -> Layers:
    """The layers with these weights; the inverse of `arrays_of`."""
    weight, bias, *rest = arrays
    return Layers(weight, bias, tuple(Block(*rest[start : start + 4]) for start in range(0, len(rest), 4)))
