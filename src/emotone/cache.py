"""Embeddings on disk: no recording is encoded twice by the same model.

A cache is a folder of parts. A part is an array of records of one length, each with a check sum; only the process that made
it writes to it, and only at its end. So two processes never wait for each other, a process that is killed loses nothing but
the record that it was writing, and whatever is damaged is not found, nothing more. The folder may be deleted at any time.
"""

import os
import threading
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from .errors import OutputError
from .types import ModelInfo

FORMAT = 1  # of the records; another one gets another folder
_QUALITY_BYTES = 120  # all codes of `emotone.quality` together take 100


@dataclass(frozen=True, slots=True, eq=False)
class Embedding:
    """What is kept of a recording.

    Attributes:
        values: float32 `(dim,)`: the mean of the recording's frames.
        duration: Of the recording, in seconds.
        quality: Codes of the reasons to doubt it, the gravest first.
    """

    values: NDArray[np.float32]
    duration: float
    quality: tuple[str, ...]


def cache_folder() -> Path:
    """Where what can be made again is kept: the environment variable EMOTONE_CACHE, or a folder among the user's caches."""
    if chosen := os.environ.get("EMOTONE_CACHE"):
        return Path(chosen).expanduser()
    from platformdirs import user_cache_path  # noqa: PLC0415 - as in models.pulled

    return user_cache_path("emotone", appauthor=False)


class EmbeddingCache:
    """The embeddings that one model has made. Safe to share between threads, and its folder between processes.

    Args:
        model: The model; another file or size of embedding has another folder.
        root: The folder of all models' caches; `None` is the one of this user.
    """

    def __init__(self, model: ModelInfo, root: Path | None = None) -> None:
        self._folder = (root or cache_folder()) / "embeddings" / f"{model.sha256[:32]}-{FORMAT}"
        self._record = np.dtype(
            [
                ("key", "V32"),
                ("duration", "<f8"),
                ("quality", f"S{_QUALITY_BYTES}"),
                ("values", "<f4", (model.dim,)),
                ("check", "<u4"),
            ]
        )
        self._lock = threading.Lock()
        self._part: Path | None = None
        self._places = dict(self._scan())

    def get(self, key: bytes) -> Embedding | None:
        """What was put under this key of 32 bytes by any process before this cache was opened, or by this one since."""
        place = self._places.get(key)
        if place is None:
            return None
        part, row = place
        try:
            (record,) = np.fromfile(part, self._record, count=1, offset=row * self._record.itemsize)
        except (OSError, ValueError):  # deleted meanwhile, or cut
            return None
        if record["check"] != _check_sum(record):
            return None
        quality = record["quality"].decode("ascii")
        return Embedding(record["values"].copy(), float(record["duration"]), tuple(quality.split()))

    def put(self, key: bytes, embedding: Embedding) -> None:
        """Keeps an embedding, at once. Raises `OutputError` when it cannot be written."""
        record = np.zeros((), self._record)
        record["key"] = np.void(key)
        record["duration"] = embedding.duration
        record["quality"] = " ".join(embedding.quality).encode("ascii")
        record["values"] = embedding.values
        record["check"] = _check_sum(record)
        with self._lock:
            self._places[key] = self._append(record.tobytes())

    def _append(self, data: bytes) -> tuple[Path, int]:
        try:
            if self._part is None:
                self._folder.mkdir(parents=True, exist_ok=True)
                self._part = self._folder / f"{uuid4().hex}.bin"
            with self._part.open("ab") as file:
                start = file.tell()
                file.write(data)
            return self._part, start // len(data)
        except OSError as error:
            self._part = None  # what follows half a record could not be found again
            raise OutputError(
                f"Embeddings cannot be kept in '{self._folder}': {error.strerror or error}. Free space, or name another folder "
                "in the environment variable EMOTONE_CACHE.",
                f"无法将嵌入向量保存到“{self._folder}”：{error.strerror or error}。请清理磁盘空间，或通过环境变量 EMOTONE_CACHE "
                "指定其他文件夹。",
            ) from error

    def _scan(self) -> Iterator[tuple[bytes, tuple[Path, int]]]:
        for part in sorted(self._folder.glob("*.bin")):
            try:
                rows = part.stat().st_size // self._record.itemsize  # a last one that was cut does not count
                keys = np.memmap(part, self._record, "r", shape=(rows,))["key"] if rows else np.empty(0)
            except OSError:
                continue
            yield from ((key.tobytes(), (part, row)) for row, key in enumerate(keys))


def _check_sum(record: Any) -> int:
    return zlib.crc32(record.tobytes()[:-4])
