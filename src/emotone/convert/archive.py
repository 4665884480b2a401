"""Zip archives of stored members, by mmap: the container of a torch checkpoint.

Stricter than `zipfile`: what torch never writes is refused. A member is looked at when it is read, so that members that are
not wanted are never touched.
"""

import struct
import zlib
from dataclasses import dataclass
from mmap import mmap

from ..errors import CheckpointError

MAX_MEMBERS = 20_000
MAX_NAME = 512

_DESCRIPTOR = 0x0008  # a flag: checksum and sizes are behind the data too
_FLAGS = _DESCRIPTOR | 0x0800  # those that torch sets; the other one says that the name is UTF-8
_WIDE = 0xFFFFFFFF  # a field of four bytes that says: see zip64


def damaged(en: str, zh: str) -> CheckpointError:
    """The error for a file that is not as it was written; the sentences say what is wrong."""
    return CheckpointError(f"{en} It is damaged; get the file again.", f"{zh}文件已损坏，请重新获取。")


@dataclass(frozen=True, slots=True)
class _Member:
    """An entry of the directory.

    Attributes:
        raw_name: As in the file.
        offset: Of the local header.
        size: Bytes of data.
        limit: Where the data must have ended: the next member, or the directory.
        crc: Of the data.
    """

    raw_name: bytes
    offset: int
    size: int
    limit: int
    crc: int


class Archive:
    """The members of an archive, by name.

    Args:
        data: The file, mapped read-only.

    Raises:
        CheckpointError: When it is not an archive of stored members, or its directory is damaged or contradicts itself.
    """

    def __init__(self, data: mmap) -> None:
        self._view = memoryview(data)
        self._members = _directory(self._view)
        # torch can be told to leave checksums out: all are 0 then
        self._has_checksums = any(member.crc for member in self._members.values())
        self._read: dict[str, memoryview] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """All names, in the order of the directory."""
        return tuple(self._members)

    def __contains__(self, name: object) -> bool:
        return name in self._members

    def size(self, name: str) -> int:
        """Bytes of a member. Raises `KeyError` when there is none."""
        return self._members[name].size

    def read(self, name: str) -> memoryview:
        """The bytes of a member, without a copy, once their checksum was found right.

        Raises:
            KeyError: When there is no such member.
            CheckpointError: When the member is damaged.
        """
        if name not in self._read:
            self._read[name] = self._checked(name)
        return self._read[name]

    def _checked(self, name: str) -> memoryview:
        member = self._members[name]
        header = self._view[member.offset : member.offset + 30]
        magic, _, flags, method, _, _, *numbers, name_length, extra = struct.unpack("<4sHHHHHIIIHH", header)
        start = member.offset + 30 + name_length + extra
        stop = start + member.size
        same_name = self._view[member.offset + 30 : member.offset + 30 + name_length] == member.raw_name
        size = min(member.size, _WIDE)
        same_numbers = (*numbers,) == (member.crc, size, size)
        if flags & _DESCRIPTOR:  # they are behind the data too; here may be 0, or zip64's mark
            same_numbers = all(
                number in (0, wanted, _WIDE) for number, wanted in zip(numbers, (member.crc, size, size), strict=True)
            )
        plain = not method and not flags & ~_FLAGS
        if magic != b"PK\3\4" or not (same_name and same_numbers and plain) or stop > member.limit:
            raise damaged(
                f"Its member {name!r} does not agree with its directory.", f"其中的成员 {name!r} 与目录不一致。"
            )
        content = self._view[start:stop]
        if self._has_checksums and (found := zlib.crc32(content)) != member.crc:
            raise damaged(
                f"The checksum of its member {name!r} is {found:08x}; wanted {member.crc:08x}.",
                f"其中的成员 {name!r} 的校验和为 {found:08x}；应为 {member.crc:08x}。",
            )
        return content


def _directory(view: memoryview) -> dict[str, _Member]:
    start, end, count = _directory_place(view)
    entries: dict[str, tuple[bytes, int, int, int]] = {}
    at = start
    for _ in range(count):
        if at + 46 > end:
            raise _bad_directory()
        magic, _, _, flags, method, _, _, crc, compressed, size, *lengths, disk, _, _, offset = struct.unpack(
            "<4sHHHHHHIIIHHHHHII", view[at : at + 46]
        )
        name_end = at + 46 + lengths[0]
        extra_end = name_end + lengths[1]
        raw_name = bytes(view[at + 46 : name_end])
        at = extra_end + lengths[2]
        if magic != b"PK\1\2" or at > end:
            raise _bad_directory()
        name = _checked_name(raw_name)
        _check_plain(name, flags, method)
        size, compressed, offset = _wide_numbers(view[name_end:extra_end], size, compressed, offset)
        if compressed != size or disk:
            raise damaged(
                f"Its member {name!r} has two sizes, {compressed} and {size}.",
                f"其中的成员 {name!r} 有两个大小：{compressed} 和 {size}。",
            )
        if name in entries:
            raise damaged(f"It has two members {name!r}.", f"其中有两个成员 {name!r}。")
        entries[name] = (raw_name, offset, size, crc)
    if at != end:
        raise _bad_directory()
    return _placed(entries, start)


def _placed(entries: dict[str, tuple[bytes, int, int, int]], end: int) -> dict[str, _Member]:
    """The members in their order, each with its limit; refuses overlapping ones."""
    order = sorted(entries, key=lambda name: entries[name][1])
    limits = dict(zip(order, [*(entries[name][1] for name in order[1:]), end], strict=True))
    members = {}
    for name, (raw_name, offset, size, crc) in entries.items():
        if offset + 30 + len(raw_name) + size > limits[name]:
            raise damaged(
                f"Its member {name!r} overlaps another or lies outside the file.",
                f"其中的成员 {name!r} 与其他成员重叠，或位于文件之外。",
            )
        members[name] = _Member(raw_name, offset, size, limits[name], crc)
    return members


def _directory_place(view: memoryview) -> tuple[int, int, int]:
    """Start, end and number of entries of the directory, from the records at the end of the file."""
    end = len(view) - 22
    if end < 0 or bytes(view[end : end + 4]) != b"PK\5\6":
        raise damaged("Its end is missing; the download was cut off.", "文件末尾缺失，下载可能中断。")
    disk, first_disk, here, count, size, start, comment = struct.unpack("<HHHHIIH", view[end + 4 :])
    if end >= 76 and bytes(view[end - 20 : end - 16]) == b"PK\6\7":
        locator_disk, record, disks = struct.unpack("<IQI", view[end - 16 : end])
        if record != end - 76 or bytes(view[record : record + 4]) != b"PK\6\6" or locator_disk or disks != 1:
            raise _bad_directory()
        length, _, _, *wide = struct.unpack("<QHHIIQQQQ", view[record + 4 : record + 56])
        limits = (0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF, _WIDE, _WIDE)
        narrow = (disk, first_disk, here, count, size, start)
        if length != 44 or any(
            short not in (long, limit) for short, long, limit in zip(narrow, wide, limits, strict=True)
        ):
            raise _bad_directory()
        disk, first_disk, here, count, size, start = wide
        end = record
    if disk or first_disk or here != count or comment or start + size != end:
        raise _bad_directory()
    if count > MAX_MEMBERS:
        raise CheckpointError(
            f"It has {count} members; wanted at most {MAX_MEMBERS}. Only emotion2vec+ checkpoints can be converted.",
            f"其中有 {count} 个成员；最多应有 {MAX_MEMBERS} 个。只能转换 emotion2vec+ 检查点。",
        )
    return start, end, count


def _wide_numbers(extra: memoryview, size: int, compressed: int, offset: int) -> tuple[int, int, int]:
    """The three numbers of an entry, those that do not fit taken from its zip64 field."""
    numbers = [size, compressed, offset]
    wanted = [index for index, number in enumerate(numbers) if number == _WIDE]
    at = 0
    while wanted and at + 4 <= len(extra):
        kind, length = struct.unpack("<HH", extra[at : at + 4])
        if kind == 1:
            for place, index in enumerate(wanted):
                (numbers[index],) = struct.unpack("<Q", extra[at + 4 + 8 * place : at + 12 + 8 * place])
            break
        at += 4 + length
    return numbers[0], numbers[1], numbers[2]


def _checked_name(raw_name: bytes) -> str:
    try:
        name = raw_name.decode()
    except UnicodeDecodeError:
        raise _bad_directory() from None
    parts = name.split("/")
    if len(raw_name) > MAX_NAME or ".." in parts or not all(parts[:-1]) or "\\" in name or not name.isprintable():
        raise CheckpointError(
            f"It has a member with the name {name[:MAX_NAME]!r}, which torch never writes. Do not use this file.",
            f"其中有名为 {name[:MAX_NAME]!r} 的成员，torch 从不写出这样的名称。请勿使用此文件。",
        )
    return name


def _check_plain(name: str, flags: int, method: int) -> None:
    if flags & 1:
        raise CheckpointError(
            f"Its member {name!r} is encrypted. Get the original file, as torch.save writes it.",
            f"其中的成员 {name!r} 已加密。请获取由 torch.save 写出的原始文件。",
        )
    if method:
        raise CheckpointError(
            f"Its member {name!r} is compressed: it is a TorchScript program, or was zipped by hand. Wanted weights as "
            "torch.save writes them; get the original file.",
            f"其中的成员 {name!r} 经过压缩：它是 TorchScript 程序，或经过手工打包。"
            "应为 torch.save 写出的权重，请获取原始文件。",
        )
    if flags & ~_FLAGS:
        raise damaged(
            f"Its member {name!r} has unknown flags {flags:#06x}.", f"其中的成员 {name!r} 带有未知标志 {flags:#06x}。"
        )


def _bad_directory() -> CheckpointError:
    return damaged("The directory at its end contradicts itself.", "其末尾的目录自相矛盾。")
