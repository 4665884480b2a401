"""`multipart/form-data` as it arrives, piece by piece: large files never lie in memory."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import TypeAlias

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from ..text import Text, printable
from .problems import ProblemError

MAX_FIELD = 64 * 2**10  # bytes of an option


@dataclass(frozen=True, slots=True)
class Field:
    """An option."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class FileBegins:
    """A file follows; `Piece`s of it until the next event of another kind."""

    field: str
    name: str


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes of the file that began last."""

    data: bytes


Event: TypeAlias = Field | FileBegins | Piece


async def parts(content_type: str, chunks: AsyncIterator[bytes]) -> AsyncIterator[Event]:
    """What a body consists of, in order.

    Raises:
        ProblemError: 400 when the body is no such form, or ends too early.
    """
    _, parameters = parse_options_header(content_type)
    reader = _Reader()
    try:
        parser = MultipartParser(parameters[b"boundary"], reader.callbacks)  # type: ignore[arg-type]
        async for chunk in chunks:
            parser.write(chunk)
            for event in reader.take():
                yield event
        parser.finalize()
    except (FormParserError, KeyError, ValueError) as error:
        raise _broken() from error
    if not reader.ended:
        raise _broken()


def _broken() -> ProblemError:
    return ProblemError(
        400,
        "broken_form",
        Text(
            "The body is no multipart form, or it ends too early. Send each recording as a file in the field 'file'.",
            "请求正文不是有效的 multipart 表单，或不完整。请将每个录音作为文件放入字段“file”。",
        ),
    )


@dataclass(slots=True)
class _Reader:
    """Collects what the parser calls back."""

    ended: bool = False
    _events: list[Event] = field(default_factory=list)
    _header: tuple[bytearray, bytearray] = field(default_factory=lambda: (bytearray(), bytearray()))
    _disposition: str = ""
    _name: str = ""
    _value: bytearray | None = None  # of an option; `None` within a file

    @property
    def callbacks(self) -> dict[str, object]:
        return {
            "on_part_begin": self._on_part,
            "on_header_field": lambda data, start, end: self._header[0].extend(data[start:end]),
            "on_header_value": lambda data, start, end: self._header[1].extend(data[start:end]),
            "on_header_end": self._on_header,
            "on_headers_finished": self._on_headers,
            "on_part_data": self._on_data,
            "on_part_end": self._on_part_end,
            "on_end": self._on_end,
        }

    def take(self) -> list[Event]:
        events, self._events = self._events, []
        return events

    def _on_part(self) -> None:
        self._disposition = ""

    def _on_header(self) -> None:
        name, value = self._header
        if name.lower() == b"content-disposition":
            self._disposition = value.decode("latin-1")
        self._header = bytearray(), bytearray()

    def _on_headers(self) -> None:
        _, options = parse_options_header(self._disposition)
        self._name = _text(options[b"name"])  # KeyError: a part without a name
        file = options.get(b"filename")
        self._value = bytearray() if file is None else None
        if file is not None:
            self._events.append(FileBegins(self._name, _text(file)))

    def _on_data(self, data: bytes, start: int, end: int) -> None:
        if self._value is None:
            self._events.append(Piece(data[start:end]))
        elif len(self._value) + end - start > MAX_FIELD:
            raise ValueError("an option is too long")
        else:
            self._value.extend(data[start:end])

    def _on_part_end(self) -> None:
        if self._value is not None:
            self._events.append(Field(self._name, _text(bytes(self._value))))

    def _on_end(self) -> None:
        self.ended = True


def _text(data: bytes) -> str:
    return printable(data.decode("utf-8", "replace"))
