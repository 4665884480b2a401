"""The arithmetic: as the reference has it, in fewer numbers, in parts, and fair to small classes."""

import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from emotone.heads import softmax
from emotone.training.fitting import ABSENT, Moments, discriminants, fit_temperature, log_loss, standardised


def drawn(counts: list[int], dim: int, apart: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    centres = np.random.default_rng(99).normal(0, apart, (len(counts), dim))
    truth = np.repeat(np.arange(len(counts)), counts)
    return (centres[truth] + random.normal(0, 1, (len(truth), dim))).astype(np.float32), truth


def test_the_same_as_the_reference() -> None:
    features, truth = drawn([40, 40, 40], 12, 0.7)
    (linear,) = discriminants(Moments.of(features, truth, 3), [0.5])
    within = np.mean([np.cov(features[truth == label].T, bias=True) for label in range(3)], axis=0)
    mean_variance = np.trace(within) / 12
    shrinkage = 0.5 / (0.5 + mean_variance)  # the same matrix but for a factor
    theirs = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=shrinkage, priors=[1 / 3] * 3).fit(features, truth)
    np.testing.assert_allclose(
        linear.weight - linear.weight[0], (theirs.coef_ - theirs.coef_[0]) * (1 - shrinkage), atol=1e-3
    )
    # Equal counts: the correction of distances is the same for all classes, so biases differ as theirs do.
    np.testing.assert_allclose(
        linear.bias - linear.bias[0], (theirs.intercept_ - theirs.intercept_[0]) * (1 - shrinkage), atol=1e-3
    )


def test_moments_of_a_part_can_be_taken_away() -> None:
    features, truth = drawn([30, 20], 8, 1.0)
    part = np.arange(50) % 3 == 0
    rest = Moments.of(features, truth, 2) - Moments.of(features[part], truth[part], 2)
    alone = Moments.of(features[~part], truth[~part], 2)
    np.testing.assert_array_equal(rest.counts, alone.counts)
    np.testing.assert_allclose(rest.sums, alone.sums, atol=1e-3)
    np.testing.assert_allclose(rest.products, alone.products, atol=1e-2)


def test_few_clips_in_many_dimensions_give_what_all_dimensions_give() -> None:
    embeddings, truth = drawn([9, 11], 80, 0.5)
    embeddings[:, 3] = 4.5  # always the same: it says nothing
    features, coordinates = standardised(embeddings)
    assert features.shape == (20, 20)
    scaled = (embeddings - coordinates.mean) * coordinates.scale
    assert np.isfinite(scaled).all()
    moments, wide = (Moments.of(part.astype(np.float32), truth, 2) for part in (features, scaled))
    (short,), (whole,) = discriminants(moments, [1.0]), discriminants(wide, [1.0])
    moved = coordinates.to_embedding(short)
    found = moved.logits(embeddings)
    np.testing.assert_allclose(found, short.logits(features), atol=1e-3)
    np.testing.assert_allclose(moved.weight, whole.weight * coordinates.scale, atol=1e-4)
    np.testing.assert_array_equal(moved.weight[:, 3], 0)


def test_a_class_of_few_clips_is_not_guessed_too_seldom() -> None:
    features, truth = drawn([400, 12], 60, 0.3)
    (linear,) = discriminants(Moments.of(features, truth, 2), [1.0])
    unheard, labels = drawn([2000, 2000], 60, 0.3, seed=1)
    guesses = linear.logits(unheard).argmax(axis=1)
    many, few = (np.mean(guesses[labels == label] == label) for label in (0, 1))
    assert min(many, few) > 0.8
    assert abs(many - few) < 0.1


def test_a_class_without_clips_is_never_guessed() -> None:
    features, truth = drawn([20, 20], 5, 1.0)
    (linear,) = discriminants(Moments.of(features, truth, 3), [1.0])
    logits = linear.logits(features)
    assert (logits[:, 2] == ABSENT).all()
    assert softmax(logits)[:, 2].max() == 0
    assert fit_temperature(logits, truth) == pytest.approx(fit_temperature(logits[:, :2], truth), rel=1e-3)


@pytest.mark.parametrize("factor", [0.02, 1.0, 30.0])
def test_the_temperature_makes_confidence_true(factor: float) -> None:
    random = np.random.default_rng(3)
    logits = random.normal(0, 2, (4000, 4))
    truth = np.array([random.choice(4, p=row) for row in softmax(logits)])
    assert fit_temperature(logits * factor, truth) == pytest.approx(factor, rel=0.08)
    losses = [log_loss(logits / temperature, truth).mean() for temperature in (0.8, 1.0, 1.25)]
    assert losses[1] == min(losses)


def test_a_few_clips_that_are_all_right_are_no_proof() -> None:
    truth = np.array([0, 1] * 10)
    scores = softmax(np.eye(2)[truth] / fit_temperature(np.eye(2)[truth], truth))
    assert scores.max() == pytest.approx(1 - 1 / 22, abs=0.001)
