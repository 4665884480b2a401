"""Which files are done, which failed, and which part has a content: on disk, so that no number of files fills the memory."""

import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from ..errors import OutputError
from .inputs import Item
from .places import Held

_TABLES = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA cache_size = -16000;
CREATE TABLE done (
    file TEXT PRIMARY KEY, sha256 TEXT, stamp TEXT, rows INTEGER, seconds REAL, part TEXT
) WITHOUT ROWID;
CREATE TABLE contents (sha256 TEXT PRIMARY KEY, part TEXT, file TEXT) WITHOUT ROWID;
CREATE TABLE copies (file TEXT PRIMARY KEY, sha256 TEXT, stamp TEXT, metadata TEXT) WITHOUT ROWID;
CREATE TABLE failed (file TEXT PRIMARY KEY, stamp TEXT) WITHOUT ROWID;
CREATE TABLE asked (file TEXT PRIMARY KEY) WITHOUT ROWID;
"""
_NOWHERE = Held(b"")
Fate = Literal["wanted", "done", "failed"]
_CONTENTS = 10_000  # given at a time


@dataclass(frozen=True, slots=True)
class Done:
    """A file whose rows are in a part.

    Attributes:
        file: Its name.
        sha256: Of the bytes that were analysed.
        stamp: As in `Item`, at that time.
        rows: That it has.
        seconds: Of the recording.
    """

    file: str
    sha256: str
    stamp: str
    rows: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Copy:
    """An item whose rows are those of another.

    Attributes:
        item: What was asked for.
        sha256: Of its bytes.
        part: That has rows of this content.
        file: That has it there.
    """

    item: Item
    sha256: str
    part: str
    file: str


@dataclass(frozen=True, slots=True)
class Counts:
    """What is in a run folder.

    Attributes:
        files: That are done.
        rows: Of these files.
        failures: Files that failed.
        seconds: Of recordings that are done.
    """

    files: int = 0
    rows: int = 0
    failures: int = 0
    seconds: float = 0.0


class Index:
    """What is known about the files of a run folder. Made anew from it by each process; safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._database = sqlite3.connect("", check_same_thread=False)  # on disk, and gone with this process
        self._database.executescript(_TABLES)

    def close(self) -> None:
        """Gives the disk space back."""
        self._database.close()

    def add(self, part: str, files: Iterable[Done]) -> None:
        """These files are in this part now, whatever was known of them before."""
        rows = [(one.file, one.sha256, one.stamp, one.rows, one.seconds, part) for one in files]
        with self._cursor() as cursor:
            cursor.executemany("INSERT OR REPLACE INTO done VALUES (?, ?, ?, ?, ?, ?)", rows)
            cursor.executemany(
                "INSERT OR IGNORE INTO contents VALUES (?, ?, ?)", [(row[1], part, row[0]) for row in rows]
            )
            for table in ("failed", "copies"):
                cursor.executemany(f"DELETE FROM {table} WHERE file = ?", [(row[0],) for row in rows])

    def fail(self, file: str, stamp: str) -> None:
        """This file failed, whatever was known of it before."""
        with self._cursor() as cursor:
            cursor.execute("INSERT OR REPLACE INTO failed VALUES (?, ?)", (file, stamp))
            cursor.execute("DELETE FROM done WHERE file = ?", (file,))

    def claim(self, item: Item) -> bool:
        """Whether nobody has asked for a file of this name before."""
        with self._cursor() as cursor:
            return cursor.execute("INSERT OR IGNORE INTO asked VALUES (?)", (item.name,)).rowcount == 1

    def fate(self, item: Item, *, retry: bool) -> Fate:
        """What to do with an item. Wanted: nobody asked for it before, it is not done, and has not failed or is to be retried."""
        if not self.claim(item) or self.is_done(item):
            return "done"
        return "failed" if not retry and self.has_failed(item) else "wanted"

    def forget_failure(self, item: Item) -> None:
        """It is tried again."""
        with self._cursor() as cursor:
            cursor.execute("DELETE FROM failed WHERE file = ?", (item.name,))

    def is_done(self, item: Item) -> bool:
        """Whether it was analysed as it is now, as far as can be told without reading it."""
        return self._same_stamp("done", item)

    def has_failed(self, item: Item) -> bool:
        """Whether it failed as it is now."""
        return self._same_stamp("failed", item)

    def place_of(self, sha256: str) -> tuple[str, str] | None:
        """A part that has rows of this content, and the file that it is there."""
        with self._cursor() as cursor:
            found: tuple[str, str] | None = cursor.execute(
                "SELECT part, file FROM contents WHERE sha256 = ?", (sha256,)
            ).fetchone()
        return found

    def contents(self) -> Iterator[list[str]]:
        """The sha256 of everything that is done, some thousands at a time."""
        last, found = "", [""]
        while found:
            with self._cursor() as cursor:
                query = "SELECT sha256 FROM contents WHERE sha256 > ? ORDER BY sha256 LIMIT ?"
                found = [sha256 for (sha256,) in cursor.execute(query, (last, _CONTENTS))]
            if found:
                last = found[-1]
                yield found

    def add_copies(self, items: Iterable[tuple[Item, str]]) -> None:
        """These items have the content of another one, by its sha256, which is or will be in a part."""
        rows = [(one.name, sha256, one.stamp, json.dumps(dict(one.metadata))) for one, sha256 in items]
        with self._cursor() as cursor:
            cursor.executemany("INSERT OR REPLACE INTO copies VALUES (?, ?, ?, ?)", rows)

    def copies(self, count: int) -> list[Copy]:
        """Some of the items that wait for rows which are in a part by now, those of the same part together."""
        with self._cursor() as cursor:
            found = cursor.execute(
                "SELECT copies.file, stamp, metadata, copies.sha256, part, contents.file FROM copies "
                "JOIN contents USING (sha256) ORDER BY part, copies.file LIMIT ?",
                (count,),
            ).fetchall()
        return [
            Copy(Item(name, _NOWHERE, stamp=stamp, metadata=json.loads(metadata)), sha256, part, file)
            for name, stamp, metadata, sha256, part, file in found
        ]

    def is_copy(self, item: Item) -> bool:
        """Whether it still waits for the rows of another."""
        return self._one("SELECT file FROM copies WHERE file = ?", item.name) is not None

    def part_of(self, file: str) -> str | None:
        """The part that has the rows of this file; older ones may have rows of what it was before."""
        return self._one("SELECT part FROM done WHERE file = ?", file)

    @property
    def counts(self) -> Counts:
        """Everything together."""
        with self._cursor() as cursor:
            files, rows, seconds = cursor.execute("SELECT COUNT(*), TOTAL(rows), TOTAL(seconds) FROM done").fetchone()
            (failures,) = cursor.execute("SELECT COUNT(*) FROM failed").fetchone()
        return Counts(files, int(rows), failures, seconds)

    def ranges(self, rows: int) -> Iterator[dict[str, str]]:
        """All files that are done and the part of each, in order of their names, about so many rows at a time."""
        last, found = "", True
        while found:
            with self._cursor() as cursor:
                files = cursor.execute("SELECT file, rows, part FROM done WHERE file > ? ORDER BY file", (last,))
                taken: dict[str, str] = {}
                count = 0
                for file, own, part in files:
                    taken[file] = part
                    count += own
                    if count >= rows:
                        break
            found = bool(taken)
            if taken:
                last = next(reversed(taken))
                yield taken

    def _same_stamp(self, table: str, item: Item) -> bool:
        stamp = self._one(f"SELECT stamp FROM {table} WHERE file = ?", item.name)
        return stamp is not None and (stamp == item.stamp or not item.stamp)

    def _one(self, query: str, *values: str) -> str | None:
        with self._cursor() as cursor:
            found = cursor.execute(query, values).fetchone()
        return None if found is None else found[0]

    @contextmanager
    def _cursor(self) -> Iterator[sqlite3.Cursor]:
        with self._lock:
            try:
                yield self._database.cursor()
            except sqlite3.Error as error:
                raise OutputError(
                    f"The folder for temporary files cannot be written ({error}). Free space there, or name another one in the "
                    "environment variable SQLITE_TMPDIR.",
                    f"无法写入临时文件夹（{error}）。请清理其磁盘空间，或通过环境变量 SQLITE_TMPDIR 指定其他文件夹。",
                ) from error
