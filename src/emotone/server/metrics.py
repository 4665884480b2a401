"""What is counted, for Prometheus."""

from collections.abc import Callable

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from .work import Work

MEDIA_TYPE = CONTENT_TYPE_LATEST
_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900)
_SIZES = (1, 2, 4, 8, 16, 32)


class Metrics:
    """The counters of one server, in a registry of its own.

    Attributes:
        requests: Answered ones, by route, method and status.
        seconds: From the first byte of a request to the last of its answer, by route.
        audio: Seconds of audio that were analysed, by model.
        batches: How many recordings the model was run on at once.
    """

    def __init__(self, work: Work) -> None:
        self._registry = CollectorRegistry()
        self.requests = Counter(
            "emotone_requests", "Requests that were answered", ["route", "method", "status"], registry=self._registry
        )
        self.seconds = Histogram(
            "emotone_request_seconds", "Time to answer", ["route"], buckets=_SECONDS, registry=self._registry
        )
        self.audio = Counter("emotone_audio_seconds", "Audio that was analysed", ["model"], registry=self._registry)
        self.batches = Histogram(
            "emotone_batch_size", "Recordings in one run of the model", buckets=_SIZES, registry=self._registry
        )
        self._gauge("emotone_requests_in_flight", "Requests that are read or answered", lambda: work.in_flight)
        self._gauge("emotone_recordings_waiting", "Recordings that wait for a worker", lambda: work.waiting)
        self._gauge("emotone_recordings_running", "Recordings that are analysed", lambda: work.running)

    def text(self) -> bytes:
        """All of it, as Prometheus reads it; `MEDIA_TYPE`."""
        return generate_latest(self._registry)

    def _gauge(self, name: str, title: str, value: Callable[[], float]) -> None:
        Gauge(name, title, registry=self._registry).set_function(value)
