"""A small object store on loopback: as much of S3's protocol as listing, reading, writing and deleting take."""

import hashlib
import re
import threading
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape, unescape

_CHANGED = "Sun, 22 Nov 2026 12:00:00 GMT"


@contextmanager
def serving(objects: MutableMapping[str, bytes], requests: list[str] | None = None) -> Iterator[str]:
    """Serves a bucket with these objects; gives its address, such as `127.0.0.1:4000`.

    What is asked for is added to `requests`, such as `GET key`.
    """
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # else each answer waits 40 ms between its head and its body

        def do_HEAD(self) -> None:
            self._read(body=False)

        def do_GET(self) -> None:
            self._read(body=True)

        def do_PUT(self) -> None:
            key, data = self._asked()[0], self._sent()
            with lock:  # of two that write a new object, one is the first
                if self.headers.get("If-None-Match") == "*" and key in objects:
                    self._send(412, b"")
                else:
                    objects[key] = data
                    self._send(200, b"", data)

        def do_DELETE(self) -> None:
            objects.pop(self._asked()[0], None)
            self._send(204, b"")

        def do_POST(self) -> None:
            """DeleteObjects: the only one that is known here."""
            keys = [unescape(key) for key in re.findall("<Key>(.*?)</Key>", self._sent().decode())]
            for key in keys:
                objects.pop(key, None)
            deleted = "".join(f"<Deleted><Key>{escape(key)}</Key></Deleted>" for key in keys)
            self._send(200, f'<?xml version="1.0"?><DeleteResult>{deleted}</DeleteResult>'.encode())

        def _read(self, *, body: bool) -> None:
            key, query = self._asked()
            data = objects.get(key)
            if key is None:
                self._send(404, _error("NoSuchBucket", "The specified bucket does not exist"), body=body)
            elif not key:
                self._send(200, _listing(objects, query.get("prefix", ""), query.get("delimiter", "")), body=body)
            elif data is None:
                self._send(404, _error("NoSuchKey", "The specified key does not exist"), body=body)
            elif wanted := self.headers.get("Range"):
                first, last = wanted.removeprefix("bytes=").split("-")
                start, end = (
                    (int(first), int(last or len(data) - 1)) if first else (len(data) - int(last), len(data) - 1)
                )
                self._send(206, data[start : end + 1], data, range_=(start, min(end, len(data) - 1)), body=body)
            else:
                self._send(200, data, data, body=body)

        def _asked(self) -> tuple[str | None, dict[str, str]]:
            """The key and the query; the key of another bucket is `None`."""
            parts = urlsplit(self.path)
            bucket, _, key = unquote(parts.path).lstrip("/").partition("/")
            if requests is not None:
                requests.append(f"{self.command} {key}")
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            return key if bucket == "bucket" else None, query

        def _sent(self) -> bytes:
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))

        def _send(
            self,
            status: int,
            data: bytes,
            whole: bytes = b"",
            *,
            range_: tuple[int, int] | None = None,
            body: bool = True,
        ) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.send_header("Last-Modified", _CHANGED)
            self.send_header("ETag", f'"{_tag(whole)}"')
            if range_:
                self.send_header("Content-Range", f"bytes {range_[0]}-{range_[1]}/{len(whole)}")
            self.end_headers()
            if body:
                self.wfile.write(data)

        def log_message(self, *arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()


def options_for(address: str) -> str:
    """What goes behind a URL for pyarrow: `s3://bucket/key?…`."""
    return f"?scheme=http&endpoint_override={address}&region=us-east-1"


def _tag(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def _error(code: str, message: str) -> bytes:
    return f'<?xml version="1.0"?><Error><Code>{code}</Code><Message>{message}</Message></Error>'.encode()


def _listing(objects: Mapping[str, bytes], prefix: str, delimiter: str) -> bytes:
    """What ListObjectsV2 says."""
    found, folders = [], set()
    for key, data in sorted(objects.items()):
        rest = key.removeprefix(prefix)
        if not key.startswith(prefix):
            continue
        if delimiter and delimiter in rest:
            folders.add(prefix + rest.partition(delimiter)[0] + delimiter)
        else:
            found.append(
                f"<Contents><Key>{escape(key)}</Key><Size>{len(data)}</Size><ETag>{_tag(data)}</ETag>"
                "<LastModified>2026-11-22T12:00:00.000Z</LastModified></Contents>"
            )
    common = "".join(f"<CommonPrefixes><Prefix>{escape(one)}</Prefix></CommonPrefixes>" for one in sorted(folders))
    return (
        '<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>bucket</Name>'
        f"<Prefix>{escape(prefix)}</Prefix><IsTruncated>false</IsTruncated><KeyCount>{len(found) + len(folders)}</KeyCount>"
        f"{''.join(found)}{common}</ListBucketResult>"
    ).encode()
