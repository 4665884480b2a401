"""`WS /v1/stream`: samples in, events out. The protocol is in docs/en/live.md."""

import asyncio
import json
import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Any

import fastapi
from fastapi import WebSocket, WebSocketDisconnect

from ..doubts import withheld
from ..errors import INTERNAL, AudioError, EmotoneError
from ..events import Event, Result, SpeechEnded, SpeechStarted, Window
from ..recognizer import Recognizer
from ..stream import Stream
from ..text import Text
from ..writers import Record, record, segment_record
from .problems import ProblemError
from .service import Service
from .start import Start, read_start
from .streams import FullError
from .talk import Talk
from .work import LeftError, until_left

PATH = "/v1/stream"
MAX_FRAME = 2**20  # bytes of samples in one message
MAX_START = 8 * 2**20  # characters of the first message: a baseline and a head may be in it
START_WITHIN = 10.0  # seconds

_WELL, _GOING, _UNEXPECTED, _INVALID, _STALLED, _TOO_LARGE, _FAULT, _FULL = 1000, 1001, 1003, 1007, 1008, 1009, 1011, 1013
_BAD_START, _SILENT, _TOO_LONG = 4400, 4408, 4413
_LAST_WORDS = 2.0  # seconds to send them
_log = logging.getLogger("emotone.server")


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
        self._options = service.options
        self._abstain = False
        self._sending = asyncio.Lock()
        self._received: asyncio.Future[Any] | None = None
        loop = asyncio.get_running_loop()
        self._ending: asyncio.Future[None] = loop.create_future()
        self._end = lambda: loop.call_soon_threadsafe(self._ending.cancel)

    async def hold(self) -> None:
        """All of it. Whatever happens, nothing of the stream stays behind."""
        try:
            await self._close(await self._converse())
        except (WebSocketDisconnect, LeftError):
            return
        except Exception as error:
            _log.error("Unexpected error", exc_info=error)
            await self._close(Closing(_FAULT, "internal", INTERNAL))
        finally:
            self._ending.cancel()
            if self._received is not None:
                self._received.cancel()

    async def _converse(self) -> Closing:
        try:
            with self._service.streams.place(self._end):
                start = await self._first()
                stream = await asyncio.to_thread(self._begin, start)
                self._abstain = start.abstain
                await self._send(self._ready(start, stream.recognizer))
                talk = Talk(stream.stream, self._service.streams, self._say)
                return await talk.beside(self._listen(talk, start))
        except FullError:
            text = Text("All streams of the server are taken. Try again later.", "服务器的流数量已满。请稍后再试。")
            return Closing(_FULL, "busy", text)
        except Closing as closing:
            return closing
        except AudioError as error:
            return Closing(_INVALID, type(error).__name__, error.text)
