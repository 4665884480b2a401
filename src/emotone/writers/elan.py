"""ELAN's annotation format (EAF 3.0): tiers for each speaker, with the labels as a controlled vocabulary."""

import mimetypes
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from ..labels import emotion_of
from ..text import Language
from .entries import Entry, Span, document, named_tracks, one_line, spans_apart, tier_name

_MILLISECONDS = 1000  # in a second
_INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"
_SCHEMA = "http://www.mpi.nl/tools/elan/EAFv3.0.xsd"
_NO_LANGUAGE = {
    "LANG_ID": "und",
    "LANG_DEF": "http://cdb.iso.org/lg/CDB-00130975-001",
    "LANG_LABEL": "undetermined (und)",
}
_EMOTION, _ASSOCIATED, _VOCABULARY, _ASSOCIATION = "emotion", "associated", "emotions", "Symbolic_Association"


def write_eaf(entries: Sequence[Entry], language: Language) -> bytes:
    """The tier `emotion` of each speaker of one recording; `confidence`, and `text` where anything is said, hang on it."""
    (entry,) = entries
    draft = _Draft({label: f"cve{number}" for number, label in enumerate(entry.labels)})
    for speaker, track in named_tracks(entry.conversation.tracks):
        draft.add_speaker(speaker, spans_apart(track.timeline.segments, entry.conversation.duration, _MILLISECONDS))
    ET.register_namespace("xsi", _INSTANCE)
    root = ET.Element(
        "ANNOTATION_DOCUMENT",
        {
            "AUTHOR": "",
            "DATE": entry.record["timestamp"].replace(" ", "T"),
            "FORMAT": "3.0",
            "VERSION": "3.0",
            f"{{{_INSTANCE}}}noNamespaceSchemaLocation": _SCHEMA,
        },
    )
    root.append(_header(entry, draft.annotations))
    root.append(draft.time_order())
    root.extend(draft.tiers)
    root.extend(_linguistic_types())
    ET.SubElement(root, "LANGUAGE", _NO_LANGUAGE)
    ET.SubElement(root, "CONSTRAINT", STEREOTYPE=_ASSOCIATION, DESCRIPTION="1-1 association with a parent annotation")
    root.append(_vocabulary(draft.entries))
    return document(root)


@dataclass(slots=True)
class _Draft:
    """Tiers and time slots as they come up.

    Attributes:
        entries: The identifier of each label in the vocabulary.
        tiers: Elements of all speakers.
        slots: Milliseconds and identifier of every time slot.
        annotations: How many there are.
    """

    entries: Mapping[str, str]
    tiers: list[ET.Element] = field(default_factory=list)
    slots: list[tuple[int, str]] = field(default_factory=list)
    annotations: int = 0

    def add_speaker(self, speaker: str, found: Sequence[Span]) -> None:
        emotion = self._tier("emotion", speaker, LINGUISTIC_TYPE_REF=_EMOTION)
        parents = {id(span): self._aligned(emotion, span) for span in found}
        self._associate("confidence", speaker, parents, found, lambda span: f"{span.segment.confidence:.3f}")
        said = [span for span in found if one_line(span.segment.text)]
        if said:
            self._associate("text", speaker, parents, said, lambda span: span.segment.text)

    def time_order(self) -> ET.Element:
        order = ET.Element("TIME_ORDER")
        for milliseconds, slot in sorted(self.slots, key=lambda one: one[0]):
            ET.SubElement(order, "TIME_SLOT", TIME_SLOT_ID=slot, TIME_VALUE=str(milliseconds))
        return order

    def _tier(self, kind: str, speaker: str, **attributes: str) -> ET.Element:
        if speaker:
            attributes["PARTICIPANT"] = speaker
        tier = ET.Element("TIER", attributes, TIER_ID=tier_name(kind, speaker))
        self.tiers.append(tier)
        return tier

    def _aligned(self, tier: ET.Element, span: Span) -> str:
        label = span.segment.label
        attributes = {
            "TIME_SLOT_REF1": self._slot(span.start),
            "TIME_SLOT_REF2": self._slot(span.end),
            "CVE_REF": self.entries[label],
        }
        return self._annotation(tier, "ALIGNABLE_ANNOTATION", attributes, label)

    def _associate(
        self,
        kind: str,
        speaker: str,
        parents: Mapping[int, str],
        found: Sequence[Span],
        text: Callable[[Span], str],
    ) -> None:
        """A tier with one annotation for each span, which hangs on that of the emotion."""
        parent = tier_name("emotion", speaker)
        tier = self._tier(kind, speaker, LINGUISTIC_TYPE_REF=_ASSOCIATED, PARENT_REF=parent)
        for span in found:
            self._annotation(tier, "REF_ANNOTATION", {"ANNOTATION_REF": parents[id(span)]}, text(span))

    def _annotation(self, tier: ET.Element, kind: str, attributes: Mapping[str, str], text: str) -> str:
        self.annotations += 1
        name = f"a{self.annotations}"
        annotation = ET.SubElement(ET.SubElement(tier, "ANNOTATION"), kind, {"ANNOTATION_ID": name, **attributes})
        ET.SubElement(annotation, "ANNOTATION_VALUE").text = one_line(text)
        return name

    def _slot(self, milliseconds: int) -> str:
        name = f"ts{len(self.slots) + 1}"
        self.slots.append((milliseconds, name))
        return name


def _header(entry: Entry, annotations: int) -> ET.Element:
    """The recording, looked for beside the file, and the number that ELAN counts on from."""
    header = ET.Element("HEADER", MEDIA_FILE="", TIME_UNITS="milliseconds")
    name = one_line(entry.conversation.source.name)
    kind = "audio/x-wav" if name.lower().endswith(".wav") else mimetypes.guess_type(name)[0] or "unknown"
    place = f"./{name}"
    ET.SubElement(header, "MEDIA_DESCRIPTOR", MEDIA_URL=place, RELATIVE_MEDIA_URL=place, MIME_TYPE=kind)
    ET.SubElement(header, "PROPERTY", NAME="lastUsedAnnotationId").text = str(annotations)
    return header


def _linguistic_types() -> list[ET.Element]:
    plain = {"GRAPHIC_REFERENCES": "false"}
    aligned = {"LINGUISTIC_TYPE_ID": _EMOTION, "TIME_ALIGNABLE": "true", "CONTROLLED_VOCABULARY_REF": _VOCABULARY}
    hanging = {"LINGUISTIC_TYPE_ID": _ASSOCIATED, "TIME_ALIGNABLE": "false", "CONSTRAINTS": _ASSOCIATION}
    return [ET.Element("LINGUISTIC_TYPE", plain | kind) for kind in (aligned, hanging)]


def _vocabulary(entries: Mapping[str, str]) -> ET.Element:
    """The labels, described by their display names."""
    vocabulary = ET.Element("CONTROLLED_VOCABULARY", CV_ID=_VOCABULARY)
    ET.SubElement(vocabulary, "DESCRIPTION", LANG_REF=_NO_LANGUAGE["LANG_ID"])
    for label, name in entries.items():
        shown = emotion_of(label).name
        entry = ET.SubElement(vocabulary, "CV_ENTRY_ML", CVE_ID=name)
        description = one_line(" ".join(dict.fromkeys((shown.en, shown.zh))))
        value = ET.SubElement(entry, "CVE_VALUE", LANG_REF=_NO_LANGUAGE["LANG_ID"], DESCRIPTION=description)
        value.text = one_line(label)
    return vocabulary
