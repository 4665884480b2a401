"""`emotone timeline` of calls and meetings, as users run it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import soundfile
from calls import Call, two_people

from emotone.types import SAMPLE_RATE


def run(*arguments: object, language: str = "en_US.UTF-8") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "emotone", "timeline", *map(str, arguments)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        env={**os.environ, "LANG": language, "LANGUAGE": "", "LC_ALL": "", "PYTHONUTF8": "1"},
    )


@pytest.fixture(scope="module")
def call() -> Call:
    return two_people()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, call: Call) -> Path:
    folder = tmp_path_factory.mktemp("calls")
    call.save(folder / "call.wav")
    soundfile.write(folder / "mono.wav", call.samples.sum(axis=1), SAMPLE_RATE)
    segments = [
        {
            "start": turn.start,
            "end": turn.end,
            "speaker": {"1": "Tom", "2": "Eva"}[turn.speaker],
            "text": f"line {number}",
        }
        for number, turn in enumerate(call.turns)
    ]
    (folder / "whisperx.json").write_text(json.dumps({"segments": segments}), encoding="utf-8")
    return folder


def test_a_table_of_a_call(folder: Path, call: Call) -> None:
    done = run(folder / "call.wav", "--channels", "split")
    assert done.returncode == 0, done.stderr
    rows = [line.split() for line in done.stdout.splitlines()]
    assert rows[0] == ["start", "end", "speaker", "emotion", "confidence"]
    found = [(row[2], row[4].lower()) for row in rows[1:7]]
    assert found == [(turn.speaker, mood) for turn, mood in zip(call.turns, call.moods, strict=True)]
    assert "Speaker 2: mostly Happy, 100% of the speech with a clear result. (prevailing)" in done.stdout
    chinese = run(folder / "call.wav", "--channels", "split", language="zh_CN.UTF-8").stdout
    assert "说话人2：以“快乐”为主，占结果明确的语音的 100%。 (prevailing)" in chinese


def test_json_of_a_call_in_which_each_is_compared_with_themself(folder: Path) -> None:
    done = run(folder / "call.wav", "--channels", "split", "--baseline", "auto", "--format", "json")
    data = json.loads(done.stdout)
    assert [track["speaker"] for track in data["tracks"]] == ["1", "2"]
    assert all("absolute" in track["timeline"] and track["baseline"]["clips"] == 1 for track in data["tracks"])
    assert [speaker["speaker"] for speaker in data["summary"]["speakers"]] == ["1", "2"]
    codes = [finding["code"] for finding in data["summary"]["findings"]]
    assert codes[0] == "talk_time"
    assert all(finding["rule"]["en"] and finding["rule"]["zh"] for finding in data["summary"]["findings"])
    assert "baseline: call.wav (1): " in done.stderr


def test_an_emotion_for_every_line_of_a_transcript(folder: Path, call: Call) -> None:
    data = json.loads(run(folder / "mono.wav", "--turns", folder / "whisperx.json", "--format", "json").stdout)
    assert [track["speaker"] for track in data["tracks"]] == ["Tom", "Eva"]
    lines = [(one["start"], one["text"]) for track in data["tracks"] for one in track["timeline"]["segments"]]
    assert sorted(lines) == [(turn.start, f"line {number}") for number, turn in enumerate(call.turns)]
    table = run(folder / "mono.wav", "--turns", folder / "whisperx.json").stdout
    assert table.splitlines()[0].split()[-1] == "text"
    assert "line 5" in table
    subtitles = run(folder / "mono.wav", "--turns", folder / "whisperx.json", "--format", "srt").stdout
    assert subtitles.count(" --> ") == len(call.turns)


def test_several_heads(folder: Path) -> None:
    from emotone import load_model
    from emotone.outputs import save_text

    head = load_model().head
    save_text(json.dumps(head.to_json()), folder / "again" / "head.json")
    arguments = ("--channels", "split", "--head", "emotions", "--head", folder / "again" / "head.json")
    data = json.loads(run(folder / "call.wav", *arguments, "--format", "json").stdout)
    assert [other["head"] for other in data["heads"]] == ["again"]
    assert data["heads"][0]["tracks"][1]["timeline"]["segments"] == data["tracks"][1]["timeline"]["segments"]
    assert "again" in run(folder / "call.wav", *arguments).stdout


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["mono.wav", "--channels", "split"], 1, "'mono.wav' has one channel; wanted one for each speaker"),
        (["mono.wav", "--turns", "missing.srt"], 1, "cannot be read"),
        (["mono.wav", "--turns", "mono.wav"], 1, "this is not UTF-8 text"),
        (["mono.wav", "--turns", "late.rttm"], 1, "none of them within the 19.8 s of 'mono.wav'"),
        (["call.wav", "--channels", "split", "--channel", "0"], 2, "--channels split goes neither"),
        (["call.wav", "--channels", "split", "--turns", "whisperx.json"], 2, "--channels split goes neither"),
    ],
)
def test_what_cannot_be_done(folder: Path, arguments: list[str], code: int, message: str) -> None:
    (folder / "late.rttm").write_text("SPEAKER mono 1 100 1 <NA> <NA> A <NA> <NA>\n")
    done = run(*[folder / word if "." in word else word for word in arguments])
    assert (done.returncode, done.stdout) == (code, "")
    assert message in done.stderr
    assert "Traceback" not in done.stderr
