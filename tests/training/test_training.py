"""Heads from clips: what they know, what is said about it, and what it is said about."""

import json
from dataclasses import replace
from datetime import datetime

import numpy as np
import pytest
from drawn_clips import DIM, MODEL, clips, embedded

from emotone.doubts import unfamiliar
from emotone.embeddings import EmbeddedClips
from emotone.errors import ManifestError, ModelError
from emotone.evaluation import evaluate
from emotone.heads import Head, check_head
from emotone.training import TrainedHead, train_head

LABELS = ("a", "b", "c")


def codes(trained: TrainedHead) -> list[str]:
    return [warning.code for warning in trained.warnings]


def test_cross_validation_foretells_new_speakers() -> None:
    heard, unheard = clips(LABELS, 20, 12, seed=1), clips(LABELS, 60, 12, seed=2)
    trained = train_head(heard, "toy", "heard")
    new = evaluate(unheard, trained.head)
    assert trained.warnings == ()
    assert 0.6 < new.uar.value < 0.95
    assert trained.evaluation.uar.value == pytest.approx(new.uar.value, abs=0.04)
    assert trained.evaluation.uar.low < new.uar.value < trained.evaluation.uar.high
    assert trained.evaluation.calibration.ece < 0.09  # of 720 clips, chance alone is 0.05
    assert new.calibration.ece < 0.06


def test_new_voices_are_familiar_and_other_sounds_are_not() -> None:
    heard, unheard = clips(LABELS, 20, 12, seed=1), clips(LABELS, 60, 12, seed=2)
    head = train_head(heard, "toy", "heard").head
    assert (
        0.02 < unfamiliar(head, unheard.embeddings, unheard.durations).mean() < 0.09
    )  # one in twenty is beyond the limit
    assert unfamiliar(head, unheard.embeddings * 3, unheard.durations).mean() > 0.95
    again = Head.from_json(json.loads(json.dumps(head.to_json())))
    assert unfamiliar(again, unheard.embeddings * 3, unheard.durations).mean() > 0.95


def test_how_far_new_voices_lie_is_not_known_where_no_voice_is() -> None:
    found = clips(LABELS, 20, 12, seed=1)
    nameless = replace(found, clips=tuple(replace(clip, fields={}) for clip in found.clips))
    assert train_head(nameless, "toy", "heard").head.familiarity is None


def test_labels_that_mean_nothing_get_the_scores_of_guessing() -> None:
    found = clips(("a",), 20, 30)
    shuffled = np.random.default_rng(5).choice(["x", "y"], len(found))
    named = tuple(replace(clip, emotion=str(label)) for clip, label in zip(found.clips, shuffled, strict=True))
    trained = train_head(replace(found, clips=named), "noise", "noise")
    assert trained.evaluation.uar.value == pytest.approx(0.5, abs=0.06)
    assert trained.evaluation.judged.confidence.mean() == pytest.approx(0.5, abs=0.06)


def test_voices_are_heard_through_when_they_have_a_usual_sound() -> None:
    heard, unheard = clips(LABELS, 12, 8, voices=4.0, seed=1), clips(LABELS, 30, 8, voices=4.0, seed=2)
    trained = train_head(heard, "toy", "heard")
    assert trained.relative is not None
    assert trained.relative.uar.value > trained.evaluation.uar.value
    assert trained.head.relative_temperature is not None
    usual = np.mean(
        [heard.embeddings[[clip.fields["speaker"] == f"s{n}" for clip in heard.clips]].mean(axis=0) for n in range(12)],
        axis=0,
    )
    np.testing.assert_allclose(trained.head.usual, trained.head.logits(usual.astype(np.float32)), atol=1e-3)
    new = evaluate(unheard, trained.head, baseline="speaker")
    assert new.uar.value == pytest.approx(trained.relative.uar.value, abs=0.08)
    assert new.uar.value > evaluate(unheard, trained.head).uar.value + 0.05


def test_a_class_of_one_speaker_does_not_change_the_comparison_of_the_others() -> None:
    """The fold that holds this speaker out has a head that knows nothing of the class."""
    heard = clips(LABELS, 4, 50, seed=1)
    kept = [clip.emotion != LABELS[-1] or clip.fields["speaker"] == "s0" for clip in heard.clips]
    rows = [(clip.emotion, clip.fields["speaker"]) for clip, keep in zip(heard.clips, kept, strict=True) if keep]
    part = embedded(rows, heard.embeddings[kept])
    trained = train_head(part, "toy", "heard")
    assert trained.relative is not None
    assert trained.head.relative_temperature is not None
    assert 0.2 < trained.head.relative_temperature / trained.head.temperature < 5
    assert trained.relative.calibration.ece < 0.12
    assert not trained.head.masked


def test_two_classes_of_ten_clips() -> None:
    trained = train_head(clips(("yes", "no"), 10, 1, apart=4.0), "toy", "toy")
    assert trained.evaluation.clips == 20
    assert trained.evaluation.uar.value >= 0.85
    assert evaluate(clips(("yes", "no"), 50, 4, apart=4.0, seed=3), trained.head).uar.value >= 0.85
    assert trained.relative is None
    assert trained.head.relative_temperature is None


def test_hundreds_of_classes() -> None:
    labels = [f"word {n}" for n in range(100)]
    trained = train_head(clips(labels, 5, 2, apart=8.0), "toy", "toy")
    assert len(trained.head.labels) == 100
    assert trained.evaluation.uar.value > 0.5


def test_labels_are_the_users_own_words() -> None:
    found = clips(("about to hang up", "犹豫"), 10, 4, apart=5.0)
    spelled = [
        replace(clip, emotion="About-to hang up") if clip.emotion.startswith("about") and row % 5 == 0 else clip
        for row, clip in enumerate(found.clips)
    ]
    trained = train_head(replace(found, clips=tuple(spelled)), "热线", "calls")
    assert trained.head.labels == ("about to hang up", "犹豫")
    assert set(trained.evaluation.protocol.words) == {"about to hang up", "About-to hang up", "犹豫"}
    assert evaluate(found, trained.head).uar.value > 0.9
    assert Head.from_json(json.loads(json.dumps(trained.head.to_json()))).name == "热线"


def test_a_head_says_what_it_was_made_of() -> None:
    when = datetime(2030, 1, 2, 3, 4, 5)
    trained = train_head(clips(LABELS, 5, 4), "mine", "calls", when=when)
    head = Head.from_json(json.loads(json.dumps(trained.head.to_json())))
    found = head.provenance
    assert found["model"] == {"name": "toy", "revision": "7", "sha256": MODEL.sha256}
    assert found["manifest"]["name"] == "calls"
    assert (found["clips"], found["speakers"]) == ({"a": 20, "b": 20, "c": 20}, 5)
    assert found["protocol"]["held_out"] == "speaker"
    assert found["scores"]["uar"] == round(trained.evaluation.uar.value, 4)
    assert found["when"] == "2030-01-02 03:04:05"
    again = train_head(clips(LABELS, 5, 4), "other", "other name")
    assert again.head.sha256 == head.sha256 == trained.evaluation.head_sha256
    assert again.head.provenance["manifest"]["sha256"] == found["manifest"]["sha256"]
    other = train_head(clips(LABELS, 5, 4, seed=9), "mine", "calls")
    assert other.head.sha256 != head.sha256


def test_a_head_is_for_one_model() -> None:
    head = train_head(clips(LABELS, 5, 4), "mine", "calls").head
    check_head(head, MODEL)
    with pytest.raises(
        ModelError, match=r"'mine' was trained for toy 7 \(sha256 abab\w+…\), not for toy 8 \(sha256 cdcd"
    ):
        check_head(head, replace(MODEL, revision="8", sha256="cd" * 32))
    check_head(replace(head, model_sha256=None), replace(MODEL, sha256="cd" * 32))


def test_progress_rises_to_the_end() -> None:
    shares: list[float] = []
    train_head(clips(LABELS, 4, 3), "toy", "toy", on_progress=shares.append)
    assert shares == sorted(shares)
    assert (len(shares) > 4, shares[-1]) == (True, 1.0)


def without_speakers(found: EmbeddedClips) -> EmbeddedClips:
    return replace(found, clips=tuple(replace(clip, fields={}) for clip in found.clips))


def test_warns_when_nobody_knows_who_speaks() -> None:
    found = clips(LABELS, 10, 4, voices=3.0)
    assert codes(train_head(found, "toy", "toy")) == []
    trained = train_head(without_speakers(found), "toy", "toy")
    assert codes(trained) == ["speakers_unknown"]
    assert "voice was on both sides" in trained.warnings[0].text.en
    some = tuple(replace(clip, fields={}) if row < 7 else clip for row, clip in enumerate(found.clips))
    (warning,) = train_head(replace(found, clips=some), "toy", "toy").warnings
    assert (warning.code, "7 recordings" in warning.text.en) == ("some_speakers_unknown", True)


def test_warns_when_speakers_cannot_be_kept_apart() -> None:
    (warning,) = train_head(clips(LABELS, 1, 12), "toy", "toy").warnings
    assert (warning.code, "one speaker" in warning.text.en) == ("speakers_not_apart", True)
    found = clips(LABELS, 4, 12)
    own = tuple(replace(clip, fields={"speaker": f"the one of {clip.emotion}"}) for clip in found.clips)
    (warning,) = train_head(replace(found, clips=own), "toy", "toy").warnings
    assert (warning.code, "3 speakers" in warning.text.en) == ("speakers_not_apart", True)


def test_a_class_of_one_speaker_is_learned_but_not_scored() -> None:
    found = clips(LABELS, 6, 6)
    kept = [row for row, clip in enumerate(found.clips) if clip.emotion != "c" or clip.fields["speaker"] == "s2"]
    trained = train_head(found.only(kept), "toy", "toy")
    assert codes(trained) == ["class_not_judged", "few_clips"]
    assert "c (6)" in trained.warnings[1].text.en
    assert trained.head.labels == LABELS
    assert trained.evaluation.protocol.scored == ("a", "b")
    assert trained.evaluation.protocol.offered == LABELS
    assert trained.evaluation.protocol.left_out == {"c": 6}
    assert trained.evaluation.clips == 72


def test_few_clips_are_named_from_nine_down() -> None:
    found = clips(("a", "b"), 10, 1)
    assert codes(train_head(found, "toy", "toy")) == []
    first_b = next(row for row, clip in enumerate(found.clips) if clip.emotion == "b")
    nine = found.only([row for row in range(len(found)) if row != first_b])
    (warning,) = train_head(nine, "toy", "toy").warnings
    assert (warning.code, "b (9)" in warning.text.en, "a (" in warning.text.en) == ("few_clips", True, False)


def test_copies_count_once_and_contradictions_not_at_all() -> None:
    found = clips(LABELS, 6, 6)
    rows = {label: [n for n, clip in enumerate(found.clips) if clip.emotion == label] for label in LABELS}
    sha256 = list(found.sha256)
    sha256[rows["a"][1]] = sha256[rows["a"][0]]
    trained = train_head(replace(found, sha256=tuple(sha256)), "toy", "toy")
    assert (codes(trained), trained.head.provenance["clips"]) == ([], {"a": 35, "b": 36, "c": 36})
    sha256[rows["b"][0]] = sha256[rows["c"][0]]
    trained = train_head(replace(found, sha256=tuple(sha256)), "toy", "toy")
    assert (codes(trained), trained.head.provenance["clips"]) == (["contradictions"], {"a": 35, "b": 35, "c": 35})
    for row in (rows["b"][0], rows["c"][0]):
        assert f"{found.clips[row].file.name} ({found.clips[row].emotion})" in trained.warnings[0].text.en


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (clips(("a",), 3, 5), "one class"),
        (clips(LABELS, 1, 1), "wanted two of each"),
        (clips(LABELS, 2, 2).only([]), "There are no recordings to learn from"),
        (embedded([("a", "s")] * 5 + [("A", "t")] * 5, np.random.default_rng(0).normal(size=(10, DIM))), "one class"),
    ],
    ids=["one class", "one clip each", "nothing", "one class spelled twice"],
)
def test_what_cannot_be_learned_is_said(found: EmbeddedClips, message: str) -> None:
    with pytest.raises(ManifestError, match=message):
        train_head(found, "toy", "toy")
