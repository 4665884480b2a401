"""Praat itself reads what is written."""

from itertools import pairwise
from pathlib import Path

import parselmouth
import pytest
from parselmouth.praat import call
from talks import entry

from emotone.writers import FORMATS, Entry
from emotone.writers.entries import named_tracks, one_line, spans_apart, tier_name

Interval = tuple[float, float, str]


def tiers(written: Entry, folder: Path) -> dict[str, list[Interval]]:
    path = folder / "talk.TextGrid"
    path.write_bytes(FORMATS["textgrid"].write([written], "en"))
    grid = parselmouth.read(str(path))
    assert isinstance(grid, parselmouth.TextGrid)
    assert grid.xmax == pytest.approx(written.conversation.duration, abs=1e-6)
    assert grid.xmax <= written.conversation.duration + 1e-9
    found: dict[str, list[Interval]] = {}
    for tier in range(1, call(grid, "Get number of tiers") + 1):
        intervals = [
            (
                call(grid, "Get start time of interval", tier, number),
                call(grid, "Get end time of interval", tier, number),
                call(grid, "Get label of interval", tier, number),
            )
            for number in range(1, call(grid, "Get number of intervals", tier) + 1)
        ]
        assert (intervals[0][0], intervals[-1][1]) == (0, grid.xmax)
        assert all(one[1] == following[0] for one, following in pairwise(intervals))
        assert all(start < end for start, end, _ in intervals)
        found[call(grid, "Get tier name", tier)] = intervals
    return found


@pytest.mark.parametrize("seed", range(24))
def test_praat_reads_every_label_at_its_time(seed: int, tmp_path: Path) -> None:
    written = entry(seed)
    found = tiers(written, tmp_path)
    expected = set()
    for speaker, track in named_tracks(written.conversation.tracks):
        segments = [(span.start / 1e6, span.end / 1e6, span.segment) for span in _spans(written, track)]
        contents = {
            "emotion": [(start, end, one_line(segment.label)) for start, end, segment in segments],
            "confidence": [(start, end, f"{segment.confidence:.3f}") for start, end, segment in segments],
        }
        said = [(start, end, one_line(segment.text)) for start, end, segment in segments]
        if any(text for _, _, text in said):
            contents["text"] = [one for one in said if one[2]]
        for kind, intervals in contents.items():
            expected.add(tier_name(kind, speaker))
            assert [one for one in found[tier_name(kind, speaker)] if one[2]] == intervals
    assert found.keys() == expected


def _spans(written, track):
    return spans_apart(track.timeline.segments, written.conversation.duration, 1_000_000)
