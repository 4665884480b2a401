"""What the page draws over time: data for its script, thinned so that hours stay light, and the frames that it fills."""

import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..labels import LABELS, Emotion, emotion_of
from ..markup import Html, join, tag
from ..text import Language, Text
from ..types import Contribution, Segment
from . import texts
from .decoded import Peaks

COLUMNS = 7200  # rows of scores that are sent, at most: an hour as it is, at the usual hop
OUTLINE = 24_000  # bars of a waveform that are sent, at most: eight minutes as they are
_MAIN = 0.15  # a score that makes an emotion worth a place in the legend
_WORDS = {
    "play": texts.PLAY_SEGMENT,
    "more": texts.MORE_SEGMENTS,
    "quiet": texts.NO_SPEECH_HERE,
    "points": texts.POINTS_FOR,
}  # what the script says of places that it finds itself


@dataclass(frozen=True, slots=True)
class Lane:
    """What is drawn of one voice: the whole recording, or a speaker of several.

    Attributes:
        peaks: The outline of its sound.
        segments: What is expressed when; in order.
        windows: Scores over time, if there are any.
        speaker: Who it is, when several are told apart.
        decided: What each stretch contributes to what is said about this voice as a whole.
    """

    peaks: Peaks = field(repr=False)
    segments: Sequence[Segment]
    windows: Sequence[Segment] = ()
    speaker: str = ""
    decided: Sequence[Contribution] = ()


@dataclass(frozen=True, slots=True)
class View:
    """One way to see a recording: its lanes, one below the other."""

    name: Text
    lanes: tuple[Lane, ...]


def data(views: Sequence[View], duration: float, language: Language) -> str:
    """What the script draws, as JSON: see `chart.js`."""
    outlines = {id(lane.peaks): lane.peaks for view in views for lane in view.lanes}
    places = {key: place for place, key in enumerate(outlines)}
    content = {
        "duration": round(duration, 3),
        "words": {key: text.to(language) for key, text in _WORDS.items()},
        "outlines": [_packed(_bars(peaks), np.uint8, 255) for peaks in outlines.values()],
        "views": [_view(view, places, language) for view in views],
    }
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _view(view: View, outlines: Mapping[int, int], language: Language) -> dict[str, Any]:
    labels = _labels(view)
    looks = [emotion_of(label, labels) for label in labels]
    return {
        "labels": [[look.label, look.name.to(language), look.emoji, look.color] for look in looks],
        "lanes": [
            {"speaker": texts.speaker(lane.speaker, language), **_lane(lane, labels, outlines[id(lane.peaks)])}
            for lane in view.lanes
        ],
    }


def _labels(view: View) -> list[str]:
    """Every label of a view: those with scores in the usual order, then the others."""
    spans = [span for lane in view.lanes for span in (*lane.windows[:1], *lane.segments)]
    scored = {label for span in spans[:1] for label in span.scores}
    order = sorted(scored, key=lambda label: LABELS.index(label) if label in LABELS else len(LABELS))
    said = {span.label for span in spans} | {one.label for lane in view.lanes for one in lane.decided[:1]}
    return [*order, *sorted(said - scored)]


def _lane(lane: Lane, labels: Sequence[str], outline: int) -> dict[str, Any]:
    places = {label: place for place, label in enumerate(labels)}
    times, scores = _columns(lane.windows, labels)
    return {
        "outline": outline,
        "times": _packed(times, np.float32),
        "scores": _packed(scores, np.uint8, 255),
        "segments": [_segment(segment, places) for segment in lane.segments],
        "decided": [[round(one.start, 3), round(one.end, 3), round(one.score, 5)] for one in lane.decided],
        "about": places[lane.decided[0].label] if lane.decided else None,
    }


def _segment(segment: Segment, places: Mapping[str, int]) -> list[Any]:
    """Start, end, place of the label, confidence (nothing when it is withheld), and what is said in it."""
    confidence = None if segment.withheld else round(segment.confidence, 4)
    row = [round(segment.start, 3), round(segment.end, 3), places[segment.label], confidence]
    return [*row, segment.text] if segment.text else row


def _columns(windows: Sequence[Segment], labels: Sequence[str]) -> tuple[NDArray[Any], NDArray[Any]]:
    """The centres of the windows, and their scores, `(columns, labels)`: means of neighbours when there are many."""
    if not windows:
        return np.zeros(0), np.zeros((0, len(labels)))
    times = np.array([(window.start + window.end) / 2 for window in windows])
    scores = np.array([[window.scores.get(label, 0.0) for label in labels] for window in windows])
    return _means(times, COLUMNS), _means(scores, COLUMNS)


def _means(rows: NDArray[Any], most: int) -> NDArray[Any]:
    count = len(rows)
    if count <= most:
        return rows
    edges = np.linspace(0, count, most + 1).astype(int)
    sums: NDArray[Any] = np.add.reduceat(rows, edges[:-1], axis=0)
    return sums / np.diff(edges).reshape(-1, *[1] * (rows.ndim - 1))


def _bars(peaks: Peaks) -> NDArray[np.float64]:
    """Heights of the waveform, 0…1: the loudest sound reaches the top, soft ones stay visible."""
    count = min(OUTLINE, len(peaks))
    edges = np.linspace(0, len(peaks), count + 1).astype(int)
    loudest = np.maximum.reduceat(peaks, edges[:-1]).astype(np.float64)
    heights: NDArray[np.float64] = np.minimum(loudest / max(float(loudest.max()), 1e-3), 1.0) ** 0.8
    return heights


def _packed(values: NDArray[Any], kind: type, scale: float = 1) -> str:
    """Numbers as base64 of little-endian bytes."""
    scaled = np.round(values * scale) if scale != 1 else values
    return b64encode(np.ascontiguousarray(scaled, np.dtype(kind).newbyteorder("<")).tobytes()).decode()


def lanes(view: View, duration: float, language: Language) -> Html:
    """The frames that the script fills, one below the other."""
    return join(*(_frame(lane, duration, language) for lane in view.lanes))


def _frame(lane: Lane, duration: float, language: Language) -> Html:
    who = texts.speaker(lane.speaker, language)
    wave = texts.WAVEFORM.to(language).format(duration=texts.duration(duration))
    main = [emotion.name.to(language) for emotion in _main_emotions(lane.windows)]
    scores = texts.AREA_CHART.to(language).format(names=", ".join(main))
    timed = (tag("div.em-strip"), _drawing("em-areas", scores)) if lane.windows else ()
    return tag(
        "div.em-lane",
        tag("div.em-lane-name", who) if who else Html(),
        _drawing("em-waveform", wave),
        _drawing("em-decided", _decisive(lane, language)) if lane.decided else Html(),
        *timed,
        attributes={"role": "group", "aria-label": who} if who else {},
    )


def _decisive(lane: Lane, language: Language) -> str:
    """The stretch that contributes most, in words."""
    most = max(lane.decided, key=lambda one: one.score)
    name = emotion_of(most.label).name.to(language)
    return texts.DECIDED_MOST.to(language).format(
        name=name, start=texts.duration(most.start), end=texts.duration(most.end), points=texts.points(most.score)
    )


def _drawing(css_class: str, label: str) -> Html:
    return tag(f"svg.{css_class}", attributes={"role": "img", "aria-label": label})


def legend(view: View, language: Language) -> Html:
    """Which colour is which emotion, those that matter here; and what the bars below the waveform are."""
    found = _main_emotions([window for lane in view.lanes for window in lane.windows])
    names = (
        tag("span", tag("i", attributes={"style": f"background:{emotion.color}"}), emotion.name.to(language))
        for emotion in found
    )
    about = {one.label for lane in view.lanes for one in lane.decided[:1]}
    if not about:
        return tag("div.em-legend", *names)
    text = texts.DECIDED_LEGENDS.to(language)
    if len(about) == 1:
        text = texts.DECIDED_LEGEND.to(language).format(name=emotion_of(about.pop()).name.to(language))
    return tag("div.em-legend", *names, tag("span.em-decided-legend", text))


def _main_emotions(windows: Sequence[Segment]) -> list[Emotion]:
    """Those that reach 15 % at least once, the strongest first."""
    if not windows:
        return []
    labels = list(windows[0].scores)
    scores = np.array([[window.scores[label] for label in labels] for window in windows])
    order = np.argsort(-scores.mean(axis=0))
    return [emotion_of(labels[place], labels) for place in order if scores[:, place].max() >= _MAIN]
