"""How the moods of one voice lie apart."""

import numpy as np
import pytest

from emotone.moods import told_apart

LABELS = 4


def a_voice(count: int = 200, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Logits of stretches, and which mood each is of: something that is no mood moves two labels against each other."""
    generator = np.random.default_rng(seed)
    mood = np.arange(count) % LABELS
    else_ = generator.normal(0, 2, count)[:, None] * np.array([1.0, -1.0, 0.0, 0.0])
    return 2 * np.eye(LABELS)[mood] + else_ + generator.normal(0, 0.3, (count, LABELS)), mood


def mapped(logits: np.ndarray, turn: np.ndarray, shift: np.ndarray) -> np.ndarray:
    return logits @ turn.T + shift


def test_what_is_no_mood_is_taken_out() -> None:
    logits, mood = a_voice()
    before = np.mean(logits.argmax(axis=1) == mood)
    after = np.mean(mapped(logits, *told_apart(logits, np.ones(200), 1.0)).argmax(axis=1) == mood)
    assert before < 0.75
    assert after > before + 0.15


def test_the_further_moods_lie_apart_the_surer_it_is() -> None:
    logits, mood = a_voice()
    near, far = (
        mapped(moved, *told_apart(moved, np.ones(200), 1.0)) for moved in (logits, logits + 2 * np.eye(LABELS)[mood])
    )
    own = np.arange(200), mood
    assert far[own].mean() > 1.5 * near[own].mean() > 0
    np.testing.assert_allclose(near.sum(axis=1), 0, atol=1e-9)


def test_the_order_of_stretches_and_labels_says_nothing() -> None:
    logits, _ = a_voice()
    turn, shift = told_apart(logits, np.ones(200), 1.0)
    generator = np.random.default_rng(1)
    order, labels = generator.permutation(200), generator.permutation(LABELS)
    other_turn, other_shift = told_apart(logits[order][:, labels], np.ones(200), 1.0)
    np.testing.assert_allclose(other_turn, turn[labels][:, labels], atol=1e-9)
    np.testing.assert_allclose(other_shift, shift[labels], atol=1e-9)


def test_a_stretch_that_counts_twice_is_two() -> None:
    logits, _ = a_voice(40)
    weights = np.where(np.arange(40) < 10, 2.0, 1.0)
    for one, other in zip(
        told_apart(logits, weights, 1.0),
        told_apart(np.vstack([logits, logits[:10]]), np.ones(50), 1.0),
        strict=True,
    ):
        np.testing.assert_allclose(one, other, atol=1e-9)


def test_all_logits_twice_as_large_at_twice_the_temperature_are_the_same() -> None:
    logits, _ = a_voice()
    turn, shift = told_apart(logits, np.ones(200), 1.0)
    other_turn, other_shift = told_apart(2 * logits, np.ones(200), 2.0)
    np.testing.assert_allclose(other_turn, turn, atol=1e-6)
    np.testing.assert_allclose(other_shift, 2 * shift, atol=1e-6)


def test_a_label_that_never_comes_up_stays_out() -> None:
    logits, mood = a_voice()
    logits[:, 3] = -1e6
    turn, shift = told_apart(logits[mood != 3], np.ones(150), 1.0)
    assert np.isfinite(turn).all()
    after = mapped(logits[mood != 3], turn, shift)
    assert np.mean(after[:, :3].argmax(axis=1) == mood[mood != 3]) > 0.75


@pytest.mark.parametrize(
    "logits", [np.zeros((5, 4)), np.ones((1, 4)), np.zeros((5, 1)), np.tile([3.0, 0, 0, 1], (9, 1))]
)
def test_stretches_that_show_nothing(logits: np.ndarray) -> None:
    for part in told_apart(logits, np.ones(len(logits)), 1.0):
        assert np.isfinite(part).all()
        assert np.abs(part).max() < 1e6


def test_many_voices_at_once_give_what_each_gives() -> None:
    voices = np.stack([a_voice(30, seed)[0] for seed in range(6)]).reshape(2, 3, 30, LABELS)
    weights = np.random.default_rng(5).uniform(0.5, 2, (2, 3, 30))
    turn, shift = told_apart(voices, weights, 1.0)
    assert (turn.shape, shift.shape) == ((2, 3, LABELS, LABELS), (2, 3, LABELS))
    for place in np.ndindex(2, 3):
        one = told_apart(voices[place], weights[place], 1.0)
        np.testing.assert_allclose(turn[place], one[0], atol=1e-9)
        np.testing.assert_allclose(shift[place], one[1], atol=1e-9)
