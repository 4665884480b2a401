"""Whether recordings express what they should: verdicts, rates, lists."""

import json
from pathlib import Path

import numpy as np
import pytest

import emotone
from emotone.errors import ManifestError, OptionError
from emotone.expectations import (
    Expectation,
    Rate,
    expectation,
    judge,
    lines_of_files,
    lines_of_table,
    rate,
    wilson,
)

SECOND = 16_000


@pytest.fixture(scope="module")
def happy(model: emotone.Recognizer, clips: list[Path]) -> emotone.Prediction:
    heard = model.predict(clips[0])
    assert heard.label == "happy"
    return heard


def test_the_expected_label_passes(happy: emotone.Prediction) -> None:
    verdict = judge(happy, Expectation("happy"))
    assert (verdict.outcome, verdict.passed, verdict.score) == ("passed", True, happy.scores["happy"])
    assert verdict.text("en") == f"expected happy; heard happy {happy.confidence:.0%}"


def test_another_label_fails_with_both_scores(happy: emotone.Prediction) -> None:
    verdict = judge(happy, Expectation("sad", 0.6))
    assert (verdict.outcome, verdict.passed) == ("failed", False)
    sad, said = happy.scores["sad"], happy.confidence
    assert verdict.text("en") == f"expected sad, at least 60%; heard happy {said:.0%}, sad {sad:.0%}"
    assert verdict.text("zh") == f"应为悲伤，至少 60%；听到快乐 {said:.0%}，悲伤 {sad:.0%}"
    assert verdict.details("en").splitlines()[0] == f"happy {said:.1%}"


def test_a_minimum_is_a_border_that_belongs_to_passing(happy: emotone.Prediction) -> None:
    assert judge(happy, Expectation("happy", happy.confidence)).passed
    assert judge(happy, Expectation("happy", float(np.nextafter(happy.confidence, 1)))).outcome == "failed"


def test_doubt_never_passes(model: emotone.Recognizer) -> None:
    silence = model.predict(np.zeros(3 * SECOND, np.float32), sample_rate=SECOND)
    verdict = judge(silence, Expectation(silence.label))  # even what it is taken for
    assert silence.scores[silence.label] == max(silence.scores.values())
    assert (verdict.outcome, verdict.passed) == ("doubtful", False)
    assert "cannot be judged" in verdict.text("en")
    assert verdict.heard.withheld is not None
    assert verdict.heard.withheld.text.en in verdict.text("en")


@pytest.mark.parametrize("word", ["sad", "Sadness", "悲伤", " SAD "])
def test_words_for_a_label(model: emotone.Recognizer, word: str) -> None:
    assert expectation(word, model.head, 0.5) == Expectation("sad", 0.5)


@pytest.mark.parametrize("word", ["bliss", "", "unknown", "\udcff"])  # unknown is masked: its score is always 0
def test_what_the_head_cannot_say_is_answered_with_what_it_can(model: emotone.Recognizer, word: str) -> None:
    with pytest.raises(OptionError, match="angry, disgusted, fearful, happy, neutral, other, sad, surprised"):
        expectation(word, model.head)


@pytest.mark.parametrize("minimum", [-0.1, 1.01, float("nan")])
def test_impossible_minimum(model: emotone.Recognizer, minimum: float) -> None:
    with pytest.raises(OptionError, match="0 to 1"):
        expectation("sad", model.head, minimum)


def test_a_label_that_was_not_asked_for(happy: emotone.Prediction) -> None:
    with pytest.raises(OptionError, match="'calm' was expected"):
        judge(happy, Expectation("calm"))


@pytest.mark.parametrize(
    ("hits", "trials", "low", "high"),
    [
        (0, 10, 0.0, 0.2775),  # Brown, Cai & DasGupta 2001 and R's binom.confint(method = "wilson")
        (5, 10, 0.2366, 0.7634),
        (10, 10, 0.7225, 1.0),
        (81, 263, 0.2553, 0.3662),  # Newcombe 1998, table I
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_intervals_are_those_of_the_literature(hits: int, trials: int, low: float, high: float) -> None:
    assert wilson(hits, trials) == pytest.approx((low, high), abs=5e-5)


def test_intervals_hold_the_true_share_as_often_as_they_promise() -> None:
    drawn = np.random.default_rng(0).binomial(40, 0.85, 2000)
    held = [low <= 0.85 <= high for low, high in (wilson(int(hits), 40) for hits in drawn)]
    assert np.mean(held) == pytest.approx(0.95, abs=0.025)


def test_rates() -> None:
    assert rate([]) is None
    found = rate([True, False, True, True])
    assert found == Rate(3, 4)
    assert (found.share, found.reaches(0.75), found.reaches(0.76)) == (0.75, True, False)
    assert Rate(9, 10).reaches(0.9)
    assert Rate(0, 3).reaches(0)


def test_files_and_folders(corpus: Path) -> None:
    sad = Expectation("sad")
    lines = lines_of_files([str(corpus), "-"], sad)
    assert [Path(line.file).name for line in lines[:2]] == ["angry_06.wav", "angry_06_2.wav"]
    assert (len(lines), lines[-1].file) == (9, "-")
    assert {line.folder for line in lines[:-1]} == {str(corpus)}
    assert {line.expectation for line in lines} == {sad}


def test_tables(model: emotone.Recognizer, tmp_path: Path) -> None:
    (tmp_path / "script.csv").write_text("file,text,Target\na.wav,No!,anger\nb/b.wav,Oh.,Sad\n", encoding="utf-8")
    (tmp_path / "script.jsonl").write_text(json.dumps({"file": "c.wav", "target": "开心"}) + "\n", encoding="utf-8")
    first = lines_of_table(tmp_path / "script.csv", "target", model.head, 0.4)
    assert [line.expectation for line in first] == [Expectation("angry", 0.4), Expectation("sad", 0.4)]
    assert [line.file for line in first] == [str(tmp_path / "a.wav"), str(tmp_path / "b" / "b.wav")]
    assert first[1].folder == str(tmp_path / "b")
    (second,) = lines_of_table(tmp_path / "script.jsonl", "TARGET", model.head)
    assert second.expectation == Expectation("happy")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("file,text\na.wav,hm\n", "no column target; found: file, text"),
        ("text,target\nhm,sad\n", "no column file"),
        ("file,target\na.wav,sad\nb.wav,\n", "line 3: file or target is empty"),
        ("file,target\na.wav,bliss\n", "line 2: 'bliss' cannot be expected.*Expect one of angry, "),
        ("file,target\n", "lists no recordings"),
    ],
)
def test_tables_that_cannot_be_used(model: emotone.Recognizer, tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "script.csv").write_text(content, encoding="utf-8")
    with pytest.raises(ManifestError, match=message):
        lines_of_table(tmp_path / "script.csv", "target", model.head)


def test_no_table(model: emotone.Recognizer, tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="There is no manifest"):
        lines_of_table(tmp_path / "script.csv", "target", model.head)
