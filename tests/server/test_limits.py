"""What the API refuses, and how it behaves when there is too much to do, a client leaves, or it is closed."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event

import httpx
import numpy as np
import pytest
import soundfile
from sending import json_body, upload

from emotone import Recognizer
from emotone.engine import Engine, Runner
from emotone.server import Served, analysis

PROBLEM = "application/problem+json"


class Held(Runner):
    """An engine that waits in every run until it is let go."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.entered, self.go = threading.Semaphore(0), Event()

    def run(self, signals: list[np.ndarray]) -> list[np.ndarray]:
        self.entered.release()
        assert self.go.wait(60)
        return self.engine.run(signals)


@pytest.fixture
def held(model: Recognizer) -> Iterator[Held]:
    engine = Held(model._engine)
    yield engine
    engine.go.set()


@pytest.fixture
def slow(model: Recognizer, held: Held) -> Recognizer:
    return Recognizer(held, model.head, model.info)


def problem(answer: httpx.Response, status: int, code: str) -> dict[str, object]:
    fields = answer.json()
    assert (answer.status_code, fields["code"]) == (status, code), fields
    assert answer.headers["content-type"] == PROBLEM
    assert fields["status"] == status
    assert fields["type"].endswith(code)
    assert fields["request_id"] == answer.headers["x-request-id"]
    assert fields["detail"]
    assert any("\u4e00" <= character <= "\u9fff" for character in fields["detail_zh"])
    return fields


def until(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_what_is_not_there(http: httpx.Client):
    problem(http.get("/v1/nothing"), 404, "not_found")
    assert problem(http.get("/v1/predict"), 405, "method_not_allowed")
    assert http.get("/v1/predict").headers["allow"] == "POST"
    problem(http.delete("/healthz"), 405, "method_not_allowed")
    problem(http.get("/nothing"), 404, "not_found")


@pytest.mark.parametrize(
    ("request_", "status", "code"),
    [
        ({"content": b""}, 422, "EmptyAudioError"),
        ({"content": b"This is not audio at all."}, 415, "UnsupportedAudioError"),
        ({"content": b"x", "headers": {"Content-Type": "multipart/form-data"}}, 400, "broken_form"),
        ({"content": b"x", "headers": {"Content-Type": "multipart/form-data; boundary=b"}}, 400, "broken_form"),
        ({"content": b"{", "headers": {"Content-Type": "application/json"}}, 400, "broken_json"),
        ({"json": []}, 400, "broken_json"),
        ({"json": {"files": [{"data": "no base64!"}]}}, 400, "broken_json"),
        ({"json": {"files": []}}, 422, "no_recording"),
        ({"json": {"files": ["speech.wav"]}}, 422, "invalid_options"),
        ({"json": {"files": [{"data": "AAAA"}], "no_option": 1}}, 422, "invalid_options"),
        ({"data": {"window": "wide"}, "files": [("file", b"x")]}, 422, "invalid_options"),
        ({"params": {"window": -1}, "content": b"x"}, 422, "invalid_options"),
        ({"params": {"hop": "nan"}, "content": b"x"}, 422, "invalid_options"),
        ({"params": {"colour": "red"}, "content": b"x"}, 422, "invalid_options"),
        ({"params": {"format": "docx"}, "content": b"x"}, 422, "unknown_format"),
        ({"headers": {"Accept": "image/png"}, "content": b"x"}, 406, "not_acceptable"),
        ({"files": [("file", b"x"), ("picture", b"x")]}, 422, "invalid_options"),
        ({"files": [("file", b"x"), ("head", b"{}")]}, 422, "ModelError"),
        ({"files": [("file", b"x"), ("head", b"[" * 100_000)]}, 422, "ModelError"),
        ({"files": [("file", b"x"), ("baseline", ("voice.npz", b"x"))]}, 422, "ModelError"),
        ({"data": {"baseline": "auto"}, "files": [("file", b"x"), ("baseline", ("v.npz", b"x"))]}, 422, "OptionError"),
        ({"files": [("file", b"x"), ("baseline", ("voice.wav", b"x"))]}, 415, "UnsupportedAudioError"),
    ],
)
def test_a_bad_request_is_one_sentence_in_both_languages(http: httpx.Client, request_: dict, status: int, code: str):
    fields = problem(http.post("/v1/timeline", **request_), status, code)
    assert "/tmp" not in json.dumps(fields)
    assert "upload_" not in json.dumps(fields)


def test_a_format_that_cannot_hold_it(http: httpx.Client, clips: list[Path]):
    problem(http.post("/v1/timeline?format=srt", files=[upload(clip) for clip in clips[:2]]), 422, "OptionError")
    problem(http.post("/v1/embed?format=npy", files=[upload(clip) for clip in clips[:2]]), 422, "one_recording")


def test_limits_of_bytes_files_and_seconds(start: Callable[..., Served], clips: list[Path], tmp_path: Path):
    served = start(max_bytes=100_000, max_files=2, max_seconds=5)
    with httpx.Client(base_url=served.url, timeout=60) as http:
        long = tmp_path / "long.flac"
        soundfile.write(long, np.zeros(16_000 * 6), 16_000)
        problem(http.post("/v1/predict", files=[upload(long)]), 413, "AudioTooLongError")
        problem(http.post("/v1/predict", files=[upload(clips[0])] * 3), 413, "too_many_files")
        large = bytes(200_000)
        problem(http.post("/v1/predict", content=large), 413, "too_many_bytes")
        problem(http.post("/v1/predict", content=iter([large[:70_000]] * 3)), 413, "too_many_bytes")  # chunked
        problem(http.post("/v1/predict", files=[("file", large)]), 413, "too_many_bytes")
        assert http.post("/v1/predict", json=json_body(clips[:1])).status_code == 200
        assert list(served.service.folder.glob("request_*")) == []


def test_too_many_rows(http: httpx.Client, clips: list[Path], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(analysis, "MAX_ROWS", 100)
    problem(http.post("/v1/timeline?hop=0.01", files=[upload(clips[0])]), 422, "OptionError")
    assert http.post("/v1/timeline?hop=0.1", files=[upload(clips[0])]).status_code == 200


def post_in_thread(served: Served, clip: Path, answers: list[httpx.Response]) -> threading.Thread:
    def post() -> None:
        answers.append(httpx.post(f"{served.url}v1/predict", files=[upload(clip)], timeout=60))

    thread = threading.Thread(target=post)
    thread.start()
    return thread


def test_a_full_queue_answers_503_and_recovers(
    start: Callable[..., Served], slow: Recognizer, held: Held, model: Recognizer, clips: list[Path]
):
    served = start(slow, workers=1, max_batch=1, max_waiting=2)
    answers: list[httpx.Response] = []
    threads = [post_in_thread(served, clips[0], answers) for _ in range(3)]
    until(lambda: (served.service.work.running, served.service.work.waiting) == (1, 2))
    refused = httpx.post(f"{served.url}v1/predict", files=[upload(clips[0])])
    problem(refused, 503, "busy")
    assert int(refused.headers["retry-after"]) >= 1
    assert httpx.get(f"{served.url}healthz").status_code == 200
    problem(httpx.get(f"{served.url}readyz"), 503, "busy")
    held.go.set()
    for thread in threads:
        thread.join()
    assert [answer.json()["emotion"] for answer in answers] == [model.predict(clips[0]).label] * 3
    assert httpx.get(f"{served.url}readyz").status_code == 200
    assert httpx.post(f"{served.url}v1/predict", files=[upload(clips[0])]).status_code == 200


def test_too_many_requests_in_flight(start: Callable[..., Served], slow: Recognizer, held: Held, clips: list[Path]):
    served = start(slow, workers=1, max_batch=1, max_in_flight=1)
    answers: list[httpx.Response] = []
    thread = post_in_thread(served, clips[0], answers)
    assert held.entered.acquire(timeout=20)
    large = bytes(4_000_000)  # the answer comes before its end, and can be read all the same
    problem(httpx.post(f"{served.url}v1/predict", content=large), 503, "busy")
    assert httpx.get(f"{served.url}v1/models").status_code == 200
    held.go.set()
    thread.join()
    assert answers[0].status_code == 200


def test_a_client_that_leaves_frees_its_slot(
    start: Callable[..., Served], slow: Recognizer, held: Held, clips: list[Path]
):
    served = start(slow, workers=1, max_batch=1, max_waiting=1)
    work = served.service.work
    for _ in range(2):  # one is run, one waits
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(f"{served.url}v1/predict", files=[upload(clips[0])], timeout=httpx.Timeout(20, read=0.5))
    until(lambda: (work.in_flight, work.waiting, work.running) == (0, 0, 1))  # a run of the model ends by itself
    held.go.set()
    until(lambda: work.running == 0)
    assert httpx.post(f"{served.url}v1/predict", files=[upload(clips[0])]).status_code == 200


def test_a_client_that_leaves_in_the_middle_of_its_upload(start: Callable[..., Served], caplog):
    served = start()
    host, port = served.url.removeprefix("http://").rstrip("/").split(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(b"POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\nRIFF")
        until(lambda: served.service.work.in_flight == 1)
    until(lambda: served.service.work.in_flight == 0)
    assert list(served.service.folder.glob("request_*")) == []
    assert [one.message for one in caplog.records if one.levelname == "ERROR"] == []


def test_a_request_that_takes_too_long(start: Callable[..., Served], slow: Recognizer, held: Held, clips: list[Path]):
    served = start(slow, max_time=0.5)
    problem(httpx.post(f"{served.url}v1/predict", files=[upload(clips[0])]), 503, "too_slow")
    held.go.set()


def test_closing_finishes_what_is_running(
    start: Callable[..., Served], slow: Recognizer, held: Held, clips: list[Path]
):
    served = start(slow, workers=1, max_batch=1)
    answers: list[httpx.Response] = []
    threads = [post_in_thread(served, clips[0], answers) for _ in range(2)]
    until(lambda: (served.service.work.running, served.service.work.waiting) == (1, 1))
    closing = threading.Thread(target=served.close)
    closing.start()
    until(lambda: served.service.work.closing)
    problem(httpx.post(f"{served.url}v1/predict", files=[upload(clips[0])]), 503, "busy")
    held.go.set()
    for thread in (*threads, closing):
        thread.join(30)
    assert [answer.status_code for answer in answers] == [200, 200]
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{served.url}healthz")
    assert not served.service.folder.exists()


def test_a_failing_engine_is_no_bad_request(start: Callable[..., Served], model: Recognizer, clips: list[Path], caplog):
    class Broken(Runner):
        def run(self, signals: list[np.ndarray]) -> list[np.ndarray]:
            raise RuntimeError("the machine is on fire")

    served = start(Recognizer(Broken(), model.head, model.info))
    answer = httpx.post(f"{served.url}v1/predict", files=[upload(clips[0])])
    fields = problem(answer, 500, "internal")
    assert "fire" not in json.dumps(fields)
    assert "the machine is on fire" in caplog.text
    assert httpx.get(f"{served.url}readyz").status_code == 200


def test_what_is_counted(start: Callable[..., Served], clips: list[Path]):
    served = start()
    for clip in clips[:2]:
        httpx.post(f"{served.url}v1/predict", files=[upload(clip)])
    httpx.post(f"{served.url}v1/predict", content=b"no audio")
    httpx.get(f"{served.url}v1/nothing/at/all")
    text = httpx.get(f"{served.url}metrics").text
    assert 'emotone_requests_total{method="POST",route="/v1/predict",status="200"} 2.0' in text
    assert 'emotone_requests_total{method="POST",route="/v1/predict",status="415"} 1.0' in text
    assert 'emotone_requests_total{method="GET",route="other",status="404"} 1.0' in text
    assert "emotone_requests_in_flight 0.0" in text
    (seconds,) = [
        float(line.split()[-1]) for line in text.splitlines() if line.startswith("emotone_audio_seconds_total{")
    ]
    assert seconds == pytest.approx(3.0987 + 3.9039, abs=0.01)
