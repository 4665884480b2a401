"""Frames of every clip in several sessions, kept on disk so that a broken run goes on where it stopped.

A clip is encoded as it was recorded, in made-up sessions (`emotone.training.sessions`), and within a recording made of clips of
the same voice in random order and at a random level, as it would stand in a real one. The last makes the model work inside long
recordings: without it, UAR there falls by 4–14 points (training/README.md). Some clips are encoded once more, cut to a few
seconds: not to learn from, but to tell how sure of short ones the model may be. Whisper's own layers learn from log-mels, of more
sessions.
"""

import random
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from corpora import Clip
from emotone.audio import load_audio
from emotone.engine import usable_cores
from emotone.recognizer import Recognizer
from emotone.training.frames import encode_clips, mean_frames, pooled, session_signal, stride_of
from emotone.types import SAMPLE_RATE
from encoder import HOP, build_log_mel

AS_RECORDED, CONTEXT = "0", "context"
SESSIONS = (AS_RECORDED, CONTEXT, "1")
MEL_SESSIONS = (AS_RECORDED, "1", "2", "3", "4", "5")
CUTS = {"1 s": 1.0, "2 s": 2.0, "3 s": 3.0}  # sessions of clips of which only the middle is left
CUT_CLIPS = 250  # of each corpus, in each of them
CLIPS_IN_CONTEXT = 12  # about 40 s
GAIN_DB = (-18.0, 6.0)  # of such a recording
_FRAME_SAMPLES = 640


@dataclass(frozen=True, eq=False)
class Encoded:
    """All clips of a corpus in one session, as an encoder's frames or as log-mels.

    Attributes:
        clips: In the corpus' order, unless they are cut.
        session: One of SESSIONS, MEL_SESSIONS or CUTS.
        values: float16 `(frames, dim)`: those of all clips, one after the other; `(0, dim)` where only means are kept.
        counts: int64 `(clips,)`: frames of each.
        means: float32 `(clips, dim)`: of each clip's frames.
    """

    clips: tuple[Clip, ...]
    session: str
    values: NDArray[np.float16]
    counts: NDArray[np.int64]
    means: NDArray[np.float32]


def encoded(base: Recognizer, clips: Sequence[Clip], session: str, cache: Path, *, means_only: bool = False) -> Encoded:
    """The frames of one corpus in a session of this name: of all clips, or of some that are long enough to be cut."""
    if session in CUTS:
        clips = _long_enough(clips, CUTS[session])
    path = cache / f"{base.info.sha256[:12]}_{clips[0].corpus}_{session}.npz"
    if not path.exists():
        if session == CONTEXT:
            values, counts = _in_context(base, clips)
        elif session in CUTS:
            values, counts = _cut(base, clips, CUTS[session])
        else:
            files, voices = [clip.path for clip in clips], [clip.speaker for clip in clips]
            values, counts = _joined(list(encode_clips(base, files, voices, int(session))))
        kept = values[:0] if means_only else values
        write_arrays(path, values=kept, counts=counts, means=mean_frames(values, counts))
    return _read(path, clips, session)


def log_mels(clips: Sequence[Clip], session: str, cache: Path) -> Encoded:
    """What Whisper's convolutions see of one corpus in a session of this name, 100 times a second."""
    path = cache / f"log_mels_{clips[0].corpus}_{session}.npz"
    if not path.exists():
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        graph = ort.InferenceSession(build_log_mel().SerializeToString(), options)

        def log_mel(clip: Clip) -> NDArray[np.float16]:
            signal = session_signal(load_audio(clip.path), clip.speaker, int(session))
            signal = signal[: max(1, signal.size // _FRAME_SAMPLES) * _FRAME_SAMPLES]
            (found,) = graph.run(None, {"waveform": signal[None], "lengths": np.array([signal.size])})
            mel: NDArray[np.float16] = found[0, :, : signal.size // HOP].T.astype(np.float16)
            return mel

        with ThreadPoolExecutor(usable_cores()) as pool:
            values, counts = _joined(list(pool.map(log_mel, clips)))
        write_arrays(path, values=values, counts=counts, means=mean_frames(values, counts))
    return _read(path, clips, session)


def write_arrays(path: Path, *arrays: NDArray[Any], **named: NDArray[Any]) -> None:
    """Writes a file of the cache, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".part.npz")
    np.savez(draft, *arrays, **named)
    draft.rename(path)


def _read(path: Path, clips: Sequence[Clip], session: str) -> Encoded:
    with np.load(path) as file:
        return Encoded(tuple(clips), session, file["values"], file["counts"], file["means"])


def _in_context(base: Recognizer, clips: Sequence[Clip]) -> tuple[NDArray[np.float16], NDArray[np.int64]]:
    single, stride = base.for_many(), stride_of(base.info.frame_rate)

    def encode(positions: list[int]) -> list[NDArray[np.float16]]:
        signals = [load_audio(clips[position].path).samples for position in positions]
        signals = [signal[: max(1, signal.size // _FRAME_SAMPLES) * _FRAME_SAMPLES] for signal in signals]
        gain = 10 ** (np.random.default_rng(positions[0]).uniform(*GAIN_DB) / 20)
        whole = (np.concatenate(signals) * gain).astype(np.float32)
        frames = pooled(single.embed_frames(whole, sample_rate=SAMPLE_RATE), stride)
        return np.split(frames, np.cumsum([signal.size // _FRAME_SAMPLES for signal in signals])[:-1])

    recordings = _recordings(clips)
    with ThreadPoolExecutor(usable_cores()) as pool:
        parts = [part for found in pool.map(encode, recordings) for part in found]
    place_of = np.argsort(np.concatenate(recordings))
    return _joined([parts[place] for place in place_of])


def _long_enough(clips: Sequence[Clip], seconds: float) -> list[Clip]:
    found = [clip for clip in clips if clip.duration >= seconds]
    return random.Random(0).sample(found, min(len(found), CUT_CLIPS))


def _cut(base: Recognizer, clips: Sequence[Clip], seconds: float) -> tuple[NDArray[np.float16], NDArray[np.int64]]:
    single, stride = base.for_many(), stride_of(base.info.frame_rate)

    def encode(clip: Clip) -> NDArray[np.float16]:
        signal, size = load_audio(clip.path).samples, round(seconds * SAMPLE_RATE)
        start = max(signal.size - size, 0) // 2
        return pooled(single.embed_frames(signal[start : start + size], sample_rate=SAMPLE_RATE), stride)

    with ThreadPoolExecutor(usable_cores()) as pool:
        return _joined(list(pool.map(encode, clips)))


def _joined(parts: list[NDArray[np.float16]]) -> tuple[NDArray[np.float16], NDArray[np.int64]]:
    return np.concatenate(parts), np.array([len(part) for part in parts])


def _recordings(clips: Sequence[Clip]) -> list[list[int]]:
    """Positions of clips that stand in one recording."""
    generator = random.Random(0)
    recordings = []
    for speaker in sorted({clip.speaker for clip in clips}):
        own = [position for position, clip in enumerate(clips) if clip.speaker == speaker]
        generator.shuffle(own)
        recordings += [own[start : start + CLIPS_IN_CONTEXT] for start in range(0, len(own), CLIPS_IN_CONTEXT)]
    return recordings
