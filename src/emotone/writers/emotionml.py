"""The W3C's Emotion Markup Language (EmotionML 1.0, www.w3.org/TR/emotionml)."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Sequence
from urllib.parse import quote

from ..labels import LABELS
from ..text import Language, printable
from .entries import Entry, Span, document, named_tracks, one_line, spans, union

_MILLISECONDS = 1000  # in a second
_NAMESPACE, _OWN_NAMESPACE = "http://www.w3.org/2009/10/emotionml", "urn:emotone"
_VOCABULARY = "emotone"
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9._\-À-ÖØ-öø-ÿ一-龥]")  # a part of what XML allows in a name


def write_emotionml(entries: Sequence[Entry], language: Language) -> bytes:
    """An `<emotion>` for each segment, which refers to its stretch of the recording.

    The vocabulary is our own and stands in the file: the W3C's ones lack labels such as `neutral`. Only the label is given,
    with its confidence; several categories in one `<emotion>` would say that they are felt together.
    """
    ET.register_namespace("", _NAMESPACE)
    ET.register_namespace("emotone", _OWN_NAMESPACE)
    names = _names(union(entry.labels for entry in entries) or LABELS)
    root = ET.Element(_tag("emotionml"), {"version": "1.0", "category-set": f"#{_VOCABULARY}"})
    vocabulary = ET.SubElement(root, _tag("vocabulary"), type="category", id=_VOCABULARY)
    for label, name in names.items():
        item = ET.SubElement(vocabulary, _tag("item"), name=name)
        if name != label:
            _tell(item, label=label)
    for entry in entries:
        uri = quote(printable(entry.conversation.source.name))
        for speaker, track in named_tracks(entry.conversation.tracks):
            for span in spans(track.timeline.segments, entry.conversation.duration, _MILLISECONDS):
                root.append(_emotion(span, speaker, names[span.segment.label], uri))
    return document(root)


def _emotion(span: Span, speaker: str, name: str, uri: str) -> ET.Element:
    emotion = ET.Element(_tag("emotion"), {"expressed-through": "voice"})
    _tell(emotion, speaker=speaker, text=span.segment.text)
    ET.SubElement(emotion, _tag("category"), name=name, confidence=f"{span.segment.confidence:.4f}")
    # A media fragment: start and end of an <emotion> itself would be times of day.
    fragment = f"t={_seconds(span.start)},{_seconds(span.end)}"
    ET.SubElement(emotion, _tag("reference"), uri=f"{uri}#{fragment}", role="expressedBy")
    return emotion


def _tell(element: ET.Element, **texts: str) -> None:
    """What the language has no word for, as `<info>`."""
    lines = {name: one_line(text) for name, text in texts.items()}
    if any(lines.values()):
        info = ET.SubElement(element, _tag("info"))
        for name, line in lines.items():
            if line:
                ET.SubElement(info, f"{{{_OWN_NAMESPACE}}}{name}").text = line


def _names(labels: Iterable[str]) -> dict[str, str]:
    """A name in XML for each label: itself, as far as possible."""
    names: dict[str, str] = {}
    for label in labels:
        name = start = _NOT_IN_NAMES.sub("_", label) or "_"
        number = 1
        while name in names.values():
            number += 1
            name = f"{start}_{number}"
        names[label] = name
    return names


def _tag(name: str) -> str:
    return f"{{{_NAMESPACE}}}{name}"


def _seconds(milliseconds: int) -> str:
    return f"{milliseconds // _MILLISECONDS}.{milliseconds % _MILLISECONDS:03d}"
