"""What stands between two texts of a page: line ends between blocks, a blank between a name and its value in one line."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from udfs.html.compiled import helper
from udfs.html.page.layout import Block, BlockFlag, Element
from udfs.html.page.vocabulary import HEADINGS, Tag

_LOOSE_TAGS: Final = (
    *HEADINGS, Tag.P, Tag.BLOCKQUOTE, Tag.PRE, Tag.LISTING, Tag.XMP, Tag.PLAINTEXT, Tag.TABLE, Tag.UL, Tag.OL, Tag.DL,
    Tag.MENU, Tag.DIR, Tag.FIGURE, Tag.SECTION, Tag.ARTICLE, Tag.ASIDE, Tag.HEADER, Tag.FOOTER, Tag.MAIN, Tag.NAV, Tag.FORM,
    Tag.FIELDSET, Tag.DETAILS, Tag.HR, Tag.CENTER, Tag.DIALOG,
)  # fmt: skip
_HOLDER_TAGS: Final = (Tag.LI, Tag.DD, Tag.DT)
_CLOSE_TAGS: Final = (*_HOLDER_TAGS, Tag.TD, Tag.TH, Tag.TR, Tag.CAPTION)
"""Elements in which, and between which, texts stand close however much lies between them."""
MAX_NAMES: Final = 200
"""Bytes of a start tag in which a class is looked for."""

_REGION_BLOCK = int(BlockFlag.REGION)
_B_ELEMENT, _B_FLAGS, _B_START, _B_STOP = int(Block.ELEMENT), int(Block.FLAGS), int(Block.START), int(Block.STOP)
_E_PARENT, _E_TAG = int(Element.PARENT), int(Element.TAG)


def _bytes(word: str) -> NDArray[np.uint8]:
    return np.frombuffer(word.encode(), np.uint8)


_LABELS: Final = _bytes("</label><label")
_SPANS: Final = _bytes("</span><span")
_SPAN: Final = _bytes("<span")
_CLASS: Final = _bytes("class=")
_NAMING: Final = tuple(map(_bytes, ("label", "name", "key", "term", "value", "title", "abbr")))


def by_tag(tags: tuple[Tag, ...]) -> NDArray[np.bool_]:
    """Return a table that is true at the ids of some tags."""
    table = np.zeros(256, np.bool_)
    table[[int(tag) for tag in tags]] = True
    return table


_LOOSE, _HOLDER, _CLOSE_BY = by_tag(_LOOSE_TAGS), by_tag(_HOLDER_TAGS), by_tag(_CLOSE_TAGS)


@helper
def _distance(elements: NDArray[np.int32], one: int, other: int) -> int:
    """Line ends between texts of two elements: 2 where a paragraph, heading, list or the like ends or begins in between.

    Also 2 where each is in a container of its own; 0 for one line end that stays one whatever lies between: of items and cells.
    Rows are in document order, so the greater of two is never an ancestor of the smaller.
    """
    left = right = 0
    close = False
    while one != other:
        upper = one if one > other else other
        parent = elements[upper, _E_PARENT]
        if _LOOSE[elements[upper, _E_TAG] & 0xFF] and not (parent >= 0 and _HOLDER[elements[parent, _E_TAG] & 0xFF]):
            return 2
        if parent < 0:
            return 2
        close |= _CLOSE_BY[elements[upper, _E_TAG] & 0xFF]
        if one > other:
            one = parent
            left += 1
        else:
            other = parent
            right += 1
    if close or _CLOSE_BY[elements[one, _E_TAG] & 0xFF]:
        return 0
    return 2 if left > 1 and right > 1 else 1


@helper
def _has_rule(source: NDArray[np.uint8], at: int, stop: int) -> bool:
    """Whether an ``hr`` stands in a range of the page."""
    for place in range(at, stop - 2):
        if source[place] == 0x3C and source[place + 1] | 32 == 0x68 and source[place + 2] | 32 == 0x72:
            return True
    return False


@helper
def lines_between(
    source: NDArray[np.uint8], blocks: NDArray[np.int32], elements: NDArray[np.int32], before: int, block: int, dropped: bool
) -> int:
    """Line ends between two blocks; ``dropped`` says that words between them are not written."""
    if (blocks[before, _B_FLAGS] | blocks[block, _B_FLAGS]) & _REGION_BLOCK:
        return 2
    lines = _distance(elements, blocks[before, _B_ELEMENT], blocks[block, _B_ELEMENT])
    if lines != 1:
        return max(lines, 1)
    start = max(blocks[before, _B_START], blocks[before, _B_STOP])
    return 2 if dropped or _has_rule(source, start, blocks[block, _B_START]) else 1


@helper
def _stands(source: NDArray[np.uint8], at: int, word: NDArray[np.uint8]) -> bool:
    """Whether a lower-case word of letters and signs stands at a byte, in any case."""
    for place in range(len(word)):
        byte = source[at + place]
        if (byte | 32 if 65 <= byte <= 90 else byte) != word[place]:
            return False
    return True


@helper
def _class_at(source: NDArray[np.uint8], at: int, stop: int) -> tuple[int, int]:
    """Range of the class in a start tag; empty where it has none."""
    for place in range(at, min(stop, at + MAX_NAMES)):
        if source[place] <= 32 and _stands(source, place + 1, _CLASS):
            start = place + 1 + len(_CLASS)
            quote = source[start] if source[start] in (34, 39) else 0
            start += quote != 0
            end = start
            while end < stop and source[end] != 62 and (source[end] != quote if quote else source[end] > 32):
                end += 1
            return start, end
    return stop, stop


@helper
def _is_letter(byte: int) -> bool:
    return 97 <= (byte | 32) <= 122


@helper
def _names(source: NDArray[np.uint8], at: int, stop: int) -> bool:
    """Whether a class holds a word for names or values."""
    for place in range(at, stop):
        if _is_letter(source[place]) and not _is_letter(source[place - 1]):
            for word in _NAMING:
                end = place + len(word)
                if end <= stop and not _is_letter(source[end]) and _stands(source, place, word):
                    return True
    return False


@helper
def _is_of_word(byte: int) -> bool:
    """Whether a byte may be of a letter or digit: not of ASCII punctuation, nor the first of general punctuation and symbols."""
    return 48 <= byte <= 57 or _is_letter(byte) or (byte >= 0x80 and byte != 0xE2)


@helper
def parts_words(source: NDArray[np.uint8], start: int, stop: int, following: int) -> bool:
    """Whether the markup from ``stop`` to ``following`` parts words: one ``label`` and the next, or a name and its value.

    The text before begins at ``start``. Bare ``span`` elements part nothing, since they make drop caps and colours.
    """
    if source[stop] != 0x3C or source[stop + 1] != 0x2F or following - stop < len(_SPANS):
        return False
    if not _is_of_word(source[stop - 1]) or not _is_of_word(source[following]):
        return False
    if _stands(source, stop, _LABELS):
        return True
    if not _stands(source, stop, _SPANS):
        return False
    start_two, end_two = _class_at(source, stop + len(_SPANS), following)
    opening = start - 1
    while opening > max(start - MAX_NAMES, 0) and source[opening] != 0x3C:
        opening -= 1
    if end_two <= start_two or not _stands(source, opening, _SPAN):
        return False
    start_one, end_one = _class_at(source, opening, start)
    if end_one <= start_one:
        return False
    same = end_one - start_one == end_two - start_two
    for place in range(end_one - start_one):
        same = same and source[start_one + place] == source[start_two + place]
    return not same and (_names(source, start_one, end_one) or _names(source, start_two, end_two))
