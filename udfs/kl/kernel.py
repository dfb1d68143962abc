"""The compiled part of the KL score: tokens of folded code points, look-ups in frozen tables, sums.

Everything that is compiled into each other stands in this file, because numba keeps compiled code until its own file changes.
All costs are whole numbers of 1/256 bit, so sums do not depend on the order of additions.

Three tables, all open-addressed with a power of two of slots and an empty slot somewhere, all keyed by 32 bits of a hash:

- ``types`` (uint64): key, then 16 bits of cost, 8 bits of back-off cost (1/8 bit), 1 bit "rare";
- ``pairs`` (uint32): the key's low 24 bits, then 8 bits of cost (1/8 bit, never 0); the slot vouches for the high bits;
- ``spelling`` (uint32): the same, for sequences of one to three characters.
"""

from __future__ import annotations

from collections.abc import Callable
from math import log2
from typing import Any, Final, TypeVar, cast

import numpy as np
from numba import njit
from numpy.typing import NDArray

from udfs.words import BLANK, LETTER, NUMBER, SINGLE, WORD, Flags, Offsets, Points

Hashes = NDArray[np.uint64]
Keys = NDArray[np.uint32]

F = TypeVar("F", bound=Callable[..., Any])

BIT: Final = 256
"""Units of cost a bit."""

EIGHTH: Final = 32
"""Units of cost in an eighth of a bit."""

SPELLED: Final = 8
"""Characters of an unseen token that are spelled; longer ones that share them count as one type. So an identifier of thirty letters
costs no more than a long word."""

LONGEST_NUMBER: Final = 5
"""Numbers of this many digits or more are one type."""

START: Final = 0x110000
"""Stands before a token and behind it where it is spelled."""

_SEED: Final = np.uint64(0x9E3779B97F4A7C15)
_FACTOR: Final = np.uint64(0xD6E8FEB86659FD93)
_MIX_1: Final = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2: Final = np.uint64(0x94D049BB133111EB)
_ZERO_DIGIT: Final = np.uint64(48)
_LOW_24: Final = np.uint32(0xFFFFFF)
_LOW_16: Final = np.uint64(0xFFFF)
_LOW_8: Final = np.uint64(0xFF)
_ONE: Final = np.uint64(1)
_S8: Final = np.uint64(8)
_S16: Final = np.uint64(16)
_S27: Final = np.uint64(27)
_S30: Final = np.uint64(30)
_S31: Final = np.uint64(31)
_S32: Final = np.uint64(32)
_LETTERS: Final = np.uint8(LETTER | WORD)
_NOT_LETTERS: Final = np.uint8(NUMBER | SINGLE)


def _compiled(function: F) -> F:
    return cast(F, njit(cache=True, nogil=True)(function))


@_compiled
def _mixed(value: np.uint64) -> np.uint64:
    value = (value ^ (value >> _S30)) * _MIX_1
    value = (value ^ (value >> _S27)) * _MIX_2
    return value ^ (value >> _S31)


@_compiled
def _kind(flag: np.uint8) -> int:
    """0 blank, 1 letters and marks, 2 digits, 3 a token by itself."""
    if flag & BLANK:
        return 0
    if (flag & _LETTERS) != 0 and (flag & _NOT_LETTERS) == 0:
        return 1
    if (flag & _NOT_LETTERS) == NUMBER:
        return 2
    return 3


@_compiled
def tokenise(points: Points, classes: Flags, hashes: Hashes, starts: Offsets, lengths: Offsets) -> int:
    """Find the tokens of folded code points: runs of letters, runs of digits, every other mark that is no blank.

    Parameters
    ----------
    points : array of uint32
        Code points of the text in NFKC and lower case.
    classes : array of uint8
        Class bits of every code point (`udfs.words`).
    hashes, starts, lengths : array, each as long as ``points``
        Are filled: hash of each token's type (numbers by their length), its first code point, its code points.

    Returns
    -------
    int
        Number of tokens.
    """
    n, i, found = len(points), 0, 0
    while i < n:
        kind = _kind(classes[points[i]])
        if kind == 0:
            i += 1
            continue
        first, value = i, _SEED
        while True:
            value = (value ^ np.uint64(points[i])) * _FACTOR
            i += 1
            if kind == 3 or i == n or _kind(classes[points[i]]) != kind:
                break
        if kind == 2:
            value = _SEED
            for _ in range(min(i - first, LONGEST_NUMBER)):
                value = (value ^ _ZERO_DIGIT) * _FACTOR
        hashes[found], starts[found], lengths[found] = _mixed(value), first, i - first
        found += 1
    return found


@_compiled
def type_key(token: np.uint64) -> np.uint64:
    """Key of a type in ``types``."""
    return token >> _S32


@_compiled
def pair_key(before: np.uint64, token: np.uint64) -> np.uint32:
    """Key of a pair of neighbours in ``pairs``."""
    return np.uint32(_mixed(before * _FACTOR + token) >> _S32)


@_compiled
def pair_keys(hashes: Hashes) -> Keys:
    """Keys of all pairs of neighbours, one fewer than tokens."""
    keys = np.empty(max(len(hashes) - 1, 0), dtype=np.uint32)
    for i in range(len(keys)):
        keys[i] = pair_key(hashes[i], hashes[i + 1])
    return keys


@_compiled
def spelling_key(a: int, b: int, c: int) -> np.uint32:
    """Key of a character behind two others in ``spelling``; -1 stands where fewer are looked at."""
    value = (np.uint64(a + 2) * _FACTOR + np.uint64(b + 2)) * _FACTOR + np.uint64(c + 2)
    return np.uint32(_mixed(value) >> _S32)


@_compiled
def spelling_keys(rows: NDArray[np.int64]) -> Keys:
    """Keys of many sequences, shape (n, 3)."""
    keys = np.empty(len(rows), dtype=np.uint32)
    for i in range(len(rows)):
        keys[i] = spelling_key(rows[i, 0], rows[i, 1], rows[i, 2])
    return keys


@_compiled
def type_table(keys: Keys, costs: NDArray[np.int64], backoffs: NDArray[np.uint8], rare: NDArray[np.bool_], slots: int) -> Hashes:
    """Lay out ``types``; ``slots`` is a power of two above the number of keys."""
    table = np.zeros(slots, dtype=np.uint64)
    last = np.uint64(slots - 1)
    for i in range(len(keys)):
        at = np.uint64(keys[i]) & last
        while table[at]:
            at = (at + _ONE) & last
        entry = (np.uint64(keys[i]) << _S32) | (np.uint64(costs[i]) << _S16) | (np.uint64(backoffs[i]) << _S8)
        table[at] = entry | (_ONE if rare[i] else np.uint64(0))
    return table


@_compiled
def _shift_of(slots: int) -> np.uint32:
    """Return what a key is shifted by to be a slot."""
    shift = 32
    while slots >> (32 - shift) > 1:
        shift -= 1
    return np.uint32(shift)


@_compiled
def small_table(keys: Keys, costs: NDArray[np.uint8], slots: int) -> Keys:
    """Lay out ``pairs`` or ``spelling``; ``slots`` is a power of two, at least 256 and above the number of keys."""
    table = np.zeros(slots, dtype=np.uint32)
    shift, last = _shift_of(slots), np.uint64(slots - 1)
    for i in range(len(keys)):
        at = np.uint64(keys[i] >> shift)
        while table[at]:
            at = (at + _ONE) & last
        table[at] = np.uint32((np.uint64(keys[i] & _LOW_24) << _S8) | np.uint64(costs[i]))
    return table


@_compiled
def _find(table: Keys, shift: np.uint32, key: np.uint32) -> int:
    """Cost (1/8 bit) of a key, 0 where it is not there."""
    last = np.uint64(len(table) - 1)
    at = np.uint64(key >> shift)
    mark = np.uint64(key & _LOW_24)
    while True:
        entry = np.uint64(table[at])
        if entry == np.uint64(0):
            return 0
        if entry >> _S8 == mark:
            return int(entry & _LOW_8)
        at = (at + _ONE) & last


@_compiled
def _character(spelling: Keys, shift: np.uint32, a: int, b: int, c: int, unknown: int) -> int:
    """Cost (1/8 bit) of a character behind two others: of the longest sequence that is known."""
    found = _find(spelling, shift, spelling_key(a, b, c))
    if found == 0:
        found = _find(spelling, shift, spelling_key(-1, b, c))
    if found == 0:
        found = _find(spelling, shift, spelling_key(-1, -1, c))
    return found if found else unknown


@_compiled
def _spelled(points: Points, first: int, length: int, spelling: Keys, shift: np.uint32, unknown: int) -> int:
    """Cost (1/8 bit) of spelling a token that is not in ``types``."""
    a, b, cost = START, START, 0
    for i in range(first, first + min(length, SPELLED)):
        c = int(points[i])
        cost += _character(spelling, shift, a, b, c, unknown)
        a, b = b, c
    return cost + _character(spelling, shift, a, b, START, unknown)


@_compiled
def _entropy_sum(hashes: Hashes, n: int) -> float:
    """Sum of c log2(c) over the types of a text, c their occurrences."""
    slots = 16
    while slots < 2 * n:
        slots *= 2
    last = np.uint64(slots - 1)
    table = np.zeros(slots, dtype=np.uint64)
    counts = np.zeros(slots, dtype=np.int32)
    for i in range(n):
        key = hashes[i] | _ONE
        at = (hashes[i] >> _S8) & last
        while table[at] != np.uint64(0) and table[at] != key:
            at = (at + _ONE) & last
        table[at] = key
        counts[at] += 1
    total = 0.0
    for i in range(slots):
        if counts[i] > 1:
            total += counts[i] * log2(np.float64(counts[i]))
    return total


@_compiled
def sums(
    points: Points, classes: Flags, types: Hashes, pairs: Keys, spelling: Keys, unseen: int, unknown: int
) -> tuple[int, int, float, int, int, int, int, int, int, int, int]:
    """Add up what a text's tokens cost.

    Parameters
    ----------
    points : array of uint32
        Code points of the text in NFKC and lower case.
    classes : array of uint8
        Class bits of every code point.
    types, pairs, spelling : array
        Tables (see the module).
    unseen : int
        Cost of "a type that is not in ``types``", 1/256 bit.
    unknown : int
        Cost of a character that ``spelling`` does not know, 1/8 bit.

    Returns
    -------
    tokens, cost, entropy_sum, unseen_tokens, rare_tokens, known_pairs, alone, behind, unseen_pairs, spelled, letters
        ``cost`` of all tokens; ``alone`` and ``behind``: cost of the second tokens of pairs of known types, by themselves
        and given the first; ``spelled``: cost of spelling the unseen tokens (all 1/256 bit); ``letters``: what was spelled, a
        token's end too.
    """
    n_points = len(points)
    hashes = np.empty(n_points, dtype=np.uint64)
    starts = np.empty(n_points, dtype=np.int64)
    lengths = np.empty(n_points, dtype=np.int64)
    n = tokenise(points, classes, hashes, starts, lengths)
    pair_shift, spelling_shift = _shift_of(len(pairs)), _shift_of(len(spelling))
    cost, n_unseen, n_rare, n_pairs, alone, behind, n_strange, spelled, letters = 0, 0, 0, 0, 0, 0, 0, 0, 0
    before, last_type, last_pair = np.uint64(0), np.uint64(len(types) - 1), np.uint64(len(pairs) - 1)
    for i in range(n):
        # Looked up here, not by a function: a call counts references to the tables, which takes longer than the look-up.
        key = hashes[i] >> _S32
        at = key & last_type
        entry = types[at]
        while entry != np.uint64(0) and entry >> _S32 != key:
            at = (at + _ONE) & last_type
            entry = types[at]
        if entry == np.uint64(0):
            own = _spelled(points, starts[i], lengths[i], spelling, spelling_shift, unknown) * EIGHTH
            spelled += own
            letters += min(lengths[i], SPELLED) + 1
            cost += unseen + own
            n_unseen += 1
        else:
            own = int((entry >> _S16) & _LOW_16)
            cost += own
            n_rare += int(entry & _ONE)
            if before != np.uint64(0):
                n_pairs += 1
                alone += own
                pair = pair_key(hashes[i - 1], hashes[i])
                at, mark = np.uint64(pair >> pair_shift), np.uint64(pair & _LOW_24)
                while pairs[at] != np.uint32(0) and np.uint64(pairs[at]) >> _S8 != mark:
                    at = (at + _ONE) & last_pair
                found = int(np.uint64(pairs[at]) & _LOW_8)
                if found == 0:
                    n_strange += 1
                    behind += own + int((before >> _S8) & _LOW_8) * EIGHTH
                else:
                    behind += found * EIGHTH
        before = entry
    return n, cost, _entropy_sum(hashes, n), n_unseen, n_rare, n_pairs, alone, behind, n_strange, spelled, letters
