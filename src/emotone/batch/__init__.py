"""Whole archives: what to analyse, a folder that keeps what is done, and runners that fill it."""

from .inputs import Item, items_of
from .work import Failed, Heard, Results, Worker, WorkOptions

__all__ = ["Failed", "Heard", "Item", "Results", "WorkOptions", "Worker", "items_of"]
