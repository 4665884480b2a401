"""The numbers: by hand, against scikit-learn, and intervals that hold what they promise."""

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn import metrics as reference

from emotone.evaluation import metrics
from emotone.heads import softmax


def confusion(rows: list[list[int]]) -> NDArray[np.float64]:
    return np.array(rows, np.float64)


BY_HAND = confusion([[3, 1, 0], [2, 2, 0], [0, 0, 0]])


def test_by_hand() -> None:
    np.testing.assert_allclose(metrics.recalls(BY_HAND), [3 / 4, 2 / 4, np.nan])
    np.testing.assert_allclose(metrics.precisions(BY_HAND), [3 / 5, 2 / 3, np.nan])
    np.testing.assert_allclose(metrics.f1_scores(BY_HAND), [6 / 9, 4 / 7, np.nan])
    assert metrics.uar(BY_HAND) == pytest.approx(5 / 8)
    assert metrics.accuracy(BY_HAND) == pytest.approx(5 / 8)
    assert metrics.macro_f1(BY_HAND) == pytest.approx((6 / 9 + 4 / 7) / 2)


def test_a_label_that_is_never_guessed_has_recall_and_f1_0() -> None:
    found = confusion([[0, 4], [0, 4]])
    np.testing.assert_allclose(metrics.f1_scores(found), [0, 2 / 3])
    np.testing.assert_allclose(metrics.precisions(found), [np.nan, 0.5])


def test_many_at_once() -> None:
    both = np.stack([BY_HAND, 2 * BY_HAND.T])
    np.testing.assert_allclose(metrics.uar(both), [metrics.uar(BY_HAND), metrics.uar(BY_HAND.T)])


def random_case(seed: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Labels `(200,)` of six classes, one of which never occurs, and scores `(200, 6)` that favour them."""
    random = np.random.default_rng(seed)
    truth = random.choice([0, 1, 2, 4, 5], 200, p=[0.4, 0.3, 0.2, 0.07, 0.03])
    logits = random.normal(size=(200, 6)) + 1.5 * np.eye(6)[truth]
    return truth, softmax(2 * logits)


@pytest.mark.parametrize("seed", range(5))
def test_scikit_learn_says_the_same(seed: int) -> None:
    truth, scores = random_case(seed)
    guesses = scores.argmax(axis=1)
    found = metrics.confusion_matrix(truth, guesses, 6)
    np.testing.assert_array_equal(found, reference.confusion_matrix(truth, guesses, labels=range(6)))
    assert metrics.uar(found) == pytest.approx(
        reference.recall_score(truth, guesses, labels=np.unique(truth), average="macro")
    )
    f1 = reference.f1_score(truth, guesses, labels=np.unique(truth), average="macro")
    assert metrics.macro_f1(found) == pytest.approx(f1)
    assert metrics.accuracy(found) == pytest.approx(reference.accuracy_score(truth, guesses))
    brier = reference.brier_score_loss(truth, scores, labels=range(6), scale_by_half=False)
    assert metrics.brier_score(scores, truth) == pytest.approx(brier)


def test_calibration_error_by_hand() -> None:
    confidence = np.array([0.95, 0.95, 0.95, 0.55, 1.0])
    right = np.array([True, True, False, True, True])
    # bins of 1/15: the last holds four clips of mean confidence 0.9625, of which three are right
    assert metrics.calibration_error(confidence, right) == pytest.approx((4 * abs(0.9625 - 0.75) + abs(0.55 - 1)) / 5)
    assert metrics.calibration_error(np.full(4, 0.75), np.array([1, 1, 1, 0], bool)) == pytest.approx(0)


def test_confidence_is_calibrated_when_it_says_how_often_it_is_right() -> None:
    random = np.random.default_rng(0)
    confidence = random.uniform(0.2, 1, 100_000)
    assert metrics.calibration_error(confidence, random.random(100_000) < confidence) < 0.01
    assert metrics.calibration_error(confidence, random.random(100_000) < confidence - 0.15) == pytest.approx(
        0.15, abs=0.01
    )


def test_softmax_of_masked_and_huge_logits() -> None:
    np.testing.assert_allclose(softmax(np.array([[1e6, 1e6, -np.inf]])), [[0.5, 0.5, 0]])


def test_the_bootstrap_over_clips_is_the_bootstrap_over_units_of_one_clip() -> None:
    truth, scores = random_case(0)
    guesses = scores.argmax(axis=1)
    cells = np.zeros((200, 6, 6))
    cells[np.arange(200), truth, guesses] = 1
    slow = metrics.uar(metrics.resampled(cells, 4000))
    fast = metrics.uar(metrics.resampled_clips(cells.sum(axis=0), 4000))
    assert (metrics.resampled_clips(cells.sum(axis=0), 10).sum(axis=(1, 2)) == 200).all()
    np.testing.assert_allclose(np.percentile(slow, [2.5, 50, 97.5]), np.percentile(fast, [2.5, 50, 97.5]), atol=0.01)


def test_the_same_seed_draws_the_same() -> None:
    units = np.random.default_rng(0).integers(0, 5, (12, 3, 3)).astype(float)
    np.testing.assert_array_equal(metrics.resampled(units, 50), metrics.resampled(units, 50))
    assert (metrics.resampled(units, 50) != metrics.resampled(units, 50, seed=1)).any()


def test_intervals_by_speaker_hold_what_they_promise_and_those_by_clip_do_not() -> None:
    """Speakers differ in how well they are recognised: 200 corpora of 25 speakers, each with 40 clips of two labels."""
    random = np.random.default_rng(0)
    by_speaker = by_clip = 0
    for _ in range(200):
        ease = np.clip(random.normal(0.7, 0.15, (25, 1)), 0, 1)  # of each speaker; 0.7 in the mean
        hits = random.binomial(20, ease, (25, 2))
        units = np.zeros((25, 2, 2))
        units[:, 0, 0], units[:, 0, 1] = hits[:, 0], 20 - hits[:, 0]
        units[:, 1, 1], units[:, 1, 0] = hits[:, 1], 20 - hits[:, 1]
        low, high = metrics.interval(metrics.uar(metrics.resampled(units, 400)))
        by_speaker += low <= 0.7 <= high
        low, high = metrics.interval(metrics.uar(metrics.resampled_clips(units.sum(axis=0), 400)))
        by_clip += low <= 0.7 <= high
    assert 0.88 <= by_speaker / 200 <= 0.98
    assert by_clip / 200 < 0.75
