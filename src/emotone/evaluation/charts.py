"""The pictures of a report, drawn as SVG and HTML. Pure functions."""

from collections.abc import Sequence
from html import escape

from ..labels import emotion_of
from ..markup import Html, join, tag
from ..text import Language
from . import texts
from .evaluation import Calibration, CoveragePoint, Evaluation
from .texts import percent

_LEFT, _TOP, _WIDTH, _HEIGHT = 58, 10, 300, 220  # the area of a chart that is drawn in
_BOX = f"0 0 {_LEFT + _WIDTH + 20} {_TOP + _HEIGHT + 44}"


def interval_bar(share: float, interval: tuple[float, float] | None, chance: float | None = None) -> Html:
    """A bar from 0 to 100 % with whiskers around its interval, and a mark where guessing gets."""
    parts = [tag("i", attributes={"style": f"width:{100 * share:.2f}%"})]
    if interval is not None:
        low, high = interval
        parts.append(tag("b", attributes={"style": f"left:{100 * low:.2f}%;width:{100 * (high - low):.2f}%"}))
    if chance is not None:
        parts.append(tag("u", attributes={"style": f"left:{100 * chance:.2f}%"}))
    return tag("span.bar", *parts, attributes={"aria-hidden": "true"})


def share_bar(share: float, color: str = "var(--accent)") -> Html:
    """A plain bar from 0 to 100 %."""
    fill = tag("i", attributes={"style": f"width:{100 * share:.2f}%;background:{color}"})
    return tag("span.bar", fill, attributes={"aria-hidden": "true"})


def confusion(result: Evaluation, language: Language) -> Html:
    """The confusion matrix as a table: shares of the row, the darker the more."""
    offered = result.protocol.offered
    head = tag("tr", tag("td"), *(_column(label, language) for label in offered))
    rows = [
        _confusion_row(label, counts, offered, language)
        for label, counts in zip(offered, result.confusion, strict=True)
        if sum(counts)
    ]
    return tag("div.wide", tag("table.confusion", tag("thead", head), tag("tbody", *rows)))


def _column(label: str, language: Language) -> Html:
    emotion = emotion_of(label)
    emoji = tag("span.emoji", emotion.emoji, attributes={"aria-hidden": "true"})
    return tag("th", tag("span.upright", emotion.name.to(language)), emoji, attributes={"scope": "col"})


def _confusion_row(label: str, counts: Sequence[float], offered: Sequence[str], language: Language) -> Html:
    emotion = emotion_of(label)
    total = sum(counts)
    cells = []
    for guess, count in zip(offered, counts, strict=True):
        spoken = texts.CELL.to(language).format(
            truth=emotion.name.to(language),
            guess=emotion_of(guess).name.to(language),
            count=f"{count:g}",
            total=f"{total:g}",
        )
        share = count / total
        kind = ("right" if guess == label else "wrong") + (" strong" if share > 0.72 else "")
        shown = f"{100 * share:.0f}" if count else "·"
        attributes = {"class": kind, "style": f"--share:{share:.3f}", "title": spoken}
        cells.append(tag("td", shown, attributes=attributes))
    name = tag("th", *_named(label, language), tag("small", f"{total:,.0f}"), attributes={"scope": "row"})
    return tag("tr", name, *cells)


def _named(label: str, language: Language) -> tuple[Html, Html]:
    emotion = emotion_of(label)
    return tag("span.emoji", emotion.emoji, attributes={"aria-hidden": "true"}), tag("span", emotion.name.to(language))


def named(label: str, language: Language) -> Html:
    """A label with its emoji."""
    return tag("span.label", *_named(label, language))


def reliability(calibration: Calibration, language: Language) -> Html:
    """Accuracy of each bin of confidence, against the line where both are equal."""
    most = max(found.clips for found in calibration.bins)
    bars = []
    for found in calibration.bins:
        spoken = texts.BIN.to(language).format(
            low=f"{found.low:.0%}", high=f"{found.high:.0%}", accuracy=percent(found.accuracy), count=found.clips
        )
        x, width = _x(found.low) + 1, (found.high - found.low) * _WIDTH - 2
        top, opacity = _y(found.accuracy), 0.3 + 0.7 * (found.clips / most) ** 0.5
        bars.append(
            f'<g><title>{escape(spoken)}</title><rect x="{x:.1f}" y="{_TOP}" width="{width:.1f}" height="{_HEIGHT}" '
            f'fill="transparent"/><rect class="fill" x="{x:.1f}" y="{top:.1f}" width="{width:.1f}" '
            f'height="{max(_y(0) - top, 1):.1f}" opacity="{opacity:.2f}"/></g>'
        )
    line = f'<path class="dash" d="M{_x(0)} {_y(0)}L{_x(1)} {_y(1)}"/>'
    title = texts.RELIABILITY.to(language)
    return _chart(title, "".join(bars) + line, texts.CONFIDENCE_AXIS.to(language), texts.ACCURACY_AXIS.to(language))


def coverage(points: Sequence[CoveragePoint], language: Language) -> Html:
    """Accuracy of the answers, against how many recordings get one."""
    path = "L".join(f"{_x(point.coverage):.1f} {_y(point.accuracy):.1f}" for point in points)
    dots = "".join(
        f'<g><title>{escape(_point(point, language))}</title><circle cx="{_x(point.coverage):.1f}" '
        f'cy="{_y(point.accuracy):.1f}" r="9" fill="transparent"/><circle class="fill" cx="{_x(point.coverage):.1f}" '
        f'cy="{_y(point.accuracy):.1f}" r="3"/></g>'
        for point in points
    )
    everything = f'<path class="dash" d="M{_x(0)} {_y(points[-1].accuracy):.1f}H{_x(1)}"/>'
    shapes = f'{everything}<path class="line" d="M{path}"/>{dots}'
    title = texts.COVERAGE.to(language)
    return _chart(title, shapes, texts.COVERAGE_AXIS.to(language), texts.ACCURACY_AXIS.to(language))


def _point(point: CoveragePoint, language: Language) -> str:
    return texts.POINT.to(language).format(
        threshold=percent(point.threshold), coverage=percent(point.coverage), accuracy=percent(point.accuracy)
    )


def _chart(title: str, shapes: str, x_axis: str, y_axis: str) -> Html:
    """Shapes on a grid from 0 to 100 % in both directions."""
    grid = "".join(
        f'<path class="grid" d="M{_x(0)} {_y(mark):.1f}H{_x(1)}"/>'
        f'<text x="{_LEFT - 8}" y="{_y(mark) + 4:.1f}" text-anchor="end">{mark:.0%}</text>'
        f'<text x="{_x(mark):.1f}" y="{_y(0) + 18}" text-anchor="middle">{mark:.0%}</text>'
        for mark in (0, 0.25, 0.5, 0.75, 1)
    )
    middle = _TOP + _HEIGHT / 2
    names = (
        f'<text x="{_x(0.5)}" y="{_y(0) + 38}" text-anchor="middle">{escape(x_axis)}</text>'
        f'<text text-anchor="middle" transform="translate(11 {middle}) rotate(-90)">{escape(y_axis)}</text>'
    )
    label = escape(title)
    return Html(f'<svg class="chart" viewBox="{_BOX}" role="img" aria-label="{label}">{grid}{shapes}{names}</svg>')


def _x(share: float) -> float:
    return _LEFT + _WIDTH * share


def _y(share: float) -> float:
    return _TOP + _HEIGHT * (1 - share)


def figure(title: str, picture: Html, hint: str) -> Html:
    """A picture with its title above and a hint below."""
    return tag("figure", tag("h3", title), picture, tag("figcaption", join(hint)))
