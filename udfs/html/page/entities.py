"""Character references of HTML (``&amp;``, ``&#8212;``), read from bytes by compiled code.

Names and values are the standard's, from `html.entities.html5`; the table is built at import and is part of the compiled code.
"""

from __future__ import annotations

from html.entities import html5
from typing import Final

import numpy as np
from numpy.typing import NDArray

from udfs.html.compiled import OFFSET, entry, helper, mix
from udfs.html.page.vocabulary import fnv1a, hash_table

LONGEST: Final = 31
"""Letters of the longest name."""
SHORTEST_LEGACY: Final = 2
LONGEST_LEGACY: Final = 6
"""Letters of the names that need no semicolon (``&nbsp``)."""

REPLACEMENT: Final = 0xFFFD

_LEGACY: Final = 1 << 62
_BITS: Final = 21
_POINT: Final = (1 << _BITS) - 1


def _entries() -> dict[int, int]:
    """Hash of each name to its code points, 21 bits each, and whether the semicolon may lack."""
    entries: dict[int, int] = {}
    for name in sorted(html5):
        if name.endswith(";"):
            first, second = (*map(ord, html5[name]), 0)[:2]
            legacy = _LEGACY if name[:-1] in html5 else 0
            entries[fnv1a(name[:-1].encode())] = first | second << _BITS | legacy
    return entries


_TABLE = hash_table(_entries())
_KEYS = _TABLE.keys.view(np.int64)
_VALUES = _TABLE.values.view(np.int64)
_SLOTS: Final = len(_KEYS) - 1

_WINDOWS_1252: Final = np.array(
    [ord(bytes([byte]).decode("cp1252", "replace")) for byte in range(128, 160)],
    np.int64,
)
_WINDOWS_1252[_WINDOWS_1252 == REPLACEMENT] = np.arange(128, 160)[_WINDOWS_1252 == REPLACEMENT]


@helper
def _find(key: int) -> int:
    """Code points and flag of a name's hash; 0 for an unknown name."""
    slot = key & _SLOTS
    while _KEYS[slot] != 0:
        if _KEYS[slot] == key:
            return int(_VALUES[slot])
        slot = (slot + 1) & _SLOTS
    return 0


@helper
def _is_letter(byte: int) -> bool:
    return 97 <= (byte | 32) <= 122 or 48 <= byte <= 57


@helper
def _number(source: NDArray[np.uint8], at: int, stop: int) -> tuple[int, int, int]:
    """Read ``&#…``; ``at`` is the byte after the ``#``."""
    hexadecimal = at < stop and (source[at] | 32) == 120
    if hexadecimal:
        at += 1
    first, value = at, 0
    while at < stop:
        byte = int(source[at])
        if 48 <= byte <= 57:
            digit = byte - 48
        elif hexadecimal and 97 <= (byte | 32) <= 102:
            digit = (byte | 32) - 87
        else:
            break
        value = min(value * (16 if hexadecimal else 10) + digit, 0x110000)
        at += 1
    if at == first:
        return -1, 0, at
    if at < stop and source[at] == 59:
        at += 1
    if 128 <= value < 160:
        value = int(_WINDOWS_1252[value - 128])
    if value == 0 or value > 0x10FFFF or 0xD800 <= value < 0xE000:
        value = REPLACEMENT
    return value, 0, at


@entry
def decode(source: NDArray[np.uint8], at: int, stop: int) -> tuple[int, int, int]:
    """Read the character reference at an ampersand, as the standard reads it in text.

    Parameters
    ----------
    source : ndarray of uint8
    at : int
        Place of the ``&``.
    stop : int
        End of the text; nothing at or after it is read.

    Returns
    -------
    tuple of int
        First code point, or -1 where there is no reference; second code point, or 0; the byte after the reference, which is
        the one after the ampersand where there is none.
    """
    start = at + 1
    if start < stop and source[start] == 35:
        first, second, end = _number(source, start + 1, stop)
        return (first, second, end) if first >= 0 else (-1, 0, start)
    key, end = OFFSET, start
    while end < stop and end - start < LONGEST and _is_letter(source[end]):
        key = mix(key, source[end])
        end += 1
    if end < stop and source[end] == 59:
        found = _find(key)
        if found != 0:
            return found & _POINT, (found >> _BITS) & _POINT, end + 1
    length = min(end - start, LONGEST_LEGACY)
    while length >= SHORTEST_LEGACY:
        key = OFFSET
        for place in range(start, start + length):
            key = mix(key, source[place])
        found = _find(key)
        if found >= _LEGACY:
            return found & _POINT, (found >> _BITS) & _POINT, start + length
        length -= 1
    return -1, 0, start
