"""Whole archives: what to analyse, a folder that keeps what is done, and runners that fill it."""

from .inputs import Item, countable, items_of
from .local import run_local
from .progress import Progress
from .run import FAILURES_NAME, RunFolder, open_run
from .work import Failed, Heard, Results, Worker, WorkOptions

__all__ = [
    "FAILURES_NAME",
    "Failed",
    "Heard",
    "Item",
    "Progress",
    "Results",
    "RunFolder",
    "WorkOptions",
    "Worker",
    "countable",
    "items_of",
    "open_run",
    "run_local",
]
