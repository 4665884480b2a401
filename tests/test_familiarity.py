import json
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from emotone.errors import ModelError
from emotone.familiarity import ACCEPTED, Familiarity, fit_familiarity
from emotone.heads import STRANGENESS, Head

DIM, MAIN = 24, 4

Clips = tuple[NDArray[np.float32], NDArray[np.float64], list[str], list[str]]


def clips(count: int = 600, corpora: int = 3, seed: int = 0) -> Clips:
    """Clips that vary much along four directions and little along the others, the less the longer they are."""
    random = np.random.default_rng(seed)
    durations = random.uniform(1, 6, count)
    speakers = random.integers(0, 12, count)
    offsets = np.random.default_rng(1).normal(size=(12, DIM)) * 0.1
    embeddings = offsets[speakers] + random.normal(size=(count, DIM)) / np.sqrt(durations)[:, None]
    embeddings[:, :MAIN] += 10 * random.normal(size=(count, MAIN))
    names = [f"speaker {number}" for number in speakers]
    return embeddings.astype(np.float32), durations, names, [f"corpus {number % corpora}" for number in speakers]


@pytest.fixture(scope="module")
def familiarity() -> Familiarity:
    return fit_familiarity(*clips(), rank=MAIN)


def test_the_usual_is_usual_whatever_its_duration(familiarity: Familiarity) -> None:
    embeddings, durations, *_ = clips(seed=5)
    strangeness = familiarity.strangeness(embeddings, durations)
    assert np.median(strangeness) == pytest.approx(1, abs=0.25)
    short, long = strangeness[durations < 2], strangeness[durations > 5]
    assert short.mean() == pytest.approx(long.mean(), rel=0.25)


def test_what_leaves_the_main_directions_is_strange_and_what_moves_along_them_is_not(familiarity: Familiarity) -> None:
    embeddings, durations, *_ = clips(seed=5)
    along, beside = embeddings.copy(), embeddings.copy()
    along[:, 0] += 5
    beside[:, MAIN:] += 3
    assert (familiarity.strangeness(beside, durations) > familiarity.limit).mean() > 0.99
    assert (familiarity.strangeness(along, durations) > familiarity.limit).mean() < 0.2


def test_as_many_clips_of_a_corpus_left_out_are_within_the_limit_as_it_says() -> None:
    embeddings, durations, speakers, corpora = clips(3000)
    known = np.array(corpora) != "corpus 0"
    names = np.array(speakers)[known].tolist()
    two = fit_familiarity(embeddings[known], durations[known], names, np.array(corpora)[known].tolist(), MAIN)
    within = two.strangeness(embeddings[~known], durations[~known]) <= two.limit
    assert within.mean() == pytest.approx(ACCEPTED, abs=0.04)


def test_one_corpus_is_split_by_speaker_and_one_speaker_is_too_few() -> None:
    embeddings, durations, speakers, _ = clips()
    assert fit_familiarity(embeddings, durations, speakers, ["one"] * len(speakers)).limit > 1
    with pytest.raises(ValueError, match="two speakers"):
        fit_familiarity(embeddings, durations, ["one"] * len(speakers), ["one"] * len(speakers))


def test_corpora_count_alike_however_many_clips_they_have(familiarity: Familiarity) -> None:
    embeddings, durations, speakers, corpora = clips()
    few = [row for row, corpus in enumerate(corpora) if corpus != "corpus 0" or row % 5 == 0]
    chosen = [[values[row] for row in few] for values in (speakers, corpora)]
    other = fit_familiarity(embeddings[few], durations[few], *chosen, rank=MAIN)
    assert other.limit == pytest.approx(familiarity.limit, rel=0.2)


def test_few_clips_of_many_dimensions_will_do() -> None:
    random = np.random.default_rng(0)
    embeddings = random.normal(size=(12, 400)).astype(np.float32)
    found = fit_familiarity(embeddings, np.full(12, 3.0), [str(row % 4) for row in range(12)], ["one"] * 12)
    assert len(found.axes) == 3
    assert np.isfinite(found.strangeness(embeddings, np.full(12, 3.0))).all()


def test_it_lives_in_a_head_and_reads_back(familiarity: Familiarity) -> None:
    head = Head(("a", "b"), np.zeros((2, DIM), np.float32), np.zeros(2, np.float32), familiarity=familiarity)
    again = Head.from_json(json.loads(json.dumps(head.to_json())))
    assert again.familiarity is not None
    assert head.sha256 == replace(head, familiarity=None).sha256
    embeddings, durations, *_ = clips(seed=7)
    before = familiarity.strangeness(embeddings, durations)
    np.testing.assert_allclose(again.familiarity.strangeness(embeddings, durations), before, rtol=1e-6)
    with pytest.raises(ModelError, match="must agree"):
        replace(head, weight=np.zeros((2, DIM + 1), np.float32))


@pytest.mark.parametrize("damage", [{"limit": 0}, {"rest": "nan"}, {"usual": [1]}, {"axes": "AAA="}, {"centre": 5}])
def test_a_damaged_one_is_a_damaged_head(familiarity: Familiarity, damage: dict[str, object]) -> None:
    head = Head(("a", "b"), np.zeros((2, DIM), np.float32), np.zeros(2, np.float32), familiarity=familiarity)
    data = head.to_json()
    with pytest.raises(ModelError, match="damaged"):
        Head.from_json(data | {"familiarity": data["familiarity"] | damage})


def test_boldness_softens_what_is_strange(familiarity: Familiarity) -> None:
    plain = Head(
        ("calm", "hesitant"), np.eye(2, DIM, dtype=np.float32), np.zeros(2, np.float32), familiarity=familiarity
    )
    head = replace(plain, boldness=0.5)
    embeddings, durations, *_ = clips(seed=5)
    beside = embeddings.copy()
    beside[:, MAIN:] += 3
    usual, strange = head.strangeness(embeddings, durations), head.strangeness(beside, durations)
    assert np.median(usual) == pytest.approx(1, abs=0.25)
    assert (strange > usual).mean() > 0.99
    logits = np.array([2.0, 0.0])
    softer = replace(plain, temperature=plain.temperature * 3).scores(logits)
    assert head.scores(logits, strangeness=9.0) == pytest.approx(softer)
    assert head.scores(logits, strangeness=1.0) == plain.scores(logits, strangeness=9.0) == plain.scores(logits)
    assert set(plain.strangeness(beside, durations)) == {1.0}


def test_strangeness_counts_within_limits(familiarity: Familiarity) -> None:
    head = Head(
        ("calm", "hesitant"),
        np.eye(2, DIM, dtype=np.float32),
        np.zeros(2, np.float32),
        boldness=0.5,
        familiarity=familiarity,
    )
    far, near = np.full((1, DIM), 1e6, np.float32), familiarity.centre[None]
    assert head.strangeness(far, np.array([3.0]))[0] == STRANGENESS[1]
    assert head.strangeness(near, np.array([3.0]))[0] == STRANGENESS[0]


def test_boldness_reads_back_and_wants_to_know_what_is_familiar(familiarity: Familiarity) -> None:
    plain = Head(
        ("calm", "hesitant"), np.eye(2, DIM, dtype=np.float32), np.zeros(2, np.float32), familiarity=familiarity
    )
    head = replace(plain, boldness=0.5)
    again = Head.from_json(json.loads(json.dumps(head.to_json())))
    assert again.boldness == 0.5
    assert again.familiarity is not None
    assert again.sha256 == head.sha256 != plain.sha256
    assert "boldness" not in plain.to_json()
    assert replace(plain, familiarity=None).sha256 == plain.sha256  # what makes no scores does not count
    narrower = replace(familiarity, rest=2 * familiarity.rest)
    assert replace(head, familiarity=narrower).sha256 != head.sha256
    with pytest.raises(ModelError, match="familiar"):
        replace(head, familiarity=None)
    with pytest.raises(ModelError, match="boldness"):
        replace(head, boldness=3.0)
