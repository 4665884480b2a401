"""What every route of a server shares. Importing this module imports FastAPI."""

from pathlib import Path

from ..audio import Recording
from ..decoders import Decoders
from ..errors import ModelError
from ..library import START, Library
from ..recognizer import Recognizer
from .access import Access
from .metrics import Metrics
from .options import ServerOptions
from .work import Work


class Service:
    """A server's models, its limits, its work and its private folder. Safe to share between threads.

    Attributes:
        library: The models.
        options: What is allowed.
        folder: Where uploads lie while they are needed; nobody else may read it.
        work: The threads, and what is in flight.
        metrics: What is counted.
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
        self.work = Work(self.options)
        self.metrics = Metrics(self.work)

    def open(self, path: Path, channel: int | None = None) -> Recording:
        """An upload as a recording: decoded apart from this process, and no longer than is allowed."""
        return self.decoders.open(path, channel=channel, longest=self.options.max_seconds)

    def recognizer(self, name: str | None) -> Recognizer:
        """A model for many recordings side by side. Takes seconds when it is not loaded.

        Args:
            name: Of the model; `None` is the one that the server was started with. Never a path.

        Raises:
            ModelError: When there is no such model, or it was not pulled.
        """
        return self.library.recognizer(self._choice(name)).for_many()

    def _choice(self, name: str | None) -> str:
        choices = self.library.choices()
        if name is None:
            return START
        for choice in choices:
            if choice.name == name:
                return choice.id
        known = ", ".join(dict.fromkeys(choice.name for choice in choices))
        raise ModelError(
            f"There is no model '{name[:80]}' here. Known names: {known}.",
            f"此处没有名为“{name[:80]}”的模型。可用名称：{known}。",
        )

    def close(self) -> None:
        """Takes no more requests, lets those in flight end, and ends what is only begun, such as fetches of models."""
        self.work.close(self.options.grace)
        self.library.close()
        self.decoders.close()
