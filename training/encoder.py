"""The first layers of Whisper base as one ONNX graph: waveform in, frames out.

The graph computes Whisper's log-mel spectrogram, its convolutions and its first transformer layers, and puts the outputs of
the chosen layers side by side. A signal of any length is taken as it is (no padding to 30 s), and everything beyond a
signal's own length is masked at each step, so a signal in a padded batch gives what it gives alone.

Source: Radford et al. 2022, "Robust Speech Recognition via Large-Scale Weak Supervision" (OpenAI Whisper, MIT licence).
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import spox.opset.ai.onnx.v20 as op
from numpy.typing import NDArray
from safetensors.numpy import load_file
from spox import Tensor, Var, argument, build

Weights = dict[str, NDArray[Any]]

SAMPLE_RATE = 16_000
N_FFT = 400  # 25 ms
HOP = 160  # 10 ms
N_MELS = 80
HEADS = 8
DIM = 512
FRAME_RATE = SAMPLE_RATE / HOP / 2  # the second convolution has stride 2
# Whisper lifts everything more than 80 dB below the loudest bin of a recording. A fixed floor serves as well, hides more of
# the room, and lets a long recording be encoded in chunks with the same result.
FLOOR = -7.0  # log10 of mel power
WINDOW = 200  # frames that the layers see at once: 4 s
STEP = WINDOW // 2
GELU_LOWEST = -0.17  # it is never below
MASKED = -1e9  # added to attention logits of padding: exp() of it is exactly 0


def load_weights(path: Path) -> Weights:
    """Whisper encoder tensors as float32, without the prefix `model.encoder.`, from a safetensors file."""
    tensors = load_file(path)
    prefix = "model.encoder."
    return {
        name.removeprefix(prefix): value.astype(np.float32)
        for name, value in tensors.items()
        if name.startswith(prefix)
    }


def mel_filters() -> NDArray[np.float32]:
    """Slaney-style triangular filters of equal area, shape `(201, 80)`, as Whisper (and librosa) uses them."""
    linear_step, log_start, log_step = 200 / 3, 1000.0, np.log(6.4) / 27

    def to_mel(hz: float) -> float:
        return hz / linear_step if hz < log_start else log_start / linear_step + np.log(hz / log_start) / log_step

    mels = np.linspace(0.0, to_mel(SAMPLE_RATE / 2), N_MELS + 2)
    above = np.maximum(mels - log_start / linear_step, 0.0)
    corners = np.where(above > 0, log_start * np.exp(log_step * above), mels * linear_step)
    bins = np.fft.rfftfreq(N_FFT, 1 / SAMPLE_RATE)[:, None]
    rising = (bins - corners[:-2]) / np.diff(corners)[:-1]
    falling = (corners[2:] - bins) / np.diff(corners)[1:]
    triangles = np.maximum(0.0, np.minimum(rising, falling))
    return (triangles * (2.0 / (corners[2:] - corners[:-2]))).astype(np.float32)


def fourier_filters() -> NDArray[np.float32]:
    """Hann-windowed cosines and sines as convolution weights, shape `(2 * 201, 1, 400)`."""
    window = np.hanning(N_FFT + 1)[:-1]
    angles = 2 * np.pi * np.outer(np.arange(N_FFT // 2 + 1), np.arange(N_FFT)) / N_FFT
    return (np.concatenate([np.cos(angles), np.sin(angles)]) * window).astype(np.float32)[:, None, :]


def _const(value: float) -> Var:
    return op.const(np.float32(value))


def _int(value: int) -> Var:
    return op.const(np.int64(value))


def _axes(*values: int) -> Var:
    return op.const(np.array(values, np.int64))


def _range(size: Var) -> Var:
    return op.range(_int(0), size, _int(1))


def _ceil_div(value: Var, divisor: int) -> Var:
    return op.div(op.add(value, _int(divisor - 1)), _int(divisor))


def _size(value: Var, axis: int) -> Var:
    return op.squeeze(op.shape(value, start=axis, end=axis + 1), _axes(0))


def _indices_below(limit: Var, size: Var) -> Var:
    """Boolean `(batch, size)`: true where the position is below that signal's limit, an int64 `(batch,)`."""
    return op.less(op.unsqueeze(_range(size), _axes(0)), op.unsqueeze(limit, _axes(1)))


def _as_mask(valid: Var, axis: int) -> Var:
    return op.unsqueeze(op.cast(valid, to=np.float32), _axes(axis))


def build_log_mel() -> onnx.ModelProto:
    """An ONNX model from `waveform` and `lengths`, as in `build_encoder`, to `log_mel` float32 `(batch, 80, mel frames)`."""
    waveform = argument(Tensor(np.float32, ("batch", "samples")))
    lengths = argument(Tensor(np.int64, ("batch",)))
    return build({"waveform": waveform, "lengths": lengths}, {"log_mel": _log_mel(waveform, lengths)[0]})


def _log_mel(waveform: Var, lengths: Var) -> tuple[Var, Var]:
    """Whisper's log-mel, `(batch, 80, mel frames)` with zeros in the padding, and the valid mel frames of each signal."""
    clean = op.where(_indices_below(lengths, _size(waveform, 1)), waveform, _const(0.0))
    # One more hop at the end, so that the last samples are the centre of a frame as well.
    padded = op.pad(clean, _axes(0, N_FFT // 2, 0, N_FFT // 2 + HOP), _const(0.0))
    spectrum = op.conv(op.unsqueeze(padded, _axes(1)), op.const(fourier_filters()), strides=[HOP])
    squared = op.mul(spectrum, spectrum)
    real, imaginary = op.split(squared, num_outputs=2, axis=1)
    power = op.transpose(op.add(real, imaginary), perm=[0, 2, 1])
    mel = op.max([op.matmul(power, op.const(mel_filters())), _const(1e-10)])
    log_mel = op.transpose(op.mul(op.log(mel), _const(1 / np.log(10))), perm=[0, 2, 1])

    frames = _ceil_div(lengths, HOP)
    valid = op.unsqueeze(_indices_below(frames, _size(log_mel, 2)), _axes(1))
    log_mel = op.max([log_mel, _const(FLOOR)])
    log_mel = op.div(op.add(log_mel, _const(4.0)), _const(4.0))
    return op.where(valid, log_mel, _const(0.0)), frames


def joined(weights: Weights) -> Weights:
    """What is multiplied with the same as one matrix: queries, keys and values, and the second convolution's kernel."""
    result = dict(weights)
    for name in [name for name in weights if name.endswith("q_proj.weight")]:
        block = name.removesuffix("q_proj.weight")
        parts = [result.pop(f"{block}{part}_proj.weight") for part in "qkv"]
        biases = [result.pop(f"{block}{part}_proj.bias", np.zeros(len(parts[0]), np.float32)) for part in "qkv"]
        result[f"{block}qkv_proj.weight"] = np.concatenate(parts)
        result[f"{block}qkv_proj.bias"] = np.concatenate(biases)
    kernel = result["conv2.weight"]
    result["conv2.weight"] = kernel.transpose(0, 2, 1).reshape(len(kernel), -1)
    return result


def eased(weights: Weights, layers: int) -> Weights:
    """The same network, in which a norm's loud channels are quieter and their weights in the next matrix larger.

    A row of inputs is rounded with one scale, so a few loud channels would cost the others their precision.

    Source: Xiao et al. 2022, "SmoothQuant" (arXiv 2211.10438), with the norm's own weights for how loud a channel gets.
    """
    result = dict(weights)
    for layer in range(layers):
        for norm, matrix in (("self_attn_layer_norm", "self_attn.qkv_proj"), ("final_layer_norm", "fc1")):
            below, above = f"layers.{layer}.{norm}", f"layers.{layer}.{matrix}"
            loudest = 3 * np.abs(weights[f"{below}.weight"]) + np.abs(weights[f"{below}.bias"])
            heaviest = np.abs(weights[f"{above}.weight"]).max(axis=0)
            divisors = np.sqrt(np.maximum(loudest, 1e-4) / np.maximum(heaviest, 1e-4))
            result[f"{above}.weight"] = weights[f"{above}.weight"] * divisors
            for part in ("weight", "bias"):
                result[f"{below}.{part}"] = weights[f"{below}.{part}"] / divisors
    return result


def quantised(weights: Weights) -> Weights:
    """Matrices as int8 with one scale for each output (symmetric), under `name` and `name.scale`."""
    result = dict(weights)
    for name, value in weights.items():
        if value.ndim == 2 and name != "embed_positions.weight":
            scale = np.abs(value).max(axis=1, keepdims=True) / 127
            result[name] = np.round(value / scale).astype(np.int8)
            result[f"{name}.scale"] = scale.astype(np.float32)
    return result


def _linear(x: Var, weights: Weights, name: str, lowest: float | None = None) -> Var:
    """A product of matrices; with int8 weights the inputs are rounded as well, to 7 bits.

    Each row is rounded by its own range, so it depends on nothing else in its batch. With 8 bits the sums of older processors
    (those without VNNI) overflow.

    Args:
        x: `(batch, rows, inputs)`.
        weights: The encoder's.
        name: Of the matrix.
        lowest: What inputs never fall below, where that is close to 0: they can be rounded twice as finely.
    """
    weight, bias = weights[f"{name}.weight"], weights[f"{name}.bias"]
    if weight.dtype != np.int8:
        return op.add(op.matmul(x, op.const(np.ascontiguousarray(weight.T))), op.const(bias))
    steps = weights[f"{name}.weight.scale"][:, 0]
    zero, reach, sizes = 63, 63.0, op.abs(x)
    if lowest is not None:
        zero, reach, x = 0, 127.0, op.sub(x, _const(lowest))
        sizes, bias = x, bias + lowest * steps * weight.sum(axis=1)
    scales = op.div(op.max([op.reduce_max(sizes, _axes(-1)), _const(1e-8)]), _const(reach))
    zero_point = op.const(np.uint8(zero))
    rounded = op.quantize_linear(op.div(x, scales), _const(1.0), zero_point)
    product = op.matmul_integer(rounded, op.const(np.ascontiguousarray(weight.T)), zero_point)
    # In this order: ONNX Runtime 1.31 makes one operation of it all when both scales are multiplied first, and a wrong one.
    product = op.mul(op.mul(op.cast(product, to=np.float32), op.const(steps)), scales)
    return op.add(product, op.const(bias.astype(np.float32)))


def _triples(x: Var) -> Var:
    """Every second row with its neighbours: `(batch, rows, dim)` → `(batch, (rows + 1) // 2, 3 * dim)`."""
    rows = _ceil_div(_size(x, 1), 2)
    beside = op.pad(x, _axes(0, 1, 0, 0, 1, 0), _const(0.0))
    last = op.reshape(op.mul(rows, _int(2)), _axes(1))
    pairs = op.reshape(
        op.slice(beside, _axes(0), last, _axes(1)),
        op.concat([_axes(0, -1), op.mul(op.shape(x, start=2, end=3), _axes(2))], axis=0),
    )
    third = op.slice(beside, _axes(2), op.add(last, _axes(1)), _axes(1), _axes(2))
    return op.concat([pairs, third], axis=2)


def _norm(x: Var, weights: Weights, name: str) -> Var:
    scale, bias = op.const(weights[f"{name}.weight"]), op.const(weights[f"{name}.bias"])
    return op.layer_normalization(x, scale, bias, epsilon=1e-5)[0]


def _attention(x: Var, bias: Var, weights: Weights, name: str) -> Var:
    dim = weights[f"{name}.out_proj.bias"].size
    split_shape = _axes(0, 0, HEADS, dim // HEADS)
    parts = op.split(_linear(x, weights, f"{name}.qkv_proj"), num_outputs=3, axis=2)
    query, key, value = (op.reshape(part, split_shape) for part in parts)
    logits = op.matmul(op.transpose(query, perm=[0, 2, 1, 3]), op.transpose(key, perm=[0, 2, 3, 1]))
    scaled = op.mul(logits, _const((dim // HEADS) ** -0.5))
    mixed = op.matmul(op.softmax(op.add(scaled, bias), axis=-1), op.transpose(value, perm=[0, 2, 1, 3]))
    joined = op.reshape(op.transpose(mixed, perm=[0, 2, 1, 3]), _axes(0, 0, dim))
    return _linear(joined, weights, f"{name}.out_proj")


def _layer(x: Var, bias: Var, weights: Weights, name: str) -> Var:
    x = op.add(x, _attention(_norm(x, weights, f"{name}.self_attn_layer_norm"), bias, weights, f"{name}.self_attn"))
    hidden = op.gelu(_linear(_norm(x, weights, f"{name}.final_layer_norm"), weights, f"{name}.fc1"))
    return op.add(x, _linear(hidden, weights, f"{name}.fc2", GELU_LOWEST))


def _positions(size: Var, dim: int) -> Var:
    """Whisper's sinusoids for `size` frames, `(size, dim)`: sines first, cosines behind them."""
    rates = np.exp(-np.log(10_000) / (dim // 2 - 1) * np.arange(dim // 2)).astype(np.float32)
    times = op.cast(_range(size), to=np.float32)
    angles = op.mul(op.unsqueeze(times, _axes(1)), op.const(rates[None]))
    return op.concat([op.sin(angles), op.cos(angles)], axis=1)


def _cut(x: Var, frame_lengths: Var) -> tuple[Var, Var, Var]:
    """Overlapping windows of a batch: `(batch * windows, window frames, dim)`, their attention bias, their number."""
    size = _size(x, 1)
    count = op.add(_ceil_div(op.max([op.sub(size, _int(WINDOW)), _int(0)]), STEP), _int(1))
    starts = op.mul(_range(count), _int(STEP))
    index = op.add(op.unsqueeze(starts, _axes(1)), op.unsqueeze(_range(op.min([size, _int(WINDOW)])), _axes(0)))
    windows = op.gather(x, op.min([index, op.sub(size, _int(1))]), axis=1)
    valid = op.less(op.unsqueeze(index, _axes(0)), op.unsqueeze(frame_lengths, _axes(1, 2)))
    bias = op.where(valid, _const(0.0), _const(MASKED))
    width = op.shape(index, start=1, end=2)
    return (
        op.reshape(windows, op.concat([_axes(-1), width, op.shape(x, start=2, end=3)], axis=0)),
        op.reshape(bias, op.concat([_axes(-1, 1, 1), width], axis=0)),
        count,
    )


def _blend(windows: Var, count: Var, frame_lengths: Var, size: Var) -> Var:
    """The inverse of `_cut`: `(batch, frames, dim)`. Where two windows overlap, one fades into the other."""
    width = _size(windows, 1)
    times = op.unsqueeze(_range(size), _axes(0))
    own_count = op.add(_ceil_div(op.max([op.sub(frame_lengths, _int(WINDOW)), _int(0)]), STEP), _int(1))
    wanted = op.div(times, _int(STEP))
    newest = op.min([wanted, op.sub(op.unsqueeze(own_count, _axes(1)), _int(1))])
    fading = op.and_(op.equal(newest, wanted), op.greater(newest, _int(0)))
    older = op.where(fading, op.sub(newest, _int(1)), newest)
    ramp = op.div(op.add(op.cast(op.mod(times, _int(STEP)), to=np.float32), _const(0.5)), _const(float(STEP)))
    share = op.unsqueeze(op.where(fading, ramp, _const(1.0)), _axes(2))

    rows = op.mul(op.unsqueeze(_range(_size(frame_lengths, 0)), _axes(1)), count)
    flat = op.reshape(windows, op.concat([_axes(-1), op.shape(windows, start=2, end=3)], axis=0))

    def frames_of(window: Var) -> Var:
        inside = op.min(
            [op.sub(times, op.mul(window, _int(STEP))), op.sub(width, _int(1))]
        )  # the minimum: padding only
        return op.gather(flat, op.add(op.mul(op.add(rows, window), width), inside), axis=0)

    old, new = frames_of(older), frames_of(newest)
    return op.add(old, op.mul(share, op.sub(new, old)))


def build_encoder(weights: Weights, layers: Sequence[int]) -> onnx.ModelProto:
    """An ONNX model that maps waveforms to frames.

    The layers see windows of 4 s, one every 2 s, and fade from one to the next. So a frame depends on at most 4 s around
    it, at any place in a recording of any length: what the head knows from short clips holds in long recordings too. (In
    windows of 30 s, as Whisper has them, neighbouring emotions blur each other: see training/README.md.)

    Args:
        weights: From `joined`, perhaps through `eased` and `quantised`.
        layers: The layers (from 1) whose outputs are put side by side.

    Returns:
        A model with inputs `waveform` float32 `(batch, samples)` and `lengths` int64 `(batch,)`, outputs `frames` float32
        `(batch, frames, dim)` with zeros in the padding, and `frame_lengths` int64 `(batch,)`; 50 frames a second.
    """
    waveform = argument(Tensor(np.float32, ("batch", "samples")))
    lengths = argument(Tensor(np.int64, ("batch",)))
    log_mel, mel_frames = _log_mel(waveform, lengths)

    x = op.gelu(op.conv(log_mel, op.const(weights["conv1.weight"]), op.const(weights["conv1.bias"]), pads=[1, 1]))
    x = op.mul(x, _as_mask(_indices_below(mel_frames, _size(x, 2)), 1))
    frame_lengths = _ceil_div(mel_frames, 2)
    x = op.gelu(_linear(_triples(op.transpose(x, perm=[0, 2, 1])), weights, "conv2", GELU_LOWEST))
    size = _size(x, 1)
    x, bias, count = _cut(x, frame_lengths)
    x = op.add(x, _positions(_size(x, 1), weights["conv1.bias"].size))
    outputs = []
    for index in range(max(layers)):
        x = _layer(x, bias, weights, f"layers.{index}")
        if index + 1 in layers:
            outputs.append(x)
    frames = _blend(op.concat(outputs, axis=2), count, frame_lengths, size)
    frames = op.reshape(frames, _axes(0, 0, DIM * len(outputs)))  # so that the file says how many values a frame has
    frames = op.mul(frames, _as_mask(_indices_below(frame_lengths, size), 2))
    return build({"waveform": waveform, "lengths": lengths}, {"frames": frames, "frame_lengths": frame_lengths})
