"""The models of a server: which ones there are, which are being fetched, those that are loaded, and the heads that answer."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock

from .errors import ModelError
from .fetches import Fetch, Fetches
from .heads import Head
from .interview import OWN_HEAD
from .models import (
    DEFAULT_LICENCE,
    DEFAULT_MODEL,
    KNOWN_MODELS,
    KnownModel,
    file_sha256,
    find_model,
    known_model,
    pulled_model,
)
from .recognizer import Recognizer, load_model

START = "start"
"""The choice that a page begins with: the model that the server was started with."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A model on the menu.

    Attributes:
        id: What a choice is called between page and server: `START`, or the model's name.
        name: The model's name.
        ready: It can be used now.
        size: Of its file in bytes; `None` when it is not here or not known.
        precision: `fp32` or `int8`, when that is known.
        licence: Of the weights, when it is here.
        known: What is known of it, when it can be fetched.
        fetch: How far that is.
        damaged: It is here, but cannot be used.
    """

    id: str
    name: str
    ready: bool
    size: int | None = None
    precision: str = ""
    licence: str = ""
    known: KnownModel | None = None
    fetch: Fetch | None = None
    damaged: bool = False


class Library:
    """The models of one server. Safe to share between threads.

    The model of the start stays loaded, and the one that was used last besides it.

    Args:
        start: The model that the server was started with.
        fetches: Fetches of the others; `None` offers none.
        heads: As `read_heads` gives them for the model of the start: they answer when nobody asks for others. `None`: its own.
    """

    def __init__(self, start: Recognizer, fetches: Fetches | None, heads: Mapping[str, Head] | None = None) -> None:
        self.fetches = fetches
        self._start = start
        self._heads = dict(heads or {OWN_HEAD: start.head})
        self._twin = _registered_name(start)
        self._lock = Lock()
        self._loaded: tuple[Path, int, Recognizer] | None = None  # its path, and the time of its file

    def choices(self) -> Sequence[Choice]:
        """The menu: the model of the start, the bundled one, those that can be fetched. None is loaded for it."""
        size = find_model(DEFAULT_MODEL).stat().st_size
        bundled = Choice(DEFAULT_MODEL, DEFAULT_MODEL, True, size, licence=DEFAULT_LICENCE)
        registry = (bundled, *map(self._known_choice, KNOWN_MODELS))
        info = self._start.info
        twin = next((choice for choice in registry if choice.name == self._twin), Choice(START, info.name, True))
        start = replace(twin, id=START, ready=True, damaged=False, licence=info.licence)
        return start, *(choice for choice in registry if choice is not twin)

    def recognizer(self, choice: str) -> Recognizer:
        """The model of a choice, loaded. Raises `ModelError` when it is not here."""
        if choice == START:
            return self._start
        path = self._find(choice)
        changed = path.stat().st_mtime_ns
        with self._lock:
            if self._loaded is None or self._loaded[:2] != (path, changed):
                self._loaded = None  # before the next one takes its memory
                self._loaded = path, changed, load_model(path)
            return self._loaded[2]

    def heads(self, recognizer: Recognizer) -> Mapping[str, Head]:
        """The heads that answer when nobody asks for others: a model that is not that of the start has only its own."""
        return self._heads if recognizer.info.sha256 == self._start.info.sha256 else {OWN_HEAD: recognizer.head}

    def _find(self, choice: str) -> Path:
        """The file of a choice; never a path that somebody sends instead of one."""
        known = known_model(choice)
        if known is None and choice != DEFAULT_MODEL:
            raise ModelError("There is no such model. Choose another.", "没有该模型。请选择其他模型。")
        if known is not None and pulled_model(known.name) is None:
            raise ModelError(
                f"The model {known.name} is not here yet. Fetch it, or choose another model.",
                f"模型 {known.name} 尚未获取。请先获取，或选择其他模型。",
            )
        return find_model(choice)

    def close(self) -> None:
        """Ends the fetches."""
        if self.fetches is not None:
            self.fetches.close()

    def _known_choice(self, known: KnownModel) -> Choice:
        fetch = self.fetches.look(known.name) if self.fetches else None
        try:
            pulled = pulled_model(known.name)
        except ModelError:
            return Choice(known.name, known.name, False, known=known, fetch=fetch, damaged=True)
        if pulled is None:
            return Choice(known.name, known.name, False, known=known, fetch=fetch)
        record = pulled.record
        return Choice(known.name, known.name, True, record.size, record.precision, record.licence, known, fetch)


def _registered_name(recognizer: Recognizer) -> str | None:
    """The name that this very model has in the registry; `None` for a file of the user's own."""
    info = recognizer.info
    if info.name == DEFAULT_MODEL:
        return DEFAULT_MODEL if info.sha256 == file_sha256(find_model(DEFAULT_MODEL)) else None
    with suppress(ModelError):
        if known_model(info.name) and (pulled := pulled_model(info.name)) and pulled.record.sha256 == info.sha256:
            return info.name
    return None
