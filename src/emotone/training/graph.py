"""Puts trained layers behind an encoder, as one ONNX graph of the same contract."""

import json
from collections.abc import Sequence
from itertools import count

import numpy as np
import onnx
import onnx.compose
import onnx.version_converter
import spox.opset.ai.onnx.v20 as op
from numpy.typing import NDArray
from spox import Tensor, Var, argument, build

from ..engine import METADATA_KEY
from ..heads import Head
from ..types import ModelInfo
from .layers import Block, Layers

_EPSILON = 1e-5  # torch's
_BELOW, _LAYERS = "below.", "layers."  # in front of the names of the encoder's outputs, and of what comes behind them


def with_layers(encoder: onnx.ModelProto, ensemble: Sequence[Layers], stride: int) -> onnx.ModelProto:
    """An encoder followed by layers; the embeddings of several are put side by side.

    Weights are kept as float16 and become float32 when the model is loaded.

    Args:
        encoder: Of Emotone's contract.
        ensemble: From `train_layers` on this encoder's frames.
        stride: How many of these are one frame behind the layers.
    """
    model = onnx.ModelProto()
    model.CopyFrom(encoder)
    graph = model.graph
    # An encoder may have layers of ours already: names below and of layers are those of this storey.
    taken = {name for node in graph.node for name in (node.name, *node.output)}
    storey = next(
        f"{number}." for number in count(1) if not any(name.startswith(f"{_LAYERS}{number}.") for name in taken)
    )
    below = {name: f"{_BELOW}{storey}{name}" for name in ("frames", "frame_lengths")}
    for node in graph.node:
        node.input[:] = [below.get(name, name) for name in node.input]
        node.output[:] = [below.get(name, name) for name in node.output]
    # In place, as an encoder may have gigabytes: what composes models for everybody copies it several times.
    top = _in_opset_of(model, _layers_graph(ensemble, stride, f"{_BELOW}{storey}"))
    top = onnx.compose.add_prefix(top, f"{_LAYERS}{storey}", rename_inputs=False, rename_outputs=False)
    graph.node.extend(top.graph.node)
    graph.initializer.extend(top.graph.initializer)
    del graph.output[:]
    graph.output.extend(top.graph.output)
    return model


def _layers_graph(ensemble: Sequence[Layers], stride: int, prefix: str) -> onnx.ModelProto:
    """From the encoder's frames and their number to those of the new model."""
    below = argument(Tensor(np.float32, ("batch", "time", ensemble[0].weight.shape[1])))
    lengths = argument(Tensor(np.int64, ("batch",)))
    frames, mask, frame_lengths = _pooled(below, lengths, stride)
    embeddings = op.concat([_embedding(frames, mask, layers) for layers in ensemble], axis=2)
    size = sum(len(layers.bias) for layers in ensemble)
    frames = op.reshape(
        op.mul(embeddings, mask), _ints(0, 0, size)
    )  # so that the file says how many values a frame has
    inputs = {f"{prefix}frames": below, f"{prefix}frame_lengths": lengths}
    return build(inputs, {"frames": frames, "frame_lengths": frame_lengths})


def _in_opset_of(model: onnx.ModelProto, top: onnx.ModelProto) -> onnx.ModelProto:
    wanted, found = (
        next(opset.version for opset in one.opset_import if opset.domain in ("", "ai.onnx")) for one in (model, top)
    )
    return top if wanted == found else onnx.version_converter.convert_version(top, wanted)


def model_file(graph: onnx.ModelProto, info: ModelInfo, head: Head) -> bytes:
    """A graph of Emotone's contract as a file with what its manifest says; labels are those of the head."""
    manifest = {
        "name": info.name,
        "revision": info.revision,
        "licence": info.licence,
        "frame_rate": info.frame_rate,
        "head": head.to_json(),
    }
    model = onnx.ModelProto()
    model.CopyFrom(graph)
    onnx.helper.set_model_props(model, {METADATA_KEY: json.dumps(manifest)})
    return bytes(model.SerializeToString())


def _pooled(frames: Var, lengths: Var, stride: int) -> tuple[Var, Var, Var]:
    """As `frames.pooled`: `(batch, time, dim)`, the mask `(batch, time, 1)` and the lengths."""
    many, size = _int(stride), _size(frames, 1)
    frames = op.mul(frames, _mask(size, lengths))  # what stands in the padding is nobody's
    missing = op.mod(op.sub(many, op.mod(size, many)), many)
    padded = op.pad(frames, op.concat([_ints(0, 0, 0, 0), op.reshape(missing, _ints(1)), _ints(0)], axis=0))
    groups = op.reshape(padded, op.concat([_ints(0, -1, stride), op.shape(frames, start=2, end=3)], axis=0))
    total, groups_each = op.reduce_sum(groups, _ints(2), keepdims=0), op.div(op.add(lengths, _int(stride - 1)), many)
    time = _size(total, 1)
    left = op.sub(op.unsqueeze(lengths, _ints(1)), op.mul(op.unsqueeze(_count_to(time), _ints(0)), many))
    counts = op.cast(op.max([op.min([left, many]), _int(1)]), to=np.float32)
    return op.div(total, op.unsqueeze(counts, _ints(2))), _mask(time, groups_each), groups_each


def _embedding(frames: Var, mask: Var, layers: Layers) -> Var:
    """`(batch, time, width)` of frames `(batch, time, dim)`."""
    # Frames have values of very different sizes, so their weights have too: more than float16 holds.
    sizes = np.exp2(np.frexp(np.abs(layers.weight).max(axis=0))[1]).astype(np.float32)
    product = op.matmul(op.mul(frames, op.const(sizes)), op.transpose(_weight(layers.weight / sizes), perm=[1, 0]))
    x = op.add(product, op.const(layers.bias))
    for block in layers.blocks:
        x = op.add(x, _convolved(x, mask, block))
    return op.gelu(x)


def _convolved(x: Var, mask: Var, block: Block) -> Var:
    normalised = op.layer_normalization(x, op.const(block.scale), op.const(block.shift), axis=-1, epsilon=_EPSILON)[0]
    inner = op.transpose(op.mul(op.gelu(normalised), mask), perm=[0, 2, 1])
    return op.transpose(op.conv(inner, _weight(block.weight), op.const(block.bias), pads=[1, 1]), perm=[0, 2, 1])


def _mask(size: Var, lengths: Var) -> Var:
    """`(batch, size, 1)`: 1 before the end of each signal, 0 behind it."""
    inside = op.less(op.unsqueeze(_count_to(size), _ints(0)), op.unsqueeze(lengths, _ints(1)))
    return op.unsqueeze(op.cast(inside, to=np.float32), _ints(2))


def _weight(values: NDArray[np.float32]) -> Var:
    return op.cast(op.const(values.astype(np.float16)), to=np.float32)


def _size(value: Var, axis: int) -> Var:
    return op.squeeze(op.shape(value, start=axis, end=axis + 1), _ints(0))


def _count_to(size: Var) -> Var:
    return op.range(_int(0), size, _int(1))


def _int(value: int) -> Var:
    return op.const(np.int64(value))


def _ints(*values: int) -> Var:
    return op.const(np.array(values, np.int64))
