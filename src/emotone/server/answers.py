"""What was found, as the body of an answer."""

import io
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from fastapi import Response

from ..interview import answer_row
from ..text import Text
from ..types import Timeline
from ..writers import Record, segment_rows, to_csv, to_json, to_jsonl
from .analysis import Answered, Embedded, Refusal
from .problems import ProblemError

Found: TypeAlias = Answered | Embedded | Refusal

FORMATS = {"json": "application/json", "jsonl": "application/x-ndjson", "csv": "text/csv; charset=utf-8"}
"""What every analysis can be answered with, and the media types."""

EMBEDDING_FORMATS = FORMATS | {"npy": "application/x-npy"}


def response_of(found: Sequence[Found], format_: str) -> Response:
    """The answer to a request.

    One recording makes one object, several make a list; in CSV, each makes rows.

    Args:
        found: For each recording.
        format_: A name of EMBEDDING_FORMATS.

    Raises:
        ProblemError: When the format takes one recording and there are several.
    """
    media_type = EMBEDDING_FORMATS[format_]
    if format_ == "npy":
        return Response(_npy(found), media_type=media_type)
    if format_ == "csv":
        return Response(to_csv(_filled([row for one in found for row in _rows(one)])), media_type=media_type)
    records = [_record(one, named=len(found) > 1) for one in found]
    if format_ == "jsonl":
        return Response("".join(map(to_jsonl, records)), media_type=media_type)
    return Response(to_json(records[0] if len(records) == 1 else records), media_type=media_type)


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


def _rows(one: Found) -> list[Record]:
    if isinstance(one, Refusal):
        return [{"file": one.name, "problem": one.problem.code}]
    if isinstance(one, Embedded):
        vectors = np.atleast_2d(one.vectors)
        return [
            {"file": one.name, **{f"e{number}": float(value) for number, value in enumerate(row)}} for row in vectors
        ]
    result = one.answer.result
    if isinstance(result, Timeline):
        return [{"file": one.name, **row} for row in segment_rows(result.windows)]
    return [answer_row(one.name, one.answer)]


def _filled(rows: list[Record]) -> list[Record]:
    """The same rows, each with the columns of all."""
    columns = dict.fromkeys(column for row in rows for column in row)
    return [{column: row.get(column, "") for column in columns} for row in rows]


def _npy(found: Sequence[Found]) -> bytes:
    if len(found) > 1 or not isinstance(found[0], Embedded):
        text = Text(
            "A .npy file holds the embedding of one recording. Send one, or choose json, jsonl or csv.",
            ".npy 文件只能保存一个录音的嵌入向量。请只发送一个录音，或选择 json、jsonl、csv。",
        )
        raise ProblemError(422, "one_recording", text)
    data = io.BytesIO()
    np.save(data, found[0].vectors, allow_pickle=False)
    return data.getvalue()
