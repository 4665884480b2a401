"""Exports on the command line: to a file, to standard output, and what does not fit."""

import csv
import io
import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import numpy as np
import parselmouth
import pympi
import pytest
import soundfile
from parselmouth.praat import call
from pyarrow import parquet

import emotone


def run(*arguments: object, language: str = "en_US.UTF-8") -> subprocess.CompletedProcess[bytes]:
    environment = {key: value for key, value in os.environ.items() if key != "LANGUAGE" and not key.startswith("LC_")}
    command = [sys.executable, "-m", "emotone", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, env=environment | {"LANG": language}, check=False)
    assert b"Traceback" not in done.stderr
    return done


def test_the_ending_says_the_format(four_moods: Path, tmp_path: Path) -> None:
    path = tmp_path / "new folder" / "talk.TextGrid"
    done = run("timeline", four_moods, "--window", 2, "-o", path)
    assert (done.returncode, done.stdout) == (0, b"")
    assert str(path) in done.stderr.decode()
    assert list(path.parent.iterdir()) == [path]
    grid = parselmouth.read(str(path))
    labels = [
        call(grid, "Get label of interval", 1, number)
        for number in range(1, 1 + call(grid, "Get number of intervals", 1))
    ]
    assert [label for label in labels if label] == ["neutral", "happy", "sad", "angry"]
    assert run("timeline", four_moods, "--window", 2, "--format", "textgrid").stdout == path.read_bytes()


def test_the_named_format_wins_over_the_ending(four_moods: Path, tmp_path: Path) -> None:
    path = tmp_path / "talk.TextGrid"
    assert run("timeline", four_moods, "--window", 2, "-o", path, "--format", "audacity").returncode == 0
    assert [line.split("\t")[2] for line in path.read_text().splitlines()] == ["neutral", "happy", "sad", "angry"]


def test_subtitles_are_in_the_language_of_the_reader(four_moods: Path) -> None:
    text = run("timeline", four_moods, "--window", 2, "--format", "vtt", language="zh_CN.UTF-8").stdout.decode()
    assert "中性" in text
    assert "Neutral" not in text


def test_speakers_of_a_call_have_tiers_of_their_own(clips: list[Path], tmp_path: Path) -> None:
    german, english = (emotone.load_audio(clip).samples for clip in clips[:2])
    sound = np.zeros((german.size + english.size, 2), np.float32)
    sound[: german.size, 0], sound[german.size :, 1] = german, english
    soundfile.write(tmp_path / "call.wav", sound, 16_000)
    done = run("timeline", tmp_path / "call.wav", "--channels", "split", "-o", tmp_path / "call.eaf")
    assert done.returncode == 0
    found = pympi.Eaf(tmp_path / "call.eaf")
    assert set(found.get_tier_names()) == {"emotion@1", "confidence@1", "emotion@2", "confidence@2"}
    edge = german.size / 16
    first, second = (found.get_annotation_data_for_tier(f"emotion@{speaker}") for speaker in (1, 2))
    assert {label for _, _, label in first} == {"happy"}
    assert {label for _, _, label in second} == {"angry"}
    assert all(end <= edge + 200 for _, end, _ in first)
    assert all(start >= edge - 200 for start, _, _ in second)


def test_a_table_of_several_recordings_for_programs(clips: list[Path], tmp_path: Path) -> None:
    path = tmp_path / "results.parquet"
    path.write_bytes(run("predict", *clips[:2], "--format", "parquet").stdout)
    table = parquet.read_table(path).to_pylist()
    rows = list(csv.DictReader(io.StringIO(run("predict", *clips[:2], "--format", "csv").stdout.decode())))
    assert [row["emotion"] for row in table] == [row["emotion"] for row in rows] == ["happy", "angry"]
    assert [row["file"] for row in table] == [str(clip) for clip in clips[:2]]
    assert table[0]["happy"] == float(rows[0]["happy"])


def test_predict_over_time_is_a_row_for_each_segment(clips: list[Path]) -> None:
    done = run("predict", *clips[:2], "--granularity", "frame", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(done.stdout.decode())))
    assert {(row["file"], row["label"]) for row in rows} >= {(str(clips[0]), "happy"), (str(clips[1]), "angry")}


def test_npz_holds_what_json_holds(four_moods: Path, tmp_path: Path) -> None:
    path = tmp_path / "talk.npz"
    assert run("timeline", four_moods, "-o", path).returncode == 0
    data = json.loads(run("timeline", four_moods, "--format", "json").stdout)
    with np.load(path) as arrays:
        windows = data["timeline"]["windows"]
        assert arrays["window_times"].tolist() == [[window["start"], window["end"]] for window in windows]
        assert arrays["window_scores"].tolist() == [list(window["scores"].values()) for window in windows]
        assert arrays["embeddings"].shape == (1, 512)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("timeline", "a.wav", "-o", "talk.docx"), "ending of 'talk.docx' does not say"),
        (("predict", "a.wav", "b.wav", "--granularity", "frame", "--format", "srt"), "holds one recording; here are 2"),
        (("predict", "a.wav", "--format", "eaf"), "shows emotion over time"),
        (("timeline", "a.wav", "--format", "table", "-o", "talk.txt"), "table is not written to a file"),
        (("timeline", "a.wav", "--format", "docx"), "'docx' is not one of"),
    ],
)
def test_what_does_not_fit_is_one_sentence_before_anything_is_read(
    arguments: tuple[str, ...], sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (2, b"")
    assert sentence in done.stderr.decode()
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_written_is_one_sentence(four_moods: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = run("timeline", four_moods, "-o", tmp_path / "file" / "talk.srt")
    assert done.returncode == 1
    assert "cannot be written" in done.stderr.decode()


def test_what_is_not_text_is_not_printed_on_a_terminal(four_moods: Path) -> None:
    ours, terminal = pty.openpty()
    command = [sys.executable, "-m", "emotone", "timeline", str(four_moods), "--format", "parquet"]
    done = subprocess.run(command, stdout=terminal, stderr=subprocess.PIPE, env=os.environ | {"LANG": "C"}, check=False)
    os.close(terminal)
    os.close(ours)
    assert done.returncode == 2
    assert b"> result.parquet" in done.stderr
