"""The Python client against a real server: the same words, the same errors."""

import socket
import threading
from pathlib import Path

import numpy as np
import pytest

from emotone import (
    AudioNotFoundError,
    Failure,
    ModelError,
    OptionError,
    Recognizer,
    ServerError,
    TimelineOptions,
    UnsupportedAudioError,
)
from emotone.client import Client
from emotone.server import Served


@pytest.fixture
def client(api: Served) -> Client:
    return Client(api.url)


def test_it_says_what_a_recognizer_says(client: Client, model: Recognizer, clips: list[Path]):
    expected = model.predict(clips[0])
    for source in (clips[0], str(clips[0]), clips[0].read_bytes()):
        fields = client.predict(source)
        assert fields["scores"] == pytest.approx(dict(expected.scores), abs=1e-4)
    assert client.predict(clips[0])["source"] == {"name": clips[0].name, "sha256": expected.source.sha256}
    np.testing.assert_allclose(client.embed(clips[0]), model.embed(clips[0]), atol=1e-3)
    assert client.embed(clips[0], granularity="frame").shape == model.embed_frames(clips[0]).shape
    timeline = client.timeline(clips[2], hop=1, min_segment=0.5)["timeline"]
    wanted = model.timeline(clips[2], TimelineOptions(hop=1, min_segment=0.5))
    assert [one["label"] for one in timeline["segments"]] == [one.label for one in wanted.segments]
    assert client.models()[0]["name"] == "emotone-small"


def test_recordings_to_compare_with(client: Client, model: Recognizer, clips: list[Path]):
    wanted = model.predict(clips[1], baseline=model.baseline([clips[2]]))
    assert client.predict(clips[1], baseline=[clips[2]])["scores"] == pytest.approx(dict(wanted.scores), abs=1e-4)
    assert "absolute" in client.timeline(clips[2], baseline="auto")


def test_several(client: Client, model: Recognizer, clips: list[Path]):
    assert client.predict_many([]) == []
    first, broken = client.predict_many([clips[0], b"no audio"])
    assert first["emotion"] == model.predict(clips[0]).label
    assert isinstance(broken, Failure)
    assert isinstance(broken.error, UnsupportedAudioError)
    assert "audio" in broken.error.text.zh
    assert [one["emotion"] for one in client.predict_many(clips[:1])] == [model.predict(clips[0]).label]


def test_errors_are_those_of_a_recognizer(client: Client, clips: list[Path], tmp_path: Path):
    with pytest.raises(UnsupportedAudioError):
        client.predict(b"no audio")
    with pytest.raises(AudioNotFoundError, match="missing"):
        client.predict(tmp_path / "missing.wav")
    with pytest.raises(ModelError, match="no model 'nothing'"):
        client.predict(clips[0], model="nothing")
    with pytest.raises(ServerError, match="window"):
        client.timeline(clips[0], window=-1)
    with pytest.raises(OptionError, match="no address"):
        Client("127.0.0.1:7860")


def test_a_name_that_needs_care(client: Client, clips: list[Path], tmp_path: Path):
    path = tmp_path / '愤怒 "quoted" \\ name.ogg'
    path.write_bytes(clips[0].read_bytes())
    assert client.predict(path)["source"]["name"].endswith("name.ogg")


def test_nobody_there():
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(ServerError, match=f"port {port}, does not answer"):
        Client(f"http://127.0.0.1:{port}").models()


def test_it_waits_while_the_server_is_busy(start, model: Recognizer, clips: list[Path]):
    served = start(max_in_flight=1)
    served.service.work.enter()
    with pytest.raises(ServerError, match="enough to do"):
        Client(served.url, patience=0).predict(clips[0])
    threading.Timer(0.3, served.service.work.leave).start()
    assert Client(served.url, patience=30).predict(clips[0])["emotion"] == model.predict(clips[0]).label
