"""The outputs folder: one new folder for each result, complete or not there at all."""

import shutil
import wave
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from .baseline import baseline_fields
from .errors import OutputError
from .types import SAMPLE_RATE, Baseline, Conversation, Prediction, Signal, Timeline
from .writers import Record, record, to_json

AUDIO_NAME, RESULT_NAME, EMBEDDING_NAME = "processed_audio.wav", "result.json", "embedding.npy"


@dataclass(frozen=True, slots=True)
class OutputFolder:
    """What `save_result` wrote.

    Attributes:
        path: The folder, `outputs_YYYYMMDD_HHMMSS`, with `_2`, `_3`… behind it when the second was taken.
        files: The files in it.
    """

    path: Path
    files: tuple[Path, ...]


def save_result(
    result: Prediction | Timeline | Conversation,
    signal: Iterable[Signal],
    root: Path,
    *,
    embedding: NDArray[np.float32] | None = None,
    when: datetime | None = None,
    said: Record | None = None,
) -> OutputFolder:
    """Writes a result into a new folder below `root`.

    Everything is written into a hidden folder first, which then gets its name in one step: a crash or a full disk leaves
    no half-written result.

    Args:
        result: Becomes `result.json`.
        signal: Blocks of 16 kHz mono samples; become `processed_audio.wav`, 16 bits.
        root: Made when it is not there.
        embedding: Becomes `embedding.npy`: `(dim,)` or `(frames, dim)`.
        when: The time of the result; `None` is now.
        said: Becomes `result.json` instead, such as a `record` with what further heads say.

    Raises:
        OutputError: When it cannot be written. Nothing is left behind.
    """
    when = when or datetime.now()
    with _draft_in(root) as draft:
        draft.mkdir()
        _write_wave(draft / AUDIO_NAME, signal)
        (draft / RESULT_NAME).write_text(to_json(said or record(result, when)), encoding="utf-8")
        if embedding is not None:
            np.save(draft / EMBEDDING_NAME, embedding)
        folder = _publish(draft, root / f"outputs_{when:%Y%m%d_%H%M%S}")
    return OutputFolder(folder, tuple(sorted(folder.iterdir())))


def save_embedding(embedding: NDArray[np.float32], path: Path) -> Path:
    """Writes one `.npy` file, whole or not at all, over an older one. Returns its path; errors as in `save_result`."""
    with _draft_in(path.parent) as draft:
        with draft.open("wb") as file:
            np.save(file, embedding)
        draft.replace(path)
    return path


def save_baseline(baseline: Baseline, path: Path) -> Path:
    """Writes one `.npz` file, whole or not at all, over an older one. Returns its path; errors as in `save_result`."""
    with _draft_in(path.parent) as draft:
        with draft.open("wb") as file:
            np.savez(file, allow_pickle=False, **baseline_fields(baseline))
        draft.replace(path)
    return path


def save_text(text: str, path: Path) -> Path:
    """Writes one UTF-8 file, whole or not at all, over an older one. Returns its path; errors as in `save_result`."""
    with _draft_in(path.parent) as draft:
        draft.write_text(text, encoding="utf-8", newline="\n")
        draft.replace(path)
    return path


def save_bytes(data: bytes, path: Path) -> Path:
    """Writes one file, whole or not at all, over an older one. Returns its path; errors as in `save_result`."""
    with _draft_in(path.parent) as draft:
        draft.write_bytes(data)
        draft.replace(path)
    return path


def save_written(path: Path, write: Callable[[Path], None]) -> Path:
    """Has one file written that is too large for the memory, as `save_bytes` does. Returns its path; errors as there.

    Args:
        path: Of the file.
        write: Writes a file of the name that it is given.
    """
    with _draft_in(path.parent) as draft:
        write(draft)
        draft.replace(path)
    return path


@contextmanager
def _draft_in(folder: Path) -> Iterator[Path]:
    """A free hidden name in a folder, which is made; whatever is left there is removed at the end."""
    draft = folder / f".draft_{uuid4().hex}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield draft
    except OSError as error:
        raise OutputError(
            f"Results cannot be written to '{folder}': {error.strerror or error}. Free space or choose another folder.",
            f"无法将结果写入“{folder}”：{error.strerror or error}。请清理磁盘空间或更换文件夹。",
        ) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
        with suppress(OSError):
            draft.unlink()


def _publish(draft: Path, wanted: Path) -> Path:
    number, folder = 1, wanted
    while True:
        try:
            return draft.rename(folder)  # one step; fails when another request has taken the name
        except OSError:
            if not folder.exists():
                raise
        number += 1
        folder = wanted.with_name(f"{wanted.name}_{number}")


def _write_wave(path: Path, signal: Iterable[Signal]) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        for block in signal:
            file.writeframes((np.clip(block, -1.0, 32767 / 32768) * 32768).round().astype("<i2").tobytes())
