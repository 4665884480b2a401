"""Clusters, maps and neighbours of synthetic vectors, whose groups are known."""

import numpy as np
import pytest

from emotone.cluster import (
    NOWHERE,
    ClusterOptions,
    Clusters,
    coordinates,
    doubted_labels,
    find_clusters,
    main_directions,
    neighborhoods,
    outliers,
    representatives,
)
from emotone.errors import OptionError
from emotone.store.whitening import fit_whitening

SIZES = (60, 40, 25)
NAMES = ("angry", "neutral", "sad")


@pytest.fixture(scope="module")
def embeddings() -> np.ndarray:
    """Three groups in 24 directions, behind the large offset that embeddings of speech share."""
    random = np.random.default_rng(4)
    middles = random.normal(size=(3, 24)) * 2
    groups = [middle + random.normal(size=(size, 24)) * 0.5 for middle, size in zip(middles, SIZES, strict=True)]
    return (np.concatenate(groups) + 30).astype(np.float32)


@pytest.fixture(scope="module")
def labels() -> list[str]:
    return [name for name, size in zip(NAMES, SIZES, strict=True) for _ in range(size)]


def prepared(embeddings: np.ndarray) -> np.ndarray:
    return main_directions(fit_whitening(embeddings, recordings(embeddings)).apply(embeddings))


def recordings(embeddings: np.ndarray) -> list[str]:
    return [str(row) for row in range(len(embeddings))]


@pytest.mark.parametrize("method", ["kmeans", "hdbscan"])
def test_groups_are_found(embeddings: np.ndarray, labels: list[str], method) -> None:  # type: ignore[no-untyped-def]
    found = find_clusters(prepared(embeddings), ClusterOptions(method), labels)
    assert found.count == 3
    inside = found.numbers != NOWHERE
    assert inside.mean() > 0.9
    groups = {(label, number) for label, number in zip(labels, found.numbers, strict=True) if number != NOWHERE}
    assert groups == {("angry", 0), ("neutral", 1), ("sad", 2)}  # the largest comes first
    assert found.agreement is not None
    assert found.agreement > 0.85
    assert found.silhouette is not None
    assert found.silhouette > 0.5


def test_agreement_is_chance_for_labels_that_say_nothing(embeddings: np.ndarray, labels: list[str]) -> None:
    shuffled = list(np.random.default_rng(0).permutation(labels))
    assert find_clusters(prepared(embeddings), labels=labels).agreement == pytest.approx(1)
    agreement = find_clusters(prepared(embeddings), labels=shuffled).agreement
    assert agreement is not None
    assert abs(agreement) < 0.05
    assert find_clusters(prepared(embeddings)).agreement is None


def test_as_many_clusters_as_asked_for(embeddings: np.ndarray) -> None:
    assert find_clusters(prepared(embeddings), ClusterOptions(count=5)).count == 5
    with pytest.raises(OptionError, match="count is 1"):
        ClusterOptions(count=1)
    few = prepared(embeddings)[:5]
    assert find_clusters(few, ClusterOptions(count=4)).count == 4
    for count in (5, 6):
        with pytest.raises(OptionError, match=f"Found 5 rows and {count} clusters"):
            find_clusters(few, ClusterOptions(count=count))
    assert find_clusters(few, ClusterOptions("hdbscan", count=5)).method == "hdbscan"  # which does not ask for it


def test_one_row_is_no_cluster() -> None:
    found = find_clusters(np.ones((1, 4), np.float32))
    assert (found.count, found.numbers.tolist(), found.silhouette) == (0, [NOWHERE], None)


def test_equal_rows_have_no_quality() -> None:
    assert find_clusters(np.ones((8, 4), np.float32), ClusterOptions("hdbscan")).silhouette is None


def test_typical_rows_are_of_their_cluster(embeddings: np.ndarray) -> None:
    vectors = prepared(embeddings)
    found: Clusters = find_clusters(vectors)
    assert [found.numbers[row] for row in representatives(vectors, found.numbers)] == [0, 1, 2]


@pytest.mark.parametrize("layout", ["tsne", "pca"])
def test_a_map_keeps_groups_apart(embeddings: np.ndarray, labels: list[str], layout) -> None:  # type: ignore[no-untyped-def]
    places = coordinates(embeddings, prepared(embeddings), layout)
    assert places.shape == (125, 2)
    assert np.abs(places).max() == pytest.approx(1)
    near = neighborhoods(places, recordings(embeddings), 1).rows[:, 0]
    assert [labels[row] for row in near] == labels


@pytest.mark.parametrize("rows", [1, 2, 5])
def test_small_maps(rows: int) -> None:
    values = np.random.default_rng(0).normal(size=(rows, 6)).astype(np.float32)
    assert np.isfinite(coordinates(values, values)).all()


def test_neighbours_are_the_nearest_of_other_recordings() -> None:
    line = np.array([[0.0], [1.0], [3.0], [3.5], [9.0]], np.float32)
    near = neighborhoods(line, ["a", "a", "b", "c", "d"], 2)
    assert near.rows.tolist() == [[2, 3], [2, 3], [3, 1], [2, 1], [3, 2]]
    assert near.distances[0].tolist() == [3.0, 3.5]
    alone = neighborhoods(line, ["a", "a", "a", "a", "d"], 2)
    assert alone.rows.tolist()[:2] == [[4, NOWHERE], [4, NOWHERE]]
    assert alone.distances[0].tolist() == [9.0, float("inf")]


def test_wrong_labels_are_found_with_the_right_ones(embeddings: np.ndarray, labels: list[str]) -> None:
    wrong = {3: "sad", 70: "angry", 110: "neutral"}
    given = [wrong.get(row, label) for row, label in enumerate(labels)]
    near = neighborhoods(prepared(embeddings), recordings(embeddings))
    found = doubted_labels(near, given)
    assert {one.row: one.label for one in found} == {row: labels[row] for row in wrong}
    assert [one.share for one in found] == sorted((one.share for one in found), reverse=True)
    assert doubted_labels(near, labels) == []


def test_segments_of_one_recording_do_not_confirm_each_other(embeddings: np.ndarray, labels: list[str]) -> None:
    given = ["sad" if row < 20 else label for row, label in enumerate(labels)]
    owners = ["long" if row < 20 else str(row) for row in range(len(labels))]
    found = doubted_labels(neighborhoods(prepared(embeddings), owners), given)
    assert {one.row for one in found} == set(range(20))
    assert {one.label for one in found} == {"angry"}


def test_rows_without_a_label_neither_vote_nor_are_doubted(embeddings: np.ndarray) -> None:
    near = neighborhoods(prepared(embeddings), recordings(embeddings))
    assert doubted_labels(near, [None] * len(embeddings)) == []
    assert doubted_labels(near, ["sad", *[None] * (len(embeddings) - 1)]) == []


def test_what_is_unlike_the_rest_is_an_outlier(embeddings: np.ndarray) -> None:
    odd = np.zeros((2, 24), np.float32)
    odd[0, :12], odd[1, 12:] = 30, -30
    found = outliers(np.concatenate([embeddings, odd]), recordings(np.zeros(127)))
    assert set(found[:2]) == {125, 126}
    assert len(found) < 5
