"""Inline elements: links, emphasis, code, pictures, hidden ones, and regions within a line."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from udfs.html.compiled import helper
from udfs.html.page.foreign import end_of_svg
from udfs.html.page.layout import Head, Piece, Region
from udfs.html.page.naming import (
    CODE_BOX,
    MATH_BOX,
    MATH_WORD,
    PANDOC_WORD,
    boxes_of,
    is_hidden,
    matches,
    read_names,
)
from udfs.html.page.regions_ahead import (
    ALL_RAW,
    COMMENT,
    IS_INLINE,
    IS_VOID,
    MAX_BREAKS_AHEAD,
    OPEN,
    TEXT,
    end_of_element,
    step,
)
from udfs.html.page.running_text import SKIPPED, add_piece, add_region, count_text, part_words
from udfs.html.page.structure import (
    can_push,
    pop_to,
    push,
)
from udfs.html.page.tokens import (
    ALT,
    CLASS,
    DATETIME,
    HREF,
    SELF_CLOSING,
    SRC,
    Bytes,
    Ints,
    has,
)
from udfs.html.page.vocabulary import Tag
from udfs.html.page.workspace import (
    BREAKS,
    CODE,
    FLAGS,
    HEADS,
    HIDDEN_COUNT,
    HIDDEN_FRAME,
    HIDDEN_TAG,
    IMAGES,
    LINK,
    LINKS,
    NAMES,
    ROWS,
    SILENT,
    SOLID,
    START,
    STRONG,
    TOP_FRAME,
    WHOLE,
    Out,
    frame,
    new_row,
)

_SKIPPED_INLINE: Final = (Tag.AUDIO, Tag.VIDEO, Tag.CANVAS, Tag.MAP, Tag.DATALIST)
_CODE_LIKE: Final = (Tag.CODE, Tag.KBD, Tag.SAMP, Tag.VAR, Tag.TT)
_NO_REGION: Final = -1

MAX_ADDRESS: Final = 2_000
"""Bytes of an address that are looked at."""


def _array(word: str) -> Bytes:
    return np.frombuffer(word.encode(), np.uint8)


_FORMULAS: Final = tuple(map(_array, ("latex.php?", "latex.codecogs", "mathtex.cgi", "mimetex", "cht=tx")))


def _inline() -> NDArray[np.bool_]:
    flags = IS_INLINE.copy()
    flags[[int(tag) for tag in (*_SKIPPED_INLINE, Tag.AREA, Tag.EMBED, Tag.PARAM, Tag.INPUT, Tag.KEYGEN, Tag.IMAGE)]] = True
    flags[[int(Tag.BASEFONT), int(Tag.BGSOUND), int(Tag.FRAME), int(Tag.MJX_CONTAINER)]] = True
    return flags


PASSED_INLINE: Final = _inline()


@helper
def add_head(state: Ints, out: Out, kind: int, start: int, stop: int) -> None:
    """Write a head."""
    row = new_row(state, HEADS, 3)
    out[row], out[row + 1], out[row + 2] = kind, start, stop


@helper
def count_region(source: Bytes, wide: Ints, at: int, stop: int, state: Ints, out: Out, lore: Ints) -> None:
    """Count the text of a region without its tags."""
    link, parts = state[LINK], True
    while at < stop:
        if source[at] == 60:
            tag, kind, after = step(source, wide, at, stop, state, lore, ALL_RAW)
            if kind != TEXT:
                if tag == Tag.A:
                    state[LINK] = 1 if kind == OPEN else link
                elif kind != COMMENT and (tag == Tag.BR or not IS_INLINE[tag]):
                    part_words(state, out)
                at = min(after, stop)
                continue
        at = count_text(source, at, stop, state, out, not parts)
    state[LINK] = link


@helper
def open_whole(
    source: Bytes,
    wide: Ints,
    at: int,
    inside: int,
    end: int,
    after: int,
    state: Ints,
    out: Out,
    lore: Ints,
    tag: int,
    kind: int,
    flags: int,
) -> None:
    """Write an element that is a region and a block of its own."""
    push(state, out, tag, at, flags)
    add_region(state, out, kind, at, after)
    state[SOLID] = state[WHOLE] = 1
    if tag in (Tag.XMP, Tag.PLAINTEXT):
        count_text(source, inside, end, state, out, True)
    else:
        count_region(source, wide, inside, end, state, out, lore)
    pop_to(state, out, state[TOP_FRAME], end, after)


@helper
def _is_formula(source: Bytes, start: int, stop: int) -> bool:
    """Whether the address of a picture is that of a formula."""
    stop = min(stop, start + MAX_ADDRESS)
    for at in range(start, stop):
        byte = source[at]
        if byte in (108, 109, 99):
            for word in _FORMULAS:
                if byte == word[0] and at + len(word) <= stop and matches(source, at, word):
                    return True
    return False


@helper
def _read_image(source: Bytes, at: int, after: int, state: Ints, out: Out) -> None:
    state[IMAGES] += 1
    told = False
    if has(state, ALT):
        for place in range(state[ALT], state[ALT + 1]):
            if source[place] > 32:
                told = True
                break
    if told or (has(state, SRC) and _is_formula(source, state[SRC], state[SRC + 1])):
        add_region(state, out, Region.IMAGE, at, after)
        state[SOLID] = 1


@helper
def _hide_inline(state: Ints, tag: int) -> None:
    state[HIDDEN_FRAME] = state[TOP_FRAME]
    state[HIDDEN_TAG] = tag
    state[HIDDEN_COUNT] = 1
    state[SILENT] = 1


@helper
def _break(state: Ints, out: Out) -> None:
    if state[START] >= 0:
        add_piece(state, out, Piece.BREAK, 0, 0)
        state[BREAKS] += 1
        part_words(state, out)


@helper
def is_math(boxes: int) -> bool:
    """Whether class names make an element a formula."""
    return boxes & MATH_BOX != 0 or (boxes & MATH_WORD != 0 and boxes & PANDOC_WORD != 0)


@helper
def _inline_region(source: Bytes, wide: Ints, at: int, after: int, stop: int, state: Ints, out: Out, lore: Ints, tag: int) -> int:
    """Read an inline element that is a region; return the byte after it, or 0 if it is none."""
    boxes = 0
    if has(state, CLASS):
        boxes = boxes_of(source, state[CLASS], state[CLASS + 1], lore)
    kind, weight, limit = _NO_REGION, 0, stop
    if boxes & CODE_BOX:
        kind = Region.CODE
    elif tag in (Tag.MATH, Tag.MJX_CONTAINER) or is_math(boxes):
        kind, weight = Region.MATH, 1
    elif tag in (Tag.SUP, Tag.SUB):
        kind = Region.SCRIPT
    elif tag in (Tag.RT, Tag.RP):
        kind = Region.RUBY
    elif tag in (Tag.CODE, Tag.TT, Tag.SAMP):
        kind, limit = Region.CODE, min(stop, after + MAX_BREAKS_AHEAD)
    if kind == _NO_REGION or tag == Tag.NONE or IS_VOID[tag]:
        return 0
    if kind == Region.CODE:
        read_names(source, state, out, lore)
    end, beyond, breaks = end_of_element(source, wide, after, limit, tag, state, lore)
    if beyond == 0:
        return 0
    if kind == Region.CODE:
        if (breaks == 0 and boxes & CODE_BOX == 0) or not can_push(state):
            return 0
        open_whole(source, wide, at, after, end, beyond, state, out, lore, tag, kind, 0)
        return beyond
    add_region(state, out, kind, at, beyond)
    state[SOLID] |= weight
    if kind != Region.RUBY:
        count_region(source, wide, after, end, state, out, lore)
    return beyond


@helper
def open_inline(source: Bytes, wide: Ints, at: int, after: int, stop: int, state: Ints, out: Out, lore: Ints, tag: int) -> int:
    """Follow the start tag of an inline element; return the byte to go on at."""
    if state[SILENT] != 0:
        if state[HIDDEN_COUNT] > 0 and tag == state[HIDDEN_TAG] and state[TOP_FRAME] == state[HIDDEN_FRAME]:
            state[HIDDEN_COUNT] += 1
        return after
    if tag == Tag.BR:
        _break(state, out)
        return after
    closed = state[0] & SELF_CLOSING
    if tag == Tag.SVG:
        return after if closed else end_of_svg(source, wide, after, stop, state, lore)
    if tag == Tag.MATH and closed:
        return after
    if tag in (Tag.IMG, Tag.IMAGE):
        if not is_hidden(source, state, tag):
            _read_image(source, at, after, state, out)
        return after
    if IS_VOID[tag]:
        return after
    hides = tag in _SKIPPED_INLINE or is_hidden(source, state, tag)
    names = state[NAMES + ROWS]
    links, dated = has(state, HREF), has(state, DATETIME)
    beyond = _inline_region(source, wide, at, after, stop, state, out, lore, tag)
    if beyond > 0:
        return beyond
    state[NAMES + ROWS] = names
    if hides:
        if tag != Tag.NONE:
            _hide_inline(state, tag)
    elif tag == Tag.A:
        state[LINK] = 1
        state[LINKS] += links
    elif tag in (Tag.B, Tag.STRONG):
        state[STRONG] = min(state[STRONG] + 1, 1_000)
    elif tag in _CODE_LIKE:
        state[CODE] = min(state[CODE] + 1, 1_000)
    elif tag == Tag.TIME and dated:
        add_head(state, out, Head.TIME, at, after)
    return after


@helper
def close_inline(state: Ints, out: Out, tag: int) -> None:
    """Follow the end tag of an inline element."""
    if state[HIDDEN_COUNT] > 0:
        if tag == state[HIDDEN_TAG] and state[TOP_FRAME] == state[HIDDEN_FRAME]:
            state[HIDDEN_COUNT] -= 1
            if state[HIDDEN_COUNT] == 0:
                state[SILENT] = 1 if frame(state, state[TOP_FRAME], FLAGS) & SKIPPED else 0
    elif state[SILENT] != 0:
        return
    elif tag == Tag.A:
        state[LINK] = 0
    elif tag == Tag.BR:
        _break(state, out)
    elif tag in (Tag.B, Tag.STRONG):
        state[STRONG] = max(state[STRONG] - 1, 0)
    elif tag in _CODE_LIKE:
        state[CODE] = max(state[CODE] - 1, 0)
