"""A store of embeddings: add recordings, find moments that sound alike. Needs the extra `store`."""

from .conditions import Condition, parse_condition
from .filling import Filled, add_recordings, add_run
from .results import Added, Match, StoreInfo
from .store import EmbeddingStore

__all__ = [
    "Added",
    "Condition",
    "EmbeddingStore",
    "Filled",
    "Match",
    "StoreInfo",
    "add_recordings",
    "add_run",
    "parse_condition",
]
