"""Tables: a row for each recording, segment or window. CSV, Parquet, and the index that audformat reads."""

from collections.abc import Callable, Sequence
from datetime import timedelta

from ..rows import arrow, to_parquet
from ..text import Language, printable
from ..types import Segment, Timeline
from .entries import Entry, Span, one_line, spans, union
from .records import Record, to_csv, utf8

_COLUMNS = ("file", "speaker", "start", "end", "label", "confidence", "doubts", "text")  # then one for each label
_AUDFORMAT_COLUMNS = ("file", "start", "end", "emotion", "confidence", "speaker", "text")  # likewise
_TEXTS = {"file", "speaker", "label", "emotion", "absolute", "doubts", "text"}  # all other columns are numbers
_MILLISECONDS, _MICROSECONDS = 1000, 1_000_000  # in a second: in CSV and Parquet, and for audformat


def write_csv(entries: Sequence[Entry], language: Language) -> bytes:
    """A row for each segment; when all results are of whole recordings, a row for each recording."""
    return utf8(to_csv(*_table(entries)))


def write_windows(entries: Sequence[Entry], language: Language) -> bytes:
    """A row for each window."""
    return utf8(to_csv(*_timed_table(entries, lambda timeline: timeline.windows)))


def write_parquet(entries: Sequence[Entry], language: Language) -> bytes:
    """The table of `write_csv` with types, for programs.

    Raises:
        MissingExtraError: When pyarrow is not installed.
    """
    pa = arrow()
    rows, columns = _table(entries)
    kinds = [(column, pa.string() if _is_text(column) else pa.float64()) for column in columns]
    return to_parquet(pa.Table.from_pylist(rows, pa.schema(kinds)))


def write_audformat(entries: Sequence[Entry], language: Language) -> bytes:
    """A table with a segmented index (`file`, `start`, `end`), for `audformat.utils.read_csv`."""
    rows = [
        {
            **span.segment.scores,
            "file": one_line(entry.file),
            "start": _timedelta(span.start),
            "end": _timedelta(span.end),
            "emotion": span.segment.label,
            "confidence": span.segment.confidence,
            "speaker": one_line(track.speaker),
            "text": one_line(span.segment.text),
        }
        for entry in entries
        for track in entry.conversation.tracks
        for span in spans(track.timeline.segments, entry.conversation.duration, _MICROSECONDS)
    ]
    return utf8(to_csv(rows, union([_AUDFORMAT_COLUMNS, *(entry.labels for entry in entries)])))


def _is_text(column: str) -> bool:
    return column in _TEXTS or column.endswith(".emotion")


def _timedelta(microseconds: int) -> str:
    """As pandas writes it: `0 days 00:00:01.234000`."""
    whole = timedelta(microseconds=microseconds)
    minutes, seconds = divmod(whole.seconds, 60)
    return f"{whole.days} days {minutes // 60:02d}:{minutes % 60:02d}:{seconds:02d}.{whole.microseconds:06d}"


def _table(entries: Sequence[Entry]) -> tuple[list[Record], tuple[str, ...]]:
    """Rows and columns: of recordings, or of segments as soon as one result says when."""
    if entries and all(entry.granularity == "utterance" for entry in entries):
        rows = [recording_row(entry) for entry in entries]
        return rows, union(rows)
    return _timed_table(entries, lambda timeline: timeline.segments)


def _timed_table(
    entries: Sequence[Entry], stretches: Callable[[Timeline], Sequence[Segment]]
) -> tuple[list[Record], tuple[str, ...]]:
    rows = [row for entry in entries for row in _rows(entry, stretches)]
    return rows, union([_COLUMNS, *(entry.labels for entry in entries)])


def _rows(entry: Entry, stretches: Callable[[Timeline], Sequence[Segment]]) -> list[Record]:
    """One for each stretch, in the order of time, whoever speaks."""
    rows = [
        _segment_row(entry.file, track.speaker, span)
        for track in entry.conversation.tracks
        for span in spans(stretches(track.timeline), entry.conversation.duration, _MILLISECONDS)
    ]
    return sorted(rows, key=lambda row: (row["start"], row["end"]))


def _segment_row(file: str, speaker: str, span: Span) -> Record:
    segment = span.segment
    return {
        **segment.scores,
        "file": file,
        "speaker": printable(speaker),
        "start": span.start / _MILLISECONDS,
        "end": span.end / _MILLISECONDS,
        "label": segment.label,
        "confidence": segment.confidence,
        "doubts": " ".join(reason.code for reason in segment.doubts),
        "text": printable(segment.text),
    }


def _uncompared(absolute: Record, baseline: Record) -> Record:
    return {
        "absolute": absolute["label"],
        "absolute_confidence": absolute["confidence"],
        "baseline_seconds": baseline["seconds"],
    }


def recording_row(entry: Entry) -> Record:
    """One flat row: what the record of a recording says of the whole."""
    fields = entry.record
    absolute, others = fields.get("absolute"), fields.get("heads", [])
    row = {
        "file": entry.file,
        "emotion": fields["emotion"],
        "confidence": fields["confidence"],
        **({} if absolute is None else _uncompared(absolute, fields["baseline"])),
        **{f"{other['head']}.emotion": other["label"] for other in others},
        **{f"{other['head']}.confidence": other["confidence"] for other in others},
        "duration": fields["duration"],
        "doubts": " ".join(reason["code"] for reason in fields["doubts"]),
    }
    return {**row, **{label: score for label, score in fields["scores"].items() if label not in row}}
