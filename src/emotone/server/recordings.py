"""The routes that listen: `predict`, `timeline`, `embed`."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Annotated, Any, TypeAlias

import anyio
import fastapi
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel
from starlette.requests import ClientDisconnect

from ..text import Text, language_of
from . import schemas
from .analysis import Analysis
from .answers import Found, response_of
from .formats import EMBEDDING_FORMATS, PREDICTION_FORMATS, TIMELINE_FORMATS
from .negotiation import choose
from .problems import ProblemError
from .questions import EmbedOptions, Options, PredictOptions, TimelineRequestOptions, merged
from .service import Service
from .uploads import place_in, receive
from .work import LeftError, Ticket, until_left

_Kinds: TypeAlias = tuple[type[BaseModel], ...]
_Decorator: TypeAlias = Callable[
    [Callable[..., Awaitable[fastapi.Response]]], Callable[..., Awaitable[fastapi.Response]]
]


def router(service: Service) -> fastapi.APIRouter:
    """The routes that listen to recordings."""
    routes = fastapi.APIRouter(prefix="/v1", tags=["recordings"])

    def post(path: str, results: _Kinds, formats: Mapping[str, str], options: type[Options]) -> _Decorator:
        return routes.post(
            path,
            response_class=fastapi.Response,
            responses=schemas.responses(results, formats),
            openapi_extra=schemas.request_body(options),
        )

    @post("/predict", (schemas.Result,), PREDICTION_FORMATS, PredictOptions)
    async def predict(
        request: fastapi.Request, options: Annotated[PredictOptions, fastapi.Query()]
    ) -> fastapi.Response:
        """Which emotion is expressed in each recording as a whole."""

        async def ask(analysis: Analysis, given: PredictOptions) -> Sequence[Found]:
            return await analysis.predict(given)

        return await _respond(service, request, options, PREDICTION_FORMATS, ask)

    @post("/timeline", (schemas.TimelineResult, schemas.ConversationResult), TIMELINE_FORMATS, TimelineRequestOptions)
    async def timeline(
        request: fastapi.Request, options: Annotated[TimelineRequestOptions, fastapi.Query()]
    ) -> fastapi.Response:
        """Which emotion is expressed when: scores of a sliding window, and segments of speech."""

        async def ask(analysis: Analysis, given: TimelineRequestOptions) -> Sequence[Found]:
            return await analysis.timeline(given)

        return await _respond(service, request, options, TIMELINE_FORMATS, ask)

    @post("/embed", (schemas.Embedding,), EMBEDDING_FORMATS, EmbedOptions)
    async def embed(request: fastapi.Request, options: Annotated[EmbedOptions, fastapi.Query()]) -> fastapi.Response:
        """The embedding of each recording: the mean of its frames, or the frames."""

        async def ask(analysis: Analysis, given: EmbedOptions) -> Sequence[Found]:
            return await analysis.embed(given)

        return await _respond(service, request, options, EMBEDDING_FORMATS, ask)

    return routes


async def _respond(
    service: Service,
    request: fastapi.Request,
    query: Any,
    formats: Mapping[str, str],
    ask: Callable[[Analysis, Any], Awaitable[Sequence[Found]]],
) -> fastapi.Response:
    """The answer to one request that listens."""

    async def answer(analysis: Analysis, options: Any, format_: str) -> Callable[[], fastapi.Response]:
        found = await ask(analysis, options)
        language = language_of(request.headers.get("accept-language"))
        return partial(response_of, found, format_, language)

    return await handled(service, request, query, formats, answer)


async def handled(
    service: Service,
    request: fastapi.Request,
    query: Any,
    formats: Mapping[str, str],
    answer: Callable[[Analysis, Any, str], Awaitable[Callable[[], fastapi.Response]]],
) -> fastapi.Response:
    """The answer to one request with a recording, within its time; nothing of it stays.

    Args:
        service: The server's.
        request: With its body.
        query: The options of the query.
        formats: That the answer may have.
        answer: Does the work with all options and the format that was chosen; what it gives is called in a thread.
    """
    accept = request.headers.get("accept")
    choose(formats, query.format, accept)  # before a long upload; the body may say otherwise
    ticket = Ticket()
    with place_in(service.folder) as place:
        try:
            with anyio.fail_after(service.options.max_time):
                body = await receive(request, query.name, place, service.options)
                options = merged(query, body)
                format_ = choose(formats, options.format, accept)

                async def work() -> Callable[[], fastapi.Response]:
                    return await answer(Analysis(service, body, ticket), options, format_)

                respond = await until_left(_gone(request), work())
                return await run_in_threadpool(respond)
        except TimeoutError as error:
            raise _too_slow(service.options.max_time) from error
        except (LeftError, ClientDisconnect):
            return fastapi.Response(status_code=499)  # nobody reads it; the log does
        finally:
            ticket.leave()
            request.state.seconds = round(sum(ticket.heard), 3)


async def _gone(request: fastapi.Request) -> None:
    """Returns when the client has left; its body was read."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _too_slow(seconds: float) -> ProblemError:
    return ProblemError(
        503,
        "too_slow",
        Text(
            f"The request took more than {seconds:g} s. Send shorter recordings, or fewer at a time.",
            f"请求耗时超过 {seconds:g} 秒。请缩短录音，或减少每次发送的数量。",
        ),
        {"Retry-After": "10"},
    )
