"""The door of a server: every request passes here first, for API, page and WebSockets alike. Plain ASGI."""

import re
import time
from collections import OrderedDict
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qsl

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..text import Text, language_of
from . import sign_in
from .access import SESSION_SECONDS, Access
from .problems import ProblemError, request_id_of, response_of

COOKIE = "emotone_session"
OPEN = frozenset({"/healthz", "/readyz"})  # for whoever watches over the server; they say nothing about anybody
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_MOST_FORM = 4096  # bytes of a sign-in
_WRONG_KEYS, _MINUTE = 10, 60.0  # wrong keys of one address in a minute that are told apart from too many
_MOST_ADDRESSES = 4096  # that are remembered for it
_LOCAL_PATH = re.compile(r"/(?:[\w.~-]+/?)*", re.ASCII)

_MISDIRECTED = Text(
    "This server does not answer to this host name. Use the address that it printed, or start it with --allow-host NAME.",
    "此服务器不接受该主机名。请使用启动时显示的地址，或以 --allow-host 名称 启动。",
)
_FOREIGN = Text(
    "Pages of other sites may not change anything here. Use this server's own page, or start it with --allow-host NAME.",
    "其他网站的页面不能在此执行操作。请使用本服务器自己的页面，或以 --allow-host 名称 启动。",
)
_NO_KEY = Text(
    "This server needs a key. Send it as 'Authorization: Bearer KEY' or 'X-API-Key: KEY'.",
    "此服务器需要密钥。请以“Authorization: Bearer 密钥”或“X-API-Key: 密钥”发送。",
)
_TOO_MANY = Text("Too many wrong keys. Wait a minute.", "错误密钥过多。请等待一分钟。")


class Door:
    """Middleware: lets in whoever has a key, by a name that is this server's, from no other site's page."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app = app
        self._access = access
        self._wrong = _Wrong()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on, or refuses it: a WebSocket before it is accepted."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        refused = self._misplaced(scope, headers)
        if refused is None:
            if self._access.keys and scope["type"] == "http" and scope["path"] == sign_in.PATH:
                refused = await self._signed_in(Request(scope, receive), headers)
            elif self._access.keys and scope["path"] not in OPEN and not self._has_key(headers):
                refused = self._without_key(scope, headers)
        if refused is None:
            await self._app(scope, receive, _without_cors(send))
        elif scope["type"] == "http":
            await refused(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1008, "reason": ""})

    def _misplaced(self, scope: Scope, headers: Headers) -> Response | None:
        host, origin = headers.get("host", ""), headers.get("origin")
        if not self._access.answers_to(host) and scope["path"] not in OPEN:
            return refusal(scope, 421, "misdirected_request", _MISDIRECTED)
        changes = scope["type"] == "websocket" or scope["method"] not in _SAFE
        if changes and origin is not None and not self._access.trusts(origin, host):
            return refusal(scope, 403, "foreign_page", _FOREIGN)
        return None

    def _has_key(self, headers: Headers) -> bool:
        return any(self._access.admits(key) for key in _keys(headers)) or self._access.knows(_cookie(headers))

    def _without_key(self, scope: Scope, headers: Headers) -> Response:
        if _keys(headers) and self._wrong.too_many(_address(scope)):
            return refusal(scope, 429, "too_many_keys", _TOO_MANY, {"Retry-After": str(round(_MINUTE))})
        wants_page = scope["type"] == "http" and scope["method"] == "GET" and "text/html" in headers.get("accept", "")
        if wants_page:
            return _form(headers, scope["path"])
        return refusal(scope, 401, "key_needed", _NO_KEY, {"WWW-Authenticate": 'Bearer realm="emotone"'})

    async def _signed_in(self, request: Request, headers: Headers) -> Response:
        """The form, and its answer: a cookie in place of the key."""
        if request.method != "POST":
            return _form(headers, "/")
        fields = await _fields(request)
        key, place = fields.get("key", "").strip(), fields.get("next", "/")
        place = place if _LOCAL_PATH.fullmatch(place) else "/"
        if not self._access.admits(key):
            too_many = self._wrong.too_many(_address(request.scope))
            return _form(headers, place, 429 if too_many else 401, sign_in.TOO_MANY if too_many else sign_in.WRONG)
        answer = Response(status_code=303, headers={"Location": request.scope.get("root_path", "") + place})
        answer.set_cookie(
            COOKIE,
            self._access.session(key),
            max_age=SESSION_SECONDS,
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
        )
        return answer


class _Wrong:
    """How many wrong keys came from an address lately. A right key passes always, so that nobody can lock others out."""

    def __init__(self) -> None:
        self._seen: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def too_many(self, address: str) -> bool:
        """Counts one more."""
        now = time.monotonic()
        since, count = self._seen.pop(address, (now, 0))
        if now - since > _MINUTE:
            since, count = now, 0
        self._seen[address] = since, count + 1
        if len(self._seen) > _MOST_ADDRESSES:
            self._seen.popitem(last=False)
        return count >= _WRONG_KEYS


def refusal(scope: Scope, status: int, code: str, text: Text, headers: Mapping[str, str] | None = None) -> Response:
    """A refusal as RFC 9457 has it."""
    return response_of(ProblemError(status, code, text, headers), request_id_of(scope))


def _keys(headers: Headers) -> list[str]:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    bearer = token.strip() if scheme.lower() == "bearer" else ""
    return [key for key in (bearer, headers.get("x-api-key", "").strip()) if key]


def _cookie(headers: Headers) -> str:
    try:
        cookies: SimpleCookie = SimpleCookie(headers.get("cookie", ""))
    except CookieError:
        return ""
    return cookies[COOKIE].value if COOKIE in cookies else ""


def _address(scope: Scope) -> str:
    return str((scope.get("client") or ("",))[0])


async def _fields(request: Request) -> dict[str, str]:
    """The fields of a small form; of a large one, none."""
    body = b""
    try:
        async for part in request.stream():
            body += part
            if len(body) > _MOST_FORM:
                return {}
    except ClientDisconnect:
        return {}
    return dict(parse_qsl(body.decode("utf-8", "replace"), max_num_fields=10))


def _form(headers: Headers, place: str, status: int = 401, note: Text | None = None) -> Response:
    language = language_of(headers.get("accept-language"))
    place = place if _LOCAL_PATH.fullmatch(place) else "/"
    return HTMLResponse(sign_in.form(language, place, note), status, sign_in.HEADERS)


def _without_cors(send: Send) -> Send:
    """No page of another site may read what is said here; Gradio would allow those that its own rules allow."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name in [name for name in headers if name.lower().startswith("access-control-")]:
                del headers[name]
        await send(message)

    return sending
