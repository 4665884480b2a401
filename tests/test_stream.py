"""Streams: samples in pieces, and what is said of them at once and at the end."""

import itertools
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import emotone
from emotone import (
    AudioError,
    Event,
    OptionError,
    Recognizer,
    Result,
    SegmentEnded,
    SpeechEnded,
    SpeechStarted,
    StreamOptions,
    Timeline,
    TimelineOptions,
    Window,
)
from emotone.onsets import Onsets
from emotone.segment import speech_regions
from emotone.speech import CHUNK_DURATION
from emotone.stream import LONGEST_SEGMENT, Task
from emotone.types import SAMPLE_RATE


@pytest.fixture(scope="module")
def talk(clips: list[Path]) -> np.ndarray:
    """22 s: five turns of speech with pauses between them."""
    pause = np.zeros(SAMPLE_RATE, np.float32)
    speech = [emotone.load_audio(clips[index]).samples for index in (0, 1, 2)]
    return np.concatenate([pause, speech[0], pause, speech[1], pause[:8000], speech[2], pause])


def pieces(samples: np.ndarray, sizes: Iterator[int]) -> Iterator[np.ndarray]:
    start = 0
    while start < len(samples):
        size = next(sizes)
        yield samples[start : start + size]
        start += size


def events_of(
    model: Recognizer,
    samples: np.ndarray,
    options: StreamOptions | None = None,
    sizes: Iterator[int] | None = None,
    **others: object,
) -> list[Event]:
    stream = model.stream(options, **{"sample_rate": SAMPLE_RATE, **others})
    events = [event for piece in pieces(samples, sizes or itertools.repeat(1600)) for event in stream.feed(piece)]
    return [*events, *stream.finish()]


def result_of(events: list[Event]) -> Timeline:
    assert isinstance(events[-1], Result)
    assert sum(isinstance(event, Result) for event in events) == 1
    return events[-1].timeline


def windows_of(events: list[Event]) -> list[Window]:
    return [event for event in events if isinstance(event, Window)]


def named(timeline: Timeline, name: str) -> Timeline:
    """The same of a source with another name; the sha256 stays. Without the baseline itself, as none equals another."""
    absolute = timeline.absolute and named(timeline.absolute, name)
    source = replace(timeline.utterance.source, name=name)
    return replace(timeline, utterance=replace(timeline.utterance, source=source, baseline=None), absolute=absolute)


@pytest.fixture(scope="module")
def events(model: Recognizer, talk: np.ndarray) -> list[Event]:
    return events_of(model, talk)


def test_the_result_is_that_of_the_file(model: Recognizer, talk: np.ndarray, events: list[Event]) -> None:
    expected = model.timeline(talk, sample_rate=SAMPLE_RATE)
    found = result_of(events)
    assert found == named(expected, "stream")
    assert np.array_equal(found.utterance.embedding, expected.utterance.embedding)


def test_how_the_samples_are_cut_changes_nothing(model: Recognizer, talk: np.ndarray, events: list[Event]) -> None:
    generator = np.random.default_rng(0)
    odd = iter(lambda: int(generator.integers(1, 5000)), 0)
    assert events_of(model, talk, sizes=odd) == events
    assert events_of(model, talk, sizes=itertools.repeat(talk.size)) == events
    start = talk[: 2 * SAMPLE_RATE]
    assert events_of(model, start, sizes=itertools.repeat(7)) == events_of(model, start)


@pytest.mark.parametrize(("rate", "channels", "kind"), [(48_000, 2, "i2"), (8_000, 1, "f4"), (44_100, 2, "f4")])
def test_any_rate_and_channels(model: Recognizer, rate: int, channels: int, kind: str) -> None:
    generator = np.random.default_rng(1)
    samples = (0.3 * generator.uniform(-1, 1, (3 * rate, channels)) * (32767 if kind == "i2" else 1)).astype(kind)
    odd = iter(lambda: int(generator.integers(1, 9000)), 0)
    found = result_of(events_of(model, samples, sizes=odd, sample_rate=rate))
    assert found == named(model.timeline(samples, sample_rate=rate), "stream")
    last = result_of(events_of(model, samples, sample_rate=rate, channel=channels - 1))
    assert last == named(model.timeline(samples, sample_rate=rate, channel=channels - 1), "stream")


def test_long_streams_are_encoded_as_long_files_are(model: Recognizer, talk: np.ndarray) -> None:
    long = np.tile(talk, 3)
    found = result_of(events_of(model, long, StreamOptions(window=3, hop=3), itertools.repeat(30_000)))
    expected = model.timeline(long, TimelineOptions(window=3, hop=3), sample_rate=SAMPLE_RATE)
    assert long.size > 61 * SAMPLE_RATE
    assert found == named(expected, "stream")


def test_windows_say_what_predict_says_of_these_seconds(
    model: Recognizer, talk: np.ndarray, events: list[Event]
) -> None:
    windows = [event.segment for event in events if isinstance(event, Window)]
    assert [window.end for window in windows] == [0.5 * index for index in range(2, int(talk.size / 8000) + 1)]
    for window in (windows[0], windows[3], windows[9], windows[-1]):
        assert window.start == max(0, window.end - 3)
        alone = talk[round(window.start * SAMPLE_RATE) : round(window.end * SAMPLE_RATE)]
        said = model.predict(alone, sample_rate=SAMPLE_RATE)
        assert (window.label, window.scores, window.doubts) == (said.label, said.scores, said.doubts)


def test_segments_say_what_timeline_says_of_that_speech(
    model: Recognizer, talk: np.ndarray, events: list[Event]
) -> None:
    marks = [event for event in events if isinstance(event, SpeechStarted | SpeechEnded)]
    assert len(marks) >= 6
    assert [type(mark) for mark in marks] == [SpeechStarted, SpeechEnded] * (len(marks) // 2)
    times = [mark.at for mark in marks]
    assert times == sorted(times)
    expected = []
    for start, end in zip(times[::2], times[1::2], strict=True):
        alone = talk[round(start * SAMPLE_RATE) : round(end * SAMPLE_RATE)]
        first = round(start * SAMPLE_RATE) / SAMPLE_RATE
        heard = model.listen(alone, sample_rate=SAMPLE_RATE)
        spoken = replace(heard, regions=(emotone.Region(0, heard.duration),))
        for segment in spoken.timeline().segments:
            expected.append(replace(segment, start=first + segment.start, end=first + segment.end))
    found = [event.segment for event in events if isinstance(event, SegmentEnded)]
    assert found == expected
    assert {segment.start for segment in found} >= {round(at * SAMPLE_RATE) / SAMPLE_RATE for at in times[::2]}
    regions = result_of(events).regions
    assert times[0] == pytest.approx(regions[0].start, abs=0.2)
    assert times[-1] == pytest.approx(regions[-1].end, abs=0.2)


def test_events_come_when_they_are_known(events: list[Event]) -> None:
    """No event speaks of what lies ahead of a window that came before it, but for the end."""
    now = 0.0
    for event in events[:-1]:
        if isinstance(event, Window):
            assert event.segment.end > now
            now = event.segment.end
        elif isinstance(event, SpeechStarted):
            assert now - 1.0 < event.at < now + 0.5
        elif isinstance(event, SpeechEnded):
            assert now - 0.5 < event.at < now + 0.5
        elif isinstance(event, SegmentEnded):
            assert event.segment.end < now + 0.5


def test_endless_speech_is_given_in_parts(model: Recognizer, four_moods: Path) -> None:
    loud = np.tile(emotone.load_audio(four_moods).samples, 6)
    generator = np.random.default_rng(0)
    assert loud.size / SAMPLE_RATE > 2 * LONGEST_SEGMENT
    stream = model.stream(StreamOptions(hop=30, window=30, result=False), sample_rate=SAMPLE_RATE)
    stream._watch._onsets = Talkative()
    due = [
        item
        for piece in pieces(loud, iter(lambda: int(generator.integers(1, 9000)), 0))
        for item in stream.advance(piece)
    ]
    due += stream.end()
    tasks = [item for item in due if isinstance(item, Task) and item.kind == "segments"]
    assert [round(task.at) for task in tasks] == [32, 62, round(loud.size / SAMPLE_RATE)]
    ends = [[event.segment for event in task.run()] for task in tasks]
    assert ends[0][0].start >= 0
    assert ends[0][-1].end <= LONGEST_SEGMENT <= ends[1][0].start
    assert ends[1][-1].end <= 2 * LONGEST_SEGMENT <= ends[2][0].start


class Talkative(Onsets):
    """Hears speech in everything."""

    def add(self, probability: float) -> Iterator[SpeechStarted | SpeechEnded]:
        return super().add(1.0)


def test_memory_does_not_grow_without_a_result(model: Recognizer) -> None:
    stream = model.stream(StreamOptions(result=False), sample_rate=SAMPLE_RATE)
    for _ in range(100):
        for _ in stream.advance(np.zeros(SAMPLE_RATE, np.float32)):
            pass
    kept = sum(piece.size for _, piece in stream._recent._pieces)
    assert kept <= 4 * SAMPLE_RATE
    assert stream.finish() == []


def test_a_given_baseline(model: Recognizer, clips: list[Path], talk: np.ndarray) -> None:
    baseline = model.baseline([clips[1], clips[2]])
    events = events_of(model, talk, StreamOptions(hop=2), baseline=baseline)
    expected = model.timeline(talk, TimelineOptions(hop=2), sample_rate=SAMPLE_RATE, baseline=baseline)
    assert named(result_of(events), "stream") == named(expected, "stream")
    window = next(event for event in windows_of(events) if event.segment.end == 8)
    alone = model.predict(talk[5 * SAMPLE_RATE : 8 * SAMPLE_RATE], sample_rate=SAMPLE_RATE, baseline=baseline)
    assert (window.segment.scores, window.segment.doubts) == (alone.scores, alone.doubts)
    assert (window.baseline, window.absolute) == (baseline, alone.absolute)


def test_a_stream_is_its_own_baseline(model: Recognizer, talk: np.ndarray, events: list[Event]) -> None:
    found = events_of(model, talk, baseline="auto")
    heard = model.listen(talk, sample_rate=SAMPLE_RATE)
    assert named(result_of(found), "stream") == named(heard.timeline(baseline=heard.baseline()), "stream")
    adapted, plain = windows_of(found), windows_of(events)
    assert adapted[0] == plain[0]  # nothing was heard before
    assert (adapted[0].baseline, adapted[0].absolute) == (None, None)
    assert adapted[-1].segment.scores != plain[-1].segment.scores
    for compared, alone in zip(adapted, plain, strict=True):
        said = compared.absolute or compared.segment
        assert (said.label, said.scores) == (alone.segment.label, alone.segment.scores)
    known = [event.baseline.duration if event.baseline else 0 for event in adapted]
    assert known == sorted(known)
    assert {event.baseline.clips for event in adapted if event.baseline} == {1}
    assert known[-1] > 3


def test_what_is_no_baseline(model: Recognizer, clips: list[Path]) -> None:
    for wrong in ("voice.npz", "AUTO"):
        with pytest.raises(OptionError, match=f"Found '{wrong}' as a baseline; wanted what `load_baseline`"):
            model.stream(sample_rate=SAMPLE_RATE, baseline=wrong)  # type: ignore[arg-type]
        with pytest.raises(OptionError, match=f"Found '{wrong}' as a baseline"):
            model.predict(clips[1], baseline=wrong)  # type: ignore[arg-type]


def test_another_head(model: Recognizer, talk: np.ndarray) -> None:
    weight = np.random.default_rng(0).normal(0, 0.05, (2, model.info.dim)).astype(np.float32)
    other = model.with_head(emotone.Head(("calm", "hesitant"), weight, np.zeros(2, np.float32)))
    said = result_of(events_of(other, talk[: 4 * SAMPLE_RATE]))
    assert said == named(other.timeline(talk[: 4 * SAMPLE_RATE], sample_rate=SAMPLE_RATE), "stream")


def test_what_cannot_be_fed(model: Recognizer) -> None:
    stream = model.stream(sample_rate=SAMPLE_RATE, channel=1)
    good = np.zeros((800, 2), np.float32)
    stream.feed(good)
    for bad in (np.full((5, 2), np.nan, np.float32), np.full((5, 2), 3e4), np.zeros(5), np.zeros((5, 2), "U1")):
        with pytest.raises(AudioError):
            stream.feed(bad)
    stream.feed(good)
    assert stream.duration == 0.1
    stream.finish()
    for late in (stream.finish, lambda: stream.feed(good)):
        with pytest.raises(OptionError, match="ended"):
            late()


def test_impossible_options(model: Recognizer) -> None:
    for options in (StreamOptions(hop=0.01), StreamOptions(window=31), StreamOptions(hop=4), StreamOptions(hop=np.nan)):
        with pytest.raises(OptionError):
            model.stream(options, sample_rate=SAMPLE_RATE)
    with pytest.raises(AudioError, match="sample_rate=0"):
        model.stream(sample_rate=0)
    with pytest.raises(emotone.EmptyAudioError, match="before its first sample"):
        model.stream(sample_rate=SAMPLE_RATE).finish()


def test_a_baseline_of_another_model(model: Recognizer, clips: list[Path]) -> None:
    baseline = model.baseline(clips[:1])
    with pytest.raises(emotone.ModelError, match="was made by"):
        model.stream(sample_rate=SAMPLE_RATE, baseline=replace(baseline, model=replace(model.info, sha256="0" * 64)))


@pytest.mark.parametrize("seed", range(30))
def test_onsets_are_those_of_whole_recordings(seed: int) -> None:
    """Random runs of speech, with probabilities between both thresholds, and silence behind them."""
    generator = np.random.default_rng(seed)
    runs = [np.repeat(generator.choice([0.0, 0.1, 0.3, 0.45, 0.9]), generator.integers(1, 14)) for _ in range(120)]
    probabilities = np.concatenate([*runs, np.zeros(12)]).astype(np.float32)
    duration = probabilities.size * CHUNK_DURATION
    onsets = Onsets()
    found = [event for one in probabilities for event in onsets.add(float(one))]
    found += onsets.end(duration)
    regions = speech_regions(probabilities, CHUNK_DURATION, duration)
    assert [event.at for event in found] == [at for region in regions for at in (region.start, region.end)]
