"""Aligned curves of two recordings as one SVG that needs nothing else: a panel for each emotion that matters."""

from html import escape

import numpy as np
from numpy.typing import NDArray

from ..labels import emotion_of
from ..markup import Html
from ..text import Language, clock_time
from . import texts
from .resemblance import Resemblance

SEEN = 0.15  # emotions that reach it somewhere are shown
MOST_PANELS = 6

_LEFT, _WIDTH, _HEIGHT, _GAP = 44, 700, 90, 34  # of a panel; the gap above it holds its title
_BOTTOM = 40  # for the times of both
_MARKS = 8
_FONTS = 'system-ui,-apple-system,"Segoe UI","PingFang SC","Microsoft YaHei","Noto Sans CJK SC",sans-serif'
_STYLE = (
    ".curves{display:block;width:100%;min-width:560px}"
    f".curves text{{font:12px {_FONTS};fill:#808089}}.curves .name{{font-weight:600}}.curves .grid{{stroke:#80808944}}"
    ".curves .a,.curves .b{fill:none;stroke-width:2;stroke-linejoin:round}.curves .b{stroke-dasharray:6 4}"
)

_Curve = NDArray[np.float64]


def resemblance_picture(found: Resemblance, language: Language) -> str:
    """The content of an SVG file, readable on white and on near-black."""
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{picture(found, language)}\n'


def picture(found: Resemblance, language: Language) -> Html:
    """The same as an element of a page."""
    labels = _main_labels(found)
    panels = "".join(_panel(found, label, place, language) for place, label in enumerate(labels))
    names = ", ".join(emotion_of(label, found.head.labels).name.to(language) for label in labels)
    width, bottom = _LEFT + _WIDTH + 24, len(labels) * (_HEIGHT + _GAP)
    spoken = escape(texts.PICTURE.to(language).format(names=names))
    return Html(
        f'<svg class="curves" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {bottom + _BOTTOM}" role="img" '
        f'aria-label="{spoken}">'
        f"<style>{_STYLE}</style>{panels}{_axis(found, bottom)}</svg>"
    )


def _main_labels(found: Resemblance) -> list[str]:
    """Those that reach SEEN in either, the strongest first; the strongest at least."""
    scores = np.concatenate(found.course.scores)
    order = np.argsort(-scores.mean(axis=0), kind="stable")
    seen = [index for index in order if scores[:, index].max() >= SEEN] or [order[0]]
    return [found.head.labels[index] for index in seen[:MOST_PANELS]]


def _panel(found: Resemblance, label: str, place: int, language: Language) -> str:
    emotion, index = emotion_of(label, found.head.labels), found.head.labels.index(label)
    top = place * (_HEIGHT + _GAP) + _GAP - 6
    path = np.array(found.course.path)
    first, second = (scores[:, index] for scores in found.course.scores)
    spoken = texts.CURVE.to(language).format(name=emotion.name.to(language), first=first.mean(), second=second.mean())
    grid = "".join(
        f'<path class="grid" d="M{_LEFT} {_y(mark, top):.1f}h{_WIDTH}"/>'
        f'<text x="{_LEFT - 8}" y="{_y(mark, top) + 4:.1f}" text-anchor="end">{mark:.0%}</text>'
        for mark in (0, 0.5, 1)
    )
    one, other = _line(first[path[:, 0]], top), _line(second[path[:, 1]], top)
    return (
        f'<g><title>{escape(spoken)}</title><text class="name" x="{_LEFT}" y="{top - 8}">{escape(spoken)}</text>{grid}'
        f'<path d="{one}V{_y(0, top):.1f}H{_LEFT}z" fill="{emotion.color}" opacity=".22"/>'
        f'<path class="a" d="{one}" stroke="{emotion.color}"/><path class="b" d="{other}" stroke="{emotion.color}"/></g>'
    )


def _line(curve: _Curve, top: float) -> str:
    """Scores at every step of the alignment; a single one is held."""
    steps = np.linspace(0, 1, max(len(curve), 2))
    values = np.broadcast_to(curve, steps.shape)
    return "M" + "L".join(f"{_x(step):.1f} {_y(value, top):.1f}" for step, value in zip(steps, values, strict=True))


def _axis(found: Resemblance, top: float) -> str:
    """The times of both that lie above each other, at some steps of the alignment."""
    path = found.course.path
    steps = np.unique(np.linspace(0, len(path) - 1, _MARKS).round().astype(int))
    marks = []
    for side, name in enumerate("AB"):
        y = top + 14 + 16 * side
        marks.append(f'<text class="name" x="2" y="{y}">{name}</text>')
        for step in steps:
            seconds = float(found.course.times[side][path[step][side]])
            x = _x(step / max(len(path) - 1, 1))
            marks.append(f'<text x="{x:.1f}" y="{y}" text-anchor="middle">{_time(seconds)}</text>')
    return "".join(marks)


def _time(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 60 else clock_time(seconds)


def _x(step: float) -> float:
    return _LEFT + _WIDTH * step


def _y(share: float, top: float) -> float:
    return top + _HEIGHT * (1 - share)
