"""Every request has an id, and leaves one line in the log: never what was sent, nor what was heard in it."""

import logging
import re
import time
from typing import Any
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .log import request_id
from .problems import problem_of, response_of

HEADER = "X-Request-ID"
_GOOD_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_log = logging.getLogger("emotone.requests")


class RequestLog:
    """Middleware: an id for each request, from the client or new; a line when it ends; no traceback in any answer.

    Handlers find the id as `request.state.request_id`, and may set `request.state.seconds`, the seconds of sound it was about.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on, and notes how it ended."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get(HEADER, "")
        number = given if _GOOD_ID.fullmatch(given) else uuid4().hex
        state = scope.setdefault("state", {})
        state["request_id"] = number
        token = request_id.set(number)
        start, status = time.perf_counter(), 0

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] in ("http.response.start", "websocket.accept"):
                status = message.get("status", 101)
                MutableHeaders(scope=message)[HEADER] = number
            elif message["type"] == "websocket.close" and not status:
                status = 403  # what the client sees of a WebSocket that was not accepted
            await send(message)

        try:
            await self._app(scope, receive, sending)
        except ClientDisconnect:
            return  # there is nobody to answer
        except Exception as error:
            problem = problem_of(error)  # which notes it
            if scope["type"] != "http" or status:
                raise  # the server ends the connection; it has begun already
            await response_of(problem, number)(scope, receive, sending)
        finally:
            _log.info("request", extra={"fields": _fields(scope, status, time.perf_counter() - start)})
            request_id.reset(token)


def _fields(scope: Scope, status: int, seconds: float) -> dict[str, Any]:
    """The route and not the path: names of files, and addresses that nobody may guess, are in paths."""
    state = scope.get("state", {})
    fields = {
        "method": scope.get("method", "WS"),
        "route": getattr(scope.get("route"), "path", None),
        "status": status,
        "ms": round(1000 * seconds, 1),
        "seconds": state.get("seconds"),
    }
    if status in (401, 403, 421, 429):
        fields["client"] = (scope.get("client") or (None,))[0]
    return fields
