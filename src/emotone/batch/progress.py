"""How far a run is."""

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is.

    Attributes:
        done: Files that were analysed by this process.
        skipped: Files that were done, or had failed, before it.
        failed_before: Of those skipped: files that had failed, and were not tried again.
        copies: Of those done: files whose bytes had been analysed, under this name or another.
        failures: Files that failed in this process.
        seconds: Of the recordings in `done`.
        elapsed: Seconds since it began.
    """

    done: int = 0
    skipped: int = 0
    failed_before: int = 0
    copies: int = 0
    failures: int = 0
    seconds: float = 0.0
    elapsed: float = 0.0

    @property
    def files(self) -> int:
        """All files that it has dealt with."""
        return self.done + self.skipped + self.failures

    def skip(self, *, failed: bool) -> "Progress":
        """The same after one more file that was done before it, or had failed."""
        return replace(self, skipped=self.skipped + 1, failed_before=self.failed_before + failed)

    @property
    def clips_per_second(self) -> float:
        """Files that it has dealt with in a second, but for those that were dealt with before."""
        return (self.done + self.failures) / self.elapsed if self.elapsed else 0.0

    @property
    def real_time(self) -> float:
        """Seconds of recordings that it analyses in a second."""
        return self.seconds / self.elapsed if self.elapsed else 0.0

    def left(self, total: int) -> float | None:
        """Seconds until `total` files are dealt with, at the rate so far; `None` when that cannot be told yet."""
        rate = self.clips_per_second
        return max(total - self.files, 0) / rate if rate else None
