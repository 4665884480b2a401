"""The command line as a user meets it: a process, its two streams and its exit code."""

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import emotone

Process = subprocess.CompletedProcess[str]


def run(*arguments: object, language: str = "en_US.UTF-8", stdin: bytes = b"") -> Process:
    environment = {key: value for key, value in os.environ.items() if key != "LANGUAGE" and not key.startswith("LC_")}
    environment |= {"LANG": language, "PYTHONIOENCODING": "utf-8", "PYTHONUTF8": "1"}
    command = [sys.executable, "-m", "emotone", *map(str, arguments)]
    done = subprocess.run(command, input=stdin, capture_output=True, env=environment, check=False)
    assert b"Traceback" not in done.stderr
    return Process(command, done.returncode, done.stdout.decode(), done.stderr.decode())


def test_table_on_stdout_and_doubts_on_stderr(clips: list[Path]) -> None:
    done = run("predict", clips[0], clips[2])
    header, *rows = done.stdout.splitlines()
    assert done.returncode == 0
    assert header.split() == ["file", "emotion", "confidence", "runner-up", "duration"]
    assert [row.split()[0] for row in rows] == [str(clips[0]), str(clips[2])]
    assert "😊 Happy" in rows[0]
    assert "Results are best for 3–10 s of speech." in done.stderr
    assert "\x1b" not in done.stdout + done.stderr


def test_chinese_when_the_locale_is_chinese(clips: list[Path]) -> None:
    help_text = run("predict", "--help", language="zh_CN.UTF-8").stdout
    assert help_text.startswith("用法: ")
    assert "选项:" in help_text
    assert "显示此帮助并退出。" in help_text
    assert "[默认：utterance]" in help_text
    assert not any(word in help_text for word in ("Usage", "Options", "Show", "default"))
    assert "😊 快乐" in run("predict", clips[0], language="zh_CN.UTF-8").stdout


def test_help_names_every_command_and_ends_in_an_example() -> None:
    text = run("--help").stdout
    assert all(verb in text for verb in ("predict", "timeline", "embed", "evaluate", "models", "serve"))
    assert text.rstrip().endswith("Example: emotone predict speech.wav")


def test_jsonl_is_one_object_a_line(model: emotone.Recognizer, clips: list[Path], tmp_path: Path) -> None:
    done = run("predict", *clips, "--format", "jsonl")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["file"] for row in rows] == [str(clip) for clip in clips]
    assert rows[0]["emotion"] == "happy"
    assert rows[0]["scores"] == pytest.approx(model.predict(clips[0]).scores, abs=1e-6)
    run("predict", clips[0], "-o", tmp_path)
    (saved,) = tmp_path.glob("outputs_*/result.json")
    assert list(rows[0]) == ["file", *json.loads(saved.read_text(encoding="utf-8"))]


def test_json_of_one_file_is_an_object_and_of_several_a_list(clips: list[Path]) -> None:
    assert json.loads(run("predict", clips[0], "--format", "json").stdout)["emotion"] == "happy"
    several = json.loads(run("predict", *clips[:2], "--format", "json").stdout)
    assert [row["emotion"] for row in several] == ["happy", "angry"]


def test_csv_reads_back(clips: list[Path]) -> None:
    rows = list(csv.DictReader(io.StringIO(run("predict", *clips, "--format", "csv").stdout)))
    assert [row["file"] for row in rows] == [str(clip) for clip in clips]
    assert float(rows[0]["happy"]) == float(rows[0]["confidence"])
    assert rows[2]["doubts"].split()[-1] == "length_advice"
    assert sum(float(rows[0][label]) for label in emotone.LABELS) == pytest.approx(1)


def test_standard_input(clips: list[Path]) -> None:
    done = run("predict", "-", "--format", "jsonl", stdin=clips[0].read_bytes())
    row = json.loads(done.stdout)
    assert (row["file"], row["source"]["name"], row["emotion"]) == ("-", "stdin", "happy")


def test_bad_files_are_reported_and_the_rest_goes_on(clips: list[Path], tmp_path: Path) -> None:
    text = tmp_path / "text.wav"
    text.write_text("not audio at all")
    done = run("predict", text, clips[0], tmp_path / "missing.mp3", tmp_path, "--format", "jsonl")
    assert done.returncode == 1
    assert [json.loads(line)["emotion"] for line in done.stdout.splitlines()] == ["happy"]
    errors = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert len(errors) == 3
    assert "'text.wav' is not audio that can be decoded" in errors[0]
    assert "There is no file" in errors[1]
    assert "is a folder" in errors[2]


@pytest.mark.parametrize(
    "arguments",
    [
        ["predict"],
        ["predict", "a.wav", "--format", "xml"],
        ["predict", "a.wav", "--embedding"],
        ["predict", "a.wav", "--model", "nope"],
        ["timeline"],
        ["embed", "a.wav"],
        ["sing"],
        ["serve", "--port", "0"],
    ],
)
def test_wrong_usage_is_exit_code_2(arguments: list[str]) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.strip()


def test_output_folders(clips: list[Path], tmp_path: Path) -> None:
    done = run("predict", *clips, "-o", tmp_path, "--embedding", "--granularity", "frame", "--format", "jsonl")
    folders = sorted(tmp_path.glob("outputs_*"))
    assert done.returncode == 0
    assert len(folders) == 3
    assert all(str(folder) in done.stderr for folder in folders)
    shapes = {np.load(folder / "embedding.npy").shape for folder in folders}
    assert {shape[0] for shape in shapes} == {78, 98, 276}


def test_an_output_folder_that_cannot_be_written_is_one_sentence(clips: list[Path], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = run("predict", clips[0], "-o", tmp_path / "file" / "below")
    assert done.returncode == 1
    assert "cannot be written" in done.stderr


def test_timeline_formats(four_moods: Path) -> None:
    arguments = ("timeline", four_moods, "--window", 2, "--hop", 0.5, "--format")
    data = json.loads(run(*arguments, "json").stdout)
    moods = [segment["label"] for segment in data["timeline"]["segments"]]
    assert moods == ["neutral", "happy", "sad", "angry"]
    assert (data["timeline"]["window"], data["timeline"]["hop"]) == (2.0, 0.5)

    rows = list(csv.DictReader(io.StringIO(run(*arguments, "csv").stdout)))
    assert [row["label"] for row in rows] == moods

    rows = list(csv.DictReader(io.StringIO(run(*arguments, "windows").stdout)))
    assert len(rows) == len(data["timeline"]["windows"])
    assert [rows[1]["start"], rows[1]["end"]] == ["0.5", "2.5"]

    first = run(*arguments, "srt").stdout.split("\n\n")[0].split("\n")
    assert first[0] == "1"
    assert first[1].count(" --> ") == 1
    assert first[2].startswith("Neutral ")

    lines = run(*arguments, "table").stdout.splitlines()
    assert lines[0].split() == ["start", "end", "emotion", "confidence"]
    blank = lines.index("")
    assert [line.split()[3].lower() for line in lines[1:blank]] == moods
    assert lines[blank + 1].startswith("The recording: ")
    assert lines[-1].endswith(")")  # the code of its rule


def test_timeline_of_a_bad_file_is_exit_code_1(tmp_path: Path) -> None:
    done = run("timeline", tmp_path / "missing.wav")
    assert (done.returncode, done.stdout) == (1, "")


def test_impossible_window_is_one_sentence(four_moods: Path) -> None:
    done = run("timeline", four_moods, "--window", 0.1)
    assert done.returncode == 2
    assert "wanted 0 < hop" in done.stderr


def test_embed_prints_where_the_files_are(model: emotone.Recognizer, clips: list[Path], tmp_path: Path) -> None:
    twin = tmp_path / clips[0].name
    twin.write_bytes(clips[0].read_bytes())
    done = run("embed", clips[0], twin, clips[1], "-o", tmp_path / "vectors")
    paths = [Path(line) for line in done.stdout.splitlines()]
    assert [path.name for path in paths] == ["german_happy.npy", "german_happy_2.npy", "english_angry.npy"]
    np.testing.assert_allclose(np.load(paths[0]), model.embed(clips[0]), atol=1e-4)
    np.testing.assert_array_equal(np.load(paths[0]), np.load(paths[1]))


def test_models(model: emotone.Recognizer) -> None:
    path = Path(run("models", "path").stdout.strip())
    assert path.is_file()
    assert run("models", "path", "nope").returncode == 2
    row, *others = json.loads(run("models", "list", "--format", "json").stdout)
    assert (row["name"], row["sha256"], row["dim"]) == ("emotone-small", model.info.sha256, model.info.dim)
    assert {other["state"] for other in others} == {"missing"}
    assert run("predict", "--model", path, "missing.wav").returncode == 1


def test_version() -> None:
    assert run("--version").stdout == f"emotone, version {emotone.__version__}\n"


def test_names_of_files_are_shown_as_they_are(clips: list[Path], tmp_path: Path) -> None:
    names = ["take[draft].ogg", "[bold]x[-bold].ogg", "a:smile:.ogg"]
    for name in names:
        (tmp_path / name).write_bytes(clips[0].read_bytes())
    done = run("predict", *(tmp_path / name for name in names))
    assert [row.split()[0] for row in done.stdout.splitlines()[1:]] == [str(tmp_path / name) for name in names]
    assert "missing:smile:.wav" in run("predict", "missing:smile:.wav").stderr


def test_names_that_are_not_text(clips: list[Path], tmp_path: Path) -> None:
    strange = os.path.join(os.fsencode(tmp_path), b"\xff.ogg")
    Path(os.fsdecode(strange)).write_bytes(clips[0].read_bytes())
    done = run("predict", os.fsdecode(strange), clips[1], "-o", tmp_path / "out", "--format", "jsonl")
    assert done.returncode == 0
    assert [json.loads(line)["source"]["name"] for line in done.stdout.splitlines()] == ["?.ogg", clips[1].name]


def test_piped_output_is_utf8_whatever_the_console_is(clips: list[Path]) -> None:
    command = [sys.executable, "-m", "emotone", "predict", str(clips[2]), "--format", "json"]
    environment = os.environ | {"PYTHONIOENCODING": "cp1252", "PYTHONUTF8": "0"}
    done = subprocess.run(command, capture_output=True, env=environment, check=True)
    assert json.loads(done.stdout.decode("utf-8"))["doubts"][0]["zh"]


def test_languages_are_never_mixed() -> None:
    environment = os.environ | {"LANGUAGE": "en_US:zh_CN", "LANG": "zh_CN.UTF-8"}
    command = [sys.executable, "-m", "emotone", "predict", "--help"]
    text = subprocess.run(command, capture_output=True, env=environment, check=True).stdout.decode()
    assert text.startswith("Usage: ")
    assert "用法" not in text


@pytest.mark.parametrize("option", ["--window", "--hop"])
@pytest.mark.parametrize("value", ["inf", "nan", "-1"])
def test_times_that_are_no_times(four_moods: Path, option: str, value: str) -> None:
    done = run("timeline", four_moods, option, value, "--format", "json")
    assert (done.returncode, done.stdout) == (2, "")
    assert "wanted 0 < hop" in done.stderr
