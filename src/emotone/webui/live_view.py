"""The Live tab as HTML: a frame that its script fills, and what was saved. Pure functions."""

import json
from collections.abc import Sequence

from ..heads import Head
from ..labels import EMOTIONS, Label, emotion_of
from ..markup import Html, join, tag
from ..text import Language, Text
from . import live_texts, texts
from .analysis import Problem, Report, Step
from .markup import button, heading, items, symbol
from .render import download, kept, problem, step_list

_PROBLEMS = {
    "denied": live_texts.DENIED,
    "no-device": live_texts.NO_DEVICE,
    "device-taken": live_texts.DEVICE_TAKEN,
    "device-gone": live_texts.DEVICE_GONE,
    "too-old": live_texts.TOO_OLD,
    "busy": live_texts.BUSY,
    "refused": live_texts.REFUSED,
    "rejected": live_texts.REJECTED,
    "unreachable": live_texts.UNREACHABLE,
    "no-sockets": live_texts.NO_SOCKETS,
    "lost": live_texts.LOST,
    "slow": live_texts.SLOW,
    "too-long": live_texts.TOO_LONG,
    "failed": live_texts.FAILED,
    "not-handed-over": live_texts.NOT_HANDED_OVER,
}  # what the script found → what it means
_DETAILED = {"rejected", "failed"}  # the server says more
_DETAIL = join(" ", tag("span.em-live-detail"))
_STATES = {
    "asking": live_texts.ASKING,
    "connecting": live_texts.CONNECTING,
    "finishing": live_texts.FINISHING,
    "saving": live_texts.SENDING,
    "done": live_texts.UNSAVED,
}
_WORDS = {
    "now": live_texts.NOW,
    "whole": live_texts.WHOLE,
    "before": live_texts.BEFORE,
    "hearing": live_texts.HEARING,
    "quiet": live_texts.QUIET,
    "nothing": live_texts.NOTHING,
    "unfinished": live_texts.UNFINISHED,
    "second": texts.RUNNER_UP,
    "absolute": texts.ABSOLUTE,
    "compared": live_texts.COMPARED,
    "curve": live_texts.CURVE,
    "model": texts.MODEL,
}  # that the script puts in


def frame(labels: Sequence[Label], head: Head | None, language: Language) -> Html:
    """Everything but what was saved.

    Args:
        labels: What the model's own head tells apart.
        head: The visitor's own, which answers instead.
        language: Of the visitor.
    """
    labels = labels if head is None else head.labels
    doubts = {code: text.to(language) for code, text in live_texts.DOUBTS.items()}
    data = {f"data-{name}": text.to(language) for name, text in _WORDS.items()}
    data |= {"data-looks": _json(_looks(labels, language)), "data-doubts": _json(doubts)}
    data |= {} if head is None else {"data-head": _json(head.to_json())}
    return tag(
        "div.em-live",
        _bar(language),
        _messages(language),
        _empty(language),
        tag("div.em-live-stage", _hero(language), _chart(language)),
        tag("p.em-sr.em-live-said", attributes={"aria-live": "polite"}),
        attributes=data,
    )


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _looks(labels: Sequence[Label], language: Language) -> dict[Label, dict[str, str]]:
    """How the script shows each label; the nine emotions come in any case, as `unknown` may be said by every model."""
    known = {emotion.label: emotion for emotion in EMOTIONS}
    all_looks = known | {label: emotion_of(label, labels) for label in labels}
    return {
        label: {
            "name": look.name.to(language),
            "other": "" if look.name.en == look.name.zh else look.name.to("en" if language == "zh" else "zh"),
            "emoji": look.emoji,
            "color": look.color,
        }
        for label, look in all_looks.items()
    }


def _bar(language: Language) -> Html:
    """Buttons, the level of the microphone, the time, and what is compared with."""
    dot = tag("i.em-dot", attributes={"aria-hidden": "true"})
    buttons = tag(
        "div.em-live-buttons",
        _button("em-primary", "data-start", live_texts.START, language, symbol("🎙️")),
        _button("em-live-stop", "data-stop", live_texts.STOP, language, dot),
        _button("em-primary", "data-save", live_texts.SAVE, language, symbol("💾")),
        _button("em-again", "data-start", live_texts.AGAIN, language, symbol("🎙️")),
    )
    meter = {"role": "meter", "aria-label": live_texts.LEVEL.to(language), "aria-valuemin": "0", "aria-valuemax": "100"}
    level = tag(
        "div.em-live-meter",
        tag("div.em-level", attributes=meter | {"aria-valuenow": "0"}),
        tag("span.em-clock", "0:00", attributes={"role": "timer", "aria-label": live_texts.ELAPSED.to(language)}),
    )
    box = Html(tag("input", attributes={"type": "checkbox", "data-adapt": ""}).removesuffix("</input>"))
    adapt = tag(
        "label.em-live-adapt",
        box,
        tag("span", live_texts.ADAPT.to(language), tag("span.em-muted", live_texts.ADAPT_HINT.to(language))),
    )
    return tag("section.em-live-bar", buttons, level, adapt)


def _button(selector: str, what: str, text: Text, language: Language, sign: Html) -> Html:
    return button(f"em-button.{selector}", sign, " ", text.to(language), attributes={what: ""})


def _messages(language: Language) -> Html:
    """What the state is, and what went wrong; the style sheet shows those that are the case."""
    states = (tag("p.em-live-state", text.to(language), attributes={"data-in": name}) for name, text in _STATES.items())
    found = (
        tag("p", text.to(language), _DETAIL if name in _DETAILED else "", attributes={"data-when": name})
        for name, text in _PROBLEMS.items()
    )
    return tag("div.em-messages", *found, _insecure(language), *states, attributes={"role": "status"})


def _insecure(language: Language) -> Html:
    """The only sentence with something to copy in it; the script puts in the port."""
    parts = live_texts.INSECURE.to(language).replace("{tunnel}", "{local}").split("{local}")
    local = tag("code", "http://localhost:7860", attributes={"data-local": ""})
    tunnel = tag("code", "ssh -L 7860:localhost:7860 …", attributes={"data-tunnel": ""})
    return tag("p", parts[0], local, parts[1], tunnel, parts[2], attributes={"data-when": "insecure"})


def _empty(language: Language) -> Html:
    chips = (join(symbol(emotion.emoji), tag("span.em-chip-name", emotion.name.to(language))) for emotion in EMOTIONS)
    return tag(
        "section.em-live-empty",
        tag("h2", live_texts.EMPTY.to(language)),
        tag("p", live_texts.EMPTY_HINT.to(language)),
        items("em-chips", chips),
    )


def _hero(language: Language) -> Html:
    """Places for the emotion, how sure it is, and why to doubt it."""
    words = tag(
        "div.em-hero-words",
        tag("span.em-when"),
        tag("h2.em-names", tag("span.em-name"), tag("span.em-other-name")),
        tag("p.em-asides"),
        tag("ul.em-live-doubts", attributes={"role": "list", "aria-label": texts.DOUBTS.to(language)}),
        tag("p.em-compared", symbol("⇄"), " ", tag("span.em-amount")),
    )
    confidence = tag(
        "div.em-confidence", tag("span.em-big-number"), tag("span.em-muted", texts.CONFIDENCE.to(language))
    )
    return tag("header.em-hero", tag("span.em-big-emoji", attributes={"aria-hidden": "true"}), words, confidence)


def _chart(language: Language) -> Html:
    return tag(
        "section.em-live-chart",
        heading(texts.OVER_TIME.to(language)),
        tag("canvas", attributes={"role": "img"}),
        tag("div.em-live-foot", tag("div.em-legend"), tag("span.em-muted.em-live-model")),
    )


def saved(result: Report | Problem | None, language: Language) -> Html:
    """What was saved, and where: nothing yet, files, or why not."""
    if result is None:
        return Html()
    if isinstance(result, Problem):
        return tag("div", problem(result, language), attributes={"data-there": "no"})
    return tag(
        "section.em-live-saved",
        tag("h2", "✓ ", (live_texts.SAVED if result.folder else texts.DOWNLOADS).to(language)),
        items("em-files", map(download, result.downloads)),
        tag("p.em-muted.em-folder", kept(result, language)),
        button("em-button.em-primary", live_texts.OPEN.to(language), attributes={"data-open-saved": ""}),
        attributes={"data-there": "yes", "role": "status"},
    )


def saving(done: Sequence[Step], language: Language) -> Html:
    """What stands there while a recording is being analysed for good."""
    return tag(
        "section.em-live-saved",
        tag("h2", live_texts.SAVING.to(language)),
        step_list(done, language),
        attributes={"role": "status"},
    )
