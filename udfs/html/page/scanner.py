"""A page in one pass over its bytes: blocks of text, regions, elements, what the head says. No tree is ever built.

The pass is linear for any bytes. It follows the standard's rules for what parts blocks (`udfs.html.page.structure`), counts text
as it goes (`udfs.html.page.running_text`), and looks ahead only for regions (`udfs.html.page.regions_ahead`), each byte a fixed
number of times.
"""

from __future__ import annotations

import html
import re
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from udfs.html.compiled import OFFSET, entry, helper, mix, unowned
from udfs.html.page.layout import PADDING, Block, Element, Head, PageTables, Piece, Region
from udfs.html.page.naming import lore
from udfs.html.page.regions_ahead import contains
from udfs.html.page.running_text import add_piece, clear_draft, count_text, flush, part_words
from udfs.html.page.start_tags import read_end_tag, read_start_tag
from udfs.html.page.structure import pop_to
from udfs.html.page.tokens import Bytes, Ints, end_of_markup, find
from udfs.html.page.vocabulary import IGNORED_RANGES, SPACE_RANGES, Tag
from udfs.html.page.workspace import (
    BITS,
    BLOCKS,
    ELEMENTS,
    FRAMES,
    HEADS,
    NAMES,
    PIECES,
    QUIRKS,
    REGION_ROWS,
    ROWS,
    SILENT,
    START,
    TAG,
    TOP_FRAME,
    WIDTHS,
    WORD_ROWS,
    Out,
    allocate,
    count_tags,
    new_row,
)

MAX_TITLE: Final = 64
"""Words of the title that blocks are compared with."""

_Rows = tuple[Out, Out, NDArray[np.uint64], Out, Out, Out, Out, Out, Out]

_TITLE_SLOTS: Final = 256

_DOCTYPE: Final = np.frombuffer(b"!doctype", np.uint8)
_OLD: Final = tuple(np.frombuffer(name, np.uint8) for name in (b"html 3.2", b"html 4.0 ", b"html 4.01 transitional", b"html//"))
_SYSTEM: Final = np.frombuffer(b"http://www.w3.org/tr", np.uint8)


@helper
def _begin(state: Ints, out: Out, stop: int) -> None:
    """Open the root."""
    state[FRAMES + TAG] = Tag.ROOT
    row = new_row(state, ELEMENTS, WIDTHS[4])
    for column in range(WIDTHS[4]):
        out[row + column] = 0
    out[row + Element.PARENT] = -1
    out[row + Element.TAG] = Tag.ROOT
    out[row + Element.STOP] = stop
    state[QUIRKS] = 1
    clear_draft(state)


@helper
def _read_declaration(source: Bytes, wide: Ints, at: int, stop: int, state: Ints) -> int:
    """Pass a comment or declaration over; a document type that is not of an old kind ends the quirks."""
    after = end_of_markup(source, wide, at, stop)
    if contains(source, at + 1, min(at + 9, stop), _DOCTYPE):
        state[QUIRKS] = 0
        end = min(after, at + 500)
        if not contains(source, at, end, _SYSTEM):
            for name in _OLD:
                if contains(source, at, end, name):
                    state[QUIRKS] = 1
    return after


@helper
def _read_text(source: Bytes, wide: Ints, at: int, stop: int, state: Ints, out: Out) -> int:
    """Read text up to the next markup."""
    if state[SILENT] != 0:
        return find(wide, at + 1, 60, stop)
    after = count_text(source, at, stop, state, out, False)
    if state[START] >= 0:
        add_piece(state, out, Piece.TEXT, at, after)
    return after


@helper
def _title_words(source: Bytes, state: Ints, out: Out) -> Ints:
    """Open-addressing table of the hashes of the first title's words; 0 where a slot is free."""
    slots = np.zeros(_TITLE_SLOTS, np.int64)
    for row in range(state[HEADS + ROWS]):
        place = state[HEADS] + 3 * row
        if out[place] == Head.TITLE:
            at, stop = int(out[place + 1]), int(out[place + 2])
            first = state[WORD_ROWS + ROWS]
            clear_draft(state)
            while at < stop:
                at = count_text(source, at, stop, state, out, source[at] == 60)
            part_words(state, out)
            for word in range(first, min(state[WORD_ROWS + ROWS], first + MAX_TITLE)):
                key = int(out[state[WORD_ROWS] + word])
                slot = key & (_TITLE_SLOTS - 1)
                while slots[slot] != 0 and slots[slot] != key:
                    slot = (slot + 1) & (_TITLE_SLOTS - 1)
                slots[slot] = key
            state[WORD_ROWS + ROWS] = first
            break
    return slots


@helper
def _finish(state: Ints, out: Out, title: Ints) -> NDArray[np.uint64]:
    """Hash each block's words, and count those in the title."""
    blocks, words = state[BLOCKS], state[WORD_ROWS]
    count = state[BLOCKS + ROWS]
    hashes = np.empty(count, np.uint64)
    for block in range(count):
        row = blocks + block * WIDTHS[0]
        last = int(state[WORD_ROWS + ROWS]) if block + 1 == count else int(out[row + WIDTHS[0] + Block.WORD])
        key, found = OFFSET, 0
        for place in range(words + out[row + Block.WORD], words + last):
            word = int(out[place])
            key = mix(key, word & 0xFFFFFFFF)
            key ^= (key >> 32) & 0xFFFFFFFF
            slot = word & (_TITLE_SLOTS - 1)
            while title[slot] != 0 and title[slot] != word:
                slot = (slot + 1) & (_TITLE_SLOTS - 1)
            found += title[slot] != 0
        out[row + Block.TITLE_WORDS] = found
        hashes[block] = np.uint64(key)
    return hashes


@helper
def _table(state: Ints, out: Out, table: int, width: int) -> Out:
    start = state[table]
    return out[start : start + state[table + ROWS] * width].copy().reshape(-1, width)


@helper
def _read_page(source: Bytes, wide: Ints, stop: int, state: Ints, out: Out, lore: Ints) -> NDArray[np.uint64]:
    """Read a page into the tables; return the blocks' hashes."""
    _begin(state, out, stop)
    at = 0
    while at < stop:
        after = source[at + 1] if source[at] == 60 else 0
        if 97 <= (after | 32) <= 122:
            at = read_start_tag(source, wide, at, stop, state, out, lore)
        elif after == 47:
            at = read_end_tag(source, wide, at, stop, state, out, lore)
        elif after in (33, 63):
            at = _read_declaration(source, wide, at, stop, state)
        else:
            at = _read_text(source, wide, at, stop, state, out)
    if state[TOP_FRAME] > 0:
        pop_to(state, out, 1, stop, stop)
    flush(state, out)
    out[state[ELEMENTS] + Element.BLOCK_END] = state[BLOCKS + ROWS]
    return _finish(state, out, _title_words(source, state, out))


@entry
def _scan(source: Bytes, wide: Ints, stop: int, lore: Ints) -> _Rows:
    """Scan a page; the tables that `scan` makes views of."""
    state, out = allocate(count_tags(source, stop), stop)
    hashes = _read_page(unowned(source), unowned(wide), stop, unowned(state), unowned(out), unowned(lore))
    return (
        _table(state, out, BLOCKS, WIDTHS[0]),
        _table(state, out, BITS, WIDTHS[1]),
        hashes,
        _table(state, out, PIECES, WIDTHS[2]),
        _table(state, out, REGION_ROWS, WIDTHS[3]),
        _table(state, out, WORD_ROWS, 1),
        _table(state, out, ELEMENTS, WIDTHS[4]),
        _table(state, out, NAMES, 1),
        _table(state, out, HEADS, WIDTHS[5]),
    )


@cache
def _lore() -> Ints:
    return lore()


def scan(page: bytes) -> PageTables:
    """Scan a page.

    Parameters
    ----------
    page : bytes
        HTML in UTF-8; anything else is read as if it were. At most 2³¹ - 64 bytes.

    Returns
    -------
    PageTables
        Defined for all bytes: an empty page has a root and nothing else, damaged UTF-8 counts as U+FFFD, NUL as nothing.
    """
    stop = len(page)
    wide = np.zeros(stop + PADDING + 7 >> 3, np.int64)
    source = wide.view(np.uint8)[: stop + PADDING]
    source[:stop] = np.frombuffer(page, np.uint8)
    blocks, bits, hashes, pieces, regions, words, elements, names, heads = _scan(source, wide, stop, _lore())
    return PageTables(
        source=source,
        blocks=blocks,
        bits=bits.view(np.uint64),
        hashes=hashes,
        pieces=pieces,
        regions=regions,
        words=words.reshape(-1).view(np.uint32),
        elements=elements,
        names=names.reshape(-1).view(np.uint32),
        heads=heads,
    )


_NO_TEXT: Final = re.compile(
    r"(?is)<!--.*?-->|<[!?][^>]*>|<(script|style|textarea|template|svg|select|iframe|noscript)\b.*?</\1[^>]*>"
)
_PART: Final = re.compile(r"(?i)</?(?:br|p|div|li|ul|ol|dl|dt|dd|tr|td|th|table|caption|pre|blockquote|h[1-6])\b[^>]*>")
_TAG: Final = re.compile(r"</?[a-zA-Z](?:[^>\"']|\"[^\"]*\"|'[^']*')*>|</?[a-zA-Z][^>]*>")
_IGNORED: Final = re.compile("[" + "".join(f"{chr(first)}-{chr(last)}" for first, last in IGNORED_RANGES) + "]")
_BLANK: Final = re.compile("[" + "".join(f"{chr(first)}-{chr(last)}" for first, last in SPACE_RANGES) + "]+")
_RAW_REGION: Final = re.compile(r"(?is)<(?:script|xmp|plaintext)\b[^>]*>(.*?)(?:</(?:script|xmp)[^>]*>)?$")


def _text_of_region(source: bytes) -> str:
    text = source.decode("utf-8", "replace")
    if raw := _RAW_REGION.match(text):
        return raw[1]
    return html.unescape(_TAG.sub("", _PART.sub(" ", _NO_TEXT.sub("", text))))


def text_of_block(tables: PageTables, block: int) -> str:
    """Read the text of a block: decoded, white space folded, regions without their tags, pictures and ruby readings left out.

    Parameters
    ----------
    tables : PageTables
    block : int
        Its row in ``tables.blocks``.
    """
    first = tables.blocks[block, Block.PIECE]
    last = tables.blocks[block + 1, Block.PIECE] if block + 1 < len(tables.blocks) else len(tables.pieces)
    parts: list[str] = []
    for kind, start, stop in tables.pieces[first:last].tolist():
        if kind == Piece.TEXT:
            parts.append(html.unescape(tables.source[start:stop].tobytes().decode("utf-8", "replace")))
        elif kind == Piece.BREAK:
            parts.append("\n")
        else:
            region, begin, end, _ = tables.regions[start].tolist()
            if region not in (Region.IMAGE, Region.RUBY):
                parts.append(_text_of_region(tables.source[begin:end].tobytes()))
    return _BLANK.sub(" ", _IGNORED.sub("", "".join(parts))).strip(" ")
