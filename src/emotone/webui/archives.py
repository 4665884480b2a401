"""Recordings out of an archive that somebody has sent: nothing in it is trusted."""

import shutil
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile, ZipFile, ZipInfo

from ..errors import OptionError
from ..manifest import AUDIO_ENDINGS

MOST_CLIPS = 5000
MOST_ENTRIES = 20_000  # files of any kind
MOST_BYTES = 2 * 2**30  # of all recordings together, unpacked
_UTF8_NAME = 0x800  # flag of an entry whose name is UTF-8
_ENCRYPTED = 0x1


@dataclass(frozen=True, slots=True)
class Unpacked:
    """One recording of an archive.

    Attributes:
        path: Folders and name, as the archive has them.
        file: Where it lies now.
    """

    path: tuple[str, ...]
    file: Path


def unpack(archive: Path, place: Callable[[str], Path]) -> Iterator[Unpacked]:
    """Unpacks the recordings in a zip file, one after the other; whatever else is in it stays there.

    Args:
        archive: The zip file.
        place: Gives a free place for a file of this name. No path of the archive is ever used as one.

    Raises:
        OptionError: When it is no zip file, is damaged or encrypted, holds no recordings, or more than a visitor may bring.
    """
    try:
        with ZipFile(archive) as opened:
            entries = _recordings(opened)
            for path, entry in entries:
                file = place(path[-1])
                # Never more than the size that was announced, and checked, is read.
                with opened.open(entry) as source, file.open("wb") as target:
                    shutil.copyfileobj(source, target)
                yield Unpacked(path, file)
    except (BadZipFile, EOFError, NotImplementedError, RuntimeError, ValueError, zlib.error) as error:
        raise OptionError(
            f"The archive cannot be unpacked ({error}). Make it again as a plain .zip file.",
            f"无法解压该压缩包（{error}）。请重新制作普通的 .zip 文件。",
        ) from error


def _recordings(opened: ZipFile) -> list[tuple[tuple[str, ...], ZipInfo]]:
    infos = opened.infolist()
    if len(infos) > MOST_ENTRIES:
        raise OptionError(
            f"The archive has {len(infos):,} entries; {MOST_ENTRIES:,} are allowed. Pack fewer files.",
            f"压缩包中有 {len(infos):,} 个条目；最多允许 {MOST_ENTRIES:,} 个。请减少文件数量。",
        )
    found = [(path, info) for info in infos if (path := _path(info)) is not None]
    if not found:
        raise OptionError(
            f"There are no recordings in the archive; found {len(infos):,} other entries. Pack a folder of recordings for each "
            "class.",
            f"压缩包中没有录音，只有 {len(infos):,} 个其他条目。请为每个类别打包一个录音文件夹。",
        )
    if len(found) > MOST_CLIPS:
        raise OptionError(
            f"There are {len(found):,} recordings in the archive; {MOST_CLIPS:,} are allowed. Use fewer here, or emotone train "
            "in a terminal.",
            f"压缩包中有 {len(found):,} 个录音；最多允许 {MOST_CLIPS:,} 个。请减少数量，或在终端使用 emotone train。",
        )
    size = sum(info.file_size for _, info in found)
    if size > MOST_BYTES:
        raise OptionError(
            f"Unpacked, the recordings would take {size / 1e9:.1f} GB; {MOST_BYTES / 1e9:.1f} GB are allowed. Use fewer here, or "
            "emotone train in a terminal.",
            f"解压后的录音将占 {size / 1e9:.1f} GB；最多允许 {MOST_BYTES / 1e9:.1f} GB。请减少数量，或在终端使用 emotone train。",
        )
    if any(info.flag_bits & _ENCRYPTED for _, info in found):
        raise OptionError(
            "The archive is protected by a password. Make one without.", "压缩包设有密码。请制作没有密码的压缩包。"
        )
    return found


def _path(info: ZipInfo) -> tuple[str, ...] | None:
    """The path of a recording; `None` for anything else. What would lead out of a folder is left out."""
    if info.is_dir():
        return None
    parts = tuple(part for part in _name(info).replace("\\", "/").split("/") if part not in ("", ".", ".."))
    hidden = not parts or any(part.startswith((".", "__MACOSX")) for part in parts)
    return None if hidden or Path(parts[-1]).suffix.lower() not in AUDIO_ENDINGS else parts


def _name(info: ZipInfo) -> str:
    """The name in an entry. Where it does not say that it is UTF-8, Windows wrote what its country used: GBK in China."""
    if info.flag_bits & _UTF8_NAME:
        return info.filename
    raw = info.orig_filename.encode("cp437", "replace")
    for encoding in ("utf-8", "gbk"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return info.filename
