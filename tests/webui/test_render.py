"""Results as HTML, without a browser."""

import json
import re
from base64 import b64decode
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser

import numpy as np
import pytest

from emotone import Prediction, Recognizer, Segment, Timeline
from emotone.doubts import unclear, withheld
from emotone.findings import findings
from emotone.heads import Head
from emotone.labels import LABELS, emotion_of
from emotone.markup import Html, join, tag
from emotone.quality import REASONS
from emotone.summary import summarise
from emotone.text import Text
from emotone.types import Contribution, Conversation, Track
from emotone.webui import charts, controls, menu, render, teach_view, texts
from emotone.webui.analysis import Chosen, Outcome, Problem, Report, Step
from emotone.webui.own_heads import OwnHeads
from emotone.webui.shelf import Download, Shelf
from emotone.webui.workshop import Workshop
from emotone.writers import FORMATS

HOSTILE = "<img src=x onerror=alert(1)>.wav"


class Outline(HTMLParser):
    """Tags that were opened and not closed, and every tag that was seen."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.feed(html)

    def handle_starttag(self, name, attributes):
        self.seen.append(name)
        if name != "input":
            self.open.append(name)

    def handle_endtag(self, name):
        assert self.open.pop() == name


@pytest.fixture(scope="module")
def timeline(model: Recognizer, four_moods) -> Timeline:
    return model.timeline(four_moods)


def report(result: Prediction | Timeline, name: str = "clip.wav") -> Report:
    files = (
        Download("processed_audio.wav", "gradio_api/file=/a/processed_audio.wav", 125_000),
        Download("result.json", "gradio_api/file=/a/result.json", 800),
    )
    return Report(
        name,
        result,
        (np.linspace(0, 1, 500, dtype=np.float32),),
        "outputs_20260101_120000",
        files,
        (Step(texts.DECODE, 0.25), Step(texts.ANALYSE, 0.5)),
        decided=((Contribution(0.0, 1.0, "happy", 0.031, 0.5), Contribution(1.0, 2.0, "happy", -0.004, -0.1)),),
    )


def text_of(html: str) -> str:
    return re.sub("<[^>]*>", " ", html)


def test_plain_text_is_escaped_and_markup_is_not():
    assert tag("p.a.b", "<b>", tag("i", "&"), attributes={"title": '"<'}) == (
        '<p class="a b" title="&quot;&lt;">&lt;b&gt;<i>&amp;</i></p>'
    )
    assert isinstance(join("a", Html("<br>")), Html)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_view_is_well_formed_and_escapes_names(timeline: Timeline, language):
    problem = Problem(HOSTILE, Text(f"{HOSTILE} is bad", f"{HOSTILE} 有误"))
    reports = (report(timeline, HOSTILE), report(timeline.utterance, HOSTILE), problem)
    views = [
        render.outcome(None, language),
        render.outcome(Outcome(reports), language),
        *(render.outcome(Outcome(reports, index), language) for index in range(3)),
        *(render.outcome(Outcome((item,)), language) for item in reports),
        render.progress(2, 3, (Step(texts.DECODE, 0.1), Step(texts.ANALYSE, None)), language),
        controls.header(language),
        controls.footer(language),
        controls.picker([Chosen(HOSTILE, timeline.utterance.source.name)], language),
    ]
    for view in views:
        outline = Outline(view)
        assert outline.open == []
        assert "img" not in outline.seen


@pytest.mark.parametrize("language", ["en", "zh"])
def test_result_names_emotion_twice_runner_up_and_confidence(timeline: Timeline, language):
    prediction = timeline.utterance
    shown = text_of(render.report(report(prediction), None, language))
    emotion, second = emotion_of(prediction.label), emotion_of(prediction.runner_up)
    for expected in (
        emotion.emoji,
        emotion.name.en,
        emotion.name.zh,
        second.name.to(language),
        f"{prediction.confidence:.0%}",
        "outputs_20260101_120000",
        prediction.model.name,
    ):
        assert expected in shown


def test_bars_are_sorted_and_add_up(timeline: Timeline):
    shown = render.report(report(timeline.utterance), None, "en")
    widths = [float(width) for width in re.findall(r'<i style="width:([\d.]+)%"', shown)]
    assert len(widths) == len(LABELS)
    assert widths == sorted(widths, reverse=True)
    assert sum(widths) == pytest.approx(100, abs=0.1)


def test_hint_for_unknown_stands_only_at_exactly_zero(timeline: Timeline):
    hint = texts.NO_TRAINING_DATA.en
    utterance = timeline.utterance
    scores = dict.fromkeys(LABELS, 0.0) | {"happy": 1.0}
    some = scores | {"happy": 0.9, "unknown": 0.1}
    values = {name: getattr(utterance, name) for name in ("embedding", "duration", "doubts", "model", "source")}
    assert hint in render.report(report(Prediction("happy", scores, **values)), None, "en")
    assert hint not in render.report(report(Prediction("happy", some, **values)), None, "en")


def test_reasons_come_with_advice(timeline: Timeline):
    values = {
        name: getattr(timeline.utterance, name)
        for name in ("label", "scores", "embedding", "duration", "model", "source")
    }
    bad = Prediction(doubts=(REASONS["clipped"],), **values)
    shown = text_of(render.report(report(bad), None, "zh"))
    assert REASONS["clipped"].text.zh in shown
    assert REASONS["clipped"].advice.zh in shown
    good = Prediction(doubts=(), **values)
    assert texts.NO_DOUBTS.en in render.report(report(good), None, "en")


@pytest.mark.parametrize(("code", "faint"), [("silent", True), ("no_speech", True), ("noisy", False)])
def test_a_result_without_speech_is_shown_pale(timeline: Timeline, code: str, faint: bool):
    names = ("label", "scores", "embedding", "duration", "model", "source")
    bad = Prediction(doubts=(REASONS[code],), **{name: getattr(timeline.utterance, name) for name in names})
    assert ("em-faint" in render.report(report(bad), None, "en")) == faint


def chart_of(shown: str) -> dict:
    """What the script is given to draw."""
    return json.loads(unescape(re.search('data-chart="([^"]*)"', shown)[1]))


def unpacked(packed: str, kind: str) -> np.ndarray:
    return np.frombuffer(b64decode(packed), kind)


def test_the_chart_holds_what_the_timeline_says(timeline: Timeline):
    chart = chart_of(render.report(report(timeline), None, "zh"))
    (view,) = chart["views"]
    (lane,) = view["lanes"]
    assert [label for label, *_ in view["labels"]] == list(LABELS)
    assert [name for _, name, *_ in view["labels"]] == [emotion_of(label).name.zh for label in LABELS]
    scores = unpacked(lane["scores"], "u1").reshape(-1, len(LABELS)) / 255
    expected = [[window.scores[label] for label in LABELS] for window in timeline.windows]
    assert np.allclose(scores, expected, atol=0.5 / 255 + 1e-9)
    centres = [(window.start + window.end) / 2 for window in timeline.windows]
    assert np.allclose(unpacked(lane["times"], "<f4"), centres)
    assert [(start, end, LABELS[place], sure) for start, end, place, sure in lane["segments"]] == [
        (
            pytest.approx(one.start, abs=1e-3),
            pytest.approx(one.end, abs=1e-3),
            one.label,
            pytest.approx(one.confidence, abs=1e-4),
        )
        for one in timeline.segments
    ]
    assert unpacked(chart["outlines"][lane["outline"]], "u1").max() == 255
    assert chart["duration"] == pytest.approx(timeline.utterance.duration, abs=1e-3)


def test_hours_are_thinned_to_means_of_neighbours(timeline: Timeline):
    times = np.arange(57_600) / 2  # eight hours
    some = [dict.fromkeys(LABELS, 0.0) | {"happy": share, "sad": 1 - share} for share in (0.2, 0.6)]
    windows = [Segment(time, time + 3, "sad", some[index % 2]) for index, time in enumerate(times)]
    lane = charts.Lane(np.ones(1_440_000, np.float32), (), windows)
    text = charts.data([charts.View(texts.LABELS, (lane,))], 28_800.0, "en")
    chart = json.loads(text)["views"][0]["lanes"][0]
    assert len(text) < 200_000
    scores = unpacked(chart["scores"], "u1").reshape(-1, len(LABELS)) / 255
    assert len(scores) == charts.COLUMNS
    assert np.allclose(scores[:, LABELS.index("happy")], 0.4, atol=0.003)
    assert np.allclose(np.diff(unpacked(chart["times"], "<f4")), 4, atol=0.01)


def test_one_result_is_one_stretch_and_silence_none(timeline: Timeline):
    utterance = timeline.utterance
    whole = chart_of(render.report(report(utterance), None, "en"))["views"][0]["lanes"][0]["segments"]
    assert [(start, end) for start, end, *_ in whole] == [(0, pytest.approx(utterance.duration, abs=1e-3))]
    silent = replace(utterance, doubts=(REASONS["silent"],))
    assert chart_of(render.report(report(silent), None, "en"))["views"][0]["lanes"][0]["segments"] == []
    charts.data([charts.View(texts.LISTEN, (charts.Lane(np.zeros(1, np.float32), ()),))], 0.02, "en")


def conversation_report(timeline: Timeline) -> Report:
    """Two speakers who say the same, the second one with a name that is markup."""
    tracks = (Track("1", timeline), Track(HOSTILE, replace(timeline, segments=timeline.segments[1:])))
    talk = Conversation(timeline.utterance.source, timeline.utterance.duration, tracks, (REASONS["noisy"],))
    base = report(timeline)
    return replace(base, result=talk, outlines=base.outlines * 2, decided=base.decided * 2)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_conversation_shows_each_speaker_and_whose_doubt_it_is(timeline: Timeline, language):
    item = conversation_report(timeline)
    shown = render.report(item, None, language)
    assert Outline(shown).open == []
    assert "img" not in Outline(shown).seen
    words = text_of(unescape(shown))
    for name in (texts.speaker("1", language), HOSTILE):
        assert name in unescape(shown)
    assert shown.count('class="em-voice-card"') == 2
    assert REASONS["noisy"].text.to(language) in words
    lanes = chart_of(shown)["views"][0]["lanes"]
    assert [lane["speaker"] for lane in lanes] == [texts.speaker("1", language), HOSTILE]
    assert [len(lane["segments"]) for lane in lanes] == [len(timeline.segments), len(timeline.segments) - 1]
    row = render.table([item, item], language)
    assert Outline(row).open == []


def test_contributions_belong_to_the_view_that_says_the_same_as_the_whole(timeline: Timeline):
    chart = chart_of(render.report(report(timeline), None, "en"))
    (lane,) = chart["views"][0]["lanes"]
    assert lane["decided"] == [[0, 1, 0.031], [1, 2, -0.004]]
    assert chart["views"][0]["labels"][lane["about"]][0] == "happy"
    compared = replace(timeline, absolute=timeline)
    for own, expected in ((False, [2, 0]), (True, [0, 2])):
        views = chart_of(render.report(replace(report(compared), own=own), None, "en"))["views"]
        assert [len(view["lanes"][0]["decided"]) for view in views] == expected
    assert "most for Happy from 0:00.0 to 0:01.0, +3.1 points" in render.report(report(timeline), None, "en")


def test_the_summary_says_what_the_rules_say(timeline: Timeline):
    shown = unescape(render.report(report(timeline), None, "zh"))
    said = findings(summarise(timeline))
    assert said
    for finding in said:
        assert finding.text.zh in shown
        assert finding.rule.zh in shown
    assert "em-summary" not in render.report(report(timeline.utterance), None, "zh")


def test_formats_about_time_are_offered_for_timelines_only(timeline: Timeline):
    offered = {
        kind: set(re.findall('data-export="([^"]*)"', render.report(report(result), None, "en")))
        for kind, result in (("frame", timeline), ("utterance", timeline.utterance))
    }
    assert offered["frame"] == set(FORMATS)
    assert offered["utterance"] == {name for name, form in FORMATS.items() if not form.timed}


def test_a_withheld_segment_has_no_confidence_and_what_is_said_stays_text(timeline: Timeline):
    first = replace(timeline.segments[0], label="unknown", withheld=REASONS["noisy"], text=HOSTILE)
    shown = render.report(report(replace(timeline, segments=(first,))), None, "en")
    assert Outline(shown).open == []
    assert "img" not in Outline(shown).seen
    ((*_, label, confidence, said),) = chart_of(shown)["views"][0]["lanes"][0]["segments"]
    assert (LABELS[label], confidence, said) == ("unknown", None, HOSTILE)


@pytest.mark.parametrize(("score", "shown"), [(0.0, "0%"), (0.0001, "<0.1%"), (0.1234, "12.3%"), (1.0, "100.0%")])
def test_percent(score: float, shown: str):
    assert texts.percent(score) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0, "0:00.0"), (59.96, "1:00.0"), (65.25, "1:05.2"), (725, "12:05"), (3725, "1:02:05")]
)
def test_duration(seconds: float, shown: str):
    assert texts.duration(seconds) == shown


@pytest.mark.parametrize(("count", "shown"), [(798, "798 B"), (125_000, "125 kB"), (3.39e6, "3.39 MB"), (2e9, "2 GB")])
def test_size(count: float, shown: str):
    assert render.size(count) == shown


def test_every_text_is_in_both_languages():
    for name, text in vars(texts).items():
        if isinstance(text, Text):
            assert text.en, name
            assert re.search("[\u4e00-\u9fff]", text.zh), name
            assert set(re.findall(r"\{\w+\}", text.en)) == set(re.findall(r"\{\w+\}", text.zh)), name


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_withheld_result_says_why_and_claims_nothing(timeline: Timeline, language):
    scores = dict.fromkeys(LABELS, 0.0) | {"happy": 0.45, "sad": 0.4, "angry": 0.15}
    unsure = withheld(replace(timeline.utterance, label="happy", scores=scores, doubts=unclear(scores)))
    shown = render.report(report(unsure), None, language)
    words = " ".join(text_of(shown).split())
    assert unsure.withheld is not None
    assert f"{texts.WITHHELD.to(language)} {unsure.withheld.text.to(language)}" in words
    assert f"{texts.HIGHEST.to(language)} 😊 {emotion_of('happy').name.to(language)} 45.0%" in words
    assert "em-big-number" not in shown


def test_a_label_set_says_how_often_it_holds(timeline: Timeline):
    result = replace(timeline.utterance, label_set=("happy", "surprised"))
    assert "Happy or Surprised, 90%" in render.report(replace(report(result), coverage=0.9), None, "en")


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{}", b'{"labels": [1, 2]}', b'{"labels": [["a"], ["b"]], "weight": ""}']
)
def test_a_file_that_holds_no_head_is_one_sentence(tmp_path, content: bytes):
    path = tmp_path / "a.json"
    path.write_bytes(content)
    own = OwnHeads().loading(Chosen("mine.json", path), Shelf(tmp_path, lambda placed: None))
    assert (own.heads, own.head) == ((), None)
    assert own.problem is not None
    assert str(tmp_path) not in own.problem.text.en
    assert Outline(menu.head_menu(own, "zh")).open == []


def test_hostile_labels_are_only_text(timeline: Timeline, model: Recognizer):
    labels = ("<script>alert(1)</script>", '"><img src=x>')
    head = Head(labels, np.ones((2, model.info.dim), np.float32), np.zeros(2, np.float32), name="<b>")
    own = OwnHeads().adding(head)
    result = replace(timeline.utterance, label=labels[0], scores=dict(zip(labels, (0.7, 0.3), strict=True)))
    workshop = Workshop()
    for label in labels:
        workshop.make_class(label)
    for view in (
        menu.head_menu(own, "en"),
        render.report(report(result), labels[1], "en"),
        render.report(report(result), None, "en"),
        teach_view.material(workshop, "en"),
        teach_view.clips(workshop, "en"),
    ):
        seen = Outline(view).seen
        assert not {"script", "img", "b"} & set(seen)
