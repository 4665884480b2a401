"""What a browser may load for the page, and what the server must not fetch for others."""

from starlette.datastructures import MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Gradio compiles its templates in the browser, hence 'unsafe-eval'. Every address is the page's own host; 'self' allows the
# WebSocket of the Live tab too (CSP 3; Chrome since 71, Safari since 16, which the style sheet asks for anyway).
_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; media-src 'self' blob:; font-src 'self' data:; worker-src 'self' blob:; "
    "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'self'"
)
_HEADERS = {"Content-Security-Policy": _POLICY, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}
_GRADIO = "/gradio_api/"
_USED = (  # of Gradio's routes, by the page; others would reload, record, trace, fetch or edit
    "app_id",
    "cancel",
    "file=",
    "heartbeat/",
    "info",
    "queue/data",
    "queue/join",
    "reset",
    "run/predict",
    "startup-events",
    "theme.css",
    "upload",
    "upload_progress",
)
_FETCHING = ("file=http:", "file=https:")  # Gradio would fetch these from other hosts


class Guard:
    """Middleware: the page loads from its own host only, and is no way to reach others."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers 403 to requests for other hosts and for what the page does not use, and adds headers to all other answers."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif not _is_used(scope["path"]):
            await PlainTextResponse("Not allowed.", 403)(scope, receive, send)
        else:
            await self._app(scope, receive, _with_headers(send))


def _is_used(path: str) -> bool:
    if not path.startswith(_GRADIO):
        return True
    route = path.removeprefix(_GRADIO)
    if route.startswith(("file=", "heartbeat/")):
        return not route.lower().startswith(_FETCHING)
    return route.rstrip("/") in _USED


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).update(_HEADERS)
        await send(message)

    return sending
