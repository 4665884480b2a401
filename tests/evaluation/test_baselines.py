"""Evaluations relative to a baseline."""

import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from evaluation.synthetic import HEAD, LABELS, MODEL

from emotone.baseline import compare, comparison
from emotone.embeddings import EmbeddedClips
from emotone.errors import ManifestError, OptionError
from emotone.evaluation import Report, evaluate, prediction_rows, report_page, report_record
from emotone.evaluation.baselines import DRAWS, compare_clips
from emotone.manifest import Clip
from emotone.types import Baseline

SPEAKERS = 12
MOODS = ("angry", "happy", "neutral", "sad")


def voices(*, speaker: bool = True, corpora: int = 1, clips: int = 24) -> EmbeddedClips:
    """Speakers whose voices move every embedding by more than their moods do: a baseline sees the mood, nothing else can."""
    generator = np.random.default_rng(5)
    rows, vectors = [], []
    for number in range(SPEAKERS):
        voice = generator.normal(0, 3, 5)
        for clip in range(clips):
            mood = MOODS[clip % len(MOODS)]
            fields = {"corpus": f"c{number % corpora}"} | ({"speaker": str(number)} if speaker else {})
            rows.append(Clip(Path(f"{number}_{clip}.wav"), mood, fields))
            vectors.append(3 * np.eye(5)[LABELS.index(mood)] + voice + generator.normal(0, 0.5, 5))
    count = len(rows)
    return EmbeddedClips(
        tuple(rows),
        np.array(vectors, np.float32),
        np.full(count, 30.0),
        ((),) * count,
        tuple(f"{row:064x}" for row in range(count)),
        MODEL,
    )


def test_both_views_stand_side_by_side() -> None:
    embedded = voices()
    relative = evaluate(embedded, HEAD, "present", "speaker")
    assert relative.uar.value > 0.9
    assert relative.absolute is not None
    assert relative.absolute.uar.value < 0.7
    plain = evaluate(embedded, HEAD, "present")
    assert (relative.absolute.uar, relative.absolute.confusion) == (plain.uar, plain.confusion)
    assert relative.absolute.absolute is None
    assert relative.uar.low > relative.absolute.uar.high
    assert (relative.protocol.baseline, relative.absolute.protocol.baseline) == ("speaker", "none")
    assert relative.clips == relative.absolute.clips == len(embedded)
    assert relative.data_sha256 == relative.absolute.data_sha256


def test_speaker_is_what_the_library_does_with_all_clips_of_a_speaker() -> None:
    embedded = voices()
    rows = np.arange(len(embedded))
    compared, trust = compare_clips(embedded, HEAD, rows, "speaker")
    own = rows[24:48]
    baseline = Baseline(embedded.embeddings[own], embedded.durations[own], len(own), MODEL)
    expected = comparison(baseline, HEAD).applied(HEAD.logits(embedded.embeddings[own]))
    np.testing.assert_allclose(compared[0, own], expected)
    assert np.ptp(trust[0, own]) == 0


def test_a_corpus_is_one_baseline() -> None:
    embedded = voices(corpora=2)
    rows = np.arange(len(embedded))
    compared, _ = compare_clips(embedded, HEAD, rows, "corpus")
    logits = HEAD.logits(embedded.embeddings)
    for number in range(2):
        own = rows[rows // 24 % 2 == number]
        expected = compare(HEAD, logits[own], embedded.durations[own]).applied(logits[own])
        np.testing.assert_allclose(compared[0, own], expected)
    gained = [evaluate(embedded, HEAD, "present", choice).uar.value for choice in ("none", "corpus", "speaker")]
    assert gained[2] > max(gained[:2])
    assert evaluate(voices(speaker=False), HEAD, "present", "corpus").units.kind == "clip"


def test_a_few_clips_are_drawn_again_and_again() -> None:
    embedded = voices()
    results = {choice: evaluate(embedded, HEAD, "present", choice) for choice in ("k=1", "k=4", "k=12", "speaker")}
    uars = [result.uar.value for result in results.values()]
    assert uars == sorted(uars)
    assert results["k=1"].uar.value == results["k=1"].absolute.uar.value  # one clip cannot tell the voice from the mood
    result = results["k=4"]
    assert (result.clips, result.judged.draws, len(result.judged.clips)) == (288, DRAWS, 288 * DRAWS)
    assert sum(map(sum, result.confusion)) == pytest.approx(288)
    assert result.units.count == SPEAKERS
    assert {group.clips for group in result.groups if group.field == "speaker"} == {24}
    assert sum(found.clips for found in result.calibration.bins) == pytest.approx(288, abs=8)
    assert sum(label.clips for label in result.labels) == 288
    assert evaluate(embedded, HEAD, "present", "k=4").uar == result.uar


def test_clips_are_compared_with_others_only() -> None:
    embedded = voices(clips=5)
    loud = embedded.embeddings.copy()
    loud[7] = 1000
    (_, before), (_, after) = (
        compare_clips(clips, HEAD, np.arange(len(embedded)), "k=3")
        for clips in (embedded, replace(embedded, embeddings=loud))
    )
    touched = before != after
    assert not touched[:, 7].any()
    assert touched[:, [5, 6, 8, 9]].any(axis=0).all()
    assert not touched[:, :5].any()
    assert not touched[:, 10:].any()


def test_a_speaker_of_one_clip_is_judged_as_it_is() -> None:
    embedded = voices(clips=1)
    compared, trust = compare_clips(embedded, HEAD, np.arange(len(embedded)), "k=8")
    np.testing.assert_array_equal(compared[0], HEAD.logits(embedded.embeddings))
    assert not trust.any()


def test_clips_that_are_not_scored_are_part_of_the_baseline() -> None:
    embedded = voices()
    words = [replace(clip, emotion="contempt") if row % 4 == 3 else clip for row, clip in enumerate(embedded.clips)]
    some = replace(embedded, clips=tuple(words))
    result = evaluate(some, HEAD, "all", "speaker")
    assert result.clips == len(embedded) * 3 // 4
    rows = result.judged.rows
    every, _ = compare_clips(embedded, HEAD, np.arange(len(embedded)), "speaker")
    found, _ = compare_clips(some, HEAD, rows, "speaker")
    np.testing.assert_allclose(found[0], every[0, rows])


@pytest.mark.parametrize("choice", ["speaker", "k=8"])
def test_speakers_must_be_named(choice: str) -> None:
    with pytest.raises(ManifestError, match=r"288 of 288 recordings have no speaker.*column speaker"):
        evaluate(voices(speaker=False), HEAD, "present", choice)


@pytest.mark.parametrize("choice", ["", "k", "k=0", "k=-1", "k=99999", "8", "speakers", "k=8.5"])
def test_choices_that_are_none(choice: str) -> None:
    with pytest.raises(OptionError, match="There is no baseline"):
        evaluate(voices(), HEAD, "present", choice)


def test_the_temperature_of_the_relative_view_is_its_own() -> None:
    embedded = voices()
    head = replace(HEAD, relative_temperature=3.0)
    sharp, soft = evaluate(embedded, HEAD, "present", "speaker"), evaluate(embedded, head, "present", "speaker")
    assert soft.uar == sharp.uar
    assert soft.judged.confidence.mean() < sharp.judged.confidence.mean()
    assert soft.absolute.judged.confidence.mean() == sharp.absolute.judged.confidence.mean()


def test_the_report_says_both_and_how() -> None:
    report = Report("toy", evaluate(voices(), HEAD, "present", "k=4"), None, datetime(2026, 1, 2))
    found = json.loads(json.dumps(report_record(report)))
    assert (found["protocol"]["baseline"], found["protocol"]["draws"]) == ("k=4", DRAWS)
    assert found["uar"] > found["absolute"]["uar"]
    assert found["intervals"]["uar"][0] > found["absolute"]["intervals"]["uar"][0]
    assert len(list(prediction_rows(report))) == 288
    english, chinese = report_page(report, "en"), report_page(report, "zh")
    assert "With and without the baseline" in english
    assert f"drawn at random {DRAWS} times" in english
    assert "与基线比较前后" in chinese
    plain = report_page(Report("toy", evaluate(voices(), HEAD), None, datetime(2026, 1, 2)), "en")
    assert "With and without the baseline" not in plain
    assert "none: every recording by itself" in plain
