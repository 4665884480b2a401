"""The map of a server's store: drawn once, until the store changes."""

from datetime import datetime
from pathlib import PurePath
from threading import Lock

from ..atlas import Atlas, make_atlas, map_page
from ..rows import arrow
from ..store import EmbeddingStore
from ..text import Language


class DrawnMap:
    """Draws the map when it is asked for; whoever asks meanwhile waits for the same one."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._drawn: tuple[tuple[int, datetime], Atlas] | None = None

    def page(self, store: EmbeddingStore, language: Language) -> str:
        """The map as HTML, which asks this server for sounds. Raises as `make_atlas`."""
        with self._lock:
            state = store.state  # before the rows are read: what is added meanwhile is drawn next time
            if self._drawn is None or self._drawn[0] != state:
                found = list(store.tables())
                atlas = make_atlas(arrow("store").concat_tables(found) if found else arrow("store").table({}))
                self._drawn = state, atlas
            _, atlas = self._drawn
        return map_page(atlas, PurePath(store.info().place).name, language, audio="sound?id=")
