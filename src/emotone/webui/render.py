"""The right side of the page: results, problems and tables as HTML. Pure functions of a result and a language."""

from collections.abc import Sequence

from ..labels import EMOTIONS, Label, emotion_of
from ..markup import Html, join, tag
from ..text import Language, Text
from ..types import Prediction, Reason, Segment, Timeline, utterance_of
from . import charts, texts
from .analysis import Outcome, Problem, Report, Step
from .markup import button, heading, items, symbol
from .shelf import Download
from .voice_panel import amount

WITHOUT_SPEECH = frozenset({"silent", "no_speech"})  # reasons that leave a result without meaning: it is shown pale

_HIDDEN = {"aria-hidden": "true"}


def outcome(shown: Outcome | None, language: Language) -> Html:
    """Everything on the right side: nothing yet, one result, one problem or a table."""
    if shown is None:
        return empty(language)
    if len(shown.reports) == 1:
        return _single(shown.reports[0], language)
    if shown.opened is None:
        return table(shown.reports, language)
    back = button("em-back", "← ", texts.BACK.to(language), attributes={"data-back": ""})
    return join(back, _single(shown.reports[shown.opened], language))


def _single(item: Report | Problem, language: Language) -> Html:
    return problem(item, language) if isinstance(item, Problem) else report(item, language)


def empty(language: Language) -> Html:
    """What stands there before the first result."""
    chips = (join(symbol(emotion.emoji), tag("span.em-chip-name", emotion.name.to(language))) for emotion in EMOTIONS)
    return tag(
        "div.em-empty",
        tag("h2", texts.EMPTY.to(language)),
        tag("p", texts.EMPTY_HINT.to(language)),
        items("em-chips", chips),
    )


def progress(number: int, count: int, steps: Sequence[Step], language: Language) -> Html:
    """What stands there while recordings are analysed; number 0 is waiting for the first one."""
    title = texts.WORKING if number else texts.WAITING
    which = texts.PROGRESS.to(language).format(number=number, count=count) if number and count > 1 else ""
    return tag(
        "div.em-working",
        tag("div.em-pulse", *[tag("i")] * 7),
        tag("h2", title.to(language)),
        tag("span.em-muted", which),
        _step_list(steps, language),
        attributes={"role": "status"},
    )


def problem(item: Problem, language: Language) -> Html:
    """One sentence in a box."""
    return tag(
        "div.em-problem",
        symbol("⚠️"),
        tag(
            "div.em-problem-text",
            tag("strong", texts.PROBLEM.to(language)),
            tag("span.em-file-name", item.name),
            tag("p", item.text.to(language)),
        ),
        attributes={"role": "alert"},
    )


def report(item: Report, language: Language) -> Html:
    """The full result of one recording. Reasons for doubt stand right below the emotion."""
    doubts = _doubts(item.utterance.doubts, language)
    side = join(_files(item, language), _steps(item, language))
    return tag(
        "div.em-report",
        _hero(item, language),
        tag("section.em-doubts-box", doubts),
        tag("section.em-player", _player(item, language)),
        tag(
            "div.em-columns", tag("section.em-scores", _scores(item.utterance, language)), tag("section.em-side", side)
        ),
    )


def _hero(item: Report, language: Language) -> Html:
    name, prediction = item.name, item.utterance
    emotion, second = emotion_of(prediction.label), emotion_of(prediction.runner_up)
    names = (emotion.name.zh, emotion.name.en) if language == "zh" else (emotion.name.en, emotion.name.zh)
    other_name = tag("span.em-other-name", names[1], attributes={"lang": "en" if language == "zh" else "zh-CN"})
    runner_up = _said(texts.RUNNER_UP, prediction.runner_up, prediction.scores[second.label], language)
    absolute = prediction.absolute
    plain = _said(texts.ABSOLUTE, absolute.label, absolute.confidence, language) if absolute else Html()
    words = tag(
        "div.em-hero-words",
        tag("span.em-file-name", f"{name} · {texts.duration(prediction.duration)}"),
        tag("h2.em-names", tag("span.em-name", names[0]), other_name),
        tag("p.em-asides", runner_up, plain),
        _comparison(item, language),
    )
    confidence = tag(
        "div.em-confidence",
        tag("span.em-big-number", f"{prediction.confidence:.0%}"),
        tag("span.em-muted", texts.CONFIDENCE.to(language)),
    )
    faint = _without_speech(prediction)
    emoji = tag("span.em-big-emoji", emotion.emoji, attributes={"aria-hidden": "true"})
    return tag(
        "header.em-hero.em-faint" if faint else "header.em-hero",
        emoji,
        words,
        confidence,
        attributes={"style": f"--em-color:{emotion.color}"},
    )


def _said(what: Text, label: Label, score: float, language: Language) -> Html:
    emotion = emotion_of(label)
    number = tag("span.em-number", percent(score))
    return tag("span", what.to(language), " ", symbol(emotion.emoji), " ", emotion.name.to(language), " ", number)


def _comparison(item: Report, language: Language) -> Html:
    """What it was compared with."""
    baseline = utterance_of(item.result).baseline
    if baseline is None:
        return Html()
    if item.own:
        text = texts.COMPARED_WITH_ITSELF.to(language).format(speech=texts.speech(baseline.duration, language))
    else:
        text = texts.COMPARED.to(language).format(amount=amount(baseline, language))
    return tag("p.em-compared", symbol("⇄"), " ", text)


def _without_speech(prediction: Prediction) -> bool:
    return any(reason.code in WITHOUT_SPEECH for reason in prediction.doubts)


def percent(score: float) -> str:
    """A score with one decimal; what is not quite nothing is `<0.1%`."""
    if score == 0:
        return "0%"
    return "<0.1%" if score < 0.0005 else f"{score:.1%}"


def _scores(prediction: Prediction, language: Language) -> Html:
    ranked = sorted(prediction.scores.items(), key=lambda pair: -pair[1])
    marks = prediction.absolute.scores if prediction.absolute else {}
    bars = items("em-bars", (_bar(label, score, marks.get(label), language) for label, score in ranked))
    legend = tag("p.em-mark-legend.em-muted", tag("b", attributes=_HIDDEN), texts.MARKED.to(language))
    return join(heading(texts.SCORES.to(language)), bars, legend if marks else Html())


def _bar(label: Label, score: float, mark: float | None, language: Language) -> Html:
    """A score as a bar; with a mark where it would be without comparison."""
    emotion = emotion_of(label)
    bar = tag(
        "span.em-bar",
        tag("i", attributes={"style": f"width:{score:.2%}"}),
        Html() if mark is None else tag("b", attributes={"style": f"left:{mark:.2%}"}),
        attributes={"aria-hidden": "true", "style": f"--em-color:{emotion.color}"},
    )
    untrained = label == "unknown" and score == 0
    return join(
        tag("span.em-bar-name", symbol(emotion.emoji), emotion.name.to(language)),
        bar,
        tag("span.em-number", percent(score)),
        tag("span.em-hint", texts.NO_TRAINING_DATA.to(language)) if untrained else Html(),
    )


def _doubts(reasons: Sequence[Reason], language: Language) -> Html:
    found = items(
        "em-doubts",
        (join(tag("strong", reason.text.to(language)), " ", reason.advice.to(language)) for reason in reasons),
    )
    none = tag("p.em-good", "✓ ", texts.NO_DOUBTS.to(language))
    return join(heading(texts.DOUBTS.to(language)), found if reasons else none)


def _player(item: Report, language: Language) -> Html:
    duration = item.utterance.duration
    timelines = _timelines(item)
    head = tag(
        "div.em-player-head",
        _play_button(language),
        heading((texts.OVER_TIME if timelines else texts.LISTEN).to(language)),
        _view_switch([name for name, _ in timelines], language),
        tag("span.em-clock", texts.duration(duration)),
        _audio(item),
    )
    if not timelines:
        whole = Segment(0.0, duration, item.utterance.label, item.utterance.scores)
        spans = [] if _without_speech(item.utterance) else [whole]
        wave = tag("div.em-wave-box", charts.waveform(item.peaks, duration, spans, language))
        return join(head, _stage(wave, charts.axis(duration)))
    charted = (_view(place, _charts(item, view, language)) for place, (_, view) in enumerate(timelines))
    listed = (_view(place, _segments(view, language)) for place, (_, view) in enumerate(timelines))
    return join(head, _stage(*charted), *listed)


def _timelines(item: Report) -> list[tuple[Text, Timeline]]:
    """The views of the recording over time, the main one first."""
    if not isinstance(item.result, Timeline):
        return []
    absolute = item.result.absolute
    plain = [] if absolute is None else [(texts.ABSOLUTE_VIEW, absolute)]
    return [(texts.RELATIVE_VIEW, item.result), *plain]


def _view_switch(names: Sequence[Text], language: Language) -> Html:
    """Chooses one of several views of the same time; the style sheet hides the others."""
    if len(names) < 2:
        return Html()
    choices = (
        tag(
            "label",
            tag("input.em-sr", attributes=_choice(place) | ({"checked": ""} if place == 0 else {})),
            tag("span", name.to(language)),
        )
        for place, name in enumerate(names)
    )
    return tag("fieldset.em-views", tag("legend.em-sr", texts.VIEW.to(language)), *choices)


def _choice(place: int) -> dict[str, str]:
    return {"type": "radio", "name": "em-view", "value": str(place)}


def _view(place: int, content: Html) -> Html:
    return tag(f"div.em-view.em-view-{place}", content)


def _charts(item: Report, timeline: Timeline, language: Language) -> Html:
    duration = item.utterance.duration
    return join(
        tag("div.em-wave-box", charts.waveform(item.peaks, duration, timeline.segments, language)),
        charts.segment_strip(timeline.segments, duration, language),
        charts.area_chart(timeline, language),
    )


def _stage(*charted: Html) -> Html:
    """Charts that share one axis of time, and the playhead over them."""
    return tag("div.em-stage", *charted, tag("div.em-playhead", attributes=_HIDDEN))


def _play_button(language: Language) -> Html:
    play, pause = texts.PLAY.to(language), texts.PAUSE.to(language)
    return button(
        "em-play", attributes={"data-play": "", "aria-label": play, "data-label-play": play, "data-label-pause": pause}
    )


def _audio(item: Report) -> Html:
    address = next((download.url for download in item.downloads if download.name.endswith(".wav")), "")
    return tag(
        "audio", attributes={"preload": "metadata", "src": address, "data-duration": f"{item.utterance.duration:.3f}"}
    )


def _segments(timeline: Timeline, language: Language) -> Html:
    if not timeline.segments:
        return tag("p.em-muted", texts.NO_SEGMENTS.to(language))
    return join(heading(texts.SEGMENTS.to(language)), charts.segment_list(timeline.segments, language))


def _files(item: Report, language: Language) -> Html:
    return join(
        heading(texts.DOWNLOADS.to(language)),
        items("em-files", map(_download, item.downloads)),
        tag("p.em-muted.em-folder", texts.SAVED_IN.to(language).format(folder=item.folder)),
    )


def _download(file: Download) -> Html:
    detail = f"{file.note} · {size(file.size)}" if file.note else size(file.size)
    arrow = tag("span.em-arrow", "↓", attributes={"aria-hidden": "true"})
    return tag(
        "a",
        arrow,
        tag("span.em-download-name", file.name),
        tag("span.em-muted", detail),
        attributes={"href": file.url, "download": file.name},
    )


def size(count: float) -> str:
    """A number of bytes for people."""
    unit, *larger = "B", "kB", "MB", "GB"
    while count >= 999.5 and larger:
        count, unit, larger = count / 1000, larger[0], larger[1:]
    return f"{count:.0f} {unit}" if count >= 100 else f"{count:.3g} {unit}"


def _steps(item: Report, language: Language) -> Html:
    total = Step(texts.TOTAL, sum(step.seconds or 0.0 for step in item.steps))
    model = item.utterance.model
    return join(
        heading(texts.STEPS.to(language)),
        _step_list((*item.steps, total), language),
        tag("p.em-muted", texts.MODEL.to(language).format(name=model.name, revision=model.revision)),
    )


def _step_list(steps: Sequence[Step], language: Language) -> Html:
    return items(
        "em-steps", (join(step.name.to(language), tag("span.em-number", _seconds(step, language))) for step in steps)
    )


def _seconds(step: Step, language: Language) -> str:
    return "…" if step.seconds is None else texts.SECONDS.to(language).format(seconds=f"{step.seconds:.2f}")


def table(reports: Sequence[Report | Problem], language: Language) -> Html:
    """Several results, one below the other."""
    columns = (texts.FILE, texts.EMOTION, texts.CONFIDENCE_COLUMN, texts.DURATION, texts.DOUBTS_COLUMN)
    head = tag("tr", *(tag("th", column.to(language), attributes={"scope": "col"}) for column in columns))
    rows = (_row(index, item, language) for index, item in enumerate(reports))
    return tag(
        "div.em-table-box",
        tag("h2", texts.TABLE.to(language).format(count=len(reports))),
        tag("table.em-table", tag("thead", head), tag("tbody", *rows)),
    )


def _row(index: int, item: Report | Problem, language: Language) -> Html:
    if isinstance(item, Problem):
        return tag(
            "tr",
            tag("td", tag("span.em-file-name", item.name)),
            tag("td.em-failed", symbol("⚠️"), " ", item.text.to(language), attributes={"colspan": "4"}),
        )
    prediction, emotion = item.utterance, emotion_of(item.utterance.label)
    opening = texts.OPEN.to(language).format(name=item.name)
    reasons = " ".join(reason.text.to(language) for reason in prediction.doubts) or texts.NONE.to(language)
    name = button("em-open", item.name, attributes={"data-open": str(index), "aria-label": opening})
    return tag(
        "tr",
        tag("td", name),
        tag("td", symbol(emotion.emoji), " ", emotion.name.to(language)),
        tag("td.em-number", f"{prediction.confidence:.0%}"),
        _titled("td.em-number", texts.duration(prediction.duration), texts.DURATION.to(language)),
        _titled("td.em-muted", reasons, texts.DOUBTS_COLUMN.to(language)),
    )


def _titled(selector: str, content: str, title: str) -> Html:
    """A cell that carries its column's title, for screens too narrow for columns."""
    return tag(selector, content, attributes={"data-title": title})
