"""The routes of a store: what sounds like a recording, or like a row, and how a row sounds. Paths neither come in nor go out."""

import io
import shutil
import wave
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePath
from tempfile import NamedTemporaryFile
from typing import Annotated

import fastapi
import fastapi.responses
import numpy as np
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from ..batch.inputs import item_named
from ..batch.places import LocalFile
from ..errors import EmotoneError
from ..rows import Row
from ..store import EmbeddingStore, Match, match_record, parse_condition
from ..store.results import MAX_MATCHES
from ..text import Language, Text
from ..types import SAMPLE_RATE, Signal
from . import schemas
from .analysis import Analysis
from .drawn_map import DrawnMap
from .problems import ProblemError
from .questions import SearchOptions
from .recordings import handled
from .service import Service

MAX_SOUND = 60.0
"""Seconds of a row that can be listened to."""

_FORMATS = {"json": "application/json"}
_WHERE = "Conditions such as `label=angry` or `happy>=0.6`; all must hold, of several `=` about one column one."


class StoreMatch(BaseModel):
    """A row that sounds like what was searched for."""

    id: str
    similarity: float = Field(description="-1…1; what it is worth depends on the archive.")
    percentile: float | None = Field(description="How many of 100 random pairs are less alike.")
    file: str = Field(description="Name of the recording, without its folder.")
    sha256: str
    start: float
    end: float
    duration: float = Field(description="Of the whole recording, in seconds.")
    label: str
    confidence: float
    scores: dict[str, float]
    doubts: list[str]
    metadata: dict[str, str] = Field(description="The columns that were given with the recording.")


class StoreMatches(BaseModel):
    """What was found, the most similar first."""

    matches: list[StoreMatch]


class StoreDescription(BaseModel):
    """What is in the store."""

    model: schemas.ModelName
    rows: int
    columns: list[str] = Field(description="What conditions can be about.")
    meaningful: bool = Field(description="Whether there are enough rows for percentiles.")


def router(service: Service) -> fastapi.APIRouter:
    """The routes of the server's store."""
    # Described only where there is a store; everywhere they say how to get one.
    routes = fastapi.APIRouter(prefix="/v1/store", tags=["store"], include_in_schema=service.store is not None)
    drawn = DrawnMap()

    def opened() -> EmbeddingStore:
        if service.store is None:
            text = Text(
                "This server has no store. Start it with: emotone serve --store STORE",
                "此服务器没有向量库。请使用“emotone serve --store 向量库”启动。",
            )
            raise ProblemError(404, "no_store", text)
        return service.store

    @routes.get("", responses=schemas.problems(404, 422, 500))
    def info() -> StoreDescription:
        """What is in the store."""
        found = opened().info()
        model = schemas.ModelName(name=found.model.name, revision=found.model.revision, sha256=found.model.sha256)
        return StoreDescription(model=model, rows=found.rows, columns=list(found.columns), meaningful=found.meaningful)

    @routes.post(
        "/search",
        response_model=StoreMatches,
        responses=schemas.problems(400, 404, 406, 413, 415, 422, 500, 503, 507),
        openapi_extra=schemas.request_body(SearchOptions),
    )
    async def search(request: fastapi.Request, options: Annotated[SearchOptions, fastapi.Query()]) -> fastapi.Response:
        """What sounds like a recording, or like a stretch of it."""
        store = opened()

        async def answer(analysis: Analysis, given: SearchOptions, _: str) -> Callable[[], fastapi.Response]:
            conditions = [parse_condition(text) for text in given.where]
            store.check(service.recognizer(given.model).info)
            moment = await analysis.moment(given)
            return lambda: JSONResponse(_said(store.search(moment, limit=given.limit, where=conditions)).model_dump())

        return await handled(service, request, options, _FORMATS, answer)

    @routes.get("/similar", responses=schemas.problems(404, 422, 500))
    def similar(
        id: Annotated[str, fastapi.Query(description="Of a row.")],
        where: Annotated[list[str], fastapi.Query(description=_WHERE, max_length=100)] = [],  # noqa: B006
        limit: Annotated[int, fastapi.Query(ge=1, le=MAX_MATCHES)] = 10,
    ) -> StoreMatches:
        """What sounds like a row of the store."""
        return _said(opened().similar(id, limit=limit, where=[parse_condition(text) for text in where]))

    @routes.get("/sound", response_class=fastapi.Response, responses=_sounds())
    def sound(id: Annotated[str, fastapi.Query(description="Of a row.")]) -> fastapi.Response:
        """How a row sounds: its stretch of the recording, at most a minute, as WAV."""
        wav = _wav(_stretch(service, opened().row(id)))
        return fastapi.Response(wav, media_type="audio/wav", headers={"Cache-Control": "private, max-age=3600"})

    @routes.get("/map", response_class=fastapi.responses.HTMLResponse, include_in_schema=False)
    def map_(language: Language = "en") -> fastapi.responses.HTMLResponse:
        """The store as a page; for the page's tab. What takes minutes is done once, until the store has other rows."""
        return fastapi.responses.HTMLResponse(drawn.page(opened(), language))

    return routes


def _said(matches: Sequence[Match]) -> StoreMatches:
    return StoreMatches(
        matches=[StoreMatch(**{**match_record(match), "file": PurePath(match.row.file).name}) for match in matches]
    )


def _stretch(service: Service, row: Row) -> Signal:
    """The samples of a row, when its recording is still there."""
    try:
        with _on_disk(row.file) as path:
            recording = service.open(path)
            if recording.source.sha256 != row.sha256:
                raise _gone()
            return recording.load().samples[
                round(row.start * SAMPLE_RATE) : round(min(row.end, row.start + MAX_SOUND) * SAMPLE_RATE)
            ]
    except EmotoneError as error:  # whose text names the path, which is nobody's business
        raise _gone() from error


@contextmanager
def _on_disk(name: str) -> Iterator[Path]:
    """A recording as a file: where it lies, or a copy of what lies in an archive or elsewhere."""
    place = item_named(name).place
    if isinstance(place, LocalFile):
        yield place.path
        return
    with place.open() as stream, NamedTemporaryFile(suffix=PurePath(name).suffix) as copy:
        shutil.copyfileobj(stream, copy)
        copy.flush()
        yield Path(copy.name)


def _gone() -> ProblemError:
    text = Text(
        "The recording is no longer where it was when it was added, or has changed. Add it again.",
        "录音已不在添加时的位置，或内容已改变。请重新添加。",
    )
    return ProblemError(404, "recording_gone", text)


def _wav(samples: Signal) -> bytes:
    data = io.BytesIO()
    with wave.open(data, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes((np.clip(samples, -1.0, 32767 / 32768) * 32768).round().astype("<i2").tobytes())
    return data.getvalue()


def _sounds() -> dict[int | str, dict[str, object]]:
    content = {"audio/wav": {"schema": {"type": "string", "format": "binary"}}}
    return {200: {"description": "16 kHz, mono, 16 bits.", "content": content}, **schemas.problems(404, 422, 500)}
