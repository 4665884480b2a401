"""Results as files: one function per format, and `FORMATS`, the list of them."""

from .entries import Entry, Granularity, entry_of
from .formats import FORMATS, Format, format_of_file, format_of_media_type
from .records import Record, record, segment_record, to_csv, to_json, to_jsonl, window_record

__all__ = [
    "FORMATS",
    "Entry",
    "Format",
    "Granularity",
    "Record",
    "entry_of",
    "format_of_file",
    "format_of_media_type",
    "record",
    "segment_record",
    "to_csv",
    "to_json",
    "to_jsonl",
    "window_record",
]
