"""A small object store on loopback: as much of S3's protocol as listing and reading take."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

_CHANGED = "Sun, 22 Nov 2026 12:00:00 GMT"


@contextmanager
def serving(objects: Mapping[str, bytes], requests: list[str] | None = None) -> Iterator[str]:
    """Serves a bucket with these objects; what is given goes behind a URL: `s3://bucket/key?…`.

    What is asked for is added to `requests`, such as `GET key`.
    """

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self._answer(body=False)

        def do_GET(self) -> None:
            self._answer(body=True)

        def _answer(self, *, body: bool) -> None:
            parts = urlsplit(self.path)
            bucket, _, key = unquote(parts.path).lstrip("/").partition("/")
            if requests is not None:
                requests.append(f"{self.command} {key}")
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            if bucket != "bucket":
                self._send(404, b"", body)
            elif not key:
                self._send(200, _listing(objects, query.get("prefix", ""), query.get("delimiter", "")), body)
            elif key not in objects:
                self._send(404, b"", body)
            elif wanted := self.headers.get("Range"):
                first, last = wanted.removeprefix("bytes=").split("-")
                self._send(206, objects[key][int(first) : int(last or len(objects[key])) + 1], body)
            else:
                self._send(200, objects[key], body)

        def _send(self, status: int, data: bytes, body: bool) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.send_header("Last-Modified", _CHANGED)
            self.end_headers()
            if body:
                self.wfile.write(data)

        def log_message(self, *arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"?scheme=http&endpoint_override=127.0.0.1:{server.server_port}&region=us-east-1"
        server.shutdown()


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
                f"<Contents><Key>{escape(key)}</Key><Size>{len(data)}</Size>"
                "<LastModified>2026-11-22T12:00:00.000Z</LastModified></Contents>"
            )
    common = "".join(f"<CommonPrefixes><Prefix>{escape(one)}</Prefix></CommonPrefixes>" for one in sorted(folders))
    return (
        '<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>bucket</Name>'
        f"<Prefix>{escape(prefix)}</Prefix><IsTruncated>false</IsTruncated><KeyCount>{len(found) + len(folders)}</KeyCount>"
        f"{''.join(found)}{common}</ListBucketResult>"
    ).encode()
