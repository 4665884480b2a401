"""Whether a model says the same of a recording's twins."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from ..audio import open_recording
from ..cache import EmbeddingCache
from ..embeddings import EmbeddedClips, embed_clips
from ..errors import AudioError
from ..heads import Head
from ..recognizer import Recognizer
from ..text import Text
from ..twins import Crowd, Twin, absent, twins
from ..types import Audio
from . import metrics
from .evaluation import Evaluation, confusion_of
from .protocol import judge

CROWD = 24  # recordings that babble is mixed from


@dataclass(frozen=True, slots=True)
class TwinResult:
    """What became of the clips as twins.

    Attributes:
        code, name: Of the twin.
        clips: How many were compared.
        uar, accuracy: Of the twins, 0…1.
        before: UAR of the same clips as they are, 0…1.
        flips: The share of clips whose twin got another label, 0…1.
    """

    code: str
    name: Text
    clips: int
    uar: float
    accuracy: float
    before: float
    flips: float


@dataclass(frozen=True, slots=True)
class Robustness:
    """Results for every twin.

    Attributes:
        results: In the order of `emotone.twins.twins`.
        absent: Why others are not there.
    """

    results: tuple[TwinResult, ...]
    absent: tuple[Text, ...]


def crowd_of(embedded: EmbeddedClips) -> Crowd:
    """People in the background: some of the clips, picked by their content, the first 10 s of each."""
    files = dict(zip(embedded.sha256, (clip.file for clip in embedded.clips), strict=True))
    heard = []
    for sha256 in sorted(files)[:CROWD]:
        with suppress(AudioError):  # gone since it was embedded
            recording = open_recording(files[sha256])
            heard.append(Audio(next(recording.blocks()), recording.source))
    return Crowd.of(heard)


def evaluate_twins(
    recognizer: Recognizer,
    embedded: EmbeddedClips,
    evaluation: Evaluation,
    head: Head,
    *,
    found: Sequence[Twin] | None = None,
    cache: EmbeddingCache | None = None,
    on_done: Callable[[], None] = lambda: None,
) -> Robustness:
    """Scores the twins of all scored clips by the same protocol.

    Args:
        recognizer: The model that made the embeddings.
        embedded: The clips as they are.
        evaluation: Of these clips.
        head: That it was made with.
        found: Twins to make; `None` is all that can be made here.
        cache: As in `embed_clips`.
        on_done: Called after each clip of each twin, from any thread.
    """
    found = twins(crowd_of(embedded)) if found is None else found
    results = _results(recognizer, evaluation, head, found, cache, on_done)
    return Robustness(tuple(results), tuple(absent(found)))


def _results(
    recognizer: Recognizer,
    evaluation: Evaluation,
    head: Head,
    found: Sequence[Twin],
    cache: EmbeddingCache | None,
    on_done: Callable[[], None],
) -> Iterator[TwinResult]:
    before = evaluation.judged
    for twin in found:
        changed = embed_clips(recognizer, before.once.clips, cache=cache, variant=twin, on_done=on_done)
        if not changed.clips:
            continue
        there = {clip.file for clip in changed.clips}
        rows = np.array([row for row, clip in enumerate(before.clips) if clip.file in there])
        after = judge(changed, head, evaluation.protocol)
        confusion = confusion_of(after)
        yield TwinResult(
            twin.code,
            twin.name,
            len(changed),
            float(metrics.uar(confusion)),
            float(metrics.accuracy(confusion)),
            float(metrics.uar(confusion_of(before, rows))),
            float((after.guesses != before.guesses[rows]).mean()),
        )
