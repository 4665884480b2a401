"""Where the bytes of a recording lie: files, members of archives, object stores. All survive a process border."""

import io
import zipfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from ..errors import AudioNotFoundError, EmotoneError, UnsupportedAudioError

_LOCAL_HEADER, _NAME_LENGTH, _EXTRA_LENGTH = 30, slice(26, 28), slice(28, 30)  # of a ZIP member: APPNOTE 4.3.7
_ENCRYPTED = 1  # bit of a ZIP member's flags


class Place(Protocol):
    """Where the bytes of a recording lie. Small, and survives a process border."""

    def open(self) -> BinaryIO:
        """The bytes, from their beginning. Raises `AudioError` when they are not there, or no longer."""


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A file on this computer."""

    path: Path

    def open(self) -> BinaryIO:
        """As in `Place`."""
        try:
            return self.path.open("rb")
        except (OSError, ValueError) as error:  # ValueError: a null character in the path
            raise _gone(str(self.path), error) from error


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file in an object store, or wherever else pyarrow or fsspec can read.

    Attributes:
        filesystem: Of pyarrow.
        path: In this file system.
    """

    filesystem: Any = field(repr=False)
    path: str

    def open(self) -> BinaryIO:
        """As in `Place`; it can be read anywhere, and each reading is a request."""
        try:
            stream: BinaryIO = self.filesystem.open_input_file(self.path)
        except (OSError, ValueError) as error:
            raise _gone(self.path, error) from error
        return stream


@dataclass(frozen=True, slots=True)
class TarMember:
    """A member of a tar archive that is not compressed."""

    archive: LocalFile
    start: int
    size: int

    def open(self) -> BinaryIO:
        """As in `Place`."""
        return io.BytesIO(_part(self.archive, self.start, self.size))


@dataclass(frozen=True, slots=True)
class ZipMember:
    """A member of a ZIP archive.

    Attributes:
        archive: Where the archive is.
        start: Of the member's own header.
        size: Of its compressed bytes.
        method: How they are compressed.
        check: CRC-32 of the bytes.
        flags: Of the member.
    """

    archive: LocalFile | RemoteFile
    start: int
    size: int
    method: int
    check: int
    flags: int

    def open(self) -> BinaryIO:
        """As in `Place`."""
        if self.flags & _ENCRYPTED or self.method not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise UnsupportedAudioError(
                "The member of the ZIP archive is encrypted, or compressed in an unusual way. Pack it with 'zip' as it is.",
                "ZIP 中的该成员已加密，或采用了不常见的压缩方式。请用普通的 zip 重新打包。",
            )
        header = _part(self.archive, self.start, _LOCAL_HEADER)
        names = int.from_bytes(header[_NAME_LENGTH], "little") + int.from_bytes(header[_EXTRA_LENGTH], "little")
        data = _part(self.archive, self.start + _LOCAL_HEADER + names, self.size)
        try:
            data = zlib.decompress(data, -zlib.MAX_WBITS) if self.method == zipfile.ZIP_DEFLATED else data
        except zlib.error as error:
            raise _damaged_member() from error
        if zlib.crc32(data) != self.check:
            raise _damaged_member()
        return io.BytesIO(data)


@dataclass(frozen=True, slots=True)
class Held:
    """Bytes that had to be read when they came by, such as those in a compressed tar archive."""

    data: bytes = field(repr=False)

    def open(self) -> BinaryIO:
        """As in `Place`."""
        return io.BytesIO(self.data)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """In place of what could not even be found: a folder that may not be read, a row without a file, a broken archive."""

    error: EmotoneError

    def open(self) -> BinaryIO:
        """Raises the error."""
        raise self.error


def _part(archive: LocalFile | RemoteFile, start: int, size: int) -> bytes:
    with archive.open() as file:
        try:
            file.seek(start)
            data = file.read(size)
        except OSError as error:
            raise _gone(str(archive.path), error) from error
    if len(data) < size:
        raise _damaged_member()
    return data


def _gone(name: str, error: Exception) -> AudioNotFoundError:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else error
    return AudioNotFoundError(
        f"'{name}' cannot be opened ({reason}). Check that it is still there, and its permissions.",
        f"无法打开“{name}”（{reason}）。请检查该文件是否仍在，以及访问权限。",
    )


def _damaged_member() -> UnsupportedAudioError:
    return UnsupportedAudioError(
        "The archive is damaged, or was changed since it was listed. Pack or download it again.",
        "压缩包已损坏，或在列出之后被修改。请重新打包或重新下载。",
    )
