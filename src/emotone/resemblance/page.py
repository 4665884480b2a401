"""Two recordings side by side for people: one HTML page with everything in it."""

from ..evaluation.charts import named, share_bar
from ..labels import emotion_of
from ..markup import Html, join, tag
from ..sheet import column, document, section, table
from ..text import Language, Text
from . import texts
from .picture import picture
from .resemblance import Resemblance


def resemblance_page(found: Resemblance, language: Language) -> str:
    """The content of an HTML file."""
    title = texts.TITLE.to(language).format(one=found.one.source.name, other=found.other.source.name)
    curves = section(
        texts.CURVES, texts.CURVES_HINT.to(language), tag("div.wide", picture(found, language)), language=language
    )
    footer = tag("footer", texts.HONEST.to(language))
    parts = (_head(found, title, language), _tiles(found, language), curves, _scores(found, language))
    return document(title, join(*parts, _doubts(found, language), footer), language)


def _head(found: Resemblance, title: str, language: Language) -> Html:
    facts = texts.FACTS.to(language).format(
        one=found.one.source.name,
        first=found.one.duration,
        other=found.other.source.name,
        second=found.other.duration,
    )
    model = texts.MODEL.to(language).format(name=found.one.model.name, revision=found.one.model.revision)
    return tag("header", tag("p.eyebrow", texts.EYEBROW.to(language)), tag("h1", title), tag("p", f"{facts} · {model}"))


def _tiles(found: Resemblance, language: Language) -> Html:
    common = 1 - found.course.distance
    shown = [_tile(texts.COMMON, f"{common:.0%}", texts.COMMON_MEANS.to(language), language)]
    if found.likeness is None:
        means = texts.NOT_KNOWN.to(language).format(cosine=found.cosine)
        shown.insert(0, _tile(texts.SIMILARITY, "–", means, language))
    else:
        means = texts.SIMILARITY_MEANS.to(language).format(cosine=found.cosine)
        similarity = f"{found.likeness.similarity:.2f}".replace("-", "−")
        shown.insert(0, _tile(texts.SIMILARITY, similarity, means, language))
        percentile = f"{found.likeness.percentile:.0%}"
        shown.insert(0, _tile(texts.ALIKE, percentile, texts.ALIKE_MEANS.to(language), language))
    return tag("section.plain", tag("div.tiles", *shown, _labels(found, language)))


def _labels(found: Resemblance, language: Language) -> Html:
    one, other = (emotion_of(said.label, found.head.labels) for said in (found.one, found.other))
    means = texts.LABELS_MEAN.to(language).format(
        one=one.name.to(language),
        first=found.one.confidence,
        other=other.name.to(language),
        second=found.other.confidence,
    )
    shown = tag("span.emoji", f"{one.emoji} {other.emoji}", attributes={"aria-hidden": "true"})
    return _tile(texts.LABELS, shown, means, language)


def _tile(name: Text, big: str, means: str, language: Language) -> Html:
    return tag("div.tile", tag("h2", name.to(language)), tag("p.big", big), tag("p.means", means))


def _scores(found: Resemblance, language: Language) -> Html:
    head = tag(
        "tr",
        column(texts.EMOTION, language),
        column(Text("A", "A"), language),
        tag("td.drawn"),
        column(Text("B", "B"), language),
        tag("td.drawn"),
        column(texts.DIFFERENCE, language),
    )
    order = sorted(found.head.labels, key=lambda label: -max(found.one.scores[label], found.other.scores[label]))
    rows = [_row(found, label, language) for label in order if label not in found.head.masked]
    return section(texts.SCORES, "", table(head, rows), language=language)


def _row(found: Resemblance, label: str, language: Language) -> Html:
    color = emotion_of(label, found.head.labels).color
    cells = []
    for score in (found.one.scores[label], found.other.scores[label]):
        cells += [tag("td", f"{score:.0%}"), tag("td.drawn", share_bar(score, color))]
    name = tag("th", named(label, language), attributes={"scope": "row"})
    return tag("tr", name, *cells, tag("td", texts.points(found.differences[label])))


def _doubts(found: Resemblance, language: Language) -> Html:
    said = [
        tag("dt", side) + tag("dd", f"{reason.text.to(language)} {reason.advice.to(language)}")
        for side, result in (("A", found.one), ("B", found.other))
        for reason in result.doubts
    ]
    return section(texts.DOUBTS, "", tag("dl", *map(Html, said)), language=language) if said else Html("")
