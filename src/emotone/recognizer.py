"""From a recording to scores, in one call."""

import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .audio import AudioSource, open_recording, source_name
from .baseline import check_model, joined
from .conversation import Voices, voices_of_channels, voices_of_turns
from .engine import Engine, Runner, usable_cores
from .errors import ChannelError, EmotoneError, ModelError, OptionError
from .heads import Head, check_head
from .hearing import Hearing
from .listening import Listening
from .models import DEFAULT_MODEL, file_sha256, find_model
from .stream import Stream, StreamOptions
from .types import (
    Baseline,
    Conversation,
    Failure,
    ModelInfo,
    Prediction,
    Progress,
    Timeline,
    TimelineOptions,
    Turn,
)

_Frames = NDArray[np.float32]


class Recognizer:
    """A model, ready to use. Safe to share between threads.

    Attributes:
        info: The model's name, revision, labels and so on.
        head: What makes scores of embeddings: `head.logits(embedding)`, then `head.scores`.
    """

    def __init__(self, engine: Runner, head: Head, info: ModelInfo) -> None:
        self.info = info
        self.head = head
        self._engine = engine

    @property
    def runner(self) -> Runner:
        """What runs the model; another recognizer of the same head and info may put a queue before it."""
        return self._engine

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
        hearing = Hearing(self._engine, self.info, asked, keep_frames=keep_frames, progress=progress)
        for block in recording.blocks():
            hearing.add(block)
        return hearing.end(recording.source, truncated=recording.truncated, damaged=recording.damaged)

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
        self,
        sources: Iterable[AudioSource],
        *,
        baseline: Baseline | None = None,
        sample_rate: int | None = None,
        channel: int | None = None,
    ) -> list[Prediction | Failure]:
        """One result for each source, in order; a `Failure` in place of each that cannot be analysed.

        As many sources are analysed side by side as there are cores, each on one. Arguments as in `predict`, the same for
        all sources.

        Raises:
            ModelError: When the baseline was made by another model.
        """
        if baseline is not None:
            check_model(baseline, self.info)
        waiting = list(sources)
        recognizer = self.for_many() if len(waiting) > 1 else self

        def result(source: AudioSource) -> Prediction | Failure:
            try:
                return recognizer.predict(source, baseline=baseline, sample_rate=sample_rate, channel=channel)
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

    def stream(
        self,
        options: StreamOptions | None = None,
        *,
        sample_rate: int,
        channel: int | None = None,
        baseline: Baseline | Literal["auto"] | None = None,
    ) -> Stream:
        """A recording that is analysed while it is made: feed it samples, and it gives events.

        Args:
            options: What is asked for.
            sample_rate: Of the samples, in Hz.
            channel: As in `listen`.
            baseline: The usual sound of this voice, as in `timeline`. `auto`: that of the stream itself, so far; the result is
                compared with the whole.

        Raises:
            InvalidSamplesError: When there is no such sample rate.
            ModelError: When the baseline was made by another model.
            OptionError: When window or hop are impossible.
        """
        hear = partial(Hearing, self._engine, self.info, (self.head,))
        return Stream(hear, options or StreamOptions(), sample_rate=sample_rate, channel=channel, baseline=baseline)

    def listen_channels(
        self,
        source: AudioSource,
        *,
        heads: Sequence[Head] = (),
        sample_rate: int | None = None,
        progress: Progress | None = None,
    ) -> Voices:
        """Listens to each channel of a recording: every channel is a speaker.

        Args:
            source: As in `listen`.
            heads: As in `listen`.
            sample_rate: As in `listen`.
            progress: As in `listen`; of `n` channels, a second on one of them is `1 / n` seconds of the recording.

        Raises:
            AudioError: As in `listen`, and when there is one channel only.
            ModelError: As in `listen`.
        """
        recording = open_recording(source, sample_rate=sample_rate)
        count = recording.format.channels
        if count < 2:
            raise ChannelError(
                f"'{recording.name}' has one channel; wanted one for each speaker. Give the turns of the speakers instead.",
                f"“{recording.name}”只有一个声道；需要每位说话人各占一个声道。请改为提供说话人的话轮。",
            )
        heard: list[Listening] = []
        for channel in range(count):
            before = sum(other.duration for other in heard)
            share = None if progress is None else _share_of(progress, before, count)
            heard.append(self.listen(recording.of_channel(channel), heads=heads, progress=share))
        return voices_of_channels(heard)

    def conversation(
        self,
        source: AudioSource,
        options: TimelineOptions | None = None,
        *,
        turns: Sequence[Turn] | None = None,
        sample_rate: int | None = None,
        progress: Progress | None = None,
    ) -> Conversation:
        """What each speaker of a recording expresses, and when.

        Args:
            source: As in `listen`.
            options: As in `Listening.timeline`.
            turns: Who speaks when, such as `read_turns` reads; `None`: each channel is a speaker.
            sample_rate: As in `listen`.
            progress: As in `listen`.

        Raises:
            AudioError: As in `listen`, and when there is one channel only and no turns.
            TurnsError: When none of the turns lies in the recording.
            OptionError: When window or hop are impossible.
        """
        if turns is None:
            voices = self.listen_channels(source, sample_rate=sample_rate, progress=progress)
        else:
            voices = voices_of_turns(self.listen(source, sample_rate=sample_rate, progress=progress), turns)
        return voices.conversation(options)

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


def _share_of(progress: Progress, before: float, count: int) -> Progress:
    return lambda seconds: progress((before + seconds) / count)


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
