"""What was found, as the body of an answer."""

import io
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from fastapi import Response

from ..text import Language, Text
from ..writers import FORMATS, Entry, Record, entry_of, to_csv, to_json, to_jsonl
from .analysis import Answered, Embedded, Refusal
from .formats import EMBEDDING_FORMATS
from .problems import ProblemError

Found: TypeAlias = Answered | Embedded | Refusal

REFUSED = "Emotone-Refused"
"""The header that counts recordings without a result, in formats that have no place to say it."""


def response_of(found: Sequence[Found], format_: str, language: Language) -> Response:
    """The answer to a request.

    One recording makes one object, several make a list, in which each that was refused has its problem.

    Args:
        found: For each recording.
        format_: A name of the formats that go with what was found.
        language: Of what people read in it.

    Raises:
        ProblemError: When all of several recordings were refused and the format cannot say it, or the format takes one.
        EmotoneError: When the format cannot hold what was found.
    """
    if format_ in ("json", "jsonl"):
        records = [_record(one, named=len(found) > 1) for one in found]
        lines = "".join(map(to_jsonl, records))
        text = lines if format_ == "jsonl" else to_json(records[0] if len(records) == 1 else records)
        return _response(text.encode(), FORMATS[format_].media_type)
    refused = [one for one in found if isinstance(one, Refusal)]
    if len(refused) == len(found):
        raise refused[0].problem
    headers = {REFUSED: str(len(refused))} if refused else {}
    embedded = [one for one in found if isinstance(one, Embedded)]
    if embedded:
        data = _npy(embedded) if format_ == "npy" else to_csv([row for one in embedded for row in _rows(one)]).encode()
        return _response(data, EMBEDDING_FORMATS[format_], headers)
    form = FORMATS[format_]
    entries = [_entry(one) for one in found if isinstance(one, Answered)]
    form.check(len(found), entries[0].granularity)
    return _response(form.write(entries, language), form.media_type, headers)


def _response(data: bytes, media_type: str, headers: dict[str, str] | None = None) -> Response:
    charset = "; charset=utf-8" if media_type.startswith("text/") else ""
    return Response(data, media_type=media_type + charset, headers=headers)


def _entry(one: Answered) -> Entry:
    return entry_of(one.name, one.answer.result, {"file": one.name, **one.answer.record})


def _record(one: Found, *, named: bool) -> Record:
    name = {"file": one.name} if named else {}
    if isinstance(one, Refusal):
        return {"file": one.name, "problem": one.problem.fields}
    if isinstance(one, Answered):
        return name | one.answer.record
    model = one.model
    return name | {
        "embedding": one.vectors.tolist(),
        "duration": one.duration,
        "model": {"name": model.name, "revision": model.revision, "sha256": model.sha256},
        "source": {"name": one.source.name, "sha256": one.source.sha256},
    }


def _rows(one: Embedded) -> list[Record]:
    vectors = np.atleast_2d(one.vectors)
    return [{"file": one.name, **{f"e{number}": float(value) for number, value in enumerate(row)}} for row in vectors]


def _npy(found: Sequence[Embedded]) -> bytes:
    if len(found) > 1:
        text = Text(
            "A .npy file holds the embedding of one recording. Send one, or choose json, jsonl or csv.",
            ".npy 文件只能保存一个录音的嵌入向量。请只发送一个录音，或选择 json、jsonl、csv。",
        )
        raise ProblemError(422, "one_recording", text)
    data = io.BytesIO()
    np.save(data, found[0].vectors, allow_pickle=False)
    return data.getvalue()
