"""What lines look like: their starts, ends and lengths, and which of them and of the paragraphs are copies."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from udfs.signals.catalogue import SHORT_LINE
from udfs.signals.kernels.compiled import Hashes, Places, compiled, first_places, mix
from udfs.signals.kernels.traits import BULLET, CLOSER, DASH, Traits
from udfs.signals.kernels.words import Bounds
from udfs.words import BLANK, LETTER, NUMBER, TERMINAL, Points

COUNTS: Final = (
    "lines",
    "line_chars",
    "copies",
    "copied_chars",
    "bullets",
    "ellipses",
    "terminal",
    "short",
    "listed",
    "one_word",
    "words",
    "paragraphs",
    "paragraph_chars",
    "paragraph_copies",
    "copied_paragraph_chars",
)
"""What is counted, in the order of the array of counts; blank lines are left out, empty ones end paragraphs."""

_BLANK: Final = int(BLANK)
_LETTER: Final = int(LETTER)
_NUMBER: Final = int(NUMBER)
_TERMINAL: Final = int(TERMINAL)
_DOT: Final = ord(".")
_SPACE: Final = ord(" ")
_ELLIPSIS: Final = ord("…")
_OPENING: Final = ord("(")
_CLOSING: Final = ord(")")
_ASCII: Final = 128
_PRIME: Final = np.uint64(0x9E3779B97F4A7C15)
_FACTOR: Final = np.uint64(0xD6E8FEB86659FD93)
_HALF: Final = np.uint64(32)
_ZERO: Final = np.uint64(0)
_LONGEST_ITEM_NUMBER: Final = 3


@compiled
def line_counts(points: Points, traits: Traits, rows: Bounds, upto: Bounds, holes: Places) -> NDArray[np.int64]:
    """Return what `COUNTS` names, of lines that end at ``rows``, before which ``upto`` words stand.

    A line or paragraph that a hole cuts is no copy of another: what is left of it is not what it said.
    """
    counts = np.zeros(15, np.int64)
    n, most = len(points), len(rows)
    line_keys, line_chars, line_cut = np.empty(most, np.uint64), np.empty(most, np.int64), np.zeros(most, np.bool_)
    keys, chars, cuts = np.empty(most, np.uint64), np.empty(most, np.int64), np.zeros(most, np.bool_)
    n_lines, n_paragraphs = 0, 0
    key, begin, filled, cut = _ZERO, -1, False, False
    at, word, hole = 0, 0, 0
    for row in range(most):
        end = rows[row]
        first, last, hashed = _read_row(points, traits, at, end)
        hole_before, word_before, word = hole, word, upto[row]
        while hole < len(holes) and holes[hole] <= end:
            hole += 1
        if first >= 0:
            line_keys[n_lines], line_chars[n_lines], line_cut[n_lines] = hashed, end - at, hole > hole_before
            n_lines += 1
            _count_line(points, traits, at, end, first, last, hole > hole_before, counts)
            counts[9] += word - word_before <= 1
            counts[10] += word - word_before
        if end > at:
            key = mix(key * _PRIME + hashed) if begin >= 0 else hashed
            begin = at if begin < 0 else begin
            filled |= first >= 0
            cut |= hole > hole_before
        if begin >= 0 and (end == at or end >= n):
            if filled:
                keys[n_paragraphs], chars[n_paragraphs], cuts[n_paragraphs] = key, (end if end > at else end - 1) - begin, cut
                n_paragraphs += 1
            begin, filled, cut = -1, False, False
        at = end + 1
    counts[0], counts[1], counts[2], counts[3] = _copies(line_keys[:n_lines], line_chars, line_cut)
    counts[11], counts[12], counts[13], counts[14] = _copies(keys[:n_paragraphs], chars, cuts)
    return counts


@compiled
def _read_row(points: Points, traits: Traits, at: int, end: int) -> tuple[int, int, np.uint64]:
    """Return the first and last characters of a line that are not blank (-1: none), and its hash."""
    hashed = _ZERO
    # A sum, so that no character waits for the one before.
    for i in range(at, end):
        value = (np.uint64(points[i]) + np.uint64(i - at + 1) * _PRIME) * _FACTOR
        hashed += (value ^ (value >> _HALF)) * _PRIME
    first, last = at, end - 1
    while first < end and traits[points[first]] & _BLANK:
        first += 1
    if first == end:
        return -1, -1, mix(hashed)
    while traits[points[last]] & _BLANK:
        last -= 1
    return first, last, mix(hashed)


@compiled
def _copies(keys: Hashes, chars: NDArray[np.int64], cut: NDArray[np.bool_]) -> tuple[int, int, int, int]:
    firsts = first_places(keys)
    total, copies, copied = 0, 0, 0
    for k in range(len(keys)):
        total += chars[k]
        if firsts[k] != k and not cut[k]:
            copies += 1
            copied += chars[k]
    return len(keys), total, copies, copied


@compiled
def _count_line(
    points: Points, traits: Traits, at: int, end: int, first: int, last: int, cut: bool, counts: NDArray[np.int64]
) -> None:
    # Most lines begin with a letter and end without a mark: then no function needs the arrays.
    opens, closes = points[first], points[last]
    opening, closing = traits[opens], traits[closes]
    bullet = opening & (BULLET | DASH) != 0 and _is_bullet(points, traits, first, end)
    terminal = _ends_sentence(points, traits, first, last) if closing & CLOSER else closing & _TERMINAL != 0
    terminal |= cut and last + 1 < end
    short = end - at <= SHORT_LINE and not cut
    dotted = first < last and (points[first + 1] == _DOT or points[first + 1] == _CLOSING)
    numbered = (opens == _OPENING or opening & _NUMBER != 0 or dotted) and _is_numbered(points, traits, first, end)
    counts[4] += bullet
    counts[5] += ((closes == _DOT) | (closes == _ELLIPSIS)) and _ends_in_ellipsis(points, at, last)
    counts[6] += terminal
    counts[7] += short
    counts[8] += bullet or numbered or (short and not terminal)


@compiled
def _is_bullet(points: Points, traits: Traits, first: int, end: int) -> bool:
    bits = traits[points[first]]
    return bool(bits & BULLET) or bool(bits & DASH and first + 1 < end and traits[points[first + 1]] & _BLANK)


@compiled
def _is_numbered(points: Points, traits: Traits, first: int, end: int) -> bool:
    at = first + (points[first] == _OPENING)
    digits = 0
    while at + digits < end and digits <= _LONGEST_ITEM_NUMBER and traits[points[at + digits]] & _NUMBER:
        digits += 1
    if digits > _LONGEST_ITEM_NUMBER or at >= end:
        return False
    letter = not digits and points[at] < _ASCII and traits[points[at]] & _LETTER
    at += digits + (letter != 0)
    if not (digits or letter) or at + 1 >= end:
        return False
    return bool((points[at] == _DOT or points[at] == _CLOSING) and traits[points[at + 1]] & _BLANK)


@compiled
def _ends_sentence(points: Points, traits: Traits, first: int, last: int) -> bool:
    while last > first and traits[points[last]] & CLOSER:
        last -= 1
    return bool(traits[points[last]] & (_TERMINAL | CLOSER) == _TERMINAL)


@compiled
def _ends_in_ellipsis(points: Points, at: int, last: int) -> bool:
    if points[last] == _ELLIPSIS:
        return True
    if points[last] != _DOT or last - 2 < at:
        return False
    if points[last - 1] == _DOT and points[last - 2] == _DOT:
        return True
    spaced = points[last - 1] == _SPACE and points[last - 2] == _DOT and last - 4 >= at
    return spaced and points[last - 3] == _SPACE and points[last - 4] == _DOT
