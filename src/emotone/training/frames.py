"""An encoder's frames of many clips in several sessions: what layers are trained on. They are made once."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from ..audio import load_audio
from ..engine import usable_cores
from ..recognizer import Recognizer
from ..types import SAMPLE_RATE, Audio, Signal
from .sessions import Session

RATE = 25.0  # frames a second, about: one syllable has several
LONGEST = 60.0  # seconds of a clip that are looked at
UNKNOWN = -1  # the session of a clip whose voice is not known, or too seldom heard to say how it usually sounds

_Frames = NDArray[np.float16]
_Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class FrameSet:
    """Clips as frames.

    Attributes:
        values: float16 `(frames, dim)`: those of all clips.
        starts: int64 `(clips,)`: where each clip begins.
        counts: int64 `(clips,)`: frames of each clip, at least 1.
        means: float32 `(clips, dim)`: of each clip's frames.
        truth: int64 `(clips,)`: places among the labels.
        sessions: int64 `(clips,)`: clips of one number are of one voice in one room; or UNKNOWN.
        corpora: int64 `(clips,)`: clips of one number were collected together.
        shares: How often each corpus is looked at; their proportions count.
        labels: How many labels there are.
    """

    values: _Frames = field(repr=False)
    starts: _Integers = field(repr=False)
    counts: _Integers = field(repr=False)
    means: NDArray[np.float32] = field(repr=False)
    truth: _Integers = field(repr=False)
    sessions: _Integers = field(repr=False)
    corpora: _Integers = field(repr=False)
    shares: tuple[float, ...]
    labels: int

    def __len__(self) -> int:
        return len(self.truth)

    def frames_of(self, clip: int) -> _Frames:
        """The frames of one clip, `(frames, dim)`."""
        return self.values[self.starts[clip] : self.starts[clip] + self.counts[clip]]

    def only(self, clips: _Integers | NDArray[np.bool_]) -> "FrameSet":
        """Some of the clips."""
        per_clip = ("starts", "counts", "means", "truth", "sessions", "corpora")
        return replace(self, **{name: getattr(self, name)[clips] for name in per_clip})

    @property
    def offered(self) -> NDArray[np.bool_]:
        """`(clips, labels)`: the labels that a clip's corpus has."""
        has = np.zeros((len(self.shares), self.labels), bool)
        has[self.corpora, self.truth] = True
        return has[self.corpora]


def session_of(voice: str, number: int) -> Session | None:
    """One of a voice's sessions; number 0 is how it was recorded."""
    if number == 0:
        return None
    digest = hashlib.sha256(f"{number} {voice}".encode()).digest()
    return Session.drawn(np.random.default_rng(int.from_bytes(digest[:8], "little")))


def session_signal(audio: Audio, voice: str, number: int) -> Signal:
    """A recording in its voice's session of this number, float32 `(samples,)`; no more than its first `LONGEST` seconds."""
    signal, session = audio.samples[: round(LONGEST * SAMPLE_RATE)], session_of(voice, number)
    if session is None:
        return signal
    return session.apply(signal, np.random.default_rng(int(audio.source.sha256[:8], 16)))


def encode_clips(
    recognizer: Recognizer,
    files: Sequence[Path],
    voices: Sequence[str],
    number: int,
    *,
    on_done: Callable[[], None] = lambda: None,
) -> Iterator[_Frames]:
    """The frames of each file in its voice's session of this number, in order.

    Raises:
        AudioError: When a file cannot be decoded.
    """
    single, stride = recognizer.for_many(), stride_of(recognizer.info.frame_rate)

    def encoded(file: Path, voice: str) -> _Frames:
        signal = session_signal(load_audio(file), voice, number)
        frames = pooled(single.embed_frames(signal, sample_rate=SAMPLE_RATE), stride)
        on_done()
        return frames

    with ThreadPoolExecutor(usable_cores()) as pool:
        yield from pool.map(encoded, files, voices)


def stride_of(frame_rate: float) -> int:
    """How many frames of an encoder are one frame here."""
    return max(1, round(frame_rate / RATE))


def pooled(frames: NDArray[np.float32], stride: int) -> _Frames:
    """Means of `stride` frames each; of those that are left at the end, the mean of these."""
    whole = len(frames) // stride * stride
    means = frames[:whole].reshape(-1, stride, frames.shape[1]).mean(axis=1)
    rest = [frames[whole:].mean(axis=0, keepdims=True)] if whole < len(frames) else []
    return np.concatenate([means, *rest]).astype(np.float16)


def mean_frames(values: _Frames, counts: _Integers) -> NDArray[np.float32]:
    """The mean of each clip's frames, `(clips, dim)`."""
    ends = counts.cumsum()
    return np.stack(
        [values[end - count : end].mean(axis=0, dtype=np.float32) for end, count in zip(ends, counts, strict=True)]
    )


def keep_frames(parts: Iterable[_Frames], dim: int, file: BinaryIO) -> tuple[_Frames, _Integers]:
    """Frames of any number of clips in a file instead of memory: `(frames, dim)` of all, and how many each clip has.

    Raises:
        OSError: When the file cannot be written.
    """
    counts = []
    for part in parts:
        file.write(part.tobytes())
        counts.append(len(part))
    file.flush()
    return np.memmap(file, np.float16, "r", shape=(sum(counts), dim)), np.array(counts)
