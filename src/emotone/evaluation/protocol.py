"""Which clips are scored, and what the model may choose from."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..embeddings import EmbeddedClips
from ..errors import ManifestError
from ..heads import Head, check_head, softmax
from ..labels import Label, label_of
from ..manifest import Clip
from .baselines import NONE, check_baseline, compare_clips

LabelChoice: TypeAlias = Literal["all", "present"]


@dataclass(frozen=True, slots=True)
class Protocol:
    """What a number from an evaluation means.

    Attributes:
        choice: `all`: the model chooses from every label that its head can give; `present`: from those that the corpus has.
        offered: What it chooses from, in the head's order.
        scored: Labels that clips have: recall is averaged over these.
        masked: The head's other labels, which are not offered.
        words: The manifest's word → the label that it was taken for.
        left_out: The manifest's word → clips that were not scored: the head has no such label, or, where heads are judged on
            clips that they did not learn from, no other clips of it.
        baseline: What each clip was compared with, as in `evaluation.baselines`: `none`, `speaker`, `corpus`, or such as `k=8`.
    """

    choice: LabelChoice
    offered: tuple[Label, ...]
    scored: tuple[Label, ...]
    masked: tuple[Label, ...]
    words: Mapping[str, Label]
    left_out: Mapping[str, int]
    baseline: str = NONE


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """What the model made of the clips that are scored.

    Attributes:
        clips: In the manifest's order.
        rows: int64 `(clips,)`: their places in the `EmbeddedClips`.
        truth: int64 `(clips,)`: places in `Protocol.offered`.
        scores: float64 `(clips, offered)`; each row sums to 1.
        draws: How often each clip was judged, each time beside other clips of its speaker: all clips once, then all again.
    """

    clips: tuple[Clip, ...] = field(repr=False)
    rows: NDArray[np.int64] = field(repr=False)
    truth: NDArray[np.int64] = field(repr=False)
    scores: NDArray[np.float64] = field(repr=False)
    draws: int = 1

    @property
    def once(self) -> "Judged":
        """The first draw."""
        count = len(self.clips) // self.draws
        return Judged(self.clips[:count], self.rows[:count], self.truth[:count], self.scores[:count])

    @property
    def guesses(self) -> NDArray[np.int64]:
        """The label with the highest score of each clip, `(clips,)`: its place in `Protocol.offered`."""
        guesses: NDArray[np.int64] = self.scores.argmax(axis=1)
        return guesses

    @property
    def confidence(self) -> NDArray[np.float64]:
        """The highest score of each clip, `(clips,)`."""
        confidence: NDArray[np.float64] = self.scores.max(axis=1)
        return confidence

    @property
    def right(self) -> NDArray[np.bool_]:
        """Which clips were recognised, `(clips,)`."""
        right: NDArray[np.bool_] = self.guesses == self.truth
        return right


def agree(embedded: EmbeddedClips, head: Head, choice: LabelChoice, baseline: str = NONE) -> Protocol:
    """The protocol for these clips and this head.

    Raises:
        ModelError: When the head was made for another model.
        ManifestError: When there is nothing to score, or nothing to choose from.
        OptionError: When there is no such baseline.
    """
    check_head(head, embedded.model)
    check_baseline(baseline)
    known = [label for label in head.labels if label not in head.masked]
    counts = Counter(clip.emotion for clip in embedded.clips)
    meant = {word: label_of(word, known) for word in sorted(counts)}
    words = {word: label for word, label in meant.items() if label is not None}
    scored = tuple(label for label in known if label in words.values())
    if len(scored) < 2:
        _refuse(embedded, tuple(counts), known, scored)
    offered = scored if choice == "present" else tuple(known)
    masked = tuple(label for label in head.labels if label not in offered)
    left_out = {word: counts[word] for word, label in meant.items() if label is None}
    return Protocol(choice, offered, scored, masked, words, left_out, baseline)


def judge(embedded: EmbeddedClips, head: Head, protocol: Protocol) -> Judged:
    """The scores of the clips that the protocol scores.

    Raises:
        ManifestError: When the protocol compares speakers, and they are not named.
    """
    rows = np.flatnonzero([clip.emotion in protocol.words for clip in embedded.clips])
    clips = tuple(embedded.clips[row] for row in rows)
    truth = np.array([protocol.offered.index(protocol.words[clip.emotion]) for clip in clips])
    offering = replace(head, masked=frozenset(protocol.masked))
    compared, trust = compare_clips(embedded, offering, rows, protocol.baseline)
    columns = [head.labels.index(label) for label in protocol.offered]
    logits = compared[..., columns]
    durations = embedded.durations[rows]
    strangeness = head.strangeness(embedded.embeddings[rows], durations)
    scores = softmax(logits / head.temperature_at(trust, durations, strangeness)[..., None])
    draws = len(scores)
    return Judged(clips * draws, np.tile(rows, draws), np.tile(truth, draws), np.concatenate(scores), draws)


def _refuse(embedded: EmbeddedClips, words: tuple[str, ...], known: list[Label], scored: tuple[Label, ...]) -> None:
    if not embedded.clips:
        count = len(embedded.failures)
        raise ManifestError(
            f"None of the {count} recordings could be analysed. Check that they are where the manifest says.",
            f"{count} 个录音均无法分析。请检查录音是否位于清单所写的位置。",
        )
    found, wanted = ", ".join(map(str, words[:20])), ", ".join(known)
    if not scored:
        raise ManifestError(
            f"The manifest's emotions ({found}) are none that the head knows; wanted: {wanted}. Rename them, or give a head "
            "that was trained on them.",
            f"清单中的情绪（{found}）均不是分类头的标签；可用标签：{wanted}。请改名，或使用在这些标签上训练的分类头。",
        )
    raise ManifestError(
        f"All recordings that can be scored are of one emotion ({scored[0]}); wanted two at least, or there is nothing to tell "
        "apart.",
        f"可评分的录音只有一种情绪（{scored[0]}）；至少需要两种，否则无从区分。",
    )
