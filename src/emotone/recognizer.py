"""From a recording to scores: one pass through the encoder, any span from its cumulative sums."""

import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .audio import AudioSource, open_recording, source_name
from .baseline import joined
from .engine import Engine, usable_cores
from .errors import EmotoneError, ModelError, OptionError
from .heads import Head, check_head
from .listening import STRETCH, Listening
from .models import DEFAULT_MODEL, file_sha256, find_model
from .quality import QualityMeter
from .types import (
    SAMPLE_RATE,
    Baseline,
    Failure,
    ModelInfo,
    Prediction,
    Progress,
    Signal,
    Timeline,
    TimelineOptions,
)

CHUNK = 30.0  # seconds that are encoded at once, so that memory does not grow with the recording
CONTEXT = 5.0  # seconds at both ends of a chunk that only serve as context; frames of the bundled model depend on 4
WHOLE = 60.0  # longest signal that is encoded in one piece: what the whole of an utterance says should not be cut

_Frames = NDArray[np.float32]


class Recognizer:
    """A model, ready to use. Safe to share between threads.

    Attributes:
        info: The model's name, revision, labels and so on.
        head: What makes scores of embeddings: `head.logits(embedding)`, then `head.scores`.
    """

    def __init__(self, engine: Engine, head: Head, info: ModelInfo) -> None:
        self.info = info
        self.head = head
        self._engine = engine

    def __repr__(self) -> str:
        return f"Recognizer({self.info.name!r}, revision={self.info.revision!r}, dim={self.info.dim})"

    def listen(
        self,
        source: AudioSource,
        *,
        heads: Sequence[Head] = (),
        keep_frames: bool = False,
        sample_rate: int | None = None,
        channel: int | None = None,
        progress: Progress | None = None,
    ) -> Listening:
        """Listens to a recording once; every result can be read off what this returns.

        Args:
            source: A path (`-`: standard input), encoded bytes, a binary file object, or an array of shape `(samples,)` or
                `(samples, channels)`.
            heads: Heads to ask, all in one pass; none means the recognizer's own.
            keep_frames: Whether the frames are kept: 1 MB for each 5 s of 1024-d frames.
            sample_rate: Of an array, in Hz.
            channel: The channel to listen to, counted from 0; `None` takes the mean of all.
            progress: Called at the beginning, for each 10 s that are decoded, and whenever more was heard; at last with the
                duration. What it raises ends the listening and passes through, so it can cancel.

        Raises:
            AudioError: When the source cannot be decoded or scored.
            ModelError: When a head was made for another model.
        """
        asked = tuple(heads) or (self.head,)
        for head in asked:
            check_head(head, self.info)
        recording = open_recording(source, sample_rate=sample_rate, channel=channel)
        meter = QualityMeter()
        kept: list[_Frames] = []
        sums = [np.zeros((1, sum(len(head.labels) for head in asked)))]
        means = _Means(self.info.dim, round(STRETCH * self.info.frame_rate))
        counter = _Counter(progress, meter, self.info.frame_rate)
        for frames in self._encode(counter.watch(recording.blocks())):
            logits = np.concatenate([head.logits(frames) for head in asked], axis=1)
            sums.append(logits.cumsum(axis=0) + sums[-1][-1])
            means.add(frames)
            if keep_frames:
                kept.append(frames)
            counter.add(len(frames))
        counter.finish()
        return Listening(
            self.info,
            recording.source,
            meter.duration,
            meter.regions(),
            meter.reasons(truncated=recording.truncated, damaged=recording.damaged),
            means.whole(),
            np.concatenate(kept) if keep_frames else None,
            asked,
            np.concatenate(sums),
            means.stretches(),
        )

    def predict(
        self,
        source: AudioSource,
        *,
        baseline: Baseline | None = None,
        sample_rate: int | None = None,
        channel: int | None = None,
    ) -> Prediction:
        """Which emotion is expressed in the recording as a whole.

        Args:
            source: As in `listen`.
            baseline: The usual sound of this voice, as in `Listening.predict`.
            sample_rate: As in `listen`.
            channel: As in `listen`.

        Raises:
            AudioError: When the source cannot be decoded or scored.
            ModelError: When the baseline was made by another model.
        """
        return self.listen(source, sample_rate=sample_rate, channel=channel).predict(baseline=baseline)

    def predict_many(
        self, sources: Iterable[AudioSource], *, sample_rate: int | None = None, channel: int | None = None
    ) -> list[Prediction | Failure]:
        """One result for each source, in order; a `Failure` in place of each that cannot be analysed.

        As many sources are analysed side by side as there are cores, each on one. Arguments as in `predict`, the same for
        all sources.
        """
        waiting = list(sources)
        recognizer = self.for_many() if len(waiting) > 1 else self

        def result(source: AudioSource) -> Prediction | Failure:
            try:
                return recognizer.predict(source, sample_rate=sample_rate, channel=channel)
            except EmotoneError as error:
                return Failure(source_name(source), error)

        with ThreadPoolExecutor(usable_cores()) as pool:
            return list(pool.map(result, waiting))

    def for_many(self) -> "Recognizer":
        """The same recognizer for many recordings at a time, each on one thread: call it from `usable_cores` threads."""
        return Recognizer(self._engine.single_threaded, self.head, self.info)

    def timeline(
        self,
        source: AudioSource,
        options: TimelineOptions | None = None,
        *,
        baseline: Baseline | None = None,
        sample_rate: int | None = None,
        channel: int | None = None,
    ) -> Timeline:
        """Which emotion is expressed when: scores of a sliding window, and segments of speech.

        Arguments and errors as in `predict`, and `OptionError` when window or hop are impossible.
        """
        heard = self.listen(source, sample_rate=sample_rate, channel=channel)
        return heard.timeline(options, baseline=baseline)

    def embed(self, source: AudioSource, *, sample_rate: int | None = None, channel: int | None = None) -> _Frames:
        """The embedding of the whole recording: float32 `(dim,)`, the mean of its frames. Arguments as in `predict`."""
        return self.listen(source, sample_rate=sample_rate, channel=channel).embedding

    def embed_frames(
        self, source: AudioSource, *, sample_rate: int | None = None, channel: int | None = None
    ) -> _Frames:
        """The frames: float32 `(frames, dim)`, `info.frame_rate` of them a second. Arguments as in `predict`."""
        frames = self.listen(source, keep_frames=True, sample_rate=sample_rate, channel=channel).frames
        assert frames is not None
        return frames

    def baseline(
        self, sources: Iterable[AudioSource], *, sample_rate: int | None = None, channel: int | None = None
    ) -> Baseline:
        """How a voice usually sounds, from recordings of it in any mood: the more moods, the better. No labels needed.

        Arguments as in `predict_many`.

        Raises:
            AudioError: When a source cannot be decoded, or no speech is in it.
            OptionError: When there are no sources.
        """
        waiting = list(sources)
        if not waiting:
            raise OptionError(
                "A baseline needs at least one recording; found none. Give recordings of the voice.",
                "基线至少需要一个录音，但没有收到任何录音。请给出该说话人的录音。",
            )
        recognizer = self.for_many() if len(waiting) > 1 else self

        def own(source: AudioSource) -> Baseline:
            return recognizer.listen(source, sample_rate=sample_rate, channel=channel).baseline()

        with ThreadPoolExecutor(usable_cores()) as pool:
            return joined(list(pool.map(own, waiting)))

    def with_head(self, head: Head) -> "Recognizer":
        """The same recognizer, answering with another head, such as one that was trained on your own labels.

        Raises:
            ModelError: When the head was made for another model.
        """
        check_head(head, self.info)
        return Recognizer(self._engine, head, replace(self.info, labels=head.labels))

    def _encode(self, blocks: Iterable[Signal]) -> Iterator[_Frames]:
        """The frames of a signal of any length, in order. Long signals are encoded in overlapping chunks."""
        step = round(SAMPLE_RATE / self.info.frame_rate)  # samples of one frame
        chunk, context = round(CHUNK * self.info.frame_rate), round(CONTEXT * self.info.frame_rate)
        waiting, seen = np.empty(0, np.float32), 0  # seen: frames at its beginning that were given out before
        limit = round(WHOLE * SAMPLE_RATE)
        for block in blocks:
            waiting = np.concatenate([waiting, block])
            while waiting.size > limit:
                yield self._engine.run([waiting[: chunk * step]])[0][seen : chunk - context]
                waiting, seen, limit = waiting[(chunk - 2 * context) * step :], context, chunk * step
        yield self._engine.run([waiting])[0][seen:]


class _Counter:
    """Says how far a recording was heard."""

    def __init__(self, progress: Progress | None, meter: QualityMeter, frame_rate: float) -> None:
        self._say = progress or (lambda _: None)
        self._meter = meter
        self._frame_rate = frame_rate
        self._frames = 0

    def watch(self, blocks: Iterator[Signal]) -> Iterator[Signal]:
        """The same blocks, measured; before each there is an occasion to cancel."""
        self._say(0.0)
        for block in self._meter.watch(blocks):
            yield block
            self.add(0)

    def add(self, frames: int) -> None:
        self._frames += frames
        self._say(min(self._frames / self._frame_rate, self._meter.duration))

    def finish(self) -> None:
        self._say(self._meter.duration)


class _Means:
    """Mean frames of a recording that comes in parts: of the whole, and of each stretch of it."""

    def __init__(self, dim: int, stretch_frames: int) -> None:
        self._stretch = stretch_frames
        self._sums: list[NDArray[np.float64]] = []
        self._open = np.zeros(dim)
        self._count = 0  # frames of all

    def add(self, frames: _Frames) -> None:
        while len(frames):
            part = frames[: self._stretch - self._count % self._stretch]
            frames = frames[len(part) :]
            self._open += part.sum(axis=0, dtype=np.float64)
            self._count += len(part)
            if self._count % self._stretch == 0:
                self._sums.append(self._open)
                self._open = np.zeros_like(self._open)

    def whole(self) -> _Frames:
        return ((sum(self._sums) + self._open) / self._count).astype(np.float32)

    def stretches(self) -> _Frames:
        """`(stretches, dim)`; the last one may be shorter."""
        means = [total / self._stretch for total in self._sums]
        rest = self._count % self._stretch
        return np.array([*means, self._open / rest] if rest else means, np.float32)


def load_model(name_or_path: str | Path = DEFAULT_MODEL, *, threads: int = 0, device: str | None = None) -> Recognizer:
    """Loads a model by its registry name or from a file.

    Args:
        name_or_path: Such as `emotone-small`, the bundled one, or the path of an ONNX file made by Emotone.
        threads: Threads for one recording; 0 takes one for each physical core.
        device: `cpu`, or another that the installed ONNX Runtime has, such as `cuda`; `None` takes what the environment
            variable `EMOTONE_DEVICE` says, else `cpu`.

    Raises:
        ModelError: When there is no such model, or the file is not one; the message lists the known names.
        OptionError: When there is no such device.
    """
    path = find_model(name_or_path)
    engine = Engine(path, threads, device or os.environ.get("EMOTONE_DEVICE") or "cpu")
    manifest = engine.manifest
    try:
        head = Head.from_json(manifest["head"])
        info = ModelInfo(
            str(manifest["name"]),
            str(manifest["revision"]),
            file_sha256(path),
            head.labels,
            engine.dim,
            float(manifest["frame_rate"]),
            str(manifest["licence"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(
            f"The manifest of '{path}' is damaged ({error!r}). Get the model again.",
            f"“{path}”的清单已损坏（{error!r}）。请重新获取模型。",
        ) from error
    if head.dim != engine.dim:
        raise ModelError(
            f"The head of '{path}' takes {head.dim} values, its frames have {engine.dim}.",
            f"“{path}”的分类头需要 {head.dim} 维，而帧为 {engine.dim} 维。",
        )
    return Recognizer(engine, head, info)
