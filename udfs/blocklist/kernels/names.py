"""Names hashed from right to left, tables looked up, and lists of hosts read."""

from __future__ import annotations

import numpy as np

from udfs.blocklist.kernels.layout import (
    BLANK,
    BREAK,
    DIGIT,
    DOT,
    EXACT,
    HOST_KIND,
    LOWER,
    MAX_HOST,
    MAX_LABEL,
    NAME,
    NONE,
    PARENT,
    PLAIN,
    RETURN,
    S32,
    SLASH,
    START,
    STEP,
    UNUSUAL,
    WIDE,
    Bytes,
    Hashes,
    Offsets,
    Table,
    entry,
    helper,
)


@helper
def roll(state: np.uint64, byte: np.uint8) -> np.uint64:
    """Return the hash of a name and one byte more."""
    state = (state ^ np.uint64(byte)) * STEP
    return state ^ (state >> S32)


@helper
def find(table: Table, value: np.uint64) -> int:
    """Return the code of a hash, or `NONE`."""
    bucket = np.int64(value >> table.shift)
    low, high = np.int64(table.starts[bucket]), np.int64(table.starts[bucket + 1])
    while low < high:
        middle = (low + high) >> 1
        here = table.hashes[middle]
        if here == value:
            return int(np.int64(table.codes[middle]))
        if here < value:
            low = middle + 1
        else:
            high = middle
    return NONE


@entry
def hash_names(data: Bytes, offsets: Offsets, backwards: bool, values: Hashes) -> None:
    """Hash texts, one behind the other in ``data``: backwards up to their first slash and then on, or forwards."""
    for row in range(len(offsets) - 1):
        start, end, state = offsets[row], offsets[row + 1], START
        middle = start
        while backwards and middle < end and data[middle] != SLASH:
            middle += 1
        for at in range(middle - 1, start - 1, -1):
            state = roll(state, data[at])
        for at in range(middle, end):
            state = roll(state, data[at])
        values[row] = state


@helper
def _read_line(data: Bytes, start: int, end: int, suffixes: Table) -> tuple[int, np.uint64]:
    """Return the kind of a line and the hash of the host that it holds."""
    if end - start > MAX_HOST:
        return UNUSUAL, START
    state, parent, stop, dots = START, START, end, 0
    for at in range(end - 1, start - 2, -1):
        byte = DOT if at < start else data[at]
        if byte == DOT:
            if not 0 < stop - at - 1 <= MAX_LABEL or (dots == 0 and (DIGIT[data[at + 1]] or stop - at < 3)):
                return UNUSUAL, state
            stop = at
            if at < start:
                break
            dots, parent = dots + 1, state
        elif HOST_KIND[byte] != NAME or byte != LOWER[byte]:
            return UNUSUAL, state
        state = roll(state, byte)
    if dots == 0 or (data[start] == data[start + 1] == data[start + 2] == ord("w") and data[start + 3] == DOT):
        return UNUSUAL, state
    of_name, of_parent = find(suffixes, state), find(suffixes, parent)
    wide = (of_name >= 0 and of_name & EXACT) or (of_parent >= 0 and of_parent & PARENT)
    return (WIDE if wide else PLAIN), state


@entry
def read_hosts(data: Bytes, suffixes: Table, values: Hashes, places: Offsets) -> tuple[int, int]:
    """Read lines that hold a host each.

    Parameters
    ----------
    data : array of uint8
        Lines, each but perhaps the last with its line feed.
    suffixes : Table
        Public suffixes.
    values : array of uint64
        Written: hashes of the hosts; as long as there are lines.
    places : array of int64
        Written: start, end and kind (`UNUSUAL` or `WIDE`) of the lines that Python has to look at; three times as long.

    Returns
    -------
    tuple of (int, int)
        How many hashes and how many places there are.
    """
    n, odd, start = 0, 0, 0
    for at in range(len(data) + 1):
        if at < len(data) and data[at] != BREAK:
            continue
        end = at - (at > start and data[at - 1] == RETURN)
        kind, value = _read_line(data, start, end, suffixes) if end > start else (BLANK, START)
        if kind == PLAIN:
            values[n] = value
            n += 1
        elif kind != BLANK:
            places[3 * odd], places[3 * odd + 1], places[3 * odd + 2] = start, end, kind
            odd += 1
        start = at + 1
    return n, odd
