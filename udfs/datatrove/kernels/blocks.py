"""Lines between line feeds and paragraphs: how many are copies, and FineWeb's shares."""

from __future__ import annotations

from typing import Final

import numpy as np

from udfs.datatrove.kernels.compiled import SPACE, TERMINAL, Hashes, Values, compiled, mixed, slot
from udfs.words import Flags, Points

SHORT_LINE: Final = 30
"""Characters up to which a line is short (FineWeb)."""

AT_BLOCKS: Final = 9
AT_FINEWEB: Final = 13

_LINE_END: Final = 10
_BASE: Final = np.uint64(0x9E3779B97F4A7C15)
_START: Final = np.uint64(0xD6E8FEB86659FD93)


@compiled
def block_values(points: Points, table: Flags, n_words: int, row: Values) -> None:
    """Write the values of lines and paragraphs."""
    n_chars, n_ends = len(points), 0
    for point in points:
        n_ends += point == _LINE_END
    size = 16
    while size < 2 * n_ends + 4:
        size *= 2
    keys = np.zeros(size, dtype=np.uint64)
    copies, copied = _paragraphs(points, table, keys)
    keys[:] = 0
    line_copies, line_copied, filled_copied = _lines(points, table, keys, row)
    row[AT_BLOCKS], row[AT_BLOCKS + 2] = copies, line_copies
    if n_chars:
        row[AT_BLOCKS + 1], row[AT_BLOCKS + 3] = copied / n_chars, line_copied / n_chars
    if n_chars > n_ends:
        row[AT_FINEWEB + 2] = filled_copied / (n_chars - n_ends)
    if n_words:
        row[AT_FINEWEB + 3] = n_ends / n_words


@compiled
def _lines(points: Points, table: Flags, keys: Hashes, row: Values) -> tuple[float, int, int]:
    r"""Return the share of copies among the lines of a split at ``\n+``, their characters, and those of lines not blank.

    That split gives an empty line at either end of a text with a line feed there. Of the lines that are not blank, the shares
    of closed and of short ones are written.
    """
    n_chars, edges = len(points), _empty_edges(points)
    n_lines, copies, copied = edges, int(edges == 2), 0
    filled, closed, short, filled_copied = 0, 0, 0, 0
    start = 0
    while start < n_chars:
        stop, key, solid = start, _START, False
        while stop < n_chars and points[stop] != _LINE_END:
            solid |= table[points[stop]] & SPACE == 0
            key = (key ^ np.uint64(points[stop])) * _BASE
            stop += 1
        if stop > start:
            again = (stop - start) * _seen(keys, key)
            n_lines += 1
            copies += again > 0
            copied += again
            if solid:
                filled += 1
                closed += table[points[stop - 1]] & TERMINAL != 0
                short += stop - start <= SHORT_LINE
                filled_copied += again
        start = stop + 1
    if filled:
        row[AT_FINEWEB], row[AT_FINEWEB + 1] = closed / filled, short / filled
    return copies / n_lines, copied, filled_copied


@compiled
def _empty_edges(points: Points) -> int:
    r"""Return how many empty lines a split at ``\n+`` gives; they can only stand at the ends."""
    return int(points[0] == _LINE_END) + int(points[-1] == _LINE_END) if len(points) else 1


@compiled
def _paragraphs(points: Points, table: Flags, keys: Hashes) -> tuple[float, int]:
    r"""Return the share of copies among the paragraphs of the stripped text, which ``\n{2,}`` parts, and their characters."""
    start, last = stripped(points, 0, len(points), table)
    count, copies, copied = 0, 0, 0
    while start < last:
        stop, key = start, _START
        while stop < last and not (points[stop] == _LINE_END and points[stop + 1] == _LINE_END):
            key = (key ^ np.uint64(points[stop])) * _BASE
            stop += 1
        again = _seen(keys, key)
        count += 1
        copies += again
        copied += again * (stop - start)
        start = stop
        while start < last and points[start] == _LINE_END:
            start += 1
    return copies / max(count, 1), copied


@compiled
def _seen(keys: Hashes, value: np.uint64) -> int:
    """Return 1 where a value was put in before, and put it in."""
    key = mixed(value)
    at = slot(keys, key)
    again = int(keys[at] == key)
    keys[at] = key
    return again


@compiled
def stripped(points: Points, start: int, stop: int, table: Flags) -> tuple[int, int]:
    """Return where a stretch begins and ends without the blanks around it."""
    while start < stop and table[points[start]] & SPACE:
        start += 1
    while stop > start and table[points[stop - 1]] & SPACE:
        stop -= 1
    return start, stop
