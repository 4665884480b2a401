"""Micro-batches: what several callers want of a model at the same time runs at once, and costs less."""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future

import numpy as np
from numpy.typing import NDArray

from ..engine import Runner
from ..types import SAMPLE_RATE, Signal

MOST_PADDING = 1.1  # times the shortest signal of a batch: more padding costs more than the batch saves
MOST_SECONDS = (
    8.0  # of sound in a batch, with its padding: what is longer does not fit the processor's caches and gains nothing
)

_Frames = NDArray[np.float32]


class _Waiting:
    """A signal that is to be run."""

    def __init__(self, signal: Signal) -> None:
        self.signal = signal
        self.since = time.monotonic()
        self.frames: Future[_Frames] = Future()


class Batcher(Runner):
    """A runner that runs the signals of several callers together. Safe to share between threads.

    Args:
        runner: What runs a batch, on one thread.
        threads: Batches that run side by side.
        max_batch: Signals in one.
        max_wait: Seconds that a signal waits for others; 0 takes those that wait already.
        on_batch: Is told the size of each batch.
    """

    def __init__(
        self,
        runner: Runner,
        threads: int,
        max_batch: int,
        max_wait: float = 0.0,
        on_batch: Callable[[int], None] = lambda size: None,
    ) -> None:
        self._runner = runner
        self._max_batch = max_batch
        self._max_wait = max_wait
        self._on_batch = on_batch
        self._changed = threading.Condition()
        self._waiting: list[_Waiting] = []
        self._closed = False
        for number in range(threads):
            threading.Thread(target=self._work, name=f"emotone-batch-{number}", daemon=True).start()

    def run(self, signals: list[Signal]) -> list[_Frames]:
        """The frames of each signal, as `Engine.run` gives them. An error of one signal is that of its caller only."""
        waiting = [_Waiting(signal) for signal in signals]
        with self._changed:
            closed = self._closed
            if not closed:
                self._waiting += waiting
                self._changed.notify_all()
        return self._runner.run(signals) if closed else [one.frames.result() for one in waiting]

    def close(self) -> None:
        """Ends the threads when nothing waits any more; later signals run where they are asked for."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _work(self) -> None:
        while batch := self._next():
            self._on_batch(len(batch))
            self._run(batch)

    def _next(self) -> list[_Waiting]:
        """The oldest signal and those that go well with it; nothing at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            while self._waiting:
                batch = matching(self._waiting, self._max_batch)
                left = self._waiting[0].since + self._max_wait - time.monotonic()
                if left <= 0 or len(batch) == self._max_batch or self._closed:
                    self._waiting = [one for one in self._waiting if one not in batch]
                    return batch
                self._changed.wait(left)
                self._changed.wait_for(lambda: self._waiting or self._closed)
            return []

    def _run(self, batch: Sequence[_Waiting]) -> None:
        try:
            frames = self._runner.run([one.signal for one in batch])
        except Exception as error:
            if len(batch) == 1:
                batch[0].frames.set_exception(error)
            else:  # it is the error of one of them
                for one in batch:
                    self._run([one])
        else:
            for one, rows in zip(batch, frames, strict=True):
                one.frames.set_result(rows)


def matching(waiting: Sequence[_Waiting], most: int) -> list[_Waiting]:
    """The first, and those that are about as long, as many as may run at once."""
    first = waiting[0].signal.size
    near = sorted(waiting[1:], key=lambda one: abs(one.signal.size - first))
    batch, shortest, longest = [waiting[0]], first, first
    for one in near[: most - 1]:
        shortest, longest = min(shortest, one.signal.size), max(longest, one.signal.size)
        if longest > MOST_PADDING * shortest or longest * (len(batch) + 1) > MOST_SECONDS * SAMPLE_RATE:
            break
        batch.append(one)
    return batch
