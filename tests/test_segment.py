import numpy as np
import pytest

from emotone.segment import common, label_regions, merged, speech_between, speech_regions, window_spans
from emotone.types import Region, Segment, TimelineOptions

STEP = 0.032


def window(start: float, end: float, **scores: float) -> Segment:
    return Segment(start, end, max(scores, key=lambda label: scores[label]), scores)


def test_windows_step_by_the_hop_and_end_with_the_signal() -> None:
    assert window_spans(4.2, TimelineOptions(window=3.0, hop=0.5)) == [
        (0.0, 3.0),
        (0.5, 3.5),
        (1.0, 4.0),
        (pytest.approx(1.2), 4.2),
    ]


@pytest.mark.parametrize("duration", [0.01, 2.9, 3.0])
def test_a_short_signal_is_one_window(duration: float) -> None:
    assert window_spans(duration, TimelineOptions(window=3.0)) == [(0.0, duration)]


def test_no_extra_window_where_the_hops_fit() -> None:
    assert window_spans(4.0, TimelineOptions(window=3.0, hop=0.5))[-1] == (1.0, 4.0)


def probabilities(*runs: tuple[float, int]) -> np.ndarray:
    return np.concatenate([np.full(count, value, np.float32) for value, count in runs])


def test_regions_are_padded_speech() -> None:
    found = speech_regions(probabilities((0, 50), (0.9, 100), (0, 50)), STEP, 200 * STEP)
    assert found == (Region(pytest.approx(50 * STEP - 0.1), pytest.approx(150 * STEP + 0.1)),)


def test_short_gaps_are_closed_and_long_ones_kept() -> None:
    short = speech_regions(probabilities((0.9, 40), (0, 8), (0.9, 40)), STEP, 88 * STEP)
    long = speech_regions(probabilities((0.9, 40), (0, 12), (0.9, 40)), STEP, 92 * STEP)
    assert short == (Region(0.0, 88 * STEP),)
    assert len(long) == 2
    assert long[0].end < long[1].start


def test_clicks_are_no_speech() -> None:
    assert speech_regions(probabilities((0, 50), (0.9, 3), (0, 50)), STEP, 103 * STEP) == ()


def test_speech_lasts_through_hesitation() -> None:
    found = speech_regions(probabilities((0, 20), (0.9, 10), (0.3, 20), (0.9, 10), (0, 20)), STEP, 80 * STEP)
    assert len(found) == 1


def test_segments_are_cut_between_window_centres() -> None:
    windows = [window(t, t + 2, sad=0.9, happy=0.1) for t in (0, 1, 2)] + [
        window(t, t + 2, sad=0.2, happy=0.8) for t in (3, 4)
    ]
    sad, happy = label_regions([Region(0.5, 6.0)], windows, min_segment=1.0)
    assert (sad.start, sad.end, sad.label) == (0.5, 3.5, "sad")
    assert (happy.start, happy.end, happy.label) == (3.5, 6.0, "happy")
    assert happy.scores == pytest.approx({"sad": 0.2, "happy": 0.8})


def test_short_segments_join_the_longer_neighbour() -> None:
    labels = ["sad"] * 6 + ["happy"] + ["angry"] * 3
    names = ("sad", "happy", "angry")
    windows = [window(t, t + 1, **{n: 0.8 if n == label else 0.1 for n in names}) for t, label in enumerate(labels)]
    found = label_regions([Region(0, 10)], windows, min_segment=1.5)
    assert [(s.start, s.end, s.label) for s in found] == [(0, 7, "sad"), (7, 10, "angry")]
    assert found[0].scores == pytest.approx({"sad": 0.7, "happy": 0.2, "angry": 0.1})


def test_segments_stay_within_regions() -> None:
    windows = [window(t, t + 1, sad=1.0, happy=0.0) for t in range(10)]
    regions = [Region(1.0, 2.5), Region(4.0, 4.4), Region(9.0, 10.0)]
    found = label_regions(regions, windows, min_segment=1.0)
    assert [(s.start, s.end) for s in found] == [(r.start, r.end) for r in regions]


def test_random_timelines_are_covered_exactly() -> None:
    generator = np.random.default_rng(0)
    for _ in range(200):
        scores = generator.dirichlet(np.ones(3), 40)
        windows = [window(t / 2, t / 2 + 3, a=s[0], b=s[1], c=s[2]) for t, s in enumerate(scores)]
        edges = np.sort(generator.uniform(0, 22.5, 8))
        regions = [Region(a, b) for a, b in zip(edges[::2], edges[1::2], strict=True)]
        found = label_regions(regions, windows, min_segment=1.0)
        assert sum(s.duration for s in found) == pytest.approx(sum(r.end - r.start for r in regions))
        for segment in found:
            assert segment.label == max(segment.scores, key=segment.scores.__getitem__)
            assert sum(segment.scores.values()) == pytest.approx(1)
            alone = any(segment.start == r.start and segment.end == r.end for r in regions)
            assert segment.duration >= 1.0 or alone


def test_speech_between_times() -> None:
    regions = (Region(0.5, 1.5), Region(2.0, 6.0))
    np.testing.assert_allclose(speech_between(regions, np.arange(0, 13, 3)), [2.0, 3.0, 0.0, 0.0])
    np.testing.assert_allclose(speech_between((), np.arange(0, 13, 3)), np.zeros(4))
    np.testing.assert_allclose(speech_between((Region(0.0, 2.0),), np.array([0.0, 1.0, 5.0])), [1.0, 1.0])


def test_merged_regions_are_in_order_and_apart() -> None:
    assert merged([Region(5, 7), Region(0, 1), Region(6, 9), Region(1, 2), Region(6, 6.5)]) == (
        Region(0, 2),
        Region(5, 9),
    )
    assert merged([]) == ()


def test_common_time_is_what_lies_in_both() -> None:
    found = common([Region(0, 4), Region(6, 8), Region(9, 10)], [Region(7, 9.5), Region(1, 2), Region(3, 5)])
    assert found == (Region(1, 2), Region(3, 4), Region(7, 8), Region(9, 9.5))
    assert common([Region(0, 1)], [Region(1, 2)]) == ()
