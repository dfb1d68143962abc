"""The kept blocks of a scanned page, its regions among them, as one text with its structure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import accumulate, pairwise

import numpy as np
from numpy.typing import NDArray

from udfs.html.page.layout import Block, Element, PageTables, Region
from udfs.html.page.render import BOUND, CLOSE, OPEN, render
from udfs.html.page.vocabulary import Tag
from udfs.html.text.codeblocks import WRAPPERS
from udfs.html.text.finishing import finish, folded, join, markdown_apart
from udfs.html.text.marks import Piece
from udfs.html.text.regions import Place, attributes, read_region, start_tag, strip_tags
from udfs.spans import Part, Span

MAX_READ = 5_000
"""Regions of one kind that are read by their structure; those beyond give their text only."""
MAX_LABEL = 24
"""Characters of what may label a block of code."""
MAX_LISTING = 100_000
NEAR = 300
"""Characters on either side in which an alternative text may be repeated."""
REPEATED = 0.8
"""Share of an alternative text's words that make it a repetition."""
_BACK = 4_096
"""Bytes before a picture in which the link around it is looked for."""
_TAG_BYTES = 400

_WRAPPING = frozenset((Tag.DIV, Tag.FIGURE, Tag.SECTION, Tag.PRE, Tag.P, Tag.TABLE, Tag.TBODY, Tag.TR, Tag.TD))
_ITEMS = frozenset((Tag.LI, Tag.DT, Tag.DD))

_MARK = re.compile(f"{OPEN}(\\d+){CLOSE}")
_WORD = re.compile(r"\w+")
_LABEL = re.compile(r"(?:toolbar|[pP]rompt|language-|lang\b|copy)")
_LABEL_ABOVE = re.compile(r"(?:toolbar|[pP]rompt)")
_CONTROL = re.compile(rb"<a\b[^<>]*?\b(?:href\s*=\s*[\"']?(?:#[\"'\s>]|javascript:)|onclick\s*=)", re.IGNORECASE)
_PICTURE = re.compile(r"\.(?:png|jpe?g|gif|svg|webp|avif|tiff?)(?:[?#]|$)", re.IGNORECASE)
_NOTE = re.compile(r"\^\{\d{1,3}\}")
_NUMBERS = re.compile(r"\d+(?:\n\d+)+")
_ANYWHERE = Place()
_PILCROW = re.compile(rf" ?[\u00b6\uf0c1](?={BOUND}*$)", re.MULTILINE)


def page_text(
    tables: PageTables, kept: NDArray[np.bool_], *, alt_texts: bool = True, url: str | None = None
) -> tuple[str, tuple[Span, ...], tuple[Part, ...]]:
    """Write a page's kept blocks.

    Parameters
    ----------
    tables : PageTables
        The scanned page.
    kept : ndarray of bool, (n_blocks,)
        Which blocks are text.
    alt_texts : bool
        Whether alternative texts of pictures that say something are text (Llama 3 keeps them, section 3.1.1).
    url : str, optional
        Its address; one that ends in ``.md`` says that the text is markdown.

    Returns
    -------
    tuple of (str, tuple of Span, tuple of Part)
        The text; the code, mathematics and tables in it, sorted; and its lists and alternative texts, sorted.
    """
    text = render(tables, _without_labels(tables, kept), lists=True)
    if "\u00b6" in text or "\uf0c1" in text:
        text = _PILCROW.sub("", text)
    if OPEN not in text:
        return finish(*join([_without_bounds(text)]), url)
    pieces = _without_gutters(_spliced(_MARK.split(text), _Page(tables, alt_texts)))
    return finish(*join(markdown_apart(pieces)), url)


def _without_bounds(text: str) -> Piece:
    """Take the marks of lists out of a text, and note where they stood."""
    if BOUND not in text:
        return Piece(text)
    parts = text.split(BOUND)
    return Piece("".join(parts), bounds=tuple(accumulate(len(part) for part in parts[:-1])))


@dataclass(slots=True)
class _Page:
    """What the regions of one page have in common."""

    tables: PageTables
    alt_texts: bool
    source: memoryview = field(init=False)
    regions: list[list[int]] = field(init=False)
    scripts: bool = False
    read: dict[int, int] = field(default_factory=dict)
    notes: frozenset[str] | None = None
    alts: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.source = self.tables.source.data
        self.regions = self.tables.regions.tolist()
        self.scripts = any(kind == Region.MATH and self._text(at, at + 7).lower() == "<script" for kind, at, _, _ in self.regions)

    def pieces_of(self, row: int) -> list[Piece]:
        """Read a region."""
        kind, start, stop, block = self.regions[row]
        source = self._text(start, stop)
        self.read[kind] = self.read.get(kind, 0) + 1
        if kind in (Region.MATH, Region.CODE, Region.TABLE) and self.read[kind] > MAX_READ:
            return [Piece(strip_tags(source))]
        return read_region(kind, source, self._place(kind, start, block))

    def _place(self, kind: int, start: int, block: int) -> Place:
        if kind == Region.MATH:
            return Place(before=self._text(max(0, start - 2_000), start), scripts=self.scripts)
        if kind == Region.CODE:
            return Place(holder=self._around(start, block))
        if kind != Region.IMAGE:
            return _ANYWHERE
        row = self.tables.blocks[block]
        alone = row[Block.CHARS] == 0 and row[Block.REGIONS] == 1
        return Place(alone=bool(alone), holder=self._tag(int(row[Block.ELEMENT])), phrases=self.alt_texts)

    def _text(self, start: int, stop: int) -> str:
        return str(self.source[start:stop], "utf-8", "ignore")

    def _tag(self, element: int) -> str:
        """Start tag of an element, as far as a class can be found in it."""
        start = int(self.tables.elements[element, Element.START])
        return self._text(start, start + _TAG_BYTES)

    def _around(self, start: int, block: int) -> str:
        """Start tags of the elements around a region, the nearest first."""
        elements, tags = self.tables.elements, ""
        element = int(self.tables.blocks[block, Block.ELEMENT])
        for _ in range(WRAPPERS + 1):
            if element >= 0 and int(elements[element, Element.TAG]) in _WRAPPING:
                tags += start_tag(self._tag(element)) if elements[element, Element.START] < start else ""
                element = int(elements[element, Element.PARENT])
        return tags

    def is_teaser(self, row: int) -> bool:
        """Whether a picture only leads to another page, or stands in a figure with a caption."""
        _, start, _, block = self.regions[row]
        before = bytes(self.source[max(0, start - _BACK) : start]).lower()
        link = max(before.rfind(b"<a "), before.rfind(b"<a\n"))
        if link > before.rfind(b"</a"):
            href = attributes(before[link:].decode("utf-8", "ignore")).get("href", "")
            return bool(href) and not _PICTURE.search(href)
        elements = self.tables.elements
        element = int(self.tables.blocks[block, Block.ELEMENT])
        for _ in range(4):
            if element < 0:
                return False
            if self._tag(element)[:7].lower() == "<figure":
                inside = self.source[elements[element, Element.START] : elements[element, Element.STOP]]
                return b"<figcaption" in bytes(inside).lower()
            element = int(elements[element, Element.PARENT])
        return False

    def in_item(self, row: int) -> bool:
        """Whether a region stands in an item of a list, which is a line."""
        return int(self.tables.blocks[self.regions[row][3], Block.TAG]) in _ITEMS

    def is_note(self, number: str) -> bool:
        """Whether a block of the page begins with this raised number, as notes do."""
        if self.notes is None:
            regions, blocks = self.tables.regions, self.tables.blocks
            raised = regions[regions[:, 0] == Region.SCRIPT]
            first = raised[raised[:, 1] <= blocks[raised[:, 3], Block.START]]
            written = (read_region(Region.SCRIPT, self._text(start, stop), Place()) for _, start, stop, _ in first.tolist())
            self.notes = frozenset(pieces[0].text for pieces in written if pieces)
        return number in self.notes


class _Splice:
    """Pieces put one after the other, with the white space between them right."""

    def __init__(self) -> None:
        self.pieces: list[Piece] = []
        self.due = ""

    def tail(self, size: int) -> str:
        """Return the end of the prose so far."""
        return self.pieces[-1].text[-size:] if self.pieces and not self.pieces[-1].verbatim else ""

    def prose(self, text: str) -> None:
        if not text:
            return
        marked = _without_bounds(text) if BOUND in text else None
        text = marked.text if marked else text
        if self.due == "nothing":
            text = self._after_nothing(text)
        elif self.due == "line" and not text.startswith("\n"):
            text = "\n" + text.lstrip(" ")
        elif self.due == "blank" and text[:1].isalnum():
            text = " " + text
        self.due = ""
        if marked:
            more = len(text) - len(marked.text)
            self.pieces.append(Piece(text, bounds=tuple(max(0, bound + more) for bound in marked.bounds)))
        elif text:
            self.pieces.append(Piece(text))

    def _after_nothing(self, text: str) -> str:
        """Join the white space on both sides of something that is not printed."""
        last = self.pieces[-1] if self.pieces else None
        if last is None:
            return text.lstrip()
        if last.verbatim:
            return text
        bare, rest = last.text.rstrip(" \n"), text.lstrip(" \n")
        left, right = last.text[len(bare) :], text[: len(text) - len(rest)]
        lines = max(left.count("\n"), right.count("\n"))
        self.pieces[-1] = Piece(bare, part=last.part, bounds=last.bounds)
        return ("\n" * lines if lines else " " if left or right else "") + rest

    def region(self, pieces: list[Piece]) -> None:
        """Append what was read of a region."""
        if not any(piece.text for piece in pieces):
            self.due = self.due or "nothing"
            return
        for piece in pieces:
            shown = piece.kind in ("code", "table") or (piece.kind == "math" and piece.text.startswith("$$"))
            if shown and self.pieces and self.tail(1) != "\n":
                self.prose("\n")
                self._trim_line()
            elif self.due == "line" and not shown:
                self.prose("\n")
            self.due = ""
            if piece.verbatim:
                self.pieces.append(piece)
            else:
                self.prose(folded(piece.text))
            self.due = "line" if shown else ""

    def _trim_line(self) -> None:
        """Take the blank away that stands before the last line end."""
        if len(self.pieces) > 1 and self.pieces[-1].text == "\n" and not self.pieces[-2].verbatim:
            last = self.pieces[-2]
            self.pieces[-2] = Piece(last.text.rstrip(" "), part=last.part, bounds=last.bounds)


def _spliced(chunks: list[str], page: _Page) -> list[Piece]:
    splice = _Splice()
    splice.prose(chunks[0])
    for i in range(1, len(chunks), 2):
        row, after = int(chunks[i]), chunks[i + 1]
        kind = page.regions[row][0]
        pieces = page.pieces_of(row)
        if kind == Region.SCRIPT and pieces and _is_note_mark(pieces[0].text, splice.tail(3), after, page):
            pieces = []
        phrase = kind == Region.IMAGE and bool(pieces) and pieces[0].kind is None
        begins = splice.tail(1) in ("", "\n") and not page.in_item(row)
        if phrase and (_repeats(pieces[0].text, splice.tail(NEAR), after[:NEAR], page) or page.is_teaser(row)):
            pieces, phrase = [], False
        if phrase and splice.tail(1).isalnum():
            splice.prose(" ")
        splice.region(pieces)
        if phrase:
            splice.pieces[-1] = Piece(splice.pieces[-1].text, part="alt", bounds=splice.pieces[-1].bounds)
            splice.due = "line" if begins else "blank"
        splice.prose(after)
    return splice.pieces


def _is_note_mark(text: str, before: str, after: str, page: _Page) -> bool:
    """Whether a raised number refers to a note of the page, or begins that note: behind a word, or before a blank."""
    if not _NOTE.fullmatch(text):
        return False
    if not before or before.endswith("\n"):
        return after.startswith(" ")
    return len(before) == 3 and before.isalpha() and page.is_note(text)


def _repeats(alt: str, before: str, after: str, page: _Page) -> bool:
    """Whether an alternative text says again what another one said, or what stands beside the picture."""
    if alt in page.alts:
        return True
    page.alts.add(alt)
    words, text = set(_WORD.findall(alt.casefold())), f"{before} {after}".casefold()
    # What is not even part of a word beside the picture is no word there; most pictures need no more than that.
    if sum(word in text for word in words) < REPEATED * len(words):
        return False
    return len(words & set(_WORD.findall(text))) >= REPEATED * len(words)


def _without_labels(tables: PageTables, kept: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Drop what labels blocks of code: prompts of notebooks, names of languages, tabs, buttons for copying."""
    blocks = tables.blocks
    rows = tables.regions[tables.regions[:, 0] == Region.CODE, 3]
    if not len(rows):
        return kept
    short = kept & (blocks[:, Block.CHARS] <= MAX_LABEL) & (blocks[:, Block.REGIONS] == 0)
    left = kept.copy()
    for step in (-1, 1):
        beside = rows + step
        for block in beside[(beside >= 0) & (beside < len(blocks))].tolist():
            while 0 <= block < len(blocks) and short[block] and left[block] and _is_label(tables, block):
                left[block] = False
                block += step
    return left


def _is_label(tables: PageTables, block: int) -> bool:
    """Whether a short block beside code is a label: by what it or its parent is called, or since its link does nothing."""
    element = int(tables.blocks[block, Block.ELEMENT])
    start, stop = int(tables.elements[element, Element.START]), int(tables.blocks[block, Block.STOP])
    if _CONTROL.search(tables.source[max(start, stop - _TAG_BYTES) : stop].tobytes()):
        return True
    for pattern in (_LABEL, _LABEL_ABOVE):
        start = int(tables.elements[element, Element.START])
        found = attributes(tables.source[start : start + _TAG_BYTES].tobytes().decode("utf-8", "ignore"))
        if pattern.search(found.get("class", "")) or found.get("role") == "tab":
            return True
        element = max(0, int(tables.elements[element, Element.PARENT]))
    return False


def _without_gutters(pieces: list[Piece]) -> list[Piece]:
    """Drop a block of consecutive numbers before a block of code of as many lines."""
    code = [i for i, piece in enumerate(pieces) if piece.kind == "code"]
    gone: set[int] = set()
    for i, j in pairwise(code):
        numbers = pieces[i].text
        if len(numbers) < MAX_LISTING and _NUMBERS.fullmatch(numbers) and numbers.count("\n") == pieces[j].text.count("\n"):
            values = [int(number[:9]) for number in numbers.split("\n")]
            between = "".join(piece.text for piece in pieces[i + 1 : j])
            if values == list(range(values[0], values[0] + len(values))) and not between.strip():
                gone.update(range(i, j))
    return [Piece("", bounds=piece.bounds) if i in gone else piece for i, piece in enumerate(pieces)]
