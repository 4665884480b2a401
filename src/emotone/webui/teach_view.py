"""The tab that teaches, as HTML. Pure functions of a workshop and a language."""

from collections.abc import Iterator

from ..labels import Emotion, Label, emotion_of
from ..markup import Html, join, tag
from ..text import Language
from . import texts
from .analysis import Problem
from .controls import ACCEPTED, drop, messages
from .markup import button, heading, items, symbol
from .shelf import address_of
from .workshop import LONGEST_LABEL, TO_LABEL, Sample, Workshop

SHOWN = 40  # recordings of one class
_NAMES_SHOWN = 4  # speakers


def material(workshop: Workshop, language: Language) -> Html:
    """Where recordings come in, and the classes that there are."""
    return join(
        heading(texts.MATERIAL.to(language)),
        drop(texts.TEACH_DROP, texts.TEACH_FORMATS, f"{ACCEPTED},.zip,application/zip", language),
        messages(language),
        _problems(workshop, language),
        heading(texts.CLASSES.to(language)),
        _classes(workshop, language),
        _new_class(language),
    )


def speakers_info(workshop: Workshop, language: Language) -> str:
    """What a choice of how speakers are told apart is good for, and whom it finds."""
    names = workshop.found_speakers(workshop.speakers)
    if not names:
        return texts.SPEAKERS_INFO.to(language)
    shown = ", ".join(names[:_NAMES_SHOWN]) + (" …" if len(names) > _NAMES_SHOWN else "")
    return texts.SPEAKERS_FOUND.to(language).format(count=len(names), names=shown)


def clips(workshop: Workshop, language: Language) -> Html:
    """Recordings to label; before there are any, what this is for."""
    return _clips(workshop, language) if workshop.samples else _empty(language)


def _problems(workshop: Workshop, language: Language) -> Html:
    found = (_problem(item, language) for item in workshop.problems)
    return (
        tag("div.em-problems", items("em-voice-problems", found), attributes={"role": "alert"})
        if workshop.problems
        else Html()
    )


def _problem(item: Problem, language: Language) -> Html:
    return join(tag("strong.em-file-name", item.name), " ", item.text.to(language))


def _classes(workshop: Workshop, language: Language) -> Html:
    counts = workshop.counts()
    rows = [_class_row(label, counts[label], workshop, language) for label in workshop.classes]
    if counts[TO_LABEL]:
        rows.insert(0, _class_row(TO_LABEL, counts[TO_LABEL], workshop, language))
    return items("em-classes", rows) if rows else tag("p.em-muted.em-lead", texts.NO_CLASSES.to(language))


def _class_row(label: Label, count: int, workshop: Workshop, language: Language) -> Html:
    look = look_of(label, workshop, language)
    name = look.name.to(language)
    most = max(workshop.counts().values(), default=1)
    opening = {"data-view": label, "aria-label": texts.SHOW_CLASS.to(language).format(name=name)}
    pressed = {"aria-pressed": "true" if label == workshop.view else "false"}
    bar = tag(
        "span.em-bar", tag("i", attributes={"style": f"width:{count / most:.1%}"}), attributes={"aria-hidden": "true"}
    )
    removal = (texts.REMOVE_CLASS if label else texts.REMOVE_UNLABELLED).to(language).format(name=name)
    return tag(
        "div.em-class",
        button(
            "em-class-open",
            symbol(look.emoji),
            tag("span.em-class-name", name),
            bar,
            tag("span.em-number", f"{count:,}"),
            attributes=opening | pressed,
        ),
        button("em-discard", "×", attributes={"data-drop-class": label, "aria-label": removal, "title": removal}),
        attributes={"style": f"--em-color:{look.color}"},
    )


def look_of(label: Label, workshop: Workshop, language: Language) -> Emotion:
    """How a class is shown; recordings without one stand as a class of their own."""
    if label == TO_LABEL:
        return Emotion(label, texts.UNLABELLED, "📥", "#8391a2")
    return emotion_of(label, workshop.classes)


def _new_class(language: Language) -> Html:
    name = texts.NEW_CLASS.to(language)
    field = {
        "type": "text",
        "placeholder": name,
        "aria-label": name,
        "maxlength": str(LONGEST_LABEL),
        "data-new-class": "",
    }
    return tag(
        "div.em-new-class",
        Html(tag("input.em-input", attributes=field).removesuffix("</input>")),
        button("em-button", texts.ADD.to(language), attributes={"data-add-class": ""}),
    )


def _empty(language: Language) -> Html:
    steps = (tag("li", text.to(language)) for text in texts.TEACH_STEPS)
    return tag(
        "div.em-empty.em-teach-empty",
        tag("h2", texts.TEACH_EMPTY.to(language)),
        tag("p", texts.TEACH_EMPTY_HINT.to(language)),
        tag("ol", *steps),
        tag("p.em-muted", texts.TEACH_PRIVATE.to(language)),
    )


def _clips(workshop: Workshop, language: Language) -> Html:
    shown = workshop.shown()
    look = look_of(workshop.view, workshop, language)
    title = texts.CLIPS_OF.to(language).format(name=look.name.to(language), count=f"{len(shown):,}")
    rows = (_clip(number, sample, workshop, language) for number, sample in shown[:SHOWN])
    more = texts.MORE_CLIPS.to(language).format(count=f"{len(shown) - SHOWN:,}") if len(shown) > SHOWN else ""
    body = items("em-clips", rows) if shown else tag("p.em-muted", texts.NOTHING_HERE.to(language))
    return tag(
        "section.em-clip-box",
        tag("h3.em-heading", symbol(look.emoji), " ", title),
        body,
        tag("p.em-muted", more) if more else Html(),
        tag("audio", attributes={"preload": "none"}),
    )


def _clip(number: int, sample: Sample, workshop: Workshop, language: Language) -> Html:
    play, removal = (text.to(language).format(name=sample.name) for text in (texts.PLAY_CLIP, texts.REMOVE_CLIP))
    group = {"role": "group", "aria-label": texts.IT_IS.to(language).format(name=sample.name)}
    return tag(
        "div.em-clip",
        button("em-mini-play", attributes={"data-clip": address_of(sample.file), "aria-label": play}),
        tag("span.em-file-name", f"{sample.folder}/{sample.name}" if sample.folder else sample.name),
        tag("div.em-choose", *_label_buttons(number, sample, workshop, language), attributes=group),
        button("em-discard", "×", attributes={"data-drop-clip": str(number), "aria-label": removal, "title": removal}),
    )


def _label_buttons(number: int, sample: Sample, workshop: Workshop, language: Language) -> Iterator[Html]:
    for label in workshop.classes:
        look = emotion_of(label, workshop.classes)
        pressed = label == sample.label
        attributes = {
            "data-label": TO_LABEL if pressed else label,
            "data-number": str(number),
            "aria-pressed": "true" if pressed else "false",
            "style": f"--em-color:{look.color}",
        }
        yield button("em-label", look.name.to(language), attributes=attributes)
