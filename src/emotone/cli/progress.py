"""How far long work on many recordings is: a bar on a terminal, else a line now and then."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich.progress import BarColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as RichProgress

from ..batch import Progress, countable, items_of
from ..errors import EmotoneError
from ..text import clock_time
from .console import ERR, say

_LINE_EVERY = 30.0  # seconds between lines where there is no terminal


class _Lines:
    """Progress where there is no terminal: a line now and then."""

    def __init__(self, total: "_Total") -> None:
        self._total = total
        self._next = time.monotonic() + _LINE_EVERY

    def show(self, progress: Progress) -> None:
        if time.monotonic() >= self._next:
            self._next += _LINE_EVERY
            ERR.print(_said(progress, self._total.count), markup=False)


class _Total:
    """How many files there are, once a thread has counted them."""

    def __init__(self, inputs: Sequence[str]) -> None:
        self.count: int | None = None
        if countable(inputs):
            threading.Thread(target=self._find_out, args=(inputs,), daemon=True).start()

    def _find_out(self, inputs: Sequence[str]) -> None:
        try:
            self.count = sum(1 for _ in items_of(inputs))
        except EmotoneError:
            return  # the run meets the same error, and says so


@contextmanager
def showing_progress(inputs: Sequence[str]) -> Iterator[Callable[[Progress], None]]:
    """Shows on stderr how far some work is, whenever what is given is called: a bar on a terminal, else a line now and then."""
    total = _Total(inputs)
    if not ERR.is_terminal:
        yield _Lines(total).show
        return
    columns = (SpinnerColumn(), BarColumn(), TextColumn("{task.fields[said]}"), TimeElapsedColumn())
    with RichProgress(*columns, console=ERR, transient=True) as bar:
        task = bar.add_task("", total=None, said="")

        def show(progress: Progress) -> None:
            count = total.count
            bar.update(task, completed=progress.files, total=count, said=_said(progress, count))

        yield show


def _said(progress: Progress, total: int | None) -> str:
    """Such as: 1,200 of 8,000 files · 25.1 files/s · 74 × real time · 3 failed · 4:31 left."""
    parts = [
        say(f"{progress.files:,} files", f"{progress.files:,} 个文件")
        if total is None
        else say(f"{progress.files:,} of {total:,} files", f"{progress.files:,} / {total:,} 个文件"),
        say(f"{progress.clips_per_second:.1f} files/s", f"每秒 {progress.clips_per_second:.1f} 个"),
        say(f"{progress.real_time:.0f} × real time", f"{progress.real_time:.0f} 倍实时"),
    ]
    if progress.failures:
        parts.append(say(f"{progress.failures:,} failed", f"{progress.failures:,} 个失败"))
    if total is not None and (left := progress.left(total)) is not None:
        parts.append(say(f"{clock_time(left)} left", f"剩余 {clock_time(left)}"))
    return " · ".join(parts)
