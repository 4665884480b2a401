"""The list of a run on a cluster: in Ray's object store, page by page, as Ray Data reads it."""

import pickle
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from ..errors import MissingExtraError
from ..rows import Table, arrow
from .inputs import Item

try:
    import ray
    from ray.data import Datasource, ReadTask
    from ray.data.block import BlockMetadata
except ModuleNotFoundError as missing:
    raise MissingExtraError.of("batch") from missing

_PAGE_FILES, _PAGE_BYTES = 10_000, 64 * 2**20
_ITEM = "item"


@dataclass(frozen=True, slots=True)
class Page:
    """A piece of the list.

    Attributes:
        table: Where it is in the object store: pickled items.
        files: How many they are.
    """

    table: Any
    files: int


@dataclass(frozen=True, slots=True)
class Listing:
    """What is to be done.

    Attributes:
        pages: Of items.
        size: Bytes of the recordings, as far as that is known.
    """

    pages: list[Page] = field(default_factory=list)
    size: int = 0

    @property
    def files(self) -> int:
        """How many there are."""
        return sum(page.files for page in self.pages)


def listing_of(items: Iterable[Item]) -> Listing:
    """Puts items into the object store; few of them are in the memory of this process at a time."""
    pages: list[Page] = []
    page: list[bytes] = []
    total = held = 0
    for item in items:
        page.append(pickle.dumps(item))
        total += item.size
        held += len(page[-1])
        if len(page) >= _PAGE_FILES or held >= _PAGE_BYTES:
            pages.append(_put(page))
            page, held = [], 0
    if page:
        pages.append(_put(page))
    return Listing(pages, total)


class Pages(Datasource):  # type: ignore[misc]
    """A list as Ray Data reads it, page by page; Ray divides a page among tasks."""

    def __init__(self, pages: Sequence[Page]) -> None:
        super().__init__()
        self._pages = pages

    def estimate_inmemory_data_size(self) -> int | None:
        """Not known."""
        return None

    def get_read_tasks(self, parallelism: int, *_: object, **__: object) -> list[ReadTask]:
        """One for each page."""
        return [
            ReadTask(
                partial(_read, page.table),
                BlockMetadata(num_rows=page.files, size_bytes=None, input_files=None, exec_stats=None),
            )
            for page in self._pages
        ]


def items_in(page: Table) -> list[Item]:
    """The items of a page, or of a part of it."""
    return [pickle.loads(data) for data in page[_ITEM].to_pylist()]


def binary_table(name: str, values: Sequence[bytes]) -> Table:
    """A table with one column of bytes."""
    pa = arrow("batch")
    return pa.table({name: pa.array(values, pa.binary())})


def _put(items: list[bytes]) -> Page:
    return Page(ray.put(binary_table(_ITEM, items)), len(items))


def _read(table: Any) -> list[Table]:
    return [ray.get(table)]
