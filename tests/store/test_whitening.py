"""Vectors that can be compared."""

import numpy as np
import pytest
from archives import LABELS, rows

from emotone.store.whitening import MEANINGFUL, SETTLED, WIDTH, Whitening, fit_whitening


@pytest.fixture(scope="module")
def embeddings() -> np.ndarray:
    return np.array([row.embedding for row in rows(600)])


@pytest.fixture(scope="module")
def fitted(embeddings: np.ndarray) -> Whitening:
    return fit_whitening(embeddings, [str(number) for number in range(len(embeddings))])


def angle(vectors: np.ndarray) -> np.ndarray:
    return vectors @ vectors.T


def test_raw_embeddings_all_look_alike_and_vectors_do_not(embeddings: np.ndarray, fitted: Whitening) -> None:
    raw = angle(embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True))
    assert raw.mean() > 0.9
    vectors = fitted.apply(embeddings)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert abs(angle(vectors).mean()) < 0.05


def test_rows_of_a_label_are_nearer_than_others(embeddings: np.ndarray, fitted: Whitening) -> None:
    similar = angle(fitted.apply(embeddings))
    label = np.arange(len(embeddings)) % len(LABELS)
    same = label[:, None] == label[None]
    np.fill_diagonal(same, False)
    assert similar[same].mean() > 0.5 > 0 > similar[label[:, None] != label[None]].mean()


def test_percentiles_count_random_pairs(embeddings: np.ndarray, fitted: Whitening) -> None:
    assert (fitted.percentile(-1.0), fitted.percentile(1.0)) == (0.0, 100.0)
    similar = angle(fitted.apply(embeddings))
    pairs = similar[np.triu_indices(len(similar), 1)]
    for share in (0.1, 0.5, 0.9):
        assert fitted.percentile(float(np.quantile(pairs, share))) == pytest.approx(100 * share, abs=1.5)


def test_a_pair_of_one_recording_is_not_random(embeddings: np.ndarray) -> None:
    assert fit_whitening(embeddings, ["the same"] * len(embeddings)).pairs.size == 0


@pytest.mark.parametrize("count", [1, 2, 3, MEANINGFUL - 1])
def test_few_rows_give_numbers_but_no_percentiles(embeddings: np.ndarray, count: int) -> None:
    few = fit_whitening(embeddings[:count], [str(number) for number in range(count)])
    assert np.isfinite(few.apply(embeddings)).all()
    assert few.percentile(0.5) is None


def test_enough_rows_give_percentiles(embeddings: np.ndarray) -> None:
    enough = fit_whitening(embeddings[:MEANINGFUL], [str(number) for number in range(MEANINGFUL)])
    assert enough.percentile(0.99) is not None


def test_identical_embeddings_are_no_error() -> None:
    same = fit_whitening(np.ones((5, 8), np.float32), list("abcde"))
    np.testing.assert_array_equal(same.apply(np.ones((2, 8), np.float32)), 0)


def test_vectors_are_no_wider_than_needed() -> None:
    embeddings = np.random.default_rng(0).standard_normal((20, 300)).astype(np.float32)
    assert fit_whitening(embeddings, list("a" * 20)).apply(embeddings).shape == (20, WIDTH)


def test_it_is_fitted_again_when_the_store_has_doubled_until_it_is_settled(fitted: Whitening) -> None:
    assert not fitted.outgrown(2 * fitted.rows - 1)
    assert fitted.outgrown(2 * fitted.rows)
    settled = Whitening(SETTLED, fitted.centre, fitted.matrix, fitted.pairs)
    assert not settled.outgrown(10 * SETTLED)


def test_what_is_kept_is_what_was_fitted(embeddings: np.ndarray, fitted: Whitening) -> None:
    again = Whitening.from_bytes(fitted.to_bytes())
    assert again.rows == fitted.rows
    np.testing.assert_array_equal(again.apply(embeddings), fitted.apply(embeddings))
    np.testing.assert_array_equal(again.pairs, fitted.pairs)
