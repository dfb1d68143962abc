r"""The kept blocks of a page as one text, in one pass over their bytes.

Entities are decoded, white space is folded, invisible characters go, ``br`` is a line end, and blocks stand apart as their
elements do: one line end between the items of a list or the cells of a layout table, an empty line between paragraphs. Where
a region belongs, its row in ``PageTables.regions`` stands between two control characters, which no text can hold.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from udfs.html.compiled import entry, helper, unowned
from udfs.html.page.entities import decode
from udfs.html.page.layout import Block, Element, PageTables, Piece, Region
from udfs.html.page.notes import may_be_mark, note_end
from udfs.html.page.spacing import by_tag, lines_between, parts_words
from udfs.html.page.vocabulary import Tag

OPEN: Final = "\x01"
CLOSE: Final = "\x02"
"""Around the number of a region."""
BOUND: Final = "\x03"
"""Where a list begins or ends that is in no other; it stands before the white space between the blocks."""

_OPEN, _CLOSE, _BOUND = ord(OPEN), ord(CLOSE), ord(BOUND)
_NON_JOINER: Final = 0x200C

_DELETED, _BLANK, _LINE, _PLAIN, _JOINING = range(5)
"""Classes of a character: nothing, white space, end of a line, printed, printed and of a script without blanks."""

_TEXT, _BREAK = int(Piece.TEXT), int(Piece.BREAK)
_RUBY, _SCRIPT = int(Region.RUBY), int(Region.SCRIPT)
_B_TAG, _B_ELEMENT, _B_PIECE = int(Block.TAG), int(Block.ELEMENT), int(Block.PIECE)
_B_LINK_CHARS = int(Block.LINK_CHARS)
_B_WORDS = int(Block.WORDS)
_E_PARENT, _E_TAG = int(Element.PARENT), int(Element.TAG)
_H1, _H6, _DT = int(Tag.H1), int(Tag.H6), int(Tag.DT)


_LIST = by_tag((Tag.UL, Tag.OL, Tag.DL, Tag.MENU, Tag.DIR))


def render(tables: PageTables, kept: NDArray[np.bool_], *, lists: bool = False) -> str:
    r"""Write the kept blocks of a page.

    Parameters
    ----------
    tables : PageTables
        The scanned page.
    kept : ndarray of bool, (n_blocks,)
        Which blocks are text.
    lists : bool
        Whether ``\x03`` is to stand where a list begins or ends that is in no other list.

    Returns
    -------
    str
        Text without control characters but ``\n``, with ``\x01`` row ``\x02`` for each region except `Region.RUBY`.

    Raises
    ------
    ValueError
        When ``kept`` is not as long as the page has blocks.
    """
    if len(kept) != len(tables.blocks):
        raise ValueError(f"kept has {len(kept)} values for a page of {len(tables.blocks)} blocks; give one for each block")
    flags = np.ascontiguousarray(kept, np.bool_)
    written = _render(tables.source, tables.blocks, tables.elements, tables.pieces, tables.regions, flags, lists)
    return str(written.data, "utf-8", "replace")


@helper
def _class_of(point: int) -> int:
    """Class of a code point above ASCII."""
    if point < 0x0E00:
        if point > 0xAD:
            return _PLAIN
        if point in (0x85, 0xA0):
            return _BLANK
        return _DELETED if point < 0xA0 or point == 0xAD else _PLAIN
    if point < 0x2000:
        if point < 0x10A0:
            return _JOINING  # Thai, Lao, Tibetan, Myanmar
        if point == 0x1680:
            return _BLANK
        return _JOINING if 0x1780 <= point <= 0x17FF else _PLAIN
    if point < 0x2070:
        if point <= 0x200A or point in (0x202F, 0x205F):
            return _BLANK
        if point in (0x2028, 0x2029):
            return _LINE
        if point in (0x200B, 0x2060) or 0x202A <= point <= 0x202E or 0x2066 <= point <= 0x2069:
            return _DELETED
        return _PLAIN
    if point == 0x3000:
        return _BLANK
    if point == 0xFEFF:
        return _DELETED
    if 0x3001 <= point <= 0x30FF or 0x31F0 <= point <= 0x31FF or 0x3400 <= point <= 0x4DBF or 0x4E00 <= point <= 0x9FFF:
        return _JOINING
    if 0xF900 <= point <= 0xFAFF or 0xFF00 <= point <= 0xFF60 or 0x20000 <= point <= 0x3FFFF:
        return _JOINING
    return _PLAIN


@helper
def _ascii_class(byte: int) -> int:
    if byte > 0x20:
        return _PLAIN if byte != 0x7F else _DELETED
    return _BLANK if byte == 0x20 or 9 <= byte <= 13 else _DELETED


@helper
def _is_plain(byte: int) -> bool:
    """Whether a byte is a character to print as it is: ASCII, no blank, no ampersand."""
    return 0x20 < byte < 0x7F and byte != 0x26


@helper
def _read(source: NDArray[np.uint8], at: int, stop: int) -> tuple[int, int, int]:
    """Code point at a byte, a second one or 0, and the byte after them; U+FFFD for what is no UTF-8."""
    lead = source[at]
    if lead == 0x26:
        point, second, after = decode(source, at, stop)
        return (point, second, after) if point >= 0 else (0x26, 0, after)
    if lead < 0x80:
        return int(lead), 0, at + 1
    size = 2 if 0xC2 <= lead < 0xE0 else 3 if 0xE0 <= lead < 0xF0 else 4 if 0xF0 <= lead < 0xF5 else 1
    if size == 1 or at + size > stop:
        return 0xFFFD, 0, at + 1
    decoded = int(lead) & (0x7F >> size)
    for i in range(at + 1, at + size):
        if source[i] & 0xC0 != 0x80:
            return 0xFFFD, 0, at + 1
        decoded = (decoded << 6) | (int(source[i]) & 0x3F)
    return decoded, 0, at + size


@helper
def _put(out: NDArray[np.uint8], n: int, point: int) -> int:
    """Write a code point as UTF-8; return the place after it."""
    if point < 0x80:
        out[n] = point
        return n + 1
    if point < 0x800:
        out[n] = 0xC0 | (point >> 6)
        out[n + 1] = 0x80 | (point & 0x3F)
        return n + 2
    if point < 0x10000:
        out[n] = 0xE0 | (point >> 12)
        out[n + 1] = 0x80 | ((point >> 6) & 0x3F)
        out[n + 2] = 0x80 | (point & 0x3F)
        return n + 3
    out[n] = 0xF0 | (point >> 18)
    out[n + 1] = 0x80 | ((point >> 12) & 0x3F)
    out[n + 2] = 0x80 | ((point >> 6) & 0x3F)
    out[n + 3] = 0x80 | (point & 0x3F)
    return n + 4


@helper
def _is_permalink(source: NDArray[np.uint8], at: int, stop: int) -> bool:
    """Whether a text is one of the signs that a heading's link to itself bears: # § ¶ U+F0C1 or a chain."""
    while at < stop and source[at] <= 0x20:
        at += 1
    while stop > at and source[stop - 1] <= 0x20:
        stop -= 1
    size, sign = stop - at, 0
    if not 0 < size <= 4:
        return False
    for i in range(at, stop):
        sign = sign << 8 | int(source[i])
    return sign in (0x23, 0xC2A7, 0xC2B6, 0xEF8381, 0xF09F9497)


@helper
def _capacity(blocks: NDArray[np.int32], pieces: NDArray[np.int32], kept: NDArray[np.bool_]) -> int:
    """Bytes that suffice for the text: an entity of five bytes may stand for six."""
    total = 16
    for block in range(len(blocks)):
        if kept[block]:
            total += 6
            end = blocks[block + 1, _B_PIECE] if block + 1 < len(blocks) else len(pieces)
            for piece in range(blocks[block, _B_PIECE], end):
                size = pieces[piece, 2] - pieces[piece, 1] if pieces[piece, 0] == _TEXT else 0
                total += 16 + 2 * max(size, 0)
    return total


@helper
def _mark(out: NDArray[np.uint8], n: int, row: int) -> int:
    """Write the mark of a region; return the place after it."""
    out[n] = _OPEN
    scale = 1
    while row // scale >= 10:
        scale *= 10
    n += 1
    while scale:
        out[n] = 0x30 + (row // scale) % 10
        n += 1
        scale //= 10
    out[n] = _CLOSE
    return n + 1


@helper
def _space(out: NDArray[np.uint8], n: int, lines: int, blank: int, joins: bool) -> int:
    """Write what stands before a character: line ends, a blank, or nothing."""
    if n == 0 or (lines == 0 and out[n - 1] == _BOUND):
        return n
    for _ in range(min(lines, 2)):
        out[n] = 0x0A
        n += 1
    if not lines and blank and not (blank == 2 and joins):
        out[n] = 0x20
        n += 1
    return n


@helper
def _may_join(out: NDArray[np.uint8], n: int) -> bool:
    """Whether the last character is of a script whose letters join: none of ASCII, and no Latin letter with an accent."""
    if n == 0 or out[n - 1] < 0x80:
        return False
    return not (n > 1 and 0xC3 <= out[n - 2] <= 0xC9)


@helper
def _write_text(
    source: NDArray[np.uint8], at: int, stop: int, out: NDArray[np.uint8], state: tuple[int, int, int, bool]
) -> tuple[int, int, int, bool]:
    """Write one piece of text.

    The state is the bytes written, the line ends that are due, the blank that is due (2: its white space holds a line end)
    and whether the last character is of a script without blanks.
    """
    n, lines, blank, joining = state
    second = 0
    while at < stop or second:
        if not second and _is_plain(source[at]):
            if lines or blank:
                n = _space(out, n, lines, blank, False)
                lines = blank = 0
            joining = False
            while at < stop and (_is_plain(source[at]) or (source[at] == 0x20 and at + 1 < stop and _is_plain(source[at + 1]))):
                out[n] = source[at]
                n += 1
                at += 1
            continue
        if second:
            point, second = second, 0
        else:
            point, second, at = _read(source, at, stop)
        kind = _ascii_class(point) if point < 0x80 else _class_of(point)
        if kind >= _PLAIN:
            if point == _NON_JOINER and (lines or blank or not _may_join(out, n)):
                continue
            joins = kind == _JOINING
            if lines or blank:
                n = _space(out, n, lines, blank, joining and joins)
                lines = blank = 0
            n = _put(out, n, point)
            joining = joins
        elif kind == _BLANK:
            blank = 2 if point in (10, 13) else max(blank, 1)
        elif kind == _LINE:
            lines, blank = max(lines, 1), 0
    return n, lines, blank, joining


@helper
def _outer_lists(elements: NDArray[np.int32]) -> NDArray[np.int32]:
    """Per element, the row of the outermost list that it is or stands in, or -1; parents come before their children."""
    outer = np.empty(len(elements), np.int32)
    for row in range(len(elements)):
        parent = elements[row, _E_PARENT]
        above = outer[parent] if parent >= 0 else -1
        outer[row] = row if above < 0 and _LIST[elements[row, _E_TAG] & 0xFF] else above
    return outer


@helper
def _bounds(out: NDArray[np.uint8], n: int, inside: int, following: int) -> int:
    """Write the end of a list and the beginning of the next; return the place after them."""
    for row in (inside, following):
        if row >= 0:
            out[n] = _BOUND
            n += 1
    return n


@entry
def _render(
    source: NDArray[np.uint8],
    blocks: NDArray[np.int32],
    elements: NDArray[np.int32],
    pieces: NDArray[np.int32],
    regions: NDArray[np.int32],
    kept: NDArray[np.bool_],
    lists: bool,
) -> NDArray[np.uint8]:
    out = np.empty(_capacity(blocks, pieces, kept), np.uint8)
    outer = _outer_lists(elements) if lists else np.empty(0, np.int32)
    bare = (unowned(source), unowned(blocks), unowned(elements), unowned(pieces), unowned(regions), unowned(kept), unowned(outer))
    n = _write(*bare, unowned(out))
    return out[:n]


@helper
def _write(
    source: NDArray[np.uint8],
    blocks: NDArray[np.int32],
    elements: NDArray[np.int32],
    pieces: NDArray[np.int32],
    regions: NDArray[np.int32],
    kept: NDArray[np.bool_],
    outer: NDArray[np.int32],
    out: NDArray[np.uint8],
) -> int:
    """Write the kept blocks; ``outer`` is empty where lists need no marks."""
    n = 0
    before = inside = -1
    dropped = False
    for block in range(len(blocks)):
        if not kept[block]:
            dropped = dropped or blocks[block, _B_WORDS] > 0
            continue
        lines = lines_between(source, blocks, elements, before, block, dropped) if before >= 0 else 0
        first = blocks[block, _B_PIECE]
        end = blocks[block + 1, _B_PIECE] if block + 1 < len(blocks) else len(pieces)
        heads = (_H1 <= blocks[block, _B_TAG] <= _H6 or blocks[block, _B_TAG] == _DT) and blocks[block, _B_LINK_CHARS] > 0
        around = int(outer[blocks[block, _B_ELEMENT]]) if len(outer) else -1
        if around != inside:
            n = _bounds(out, n, inside, around)
            inside = around
        begun, note = n, 0
        blank, joining = 0, False
        for piece in range(first, end):
            kind, at, stop = pieces[piece, 0], pieces[piece, 1], pieces[piece, 2]
            if kind == _TEXT:
                if heads and (piece == first or piece == end - 1) and end - first > 1 and _is_permalink(source, at, stop):
                    continue
                if may_be_mark(source, at, stop):
                    note = max(note, note_end(source, at))
                if at < note:
                    continue
                if piece > first and lines == 0 and blank == 0 and pieces[piece - 1, 0] == _TEXT:
                    blank = int(parts_words(source, pieces[piece - 1, 1], pieces[piece - 1, 2], at))
                n, lines, blank, joining = _write_text(source, at, stop, out, (n, lines, blank, joining))
            elif kind == _BREAK:
                lines, blank = lines + (n > begun), 0
            elif regions[at, 0] != _RUBY and not (regions[at, 0] == _SCRIPT and note_end(source, regions[at, 1])):
                n = _mark(out, _space(out, n, lines, blank, False), at)
                lines, blank, joining = 0, 0, False
        if n > begun:
            before = block
            dropped = False
    return n
