"""The recording on the page: what plays it, and what is expressed when. Pure functions."""

from collections.abc import Sequence

from ..markup import Html, join, tag
from ..text import Language, Text
from ..types import Segment, Timeline
from . import charts, texts
from .analysis import Report
from .markup import button, heading
from .verdict import HIDDEN, without_speech


def player(item: Report, language: Language) -> Html:
    """The recording to listen to; over time, with what is expressed when."""
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
        spans = [] if without_speech(item.utterance) else [whole]
        wave = tag("div.em-wave-box", charts.waveform(item.peaks, duration, spans, language))
        return join(head, _stage(wave, charts.axis(duration)))
    charted = (_view(place, _charts(item, view, language)) for place, (_, view) in enumerate(timelines))
    listed = (_view(place, _segments(view, language)) for place, (_, view) in enumerate(timelines))
    return join(head, _stage(*charted), *listed)


def _timelines(item: Report) -> list[tuple[Text, Timeline]]:
    """The views of the recording over time, the main one first."""
    if not isinstance(item.result, Timeline):
        return []
    plain, emotions = item.result.absolute, item.emotions
    views = [(texts.LABELS if plain is None else texts.RELATIVE_VIEW, item.result)]
    if plain is not None:
        views.append((texts.ABSOLUTE_VIEW, plain))
    if isinstance(emotions, Timeline):
        views.append((texts.NINE_EMOTIONS, emotions))
    return views


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
    return tag("div.em-stage", *charted, tag("div.em-playhead", attributes=HIDDEN))


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
