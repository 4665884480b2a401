"""Subtitles, as pysubs2 and webvtt read them."""

import io
import re
from dataclasses import replace
from html import unescape

import pysubs2
import pytest
import webvtt
from talks import SPEAKERS, TEXTS, entry

from emotone.labels import emotion_of
from emotone.text import Language
from emotone.types import Conversation, Segment
from emotone.writers import FORMATS, Entry
from emotone.writers.entries import named_tracks, one_line, spans

Cue = tuple[int, int, list[str]]


def cues(written: Entry, ticks: int, language: Language = "en") -> list[Cue]:
    """Start, end and lines of each cue, as they should be, in ticks."""
    found = []
    for speaker, track in named_tracks(written.conversation.tracks):
        for span in spans(track.timeline.segments, written.conversation.duration, ticks):
            name = one_line(emotion_of(span.segment.label).name.to(language))
            number = "" if span.segment.withheld else f" {span.segment.confidence:.0%}"
            said = one_line(span.segment.text)
            found.append(
                (
                    span.start,
                    span.end,
                    [f"{speaker}: "[: 99 * bool(speaker)] + name + number, *([said] if said else [])],
                )
            )
    return sorted(found, key=lambda cue: cue[:2])


def plain(found: list[Cue], old: str, new: str) -> list[Cue]:
    table = str.maketrans(old, new) if len(old) == len(new) else None
    return [
        (start, end, [line.translate(table) if table else line.replace(old, new) for line in lines])
        for start, end, lines in found
    ]


def read_by_webvtt(data: bytes, kind: str) -> list[Cue]:
    """Start and end in milliseconds, lines; markup is taken out."""
    read = webvtt.from_buffer(io.StringIO(data.decode()), format=kind)
    return [(_milliseconds(cue.start_time), _milliseconds(cue.end_time), cue.raw_text.split("\n")) for cue in read]


def _milliseconds(time: webvtt.models.Timestamp) -> int:
    return ((time.hours * 60 + time.minutes) * 60 + time.seconds) * 1000 + time.milliseconds


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("seed", range(24))
def test_webvtt_reads_srt(seed: int, language: Language) -> None:
    written = entry(seed)
    data = FORMATS["srt"].write([written], language)
    found = read_by_webvtt(data, "srt") if data else []  # webvtt reads no empty file
    assert sorted(found) == sorted(plain(cues(written, 1000, language), "-->", "→"))


@pytest.mark.parametrize("seed", range(24))
def test_webvtt_reads_vtt(seed: int) -> None:
    written = entry(seed)
    found = read_by_webvtt(FORMATS["vtt"].write([written], "en"), "vtt")
    marked = re.compile(r"<v [^>]*>|</?c[^>]*>")
    unmarked = [(start, end, [unescape(marked.sub("", line)) for line in lines]) for start, end, lines in found]
    assert sorted(unmarked) == sorted(cues(written, 1000))


@pytest.mark.parametrize("seed", range(24))
def test_pysubs2_reads_ass(seed: int) -> None:
    written = entry(seed)
    read = pysubs2.SSAFile.from_string(FORMATS["ass"].write([written], "en").decode(), format_="ass")
    found = [(event.start // 10, event.end // 10, event.plaintext.split("\n")) for event in read]
    assert sorted(found) == sorted(plain(cues(written, 100), "{}\\", "｛｝＼"))
    assert {event.style for event in read} <= read.styles.keys()
    assert (read.info["PlayResX"], read.info["PlayResY"]) == ("1920", "1080")


def test_a_subtitle_of_each_kind_by_hand() -> None:
    written = _said(Segment(0.0, 1.2345, "sad", {"sad": 0.75, "happy": 0.25}, text="5 < 6 --> {so}"))
    assert FORMATS["srt"].write([written], "zh").decode() == (
        "1\n00:00:00,000 --> 00:00:01,234\nAnna: 悲伤 75%\n5 < 6 → {so}\n\n"
    )
    vtt = FORMATS["vtt"].write([written], "en").decode()
    assert vtt.startswith("WEBVTT\n\nSTYLE\n::cue(.e0) { color: #3b82c4; }\n")
    assert vtt.endswith("\n\n00:00:00.000 --> 00:00:01.234\n<v Anna>Anna: <c.e0>Sad 75%</c>\n5 &lt; 6 --&gt; {so}\n\n")
    ass = FORMATS["ass"].write([written], "en").decode()
    assert ass.endswith(
        "Dialogue: 0,0:00:00.00,0:00:01.23,0 sad,Anna,0,0,0,,Anna: Sad 75%\\N{\\rText}5 < 6 --> ｛so｝\n"
    )


def test_colours_of_ass_are_bright_and_different() -> None:
    read = pysubs2.SSAFile.from_string(FORMATS["ass"].write([entry(3)], "en").decode(), format_="ass")
    colors = [(style.primarycolor.r, style.primarycolor.g, style.primarycolor.b) for style in read.styles.values()]
    assert len(set(colors)) == len(colors) == 10
    assert all(
        0.2126 * red + 0.7152 * green + 0.0722 * blue > 140 for red, green, blue in colors
    )  # black is around them
    sad = read.styles["6 sad"].primarycolor
    assert (sad.r, sad.g, sad.b) == ((0x3B + 255) // 2, (0x82 + 255) // 2, (0xC4 + 255) // 2)


def test_hours_are_carried() -> None:
    written = _said(Segment(3599.9996, 3661.5, "sad", {"sad": 1.0, "happy": 0.0}))
    assert "\n01:00:00,000 --> 01:01:01,500\n" in FORMATS["srt"].write([written], "en").decode()
    assert ",1:00:00.00,1:01:01.50," in FORMATS["ass"].write([written], "en").decode()


def test_the_chance_meets_every_text_and_speaker() -> None:
    tracks = [track for seed in range(24) for track in entry(seed).conversation.tracks]
    assert {track.speaker for track in tracks} == set(SPEAKERS)
    assert {segment.text for track in tracks for segment in track.timeline.segments} == set(TEXTS)


def _said(segment: Segment) -> Entry:
    """One segment that Anna says in two hours."""
    written = entry(3)
    track = written.conversation.tracks[0]
    utterance = replace(track.timeline.utterance, scores=segment.scores)
    timeline = replace(track.timeline, utterance=utterance, segments=(segment,), windows=())
    said = replace(track, speaker="Anna", timeline=timeline)
    return replace(written, conversation=Conversation(written.conversation.source, 7200.0, (said,)))
