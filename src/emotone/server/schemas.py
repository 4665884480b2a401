"""What bodies look like, for the documentation of the API; `writers.record` says it in code."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, Field

from .problems import MEDIA_TYPE
from .questions import Options
from .uploads import FILE, LISTS

_SCORES = {"happy": 0.71, "neutral": 0.21, "surprised": 0.08}
_JSON_BYTES = {"type": "string", "format": "byte", "description": "The bytes of the file, in base64."}
_EXAMPLE = (  # 50 ms of 8 kHz, 8 bits
    b"RIFF\xb4\x01\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0@\x1f\0\0@\x1f\0\0\x01\0\x08\0data\x90\x01\0\0"
    + 40 * b"\x80\xa0\xb0\xa0\x80\x60\x50\x60\x70\x78"
)


class Advice(BaseModel):
    """A sentence in both languages."""

    en: str
    zh: str


class Doubt(BaseModel):
    """A reason to doubt a result."""

    code: str = Field(examples=["too_short"])
    en: str
    zh: str
    advice: Advice


class ModelName(BaseModel):
    """Which model made a result."""

    name: str = Field(examples=["emotone-small"])
    revision: str
    sha256: str


class SourceName(BaseModel):
    """What a result was made from."""

    name: str = Field(examples=["speech.wav"])
    sha256: str


class Opinion(BaseModel):
    """What is said about a stretch of sound."""

    label: str = Field(examples=["happy"])
    confidence: float = Field(ge=0, le=1, description="The label's score; 0 when it is withheld.", examples=[0.71])
    scores: dict[str, float] = Field(examples=[_SCORES])
    doubts: list[str] = Field(description="Codes of reasons to doubt it.")
    withheld: str | None = Field(None, description="The code of the reason why the label is `unknown`, with `abstain`.")


class Span(Opinion):
    """An opinion about a stretch of a recording."""

    text: str | None = Field(None, description="What is said in it, when the turns have it.")
    start: float = Field(description="Seconds from the beginning.")
    end: float = Field(description="Seconds from the beginning.")


class TimelineFields(BaseModel):
    """Which emotion is expressed when."""

    window: float
    hop: float
    min_segment: float
    segments: list[Span] = Field(description="Speech only, cut where the emotion changes.")
    windows: list[Span] = Field(description="One every hop.")
    absolute: "TimelineFields | None" = Field(None, description="The same without the baseline, when there is one.")


class BaselineFields(BaseModel):
    """What a recording was compared with."""

    seconds: float
    clips: int


class Head(BaseModel):
    """What a further head says of the same recording: the fields of an opinion, or tracks."""

    head: str
    label: str | None = None
    confidence: float | None = None
    scores: dict[str, float] | None = None
    doubts: list[str] | None = None
    withheld: str | None = None
    absolute: Opinion | None = None
    timeline: TimelineFields | None = None
    tracks: "list[TrackFields] | None" = None


class Said(BaseModel):
    """What is said of a recording, or of one speaker of it."""

    emotion: str = Field(description="The label with the highest score.", examples=["happy"])
    confidence: float = Field(ge=0, le=1, examples=[0.71])
    scores: dict[str, float] = Field(description="Label → score; they sum to 1.", examples=[_SCORES])
    doubts: list[Doubt] = Field(description="Reasons to doubt the result, the gravest first.")
    withheld: str | None = None
    label_set: list[str] | None = Field(None, description="The labels that come into question, from a calibrated head.")
    baseline: BaselineFields | None = None
    absolute: Opinion | None = Field(None, description="What is said without the baseline, when there is one.")


class Made(BaseModel):
    """How a result was made."""

    file: str | None = Field(None, description="The recording's name, when there are several.")
    granularity: str = Field(examples=["utterance"])
    timestamp: str = Field(examples=["2026-01-31 12:00:00"])
    duration: float = Field(description="Of the recording, in seconds.")
    head: str | None = Field(None, description="The head that answers, when it is not the model's own.")
    heads: list[Head] | None = Field(None, description="What further heads say.")
    model: ModelName
    source: SourceName
    emotone: str = Field(description="The version that made it.")


class Result(Said, Made):
    """The fields of `result.json`."""


class TimelineResult(Said, Made):
    """The fields of `result.json`, with emotion over time."""

    timeline: TimelineFields
    summary: dict[str, Any] = Field(description="Statistics, and sentences with the rules that made them.")


class TrackFields(Said):
    """What one speaker expresses."""

    speaker: str
    timeline: TimelineFields


class ConversationResult(Made):
    """The fields of `result.json` of a recording of several speakers."""

    doubts: list[Doubt]
    tracks: list[TrackFields]
    summary: dict[str, Any] = Field(
        description="Statistics of each speaker, and sentences with the rules that made them."
    )


class Embedding(BaseModel):
    """An embedding."""

    file: str | None = Field(None, description="The recording's name, when there are several.")
    embedding: list[float] | list[list[float]] = Field(description="`dim` values, or that many for each frame.")
    duration: float
    model: ModelName
    source: SourceName


class Problem(BaseModel):
    """What was wrong (RFC 9457)."""

    type: str = Field(examples=["urn:emotone:problem:UnsupportedAudioError"])
    title: str
    status: int = Field(examples=[415])
    detail: str
    detail_zh: str
    code: str = Field(examples=["UnsupportedAudioError"])
    request_id: str | None = None


class RefusedRecording(BaseModel):
    """A recording of several that could not be analysed."""

    file: str
    problem: Problem


PROBLEMS = {
    400: "The body is broken.",
    404: "There is nothing at this address.",
    405: "The address takes another method.",
    406: "None of the formats in `Accept` can be given.",
    413: "Too many bytes, files or seconds.",
    415: "The recording is nothing that can be decoded.",
    422: "An option or a recording cannot be used.",
    500: "An error that should not happen; the server's log says more.",
    503: "The server has enough to do, or the request took too long.",
    507: "The server's disk is full.",
}
"""Status → what it means."""


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The documentation of problems with these statuses."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    found: dict[int | str, dict[str, Any]] = {
        status: {"description": PROBLEMS[status], "content": content} for status in statuses
    }
    if 503 in found:
        found[503]["headers"] = {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}}}
    return found


def responses(results: Sequence[type[BaseModel]], formats: Mapping[str, str]) -> dict[int | str, dict[str, Any]]:
    """The documentation of the answers of a route that listens."""
    ones = [{"$ref": f"#/components/schemas/{result.__name__}"} for result in results]
    refused = {"$ref": "#/components/schemas/RefusedRecording"}
    content: dict[str, Any] = {}
    for name, media_type in formats.items():
        bare = media_type.partition(";")[0]
        content[bare] = {"schema": {"type": "string"}}
        if name == "json":
            content[bare] = {"schema": {"anyOf": [*ones, {"type": "array", "items": {"anyOf": [*ones, refused]}}]}}
    description = (
        "For one recording an object; for several a list, with the problem of each that could not be analysed."
    )
    answered: dict[int | str, dict[str, Any]] = {200: {"description": description, "content": content}}
    return answered | problems(400, 406, 413, 415, 422, 500, 503, 507)


def request_body(options: type[Options]) -> dict[str, Any]:
    """The documentation of the three kinds of body, for what a route takes."""
    binary = {"type": "string", "contentMediaType": "application/octet-stream"}
    several = {"type": "array", "items": binary}
    words = {name: schema for name, schema in _properties(options).items() if name in options.files}
    fields = {name: schema for name, schema in _properties(options).items() if name not in (*words, "name")}
    files = {name: {**(several if name in LISTS else binary), **_described(words, name)} for name in options.files}
    form = {FILE: {**several, "minItems": 1, "description": "Recordings."}, **files, **fields}
    base64 = {"type": "object", "properties": {"name": {"type": "string"}, "data": _JSON_BYTES}, "required": ["data"]}
    members = {
        name: {"type": "array", "items": {"anyOf": [base64, words[name]["items"]]}} if name in LISTS else base64
        for name in options.files
    }
    recordings = {"type": "array", "items": base64, "minItems": 1}
    optional = {name: {"anyOf": [schema, {"type": "null"}]} for name, schema in (members | fields).items()}
    json = {"files": recordings, **optional}
    example = {"files": [{"name": "speech.wav", "data": b64encode(_EXAMPLE).decode()}]}
    content = {
        "multipart/form-data": {"schema": {"type": "object", "properties": form, "required": [FILE]}},
        "application/json": {
            "schema": {"type": "object", "properties": json, "required": ["files"], "additionalProperties": False},
            "example": example,
        },
        "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
    }
    return {"requestBody": {"required": True, "content": content}}


def _described(words: Mapping[str, Any], name: str) -> dict[str, str]:
    described = words.get(name, {}).get("description")
    return {"description": described or "Who speaks when: RTTM, SubRip, WebVTT or JSON."}


def _properties(options: type[Options]) -> dict[str, Any]:
    properties: dict[str, Any] = options.model_json_schema()["properties"]
    return properties


def component_schemas() -> dict[str, Any]:
    """The schemas that the documentation of the routes refers to."""
    found: dict[str, Any] = {}
    for kind in (Result, TimelineResult, ConversationResult, Embedding, Problem, RefusedRecording):
        schema = kind.model_json_schema(ref_template="#/components/schemas/{model}")
        found |= schema.pop("$defs", {})
        found.setdefault(kind.__name__, schema)
    return found
