"""How long results are kept: by age, and by how much they take together. Nothing but what Emotone made is ever removed."""

import logging
import os
import re
import shutil
import threading
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from uuid import uuid4

from .outputs import RESULT_NAME

_RESULT = re.compile(r"outputs_(\d{8}_\d{6})(?:_(\d+))?")
_DRAFT = re.compile(r"\.draft_[0-9a-f]{32}")
_LEFT_OVER = timedelta(days=1)  # after which nobody writes a draft any more
_EVERY = 600.0  # seconds from one look to the next
_log = logging.getLogger("emotone.retention")


@dataclass(frozen=True, slots=True)
class Retention:
    """How long results are kept; `None` is no limit.

    Attributes:
        days: Older ones are removed.
        gigabytes: When all take more, the oldest are removed.
    """

    days: float | None = None
    gigabytes: float | None = None


@dataclass(frozen=True, slots=True)
class Removed:
    """What was removed.

    Attributes:
        folders: Names, the oldest first.
        size: Bytes that they took.
    """

    folders: tuple[str, ...]
    size: int


@dataclass(frozen=True, slots=True)
class _Result:
    path: Path
    made: datetime
    number: int
    size: int


def clear(root: Path, retention: Retention, now: datetime | None = None) -> Removed:
    """Removes results that are older or take more than is wanted, and what was left when a process was killed.

    A result is a folder `outputs_YYYYMMDD_HHMMSS…` directly in `root`, with a `result.json` in it. Links are neither followed nor
    removed. What cannot be removed stays, and is tried again the next time. The name tells the age, so copying does not
    make a result young.

    Args:
        root: The folder of all results; it need not exist.
        retention: What is wanted.
        now: For the age; `None` is now.
    """
    now = now or datetime.now()
    _remove_drafts(root, now)
    results = _results(root)
    taken = sum(result.size for result in results)
    removed: list[_Result] = []
    for result in results:
        too_old = retention.days is not None and result.made < now - timedelta(days=retention.days)
        too_much = retention.gigabytes is not None and taken > retention.gigabytes * 1e9
        if (too_old or too_much) and _remove(result.path):
            removed.append(result)
            taken -= result.size
    return Removed(tuple(result.path.name for result in removed), sum(result.size for result in removed))


class Keeper:
    """Clears a folder of results now, and every ten minutes until it is closed. A context manager."""

    def __init__(self, root: Path, retention: Retention) -> None:
        self._root = root
        self._retention = retention
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="emotone-retention", daemon=True)

    def __enter__(self) -> "Keeper":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end.set()
        self._thread.join()

    def _run(self) -> None:
        while True:
            removed = clear(self._root, self._retention)
            if removed.folders:
                _log.info("removed %d results, %d bytes", len(removed.folders), removed.size)
            if self._end.wait(_EVERY):
                return


def _results(root: Path) -> list[_Result]:
    """The oldest first."""
    found = []
    for entry in _entries(root):
        match = _RESULT.fullmatch(entry.name)
        if match is None or not entry.is_dir(follow_symlinks=False):
            continue
        try:
            made = datetime.strptime(match[1], "%Y%m%d_%H%M%S")
        except ValueError:  # a 13th month: not ours
            continue
        files = _entries(Path(entry.path))
        if any(file.name == RESULT_NAME and file.is_file(follow_symlinks=False) for file in files):
            found.append(_Result(Path(entry.path), made, int(match[2] or 1), sum(map(_size, files))))
    return sorted(found, key=lambda result: (result.made, result.number))


def _remove_drafts(root: Path, now: datetime) -> None:
    for entry in _entries(root):
        if not _DRAFT.fullmatch(entry.name) or entry.is_symlink():
            continue
        with suppress(OSError, ValueError):
            if datetime.fromtimestamp(entry.stat(follow_symlinks=False).st_mtime) < now - _LEFT_OVER:
                shutil.rmtree(entry.path, ignore_errors=True)
                os.unlink(entry.path)  # when it is a file


def _remove(folder: Path) -> bool:
    """Takes the name away first: whoever looks sees a complete result, or none."""
    draft = folder.with_name(f".draft_{uuid4().hex}")
    try:
        folder.rename(draft)
        shutil.rmtree(draft)
    except OSError as error:
        _log.warning("cannot remove %s: %s", folder.name, error.strerror or error)
        return False
    return True


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    with suppress(OSError), os.scandir(folder) as entries:
        return list(entries)
    return []


def _size(entry: os.DirEntry[str]) -> int:
    with suppress(OSError):
        return entry.stat(follow_symlinks=False).st_size
    return 0
