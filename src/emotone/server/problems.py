"""Errors as answers: `application/problem+json` of RFC 9457, in English and Chinese, never with a traceback or a path."""

import inspect
import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import fastapi
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from .. import errors
from ..errors import INTERNAL, EmotoneError
from ..text import Text

MEDIA_TYPE = "application/problem+json"
TYPE = "urn:emotone:problem:"

_STATUS: tuple[tuple[type[EmotoneError], int], ...] = (  # the first class that fits
    (errors.AudioTooLongError, 413),
    (errors.UnsupportedAudioError, 415),
    (errors.NoAudioStreamError, 415),
    (errors.AudioTooLongError, 413),
    (errors.EngineError, 500),
    (errors.DownloadError, 502),
    (errors.OutputError, 507),
    (errors.MissingExtraError, 501),
    (EmotoneError, 422),
)
_log = logging.getLogger("emotone.server")


class ProblemError(Exception):
    """A request that is refused.

    Args:
        status: Of the answer.
        code: Machine name of the problem; the name of an error's class, or one of those in the documentation.
        text: What was found, what was wanted, what to do.
        headers: Of the answer.
    """

    def __init__(self, status: int, code: str, text: Text, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(text.en)
        self.status = status
        self.code = code
        self.text = text
        self.headers = dict(headers or {})

    @property
    def fields(self) -> dict[str, Any]:
        """The members of the problem, without the request's id."""
        return {
            "type": TYPE + self.code,
            "title": _title(self.code, self.status),
            "status": self.status,
            "detail": self.text.en,
            "detail_zh": self.text.zh,
            "code": self.code,
        }


def problem_of(error: Exception) -> ProblemError:
    """What is said of any error. One that nobody foresaw becomes a line in the log and status 500."""
    if isinstance(error, ProblemError):
        return error
    if isinstance(error, EmotoneError):
        status = next(status for kind, status in _STATUS if isinstance(error, kind))
        if status == 500:
            _log.error("The model fails: %s", error)
        return ProblemError(status, type(error).__name__, error.text)
    if isinstance(error, RequestValidationError | ValidationError):
        return invalid(error.errors())
    if isinstance(error, HTTPException):
        return _of_status(error.status_code, error.headers)
    if isinstance(error, ClientDisconnect):
        return ProblemError(400, "gone", Text("The request ended before its end.", "请求尚未完整即已中断。"))
    if isinstance(error, OSError):
        _log.error("The disk fails: %s", error)
        text = Text("The server's disk is full or fails. Try again later.", "服务器的磁盘已满或出错。请稍后再试。")
        return ProblemError(507, "insufficient_storage", text)
    _log.error("Unexpected error", exc_info=error)
    return ProblemError(500, "internal", INTERNAL)


def invalid(found: Any) -> ProblemError:
    """The problem for options that do not fit, from pydantic's list of errors."""
    wrong = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in found)[:1000]
    return ProblemError(
        422,
        "invalid_options",
        Text(f"Some options do not fit ({wrong}). See /docs.", f"部分选项不符合要求（{wrong}）。请参阅 /docs。"),
    )


def response_of(problem: ProblemError, request_id: str | None = None) -> JSONResponse:
    """The answer for a problem."""
    fields = problem.fields if request_id is None else problem.fields | {"request_id": request_id}
    return JSONResponse(fields, problem.status, headers=problem.headers, media_type=MEDIA_TYPE)


def request_id_of(scope: Mapping[str, Any]) -> str | None:
    """The request's id, when it has one."""
    found = scope.get("state", {}).get("request_id")
    return None if found is None else str(found)


def install(app: fastapi.FastAPI) -> None:
    """Every error of the application's own routes becomes a problem."""

    async def answer(request: fastapi.Request, error: Exception) -> JSONResponse:
        return response_of(problem_of(error), request_id_of(request.scope))

    for kind in (ProblemError, EmotoneError, RequestValidationError, HTTPException, Exception):
        app.add_exception_handler(kind, answer)


def _of_status(status: int, headers: Mapping[str, str] | None) -> ProblemError:
    phrase = HTTPStatus(status).phrase
    text = {
        404: Text("There is nothing at this address. See /docs.", "此地址没有内容。请参阅 /docs。"),
        405: Text("This address takes another method. See /docs.", "此地址不支持该方法。请参阅 /docs。"),
    }.get(status, Text(f"{phrase}. See /docs.", f"请求失败（{status} {phrase}）。请参阅 /docs。"))
    return ProblemError(status, phrase.lower().replace(" ", "_").replace("-", "_"), text, headers)


def _title(code: str, status: int) -> str:
    kind = getattr(errors, code, None)
    if kind is None:
        return HTTPStatus(status).phrase
    return (inspect.getdoc(kind) or "").splitlines()[0].rstrip(".")
