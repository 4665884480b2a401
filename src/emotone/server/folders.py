"""The private folder of a server, for what visitors send. It ends with the server; after a crash, with the next one's start."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

_PREFIX = "emotone_"
_LOCK = ".in_use"  # locked by the server whose folder it is, until that process ends in whatever way


@contextmanager
def private_folder(parent: Path | None = None) -> Iterator[Path]:
    """A folder that only this user may read (0700), removed with all that is in it.

    Folders of servers that were killed are removed first.

    Args:
        parent: Where to make it; `None` is the system's folder for temporary files.
    """
    place = parent or Path(tempfile.gettempdir())
    remove_left_over(place)
    with (
        tempfile.TemporaryDirectory(prefix=_PREFIX, dir=place, ignore_cleanup_errors=True) as folder,
        open(Path(folder, _LOCK), "wb") as lock,
    ):
        _lock(lock)
        yield Path(folder)


def remove_left_over(place: Path) -> int:
    """Removes folders of servers that live no more. Returns how many."""
    count = 0
    for folder in place.glob(f"{_PREFIX}*"):
        if _is_left_over(folder):
            shutil.rmtree(folder, ignore_errors=True)
            count += 1
    return count


def _is_left_over(folder: Path) -> bool:
    """Whether this is such a folder, of this user, whose lock nobody holds. Process numbers mean nothing in containers."""
    with suppress(OSError):
        if folder.is_symlink() or (hasattr(os, "getuid") and folder.stat().st_uid != os.getuid()):
            return False
        with open(folder / _LOCK, "r+b") as lock:
            return _lock(lock)
    return False


def _lock(file: IO[bytes]) -> bool:
    """Whether nobody else holds the lock."""
    try:
        if os.name == "nt":
            import msvcrt  # noqa: PLC0415 - of this system only

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined, unused-ignore]
        else:
            import fcntl  # noqa: PLC0415 - as above

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
