"""emotion2vec+ as one ONNX graph: waveform in, frames out.

The graph loops over the signals of a batch, and each is computed from its own samples alone: what stands in the padding is
never seen. Inside, the local encoder loops over stretches of a second, which are as good as the whole (no operation in it
looks further than its kernels) and stay in the processor's cache. Its convolutions are products of matrices: as stride ≤
kernel, a signal of shape (rows, channels) needs no more than a reshape and a slice to become the windows of a layer.

Source: Ma et al. 2023, "emotion2vec: Self-Supervised Pre-Training for Speech Emotion Representation" (arXiv 2312.15185); what is
computed is what FunASR 1.4 computes for one signal.
"""

import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import spox.opset.ai.onnx.v23 as op
from numpy.typing import NDArray
from spox import Tensor, Var, argument, build

from .architecture import AUDIO, Architecture, Convolution
from .ops import count_to, divided_up, first, integer, integers, number, padded, size_of, vector

Arrays = Mapping[str, NDArray[Any]]

STRETCH = 50  # frames that the local encoder computes at once
QUERIES = 256  # tokens whose attention is computed at once
EPSILON = 1e-5  # of every layer norm but those of the blocks


def matrix_names(architecture: Architecture) -> list[str]:
    """The weights that are factors of a product of matrices and may be int8.

    The first convolution is not among them: it has a thousandth of the work.
    """
    convolutions = [
        f"{AUDIO}local_encoder.conv_layers.{index}.0." for index in range(1, len(architecture.convolutions))
    ]
    parts = ("attn.qkv.", "attn.proj.", "mlp.fc1.", "mlp.fc2.")
    blocks = [block + part for block in architecture.block_names() for part in parts]
    return [*convolutions, f"{AUDIO}project_features.2.", *blocks]


@dataclass(frozen=True, slots=True)
class Graph:
    """A model without its weights, and the weights."""

    model: onnx.ModelProto
    initializers: Arrays

    def save(self, path: Path, metadata: Mapping[str, str]) -> None:
        """Writes both as one ONNX file."""
        onnx.helper.set_model_props(self.model, dict(metadata))
        with path.open("wb") as file:
            file.write(self.model.SerializeToString())
            # Protocol buffers may come in pieces: repeated fields of what follows are appended. So a model of any size needs
            # no more memory than its largest tensor. https://protobuf.dev/programming-guides/encoding/#last-one-wins
            for name, values in self.initializers.items():
                tensor = onnx.numpy_helper.from_array(np.ascontiguousarray(values), name)
                file.write(onnx.ModelProto(graph=onnx.GraphProto(initializer=[tensor])).SerializeToString())


def build_encoder(architecture: Architecture, tensors: Arrays, int8: Arrays | None = None) -> Graph:
    """The encoder as a model of Emotone's contract (see `engine`).

    Args:
        architecture: Of the tensors.
        tensors: Name (without `d2v_model.`) → float32 weights.
        int8: The `matrix_names` to multiply in int8, each with what its inputs are divided by first, `(channels,)`, or with
            an empty array. Weights have one scale for each output; inputs are rounded by their own range when the model runs.
    """
    encoder = _Encoder(architecture, tensors, int8 or {})
    waveform = argument(Tensor(np.float32, ("batch", "samples")))
    lengths = argument(Tensor(np.int64, ("batch",)))
    total = encoder.frame_count(size_of(waveform, 1))

    def one(signal: Var, length: Var) -> list[Var]:
        return [op.reshape(padded(encoder.frames(first(signal, length)), total), integers(-1, architecture.dim))]

    (frames,) = op.scan([waveform, lengths], body=one, num_scan_inputs=2)
    graph = encoder.finish(
        {"waveform": waveform, "lengths": lengths}, {"frames": frames, "frame_lengths": encoder.frame_count(lengths)}
    )
    shape: tuple[str | int, ...] = ("batch", "frames", architecture.dim)
    output = next(node for node in graph.model.graph.output if node.name == "frames")
    output.CopyFrom(onnx.helper.make_tensor_value_info("frames", onnx.TensorProto.FLOAT, shape))
    return graph


def build_probe(architecture: Architecture, tensors: Arrays) -> Graph:
    """The encoder in float32 for one `signal` `(samples,)`; besides `frames` it gives what every matrix is multiplied with.

    Those outputs have the names of the matrices and the shape `(rows, channels)`.
    """
    encoder = _Encoder(architecture, tensors, {}, probe=True)
    signal = argument(Tensor(np.float32, ("samples",)))
    frames = encoder.frames(signal)
    return encoder.finish({"signal": signal}, {"frames": frames} | encoder.seen)


class _Encoder:
    """Builds the parts of the graph and collects their weights."""

    def __init__(self, architecture: Architecture, tensors: Arrays, int8: Arrays, *, probe: bool = False) -> None:
        self.seen: dict[str, Var] = {}  # with `probe`: matrix → its inputs
        self._initializers: dict[str, NDArray[Any]] = {}
        self._variables: dict[str, Var] = {}
        self._architecture = architecture
        self._tensors = tensors
        self._int8 = int8
        self._probe = probe

    def finish(self, inputs: dict[str, Var], outputs: dict[str, Var]) -> Graph:
        """The graph between these; weights stop being inputs."""
        model = build(inputs | self._variables, outputs)
        _drop_unused_outputs(model.graph)
        kept = [node for node in model.graph.input if node.name in inputs]
        del model.graph.input[:]
        model.graph.input.extend(kept)
        return Graph(model, self._initializers)

    def frame_count(self, samples: Var) -> Var:
        """Frames of signals of so many samples. One at least: a signal that is too short for it is padded."""
        architecture = self._architecture
        beyond = op.sub(samples, integer(architecture.reach))
        return op.max([op.add(op.div(beyond, integer(architecture.stride)), integer(1)), integer(1)])

    def frames(self, signal: Var) -> Var:
        """`(samples,)` → `(frames, dim)`."""
        architecture = self._architecture
        count = self.frame_count(size_of(signal, 0))
        x = self._local(self._normalised(signal), count)  # (frames, channels)
        x = self._norm(x, f"{AUDIO}project_features.1.")
        x = self._linear(x, f"{AUDIO}project_features.2.")
        x = op.unsqueeze(op.add(x, self._positions(x)), integers(0))  # (1, frames, dim)
        if architecture.extra_tokens:
            x = op.concat([self._tensor(f"{AUDIO}extra_tokens"), x], axis=1)
        x = self._norm(x, f"{AUDIO}context_encoder.norm.", architecture.norm_eps)
        distances, slopes = self._distances(count), self._slopes()
        for index, name in enumerate(architecture.block_names()):
            x = self._block(x, distances, slopes[index % len(slopes)], name)
        return op.slice(op.squeeze(x, integers(0)), integers(architecture.extra_tokens), integers(2**62), integers(0))

    def _normalised(self, signal: Var) -> Var:
        if not self._architecture.normalize:
            return signal
        centred = op.sub(signal, op.reduce_mean(signal))
        variance = op.reduce_mean(op.mul(centred, centred))
        return op.div(centred, op.sqrt(op.add(variance, number(EPSILON))))

    def _local(self, signal: Var, count: Var) -> Var:
        """The local encoder, stretch by stretch."""
        architecture = self._architecture
        stride = integer(architecture.stride)
        stretches = divided_up(count, integer(STRETCH))
        step = op.mul(divided_up(count, stretches), stride)  # samples from one stretch to the next
        overlap = integer(architecture.reach - architecture.stride)
        signal = padded(signal, op.add(op.mul(stretches, step), overlap))
        starts = op.unsqueeze(op.mul(count_to(stretches), step), integers(1))
        offsets = op.unsqueeze(count_to(op.add(step, overlap)), integers(0))
        parts = op.scan([op.gather(signal, op.add(starts, offsets))], body=self._convolve, num_scan_inputs=1)
        channels = [layer.channels for layer in architecture.convolutions]
        joined = [op.reshape(part, integers(-1, size)) for part, size in zip(parts, channels[::-1], strict=False)]
        if self._probe:
            names = (f"{AUDIO}local_encoder.conv_layers.{index}.0." for index in range(len(channels) - 1, 0, -1))
            self.seen |= dict(zip(names, joined[1:], strict=True))
        return first(joined[0], count)

    def _convolve(self, samples: Var) -> list[Var]:
        """The local encoder on one stretch; with `probe` also the input of each layer but the first, the last one first."""
        x, channels = op.unsqueeze(samples, integers(1)), 1  # (rows, channels)
        outputs: list[Var] = []
        for index, layer in enumerate(self._architecture.convolutions):
            name = f"{AUDIO}local_encoder.conv_layers.{index}."
            x = op.gelu(self._norm(self._convolution(x, layer, channels, f"{name}0."), f"{name}2.1."))
            channels = layer.channels
            outputs.insert(0, x)
        return outputs if self._probe else [x]

    def _convolution(self, x: Var, layer: Convolution, channels: int, name: str) -> Var:
        matrix = convolution_matrix(self._tensors[f"{name}weight"])
        rows = op.add(op.div(op.sub(size_of(x, 0), integer(layer.kernel)), integer(layer.stride)), integer(1))

        def windows(values: Var) -> Var:
            whole = op.reshape(
                first(values, op.mul(rows, integer(layer.stride))), integers(-1, layer.stride * channels)
            )
            end = vector(op.mul(op.add(rows, integer(1)), integer(layer.stride)))
            rest = [
                op.slice(values, integers(start), end, integers(0), integers(layer.stride))
                for start in range(layer.stride, layer.kernel)
            ]
            return op.concat([whole, *rest], axis=1) if rest else whole

        if name not in self._int8:
            return op.matmul(windows(x), self._weight(f"{name}matrix", matrix))
        values, scale, zero = self._rounded(x, name)
        return self._int8_product(windows(values), scale, zero, name, matrix)

    def _linear(self, x: Var, name: str) -> Var:
        matrix = self._tensors[f"{name}weight"].T
        if self._probe:
            self.seen[name] = op.reshape(x, integers(-1, len(matrix)))
        if name in self._int8:
            product = self._int8_product(*self._rounded(x, name), name, matrix)
        else:
            product = op.matmul(x, self._weight(f"{name}matrix", matrix))
        return op.add(product, self._tensor(f"{name}bias"))

    def _rounded(self, x: Var, name: str) -> tuple[Var, Var, Var]:
        """Values, scale and zero point."""
        divisors = self._int8[name]
        return op.dynamic_quantize_linear(
            op.mul(x, self._weight(f"{name}factors", 1 / divisors)) if divisors.size else x
        )

    def _int8_product(self, values: Var, scale: Var, zero: Var, name: str, matrix: NDArray[np.float32]) -> Var:
        """ONNX Runtime makes one operation of these and of the rounding before them."""
        integers_, scales = round_weights(matrix, self._int8[name])
        product = op.cast(op.matmul_integer(values, self._weight(f"{name}int8", integers_), zero), to=np.float32)
        return op.mul(product, op.mul(scale, self._weight(f"{name}scales", scales)))

    def _positions(self, x: Var) -> Var:
        """The positional convolutions: `(frames, dim)` → the same."""
        architecture = self._architecture
        kernel = architecture.position_kernel
        ones, zeros = np.ones(architecture.dim, np.float32), np.zeros(architecture.dim, np.float32)
        for index in range(1, architecture.position_depth + 1):
            name = f"{AUDIO}relative_positional_encoder.{index}.0."
            x = op.conv(
                op.unsqueeze(op.transpose(x, perm=[1, 0]), integers(0)),
                self._tensor(f"{name}weight"),
                self._tensor(f"{name}bias"),
                group=architecture.position_groups,
                pads=[kernel // 2, (kernel - 1) // 2],
            )
            x = op.transpose(op.squeeze(x, integers(0)), perm=[1, 0])
            x = op.gelu(
                op.layer_normalization(x, self._weight("ones", ones), self._weight("zeros", zeros), epsilon=EPSILON)[0]
            )
        return x

    def _distances(self, count: Var) -> Var:
        """Minus the distance in frames between any two tokens, 0 for the extra tokens: `(tokens, tokens)`."""
        times = op.cast(count_to(count), to=np.float32)
        apart = op.abs(op.sub(op.unsqueeze(times, integers(1)), op.unsqueeze(times, integers(0))))
        extra = self._architecture.extra_tokens
        return op.pad(op.neg(apart), integers(extra, extra, 0, 0))

    def _slopes(self) -> list[Var]:
        """What a head multiplies distances with, `(1, heads, 1, 1)`: one for all blocks, or one for each."""
        heads = self._architecture.heads
        scales = np.maximum(self._tensors[f"{AUDIO}alibi_scale"], 0)[:, 0]  # (layers, heads or 1, 1, 1)
        slopes = np.array(alibi_slopes(heads), np.float32).reshape(1, heads, 1, 1) * scales
        return [self._weight(f"slopes.{index}.", layer[None]) for index, layer in enumerate(slopes.astype(np.float32))]

    def _block(self, x: Var, distances: Var, slopes: Var, name: str) -> Var:
        eps = self._architecture.norm_eps
        query, key, value = op.split(self._linear(x, f"{name}attn.qkv."), num_outputs=3, axis=2)
        mixed = self._attention(op.squeeze(query, integers(0)), key, value, distances, slopes)
        x = self._norm(op.add(x, self._linear(mixed, f"{name}attn.proj.")), f"{name}norm1.", eps)
        hidden = op.gelu(self._linear(x, f"{name}mlp.fc1."))
        return self._norm(op.add(x, self._linear(hidden, f"{name}mlp.fc2.")), f"{name}norm2.", eps)

    def _attention(self, query: Var, key: Var, value: Var, distances: Var, slopes: Var) -> Var:
        """Some queries at a time, so that logits stay in the cache: memory grows with the tokens, not with their square."""
        heads, dim = self._architecture.heads, self._architecture.dim
        tokens = size_of(query, 0)
        steps = divided_up(tokens, integer(QUERIES))
        step = divided_up(tokens, steps)

        def stacked(rows: Var) -> Var:  # (tokens, columns) -> (steps, step, columns)
            shape = [vector(steps), vector(step), integers(-1)]
            return op.reshape(padded(rows, op.mul(steps, step)), op.concat(shape, axis=0))

        def some(queries: Var, apart: Var) -> list[Var]:
            bias = op.mul(op.unsqueeze(apart, integers(0, 1)), slopes)  # (1, heads, step, tokens)
            queries = op.unsqueeze(queries, integers(0))
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # spox cannot tell the shapes of outputs that nobody uses
                mixed = op.attention(queries, key, value, bias, q_num_heads=heads, kv_num_heads=heads)[0]
            return [op.squeeze(mixed, integers(0))]

        (parts,) = op.scan([stacked(query), stacked(distances)], body=some, num_scan_inputs=2)
        return op.unsqueeze(first(op.reshape(parts, integers(-1, dim)), tokens), integers(0))

    def _norm(self, x: Var, name: str, eps: float = EPSILON) -> Var:
        return op.layer_normalization(x, self._tensor(f"{name}weight"), self._tensor(f"{name}bias"), epsilon=eps)[0]

    def _tensor(self, name: str) -> Var:
        return self._weight(name, self._tensors[name])

    def _weight(self, name: str, values: NDArray[Any]) -> Var:
        if name not in self._variables:
            self._initializers[name] = values
            self._variables[name] = argument(Tensor(values.dtype, values.shape))
        return self._variables[name]


def _drop_unused_outputs(graph: onnx.GraphProto) -> None:
    """ONNX Runtime computes and keeps every output of an attention that has a name, and spox names them all."""
    for node in graph.node:
        if node.op_type == "Attention":
            del node.output[1:]
        for attribute in node.attribute:
            _drop_unused_outputs(attribute.g)


def convolution_matrix(weight: NDArray[np.float32]) -> NDArray[np.float32]:
    """The kernel of a convolution, `(outputs, channels, kernel)`, as `(kernel * channels, outputs)`."""
    matrix: NDArray[np.float32] = weight.transpose(2, 1, 0).reshape(-1, len(weight))
    return matrix


def round_weights(
    matrix: NDArray[np.float32], divisors: NDArray[np.float32]
) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """A matrix `(inputs, outputs)` as int8 and a scale for each output.

    When `divisors` are given, it will be multiplied with inputs that were divided by them (a kernel repeats them).
    """
    if divisors.size:
        matrix = matrix * np.tile(divisors, len(matrix) // divisors.size)[:, None]
    scales = np.maximum(np.abs(matrix).max(axis=0), np.finfo(np.float32).tiny) / np.float32(127)
    return np.rint(matrix / scales).astype(np.int8), scales


def alibi_slopes(heads: int) -> list[float]:
    """How steeply each head's attention falls with distance (Press et al. 2021, arXiv 2108.12409)."""
    power = 2 ** math.floor(math.log2(heads))
    slopes = [2.0 ** (-8 * (index + 1) / power) for index in range(power)]
    return slopes if power == heads else slopes + alibi_slopes(2 * power)[::2][: heads - power]
