"""Bodies that nobody should send: each is answered with a problem, never with an internal error."""

import base64
import json
from pathlib import Path

import httpx
import numpy as np
import pytest
from sending import json_body

from emotone.server import Served

GOOD_OR_REFUSED = {200, 400, 406, 413, 415, 422}
BOUNDARY = "b0undary"


def form(*parts: tuple[str, bytes]) -> bytes:
    """A form of parts: a header's parameters, and a content."""
    head = "--{}\r\nContent-Disposition: form-data; {}\r\n\r\n"
    body = b"".join(head.format(BOUNDARY, name).encode("latin-1") + data + b"\r\n" for name, data in parts)
    return body + f"--{BOUNDARY}--\r\n".encode()


def check(answer: httpx.Response, what: object) -> None:
    assert answer.status_code in GOOD_OR_REFUSED, (what, answer.text)
    if answer.status_code != 200:
        assert answer.headers["content-type"] == "application/problem+json", what
        assert {"type", "title", "status", "detail", "detail_zh", "code"} <= answer.json().keys()


def mutated(data: bytes, random: np.random.Generator) -> bytes:
    """The same with bytes changed, taken out, put in, or its end missing."""
    changed = bytearray(data)
    for _ in range(random.integers(1, 12)):
        place = int(random.integers(0, max(len(changed), 1)))
        kind = random.integers(0, 5)
        if kind == 0:
            changed[place : place + 1] = random.bytes(1)
        elif kind == 1:
            del changed[place : place + int(random.integers(1, 40))]
        elif kind == 2:
            changed[place:place] = random.bytes(int(random.integers(1, 40)))
        elif kind == 3:
            changed[place:place] = changed[: int(random.integers(1, 200))]
        else:
            del changed[place:]
    return bytes(changed)


@pytest.fixture(scope="module")
def short(clips: list[Path]) -> bytes:
    return clips[0].read_bytes()[:4000]


def test_mutated_forms(http: httpx.Client, short: bytes):
    body = form(('name="window"', b"2"), ('name="file"; filename="a.ogg"', short), ('name="file"; filename="b"', b""))
    kind = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    random = np.random.default_rng(5)
    for number in range(60):
        check(http.post("/v1/timeline", content=mutated(body, random), headers=kind), number)
    for end in range(0, len(body), 97):
        check(http.post("/v1/timeline", content=body[:end], headers=kind), end)


def test_mutated_json(http: httpx.Client, clips: list[Path]):
    body = json.dumps(json_body(clips[:1], window=2, head=["emotions"])).encode()
    random = np.random.default_rng(6)
    for number in range(60):
        check(
            http.post("/v1/timeline", content=mutated(body, random), headers={"Content-Type": "application/json"}),
            number,
        )


def test_mutated_recordings(http: httpx.Client, clips: list[Path]):
    data = clips[0].read_bytes()
    random = np.random.default_rng(7)
    for number in range(60):
        check(http.post("/v1/predict", content=mutated(data, random)), number)


@pytest.mark.parametrize(
    "value",
    [
        b"null",
        b'"text"',
        b"1e999",
        b"[" * 200_000,
        b'{"files":' * 5_000,
        b'{"files": {"data": 1}}',
        b'{"files": [null]}',
        b'{"files": [[]]}',
        b'{"files": [{"data": "\xff"}]}',
        b'{"files": [{"data": "AA=A"}]}',
        b'{"files": [{"data": "\\ud800"}]}',
        b'{"files": [{"data": "UklGRg==", "name": "\\ud800/../../etc/passwd\\u0000"}]}',
        b'{"files": [{"data": "UklGRg==", "name": 5}]}',
        b'{"files": [{"data": ""}], "window": NaN, "hop": Infinity}',
        b'{"files": [{"data": ""}], "window": 1e400}',
        b'{"files": [{"data": ""}], "channel": 1e30}',
        b'{"files": [{"data": ""}], "channel": ' + b"9" * 5000 + b"}",
        b'{"files": [{"data": ""}], "head": [{"data": "W10="}], "baseline": [{"data": "UEsDBA==", "name": "a.npz"}]}',
        b'{"files": [{"data": ""}], "turns": {"data": "WzFd"}}',
        b'{"files": [{"data": ""}], "\\ud800": 1}',
        b'{"files": [{"data": ""}], "model": "\\ud800\\u0000"}',
        b'{"file": [{"data": ""}], "files": [{"data": ""}]}',
    ],
)
def test_odd_json(http: httpx.Client, value: bytes):
    for path in ("/v1/predict", "/v1/timeline", "/v1/embed"):
        answer = http.post(path, content=value, headers={"Content-Type": "application/json"})
        check(answer, value[:80])
        assert answer.status_code != 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": ""},
        {"Content-Type": "multipart/form-data; boundary="},
        {"Content-Type": "multipart/form-data; boundary=" + "b" * 5000},
        {"Content-Type": 'multipart/form-data; boundary="unfinished'},
        {"Content-Type": "multipart/mixed; boundary=b"},
        {"Content-Type": "application/json; charset=no-such"},
        {"Content-Type": "text/plain; =; ;;"},
        {"Content-Type": "\xff\xfe"},
        {"Accept": ""},
        {"Accept": ",;q,"},
        {"Accept": "*/*;q=nan, text/csv;q=inf;q=-1"},
        {"Accept": "a" * 10_000},
        {"Accept-Language": "\xff"},
        {"Content-Encoding": "gzip"},
        {"Transfer-Encoding": "chunked"},
        {"X-Request-ID": "\xff" * 100},
    ],
)
def test_odd_headers(http: httpx.Client, headers: dict[str, str]):
    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    check(http.post("/v1/predict", content=b"--b\r\nRIFF", headers=raw), headers)


@pytest.mark.parametrize(
    "name",
    [
        'name="file"; filename="../../etc/passwd"',
        'name="file"; filename=""',
        "name=file; filename=\xff\xfe",
        'name="file"; filename="' + "a" * 3000 + '"',
        "name=\"file\"; filename*=utf-8''%e6%84%a4",
        'name=""; filename="a"',
        "filename=a",
        "",
        'name="\x00"; filename="\x00"',
        'name="window"; filename="a"',
    ],
)
def test_odd_parts_of_a_form(http: httpx.Client, name: str, short: bytes):
    kind = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    answer = http.post("/v1/predict", content=form((name, short)), headers=kind)
    check(answer, name)
    if answer.status_code == 200:
        assert "/" not in answer.json()["source"]["name"]


@pytest.mark.parametrize(
    "query", ["%ff=%ff", "window=%00", "a" * 20_000, "model=%ED%A0%80", "channel=" + "9" * 5000, "&&=&"]
)
def test_odd_queries(http: httpx.Client, query: str):
    check(http.post(f"/v1/timeline?{query}", content=base64.b64decode("UklGRg==")), query[:80])


def test_nothing_is_left(api: Served):
    work = api.service.work
    assert (work.in_flight, work.waiting, work.running) == (0, 0, 0)
    assert list(api.service.folder.glob("request_*")) == []
