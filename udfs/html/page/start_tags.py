"""What each tag does to the tables: heads, raw text, block-level elements and their regions; the rest is in `inline_tags`."""

from __future__ import annotations

from typing import Final

import numpy as np

from udfs.html.compiled import helper
from udfs.html.page.foreign import end_of_select
from udfs.html.page.inline_tags import (
    MAX_ADDRESS,
    PASSED_INLINE,
    add_head,
    close_inline,
    count_region,
    is_math,
    open_inline,
    open_whole,
)
from udfs.html.page.layout import Head, Region
from udfs.html.page.naming import (
    CODE_BOX,
    CODE_WORD,
    FRAGMENT,
    boxes_of,
    is_hidden,
    matches,
    read_names,
)
from udfs.html.page.regions_ahead import (
    ALL_RAW,
    CLOSE,
    MAX_BREAKS_AHEAD,
    contains,
    end_of_data_table,
    end_of_element,
    step,
    tag_of,
)
from udfs.html.page.running_text import HIDDEN, IN_LINE, SKIPPED, add_region, count_text, flush
from udfs.html.page.structure import (
    can_push,
    close,
    close_paragraph,
    in_cell,
    open_item,
    open_table_part,
    pop_to,
    push,
    table_frame,
    top_heading,
)
from udfs.html.page.tokens import (
    CLASS,
    HREF,
    ID,
    REL,
    TYPE,
    Bytes,
    Ints,
    end_of_raw,
    end_of_script,
    has,
    read_attributes,
    read_name,
)
from udfs.html.page.vocabulary import Tag
from udfs.html.page.workspace import (
    FIRST_NAME,
    FORM,
    IN_BODY,
    KINDS,
    MEANINGS,
    NAMES,
    QUIRKS,
    ROWS,
    SCOPE,
    SILENT,
    SOLID,
    TAG,
    TOP,
    TOP_FRAME,
    Out,
    frame,
)

_RAW: Final = (Tag.STYLE, Tag.TITLE, Tag.TEXTAREA, Tag.XMP, Tag.IFRAME, Tag.NOEMBED, Tag.NOFRAMES, Tag.NOSCRIPT, Tag.SCRIPT)
_IGNORED: Final = (Tag.HTML, Tag.HEAD, Tag.BODY, Tag.META, Tag.LINK, Tag.BASE, Tag.FRAMESET)
_EMBEDDED: Final = (Tag.OBJECT, Tag.APPLET, Tag.TEMPLATE)
_TABLE_PARTS: Final = (Tag.CAPTION, Tag.COL, Tag.COLGROUP, Tag.TBODY, Tag.TFOOT, Tag.THEAD, Tag.TR, Tag.TD, Tag.TH)
_LEAVES_PARAGRAPH: Final = (Tag.LEGEND, Tag.OPTION, Tag.OPTGROUP, Tag.MENUITEM, Tag.MARQUEE, Tag.FOREIGNOBJECT)
_HEADINGS: Final = (Tag.H1, Tag.H2, Tag.H3, Tag.H4, Tag.H5, Tag.H6)
_NO_REGION: Final = -1


def _array(word: str) -> Bytes:
    return np.frombuffer(word.encode(), np.uint8)


_LICENCE: Final = _array("license")
_LD_JSON: Final = _array("ld+json")
_JSON: Final = _array("application/json")
_MATH_TYPE: Final = _array("math/")
_NEXT: Final = _array("__next_data__")
_NUXT: Final = _array("__nuxt")
_STATE: Final = _array("_state__")


@helper
def _after_end_tag(source: Bytes, wide: Ints, at: int, stop: int, state: Ints) -> int:
    """Byte after the end tag at ``at``, or ``stop``."""
    if at >= stop:
        return stop
    end = read_attributes(source, wide, read_name(source, at + 2, stop)[1], stop, state)
    return end if end >= 0 else stop


@helper
def _read_script(source: Bytes, wide: Ints, at: int, after: int, stop: int, state: Ints, out: Out) -> int:
    """Pass a script over, note what it holds, and read it as a formula if it is one."""
    end = end_of_script(source, wide, after, stop, at + 1)
    kind = Head.SCRIPT
    start = state[TYPE]
    if has(state, TYPE):
        if contains(source, start, state[TYPE + 1], _LD_JSON):
            kind = Head.JSON_LD
        elif contains(source, start, state[TYPE + 1], _JSON):
            kind = Head.DATA
        elif matches(source, start, _MATH_TYPE):
            beyond = _after_end_tag(source, wide, end, stop, state)
            if state[SILENT] == 0 and end < stop:
                add_region(state, out, Region.MATH, at, beyond)
                state[SOLID] = 1
                count_text(source, after, end, state, out, True)
            return beyond
    if has(state, ID) and (matches(source, state[ID], _NEXT) or matches(source, state[ID], _NUXT)):
        kind = Head.DATA
    ahead = min(after + 96, end)
    if kind == Head.SCRIPT and (contains(source, after, ahead, _STATE) or contains(source, after, ahead, _NUXT)):
        kind = Head.DATA
    if kind == Head.SCRIPT:
        add_head(state, out, Head.SCRIPT, at, after)
    else:
        add_head(state, out, kind, after, end)
    return _after_end_tag(source, wide, end, stop, state)


@helper
def _read_raw(source: Bytes, wide: Ints, at: int, after: int, stop: int, state: Ints, out: Out, lore: Ints, tag: int) -> int:
    """Pass an element of raw text over; return the byte after it."""
    if tag == Tag.SCRIPT:
        return _read_script(source, wide, at, after, stop, state, out)
    end = end_of_raw(source, wide, after, stop, at + 1)
    if tag == Tag.TITLE:
        add_head(state, out, Head.TITLE, after, end)
    elif tag == Tag.NOSCRIPT and state[IN_BODY] != 0:
        add_head(state, out, Head.NOSCRIPT, after, end)
    elif tag == Tag.XMP:
        close_paragraph(state, out, at)
        read_names(source, state, out, lore)
        beyond = _after_end_tag(source, wide, end, stop, state)
        if state[SILENT] == 0 and can_push(state):
            open_whole(source, wide, at, after, end, beyond, state, out, lore, tag, Region.CODE, 0)
        return beyond
    return _after_end_tag(source, wide, end, stop, state)


@helper
def _make_room(state: Ints, out: Out, tag: int, at: int) -> bool:
    """Close what the start tag of a block-level element ends; False where the tag is ignored."""
    if tag in _TABLE_PARTS:
        return open_table_part(state, out, tag, at) and tag not in (Tag.COL, Tag.COLGROUP)
    if tag == Tag.TABLE:
        table = table_frame(state)
        if table > 0 and not in_cell(state, table):
            pop_to(state, out, table, at, at)
        elif state[QUIRKS] == 0:
            close_paragraph(state, out, at)
        return True
    if tag in (Tag.LI, Tag.DD, Tag.DT):
        open_item(state, out, tag, at)
        return True
    if tag == Tag.BUTTON:
        place = state[TOP + Tag.BUTTON]
        if place > frame(state, state[TOP_FRAME], SCOPE):
            pop_to(state, out, place, at, at)
        return True
    if tag in (Tag.OPTION, Tag.OPTGROUP):
        if frame(state, state[TOP_FRAME], TAG) == Tag.OPTION:
            pop_to(state, out, state[TOP_FRAME], at, at)
        return True
    if tag == Tag.FORM:
        if state[FORM] != 0:
            return False
        table = table_frame(state)
        if table > 0 and not in_cell(state, table):
            state[FORM] = -1
            return False
    if tag < 160 and tag not in _LEAVES_PARAGRAPH and tag not in _EMBEDDED:
        close_paragraph(state, out, at)
    if tag in _HEADINGS and frame(state, state[TOP_FRAME], TAG) in _HEADINGS:
        pop_to(state, out, state[TOP_FRAME], at, at)
    return True


@helper
def _flags_of(source: Bytes, state: Ints, tag: int) -> int:
    """Return the flags of a block-level frame, from its name and attributes."""
    if tag in _EMBEDDED:
        return SKIPPED
    if tag == Tag.BUTTON:
        return IN_LINE if top_heading(state) > 0 or state[TOP + Tag.SUMMARY] > 0 else SKIPPED
    return HIDDEN if is_hidden(source, state, tag) else 0


@helper
def _block_region(
    source: Bytes, wide: Ints, after: int, stop: int, state: Ints, lore: Ints, tag: int, boxes: int
) -> tuple[int, int, int]:
    """Kind of region that a block-level element is, place of its end tag, byte after it; `_NO_REGION` for an ordinary one."""
    end, beyond, breaks = 0, 0, 0
    if tag == Tag.TABLE and boxes & CODE_BOX == 0:
        end, beyond = end_of_data_table(source, wide, after, stop, state, lore)
        return (Region.TABLE if beyond > 0 else _NO_REGION), end, beyond
    if tag in (Tag.PRE, Tag.LISTING) or boxes & CODE_BOX or (tag == Tag.DIV and boxes & FRAGMENT):
        end, beyond, breaks = end_of_element(source, wide, after, stop, tag, state, lore)
        return (Region.CODE if beyond > 0 else _NO_REGION), end, beyond
    if is_math(boxes):
        end, beyond, breaks = end_of_element(source, wide, after, stop, tag, state, lore)
        return (Region.MATH if beyond > 0 else _NO_REGION), end, beyond
    if tag == Tag.DIV and boxes & CODE_WORD:
        end, beyond, breaks = end_of_element(source, wide, after, min(stop, after + MAX_BREAKS_AHEAD), tag, state, lore)
        return (Region.CODE if breaks > 0 else _NO_REGION), end, beyond
    return _NO_REGION, end, beyond


@helper
def _open_block(source: Bytes, wide: Ints, at: int, after: int, stop: int, state: Ints, out: Out, lore: Ints, tag: int) -> int:
    """Follow the start tag of a block-level element; return the byte to go on at."""
    state[IN_BODY] = 1
    if not _make_room(state, out, tag, at):
        return after
    if tag == Tag.HR:
        if state[SILENT] == 0:
            flush(state, out)
        return after
    flags = _flags_of(source, state, tag)
    state[KINDS] = state[MEANINGS] = 0
    state[FIRST_NAME] = state[NAMES + ROWS]
    kind, end, beyond = _NO_REGION, 0, 0
    boxes = 0
    if state[SILENT] == 0 and flags & (SKIPPED | IN_LINE) == 0 and can_push(state):
        read_names(source, state, out, lore)
        if has(state, CLASS):
            boxes = boxes_of(source, state[CLASS], state[CLASS + 1], lore)
        if boxes != 0 or tag in (Tag.TABLE, Tag.PRE, Tag.LISTING):
            kind, end, beyond = _block_region(source, wide, after, stop, state, lore, tag, boxes)
        if tag == Tag.PLAINTEXT:
            kind, end, beyond = Region.CODE, stop, stop
    if kind in (Region.CODE, Region.TABLE):
        open_whole(source, wide, at, after, end, beyond, state, out, lore, tag, kind, flags)
        return beyond
    push(state, out, tag, at, flags)
    if tag == Tag.FORM:
        state[FORM] = state[TOP_FRAME]
    if kind == Region.MATH:
        add_region(state, out, kind, at, beyond)
        state[SOLID] = 1
        count_region(source, wide, after, end, state, out, lore)
        return end
    return after


@helper
def _note_head(state: Ints, out: Out, tag: int, at: int, after: int) -> None:
    """Write down a tag of the page's frame."""
    if tag == Tag.META:
        add_head(state, out, Head.META, at, after)
    elif tag == Tag.LINK:
        add_head(state, out, Head.LINK, at, after)
    elif tag == Tag.BASE:
        add_head(state, out, Head.BASE, at, after)
    elif tag == Tag.HTML:
        add_head(state, out, Head.HTML, at, after)
    elif tag == Tag.BODY:
        add_head(state, out, Head.BODY, at, after)
        state[IN_BODY] = 1


@helper
def _is_licence(source: Bytes, state: Ints) -> bool:
    """Whether the relation or the address of a link names a licence."""
    if has(state, REL) and contains(source, state[REL], state[REL + 1], _LICENCE):
        return True
    return has(state, HREF) and contains(source, state[HREF], min(state[HREF + 1], state[HREF] + MAX_ADDRESS), _LICENCE)


@helper
def read_start_tag(source: Bytes, wide: Ints, at: int, stop: int, state: Ints, out: Out, lore: Ints) -> int:
    """Follow the start tag at ``at``; return the byte to go on at."""
    key, end, hyphen = read_name(source, at + 1, stop)
    tag = tag_of(state, lore, key, hyphen)
    after = read_attributes(source, wide, end, stop, state)
    if after < 0:
        return stop
    if tag == Tag.A and _is_licence(source, state):
        add_head(state, out, Head.LICENCE, at, after)
    if PASSED_INLINE[tag] and tag != Tag.SCRIPT:
        return open_inline(source, wide, at, after, stop, state, out, lore, tag)
    if tag in _RAW:
        return _read_raw(source, wide, at, after, stop, state, out, lore, tag)
    if tag in _IGNORED:
        _note_head(state, out, tag, at, after)
        return after
    if tag == Tag.SELECT:
        return end_of_select(source, wide, after, stop, state, lore)
    return _open_block(source, wide, at, after, stop, state, out, lore, tag)


@helper
def read_end_tag(source: Bytes, wide: Ints, at: int, stop: int, state: Ints, out: Out, lore: Ints) -> int:
    """Follow the end tag at ``at``; return the byte to go on at."""
    tag, kind, after = step(source, wide, at, stop, state, lore, ALL_RAW)
    if kind != CLOSE:
        return after
    if PASSED_INLINE[tag]:
        close_inline(state, out, tag)
    elif tag not in _RAW and tag not in _IGNORED and tag != Tag.SELECT:
        close(state, out, tag, at, after)
    return after
