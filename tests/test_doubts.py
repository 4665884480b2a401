from dataclasses import replace
from datetime import datetime

import numpy as np
from media import speech, white_noise

import emotone
from emotone.doubts import GRAVE, MARGIN, ORDER, in_order, unclear
from emotone.quality import REASONS
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
