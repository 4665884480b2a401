from dataclasses import replace
from datetime import datetime

import numpy as np
from media import speech, white_noise

import emotone
from emotone.calibration import Calibration
from emotone.doubts import GRAVE, MARGIN, ORDER, UNFAMILIAR, in_order, mixed, unclear, unfamiliar
from emotone.familiarity import fit_familiarity
from emotone.quality import REASONS
from emotone.types import Reason, Segment
from emotone.writers import record

SECOND = 16_000


def test_the_order_has_every_reason_about_quality_in_its_order() -> None:
    assert [code for code in ORDER if code in REASONS] == list(REASONS)
    assert set(ORDER) >= GRAVE


def test_reasons_that_are_not_listed_stand_last() -> None:
    other = replace(REASONS["silent"], code="other")
    found = in_order((other, REASONS["noisy"], REASONS["silent"]))
    assert [reason.code for reason in found] == ["silent", "noisy", "other"]


def test_unclear_names_both_labels_in_both_languages() -> None:
    (reason,) = unclear({"sad": 0.4, "happy": 0.41, "angry": 0.19})
    assert reason.code == "unclear"
    assert "Happy (41%) and Sad (40%)" in reason.text.en
    assert "“快乐”（41%）与“悲伤”（40%）" in reason.text.zh
    assert unclear({"sad": 0.45 - MARGIN, "happy": 0.45 + 1e-6, "angry": 0.1 + MARGIN}) == ()


def test_a_label_is_withheld_for_a_grave_reason_only(model: emotone.Recognizer) -> None:
    clear = model.predict(speech(), sample_rate=SECOND)
    assert emotone.withheld(clear) == clear
    noisy = replace(clear, doubts=(REASONS["noisy"],))
    assert emotone.withheld(noisy) == noisy
    silent = model.predict(np.zeros(3 * SECOND, np.float32), sample_rate=SECOND)
    result = emotone.withheld(silent)
    assert (result.label, result.confidence, result.withheld) == ("unknown", 0, REASONS["silent"])
    assert (result.scores, result.doubts) == (silent.scores, silent.doubts)
    assert silent.confidence == max(silent.scores.values()) > 0
    fields = record(result, datetime.now())
    assert (fields["emotion"], fields["confidence"], fields["withheld"]) == ("unknown", 0, "silent")
    assert "withheld" not in record(silent, datetime.now())


def test_a_timeline_is_withheld_where_it_is_doubtful(model: emotone.Recognizer) -> None:
    signal = np.concatenate([speech(), 0.01 * white_noise(6 * SECOND)])
    plain = model.timeline(signal, sample_rate=SECOND)
    result = emotone.withheld(plain)
    assert result.windows[0] == plain.windows[0]
    assert plain.windows[0].label == "angry"
    assert result.windows[-1].label == "unknown"
    assert result.windows[-1].withheld == REASONS["no_speech"]
    assert result.windows[-1].scores == plain.windows[-1].scores
    assert [segment.label for segment in result.segments] == ["angry"]


def test_the_view_without_a_baseline_is_withheld_for_its_own_reasons(model: emotone.Recognizer) -> None:
    heard = model.listen(speech(), sample_rate=SECOND)
    plain = heard.predict(baseline=heard.baseline())
    assert plain.absolute is not None
    assert [reason.code for reason in plain.absolute.doubts] == []
    doubtful = replace(plain, absolute=replace(plain.absolute, doubts=(REASONS["no_speech"],)), doubts=())
    result = emotone.withheld(doubtful)
    assert result.label == plain.label
    assert result.absolute is not None
    assert (result.absolute.label, result.absolute.confidence) == ("unknown", 0)


def test_what_is_far_from_the_training_data_is_unfamiliar(model: emotone.Recognizer) -> None:
    random = np.random.default_rng(0)
    heard = model.listen(speech(), sample_rate=SECOND)
    near = heard.embedding + random.normal(size=(60, model.info.dim)).astype(np.float32)
    names = [str(row % 6) for row in range(60)]
    familiarity = fit_familiarity(near, np.full(60, 4.0), names, names)
    knowing = model.with_head(replace(model.head, familiarity=familiarity))
    assert "unfamiliar" not in codes(knowing.predict(speech(), sample_rate=SECOND).doubts)
    far = model.with_head(replace(model.head, familiarity=replace(familiarity, centre=familiarity.centre + 5)))
    result = emotone.withheld(far.predict(speech(), sample_rate=SECOND))
    assert result.withheld == UNFAMILIAR
    assert result.doubts[0] == UNFAMILIAR
    timeline = emotone.withheld(far.timeline(speech(), sample_rate=SECOND))
    assert {window.withheld for window in timeline.windows} == {UNFAMILIAR}
    assert {segment.label for segment in timeline.segments} == {"unknown"}


def test_heads_that_know_nothing_of_familiarity_find_everything_familiar(model: emotone.Recognizer) -> None:
    bare = replace(model.head, familiarity=None, boldness=0.0)
    assert not unfamiliar(bare, np.full((3, model.info.dim), 1e3, np.float32), np.ones(3)).any()


def test_moods_that_change_are_said_where_a_single_result_is_wanted(model: emotone.Recognizer) -> None:
    random = np.random.default_rng(0)
    pause = 0.001 * random.normal(size=SECOND // 2)
    signal = np.concatenate([speech("german_happy"), pause, speech("english_angry")]).astype(np.float32)
    (reason,) = (found for found in model.predict(signal, sample_rate=SECOND).doubts if found.code == "mixed")
    assert "Happy at 0–3 s" in reason.text.en
    assert "“快乐”" in reason.text.zh
    assert "mixed" not in codes(model.timeline(signal, sample_rate=SECOND).utterance.doubts)
    twice = np.concatenate([speech(), pause, speech()]).astype(np.float32)
    assert "mixed" not in codes(model.predict(twice, sample_rate=SECOND).doubts)


def test_windows_are_mixed_when_no_label_is_possible_in_both() -> None:
    happy = Segment(0, 3, "happy", {"happy": 0.97, "sad": 0.02, "angry": 0.01})
    either = Segment(2, 5, "happy", {"happy": 0.5, "sad": 0.5, "angry": 0.0})
    sad = Segment(4, 7, "sad", {"happy": 0.02, "sad": 0.97, "angry": 0.01})
    assert mixed([happy, either]) == mixed([either, sad]) == mixed([happy]) == mixed([]) == ()
    (reason,) = mixed([happy, either, sad])
    assert "Happy at 0–3 s, Sad at 4–7 s" in reason.text.en


def test_a_calibrated_head_says_which_labels_come_into_question(model: emotone.Recognizer) -> None:
    head = replace(model.head, calibration=Calibration(0.9, 0.015, 0.9, 100, 12))
    heard = model.listen(speech(), heads=(head, model.head), sample_rate=SECOND)
    result = heard.predict()
    assert result.label_set is not None
    assert result.label_set[0] == result.label
    assert set(result.label_set) == {label for label, score in result.scores.items() if score >= 0.015}
    assert record(result, datetime.now())["label_set"] == list(result.label_set)
    assert heard.predict(head=model.head).label_set is None
    assert heard.predict(baseline=heard.baseline()).label_set is None


def codes(reasons: tuple[Reason, ...]) -> set[str]:
    return {reason.code for reason in reasons}
