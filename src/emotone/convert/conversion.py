"""The steps of a conversion. Importing this module imports onnx and spox."""

import gc
import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from ..engine import METADATA_KEY
from ..errors import CheckpointError, OutputError
from ..heads import Head
from ..text import Text
from ..types import SAMPLE_RATE
from . import Conversion, Precision
from .architecture import Architecture, read_architecture
from .checkpoint import read_tensors
from .graph import Arrays, build_encoder, build_probe
from .rounding import check, choices, hear, speech

FILES = ("model.pt", "config.yaml", "tokens.txt")
PREFIX = "d2v_model."  # of the encoder in official checkpoints; FunASR's own trainer leaves it out


def convert(
    folder: Path,
    out: Path,
    name: str,
    revision: str,
    licence: str,
    precision: Precision,
    on_step: Callable[[Text], None],
) -> Conversion:
    """See `convert_checkpoint`."""
    on_step(Text("Reading the checkpoint", "正在读取检查点"))
    model = read_model(folder)
    manifest = {
        "name": name,
        "revision": revision,
        "licence": licence,
        "frame_rate": SAMPLE_RATE / model.architecture.stride,
        "head": model.head.to_json(),
    }
    metadata = {METADATA_KEY: json.dumps(manifest)}
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{out.name}.", dir=out.parent) as drafts:
            draft = Path(drafts) / "model.onnx"
            result = None
            if precision == "int8":
                pieces, probe = speech(), draft.with_name("probe.onnx")
                on_step(Text("Listening to speech in full precision", "正在以全精度分析语音"))
                build_probe(model.architecture, model.tensors).save(probe, {})
                del model
                gc.collect()  # the graph holds cycles, and with them the weights: twice in memory is once too often
                expected, inputs = hear(probe, pieces)
                probe.unlink()
                model = read_model(folder)
                for int8 in choices(inputs, model.tensors):
                    on_step(Text("Rounding to 8 bits and comparing", "正在量化为 8 位并比较"))
                    build_encoder(model.architecture, model.tensors, int8).save(draft, metadata)
                    result = check(expected, draft, model.head, pieces)
                    if result.passed:
                        break
                else:
                    precision = "fp32"
            if precision == "fp32":
                on_step(Text("Writing the model in full precision", "正在写入全精度模型"))
                build_encoder(model.architecture, model.tensors).save(draft, metadata)
            draft.replace(out)
            return Conversion(out, precision, result)
    except OSError as error:
        raise OutputError(
            f"The model cannot be written to '{out}': {error.strerror or error}. Free space or choose another place.",
            f"无法将模型写入“{out}”：{error.strerror or error}。请清理磁盘空间或更换位置。",
        ) from error


@dataclass(frozen=True, slots=True)
class Model:
    """A checkpoint: tensors by name, without the prefix."""

    architecture: Architecture
    tensors: Arrays
    head: Head


def read_model(folder: Path) -> Model:
    """The checkpoint in a folder. Raises `CheckpointError` when it is none of emotion2vec+."""
    tensors = {key.removeprefix(PREFIX): _finite(key, value) for key, value in read_tensors(folder / FILES[0]).items()}
    config, tokens = _read_config(folder / FILES[1]), _read_text(folder / FILES[2]).splitlines()
    architecture = read_architecture(config, tokens, {key: value.shape for key, value in tensors.items()})
    return Model(architecture, tensors, _head(architecture, tensors))


def _finite(name: str, values: NDArray[Any]) -> NDArray[np.float32]:
    floats: NDArray[np.float32] = values.astype(np.float32, copy=False)
    if not np.isfinite(floats).all():
        raise CheckpointError(
            f"The tensor '{name}' has values that are not finite. Get the model's files again.",
            f"张量“{name}”含有非有限值。请重新获取模型文件。",
        )
    return floats


def _head(architecture: Architecture, tensors: Arrays) -> Head:
    """The head without the outputs that the reference masks (`unuse…`)."""
    rows = {_label(token): index for index, token in enumerate(architecture.tokens) if not token.startswith("unuse")}
    used = [token for token in architecture.tokens if not token.startswith("unuse")]
    if len(rows) != len(used) or len(rows) < 2:
        raise CheckpointError(
            f"tokens.txt has the labels {', '.join(used) or '–'}; wanted two or more that differ. Get the model's files again.",
            f"tokens.txt 中的标签为 {', '.join(used) or '–'}；应为两个以上互不相同的标签。请重新获取模型文件。",
        )
    index = list(rows.values())
    return Head(tuple(rows), tensors["proj.weight"][index], tensors["proj.bias"][index])


def _label(token: str) -> str:
    """`开心/happy` → `happy`, `<unk>` → `unknown`."""
    return "unknown" if token == "<unk>" else token.rpartition("/")[2].strip()


def _read_config(path: Path) -> object:
    try:
        return yaml.safe_load(_read_text(path))
    except (yaml.YAMLError, RecursionError) as error:
        raise CheckpointError(
            f"'{path}' is not YAML. Get the model's files again.", f"“{path}”不是 YAML 文件。请重新获取模型文件。"
        ) from error


def _read_text(path: Path) -> str:
    try:
        text = path.read_bytes()[:1_000_000].decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        wanted = ", ".join(FILES)
        raise CheckpointError(
            f"'{path}' cannot be read ({error}). Give a folder with {wanted}.",
            f"无法读取“{path}”（{error}）。请给出包含 {wanted} 的文件夹。",
        ) from error
    return text
