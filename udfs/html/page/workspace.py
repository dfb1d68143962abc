"""The memory of a scan: one array of numbers for its state, one for all tables it writes.

``state`` holds, one after the other, the attributes of the tag being read (`udfs.html.page.tokens`), the block being drafted (the
columns of `udfs.html.page.layout.Block` and a few more), counters, the table directory, the last frame of each tag, and the stack
of frames. ``out`` holds the tables; `new_row` is the only way to get a row, and it hands out a spare one when a table is full.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from udfs.html.compiled import helper
from udfs.html.page.layout import Block, Element
from udfs.html.page.tokens import ATTRS, Bytes, Ints

Out = NDArray[np.int32]

DRAFT: Final = ATTRS
"""First column of the block being drafted."""
COLUMNS: Final = len(Block)

# The draft's columns, as places in `state`.
PIECE: Final = DRAFT + Block.PIECE
WORD: Final = DRAFT + Block.WORD
START: Final = DRAFT + Block.START
STOP: Final = DRAFT + Block.STOP
CHARS: Final = DRAFT + Block.CHARS
WORDS: Final = DRAFT + Block.WORDS
LINK_CHARS: Final = DRAFT + Block.LINK_CHARS
LINKS: Final = DRAFT + Block.LINKS
DIGITS: Final = DRAFT + Block.DIGITS
CAPITALS: Final = DRAFT + Block.CAPITALS
COMMAS: Final = DRAFT + Block.COMMAS
STOPS: Final = DRAFT + Block.STOPS
PUNCT: Final = DRAFT + Block.PUNCT
CJK: Final = DRAFT + Block.CJK
FIRST: Final = DRAFT + Block.FIRST
LAST: Final = DRAFT + Block.LAST
REGIONS: Final = DRAFT + Block.REGIONS
IMAGES: Final = DRAFT + Block.IMAGES
CODE_CHARS: Final = DRAFT + Block.CODE_CHARS
STRONG_CHARS: Final = DRAFT + Block.STRONG_CHARS
BREAKS: Final = DRAFT + Block.BREAKS

_MORE: Final = DRAFT + COLUMNS
GAP: Final = _MORE
"""1 where white space waits for the next character."""
KEY: Final = _MORE + 1
"""Hash of the word being read."""
IN_WORD: Final = _MORE + 2
PLAIN: Final = _MORE + 3
"""Characters of the draft outside links."""
SOLID: Final = _MORE + 4
"""1 where the draft holds a region that makes it a block without any text."""
WHOLE: Final = _MORE + 5
"""1 where the draft is one region of code or a table."""
TOP_FRAME: Final = _MORE + 6
"""Place of the current frame on the stack; 0 is the root."""
LINK: Final = _MORE + 7
STRONG: Final = _MORE + 8
CODE: Final = _MORE + 9
SILENT: Final = _MORE + 10
"""1 where text is not seen: in a skipped frame or a hidden inline element."""
HIDDEN_FRAME: Final = _MORE + 11
HIDDEN_TAG: Final = _MORE + 12
HIDDEN_COUNT: Final = _MORE + 13
"""A hidden inline element: its frame, its name, how many of the name are open; none where the count is 0."""
FORM: Final = _MORE + 14
"""Frame of the form that is open; 0 without one; -1 where its frame is gone."""
IN_BODY: Final = _MORE + 15
QUIRKS: Final = _MORE + 16
"""1 where the page has no document type, so that a table leaves a paragraph open."""
CUSTOMS: Final = _MORE + 17
"""Unknown names with a hyphen, so far."""
FIRST_REGION: Final = _MORE + 18
"""First region of the draft."""
KINDS: Final = _MORE + 19
MEANINGS: Final = _MORE + 20
"""Bits of the tag being read: its names'."""
FIRST_NAME: Final = _MORE + 21
"""First name of the element being opened."""

TABLES: Final = _MORE + 22
"""Directory: first number, rows, capacity of each table."""
BLOCKS: Final = TABLES
BITS: Final = TABLES + 3
PIECES: Final = TABLES + 6
REGION_ROWS: Final = TABLES + 9
ELEMENTS: Final = TABLES + 12
HEADS: Final = TABLES + 15
WORD_ROWS: Final = TABLES + 18
NAMES: Final = TABLES + 21
ROWS: Final = 1
"""Place of a table's row count in its directory entry."""

TOP: Final = TABLES + 24
"""Last frame of each tag, 0 for none."""
LOOKED: Final = TOP + 256
"""Byte up to which a look ahead for each tag has been, so that none looks at the same bytes again."""
CUSTOM_KEYS: Final = LOOKED + 256
"""Hashes of the unknown names with a hyphen."""
HISTOGRAM: Final = CUSTOM_KEYS + 96
"""Cells of a table by their length."""
FRAMES: Final = HISTOGRAM + 1_024
FRAME: Final = 20
"""Columns of a frame."""
MAX_DEPTH: Final = 1_024
SIZE: Final = FRAMES + FRAME * MAX_DEPTH

# Columns of a frame.
TAG: Final = 0
ELEMENT: Final = 1
BEFORE: Final = 2
"""Frame of the same tag before this one."""
SCOPE: Final = 3
BUTTON_SCOPE: Final = 4
LIST_SCOPE: Final = 5
TABLE_SCOPE: Final = 6
SPECIAL: Final = 7
ITEM_SCOPE: Final = 8
"""Nearest frame, this one included, that ends a search in a scope."""
FLAGS: Final = 9
VISIBLE: Final = 10
"""Nearest frame, this one included, that is an element of the tables."""
SAVED: Final = 11
"""Inline state outside a cell."""
OWN_KINDS: Final = 12
OWN_MEANINGS: Final = 13
"""Bits of the element and its ancestors."""
LEVEL: Final = 14
"""Open block-level elements."""

WIDTHS: Final = (COLUMNS, 4, 3, 4, len(Element), 3, 1, 1)
"""Numbers of a row, in the order of the directory."""


@helper
def new_row(state: Ints, table: int, width: int) -> int:
    """Place in ``out`` of a new row; of the spare row, which no table shows, where the table is full."""
    row = state[table + ROWS]
    if row < state[table + 2]:
        state[table + ROWS] = row + 1
    return int(state[table] + row * width)


@helper
def frame(state: Ints, place: int, column: int) -> int:
    """Read a column of a frame."""
    return int(state[FRAMES + place * FRAME + column])


@helper
def count_tags(source: Bytes, stop: int) -> int:
    """How many ``<`` stand before a letter, a slash, or what begins a comment."""
    count = 0
    for at in range(stop):
        count += (source[at] == 60) & (source[at + 1] > 32)
    return count


@helper
def allocate(tags: int, length: int) -> tuple[Ints, Out]:
    """Memory for a page of so many tags and bytes; a tag opens at most three elements, and text stands between tags."""
    state = np.zeros(SIZE, np.int64)
    rows = (2 * tags + 8, 2 * tags + 8, 3 * tags + 8, 2 * tags + 8, 3 * tags + 8, tags + 8, length // 2 + 8, 2 * length + 16)
    total = 0
    for table in range(8):
        state[TABLES + 3 * table] = total
        state[TABLES + 3 * table + 2] = rows[table]
        total += (rows[table] + 1) * WIDTHS[table]
        total += total & 1
    return state, np.empty(total, np.int32)
