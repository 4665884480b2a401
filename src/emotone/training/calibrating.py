"""Fitting a head's confidence and label sets to labelled recordings, and how well that holds for other speakers."""

from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from .. import __version__
from ..calibration import COVERAGE, Calibration, fit_threshold
from ..embeddings import EmbeddedClips
from ..errors import ManifestError
from ..evaluation import Protocol, Units, agree, calibration_error, speakers_of
from ..heads import MOST_HASTE, SPAN, SPANS, Head, softmax
from .fitting import fit_temperature, log_loss
from .splitting import split_clips

COVERAGES = (0.8, 0.9, 0.95)
LEAST_CLIPS = 20  # below, a quantile means nothing

_Logits = NDArray[np.float64]
_Places = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class CoverageResult:
    """What label sets did for clips of speakers that they were not fitted to.

    Attributes:
        coverage: What was wanted.
        measured: The share of clips whose true label was in their set.
        worst: The same for the speaker for whom it was least; `None` when none are named.
        size: Labels in a set, on average.
    """

    coverage: float
    measured: float
    worst: float | None
    size: float


@dataclass(frozen=True, slots=True)
class CalibratedHead:
    """A head that was calibrated, and how well that holds.

    Attributes:
        head: With its new temperature and `calibration`; the same weights.
        protocol: Which clips it was fitted to.
        units: Speakers, or clips when none are named.
        clips: How many.
        accuracy: The share of clips that the head recognises; calibration does not change it.
        ece_before: Expected calibration error of the head as it was.
        ece_after: The same with temperatures fitted to other speakers.
        results: One for each of `COVERAGES` and the chosen coverage.
    """

    head: Head
    protocol: Protocol
    units: Units
    clips: int
    accuracy: float
    ece_before: float
    ece_after: float
    results: tuple[CoverageResult, ...]


def calibrate(
    embedded: EmbeddedClips, head: Head, manifest: str, *, coverage: float = COVERAGE, when: datetime | None = None
) -> CalibratedHead:
    """Fits temperature and label sets of a head to clips, and measures both on speakers that were held out.

    Args:
        embedded: The clips.
        head: What is calibrated.
        manifest: What to call the list of clips, in the head's provenance.
        coverage: The share of clips whose true label is to be in their set, 0…1.
        when: The time of calibration; `None` is now.

    Raises:
        ModelError: When the head was made for another model.
        ManifestError: When there are fewer than 20 clips, or their labels are not the head's.
    """
    protocol = agree(embedded, head, "all")
    rows = np.flatnonzero([clip.emotion in protocol.words for clip in embedded.clips])
    if len(rows) < LEAST_CLIPS:
        raise ManifestError(
            f"There are {len(rows)} recordings that can be scored; calibration wants {LEAST_CLIPS} at least, and better hundreds "
            "of ten speakers or more.",
            f"可评分的录音只有 {len(rows)} 个；校准至少需要 {LEAST_CLIPS} 个，最好来自十位以上说话人、共数百个。",
        )
    clips = [embedded.clips[row] for row in rows]
    columns = [head.labels.index(label) for label in protocol.offered]
    embeddings, durations = embedded.embeddings[rows], embedded.durations[rows]
    softness = head.softness(durations, head.strangeness(embeddings, durations))
    logits = head.logits(embeddings)[:, columns] / softness[:, None]
    truth = np.array([protocol.offered.index(protocol.words[clip.emotion]) for clip in clips])
    units, owners = speakers_of(clips)
    speaker = np.zeros(len(clips), np.int64) if owners is None else owners
    classes, present = np.unique(truth, return_inverse=True)
    fold = split_clips(clips, present, len(classes)).fold
    scores = _held_out(fold, truth, logits)
    results = tuple(
        _measure(fold, speaker, truth, scores, wanted, named=owners is not None)
        for wanted in sorted({*COVERAGES, coverage})
    )
    temperature = fit_temperature(logits, truth)
    own = softmax(logits / temperature)
    calibration = Calibration(
        coverage,
        fit_threshold(own[np.arange(len(truth)), truth], speaker, coverage),
        next(result.measured for result in results if result.coverage == coverage),
        len(clips),
        units.speakers,
    )
    before = softmax(logits / head.temperature)
    guesses = logits.argmax(axis=1)
    made = replace(
        head,
        temperature=temperature,
        calibration=calibration,
        model_sha256=embedded.model.sha256,
        provenance={**head.provenance, "calibrated": _provenance(embedded, manifest, when or datetime.now())},
    )
    return CalibratedHead(
        made,
        protocol,
        units,
        len(clips),
        float((guesses == truth).mean()),
        calibration_error(before.max(axis=1), guesses == truth),
        calibration_error(scores.max(axis=1), guesses == truth),
        results,
    )


def fit_haste(logits: _Logits, truth: _Places, durations: NDArray[np.float64]) -> tuple[float, float]:
    """The temperature for spans of 3 s and the haste (`Head.haste`) at which the softmax of held-out logits is most likely.

    Args:
        logits: `(clips, labels)`, of clips that were cut to several durations from 1 to 6 s.
        truth: `(clips,)`.
        durations: `(clips,)`, in seconds.
    """
    found = []
    for haste in np.linspace(0, MOST_HASTE, 41):
        scaled = logits / ((SPAN / np.clip(durations, *SPANS)) ** haste)[:, None]
        temperature = fit_temperature(scaled, truth)
        found.append((float(log_loss(scaled / temperature, truth).mean()), temperature, float(haste)))
    _, temperature, haste = min(found)
    return temperature, haste


def _held_out(fold: _Places, truth: _Places, logits: _Logits) -> _Logits:
    """Scores `(clips, labels)`, each clip's at the temperature of the other folds."""
    scores = np.empty_like(logits)
    for number in np.unique(fold):
        held = fold == number
        scores[held] = softmax(logits[held] / fit_temperature(logits[~held], truth[~held]))
    return scores


def _measure(
    fold: _Places, speaker: _Places, truth: _Places, scores: _Logits, coverage: float, *, named: bool
) -> CoverageResult:
    true = scores[np.arange(len(truth)), truth]
    hit, sizes = np.empty(len(truth), bool), np.empty(len(truth))
    for number in np.unique(fold):
        held = fold == number
        threshold = fit_threshold(true[~held], speaker[~held], coverage)
        hit[held] = (true[held] >= threshold) | (true[held] == scores[held].max(axis=1))
        sizes[held] = np.maximum((scores[held] >= threshold).sum(axis=1), 1)
    worst = float((np.bincount(speaker, hit) / np.bincount(speaker)).min()) if named else None
    return CoverageResult(coverage, float(hit.mean()), worst, float(sizes.mean()))


def _provenance(embedded: EmbeddedClips, manifest: str, when: datetime) -> dict[str, object]:
    model = embedded.model
    return {
        "manifest": manifest,
        "date": when.strftime("%Y-%m-%d"),
        "model": {"name": model.name, "revision": model.revision, "sha256": model.sha256},
        "emotone": __version__,
    }
