"""Maps of recordings: one page with every row as a point, to look for what is wrong and to choose from."""

from .atlas import GIVEN, Atlas, AtlasOptions, Column, make_atlas
from .page import map_page
from .records import cluster_record, cluster_rows
from .sources import read_rows

__all__ = [
    "GIVEN",
    "Atlas",
    "AtlasOptions",
    "Column",
    "cluster_record",
    "cluster_rows",
    "make_atlas",
    "map_page",
    "read_rows",
]
