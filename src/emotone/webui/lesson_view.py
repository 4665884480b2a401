"""What is being learned, and what came of it, as HTML. Pure functions."""

from ..evaluation import Evaluation
from ..labels import Label, emotion_of
from ..markup import Html, join, tag
from ..text import Language
from . import texts
from .analysis import Problem
from .markup import button, heading, items, symbol
from .render import download, problem
from .teaching import Job, Taught
from .workshop import Workshop

_FAILURES_SHOWN = 5
_STRONG = 0.6  # share of a row from which on a cell is so dark that its number is light


def lesson(workshop: Workshop, language: Language) -> Html:
    """The training that runs; else why the last one gave nothing, and what the last one gave that succeeded."""
    if workshop.job is not None:
        return learning(workshop.job, language)
    return join(_failed(workshop, language), Html() if workshop.taught is None else _taught(workshop.taught, language))


def _failed(workshop: Workshop, language: Language) -> Html:
    if workshop.failed is None:
        return Html()
    if workshop.failed is texts.TEACH_CANCELLED:
        return tag("p.em-muted.em-cancelled", workshop.failed.to(language), attributes={"role": "status"})
    return problem(Problem("", workshop.failed), language)


def learning(job: Job, language: Language) -> Html:
    """How far a training is, and a button that ends it."""
    title, step = texts.TEACHING.to(language), job.step.to(language)
    cancel = button("em-button", texts.CANCEL.to(language), attributes={"data-cancel": ""})
    progress = tag("progress", attributes={"value": f"{job.done:.3f}", "max": "1", "aria-label": title})
    return tag(
        "section.em-learning",
        tag("strong", title, attributes={"role": "status"}),
        progress,
        tag(
            "div.em-fetching-foot",
            tag("span.em-number", step),
            tag("span.em-muted", texts.CANCELLING.to(language)) if job.cancelled else cancel,
        ),
    )


def _taught(taught: Taught, language: Language) -> Html:
    trained = taught.trained
    result = trained.evaluation
    use = button("em-button.em-primary", texts.USE_HEAD.to(language), " →", attributes={"data-use": ""})
    top = tag(
        "div.em-taught-top",
        symbol("🎓"),
        tag("h2", texts.TAUGHT.to(language).format(name=trained.head.name)),
        use,
    )
    files = items("em-files", (download(file) for file in taught.downloads))
    return tag(
        "section.em-taught",
        top,
        _tiles(taught, language),
        _judged(taught, language),
        tag(
            "div.em-columns",
            tag("div", heading(texts.EACH_CLASS.to(language)), _recalls(result, language)),
            tag(
                "div",
                heading(texts.CONFUSION.to(language)),
                _confusion(result, language),
                tag("p.em-muted", texts.CONFUSION_HINT.to(language)),
            ),
        ),
        tag("div.em-taught-files", files),
    )


def _tiles(taught: Taught, language: Language) -> Html:
    result, relative = taught.trained.evaluation, taught.trained.relative
    chance = 1 / len(result.protocol.offered)
    uar = result.uar
    means = texts.UAR_MEANS.to(language).format(low=f"{uar.low:.0%}", high=f"{uar.high:.0%}")
    tiles = [_tile(texts.UAR.to(language), uar.value, means), _tile(texts.BY_CHANCE.to(language), chance, "")]
    if relative is not None:
        tiles.insert(1, _tile(texts.GAIN.to(language), relative.uar.value, texts.GAIN_MEANS.to(language)))
    return tag("div.em-tiles", *tiles)


def _tile(name: str, share: float, means: str) -> Html:
    return tag(
        "div.em-tile",
        tag("span.em-muted", name),
        tag("span.em-big-number", f"{share:.0%}"),
        tag("span.em-muted", means),
    )


def _judged(taught: Taught, language: Language) -> Html:
    trained = taught.trained
    sentences = [trained.method.to(language)]
    if trained.split.kind == "file":
        sentences.append(texts.BY_FILE.to(language))
    failures = trained.evaluation.failures
    warnings = [
        join(tag("strong", warning.text.to(language)), " ", warning.advice.to(language))
        for warning in trained.warnings
        if warning.code != "speakers_unknown"  # said already, in the words of this page
    ]
    if failures:
        count = texts.LEFT_OUT.to(language).format(count=len(failures))
        reasons = [failure.error.text.to(language) for failure in failures[:_FAILURES_SHOWN]]
        warnings.append(join(tag("strong", count), *(tag("span.em-failure", reason) for reason in reasons)))
    return tag(
        "div.em-judged",
        heading(texts.HOW_JUDGED.to(language)),
        tag("p", ("" if language == "zh" else " ").join(sentences)),
        items("em-doubts", warnings) if warnings else Html(),
    )


def _recalls(result: Evaluation, language: Language) -> Html:
    labels = result.protocol.offered
    rows = []
    for one in result.labels:
        look = emotion_of(one.label, labels)
        spoken = texts.RECALL.to(language).format(share=f"{one.recall:.0%}", count=one.clips)
        bar = tag(
            "span.em-bar",
            tag("i", attributes={"style": f"width:{one.recall:.1%}"}),
            attributes={"style": f"--em-color:{look.color}", "title": spoken},
        )
        name = tag("span.em-bar-name", symbol(look.emoji), tag("span", look.name.to(language)))
        rows.append(join(name, bar, tag("span.em-number", f"{one.recall:.0%}")))
    return items("em-bars", rows)


def _confusion(result: Evaluation, language: Language) -> Html:
    offered = result.protocol.offered
    head = tag("tr", tag("td"), *(_side(label, offered, "col", language) for label in offered))
    rows = [
        tag(
            "tr",
            _side(label, offered, "row", language),
            *(_cell(count, sum(counts), label == guess) for guess, count in zip(offered, counts, strict=True)),
        )
        for label, counts in zip(offered, result.confusion, strict=True)
        if sum(counts)
    ]
    return tag("div.em-scroll", tag("table.em-confusion", tag("thead", head), tag("tbody", *rows)))


def _side(label: Label, labels: tuple[Label, ...], scope: str, language: Language) -> Html:
    look = emotion_of(label, labels)
    return tag(
        "th", tag("span", look.name.to(language)), attributes={"scope": scope, "style": f"--em-color:{look.color}"}
    )


def _cell(count: float, total: float, right: bool) -> Html:
    share = count / total
    kind = ("right" if right else "wrong") + (" strong" if share > _STRONG else "")
    return tag(
        "td", f"{100 * share:.0f}" if count else "·", attributes={"class": kind, "style": f"--em-share:{share:.3f}"}
    )
