"""EmotionML: valid, and every emotion refers to its stretch of its recording."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from lxml import etree
from talks import OWN_LABELS, entry

from emotone.labels import LABELS
from emotone.writers import FORMATS, Entry
from emotone.writers.entries import named_tracks, one_line, spans

SCHEMA = etree.XMLSchema(file=str(Path(__file__).parent / "data" / "emotionml.xsd"))
SPACES = {"e": "http://www.w3.org/2009/10/emotionml", "own": "urn:emotone"}


def read(entries: list[Entry]) -> etree._Element:
    root = etree.fromstring(FORMATS["emotionml"].write(entries, "en"))
    SCHEMA.assertValid(root)
    return root


@pytest.mark.parametrize("seed", range(24))
def test_every_segment_is_an_emotion(seed: int) -> None:
    entries = [entry(seed), entry(seed + 3)]
    root = read(entries)
    (vocabulary,) = root.xpath("e:vocabulary", namespaces=SPACES)
    assert root.get("category-set") == f"#{vocabulary.get('id')}"
    labels = {item.get("name"): item.findtext("e:info/own:label", item.get("name"), SPACES) for item in vocabulary}
    found = []
    for emotion in root.xpath("e:emotion", namespaces=SPACES):
        category = emotion.find("e:category", SPACES)
        address = urlsplit(emotion.find("e:reference", SPACES).get("uri"))
        assert (address.scheme, address.netloc, address.query) == ("", "", "")
        start, end = map(float, address.fragment.removeprefix("t=").split(","))
        found.append(
            (
                *(unquote(address.path), start, end, labels[category.get("name")], float(category.get("confidence"))),
                emotion.findtext("e:info/own:speaker", "", SPACES),
                emotion.findtext("e:info/own:text", "", SPACES),
            )
        )
    assert found == [
        (
            *(one.conversation.source.name, span.start / 1000, span.end / 1000, one_line(span.segment.label)),
            *(float(f"{span.segment.confidence:.4f}"), speaker, one_line(span.segment.text)),
        )
        for one in entries
        for speaker, track in named_tracks(one.conversation.tracks)
        for span in spans(track.timeline.segments, one.conversation.duration, 1000)
    ]


def test_the_vocabulary_is_that_of_the_model() -> None:
    names = [item.get("name") for item in read([entry(3)]).find("e:vocabulary", SPACES)]
    assert names == list(LABELS)
    assert [item.get("name") for item in read([entry(0)]).find("e:vocabulary", SPACES)] == list(LABELS)  # no tracks
    own = [item.get("name") for item in read([entry(4)]).find("e:vocabulary", SPACES)]
    assert own[:3] == ["calm___quiet", "calm___quiet_2", "生气"]
    assert len(set(own)) == len(OWN_LABELS) + 1  # unknown
