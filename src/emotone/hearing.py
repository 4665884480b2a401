"""Listens to a signal block by block: one pass through the encoder, cumulative sums, what is wrong with the sound."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from .engine import Runner
from .heads import Head
from .listening import Listening
from .quality import QualityMeter
from .types import SAMPLE_RATE, ModelInfo, Progress, Signal, Source
from .view import STRETCH

CHUNK = 30.0  # seconds that are encoded at once, so that memory does not grow with the recording
CONTEXT = 5.0  # seconds at both ends of a chunk that only serve as context; frames of the bundled model depend on 4
WHOLE = 60.0  # longest signal that is encoded in one piece: what the whole of an utterance says should not be cut

_Frames = NDArray[np.float32]


class Hearing:
    """A recording that is being listened to; for one thread at a time.

    A second of it takes about 4 kB of memory until it ends, besides up to a minute of signal.

    Attributes:
        info: The model.

    Args:
        engine: The encoder.
        info: Its model.
        heads: Heads to ask, all in one pass.
        keep_frames: As in `Recognizer.listen`.
        progress: As in `Recognizer.listen`.
    """

    def __init__(
        self,
        engine: Runner,
        info: ModelInfo,
        heads: Sequence[Head],
        *,
        keep_frames: bool = False,
        progress: Progress | None = None,
    ) -> None:
        self.info = info
        self._heads = tuple(heads)
        self._meter = QualityMeter()
        self._engine = engine.assigned()
        self._encoding = _Encoding(self._engine, info.frame_rate)
        self._sums = [np.zeros((1, sum(len(head.labels) for head in heads)))]
        self._means = _Means(info.dim, round(STRETCH * info.frame_rate))
        self._kept: list[_Frames] | None = [] if keep_frames else None
        self._say = progress or (lambda _: None)
        self._say(0.0)

    def add(self, block: Signal) -> None:
        """Listens to the next block; all but the last are as `Recording.blocks` gives them."""
        self._meter.add(block)
        self._say_how_far()  # also an occasion to cancel, before the encoder runs
        for frames in self._encoding.add(block):
            self._read(frames)
            self._say_how_far()

    def end(self, source: Source, *, truncated: bool = False, damaged: bool = False) -> Listening:
        """What was heard, after the last of at least one block.

        Args:
            source: Where the recording comes from.
            truncated: As in `Audio`.
            damaged: As in `Audio`.
        """
        self._read(self._encoding.end())
        self._say(self._meter.duration)
        return Listening(
            self.info,
            source,
            self._meter.duration,
            self._meter.regions(),
            self._meter.reasons(truncated=truncated, damaged=damaged),
            self._means.whole(),
            None if self._kept is None else np.concatenate(self._kept),
            self._heads,
            np.concatenate(self._sums),
            self._means.stretches(),
            self._meter.levels(),
            replicas=self._engine.replicas,
        )

    def _read(self, frames: _Frames) -> None:
        logits = np.concatenate([head.logits(frames) for head in self._heads], axis=1)
        self._sums.append(logits.cumsum(axis=0) + self._sums[-1][-1])
        self._means.add(frames)
        if self._kept is not None:
            self._kept.append(frames)

    def _say_how_far(self) -> None:
        self._say(min(self._means.frames / self.info.frame_rate, self._meter.duration))


class _Encoding:
    """The frames of a signal of any length, in order. Long signals are encoded in overlapping chunks."""

    def __init__(self, engine: Runner, frame_rate: float) -> None:
        self._engine = engine
        self._step = round(SAMPLE_RATE / frame_rate)  # samples of one frame
        self._chunk, self._context = round(CHUNK * frame_rate), round(CONTEXT * frame_rate)
        self._waiting = np.empty(0, np.float32)
        self._seen = 0  # frames at its beginning that were given out before
        self._limit = round(WHOLE * SAMPLE_RATE)

    def add(self, block: Signal) -> Iterator[_Frames]:
        self._waiting = np.concatenate([self._waiting, block])
        while self._waiting.size > self._limit:
            yield self._engine.run([self._waiting[: self._chunk * self._step]])[0][
                self._seen : self._chunk - self._context
            ]
            self._waiting = self._waiting[(self._chunk - 2 * self._context) * self._step :]
            self._seen, self._limit = self._context, self._chunk * self._step

    def end(self) -> _Frames:
        return self._engine.run([self._waiting])[0][self._seen :]


class _Means:
    """Mean frames of a recording that comes in parts: of the whole, and of each stretch of it."""

    def __init__(self, dim: int, stretch_frames: int) -> None:
        self._stretch = stretch_frames
        self._sums: list[NDArray[np.float64]] = []
        self._open = np.zeros(dim)
        self.frames = 0  # of all

    def add(self, frames: _Frames) -> None:
        while len(frames):
            part = frames[: self._stretch - self.frames % self._stretch]
            frames = frames[len(part) :]
            self._open += part.sum(axis=0, dtype=np.float64)
            self.frames += len(part)
            if self.frames % self._stretch == 0:
                self._sums.append(self._open)
                self._open = np.zeros_like(self._open)

    def whole(self) -> _Frames:
        return ((sum(self._sums) + self._open) / self.frames).astype(np.float32)

    def stretches(self) -> _Frames:
        """`(stretches, dim)`; the last one may be shorter."""
        means = [total / self._stretch for total in self._sums]
        rest = self.frames % self._stretch
        return np.array([*means, self._open / rest] if rest else means, np.float32)
