"""Puts trained layers behind an encoder, as one ONNX graph of the same contract."""

import numpy as np
import onnx
import spox.opset.ai.onnx.v20 as op
from numpy.typing import NDArray
from spox import Tensor, Var, argument, build, inline

from .frames import HALVED
from .layers import Block, Layers

_EPSILON = 1e-5  # torch's


def with_layers(encoder: onnx.ModelProto, ensemble: list[Layers]) -> onnx.ModelProto:
    """An encoder followed by layers; the embeddings of several are put side by side. Its frames are half as many.

    Weights are kept as float16 and become float32 when the model is loaded.

    Args:
        encoder: Of Emotone's contract.
        ensemble: From `train_layers` on this encoder's frames.
    """
    waveform = argument(Tensor(np.float32, ("batch", "samples")))
    lengths = argument(Tensor(np.int64, ("batch",)))
    below = inline(encoder)(waveform=waveform, lengths=lengths)
    frames, mask, frame_lengths = _halved(below["frames"], below["frame_lengths"])
    embeddings = op.concat([_embedding(frames, mask, layers) for layers in ensemble], axis=2)
    frames = op.mul(embeddings, op.transpose(mask, perm=[0, 2, 1]))
    return build({"waveform": waveform, "lengths": lengths}, {"frames": frames, "frame_lengths": frame_lengths})


def _halved(frames: Var, lengths: Var) -> tuple[Var, Var, Var]:
    """Means of pairs `(batch, time, dim)`, the mask `(batch, 1, time)` and the lengths. A last frame may have no partner."""
    two = _int(HALVED)
    size = op.squeeze(op.shape(frames, start=1, end=2), _ints(0))
    padded = op.pad(frames, op.concat([_ints(0, 0, 0, 0), op.reshape(op.mod(size, two), _ints(1)), _ints(0)], axis=0))
    pairs = op.reshape(padded, op.concat([_ints(0, -1, HALVED), op.shape(frames, start=2, end=3)], axis=0))
    halves = op.div(op.add(lengths, _int(HALVED - 1)), two)
    times = op.unsqueeze(op.range(_int(0), op.squeeze(op.shape(pairs, start=1, end=2), _ints(0)), _int(1)), _ints(0))
    ends = op.unsqueeze(halves, _ints(1))
    alone = op.and_(
        op.equal(times, op.sub(ends, _int(1))), op.unsqueeze(op.equal(op.mod(lengths, two), _int(1)), _ints(1))
    )
    count = op.where(alone, op.const(np.float32(1)), op.const(np.float32(HALVED)))
    means = op.div(op.reduce_sum(pairs, _ints(2), keepdims=0), op.unsqueeze(count, _ints(2)))
    mask = op.unsqueeze(op.cast(op.less(times, ends), to=np.float32), _ints(1))
    return means, mask, halves


def _embedding(frames: Var, mask: Var, layers: Layers) -> Var:
    """`(batch, time, width)` of frames `(batch, time, dim)`."""
    x = op.add(op.matmul(frames, op.transpose(_weight(layers.weight), perm=[1, 0])), op.const(layers.bias))
    for block in layers.blocks:
        x = op.add(x, _convolved(x, mask, block))
    return op.gelu(x)


def _convolved(x: Var, mask: Var, block: Block) -> Var:
    normalised = op.layer_normalization(x, op.const(block.scale), op.const(block.shift), axis=-1, epsilon=_EPSILON)[0]
    inner = op.mul(op.transpose(op.gelu(normalised), perm=[0, 2, 1]), mask)
    return op.transpose(op.conv(inner, _weight(block.weight), op.const(block.bias), pads=[1, 1]), perm=[0, 2, 1])


def _weight(values: NDArray[np.float32]) -> Var:
    return op.cast(op.const(values.astype(np.float16)), to=np.float32)


def _int(value: int) -> Var:
    return op.const(np.int64(value))


def _ints(*values: int) -> Var:
    return op.const(np.array(values, np.int64))
