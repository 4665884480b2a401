"""`emotone calibrate` as a user meets it."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from test_cli import run

import emotone
from emotone.examples import examples


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """24 different stretches of three real recordings, as two speakers."""
    folder = tmp_path_factory.mktemp("many")
    rows = ["file,emotion,speaker"]
    for example, emotion in zip(examples(), ("happy", "angry", "sad"), strict=True):
        samples = emotone.load_audio(example.path).samples
        for number in range(8):
            name = f"{emotion}{number}.wav"
            soundfile.write(folder / name, samples[number * 1_500 :][: 2 * 16_000], 16_000)
            rows.append(f"{name},{emotion},{number % 2}")
    (folder / "index.csv").write_text("\n".join(rows), encoding="utf-8")
    return folder


def test_a_calibrated_head_is_written_and_used(many: Path, tmp_path: Path) -> None:
    done = run("calibrate", many, "-o", tmp_path / "mine", "--coverage", "0.8", "--format", "json")
    assert done.returncode == 0
    found = json.loads(done.stdout)
    assert (found["clips"], found["speakers"]) == (24, 2)
    assert [row["wanted"] for row in found["coverage"]] == [0.8, 0.9, 0.95]
    assert all(0 <= row["worst_speaker"] <= row["measured"] <= 1 <= row["labels"] for row in found["coverage"])
    assert "Only 2 speakers" in done.stderr
    head = emotone.load_head(tmp_path / "mine")
    assert head.calibration is not None
    assert head.calibration.to_json() == found["calibration"]
    assert np.array_equal(head.weight, emotone.load_model().head.weight)
    again = run("evaluate", many, "--head", tmp_path / "mine", "--format", "json")
    assert json.loads(again.stdout)["accuracy"] == pytest.approx(found["accuracy"])


def test_the_table_and_its_chinese(many: Path, tmp_path: Path) -> None:
    lines = run("calibrate", many, "-o", tmp_path).stdout.splitlines()
    assert lines[0].startswith(f"{many.name}: 24 recordings, 2 speakers, accuracy ")
    assert [line.split()[0] for line in lines[3:]] == ["80%", "90%", "95%"]
    chinese = run("calibrate", many, "-o", tmp_path, language="zh_CN.UTF-8")
    assert chinese.stdout.startswith(f"{many.name}：24 个录音")
    assert "只有 2 位说话人" in chinese.stderr


def test_another_head_is_not_replaced(many: Path, tmp_path: Path) -> None:
    assert run("train", many, "-o", tmp_path / "mine").returncode == 0
    before = (tmp_path / "mine" / "head.json").read_bytes()
    done = run("calibrate", many, "-o", tmp_path / "mine")
    assert (done.returncode, done.stdout) == (1, "")
    assert "is another head than the one to calibrate" in done.stderr
    assert (tmp_path / "mine" / "head.json").read_bytes() == before
    (tmp_path / "later").mkdir()
    (tmp_path / "later" / "head.json").write_text('{"format": 9}', "utf-8")
    assert run("calibrate", many, "-o", tmp_path / "later").returncode != 0
    assert (tmp_path / "later" / "head.json").read_text("utf-8") == '{"format": 9}'
    assert run("calibrate", many, "-o", tmp_path / "mine", "--head", tmp_path / "mine").returncode == 0
    assert emotone.load_head(tmp_path / "mine").calibration is not None


def test_without_speakers_nobody_is_held_out(many: Path, tmp_path: Path) -> None:
    rows = (many / "index.csv").read_text("utf-8").splitlines()
    (tmp_path / "list.csv").write_text("\n".join(f"{many}/{row}" if number else row for number, row in enumerate(rows)))
    table = (tmp_path / "list.csv").read_text("utf-8").replace(",0\n", ",\n").replace(",1\n", ",\n")
    (tmp_path / "list.csv").write_text(table.removesuffix(",1") + ",", "utf-8")
    assert "on recordings that were held out" in run("calibrate", tmp_path / "list.csv", "-o", tmp_path).stdout


def test_too_few_recordings_are_an_error_in_one_line(corpus: Path, tmp_path: Path) -> None:
    done = run("calibrate", corpus, "-o", tmp_path / "none")
    assert done.returncode == 1
    assert "There are 8 recordings that can be scored" in done.stderr
    assert not (tmp_path / "none").exists()
