"""Live streams over a real WebSocket: what is said, how it ends, and that nothing stays behind."""

import base64
import gc
import io
import itertools
import json
import socket
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

import emotone
from emotone import Recognizer, TimelineOptions
from emotone.baseline import baseline_fields
from emotone.cli.launching import launch
from emotone.opus import OpusPackets
from emotone.server import Served
from emotone.types import SAMPLE_RATE

Start = Callable[..., Served]
Messages = list[dict[str, Any]]

S16 = {"encoding": "s16", "sample_rate": SAMPLE_RATE}


@contextmanager
def opened(served: Served, **options: Any) -> Iterator[ClientConnection]:
    """A connection without compression, so that frames are as long as they look."""
    url = served.url.replace("http", "ws") + "v1/stream"
    with connect(url, max_size=None, compression=None, **options) as client:
        yield client


@contextmanager
def began(served: Served, **fields: Any) -> Iterator[ClientConnection]:
    """A stream that is ready. What the client does not read soon stays on the way."""
    with opened(served, max_queue=1, ping_interval=None, close_timeout=1) as client:
        client.send(json.dumps({"type": "start", **fields}))
        ready = json.loads(client.recv(30))
        assert ready["type"] == "ready", ready
        yield client


def rest(client: ClientConnection) -> tuple[Messages, int]:
    """All that follows, and the close code."""
    messages = []
    with suppress(ConnectionClosed):
        while True:
            messages.append(json.loads(client.recv(30)))
    assert client.close_code is not None
    return messages, client.close_code


def talked(served: Served, frames: Iterable[bytes], **fields: Any) -> Messages:
    """What a whole stream is answered with, after `ready`."""
    with began(served, **fields) as client:
        for frame in frames:
            client.send(frame)
        client.send(json.dumps({"type": "end"}))
        messages, code = rest(client)
    assert code == 1000, messages[-1]
    return messages


def windows_of(messages: Messages) -> dict[float, dict[str, Any]]:
    """By the second at which they end."""
    return {one["end"]: one for one in messages if one["type"] == "window"}


def frames_of(samples: np.ndarray, sizes: Iterator[int]) -> Iterator[bytes]:
    start = 0
    while start < len(samples):
        size = next(sizes)
        yield samples[start : start + size].tobytes()
        start += size


def same(record: dict[str, Any], timeline: emotone.Timeline) -> None:
    """The result of a stream is that of a file; the server's model runs on one thread, so the last digits may differ."""
    assert record["emotion"] == timeline.utterance.label
    assert record["scores"] == pytest.approx(dict(timeline.utterance.scores), abs=1e-4)
    assert record["duration"] == timeline.utterance.duration
    assert [doubt["code"] for doubt in record["doubts"]] == [doubt.code for doubt in timeline.utterance.doubts]
    assert record["source"]["sha256"] == timeline.utterance.source.sha256
    for kind, expected in (("segments", timeline.segments), ("windows", timeline.windows)):
        found = record["timeline"][kind]
        assert [(one["start"], one["end"], one["label"]) for one in found] == [
            (one.start, one.end, one.label) for one in expected
        ]
        for one, other in zip(found, expected, strict=True):
            assert one["scores"] == pytest.approx(dict(other.scores), abs=1e-4)


@pytest.fixture(scope="module")
def speech(four_moods: Path) -> np.ndarray:
    """11 s as 16-bit integers."""
    return np.round(emotone.load_audio(four_moods).samples * 32767).astype("<i2")


def test_the_result_is_that_of_the_file(api: Served, model: Recognizer, speech: np.ndarray) -> None:
    generator = np.random.default_rng(0)
    odd = iter(lambda: int(generator.integers(1, 4000)), 0)
    messages = talked(api, frames_of(speech, odd), **S16, name="talk")
    same(messages[-1], model.timeline(speech, sample_rate=SAMPLE_RATE))
    assert messages[-1]["type"] == "result"
    assert messages[-1]["source"]["name"] == "talk"


def test_floats_of_two_channels_at_48_khz(api: Served, model: Recognizer, clips: list[Path]) -> None:
    left, right = (np.repeat(emotone.load_audio(clip).samples[:48_000], 3) for clip in clips[:2])
    stereo = np.stack([left, right[: left.size]], axis=1).astype("<f4")
    options = {"encoding": "f32", "sample_rate": 48_000, "channels": 2, "window": 2.0, "hop": 1.0}
    cut = TimelineOptions(window=2.0, hop=1.0)
    for channel in (None, 1):
        messages = talked(api, frames_of(stereo, itertools.repeat(999)), **options, channel=channel)
        same(messages[-1], model.timeline(stereo, cut, sample_rate=48_000, channel=channel))


def test_opus_packets(api: Served, model: Recognizer, clips: list[Path]) -> None:
    with av.open(str(clips[0])) as file:
        head = file.streams.audio[0].codec_context.extradata
        packets = [bytes(packet) for packet in file.demux(audio=0) if packet.size]
    skip = int.from_bytes(head[10:12], "little")
    decoder = OpusPackets(1, skip)
    samples = np.concatenate([decoder.decode(packet) for packet in packets])
    whole = emotone.load_audio(clips[0])
    assert 0 <= samples.size / 48_000 - whole.duration < 0.02  # a file also says where its last packet ends
    messages = talked(api, packets, encoding="opus", pre_skip=skip)
    same(messages[-1], model.timeline(samples, sample_rate=48_000))


def test_windows_and_segments(api: Served, model: Recognizer, speech: np.ndarray) -> None:
    messages = talked(api, frames_of(speech, itertools.repeat(1600)), **S16, hop=0.25)
    windows = [one for one in messages if one["type"] == "window"]
    ends = [window["end"] for window in windows]
    assert ends == sorted(set(ends))
    assert all((end / 0.25).is_integer() and end >= 1 for end in ends)
    assert sum(1 + window["skipped"] for window in windows) == int(speech.size / SAMPLE_RATE / 0.25) - 3
    assert ends[-1] == int(speech.size / SAMPLE_RATE / 0.25) * 0.25  # the newest one is never left out
    last = windows[-1]
    assert last["start"] == last["end"] - 3
    alone = speech[round(last["start"] * SAMPLE_RATE) : round(last["end"] * SAMPLE_RATE)]
    said = model.predict(alone, sample_rate=SAMPLE_RATE)
    assert last["scores"] == pytest.approx(dict(said.scores), abs=1e-4)
    assert last["doubts"] == [doubt.code for doubt in said.doubts]
    kinds = [one["type"] for one in messages if one["type"] not in ("window", "result")]
    assert kinds[0] == "speech_started"
    assert kinds.count("speech_started") == kinds.count("speech_ended") <= kinds.count("segment")
    assert kinds.index("speech_ended") < kinds.index("segment")
    assert messages[-1]["type"] == "result"


def test_without_a_result(api: Served, speech: np.ndarray) -> None:
    messages = talked(api, frames_of(speech[:48_000], itertools.repeat(1600)), **S16, result=False)
    assert {one["type"] for one in messages} >= {"window", "speech_started", "speech_ended", "segment"}
    assert "result" not in {one["type"] for one in messages}


@pytest.fixture
def head(model: Recognizer) -> emotone.Head:
    weight = np.random.default_rng(0).normal(0, 0.05, (2, model.info.dim)).astype(np.float32)
    return emotone.Head(("calm", "hesitant"), weight, np.zeros(2, np.float32))


def test_baseline_head_and_abstaining(
    api: Served, model: Recognizer, head: emotone.Head, clips: list[Path], speech: np.ndarray
) -> None:
    part = speech[: 4 * SAMPLE_RATE]
    baseline = model.baseline([clips[1]])
    data = io.BytesIO()
    np.savez(data, **baseline_fields(baseline))
    frames = list(frames_of(part, itertools.repeat(1600)))

    given = talked(api, frames, **S16, baseline=base64.b64encode(data.getvalue()).decode())
    same(given[-1], model.timeline(part, sample_rate=SAMPLE_RATE, baseline=baseline))
    own = talked(api, frames, **S16, baseline="auto")
    heard = model.listen(part, sample_rate=SAMPLE_RATE)
    same(own[-1], heard.timeline(baseline=heard.baseline()))
    compared, alone = windows_of(given), windows_of(talked(api, frames, **S16))
    assert compared.keys() & alone.keys()  # some are left out when the samples come fast
    for end in compared.keys() & alone.keys():
        assert compared[end]["baseline"] == {"clips": 1, "seconds": baseline.duration}
        assert compared[end]["absolute"]["scores"] == pytest.approx(alone[end]["scores"], abs=1e-4)
        assert compared[end]["scores"] != pytest.approx(alone[end]["scores"], abs=1e-4)
        assert not {"baseline", "absolute"} & alone[end].keys()
    other = talked(api, frames, **S16, head=head.to_json())
    same(other[-1], model.with_head(head).timeline(part, sample_rate=SAMPLE_RATE))
    named = talked(api, frames, **S16, head=replace(head, name="calls").to_json())
    assert [stream[-1].get("head") for stream in (other, named, given)] == ["head", "calls", None]
    silent = talked(api, [bytes(64_000)], **S16, abstain=True)
    assert [one["label"] for one in silent if one["type"] == "window"] == ["unknown"]
    assert silent[-1]["withheld"] == "silent"


def test_the_head_of_the_server_answers_unless_another_is_wanted(
    model: Recognizer, head: emotone.Head, speech: np.ndarray, tmp_path: Path
) -> None:
    part = speech[: 4 * SAMPLE_RATE]
    (tmp_path / "head.json").write_text(json.dumps(head.to_json()))
    with launch(model, None, port=0, page=False, heads=[tmp_path / "head.json"]) as served:
        usual = talked(served, [part.tobytes()], **S16)
        same(usual[-1], model.with_head(head).timeline(part, sample_rate=SAMPLE_RATE))
        own = talked(served, [part.tobytes()], **S16, head="emotions")
        same(own[-1], model.timeline(part, sample_rate=SAMPLE_RATE))
        assert [stream[-1].get("head") for stream in (usual, own)] == [tmp_path.name, None]


NO_START = [b"\0\0"]
START = json.dumps({"type": "start", **S16})


@pytest.mark.parametrize(
    ("sent", "code", "name"),
    [
        (NO_START, 1003, "no_start"),
        (["{"], 1007, "no_json"),
        (["[" * 100_000], 1007, "no_json"),
        (["x" * (8 * 2**20 + 1)], 1009, None),
        (["[]"], 4400, "invalid_options"),
        (['{"type": "start"}'], 4400, "invalid_options"),
        (['{"type": "end"}'], 4400, "invalid_options"),
        ([json.dumps({"type": "start", **S16, "speed": 2})], 4400, "invalid_options"),
        ([json.dumps({"type": "start", **S16, "sample_rate": 10**9})], 4400, "invalid_options"),
        ([json.dumps({"type": "start", **S16, "channel": 1})], 4400, "invalid_options"),
        ([json.dumps({"type": "start", "encoding": "opus", "channels": 3})], 4400, "invalid_options"),
        ([json.dumps({"type": "start", **S16, "hop": 0.001})], 4400, "OptionError"),
        ([json.dumps({"type": "start", **S16, "hop": float("nan")})], 4400, "OptionError"),
        ([json.dumps({"type": "start", **S16, "model": "../secret"})], 4400, "ModelError"),
        ([json.dumps({"type": "start", **S16, "baseline": "AAAA"})], 4400, "ModelError"),
        ([json.dumps({"type": "start", **S16, "baseline": "€"})], 4400, "ModelError"),
        ([json.dumps({"type": "start", **S16, "head": {"labels": [1]}})], 4400, "ModelError"),
        ([START, b"\0\0\0"], 1007, "InvalidSamplesError"),
        ([START, "{}"], 1003, "no_end"),
        ([START, "end"], 1007, "no_json"),
        ([START, bytes(2**20 + 2)], 1009, None),
        ([START, '{"type": "end"}'], 1007, "EmptyAudioError"),
        ([START.replace("s16", "f32"), np.array([0, np.nan], "<f4").tobytes()], 1007, "InvalidSamplesError"),
        ([START.replace("s16", "f32"), np.array([0, 1e9], "<f4").tobytes()], 1007, "InvalidSamplesError"),
        ([json.dumps({"type": "start", "encoding": "opus"}), b"\xff" * 50], 1007, "InvalidSamplesError"),
        ([json.dumps({"type": "start", "encoding": "opus"}), b""], 1007, "InvalidSamplesError"),
    ],
)
def test_what_is_refused(api: Served, sent: list[str | bytes], code: int, name: str | None) -> None:
    with opened(api) as client:
        for message in sent:
            client.send(message)
        messages, found = rest(client)
    problems = [one for one in messages if one["type"] == "problem"]
    assert (found, [problem["code"] for problem in problems]) == (code, [name] if name else [])
    assert messages == [] or messages[-1:] == problems or not name
    for problem in problems:
        assert problem["detail"] != problem["detail_zh"]
        assert "/tmp" not in problem["detail"]
        assert "Traceback" not in problem["detail"]


def test_random_messages_get_a_close_code(api: Served) -> None:
    generator = np.random.default_rng(0)
    starts = [START, START.replace("s16", "f32"), json.dumps({"type": "start", "encoding": "opus"})]
    for index in range(30):
        with opened(api) as client:
            client.send(starts[index % 3])
            try:
                for _ in range(20):
                    client.send(generator.bytes(int(generator.integers(0, 3000)) // 4 * 4))
                client.send('{"type": "end"}')
            except ConnectionClosed:
                pass
            assert rest(client)[1] in (1000, 1007)


def test_a_silent_connection_is_ended_with_what_was_heard(start: Start, speech: np.ndarray) -> None:
    served = start(max_silence=0.5)
    with began(served, **S16) as client:
        client.send(speech[:32_000].tobytes())
        messages, code = rest(client)
    assert (messages[-1]["type"], messages[-1]["duration"], code) == ("result", 2.0, 4408)
    with began(served, **S16) as client:
        assert rest(client) == ([], 4408)


def test_the_longest_stream(start: Start, speech: np.ndarray) -> None:
    with began(start(max_seconds=2), **S16) as client:
        for frame in frames_of(speech, itertools.repeat(16_000)):
            client.send(frame)
        messages, code = rest(client)
    assert (messages[-1]["type"], messages[-1]["duration"], code) == ("result", 2.0, 4413)


def test_too_many_streams(start: Start) -> None:
    served = start(max_streams=1)
    with began(served, **S16) as first:
        with opened(served) as second:
            messages, code = rest(second)
        assert ([one["code"] for one in messages], code) == (["busy"], 1013)
        first.close()
        wait_until(lambda: served.service.streams.count == 0)
    with began(served, **S16):
        pass


def test_the_end_of_the_server_gives_the_result(start: Start, speech: np.ndarray) -> None:
    served = start()
    with began(served, **S16) as client:
        client.send(speech[:48_000].tobytes())
        while json.loads(client.recv(30))["type"] != "window":
            pass
        closing = threading.Thread(target=served.close)
        closing.start()
        messages, code = rest(client)
        closing.join(30)
    assert not closing.is_alive()
    assert (messages[-1]["type"], messages[-1]["duration"], code) == ("result", 3.0, 1001)


def test_who_leaves_in_the_middle_leaves_nothing_behind(
    start: Start, speech: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[weakref.ref[emotone.Stream]] = []
    plain = emotone.Stream.__init__

    def watched(self: emotone.Stream, *arguments: Any, **options: Any) -> None:
        plain(self, *arguments, **options)
        made.append(weakref.ref(self))

    monkeypatch.setattr(emotone.Stream, "__init__", watched)
    served = start()
    talked(served, [bytes(32_000)], **S16)  # starts the threads
    threads = threading.active_count()
    for index in range(4):
        with began(served, **S16) as client:
            for _ in range(index * 5):
                client.send(speech[:16_000].tobytes())
            if index % 2:
                client.socket.shutdown(socket.SHUT_RDWR)  # without a word
    wait_until(lambda: served.service.streams.count == 0)

    def freed() -> bool:
        gc.collect()
        return not any(stream() for stream in made)

    wait_until(freed)
    assert len(made) == 5
    assert threading.active_count() <= threads + 4  # asyncio keeps a few to itself


def test_who_does_not_read_is_given_up(start: Start, model: Recognizer, speech: np.ndarray) -> None:
    """Nothing of it disturbs another stream. Labels of 4,000 letters make messages of 2 MB, which fill what lies between."""
    served = start(max_stall=1.0)
    labels = tuple(f"{index:04000d}" for index in range(500))
    head = emotone.Head(labels, np.zeros((500, model.info.dim), np.float32), np.zeros(500, np.float32))
    with began(served, **S16, result=False, head=head.to_json()) as client:
        before = time.monotonic()
        while served.service.streams.count:
            assert time.monotonic() < before + 30
            with suppress(ConnectionClosed):
                client.send(speech[:8000].tobytes())
            time.sleep(0.05)
        client.socket.shutdown(socket.SHUT_RDWR)
    assert talked(served, [speech.tobytes()], **S16)[-1]["type"] == "result"


def wait_until(true: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)
