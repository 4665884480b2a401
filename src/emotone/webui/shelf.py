"""The one folder whose files the page hands out: uploads, and links to results at addresses nobody can guess."""

import os
import secrets
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from ..audio import open_recording
from ..errors import EmotoneError
from ..examples import examples
from ..recording import Reading, Recording
from . import texts


@dataclass(frozen=True, slots=True)
class Download:
    """A file on offer.

    Attributes:
        name: What to call it when it is saved.
        url: Its address, relative to the page.
        size: In bytes.
        note: What is in it, when that is worth saying.
    """

    name: str
    url: str
    size: int
    note: str = ""


class Shelf:
    """A folder that only the page's server hands files out of.

    Args:
        root: The folder that uploads arrive in.
        placed: Told about each file that `offer` puts there, so that it can be removed some hours later.
        reading: Opens a file as a recording.
    """

    def __init__(self, root: Path, placed: Callable[[Path], None], reading: Reading = open_recording) -> None:
        self._root = root
        self._placed = placed
        self.reading = reading

    def holds(self, path: Path) -> bool:
        """Whether this is an uploaded file or an example, and not some other file of this computer."""
        resolved = path.resolve()
        return resolved.is_relative_to(self._root.resolve()) or resolved in {item.path.resolve() for item in examples()}

    def open(self, path: Path) -> Recording:
        """An uploaded file or an example as a recording. Raises `EmotoneError` for any other file of this computer."""
        if not self.holds(path):
            raise EmotoneError(texts.FOREIGN_FILE.en, texts.FOREIGN_FILE.zh)
        return self.reading(path)

    def offer(self, path: Path, note: str = "") -> Download:
        """Makes a file downloadable. The file itself stays where it is."""
        place = self.folder() / path.name
        try:
            os.link(path, place)
        except OSError:  # another file system, or one without links
            shutil.copyfile(path, place)
        return self._placed_at(place, note)

    def make(self, name: str, write: Callable[[Path], object]) -> Download:
        """Makes a file that is written here and nowhere else downloadable."""
        place = self.folder() / name
        write(place)
        return self._placed_at(place)

    def folder(self) -> Path:
        """A new folder on the shelf, with a name nobody can guess."""
        folder = self._root / secrets.token_urlsafe(24)
        folder.mkdir(parents=True)
        return folder

    def keep(self, path: Path) -> str:
        """The address of a file that lies on the shelf. It is removed some hours later."""
        self._placed(path)
        return address_of(path)

    def _placed_at(self, place: Path, note: str = "") -> Download:
        return Download(place.name, self.keep(place), place.stat().st_size, note)


def address_of(path: Path) -> str:
    """Where the page finds a file of the shelf, relative to itself."""
    return f"gradio_api/file={quote(path.as_posix())}"
