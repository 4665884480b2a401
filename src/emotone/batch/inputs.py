"""What an archive consists of: folders, patterns, lists, shards and object stores become a stream of items."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Protocol


class Place(Protocol):
    """Where the bytes of a recording lie. Small, and survives a process border."""

    def open(self) -> BinaryIO:
        """The bytes, from their beginning. Raises `AudioNotFoundError` when they are no longer there."""


@dataclass(frozen=True, slots=True)
class Item:
    """A recording to analyse. Survives a process border; nothing is read before `place.open()`.

    Attributes:
        name: As the user named it: a path, a URL, or `shard.tar::member`.
        place: Where its bytes are.
        size: Of the bytes, when that is known without reading them; otherwise 0.
        stamp: Changes when the bytes change, as far as can be told without reading them; empty: that cannot be told.
        metadata: The user's own columns, as text.
    """

    name: str
    place: Place = field(repr=False)
    size: int = 0
    stamp: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A file on this computer."""

    path: Path

    def open(self) -> BinaryIO:
        """As in `Place`."""
        raise NotImplementedError


def items_of(inputs: Sequence[str]) -> Iterator[Item]:
    """The recordings of inputs, one after another, as they are found.

    Args:
        inputs: Each a recording, a folder, a pattern (`**` goes into folders), a manifest (`.csv`, `.tsv`, `.jsonl`,
            `.parquet`, Kaldi's `wav.scp`), a shard (`.tar`, `.tar.gz`, `.zip` …), or a URL of any of these (`s3://…`).

    Raises:
        ManifestError: When a manifest cannot be read.
        AudioNotFoundError: When an input is not there.
    """
    raise NotImplementedError
