"""Which models there are and where their files lie."""

import hashlib
from collections.abc import Callable
from contextlib import suppress
from importlib.resources import files
from pathlib import Path

from ..errors import ModelError
from .known import HUB_TITLES, KNOWN_MODELS, HubName, KnownFile, KnownModel, Place, known_model
from .pulled import MODEL_NAME, RECORD_NAME, PulledModel, Record, models_folder, pulled_model, read_record

__all__ = [
    "DEFAULT_LICENCE",
    "DEFAULT_MODEL",
    "HUB_TITLES",
    "KNOWN_MODELS",
    "MODEL_NAME",
    "RECORD_NAME",
    "HubName",
    "KnownFile",
    "KnownModel",
    "Place",
    "PulledModel",
    "Record",
    "file_sha256",
    "find_model",
    "known_model",
    "model_names",
    "models_folder",
    "pulled_model",
    "read_record",
]

DEFAULT_MODEL = "emotone-small"
"""The bundled model."""

DEFAULT_LICENCE = "CC-BY-NC-SA-4.0"
"""The licence of its weights, as its manifest says it."""


def model_names() -> tuple[str, ...]:
    """Names that `find_model` knows: the bundled model, then those that can be pulled."""
    return (DEFAULT_MODEL, *(model.name for model in KNOWN_MODELS))


def find_model(name_or_path: str | Path) -> Path:
    """The file of a model, by its name or its path.

    Raises:
        ModelError: When there is none; for a model that can be pulled, it says how. Nothing is ever fetched here.
    """
    if name_or_path == DEFAULT_MODEL:
        return Path(str(files(__package__) / f"{DEFAULT_MODEL}.onnx"))
    if known := known_model(str(name_or_path)):
        return _find_pulled(known)
    path = Path(name_or_path)
    with suppress(OSError):  # a name too long, or a folder that may not be read
        if path.is_file():
            return path
    names = ", ".join(model_names())
    raise ModelError(
        f"There is no model '{name_or_path}'. Known names: {names}; or give the path of an ONNX file.",
        f"没有名为“{name_or_path}”的模型。可用名称：{names}；也可给出 ONNX 文件的路径。",
    )


def _find_pulled(known: KnownModel) -> Path:
    if pulled := pulled_model(known.name):
        return pulled.path
    size = f"{known.download_size / 1e9:.1f} GB"
    raise ModelError(
        f"The model '{known.name}' is not here yet. Fetch it once ({size}): emotone models pull {known.name}",
        f"模型“{known.name}”尚未获取。请先获取一次（{size}）：emotone models pull {known.name}",
    )


def file_sha256(path: Path, on_read: Callable[[int], None] = lambda count: None) -> str:
    """The sha256 of a file, in hex. `on_read` is told the number of bytes read so far."""
    sha256, count = hashlib.sha256(), 0
    with path.open("rb") as file:
        while chunk := file.read(2**20):
            sha256.update(chunk)
            count += len(chunk)
            on_read(count)
    return sha256.hexdigest()
