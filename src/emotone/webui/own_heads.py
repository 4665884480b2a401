"""Heads beside the model's own: those of the server, and a visitor's, loaded or taught on this page, which nobody else sees."""

from dataclasses import dataclass, replace

from ..errors import EmotoneError
from ..heads import Head, load_head
from ..interview import OWN_HEAD
from ..library import START, Library
from . import texts
from .analysis import Chosen, Problem
from .shelf import Shelf


@dataclass(frozen=True, slots=True)
class OwnHeads:
    """The heads of one visitor.

    Attributes:
        heads: In the order in which they came.
        chosen: The place of the one in use; `None` when that is the model's own.
        problem: Why the last file was refused.
    """

    heads: tuple[Head, ...] = ()
    chosen: int | None = None
    problem: Problem | None = None

    @property
    def head(self) -> Head | None:
        """The one in use; `None` when that is the model's own."""
        return None if self.chosen is None else self.heads[self.chosen]

    @classmethod
    def of(cls, library: Library) -> "OwnHeads":
        """Those of the server, with which a visit begins; the first of them answers."""
        heads = library.heads(library.recognizer(START))
        own = tuple(replace(head, name=name) for name, head in heads.items() if name != OWN_HEAD)
        return cls(own, None if next(iter(heads)) == OWN_HEAD else 0)

    def choosing(self, place: int) -> "OwnHeads":
        """With another one in use; the model's own when there is none at this place."""
        return OwnHeads(self.heads, place if 0 <= place < len(self.heads) else None)

    def adding(self, head: Head) -> "OwnHeads":
        """With a further head, which is used at once. The same head is there once."""
        kept = tuple(other for other in self.heads if (other.sha256, other.name) != (head.sha256, head.name))
        return OwnHeads((*kept, head), len(kept))

    def loading(self, file: Chosen, shelf: Shelf) -> "OwnHeads":
        """With the head of a file, or the reason why it has none."""
        try:
            if not shelf.holds(file.path):
                raise EmotoneError(texts.FOREIGN_FILE.en, texts.FOREIGN_FILE.zh)
            head = load_head(file.path)
            return self.adding(head if head.name else replace(head, name=file.name.removesuffix(".json")))
        except EmotoneError as error:
            return replace(self, problem=Problem(file.name, texts.without_path(error.text, file.path, file.name)))
