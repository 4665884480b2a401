"""What the bundled model is worth: held-out logits as a table, with intervals by speaker."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from corpora import Clip
from emotone.evaluation import metrics
from emotone.heads import STRANGENESS, Head
from emotone.labels import LABELS
from head import Logits, Spans


@dataclass(frozen=True, slots=True, eq=False)
class HeldOut:
    """What models made of clips that they had not learned from.

    Attributes:
        protocol: How they were held out.
        whole: As recorded.
        context: Logits `(clips, labels)` of the same clips in the middle of a longer recording.
        cuts: Some of the clips, cut to several durations.
    """

    protocol: str
    whole: Spans
    context: Logits
    cuts: tuple[Spans, ...]


def evaluation(results: Sequence[HeldOut], head: Head) -> str:
    """The evaluation as Markdown; temperatures are those of the head."""
    lines = [
        "UAR in percent, with the 95 % interval of a bootstrap over speakers. Labels that a corpus lacks are not offered, except",
        "under 'nine'. Relative: each voice is compared with all of its clips, without their labels. ECE: expected calibration",
        "error of the nine-label confidence, in percent.",
        "",
        "| corpus | protocol | absolute | in context | relative | nine, absolute | nine, relative | ECE | ECE, relative |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for result in results:
        for corpus in dict.fromkeys(clip.corpus for clip in result.whole.clips):
            lines.append(f"| {corpus} | {result.protocol} | {' | '.join(_cells(result, corpus, head))} |")
    lines += [
        "",
        "The middle of clips, all corpora but IESC together, nine labels, in percent:",
        "",
        "| | clips | accuracy | confidence | ECE | accuracy, relative | confidence, relative | ECE, relative |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for result in results:
        for cut in result.cuts:
            cells = [f"{len(cut.clips):,}"] + [
                cell for relative in (False, True) for cell in _sureness(cut, head, relative)
            ]
            lines.append(f"| {result.protocol}, {cut.durations.mean():.0f} s | {' | '.join(cells)} |")
    temperatures = f"Temperature {head.temperature:.3f}, relative {head.relative_temperature:.3f}"
    return "\n".join(lines) + f"\n\n{temperatures}, haste {head.haste:.3f}, boldness {head.boldness:.3f}.\n"


def _cells(result: HeldOut, corpus: str, head: Head) -> list[str]:
    rows = np.array([clip.corpus == corpus for clip in result.whole.clips])
    own = result.whole.only(rows)
    return [
        *(_uar(logits, own.clips, nine=False) for logits in (own.alone, result.context[rows], own.among)),
        *(_uar(logits, own.clips, nine=True) for logits in (own.alone, own.relative)),
        *(_sureness(own, head, relative)[-1] for relative in (False, True)),
    ]


def _sureness(spans: Spans, head: Head, relative: bool) -> list[str]:
    """Accuracy, mean confidence and calibration error."""
    logits, trust = (spans.relative, spans.trust) if relative else (spans.alone, 0.0)
    scores = head.probabilities(logits, trust, spans.durations, np.clip(spans.strangeness, *STRANGENESS))
    confidence, right = scores.max(axis=1), scores.argmax(axis=1) == truth_of(spans.clips)
    values = (right.mean(), confidence.mean(), metrics.calibration_error(confidence, right))
    return [f"{100 * value:.1f}" for value in values]


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
