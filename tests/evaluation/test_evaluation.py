"""What an evaluation says about clips whose results are known beforehand."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from synthetic import HEAD, MODEL, embedded

from emotone.embeddings import EmbeddedClips
from emotone.errors import ManifestError, ModelError
from emotone.evaluation import evaluate
from emotone.manifest import Clip

# 4 angry (3 right), 2 happy (1 right), 2 neutral (2 right); two speakers
HEARD = [
    ("Anger", "angry", "a"),
    ("Anger", "angry", "b"),
    ("Anger", "angry", "b"),
    ("Anger", "sad", "a"),
    ("joy", "happy", "a"),
    ("joy", "angry", "b"),
    ("neutral", "neutral", "a"),
    ("neutral", "neutral", "b"),
]


def test_the_numbers() -> None:
    result = evaluate(embedded(HEARD), HEAD)
    assert (result.uar.value, result.accuracy.value) == (pytest.approx(0.75), pytest.approx(0.75))
    f1 = [2 * 3 / (4 + 4), 2 * 1 / (2 + 1), 1.0]
    assert result.macro_f1.value == pytest.approx(np.mean(f1))
    assert [(label.label, label.clips, label.recall) for label in result.labels] == [
        ("angry", 4, 0.75),
        ("happy", 2, 0.5),
        ("neutral", 2, 1.0),
    ]
    assert result.labels[1].precision == 1
    assert result.confusion == ((3, 0, 0, 1), (1, 1, 0, 0), (0, 0, 2, 0), (0, 0, 0, 0))
    assert (result.clips, result.duration) == (8, 16.0)
    assert (result.units.kind, result.units.count, result.units.speakers, result.units.few) == ("speaker", 2, 2, True)
    for measure in (result.uar, result.accuracy, result.macro_f1):
        assert 0 <= measure.low <= measure.value <= measure.high <= 1
    sure = np.exp(4) / (np.exp(4) + 3)
    assert result.calibration.ece == pytest.approx(sure - 0.75)
    rest = (1 - sure) / 3
    right, wrong = (1 - sure) ** 2 + 3 * rest**2, (1 - rest) ** 2 + sure**2 + 2 * rest**2
    assert result.calibration.brier == pytest.approx((6 * right + 2 * wrong) / 8)


def test_the_protocol() -> None:
    protocol = evaluate(embedded([*HEARD, ("contempt", "sad", "a"), ("unknown", "sad", "a")]), HEAD).protocol
    assert protocol.offered == ("angry", "happy", "neutral", "sad")
    assert protocol.scored == ("angry", "happy", "neutral")
    assert protocol.masked == ("unknown",)
    assert protocol.words == {"Anger": "angry", "joy": "happy", "neutral": "neutral"}
    assert protocol.left_out == {"contempt": 1, "unknown": 1}


def test_present_offers_only_what_the_manifest_has() -> None:
    result = evaluate(embedded(HEARD), HEAD, "present")
    assert result.protocol.offered == result.protocol.scored == ("angry", "happy", "neutral")
    assert result.protocol.masked == ("sad", "unknown")
    assert result.uar.value == pytest.approx((1 + 0.5 + 1) / 3)  # what was taken for sad is now taken for angry
    np.testing.assert_allclose(result.judged.scores.sum(axis=1), 1)
    assert result.judged.scores.shape == (8, 3)


def test_scores_are_those_of_the_head() -> None:
    clips, rng = embedded(HEARD), np.random.default_rng(0)
    clips = replace(clips, embeddings=rng.normal(size=clips.embeddings.shape).astype(np.float32))
    head = replace(HEAD, weight=rng.normal(size=(5, 5)).astype(np.float32), temperature=0.4)
    result = evaluate(clips, head)
    for row, vector in enumerate(clips.embeddings):
        scores = head.scores(head.logits(vector))
        assert dict(zip(result.protocol.offered, result.judged.scores[row], strict=True)) == pytest.approx(
            {label: scores[label] for label in result.protocol.offered}
        )


def test_groups() -> None:
    clips = embedded([*HEARD, *HEARD], durations=[0.5] * 8 + [4.0] * 8)
    named = tuple(
        replace(clip, fields=clip.fields | {"language": "de" if row < 12 else "en", "sex": "f", "corpus": "x"})
        for row, clip in enumerate(clips.clips)
    )
    quality = (("noisy",), ("noisy", "length_advice"), *((),) * 14)
    groups = {
        (group.field, group.name): group
        for group in evaluate(replace(clips, clips=named, quality=quality), HEAD).groups
    }
    assert list(groups) == [
        ("language", "de"),
        ("language", "en"),
        ("duration", "<1 s"),
        ("duration", "3–10 s"),
        ("quality", "noisy"),
        ("speaker", "a"),
        ("speaker", "b"),
    ]
    speaker = groups["speaker", "a"]
    assert (speaker.clips, speaker.labels, speaker.accuracy, speaker.uar) == (8, 3, 0.75, pytest.approx(2.5 / 3))
    assert speaker.interval is None
    german = groups["language", "de"]
    assert german.clips == 12
    assert german.interval is not None
    assert german.interval[0] <= german.uar <= german.interval[1]
    assert (groups["quality", "noisy"].clips, groups["quality", "noisy"].labels) == (2, 1)


def test_speakers_of_two_corpora_are_two_speakers() -> None:
    clips = embedded(HEARD)
    named = tuple(
        replace(clip, fields={"speaker": "1", "corpus": "x" if row % 2 else "y"})
        for row, clip in enumerate(clips.clips)
    )
    result = evaluate(replace(clips, clips=named), HEAD)
    assert (result.units.kind, result.units.speakers) == ("speaker", 2)
    assert [group.name for group in result.groups if group.field == "speaker"] == ["x/1", "y/1"]


def test_without_speakers_every_clip_is_drawn_by_itself() -> None:
    for names in ([""] * 8, ["unknown"] * 8, ["a"] * 8):
        result = evaluate(embedded([(*heard[:2], name) for heard, name in zip(HEARD, names, strict=True)]), HEAD)
        assert (result.units.kind, result.units.count) == ("clip", 8)
    mixed = evaluate(embedded([*HEARD, ("joy", "sad", ""), ("joy", "sad", "unknown")]), HEAD)
    assert (mixed.units.kind, mixed.units.count, mixed.units.speakers) == ("speaker", 4, 2)


def test_abstaining_keeps_the_surest() -> None:
    clips = embedded(HEARD * 5)
    sureness = np.linspace(1, 8, 40)[:, None]
    wrong = clips.embeddings.argmax(axis=1) != [("angry", "happy", "neutral").index(w) for w in _meant(clips)]
    vectors = clips.embeddings / 4 * np.where(wrong[:, None], 0.5, sureness)
    points = evaluate(replace(clips, embeddings=vectors.astype(np.float32)), HEAD).coverage
    assert points[0].accuracy == points[10].accuracy == 1
    assert (points[-1].coverage, points[-1].accuracy) == (1, 0.75)
    assert all(left.coverage < right.coverage for left, right in pairwise(points))
    assert all(left.threshold > right.threshold for left, right in pairwise(points))
    assert points[9].coverage == pytest.approx(0.5)


def test_coverage_is_no_more_than_asked() -> None:
    generator = np.random.default_rng(0)
    clips = embedded(HEARD * 50)
    vectors = clips.embeddings * generator.uniform(0.3, 2, (400, 1))
    points = evaluate(replace(clips, embeddings=vectors.astype(np.float32)), HEAD).coverage
    assert [point.coverage for point in points] == [step / 20 for step in range(1, 21)]


def test_intervals_do_not_depend_on_the_order_of_clips() -> None:
    clips = embedded([(*heard[:2], f"{heard[2]}{row % 7}") for row, heard in enumerate(HEARD * 5)])
    order = np.random.default_rng(0).permutation(40)
    shuffled = replace(
        clips,
        clips=tuple(clips.clips[row] for row in order),
        embeddings=clips.embeddings[order],
        sha256=tuple(clips.sha256[row] for row in order),
    )
    assert evaluate(clips, HEAD).uar == evaluate(shuffled, HEAD).uar


def _meant(clips: EmbeddedClips) -> list[str]:
    return [{"Anger": "angry", "joy": "happy", "neutral": "neutral"}[clip.emotion] for clip in clips.clips]


def test_equal_confidences_are_answered_together() -> None:
    points = evaluate(embedded(HEARD), HEAD).coverage
    assert [(point.coverage, point.accuracy) for point in points] == [(1, 0.75)]


def test_the_data_has_a_name_of_its_own() -> None:
    first = evaluate(embedded(HEARD), HEAD).data_sha256
    clips = embedded(HEARD)
    turned = replace(
        clips,
        clips=tuple(Clip(Path("x") / clip.file, clip.emotion, {}) for clip in clips.clips[::-1]),
        embeddings=clips.embeddings[::-1],
        sha256=clips.sha256[::-1],
    )
    assert evaluate(turned, HEAD).data_sha256 == first
    assert evaluate(replace(clips, sha256=("f" * 64, *clips.sha256[1:])), HEAD).data_sha256 != first
    assert evaluate(embedded([("joy", "angry", "a"), *HEARD[1:]]), HEAD).data_sha256 != first


def test_a_head_of_another_model() -> None:
    head = replace(HEAD, weight=np.zeros((5, 9), np.float32))
    with pytest.raises(ModelError, match="takes 9 values, embeddings of 'toy' have 5"):
        evaluate(embedded(HEARD), head)


@pytest.mark.parametrize(
    ("heard", "message"),
    [
        ([], "None of the 0 recordings could be analysed"),
        (
            [("hunger", "sad", "a")],
            r"emotions \(hunger\) are none that the head knows; wanted: angry, happy, neutral, sad",
        ),
        ([("sad", "sad", "a"), ("Sadness", "angry", "b")], r"of one emotion \(sad\)"),
    ],
)
def test_nothing_to_score(heard: list[tuple[str, str, str]], message: str) -> None:
    with pytest.raises(ManifestError, match=message):
        evaluate(embedded(heard), HEAD)


def test_a_hundred_thousand_clips_are_no_trouble() -> None:
    clips = embedded(
        [(label, label, f"s{row % 300}") for row in range(25_000) for label in ("angry", "happy", "neutral", "sad")]
    )
    result = evaluate(clips, HEAD)
    assert (result.model, result.clips, result.uar.value) == (MODEL, 100_000, 1)
