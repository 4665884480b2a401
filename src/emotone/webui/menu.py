"""The menus of models and heads, and what is said about the chosen ones. Pure functions."""

from collections.abc import Sequence

from ..fetches import Fetch
from ..labels import emotion_of
from ..library import Choice
from ..markup import Html, join, tag
from ..text import Language
from . import texts
from .markup import button, heading
from .own_heads import OwnHeads
from .render import size

_LABELS_SHOWN = 12


def chosen(choices: Sequence[Choice], model: str) -> Choice:
    """The choice with this id, else the first."""
    return next((choice for choice in choices if choice.id == model), choices[0])


def menu(choices: Sequence[Choice], model: str, language: Language) -> Html:
    """A list to choose from. Drawn anew only when a model comes or goes: that would close it under somebody's finger."""
    options = (_option(choice, choice.id == model) for choice in choices)
    label = texts.CHOOSE_MODEL.to(language)
    return join(
        heading(label),
        tag("select.em-select", *options, attributes={"aria-label": label, "data-ready": _ready_ids(choices)}),
    )


def head_menu(own: OwnHeads, language: Language) -> Html:
    """What is told apart: the model's own labels, or those of a head of the visitor's own."""
    label = texts.LABELS.to(language)
    options = [(-1, texts.NINE_EMOTIONS.to(language)), *((place, head.name) for place, head in enumerate(own.heads))]
    select = tag(
        "select.em-select",
        *(_head_option(place, name, place == (-1 if own.chosen is None else own.chosen)) for place, name in options),
        attributes={"aria-label": label},
    )
    load = tag(
        "label.em-load",
        Html('<input type="file" class="em-sr" accept=".json,application/json">'),
        tag("span.em-link", "＋ ", texts.LOAD_HEAD.to(language)),
    )
    return join(tag("div.em-head-top", heading(label), load), select, _about_head(own, language))


def _head_option(place: int, name: str, selected: bool) -> Html:
    return tag("option", name, attributes={"value": str(place)} | ({"selected": ""} if selected else {}))


def _about_head(own: OwnHeads, language: Language) -> Html:
    problem = Html()
    if own.problem is not None:
        name = tag("strong.em-file-name", own.problem.name)
        problem = tag("p.em-model-problem", name, " ", own.problem.text.to(language), attributes={"role": "alert"})
    if own.head is None:
        return problem
    labels = own.head.labels
    chips = (
        tag("span.em-label", look.name.to(language), attributes={"style": f"--em-color:{look.color}"})
        for look in (emotion_of(label, labels) for label in labels[:_LABELS_SHOWN])
    )
    more = f"+ {len(labels) - _LABELS_SHOWN}" if len(labels) > _LABELS_SHOWN else ""
    return join(problem, tag("p.em-labels", *chips, tag("span.em-muted", more)))


def _ready_ids(choices: Sequence[Choice]) -> str:
    """By this the script sees that a model has come or gone."""
    return " ".join(choice.id for choice in choices if choice.ready)


def _option(choice: Choice, selected: bool) -> Html:
    to_fetch = "" if choice.ready or choice.known is None else f" ↓ {size(choice.known.download_size)}"
    return tag(
        "option", f"{choice.name}{to_fetch}", attributes={"value": choice.id} | ({"selected": ""} if selected else {})
    )


def card(choices: Sequence[Choice], model: str, offered: bool, tick: int, language: Language) -> Html:
    """What is known about the chosen model, and the fetches that run.

    Args:
        choices: The menu.
        model: The id of the chosen one.
        offered: Whether models may be fetched.
        tick: When this is, in any unit: the script tells by it which of two answers is the newer one.
        language: Of the visitor.
    """
    choice = chosen(choices, model)
    own = _ready(choice, language) if choice.ready else _missing(choice, offered, language)
    running = [(item, item.fetch) for item in choices if item.fetch is not None and item.fetch.problem is None]
    running.sort(key=lambda pair: pair[0] is not choice)
    return tag(
        "div.em-model",
        own,
        *(_fetching(item, fetch, language) for item, fetch in running),
        attributes={
            "data-model": choice.id,
            "data-running": str(len(running)),
            "data-ready": _ready_ids(choices),
            "data-tick": str(tick),
        },
    )


def _ready(choice: Choice, language: Language) -> Html:
    facts = [
        choice.precision or (texts.BUNDLED.to(language) if choice.known is None and choice.size else ""),
        size(choice.size) if choice.size else "",
        choice.licence,
    ]
    return tag("p.em-muted", " · ".join(filter(None, facts)))


def _missing(choice: Choice, offered: bool, language: Language) -> Html:
    known, fetch = choice.known, choice.fetch
    if known is None or (fetch is not None and fetch.problem is None):
        return Html()
    amount = size(known.download_size)
    if not known.exact:
        amount = texts.ABOUT.to(language).format(size=amount)
    state = texts.IS_DAMAGED if choice.damaged else texts.TO_FETCH
    licences = (
        tag("li", tag("span.em-muted", f"{place.title}: "), tag("span", place.licence)) for place in known.places
    )
    return join(
        tag("p", known.summary.to(language)),
        tag("p.em-muted", state.to(language).format(size=amount, kept=size(known.kept_size))),
        tag("div.em-licences", tag("span.em-muted", texts.LICENCE.to(language)), tag("ul", *licences)),
        _problem(fetch, language),
        _offer(choice, fetch, offered, language),
    )


def _offer(choice: Choice, fetch: Fetch | None, offered: bool, language: Language) -> Html:
    if not offered:
        command = tag("code", f"emotone models pull {choice.name}")
        before, after = texts.OFFLINE.to(language).split("{command}")
        return tag("p.em-muted", before, command, after)
    text = texts.FETCH_AGAIN if fetch else texts.FETCH
    return button("em-button.em-fetch", "↓ ", text.to(language), attributes={"data-fetch": choice.name})


def _problem(fetch: Fetch | None, language: Language) -> Html:
    if fetch is None or fetch.problem is None:
        return Html()
    return tag("p.em-model-problem", fetch.problem.to(language), attributes={"role": "alert"})


def _fetching(choice: Choice, fetch: Fetch, language: Language) -> Html:
    """The step of a fetch, its bar, and a button that ends it."""
    progress = fetch.progress
    title = texts.FETCHING.to(language).format(name=choice.name)
    amount = texts.AMOUNT.to(language).format(done=size(progress.done), total=size(progress.total))
    counted = {"value": str(progress.done), "max": str(progress.total)} if progress.total else {}
    cancel = (
        tag("span.em-muted", texts.CANCELLING.to(language))
        if fetch.cancelled
        else button("em-link", texts.CANCEL.to(language), attributes={"data-cancel": choice.name})
    )
    return tag(
        "div.em-fetching",
        tag("strong", title, attributes={"role": "status"}),
        tag("p.em-muted", progress.step.to(language), attributes={"title": progress.step.to(language)}),
        tag("progress", attributes={"aria-label": title} | counted),
        tag("div.em-fetching-foot", tag("span.em-number", amount if progress.total else ""), cancel),
    )
