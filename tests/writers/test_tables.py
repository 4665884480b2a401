"""Tables, as csv, pyarrow, pandas and audformat read them."""

import csv
import io
import sys
from pathlib import Path

import audformat
import pandas as pd
import pytest
from pyarrow import parquet
from talks import entry, whole

from emotone.errors import MissingExtraError
from emotone.labels import LABELS
from emotone.text import printable
from emotone.types import Segment
from emotone.writers import FORMATS, Entry, entry_of
from emotone.writers.entries import one_line, spans


def expected(entries: list[Entry]) -> list[tuple[str, str, float, float, str, float, str, str]]:
    """File, speaker, start, end, label, confidence, doubts and text of every segment: file by file, in the order of time."""
    rows = []
    for one in entries:
        own = [
            (
                *(one.file, printable(track.speaker), span.start / 1000, span.end / 1000, span.segment.label),
                span.segment.confidence,
                " ".join(reason.code for reason in span.segment.doubts),
                printable(span.segment.text),
            )
            for track in one.conversation.tracks
            for span in spans(track.timeline.segments, one.conversation.duration, 1000)
        ]
        rows += sorted(own, key=lambda row: row[2:4])
    return rows


@pytest.mark.parametrize("seed", range(12))
def test_csv_reads_back(seed: int) -> None:
    entries = [entry(seed), entry(seed + 3)]
    text = FORMATS["csv"].write(entries, "en").decode()
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    found = [
        (
            *(row["file"], row["speaker"], float(row["start"]), float(row["end"]), row["label"]),
            *(float(row["confidence"]), row["doubts"], row["text"]),
        )
        for row in rows
    ]
    assert found == expected(entries)
    for row in rows:
        assert row["label"] == "unknown" or float(row[row["label"]]) == float(row["confidence"])


@pytest.mark.parametrize("seed", range(12))
def test_parquet_reads_back_with_types(seed: int) -> None:
    entries = [entry(seed), entry(seed + 3)]
    table = parquet.read_table(io.BytesIO(FORMATS["parquet"].write(entries, "en")))
    labels = list(dict.fromkeys(label for one in entries for label in one.labels))
    assert table.column_names == ["file", "speaker", "start", "end", "label", "confidence", "doubts", "text", *labels]
    assert {str(table.schema.field(name).type) for name in ("start", "end", "confidence", *labels)} == {"double"}
    assert [tuple(row.values())[:8] for row in table.to_pylist()] == expected(entries)


def test_windows_are_rows_of_their_own() -> None:
    written = entry(3)
    rows = list(csv.DictReader(io.StringIO(FORMATS["windows"].write([written], "en").decode(), newline="")))
    windows = [window for track in written.conversation.tracks for window in track.timeline.windows]
    inside = [window for window in windows if window.start < written.conversation.duration]
    found = [(float(row["start"]), row["label"]) for row in rows]
    assert found == sorted(((window.start, window.label) for window in inside), key=lambda one: one[0])


def test_results_of_whole_recordings_are_a_row_each() -> None:
    fields = {
        "emotion": "sad",
        "confidence": 0.6,
        "duration": 2.5,
        "scores": {"sad": 0.6, "happy": 0.4},
        "doubts": [{"code": "too_short"}, {"code": "noisy"}],
        "absolute": {"label": "happy", "confidence": 0.5},
        "baseline": {"seconds": 31.5, "clips": 4},
        "heads": [{"head": "calm", "label": "calm", "confidence": 0.9}],
    }
    entries = [entry_of("a.wav", whole(), fields), entry_of("b.wav", whole(), fields)]
    first, _ = csv.DictReader(io.StringIO(FORMATS["csv"].write(entries, "en").decode()))
    assert first == {
        "file": "a.wav",
        "emotion": "sad",
        "confidence": "0.6",
        "absolute": "happy",
        "absolute_confidence": "0.5",
        "baseline_seconds": "31.5",
        "calm.emotion": "calm",
        "calm.confidence": "0.9",
        "duration": "2.5",
        "doubts": "too_short noisy",
        "sad": "0.6",
        "happy": "0.4",
    }
    table = parquet.read_table(io.BytesIO(FORMATS["parquet"].write(entries, "en"))).to_pylist()
    assert [row["file"] for row in table] == ["a.wav", "b.wav"]
    assert (table[0]["emotion"], table[0]["calm.emotion"], table[0]["sad"]) == ("sad", "calm", 0.6)


def test_parquet_without_pyarrow_names_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtraError, match=r'pip install "emotone\[tables\]"'):
        FORMATS["parquet"].write([entry(3)], "en")


@pytest.mark.parametrize("seed", range(12))
def test_audformat_reads_a_segmented_index(seed: int, tmp_path: Path) -> None:
    entries = [entry(seed), entry(seed + 3)]
    path = tmp_path / "talk.audformat.csv"
    path.write_bytes(FORMATS["audformat"].write(entries, "en"))
    table = audformat.utils.read_csv(path, as_dataframe=True, keep_default_na=False)
    assert audformat.is_segmented_index(table.index)
    segments: list[tuple[Entry, Segment, int, int]] = [
        (one, span.segment, span.start, span.end)
        for one in entries
        for track in one.conversation.tracks
        for span in spans(track.timeline.segments, one.conversation.duration, 1_000_000)
    ]
    assert list(table.index) == [
        (one_line(one.file), pd.Timedelta(start, "us"), pd.Timedelta(end, "us")) for one, _, start, end in segments
    ]
    assert list(table["emotion"].astype(str)) == [segment.label for _, segment, _, _ in segments]
    assert list(table["confidence"].astype(float)) == [segment.confidence for _, segment, _, _ in segments]
    assert list(table["text"].astype(str)) == [one_line(segment.text) for _, segment, _, _ in segments]


def test_days_are_carried_in_audformat(tmp_path: Path) -> None:
    prediction = whole(100_000.25)
    path = tmp_path / "long.audformat.csv"
    path.write_bytes(FORMATS["audformat"].write([entry_of("a.wav", prediction, {})], "en"))
    assert b",0 days 00:00:00.000000,1 days 03:46:40.250000,sad," in path.read_bytes()
    ((_, start, end),) = audformat.utils.read_csv(path).index
    assert (start.total_seconds(), end.total_seconds()) == (0, 100_000.25)
    assert list(audformat.utils.read_csv(path).columns[-len(LABELS) :]) == list(LABELS)
