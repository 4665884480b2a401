"""Attacks on the page: files that are not its own, what it does not use, what belongs to another visit."""

import json
import logging
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

import emotone
from emotone.server import Served

BOUND = "BOUNDARY"


@pytest.fixture
def visitor(served: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=served.url, timeout=30) as client:
        yield client


def send(http: httpx.Client, name: str, content: bytes = b"RIFF", **headers: str) -> httpx.Response:
    body = (
        f'--{BOUND}\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n'
        f"Content-Type: audio/wav\r\n\r\n".encode("utf-8", "surrogateescape")
        + content
        + f"\r\n--{BOUND}--\r\n".encode()
    )
    kind = {"Content-Type": f"multipart/form-data; boundary={BOUND}"}
    return http.post("/gradio_api/upload", content=body, headers={**kind, **headers})


def test_a_visitor_who_leaves_in_the_middle_of_an_upload_is_no_error(
    served: Served, visitor: httpx.Client, caplog: pytest.LogCaptureFixture
) -> None:
    host, port = served.url.removeprefix("http://").rstrip("/").split(":")
    head = (
        f"POST /gradio_api/upload HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary={BOUND}\r\n"
        f'Content-Length: 100000\r\n\r\n--{BOUND}\r\nContent-Disposition: form-data; name="files"; filename="a.wav"\r\n\r\nRIFF'
    )
    with caplog.at_level(logging.INFO, "emotone.requests"):
        with socket.create_connection((host, int(port))) as connection:
            connection.sendall(head.encode())
            time.sleep(0.2)  # it is being read
        deadline = time.monotonic() + 20
        while not any(one.name == "emotone.requests" for one in caplog.records) and time.monotonic() < deadline:
            time.sleep(0.05)
    assert [one.name for one in caplog.records if one.name == "emotone.requests"] == ["emotone.requests"]
    assert [one.message for one in caplog.records if one.levelname == "ERROR"] == []


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd",
        "../../../../etc/passwd",
        "..%2f..%2f..%2fetc/passwd",
        "%2e%2e/%2e%2e/etc/passwd",
        "/proc/self/environ",
        "{folder}",
        "{folder}/.in_use",
        "{folder}/page",
        "{folder}/page/../.in_use",
        "{folder}/page/..%2f.in_use",
        "{package}/__init__.py",
        "{package}/models/emotone-small.onnx",
        "http://127.0.0.1:1/",
        "HTTPS://127.0.0.1:1/",
        "file:///etc/passwd",
        "C:\\Windows\\win.ini",
        "\\\\evil.example\\share",
        "/dev/zero",
        "a%00b",
    ],
)
def test_no_file_but_uploads_and_results_is_handed_out(served: Served, visitor: httpx.Client, path: str) -> None:
    path = path.format(folder=served.service.folder, package=Path(emotone.__file__).parent)
    assert visitor.get(f"/gradio_api/file={path}").status_code in (403, 404)


@pytest.mark.parametrize("path", ["/static/", "/assets/", "/svelte/", "/docs/"])
@pytest.mark.parametrize(
    "rest", ["../../../../etc/passwd", "..%2f..%2fetc%2fpasswd", "%2e%2e/%2e%2e/etc/passwd", "/etc/passwd"]
)
def test_no_file_next_to_the_pages_own_is_handed_out(visitor: httpx.Client, path: str, rest: str) -> None:
    answer = visitor.get(path + rest)
    assert answer.status_code in (403, 404, 405)
    assert "root:" not in answer.text


@pytest.mark.parametrize(
    "path",
    [
        "proxy=http://127.0.0.1:1/",
        "dev/reload",
        "vibe-edit/",
        "vibe-code",
        "process_recording",
        "component_server",
        "custom_component/1/client/component/x.js",
        "deep_link?session_hash=a",
        "openapi.json",
        "stream/a/b/1/playlist.m3u8",
        "call/_greet",
        "call/v2/_greet",
        "api/_greet",
        "run/_greet",
        "runs",
        "profiling/traces",
        "queue/status",
        "token",
    ],
)
def test_what_the_page_does_not_use_is_closed(visitor: httpx.Client, path: str) -> None:
    for method in ("GET", "POST"):
        assert visitor.request(method, f"/gradio_api/{path}", timeout=5).status_code == 403


@pytest.mark.parametrize(
    "name",
    [
        "../../../../tmp/evil.wav",
        "/etc/cron.d/evil",
        "..\\..\\evil.wav",
        "con\\..\\x.wav",
        "%2e%2e%2fevil.wav",
        ".in_use",
        ".",
        "x" * 400 + ".wav",
        "a\tb.wav",
        "情声.wav",
    ],
)
def test_uploads_lie_in_their_folder_under_any_name(served: Served, visitor: httpx.Client, name: str) -> None:
    answer = send(visitor, name, name.encode())
    if answer.status_code == 200:
        (path,) = map(Path, answer.json())
        assert path.parent.parent == served.service.folder / "page"
        assert path.read_bytes() == name.encode()
        assert visitor.get(f"/gradio_api/file={quote(str(path))}").content == name.encode()
    else:
        assert answer.status_code == 400


@pytest.mark.parametrize("name", ["a.html", "a.svg", "a.xml", "a.js", "a.pdf", "a.xhtml", "a"])
def test_what_a_browser_would_run_is_a_download(visitor: httpx.Client, name: str) -> None:
    (path,) = send(visitor, name, b"<script>alert(1)</script>").json()
    answer = visitor.get(f"/gradio_api/file={path}")
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_link_among_uploads_leads_nowhere(served: Served, visitor: httpx.Client, tmp_path: Path) -> None:
    (path,) = map(Path, send(visitor, "a.wav", b"link").json())
    secret = tmp_path / "secret.wav"
    secret.write_text("secret")
    path.unlink()
    path.symlink_to(secret)
    assert "secret" not in visitor.get(f"/gradio_api/file={path}").text


def functions(http: httpx.Client) -> dict[str, dict]:
    return {one["api_name"]: one for one in http.get("/config").json()["dependencies"]}


def call(http: httpx.Client, function: dict, session: str, data: list, **event: object) -> httpx.Response:
    body = {"fn_index": function["id"], "session_hash": session, "data": data, "event_data": event or None}
    return http.post("/gradio_api/run/predict", json=body)


def test_a_visit_sees_nothing_of_another(visitor: httpx.Client) -> None:
    names = functions(visitor)
    (path,) = send(visitor, "a.wav").json()
    file = {"name": "private-interview.wav", "path": path}
    shown = call(visitor, names["choose"], "visit-one", ["en"], files=[file])
    assert "private-interview" in shown.text
    for session, expected in (("visit-one", True), ("visit-two", False), ("", False)):
        again = call(visitor, names["discard"], session, [None, "en"], index=7)
        assert ("private-interview" in again.text) is expected


def test_the_queue_cannot_be_passed_by(visitor: httpx.Client) -> None:
    queued = [one for one in functions(visitor).values() if one["queue"]]
    assert queued
    for function in queued:
        assert call(visitor, function, "visit", [None] * len(function["inputs"])).status_code == 404


def test_results_of_others_cannot_be_fetched_from_the_queue(visitor: httpx.Client) -> None:
    for path in ("call/x/0", "call/x/00000000-0000-0000-0000-000000000000"):
        assert visitor.get(f"/gradio_api/{path}").status_code == 403
    with visitor.stream("GET", "/gradio_api/queue/data?session_hash=guess") as answer:
        first = next(answer.iter_lines())
    assert json.loads(first.removeprefix("data: "))["msg"] in ("unexpected_error", "close_stream")


def test_the_page_says_nothing_about_this_computer(served: Served, visitor: httpx.Client) -> None:
    for path in ("/", "/config", "/gradio_api/info", "/openapi.json", "/v1/models"):
        text = visitor.get(path).text
        assert str(served.service.folder) not in text
        assert str(Path.home()) not in text.replace("\\/", "/") or str(Path.home()) == "/"
        assert str(Path(__file__).parent.parent) not in text
