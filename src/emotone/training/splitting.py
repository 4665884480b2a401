"""Which clips stay together when some are held out, so that a head is judged on voices that it has not heard."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..evaluation import speaker_of
from ..manifest import Clip

FOLDS = 10  # that clips are split into for heads
FEW_FOLDERS = 5  # below, folders are no stand-in for speakers
_SEED = 0


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """Clips in folds.

    Attributes:
        kind: What stays together: all clips of a `speaker`, of a `folder`, or nothing (`file`).
        groups: How many of these there are.
        folds: How many folds there are.
        fold: int64 `(clips,)`: the fold of each clip.
        judged: bool `(classes,)`: classes with clips in two folds at least. The others are never held out and known at once.
    """

    kind: Literal["speaker", "folder", "file"]
    groups: int
    folds: int
    fold: NDArray[np.int64]
    judged: NDArray[np.bool_]


def split_clips(clips: Sequence[Clip], truth: NDArray[np.int64], classes: int, folds: int = FOLDS) -> Split:
    """Folds in which each class has about the same share of its clips.

    Speakers stay whole where two are named, else folders where there are several for each class. When that leaves fewer than
    two classes that can be judged, every clip stands for itself.

    Args:
        clips: What is split. One without a speaker stands for itself.
        truth: int64 `(clips,)`: their classes.
        classes: How many there are.
        folds: How many to make; fewer when there are fewer groups.
    """
    speakers = [speaker_of(clip) for clip in clips]
    if len({name for name in speakers if name}) > 1:
        split = _split("speaker", [name or place for place, name in enumerate(speakers)], truth, classes, folds)
        if split.judged.sum() > 1:
            return split
    folders = [clip.file.parent.name for clip in clips]
    if not any(speakers) and _like_speakers(folders, truth, classes):
        return _split("folder", folders, truth, classes, folds)
    return _split("file", range(len(clips)), truth, classes, folds)


def folds_to_judge(split: Split, truth: NDArray[np.int64], wanted: int) -> int:
    """How many folds, from the first one on, are to be judged when no more than `wanted` can be afforded; at least two.

    What a fold is judged with is chosen by the others, so two classes need clips in two of the folds: more are judged until
    that is so.
    """
    for folds in range(max(2, wanted), split.folds):
        pairs = {(fold, label) for fold, label in zip(split.fold.tolist(), truth.tolist(), strict=True) if fold < folds}
        if (np.bincount([label for _, label in pairs]) > 1).sum() > 1:
            return folds
    return split.folds


def _like_speakers(folders: Sequence[str], truth: NDArray[np.int64], classes: int) -> bool:
    """Whether folders may hold a speaker or a session each: not a class each, and not a clip each."""
    pairs = set(zip(folders, truth.tolist(), strict=True))
    spread = np.bincount([label for _, label in pairs], minlength=classes)
    return FEW_FOLDERS <= len(set(folders)) <= len(folders) / 2 and int(spread.min()) > 1


def _split(
    kind: Literal["speaker", "folder", "file"],
    owners: Sequence[str | int],
    truth: NDArray[np.int64],
    classes: int,
    folds: int,
) -> Split:
    numbers = {owner: number for number, owner in enumerate(dict.fromkeys(owners))}
    group = np.array([numbers[owner] for owner in owners])
    counts = np.zeros((len(numbers), classes))
    np.add.at(counts, (group, truth), 1)
    folds = min(folds, len(numbers))
    fold = _spread(counts / counts.sum(axis=0), folds)[group]
    held = np.zeros((folds, classes), bool)
    held[fold, truth] = True
    return Split(kind, len(numbers), folds, fold, held.sum(axis=0) > 1)


def _spread(shares: NDArray[np.float64], folds: int) -> NDArray[np.int64]:
    """A fold for each group, from its share of each class `(groups, classes)`: large ones first, each where it is missed."""
    order = np.random.default_rng(_SEED).permutation(len(shares))
    order = order[np.argsort(-shares[order].sum(axis=1), kind="stable")]
    filled = np.zeros((folds, shares.shape[1]))
    fold = np.zeros(len(shares), np.int64)
    for group in order:
        # The squares of all folds' shares grow least here; of equal folds, the emptiest is taken.
        fold[group] = np.lexsort((filled.sum(axis=1), filled @ shares[group]))[0]
        filled[fold[group]] += shares[group]
    return fold
