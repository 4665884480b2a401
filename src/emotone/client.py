"""A client of `emotone serve`, with nothing but the standard library: the same verbs and words as a `Recognizer`.

Answers are records, the fields of `result.json`: a `Prediction` also holds what is not sent, such as the embedding.
"""

import io
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias
from urllib.parse import urlencode, urlsplit
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from . import errors
from .errors import AudioNotFoundError, EmotoneError, OptionError, ServerError
from .text import printable
from .types import Failure
from .writers import Record

Sent: TypeAlias = str | Path | bytes
"""A recording to send: a path, or encoded bytes."""

_FILES = ("baseline", "head", "turns")
_BLOCK = 2**16  # bytes that are read from a file at once


class Client:
    """A server of Emotone.

    Args:
        url: Where it is, such as `http://127.0.0.1:7860`.
        api_key: What it asks for, if it does.
        timeout: Seconds to wait for each answer.
        patience: Seconds for which a request is sent again while the server says that it is busy; 0 sends it once.
    """

    def __init__(
        self,
        url: str = "http://127.0.0.1:7860",
        *,
        api_key: str | None = None,
        timeout: float = 900,
        patience: float = 60,
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise OptionError(
                f"'{url}' is no address of a server. Wanted one such as http://127.0.0.1:7860.",
                f"“{url}”不是服务器地址。应类似 http://127.0.0.1:7860。",
            )
        self._kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        self._host, self._port, self._path = parts.hostname, parts.port, parts.path.rstrip("/")
        self._headers = {} if api_key is None else {"Authorization": f"Bearer {api_key}"}
        self._timeout, self._patience = timeout, patience

    def predict(self, source: Sent, **options: Any) -> Record:
        """Which emotion is expressed in a recording as a whole: the fields of `result.json`.

        Args:
            source: The recording.
            options: Those of `POST /v1/predict`: `model`, `channel`, `abstain`; `baseline` and `head` take a path or several.

        Raises:
            EmotoneError: The same class as a `Recognizer` would raise.
            ServerError: When the server cannot be reached, or is busy for too long.
        """
        record: Record = self._ask("/v1/predict", [source], options)
        return record

    def predict_many(self, sources: Sequence[Sent], **options: Any) -> list[Record | Failure]:
        """One record for each recording, in order, from one request; a `Failure` in place of each that cannot be analysed."""
        if not sources:
            return []
        answer = self._ask("/v1/predict", sources, options)
        records = answer if isinstance(answer, list) else [answer]
        return [_failure(one) if "problem" in one else one for one in records]

    def timeline(self, source: Sent, **options: Any) -> Record:
        """Which emotion is expressed when: as `predict`, with all options of `POST /v1/timeline`; `turns` is a path."""
        record: Record = self._ask("/v1/timeline", [source], options)
        return record

    def embed(self, source: Sent, **options: Any) -> NDArray[np.float32]:
        """The embedding of a recording: float32 `(dim,)`; with `granularity="frame"`, `(frames, dim)`."""
        vectors: NDArray[np.float32] = self._ask("/v1/embed", [source], {**options, "format": "npy"})
        return vectors

    def models(self) -> list[Record]:
        """The models that the server knows, and which of them can be named in a request now."""
        found: list[Record] = self._answer("GET", "/v1/models", None)["models"]
        return found

    def _ask(self, path: str, sources: Sequence[Sent], options: Mapping[str, Any]) -> Any:
        files = [("file", source) for source in sources]
        fields: list[tuple[str, str]] = []
        for name, value in options.items():
            for one in value if isinstance(value, list | tuple) else [value]:
                if name in _FILES and one not in ("auto", "emotions"):
                    files.append((name, one))
                elif one is not None:
                    fields.append((name, str(one)))
        return self._answer("POST", f"{path}?{urlencode(fields)}" if fields else path, files)

    def _answer(self, method: str, path: str, files: Sequence[tuple[str, Sent]] | None) -> Any:
        """What the server says; sent again while it is busy."""
        deadline = time.monotonic() + self._patience
        while True:
            try:
                with closing(self._kind(self._host, self._port, timeout=self._timeout)) as connection:
                    return _read(_sent(connection, method, self._path + path, files, self._headers))
            except _BusyError as busy:
                if time.monotonic() + busy.seconds > deadline:
                    raise busy.error from None
                time.sleep(busy.seconds)
            except (OSError, HTTPException) as error:
                raise ServerError(
                    f"The server at {self._host}, port {self._port or 80}, does not answer ({error}). Check that it runs.",
                    f"{self._host} 端口 {self._port or 80} 的服务器没有响应（{error}）。请检查它是否在运行。",
                ) from error


class _BusyError(Exception):
    """The server wants the request again later."""

    def __init__(self, seconds: float, error: EmotoneError) -> None:
        self.seconds = seconds
        self.error = error


def _sent(
    connection: HTTPConnection,
    method: str,
    path: str,
    files: Sequence[tuple[str, Sent]] | None,
    headers: Mapping[str, str],
) -> HTTPResponse:
    if files is None:
        connection.request(method, path, headers=dict(headers))
        return connection.getresponse()
    form = _Form(files)
    kinds = {"Content-Type": form.content_type, "Content-Length": str(form.size)}
    connection.request(method, path, form.blocks(), {**headers, **kinds})
    return connection.getresponse()


def _read(response: HTTPResponse) -> Any:
    data, kind = response.read(), response.headers.get_content_type()
    if response.status == 200:
        return np.load(io.BytesIO(data), allow_pickle=False) if kind == "application/x-npy" else json.loads(data)
    try:
        problem = json.loads(data)
    except ValueError:
        problem = {}
    error = _error(problem, response.status)
    if response.status == 503:
        raise _BusyError(float(response.headers.get("Retry-After", "1")), error)
    raise error


def _error(problem: Any, status: int) -> EmotoneError:
    """The error that a problem stands for: the class that a `Recognizer` would raise, where there is one."""
    fields = problem if isinstance(problem, dict) else {}
    unknown = f"status {status}"
    kind = getattr(errors, str(fields.get("code")), None)
    known = isinstance(kind, type) and issubclass(kind, EmotoneError) and kind is not EmotoneError
    return (kind if known and kind is not None else ServerError)(
        str(fields.get("detail", unknown)), str(fields.get("detail_zh", unknown))
    )


def _failure(record: Record) -> Failure:
    return Failure(record["file"], _error(record["problem"], record["problem"]["status"]))


@dataclass(frozen=True, slots=True)
class _Part:
    """A file in a form."""

    head: bytes
    source: Path | bytes
    size: int

    def blocks(self) -> Iterator[bytes]:
        yield self.head
        with self._open() as file:
            while block := file.read(_BLOCK):
                yield block
        yield b"\r\n"

    def _open(self) -> BinaryIO:
        return io.BytesIO(self.source) if isinstance(self.source, bytes) else self.source.open("rb")


class _Form:
    """A `multipart/form-data` body; files are read while they are sent."""

    def __init__(self, files: Sequence[tuple[str, Sent]]) -> None:
        self._boundary = uuid4().hex
        self._parts = [self._part(name, Path(one) if isinstance(one, str) else one) for name, one in files]
        self._end = f"--{self._boundary}--\r\n".encode()
        self.content_type = f"multipart/form-data; boundary={self._boundary}"
        self.size = sum(len(part.head) + part.size + 2 for part in self._parts) + len(self._end)

    def blocks(self) -> Iterator[bytes]:
        for part in self._parts:
            yield from part.blocks()
        yield self._end

    def _part(self, field: str, source: Path | bytes) -> _Part:
        name = "audio" if isinstance(source, bytes) else source.name
        try:
            size = len(source) if isinstance(source, bytes) else source.stat().st_size
        except OSError as error:
            raise AudioNotFoundError(
                f"'{source!s}' cannot be read ({error.strerror}). Check the path.",
                f"无法读取“{source!s}”（{error.strerror}）。请检查路径。",
            ) from error
        quoted = printable(name).replace("\\", "\\\\").replace('"', '\\"')
        quoted = "".join(filter(str.isprintable, quoted))
        head = f'--{self._boundary}\r\nContent-Disposition: form-data; name="{field}"; filename="{quoted}"\r\n\r\n'
        return _Part(head.encode(), source, size)
