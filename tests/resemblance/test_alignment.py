"""Dynamic time warping: the cheapest of all paths, and in step where nothing speaks against it."""

from functools import cache
from itertools import pairwise

import numpy as np
import pytest

from emotone.resemblance.alignment import STRAY, align, distances


def cheapest(costs: np.ndarray) -> float:
    @cache
    def total(row: int, column: int) -> float:
        if row < 0 or column < 0:
            return np.inf
        if row == column == 0:
            return float(costs[0, 0])
        before = min(total(row - 1, column - 1), total(row - 1, column), total(row, column - 1))
        return float(costs[row, column]) + before

    return total(costs.shape[0] - 1, costs.shape[1] - 1)


def costs_of(apart: np.ndarray) -> np.ndarray:
    rows, columns = (np.linspace(0, 1, count) for count in apart.shape)
    return apart + STRAY * np.abs(rows[:, None] - columns)


@pytest.mark.parametrize("shape", [(7, 7), (5, 12), (12, 5), (2, 9)])
def test_no_path_is_cheaper(shape: tuple[int, int]) -> None:
    apart = np.random.default_rng(sum(shape)).random(shape)
    path, costs = align(apart), costs_of(apart)
    assert (path[0], path[-1]) == ((0, 0), (shape[0] - 1, shape[1] - 1))
    steps = {(late[0] - early[0], late[1] - early[1]) for early, late in pairwise(path)}
    assert steps <= {(1, 1), (1, 0), (0, 1)}
    assert sum(costs[pair] for pair in path) == pytest.approx(cheapest(costs))


def test_the_same_course_at_another_speed_has_no_distance() -> None:
    slow = np.repeat(np.eye(3), [8, 2, 5], axis=0)
    fast = np.repeat(np.eye(3), [2, 3, 1], axis=0)
    apart = distances(slow, fast)
    assert [apart[pair] for pair in align(apart)] == [0] * len(align(apart))


def test_what_is_even_stays_in_step() -> None:
    path = align(np.zeros((11, 21)))
    assert max(abs(row / 10 - column / 20) for row, column in path) <= 0.1


def test_one_moment_belongs_to_all() -> None:
    assert align(np.zeros((1, 3))) == ((0, 0), (0, 1), (0, 2))
    assert align(np.zeros((1, 1))) == ((0, 0),)


def test_distance_is_1_where_nothing_is_in_common() -> None:
    scores = np.array([[1.0, 0.0], [0.5, 0.5]])
    np.testing.assert_allclose(distances(scores, np.array([[0.0, 1.0]])), [[1.0], [0.5]])
