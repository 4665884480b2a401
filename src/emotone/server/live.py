"""`WS /v1/stream`: samples in, events out. The protocol is in docs/en/live.md."""

import asyncio
import json
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

import fastapi
from fastapi import WebSocket, WebSocketDisconnect
from starlette.types import Message

from ..doubts import withheld
from ..errors import AudioError, EmotoneError
from ..events import Event, Result, SpeechEnded, SpeechStarted, Window
from ..recognizer import Recognizer
from ..stream import Stream
from ..text import Text
from ..writers import Record, record, segment_record, window_record
from .problems import ProblemError, problem_of
from .service import Service
from .start import Start, read_start
from .streams import FullError
from .talk import Talk
from .uploads import HEAD
from .work import LeftError, until_left

PATH = "/v1/stream"
MAX_FRAME = 2**20  # bytes of samples in one message
MAX_START = 8 * 2**20  # characters of the first message: a baseline and a head may be in it
START_WITHIN = 10.0  # seconds

_WELL, _GOING, _UNEXPECTED, _INVALID, _STALLED, _TOO_LARGE, _FAULT, _FULL = (
    1000,
    1001,
    1003,
    1007,
    1008,
    1009,
    1011,
    1013,
)
_BAD_START, _SILENT, _TOO_LONG = 4400, 4408, 4413
_LAST_WORDS = 2.0  # seconds to send them
_NO_START = Text("Samples came before the start message.", "在开始消息之前收到了采样。")
_NO_JSON = Text("That text is no JSON.", "该文本不是 JSON。")
_NO_END = Text(
    'After the start message, text may only be {"type": "end"}.', '开始消息之后，文本只能是 {"type": "end"}。'
)


class Closing(Exception):  # noqa: N818 - an end, not always an error
    """The conversation ends with a close code, after a problem if there is one.

    Args:
        code: The WebSocket's.
        name: The problem's.
        text: What was found, what was wanted, what to do.
    """

    def __init__(self, code: int, name: str = "", text: Text | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.name = name
        self.text = text


def router(service: Service) -> fastapi.APIRouter:
    """The route of live streams."""
    routes = fastapi.APIRouter()

    @routes.websocket(PATH)
    async def stream(socket: WebSocket) -> None:
        await socket.accept()
        await _Conversation(socket, service).hold()

    return routes


class _Conversation:
    """With one client, from the first message to the close code."""

    def __init__(self, socket: WebSocket, service: Service) -> None:
        self._socket = socket
        self._service = service
        self._abstain = False
        self._head: str | None = None  # the name of the head that answers, when it is not the model's own
        self._sending = asyncio.Lock()
        self._coming: asyncio.Future[Message] | None = None
        self._loop = asyncio.get_running_loop()
        self._ended: asyncio.Future[None] = self._loop.create_future()  # when the server ends

    async def hold(self) -> None:
        """All of it. Whatever happens, nothing of the stream stays behind."""
        try:
            with self._service.streams.place(self._end):
                await self._close(await self._converse())
        except FullError:
            text = Text("All streams of the server are taken. Try again later.", "服务器的流数量已满。请稍后再试。")
            await self._close(Closing(_FULL, "busy", text))
        except (WebSocketDisconnect, LeftError):
            return
        finally:
            self._ended.cancel()
            if self._coming is not None:
                self._coming.cancel()

    def _end(self) -> None:
        self._loop.call_soon_threadsafe(self._ended.cancel)

    async def _converse(self) -> Closing:
        try:
            start = await self._first()
            stream = await self._begin(start)
            talk = Talk(stream, self._service.streams, self._say)
            return await talk.beside(self._listen(talk, stream, start))
        except Closing as closing:
            return closing
        except AudioError as error:
            return Closing(_INVALID, type(error).__name__, error.text)
        except (WebSocketDisconnect, LeftError):
            raise
        except Exception as error:
            problem = problem_of(error)  # one that nobody foresaw becomes a line in the log
            return Closing(_FAULT, problem.code, problem.text)

    async def _first(self) -> Start:
        text = await self._receive(START_WITHIN)
        if isinstance(text, bytes):
            raise Closing(_UNEXPECTED, "no_start", _NO_START)
        if len(text) > MAX_START:
            raise Closing(_TOO_LARGE)
        try:
            return read_start(text)
        except ProblemError as problem:
            raise Closing(_BAD_START, problem.code, problem.text) from problem
        except (ValueError, RecursionError) as error:
            raise Closing(_INVALID, "no_json", _NO_JSON) from error

    async def _begin(self, start: Start) -> Stream:
        """The stream, once the client knows that it is ready."""

        def begin() -> tuple[Recognizer, Stream]:  # may load a model
            model = self._service.recognizer_at_once(start.model)
            name, usual = next(iter(self._service.library.heads(model).items()))
            recognizer = start.recognizer(model, usual)
            if recognizer.head is not model.head:
                self._head = name if recognizer.head is usual else recognizer.head.name or HEAD
            return recognizer, start.stream(recognizer, self._service.folder)

        try:
            recognizer, stream = await asyncio.to_thread(begin)
        except EmotoneError as error:
            raise Closing(_BAD_START, type(error).__name__, error.text) from error
        self._abstain = start.abstain
        info = recognizer.info
        await self._send(
            {
                "type": "ready",
                "model": {"name": info.name, "revision": info.revision, "sha256": info.sha256},
                "labels": list(info.labels),
                "window": start.window,
                "hop": start.hop,
                "min_segment": start.min_segment,
            }
        )
        return stream

    async def _listen(self, talk: Talk, stream: Stream, start: Start) -> Closing:
        """Until the client, its silence, a limit or the server ends the stream; then all that is left is said."""
        closing = await self._until_end(talk, stream, start)
        self._socket.state.seconds = round(stream.duration, 1)
        if stream.duration or closing.code == _WELL:
            await until_left(self._gone(), talk.finish())
        return closing

    async def _until_end(self, talk: Talk, stream: Stream, start: Start) -> Closing:
        options, decode = self._service.options, start.decoder()
        while stream.duration < options.max_seconds:
            try:
                message = await self._receive(options.max_silence)
            except Closing as closing:
                return closing
            if isinstance(message, bytes):
                if len(message) > MAX_FRAME:
                    raise Closing(_TOO_LARGE)
                await talk.feed(decode, message)
            else:
                _check_end(message)
                return Closing(_WELL)
        return Closing(_TOO_LONG)

    async def _receive(self, patience: float) -> str | bytes:
        """The next message. Raises `Closing` when none comes for so many seconds, or the server ends."""
        coming = self._message()
        waiting: list[asyncio.Future[Any]] = [coming, self._ended]
        await asyncio.wait(waiting, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
        if self._ended.done():
            raise Closing(_GOING)
        if not coming.done():
            raise Closing(_SILENT)
        self._coming = None
        message = coming.result()
        if message["type"] != "websocket.receive":
            raise WebSocketDisconnect
        found: str | bytes = message["text"] if message.get("text") is not None else message["bytes"]
        return found

    async def _gone(self) -> None:
        """Returns when the client has left; what else it sends does not matter any more."""
        message = await self._message()
        while message["type"] == "websocket.receive":
            self._coming = None
            message = await self._message()

    def _message(self) -> "asyncio.Future[Message]":
        if self._coming is None:
            self._coming = asyncio.ensure_future(self._socket.receive())
        return self._coming

    async def _say(self, event: Event, skipped: int) -> None:
        if isinstance(event, SpeechStarted):
            fields: Record = {"type": "speech_started", "at": event.at}
        elif isinstance(event, SpeechEnded):
            fields = {"type": "speech_ended", "at": event.at}
        elif isinstance(event, Result):
            timeline = withheld(event.timeline) if self._abstain else event.timeline
            # a long result takes a while to write, and others are talking
            said = partial(record, timeline, datetime.now(), head=self._head)
            fields = {"type": "result", **await asyncio.to_thread(said)}
        elif isinstance(event, Window):
            fields = {"type": "window", "skipped": skipped, **window_record(self._given(event))}
        else:
            segment = withheld(event.segment) if self._abstain else event.segment
            fields = {"type": "segment", **segment_record(segment)}
        await self._send(fields)

    def _given(self, window: Window) -> Window:
        """As the client wants it."""
        if not self._abstain:
            return window
        absolute = window.absolute and withheld(window.absolute)
        return replace(window, segment=withheld(window.segment), absolute=absolute)

    async def _send(self, fields: Record) -> None:
        text = json.dumps(fields, ensure_ascii=False, allow_nan=False)
        async with self._sending:
            try:
                await asyncio.wait_for(self._socket.send_text(text), self._service.options.max_stall)
            except asyncio.TimeoutError as error:
                raise Closing(_STALLED) from error

    async def _close(self, closing: Closing) -> None:
        with suppress(Closing, RuntimeError, asyncio.TimeoutError):
            if closing.text is not None:
                text = closing.text
                await self._send({"type": "problem", "code": closing.name, "detail": text.en, "detail_zh": text.zh})
            await asyncio.wait_for(self._socket.close(closing.code, closing.name), _LAST_WORDS)


def _check_end(text: str) -> None:
    """Raises `Closing` when a message after the first says anything but the end."""
    try:
        said = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Closing(_INVALID, "no_json", _NO_JSON) from error
    if said != {"type": "end"}:
        raise Closing(_UNEXPECTED, "no_end", _NO_END)
