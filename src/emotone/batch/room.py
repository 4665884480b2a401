"""A bound on what is in memory."""

import threading

from .inputs import Item


class Room:
    """How many items may be on their way."""

    def __init__(self, files: int, size: int) -> None:
        self._files, self._size = files, size
        self._inside = self._bytes = 0
        self._closed = False
        self._changed = threading.Condition()

    @property
    def empty(self) -> bool:
        """Whether no item is on its way."""
        return not self._inside

    def enter(self, item: Item) -> bool:
        """Waits for room; `False` when it was closed. An item that is larger than the room has it for itself."""
        with self._changed:
            self._changed.wait_for(self._has_room)
            self._inside += 1
            self._bytes += item.size
            return not self._closed

    def leave(self, item: Item) -> None:
        """The item is dealt with."""
        with self._changed:
            self._inside -= 1
            self._bytes -= item.size
            self._changed.notify()

    def close(self) -> None:
        """Nobody enters any more."""
        with self._changed:
            self._closed = True
            self._changed.notify()

    def _has_room(self) -> bool:
        return self._closed or not self._inside or (self._inside < self._files and self._bytes < self._size)
