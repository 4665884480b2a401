"""Archives full of recordings: tar, compressed or not, and ZIP. Their members are listed without unpacking anything to disk."""

import tarfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, BinaryIO

from ..errors import UnsupportedAudioError
from ..manifest import AUDIO_ENDINGS
from .places import Held, LocalFile, Place, RemoteFile, TarMember, Unreadable, ZipMember

if TYPE_CHECKING:
    from _typeshed import SupportsRead

SHARD_ENDINGS = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".zip")


@dataclass(frozen=True, slots=True)
class Member:
    """A recording in an archive.

    Attributes:
        name: In the archive; empty for what is wrong with the archive itself.
        place: Where its bytes are.
        size: Of its bytes.
    """

    name: str
    place: Place
    size: int = 0


def is_shard(name: str) -> bool:
    """Whether a file of this name is an archive of recordings."""
    return name.lower().endswith(SHARD_ENDINGS)


def is_recording(path: PurePath) -> bool:
    """Whether a file of this name counts as a recording: by its ending, and hidden ones do not."""
    return path.suffix.lower() in AUDIO_ENDINGS and not path.name.startswith(".")


def members_of(archive: LocalFile | RemoteFile) -> Iterator[Member]:
    """The recordings in an archive, in its order; when it is damaged, the last one says so.

    Members of ZIP archives and of tar archives on this computer are read where they lie, when somebody opens them. All others
    are read as they come by.

    Raises:
        AudioNotFoundError: When the archive cannot be opened.
    """
    name = str(archive.path)
    with archive.open() as file:
        try:
            if name.lower().endswith(".zip"):
                yield from _of_zip(archive, file)
            elif name.lower().endswith(".tar") and isinstance(archive, LocalFile):
                yield from _of_tar(archive, file)
            else:
                yield from _of_stream(file)
        except (zipfile.BadZipFile, tarfile.TarError, OSError, EOFError, ValueError, NotImplementedError) as error:
            yield Member("", Unreadable(_damaged(name, error)))


def _of_zip(archive: LocalFile | RemoteFile, file: BinaryIO) -> Iterator[Member]:
    with zipfile.ZipFile(file) as opened:
        for one in opened.infolist():
            if not one.is_dir() and is_recording(PurePath(one.filename)):
                place = ZipMember(
                    archive, one.header_offset, one.compress_size, one.compress_type, one.CRC, one.flag_bits
                )
                yield Member(one.filename, place, one.file_size)


def _of_tar(archive: LocalFile, file: BinaryIO) -> Iterator[Member]:
    with tarfile.open(fileobj=file, mode="r:") as opened:
        for one in _infos(opened):
            yield Member(one.name, TarMember(archive, one.offset_data, one.size), one.size)


def _of_stream(file: "SupportsRead[bytes]") -> Iterator[Member]:
    with tarfile.open(fileobj=file, mode="r|*") as opened:  # type: ignore[call-overload]
        for one in _infos(opened):
            data = opened.extractfile(one)
            yield Member(one.name, Held(data.read() if data else b""), one.size)


def _infos(opened: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    while (one := opened.next()) is not None:
        opened.members.clear()  # type: ignore[attr-defined]  # it would keep them all, 1 kB each
        if one.isreg() and not one.issparse() and is_recording(PurePath(one.name)):
            yield one


def _damaged(name: str, error: Exception) -> UnsupportedAudioError:
    return UnsupportedAudioError(
        f"The archive '{name}' cannot be read to its end ({error}). Pack or download it again.",
        f"压缩包“{name}”无法完整读取（{error}）。请重新打包或重新下载。",
    )
