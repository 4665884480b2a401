"""`emotone train` as a user meets it."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from test_cli import run

import emotone
from emotone.heads import Head

RATE = 16_000
SPEAKERS = 5


@pytest.fixture(scope="module")
def lesson(tmp_path_factory: pytest.TempPathFactory, clips: list[Path]) -> Path:
    """Pieces of two recordings at five speeds, which stand for speakers: 'happy' German and 'angry' English."""
    folder = tmp_path_factory.mktemp("lesson")
    rows = ["file,emotion,speaker"]
    for word, clip in (("cheerful", clips[0]), ("发火", clips[1])):
        signal = emotone.load_audio(clip).samples
        for speaker in range(SPEAKERS):
            speed = 1 + 0.05 * speaker
            voice = np.interp(np.arange(0, len(signal) - 1, speed), np.arange(len(signal)), signal)
            for take, start in enumerate((0, 0.4, 0.8)):
                name = f"{'a' if word == '发火' else 'h'}{speaker}{take}.wav"
                soundfile.write(folder / name, voice[round(start * RATE) : round((start + 1.2) * RATE)], RATE)
                rows.append(f"{name},{word},s{speaker}")
    (folder / "index.csv").write_text("\n".join(rows), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def trained(lesson: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict]:
    folder = tmp_path_factory.mktemp("heads") / "my_head"
    done = run("train", lesson, "-o", folder, "--format", "json")
    assert done.returncode == 0, done.stderr
    return folder, json.loads(done.stdout)


def test_files_and_numbers(lesson: Path, trained: tuple[Path, dict], model: emotone.Recognizer) -> None:
    folder, found = trained
    assert {path.name for path in folder.iterdir()} == {"head.json", "report.html", "report.json", "predictions.csv"}
    assert json.loads((folder / "report.json").read_text(encoding="utf-8")) == found
    assert found["remarks"][0]["en"].startswith("Cross-validated in 5 parts, each speaker is in one of them")
    assert (found["clips"], found["speakers"], found["manifest"]) == (30, 5, lesson.name)
    assert found["uar"] > 0.9  # the same two recordings again and again
    assert "Cross-validated" in (folder / "report.html").read_text(encoding="utf-8")
    text = (folder / "head.json").read_text(encoding="utf-8")
    assert str(folder.parent) not in text
    assert str(lesson.parent) not in text
    head = emotone.load_head(folder)
    assert (head.name, head.labels, head.model_sha256) == ("my_head", ("cheerful", "发火"), model.info.sha256)
    assert found["head"] == {"name": "my_head", "sha256": head.sha256}
    assert head.provenance["scores"]["uar"] == round(found["uar"], 4)
    assert head.provenance["clips"] == {"cheerful": 15, "发火": 15}


def test_the_head_is_used(
    lesson: Path, trained: tuple[Path, dict], model: emotone.Recognizer, clips: list[Path]
) -> None:
    folder, _ = trained
    answer = model.with_head(emotone.load_head(folder)).predict(clips[1])
    assert answer.label == "发火"
    assert sum(answer.scores.values()) == pytest.approx(1)
    done = run("evaluate", lesson, "--head", folder, "--format", "json")
    assert json.loads(done.stdout)["uar"] > 0.9


def test_tables_and_warnings(lesson: Path, tmp_path: Path) -> None:
    rows = (lesson / "index.csv").read_text(encoding="utf-8").splitlines()
    few = [rows[0].rsplit(",", 1)[0], *(row.rsplit(",", 1)[0] for row in rows[1:] if not row.startswith(("a3", "a4")))]
    manifest = lesson / "few.csv"
    manifest.write_text("\n".join([*few, "gone.wav,cheerful"]), encoding="utf-8")
    done = run("train", manifest, "-o", tmp_path / "head", language="zh_CN.UTF-8")
    assert done.returncode == 1
    assert "警告: 清单未注明说话人" in done.stderr
    assert "不足 10 个：发火 (9)" in done.stderr
    assert "25 个录音中有 1 个无法分析；其余录音照常使用。" in done.stderr
    assert "折交叉验证（每个录音单独划分）" in done.stdout
    assert "few.csv：24 个录音" in done.stdout
    assert '<html lang="zh-CN">' in (tmp_path / "head" / "report.html").read_text(encoding="utf-8")
    assert (tmp_path / "head" / "head.json").is_file()


def test_a_head_for_another_model_is_refused(trained: tuple[Path, dict], lesson: Path, tmp_path: Path) -> None:
    data = json.loads((trained[0] / "head.json").read_text(encoding="utf-8"))
    data["model_sha256"] = "ab" * 32
    (tmp_path / "head.json").write_text(json.dumps(data), encoding="utf-8")
    done = run("evaluate", lesson, "--head", tmp_path)
    assert done.returncode == 2
    assert "'my_head' was trained for" in done.stderr
    with pytest.raises(emotone.ModelError):
        emotone.load_model().with_head(Head.from_json(data))


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["missing.csv", "-o", "head"], 1, "There is no manifest"),
        (["LESSON/one.csv", "-o", "head"], 1, "one class of recordings"),
        (["LESSON"], 2, "-o"),
        (["LESSON", "-o", "LESSON/index.csv/below"], 1, "cannot be written"),
        (["LESSON", "-o", "head", "--model", "nope"], 2, "There is no model"),
    ],
)
def test_what_is_wrong_is_one_sentence(lesson: Path, arguments: list[str], code: int, message: str) -> None:
    rows = (lesson / "index.csv").read_text(encoding="utf-8").splitlines()
    (lesson / "one.csv").write_text("\n".join(row for row in rows if "发火" not in row), encoding="utf-8")
    done = run("train", *(argument.replace("LESSON", str(lesson)) for argument in arguments))
    assert (done.returncode, done.stdout) == (code, "")
    assert message in done.stderr
    assert "Traceback" not in done.stderr
