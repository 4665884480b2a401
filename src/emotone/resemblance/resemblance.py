"""Two recordings side by side: how alike they sound, which scores differ, and how their emotions go over time."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..baseline import comparison
from ..errors import ModelError
from ..familiarity import Familiarity
from ..heads import Head
from ..listening import Listening
from ..segment import overlaps
from ..types import Baseline, Prediction, Segment, Timeline, TimelineOptions
from .alignment import Path, align, distances
from .likeness import Likeness, cosine, likeness

WINDOW, HOP = 1.5, 0.25  # seconds: lines of a script are short, and windows of 3 s would show no course in them
MOST_MOMENTS = 600  # of a recording: alignment takes time and memory with their square


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """How the emotions of two recordings go over time, aligned by dynamic time warping.

    Attributes:
        times: float64 `(n,)` and `(m,)`: moments of both, in seconds: the centres of windows with speech in them.
        scores: float64 `(n, labels)` and `(m, labels)`: what is expressed there.
        path: Which moments belong together, as pairs of their indices: from the first of both to the last of both.
        distance: How different the scores of moments that belong together are in the mean: 0 (the same course) … 1 (never
            anything in common).
    """

    times: tuple[NDArray[np.float64], NDArray[np.float64]]
    scores: tuple[NDArray[np.float64], NDArray[np.float64]] = field(repr=False)
    path: Path = field(repr=False)
    distance: float


@dataclass(frozen=True, slots=True, eq=False)
class Resemblance:
    """What two recordings have in common, and what not.

    Attributes:
        one, other: What is said about each as a whole.
        head: What made their scores.
        cosine: Of both embeddings as they are, -1…1. Says little: it is high for any two recordings of speech.
        likeness: The same as seen from usual speech; `None` when the model does not know what is usual.
        differences: Label → score of the other minus score of the one.
        course: Their emotions over time.
    """

    one: Prediction
    other: Prediction
    head: Head = field(repr=False)
    cosine: float
    likeness: Likeness | None
    differences: dict[str, float]
    course: Course = field(repr=False)


def resemblance(
    one: Listening,
    other: Listening,
    head: Head,
    *,
    usual: Familiarity | None = None,
    baselines: tuple[Baseline | None, Baseline | None] = (None, None),
) -> Resemblance:
    """Compares two recordings, of any length, language and speaker.

    Args:
        one: A recording.
        other: Another one, listened to by the same model.
        head: One of the heads that both were listened to with.
        usual: What embeddings of speech are usually like; `None` is what the head knows about it.
        baselines: The usual sound of each voice: everything then says how each differs from its own.

    Raises:
        ModelError: When different models listened, the head was not there, or a baseline was made by another model.
    """
    if one.info.sha256 != other.info.sha256:
        raise ModelError(
            f"The recordings were listened to by two models, {one.info.name} and {other.info.name}. Use one for both.",
            f"两个录音由不同的模型分析：{one.info.name} 与 {other.info.name}。请使用同一模型。",
        )
    sides = tuple(zip((one, other), baselines, strict=True))
    first, second = (heard.predict(head=head, baseline=baseline) for heard, baseline in sides)
    options = curve_options(max(one.duration, other.duration))
    timelines = (heard.timeline(options, head=head, baseline=baseline) for heard, baseline in sides)
    usual = usual or head.familiarity
    alike = None
    if usual is not None:
        a, b = (_apart_from_voice(heard.embedding, baseline, head, usual) for heard, baseline in sides)
        alike = likeness(a, b, usual)
    return Resemblance(
        first,
        second,
        head,
        cosine(one.embedding, other.embedding),
        alike,
        {label: second.scores[label] - first.scores[label] for label in head.labels},
        _course(*(_spoken(timeline) for timeline in timelines)),
    )


def curve_options(duration: float) -> TimelineOptions:
    """How curves of recordings of up to so many seconds are cut."""
    hop = max(HOP, duration / MOST_MOMENTS)
    return TimelineOptions(window=max(WINDOW, hop), hop=hop)


def _apart_from_voice(
    embedding: NDArray[np.float32], baseline: Baseline | None, head: Head, usual: Familiarity
) -> NDArray[np.float64]:
    """An embedding as the usual voice would have it, as far as the baseline is trusted: what a head does with logits."""
    if baseline is None:
        return embedding.astype(np.float64)
    own = np.average(baseline.embeddings, axis=0, weights=baseline.seconds)
    return embedding + float(comparison(baseline, head).trust) * (usual.centre - own)


def _spoken(timeline: Timeline) -> Sequence[Segment]:
    """Windows with speech in them; all of them when there is none. Pauses of different length then move nothing."""
    speech = overlaps(timeline.regions, timeline.windows)
    return [window for window, spoken in zip(timeline.windows, speech, strict=True) if spoken] or timeline.windows


def _course(one: Sequence[Segment], other: Sequence[Segment]) -> Course:
    first, second = (np.array([list(window.scores.values()) for window in windows]) for windows in (one, other))
    early, late = (np.array([(window.start + window.end) / 2 for window in windows]) for windows in (one, other))
    apart = distances(first, second)
    path = align(apart)
    return Course((early, late), (first, second), path, float(np.mean([apart[pair] for pair in path])))
