"""An evaluation for people: one HTML page with everything in it, for wide and narrow screens, light and dark."""

from collections.abc import Iterable, Sequence
from itertools import groupby

from .. import __version__
from ..labels import emotion_of
from ..markup import Html, join, tag
from ..sheet import column, document, section, table
from ..text import Language, Text
from . import charts, texts
from .evaluation import Evaluation, Group, LabelResult, Measure
from .report import Report
from .robustness import TwinResult
from .texts import percent
from .units import FEW_UNITS

FOLDED_FROM = 13  # rows of one kind, from which on they are shown when asked for
FAILURES_SHOWN = 10
FITTING = 0.05  # mean confidence and accuracy that lie no further apart fit each other


def report_page(report: Report, language: Language) -> str:
    """The content of `report.html`."""
    title = texts.TITLE.to(language).format(manifest=report.manifest)
    sections: Iterable[Html] = (
        _summary(report, language),
        _comparison(report, language),
        _confusion(report, language),
        _labels(report, language),
        _calibration(report, language),
        _groups(report, language),
        _twins(report, language),
        _protocol(report, language),
        _origin(report, language),
    )
    body = join(_head(report, title, language), *sections, tag("footer", texts.HONEST.to(language)))
    return document(title, body, language)


def _head(report: Report, title: str, language: Language) -> Html:
    result = report.evaluation
    facts = [texts.RECORDINGS.to(language).format(count=f"{result.clips:,}")]
    if result.units.speakers > 1:
        facts.append(texts.SPEAKERS.to(language).format(count=f"{result.units.speakers:,}"))
    facts.append(texts.duration(result.duration, language))
    facts.append(texts.MODEL.to(language).format(name=result.model.name, revision=result.model.revision))
    if report.head:
        facts.append(texts.HEAD.to(language).format(name=report.head))
    return tag("header", tag("p.eyebrow", texts.EYEBROW.to(language)), tag("h1", title), tag("p", " · ".join(facts)))


def _summary(report: Report, language: Language) -> Html:
    result = report.evaluation
    chance = 1 / len(result.protocol.offered)
    ece = result.calibration.ece
    tiles = tag(
        "div.tiles",
        _tile(texts.UAR, texts.UAR_MEANS, result.uar, chance, language),
        _tile(texts.ACCURACY, texts.ACCURACY_MEANS, result.accuracy, None, language),
        _tile(texts.MACRO_F1, texts.MACRO_F1_MEANS, result.macro_f1, None, language),
        tag(
            "div.tile",
            tag("h2", texts.ECE.to(language)),
            tag("p.big", percent(ece)),
            charts.share_bar(ece, "var(--bad)"),
            tag("p.means", texts.ECE_MEANS.to(language)),
        ),
    )
    by = texts.BY_SPEAKER if result.units.kind == "speaker" else texts.BY_CLIP
    notes = [texts.CHANCE.to(language).format(chance=percent(chance))]
    notes.append(by.to(language).format(count=f"{result.units.count:,}"))
    if result.units.few:
        notes.append(texts.FEW.to(language).format(wanted=FEW_UNITS))
    return tag("section.plain", tiles, tag("p.note", _sentences(notes, language)))


def _comparison(report: Report, language: Language) -> Html:
    """With and without the baseline, side by side."""
    result = report.evaluation
    if result.absolute is None:
        return Html("")
    head = tag(
        "tr",
        tag("td"),
        column(texts.UAR, language),
        tag("td.drawn"),
        column(texts.INTERVAL, language, "extra"),
        column(texts.ACCURACY, language),
        column(texts.MACRO_F1, language),
        column(texts.ECE, language),
    )
    rows = [
        _view_row(texts.RELATIVE, result, language),
        _view_row(texts.ABSOLUTE, result.absolute, language),
    ]
    hint = texts.baseline(result.protocol.baseline, result.judged.draws, language)
    return section(texts.COMPARISON, hint, table(head, rows), language=language)


def _view_row(name: Text, result: Evaluation, language: Language) -> Html:
    uar = result.uar
    return tag(
        "tr",
        tag("th", name.to(language), attributes={"scope": "row"}),
        tag("td", percent(uar.value)),
        tag("td.drawn", charts.interval_bar(uar.value, (uar.low, uar.high))),
        tag("td.extra", texts.interval(uar.low, uar.high)),
        tag("td", percent(result.accuracy.value)),
        tag("td", percent(result.macro_f1.value)),
        tag("td", percent(result.calibration.ece)),
    )


def _tile(name: Text, means: Text, measure: Measure, chance: float | None, language: Language) -> Html:
    return tag(
        "div.tile",
        tag("h2", name.to(language)),
        tag("p.big", percent(measure.value)),
        charts.interval_bar(measure.value, (measure.low, measure.high), chance),
        tag("p.range", texts.INTERVAL.to(language), " ", tag("span.whole", texts.interval(measure.low, measure.high))),
        tag("p.means", means.to(language)),
    )


def _confusion(report: Report, language: Language) -> Html:
    matrix = charts.confusion(report.evaluation, language)
    return section(texts.CONFUSION, texts.CONFUSION_HINT.to(language), matrix, language=language)


def _labels(report: Report, language: Language) -> Html:
    head = tag(
        "tr",
        column(texts.EMOTION, language),
        column(texts.COUNT, language, "extra"),
        column(texts.RECALL, language),
        tag("td.drawn"),
        column(texts.PRECISION, language),
        column(texts.F1, language),
    )
    rows = [_label_row(label, language) for label in report.evaluation.labels]
    return section(texts.EACH_EMOTION, "", table(head, rows), language=language)


def _label_row(result: LabelResult, language: Language) -> Html:
    return tag(
        "tr",
        tag("th", charts.named(result.label, language), attributes={"scope": "row"}),
        tag("td.extra", f"{result.clips:,}"),
        tag("td", percent(result.recall)),
        tag("td.drawn", charts.share_bar(result.recall, emotion_of(result.label).color)),
        tag("td", "–" if result.precision is None else percent(result.precision)),
        tag("td", percent(result.f1)),
    )


def _calibration(report: Report, language: Language) -> Html:
    result = report.evaluation
    confidence, accuracy = float(result.judged.confidence.mean()), result.accuracy.value
    verdict = texts.TOO_SURE if confidence > accuracy else texts.TOO_SHY
    if abs(confidence - accuracy) < FITTING:
        verdict = texts.FITTING
    sentence = verdict.to(language).format(confidence=percent(confidence), accuracy=percent(accuracy))
    ece, brier = percent(result.calibration.ece), f"{result.calibration.brier:.3f}"
    errors = texts.ERRORS.to(language).format(ece=ece, brier=brier)
    half = min(result.coverage, key=lambda point: abs(point.coverage - 0.5))
    figures = tag(
        "div.figures",
        charts.figure(
            texts.RELIABILITY.to(language),
            charts.reliability(result.calibration, language),
            texts.RELIABILITY_HINT.to(language),
        ),
        charts.figure(
            texts.COVERAGE.to(language),
            charts.coverage(result.coverage, language),
            texts.COVERAGE_HINT.to(language).format(accuracy=percent(half.accuracy)),
        ),
    )
    return section(texts.CALIBRATION, _sentences([sentence, errors], language), figures, language=language)


def _groups(report: Report, language: Language) -> Html:
    groups = report.evaluation.groups
    if not groups:
        return Html("")
    tables = [
        _group_table(texts.FIELDS[field], list(members), language)
        for field, members in groupby(groups, key=lambda group: group.field)
    ]
    return section(texts.GROUPS, texts.GROUPS_HINT.to(language), *tables, language=language)


def _group_table(name: Text, groups: Sequence[Group], language: Language) -> Html:
    head = tag(
        "tr",
        column(name, language),
        column(texts.COUNT, language),
        column(texts.EMOTIONS, language, "extra"),
        column(texts.UAR, language),
        tag("td.drawn"),
        column(texts.ACCURACY, language),
    )
    rows = [
        tag(
            "tr",
            tag("th", texts.group_name(group, language), attributes={"scope": "row"}),
            tag("td", f"{group.clips:,}"),
            tag("td.extra", str(group.labels)),
            tag("td", percent(group.uar)),
            tag("td.drawn", charts.interval_bar(group.uar, group.interval)),
            tag("td", percent(group.accuracy)),
        )
        for group in groups
    ]
    whole = table(head, rows)
    if len(rows) < FOLDED_FROM:
        return whole
    low, high = min(group.uar for group in groups), max(group.uar for group in groups)
    between = texts.interval(low, high)
    folded = texts.FOLDED.to(language).format(name=name.to(language), count=len(rows), interval=between)
    return tag("details", tag("summary", folded), whole)


def _twins(report: Report, language: Language) -> Html:
    if report.robustness is None:
        return Html("")
    head = tag(
        "tr",
        column(texts.TWIN, language),
        column(texts.COUNT, language, "extra"),
        column(texts.UAR, language),
        column(texts.CHANGE, language),
        column(texts.FLIPS, language),
        tag("td.drawn"),
    )
    rows = [_twin_row(twin, language) for twin in report.robustness.results]
    result = report.evaluation
    first = tag(
        "tr",
        tag("th", texts.AS_IS.to(language), attributes={"scope": "row"}),
        tag("td.extra", f"{result.clips:,}"),
        tag("td", percent(result.uar.value)),
        *(tag("td", "–") for _ in range(2)),
        tag("td.drawn"),
    )
    absent = [tag("p.note", reason.to(language)) for reason in report.robustness.absent]
    return section(texts.TWINS, texts.TWINS_HINT.to(language), table(head, [first, *rows]), *absent, language=language)


def _twin_row(twin: TwinResult, language: Language) -> Html:
    return tag(
        "tr",
        tag("th", twin.name.to(language), attributes={"scope": "row"}),
        tag("td.extra", f"{twin.clips:,}"),
        tag("td", percent(twin.uar)),
        tag("td", texts.points(twin.uar - twin.before)),
        tag("td", percent(twin.flips)),
        tag("td.drawn", charts.share_bar(twin.flips, "var(--bad)")),
    )


def _protocol(report: Report, language: Language) -> Html:
    result = report.evaluation
    protocol = result.protocol
    choice = texts.PRESENT if protocol.choice == "present" else texts.ALL_LABELS
    renamed = [
        join(word, " → ", charts.named(label, language))
        for word, label in protocol.words.items()
        if word.casefold() != label.casefold()
    ]
    left_out = [
        (texts.NOT_HELD_OUT if word in protocol.offered else texts.LEFT_OUT_WORD)
        .to(language)
        .format(word=word, count=n)
        for word, n in protocol.left_out.items()
    ]
    failed = [join(failure.error.text.to(language)) for failure in result.failures[:FAILURES_SHOWN]]
    if len(result.failures) > FAILURES_SHOWN:
        failed.append(join(texts.MORE.to(language).format(count=len(result.failures) - FAILURES_SHOWN)))
    facts: list[tuple[Text, Sequence[str]]] = [
        (texts.REMARKS, [remark.to(language) for remark in report.remarks]),
        (texts.LABELS, [choice.to(language)]),
        (texts.BASELINE, [texts.baseline(protocol.baseline, result.judged.draws, language)]),
        (texts.OFFERED, _named(protocol.offered, language)),
        (texts.MASKED, _named(protocol.masked, language)),
        (texts.WORDS, renamed),
        (texts.LEFT_OUT, left_out),
        (texts.FAILED, failed),
        (texts.HEARD_BEFORE, [texts.HEARD_BEFORE_MEANS.to(language)]),
    ]
    return section(texts.PROTOCOL, "", _facts(facts, language), language=language)


def _origin(report: Report, language: Language) -> Html:
    result = report.evaluation
    name = texts.MODEL.to(language).format(name=result.model.name, revision=result.model.revision)
    head = report.head or texts.OWN_HEAD.to(language)
    made = texts.BY.to(language).format(when=f"{report.when:%Y-%m-%d %H:%M}", version=__version__)
    facts: list[tuple[Text, Sequence[str]]] = [
        (texts.MODEL_TITLE, [name, tag("code", result.model.sha256)]),
        (texts.HEAD_TITLE, [head, tag("code", result.head_sha256)]),
        (texts.DATA, [report.manifest, tag("code", result.data_sha256)]),
        (texts.WHEN, [made]),
    ]
    return section(texts.REPEAT, "", _facts(facts, language), language=language)


def _named(labels: Sequence[str], language: Language) -> list[str]:
    return [join(*(charts.named(label, language) for label in labels))] if labels else []


def _facts(facts: Iterable[tuple[Text, Sequence[str]]], language: Language) -> Html:
    shown = (
        join(tag("dt", name.to(language)), *(tag("dd", value) for value in values)) for name, values in facts if values
    )
    return tag("dl", *shown)


def _sentences(parts: Iterable[str], language: Language) -> str:
    return ("" if language == "zh" else " ").join(parts)
