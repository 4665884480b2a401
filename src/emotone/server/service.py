"""What every route of a server shares. Importing this module imports FastAPI."""

from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from ..decoders import Decoders
from ..errors import ModelError
from ..library import START, Library
from ..recognizer import Recognizer
from ..recording import Recording
from ..store import EmbeddingStore
from .access import Access
from .batcher import Batcher
from .metrics import Metrics
from .options import ServerOptions
from .streams import Streams
from .work import Work


@dataclass(frozen=True, slots=True)
class _Queue:
    """The batches of the model with this hash."""

    sha256: str
    batcher: Batcher


class Service:
    """A server's models, its limits, its work and its private folder. Safe to share between threads.

    Attributes:
        library: The models.
        options: What is allowed.
        folder: Where uploads lie while they are needed; nobody else may read it.
        work: The threads, and what is in flight.
        metrics: What is counted.
        streams: The live streams.
        access: Who may use it.
        decoders: What decodes uploads, apart from this process.
        store: The archive that can be searched, if there is one.
    """

    def __init__(
        self,
        library: Library,
        folder: Path,
        options: ServerOptions | None = None,
        access: Access | None = None,
        store: EmbeddingStore | None = None,
    ) -> None:
        self.library = library
        self.folder = folder
        self.options = options or ServerOptions()
        self.access = access or Access()
        self.store = store
        self.decoders = Decoders(self.options.decoders, most=self.options.decoders)
        self.work = Work(self.options)
        self.metrics = Metrics(self.work)
        self.streams = Streams(self.options)
        self._queues: dict[str, _Queue] = {}
        self._lock = Lock()

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
        choice = self._choice(name)
        recognizer = self.library.recognizer(choice).for_many()
        return (
            recognizer
            if self.options.max_batch == 1
            else self._batched(START if choice == START else "other", recognizer)
        )

    def recognizer_at_once(self, name: str | None) -> Recognizer:
        """As `recognizer`, for what cannot wait for a batch: it runs in the thread that asks."""
        return self.library.recognizer(self._choice(name)).for_many()

    def _batched(self, place: str, recognizer: Recognizer) -> Recognizer:
        """The same, run in batches.

        Args:
            place: Of its queue: as in the library, the model of the start has one, and the other model that was used last.
            recognizer: The model.
        """
        info, options = recognizer.info, self.options
        with self._lock:
            queue = self._queues.get(place)
            if queue is None or queue.sha256 != info.sha256:
                if queue is not None:
                    queue.batcher.close()
                told, patience = self.metrics.batches.observe, options.max_wait_ms / 1000
                batcher = Batcher(recognizer.runner, options.threads, options.max_batch, patience, told)
                queue = self._queues[place] = _Queue(info.sha256, batcher)
        return Recognizer(queue.batcher, recognizer.head, info)

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
        self.work.refuse()
        self.streams.close(self.options.grace)
        self.work.close(self.options.grace)
        self.library.close()
        self.decoders.close()
        for queue in self._queues.values():
            queue.batcher.close()
