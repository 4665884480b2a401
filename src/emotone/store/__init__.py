"""A store of embeddings: add recordings, find moments that sound alike. Needs the extra `store`."""

from .conditions import Condition, parse_condition
from .filling import add_recordings, add_run, embedding_of
from .listeners import Filled
from .results import Added, Match, StoreInfo, match_record
from .store import EmbeddingStore
from .whitening import MEANINGFUL

__all__ = [
    "MEANINGFUL",
    "Added",
    "Condition",
    "EmbeddingStore",
    "Filled",
    "Match",
    "StoreInfo",
    "add_recordings",
    "add_run",
    "embedding_of",
    "match_record",
    "parse_condition",
]
