"""A hub on loopback that speaks enough of both hubs' protocols for their real clients, with faults on demand."""

import hashlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Literal
from urllib.parse import parse_qs, quote, unquote, urlsplit

COMMIT = "0123456789abcdef0123456789abcdef01234567"
BLOCK = 64 * 1024

Kind = Literal["drop", "wrong", "status", "slow", "hold"]


@dataclass
class Fault:
    """Something that goes wrong with a file.

    Args:
        kind: `drop` closes the connection after `after` bytes of the answer, `wrong` sends other bytes, `status` answers
            with `status`, `slow` waits between blocks, `hold` stops after `after` bytes until `go` is set.
        path: The end of the file's path; empty is every file.
        times: How many answers it spoils.
    """

    kind: Kind
    path: str = ""
    times: int = 10**9
    after: int = 0
    status: int = 404
    go: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True)
class Request:
    """A request as the hub saw it, and how many bytes of the file it sent."""

    method: str
    path: str
    range: str | None
    sent: int


class Hub:
    """The files of one folder, as any model of both hubs.

    Attributes:
        url: For HF_ENDPOINT and MODELSCOPE_ENDPOINT.
        faults: What goes wrong.
        requests: What was asked so far.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.faults: list[Fault] = []
        self.requests: list[Request] = []
        self._hashes: dict[tuple[Path, int], str] = {}
        hub = self

        class Handler(_Handler):
            pass

        Handler.hub = hub
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.cdn = f"http://localhost:{self.port}"  # another host, as where the hubs keep large files
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        for fault in self.faults:
            fault.go.set()
        self._server.shutdown()
        self._server.server_close()

    def downloads(self, name: str) -> list[Request]:
        """The answers that held bytes of a file."""
        return [request for request in self.requests if request.method == "GET" and request.path == name]

    def sha256(self, path: Path) -> str:
        key = (path, path.stat().st_mtime_ns)
        if key not in self._hashes:
            self._hashes[key] = hashlib.sha256(path.read_bytes()).hexdigest()
        return self._hashes[key]

    def files(self) -> dict[str, Path]:
        return {
            path.relative_to(self.folder).as_posix(): path for path in sorted(self.folder.rglob("*")) if path.is_file()
        }

    def fault(self, path: str, *kinds: Kind) -> Fault | None:
        for fault in self.faults:
            if fault.kind in kinds and fault.times > 0 and path.endswith(fault.path):
                fault.times -= 1
                return fault
        return None


@contextmanager
def serving(folder: Path) -> Iterator[Hub]:
    """A hub for the length of a `with` block."""
    hub = Hub(folder)
    try:
        yield hub
    finally:
        hub.close()


class _Handler(BaseHTTPRequestHandler):
    hub: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments: Any) -> None:
        pass

    def do_HEAD(self) -> None:
        self._route()

    def do_GET(self) -> None:
        self._route()

    def _route(self) -> None:
        url = urlsplit(self.path)
        parts = unquote(url.path).strip("/").split("/")
        query = {key: values[0] for key, values in parse_qs(url.query).items()}
        if parts[0] == "cdn":
            self._send_file("/".join(parts[1:]))
        elif parts[:3] == ["api", "v1", "models"] and parts[5:] == ["repo", "files"]:
            self._list_modelscope()
        elif parts[:3] == ["api", "v1", "models"] and parts[5:] == ["repo"]:
            self._redirect_or_send(query["FilePath"], "modelscope")
        elif len(parts) > 4 and parts[2] == "resolve":
            self._redirect_or_send("/".join(parts[4:]), "huggingface")
        else:
            self._note(url.path, 0)
            self._answer(404, b"{}")

    def _list_modelscope(self) -> None:
        self._note("listing", 0)
        if fault := self.hub.fault("listing", "status"):
            self._answer(fault.status, json.dumps({"Code": fault.status, "Message": "no", "Success": False}).encode())
            return
        rows = [
            {
                "Path": name,
                "Name": path.name,
                "Type": "blob",
                "Size": path.stat().st_size,
                "Sha256": self.hub.sha256(path),
            }
            for name, path in self.hub.files().items()
        ]
        self._answer(200, json.dumps({"Code": 200, "Data": {"Files": rows}, "Success": True}).encode())

    def _redirect_or_send(self, name: str, hub: str) -> None:
        """Large files lie elsewhere; small ones are sent, whole whatever the range."""
        path = self.hub.files().get(name)
        if fault := self.hub.fault(name, "status"):
            self._note(name, 0)
            self._answer(fault.status, b"{}", {"X-Error-Code": "RepoNotFound"} if fault.status == 404 else {})
        elif path is None:
            self._note(name, 0)
            self._answer(404, b"{}", {"X-Error-Code": "EntryNotFound"})
        elif name.endswith(".pt"):
            headers = {"Location": f"{self.hub.cdn}/cdn/{quote(name)}"}
            if hub == "huggingface":
                linked = {"X-Linked-Size": str(path.stat().st_size), "X-Linked-ETag": f'"{self.hub.sha256(path)}"'}
                headers |= {"X-Repo-Commit": COMMIT, **linked}
            if self.command == "HEAD":
                self._note(name, 0)
            self._answer(302, b"", headers)
        else:
            self._send_file(name, ranges=False)

    def _send_file(self, name: str, *, ranges: bool = True) -> None:
        data = self.hub.files()[name].read_bytes()
        wanted = self.headers.get("Range") if ranges else None
        start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted else 0
        headers = {"ETag": '"d670460b4b4aece5915caf5c68d12f560a9fe3e4"', "X-Repo-Commit": COMMIT}  # of git, 40 digits
        if wanted:
            headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        self.send_response(206 if wanted else 200)
        for key, value in (headers | {"Content-Length": str(len(data) - start)}).items():
            self.send_header(key, value)
        self.end_headers()
        sent = 0
        try:
            if self.command == "GET":
                sent = self._send(data[start:], name)
        finally:
            self._note(name, sent)

    def _send(self, data: bytes, name: str) -> int:
        fault = self.hub.fault(name, "drop", "wrong", "slow", "hold")
        kind = fault.kind if fault else None
        if kind == "wrong":
            data = bytes(byte ^ 1 for byte in data[:BLOCK]) + data[BLOCK:]
        sent = 0
        try:
            while sent < len(data):
                block = data[sent : sent + BLOCK]
                if fault and kind in ("drop", "hold") and sent <= fault.after < sent + len(block):
                    self.wfile.write(block[: fault.after - sent])
                    sent = fault.after
                    if kind == "drop":
                        self.close_connection = True
                        break
                    fault.go.wait(60)
                    fault, kind = None, None
                    continue
                self.wfile.write(block)
                sent += len(block)
                if kind == "slow":
                    time.sleep(0.02)
        except OSError:  # the client has gone
            self.close_connection = True
        return sent

    def _answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for key, value in (
            {"Content-Length": str(len(body)), "Content-Type": "application/json"} | (headers or {})
        ).items():
            self.send_header(key, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def _note(self, name: str, sent: int) -> None:
        self.hub.requests.append(Request(self.command, name, self.headers.get("Range"), sent))
