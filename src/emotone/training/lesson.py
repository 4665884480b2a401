"""What is learned from: which labels there are, and which recordings may teach them."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..embeddings import EmbeddedClips
from ..errors import ManifestError
from ..labels import Label, folded


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
    """Clips of different content, and their labels.

    Attributes:
        embedded: The clips.
        labels: In alphabetical order.
        words: The manifest's word → label.
        truth: int64 `(clips,)`: places in `labels`.
        contradictions: Recordings that are there with different labels, each as its copies: file name and label. They are
            not among the clips.
    """

    embedded: EmbeddedClips
    labels: tuple[Label, ...]
    words: dict[str, Label]
    truth: NDArray[np.int64]
    contradictions: tuple[tuple[tuple[str, Label], ...], ...]

    @property
    def counts(self) -> dict[Label, int]:
        """Label → clips."""
        return dict(zip(self.labels, np.bincount(self.truth, minlength=len(self.labels)).tolist(), strict=True))

    @property
    def sha256(self) -> str:
        """Of the recordings' bytes and labels, whatever their names and order, in hex."""
        lines = sorted(
            f"{sha256} {self.labels[place]}\n" for sha256, place in zip(self.embedded.sha256, self.truth, strict=True)
        )
        return hashlib.sha256("".join(lines).encode()).hexdigest()


def lesson_of(embedded: EmbeddedClips) -> Lesson:
    """What can be learned from labelled clips.

    Words that differ in case, spaces or hyphens only are one label, in the spelling that most clips have. One copy of each
    recording is kept; none when its copies have different labels, as nobody knows which is right.

    Raises:
        ManifestError: When there are no clips, or fewer than two classes.
    """
    words = _spellings([clip.emotion for clip in embedded.clips])
    meant = [words[clip.emotion] for clip in embedded.clips]
    copies: dict[str, list[int]] = defaultdict(list)
    for row, sha256 in enumerate(embedded.sha256):
        copies[sha256].append(row)
    agreed = [rows[0] for rows in copies.values() if len({meant[row] for row in rows}) == 1]
    contradictions = tuple(
        tuple((embedded.clips[row].file.name, meant[row]) for row in rows)
        for rows in copies.values()
        if len({meant[row] for row in rows}) > 1
    )
    labels = tuple(sorted({meant[row] for row in agreed}))
    if len(labels) < 2:
        raise _too_few_classes(embedded, labels)
    truth = np.array([labels.index(meant[row]) for row in agreed], np.int64)
    known = {word: label for word, label in words.items() if label in labels}
    return Lesson(embedded.only(agreed), labels, known, truth, contradictions)


def _spellings(words: Sequence[str]) -> dict[str, Label]:
    """Word → the most frequent one of those that are the same label; of equals, the first."""
    spelled: dict[str, Counter[str]] = defaultdict(Counter)
    for word in words:
        spelled[folded(word)][word] += 1
    return {word: counts.most_common(1)[0][0] for counts in spelled.values() for word in counts}


def _too_few_classes(embedded: EmbeddedClips, labels: Sequence[Label]) -> ManifestError:
    if not embedded.clips and not embedded.failures:
        return ManifestError("There are no recordings to learn from.", "没有可供学习的录音。")
    if not embedded.clips:
        count, first = len(embedded.failures), embedded.failures[0].error.text
        return ManifestError(
            f"None of the {count} recordings could be analysed. The first: {first.en}",
            f"{count} 个录音均无法分析。第一个：{first.zh}",
        )
    if not labels:
        return ManifestError(
            "The same recordings stand in several classes, so nothing is left to learn from. Leave each in one class.",
            "相同的录音出现在多个类别中，没有可供学习的录音。请让每个录音只属于一个类别。",
        )
    found = labels[0]
    return ManifestError(
        f"There is one class of recordings that can be used ({found}); a head tells two or more apart. Add recordings of "
        "another class.",
        f"可用的录音只有一个类别（{found}）；分类头用于区分两个以上的类别。请添加其他类别的录音。",
    )
