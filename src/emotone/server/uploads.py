"""What a request brings: recordings and other files in a private folder, and options. Three kinds of body are understood."""

import base64
import json
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO
from uuid import uuid4

import fastapi
from fastapi.concurrency import run_in_threadpool

from ..errors import EmotoneError
from ..text import Text, printable
from .multipart import Field, FileBegins, Piece, parts
from .options import ServerOptions
from .problems import ProblemError

FILE, HEAD, BASELINE, TURNS = "file", "head", "baseline", "turns"
"""The fields that take files: recordings, and what goes with them."""

LISTS = frozenset({FILE, HEAD, BASELINE})
"""Those that take several."""

MAX_JSON = 64 * 2**20  # bytes: JSON is in memory, and once more when it is understood
_MAX_NAME = 200  # characters of a file's name that are kept


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that was sent.

    Attributes:
        name: As the client calls it. Never a path: only shown.
        path: Where it lies.
    """

    name: str
    path: Path

    @property
    def stem(self) -> str:
        """The name without its ending."""
        return self.name.rpartition(".")[0] or self.name

    @contextmanager
    def named(self) -> Iterator[None]:
        """Errors within speak of the client's name, not of our path."""
        try:
            yield
        except EmotoneError as error:
            en, zh = (
                text.replace(str(self.path), self.name).replace(self.path.name, self.name)
                for text in (error.text.en, error.text.zh)
            )
            raise type(error)(en, zh) from error


@dataclass(frozen=True, slots=True)
class Body:
    """What a request brings, in its order.

    Attributes:
        items: Names of fields, each with a file, a text or a value of JSON.
        typed: Values are of JSON, so that a number is no text.
    """

    items: tuple[tuple[str, Any], ...]
    typed: bool = False

    def files(self, field: str) -> list[Upload]:
        """The files of a field."""
        return [item for name, item in self.items if name == field and isinstance(item, Upload)]


@contextmanager
def place_in(folder: Path) -> Iterator[Path]:
    """A folder of its own for a request, removed at the end."""
    with TemporaryDirectory(dir=folder, prefix="request_", ignore_cleanup_errors=True) as place:
        yield Path(place)


async def receive(request: fastapi.Request, name: str | None, place: Path, options: ServerOptions) -> Body:
    """Reads the body of a request.

    Args:
        request: Its content type says what the body is: `multipart/form-data`, `application/json`, anything else is one
            recording as it is.
        name: What to call the recording of a raw body.
        place: Where files are put.
        options: The limits.

    Raises:
        ProblemError: 400 or 422 for a body that is broken, 413 for one that is too large.
    """
    kind = request.headers.get("content-type", "")
    shelf = _Shelf(place, options.max_files)
    typed = kind.partition(";")[0].strip().lower() == "application/json"
    if kind.lower().startswith("multipart/"):
        items = await _read_form(kind, _limited(request, options.max_bytes), shelf)
    elif typed:
        limit = min(options.max_bytes, MAX_JSON)
        data = b"".join([chunk async for chunk in _limited(request, limit)])
        items = await run_in_threadpool(_read_json, data, shelf)
    else:
        upload = shelf.open(FILE, name or "audio")
        async for chunk in _limited(request, options.max_bytes):
            shelf.add(chunk)
        items = [(FILE, upload)]
    shelf.close()
    return Body(tuple(items), typed)


async def _limited(request: fastapi.Request, limit: int) -> AsyncIterator[bytes]:
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > limit:
        raise too_large(limit)
    count = 0
    async for chunk in request.stream():
        count += len(chunk)
        if count > limit:
            raise too_large(limit)
        yield chunk


def too_large(limit: int) -> ProblemError:
    """The problem of a body above a limit of bytes."""
    size = f"{limit / 2**20:.4g} MiB"
    return ProblemError(
        413,
        "too_many_bytes",
        Text(
            f"The request is larger than {size}. Send fewer or shorter recordings, or compressed ones; JSON takes more room "
            "than multipart.",
            f"请求超过 {size}。请减少或缩短录音，或使用压缩格式；JSON 比 multipart 占用更多空间。",
        ),
    )


class _Shelf:
    """Files as they arrive, one after another, under names of our own."""

    def __init__(self, place: Path, max_files: int) -> None:
        self._place = place
        self._max_files = max_files
        self._count = 0
        self._file: BinaryIO | None = None

    def open(self, field: str, name: str) -> Upload:
        self.close()
        if self._count == self._max_files:
            raise ProblemError(
                413,
                "too_many_files",
                Text(
                    f"There are more than {self._max_files} files in the request. Send several requests.",
                    f"请求中的文件超过 {self._max_files} 个。请分多次发送。",
                ),
            )
        ending = ".npz" if field == BASELINE and name.lower().endswith(".npz") else ""
        path = self._place / f"upload_{uuid4().hex}{ending}"
        self._count += 1
        self._file = path.open("wb")
        shown = printable(name).replace("\\", "/").rpartition("/")[2].strip()
        return Upload("".join(filter(str.isprintable, shown))[:_MAX_NAME] or "audio", path)

    def add(self, data: bytes) -> None:
        assert self._file is not None
        self._file.write(data)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


async def _read_form(kind: str, chunks: AsyncIterator[bytes], shelf: _Shelf) -> list[tuple[str, Any]]:
    items: list[tuple[str, Any]] = []
    try:
        async for event in parts(kind, chunks):
            if isinstance(event, Piece):
                shelf.add(event.data)
            elif isinstance(event, FileBegins):
                items.append((event.field, shelf.open(event.field, event.name)))
            elif isinstance(event, Field):
                items.append((event.name, event.value))
    finally:
        shelf.close()
    return items


def _read_json(data: bytes, shelf: _Shelf) -> list[tuple[str, Any]]:
    try:
        fields = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise _no_json(Text("it is no JSON", "不是有效的 JSON")) from error
    if not isinstance(fields, dict):
        raise _no_json(Text("it is no object", "不是对象"))
    fields = {FILE if key == "files" else key: value for key, value in fields.items()}
    items: list[tuple[str, Any]] = []
    for key, value in fields.items():
        if value is None and key != FILE:
            continue  # as good as not there
        for one in value if isinstance(value, list) and key in LISTS else [value]:
            items.append((key, _stored(one, key, shelf) if isinstance(one, dict) else one))
    return items


def _stored(value: Mapping[str, Any], key: str, shelf: _Shelf) -> Upload:
    data, name = value.get("data"), value.get("name", "audio")
    if not isinstance(data, str) or not isinstance(name, str):
        raise _no_json(Text(f"a file in '{key}' has no 'data'", f"“{key}”中的文件缺少“data”"))
    try:
        content = base64.b64decode(data, validate=True)
    except ValueError as error:
        raise _no_json(
            Text(f"the 'data' of a file in '{key}' is no base64", f"“{key}”中文件的“data”不是 base64")
        ) from error
    upload = shelf.open(key, name)
    shelf.add(content)
    return upload


def _no_json(why: Text) -> ProblemError:
    return ProblemError(
        400,
        "broken_json",
        Text(
            f'The JSON cannot be used: {why.en}. Wanted: {{"files": [{{"name": "a.wav", "data": "…base64…"}}]}}.',
            f'JSON 无法使用：{why.zh}。应为：{{"files": [{{"name": "a.wav", "data": "…base64…"}}]}}。',
        ),
    )
