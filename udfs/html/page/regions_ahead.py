"""Look ahead from a start tag: where its element ends, whether it holds line breaks, whether a table holds data.

A look ahead that fails leaves the byte it came to in ``state[LOOKED + tag]``, and no other for the same tag name begins before
that byte: so each byte is read at most once for each kind of element, and the whole stays linear.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from udfs.html.compiled import helper
from udfs.html.page.naming import TAGS, look_up, matches
from udfs.html.page.tokens import (
    CLASS,
    HREF,
    ROLE,
    SCOPE,
    Bytes,
    Ints,
    end_of_markup,
    end_of_raw,
    end_of_script,
    find,
    has,
    read_attributes,
    read_name,
)
from udfs.html.page.vocabulary import CUSTOM, INLINE, LAST_CUSTOM, VOID, Tag
from udfs.html.page.workspace import CUSTOM_KEYS, CUSTOMS, HISTOGRAM, LOOKED

TEXT: Final = 0
OPEN: Final = 1
CLOSE: Final = 2
COMMENT: Final = 3

NO_RAW: Final = 0
SCRIPTS: Final = 1
ALL_RAW: Final = 2

MAX_BREAKS_AHEAD: Final = 65_536
"""Bytes in which the end of an inline code element is looked for."""
MAX_CELL: Final = 1_000
"""Characters of a cell in a data table."""
MEDIAN_CELL: Final = 60
"""Median characters of a cell in a table that nothing else marks as data."""

_RAW: Final = (Tag.STYLE, Tag.TITLE, Tag.TEXTAREA, Tag.XMP, Tag.IFRAME, Tag.NOEMBED, Tag.NOFRAMES, Tag.NOSCRIPT)
_LAYOUT: Final = (
    Tag.TABLE, Tag.PRE, Tag.FORM, Tag.INPUT, Tag.SELECT, Tag.TEXTAREA, Tag.IFRAME, Tag.ARTICLE, Tag.SECTION, Tag.H1, Tag.H2, Tag.H3,
)  # fmt: skip
_RUBY: Final = (Tag.RT, Tag.RP, Tag.RB, Tag.RTC)


def _words(*words: str) -> tuple[Bytes, ...]:
    return tuple(np.frombuffer(word.encode(), np.uint8) for word in words)


_DATA_CLASSES: Final = _words("wikitable", "datatable", "infobox", "docutils", "table-bordered", "table-striped")
_LAYOUT_ROLES: Final = _words("presentation", "none")


def _flags(tags: frozenset[Tag]) -> NDArray[np.bool_]:
    flags = np.zeros(256, np.bool_)
    flags[[int(tag) for tag in tags]] = True
    return flags


IS_INLINE: Final = _flags(INLINE | {Tag.NONE, Tag.BR, Tag.SVG, Tag.MATH, Tag.SCRIPT})
IS_VOID: Final = _flags(VOID)


@helper
def tag_of(state: Ints, lore: Ints, key: int, hyphen: bool) -> int:
    """Return the number of a tag name; an unknown one with a hyphen gets the next free number."""
    tag = look_up(lore, TAGS, key)
    if tag != 0 or not hyphen:
        return tag
    count = int(state[CUSTOMS])
    for place in range(count):
        if state[CUSTOM_KEYS + place] == key:
            return CUSTOM + place
    if CUSTOM + count > LAST_CUSTOM:
        return 0
    state[CUSTOM_KEYS + count] = key
    state[CUSTOMS] = count + 1
    return CUSTOM + count


@helper
def step(source: Bytes, wide: Ints, at: int, stop: int, state: Ints, lore: Ints, raw: int) -> tuple[int, int, int]:
    """Read what begins with the ``<`` at ``at``; ``raw`` says whose raw text is passed over: `NO_RAW`, `SCRIPTS`, `ALL_RAW`.

    Returns
    -------
    tuple of int
        Tag; `TEXT`, `OPEN`, `CLOSE` or `COMMENT`; the byte after it, which for raw text is the place of its end tag. The
        attributes are in ``state``.
    """
    after = source[at + 1]
    if after in (33, 63):
        return 0, COMMENT, end_of_markup(source, wide, at, stop)
    kind, name = OPEN, at + 1
    if after == 47:
        kind, name = CLOSE, at + 2
    if not 97 <= (source[name] | 32) <= 122:
        return (0, COMMENT, end_of_markup(source, wide, at, stop)) if kind == CLOSE else (0, TEXT, at + 1)
    key, end, hyphen = read_name(source, name, stop)
    tag = tag_of(state, lore, key, hyphen)
    end = read_attributes(source, wide, end, stop, state)
    if end < 0:
        return 0, COMMENT, stop
    if kind == OPEN:
        if tag == Tag.SCRIPT and raw >= SCRIPTS:
            end = end_of_script(source, wide, end, stop, name)
        elif tag in _RAW and raw == ALL_RAW:
            end = end_of_raw(source, wide, end, stop, name)
    return tag, kind, end


@helper
def end_of_element(source: Bytes, wide: Ints, at: int, stop: int, tag: int, state: Ints, lore: Ints) -> tuple[int, int, int]:
    """Look for the end tag that balances a start tag.

    Parameters
    ----------
    source, wide : ndarray
        The page.
    at : int
        Byte after the start tag.
    stop : int
        Where to give up.
    tag : int
        The element's tag. The end tag of a block-level element around an inline one ends the search.
    state : ndarray
    lore : Lore

    Returns
    -------
    tuple of int
        Place of the end tag, the byte after it, and how many ``br`` stand before; 0, 0, 0 if there is none.
    """
    if at < state[LOOKED + tag]:
        return 0, 0, 0
    start, depth, blocks, breaks = at, 1, 0, 0
    inline = IS_INLINE[tag] and tag != Tag.MATH
    ruby = tag in _RUBY
    at = find(wide, at, 60, stop)
    while at < stop:
        found, kind, after = step(source, wide, at, stop, state, lore, ALL_RAW)
        if kind in (OPEN, CLOSE):
            if ruby and ((kind == OPEN and found in _RUBY) or (kind == CLOSE and found == Tag.RUBY)):
                return at, at, breaks
            if found == tag:
                depth += 1 if kind == OPEN else -1
                if depth == 0:
                    return at, after, breaks
            elif found == Tag.BR:
                breaks += 1
            elif inline and not IS_INLINE[found] and not IS_VOID[found]:
                blocks += 1 if kind == OPEN else -1
                if blocks < 0:
                    break
        at = find(wide, after, 60, stop)
    state[LOOKED + tag] = max(at, start)
    return 0, 0, 0


@helper
def _length(source: Bytes, at: int, stop: int) -> int:
    """Characters of a text, white space folded, references counted as one."""
    count, blank = 0, True
    while at < stop and count <= MAX_CELL:
        byte = source[at]
        if byte <= 32:
            count += 0 if blank else 1
            blank = True
        elif byte < 128 or byte >= 192:
            count += 1
            blank = False
            if byte == 38:
                end = at + 1
                while end < min(at + 10, stop) and source[end] != 59:
                    end += 1
                at = end if source[end] == 59 else at
        at += 1
    return count


@helper
def contains(source: Bytes, start: int, stop: int, word: Bytes) -> bool:
    """Whether a lower-case word stands in a range, in any case."""
    for at in range(start, stop - len(word) + 1):  # noqa: SIM110
        if matches(source, at, word):
            return True
    return False


@helper
def _is_marked(source: Bytes, state: Ints) -> int:
    """Say what the attributes of a table that was read last mean: 1 that it holds data, -1 that it does not, 0 nothing."""
    if has(state, ROLE):
        for word in _LAYOUT_ROLES:
            if state[ROLE + 1] - state[ROLE] == len(word) and matches(source, state[ROLE], word):
                return -1
    if has(state, CLASS):
        for word in _DATA_CLASSES:
            if contains(source, state[CLASS], state[CLASS + 1], word):
                return 1
    return 0


@helper
def _median_fits(state: Ints, cells: int) -> bool:
    """Whether the median of the cells' lengths in the histogram is at most `MEDIAN_CELL`."""
    below, low, high = 0, -1, -1
    for length in range(MAX_CELL + 1):
        below += state[HISTOGRAM + length]
        if low < 0 and 2 * below >= cells:
            low = length
        if high < 0 and 2 * below >= cells + 1 + (cells + 1) % 2:
            high = length
            break
    return low + high <= 2 * MEDIAN_CELL


@helper
def end_of_data_table(source: Bytes, wide: Ints, at: int, stop: int, state: Ints, lore: Ints) -> tuple[int, int]:
    """Look whether the table whose start tag was read last holds data, not a layout (the rules of `udfs.html.text.tables`).

    Returns
    -------
    tuple of int
        Place of the end tag and the byte after it; 0, 0 for a layout and where the end tag lacks.
    """
    marked = _is_marked(source, state)
    if marked < 0 or at < state[LOOKED + Tag.TABLE]:
        return 0, 0
    state[HISTOGRAM : HISTOGRAM + MAX_CELL + 2] = 0
    rows = columns = most = cells = total = linked = length = 0
    first, same, in_cell, in_link = -1, True, False, False
    while True:
        place = find(wide, at, 60, stop)
        if in_cell:
            read = _length(source, at, place)
            length += read
            linked += read if in_link else 0
        if place >= stop or length > MAX_CELL:
            break
        tag, kind, at = step(source, wide, place, stop, state, lore, ALL_RAW)
        if kind == OPEN and tag in _LAYOUT:
            break
        if tag in (Tag.TD, Tag.TH, Tag.TR, Tag.TBODY, Tag.THEAD, Tag.TFOOT, Tag.TABLE):
            if in_cell:
                state[HISTOGRAM + length] += 1
                cells, total, length, in_cell = cells + 1, total + length, 0, False
            if tag in (Tag.TD, Tag.TH):
                in_cell = kind == OPEN
                columns += in_cell
            elif columns > 0:
                same = same and first in (-1, columns)
                rows, first, most, columns = rows + 1, columns, max(most, columns), 0
        if kind == OPEN and (tag in (Tag.TH, Tag.CAPTION, Tag.THEAD) or has(state, SCOPE)):
            marked = 1
        if tag == Tag.A:
            in_link = kind == OPEN and has(state, HREF)
        if tag == Tag.TABLE:
            if rows < 2 or most < 2:
                return 0, 0
            fits = rows >= 3 and same and linked <= 0.6 * total and _median_fits(state, cells)
            return (place, at) if marked > 0 or fits else (0, 0)
    state[LOOKED + Tag.TABLE] = place
    return 0, 0
