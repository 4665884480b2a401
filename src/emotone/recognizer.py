"""From a recording to scores: one pass through the encoder, any span from its cumulative sums."""

import math
import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .audio import AudioSource, Recording, open_recording, source_name
from .engine import Engine, usable_cores
from .errors import EmotoneError, ModelError, OptionError
from .heads import Head
from .models import DEFAULT_MODEL, file_sha256, find_model
from .quality import UTTERANCE_ONLY, QualityMeter
from .segment import label_regions, top_label, window_spans
from .types import (
    SAMPLE_RATE,
    Failure,
    ModelInfo,
    Prediction,
    Reason,
    Region,
    Segment,
    Signal,
    Source,
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

    def predict(self, source: AudioSource, *, sample_rate: int | None = None, channel: int | None = None) -> Prediction:
        """Which emotion is expressed in the recording as a whole.

        Args:
            source: A path (`-`: standard input), encoded bytes, a binary file object, or an array of shape `(samples,)` or
                `(samples, channels)`.
            sample_rate: Of an array, in Hz.
            channel: The channel to listen to, counted from 0; `None` takes the mean of all.

        Raises:
            AudioError: When the source cannot be decoded or scored.
        """
        return self._utterance(self._listen(open_recording(source, sample_rate=sample_rate, channel=channel)))

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
        sample_rate: int | None = None,
        channel: int | None = None,
    ) -> Timeline:
        """Which emotion is expressed when: scores of a sliding window, and segments of speech.

        Arguments and errors as in `predict`, and `OptionError` when window or hop are impossible.
        """
        options = options or TimelineOptions()
        _check(options)
        heard = self._listen(open_recording(source, sample_rate=sample_rate, channel=channel))
        heard = replace(heard, quality=tuple(reason for reason in heard.quality if reason.code not in UTTERANCE_ONLY))
        windows = tuple(self._segment(heard, start, end) for start, end in window_spans(heard.duration, options))
        segments = label_regions(heard.regions, windows, options.min_segment)
        return Timeline(self._utterance(heard), windows, segments, heard.regions, options)

    def embed(self, source: AudioSource, *, sample_rate: int | None = None, channel: int | None = None) -> _Frames:
        """The embedding of the whole recording: float32 `(dim,)`, the mean of its frames. Arguments as in `predict`."""
        return self.predict(source, sample_rate=sample_rate, channel=channel).embedding

    def embed_frames(
        self, source: AudioSource, *, sample_rate: int | None = None, channel: int | None = None
    ) -> _Frames:
        """The frames: float32 `(frames, dim)`, `info.frame_rate` of them a second. Arguments as in `predict`."""
        recording = open_recording(source, sample_rate=sample_rate, channel=channel)
        return np.concatenate(list(self._encode(recording.blocks())))

    def _listen(self, recording: Recording) -> "_Heard":
        meter = QualityMeter()
        sums = [np.zeros((1, len(self.head.labels)))]
        total, count = np.zeros(self.info.dim), 0
        for frames in self._encode(meter.watch(recording.blocks())):
            sums.append(self.head.logits(frames).cumsum(axis=0) + sums[-1][-1])
            total += frames.sum(axis=0, dtype=np.float64)
            count += len(frames)
        quality = meter.reasons(truncated=recording.truncated, damaged=recording.damaged)
        embedding = (total / count).astype(np.float32)
        regions = meter.regions()
        return _Heard(
            np.concatenate(sums), self.info.frame_rate, embedding, meter.duration, regions, quality, recording.source
        )

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

    def _segment(self, heard: "_Heard", start: float, end: float) -> Segment:
        scores = self.head.scores(heard.logits(start, end))
        return Segment(start, end, top_label(scores), scores)

    def _utterance(self, heard: "_Heard") -> Prediction:
        whole = self._segment(heard, 0.0, heard.duration)
        return Prediction(
            whole.label, whole.scores, heard.embedding, heard.duration, heard.quality, self.info, heard.source
        )


@dataclass(frozen=True, slots=True)
class _Heard:
    """What one pass over a recording leaves behind; every result is read off it."""

    sums: NDArray[np.float64]  # (frames + 1, labels): logits summed from the beginning
    frame_rate: float
    embedding: _Frames
    duration: float
    regions: tuple[Region, ...]
    quality: tuple[Reason, ...]
    source: Source

    def logits(self, start: float, end: float) -> NDArray[np.float64]:
        """Logits `(labels,)` of the mean of the frames between two times in seconds: at least one frame."""
        frames = len(self.sums) - 1
        first = min(round(start * self.frame_rate), frames - 1)
        last = frames if end >= self.duration else max(round(end * self.frame_rate), first + 1)
        span: NDArray[np.float64] = (self.sums[last] - self.sums[first]) / (last - first)
        return span


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


def _check(options: TimelineOptions) -> None:
    times = (options.window, options.hop, options.min_segment)
    if not (all(map(math.isfinite, times)) and 0 < options.hop <= options.window and options.min_segment >= 0):
        raise OptionError(
            f"Found window {options.window} s, hop {options.hop} s and shortest segment {options.min_segment} s; wanted "
            "0 < hop ≤ window, and finite times that are not negative.",
            f"窗长 {options.window} 秒、步长 {options.hop} 秒、最短片段 {options.min_segment} 秒；"
            "要求 0 < 步长 ≤ 窗长，且时间有限、不为负。",
        )
