"""Verbatim blocks carried through an engine behind private-use marks, and found again in its output."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from udfs.spans import Kind, PartKind

OPEN, MIDDLE, CLOSE = "\U0010ff00", "\U0010ff01", "\U0010ff02"
_MARKS = re.compile(f"[{OPEN}{MIDDLE}{CLOSE}]")
_BLOCK = re.compile(f"{OPEN}(\\d{{1,7}}){MIDDLE}([^{OPEN}{CLOSE}]*){CLOSE}")
_STRAY = re.compile(f"{OPEN}(?:\\d{{1,7}}{MIDDLE})?|[{MIDDLE}{CLOSE}]")


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of the output: prose (``kind`` None, ``verbatim`` False) or a block that no one may touch.

    ``language`` is that of code. ``part`` says what all of the stretch is (the alternative text of a picture), and ``bounds``
    where in it a list begins or ends.
    """

    text: str
    kind: Kind | None = None
    verbatim: bool = False
    language: str | None = None
    part: PartKind | None = None
    bounds: tuple[int, ...] = ()


@dataclass(slots=True)
class Blocks:
    """The blocks of one page, by number."""

    items: list[Piece] = field(default_factory=list)

    def freeze(self, text: str, kind: Kind | None, language: str | None = None) -> str:
        """Keep a block and return what stands for it in the document: its marks around its own text.

        The text stays between the marks, so that an engine weighs the block by what it holds.
        """
        inner = self.plain(text)
        self.items.append(Piece(inner, kind, True, language))
        return f"{OPEN}{len(self.items) - 1}{MIDDLE}{inner}{CLOSE}"

    def plain(self, text: str) -> str:
        """Return a text with the marks in it replaced by their blocks."""
        return "".join(piece.text for piece in self.thaw(text))

    def thaw(self, text: str) -> list[Piece]:
        """Cut an engine's output at the marks.

        A block with both marks, in order, comes back verbatim; where the engine lost a mark, its text stays as prose.
        """
        if OPEN not in text and MIDDLE not in text and CLOSE not in text:
            return [Piece(text)]
        pieces, at = [], 0
        for match in _BLOCK.finditer(text):
            pieces.append(Piece(_STRAY.sub("", text[at : match.start()])))
            number = int(match[1])
            pieces.append(self.items[number] if number < len(self.items) else Piece(match[2]))
            at = match.end()
        pieces.append(Piece(_STRAY.sub("", text[at:])))
        return [piece for piece in pieces if piece.text]


def without_marks(page: str) -> str:
    """Return a page without the private-use characters that serve as marks here."""
    return _MARKS.sub("", page)
