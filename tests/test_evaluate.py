"""`emotone evaluate` as a user meets it."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from test_cli import run

import emotone
from emotone.heads import Head


def write_head(folder: Path, head: Head) -> Path:
    path = folder / "head.json"
    path.write_text(json.dumps(head.to_json() | {"trained": "on nothing"}), encoding="utf-8")
    return path


def test_json_and_files(model: emotone.Recognizer, corpus: Path, tmp_path: Path) -> None:
    done = run("evaluate", corpus, "-o", tmp_path / "report", "--format", "json")
    assert done.returncode == 0
    found = json.loads(done.stdout)
    guesses = {path.stem: model.predict(path).label for path in corpus.glob("*.wav")}
    right = {name: guess == name.split("_")[0] for name, guess in guesses.items()}
    assert found["accuracy"] == pytest.approx(np.mean(list(right.values())))
    recalls = [
        np.mean([hit for name, hit in right.items() if name.startswith(emotion)])
        for emotion in ("angry", "happy", "neutral", "sad")
    ]
    assert found["uar"] == pytest.approx(np.mean(recalls))
    assert (found["clips"], found["speakers"], found["manifest"]) == (8, 2, corpus.name)
    assert found["model"]["sha256"] == model.info.sha256
    assert found["head"] == {"name": None, "sha256": model.head.sha256}
    assert {path.name for path in (tmp_path / "report").iterdir()} == {"report.html", "report.json", "predictions.csv"}
    assert json.loads((tmp_path / "report" / "report.json").read_text(encoding="utf-8")) == found
    rows = list(csv.DictReader((tmp_path / "report" / "predictions.csv").open(encoding="utf-8")))
    assert {Path(row["file"]).stem: row["label"] for row in rows} == guesses
    assert '<html lang="en">' in (tmp_path / "report" / "report.html").read_text(encoding="utf-8")
    assert str(tmp_path / "report" / "report.html") in done.stderr


def test_table(corpus: Path) -> None:
    lines = run("evaluate", corpus / "index.csv").stdout.splitlines()
    assert lines[0] == f"{corpus.name}: 8 recordings, 2 speakers"
    assert lines[1].split() == ["value", "95%", "interval"]
    assert [line.split()[0] for line in lines[2:7]] == ["UAR", "accuracy", "macro-F1", "ECE", "Brier"]
    text = "\n".join(lines)
    assert "😠 Angry" in text
    assert "not offered     unknown" in text
    assert "2 speakers; fewer than 10 say little" in text


def test_chinese(corpus: Path, tmp_path: Path) -> None:
    done = run("evaluate", corpus, "--labels", "present", "-o", tmp_path, language="zh_CN.UTF-8")
    assert done.stdout.startswith(f"{corpus.name}：8 个录音，2 位说话人")
    assert "已保存: " in done.stderr
    assert '<html lang="zh-CN">' in (tmp_path / "report.html").read_text(encoding="utf-8")
    help_text = run("evaluate", "--help", language="zh_CN.UTF-8").stdout
    assert "评测模型" in help_text
    assert not any(word in help_text for word in ("Usage", "Options", "default", "Write"))


def test_present_labels_and_another_head(model: emotone.Recognizer, corpus: Path, tmp_path: Path) -> None:
    head = model.head
    swapped = list(head.labels)
    sad, happy = swapped.index("sad"), swapped.index("happy")
    swapped[sad], swapped[happy] = "happy", "sad"
    path = write_head(tmp_path, Head(tuple(swapped), head.weight, head.bias, head.temperature, head.masked))
    own = json.loads(run("evaluate", corpus, "--labels", "present", "--format", "json").stdout)
    assert own["protocol"]["offered"] == ["angry", "happy", "neutral", "sad"]
    done = run("evaluate", corpus, "--labels", "present", "--head", path, "--format", "json")
    other = json.loads(done.stdout)
    assert other["head"]["name"] == tmp_path.name  # as `predict --head` calls it, too
    recall = {label["label"]: label["recall"] for label in other["labels"]}
    assert recall["angry"] == next(label["recall"] for label in own["labels"] if label["label"] == "angry")
    assert recall["happy"] + recall["sad"] < 0.5
    assert run("evaluate", corpus, "--head", tmp_path, "--format", "json").returncode == 0


def test_twins(corpus: Path, tmp_path: Path) -> None:
    done = run("evaluate", corpus, "--twins", "--labels", "present", "--format", "json", "-o", tmp_path)
    twins = {twin["code"]: twin for twin in json.loads(done.stdout)["twins"]}
    assert {"g711", "mp3_32", "babble_5", "white_5", "gain_+10", "room"} <= set(twins)
    assert all(twin["clips"] == 8 and 0 <= twin["flips"] <= 1 for twin in twins.values())
    assert twins["gain_-10"]["flips"] <= twins["white_5"]["flips"]
    again = run("evaluate", corpus, "--twins", "--labels", "present")
    assert "telephone, G.711" in again.stdout
    assert f"{twins['white_5']['flips']:.1%}" in again.stdout


def test_recordings_that_are_missing_are_named_and_left_out(corpus: Path) -> None:
    rows = (corpus / "index.csv").read_text(encoding="utf-8").replace("sad_06_2.wav", "gone.wav")
    (corpus / "other.csv").write_text(rows, encoding="utf-8")
    done = run("evaluate", corpus / "other.csv", "--format", "json")
    assert done.returncode == 1
    found = json.loads(done.stdout)
    assert found["clips"] == 7
    assert [failure["file"] for failure in found["failures"]] == [str(corpus / "gone.wav")]
    assert "There is no file" in done.stderr
    assert "1 of 8 recordings could not be analysed; the others are scored." in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["missing.csv"], 1, "There is no manifest"),
        (["CORPUS", "--head", "missing.json"], 2, "The head 'missing.json' cannot be read"),
        (["CORPUS", "--model", "nope"], 2, "There is no model"),
        (["CORPUS", "--labels", "some"], 2, "--labels"),
        (["CORPUS", "-o", "CORPUS/index.csv/below"], 1, "cannot be written"),
        ([], 2, "MANIFEST"),
    ],
)
def test_what_is_wrong_is_one_sentence(corpus: Path, arguments: list[str], code: int, message: str) -> None:
    done = run("evaluate", *(argument.replace("CORPUS", str(corpus)) for argument in arguments))
    assert (done.returncode, done.stdout) == (code, "")
    assert message in done.stderr


def test_a_head_that_does_not_fit(corpus: Path, tmp_path: Path) -> None:
    path = write_head(tmp_path, Head(("angry", "sad"), np.zeros((2, 4), np.float32), np.zeros(2, np.float32)))
    done = run("evaluate", corpus, "--head", path)
    assert done.returncode == 2
    assert "takes 4 values" in done.stderr
    path.write_text("[]", encoding="utf-8")
    assert "holds no head" in run("evaluate", corpus, "--head", path).stderr
