"""Two real recordings side by side, in Python and on the command line."""

import json
from pathlib import Path

import numpy as np
import pytest
from lxml import etree
from test_cli import run
from test_evaluate import write_head

import emotone
from emotone.heads import Head
from emotone.resemblance import Resemblance, resemblance, resemblance_page, resemblance_picture
from emotone.resemblance.resemblance import MOST_MOMENTS, curve_options
from emotone.resemblance.texts import points

SVG = "{http://www.w3.org/2000/svg}"
SECOND = 16_000


@pytest.fixture(scope="module")
def found(model: emotone.Recognizer, clips: list[Path], four_moods: Path) -> Resemblance:
    """An angry recording, and one that ends so."""
    return resemblance(model.listen(clips[1]), model.listen(four_moods), model.head)


def test_a_recording_is_like_itself(model: emotone.Recognizer, four_moods: Path) -> None:
    heard = model.listen(four_moods)
    same = resemblance(heard, heard, model.head)
    assert same.likeness is not None
    assert (same.likeness.similarity, same.likeness.percentile) == (pytest.approx(1), 1)
    assert same.cosine == pytest.approx(1)
    assert set(same.differences.values()) == {0}
    assert same.course.distance == 0
    assert all(row == column for row, column in same.course.path)


def test_the_same_mood_is_more_alike_than_another(
    model: emotone.Recognizer, clips: list[Path], four_moods: Path
) -> None:
    moods = emotone.load_audio(four_moods).samples
    angry, sad = moods[8 * SECOND :], moods[int(5.25 * SECOND) : 8 * SECOND]
    heard = model.listen(clips[1])
    same, other = (
        resemblance(heard, model.listen(part, sample_rate=SECOND), model.head).likeness for part in (angry, sad)
    )
    assert same is not None
    assert other is not None
    assert same.similarity > 0.6 > 0.2 > other.similarity
    assert same.percentile > other.percentile


def test_both_sides_are_what_the_model_says(
    model: emotone.Recognizer, clips: list[Path], four_moods: Path, found: Resemblance
) -> None:
    one, other = model.predict(clips[1]), model.predict(four_moods)
    assert dict(found.one.scores) == pytest.approx(dict(one.scores), abs=1e-4)
    assert found.differences["angry"] == pytest.approx(other.scores["angry"] - one.scores["angry"], abs=1e-4)
    assert sum(found.differences.values()) == pytest.approx(0, abs=1e-6)
    assert found.course.path[-1] == (len(found.course.times[0]) - 1, len(found.course.times[1]) - 1)
    assert 0 < found.course.distance < 1


def test_swapping_changes_signs_only(
    model: emotone.Recognizer, clips: list[Path], four_moods: Path, found: Resemblance
) -> None:
    swapped = resemblance(model.listen(four_moods), model.listen(clips[1]), model.head)
    assert swapped.likeness == found.likeness
    assert swapped.differences == pytest.approx({label: -value for label, value in found.differences.items()})
    assert swapped.course.distance == pytest.approx(found.course.distance)


def test_pauses_move_nothing(model: emotone.Recognizer, clips: list[Path]) -> None:
    speech = emotone.load_audio(clips[1]).samples
    padded = np.concatenate([np.zeros(6 * SECOND, np.float32), speech, np.zeros(6 * SECOND, np.float32)])
    heard = model.listen(padded, sample_rate=SECOND)
    course = resemblance(model.listen(clips[1]), heard, model.head).course
    assert course.times[1].min() > 5
    assert course.times[1].max() < 7 + len(speech) / SECOND


def test_silence_has_a_course_too(model: emotone.Recognizer, clips: list[Path]) -> None:
    silence = model.listen(np.zeros(SECOND, np.float32), sample_rate=SECOND)
    found = resemblance(silence, model.listen(clips[0]), model.head)
    assert len(found.course.times[0]) == 1
    assert "silent" in [reason.code for reason in found.one.doubts]
    etree.fromstring(resemblance_picture(found, "en").encode())


def test_a_baseline_takes_the_voice_away(model: emotone.Recognizer, clips: list[Path], four_moods: Path) -> None:
    one, other = model.listen(clips[1]), model.listen(four_moods)
    voice = other.baseline()
    plain, compared = (
        resemblance(one, other, model.head, baselines=baselines) for baselines in ((None, None), (voice, voice))
    )
    assert compared.one.baseline is voice
    assert compared.differences != plain.differences
    assert compared.likeness != plain.likeness
    assert compared.cosine == plain.cosine


def test_long_recordings_have_no_more_moments_than_can_be_aligned() -> None:
    assert (curve_options(3.0).window, curve_options(3.0).hop) == (1.5, 0.25)
    assert 3600 / curve_options(3600.0).hop <= MOST_MOMENTS


def test_a_head_that_knows_nothing_usual_gives_no_percentile(model: emotone.Recognizer, clips: list[Path]) -> None:
    head = Head(("calm", "<loud>"), np.eye(2, model.info.dim, dtype=np.float32), np.zeros(2, np.float32))
    one, other = (model.listen(clip, heads=[head]) for clip in clips[:2])
    found = resemblance(one, other, head)
    assert found.likeness is None
    assert "cannot be judged" in resemblance_page(found, "en")
    assert resemblance(one, other, head, usual=model.head.familiarity).likeness is not None


def test_the_picture_is_one_valid_svg(found: Resemblance) -> None:
    root = etree.fromstring(resemblance_picture(found, "en").encode())
    assert root.tag == f"{SVG}svg"
    panels = root.findall(f"{SVG}g")
    assert panels[0].findtext(f"{SVG}title").startswith("Angry: mean ")
    assert all(len(panel.findall(f"{SVG}path[@class='a']")) == 1 for panel in panels)
    moments = panels[0].find(f"{SVG}path[@class='b']").get("d").split("L")
    assert len(moments) == len(found.course.path)
    assert "http" not in resemblance_picture(found, "en").replace(SVG.strip("{}"), "")


@pytest.mark.parametrize(("language", "word"), [("en", "random pairs"), ("zh", "随机录音对")])
def test_the_page_needs_nothing_else(found: Resemblance, language: emotone.text.Language, word: str) -> None:
    page = resemblance_page(found, language)
    assert word in page
    assert "src=" not in page
    assert "<link" not in page
    root = etree.HTML(page)
    assert len(root.findall(".//svg")) == 1
    assert found.other.source.name in root.findtext(".//h1")


def test_command_line(found: Resemblance, clips: list[Path], four_moods: Path, tmp_path: Path) -> None:
    done = run("compare", clips[1], four_moods, "-o", tmp_path / "curves.svg")
    assert done.returncode == 0, done.stderr
    assert found.likeness is not None
    assert f"similarity: {found.likeness.similarity:.2f}, more alike than" in done.stdout
    assert "😠 Angry" in done.stdout
    assert "The recording changes" in done.stderr
    etree.parse(tmp_path / "curves.svg")
    done = run("compare", clips[1], four_moods, "--format", "json", "-o", tmp_path / "c.html", language="zh_CN.UTF-8")
    record = json.loads(done.stdout)
    assert record["similarity"] == pytest.approx(found.likeness.similarity, abs=1e-4)
    assert record["differences"] == pytest.approx(found.differences, abs=1e-4)
    assert record["course"]["path"][0] == [record["course"]["a"]["times"][0], record["course"]["b"]["times"][0]]
    assert "平常语音" in (tmp_path / "c.html").read_text(encoding="utf-8")


def test_command_line_with_head_and_baselines(
    model: emotone.Recognizer, clips: list[Path], four_moods: Path, tmp_path: Path
) -> None:
    head = Head(("calm", "loud"), np.eye(2, model.info.dim, dtype=np.float32), np.zeros(2, np.float32))
    (tmp_path / "own").mkdir()
    write_head(tmp_path / "own", head)
    given = ("--head", tmp_path / "own", "--baseline-b", four_moods, "--format", "json")
    record = json.loads(run("compare", clips[1], four_moods, *given).stdout)
    assert set(record["differences"]) == {"calm", "loud"}
    assert record["percentile"] is not None  # the model's own head knows what is usual


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["CLIP", "missing.wav"], 1, "There is no file 'missing.wav'"),
        (["CLIP", "CLIP", "-o", "curves.png"], 2, ".html or .svg"),
        (["CLIP"], 2, "B"),
        (["CLIP", "CLIP", "--head", "missing.json"], 2, "The head 'missing.json' cannot be read"),
    ],
)
def test_what_is_wrong_is_one_sentence(clips: list[Path], arguments: list[str], code: int, message: str) -> None:
    done = run("compare", *(word.replace("CLIP", str(clips[0])) for word in arguments))
    assert (done.returncode, done.stdout) == (code, "")
    assert message in done.stderr


def test_points_that_are_none_have_one_sign() -> None:
    assert [points(value) for value in (-0.001, 0.001, -0.05, 0.2)] == ["+0", "+0", "−5", "+20"]
