"""What an archive consists of: folders, patterns, lists, shards and object stores become a stream of items."""

import glob
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath

from ..errors import AudioNotFoundError, EmotoneError, ManifestError, OptionError
from ..manifest import FILE, TABLE_ENDINGS, placed, row_fields, table_rows
from ..text import printable
from .kaldi import SCRIPT_ENDING, check_script, script_lines
from .places import LocalFile, Place, RemoteFile, Unreadable
from .remote import file_at, find, is_url, local_path
from .shards import is_recording, is_shard, members_of

_MEMBER = "::"  # between the name of an archive and that of its member


@dataclass(frozen=True, slots=True)
class Item:
    """A recording to analyse. Survives a process border; nothing is read before `place.open()`.

    Attributes:
        name: As the user named it: a path, a URL, or `shard.tar::member`.
        place: Where its bytes are.
        size: Of the bytes, when that is known without reading them; otherwise 0.
        stamp: Changes when the bytes change, as far as can be told without reading them; empty: that cannot be told,
            and bytes of the same name count as the same.
        metadata: The user's own columns, as text.
    """

    name: str
    place: Place = field(repr=False)
    size: int = 0
    stamp: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)


def items_of(inputs: Sequence[str]) -> Iterator[Item]:
    """The recordings of inputs, one after another, as they are found: no list of them is ever in memory.

    What cannot be read in the middle (a folder without permission, a broken archive, a row without a file) becomes an item
    that raises when it is opened, so it fails alone.

    Args:
        inputs: Each a recording, a folder, a pattern (`**` goes into folders), a manifest (`.csv`, `.tsv`, `.jsonl`,
            `.parquet`, Kaldi's `wav.scp`), a shard (`.tar`, `.tar.gz`, `.zip` …), or a URL of any of these but manifests.

    Raises:
        AudioNotFoundError: At once, when an input on this computer is not there; later when there is no recording in one.
        ManifestError: At once for a pipe in a `wav.scp`; later when a manifest cannot be read.
        OptionError: When there are no inputs.
    """
    if not inputs:
        raise OptionError(
            "There is nothing to analyse. Name files or folders.", "没有要分析的内容。请给出文件或文件夹。"
        )
    found = [_check(text) for text in inputs]
    return (item for text in found for item in _items(text))


def item_named(name: str) -> Item:
    """The recording that `items_of` called so: a path, a URL, or a member of an archive, which is looked for in it.

    Raises:
        AudioNotFoundError: When the archive has no such member, or cannot be reached.
        MissingExtraError: As in `items_of`.
    """
    archive, _, member = name.partition(_MEMBER)
    if member and is_shard(archive):
        for item in _items(archive):
            if item.name == name:
                return item
        raise AudioNotFoundError(
            f"There is no '{member}' in the archive '{archive}'. Check that both are still there.",
            f"压缩包“{archive}”中没有“{member}”。请检查两者是否仍在。",
        )
    return Item(name, file_at(name)) if is_url(name) else _local(Path(name))


def absolute_name(name: str) -> str:
    """The name of a recording, or of a member of an archive, with its full path where it is on this computer."""
    archive, mark, member = name.partition(_MEMBER)
    path = Path(archive).absolute()
    return name if is_url(name) or not path.exists() else f"{path}{mark}{member}"


def countable(inputs: Sequence[str]) -> bool:
    """Whether the items of inputs can be counted without much reading or many requests."""
    return not any(is_url(text) or (is_shard(text) and not text.lower().endswith((".tar", ".zip"))) for text in inputs)


def _check(text: str) -> str:
    """The input, after a look whether it is there."""
    path = local_path(text) if is_url(text) else Path(text)
    if path is None:
        _refuse_remote_list(text)
        return text
    if not path.exists() and not (glob.has_magic(str(path)) and next(glob.iglob(str(path), recursive=True), None)):
        raise AudioNotFoundError(
            f"There is no file or folder '{path}', and nothing that matches it. Check the path.",
            f"找不到文件或文件夹“{path}”，也没有与之匹配的内容。请检查路径。",
        )
    if path.suffix.lower() == SCRIPT_ENDING and path.is_file():
        check_script(path)
    return str(path)


def _refuse_remote_list(url: str) -> None:
    if PurePath(url.partition("?")[0]).suffix.lower() in (*TABLE_ENDINGS, SCRIPT_ENDING):
        raise ManifestError(
            f"The manifest '{url}' lies elsewhere. Download it; the files that it names may stay there.",
            f"清单“{url}”不在本机。请先下载清单；其中列出的文件可以保留在原处。",
        )


def _items(text: str) -> Iterator[Item]:
    empty = True
    for item in _found(text):
        empty = False
        yield item
    if empty:
        raise AudioNotFoundError(
            f"There is no recording in '{text}'. In folders, only files with the endings of recordings are looked for, such as "
            ".wav, .mp3 and .m4a; tar and ZIP archives and lists must be named, or matched by a pattern in quotes.",
            f"“{text}”中没有录音。在文件夹中只查找扩展名为录音格式的文件，如 .wav、.mp3、.m4a；tar、ZIP 压缩包和清单须"
            "直接给出名称，或用加引号的通配符匹配。",
        )


def _found(text: str) -> Iterator[Item]:
    if is_url(text):
        for found in find(text):
            yield from _expanded(Item(printable(found.url), found.file, found.size, found.stamp))
        return
    path = Path(text)
    if path.exists():
        yield from _of_path(path)
        return
    for match in glob.iglob(text, recursive=True):
        yield from _of_path(Path(match))


def _of_path(path: Path) -> Iterator[Item]:
    if path.is_dir():
        yield from _of_folder(str(path))
    elif path.suffix.lower() in TABLE_ENDINGS:
        yield from _of_table(path)
    elif path.suffix.lower() == SCRIPT_ENDING:
        for number, name, target in script_lines(path):
            yield from _listed(target, f"{path}:{number}", Path(), {"utterance": name})
    else:
        yield from _expanded(_local(path))


def _of_folder(folder: str) -> Iterator[Item]:
    try:
        with os.scandir(folder) as entries:
            found = sorted((entry for entry in entries if not entry.name.startswith(".")), key=lambda entry: entry.name)
    except OSError as error:
        reason = error.strerror or str(error)
        unreadable = AudioNotFoundError(
            f"The folder '{folder}' cannot be read ({reason}). Check its permissions.",
            f"无法读取文件夹“{folder}”（{reason}）。请检查访问权限。",
        )
        yield Item(printable(folder), Unreadable(unreadable))
        return
    for entry in found:
        if entry.is_dir(follow_symlinks=False):
            yield from _of_folder(entry.path)
        elif is_recording(PurePath(entry.name)) and not entry.is_dir():
            yield _local(Path(entry.path))


def _of_table(path: Path) -> Iterator[Item]:
    for number, row in table_rows(path):
        fields = row_fields(row)
        if FILE not in fields:
            raise ManifestError(
                f"'{path}' has no column {FILE}; found: {', '.join(fields) or 'none'}. Name the column with the paths {FILE}.",
                f"“{path}”缺少列 {FILE}；现有列：{'、'.join(fields) or '无'}。请将路径所在的列命名为 {FILE}。",
            )
        file = fields.pop(FILE)
        yield from _listed(
            file, f"{path}:{number}", path.parent, {key: value for key, value in fields.items() if key and value}
        )


def _listed(file: str, where: str, folder: Path, metadata: Mapping[str, str]) -> Iterator[Item]:
    """The recording that a line of a list names; a line without one is an item that fails."""
    try:
        if not file:
            raise ManifestError(
                f"The row '{where}' names no file. Fill it in or leave the row out.",
                f"“{where}”这一行没有文件名。请补全或删除该行。",
            )
        target = local_path(file) if is_url(file) else placed(folder, file)
        item = _local(target) if target is not None else Item(printable(file), file_at(file))
    except EmotoneError as error:
        item = Item(printable(file or where), Unreadable(error))
    yield replace(item, metadata=metadata)


def _local(path: Path) -> Item:
    """A file, whether it is there or not: who opens it will see."""
    try:
        status = path.stat()
    except (OSError, ValueError):
        return Item(printable(str(path)), LocalFile(path))
    return Item(printable(str(path)), LocalFile(path), status.st_size, f"{status.st_size}-{status.st_mtime_ns}")


def _expanded(item: Item) -> Iterator[Item]:
    """The item, or what is in it when it is a shard."""
    if not isinstance(item.place, (LocalFile, RemoteFile)) or not is_shard(item.name):
        yield item
        return
    try:
        for member in members_of(item.place):
            name = printable(f"{item.name}{_MEMBER}{member.name}") if member.name else item.name
            yield Item(name, member.place, member.size, item.stamp)
    except EmotoneError as error:
        yield replace(item, place=Unreadable(error))
