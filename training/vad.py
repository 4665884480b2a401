"""Silero VAD as fewer, larger operations: `python training/vad.py SILERO.onnx`. The same network, three times as fast.

ONNX Runtime's convolutions over a handful of frames are slow; as products of matrices over all chunks at once they are not.
Computed is what was computed before, but for a frame of the spectrum that was thrown away.

Source: Silero VAD 6.2 (MIT licence), its model for whole sequences, as in faster-whisper 1.2 (`silero_vad_v6.onnx`).
"""

import argparse
from pathlib import Path

import numpy as np
import onnx
import spox.opset.ai.onnx.v20 as op
from numpy.typing import NDArray
from spox import Tensor, Var, argument, build

CHUNK, STATE = 576, 128  # samples of a chunk with what is before it; values that are remembered
N_FFT, HOP, FRAMES = 256, 128, 4  # of a chunk
STRIDES = (1, 2, 2)  # of the convolutions over frames; for a fourth only one frame is left
OUTPUT = Path(__file__).parent.parent / "src" / "emotone" / "models" / "silero_vad.onnx"


def main() -> None:
    """Rewrites the model."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("silero", type=Path, help="the model for whole sequences, ONNX")
    onnx.save(detector(onnx.load(parser.parse_args().silero)), OUTPUT)


def detector(silero: onnx.ModelProto) -> onnx.ModelProto:
    """The model with the same inputs and outputs: `input` `(chunks, 576)`, `h` and `c` `(1, 1, 128)`."""
    weights = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in silero.graph.initializer}
    recurrent = next(node for node in silero.graph.node if node.op_type == "LSTM")
    chunks = argument(Tensor(np.float32, ("sequence_length", CHUNK)))
    h, c = (argument(Tensor(np.float32, (1, 1, STATE))) for _ in "hc")

    x = _spectrum(chunks, weights["stft.forward_basis_buffer"])  # (chunks, frames, bins)
    for layer, stride in enumerate(STRIDES):
        x = op.relu(_convolved(x, weights[f"encoder.{layer}.weight"], weights[f"encoder.{layer}.bias"], stride))
    middle = weights["encoder.3.weight"][:, :, 1]  # of its kernel: beside the one frame are zeros
    x = op.relu(_product(x, middle.T, weights["encoder.3.bias"]))  # (chunks, 1, state)
    outputs, hn, cn = op.lstm(
        x, *(op.const(weights[name]) for name in recurrent.input[1:4]), initial_h=h, initial_c=c, hidden_size=STATE
    )
    last = _product(op.relu(outputs), weights["output.weight"][0], weights["output.bias"])
    inputs = {"input": chunks, "h": h, "c": c}
    return build(inputs, {"speech_probs": op.reshape(op.sigmoid(last), _ints(-1)), "hn": hn, "cn": cn})


def _spectrum(chunks: Var, basis: NDArray[np.float32]) -> Var:
    """Magnitudes of four frames; the last one reaches beyond its chunk, into its reflection."""
    places = np.arange(FRAMES)[:, None] * HOP + np.arange(N_FFT)
    places = np.where(places < CHUNK, places, 2 * (CHUNK - 1) - places)
    product = op.matmul(op.gather(chunks, op.const(places), axis=1), op.const(basis[:, 0].T.copy()))
    real, imaginary = op.split(op.mul(product, product), num_outputs=2, axis=2)
    return op.sqrt(op.add(real, imaginary))


def _convolved(x: Var, kernel: NDArray[np.float32], bias: NDArray[np.float32], stride: int) -> Var:
    """A convolution over three neighbouring frames, zeros beyond the first and the last."""
    beside = op.pad(x, _ints(0, 1, 0, 0, 1, 0), op.const(np.float32(0)))
    sizes = op.shape(x, start=1, end=2)
    parts = [op.slice(beside, _ints(place), op.add(sizes, _ints(place)), _ints(1), _ints(stride)) for place in range(3)]
    return _product(op.concat(parts, axis=2), kernel.transpose(2, 1, 0).reshape(-1, len(kernel)), bias)


def _product(x: Var, matrix: NDArray[np.float32], bias: NDArray[np.float32]) -> Var:
    return op.add(op.matmul(x, op.const(np.ascontiguousarray(matrix))), op.const(bias))


def _ints(*values: int) -> Var:
    return op.const(np.array(values, np.int64))


if __name__ == "__main__":
    main()
