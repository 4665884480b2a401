"""Baselines, heads and abstaining on the command line, as a user meets them."""

import csv
import io
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from test_cli import run
from test_evaluate import write_head

import emotone
from emotone.heads import Head


@pytest.fixture(scope="module")
def voice(clips: list[Path], four_moods: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two recordings of one actor, and something else."""
    folder = tmp_path_factory.mktemp("voice")
    for clip in (clips[1], four_moods):
        shutil.copy(clip, folder)
    (folder / "notes.txt").write_text("no recording")
    return folder


@pytest.fixture(scope="module")
def made(voice: Path) -> Path:
    path = voice.parent / "voice.npz"
    done = run("baseline", "make", voice, "-o", path)
    assert (done.returncode, done.stdout) == (0, f"{path}\n"), done.stderr
    assert "of speech in 2 recordings" in done.stderr
    return path


def test_a_made_baseline_is_that_of_the_library(model: emotone.Recognizer, voice: Path, made: Path) -> None:
    found = emotone.load_baseline(made)
    expected = model.baseline(sorted(voice.glob("*.ogg")))
    assert (found.clips, found.model) == (2, model.info)
    assert found.duration == pytest.approx(expected.duration)
    np.testing.assert_allclose(found.embeddings, expected.embeddings, atol=1e-4)


def test_both_views_in_json(model: emotone.Recognizer, made: Path, four_moods: Path) -> None:
    done = run("predict", four_moods, "--baseline", made, "--format", "json")
    found = json.loads(done.stdout)
    expected = model.predict(four_moods, baseline=emotone.load_baseline(made))
    assert found["scores"] == pytest.approx(dict(expected.scores), abs=1e-4)
    assert found["absolute"]["scores"] == pytest.approx(dict(model.predict(four_moods).scores), abs=1e-4)
    assert found["scores"] != found["absolute"]["scores"]
    assert found["baseline"] == {"seconds": pytest.approx(expected.baseline.duration), "clips": 2}


def test_files_folders_and_made_ones_add_up(voice: Path, made: Path, clips: list[Path]) -> None:
    given = ("--baseline", voice, "--baseline", made, "--baseline", clips[1])
    found = json.loads(run("predict", clips[1], *given, "--format", "json").stdout)
    assert found["baseline"]["clips"] == 5


def test_table_and_csv_have_both_views(made: Path, clips: list[Path]) -> None:
    done = run("predict", clips[0], clips[1], "--baseline", made)
    assert "without baseline" in done.stdout.splitlines()[0]
    assert done.stderr.count("baseline: ") == 1
    text = run("predict", clips[0], "--baseline", made, "--format", "csv").stdout
    (row,) = csv.DictReader(io.StringIO(text))
    assert row["absolute"] == "happy"
    assert 0 < float(row["absolute_confidence"]) < 1
    assert float(row["baseline_seconds"]) == pytest.approx(emotone.load_baseline(made).duration)
    (plain,) = csv.DictReader(io.StringIO(run("predict", clips[0], "--format", "csv").stdout))
    assert "absolute" not in plain


def test_auto_takes_each_folder_as_one_voice(
    model: emotone.Recognizer, voice: Path, clips: list[Path], tmp_path: Path
) -> None:
    other = shutil.copy(clips[0], tmp_path / "alone.ogg")
    files = [*sorted(voice.glob("*.ogg")), Path(other)]
    done = run("predict", *files, "missing.wav", "--baseline", "auto", "--format", "jsonl", "-o", tmp_path / "out")
    assert done.returncode == 1
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["file"] for row in rows] == list(map(str, files))
    assert [row["baseline"]["clips"] for row in rows] == [2, 2, 1]
    expected = model.predict(files[0], baseline=model.baseline(files[:2]))
    assert rows[0]["scores"] == pytest.approx(dict(expected.scores), abs=1e-4)
    assert "missing.wav" in done.stderr
    saved = [json.loads(path.read_text(encoding="utf-8")) for path in (tmp_path / "out").glob("*/result.json")]
    assert sorted(result["baseline"]["clips"] for result in saved) == [1, 2, 2]


def test_a_file_that_is_given_twice_is_answered_twice_and_counts_once(clips: list[Path]) -> None:
    again = clips[1].parent / ".." / clips[1].parent.name / clips[1].name
    done = run("predict", clips[1], clips[2], clips[1], again, "--baseline", "auto", "--format", "jsonl")
    assert done.returncode == 0
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["file"] for row in rows] == list(map(str, (clips[1], clips[2], clips[1], again)))
    assert {row["baseline"]["clips"] for row in rows} == {2}
    assert rows[0]["scores"] == rows[2]["scores"] == pytest.approx(rows[3]["scores"], abs=1e-4)
    assert done.stderr.count("baseline: ") == 1


def test_a_link_lies_where_it_lies(clips: list[Path], tmp_path: Path) -> None:
    for voice, clip in zip("ab", clips[1:], strict=True):
        (tmp_path / voice).mkdir()
        (tmp_path / voice / "link.ogg").symlink_to(clip)
    files = [tmp_path / "a" / "link.ogg", tmp_path / "b" / "link.ogg"]
    done = run("predict", *files, "--baseline", "auto", "--format", "jsonl")
    assert [json.loads(line)["baseline"]["clips"] for line in done.stdout.splitlines()] == [1, 1]
    assert f"baseline: {tmp_path / 'a'}: " in done.stderr


def test_timeline_compares_with_the_recording_itself(model: emotone.Recognizer, four_moods: Path) -> None:
    found = json.loads(run("timeline", four_moods, "--baseline", "auto", "--format", "json").stdout)
    heard = model.listen(four_moods)
    expected = heard.timeline(baseline=heard.baseline())
    assert found["scores"] == pytest.approx(dict(expected.utterance.scores), abs=1e-4)
    assert len(found["timeline"]["windows"]) == len(found["timeline"]["absolute"]["windows"]) == len(expected.windows)
    assert found["timeline"]["windows"][0]["scores"] != found["timeline"]["absolute"]["windows"][0]["scores"]
    table = run("timeline", four_moods, "--baseline", "auto")
    assert "without the baseline" in table.stdout
    assert "of speech in 1 recording\n" in table.stderr


def test_recordings_of_a_baseline_that_cannot_be_used_are_named(voice: Path, clips: list[Path]) -> None:
    done = run("predict", clips[0], "--baseline", voice, "--baseline", "missing.wav", "--format", "json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["baseline"]["clips"] == 2
    assert "There is no file" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["predict", "CLIP", "--baseline", "missing.npz"], 2, "cannot be read"),
        (["predict", "CLIP", "--baseline", "missing.wav"], 1, "No recording can be used for the baseline"),
        (["predict", "CLIP", "--baseline", "EMPTY"], 1, "There are no recordings in"),
        (["predict", "CLIP", "--baseline", "auto", "--baseline", "CLIP"], 2, "stands alone"),
        (["predict", "CLIP", "--baseline", ""], 1, "Found an empty path"),
        (
            ["timeline", "CLIP", "--channels", "split", "--baseline", "CLIP"],
            2,
            "for one speaker, and there are several",
        ),
        (["timeline", "CLIP", "--turns", "t.rttm", "--baseline", "CLIP"], 2, "Use --baseline auto"),
        (["timeline", "CLIP", "--baseline", "EMPTY/fake.npz"], 2, "holds no baseline"),
        (["baseline", "make", "CLIP", "-o", "voice.wav"], 2, "ends in .npz"),
        (["baseline", "make", "-o", "voice.npz"], 2, "FILES|DIR"),
        (["predict", "CLIP", "--head", "missing.json"], 2, "The head 'missing.json' cannot be read"),
        (["predict", "CLIP", "--head", "emotions", "--head", "emotions"], 2, "Two heads are called 'emotions'"),
        (["evaluate", "EMPTY", "--baseline", "all"], 2, "There is no baseline 'all'"),
    ],
)
def test_what_is_wrong_is_one_sentence(
    clips: list[Path], tmp_path: Path, arguments: list[str], code: int, message: str
) -> None:
    (tmp_path / "fake.npz").write_text("no archive")
    words = [word.replace("CLIP", str(clips[0])).replace("EMPTY", str(tmp_path)) for word in arguments]
    done = run(*words)
    assert (done.returncode, done.stdout) == (code, "")
    assert message in done.stderr


def test_heads_side_by_side(model: emotone.Recognizer, clips: list[Path], tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    weight = generator.normal(0, 0.05, (2, model.info.dim)).astype(np.float32)
    head = Head(("calm", "hesitant"), weight, np.zeros(2, np.float32))
    folder = tmp_path / "nerves"
    folder.mkdir()
    write_head(folder, head)
    both = ("--head", folder, "--head", "emotions")
    found = json.loads(run("predict", clips[0], *both, "--format", "json").stdout)
    assert found["head"] == "nerves"
    assert found["scores"] == pytest.approx(dict(model.with_head(head).predict(clips[0]).scores), abs=1e-4)
    (other,) = found["heads"]
    assert (other["head"], other["label"]) == ("emotions", "happy")
    assert other["scores"] == pytest.approx(dict(model.predict(clips[0]).scores), abs=1e-4)
    table = run("predict", clips[0], *both).stdout.splitlines()
    assert "emotions" in table[0]
    assert "😊 Happy" in table[1]
    (row,) = csv.DictReader(io.StringIO(run("predict", clips[0], *both, "--format", "csv").stdout))
    assert (row["emotions.emotion"], row["emotion"]) == ("happy", found["emotion"])
    over_time = json.loads(run("timeline", clips[0], *both, "--format", "json").stdout)
    assert set(over_time["timeline"]["windows"][0]["scores"]) == {"calm", "hesitant"}
    assert over_time["heads"][0]["timeline"]["windows"][0]["label"] == "happy"
    plain = json.loads(run("predict", clips[0], "--format", "json").stdout)
    assert "head" not in plain
    assert "heads" not in plain


def test_abstaining(tmp_path: Path) -> None:
    import soundfile

    soundfile.write(tmp_path / "silence.wav", np.zeros(48_000), 16_000)
    sure = json.loads(run("predict", tmp_path / "silence.wav", "--format", "json").stdout)
    assert "withheld" not in sure
    found = json.loads(run("predict", tmp_path / "silence.wav", "--abstain", "--format", "json").stdout)
    assert (found["emotion"], found["withheld"], found["confidence"]) == ("unknown", "silent", 0)
    assert found["scores"] == sure["scores"]
    table = run("predict", tmp_path / "silence.wav", "--abstain").stdout
    assert f"{sure['emotion'].capitalize()} {sure['confidence']:.0%}" in table  # what would have been said


def test_frames_are_saved_from_the_same_pass(model: emotone.Recognizer, clips: list[Path], tmp_path: Path) -> None:
    run("predict", clips[0], "-o", tmp_path, "--granularity", "frame", "--embedding")
    (path,) = tmp_path.glob("*/embedding.npy")
    np.testing.assert_allclose(np.load(path), model.embed_frames(clips[0]), atol=1e-3)


def test_evaluate_beside_the_speaker(corpus: Path) -> None:
    done = run("evaluate", corpus, "--baseline", "k=3", "--labels", "present", "--format", "json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["protocol"]["baseline"], found["protocol"]["draws"]) == ("k=3", 10)
    plain = json.loads(run("evaluate", corpus, "--labels", "present", "--format", "json").stdout)
    assert found["absolute"] == {name: plain[name] for name in found["absolute"]}
    table = run("evaluate", corpus, "--baseline", "speaker").stdout
    assert "without baseline" in table
    assert "speaker: each recording is compared with all of its speaker" in table


def test_chinese(made: Path, clips: list[Path]) -> None:
    done = run("predict", clips[0], "--baseline", made, language="zh_CN.UTF-8")
    assert "不比较时" in done.stdout
    assert "基线：" in done.stderr
    text = run("baseline", "make", "--help", language="zh_CN.UTF-8").stdout
    assert "用同一说话人的录音生成基线" in text
    assert not any(word in text for word in ("Usage", "Options", "Write"))
