"""The page on a port: own socket, own folder for temporary files. Importing this module does not import Gradio."""

import errno
import os
import shutil
import socket
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Thread
from types import TracebackType
from typing import TYPE_CHECKING

from ..errors import MissingExtraError, OptionError
from ..recognizer import Recognizer
from .fetches import Fetches
from .library import Library

if TYPE_CHECKING:
    import uvicorn


class Page:
    """A page that is being served, until it is closed. Also a context manager.

    Attributes:
        url: Where it is.
    """

    def __init__(
        self, url: str, server: "uvicorn.Server", listener: socket.socket, library: Library, folder: Path | None
    ) -> None:
        self.url = url
        self._server = server
        self._library = library
        self._folder = folder
        self._thread = Thread(target=server.run, args=([listener],), name="emotone-webui", daemon=True)
        self._thread.start()

    def wait(self) -> None:
        """Returns when the server has ended. KeyboardInterrupt passes through; `close` then."""
        while self._thread.is_alive():  # in steps: Windows cannot interrupt an endless wait
            self._thread.join(0.5)

    def close(self) -> None:
        """Stops serving and fetching, and removes temporary files. Results stay, and what was fetched."""
        self._library.close()
        self._server.should_exit = True
        try:
            self._thread.join()
        finally:  # also when somebody presses Ctrl-C once more
            _release_folder(self._folder)

    def __enter__(self) -> "Page":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def launch(
    recognizer: Recognizer | Callable[[], Recognizer],
    outputs: Path,
    host: str = "127.0.0.1",
    port: int = 7860,
    *,
    offline: bool = False,
) -> Page:
    """Serves the page in a thread and returns at once.

    Args:
        recognizer: Or a function that loads it; it then loads while the page is being prepared.
        outputs: Where results are saved.
        host: The address to listen on; `0.0.0.0` is all of this computer's.
        port: 0 takes any free one.
        offline: Models cannot be fetched from the page.

    Raises:
        OptionError: When the port is taken or the address is not one of this computer.
        MissingExtraError: When Gradio is not installed.
    """
    listener = _listen(host, port)
    folder = _claim_folder()
    try:
        library, server = _prepare(recognizer, outputs, offline)
    except BaseException:
        listener.close()
        _release_folder(folder)
        raise
    return Page(_url(host, listener.getsockname()[1]), server, listener, library, folder)


def _prepare(
    recognizer: Recognizer | Callable[[], Recognizer], outputs: Path, offline: bool
) -> tuple[Library, "uvicorn.Server"]:
    _silence_gradio()
    with ThreadPoolExecutor(1) as pool:
        ready = pool.submit(lambda: recognizer if isinstance(recognizer, Recognizer) else recognizer())
        try:
            from . import site  # noqa: PLC0415 - imports Gradio, which takes seconds and may be missing
        except ModuleNotFoundError as error:
            raise MissingExtraError.of("ui") from error
        library = Library(ready.result(), None if offline else Fetches())
        return library, site.server(library, outputs)


def _silence_gradio() -> None:
    """Switches off what calls Gradio's makers. Read when Gradio is imported."""
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")


def _claim_folder() -> Path | None:
    """A folder of our own for uploads, as all of Gradio's is handed out; `None` when the user has set one."""
    if os.environ.get("GRADIO_TEMP_DIR"):
        return None
    folder = Path(tempfile.mkdtemp(prefix="emotone_"))
    os.environ["GRADIO_TEMP_DIR"] = str(folder)
    return folder


def _release_folder(folder: Path | None) -> None:
    if folder is not None:
        os.environ.pop("GRADIO_TEMP_DIR", None)
        shutil.rmtree(folder, ignore_errors=True)


def _listen(host: str, port: int) -> socket.socket:
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
