"""An application on a port: own socket, own private folder, a clean end. Importing this module does not import FastAPI."""

import errno
import socket
from contextlib import ExitStack
from threading import Thread
from types import TracebackType
from typing import TYPE_CHECKING

from ..errors import MissingExtraError, OptionError

if TYPE_CHECKING:
    import fastapi
    import uvicorn

    from .service import Service

_PATIENCE = 1  # seconds for connections when the server ends; an open page keeps one open for ever


class Served:
    """An application that is being served, until it is closed. Also a context manager.

    Attributes:
        url: Where it is.
        service: What its routes share.
    """

    def __init__(
        self, url: str, server: "uvicorn.Server", listener: socket.socket, service: "Service", held: ExitStack
    ):
        self.url = url
        self.service = service
        self._server = server
        self._held = held
        self._thread = Thread(target=server.run, args=([listener],), name="emotone-server", daemon=True)
        self._thread.start()

    def wait(self) -> None:
        """Returns when the server has ended. KeyboardInterrupt passes through; `close` then."""
        while self._thread.is_alive():  # in steps: Windows cannot interrupt an endless wait
            self._thread.join(0.5)

    def close(self) -> None:
        """Stops serving, and removes uploads. Results stay, and models that were fetched."""
        try:
            self.service.close()
        finally:  # also when somebody presses Ctrl-C once more
            self._server.should_exit = True
            try:
                self._thread.join()
            finally:
                self._held.close()

    def __enter__(self) -> "Served":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def prepare() -> None:
    """Imports FastAPI.

    Raises:
        MissingExtraError: When something of the extra is not installed.
    """
    try:
        from . import app  # noqa: F401, PLC0415 - may be missing
    except ModuleNotFoundError as error:
        raise MissingExtraError.of("server") from error


def serve(app: "fastapi.FastAPI", service: "Service", listener: socket.socket, held: ExitStack) -> Served:
    """Serves an application in a thread and returns at once.

    Args:
        app: Of `create_app`, with whatever is mounted behind it.
        service: What its routes share; closed with the server.
        listener: Of `listen`.
        held: What is released when the server is closed.
    """
    import uvicorn  # noqa: PLC0415 - belongs to an extra

    # One parser for all: with httptools, which comes with Ray, uvicorn answers bad requests in words of its own.
    config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=_PATIENCE, http="h11")
    host, port = listener.getsockname()[:2]
    return Served(_url(host, port), uvicorn.Server(config), listener, service, held)


def listen(host: str, port: int) -> socket.socket:
    """A socket on which a server can listen.

    Args:
        host: The address; `0.0.0.0` is all of this computer's.
        port: 0 takes any free one.

    Raises:
        OptionError: When the port is taken or the address is not one of this computer.
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family)
    except (OSError, OverflowError, UnicodeError) as error:
        if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
            raise OptionError(
                f"Port {port} on {host} is taken by another program. Choose another with --port.",
                f"{host} 的端口 {port} 已被其他程序占用。请用 --port 指定其他端口。",
            ) from error
        reason = getattr(error, "strerror", None) or error
        raise OptionError(
            f"Cannot listen on {host}, port {port}: {reason}. Choose another --host or --port.",
            f"无法监听 {host} 的端口 {port}：{reason}。请更换 --host 或 --port。",
        ) from error


def _url(host: str, port: int) -> str:
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{shown}:{port}/"
