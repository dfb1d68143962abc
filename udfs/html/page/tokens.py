"""Tags, attributes, comments and raw text of a page, read from its bytes by compiled code.

All functions look ahead over an array with `udfs.html.page.layout.PADDING` zero bytes after the page, and over the same bytes as
64-bit words (``wide``). None of them reads a byte more than a fixed number of times.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from udfs.html.compiled import OFFSET, helper, mix

Bytes = NDArray[np.uint8]
Ints = NDArray[np.int64]

_ONES: Final = np.uint64(0x0101010101010101)
_LOW: Final = np.uint64(0x7F7F7F7F7F7F7F7F)
_ALL: Final = np.uint64(0xFFFFFFFFFFFFFFFF)
_ONE: Final = np.uint64(1)
_TOP_BYTE: Final = np.uint64(56)

# Classes of bytes in a tag.
_BLANK: Final = 1
_SLASH: Final = 2
_END: Final = 3
_EQUALS: Final = 4


def _tag_classes() -> NDArray[np.uint8]:
    classes = np.zeros(256, np.uint8)
    classes[[9, 10, 12, 13, 32]] = _BLANK
    classes[ord("/")], classes[ord(">")], classes[ord("=")] = _SLASH, _END, _EQUALS
    return classes


def _lower_case() -> NDArray[np.uint8]:
    lower = np.arange(256, dtype=np.uint8)
    lower[65:91] += 32
    return lower


TAG_CLASS: Final = _tag_classes()
LOWER: Final = _lower_case()

# Slots of a tag's attributes: `attrs[slot]` and `attrs[slot + 1]` are the value's range, if the slot's bit is in `attrs[0]`.
CLASS: Final = 2
ID: Final = 4
ROLE: Final = 6
PROP: Final = 8
STYLE: Final = 10
HREF: Final = 12
ALT: Final = 14
SRC: Final = 16
TYPE: Final = 18
HIDDEN: Final = 20
ARIA_HIDDEN: Final = 22
ITEMTYPE: Final = 24
DATETIME: Final = 26
SCOPE: Final = 28
REL: Final = 30
SELF_CLOSING: Final = 1
"""Bit of `attrs[0]`."""
ATTRS: Final = 32
"""Length of `attrs`."""


@helper
def find(wide: Ints, at: int, byte: int, stop: int) -> int:
    """Place of the first ``byte`` (ASCII) in ``[at, stop)``, or ``stop``; eight bytes at a time."""
    if at >= stop:
        return stop
    pattern = np.uint64(byte) * _ONES
    place = at >> 3
    last = (stop - 1) >> 3
    word = np.uint64(wide[place]) ^ pattern
    # The high bit of each byte that is zero, exactly, without a carry into the next byte; bytes before `at` are masked.
    match = ~(((word & _LOW) + _LOW) | word | _LOW) & (_ALL << np.uint64((at & 7) << 3))
    while match == 0:
        place += 1
        if place > last:
            return stop
        word = np.uint64(wide[place]) ^ pattern
        match = ~(((word & _LOW) + _LOW) | word | _LOW)
    # Each byte up to the lowest match has its lowest bit set below the match's high bit; the product adds them up.
    below = (match & (~match + _ONE)) - _ONE
    return min((place << 3) + np.int64(((below & _ONES) * _ONES) >> _TOP_BYTE) - 1, stop)  # type: ignore[return-value]


@helper
def read_name(source: Bytes, at: int, stop: int) -> tuple[int, int, bool]:
    """Hash (lower case), end and hyphen of the tag name at ``at``."""
    key = OFFSET
    hyphen = False
    while at < stop:
        byte = source[at]
        kind = TAG_CLASS[byte]
        if kind != 0 and kind != _EQUALS:
            break
        if byte == 45:
            hyphen = True
        key = mix(key, LOWER[byte])
        at += 1
    return key, at, hyphen


@helper
def _slot(pack: int, length: int) -> int:
    """Slot of an attribute by its length and its last eight bytes, the first of them highest; 0 for all others."""
    if length == 5:
        return CLASS if pack == 0x636C617373 else STYLE if pack == 0x7374796C65 else SCOPE if pack == 0x73636F7065 else 0
    if length == 4:
        return HREF if pack == 0x68726566 else TYPE if pack == 0x74797065 else ROLE if pack == 0x726F6C65 else 0
    if length == 2:
        return ID if pack == 0x6964 else 0
    if length == 3:
        return SRC if pack == 0x737263 else ALT if pack == 0x616C74 else REL if pack == 0x72656C else 0
    if length == 8:
        if pack == 0x6974656D70726F70:
            return PROP
        if pack == 0x6974656D74797065:
            return ITEMTYPE
        return DATETIME if pack == 0x6461746574696D65 else 0
    if length == 6:
        return HIDDEN if pack == 0x68696464656E else 0
    # aria-hidden: its last eight bytes.
    return ARIA_HIDDEN if length == 11 and pack == 0x612D68696464656E else 0


@helper
def _read_value(source: Bytes, wide: Ints, at: int, stop: int) -> tuple[int, int, int]:
    """Range of the value behind an equals sign and the byte after it; the last is ``stop`` where the page ends first."""
    while TAG_CLASS[source[at]] == _BLANK:
        at += 1
    quote = int(source[at])
    if quote == 34 or quote == 39:
        end = find(wide, at + 1, quote, stop)
        return at + 1, end, min(end + 1, stop)
    start = at
    while at < stop and TAG_CLASS[source[at]] != _BLANK and source[at] != 62:
        at += 1
    return start, at, at


@helper
def read_attributes(source: Bytes, wide: Ints, at: int, stop: int, attrs: Ints) -> int:
    """Read the attributes of a tag.

    Parameters
    ----------
    source, wide : ndarray
        The page.
    at : int
        The byte after the tag's name.
    stop : int
        End of the page.
    attrs : ndarray of int64, (ATTRS,)
        Where the ranges of the values go, the first of each name; `attrs[0]` holds the bits of what is there.

    Returns
    -------
    int
        The byte after the ``>``; -1 where the page ends within the tag, which drops it.
    """
    attrs[0] = 0
    closing = 0
    while True:
        kind = TAG_CLASS[source[at]]
        while kind in (_BLANK, _SLASH):
            closing = SELF_CLOSING if kind == _SLASH else 0
            at += 1
            kind = TAG_CLASS[source[at]]
        if kind == _END:
            attrs[0] |= closing
            return at + 1
        if at >= stop:
            return -1
        closing = 0
        name, pack = at, int(LOWER[source[at]])
        at += 1
        while at < stop and TAG_CLASS[source[at]] == 0:
            pack = (pack << 8) | int(LOWER[source[at]])
            at += 1
        slot = _slot(pack, at - name)
        while TAG_CLASS[source[at]] == _BLANK:
            at += 1
        start = end = at
        if source[at] == 61:
            start, end, at = _read_value(source, wide, at + 1, stop)
        if slot != 0 and attrs[0] >> slot & 1 == 0:
            attrs[0] |= 1 << slot
            attrs[slot] = start
            attrs[slot + 1] = end


@helper
def has(attrs: Ints, slot: int) -> bool:
    """Whether the tag has the attribute."""
    return bool(attrs[0] >> slot & 1)


@helper
def is_end_tag(source: Bytes, at: int, name: int, length: int) -> bool:
    """Whether an end tag at ``at`` has the name that stands at ``name``."""
    if source[at + 1] != 47 or TAG_CLASS[source[at + 2 + length]] in (0, _EQUALS):
        return False
    for place in range(length):  # noqa: SIM110
        if LOWER[source[at + 2 + place]] != LOWER[source[name + place]]:
            return False
    return True


@helper
def end_of_raw(source: Bytes, wide: Ints, at: int, stop: int, tag: int) -> int:
    """Place of the end tag that closes raw text, or ``stop``.

    Parameters
    ----------
    source, wide : ndarray
        The page.
    at : int
        First byte of the text.
    stop : int
        End of the page.
    tag : int
        First byte of the element's name, in its start tag.
    """
    length = 0
    while TAG_CLASS[source[tag + length]] == 0 and length < 8:
        length += 1
    at = find(wide, at, 60, stop)
    while at + 2 + length < stop and not is_end_tag(source, at, tag, length):
        at = find(wide, at + 1, 60, stop)
    return at if at + 2 + length < stop else stop


@helper
def end_of_comment(source: Bytes, wide: Ints, at: int, stop: int) -> int:
    """Byte after a comment; ``at`` is the byte after its ``<!--``."""
    if source[at] == 62:
        return at + 1
    if source[at] == 45 and source[at + 1] == 62:
        return at + 2
    close = find(wide, at, 62, stop)
    while close < stop:
        before = close - 1
        if source[before] == 33:
            before -= 1
        if before - 1 >= at and source[before] == 45 and source[before - 1] == 45:
            return close + 1
        close = find(wide, close + 1, 62, stop)
    return stop


@helper
def end_of_script(source: Bytes, wide: Ints, at: int, stop: int, tag: int) -> int:
    """Place of the end tag of a script, or ``stop``; a script in a comment in it may hold one of its own.

    Parameters are those of `end_of_raw`.
    """
    escaped_until = at
    double = False
    at = find(wide, at, 60, stop)
    while at + 8 < stop:
        if at >= escaped_until:
            double = False
            if source[at + 1] == 33 and source[at + 2] == 45 and source[at + 3] == 45:
                escaped_until = _end_of_dashes(source, wide, at + 2, stop)
        if is_end_tag(source, at, tag, 6):
            if not double:
                return at
            double = False
        elif at < escaped_until and not double:
            # A start tag, in the sense of `is_end_tag`, one byte earlier.
            double = source[at + 1] != 47 and _is_script(source, at + 1, tag)
        at = find(wide, at + 1, 60, stop)
    return stop


@helper
def _is_script(source: Bytes, at: int, tag: int) -> bool:
    for place in range(6):
        if LOWER[source[at + place]] != LOWER[source[tag + place]]:
            return False
    return TAG_CLASS[source[at + 6]] not in (0, _EQUALS)


@helper
def _end_of_dashes(source: Bytes, wide: Ints, at: int, stop: int) -> int:
    """Byte after the first ``-->`` at or after ``at``, or ``stop``."""
    close = find(wide, at + 2, 62, stop)
    while close < stop:
        if source[close - 1] == 45 and source[close - 2] == 45:
            return close + 1
        close = find(wide, close + 1, 62, stop)
    return stop


@helper
def end_of_markup(source: Bytes, wide: Ints, at: int, stop: int) -> int:
    """Byte after a comment, declaration or bogus comment that begins with the ``<`` at ``at``."""
    if source[at + 1] == 33 and source[at + 2] == 45 and source[at + 3] == 45:
        return end_of_comment(source, wide, at + 4, stop)
    return min(find(wide, at + 1, 62, stop) + 1, stop)
