"""What the scanner writes down of a page: its tables, their columns, their flags.

A page is UTF-8 bytes. A *block* is a maximal run of text inside one block-level element. A *region* is an element that is read
whole, elsewhere (`udfs.html.text.regions`): mathematics, code, data tables, exponents, pictures. A *piece* is a byte range of a
block's text, a line break, or a region. *Elements* are the block-level elements, in the order of their start tags, the root
first. A *head* is a tag that states something of the whole page.
"""

from __future__ import annotations

from enum import IntEnum, IntFlag
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

PADDING = 16
"""Zero bytes after the page, so that a look ahead never leaves the array."""


class Block(IntEnum):
    """Columns of `PageTables.blocks`."""

    TAG = 0
    """`udfs.html.page.vocabulary` id of the element that holds the text."""
    ELEMENT = 1
    """Row of that element."""
    PIECE = 2
    """First row in ``pieces``; the block's pieces end where the next block's begin."""
    WORD = 3
    """First row in ``words``; likewise."""
    START = 4
    """Byte of the first character."""
    STOP = 5
    """Byte after the last one."""
    CHARS = 6
    """Characters, each run of white space counted as one and none at the ends."""
    WORDS = 7
    """Words: runs of letters, digits and other characters outside the separators; each CJK character is one."""
    LINK_CHARS = 8
    """Characters inside ``a``."""
    LINKS = 9
    """``a`` start tags with ``href``."""
    DIGITS = 10
    CAPITALS = 11
    """ASCII capitals."""
    COMMAS = 12
    """ASCII, full-width, ideographic and Arabic commas."""
    STOPS = 13
    """Ends of sentences: . ! ? and their CJK, Devanagari and Arabic forms."""
    PUNCT = 14
    """Other ASCII punctuation and U+2010 to U+2027."""
    CJK = 15
    """Han, Kana, Hangul, Thai, Lao, Khmer, Myanmar characters."""
    DEPTH = 16
    """Open block-level elements."""
    FLAGS = 17
    """`BlockFlag`."""
    FIRST = 18
    """Code point of the first character."""
    LAST = 19
    """Code point of the last character."""
    REGIONS = 20
    """Regions in the block."""
    IMAGES = 21
    """``img`` tags in the block, with or without ``alt``."""
    CODE_CHARS = 22
    """Characters inside inline ``code``, ``kbd``, ``samp``, ``var``, ``tt``."""
    STRONG_CHARS = 23
    """Characters inside ``b``, ``strong``."""
    BREAKS = 24
    """``br`` tags in the block."""
    TITLE_WORDS = 25
    """Words of the block that the page's title has too."""


class BlockFlag(IntFlag):
    """What is known of a block beyond numbers."""

    REGION = 1
    """The block is one region of code or a table and nothing else."""
    HIDDEN = 2
    """Inside an element with ``hidden``, ``display:none``, ``visibility:hidden`` or (not on a ``div``) ``aria-hidden=true``."""
    LINKED = 4
    """All of its characters are in links."""
    CONTINUES = 8
    """Text after a child element of the same element, so not its first text."""


class Piece(IntEnum):
    """Kinds of a piece; column 0 of ``pieces``. Columns 1 and 2 are a byte range (`TEXT`) or a row of ``regions`` (`REGION`)."""

    TEXT = 0
    BREAK = 1
    REGION = 2


class Region(IntEnum):
    """Kinds of a region; column 0 of ``regions``. Columns 1 and 2: the element's bytes, tags included; 3: its block."""

    MATH = 0
    CODE = 1
    TABLE = 2
    SCRIPT = 3
    """``sup`` or ``sub``."""
    IMAGE = 4
    """``img`` with a non-empty ``alt`` or a formula's address."""
    RUBY = 5
    """``rt`` or ``rp``: never printed."""


class Element(IntEnum):
    """Columns of `PageTables.elements`."""

    PARENT = 0
    """Row of the parent, -1 for the root."""
    TAG = 1
    BLOCK = 2
    """First block at or after the start tag."""
    BLOCK_END = 3
    """Block after the last one inside."""
    NAME = 4
    """First row in ``names``; the element's names end where the next element's begin."""
    START = 5
    """Byte of the ``<``."""
    STOP = 6
    """Byte after the end tag (where it is implied: after the last byte inside)."""
    CHILDREN = 7
    """Child elements."""


class Head(IntEnum):
    """Kinds of a head; column 0 of ``heads``. Columns 1 and 2: the start tag's bytes, for `TITLE`, `JSON_LD`, `DATA` the content's."""

    HTML = 0
    BODY = 1
    TITLE = 2
    META = 3
    LINK = 4
    BASE = 5
    JSON_LD = 6
    DATA = 7
    """A script of type ``application/json`` or with id ``__NEXT_DATA__`` or ``__NUXT_DATA__``, or one that sets such a state."""
    LICENCE = 8
    """An ``a`` whose start tag holds ``license``."""
    TIME = 9
    """A ``time`` with ``datetime``."""
    NOSCRIPT = 10
    """Content of a ``noscript`` in the body."""
    SCRIPT = 11
    """Start tag of any other script."""


class PageTables(NamedTuple):
    """A scanned page.

    Parameters
    ----------
    source : ndarray of uint8, (n + PADDING,)
        The page's bytes and zeros after them.
    blocks : ndarray of int32, (n_blocks, len(Block))
        In document order.
    bits : ndarray of uint64, (n_blocks, 2)
        Per block: the kinds of its ancestors, and the classes of words in their ``class``, ``id`` and ``role``
        (`udfs.html.page.vocabulary`), both inherited.
    hashes : ndarray of uint64, (n_blocks,)
        Of the block's words, lower case; equal for equal texts.
    pieces : ndarray of int32, (n_pieces, 3)
        Kind and range.
    regions : ndarray of int32, (n_regions, 4)
        Kind, range, block.
    words : ndarray of uint32, (n_words,)
        Hash of each word, ASCII letters lower-cased.
    elements : ndarray of int32, (n_elements, len(Element))
        In document order, so parents come before their children.
    names : ndarray of uint32, (n_names,)
        Hashes of the words in the elements' ``class``, ``id``, ``role`` and ``itemprop``, and of each whole name.
    heads : ndarray of int32, (n_heads, 3)
        Kind and range, in document order.
    """

    source: NDArray[np.uint8]
    blocks: NDArray[np.int32]
    bits: NDArray[np.uint64]
    hashes: NDArray[np.uint64]
    pieces: NDArray[np.int32]
    regions: NDArray[np.int32]
    words: NDArray[np.uint32]
    elements: NDArray[np.int32]
    names: NDArray[np.uint32]
    heads: NDArray[np.int32]
