"""Elements that are read by rules of their own and give no text: ``svg`` and ``select``."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from udfs.html.compiled import helper
from udfs.html.page.naming import matches
from udfs.html.page.regions_ahead import ALL_RAW, CLOSE, IS_INLINE, NO_RAW, OPEN, SCRIPTS, step
from udfs.html.page.tokens import SELF_CLOSING, Bytes, Ints, find
from udfs.html.page.vocabulary import HEADINGS, Tag
from udfs.html.page.workspace import TOP

_BREAKOUT: Final = (
    Tag.B, Tag.BIG, Tag.BLOCKQUOTE, Tag.BODY, Tag.BR, Tag.CENTER, Tag.CODE, Tag.DD, Tag.DIV, Tag.DL, Tag.DT, Tag.EM, Tag.EMBED,
    Tag.HEAD, Tag.HR, Tag.I, Tag.IMG, Tag.LI, Tag.LISTING, Tag.MENU, Tag.META, Tag.NOBR, Tag.OL, Tag.P, Tag.PRE, Tag.RUBY, Tag.S,
    Tag.SMALL, Tag.SPAN, Tag.STRONG, Tag.STRIKE, Tag.SUB, Tag.SUP, Tag.TABLE, Tag.TT, Tag.U, Tag.UL, Tag.VAR,
)  # fmt: skip
_TABLE_PARTS: Final = (Tag.CAPTION, Tag.TABLE, Tag.TBODY, Tag.TFOOT, Tag.THEAD, Tag.TR, Tag.TD, Tag.TH)
_CDATA: Final = np.frombuffer(b"![cdata[", np.uint8)


def _flags() -> NDArray[np.bool_]:
    flags = np.zeros(256, np.bool_)
    flags[[int(tag) for tag in (*_BREAKOUT, *HEADINGS)]] = True
    return flags


_BREAKS_OUT: Final = _flags()


@helper
def _end_of_cdata(source: Bytes, wide: Ints, at: int, stop: int) -> int:
    close = find(wide, at + 9, 62, stop)
    while close < stop and not (source[close - 1] == 93 and source[close - 2] == 93):
        close = find(wide, close + 1, 62, stop)
    return min(close + 1, stop)


@helper
def end_of_svg(source: Bytes, wide: Ints, at: int, stop: int, state: Ints, lore: Ints) -> int:
    """Byte after an ``svg``, or the place of the tag that breaks out of it; ``at`` is the byte after its start tag."""
    depth, html = 1, 0
    at = find(wide, at, 60, stop)
    while at < stop:
        if matches(source, at + 1, _CDATA):
            at = find(wide, _end_of_cdata(source, wide, at, stop), 60, stop)
            continue
        tag, kind, after = step(source, wide, at, stop, state, lore, ALL_RAW if html > 0 else NO_RAW)
        if kind == OPEN:
            if html == 0 and _BREAKS_OUT[tag]:
                return at
            closed = state[0] & SELF_CLOSING
            depth += tag == Tag.SVG and not closed
            html += tag == Tag.FOREIGNOBJECT and not closed
        elif kind == CLOSE:
            depth -= tag == Tag.SVG
            html -= tag == Tag.FOREIGNOBJECT and html > 0
            if depth == 0:
                return after
            if html == 0 and (tag in (Tag.P, Tag.BR) or (not IS_INLINE[tag] and state[TOP + tag] > 0)):
                return at
        at = find(wide, after, 60, stop)
    return stop


@helper
def end_of_select(source: Bytes, wide: Ints, at: int, stop: int, state: Ints, lore: Ints) -> int:
    """Byte after a ``select``, or the place of the tag that ends it; ``at`` is the byte after its start tag."""
    in_table = state[TOP + Tag.TABLE] > 0
    at = find(wide, at, 60, stop)
    while at < stop:
        tag, kind, after = step(source, wide, at, stop, state, lore, SCRIPTS)
        if tag == Tag.SELECT:
            return after
        if kind == OPEN and tag in (Tag.INPUT, Tag.TEXTAREA, Tag.KEYGEN):
            return at
        if in_table and tag in _TABLE_PARTS and (kind == OPEN or state[TOP + tag] > 0):
            return at
        at = find(wide, after, 60, stop)
    return stop
