"""Which models there are and where their files lie."""

import hashlib
from contextlib import suppress
from importlib.resources import files
from pathlib import Path

from ..errors import ModelError

DEFAULT_MODEL = "emotone-small"
"""The bundled model."""


def model_names() -> tuple[str, ...]:
    """Names that `find_model` knows."""
    return (DEFAULT_MODEL,)


def find_model(name_or_path: str | Path) -> Path:
    """The file of a model, by its name or its path. Raises `ModelError` when there is none."""
    if name_or_path == DEFAULT_MODEL:
        return Path(str(files(__package__) / f"{DEFAULT_MODEL}.onnx"))
    path = Path(name_or_path)
    with suppress(OSError):  # a name too long, or a folder that may not be read
        if path.is_file():
            return path
    known = ", ".join(model_names())
    raise ModelError(
        f"There is no model '{name_or_path}'. Known names: {known}; or give the path of an ONNX file.",
        f"没有名为“{name_or_path}”的模型。可用名称：{known}；也可给出 ONNX 文件的路径。",
    )


def file_sha256(path: Path) -> str:
    """The sha256 of a file, in hex."""
    sha256 = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(2**20):
            sha256.update(chunk)
    return sha256.hexdigest()
