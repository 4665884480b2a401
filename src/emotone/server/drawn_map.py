"""The map of a server's store: drawn once, until the store has other rows. It has names of recordings, and no paths."""

from dataclasses import replace
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
        self._rows = -1
        self._atlas: Atlas | None = None

    def page(self, store: EmbeddingStore, language: Language) -> str:
        """The map as HTML, which asks this server for sounds. Raises as `make_atlas`."""
        with self._lock:
            if self._atlas is None or self._rows != len(store):
                self._rows = len(store)
                found = list(store.tables())
                atlas = make_atlas(arrow("store").concat_tables(found) if found else arrow("store").table({}))
                self._atlas = replace(atlas, files=[PurePath(file).name for file in atlas.files])
            atlas = self._atlas
        return map_page(atlas, PurePath(store.info().place).name, language, audio="sound?id=")
