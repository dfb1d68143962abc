"""Bytes that were read in a wrong encoding."""

from __future__ import annotations

from typing import Final

from udfs.signals.kernels.compiled import compiled
from udfs.signals.kernels.traits import (
    CONTROL,
    CYRILLIC_LEAD,
    CYRILLIC_REST,
    KANA_REST,
    LEAD_2,
    LEAD_3,
    LEAD_4,
    REST,
    WRECK,
    Traits,
)
from udfs.words import BLANK, Points

_BLANK: Final = int(BLANK)
SUSPECT: Final = LEAD_2 | LEAD_3 | LEAD_4 | CYRILLIC_LEAD | WRECK | CONTROL
"""Traits without which nothing is wrecked."""
_KUN, _JIN, _KAO = ord("锟"), ord("斤"), ord("拷")
_RI = ord("鈥")
_CHINESE: Final = tuple(map(ord, "锟烫屯鈥"))
_AFTER_RI: Final = tuple(map(ord, "檚淺渢"))


@compiled
def wrecked_chars(points: Points, traits: Traits) -> tuple[int, int]:
    """Count the characters that are not blank, and those that look like bytes read in the wrong encoding.

    UTF-8 read as Windows-1252 or Latin-1 (``Ã©``, ``â€™``) or as Windows-1251 (``Р°``), GBK's and Shift-JIS's usual wrecks,
    U+FFFD, and C0 and C1 controls.
    """
    n, blanks, suspects = len(points), 0, 0
    for point in points:
        bits = traits[point]
        blanks += bits & (_BLANK | CONTROL) == _BLANK
        suspects |= bits
    if suspects & SUSPECT == 0:
        return n - blanks, 0
    wrecked, at = 0, 0
    while at < n:
        size = _wreck(points, traits, at) if traits[points[at]] & SUSPECT else 0
        wrecked += size
        at += max(size, 1)
    return n - blanks, wrecked


@compiled
def _wreck(points: Points, traits: Traits, at: int) -> int:
    """Return how many characters from here on stand for one; 0 if they are what they are."""
    n = len(points)
    bits = traits[points[at]]
    after = traits[points[at + 1]] if at + 1 < n else 0
    if bits & LEAD_2 and after & REST:
        return 2
    rests = 0
    if bits & (LEAD_3 | LEAD_4):
        while rests < 3 and at + 1 + rests < n and traits[points[at + 1 + rests]] & REST:
            rests += 1
    if bits & LEAD_3 and rests >= 2:
        return 3
    if bits & LEAD_4 and rests >= 3:
        return 4
    if bits & CYRILLIC_LEAD and after & CYRILLIC_REST:
        return 2
    if bits & WRECK:
        return _chinese_wreck(points, at) if points[at] in _CHINESE else 2 * (after & KANA_REST != 0)
    return int(bits & CONTROL != 0)


@compiled
def _chinese_wreck(points: Points, at: int) -> int:
    n, point = len(points), points[at]
    if point == _RI:
        return 2 if at + 1 < n and points[at + 1] in _AFTER_RI else 0
    if at + 2 >= n:
        return 0
    one, two = points[at + 1], points[at + 2]
    if point == _KUN:
        return 3 if one == _JIN and two == _KAO else 0
    return 3 if point != _KUN and one == point and two == point else 0
