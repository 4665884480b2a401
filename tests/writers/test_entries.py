from itertools import pairwise

import pytest
from talks import entry, whole

from emotone.types import Segment, Timeline, TimelineOptions, Track
from emotone.writers import entry_of
from emotone.writers.entries import last_tick, named_tracks, one_line, spans, spans_apart

TICKS = (100, 1000, 1_000_000)


@pytest.mark.parametrize("ticks", TICKS)
@pytest.mark.parametrize("seed", range(20))
def test_spans_stay_inside_the_recording_and_as_near_as_the_grid_allows(seed: int, ticks: int) -> None:
    conversation = entry(seed).conversation
    last = last_tick(conversation.duration, ticks)
    assert last / ticks == pytest.approx(conversation.duration, abs=1.001 / ticks)
    assert last / ticks <= conversation.duration + 1e-8
    for track in conversation.tracks:
        found = spans(track.timeline.segments, conversation.duration, ticks)
        assert found == sorted(found, key=lambda span: (span.start, span.end))
        for span in found:
            assert 0 <= span.start < span.end <= last
            assert span.start / ticks == pytest.approx(max(span.segment.start, 0), abs=0.501 / ticks)
            assert span.end / ticks == pytest.approx(min(span.segment.end, conversation.duration), abs=1.001 / ticks)
        inside = [(min(one.end, conversation.duration) - max(one.start, 0), one) for one in track.timeline.segments]
        long = [segment for length, segment in inside if length > 2 / ticks]
        assert {id(segment) for segment in long} <= {id(span.segment) for span in found}


@pytest.mark.parametrize("ticks", TICKS)
@pytest.mark.parametrize("seed", range(20))
def test_spans_apart_never_overlap_and_lose_none_but_for_overlaps(seed: int, ticks: int) -> None:
    conversation = entry(seed).conversation
    for track in conversation.tracks:
        together = spans(track.timeline.segments, conversation.duration, ticks)
        apart = spans_apart(track.timeline.segments, conversation.duration, ticks)
        assert all(one.end <= following.start for one, following in pairwise(apart))
        assert all(span.start < span.end for span in apart)
        assert {span.start for span in apart} == {span.start for span in together}


def test_neighbours_share_the_tick_between_them() -> None:
    scores = {"sad": 1.0}
    times = [0.0, 0.1 + 0.2, 0.7999999999, 1.2345]
    segments = [Segment(start, end, "sad", scores) for start, end in pairwise(times)]
    found = spans_apart(segments, 1.2345, 1000)
    assert [(span.start, span.end) for span in found] == [(0, 300), (300, 800), (800, 1234)]


@pytest.mark.parametrize(
    ("duration", "ticks", "last"), [(1.235, 1000, 1235), (0.0699999, 100, 6), (2.9999999999, 1000, 3000)]
)
def test_the_last_tick_forgives_no_more_than_floats_do(duration: float, ticks: int, last: int) -> None:
    assert last_tick(duration, ticks) == last


def test_a_prediction_is_one_segment_from_beginning_to_end() -> None:
    prediction = whole(2.5, "sad")
    made = entry_of("a.wav", prediction, {})
    assert made.granularity == "utterance"
    (track,) = made.conversation.tracks
    (segment,) = track.timeline.segments
    assert (segment.start, segment.end, segment.label) == (0.0, 2.5, "sad")
    assert segment.confidence == prediction.confidence
    assert track.timeline.utterance is prediction


def test_labels_are_those_of_the_scores_and_unknown_where_one_is_withheld() -> None:
    assert entry_of("a.wav", whole(), {}).labels == tuple(whole().scores)
    assert all("unknown" in entry(seed).labels for seed in (4, 7, 10))


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("one\n\ntwo\u2028three", "one two three"),
        ("a\tb\x1f", "a b"),
        ("\x00 \ud800 \ufffe", "\ufffd \ufffd \ufffd"),
        (" 😀 你好 ", "😀 你好"),
        ("\n", ""),
    ],
)
def test_one_line(text: str, line: str) -> None:
    assert one_line(text) == line


def test_speakers_of_the_same_name_are_told_apart() -> None:
    timeline = Timeline(whole(), (), (), (), TimelineOptions())
    tracks = [Track(speaker, timeline) for speaker in ("Anna", "Anna", "", "Anna 2", "\n")]
    assert [name for name, _ in named_tracks(tracks)] == ["Anna", "Anna 2", "", "Anna 2 2", "2"]
