"""The right side of the page: results, problems and tables as HTML. Pure functions of a result and a language."""

from collections.abc import Sequence

from ..labels import EMOTIONS, emotion_of
from ..markup import Html, join, tag
from ..text import Language, Text
from ..types import Conversation, Prediction
from ..writers import FORMATS
from . import player, texts, verdict
from .analysis import Outcome, Problem, Report, Step
from .markup import button, heading, items, symbol
from .shelf import Download

WITHOUT_SPEECH = frozenset({"silent", "no_speech"})  # reasons that leave a result without meaning: it is shown pale

_HIDDEN = {"aria-hidden": "true"}


def outcome(shown: Outcome | None, language: Language) -> Html:
    """Everything on the right side: nothing yet, one result, one problem or a table."""
    if shown is None:
        return empty(language)
    if len(shown.reports) == 1:
        return _single(shown, 0, language)
    if shown.opened is None:
        return table(shown.reports, language)
    back = button("em-back", "← ", texts.BACK.to(language), attributes={"data-back": ""})
    return join(back, _single(shown, shown.opened, language))


def _single(shown: Outcome, place: int, language: Language) -> Html:
    item = shown.reports[place]
    if isinstance(item, Problem):
        return problem(item, language)
    return report(item, shown.corrected.get(place), language)


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
        step_list(steps, language),
        attributes={"role": "status"},
    )


def _share(step: Step) -> Html:
    """How much of a long step is done; the step itself says it in words."""
    return tag("progress", attributes={"value": f"{step.share:.3f}", "max": "1", "aria-hidden": "true"})


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


def report(item: Report, corrected: str | None, language: Language) -> Html:
    """The full result of one recording. Reasons for doubt stand right below the emotion.

    Args:
        item: The result.
        corrected: What its visitor says that it is, if that was said.
        language: Of the visitor.
    """
    several = isinstance(item.result, Conversation)
    side = join(_files(item, language), _steps(item, language))
    return tag(
        "div.em-report",
        verdict.voices(item, language) if several else verdict.hero(item, language),
        tag("section.em-doubts-box", verdict.doubts(item.doubts, language)),
        Html() if several else verdict.correction(item, corrected, language),
        verdict.summary(item, language),
        tag("section.em-player", player.player(item, language)),
        tag("div.em-columns", tag("section.em-scores", verdict.scores(item, language)), tag("section.em-side", side)),
    )


def _files(item: Report, language: Language) -> Html:
    return join(
        heading(texts.DOWNLOADS.to(language)),
        items("em-files", map(download, item.downloads)),
        _exports(item, language),
        tag("p.em-muted.em-folder", kept(item, language)),
    )


def _exports(item: Report, language: Language) -> Html:
    """A menu of all formats that this result can be written in."""
    timed = not isinstance(item.result, Prediction)
    choices = (
        button("em-export", form.title.to(language), attributes={"data-export": form.name})
        for form in FORMATS.values()
        if timed or not form.timed
    )
    return tag("details.em-exports", tag("summary", texts.EXPORT.to(language)), items("em-choices", choices))


def exported(file: Download | Text | None, language: Language) -> Html:
    """A file that the browser is to save at once, or why there is none."""
    if file is None:
        return Html()
    if isinstance(file, Text):
        return tag("div.em-toast.em-bad", file.to(language), attributes={"role": "alert"})
    link = tag(
        "a", texts.EXPORTED.to(language).format(name=file.name), attributes={"href": file.url, "download": file.name}
    )
    return tag("div.em-toast", link, attributes={"role": "status"})


def kept(item: Report, language: Language) -> str:
    """Where a result was saved, if it was."""
    return texts.SAVED_IN.to(language).format(folder=item.folder) if item.folder else texts.NOT_SAVED.to(language)


def download(file: Download) -> Html:
    """A link that saves a file."""
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
    notes = [texts.MODEL.to(language).format(name=model.name, revision=model.revision)]
    if item.replicas:
        notes.append(texts.REPLICAS.to(language).format(names=", ".join(item.replicas)))
    return join(
        heading(texts.STEPS.to(language)),
        step_list((*item.steps, total), language),
        *(tag("p.em-muted", note) for note in notes),
    )


def step_list(steps: Sequence[Step], language: Language) -> Html:
    """Steps with their durations; a long one shows how much of it is done."""
    rows = (join(step.name.to(language), tag("span.em-number", _seconds(step, language))) for step in steps)
    return join(*(_share(step) for step in steps if step.share), items("em-steps", rows))


def _seconds(step: Step, language: Language) -> str:
    if step.seconds is None:
        return f"{step.share:.0%}" if step.share else "…"
    return texts.SECONDS.to(language).format(seconds=f"{step.seconds:.2f}")


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
    opening = texts.OPEN.to(language).format(name=item.name)
    reasons = " ".join(reason.text.to(language) for _, reason in item.doubts) or texts.NONE.to(language)
    name = button("em-open", item.name, attributes={"data-open": str(index), "aria-label": opening})
    said = [prediction for _, prediction in item.voices]
    return tag(
        "tr",
        tag("td", name),
        tag("td", *(tag("div", *_short(prediction, language)) for prediction in said)),
        tag("td.em-number", *(tag("div", texts.percent_of(prediction)) for prediction in said)),
        _titled("td.em-number", texts.duration(item.duration), texts.DURATION.to(language)),
        _titled("td.em-muted", reasons, texts.DOUBTS_COLUMN.to(language)),
    )


def _short(prediction: Prediction, language: Language) -> tuple[Html, str, str]:
    emotion = emotion_of(prediction.label, prediction.scores)
    return symbol(emotion.emoji), " ", emotion.name.to(language)


def _titled(selector: str, content: str, title: str) -> Html:
    """A cell that carries its column's title, for screens too narrow for columns."""
    return tag(selector, content, attributes={"data-title": title})
