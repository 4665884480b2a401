"""How alike embeddings are: geometry, and percentiles that keep their promise."""

import numpy as np
import pytest

import emotone
from emotone.familiarity import Familiarity
from emotone.resemblance.likeness import PAIRS, cosine, likeness, usual_similarities

DIM, RANK = 48, 8


@pytest.fixture
def usual() -> Familiarity:
    """Speech that lies far from the origin, spread over a few directions that are not those of the axes."""
    random = np.random.default_rng(1)
    axes = np.linalg.qr(random.normal(size=(DIM, RANK)))[0].T.astype(np.float32)
    centre = np.full(DIM, 5, np.float32)
    return Familiarity(centre, axes, np.linspace(9, 1, RANK).astype(np.float32), 0.1, (1.0, 0.0), 2.0)


def drawn(usual: Familiarity, count: int) -> np.ndarray:
    random = np.random.default_rng(2)
    along = random.normal(size=(count, RANK)) * np.sqrt(usual.variances)
    beside = random.normal(size=(count, DIM)) * np.sqrt(usual.rest)
    return usual.centre + along @ usual.axes + beside - beside @ usual.axes.T @ usual.axes


def test_the_same_is_most_alike_and_the_opposite_least(usual: Familiarity) -> None:
    one = drawn(usual, 1)[0]
    same, opposite = likeness(one, one, usual), likeness(one, 2 * usual.centre - one, usual)
    assert (same.similarity, same.percentile) == (pytest.approx(1), 1)
    assert (opposite.similarity, opposite.percentile) == (pytest.approx(-1), 0)


def test_percentiles_of_random_pairs_are_uniform(usual: Familiarity) -> None:
    one, other = np.split(drawn(usual, 1200), 2)
    found = [likeness(a, b, usual) for a, b in zip(one[:300], other[:300], strict=True)]
    shares = np.array([pair.percentile for pair in found])
    assert np.quantile(shares, [0.1, 0.5, 0.9]) == pytest.approx([0.1, 0.5, 0.9], abs=0.07)
    assert abs(np.mean([pair.similarity for pair in found])) < 0.05
    assert min(cosine(a, b) for a, b in zip(one, other, strict=True)) > 0.7  # which is why raw cosines say nothing


def test_random_pairs_are_always_the_same(usual: Familiarity) -> None:
    first, again = usual_similarities(usual), usual_similarities(usual)
    assert first.shape == (PAIRS,)
    np.testing.assert_array_equal(first, again)


def test_nothing_has_no_direction() -> None:
    assert cosine(np.zeros(3), np.ones(3)) == 0


def test_the_bundled_model_knows_what_is_usual(model: emotone.Recognizer) -> None:
    assert model.head.familiarity is not None
    assert model.head.familiarity.centre.size == model.info.dim
