"""Maps of recordings: one page with every point of a table, to look for what is wrong and to choose from."""

from .atlas import GIVEN, Atlas, AtlasOptions, Column, embedded_rows, labels_column, make_atlas, texts_of
from .page import map_page

__all__ = [
    "GIVEN",
    "Atlas",
    "AtlasOptions",
    "Column",
    "embedded_rows",
    "labels_column",
    "make_atlas",
    "map_page",
    "texts_of",
]
