"""Which elements are open: the standard's rules of implied end tags, as far as they part blocks.

Inline elements are never on the stack: an end tag of an ordinary element stops at a special one, so they cannot change which
blocks there are. Each frame knows the nearest frame of every scope, so that "is it in scope?" is one comparison.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from udfs.html.compiled import helper
from udfs.html.page.layout import Element
from udfs.html.page.running_text import DEAD, HIDDEN, IN_LINE, MARKER, SKIPPED, flush
from udfs.html.page.tokens import Ints
from udfs.html.page.vocabulary import HEADINGS, INLINE, VOID, Tag, kinds_of_tags
from udfs.html.page.workspace import (
    BEFORE,
    BLOCKS,
    BUTTON_SCOPE,
    CODE,
    ELEMENT,
    ELEMENTS,
    FIRST_NAME,
    FLAGS,
    FORM,
    FRAME,
    FRAMES,
    HIDDEN_COUNT,
    HIDDEN_FRAME,
    ITEM_SCOPE,
    KINDS,
    LEVEL,
    LINK,
    LIST_SCOPE,
    MAX_DEPTH,
    MEANINGS,
    NAMES,
    OWN_KINDS,
    OWN_MEANINGS,
    ROWS,
    SAVED,
    SCOPE,
    SILENT,
    SPECIAL,
    STRONG,
    TABLE_SCOPE,
    TAG,
    TOP,
    TOP_FRAME,
    VISIBLE,
    WIDTHS,
    Out,
    frame,
    new_row,
)

WIDTH: Final = WIDTHS[4]

_SCOPE_BIT: Final = 1
_BUTTON_BIT: Final = 2
_LIST_BIT: Final = 4
_TABLE_BIT: Final = 8
_SPECIAL_BIT: Final = 16
_ITEM_BIT: Final = 32

_BARRIERS: Final = (Tag.ROOT, Tag.APPLET, Tag.CAPTION, Tag.TABLE, Tag.TD, Tag.TH, Tag.MARQUEE, Tag.OBJECT, Tag.TEMPLATE)
_ORDINARY: Final = (Tag.DIALOG, Tag.LEGEND, Tag.OPTION, Tag.OPTGROUP, Tag.MENUITEM, Tag.MJX_CONTAINER)
_MARKERS: Final = (Tag.APPLET, Tag.CAPTION, Tag.TD, Tag.TH, Tag.MARQUEE, Tag.OBJECT, Tag.TEMPLATE)


def _rules() -> Ints:
    """Bits of each tag: which scopes its frame ends."""
    rules = np.zeros(256, np.int64)
    for tag in Tag:
        if tag not in INLINE and tag not in VOID and tag not in _ORDINARY:
            rules[tag] |= _SPECIAL_BIT
            if tag not in (Tag.ADDRESS, Tag.DIV, Tag.P):
                rules[tag] |= _ITEM_BIT
    rules[list(_BARRIERS)] |= _SCOPE_BIT | _BUTTON_BIT | _LIST_BIT
    rules[Tag.BUTTON] |= _BUTTON_BIT
    rules[[Tag.OL, Tag.UL]] |= _LIST_BIT
    rules[[Tag.ROOT, Tag.TABLE, Tag.TEMPLATE]] |= _TABLE_BIT
    return rules


_RULES: Final = _rules()
_KIND_OF_TAG: Final = kinds_of_tags().view(np.int64)
_FIRST_HEADING: Final = int(min(HEADINGS))


@helper
def _new_element(state: Ints, out: Out, tag: int, above: int, at: int) -> int:
    """Row of a new element."""
    parent = frame(state, above, ELEMENT)
    number = int(state[ELEMENTS + ROWS])
    row = new_row(state, ELEMENTS, WIDTH)
    out[row + Element.PARENT] = parent
    out[row + Element.TAG] = tag
    out[row + Element.BLOCK] = out[row + Element.BLOCK_END] = state[BLOCKS + ROWS]
    out[row + Element.NAME] = state[FIRST_NAME]
    out[row + Element.START] = out[row + Element.STOP] = at
    out[row + Element.CHILDREN] = 0
    if parent >= 0:
        out[state[ELEMENTS] + parent * WIDTH + Element.CHILDREN] += 1
    return number


@helper
def can_push(state: Ints) -> bool:
    """Whether the stack and the table of elements have room."""
    return bool(state[TOP_FRAME] + 1 < MAX_DEPTH and state[ELEMENTS + ROWS] < state[ELEMENTS + 2])


@helper
def push(state: Ints, out: Out, tag: int, at: int, flags: int) -> None:
    """Open an element: flush the block before it, unless it is skipped or in line, and put it on the stack.

    Its names and their bits have been read (`udfs.html.page.naming.read_names`). Where there is no room, only the block ends.
    """
    above = int(state[TOP_FRAME])
    if state[HIDDEN_COUNT] > 0:
        flags |= SKIPPED
    flags |= frame(state, above, FLAGS) & (HIDDEN | SKIPPED)
    visible = flags & (SKIPPED | IN_LINE) == 0
    if visible:
        flush(state, out)
    if not can_push(state):
        return
    place = above + 1
    base, parent = FRAMES + place * FRAME, FRAMES + above * FRAME
    for column in range(FRAME):
        state[base + column] = state[parent + column]
    rules = _RULES[tag]
    state[base + TAG] = tag
    state[base + BEFORE] = state[TOP + tag]
    state[TOP + tag] = place
    for bit in range(6):
        if rules >> bit & 1:
            state[base + (SCOPE, BUTTON_SCOPE, LIST_SCOPE, TABLE_SCOPE, SPECIAL, ITEM_SCOPE)[bit]] = place
    if tag in _MARKERS:
        flags |= MARKER
        state[base + SAVED] = state[LINK] | state[STRONG] << 8 | state[CODE] << 32
        state[LINK] = state[STRONG] = state[CODE] = 0
    state[base + FLAGS] = flags
    if visible:
        state[base + VISIBLE] = place
        state[base + ELEMENT] = _new_element(state, out, tag, above, at)
        state[base + OWN_KINDS] |= _KIND_OF_TAG[tag] | state[KINDS]
        state[base + OWN_MEANINGS] |= state[MEANINGS]
        state[base + LEVEL] += 1
    if flags & SKIPPED:
        state[SILENT] = 1
    state[TOP_FRAME] = place


@helper
def _pop(state: Ints, out: Out, stop: int) -> None:
    """Take the current frame off the stack; ``stop`` is the byte after its element."""
    place = int(state[TOP_FRAME])
    base = FRAMES + place * FRAME
    flags = state[base + FLAGS]
    if flags & (SKIPPED | IN_LINE) == 0:
        flush(state, out)
        row = state[ELEMENTS] + state[base + ELEMENT] * WIDTH
        out[row + Element.BLOCK_END] = state[BLOCKS + ROWS]
        out[row + Element.STOP] = stop
    if flags & MARKER:
        saved = state[base + SAVED]
        state[LINK], state[STRONG], state[CODE] = saved & 1, saved >> 8 & 0xFFFF, saved >> 32
    state[TOP + state[base + TAG]] = state[base + BEFORE]
    if state[FORM] == place:
        state[FORM] = -1
    state[TOP_FRAME] = place - 1
    if state[HIDDEN_COUNT] > 0 and state[HIDDEN_FRAME] >= place:
        state[HIDDEN_COUNT] = 0
    state[SILENT] = 1 if state[HIDDEN_COUNT] > 0 or frame(state, place - 1, FLAGS) & SKIPPED else 0


@helper
def pop_to(state: Ints, out: Out, place: int, at: int, stop: int) -> None:
    """Close the element of a frame and all that it holds.

    Parameters
    ----------
    state, out : ndarray
    place : int
        The frame; never the root's.
    at : int
        Byte after the last one inside, where the elements in it end.
    stop : int
        Byte after its own end tag.
    """
    while state[TOP_FRAME] > place:
        _pop(state, out, at)
    _pop(state, out, stop)
    while frame(state, state[TOP_FRAME], FLAGS) & DEAD:
        _pop(state, out, at)


@helper
def close_paragraph(state: Ints, out: Out, at: int) -> None:
    """Close an open paragraph in button scope."""
    place = state[TOP + Tag.P]
    if place > frame(state, state[TOP_FRAME], BUTTON_SCOPE):
        pop_to(state, out, place, at, at)


@helper
def top_heading(state: Ints) -> int:
    """Frame of the last open heading, or 0."""
    last = 0
    for tag in range(_FIRST_HEADING, _FIRST_HEADING + 6):
        last = max(last, int(state[TOP + tag]))
    return last


@helper
def open_item(state: Ints, out: Out, tag: int, at: int) -> None:
    """Close the item that a new ``li``, ``dd`` or ``dt`` ends, and an open paragraph."""
    place = frame(state, state[TOP_FRAME], ITEM_SCOPE)
    before = frame(state, place, TAG)
    if before == tag or (tag != Tag.LI and before in (Tag.DD, Tag.DT)):
        pop_to(state, out, place, at, at)
    close_paragraph(state, out, at)


@helper
def table_frame(state: Ints) -> int:
    """Frame of the table in table scope, or 0."""
    place = frame(state, state[TOP_FRAME], TABLE_SCOPE)
    return place if frame(state, place, TAG) == Tag.TABLE else 0


@helper
def in_cell(state: Ints, table: int) -> bool:
    """Whether a cell or a caption of the table is open."""
    return bool(max(state[TOP + Tag.TD], state[TOP + Tag.TH], state[TOP + Tag.CAPTION]) > table)


@helper
def _clear_to(state: Ints, out: Out, place: int, at: int) -> None:
    if state[TOP_FRAME] > place:
        pop_to(state, out, place + 1, at, at)


@helper
def _section_frame(state: Ints, table: int) -> int:
    """Frame of the open ``tbody``, ``thead`` or ``tfoot`` of the table, or 0."""
    place = max(state[TOP + Tag.TBODY], state[TOP + Tag.THEAD], state[TOP + Tag.TFOOT])
    return int(place) if place > table else 0


@helper
def _imply(state: Ints, out: Out, tag: int, at: int) -> None:
    """Open an element of a table that no tag names."""
    state[KINDS] = state[MEANINGS] = 0
    state[FIRST_NAME] = state[NAMES + ROWS]
    push(state, out, tag, at, 0)


@helper
def open_table_part(state: Ints, out: Out, tag: int, at: int) -> bool:
    """Make room for a part of a table: close what it ends, open what it implies; False where there is no table for it."""
    table = table_frame(state)
    if table == 0:
        return False
    if tag in (Tag.TBODY, Tag.THEAD, Tag.TFOOT, Tag.CAPTION, Tag.COL, Tag.COLGROUP):
        _clear_to(state, out, table, at)
        return True
    row = state[TOP + Tag.TR]
    if tag != Tag.TR and row > table:
        _clear_to(state, out, row, at)
        return True
    section = _section_frame(state, table)
    _clear_to(state, out, section if section else table, at)
    if section == 0:
        _imply(state, out, Tag.TBODY, at)
    if tag != Tag.TR:
        _imply(state, out, Tag.TR, at)
    return True


@helper
def _target(state: Ints, tag: int) -> int:
    """Frame that an end tag closes, or 0."""
    top = state[TOP_FRAME]
    place = state[TOP + tag]
    if tag >= _FIRST_HEADING and tag < _FIRST_HEADING + 6:
        place = top_heading(state)
    if tag == Tag.LI:
        barrier = frame(state, top, LIST_SCOPE)
    elif tag == Tag.P:
        barrier = frame(state, top, BUTTON_SCOPE)
    elif tag in (Tag.TABLE, Tag.TR, Tag.TBODY, Tag.THEAD, Tag.TFOOT, Tag.TD, Tag.TH, Tag.CAPTION):
        barrier = frame(state, top, TABLE_SCOPE)
    elif tag == Tag.TEMPLATE:
        barrier = 1
    elif _RULES[tag] & _SPECIAL_BIT:
        barrier = frame(state, top, SCOPE)
    else:
        barrier = frame(state, top, SPECIAL) + 1
    return int(place) if place >= max(barrier, 1) else 0


@helper
def _end_form(state: Ints, out: Out, at: int, stop: int) -> None:
    """Close the form; where other elements are open in it, its frame goes with them."""
    place = int(state[FORM])
    state[FORM] = 0
    if place <= 0 or place < frame(state, state[TOP_FRAME], SCOPE):
        return
    while frame(state, state[TOP_FRAME], TAG) in (Tag.P, Tag.LI, Tag.DD, Tag.DT, Tag.OPTION, Tag.OPTGROUP):
        pop_to(state, out, int(state[TOP_FRAME]), at, at)
    if state[TOP_FRAME] == place:
        pop_to(state, out, place, at, stop)
    elif state[TOP_FRAME] > place:
        state[FRAMES + place * FRAME + FLAGS] |= DEAD


@helper
def close(state: Ints, out: Out, tag: int, at: int, stop: int) -> None:
    """Follow the end tag of a block-level element that stands in ``[at, stop)``."""
    if tag == Tag.FORM and frame(state, state[TOP_FRAME], TAG) != Tag.TEMPLATE:
        _end_form(state, out, at, stop)
        return
    place = _target(state, tag)
    if place > 0:
        pop_to(state, out, place, at, stop)
    elif tag == Tag.P and state[SILENT] == 0:
        flush(state, out)
