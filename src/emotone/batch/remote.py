"""Files by URL, through pyarrow's file systems and, for what those do not know, fsspec's."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

from ..errors import AudioNotFoundError, ManifestError, MissingExtraError
from .places import RemoteFile
from .shards import is_recording

_OF_PYARROW = frozenset({"s3", "gs", "gcs", "abfs", "abfss", "hdfs", "viewfs"})
_WILD = re.compile(r"[*\[]")  # a question mark begins the options of a URL


@dataclass(frozen=True, slots=True)
class Found:
    """A file in an object store.

    Attributes:
        url: What to call it.
        file: Where it is.
        size: Of its bytes.
        stamp: Its size, and when it was changed.
    """

    url: str
    file: RemoteFile
    size: int
    stamp: str


def is_url(text: str) -> bool:
    """Whether this is a URL rather than a path; a drive letter makes none."""
    return re.match(r"[A-Za-z][A-Za-z0-9+.-]+://", text) is not None


def local_path(url: str) -> Path | None:
    """The path that a `file://` URL means; `None` for any other."""
    parts = urlsplit(url)
    return Path(url2pathname(parts.path)) if parts.scheme == "file" else None


def file_at(url: str) -> RemoteFile:
    """The file of this URL, without a look whether it is there. Errors as in `find`."""
    parts = urlsplit(url)
    filesystem, root = _host(parts.scheme, parts.netloc, parts.query)
    return RemoteFile(filesystem, root.rstrip("/") + parts.path)


@lru_cache(maxsize=64)
def _host(scheme: str, host: str, options: str) -> tuple[Any, str]:
    """As `_open`: connections are shared by all files of a list."""
    where = f"{scheme}://{host}"
    return _open(f"{where}?{options}" if options else where, where)


def find(url: str) -> Iterator[Found]:
    """The file of this URL, or the recordings in and below the folder, or those that a pattern in it matches, in order.

    Raises:
        AudioNotFoundError: When it is not there, or cannot be reached.
        MissingExtraError: When pyarrow, or what fsspec needs for this kind of URL, is not installed.
    """
    base, _, options = url.partition("?")
    wild = _WILD.search(base)
    where = base if wild is None else base[: wild.start()].rpartition("/")[0]
    matching = None if wild is None else re.compile(_expression(base[len(where) + 1 :]))
    filesystem, root = _open(f"{where}?{options}" if options else where, where)
    where, root = where.rstrip("/"), root.rstrip("/")
    for info in _walk(filesystem, root, where):
        inside = info.path[len(root) + 1 :]
        if inside and not (matching.fullmatch(inside) if matching else is_recording(PurePosixPath(inside))):
            continue
        stamp = f"{info.size}-{info.mtime_ns}" if info.mtime_ns else ""
        name = f"{where}/{inside}" if inside else where
        yield Found(name, RemoteFile(filesystem, info.path), info.size or 0, stamp)


def _open(url: str, shown: str) -> tuple[Any, str]:
    """The file system of a URL, and the path in it."""
    try:
        from pyarrow import fs  # noqa: PLC0415 - heavy, and only here
    except ModuleNotFoundError as error:
        raise MissingExtraError.of("batch") from error
    try:
        if urlsplit(url).scheme in _OF_PYARROW:
            filesystem, path = fs.FileSystem.from_uri(url)
            return filesystem, path
        from fsspec.core import url_to_fs  # noqa: PLC0415 - comes with Ray, and is there for other URLs only

        other, path = url_to_fs(url)
        return fs.PyFileSystem(fs.FSSpecHandler(other)), str(path).rstrip("/") or "/"
    except ImportError as error:
        scheme = urlsplit(url).scheme
        raise ManifestError(
            f"URLs with {scheme}:// need a library that is not installed ({error}). Install it, or use s3://, gs:// or file://.",
            f"读取 {scheme}:// 需要尚未安装的库（{error}）。请安装该库，或使用 s3://、gs://、file://。",
        ) from error
    except (OSError, ValueError) as error:
        raise _nothing(shown, error) from error


def _walk(filesystem: Any, path: str, shown: str) -> Iterator[Any]:
    """Files in and below a folder, one folder at a time, so that no list is longer than the longest folder."""
    from pyarrow import fs  # noqa: PLC0415 - as above

    try:
        here = filesystem.get_file_info(path)
        if here.type == fs.FileType.File:
            yield here
            return
        found = sorted(filesystem.get_file_info(fs.FileSelector(path)), key=lambda info: info.path)
    except (OSError, ValueError) as error:
        raise _nothing(shown, error) from error
    for info in found:
        if info.type == fs.FileType.Directory:
            if not info.base_name.startswith("."):
                yield from _walk(filesystem, info.path, shown)
        elif info.type == fs.FileType.File:
            yield info


def _expression(pattern: str) -> str:
    """A pattern as a regular expression; `**/` stands for any number of folders, `*` stays in one."""
    meaning = {"**/": "(?:.*/)?", "*": "[^/]*"}
    parts = re.split(r"(\*\*/|\*|\[[^]]+\])", pattern)
    return "".join(
        meaning.get(part)
        or (part.replace("[!", "[^") if part.startswith("[") and part.endswith("]") else re.escape(part))
        for part in parts
    )


def _nothing(url: str, reason: object) -> AudioNotFoundError:
    return AudioNotFoundError(
        f"Nothing can be read at '{url}' ({reason}). Check the address and the credentials of this computer.",
        f"无法从“{url}”读取任何内容（{reason}）。请检查地址以及本机的访问凭证。",
    )
