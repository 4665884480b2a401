"""Results as JSON and CSV: the fields are those of `result.json`."""

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from .. import __version__
from ..events import Window
from ..types import (
    Baseline,
    Conversation,
    ModelInfo,
    Opinion,
    Prediction,
    Reason,
    Segment,
    Source,
    Timeline,
    Track,
    utterance_of,
)
from .summaries import summary_record

Record = dict[str, Any]
"""A result as JSON knows it."""


def record(
    result: Prediction | Timeline | Conversation,
    when: datetime,
    *,
    head: str | None = None,
    others: Mapping[str, Prediction | Timeline | Conversation] | None = None,
) -> Record:
    """The content of `result.json`.

    A prediction is of granularity `utterance`, a timeline of granularity `frame`; so is a conversation, which has tracks in
    place of one result.

    Args:
        result: What is said.
        when: It was said.
        head: The name of the head that said it, when it is not the model's own.
        others: What further heads say of the same recording, by their names.
    """
    stamp: Record = {
        "granularity": "utterance" if isinstance(result, Prediction) else "frame",
        "timestamp": when.strftime("%Y-%m-%d %H:%M:%S"),
    }
    if isinstance(result, Conversation):
        fields, utterance = stamp | _tracks(result), result.tracks[0].timeline.utterance
    else:
        utterance = utterance_of(result)
        fields = _said(utterance) | stamp | {"duration": utterance.duration} | _about(result)
    if head is not None:
        fields["head"] = head
    if others:
        fields["heads"] = [_other(name, other) for name, other in others.items()]
    if not isinstance(result, Prediction):
        fields["summary"] = summary_record(result)
    return fields | _origin(utterance.model, utterance.source)


def _origin(model: ModelInfo, source: Source) -> Record:
    return {
        "model": {"name": model.name, "revision": model.revision, "sha256": model.sha256},
        "source": {"name": source.name, "sha256": source.sha256},
        "emotone": __version__,
    }


def _said(utterance: Prediction) -> Record:
    return {"emotion": utterance.label, "confidence": utterance.confidence, "scores": dict(utterance.scores)}


def _about(result: Prediction | Timeline) -> Record:
    """What there is to know about what is said, and when it is said."""
    utterance = utterance_of(result)
    fields: Record = {"doubts": [_reason(reason) for reason in utterance.doubts], **_withheld(utterance)}
    if utterance.label_set is not None:
        fields["label_set"] = list(utterance.label_set)
    if utterance.baseline is not None:
        fields["baseline"] = _baseline(utterance.baseline)
    return fields | _views(result)


def _tracks(conversation: Conversation) -> Record:
    return {
        "duration": conversation.duration,
        "doubts": [_reason(reason) for reason in conversation.doubts],
        "tracks": [_track(track) for track in conversation.tracks],
    }


def _track(track: Track) -> Record:
    return {"speaker": track.speaker, **_said(track.timeline.utterance), **_about(track.timeline)}


def _views(result: Prediction | Timeline) -> Record:
    """What is said without the baseline, and when, as far as that was asked for."""
    fields: Record = {}
    absolute = utterance_of(result).absolute
    if absolute is not None:
        fields["absolute"] = _opinion(absolute)
    if isinstance(result, Timeline):
        fields["timeline"] = _timeline(result)
    return fields


def _other(name: str, result: Prediction | Timeline | Conversation) -> Record:
    if isinstance(result, Conversation):
        return {"head": name, "tracks": [_track(track) for track in result.tracks]}
    said = utterance_of(result)
    opinion = Opinion(said.label, said.scores, said.doubts, said.withheld)
    return {"head": name, **_opinion(opinion), **_views(result)}


def _timeline(timeline: Timeline) -> Record:
    """Options, segments and windows of a timeline; times in seconds."""
    fields = {
        "window": timeline.options.window,
        "hop": timeline.options.hop,
        "min_segment": timeline.options.min_segment,
        "segments": [segment_record(segment) for segment in timeline.segments],
        "windows": [segment_record(window) for window in timeline.windows],
    }
    if timeline.absolute is not None:
        fields["absolute"] = _timeline(timeline.absolute)
    return fields


def to_json(value: Any) -> str:
    """Indented JSON that ends with a newline; Chinese stays readable."""
    return json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False) + "\n"


def to_jsonl(value: Any) -> str:
    """One line of JSON."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False) + "\n"


def utf8(text: str) -> bytes:
    """Text as bytes; what UTF-8 cannot hold, such as bytes of a file name, becomes question marks."""
    return text.encode("utf-8", "replace")


def to_csv(rows: Iterable[Mapping[str, Any]], columns: Sequence[str] | None = None) -> str:
    """A table with a header line.

    Args:
        rows: Column → value; a column that a row lacks stays empty.
        columns: Their names and order; `None` takes those of the rows, in the order in which they come up.
    """
    rows = list(rows)
    columns = list(columns or dict.fromkeys(column for row in rows for column in row))
    text = io.StringIO()
    if columns:
        writer = csv.DictWriter(text, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return text.getvalue()


def _baseline(baseline: Baseline) -> Record:
    return {"seconds": baseline.duration, "clips": baseline.clips}


def window_record(window: Window) -> Record:
    """A window of a stream: as a segment, and what it was compared with."""
    fields = segment_record(window.segment)
    if window.baseline is not None:
        fields["baseline"] = _baseline(window.baseline)
    if window.absolute is not None:
        fields["absolute"] = _opinion(window.absolute)
    return fields


def segment_record(segment: Segment) -> Record:
    """A segment or a window, as a timeline in `result.json` has it."""
    text = {"text": segment.text} if segment.text else {}
    return {"start": segment.start, "end": segment.end, **_opinion(segment), **text}


def _opinion(said: Opinion | Segment) -> Record:
    return {
        "label": said.label,
        "confidence": said.confidence,
        "scores": dict(said.scores),
        "doubts": [reason.code for reason in said.doubts],
        **_withheld(said),
    }


def _withheld(said: Opinion | Prediction | Segment) -> Record:
    return {} if said.withheld is None else {"withheld": said.withheld.code}


def _reason(reason: Reason) -> Record:
    return {
        "code": reason.code,
        "en": reason.text.en,
        "zh": reason.text.zh,
        "advice": {"en": reason.advice.en, "zh": reason.advice.zh},
    }
