"""Embeddings of many labelled recordings: what evaluation and training begin with.

A head is linear over the embedding, so with these every head is a matrix product away.
"""

import hashlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from .audio import open_recording
from .cache import Embedding, EmbeddingCache
from .engine import usable_cores
from .errors import EmotoneError
from .manifest import Clip
from .recognizer import Recognizer
from .recording import Reading, Recording
from .text import printable
from .types import SAMPLE_RATE, Audio, Failure, ModelInfo, Signal

RECIPE = 2
"""Goes up when the same bytes and the same model no longer give the same embedding: decoding, resampling, chunks."""


class Variant(Protocol):
    """Another version of every recording, such as the same on the telephone."""

    @property
    def key(self) -> str:
        """Names everything that its samples depend on, apart from the recording."""

    def apply(self, audio: Audio) -> Signal:
        """The recording as this variant of it."""


@dataclass(frozen=True, slots=True, eq=False)
class EmbeddedClips:
    """Clips with their embeddings; row n of each array belongs to clip n.

    Attributes:
        clips: Those that could be analysed, in order.
        embeddings: float32 `(clips, dim)`: the mean of each recording's frames.
        durations: float64 `(clips,)`, in seconds.
        quality: Codes of the reasons to doubt each recording.
        sha256: Of each file's bytes, in hex.
        model: What made the embeddings.
        failures: The other clips, by their path.
        cached: How many were not encoded now but before.
    """

    clips: tuple[Clip, ...]
    embeddings: NDArray[np.float32] = field(repr=False)
    durations: NDArray[np.float64] = field(repr=False)
    quality: tuple[tuple[str, ...], ...] = field(repr=False)
    sha256: tuple[str, ...] = field(repr=False)
    model: ModelInfo
    failures: tuple[Failure, ...] = ()
    cached: int = 0

    def __len__(self) -> int:
        return len(self.clips)

    def only(self, rows: Sequence[int]) -> "EmbeddedClips":
        """Some of the clips, in this order; failures stay."""
        return replace(
            self,
            clips=tuple(self.clips[row] for row in rows),
            embeddings=self.embeddings[rows],
            durations=self.durations[rows],
            quality=tuple(self.quality[row] for row in rows),
            sha256=tuple(self.sha256[row] for row in rows),
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Row:
    clip: Clip
    embedding: Embedding
    sha256: str
    cached: bool


def embed_clips(
    recognizer: Recognizer,
    clips: Sequence[Clip],
    *,
    cache: EmbeddingCache | None = None,
    variant: Variant | None = None,
    reading: Reading = open_recording,
    on_done: Callable[[], None] = lambda: None,
) -> EmbeddedClips:
    """The embeddings of clips, as many at a time as there are cores.

    Args:
        recognizer: The model.
        clips: What to embed. A clip that cannot be analysed becomes a failure and does not stop the others.
        cache: Where embeddings are looked up first, and kept as soon as they are made.
        variant: Embed this variant of each recording instead.
        reading: Opens a file as a recording.
        on_done: Called after each clip, from any thread.

    Raises:
        OutputError: When the cache cannot be written.
    """
    single = recognizer.for_many()

    def row(clip: Clip) -> _Row | Failure:
        try:
            recording = reading(clip.file)
            sha256 = recording.source.sha256
            key = _key(sha256, variant)
            known = cache.get(key) if cache is not None else None
            embedding = known or _embed(single, recording, variant)
        except EmotoneError as error:
            return Failure(printable(str(clip.file)), error)
        finally:
            on_done()
        if cache is not None and known is None:
            cache.put(key, embedding)
        return _Row(clip, embedding, sha256, known is not None)

    with ThreadPoolExecutor(usable_cores()) as pool:
        results = list(pool.map(row, clips))
    rows = [result for result in results if isinstance(result, _Row)]
    return EmbeddedClips(
        tuple(row.clip for row in rows),
        np.array([row.embedding.values for row in rows], np.float32).reshape(len(rows), recognizer.info.dim),
        np.array([row.embedding.duration for row in rows], np.float64),
        tuple(row.embedding.quality for row in rows),
        tuple(row.sha256 for row in rows),
        recognizer.info,
        tuple(result for result in results if isinstance(result, Failure)),
        sum(row.cached for row in rows),
    )


def _embed(recognizer: Recognizer, recording: Recording, variant: Variant | None) -> Embedding:
    if variant is None:
        heard = recognizer.listen(recording)
    else:
        heard = recognizer.listen(variant.apply(recording.load()), sample_rate=SAMPLE_RATE)
    return Embedding(heard.embedding, heard.duration, tuple(reason.code for reason in heard.quality))


def _key(sha256: str, variant: Variant | None) -> bytes:
    return hashlib.sha256(f"{RECIPE} {sha256} {variant.key if variant else ''}".encode()).digest()
