"""The recording on the page: what plays it, and what is expressed when. Pure functions."""

from collections.abc import Iterator, Sequence

from ..markup import Html, join, tag
from ..text import Language, Text
from ..types import Conversation, Prediction, Segment, Timeline
from . import charts, texts
from .analysis import Report
from .markup import button, heading, items
from .verdict import HIDDEN, without_speech

_LONG = 120.0  # seconds from which on the strongest moments come first


def player(item: Report, language: Language) -> Html:
    """The recording to listen to; over time, with what is expressed when."""
    duration = item.duration
    views = _views(item)
    timed = not isinstance(item.result, Prediction)
    head = tag(
        "div.em-player-head",
        _play_button(language),
        heading((texts.OVER_TIME if timed else texts.LISTEN).to(language)),
        _switch("em-view", texts.VIEW, [(str(place), view.name) for place, view in enumerate(views)], language),
        _zoom(language),
        tag("span.em-clock", texts.duration(duration)),
        _audio(item),
    )
    drawn = (
        tag(f"div.em-view.em-view-{place}", charts.lanes(view, duration, language)) for place, view in enumerate(views)
    )
    stage = tag(
        "div.em-stage",
        *drawn,
        tag("div.em-axis", attributes=HIDDEN),
        _playhead(duration, language),
        tag("div.em-tip", attributes={"hidden": "", **HIDDEN}),
        attributes={"data-chart": charts.data(views, duration, language)},
    )
    overview = tag("div.em-overview", tag("div.em-visible"), attributes={"hidden": "", **HIDDEN})
    legends = (tag(f"div.em-view.em-view-{place}", charts.legend(view, language)) for place, view in enumerate(views))
    return join(head, stage, overview, *legends, _list(views[0], duration, language) if timed else Html())


def _views(item: Report) -> list[charts.View]:
    """How the recording can be seen over time, the main view first."""
    if isinstance(item.result, Prediction):
        said = item.utterance
        whole = Segment(0.0, said.duration, said.label, said.scores)
        spans = () if without_speech(said) else (whole,)
        return [charts.View(texts.LISTEN, (charts.Lane(item.outlines[0], spans, decided=item.decided[0]),))]
    main = _timelines(item.result)
    compared = any(timeline.absolute is not None for _, timeline in main)
    views = [(texts.RELATIVE_VIEW if compared else texts.LABELS, main)]
    if compared:
        plain = [(speaker, timeline.absolute or timeline) for speaker, timeline in main]
        views.append((texts.ABSOLUTE_VIEW, plain))
    if item.emotions is not None and not isinstance(item.emotions, Prediction):
        views.append((texts.NINE_EMOTIONS, _timelines(item.emotions)))
    decisive = 1 if item.own and compared else 0  # the view that says the same as the result for the whole
    return [
        charts.View(name, tuple(_lanes(item, timelines, decided=place == decisive)))
        for place, (name, timelines) in enumerate(views)
    ]


def _timelines(result: Timeline | Conversation) -> list[tuple[str, Timeline]]:
    if isinstance(result, Timeline):
        return [("", result)]
    return [(track.speaker, track.timeline) for track in result.tracks]


def _lanes(item: Report, timelines: Sequence[tuple[str, Timeline]], *, decided: bool) -> Iterator[charts.Lane]:
    for place, (speaker, timeline) in enumerate(timelines):
        peaks = item.outlines[min(place, len(item.outlines) - 1)]
        yield charts.Lane(peaks, timeline.segments, timeline.windows, speaker, item.decided[place] if decided else ())


def _switch(name: str, title: Text, choices: Sequence[tuple[str, Text]], language: Language, chosen: int = 0) -> Html:
    """Chooses one of several. Nothing when there is no choice."""
    if len(choices) < 2:
        return Html()
    fields = (
        tag("label", _radio(name, value, place == chosen), tag("span", text.to(language)))
        for place, (value, text) in enumerate(choices)
    )
    return tag("fieldset.em-views", tag("legend.em-sr", title.to(language)), *fields)


def _radio(name: str, value: str, chosen: bool) -> Html:
    attributes = {"type": "radio", "name": name, "value": value} | ({"checked": ""} if chosen else {})
    return Html(tag("input.em-sr", attributes=attributes).removesuffix("</input>"))


def _zoom(language: Language) -> Html:
    signs = (("out", "−", texts.ZOOM_OUT), ("in", "+", texts.ZOOM_IN), ("whole", "⤢", texts.ZOOM_WHOLE))
    buttons = (
        button(
            "em-zoom", sign, attributes={"data-zoom": name, "aria-label": text.to(language), "title": text.to(language)}
        )
        for name, sign, text in signs
    )
    return tag("div.em-zooms", *buttons, attributes={"role": "group", "aria-label": texts.ZOOM.to(language)})


def _playhead(duration: float, language: Language) -> Html:
    attributes = {
        "role": "slider",
        "tabindex": "0",
        "aria-label": texts.POSITION.to(language),
        "aria-valuemin": "0",
        "aria-valuemax": f"{duration:.1f}",
        "aria-valuenow": "",
        "title": texts.POSITION_KEYS.to(language),
    }
    return tag("div.em-playhead", attributes=attributes)


def _play_button(language: Language) -> Html:
    play, pause = texts.PLAY.to(language), texts.PAUSE.to(language)
    return button(
        "em-play", attributes={"data-play": "", "aria-label": play, "data-label-play": play, "data-label-pause": pause}
    )


def _audio(item: Report) -> Html:
    address = next((download.url for download in item.downloads if download.name.endswith(".wav")), "")
    return tag("audio", attributes={"preload": "metadata", "src": address})


def _list(view: charts.View, duration: float, language: Language) -> Html:
    """The segments in words, one below the other, to be filled by the script."""
    if not any(lane.segments for lane in view.lanes):
        return tag("p.em-muted", texts.NO_SEGMENTS.to(language))
    orders = [("time", texts.BY_TIME), ("strength", texts.STRONGEST_FIRST)]
    head = tag(
        "div.em-list-head",
        heading(texts.SEGMENTS.to(language)),
        _switch("em-order", texts.ORDER, orders, language, chosen=int(duration >= _LONG)),
    )
    more = button("em-link.em-more", attributes={"data-more": "", "hidden": ""})
    return tag("div.em-list", head, items("em-segments", ()), more)
