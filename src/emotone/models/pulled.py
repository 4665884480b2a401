"""The models that were pulled from a hub: where they lie, and the record that each one carries.

In `<models folder>/<name>`:

    model.onnx      the model
    model.json      its record: where it came from, and every hash
    config.yaml …   the small files of the hub, and its example clip

A folder appears complete or not at all: it is made under a hidden name and then renamed.
"""

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..errors import ModelError

MODEL_NAME, RECORD_NAME = "model.onnx", "model.json"


@dataclass(frozen=True, slots=True)
class Record:
    """Where a pulled model came from and what it consists of.

    Attributes:
        name: Of the model.
        hub: `modelscope`, `huggingface` or `folder`.
        repo: Its id on the hub, or the path of the folder.
        revision: What was fetched from the hub; empty for a folder.
        licence: Of the weights, as the hubs state it.
        sha256: Of the ONNX file.
        size: Of the ONNX file, in bytes.
        precision: `fp32` or `int8`.
        check: How the int8 model compares with the fp32 one; `None` when nothing was compared.
        files: Path → sha256 of every file that it was made from.
        emotone: The version that made it.
        time: When, in ISO 8601.
    """

    name: str
    hub: str
    repo: str
    revision: str
    licence: str
    sha256: str
    size: int
    precision: str
    check: Mapping[str, float] | None
    files: Mapping[str, str]
    emotone: str
    time: str

    def to_json(self) -> str:
        """A JSON object that `read_record` reads."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=2) + "\n"


@dataclass(frozen=True, slots=True)
class PulledModel:
    """A model that is here.

    Attributes:
        folder: Its own folder.
        record: What it is.
    """

    folder: Path
    record: Record

    @property
    def path(self) -> Path:
        """The ONNX file."""
        return self.folder / MODEL_NAME


def models_folder() -> Path:
    """Where pulled models lie: the environment variable EMOTONE_MODELS, or a folder among the user's data."""
    if chosen := os.environ.get("EMOTONE_MODELS"):
        return Path(chosen).expanduser()
    from platformdirs import user_data_path  # noqa: PLC0415 - the bundled model does without

    return user_data_path("emotone", appauthor=False) / "models"


def pulled_model(name: str) -> PulledModel | None:
    """The pulled model of this name, or `None` when it is not here. Raises `ModelError` when it is damaged."""
    folder = models_folder() / name
    size = None
    with suppress(OSError):
        size = (folder / MODEL_NAME).stat().st_size
    if size is None and not (folder / RECORD_NAME).exists():
        return None
    record = read_record(folder / RECORD_NAME)
    if record is None or record.size != size:
        raise ModelError(
            f"The model '{name}' in '{folder}' is damaged. Fetch it again: emotone models pull {name} --force",
            f"“{folder}”中的模型“{name}”已损坏。请重新获取：emotone models pull {name} --force",
        )
    return PulledModel(folder, record)


def read_record(path: Path) -> Record | None:
    """The record in a file, or `None` when there is none that can be read."""
    try:
        fields: Any = json.loads(path.read_text(encoding="utf-8"))
        record = Record(**fields)
    except (OSError, ValueError, TypeError):
        return None
    texts = (record.name, record.hub, record.repo, record.sha256, record.precision, *record.files)
    return record if isinstance(record.size, int) and all(isinstance(text, str) for text in texts) else None
