"""Conversations made by chance, with everything in them that a format may stumble over."""

import random
from dataclasses import replace
from itertools import pairwise

import numpy as np

from emotone.labels import LABELS
from emotone.text import Text
from emotone.types import (
    Conversation,
    ModelInfo,
    Prediction,
    Reason,
    Segment,
    Source,
    Timeline,
    TimelineOptions,
    Track,
)
from emotone.writers import Entry, entry_of

OWN_LABELS = ("calm & quiet", "calm_&_quiet", "生气", 'so "so"', "a,b", "]]>", "-->", "{\\an8}", "2", "line\nbreak")
TEXTS = (
    *(
        "",
        "",
        "  ",
        "Hello there.",
        "你好，世界",
        "😀 ok",
        "שלום",
        'it\'s "quoted"',
        "a\tb",
        "one\n\ntwo",
        "\u2028line\x85end",
    ),
    *("]]>", "<!--", "&amp; <b>bold</b>", "-->", "1\n00:00:01,000 --> 00:00:02,000", "{\\an8}up\\N{x", "NOTE", "STYLE"),
    *("\x00\x1b\ufffe", "\ud800", "=1+1", "a,b;c|d", "\\", "0", "</v>", "%s {} \\u0041"),
)
SPEAKERS = ("", "Anna", "Anna", "王先生", "a,b", "<v> & co", 'O"Neil', "\n", "x@y", "-->", "\ud800")
NAMES = ("talk.wav", "my talk.mp3", "通话 1.ogg", "a%20b#c?d.wav", "a:b.wav", '<&>".flac', "?")
GRAVE = Reason("too_short", Text("Short.", "太短。"), Text("More.", "更多。"))


def entry(seed: int) -> Entry:
    """One of endlessly many; the seeds 0 to 2 have no tracks, no segments, and one segment from beginning to end."""
    chance = random.Random(seed)
    labels = OWN_LABELS if seed % 3 == 1 else LABELS
    duration = chance.choice((0.02, 1.2345678, 9.999999, 61.5, 3601.0005, 100_000.123456)) * (1 + chance.random())
    tracks = tuple(
        Track(chance.choice(SPEAKERS), _timeline(chance, labels, duration, seed)) for _ in range(chance.randint(1, 4))
    )
    source = Source(chance.choice(NAMES), "0" * 64)
    conversation = Conversation(source, duration, () if seed == 0 else tracks)
    return entry_of(f"calls/{source.name}", conversation, {"file": source.name, "timestamp": "2026-01-31 12:34:56"})


def whole(duration: float = 2.5, label: str = "sad") -> Prediction:
    """A result for a whole recording."""
    info = ModelInfo("test", "1", "0" * 64, LABELS, 4, 25.0, "MIT")
    vector = np.arange(4, dtype=np.float32)
    return Prediction(label, _scores(random.Random(1), LABELS, label), vector, duration, (), info, Source("a.wav", "0"))


def _timeline(chance: random.Random, labels: tuple[str, ...], duration: float, seed: int) -> Timeline:
    segments = (
        [] if seed == 1 else [_segment(chance, labels, *stretch) for stretch in _stretches(chance, duration, seed)]
    )
    windows = [_segment(chance, labels, 0.5 * hop, 0.5 * hop + 3) for hop in range(4)]
    label = chance.choice(labels)
    said = replace(whole(duration, "sad"), label=label, scores=_scores(chance, labels, label))
    return Timeline(said, tuple(windows), tuple(segments), (), TimelineOptions())


def _stretches(chance: random.Random, duration: float, seed: int) -> list[tuple[float, float]]:
    """Neighbours that touch, gaps, overlaps, nothing at all, and a little beyond the end."""
    if seed == 2:
        return [(0.0, duration)]
    times = sorted(chance.uniform(0, duration) for _ in range(12))
    stretches = [(start, end) for start, end in pairwise(times) if chance.random() < 0.7]
    stretches += [
        (-0.004, times[0]),
        (times[3], times[6]),
        (times[8], times[8]),
        (times[10], duration + 0.004),
        (times[10], times[11]),
    ]
    return sorted(stretches)


def _segment(chance: random.Random, labels: tuple[str, ...], start: float, end: float) -> Segment:
    label, text = chance.choice(labels), chance.choice(TEXTS)
    scores = _scores(chance, labels, label)
    if chance.random() < 0.2:
        return Segment(start, end, "unknown", scores, (GRAVE,), GRAVE, text)
    return Segment(start, end, label, scores, text=text)


def _scores(chance: random.Random, labels: tuple[str, ...], highest: str) -> dict[str, float]:
    parts = {label: chance.random() for label in labels} | {highest: 1.5}
    return {label: part / sum(parts.values()) for label, part in parts.items()}
