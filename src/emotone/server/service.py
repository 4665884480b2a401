"""What every route of a server shares."""

from pathlib import Path

from ..library import Library
from .options import ServerOptions


class Service:
    """A server's models, its limits and its private folder. Safe to share between threads.

    Attributes:
        library: The models.
        options: What is allowed.
        folder: Where uploads lie while they are needed; nobody else's may read it.
    """

    def __init__(self, library: Library, folder: Path, options: ServerOptions | None = None) -> None:
        self.library = library
        self.folder = folder
        self.options = options or ServerOptions()

    def close(self) -> None:
        """Ends what is only begun, such as fetches of models."""
        self.library.close()
