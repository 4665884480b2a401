"""Who gets in, what stays private, and what is left behind. Every attack is made on a real server."""

import json
import os
import re
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from hostile import REFUSED, flac_silence
from sending import upload

from emotone import OptionError, Recognizer, errors
from emotone.cli.launching import launch
from emotone.engine import Runner
from emotone.server import Access, Served, ServerOptions, access_of, log_to, private_folder
from emotone.server.access import SESSION_SECONDS, host_name, is_loopback
from emotone.server.folders import remove_left_over

KEY, OTHER = "correct-horse-battery-staple", "another-key-of-somebody-else"
HTML = {"Accept": "text/html,application/xhtml+xml"}


@pytest.fixture(scope="module")
def locked(model: Recognizer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """API and page behind two keys."""
    outputs = tmp_path_factory.mktemp("outputs")
    with launch(model, outputs, port=0, access=Access((KEY, OTHER))) as served:
        yield served


@pytest.fixture
def stranger(locked: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=locked.url, timeout=30) as client:
        yield client


@pytest.fixture
def friend(locked: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=locked.url, timeout=30, headers={"X-API-Key": KEY}) as client:
        yield client


def code(answer: httpx.Response) -> tuple[int, str]:
    fields = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert fields["request_id"] == answer.headers["x-request-id"]
    return answer.status_code, fields["code"]


# An address that others reach


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.com"])
def test_an_address_that_others_reach_needs_a_key(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EMOTONE_API_KEYS", raising=False)
    with pytest.raises(OptionError, match="--api-key") as refused:
        access_of(host, [])
    assert "--no-auth" in refused.value.text.zh
    assert access_of(host, [], open_to_all=True) == Access((), local=False)
    assert access_of(host, [KEY]) == Access((KEY,), local=False)


def test_loopback_needs_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EMOTONE_API_KEYS", raising=False)
    for host in ("127.0.0.1", "::1", "localhost", "127.8.8.8"):
        assert access_of(host, []) == Access((), local=True)


def test_keys_come_from_everywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "keys"
    file.write_text(f"# of the team\n{OTHER}  # for the dashboard\n\n")
    monkeypatch.setenv("EMOTONE_API_KEYS", f"{KEY}, third-key-is-long-too")
    assert access_of("0.0.0.0", ["first-key-is-long-too"], file=file).keys == (
        "first-key-is-long-too",
        KEY,
        "third-key-is-long-too",
        OTHER,
    )
    assert KEY not in repr(access_of("0.0.0.0", [], file=file))


@pytest.mark.parametrize("key", ["short", "fifteen-letters", "has a space in it...", "schlüssel-schlüssel", ""])
def test_weak_keys_are_refused(key: str) -> None:
    with pytest.raises(OptionError, match="at least 16") as refused:
        access_of("127.0.0.1", [key])
    assert not key or f"'{key}'" not in str(refused.value)


def test_a_file_without_keys_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("# nothing\n")
    for file, said in (("empty", "There is no key"), ("missing", "cannot be read")):
        with pytest.raises(OptionError, match=said):
            access_of("127.0.0.1", [], file=tmp_path / file)


def test_the_command_says_it_in_one_sentence() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "emotone", "serve", "--host", "0.0.0.0"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "LANG": "en_US.UTF-8", "LANGUAGE": ""},
    )
    assert done.returncode == 2
    assert re.search(r"needs a key: --api-key \S{32} \(new, by chance\)", done.stderr)
    assert "Traceback" not in done.stderr


# Keys

EVERYTHING = [
    ("GET", "/"),
    ("GET", "/config"),
    ("GET", "/theme.css"),
    ("GET", "/favicon.ico"),
    ("GET", "/assets/index.js"),
    ("GET", "/gradio_api/info"),
    ("GET", "/gradio_api/queue/data?session_hash=a"),
    ("GET", "/gradio_api/file=/etc/passwd"),
    ("POST", "/gradio_api/upload"),
    ("POST", "/gradio_api/queue/join"),
    ("POST", "/gradio_api/run/predict"),
    ("GET", "/v1/models"),
    ("POST", "/v1/predict"),
    ("POST", "/v1/timeline"),
    ("POST", "/v1/embed"),
    ("GET", "/metrics"),
    ("GET", "/docs"),
    ("GET", "/openapi.json"),
    ("GET", "/nothing"),
    ("HEAD", "/"),
    ("OPTIONS", "/v1/predict"),
    ("DELETE", "/"),
    ("GET", "//"),
    ("GET", "/healthz/"),
    ("GET", "/healthz/../v1/models"),
    ("GET", "/sign-in/../config"),
]


@pytest.mark.parametrize(("method", "path"), EVERYTHING)
def test_without_a_key_nothing_opens(stranger: httpx.Client, method: str, path: str) -> None:
    answer = stranger.request(method, path)
    assert answer.status_code == 401
    if method != "HEAD":
        assert code(answer) == (401, "key_needed")
    assert answer.headers["www-authenticate"] == 'Bearer realm="emotone"'


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_whoever_watches_the_server_needs_none(stranger: httpx.Client, path: str) -> None:
    assert stranger.get(path).json() == {"status": "ok"}
    assert stranger.get(path, headers={"Host": "10.0.0.7"}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": f"Bearer {KEY}"},
        {"Authorization": f"bearer  {OTHER}"},
        {"X-API-Key": KEY},
        {"x-api-key": OTHER, "Authorization": "Bearer wrong"},
    ],
)
def test_each_key_opens(stranger: httpx.Client, headers: dict[str, str], clips: list[Path]) -> None:
    assert stranger.get("/v1/models", headers=headers).status_code == 200
    assert stranger.post("/v1/predict", headers=headers, files=[upload(clips[0])]).json()["emotion"] == "happy"


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": f"Basic {KEY}"},
        {"Authorization": KEY},
        {"Authorization": "Bearer"},
        {"X-API-Key": ""},
        {"X-API-Key": KEY[:-1]},
        {"X-API-Key": KEY + "x"},
        {"X-API-Key": KEY.upper()},
        {"X-API-Key": f"{KEY},{OTHER}"},
        {"X-API-Key": "é" * 20},
        {"Cookie": f"emotone_session={KEY}"},
        {"Cookie": "emotone_session=9999999999.x.y"},
        {"Cookie": 'emotone_session="; x[=;;;'},
    ],
)
def test_nothing_else_opens(stranger: httpx.Client, headers: dict[str, str]) -> None:
    encoded = {name: value.encode("utf-8") for name, value in headers.items()}
    assert stranger.get("/v1/models", headers=encoded).status_code in (401, 429)
    assert stranger.get(f"/v1/models?api_key={KEY}&key={KEY}").status_code == 401


def test_many_wrong_keys_are_slowed_and_a_right_one_still_opens(model: Recognizer) -> None:
    with (
        launch(model, None, port=0, page=False, access=Access((KEY,))) as served,
        httpx.Client(base_url=served.url) as http,
    ):
        answers = [http.get("/v1/models", headers={"X-API-Key": f"guess-{n}"}) for n in range(12)]
        assert [answer.status_code for answer in answers] == [401] * 10 + [429] * 2
        assert answers[-1].headers["retry-after"] == "60"
        assert http.get("/v1/models", headers={"X-API-Key": KEY}).status_code == 200
        assert http.post("/sign-in", data={"key": "guess"}).status_code == 429
        assert http.post("/sign-in", data={"key": KEY}).status_code == 303


# Signing in


@pytest.mark.parametrize(("language", "words"), [("en", "Sign in"), ("zh-CN", "登录")])
def test_the_page_asks_for_the_key_where_it_is(stranger: httpx.Client, language: str, words: str) -> None:
    for path in ("/", "/docs", "/config"):
        answer = stranger.get(path, headers={**HTML, "Accept-Language": language})
        assert (answer.status_code, answer.history) == (401, [])
        assert words in answer.text
        assert f'name="next" value="{path}"' in answer.text
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["cache-control"] == "no-store"


def test_a_browser_stays_signed_in_without_the_key(stranger: httpx.Client) -> None:
    answer = stranger.post("/sign-in", data={"key": f" {KEY} ", "next": "/docs"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/docs")
    cookie = answer.headers["set-cookie"]
    for part in ("HttpOnly", "SameSite=strict", "Path=/", f"Max-Age={SESSION_SECONDS}"):
        assert part in cookie
    assert KEY not in cookie
    assert "Secure" not in cookie  # over plain HTTP it would not come back
    assert "gradio" in stranger.get("/", headers=HTML).text
    assert stranger.get("/gradio_api/info").status_code == 200
    assert stranger.get("/v1/models").status_code == 200


def test_behind_tls_the_cookie_is_for_tls(stranger: httpx.Client) -> None:
    answer = stranger.post("/sign-in", data={"key": KEY}, headers={"X-Forwarded-Proto": "https"})
    assert "Secure" in answer.headers["set-cookie"]


@pytest.mark.parametrize(
    "place",
    ["//evil.example", "https://evil.example", "/\\evil.example", "/%2f/evil", "javascript:x", "/a\r\nSet-Cookie: x=1"],
)
def test_signing_in_leads_nowhere_else(stranger: httpx.Client, place: str) -> None:
    answer = stranger.post("/sign-in", data={"key": KEY, "next": place})
    assert answer.headers["location"] == "/"
    assert len(answer.headers.get_list("set-cookie")) == 1


@pytest.mark.parametrize(
    "body", [b"", b"key=wrong", b"key=" + b"x" * 10_000, b"\xff\xfe&&&==", b"key[]=" + KEY.encode()]
)
def test_a_wrong_key_does_not_sign_in(stranger: httpx.Client, body: bytes) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = stranger.post("/sign-in", content=body, headers=headers)
    assert answer.status_code in (401, 429)
    assert 'role="alert"' in answer.text
    assert "set-cookie" not in answer.headers


def test_nothing_of_a_request_is_in_the_form(stranger: httpx.Client) -> None:
    for path in ('/"><script>alert(1)</script>', "/<b>"):
        assert "<script>" not in (answer := stranger.get(path, headers=HTML)).text
        assert "<b>" not in answer.text


def test_a_session_ends_with_time_and_with_its_key(monkeypatch: pytest.MonkeyPatch) -> None:
    access = Access((OTHER, KEY))
    session = access.session(KEY)
    assert access.knows(session)
    assert session != access.session(KEY)
    assert Access((KEY,)).knows(session)  # after a restart
    assert not Access((OTHER,)).knows(session)
    end, chance, mark = session.split(".")
    for forged in (
        f"{int(end) + 9}.{chance}.{mark}",
        f"{end}.{chance}x.{mark}",
        f"{end}.{chance}.",
        "",
        ".",
        "..",
        f"x{session}",
    ):
        assert not access.knows(forged)
    later = time.time() + SESSION_SECONDS + 1
    monkeypatch.setattr(time, "time", lambda: later)
    assert not access.knows(session)


# Other sites


@pytest.fixture(scope="module")
def open_page(model: Recognizer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """API and page on loopback without keys."""
    with launch(model, tmp_path_factory.mktemp("outputs"), port=0) as served:
        yield served


@pytest.fixture
def visitor(open_page: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=open_page.url, timeout=30) as client:
        yield client


def test_names() -> None:
    assert [host_name(host) for host in ("A.b:80", "[::1]:80", "::1", "x", "127.0.0.1:7")] == [
        "a.b",
        "::1",
        "::1",
        "x",
        "127.0.0.1",
    ]
    assert all(map(is_loopback, ("localhost", "LOCALHOST", "127.0.0.1", "127.255.0.1", "::1")))
    assert not any(
        map(is_loopback, ("0.0.0.0", "::", "localhost.evil.example", "127.0.0.1.evil.example", "", "10.0.0.1"))
    )


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:7860", "0.0.0.0:7860", "192.168.0.1", "localhost.evil.example", ""]
)
def test_a_name_that_somebody_points_here_is_refused(visitor: httpx.Client, host: str) -> None:
    for path in ("/", "/v1/models", "/gradio_api/info"):
        assert code(visitor.get(path, headers={"Host": host})) == (421, "misdirected_request")


@pytest.mark.parametrize("host", ["localhost:1234", "127.0.0.1", "[::1]:7860", "LocalHost"])
def test_names_of_this_computer_are_answered(visitor: httpx.Client, host: str) -> None:
    assert visitor.get("/v1/models", headers={"Host": host}).status_code == 200


def test_a_proxy_is_allowed_by_its_name(model: Recognizer) -> None:
    access = Access(names=frozenset({"voice.example"}))
    with launch(model, None, port=0, page=False, access=access) as served, httpx.Client(base_url=served.url) as http:
        public = {"Host": "voice.example", "Origin": "https://voice.example"}
        assert http.post("/v1/predict", headers=public).status_code == 422
        assert http.post("/v1/predict", headers={**public, "Host": "127.0.0.1:1"}).status_code == 422
        assert http.get("/v1/models", headers={"Host": "other.example"}).status_code == 421


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://127.0.0.1:1", "https://localhost", "", "file://"]
)
def test_pages_of_other_sites_change_nothing(visitor: httpx.Client, origin: str) -> None:
    headers = {"Origin": origin}
    for path in (
        "/v1/predict",
        "/gradio_api/upload",
        "/gradio_api/queue/join",
        "/gradio_api/run/predict",
        "/gradio_api/cancel",
    ):
        assert code(visitor.post(path, headers=headers, content=b"x")) == (403, "foreign_page")


def test_its_own_page_does(visitor: httpx.Client, clips: list[Path]) -> None:
    own = {"Origin": str(visitor.base_url).rstrip("/")}
    assert visitor.post("/v1/predict", headers=own, files=[upload(clips[0])]).status_code == 200


@pytest.mark.parametrize("path", ["/", "/config", "/v1/models", "/healthz", "/gradio_api/info"])
@pytest.mark.parametrize("origin", ["http://evil.example", "http://localhost:3000", "http://127.0.0.1:3000", "null"])
def test_pages_of_other_sites_read_nothing(visitor: httpx.Client, path: str, origin: str) -> None:
    asked = {"Origin": origin, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-api-key"}
    for answer in (visitor.get(path, headers={"Origin": origin}), visitor.options(path, headers=asked)):
        assert not [name for name in answer.headers if name.startswith("access-control")]


# WebSockets


@pytest.fixture(scope="module")
def echo(model: Recognizer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server behind a key with a WebSocket that answers."""
    from contextlib import ExitStack

    import fastapi

    from emotone.library import Library
    from emotone.server import listen, serve
    from emotone.server.app import create_app
    from emotone.server.service import Service

    service = Service(Library(model, None), tmp_path_factory.mktemp("private"), access=Access((KEY,)))
    app = create_app(service)

    async def answer(socket: fastapi.WebSocket) -> None:
        await socket.accept()
        await socket.send_text(socket.state.request_id)
        await socket.close()

    app.add_api_websocket_route("/echo", answer)
    with serve(app, service, listen("127.0.0.1", 0), ExitStack()) as served:
        yield served.url.replace("http", "ws", 1) + "echo"


def test_a_websocket_needs_a_key_before_it_opens(echo: str) -> None:
    from websockets.exceptions import InvalidStatus
    from websockets.sync.client import connect

    own = "http://" + host_port(echo)
    session = Access((KEY,)).session(KEY)
    for headers in (
        {},
        {"X-API-Key": "wrong"},
        {"X-API-Key": KEY, "Origin": "http://evil.example"},
        {"Cookie": f"emotone_session={session}", "Origin": "http://evil.example"},
        {"X-API-Key": KEY, "Origin": "null"},
    ):
        with pytest.raises(InvalidStatus) as refused, connect(echo, additional_headers=headers):
            pass
        assert refused.value.response.status_code == 403
    for headers in (
        {"Authorization": f"Bearer {KEY}"},
        {"X-API-Key": KEY, "Origin": own},
        {"Cookie": f"emotone_session={session}", "Origin": own},
    ):
        with connect(echo, additional_headers={**headers, "X-Request-ID": "live-1"}) as socket:
            assert socket.recv() == "live-1"
            assert socket.response.headers["X-Request-ID"] == "live-1"


def host_port(url: str) -> str:
    return url.split("/")[2]


# What is noted


@pytest.mark.parametrize("given", ["a" * 65, "has space", "é", "a\tb", "<script>"])
def test_an_id_that_is_no_id_is_replaced(visitor: httpx.Client, given: str) -> None:
    answer = visitor.get("/healthz", headers={"X-Request-ID": given.encode()})
    assert re.fullmatch(r"[0-9a-f]{32}", answer.headers["x-request-id"])


def test_an_id_comes_back_everywhere(visitor: httpx.Client) -> None:
    for path in ("/healthz", "/", "/v1/nothing", "/gradio_api/nothing"):
        assert visitor.get(path, headers={"X-Request-ID": "call-42.a_b"}).headers["x-request-id"] == "call-42.a_b"
    assert visitor.get("/v1/nothing", headers={"X-Request-ID": "call-43"}).json()["request_id"] == "call-43"


def test_a_bug_is_no_traceback(model: Recognizer, clips: list[Path], caplog: pytest.LogCaptureFixture) -> None:
    class Broken(Runner):
        def run(self, signals: object) -> object:
            raise RuntimeError("the secret inside")

    broken = Recognizer(Broken(), model.head, model.info)
    with launch(broken, None, port=0, page=False) as served, httpx.Client(base_url=served.url) as http:
        answer = http.post("/v1/predict", files=[upload(clips[0])])
        assert code(answer) == (500, "internal")
        assert "secret" not in answer.text
        assert "Traceback" not in answer.text
        assert http.get("/healthz").status_code == 200
    assert "the secret inside" in caplog.text


@pytest.fixture
def running(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`emotone serve` as a process of its own, with a log, and its address."""
    (tmp_path / "temporary").mkdir()
    (tmp_path / "keys").write_text(KEY)
    command = [sys.executable, "-m", "emotone", "serve", "--no-page", "--port", str(free_port())]
    process = subprocess.Popen(
        [
            *command,
            "--api-key-file",
            str(tmp_path / "keys"),
            "--log",
            str(tmp_path / "log"),
            "-o",
            str(tmp_path / "outputs"),
        ],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path / "temporary"), "LANG": "en_US.UTF-8", "LANGUAGE": ""},
    )
    line = process.stderr.readline()
    yield process, re.search(r"http://\S+", line).group()
    process.kill()
    process.wait()
    process.stderr.close()


def free_port() -> int:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def test_the_log_says_what_happened_and_nothing_private(
    running: tuple[subprocess.Popen[str], str], clips: list[Path], tmp_path: Path
) -> None:
    process, url = running
    with httpx.Client(base_url=url, timeout=60, headers={"X-API-Key": KEY}) as http:
        answer = http.post(
            "/v1/predict?abstain=false",
            files=[("file", ("private-name.ogg", clips[0].read_bytes()))],
            headers={"X-Request-ID": "one"},
        )
        assert answer.json()["emotion"] == "happy"
        assert http.get("/v1/secret-path", headers={"X-Request-ID": "two"}).status_code == 404
        assert http.get("/v1/models", headers={"X-API-Key": "wrong-key", "X-Request-ID": "three"}).status_code == 401
    process.send_signal(signal.SIGTERM)
    process.wait(30)
    text = (tmp_path / "log").read_text()
    for private in ("private-name", "secret-path", KEY, "wrong-key", "happy", str(tmp_path)):
        assert private not in text
    lines = {line["id"]: line for line in map(json.loads, text.splitlines()) if line["message"] == "request"}
    first = lines["one"]
    assert (first["method"], first["route"], first["status"]) == ("POST", "/v1/predict", 200)
    assert first["seconds"] == pytest.approx(3.1, abs=0.1)
    assert first["ms"] > 0
    assert "client" not in first
    assert lines["two"]["status"] == 404
    assert (lines["three"]["status"], lines["three"]["client"]) == (401, "127.0.0.1")


# Hostile media


def test_hostile_media_is_a_problem_and_the_server_lives(model: Recognizer, clips: list[Path]) -> None:
    options = ServerOptions(max_seconds=600)
    with (
        launch(model, None, port=0, page=False, options=options) as served,
        httpx.Client(base_url=served.url, timeout=60) as http,
    ):
        for name in (
            "index of 30 million samples",
            "cuts that repeat an index",
            "compressed header of 64 MB",
            "2^31 Hz",
            "zip",
        ):
            answer = http.post("/v1/predict", files=[("file", (f"{name}.m4a", REFUSED[name]()))])
            assert answer.status_code in (415, 422), (name, answer.text)
            assert issubclass(getattr(errors, code(answer)[1]), errors.AudioError)
        long = http.post("/v1/predict", files=[("file", ("long.flac", flac_silence(100)))])
        assert code(long) == (413, "AudioTooLongError")
        assert http.post("/v1/predict", files=[upload(clips[0])]).json()["emotion"] == "happy"


def test_the_page_has_the_same_limit(model: Recognizer, tmp_path: Path) -> None:
    from emotone.webui.analysis import Chosen, Problem, Settings, analyse
    from emotone.webui.shelf import Shelf

    (tmp_path / "long.flac").write_bytes(flac_silence(100))
    options = ServerOptions(max_seconds=600)
    with launch(model, None, port=0, page=False, options=options) as served:
        shelf = Shelf(tmp_path, lambda path: None, served.service.open)
        *_, problem = analyse(model, Chosen("long.flac", tmp_path / "long.flac"), Settings(), None, shelf)
    assert isinstance(problem, Problem)
    assert "'long.flac' is longer than 600 s" in problem.text.en


def test_a_log_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="cannot be written"):
        log_to(str(tmp_path / "no" / "log"))


# What is left behind


def test_what_a_killed_server_left_goes_when_the_next_one_starts(
    running: tuple[subprocess.Popen[str], str], tmp_path: Path
) -> None:
    process, _ = running
    place = tmp_path / "temporary"
    (folder,) = place.glob("emotone_*")
    (folder / "request_1").mkdir()
    (folder / "request_1" / "upload").write_bytes(b"private")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert remove_left_over(place) == 0  # it lives
    assert folder.exists()
    process.kill()
    process.wait()
    assert folder.exists()
    with private_folder(place) as own:
        assert list(place.iterdir()) == [own]
        assert stat.S_IMODE(own.stat().st_mode) == 0o700
    assert list(place.iterdir()) == []


def test_other_folders_are_not_taken_for_one(tmp_path: Path) -> None:
    (tmp_path / "emotone_without_lock").mkdir()
    (tmp_path / "emotone_file").write_text("stay")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / ".in_use").touch()
    (tmp_path / "emotone_link").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    (tmp_path / "emotone_left").mkdir()
    (tmp_path / "emotone_left" / ".in_use").touch()
    assert remove_left_over(tmp_path) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "elsewhere",
        "emotone_file",
        "emotone_link",
        "emotone_without_lock",
    ]


def test_uploads_of_the_api_go_with_their_request(open_page: Served, visitor: httpx.Client, clips: list[Path]) -> None:
    for files in ([upload(clips[0])], [("file", ("x.wav", b"no sound"))]):
        visitor.post("/v1/predict", files=files)
    assert [path.name for path in open_page.service.folder.iterdir() if path.name.startswith("request")] == []
    assert stat.S_IMODE(open_page.service.folder.stat().st_mode) == 0o700


# Keeping nothing

KEEPING_NOTHING = """
import json, os, sys
from pathlib import Path
from urllib.request import urlopen

import emotone
from emotone.cli.launching import launch
from emotone.webui.analysis import Chosen, Settings, analyse
from emotone.webui.shelf import Shelf

model = emotone.load_model()
with launch(model, None, port=0) as served:
    page = served.service.folder / "page"
    shelf = Shelf(page, lambda path: None, served.service.decoders.open)
    *_, report = analyse(model, Chosen("a.ogg", Path(sys.argv[1])), Settings(embedding=True), None, shelf)
    fetched = {one.name: len(urlopen(served.url + one.url).read()) == one.size for one in report.downloads}
    files = sorted(path.name for path in page.rglob("*") if path.is_file())
print(json.dumps([report.folder, fetched, files, served.service.folder.exists(), os.listdir()]))
"""


def test_without_a_store_results_are_for_the_visit_only(clips: list[Path], tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", KEEPING_NOTHING, clips[0]],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
        env={name: value for name, value in os.environ.items() if name != "GRADIO_TEMP_DIR"},  # of a server above
    )
    folder, fetched, files, left, here = json.loads(done.stdout)
    assert folder == ""
    assert fetched == {"embedding.npy": True, "processed_audio.wav": True, "result.json": True}
    assert files == sorted(fetched)  # on the shelf, once
    assert not left
    assert here == []


def test_retention_is_for_what_is_kept() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "emotone", "serve", "--no-store", "--keep-days", "7"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "--no-store" in done.stderr
