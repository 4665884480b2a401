from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from emotone.baseline import (
    ENOUGH,
    MANY,
    PRIOR,
    baseline_doubts,
    compare,
    comparison,
    joined,
    load_baseline,
)
from emotone.errors import ModelError
from emotone.heads import Head
from emotone.outputs import save_baseline
from emotone.types import Baseline, ModelInfo

LABELS = ("angry", "happy", "sad", "unknown")
MODEL = ModelInfo("toy", "7", "ab" * 32, LABELS, 4, 50.0, "MIT")
HEAD = Head(LABELS, np.eye(4, dtype=np.float32), np.zeros(4, np.float32), 1.0, frozenset({"unknown"}))
MIXED = 4 * np.eye(4)[[0, 1, 2, 0, 1, 2]]


def a_baseline(embeddings: np.ndarray, seconds: float = 10.0) -> Baseline:
    return Baseline(embeddings.astype(np.float32), np.full(len(embeddings), seconds), len(embeddings), MODEL)


def guess(embedding: np.ndarray, baseline: Baseline | None = None, head: Head = HEAD) -> str:
    logits = head.logits(embedding.astype(np.float32))
    scores = head.scores(logits if baseline is None else comparison(baseline, head).applied(logits))
    return max(scores, key=scores.__getitem__)


def test_a_voice_that_always_sounds_sad_is_heard_by_what_changes_in_it() -> None:
    voice = np.array([0.0, 0.0, 5.0, 0.0])
    baseline = a_baseline(MIXED + voice, 100.0)
    moods = 4 * np.eye(4)[:3] + voice
    assert [guess(mood) for mood in moods] == ["sad", "sad", "sad"]
    assert [guess(mood, baseline) for mood in moods] == ["angry", "happy", "sad"]


def test_the_mean_is_moved_to_the_usual_logits_as_far_as_there_is_speech() -> None:
    voice = np.array([0.3, -0.2, 0.1, 0.0])
    head = replace(HEAD, usual=np.array([1, 1, 1, 0], np.float32))
    mean = (MIXED + voice).mean(axis=0)
    for seconds in (0.5, 10.0, 1e9):
        found = comparison(a_baseline(MIXED + voice, seconds), head)
        share = 6 * seconds / (6 * seconds + PRIOR)
        assert float(found.trust) == pytest.approx(share)
        left = 1 - share * 6 / (6 + MANY)  # what is not yet made of how the moods lie apart
        moved = found.applied(mean)[:3] - left * (mean + share * (head.usual - mean))[:3]
        assert np.ptp(moved) < 1e-4  # moods that are as frequent as each other lie around the usual


def test_whatever_a_voice_adds_is_taken_away() -> None:
    generator = np.random.default_rng(3)
    logits, spans, voice = (generator.normal(0, 3, shape) for shape in ((40, 4), (5, 4), (4,)))
    seconds = np.full(40, 1e9)
    plain, moved = compare(HEAD, logits, seconds), compare(HEAD, logits + voice, seconds)
    assert plain.trust == moved.trust == pytest.approx(1)
    np.testing.assert_allclose(moved.applied(spans + voice), plain.applied(spans), atol=1e-5)


def test_many_stretches_show_how_the_moods_of_a_voice_lie_apart() -> None:
    """Something in this voice that is no mood moves the logits more than its moods do."""
    generator = np.random.default_rng(0)
    mood = np.repeat([0, 1, 2], 300)
    else_ = generator.normal(0, 2, 900)[:, None] * np.array([1.0, -1.0, 0.0, 0.0])
    logits = 1.5 * np.eye(4)[mood] + else_ + generator.normal(0, 0.3, (900, 4))
    spoken = logits[:, :3].argmax(axis=1) == mood
    right = []
    for count in (6, 30, 120, 450):
        chosen = generator.permutation(900)[:count]
        compared = compare(HEAD, logits[chosen], np.full(count, 10.0)).applied(logits)
        right.append(np.mean(compared[:, :3].argmax(axis=1) == mood))
    assert np.mean(spoken) < 0.65
    assert right == sorted(right)
    assert right[-1] > np.mean(spoken) + 0.1


def test_stretches_count_by_their_speech() -> None:
    generator = np.random.default_rng(2)
    logits, seconds = generator.normal(0, 3, (20, 4)), generator.uniform(1, 9, 20)
    found = compare(HEAD, logits, seconds)
    wild = compare(HEAD, np.vstack([logits, [[50, -50, 0, 0]]]), np.append(seconds, 1e-9))
    np.testing.assert_allclose(wild.turn, found.turn, atol=1e-6)
    np.testing.assert_allclose(wild.offset, found.offset, atol=1e-6)
    heavy = compare(HEAD, np.vstack([logits, [[50, -50, 0, 0]]]), np.append(seconds, 9.0))
    assert np.abs(heavy.offset - found.offset).max() > 1


def test_variety_does_not_grow_with_the_number_of_stretches() -> None:
    """Few stretches show few moods; the mean over many small sets comes near that of a large one."""
    generator = np.random.default_rng(0)
    everything = float(comparison(a_baseline(np.tile(MIXED, (50, 1))), HEAD).variety)
    sets = [4 * np.eye(4)[generator.integers(0, 3, 6)] for _ in range(300)]
    assert np.mean([comparison(a_baseline(moods), HEAD).variety for moods in sets]) == pytest.approx(
        everything, rel=0.1
    )


def test_one_mood_in_one_voice_is_not_taken_away() -> None:
    generator = np.random.default_rng(0)
    angry = np.array([4, 0, 0, 0]) + generator.normal(0, 0.3, (20, 4))
    baseline = a_baseline(angry)
    found = comparison(baseline, HEAD)
    assert found.variety < 0.02
    assert found.trust < 0.1
    assert guess(np.array([4.0, 0, 0, 0]), baseline) == "angry"
    assert [reason.code for reason in baseline_doubts(baseline, HEAD)] == ["baseline_one_mood"]


def test_a_single_stretch_says_nothing() -> None:
    baseline = a_baseline(MIXED[:1], 60.0)
    assert float(comparison(baseline, HEAD).trust) == 0
    np.testing.assert_array_equal(comparison(baseline, HEAD).applied(MIXED), MIXED)
    assert [reason.code for reason in baseline_doubts(baseline, HEAD)] == ["baseline_one_mood"]
    assert [reason.code for reason in baseline_doubts(a_baseline(MIXED[:1], 6.0), HEAD)] == ["baseline_short"]


def test_a_sliver_beside_a_stretch_is_no_variety() -> None:
    sliver = Baseline(MIXED[:2].astype(np.float32), np.array([60.0, 0.01]), 1, MODEL)
    assert comparison(sliver, HEAD).variety < 0.01


def test_many_baselines_at_once_give_what_each_gives() -> None:
    generator = np.random.default_rng(1)
    logits, seconds = generator.normal(0, 3, (5, 7, 4)), generator.uniform(0.5, 9, (5, 7))
    together = compare(HEAD, logits, seconds)
    for row in range(5):
        alone = compare(HEAD, logits[row], seconds[row])
        np.testing.assert_allclose(together.offset[row], alone.offset, atol=1e-12)
        np.testing.assert_allclose(together.turn[row], alone.turn, atol=1e-12)
        assert together.trust[row] == pytest.approx(alone.trust)
        assert together.variety[row] == pytest.approx(alone.variety)


def test_a_head_of_one_label_has_no_variety() -> None:
    head = Head(("yes", "no"), HEAD.weight[:2], HEAD.bias[:2], 1.0, frozenset({"no"}))
    found = comparison(a_baseline(MIXED), head)
    assert float(found.trust) == pytest.approx(0)
    np.testing.assert_allclose(found.offset, 0, atol=1e-9)


def test_little_speech_is_doubted() -> None:
    short, enough = a_baseline(MIXED, 0.9 * ENOUGH / 6), a_baseline(MIXED, ENOUGH / 6)
    assert [reason.code for reason in baseline_doubts(short, HEAD)] == ["baseline_short"]
    assert "18 s" in baseline_doubts(short, HEAD)[0].text.en
    assert baseline_doubts(enough, HEAD) == ()


def test_joined_baselines_are_one() -> None:
    first, second = a_baseline(MIXED[:2], 3.0), a_baseline(MIXED[2:], 5.0)
    both = joined([first, second])
    assert (both.clips, both.duration) == (6, 26.0)
    np.testing.assert_array_equal(both.embeddings, MIXED)
    with pytest.raises(ModelError, match=r"made by other 8 \(sha256 cdcdcdcdcdcd…\), not by toy 7 \(sha256"):
        joined([first, replace(second, model=replace(MODEL, name="other", revision="8", sha256="cd" * 32))])
    with pytest.raises(ModelError, match=r"made by \?\[31mother 8"):  # nothing that a terminal would obey
        joined([first, replace(second, model=replace(MODEL, name="\x1b[31mother", revision="8", sha256="cd" * 32))])


def test_a_file_brings_everything_back(tmp_path: Path) -> None:
    baseline = replace(a_baseline(MIXED, 2.5), clips=3)
    path = save_baseline(baseline, tmp_path / "new" / "voice.npz")
    copy = load_baseline(path)
    assert (copy.clips, copy.model, copy.duration) == (3, MODEL, 15.0)
    np.testing.assert_array_equal(copy.embeddings, baseline.embeddings)
    np.testing.assert_array_equal(copy.seconds, baseline.seconds)
    assert [file.name for file in path.parent.iterdir()] == ["voice.npz"]
    assert str(load_baseline(str(path)).model.labels) == str(LABELS)


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04 and then nothing", b"\x80\x04K\x01."])
def test_files_that_are_no_baseline(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "voice.npz"
    path.write_bytes(content)
    with pytest.raises(ModelError, match="holds no baseline"):
        load_baseline(path)


def test_an_array_is_no_baseline(tmp_path: Path) -> None:
    np.save(tmp_path / "embedding.npy", np.zeros(4))
    with pytest.raises(ModelError, match="holds no baseline"):
        load_baseline(tmp_path / "embedding.npy")
    with pytest.raises(ModelError, match="cannot be read"):
        load_baseline(tmp_path / "missing.npz")
    with pytest.raises(ModelError, match="cannot be read"):
        load_baseline(tmp_path)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("embeddings", np.zeros((6, 5), np.float32)),
        ("embeddings", np.full((6, 4), np.nan, np.float32)),
        ("embeddings", np.array(["a"])),
        ("seconds", np.zeros(6)),
        ("seconds", np.ones((6, 1))),
        ("seconds", np.full(6, 1e300)),
        ("embeddings", np.full((6, 4), 3e38, np.float32)),
        ("clips", np.array(7)),
        ("clips", np.array(0)),
        ("clips", np.array(np.inf)),
        ("model", np.array("[]")),
        ("model", np.array("{}")),
        ("model", np.array("[" * 100_000)),
    ],
)
def test_damaged_fields(tmp_path: Path, field: str, value: np.ndarray) -> None:
    path = save_baseline(a_baseline(MIXED), tmp_path / "voice.npz")
    with np.load(path) as file:
        fields = {name: file[name] for name in file} | {field: value}
    np.savez(path, **fields)
    with pytest.raises(ModelError):
        load_baseline(path)


def test_a_voice_that_is_far_from_all_others_is_still_compared() -> None:
    """Its label is the same whatever the mood, and sure: that is the voice, not one mood."""
    voice = np.array([0.0, 0.0, 40.0, 0.0])
    baseline = a_baseline(MIXED + voice, 100.0)
    assert [guess(4 * np.eye(4)[mood] + voice) for mood in range(3)] == ["sad", "sad", "sad"]
    assert comparison(baseline, HEAD).trust > 0.9
    assert baseline_doubts(baseline, HEAD) == ()
