"""Files from a hub into a folder: whole and checked, or not under their names at all. What broke off goes on later."""

import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from ..errors import DownloadError, OutputError
from ..models import KnownFile, file_sha256
from ..text import Text
from .sources import Announced, ConnectionBrokenError, Source

WAITS = (1.0, 2.0, 4.0)  # seconds before the attempts that follow one without a new byte


@dataclass(frozen=True, slots=True)
class Progress:
    """How far something is.

    Attributes:
        step: What is being done.
        done: Bytes so far.
        total: Bytes in all; 0 when the step does not count bytes.
    """

    step: Text
    done: int = 0
    total: int = 0


class WrongFileError(DownloadError):
    """A hub gives another file than the one that is known."""


OnProgress = Callable[[Progress], None]
"""Told about every step and every block of bytes. What it raises ends the work; what was fetched by then is kept."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """Files that were fetched.

    Attributes:
        folder: Where they lie, as on the hub.
        revision: What they belong to, as exactly as the hub says it.
        files: Path → sha256.
    """

    folder: Path
    revision: str
    files: dict[str, str]


def fetch(source: Source, wanted: Sequence[KnownFile], folder: Path, room: int, on_progress: OnProgress) -> Fetched:
    """Fetches files of a model.

    Args:
        source: The hub.
        wanted: The files; those that are not needed may be missing there.
        folder: For the files and what broke off. Files that are there and right are not fetched again.
        room: Bytes that must be free on the disk besides the files.
        on_progress: Told about each step.

    Raises:
        DownloadError: When a needed file is missing, the hub fails, or a file is not what it should be.
        OutputError: When the disk is full or the folder cannot be written.
    """
    on_progress(Progress(Text(f"Asking {source.place.title}", f"正在查询 {source.place.title}")))
    announced = {file: source.announce(file.path) for file in wanted}
    for file, found in announced.items():
        if found is None and file.needed:
            raise _missing(source, file)
        if file.needed and found and file.sha256 and found.sha256 and file.sha256 != found.sha256:
            raise _wrong(file.path, source.place.title, short(file.sha256), short(found.sha256))
    files, commit = {}, source.place.revision
    for file, found in announced.items():
        if found is None:
            continue
        try:
            files[file.path], commit = _File(source, file, found, folder).get(room, on_progress), found.commit
        except WrongFileError:
            if file.needed:
                raise
            on_progress(Progress(left_out(file)))
    return Fetched(folder, commit, files)


def left_out(file: KnownFile) -> Text:
    """What is said about a file that is not the known one and is not needed either."""
    return Text(f"{file.path} is not the known file: left out", f"{file.path} 与已知文件不符，已略过")


class _File:
    """One file on its way from a hub to a folder."""

    def __init__(self, source: Source, known: KnownFile, found: Announced, folder: Path) -> None:
        self._source = source
        self._path = known.path
        self._sha256 = known.sha256 or found.sha256
        self._size = known.size or found.size or 0
        self._target = folder / known.path
        # The part carries the hash of the whole: what one hub began, another may finish, but never another file.
        ending = self._sha256[:16] if self._sha256 else "unknown"
        self._part = self._target.with_name(f".{self._target.name}.{ending}.part")

    def get(self, room: int, on_progress: OnProgress) -> str:
        """Makes the file be there, and returns its sha256."""
        try:
            self._target.parent.mkdir(parents=True, exist_ok=True)
            if self._sha256 and self._target.is_file() and self._hash(self._target, on_progress) == self._sha256:
                return self._sha256
            if not self._sha256:  # nothing tells whether an older part belongs to the same file
                self._part.unlink(missing_ok=True)
            self._check_space(room)
            self._download(on_progress)
            return self._check(on_progress)
        except OSError as error:
            raise OutputError(
                f"'{self._target.name}' cannot be written to '{self._target.parent}': {error.strerror or error}. Free space "
                "and start again: what was fetched so far is kept.",
                f"无法将“{self._target.name}”写入“{self._target.parent}”：{error.strerror or error}。"
                "请清理磁盘空间后重试，已下载的部分会保留。",
            ) from error

    def _download(self, on_progress: OnProgress) -> None:
        """Appends to the part until it is whole; after a broken connection it goes on where it stopped."""
        waits = iter(WAITS)
        while True:
            before = self._here()
            try:
                self._receive(before, on_progress)
                if self._here() >= self._size:
                    return
                raise _short(self._path, self._here(), self._size)
            except ConnectionBrokenError as error:
                if self._here() > before:
                    waits = iter(WAITS)
                wait = next(waits, None)
                if wait is None:
                    raise _gave_up(error) from error
                step = Text("The connection broke; trying again", "连接中断，正在重试")
                on_progress(Progress(step, self._here(), self._size))
                time.sleep(wait)

    def _receive(self, start: int, on_progress: OnProgress) -> None:
        if self._size and start >= self._size:
            return
        step = Text(f"Downloading {self._path}", f"正在下载 {self._path}")
        on_progress(Progress(step, start, self._size))
        self._part.touch()
        with self._part.open("r+b") as file, closing(self._source.read(self._path, start)) as blocks:
            file.seek(start)
            for offset, block in blocks:
                if offset != file.tell():  # the hub begins anew
                    file.seek(offset)
                    file.truncate()
                file.write(block)
                on_progress(Progress(step, offset + len(block), self._size))

    def _check(self, on_progress: OnProgress) -> str:
        """Gives the part its name when it is what it should be, else removes it."""
        size, sha256 = self._here(), self._hash(self._part, on_progress)
        if self._size and size != self._size:
            self._part.unlink()
            raise _wrong(self._path, self._source.place.title, f"{self._size} bytes", f"{size} bytes")
        if self._sha256 and sha256 != self._sha256:
            self._part.unlink()
            raise _wrong(self._path, self._source.place.title, short(self._sha256), short(sha256))
        self._part.replace(self._target)
        return sha256

    def _here(self) -> int:
        return self._part.stat().st_size if self._part.exists() else 0

    def _hash(self, path: Path, on_progress: OnProgress) -> str:
        step, total = Text(f"Checking {self._path}", f"正在校验 {self._path}"), path.stat().st_size
        return file_sha256(path, lambda count: on_progress(Progress(step, count, total)))

    def _check_space(self, room: int) -> None:
        missing = self._size - self._here() + room - shutil.disk_usage(self._target.parent).free
        if missing > 0:
            raise OutputError(
                f"The disk of '{self._target.parent}' is too full: {missing / 1e9:.2f} GB are missing. Free space, or set "
                "EMOTONE_MODELS to a folder on another disk.",
                f"“{self._target.parent}”所在磁盘空间不足：还缺 {missing / 1e9:.2f} GB。"
                "请清理空间，或将 EMOTONE_MODELS 设为其他磁盘上的文件夹。",
            )


def short(sha256: str) -> str:
    """The beginning of a hash, for messages."""
    return f"sha256 {sha256[:16]}"


def _missing(source: Source, file: KnownFile) -> DownloadError:
    place = source.place
    return DownloadError(
        f"{place.title} has no '{file.path}' in '{place.repo}', revision {place.revision}. Take the other hub with --from, or "
        "files that you have: --from FOLDER.",
        f"{place.title} 的“{place.repo}”（版本 {place.revision}）中没有“{file.path}”。"
        "请用 --from 选择另一个平台，或使用已有文件：--from 文件夹。",
    )


def _wrong(path: str, title: str, wanted: str, found: str) -> WrongFileError:
    return WrongFileError(
        f"'{path}' from {title} is not the file that it should be: found {found}, wanted {wanted}. It is not used. Try again, "
        "or take the other hub (--from).",
        f"{title} 提供的“{path}”与预期不符：实际为 {found}，应为 {wanted}。该文件不会被使用。"
        "请重试，或换用另一个平台（--from）。",
    )


def _short(path: str, found: int, wanted: int) -> ConnectionBrokenError:
    return ConnectionBrokenError(
        f"The connection ended after {found} of {wanted} bytes of '{path}'.",
        f"“{path}”只收到 {found} 字节（共 {wanted} 字节），连接即已结束。",
    )


def _gave_up(error: DownloadError) -> ConnectionBrokenError:
    return ConnectionBrokenError(
        f"{error.text.en} What was fetched so far is kept: the same command goes on from there.",
        f"{error.text.zh}已下载的部分会保留，再次运行同一命令即可继续。",
    )
