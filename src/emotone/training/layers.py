"""Layers of your own on top of an encoder, as data: what was trained, and how."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class LayerOptions:
    """How layers are trained.

    Attributes:
        width: Values in an embedding.
        blocks: Convolution blocks, each looking at three frames (120 ms).
        steps: Batches.
        batch: Clips in each; a multiple of `network.ROW`.
        crop: Longest part of a clip that is looked at, in frames.
        rate: Highest learning rate.
        decay: Of the weights (AdamW).
        dropout: Share of values that are hidden, of the input half as many.
        relative: Share of sessions that are judged against their own mean.
        smoothing: Share of the truth that is spread over a corpus' labels.
        seed: Of everything random.
    """

    width: int = 256
    blocks: int = 2
    steps: int = 1000
    batch: int = 64
    crop: int = 100
    rate: float = 1e-3
    decay: float = 0.05
    dropout: float = 0.2
    relative: float = 0.5
    smoothing: float = 0.1
    seed: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """x + convolution(gelu(normalised(x))).

    Attributes:
        scale: float32 `(width,)`, of the layer norm.
        shift: float32 `(width,)`.
        weight: float32 `(width, width, 3)`.
        bias: float32 `(width,)`.
    """

    scale: NDArray[np.float32]
    shift: NDArray[np.float32]
    weight: NDArray[np.float32]
    bias: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Layers:
    """Trained layers: gelu(blocks(weight · frame + bias)).

    Attributes:
        weight: float32 `(width, dim)`, of the encoder's frames as they are.
        bias: float32 `(width,)`.
        blocks: In order.
    """

    weight: NDArray[np.float32] = field(repr=False)
    bias: NDArray[np.float32] = field(repr=False)
    blocks: tuple[Block, ...] = field(repr=False)
