"""Mean frames of every clip, in several surroundings, cached so that a broken run goes on where it stopped.

A clip is encoded alone, and once more within a recording made of clips of the same speaker in random order and at a random
level, as it would stand in a real recording. The second makes the head work inside long recordings: without it, UAR there
falls by 4–14 points (training/README.md).
"""

import hashlib
import multiprocessing
import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from corpora import Clip
from emotone.audio import load_audio
from emotone.types import Signal

VARIANTS = ("alone", "noisy", "context")
FRAME_SAMPLES = 320
CLIPS_IN_CONTEXT = 12  # about 40 s
GAIN_DB = (-18.0, 6.0)  # of such a recording, and of noisy clips
SNR_DB = (8.0, 30.0)

Batch = list[tuple[int, Path]]  # positions of clips and their files, encoded together
_Means = list[tuple[int, NDArray[np.float32]]]


def extract(encoder: bytes, clips: Sequence[Clip], variant: str, cache: Path) -> NDArray[np.float32]:
    """Mean frames `(clips, dim)` of clips of one corpus.

    Args:
        encoder: The ONNX file.
        clips: All of one corpus.
        variant: One of `VARIANTS`.
        cache: Results are kept here under a name made from the encoder, the corpus and the variant.
    """
    digest = hashlib.sha256(encoder).hexdigest()[:12]
    path = cache / f"{digest}_{clips[0].corpus}_{variant}.npy"
    if not path.exists():
        cache.mkdir(parents=True, exist_ok=True)
        batches = list(_recordings(clips) if variant == "context" else ([(i, c.path)] for i, c in enumerate(clips)))
        with multiprocessing.Pool(initializer=_open_encoder, initargs=(encoder,)) as pool:
            found = dict(mean for means in pool.imap_unordered(_JOBS[variant], batches, chunksize=4) for mean in means)
        draft = path.with_suffix(".part.npy")
        np.save(draft, np.stack([found[position] for position in range(len(clips))]))
        draft.rename(path)
    means: NDArray[np.float32] = np.load(path)
    return means


def _recordings(clips: Sequence[Clip]) -> Iterator[Batch]:
    generator = random.Random(0)
    for speaker in sorted({clip.speaker for clip in clips}):
        own = [(position, clip.path) for position, clip in enumerate(clips) if clip.speaker == speaker]
        generator.shuffle(own)
        for start in range(0, len(own), CLIPS_IN_CONTEXT):
            yield own[start : start + CLIPS_IN_CONTEXT]


def _open_encoder(encoder: bytes) -> None:
    global _session
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    _session = ort.InferenceSession(encoder, options)


def _frames(signal: Signal) -> NDArray[np.float32]:
    frames: NDArray[np.float32] = _session.run(
        ["frames"], {"waveform": signal[None], "lengths": np.array([signal.size])}
    )[0][0]
    return frames


def _alone(batch: Batch) -> _Means:
    return [(position, _frames(load_audio(path).samples).mean(axis=0)) for position, path in batch]


def _noisy(batch: Batch) -> _Means:
    return [(position, _frames(_worsened(load_audio(path).samples, position)).mean(axis=0)) for position, path in batch]


def _worsened(signal: Signal, seed: int) -> Signal:
    """The signal with noise of a random colour at a random level, and a random gain."""
    generator = np.random.default_rng(seed)
    spectrum = np.fft.rfft(generator.standard_normal(signal.size))
    slope = generator.uniform(-1.0, 0.0)  # white … brown
    noise = np.fft.irfft(spectrum * np.maximum(np.arange(spectrum.size), 20.0) ** slope, signal.size)
    level = np.sqrt(np.mean(signal**2)) * 10 ** (-generator.uniform(*SNR_DB) / 20)
    noise *= level / np.sqrt(np.mean(noise**2))
    return ((signal + noise) * 10 ** (generator.uniform(*GAIN_DB) / 20)).astype(np.float32)


def _context(batch: Batch) -> _Means:
    signals = [load_audio(path).samples for _, path in batch]
    signals = [signal[: max(1, signal.size // FRAME_SAMPLES) * FRAME_SAMPLES] for signal in signals]
    gain = 10 ** (np.random.default_rng(batch[0][0]).uniform(*GAIN_DB) / 20)
    frames = _frames((np.concatenate(signals) * gain).astype(np.float32))
    ends = np.cumsum([signal.size // FRAME_SAMPLES for signal in signals])
    return [
        (position, part.mean(axis=0)) for (position, _), part in zip(batch, np.split(frames, ends[:-1]), strict=True)
    ]


_JOBS = {"alone": _alone, "noisy": _noisy, "context": _context}
_session: ort.InferenceSession
