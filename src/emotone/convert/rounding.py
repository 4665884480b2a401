"""Which matrices of a model may be int8, and whether the int8 model still says what the original says.

Both are decided on speech. Weights are rounded to 8 bits with a scale for each output, inputs by the range that they have
when the model runs. A few channels that are much louder than the others spoil that: then inputs are divided, and weights
multiplied, by a factor for each channel that shares the load between the two; where that is not enough, the matrix stays
float32.

Source of the factors: Xiao et al. 2022, "SmoothQuant" (arXiv 2211.10438).
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..audio import load_audio
from ..engine import Engine, open_session
from ..examples import examples
from ..heads import Head
from ..segment import window_spans
from ..types import SAMPLE_RATE, Signal, TimelineOptions
from . import Check
from .graph import Arrays, convolution_matrix, round_weights

PIECE = 5.0  # seconds of speech that the original hears at once
MOST_ERROR = 0.03  # of a product, relative; evenly spread values have 0.013
ROWS = 1000  # of a matrix's inputs that are looked at
WORTH = 0.7  # factors must bring the error below this share of it: they cost an operation

_Frames = NDArray[np.float32]
_NOTHING = np.empty(0, np.float32)


def speech() -> list[Signal]:
    """The package's example clips in pieces."""
    size = round(PIECE * SAMPLE_RATE)
    clips = [load_audio(example.path).samples for example in examples()]
    return [clip[start : start + size] for clip in clips for start in range(0, clip.size - SAMPLE_RATE, size)]


def hear(probe: Path, pieces: Sequence[Signal]) -> tuple[list[_Frames], Arrays]:
    """Runs the original, a graph by `build_probe`: frames of each piece, and for each matrix some of its inputs."""
    session = open_session(probe, 0, arena=False)
    names = [output.name for output in session.get_outputs() if output.name != "frames"]
    first, *others = pieces
    frames, *inputs = session.run(["frames", *names], {"signal": first})
    rest = [session.run(["frames"], {"signal": piece})[0] for piece in others]
    return [frames, *rest], {name: values[:ROWS].copy() for name, values in zip(names, inputs, strict=True)}


def choices(inputs: Arrays, tensors: Arrays) -> Iterator[Arrays]:
    """What may be int8, judged by inputs: matrices with the divisors of their inputs. The best choice first, then the safest.

    The convolutions suffer most: a model that fails the check with them may pass it without.
    """
    rated = {name: _divisors(values, _matrix(tensors, name)) for name, values in inputs.items()}
    chosen = {name: divisors for name, divisors in rated.items() if divisors is not None}
    yield chosen
    yield {name: divisors for name, divisors in chosen.items() if tensors[f"{name}weight"].ndim == 2}


def check(expected: Sequence[_Frames], rounded: Path, head: Head, pieces: Sequence[Signal]) -> Check:
    """Compares an int8 model with the frames that the original makes of the same pieces."""
    engine = Engine(rounded)
    answers = [engine.run([piece])[0] for piece in pieces]
    cosines = [
        _cosine(before.mean(axis=0), after.mean(axis=0)) for before, after in zip(expected, answers, strict=True)
    ]
    windows = ([mean for frames in several for mean in _windows(frames)] for several in (expected, answers))
    before, after = (
        np.array([list(head.scores(logits).values()) for logits in head.logits(np.array(means))]) for means in windows
    )
    return Check(
        cosine=min(cosines),
        score_difference=float(np.abs(before - after).max()),
        agreement=float((before.argmax(axis=1) == after.argmax(axis=1)).mean()),
        windows=len(before),
    )


def _windows(frames: _Frames) -> Iterator[_Frames]:
    for start, end in window_spans(len(frames), TimelineOptions(window=100, hop=25)):  # in frames: 2 s, 0.5 s
        yield frames[round(start) : round(end)].mean(axis=0)


def _matrix(tensors: Arrays, name: str) -> NDArray[np.float32]:
    weight: NDArray[np.float32] = tensors[f"{name}weight"]
    return convolution_matrix(weight) if weight.ndim == 3 else weight.T


def _divisors(inputs: NDArray[np.float32], matrix: NDArray[np.float32]) -> NDArray[np.float32] | None:
    """What to divide the inputs by; an empty array when nothing is gained, `None` when int8 is too coarse."""
    channels = inputs.shape[1]
    kernel = len(matrix) // channels
    rows = len(inputs) - kernel + 1

    def windows(values: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.concatenate([values[start : start + rows] for start in range(kernel)], axis=1)

    exact = windows(inputs) @ matrix

    def error(divisors: NDArray[np.float32]) -> float:
        integers, scales = round_weights(matrix, divisors)
        values = _round_inputs(inputs / divisors if divisors.size else inputs)
        return float(np.linalg.norm(windows(values) @ (integers * scales) - exact) / np.linalg.norm(exact))

    loudest = np.abs(inputs).max(axis=0)
    heaviest = np.abs(matrix).reshape(kernel, channels, -1).max(axis=(0, 2))
    shared = np.sqrt(np.maximum(loudest, 1e-6) / np.maximum(heaviest, 1e-6)).astype(np.float32)
    plain, eased = error(_NOTHING), error(shared)
    if min(plain, eased) > MOST_ERROR:
        return None
    return shared if eased < WORTH * plain else _NOTHING


def _round_inputs(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """As DynamicQuantizeLinear of ONNX rounds."""
    low, high = min(values.min(), 0.0), max(values.max(), 0.0)
    scale = np.float32((high - low) / 255 or 1.0)
    zero = np.rint(-low / scale)
    rounded: NDArray[np.float32] = (np.clip(np.rint(values / scale) + zero, 0, 255) - zero) * scale
    return rounded


def _cosine(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    return float(one @ other / (np.linalg.norm(one) * np.linalg.norm(other)))
