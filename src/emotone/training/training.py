"""From labelled recordings to a head, and how good it will be on voices that it has not heard."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from ..baseline import comparison
from ..embeddings import EmbeddedClips
from ..errors import ManifestError
from ..evaluation import Evaluation, Judged, Protocol, evaluation_of, speaker_of
from ..familiarity import ACCEPTED, Familiarity, describe
from ..heads import Head, softmax
from ..types import Baseline
from .fitting import (
    ABSENT,
    Coordinates,
    Features,
    Linear,
    Moments,
    discriminants,
    fit_temperature,
    log_loss,
    standardised,
)
from .lesson import Lesson, lesson_of
from .result import TrainedHead, provenance_of
from .splitting import FOLDS, Split, split_clips
from .warnings import find_warnings

STRENGTHS = (0.3, 1.0, 3.0, 10.0, 30.0, 100.0)  # of regularisation, to choose from
ENOUGH_CLIPS = 8  # of a speaker, in two classes at least, for a usual sound that is one
FAMILIAR_FOLDS = 5  # whose voices tell how far a new one lies from those that were learned from
ENOUGH_SPEAKERS = 2  # of them, to say something about comparing with it

_Logits = NDArray[np.float64]
_Rows = NDArray[np.int64]
_Embeddings = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Spaces:
    """Embeddings of all clips of a lesson, float32 `(clips, dim)` each.

    Attributes:
        folds: For each fold that is judged, the first ones of the split: by a model that has not learned from it.
        whole: By a model that may have learned from everything.
    """

    folds: Sequence[_Embeddings]
    whole: _Embeddings


def train_head(
    embedded: EmbeddedClips,
    name: str,
    manifest: str,
    *,
    when: datetime | None = None,
    on_progress: Callable[[float], None] = lambda share: None,
) -> TrainedHead:
    """Learns to tell clips apart by their labels, whatever these are. Takes seconds for thousands of clips.

    Args:
        embedded: The clips. Which of them are used, and what their labels are called, is told at `lesson_of`. Some files are
            read once more, to see what they were recorded with; those that are gone are not missed.
        name: What to call the head.
        manifest: What to call the list of clips, in the head's provenance.
        when: The time of training; `None` is now.
        on_progress: Called with the share that is done, 0…1.

    Raises:
        ManifestError: When there are not two recordings of two classes each.
    """
    lesson = lesson_of(embedded)
    split = split_lesson(lesson)
    embeddings = lesson.embedded.embeddings
    trained = learn_head(lesson, split, Spaces([embeddings] * split.folds, embeddings), on_progress=on_progress)
    trained = replace(trained, warnings=find_warnings(lesson, split))
    provenance = provenance_of(trained, lesson, manifest, when or datetime.now())
    head = replace(trained.head, name=name, model_sha256=embedded.model.sha256, provenance=provenance)
    on_progress(1.0)
    return replace(trained, head=head)


def split_lesson(lesson: Lesson, folds: int = FOLDS) -> Split:
    """The folds of a lesson. Raises `ManifestError` when nothing can be held out of it and judged."""
    split = split_clips(lesson.embedded.clips, lesson.truth, len(lesson.labels), folds)
    if split.judged.sum() < 2:
        raise _too_few_clips(lesson)
    return split


def learn_head(
    lesson: Lesson, split: Split, spaces: Spaces, *, on_progress: Callable[[float], None] = lambda share: None
) -> TrainedHead:
    """A head without a name, and what to expect of it; there are no warnings yet."""
    tried, whole = _fit(lesson, split, spaces, on_progress)
    by_strength = np.stack([_held_out(split, spaces, heads) for heads in zip(*tried, strict=True)])
    scored = split.judged[lesson.truth] & (split.fold < len(spaces.folds))
    choice, choices = _choose(by_strength, lesson.truth, split, scored)
    temperature = fit_temperature(by_strength[choice][scored], lesson.truth[scored])
    heads = [  # of the folds that are judged
        replace(own[place], temperature=temperature) for own, place in zip(tried, choices, strict=False)
    ]
    absolute = _held_out(split, spaces, heads)
    relative, compared = _compared(lesson, split, spaces, heads, absolute)
    relative_temperature = fit_temperature(relative[compared], lesson.truth[compared]) if compared.any() else None
    head = replace(
        whole[choice],
        temperature=temperature,
        relative_temperature=relative_temperature,
        familiarity=_familiarity(lesson, split, spaces),
    )
    return TrainedHead(
        head,
        _evaluation(lesson, split, head, absolute, scored),
        _evaluation(lesson, split, head, relative, compared) if compared.any() else None,
        split,
        len(spaces.folds),
        STRENGTHS[choice],
        (),
    )


def _fit(
    lesson: Lesson, split: Split, spaces: Spaces, on_progress: Callable[[float], None]
) -> tuple[list[list[Head]], list[Head]]:
    """Heads of each strength: for each judged fold those that did not see it, and those that saw everything."""
    tried: list[list[Head]] = []
    space: _Space | None = None
    for embeddings in (*spaces.folds, spaces.whole):
        if space is None or space.embeddings is not embeddings:
            space = _Space.of(lesson, embeddings)
        tried.append(space.heads(split.fold != len(tried)) if len(tried) < len(spaces.folds) else space.heads())
        on_progress(len(tried) / (len(spaces.folds) + 2))
    return tried[:-1], tried[-1]


@dataclass(frozen=True, slots=True, eq=False)
class _Space:
    """What is known of embeddings before any are held out."""

    lesson: Lesson
    embeddings: _Embeddings
    features: Features
    coordinates: Coordinates
    moments: Moments

    @classmethod
    def of(cls, lesson: Lesson, embeddings: _Embeddings) -> "_Space":
        # Each value is scaled by its deviation over all clips, held out or not: that takes no labels.
        features, coordinates = standardised(embeddings)
        moments = Moments.of(features, lesson.truth, len(lesson.labels))
        return cls(lesson, embeddings, features, coordinates, moments)

    def heads(self, learned: NDArray[np.bool_] | None = None) -> list[Head]:
        """Those of each strength that learned from these clips; `None`: from all."""
        moments, rows = self.moments, np.arange(len(self.features))
        if learned is not None:
            truth = self.lesson.truth[~learned]
            moments = moments - Moments.of(self.features[~learned], truth, len(self.lesson.labels))
            rows = np.flatnonzero(learned)
        usual = _usual(self.lesson, rows, self.embeddings)
        return [
            _head(self.lesson, self.coordinates.to_embedding(linear), usual)
            for linear in discriminants(moments, STRENGTHS)
        ]


def _head(lesson: Lesson, linear: Linear, usual: _Embeddings) -> Head:
    absent = frozenset(label for label, bias in zip(lesson.labels, linear.bias, strict=True) if bias <= ABSENT / 2)
    head = Head(lesson.labels, linear.weight.astype(np.float32), linear.bias.astype(np.float32), masked=absent)
    return replace(head, usual=head.logits(usual).astype(np.float32))


def _usual(lesson: Lesson, rows: _Rows, embeddings: _Embeddings) -> _Embeddings:
    """The mean over speakers of their mean embedding, `(dim,)`; clips without a speaker are one."""
    speakers = [speaker_of(lesson.embedded.clips[row]) for row in rows]
    known = embeddings[rows]
    means = [known[np.array([name == one for name in speakers])].mean(axis=0) for one in dict.fromkeys(speakers)]
    mean: _Embeddings = np.mean(means, axis=0, dtype=np.float32)
    return mean


def _held_out(split: Split, spaces: Spaces, heads: Sequence[Head]) -> _Logits:
    """Logits `(clips, classes)`, each clip's by the head of its fold; 0 for folds that are not judged."""
    logits = np.zeros((len(spaces.whole), len(heads[0].labels)))
    for fold, (head, embeddings) in enumerate(zip(heads, spaces.folds, strict=True)):
        held = split.fold == fold
        logits[held] = head.logits(embeddings[held])
    return logits


def _choose(by_strength: _Logits, truth: _Rows, split: Split, scored: NDArray[np.bool_]) -> tuple[int, list[int]]:
    """The strength (its place) at which what is true was expected most: of all folds, and for each fold that of the others."""
    losses = np.stack(
        [log_loss(logits / fit_temperature(logits[scored], truth[scored]), truth) for logits in by_strength]
    )
    classes = np.flatnonzero(split.judged)

    def best(chosen: NDArray[np.bool_]) -> int:
        own = [losses[:, chosen & (truth == label)] for label in classes]
        return int(np.mean([loss.mean(axis=1) for loss in own if loss.size], axis=0).argmin())

    return best(scored), [best(scored & (split.fold != fold)) for fold in range(split.folds)]


def _compared(
    lesson: Lesson, split: Split, spaces: Spaces, heads: Sequence[Head], logits: _Logits
) -> tuple[_Logits, NDArray[np.bool_]]:
    """Logits of each voice compared with its own usual sound, and for which clips there are any `(clips,)`."""
    relative, compared = logits.copy(), np.zeros(len(logits), bool)
    embedded = lesson.embedded
    speakers = np.array([speaker_of(clip) for clip in embedded.clips])
    found = 0
    for name in sorted(set(speakers[speakers != ""])):
        rows = np.flatnonzero(speakers == name)
        fold = int(split.fold[rows[0]])
        apart = (split.fold[rows] == fold).all() and fold < len(heads)
        if not apart or len(rows) < ENOUGH_CLIPS or len(set(lesson.truth[rows].tolist())) < 2:
            continue
        baseline = Baseline(spaces.folds[fold][rows], embedded.durations[rows], len(rows), embedded.model)
        relative[rows] = comparison(baseline, heads[fold]).applied(logits[rows])
        compared[rows] = split.judged[lesson.truth[rows]]
        found += 1
    enough = found >= ENOUGH_SPEAKERS and len(set(lesson.truth[compared].tolist())) > 1
    return relative, compared if enough else np.zeros_like(compared)


def _familiarity(lesson: Lesson, split: Split, spaces: Spaces) -> Familiarity | None:
    """What the clips are like, and how far new voices lie; `None` where voices are not known and none can be held out."""
    if split.kind != "speaker" or not np.ptp(spaces.whole, axis=0).any():
        return None
    speaker = np.unique([speaker_of(clip) for clip in lesson.embedded.clips], return_inverse=True)[1]
    durations, strangeness = lesson.embedded.durations, []
    for fold, embeddings in enumerate(spaces.folds[:FAMILIAR_FOLDS]):
        held = split.fold == fold
        alike = np.ones(len(held))
        known = describe(embeddings[~held], durations[~held], speaker[~held], alike[~held])
        strangeness.append(known.strangeness(embeddings[held], durations[held]))
    whole = describe(spaces.whole, durations, speaker, np.ones(len(speaker)))
    return replace(whole, limit=float(np.quantile(np.concatenate(strangeness), ACCEPTED)))


def _evaluation(lesson: Lesson, split: Split, head: Head, logits: _Logits, scored: NDArray[np.bool_]) -> Evaluation:
    """What the numbers are when each fold's temperature is fitted to the others."""
    scores = np.empty_like(logits)
    for fold in np.unique(split.fold[scored]):
        others, held = scored & (split.fold != fold), split.fold == fold
        scores[held] = softmax(logits[held] / fit_temperature(logits[others], lesson.truth[others]))
    rows = np.flatnonzero(scored)
    clips = tuple(lesson.embedded.clips[row] for row in rows)
    labels, truth = lesson.labels, lesson.truth
    there = {labels[place] for place in truth[rows]}
    protocol = Protocol(
        "all",
        labels,
        tuple(label for label in labels if label in there),
        (),
        {word: label for word, label in lesson.words.items() if label in there},
        {label: count for label, count in lesson.counts.items() if label not in there},
    )
    return evaluation_of(lesson.embedded, head, protocol, Judged(clips, rows, truth[rows], scores[rows]))


def _too_few_clips(lesson: Lesson) -> ManifestError:
    found = ", ".join(f"{label}: {count}" for label, count in lesson.counts.items())
    return ManifestError(
        f"There are too few different recordings to learn from ({found}); wanted two of each of two classes at least, and "
        "better ten of each.",
        f"可供学习的不同录音太少（{found}）；至少需要两个类别、每类两个录音，最好每类十个以上。",
    )
