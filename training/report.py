"""What the bundled model is worth: held-out logits as a table, with intervals by speaker."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from corpora import Clip
from emotone.evaluation import metrics
from emotone.labels import LABELS
from head import Logits


@dataclass(frozen=True, slots=True, eq=False)
class HeldOut:
    """Logits of clips that were not learned from.

    Attributes:
        protocol: How they were held out.
        clips: As recorded.
        alone: Logits `(clips, labels)`.
        context: In the middle of a longer recording.
        relative: Compared with the mean of all clips of the same speaker.
    """

    protocol: str
    clips: tuple[Clip, ...]
    alone: Logits
    context: Logits
    relative: Logits


def evaluation_table(results: Sequence[HeldOut], temperature: float, relative_temperature: float) -> str:
    """The evaluation as Markdown."""
    lines = [
        "UAR in percent, with the 95 % interval of a bootstrap over speakers. Labels that a corpus lacks are not offered, except",
        "under 'nine'. Relative: each voice is compared with the mean of all of its clips, without labels. ECE: expected",
        "calibration error of the nine-label confidence, in percent.",
        "",
        "| corpus | protocol | absolute | in context | relative | nine, absolute | nine, relative | ECE | ECE, relative |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for result in results:
        for corpus in dict.fromkeys(clip.corpus for clip in result.clips):
            cells = " | ".join(_cells(result, corpus, temperature, relative_temperature))
            lines.append(f"| {corpus} | {result.protocol} | {cells} |")
    return "\n".join(lines) + f"\n\nTemperature {temperature:.3f}, relative {relative_temperature:.3f}.\n"


def _cells(result: HeldOut, corpus: str, temperature: float, relative_temperature: float) -> list[str]:
    rows = np.array([clip.corpus == corpus for clip in result.clips])
    clips = [clip for clip in result.clips if clip.corpus == corpus]
    alone, context, relative = result.alone[rows], result.context[rows], result.relative[rows]
    return [
        *(_uar(logits, clips, nine=False) for logits in (alone, context, relative)),
        *(_uar(logits, clips, nine=True) for logits in (alone, relative)),
        f"{_calibration_error(alone / temperature, clips):.1f}",
        f"{_calibration_error(relative / relative_temperature, clips):.1f}",
    ]


def truth_of(clips: Sequence[Clip]) -> NDArray[np.int64]:
    """The place of each clip's emotion among the nine labels, `(clips,)`."""
    return np.array([LABELS.index(clip.emotion) for clip in clips])


def _uar(logits: Logits, clips: Sequence[Clip], *, nine: bool) -> str:
    if np.isnan(logits).all():
        return "–"
    truth = truth_of(clips)
    offered = np.arange(len(LABELS)) if nine else np.unique(truth)
    guesses = offered[logits[:, offered].argmax(axis=1)]
    speakers = np.array([clip.speaker for clip in clips])
    each = np.stack([metrics.confusion_matrix(truth[own], guesses[own], len(LABELS)) for own in _groups(speakers)])
    low, high = metrics.interval(metrics.uar(metrics.resampled(each)))
    return f"{100 * metrics.uar(each.sum(axis=0)):.1f} ({100 * low:.0f}–{100 * high:.0f})"


def _groups(speakers: NDArray[np.str_]) -> list[NDArray[np.bool_]]:
    return [speakers == one for one in np.unique(speakers)]


def _calibration_error(logits: Logits, clips: Sequence[Clip]) -> float:
    scores = metrics.softmax(logits)
    return 100 * metrics.calibration_error(scores.max(axis=1), scores.argmax(axis=1) == truth_of(clips))
