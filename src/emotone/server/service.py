"""What every route of a server shares."""

from pathlib import Path

from ..decoders import Decoders
from ..library import Library
from .access import Access
from .options import ServerOptions


class Service:
    """A server's models, its limits and its private folder. Safe to share between threads.

    Attributes:
        library: The models.
        options: What is allowed.
        folder: Where uploads lie while they are needed; nobody else's may read it.
        access: Who may use it.
        decoders: What decodes uploads, apart from this process.
    """

    def __init__(
        self, library: Library, folder: Path, options: ServerOptions | None = None, access: Access | None = None
    ) -> None:
        self.library = library
        self.folder = folder
        self.options = options or ServerOptions()
        self.access = access or Access()
        self.decoders = Decoders()

    def close(self) -> None:
        """Ends what is only begun, such as fetches of models."""
        self.library.close()
        self.decoders.close()
