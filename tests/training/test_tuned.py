"""Fine-tuning as far as it goes without torch: what is heard, what is judged, what is compared, and what is said."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from drawn_clips import clips as drawn_clips

import emotone
from emotone.embeddings import embed_clips
from emotone.evaluation import Measure, uar_difference
from emotone.manifest import read_manifest
from emotone.text import Text
from emotone.training import FineTuned, lesson_of, split_clips
from emotone.training.encoding import SESSIONS, encoded_lesson, sessions_of
from emotone.training.frames import UNKNOWN
from emotone.training.splitting import folds_to_judge
from emotone.training.training import Spaces, learn_head, split_lesson

LABELS = ("angry", "calm", "happy")


def test_without_torch(corpus: Path, tmp_path: Path) -> None:
    """Said at once, before anything is heard or written."""
    code = "import sys; sys.modules['torch'] = None; from emotone.cli import main; main()"
    arguments = ["train", str(corpus), "-o", str(tmp_path / "out"), "--finetune"]
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert 'pip install "emotone[train]"' in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()


def test_every_clip_in_every_session(model: emotone.Recognizer, corpus: Path) -> None:
    lesson = lesson_of(embed_clips(model, read_manifest(corpus)))
    told: list[tuple[Text, int]] = []
    done: list[int] = []

    @contextmanager
    def stage(title: Text, steps: int) -> Iterator[object]:
        told.append((title, steps))
        yield lambda: done.append(1)

    with encoded_lesson(lesson, model, stage) as frames:
        clips = len(lesson.truth)
        assert len(frames) == SESSIONS * clips
        assert ([steps for _, steps in told], len(done)) == ([3 * clips], 3 * clips)
        assert np.array_equal(frames.truth, np.tile(lesson.truth, SESSIONS))
        assert np.abs(frames.means[:clips] - lesson.embedded.embeddings).max() < 0.02
        assert np.abs(frames.means[clips : 2 * clips] - lesson.embedded.embeddings).max() > 0.05
        assert len(frames.frames_of(len(frames) - 1)) == frames.counts[-1]
        assert np.isfinite(frames.values.astype(np.float32)).all()


def test_sessions_are_of_voices_that_can_be_compared() -> None:
    """Of eight clips at least, in two moods; each made-up session is another one."""
    found = drawn_clips(LABELS, 3, 4)
    names = ["", "s1", "s2"]
    clips = [replace(clip, fields={"speaker": names[int(clip.fields["speaker"][1])]}) for clip in found.clips]
    rows = [
        row for row, clip in enumerate(clips) if clip.fields["speaker"] != "s2" or clip.emotion == "calm"
    ]  # s2 has one mood
    lesson = lesson_of(replace(found, clips=tuple(clips)).only(rows))
    sessions = sessions_of(lesson).reshape(SESSIONS, -1)
    known = np.array([clip.fields.get("speaker") == "s1" for clip in lesson.embedded.clips])
    assert (sessions[:, ~known] == UNKNOWN).all()
    assert len({number for row in sessions[:, known] for number in row}) == SESSIONS
    assert all(len(set(row)) == 1 and UNKNOWN not in row for row in sessions[:, known].tolist())


def test_folds_to_judge() -> None:
    clips = drawn_clips(LABELS, 10, 3)
    truth = np.array([LABELS.index(clip.emotion) for clip in clips.clips])
    split = split_clips(clips.clips, truth, 3, 5)
    assert split.folds == 5
    assert [folds_to_judge(split, truth, wanted) for wanted in (0, 1, 2, 3, 4, 5, 99)] == [2, 2, 2, 3, 4, 5, 5]
    alone = replace(split, fold=truth)  # each class in a fold of its own: nothing can be chosen by others
    assert folds_to_judge(alone, truth, 2) == 5


def test_some_folds_are_judged_and_the_others_only_learned_from() -> None:
    lesson = lesson_of(drawn_clips(LABELS, 10, 6))
    split = split_lesson(lesson, 5)
    embeddings = lesson.embedded.embeddings
    all_, two = (learn_head(lesson, split, Spaces([embeddings] * folds, embeddings)) for folds in (5, 2))
    assert set(two.evaluation.judged.rows) == set(np.flatnonzero(split.fold < 2))
    assert len(all_.evaluation.judged.rows) == len(lesson.truth)
    assert two.method.en.startswith("Of 5 parts (each speaker is in one of them), 2 were judged")
    assert two.relative is not None
    assert set(two.relative.judged.rows) <= set(two.evaluation.judged.rows)
    assert abs(two.evaluation.uar.value - all_.evaluation.uar.value) < 0.15


def test_each_fold_is_judged_in_its_own_space() -> None:
    """Embeddings of a model that did not learn from a fold are other numbers, perhaps mirrored: nothing may mix them."""
    lesson = lesson_of(drawn_clips(LABELS, 10, 6))
    split = split_lesson(lesson, 5)
    embeddings = lesson.embedded.embeddings
    mirrored = [embeddings * (-1.0) ** fold for fold in range(5)]
    plain = learn_head(lesson, split, Spaces([embeddings] * 5, embeddings))
    other = learn_head(lesson, split, Spaces([values.astype(np.float32) for values in mirrored], embeddings))
    np.testing.assert_allclose(other.evaluation.judged.scores, plain.evaluation.judged.scores, atol=1e-4)
    assert plain.relative is not None
    assert other.relative is not None
    np.testing.assert_allclose(other.relative.judged.scores, plain.relative.judged.scores, atol=1e-4)


def test_difference_of_two_on_the_same_clips() -> None:
    """Drawn for both alike: nothing to itself, and narrower than two intervals apart."""
    lesson = lesson_of(drawn_clips(LABELS, 12, 6))
    split = split_lesson(lesson, 5)
    clear = lesson.embedded.embeddings
    random = np.random.default_rng(0)
    noisy = (clear + random.normal(0, 1.5, clear.shape)).astype(np.float32)
    better, worse = (learn_head(lesson, split, Spaces([one] * 5, one)).evaluation for one in (clear, noisy))
    same = uar_difference(better, better)
    assert (same.value, same.low, same.high) == (0, 0, 0)
    gain = uar_difference(better, worse)
    assert gain.value == pytest.approx(better.uar.value - worse.uar.value)
    assert gain.low < gain.value < gain.high
    assert gain.high - gain.low < (better.uar.high - better.uar.low) + (worse.uar.high - worse.uar.low)
    back = uar_difference(worse, better)
    assert (back.value, back.low, back.high) == pytest.approx((-gain.value, -gain.high, -gain.low))


def test_what_is_said_about_the_gain() -> None:
    lesson = lesson_of(drawn_clips(LABELS, 10, 6))
    split = split_lesson(lesson, 5)
    embeddings = lesson.embedded.embeddings
    plain = learn_head(lesson, split, Spaces([embeddings] * 5, embeddings))
    sure, unsure = (FineTuned(b"", plain, plain, Measure(0.05, low, 0.09)) for low in (0.01, -0.01))
    uar = f"{plain.evaluation.uar.value:.1%}"
    assert f"reaches UAR {uar}; with the trained layers it is +5.0 (+1.0 – +9.0) points." in sure.comparison.en
    assert sure.comparison.en.endswith("Fine-tuning pays.")
    assert "is not certain" in unsure.comparison.en
    assert uar in unsure.comparison.zh
    assert "尚不能确定" in unsure.comparison.zh
