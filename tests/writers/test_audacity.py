import pytest
from talks import entry

from emotone.writers import FORMATS
from emotone.writers.entries import named_tracks, one_line, spans


@pytest.mark.parametrize("seed", range(12))
def test_every_line_is_start_end_and_label(seed: int) -> None:
    written = entry(seed)
    lines = FORMATS["audacity"].write([written], "en").decode().split("\n")
    assert lines.pop() == ""
    found = [(float(start), float(end), label) for start, end, label in (line.split("\t") for line in lines)]
    assert [one[:2] for one in found] == sorted(one[:2] for one in found)
    assert sorted(found) == sorted(
        (span.start / 1e6, span.end / 1e6, label(speaker, one_line(span.segment.label), one_line(span.segment.text)))
        for speaker, track in named_tracks(written.conversation.tracks)
        for span in spans(track.timeline.segments, written.conversation.duration, 1_000_000)
    )


def label(speaker: str, emotion: str, text: str) -> str:
    return f"{speaker}: {emotion} | {text}".removeprefix(": ").removesuffix(" | ")
