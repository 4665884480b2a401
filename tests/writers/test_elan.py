"""ELAN's format: valid, and as pympi reads it."""

from pathlib import Path

import pympi
import pytest
from lxml import etree
from talks import entry

from emotone.labels import LABELS
from emotone.writers import FORMATS, Entry
from emotone.writers.entries import named_tracks, one_line, spans_apart, tier_name

SCHEMA = etree.XMLSchema(file=str(Path(__file__).parent / "data" / "eaf.xsd"))


def read(written: Entry, folder: Path) -> pympi.Eaf:
    path = folder / "talk.eaf"
    path.write_bytes(FORMATS["eaf"].write([written], "en"))
    document = etree.parse(path)
    SCHEMA.assertValid(document)
    times = [int(time) for time in document.xpath("//TIME_SLOT/@TIME_VALUE")]
    assert times == sorted(times)
    assert all(time <= written.conversation.duration * 1000 for time in times)
    return pympi.Eaf(path)


@pytest.mark.parametrize("seed", range(30))
def test_pympi_reads_every_label_at_its_time(seed: int, tmp_path: Path) -> None:
    written = entry(seed)
    found = read(written, tmp_path)
    expected = set()
    for speaker, track in named_tracks(written.conversation.tracks):
        spans = spans_apart(track.timeline.segments, written.conversation.duration, 1000)
        tier = tier_name("emotion", speaker)
        labels = [(span.start, span.end, one_line(span.segment.label)) for span in spans]
        assert sorted(found.get_annotation_data_for_tier(tier)) == labels
        assert found.get_parameters_for_tier(tier).get("PARTICIPANT", "") == speaker
        confidences = [(span.start, span.end, f"{span.segment.confidence:.3f}") for span in spans]
        assert associated(found, tier_name("confidence", speaker)) == confidences
        texts = [(span.start, span.end, one_line(span.segment.text)) for span in spans]
        said = [text for text in texts if text[2]]
        if said:
            assert associated(found, tier_name("text", speaker)) == said
        expected |= {tier_name(kind, speaker) for kind in ("emotion", "confidence", *(["text"] if said else []))}
    assert set(found.get_tier_names()) == expected


def associated(found: pympi.Eaf, tier: str) -> list[tuple[int, int, str]]:
    return sorted(annotation[:3] for annotation in found.get_ref_annotation_data_for_tier(tier))


def test_the_vocabulary_holds_the_labels_with_their_names(tmp_path: Path) -> None:
    entries = read(entry(3), tmp_path).get_cv_entries("emotions").values()
    values = [value for (value,), _ in entries]
    assert [label for label, _, _ in values] == list(LABELS)
    assert ("sad", "und", "Sad 悲伤") in values


def test_the_recording_is_looked_for_beside_the_file(tmp_path: Path) -> None:
    written = entry(3)
    (media,) = read(written, tmp_path).media_descriptors
    assert media["RELATIVE_MEDIA_URL"] == f"./{written.conversation.source.name}"
