"""One process at a time."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from ..errors import OptionError, OutputError

LOCK_NAME = ".lock"


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Makes the folder and holds it until the end; the system lets go of it when this process dies, however it does.

    Raises:
        OptionError: When another process holds it.
        OutputError: When it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / LOCK_NAME).open("ab")
    except OSError as error:
        raise OutputError(
            f"The folder '{folder}' cannot be made ({error.strerror or error}). Choose another one.",
            f"无法创建文件夹“{folder}”（{error.strerror or error}）。请更换文件夹。",
        ) from error
    with file:
        try:
            _hold(file)
        except OSError as error:
            raise OptionError(
                f"Another process is working in '{folder}'. Wait for its end, or choose another folder.",
                f"另一个进程正在使用“{folder}”。请等待其结束，或更换文件夹。",
            ) from error
        yield


def _hold(file: IO[bytes]) -> None:
    if os.name == "nt":
        import msvcrt  # noqa: PLC0415 - Windows only

        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
        return
    import fcntl  # noqa: PLC0415 - everywhere else

    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
