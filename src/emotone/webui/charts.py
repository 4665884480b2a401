"""The waveform, the segments and the scores over time, drawn as SVG and HTML. Pure functions."""

from collections.abc import Mapping, Sequence
from html import escape
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ..labels import LABELS, Emotion, emotion_of
from ..markup import Html, join, tag
from ..text import Language
from ..types import Region, Segment, Timeline
from . import texts
from .decoded import Peaks
from .markup import button, items, symbol

BARS = 150  # of the waveform: as many as a telephone shows apart
COLUMNS = 240  # of the area chart, at most
_NO_SPEECH = "var(--em-quiet)"
_TICK_STEPS = (0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200)  # seconds
_MOST_TICKS = 6

_Column = NDArray[np.float64]


def waveform(peaks: Peaks, duration: float, spans: Sequence[Segment], language: Language) -> Html:
    """Bars of loudness, in the colour of the emotion that is expressed there; grey where there is none."""
    heights = _bars(peaks)
    paths: dict[str, list[str]] = {}
    for index, height in enumerate(heights):
        middle = (index + 0.5) / len(heights) * duration
        owner = next((item for item in spans if item.start <= middle <= item.end), None)
        color = emotion_of(owner.label, owner.scores).color if owner else _NO_SPEECH
        top = 50 - 48 * height
        paths.setdefault(color, []).append(f"M{index + 0.18:.2f} {top:.1f}h.64V{100 - top:.1f}h-.64z")
    drawn = "".join(f'<path style="fill:{color}" d="{"".join(parts)}"/>' for color, parts in paths.items())
    label = texts.WAVEFORM.to(language).format(duration=texts.duration(duration))
    return _svg("em-waveform", f"0 0 {len(heights)} 100", label, drawn)


def _bars(peaks: Peaks) -> _Column:
    count = min(BARS, len(peaks))
    edges = np.linspace(0, len(peaks), count + 1).astype(int)
    loudest = np.array([peaks[start:end].max() for start, end in pairwise(edges)], np.float64)
    heights: _Column = np.maximum(loudest / max(float(loudest.max()), 1e-3), 0.025) ** 0.8
    return heights


def segment_strip(segments: Sequence[Segment], duration: float, language: Language) -> Html:
    """Segments as buttons at their place in time. Keys reach those of `segment_list`, which are the same."""
    return tag("div.em-strip", *(_segment_button(segment, duration, language) for segment in segments))


def _segment_button(segment: Segment, duration: float, language: Language) -> Html:
    emotion = emotion_of(segment.label, segment.scores)
    name = emotion.name.to(language)
    spoken = texts.PLAY_SEGMENT.to(language).format(
        start=texts.duration(segment.start),
        end=texts.duration(segment.end),
        name=name,
        confidence=texts.percent_of(segment),
    )
    style = f"left:{segment.start / duration:.3%};width:{segment.duration / duration:.3%};--em-color:{emotion.color}"
    return button(
        "em-segment",
        symbol(emotion.emoji),
        tag("span.em-strip-name", name),
        attributes={"style": style, "tabindex": "-1", "aria-label": spoken, "title": spoken, **_played(segment)},
    )


def _played(segment: Segment) -> dict[str, str]:
    return {"data-start": f"{segment.start:.3f}", "data-end": f"{segment.end:.3f}"}


def segment_list(segments: Sequence[Segment], language: Language) -> Html:
    """The same segments in words, one below the other."""
    return items("em-segments", (_segment_row(segment, language) for segment in segments))


def _segment_row(segment: Segment, language: Language) -> Html:
    emotion = emotion_of(segment.label, segment.scores)
    return button(
        "em-row",
        tag("span.em-time", f"{texts.duration(segment.start)} – {texts.duration(segment.end)}"),
        tag("span", symbol(emotion.emoji), " ", emotion.name.to(language)),
        tag("span.em-number", texts.percent_of(segment)),
        attributes={"style": f"--em-color:{emotion.color}", **_played(segment)},
    )


def area_chart(timeline: Timeline, language: Language) -> Html:
    """The scores as stacked areas over time, paler where nobody speaks, with a legend."""
    duration = timeline.utterance.duration
    times, scores = _columns(timeline.windows, duration)
    order = sorted(scores, key=lambda label: LABELS.index(label) if label in LABELS else len(LABELS))
    borders = np.cumsum([np.zeros(len(times)), *(scores[label] for label in order)], axis=0)
    areas = "".join(
        f'<path fill="{emotion_of(label, scores).color}" d="{_area(times / duration, low, high)}"/>'
        for label, (low, high) in zip(order, pairwise(borders), strict=True)
    )
    pauses = "".join(
        f'<rect class="em-pause" y="0" height="100" x="{1000 * start / duration:.1f}" '
        f'width="{1000 * (end - start) / duration:.1f}"/>'
        for start, end in _pauses(timeline.regions, duration)
    )
    main = _main_emotions(scores)
    label = texts.AREA_CHART.to(language).format(names=", ".join(emotion.name.to(language) for emotion in main))
    legend = (
        tag("span", tag("i", attributes={"style": f"background:{emotion.color}"}), emotion.name.to(language))
        for emotion in main
    )
    return join(_svg("em-areas", "0 0 1000 100", label, areas + pauses), axis(duration), tag("div.em-legend", *legend))


def _columns(windows: Sequence[Segment], duration: float) -> tuple[_Column, Mapping[str, _Column]]:
    """Times and scores at no more than COLUMNS moments: the centres of the windows, held to both ends."""
    groups = np.array_split(np.arange(len(windows)), min(len(windows), COLUMNS))
    centres = [float(np.mean([(windows[i].start + windows[i].end) / 2 for i in group])) for group in groups]
    held = [groups[0], *groups, groups[-1]]
    scores = {
        label: np.array([np.mean([windows[i].scores[label] for i in group]) for group in held])
        for label in windows[0].scores
    }
    return np.array([0.0, *centres, duration]), scores


def _area(x: _Column, low: _Column, high: _Column) -> str:
    there = [f"{1000 * at:.1f} {100 - 100 * score:.2f}" for at, score in zip(x, high, strict=True)]
    back = [f"{1000 * at:.1f} {100 - 100 * score:.2f}" for at, score in zip(x[::-1], low[::-1], strict=True)]
    return "M" + "L".join([*there, *back]) + "z"


def _main_emotions(scores: Mapping[str, _Column]) -> list[Emotion]:
    """Those that reach 15 % at least once, the strongest first."""
    seen = [label for label in scores if scores[label].max() >= 0.15]
    return [emotion_of(label, scores) for label in sorted(seen, key=lambda label: -float(scores[label].mean()))]


def _pauses(regions: Sequence[Region], duration: float) -> list[tuple[float, float]]:
    edges = [0.0, *(edge for region in regions for edge in (region.start, region.end)), duration]
    return [(start, end) for start, end in zip(edges[::2], edges[1::2], strict=True) if end - start > 0.01]


def axis(duration: float) -> Html:
    """Round times below a chart."""
    step = next((step for step in _TICK_STEPS if duration / step <= _MOST_TICKS), _TICK_STEPS[-1])
    marks = [float(mark) for mark in np.arange(0, duration, step) if mark / duration < 0.97]
    return tag("div.em-axis", *(_mark(mark, duration) for mark in marks), attributes={"aria-hidden": "true"})


def _mark(seconds: float, duration: float) -> Html:
    place = {"style": f"left:{seconds / duration:.2%}"}
    return tag("span", texts.duration(seconds).removesuffix(".0"), attributes=place)


def _svg(css_class: str, view_box: str, label: str, shapes: str) -> Html:
    return Html(
        f'<svg class="{css_class}" viewBox="{view_box}" preserveAspectRatio="none" role="img" '
        f'aria-label="{escape(label)}">{shapes}</svg>'
    )
