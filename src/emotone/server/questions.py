"""What a request asks for: the options of the command line, as query, fields of a form, or members of JSON."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic.json_schema import SkipJsonSchema

from ..heads import Head, check_head, load_head
from ..interview import OWN_HEAD, named_heads
from ..recognizer import Recognizer
from ..store.results import MAX_MATCHES
from ..text import Text
from ..types import TimelineOptions
from .formats import EMBEDDING_FORMATS, PREDICTION_FORMATS, TIMELINE_FORMATS
from .problems import ProblemError, invalid
from .uploads import BASELINE, FILE, HEAD, LISTS, TURNS, Body, Upload

_DEFAULTS = TimelineOptions()


def _format_of(formats: Mapping[str, str]) -> Any:
    description = "Format of the answer; goes before the header `Accept`."
    return Field(None, description=description, json_schema_extra={"enum": list(formats)})


def _filled(value: Any) -> Any:
    return [one for one in value if one != ""] if isinstance(value, list) else value


class Options(BaseModel):
    """What every analysis takes. An empty text is as good as none: forms send it for what was not filled in."""

    model_config = ConfigDict(extra="forbid")
    files: ClassVar[tuple[str, ...]] = ()  # fields that take files, besides the recordings
    lists: ClassVar[frozenset[str]] = frozenset()  # options that take several values

    model: str | SkipJsonSchema[None] = Field(
        None, description="Name of a model of `/v1/models`; without it, the server's own."
    )
    channel: int | SkipJsonSchema[None] = Field(
        None, ge=0, lt=64, description="Listen to one channel, counted from 0; without it, to the mean of all."
    )
    format: str | SkipJsonSchema[None] = None
    name: str | SkipJsonSchema[None] = Field(None, description="What to call the recording of a raw body.")

    @model_validator(mode="before")
    @classmethod
    def _without_empty(cls, given: Any) -> Any:
        return (
            {key: _filled(value) for key, value in given.items() if value != ""} if isinstance(given, dict) else given
        )


class PredictOptions(Options):
    """What `predict` takes."""

    files: ClassVar[tuple[str, ...]] = (BASELINE, HEAD)

    format: str | SkipJsonSchema[None] = _format_of(PREDICTION_FORMATS)
    baseline: list[Literal["auto"]] = Field(
        [],
        description="`auto` compares each recording with all of the request. As files of a form: recordings of the same voice "
        "in any mood, or a file of `emotone baseline make`.",
    )
    head: list[Literal["emotions"]] = Field(
        [],
        description="As files of a form: heads that `emotone train` made; the first one answers. `emotions` is the model's own. "
        "Without it, the heads that the server was started with.",
    )
    abstain: bool = Field(False, description="Say `unknown` instead of a label where there is grave doubt.")


class TimelineRequestOptions(PredictOptions):
    """What `timeline` takes."""

    files: ClassVar[tuple[str, ...]] = (BASELINE, HEAD, TURNS)

    format: str | SkipJsonSchema[None] = _format_of(TIMELINE_FORMATS)
    window: float = Field(_DEFAULTS.window, gt=0, le=3600, description="Seconds that each row of scores looks at.")
    hop: float = Field(_DEFAULTS.hop, ge=0.01, le=3600, description="Seconds from one row to the next.")
    min_segment: float = Field(
        _DEFAULTS.min_segment, ge=0, le=3600, description="Segments shorter than this many seconds join a neighbour."
    )

    channels: Literal["mix", "split"] = Field(
        "mix",
        description="`split`: each channel is a speaker with a track; `mix`: all are one. A file `turns` gives speakers too.",
    )

    @property
    def cut(self) -> TimelineOptions:
        """How a recording is cut."""
        return TimelineOptions(self.window, self.hop, self.min_segment)


class EmbedOptions(Options):
    """What `embed` takes."""

    format: str | SkipJsonSchema[None] = _format_of(EMBEDDING_FORMATS)
    granularity: Literal["utterance", "frame"] = Field(
        "utterance", description="One embedding for the whole recording, or one for each frame."
    )


class SearchOptions(Options):
    """What `store/search` takes."""

    lists: ClassVar[frozenset[str]] = frozenset({"where"})

    start: float | SkipJsonSchema[None] = Field(None, ge=0, description="Where the stretch begins, in seconds.")
    end: float | SkipJsonSchema[None] = Field(None, gt=0, description="Where it ends.")
    where: list[str] = Field(
        [], max_length=100, description="Conditions such as `label=angry` or `happy>=0.6`; all must hold."
    )
    limit: int = Field(10, ge=1, le=MAX_MATCHES, description="How many matches.")


_Options = TypeVar("_Options", bound=Options)


def merged(query: _Options, body: Body) -> _Options:
    """The options of the query and of the body together; the body's go first.

    Raises:
        ProblemError: 422 for an option that does not exist or does not fit, and for a file in a field that takes none.
    """
    kind = type(query)
    given: dict[str, Any] = query.model_dump(exclude_unset=True)
    texts: dict[str, list[Any]] = {}
    for name, value in body.items:
        takes_files = name == FILE or name in kind.files
        if not isinstance(value, Upload):
            texts.setdefault(name, []).append(value)
        elif not takes_files:
            raise invalid([{"loc": (name,), "msg": "this field takes no file"}])
    for name, values in texts.items():
        given[name] = values if name in LISTS else _listed(values) if name in kind.lists else values[-1]
    try:
        return kind.model_validate(given, strict=body.typed)
    except ValidationError as error:
        raise invalid(error.errors()) from error


def _listed(values: list[Any]) -> list[Any]:
    """Values of a field, one by one or as one list of JSON."""
    return [one for value in values for one in (value if isinstance(value, list) else [value])]


def recordings(body: Body) -> list[Upload]:
    """The recordings of a request. Raises `ProblemError` 422 when there are none."""
    found = body.files(FILE)
    if not found:
        raise ProblemError(
            422,
            "no_recording",
            Text(
                "There is no recording in the request. Send it as the file 'file' of a form, as 'files' in JSON, or as the body.",
                "请求中没有录音。请将其作为表单的文件字段“file”、JSON 的“files”或请求正文发送。",
            ),
        )
    return found


def heads_of(recognizer: Recognizer, options: PredictOptions, body: Body) -> Mapping[str, Head]:
    """The heads that a request asks for, in its order; none when it leaves that to the server.

    Raises:
        ModelError: When a file holds no head, or that of another model.
        OptionError: When two have the same name.
    """
    given = [value for name, value in body.items if name == HEAD] or options.head

    def named(one: Upload | str) -> tuple[str, Head]:
        if not isinstance(one, Upload):
            return OWN_HEAD, recognizer.head
        with one.named():
            head = load_head(one.path)
        return head.name or one.stem, head

    heads = named_heads(map(named, given))
    for head in heads.values():
        check_head(head, recognizer.info)
    return heads
