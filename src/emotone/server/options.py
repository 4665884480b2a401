"""What a server allows."""

from dataclasses import dataclass

from ..engine import usable_cores
from ..errors import OptionError


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """What a server allows. These are the only defaults.

    Attributes:
        max_bytes: Of one request, its recordings together.
        max_files: Recordings in one request.
        max_seconds: Of audio in one recording.
        max_time: Seconds that one request may take, from its first byte to its answer.
        max_in_flight: Requests that are read, wait or are answered at a time; further ones get 503.
        max_waiting: Recordings that may wait for a worker before further requests get 503. Those of one request are taken
            together, so `max_files` more may come to wait.
        workers: Runs of the model side by side, each on one thread; 0 takes one for each core, or two for
            each replica.
        replicas: Most replicas of the model under Ray Serve; 0 runs it in this process.
        max_batch: Recordings of about the same length that the model is run on at once, when they wait anyway; 1 runs each
            alone. `benchmarks/batching.py` says what it saves.
        max_wait_ms: Milliseconds that a recording waits for others to fill its batch, even when nothing else is to be done.
        max_streams: Live streams at a time; 0 is 16 for each worker.
        max_silence: Seconds after which a live stream that sends nothing is ended.
        max_stall: Seconds after which a live stream that reads nothing is given up.
        grace: Seconds that requests under way get to end when the server is closed.
    """

    max_bytes: int = 2**30
    max_files: int = 100
    max_seconds: float = 4 * 3600.0
    max_time: float = 900.0
    max_in_flight: int = 128
    max_waiting: int = 64
    workers: int = 0
    replicas: int = 0
    max_batch: int = 8
    max_wait_ms: float = 0.0
    max_streams: int = 0
    max_silence: float = 30.0
    max_stall: float = 15.0
    grace: float = 30.0

    def __post_init__(self) -> None:
        counts = (self.max_bytes, self.max_files, self.max_in_flight, self.max_waiting, self.max_batch)
        times = (self.max_seconds, self.max_time, self.max_silence, self.max_stall)
        others = (self.workers, self.replicas, self.max_streams, self.max_wait_ms, self.grace)
        if min(counts) < 1 or min(times) <= 0 or min(others) < 0:
            raise OptionError(
                f"A limit of the server is impossible: {self}. Wanted counts of at least 1 and times above 0.",
                f"服务器的限制不可行：{self}。数量至少为 1，时间须大于 0。",
            )

    @property
    def threads(self) -> int:
        """How many runs of the model go on side by side."""
        return self.workers or 2 * self.replicas or usable_cores()

    @property
    def jobs(self) -> int:
        """How many recordings are worked on at a time: enough to fill the batches; those that wait for a run cost nothing."""
        return self.threads * self.max_batch

    @property
    def decoders(self) -> int:
        """How many files are decoded at a time: decoding takes a fifth of a run's time, so that batches fill."""
        return 2 * self.threads

    @property
    def most_streams(self) -> int:
        """How many live streams there may be at a time."""
        return self.max_streams or 16 * self.threads
