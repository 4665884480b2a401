"""The way into the API: counts requests, refuses those that are too many, keeps its addresses from the page behind it."""

import time
from collections.abc import Sequence

from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..text import Text
from .problems import ProblemError, request_id_of, response_of
from .service import Service

PREFIX = "/v1/"
_MOST_DRAINED = 8 * 2**20  # bytes of a refused body that are read, so that the client reads the answer


class Gate:
    """Middleware: requests to the API are counted, limited and never reach the page.

    Args:
        app: The application.
        service: What its routes share.
        routes: Those of the API.
    """

    def __init__(self, app: ASGIApp, service: Service, routes: Sequence[BaseRoute]) -> None:
        self._app = app
        self._service = service
        self._routes = routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Lets a request through, or answers it: 404, 405 or 503."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path, problem = self._find(scope)
        if path is None and problem is None:
            await self._app(scope, receive, send)  # of the page
            return
        answer = _Answer(receive, send)
        began = time.perf_counter()
        try:
            if problem is not None:
                raise problem
            await self._admitted(scope, answer)
        except ProblemError as refused:
            await answer.drain()
            await response_of(refused, request_id_of(scope))(scope, receive, answer.send)
        finally:
            self._service.metrics.seconds.labels(path or "other").observe(time.perf_counter() - began)
            self._service.metrics.requests.labels(path or "other", _method(scope), str(answer.status)).inc()

    async def _admitted(self, scope: Scope, answer: "_Answer") -> None:
        if scope["method"] != "POST":
            await self._app(scope, answer.receive, answer.send)
            return
        self._service.work.enter()
        try:
            await self._app(scope, answer.receive, answer.send)
        finally:
            self._service.work.leave()

    def _find(self, scope: Scope) -> tuple[str | None, ProblemError | None]:
        """The path of the route that takes a request, or what is wrong; neither for what is the page's."""
        allowed: set[str] = set()
        for route in self._routes:
            match, _ = route.matches(scope)
            if match is Match.FULL:
                return getattr(route, "path", "other"), None
            if match is Match.PARTIAL:
                allowed |= getattr(route, "methods", None) or set()
        if allowed:
            methods = ", ".join(sorted(allowed))
            text = Text(f"This address takes: {methods}. See /docs.", f"此地址支持的方法：{methods}。请参阅 /docs。")
            return None, ProblemError(405, "method_not_allowed", text, {"Allow": methods})
        if scope["path"].startswith(PREFIX):
            text = Text("There is nothing at this address. See /docs.", "此地址没有内容。请参阅 /docs。")
            return None, ProblemError(404, "not_found", text)
        return None, None


class _Answer:
    """Both ends of a request, with what was seen on the way."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self.status = 499  # the client left before there was one
        self._receive = receive
        self._send = send
        self._read = False  # the whole body

    async def receive(self) -> Message:
        message = await self._receive()
        self._read = self._read or not message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            if self.status >= 400:
                await self.drain()
        await self._send(message)

    async def drain(self) -> None:
        """Reads what is left of a small body: an answer before its end would look like a broken connection."""
        count = 0
        while not self._read and count < _MOST_DRAINED:
            count += len((await self.receive()).get("body", b""))


def _method(scope: Scope) -> str:
    known = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
    return scope["method"] if scope["method"] in known else "other"
