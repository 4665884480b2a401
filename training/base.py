"""The frozen part of the bundled model as a model of its own, to make frames with."""

from pathlib import Path

import numpy as np
import onnx

from emotone.heads import Head
from emotone.labels import LABELS
from emotone.outputs import save_bytes
from emotone.recognizer import Recognizer, load_model
from emotone.training.graph import model_file
from emotone.types import ModelInfo
from encoder import DIM, FRAME_RATE, build_encoder, eased, joined, load_weights, quantised

LAYERS = (3,)  # of Whisper, whose outputs the trained layers see


def base_model(weights: Path, cache: Path) -> tuple[onnx.ModelProto, Recognizer]:
    """Whisper's first layers as a graph, and loaded, with a head that says nothing.

    Args:
        weights: Whisper base encoder, safetensors.
        cache: Where the model is kept.
    """
    graph = build_encoder(quantised(eased(joined(load_weights(weights)), max(LAYERS))), LAYERS)
    size = DIM * len(LAYERS)
    head = Head(LABELS, np.zeros((len(LABELS), size), np.float32), np.zeros(len(LABELS), np.float32))
    write_model(
        graph, head, FRAME_RATE, cache / "base.onnx", {"name": "whisper-base", "revision": "1", "licence": "MIT"}
    )
    return graph, load_model(cache / "base.onnx")


def write_model(graph: onnx.ModelProto, head: Head, frame_rate: float, path: Path, about: dict[str, str]) -> None:
    """Writes a model file of Emotone's contract, whole or not at all."""
    info = ModelInfo(about["name"], about["revision"], "", head.labels, head.dim, frame_rate, about["licence"])
    save_bytes(model_file(graph, info, head), path)
