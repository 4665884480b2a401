"""The API and the page, together on one port."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from .. import server, webui
from ..errors import MissingExtraError
from ..fetches import Fetches
from ..interview import read_heads
from ..library import Library
from ..recognizer import Recognizer
from ..retention import Keeper, Retention
from ..store import EmbeddingStore


def launch(
    recognizer: Recognizer | Callable[[], Recognizer],
    outputs: Path | None,
    host: str = "127.0.0.1",
    port: int = 7860,
    *,
    page: bool = True,
    offline: bool = False,
    options: server.ServerOptions | None = None,
    access: server.Access | None = None,
    retention: Retention | None = None,
    store: EmbeddingStore | None = None,
    heads: Sequence[str | Path] = (),
    on_missing: Callable[[MissingExtraError], None] = lambda error: None,
) -> server.Served:
    """Serves API and page in a thread and returns at once.

    Args:
        recognizer: Or a function that loads it; it then loads while the page is being prepared.
        outputs: Where the page saves results; `None` keeps none.
        host: As in `server.listen`.
        port: As in `server.listen`.
        page: Whether there is a page behind the API.
        offline: Models cannot be fetched from the page.
        options: What the API allows.
        access: Who may use it; `None` is everybody on this computer.
        retention: How long results are kept; `None` keeps them.
        store: An archive that can be searched.
        heads: Those that answer when nobody asks for others, as in `read_heads`.
        on_missing: Is told when Gradio is not installed: there is no page then.

    Raises:
        OptionError: When the port is taken or the address is not one of this computer.
        MissingExtraError: When FastAPI is not installed.
        ModelError: When a head cannot be read, or is of another model.
        StoreError: When the store is of another model.
    """
    with ExitStack() as held:
        listener = held.enter_context(server.listen(host, port))
        folder = held.enter_context(server.private_folder())
        with ThreadPoolExecutor(1) as pool:
            ready = pool.submit(lambda: recognizer if isinstance(recognizer, Recognizer) else recognizer())
            server.prepare()
            page = page and _can_show(on_missing)
            loaded = ready.result()
            if store is not None:
                store.check(loaded.info)
            library = Library(loaded, None if offline else Fetches(), read_heads(loaded, heads))
        from ..server.app import create_app  # noqa: PLC0415 - these import FastAPI, which may be missing
        from ..server.service import Service  # noqa: PLC0415

        service = Service(library, folder, options, access, store)
        app = create_app(service)
        if page:
            held.enter_context(webui.mounted(app, library, outputs, folder, service.open, archive=store is not None))
        if outputs is not None and retention is not None:
            held.enter_context(Keeper(outputs, retention))
        kept = held.pop_all()
    return server.serve(app, service, listener, kept)


def _can_show(on_missing: Callable[[MissingExtraError], None]) -> bool:
    try:
        webui.prepare()
    except MissingExtraError as error:
        on_missing(error)
        return False
    return True
