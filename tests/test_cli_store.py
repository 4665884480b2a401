"""`emotone store`, with real recordings."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest


def emotone(folder: Path, *words: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "emotone", "store", *words]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, encoding="utf-8", check=False)
    assert "Traceback" not in done.stderr
    assert done.returncode == code, done.stderr
    return done


def found(folder: Path, *words: str) -> list[dict]:
    return json.loads(emotone(folder, *words, "--format", "json").stdout)


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory, corpus: Path, four_moods: Path) -> Path:
    """A folder with a corpus, and with a store of it and of the segments of another recording."""
    folder = tmp_path_factory.mktemp("workplace")
    shutil.copytree(corpus, folder / "corpus")
    shutil.copy(four_moods, folder / "talk.ogg")
    assert "8 rows added" in emotone(folder, "add", "archive", "corpus/index.csv").stderr
    emotone(folder, "add", "archive", "talk.ogg", "--granularity", "frame")
    return folder


def test_a_clip_finds_itself_and_says_where_it_is(workplace: Path) -> None:
    best = found(workplace, "search", "archive", "corpus/sad_06.wav")[0]
    assert best["similarity"] == pytest.approx(1, abs=1e-4)
    assert Path(best["file"]) == workplace / "corpus" / "sad_06.wav"
    assert best["metadata"] == {"emotion": "sad", "speaker": "06", "sex": "f", "language": "en"}


def test_a_stretch_finds_its_segment(workplace: Path) -> None:
    segments = found(workplace, "search", "archive", "talk.ogg", "--where", "duration>=11")
    last = max(segments, key=lambda match: match["start"])
    stretch = ("--start", str(last["start"]), "--end", str(last["end"]), "--where", "duration>=11")
    assert found(workplace, "search", "archive", "talk.ogg", *stretch)[0]["id"] == last["id"]


def test_rows_like_a_row_of_another_voice(workplace: Path) -> None:
    (german,) = found(workplace, "search", "archive", "corpus/happy_08.wav", "--where", "speaker=08")
    others = found(workplace, "similar", "archive", german["id"], "--where", "speaker=06", "--limit", "3")
    assert len(others) == 3
    assert {match["metadata"]["speaker"] for match in others} == {"06"}


def test_adding_again_analyses_nothing(workplace: Path) -> None:
    said = emotone(workplace, "add", "archive", "corpus/index.csv").stderr
    assert "0 rows added, 0 changed, 8 were there" in said


def test_a_bad_recording_stops_nothing(workplace: Path, tmp_path: Path) -> None:
    (tmp_path / "broken.wav").write_bytes(b"this is no audio")
    shutil.copy(workplace / "corpus" / "sad_06.wav", tmp_path)
    said = emotone(tmp_path, "add", "new", "broken.wav", "sad_06.wav", code=1).stderr
    assert "1 rows added" in said
    assert "broken.wav" in said


def test_a_batch_run_is_added_as_it_is(workplace: Path) -> None:
    command = [sys.executable, "-m", "emotone", "batch", "run", "corpus", "-o", "run", "--embedding"]
    subprocess.run(command, cwd=workplace, capture_output=True, check=True)
    assert "8 rows added" in emotone(workplace, "add", "of_run", "run").stderr
    one, other = (found(workplace, "search", place, "corpus/sad_06.wav")[0] for place in ("archive", "of_run"))
    assert one["scores"] == pytest.approx(other["scores"], abs=1e-4)
    assert (one["id"], one["file"]) == (other["id"], other["file"])
    assert Path(one["file"]).is_absolute()


def test_export_and_remove(workplace: Path) -> None:
    shutil.copytree(workplace / "archive", workplace / "copy")
    emotone(workplace, "export", "copy", "-o", "sad.csv", "--where", "emotion=sad")
    lines = (workplace / "sad.csv").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 3
    assert "2 rows removed" in emotone(workplace, "remove", "copy", "--where", "emotion=sad").stderr
    assert found(workplace, "search", "copy", "talk.ogg", "--where", "emotion=sad") == []
    emotone(workplace, "export", "copy", "-o", "rows.xyz", code=2)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("info", "nowhere"), 1, "There is no store"),
        (("search", "archive", "talk.ogg", "--where", "mood=sad"), 2, "There is no column 'mood'"),
        (("search", "archive", "talk.ogg", "--where", "sad"), 2, "is no condition"),
        (("search", "archive", "talk.ogg", "--start", "12"), 2, "wanted 0 ≤ start < end"),
        (("search", "archive", "talk.ogg", "--limit", "0"), 2, "wanted 1 to 1000"),
        (("search", "archive", "missing.wav"), 1, "missing.wav"),
        (("similar", "archive", "nobody"), 1, "no row 'nobody'"),
        (("remove", "archive"), 2, "Say which rows"),
        (("add", "archive", "missing"), 1, "missing"),
    ],
)
def test_errors_say_what_to_do(workplace: Path, words: tuple[str, ...], code: int, said: str) -> None:
    assert said in emotone(workplace, *words, code=code).stderr


@pytest.mark.parametrize("command", [("search", "{}", "talk.ogg"), ("cluster", "{}"), ("map", "{}")])
def test_an_empty_store_says_how_to_fill_it(workplace: Path, tmp_path: Path, command: tuple[str, ...]) -> None:
    place = str(tmp_path / "empty")
    (tmp_path / "broken.wav").write_bytes(b"this is no audio")
    emotone(workplace, "add", place, str(tmp_path / "broken.wav"), code=1)
    said = emotone(workplace, *(word.format(place) for word in command), code=1).stderr
    assert f"The store '{place}' is empty. Add recordings: emotone store add {place}" in said


def test_the_tables_are_for_people(workplace: Path) -> None:
    done = emotone(workplace, "search", "archive", "talk.ogg", "--limit", "2")
    assert done.stdout.splitlines()[0].split() == ["alike", "emotion", "confidence", "start", "end", "recording", "id"]
    assert "fewer than 100 rows" in done.stderr
    told = emotone(workplace, "info", "archive").stdout.splitlines()
    assert any(line.startswith("model") and "emotone-small" in line for line in told)
    for line in (*told, *done.stdout.splitlines()):
        assert line == line.rstrip()
