"""`emotone batch` as people type it."""

import csv
import json
import os
from pathlib import Path

import pytest
from archive import cli, write_archive


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an archive of two files and a bad one, and a run of it."""
    folder = tmp_path_factory.mktemp("work")
    write_archive(folder / "archive", 2)
    (folder / "archive" / "bad.wav").write_bytes(b"this is no sound")
    done = cli("run", "archive", "-o", "run", "--embedding", code=1, cwd=folder)
    assert done.stdout == ""
    assert "2 files analysed." in done.stderr
    assert "1 files failed: run/failures.jsonl" in done.stderr
    assert "archive/bad.wav: 'bad.wav' is not audio that can be decoded" in done.stderr
    return folder


def test_a_second_run_does_nothing(finished: Path) -> None:
    done = cli("run", "archive", "-o", "run", "--embedding", code=1, cwd=finished)
    assert "0 files analysed, 3 were dealt with before." in done.stderr
    assert "1 of those before failed, and were not tried again: run/failures.jsonl. --retry-failures" in done.stderr
    others = cli("run", "archive/a", "archive/b", "-o", "run", "--embedding", cwd=finished)  # none of these failed
    assert "2 were dealt with before." in others.stderr
    assert "failed" not in others.stderr


def test_other_options_are_refused_in_words(finished: Path) -> None:
    done = cli("run", "archive", "-o", "run", code=2, cwd=finished)
    assert "'run' was begun otherwise: embedding was True, now False." in done.stderr
    done = cli("run", "archive", "-o", "run", code=2, cwd=finished, env={**os.environ, "LANGUAGE": "zh"})
    assert "embedding 原为 True，现为 False" in done.stderr


def test_status(finished: Path) -> None:
    lines = [line.split() for line in cli("status", "run", cwd=finished).stdout.splitlines()]
    said = {words[0]: " ".join(words[1:]) for words in lines if words}
    assert (said["state"], said["files"], said["rows"], said["failures"]) == ("complete", "2", "2", "1")
    found = json.loads(cli("status", "run", "--json", cwd=finished).stdout)
    assert (found["counts"]["files"], found["finished"], found["options"]["embedding"]) == (2, True, True)


def test_export(finished: Path) -> None:
    assert "t.csv" in cli("export", "run", "-o", "t.csv", cwd=finished).stderr
    with (finished / "t.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["file"] for row in rows] == ["archive/a/000.wav", "archive/b/001.wav"]
    cli("export", "run", "-o", "t.jsonl", cwd=finished)
    records = [json.loads(line) for line in (finished / "t.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [record["label"] for record in records] == [row["label"] for row in rows]
    assert [" ".join(record["doubts"]) for record in records] == [row["doubts"] for row in rows]
    assert len(records[0]["embedding"]) == 512
    assert "embedding" not in rows[0]
    assert "wanted .parquet, .csv, .jsonl" in cli("export", "run", "-o", "t.xlsx", code=2, cwd=finished).stderr


@pytest.mark.parametrize("command", [("status", "nowhere"), ("export", "nowhere", "-o", "t.csv")])
def test_a_folder_without_a_run(finished: Path, command: tuple[str, ...]) -> None:
    assert "There is no batch run in 'nowhere'" in cli(*command, code=1, cwd=finished).stderr


def test_a_folder_without_recordings_is_an_error(finished: Path) -> None:
    (finished / "empty").mkdir()
    assert "There is no recording in 'empty'." in cli("run", "empty", "-o", "none", code=1, cwd=finished).stderr


def test_what_is_not_there_is_said_at_once(finished: Path) -> None:
    done = cli("run", "archive", "nix/*.wav", "-o", "new", code=1, cwd=finished)
    assert "nix/*.wav" in done.stderr
    assert not (finished / "new").exists()
