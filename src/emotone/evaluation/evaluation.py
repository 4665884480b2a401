"""How good a model is on labelled recordings: one frozen result with everything that a report says."""

import hashlib
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from ..embeddings import EmbeddedClips
from ..heads import Head
from ..labels import Label
from ..types import Failure, ModelInfo
from . import metrics
from .baselines import NONE
from .metrics import BINS, Counts
from .protocol import Judged, LabelChoice, Protocol, agree, judge
from .units import Units, group_clips, speakers_of

LEAST_CLIPS = 10  # of a group that an interval is given for: from fewer, it is far too narrow
COVERAGES = 20  # points of the curve of coverage and accuracy


@dataclass(frozen=True, slots=True)
class Measure:
    """A number 0…1 with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class LabelResult:
    """How well one label is recognised.

    Attributes:
        label: Which one.
        clips: That have it.
        recall: The share of them that was recognised.
        precision: The share of the guesses of this label that was right; `None` when it was never guessed.
        f1: Harmonic mean of both.
    """

    label: Label
    clips: int
    recall: float
    precision: float | None
    f1: float


@dataclass(frozen=True, slots=True)
class Group:
    """How well the clips that share something are recognised.

    Attributes:
        field: What they share: a column of the manifest, `duration` or `quality`.
        name: Its value.
        clips: How many there are.
        labels: How many labels they have: UAR is the mean over these.
        accuracy, uar: Of these clips.
        interval: Low and high end of the 95 % interval of UAR; `None` for fewer than LEAST_CLIPS.
    """

    field: str
    name: str
    clips: int
    labels: int
    accuracy: float
    uar: float
    interval: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Bin:
    """Clips of similar confidence, and how many of them were recognised.

    Attributes:
        low, high: Confidences between which they lie.
        clips: How many there are.
        confidence, accuracy: Their means.
    """

    low: float
    high: float
    clips: int
    confidence: float
    accuracy: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """Whether confidence can be taken as a probability.

    Attributes:
        ece: Expected calibration error, 0 (best) … 1.
        brier: Brier score over all offered labels, 0 (best) … 2.
        bins: The reliability curve; empty bins are left out.
    """

    ece: float
    brier: float
    bins: tuple[Bin, ...]


@dataclass(frozen=True, slots=True)
class CoveragePoint:
    """What abstaining brings: only clips at or above a confidence get an answer.

    Attributes:
        coverage: The share of clips that get one.
        threshold: The confidence.
        accuracy: Of the answers.
    """

    coverage: float
    threshold: float
    accuracy: float


@dataclass(frozen=True, slots=True)
class Evaluation:
    """How good a model and a head are on labelled recordings. Shares are 0…1.

    Attributes:
        model: What made the embeddings.
        head_sha256: Of the head.
        data_sha256: Of the scored files' bytes and labels, whatever their names and order.
        protocol: What was scored, and against what.
        uar, accuracy, macro_f1: The results.
        units: What the intervals were drawn from.
        labels: A result for each scored label.
        confusion: `(offered, offered)`: clips of the row's label that were taken for the column's.
        groups: Results for clips that share something.
        calibration: Confidence against accuracy.
        coverage: Accuracy when the least confident clips get no answer, from few answers to all.
        duration: Of all scored clips, in seconds.
        judged: Each clip with its scores.
        failures: Recordings that could not be analysed.
        absolute: The same without a baseline, when there is one. Where clips were drawn for baselines, every number is the mean
            over all draws.
    """

    model: ModelInfo
    head_sha256: str
    data_sha256: str
    protocol: Protocol
    uar: Measure
    accuracy: Measure
    macro_f1: Measure
    units: Units
    labels: tuple[LabelResult, ...]
    confusion: tuple[tuple[float, ...], ...] = field(repr=False)
    groups: tuple[Group, ...] = field(repr=False)
    calibration: Calibration = field(repr=False)
    coverage: tuple[CoveragePoint, ...] = field(repr=False)
    duration: float
    judged: Judged = field(repr=False)
    failures: tuple[Failure, ...] = field(repr=False)
    absolute: "Evaluation | None" = field(default=None, repr=False)

    @property
    def clips(self) -> int:
        """How many were scored."""
        return len(self.judged.once.clips)


def evaluate(embedded: EmbeddedClips, head: Head, labels: LabelChoice = "all", baseline: str = NONE) -> Evaluation:
    """Scores labelled recordings.

    Args:
        embedded: The recordings.
        head: Of the same model.
        labels: What the model may choose from, as in `Protocol.choice`.
        baseline: What clips are compared with, as in `Protocol.baseline`.

    Raises:
        ModelError: When the head was made for another model.
        ManifestError: When there is nothing to score, nothing to choose from, or speakers are not named who are to be compared.
        OptionError: When there is no such baseline.
    """
    protocol = agree(embedded, head, labels, baseline)
    found = evaluation_of(embedded, head, protocol, judge(embedded, head, protocol))
    return found if baseline == NONE else replace(found, absolute=evaluate(embedded, head, labels))


def evaluation_of(embedded: EmbeddedClips, head: Head, protocol: Protocol, judged: Judged) -> Evaluation:
    """The numbers for clips that were judged already, such as each by a head that did not learn from it.

    Args:
        embedded: The recordings.
        head: What is to be named as judged.
        protocol: What was scored.
        judged: The clips with their scores.
    """
    once = judged.once
    durations = embedded.durations[once.rows]
    confusion = confusion_of(judged)
    units, unit_of = speakers_of(once.clips)
    unit_of = None if unit_of is None else np.tile(unit_of, judged.draws)
    drawn = _drawn(judged, confusion, unit_of)
    chosen = group_clips(once.clips, durations, [embedded.quality[row] for row in once.rows])
    return Evaluation(
        embedded.model,
        head.sha256,
        _data_sha256(embedded, once, protocol),
        protocol,
        _measure(metrics.uar(confusion), metrics.uar(drawn)),
        _measure(metrics.accuracy(confusion), metrics.accuracy(drawn)),
        _measure(metrics.macro_f1(confusion), metrics.macro_f1(drawn)),
        units,
        _label_results(protocol, confusion),
        tuple(tuple(map(_count, row)) for row in confusion),
        tuple(_group(field, name, judged, rows, unit_of) for field, name, rows in chosen),
        _calibration(judged),
        _coverage(judged),
        float(durations.sum()),
        judged,
        embedded.failures,
    )


def confusion_of(judged: Judged, rows: NDArray[np.int64] | None = None) -> Counts:
    """The confusion matrix `(offered, offered)` of all judged clips, or of some rows of them: the mean over draws."""
    chosen = slice(None) if rows is None else rows
    counts = metrics.confusion_matrix(judged.truth[chosen], judged.guesses[chosen], judged.scores.shape[1])
    return counts / judged.draws


def _count(clips: float) -> float:
    """A whole number where it is one; a mean over draws need not be."""
    return int(clips) if clips == int(clips) else round(float(clips), 3)


def uar_difference(one: Evaluation, other: Evaluation) -> Measure:
    """UAR of the one minus UAR of the other, of the same clips: -1…1. Its interval is narrower than those of the two.

    What is easy or hard for both cancels out, as the same units are drawn for both.
    """
    unit_of = speakers_of(one.judged.clips)[1]
    units = np.arange(one.clips) if unit_of is None else unit_of
    drawn = [metrics.uar(_drawn(result.judged, confusion_of(result.judged), units)) for result in (one, other)]
    return _measure(np.float64(one.uar.value - other.uar.value), drawn[0] - drawn[1])


def _drawn(judged: Judged, confusion: Counts, unit_of: NDArray[np.int64] | None) -> Counts:
    if unit_of is None:
        return metrics.resampled_clips(confusion)
    labels = judged.scores.shape[1]
    cells = (unit_of * labels + judged.truth) * labels + judged.guesses
    units = int(unit_of.max()) + 1
    counts = np.bincount(cells, minlength=units * labels**2).astype(np.float64)
    return metrics.resampled(counts.reshape(units, labels, labels))


def _measure(value: np.float64 | NDArray[np.float64], drawn: NDArray[np.float64]) -> Measure:
    return Measure(float(value), *metrics.interval(drawn))


def _label_results(protocol: Protocol, confusion: Counts) -> tuple[LabelResult, ...]:
    clips, recalls = confusion.sum(axis=1), metrics.recalls(confusion)
    precisions, f1_scores = metrics.precisions(confusion), metrics.f1_scores(confusion)
    return tuple(
        LabelResult(
            label,
            round(clips[index]),
            float(recalls[index]),
            float(precisions[index]) if np.isfinite(precisions[index]) else None,
            float(f1_scores[index]),
        )
        for index, label in enumerate(protocol.offered)
        if clips[index]
    )


def _group(field: str, name: str, judged: Judged, rows: NDArray[np.int64], unit_of: NDArray[np.int64] | None) -> Group:
    count = len(rows)
    rows = np.concatenate([rows + draw * len(judged.once.clips) for draw in range(judged.draws)])
    confusion = confusion_of(judged, rows)
    clips = tuple(judged.clips[row] for row in rows)
    chosen = Judged(clips, rows, judged.truth[rows], judged.scores[rows], judged.draws)
    units = None if unit_of is None else np.unique(unit_of[rows], return_inverse=True)[1]
    if units is not None and units.max() == 0:  # one speaker: nobody else to draw
        units = None
    interval = metrics.interval(metrics.uar(_drawn(chosen, confusion, units))) if count >= LEAST_CLIPS else None
    return Group(
        field,
        name,
        count,
        int((confusion.sum(axis=1) > 0).sum()),
        float(metrics.accuracy(confusion)),
        float(metrics.uar(confusion)),
        interval,
    )


def _calibration(judged: Judged) -> Calibration:
    confidence, right = judged.confidence, judged.right
    bins = metrics.confidence_bins(confidence)
    found = tuple(
        Bin(
            index / BINS,
            (index + 1) / BINS,
            max(1, round(int((bins == index).sum()) / judged.draws)),
            float(confidence[bins == index].mean()),
            float(right[bins == index].mean()),
        )
        for index in np.unique(bins).tolist()
    )
    return Calibration(
        metrics.calibration_error(confidence, right), metrics.brier_score(judged.scores, judged.truth), found
    )


def _coverage(judged: Judged) -> tuple[CoveragePoint, ...]:
    confidence, right = np.round(judged.confidence, 9), judged.right  # equal ones are answered together
    falling = np.sort(confidence)[::-1]
    wanted = -(-np.arange(1, COVERAGES + 1) * len(falling) // COVERAGES)  # rounded up
    points = []
    for threshold in np.unique(falling[wanted - 1])[::-1]:
        answered = confidence >= threshold
        points.append(CoveragePoint(float(answered.mean()), float(threshold), float(right[answered].mean())))
    return tuple(points)


def _data_sha256(embedded: EmbeddedClips, judged: Judged, protocol: Protocol) -> str:
    lines = sorted(
        f"{embedded.sha256[row]} {protocol.words[clip.emotion]}\n"
        for row, clip in zip(judged.rows, judged.clips, strict=True)
    )
    return hashlib.sha256("".join(lines).encode()).hexdigest()
