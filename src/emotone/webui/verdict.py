"""What is said about a recording as a whole: the label, why to doubt it, and all scores. Pure functions."""

from collections.abc import Sequence

from ..findings import findings
from ..labels import Emotion, Label, emotion_of
from ..markup import Html, join, tag
from ..summary import summarise
from ..text import Language, Text
from ..types import Conversation, Opinion, Prediction, Reason, utterance_of
from . import texts
from .analysis import Report
from .markup import button, heading, items, symbol
from .voice_panel import amount

WITHOUT_SPEECH = frozenset({"silent", "no_speech"})  # reasons that leave a result without meaning: it is shown pale
HIDDEN = {"aria-hidden": "true"}


def hero(item: Report, language: Language) -> Html:
    """The label in large letters, how sure it is, and what else could be said."""
    prediction = item.utterance
    emotion = emotion_of(prediction.label, prediction.scores)
    words = tag(
        "div.em-hero-words",
        tag("span.em-file-name", f"{item.name} · {texts.duration(prediction.duration)}"),
        tag("h2.em-names", *_names(emotion, language)),
        _withheld(prediction, language),
        _label_set(item, language),
        tag("p.em-asides", *_asides(item, language)),
        _comparison(item, language),
    )
    confidence = tag(
        "div.em-confidence",
        tag("span.em-big-number", texts.percent_of(prediction)),
        tag("span.em-muted", texts.CONFIDENCE.to(language)),
    )
    return tag(
        "header.em-hero.em-faint" if without_speech(prediction) else "header.em-hero",
        tag("span.em-big-emoji", emotion.emoji, attributes=HIDDEN),
        words,
        Html() if prediction.withheld else confidence,
        attributes={"style": f"--em-color:{emotion.color}"},
    )


def voices(item: Report, language: Language) -> Html:
    """Who speaks, and what each of them expresses."""
    cards = (_voice(speaker, said, language) for speaker, said in item.voices)
    return tag(
        "header.em-hero.em-voices",
        tag("span.em-file-name", f"{item.name} · {texts.duration(item.duration)}"),
        items("em-voice-cards", cards),
    )


def _voice(speaker: str, said: Prediction, language: Language) -> Html:
    emotion = emotion_of(said.label, said.scores)
    first, second = sorted(said.scores, key=lambda label: -said.scores[label])[:2]
    aside = (
        _said(texts.HIGHEST, first, said, language) if said.withheld else _said(texts.RUNNER_UP, second, said, language)
    )
    return tag(
        "div.em-voice-card.em-faint" if without_speech(said) else "div.em-voice-card",
        tag("span.em-voice-name", texts.speaker(speaker, language)),
        tag("span.em-big-emoji", emotion.emoji, attributes=HIDDEN),
        tag("h2.em-names", tag("span.em-name", emotion.name.to(language))),
        tag("span.em-big-number", texts.percent_of(said)),
        tag("p.em-asides", aside),
        attributes={"style": f"--em-color:{emotion.color}"},
    )


def _names(emotion: Emotion, language: Language) -> tuple[Html, Html]:
    """The name of a label, then that in the other language where it has one."""
    name, other = emotion.name.to(language), emotion.name.to("en" if language == "zh" else "zh")
    tongue = {"lang": "en" if language == "zh" else "zh-CN"}
    return tag("span.em-name", name), Html() if other == name else tag("span.em-other-name", other, attributes=tongue)


def _withheld(prediction: Prediction, language: Language) -> Html:
    if prediction.withheld is None:
        return Html()
    reason = prediction.withheld.text.to(language)
    return tag("p.em-withheld", tag("strong", texts.WITHHELD.to(language)), " ", reason)


def _label_set(item: Report, language: Language) -> Html:
    """The labels that come into question, and how often the true one is among them."""
    prediction = item.utterance
    if prediction.label_set is None or item.coverage is None:
        return Html()
    names = [emotion_of(label, prediction.scores).name.to(language) for label in prediction.label_set]
    text = texts.LABEL_SET.to(language).format(labels=texts.OR.to(language).join(names), share=f"{item.coverage:.0%}")
    return tag("p.em-label-set", text, attributes={"title": texts.LABEL_SET_HINT.to(language)})


def _asides(item: Report, language: Language) -> list[Html]:
    """The next best label, what the model itself says, and what is said without comparison."""
    prediction, emotion = item.utterance, item.emotion
    first, second = sorted(prediction.scores, key=lambda label: -prediction.scores[label])[:2]
    asides = [_said(texts.RUNNER_UP, second, prediction, language)]
    if prediction.withheld:
        asides.insert(0, _said(texts.HIGHEST, first, prediction, language))
    if emotion is not None:
        asides.append(_said(texts.EMOTION_BESIDE, emotion.label, emotion, language))
    if prediction.absolute is not None:
        asides.append(_said(texts.ABSOLUTE, prediction.absolute.label, prediction.absolute, language))
    return asides


def _said(what: Text, label: Label, opinion: Prediction | Opinion, language: Language) -> Html:
    emotion = emotion_of(label, opinion.scores)
    score = "" if opinion.withheld and label == opinion.label else texts.percent(opinion.scores[label])
    number = tag("span.em-number", score)
    return tag("span", what.to(language), " ", symbol(emotion.emoji), " ", emotion.name.to(language), " ", number)


def _comparison(item: Report, language: Language) -> Html:
    """What it was compared with."""
    baseline = None if isinstance(item.result, Conversation) else utterance_of(item.result).baseline
    if baseline is None:
        return Html()
    if item.own:
        text = texts.COMPARED_WITH_ITSELF.to(language).format(speech=texts.speech(baseline.duration, language))
    else:
        text = texts.COMPARED.to(language).format(amount=amount(baseline, language))
    return tag("p.em-compared", symbol("⇄"), " ", text)


def without_speech(prediction: Prediction) -> bool:
    """Whether there is nothing that a result could be about."""
    return any(reason.code in WITHOUT_SPEECH for reason in prediction.doubts)


def scores(item: Report, language: Language) -> Html:
    """All scores as bars; those of the model itself below those of another head; those of several speakers side by side."""
    if isinstance(item.result, Conversation):
        voices = (
            tag("div", tag("h4.em-voice-name", texts.speaker(speaker, language)), _bars(said, language))
            for speaker, said in item.voices
        )
        return join(heading(texts.SCORES.to(language)), tag("div.em-voice-bars", *voices))
    bars = join(heading(texts.SCORES.to(language)), _bars(item.utterance, language))
    if item.emotion is None:
        return bars
    return join(bars, heading(texts.NINE_EMOTIONS.to(language)), _bars(item.emotion, language))


def _bars(prediction: Prediction, language: Language) -> Html:
    ranked = sorted(prediction.scores.items(), key=lambda pair: -pair[1])
    bars = items("em-bars", (_bar(label, score, prediction, language) for label, score in ranked))
    if prediction.absolute is None:
        return bars
    return join(bars, tag("p.em-mark-legend.em-muted", tag("b", attributes=HIDDEN), texts.MARKED.to(language)))


def _bar(label: Label, score: float, prediction: Prediction, language: Language) -> Html:
    """A score as a bar; with a mark where it would be without comparison."""
    emotion = emotion_of(label, prediction.scores)
    mark = None if prediction.absolute is None else prediction.absolute.scores[label]
    bar = tag(
        "span.em-bar",
        tag("i", attributes={"style": f"width:{score:.2%}"}),
        Html() if mark is None else tag("b", attributes={"style": f"left:{mark:.2%}"}),
        attributes={"style": f"--em-color:{emotion.color}", **HIDDEN},
    )
    untrained = label == "unknown" and score == 0
    return join(
        tag("span.em-bar-name", symbol(emotion.emoji), tag("span", emotion.name.to(language))),
        bar,
        tag("span.em-number", texts.percent(score)),
        tag("span.em-hint", texts.NO_TRAINING_DATA.to(language)) if untrained else Html(),
    )


def doubts(reasons: Sequence[tuple[str, Reason]], language: Language) -> Html:
    """Each reason, of whose result, with what to do about it."""
    found = items("em-doubts", (_doubt(speaker, reason, language) for speaker, reason in reasons))
    none = tag("p.em-good", "✓ ", texts.NO_DOUBTS.to(language))
    return join(heading(texts.DOUBTS.to(language)), found if reasons else none)


def _doubt(speaker: str, reason: Reason, language: Language) -> Html:
    colon = "：" if language == "zh" else ": "
    who = f"{texts.speaker(speaker, language)}{colon}" if speaker else ""
    return join(tag("strong", who + reason.text.to(language)), " ", reason.advice.to(language))


def summary(item: Report, language: Language) -> Html:
    """What emotion over time amounts to, in sentences; each opens to show the rule that made it."""
    if isinstance(item.result, Prediction):
        return Html()
    said = (
        tag(
            "details.em-finding",
            tag("summary", finding.text.to(language)),
            tag("p.em-muted", texts.RULE.to(language).format(rule=finding.rule.to(language))),
        )
        for finding in findings(summarise(item.result))
    )
    return tag(
        "section.em-summary",
        heading(texts.SUMMARY.to(language)),
        items("em-findings", said),
        tag("p.em-muted.em-summary-hint", texts.SUMMARY_HINT.to(language)),
    )


def correction(item: Report, corrected: Label | None, language: Language) -> Html:
    """Where a visitor says what a recording really is, to teach it; or that this was said."""
    if corrected is not None:
        return tag(
            "p.em-good.em-corrected",
            "✓ ",
            texts.CORRECTED.to(language).format(label=emotion_of(corrected).name.to(language)),
            attributes={"role": "status"},
        )
    labels = item.utterance.scores
    looks = (emotion_of(label, labels) for label in labels)
    choices = (
        button(
            "em-label",
            look.name.to(language),
            attributes={"data-correct": look.label, "style": f"--em-color:{look.color}"},
        )
        for look in looks
    )
    name = texts.OWN_LABEL.to(language)
    field = {"type": "text", "placeholder": name, "aria-label": name, "maxlength": "60", "data-own-label": ""}
    own = Html(tag("input.em-input", attributes=field).removesuffix("</input>"))
    add = button("em-button", texts.ADD.to(language), attributes={"data-correct-own": ""})
    return tag(
        "details.em-wrong",
        tag("summary", texts.WRONG.to(language)),
        tag("p.em-muted", texts.WRONG_HINT.to(language)),
        tag("div.em-choose", *choices),
        tag("div.em-new-class", own, add),
    )
