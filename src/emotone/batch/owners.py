"""Who analyses a content on a cluster, so that bytes which are there many times are analysed once."""

import sqlite3
from collections.abc import Iterable
from typing import Any

from ..errors import MissingExtraError

try:
    import ray
    from ray.exceptions import RayError
except ModuleNotFoundError as missing:
    raise MissingExtraError.of("batch") from missing

_DONE = ""  # in place of a file: the content is in a part


class Owners:
    """The first file with a content owns it: an actor, which all others ask. On disk, so that no archive fills its memory.

    When its machine dies it begins anew and knows nothing: then some bytes are analysed again, and no row is another.
    """

    def __init__(self) -> None:
        self._database = sqlite3.connect("", check_same_thread=False)
        self._database.executescript(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -64000;"
            "CREATE TABLE owners (sha256 BLOB PRIMARY KEY, file TEXT) WITHOUT ROWID;"
        )

    def know(self, contents: Iterable[str]) -> None:
        """These are in parts already."""
        self._database.executemany(
            "INSERT OR IGNORE INTO owners VALUES (?, ?)", [(bytes.fromhex(sha256), _DONE) for sha256 in contents]
        )

    def owns(self, sha256: str, file: str) -> bool:
        """Whether this file owns the content; it is asked again when its worker has died."""
        content = bytes.fromhex(sha256)
        self._database.execute("INSERT OR IGNORE INTO owners VALUES (?, ?)", (content, file))
        (owner,) = self._database.execute("SELECT file FROM owners WHERE sha256 = ?", (content,)).fetchone()
        return bool(owner == file)


def start_owners(known: Iterable[list[str]]) -> Any:
    """The actor, which lives as long as what is given is held. It takes no core.

    Args:
        known: The sha256 of what is in parts already, some at a time.
    """
    actor = ray.remote(num_cpus=0, max_restarts=-1, max_task_retries=-1)(Owners).remote()
    for contents in known:
        ray.get(actor.know.remote(contents))
    return actor


def ask(owners: Any, sha256: str, file: str) -> bool:
    """As `Owners.owns`, of the actor; when it cannot answer, the file is analysed."""
    try:
        return bool(ray.get(owners.owns.remote(sha256, file)))
    except RayError:
        return True
