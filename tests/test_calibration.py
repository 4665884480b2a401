import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from emotone.calibration import Calibration, fit_threshold
from emotone.embeddings import EmbeddedClips
from emotone.errors import ManifestError, ModelError
from emotone.heads import Head, load_head, softmax
from emotone.manifest import Clip
from emotone.training import COVERAGES, calibrate, fit_haste
from emotone.types import ModelInfo

LABELS = ("angry", "happy", "neutral", "sad", "unknown")
MODEL = ModelInfo("toy", "7", "ab" * 32, LABELS, 5, 50.0, "MIT")
HEAD = Head(LABELS, np.eye(5, dtype=np.float32), np.zeros(5, np.float32), 1.0, frozenset({"unknown"}))
SHARPNESS = 3.0  # how much too sure the head is


def embedded(speakers: int, of_each: int, seed: int = 0, *, named: bool = True) -> EmbeddedClips:
    """Clips whose logits are SHARPNESS times what their labels were drawn from."""
    random = np.random.default_rng(seed)
    count = speakers * of_each
    honest = 1.5 * random.normal(size=(count, 4))
    truth = [random.choice(4, p=row) for row in softmax(honest)]
    clips = tuple(
        Clip(Path(f"{row}.wav"), LABELS[label], {"speaker": str(row // of_each)} if named else {})
        for row, label in enumerate(truth)
    )
    vectors = np.pad(SHARPNESS * honest, ((0, 0), (0, 1))).astype(np.float32)
    sha256 = tuple(f"{row:064x}" for row in range(count))
    return EmbeddedClips(clips, vectors, np.full(count, 2.0), ((),) * count, sha256, MODEL)


def test_a_set_has_all_labels_above_the_threshold_and_the_likeliest_always() -> None:
    calibration = Calibration(0.9, 0.3, 0.9, 100, 10)
    assert calibration.label_set({"sad": 0.35, "happy": 0.4, "angry": 0.25}) == ("happy", "sad")
    assert calibration.label_set({"sad": 0.2, "happy": 0.2, "angry": 0.6}) == ("angry",)
    assert replace(calibration, threshold=0.9).label_set({"sad": 0.8, "happy": 0.2}) == ("sad",)


def test_the_threshold_is_corrected_for_small_samples() -> None:
    scores, one = np.arange(1, 10) / 10, np.zeros(9, np.int64)
    assert fit_threshold(scores, one, 0.5) == 0.5  # five of nine, as (9 + 1) / 2
    assert fit_threshold(scores, one, 0.9) == 0.1  # all nine
    assert fit_threshold(scores, one, 0.95) == 0  # nine clips cannot promise that


def test_speakers_count_alike() -> None:
    scores = np.concatenate([np.full(900, 0.9), np.full(100, 0.2)])
    speakers = np.repeat([0, 1], [900, 100])
    assert fit_threshold(scores, speakers, 0.8) == 0.2
    assert fit_threshold(scores, np.zeros(1000, np.int64), 0.8) == 0.9


def test_sets_hold_what_they_promise_for_new_speakers() -> None:
    found = calibrate(embedded(20, 50), HEAD, "toy")
    assert found.head.temperature == pytest.approx(SHARPNESS, rel=0.15)
    assert found.ece_after < 0.05 < found.ece_before
    assert [result.coverage for result in found.results] == list(COVERAGES)
    for result in found.results:
        assert result.measured == pytest.approx(result.coverage, abs=0.03)
        assert result.worst is not None
        assert result.worst <= result.measured
    assert [result.size for result in found.results] == sorted(result.size for result in found.results)
    new = embedded(20, 50, seed=1)
    calibration = found.head.calibration
    assert calibration is not None
    sets = [calibration.label_set(found.head.scores(row)) for row in found.head.logits(new.embeddings)]
    hits = [clip.emotion in labels for clip, labels in zip(new.clips, sets, strict=True)]
    assert np.mean(hits) == pytest.approx(0.9, abs=0.03)
    assert all("unknown" not in labels for labels in sets)
    assert np.mean([len(labels) for labels in sets]) < 3


def test_a_calibrated_head_reads_back_and_belongs_to_its_model(tmp_path: Path) -> None:
    found = calibrate(embedded(4, 30), HEAD, "toy", coverage=0.85)
    (tmp_path / "head.json").write_text(json.dumps(found.head.to_json()), encoding="utf-8")
    again = load_head(tmp_path)
    assert again.calibration == found.head.calibration
    assert again.calibration is not None
    assert (again.calibration.coverage, again.calibration.clips, again.calibration.speakers) == (0.85, 120, 4)
    assert again.model_sha256 == MODEL.sha256
    assert again.provenance["calibrated"]["manifest"] == "toy"
    assert 0.85 in [result.coverage for result in found.results]


def test_without_speakers_nothing_is_said_about_them() -> None:
    found = calibrate(embedded(1, 60, named=False), HEAD, "toy")
    assert [result.worst for result in found.results] == [None] * 3
    assert found.units.speakers == 0


def test_too_few_clips_are_refused() -> None:
    with pytest.raises(ManifestError, match="19 recordings") as error:
        calibrate(embedded(1, 19), HEAD, "toy")
    assert "19" in error.value.text.zh


@pytest.mark.parametrize("damage", [{"coverage": 1}, {"threshold": "?"}, {"threshold": -1}, {"measured": []}])
def test_a_damaged_calibration_is_a_damaged_head(damage: dict[str, object]) -> None:
    data = calibrate(embedded(2, 20), HEAD, "toy").head.to_json()
    with pytest.raises(ModelError, match="damaged"):
        Head.from_json(data | {"calibration": data["calibration"] | damage})


def test_haste_softens_short_spans_and_is_found_again() -> None:
    head = replace(HEAD, temperature=2.0, haste=0.8)
    np.testing.assert_allclose(
        head.softness(np.array([0.1, 1.0, 3.0, 6.0, 60.0])), [3**0.8, 3**0.8, 1, 0.5**0.8, 0.5**0.8]
    )
    logits = head.logits(np.array([1, 0, 0, 0, 0], np.float32))
    expected = softmax(np.array([[1.0, 0, 0, 0]]) / (2 * 3**0.8))[0]
    assert list(head.scores(logits, duration=1.0).values())[:4] == pytest.approx(expected)
    assert head.scores(logits) == replace(head, haste=0.0).scores(logits, duration=1.0)
    random = np.random.default_rng(0)
    honest, durations = 2 * random.normal(size=(4000, 4)), random.uniform(1, 6, 4000)
    truth = np.array([random.choice(4, p=row) for row in softmax(honest)])
    temperature, haste = fit_haste(honest * (2.0 * head.softness(durations))[:, None], truth, durations)
    assert (temperature, haste) == (pytest.approx(2, rel=0.1), pytest.approx(0.8, abs=0.15))
    assert fit_haste(honest, truth, durations)[1] == pytest.approx(0, abs=0.15)


def test_haste_reads_back_and_is_not_written_when_there_is_none() -> None:
    assert "haste" not in HEAD.to_json()
    assert Head.from_json(replace(HEAD, haste=0.5).to_json()).haste == 0.5
    with pytest.raises(ModelError, match="haste"):
        replace(HEAD, haste=float("nan"))
