"""Encoders as model files: Whisper's first layers as they are, to make frames with, and what was learned from them."""

from pathlib import Path

import numpy as np
import onnx

from emotone.heads import Head
from emotone.labels import LABELS
from emotone.outputs import save_bytes
from emotone.recognizer import Recognizer, load_model
from emotone.training.frames import stride_of
from emotone.training.graph import model_file, with_layers
from emotone.types import ModelInfo
from encoder import DIM, FRAME_RATE, Weights, build_encoder, eased, joined, quantised
from tuning import LAYERS, Tuned


def base_model(weights: Weights, cache: Path) -> Recognizer:
    """Whisper's first layers, loaded."""
    about = {"name": "whisper-base", "revision": "1", "licence": "MIT"}
    return silent_model(_encoder(weights), DIM, FRAME_RATE, cache / "base.onnx", about)


def tuned_graph(learned: Tuned) -> onnx.ModelProto:
    """Whisper's first layers as they became, and the layers above them."""
    return with_layers(_encoder(learned.weights), learned.nets, stride_of(FRAME_RATE))


def silent_model(graph: onnx.ModelProto, dim: int, frame_rate: float, path: Path, about: dict[str, str]) -> Recognizer:
    """An encoder whose frames have `dim` values, written and loaded with a head that says nothing."""
    head = Head(LABELS, np.zeros((len(LABELS), dim), np.float32), np.zeros(len(LABELS), np.float32))
    write_model(graph, head, frame_rate, path, about)
    return load_model(path)


def write_model(graph: onnx.ModelProto, head: Head, frame_rate: float, path: Path, about: dict[str, str]) -> None:
    """Writes a model file of Emotone's contract, whole or not at all."""
    info = ModelInfo(about["name"], about["revision"], "", head.labels, head.dim, frame_rate, about["licence"])
    save_bytes(model_file(graph, info, head), path)


def _encoder(weights: Weights) -> onnx.ModelProto:
    return build_encoder(quantised(eased(joined(weights), LAYERS)), (LAYERS,))
