"""Subtitles: what is expressed, and said, while a recording plays. SubRip, WebVTT and Advanced SubStation Alpha."""

from collections.abc import Iterable, Sequence
from html import escape

from ..labels import emotion_of
from ..text import Language
from ..types import Segment
from .entries import Entry, Span, named_tracks, one_line, spans

_MILLISECONDS, _CENTISECONDS = 1000, 100  # in a second

_ASS_HEADER = """[Script Info]
ScriptType: v4.00+
WrapStyle: 0
ScaledBorderAndShadow: yes
PlayResX: 1920
PlayResY: 1080

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, Italic, Underline, \
StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, Alignment, MarginL, MarginR, MarginV, Encoding
"""
_ASS_EVENTS = """
[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
"""
# Black around every letter, so that it can be read on any picture; alignment 2 is at the bottom, in the middle.
_ASS_STYLE = (
    "Style: {name},Arial,{size},{color},&H00FFFFFF,&H00000000,&H80000000,{bold},0,0,0,100,100,0,0,1,3,1,2,60,60,50,1\n"
)
_ASS_TEXT = "Text"  # the style of what is said
_ASS_LOOKALIKES = str.maketrans("{}\\", "｛｝＼")  # what would begin a command, and cannot be escaped in every player


def write_srt(entries: Sequence[Entry], language: Language) -> bytes:
    """SubRip of one recording."""
    (entry,) = entries
    cues = [
        f"{number}\n{_clock(span.start, ',')} --> {_clock(span.end, ',')}\n"
        f"{_prefix(_arrowless(speaker))}{_arrowless(_said(span.segment, language))}\n"
        f"{_line(_arrowless(one_line(span.segment.text)))}\n"
        for number, (speaker, span) in enumerate(_cues(entry, _MILLISECONDS), start=1)
    ]
    return "".join(cues).encode()


def write_vtt(entries: Sequence[Entry], language: Language) -> bytes:
    """WebVTT of one recording, in the emotions' colours."""
    (entry,) = entries
    classes = {label: f"e{number}" for number, label in enumerate(entry.labels)}
    styles = "".join(
        f"::cue(.{name}) {{ color: {emotion_of(label, classes).color}; }}\n" for label, name in classes.items()
    )
    cues = [
        f"{_clock(span.start, '.')} --> {_clock(span.end, '.')}\n"
        f"{_voice(speaker)}"
        f"<c.{classes[span.segment.label]}>{_escaped(_said(span.segment, language))}</c>\n"
        f"{_line(_escaped(one_line(span.segment.text)))}\n"
        for speaker, span in _cues(entry, _MILLISECONDS)
    ]
    return "\n".join(["WEBVTT\n", *([f"STYLE\n{styles}"] if styles else []), "".join(cues)]).encode()


def write_ass(entries: Sequence[Entry], language: Language) -> bytes:
    """Advanced SubStation Alpha of one recording, in the emotions' colours, to be read on a video of any size."""
    (entry,) = entries
    names = {label: f"{number} {_field(label)}" for number, label in enumerate(entry.labels)}
    styles = [_ASS_STYLE.format(name=_ASS_TEXT, size=54, color="&H00FFFFFF", bold=0)] + [
        _ASS_STYLE.format(name=name, size=60, color=_ass_color(emotion_of(label, names).color), bold=-1)
        for label, name in names.items()
    ]
    events = [
        f"Dialogue: 0,{_ass_clock(span.start)},{_ass_clock(span.end)},{names[span.segment.label]},{_field(speaker)},0,0,0,,"
        f"{_prefix(_plain(speaker))}{_plain(_said(span.segment, language))}"
        f"{_ass_text(span.segment.text)}\n"
        for speaker, span in _cues(entry, _CENTISECONDS)
    ]
    return "".join([_ASS_HEADER, *styles, _ASS_EVENTS, *events]).encode()


def _cues(entry: Entry, ticks: int) -> Iterable[tuple[str, Span]]:
    """The segments of all tracks in the order of time, each with its speaker."""
    cues = [
        (speaker, span)
        for speaker, track in named_tracks(entry.conversation.tracks)
        for span in spans(track.timeline.segments, entry.conversation.duration, ticks)
    ]
    return sorted(cues, key=lambda cue: (cue[1].start, cue[1].end))


def _said(segment: Segment, language: Language) -> str:
    """`Sad 83%`; no number where nothing is claimed."""
    name = one_line(emotion_of(segment.label).name.to(language))
    return name if segment.withheld else f"{name} {segment.confidence:.0%}"


def _prefix(speaker: str) -> str:
    return f"{speaker}: " if speaker else ""


def _voice(speaker: str) -> str:
    """The speaker for programs, and, as browsers do not show that, for readers."""
    name = _escaped(speaker)
    return f"<v {name}>{name}: " if speaker else ""


def _line(text: str) -> str:
    return f"{text}\n" if text else ""


def _escaped(text: str) -> str:
    return escape(text, quote=False)


def _arrowless(text: str) -> str:
    """Text that no reader takes for the times of a cue."""
    return text.replace("-->", "→")


def _clock(milliseconds: int, point: str) -> str:
    minutes, rest = divmod(milliseconds, 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{rest // 1000:02d}{point}{rest % 1000:03d}"


def _ass_clock(centiseconds: int) -> str:
    minutes, rest = divmod(centiseconds, 6_000)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest // 100:02d}.{rest % 100:02d}"


def _ass_color(color: str) -> str:
    """`#rrggbb` half-way to white, since black is around the letters, and as ASS has it: blue first."""
    red, green, blue = ((int(color[place : place + 2], 16) + 255) // 2 for place in (1, 3, 5))
    return f"&H00{blue:02X}{green:02X}{red:02X}"


def _plain(text: str) -> str:
    return text.translate(_ASS_LOOKALIKES)


def _field(text: str) -> str:
    """Text in a field that a comma would end."""
    return one_line(text).replace(",", "，")


def _ass_text(text: str) -> str:
    return f"\\N{{\\r{_ASS_TEXT}}}{_plain(one_line(text))}" if text.strip() else ""
