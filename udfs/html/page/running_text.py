"""Text of a page, counted as it is read: characters, words and their hashes, signs; and the end of a block.

`udfs.html.page.workspace` says where the numbers are kept.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from udfs.html.compiled import OFFSET, helper, mix
from udfs.html.page.entities import REPLACEMENT, decode
from udfs.html.page.layout import Block, BlockFlag, Element, Piece
from udfs.html.page.tokens import LOWER, Bytes, Ints
from udfs.html.page.vocabulary import CJK_RANGES, IGNORED_RANGES
from udfs.html.page.workspace import (
    BITS,
    BLOCKS,
    CAPITALS,
    CHARS,
    CJK,
    CODE,
    CODE_CHARS,
    COLUMNS,
    COMMAS,
    DIGITS,
    DRAFT,
    ELEMENT,
    ELEMENTS,
    FIRST,
    FIRST_REGION,
    FLAGS,
    GAP,
    IMAGES,
    IN_WORD,
    KEY,
    LAST,
    LEVEL,
    LINK,
    LINK_CHARS,
    LINKS,
    OWN_KINDS,
    OWN_MEANINGS,
    PIECE,
    PIECES,
    PLAIN,
    PUNCT,
    REGION_ROWS,
    REGIONS,
    ROWS,
    SOLID,
    START,
    STOP,
    STOPS,
    STRONG,
    STRONG_CHARS,
    TAG,
    TOP_FRAME,
    VISIBLE,
    WHOLE,
    WIDTHS,
    WORD,
    WORD_ROWS,
    WORDS,
    Out,
    frame,
    new_row,
)

# Classes of characters; those up to `_WORD` make words.
_LETTER: Final = 0
_CAPITAL: Final = 1
_DIGIT: Final = 2
_WORD: Final = 3
_BLANK: Final = 4
_COMMA: Final = 5
_STOP: Final = 6
_PUNCT: Final = 7
_OTHER: Final = 8
_CJK: Final = 9
_IGNORED: Final = 10
_BEYOND: Final = 11
"""A byte that begins a character beyond ASCII."""
_MARKUP: Final = 12
_REFERENCE: Final = 13

_FLAG_REGION: Final = int(BlockFlag.REGION)
_FLAG_HIDDEN: Final = int(BlockFlag.HIDDEN)
_FLAG_LINKED: Final = int(BlockFlag.LINKED)
_FLAG_CONTINUES: Final = int(BlockFlag.CONTINUES)

HIDDEN: Final = 1
SKIPPED: Final = 2
IN_LINE: Final = 4
"""A frame whose text belongs to the block around it."""
DEAD: Final = 8
"""A form whose end tag came before those of what it holds."""
MARKER: Final = 16
"""A frame that keeps links and the like outside."""


def _classes() -> NDArray[np.uint8]:
    classes = np.full(256, _OTHER, np.uint8)
    classes[33:127] = _PUNCT
    classes[97:123], classes[65:91], classes[48:58], classes[95] = _LETTER, _CAPITAL, _DIGIT, _WORD
    classes[[9, 10, 11, 12, 13, 32]] = _BLANK
    classes[[ord(sign) for sign in ".!?"]] = _STOP
    classes[ord(",")], classes[ord("<")], classes[ord("&")], classes[0] = _COMMA, _MARKUP, _REFERENCE, _IGNORED
    classes[128:] = _BEYOND
    return classes


_CLASS: Final = _classes()
_CJK_FIRST: Final = CJK_RANGES[0][0]
_WIDE: Final = np.array(CJK_RANGES, np.int64)
_NO_WIDTH: Final = np.array(IGNORED_RANGES, np.int64)


@helper
def class_of(point: int) -> int:
    """Class of a code point."""
    if point < 0x80:
        kind = int(_CLASS[point])
        return _PUNCT if kind in (_MARKUP, _REFERENCE) else kind
    if point < _CJK_FIRST:
        if point < 0x100:
            if point == 0xA0:
                return _BLANK
            return _IGNORED if point == 0xAD else _OTHER if point in (0xAB, 0xBB) else _LETTER
        if point in (0x60C, 0x61F, 0x6D4):
            return _COMMA if point == 0x60C else _STOP
        return _STOP if point in (0x964, 0x965) else _LETTER
    for row in range(len(_WIDE)):
        if _WIDE[row, 0] <= point <= _WIDE[row, 1]:
            return _CJK
    if 0x2000 <= point <= 0x206F:
        if point <= 0x200A:
            return _BLANK
        for row in range(len(_NO_WIDTH)):
            if _NO_WIDTH[row, 0] <= point <= _NO_WIDTH[row, 1]:
                return _IGNORED
        return _PUNCT if 0x2010 <= point <= 0x2027 else _OTHER
    if 0x3000 <= point <= 0x3002:
        return (_BLANK, _COMMA, _STOP)[point - 0x3000]
    if 0xFF01 <= point <= 0xFF0F:
        return _COMMA if point == 0xFF0C else _STOP if point in (0xFF01, 0xFF0E) else _OTHER
    if point == 0xFF61:
        return _STOP
    return _STOP if point == 0xFF1F else _IGNORED if point == 0xFEFF else _LETTER


@helper
def read_point(source: Bytes, at: int, stop: int) -> tuple[int, int]:
    """Code point of UTF-8 bytes and the byte after them; U+FFFD for a byte that begins none."""
    lead = int(source[at])
    size = 2 if 0xC2 <= lead < 0xE0 else 3 if 0xE0 <= lead < 0xF0 else 4 if 0xF0 <= lead < 0xF5 else 1
    if size == 1 or at + size > stop:
        return REPLACEMENT, at + 1
    point = lead & (0x7F >> size)
    for place in range(at + 1, at + size):
        if source[place] & 0xC0 != 0x80:
            return REPLACEMENT, place
        point = point << 6 | int(source[place] & 0x3F)
    return point, at + size


@helper
def hash_point(key: int, point: int) -> int:
    """FNV-1a over the UTF-8 bytes of a code point, ASCII in lower case."""
    if point < 0x80:
        return mix(key, LOWER[point])
    if point < 0x800:
        key = mix(key, 0xC0 | point >> 6)
    else:
        if point < 0x10000:
            key = mix(key, 0xE0 | point >> 12)
        else:
            key = mix(key, 0xF0 | point >> 18)
            key = mix(key, 0x80 | point >> 12 & 0x3F)
        key = mix(key, 0x80 | point >> 6 & 0x3F)
    return mix(key, 0x80 | point & 0x3F)


@helper
def end_word(state: Ints, out: Out, key: int) -> None:
    """Write down the word of a hash."""
    state[WORDS] += 1
    out[new_row(state, WORD_ROWS, 1)] = key ^ (key >> 32)


@helper
def _count_point(state: Ints, out: Out, point: int, at: int, end: int) -> None:
    """Count a character that is no ASCII letter or digit; ``at`` and ``end`` are its bytes."""
    kind = class_of(point)
    if kind == _IGNORED:
        return
    in_word = state[IN_WORD]
    if in_word != 0 and kind > _WORD:
        end_word(state, out, state[KEY])
        state[IN_WORD] = 0
        state[KEY] = OFFSET
    if kind == _BLANK:
        state[GAP] = 1 if state[CHARS] > 0 else 0
        return
    if state[CHARS] == 0:
        state[FIRST] = point
    if state[START] < 0:
        state[START] = at
    state[CHARS] += 1 + state[GAP]
    state[GAP] = 0
    state[STOP] = end
    state[LAST] = point
    if kind <= _WORD:
        state[KEY] = hash_point(state[KEY], point)
        state[IN_WORD] = 1
        state[CAPITALS] += kind == _CAPITAL
        state[DIGITS] += kind == _DIGIT
    elif kind == _CJK:
        state[CJK] += 1
        end_word(state, out, hash_point(OFFSET, point))
    elif kind == _PUNCT:
        state[PUNCT] += 1
    elif kind == _COMMA:
        state[COMMAS] += 1
    elif kind == _STOP:
        state[STOPS] += 1


@helper
def _read_word(source: Bytes, at: int, state: Ints) -> int:
    """Read ASCII letters, digits and underscores from ``at`` on; return the byte after them."""
    key, start, capitals, digits = state[KEY], at, 0, 0
    byte = source[at]
    kind = _CLASS[byte]
    while kind <= _WORD:
        key = mix(key, LOWER[byte])
        capitals += kind == _CAPITAL
        digits += kind == _DIGIT
        at += 1
        byte = source[at]
        kind = _CLASS[byte]
    if state[CHARS] == 0:
        state[FIRST] = source[start]
    if state[START] < 0:
        state[START] = start
    state[KEY] = key
    state[IN_WORD] = 1
    state[CHARS] += at - start + state[GAP]
    state[GAP] = 0
    state[CAPITALS] += capitals
    state[DIGITS] += digits
    state[STOP] = at
    state[LAST] = source[at - 1]
    return at


@helper
def count_text(source: Bytes, at: int, stop: int, state: Ints, out: Out, raw: bool) -> int:
    """Count text up to the next markup.

    Parameters
    ----------
    source : ndarray of uint8
    at, stop : int
        First byte, and where to stop if no markup comes before; it must be markup or the end of the page.
    state, out : ndarray
    raw : bool
        Whether ``<`` and ``&`` are characters like all others.

    Returns
    -------
    int
        Place of the ``<``, or ``stop``.
    """
    chars, gap = state[CHARS], state[GAP]
    while at < stop:
        byte = int(source[at])
        kind = _CLASS[byte]
        if kind <= _WORD:
            at = _read_word(source, at, state)
        elif kind == _BLANK:
            if state[IN_WORD] != 0:
                end_word(state, out, state[KEY])
                state[IN_WORD] = 0
                state[KEY] = OFFSET
            state[GAP] = 1 if state[CHARS] > 0 else 0
            at += 1
            while _CLASS[source[at]] == _BLANK:
                at += 1
        elif kind == _MARKUP and not raw:
            after = source[at + 1]
            if 97 <= (after | 32) <= 122 or after in (33, 47, 63):
                break
            _count_point(state, out, byte, at, at + 1)
            at += 1
        elif kind == _REFERENCE and not raw:
            point, second, after_it = decode(source, at, stop)
            _count_point(state, out, point if point >= 0 else byte, at, after_it)
            if point >= 0 and second > 0:
                _count_point(state, out, second, at, after_it)
            at = after_it
        elif kind == _BEYOND:
            point, after_it = read_point(source, at, stop)
            _count_point(state, out, point, at, after_it)
            at = after_it
        else:
            _count_point(state, out, byte, at, at + 1)
            at += 1
    read = state[CHARS] - chars
    if read > 0:
        # White space before the first character is the surroundings'.
        inside = read - gap
        if state[LINK] != 0:
            state[LINK_CHARS] += inside
        else:
            state[PLAIN] += inside
        state[STRONG_CHARS] += inside if state[STRONG] > 0 else 0
        state[CODE_CHARS] += inside if state[CODE] > 0 else 0
    return min(at, stop)


@helper
def add_piece(state: Ints, out: Out, kind: int, start: int, stop: int) -> None:
    """Add a piece to the draft."""
    row = new_row(state, PIECES, 3)
    out[row], out[row + 1], out[row + 2] = kind, start, stop


@helper
def add_region(state: Ints, out: Out, kind: int, start: int, stop: int) -> None:
    """Add a region and its piece to the draft."""
    add_piece(state, out, Piece.REGION, state[REGION_ROWS + ROWS], 0)
    row = new_row(state, REGION_ROWS, 4)
    out[row], out[row + 1], out[row + 2], out[row + 3] = kind, start, stop, state[BLOCKS + ROWS]
    state[REGIONS] += 1
    if state[START] < 0:
        state[START] = start


@helper
def part_words(state: Ints, out: Out) -> None:
    """Treat what comes next as if white space stood before it."""
    if state[IN_WORD] != 0:
        end_word(state, out, state[KEY])
        state[IN_WORD] = 0
        state[KEY] = OFFSET
    state[GAP] = 1 if state[CHARS] > 0 else 0


@helper
def clear_draft(state: Ints) -> None:
    """Begin a new block after the rows that are written."""
    for column in range(DRAFT, DRAFT + COLUMNS):
        state[column] = 0
    state[START] = -1
    state[PIECE] = state[PIECES + ROWS]
    state[WORD] = state[WORD_ROWS + ROWS]
    state[FIRST_REGION] = state[REGION_ROWS + ROWS]
    state[GAP] = state[IN_WORD] = state[PLAIN] = state[SOLID] = state[WHOLE] = 0
    state[KEY] = OFFSET


@helper
def flush(state: Ints, out: Out) -> None:
    """End the block: write it down if it has a character or a region of weight, else forget its pieces."""
    if state[START] < 0 and state[PIECES + ROWS] == state[PIECE]:
        state[IMAGES] = 0
        state[LINKS] = min(state[LINKS], state[LINK])
        return
    if state[CHARS] == 0 and state[SOLID] == 0:
        state[PIECES + ROWS] = state[PIECE]
        state[WORD_ROWS + ROWS] = state[WORD]
        state[REGION_ROWS + ROWS] = state[FIRST_REGION]
        clear_draft(state)
        return
    part_words(state, out)
    visible = frame(state, state[TOP_FRAME], VISIBLE)
    element = frame(state, visible, ELEMENT)
    flags = _FLAG_REGION if state[WHOLE] != 0 else 0
    if frame(state, visible, FLAGS) & HIDDEN:
        flags |= _FLAG_HIDDEN
    if state[CHARS] > 0 and state[PLAIN] == 0:
        flags |= _FLAG_LINKED
    if out[state[ELEMENTS] + element * WIDTHS[4] + Element.CHILDREN] > 0:
        flags |= _FLAG_CONTINUES
    row = new_row(state, BLOCKS, COLUMNS)
    for column in range(COLUMNS):
        out[row + column] = state[DRAFT + column]
    out[row + Block.TAG] = frame(state, visible, TAG)
    out[row + Block.ELEMENT] = element
    out[row + Block.DEPTH] = frame(state, visible, LEVEL)
    out[row + Block.FLAGS] = flags
    row = new_row(state, BITS, 4)
    kinds, meanings = frame(state, visible, OWN_KINDS), frame(state, visible, OWN_MEANINGS)
    out[row], out[row + 1], out[row + 2], out[row + 3] = kinds, kinds >> 32, meanings, meanings >> 32
    clear_draft(state)
