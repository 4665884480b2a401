"""The report as data and as a page: complete, in one language, and nothing in it comes from elsewhere."""

import json
import re
from dataclasses import replace
from datetime import datetime

import pytest
from synthetic import HEAD, embedded

from emotone.errors import AudioNotFoundError
from emotone.evaluation import Report, Robustness, TwinResult, evaluate, prediction_rows, report_page, report_record
from emotone.text import Language, Text
from emotone.types import Failure
from emotone.writers import to_csv, to_json

WHEN = datetime(2026, 3, 1, 12, 30)
FAILURE = Failure("<b>gone.wav", AudioNotFoundError("There is no file '<b>gone.wav'.", "找不到文件“<b>gone.wav”。"))


def report(manifest: str = "my corpus", *, twins: bool = True, speakers: int = 30) -> Report:
    heard = [("Anger", "angry", "s"), ("joy", "happy", "s"), ("joy", "neutral", "s"), ("<i>calm</i>", "sad", "s")]
    clips = embedded([(word, guess, f"<u>{n % speakers}") for n in range(speakers * 2) for word, guess, _ in heard])
    clips = replace(clips, failures=(FAILURE,) * 12, quality=(("noisy",),) * len(clips))
    results = (TwinResult("g711", Text("telephone", "电话"), 180, 0.5, 0.4, 0.75, 0.3),)
    robustness = Robustness(results, (Text("No MP3: impossible.", "无 MP3：不可用。"),))
    return Report(manifest, evaluate(clips, HEAD), "head.json", WHEN, robustness if twins else None)


def test_the_object_holds_everything_in_plain_numbers() -> None:
    found = json.loads(to_json(report_record(report())))
    assert list(found)[:5] == ["uar", "accuracy", "macro_f1", "ece", "brier"]
    assert found["uar"] == pytest.approx(0.75)
    assert found["accuracy"] == pytest.approx(2 / 3)
    assert found["intervals"]["uar"] == [0.75, 0.75]
    assert found["bootstrap"] == {"unit": "speaker", "units": 30, "level": 0.95, "resamples": 2000, "seed": 0}
    assert (found["clips"], found["speakers"], found["duration"]) == (180, 30, 360)
    assert found["protocol"]["left_out"] == {"<i>calm</i>": 60}
    assert found["confusion"]["rows"][1] == [0, 60, 60, 0]
    assert found["labels"][0] == {"label": "angry", "clips": 60, "recall": 1.0, "precision": 1.0, "f1": 1.0}
    assert found["groups"][0]["field"] == "quality"
    assert found["twins"][0]["flips"] == 0.3
    assert found["failures"][0]["file"] == "<b>gone.wav"
    assert found["model"] == {"name": "toy", "revision": "7", "sha256": "ab" * 32}
    assert found["head"] == {"name": "head.json", "sha256": HEAD.sha256}
    assert found["timestamp"] == "2026-03-01 12:30:00"
    assert "twins" not in report_record(report(twins=False))


def test_a_row_for_each_recording() -> None:
    header, first, *rest = to_csv(prediction_rows(report())).splitlines()
    assert header == "file,emotion,label,confidence,angry,happy,neutral,sad"
    assert first.startswith("0.wav,angry,angry,0.947915,0.947915,0.017362")
    assert len(rest) == 179


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_is_whole(language: Language) -> None:
    page = report_page(report("<script>alert(1)</script>"), language)
    assert page.startswith("<!doctype html>")
    assert not re.search(r"<(script|link|img|iframe|i>calm|u>\d|b>gone)|(src|href)=|url\(|@import|https?:", page)
    assert "{" not in re.sub(r"<style>.*?</style>", "", page, flags=re.S)
    assert "nan" not in page.lower().replace("finance", "")
    assert page.count("There is no file" if language == "en" else "找不到文件") == 10
    for text in (
        "75.0%",
        "66.7%",
        "&lt;i&gt;calm",
        "telephone" if language == "en" else "电话",
        HEAD.sha256,
        "ab" * 32,
    ):
        assert text in page


def test_languages_are_not_mixed() -> None:
    english, chinese = (report_page(report(), language) for language in ("en", "zh"))
    assert not re.search(r"[\u4e00-\u9fff]", re.sub(r"<style>.*?</style>", "", english, flags=re.S))
    words = re.sub(r"<style>.*?</style>|<[^>]+>|<code>.*?</code>", " ", chinese, flags=re.S)
    foreign = {"recordings", "speaker", "recall", "confidence", "The", "of", "emotion"}
    assert foreign.isdisjoint(re.findall(r"\w+", words))


def test_many_speakers_are_folded_and_few_are_not() -> None:
    assert "<details>" in report_page(report(speakers=13), "en")
    few = report_page(report(speakers=12), "en")
    assert "<details>" not in few
    assert "Fewer than" not in few
    assert "Fewer than 10 of them say little" in report_page(report(speakers=9), "en")


def test_twins_are_there_when_asked_for() -> None:
    assert "−25.0" in report_page(report(), "en")
    assert "other conditions" not in report_page(report(twins=False), "en")
