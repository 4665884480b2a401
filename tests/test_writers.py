import csv
import io
import json

import pytest

from emotone.types import Segment
from emotone.writers import segment_rows, to_csv, to_json, to_jsonl, to_srt

SEGMENTS = (
    Segment(0.0, 1.2345, "sad", {"sad": 0.75, "happy": 0.25}),
    Segment(3599.9996, 3661.5, "happy", {"sad": 0.1, "happy": 0.9}),
)


def test_srt_rounds_to_milliseconds_and_carries() -> None:
    assert to_srt(SEGMENTS, {"sad": "悲伤"}) == (
        "1\n00:00:00,000 --> 00:00:01,234\n悲伤 75%\n\n2\n01:00:00,000 --> 01:01:01,500\nhappy 90%\n\n"
    )


def test_srt_of_nothing_is_empty() -> None:
    assert to_srt((), {}) == ""


def test_csv_reads_back() -> None:
    rows = list(csv.DictReader(io.StringIO(to_csv(segment_rows(SEGMENTS)))))
    assert list(rows[0]) == ["start", "end", "label", "confidence", "sad", "happy"]
    assert (rows[1]["label"], float(rows[1]["confidence"]), float(rows[1]["sad"])) == ("happy", 0.9, 0.1)
    assert to_csv([]) == ""


def test_csv_quotes_what_must_be_quoted() -> None:
    (row,) = csv.DictReader(io.StringIO(to_csv([{"file": 'a,"b"\n.wav'}])))
    assert row["file"] == 'a,"b"\n.wav'


def test_json_keeps_chinese_and_refuses_nan() -> None:
    assert to_json({"名": 1}) == '{\n  "名": 1\n}\n'
    assert to_jsonl({"a": "x\ny"}) == '{"a": "x\\ny"}\n'
    assert json.loads(to_jsonl({"a": "x\ny"})) == {"a": "x\ny"}
    with pytest.raises(ValueError, match="JSON compliant"):
        to_json(float("nan"))
