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

from udfs.words import BLANK, LETTER, NUMBER, SINGLE, WORD, Flags, Points

Hashes = NDArray[np.uint64]
Keys = NDArray[np.uint32]
Lengths = NDArray[np.int32]

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
_LOW_24: Final = np.uint32(0xFFFFFF)
_LOW_16: Final = np.uint64(0xFFFF)
_LOW_8: Final = np.uint64(0xFF)
_ZERO: Final = np.uint64(0)
_ONE: Final = np.uint64(1)
_S8: Final = np.uint64(8)
_S16: Final = np.uint64(16)
_S27: Final = np.uint64(27)
_S30: Final = np.uint64(30)
_S31: Final = np.uint64(31)
_S32: Final = np.uint64(32)
_DIGITS: Final = 2
_BY_ITSELF: Final = 3


def _compiled(function: F) -> F:
    return cast(F, njit(cache=True, nogil=True)(function))


@_compiled
def _mixed(value: np.uint64) -> np.uint64:
    value = (value ^ (value >> _S30)) * _MIX_1
    value = (value ^ (value >> _S27)) * _MIX_2
    return value ^ (value >> _S31)


def _kind(flag: int) -> int:
    """0 blank, 1 letters and marks, 2 digits, 3 a token by itself."""
    if flag & BLANK:
        return 0
    if flag & (LETTER | WORD) and not flag & (NUMBER | SINGLE):
        return 1
    return 2 if flag & (NUMBER | SINGLE) == NUMBER else _BY_ITSELF


_KINDS: Final = np.array([_kind(flag) for flag in range(256)], dtype=np.uint8)


def _hash_of_zeros(count: int) -> int:
    value = int(_SEED)
    for _ in range(count):
        value = (value ^ ord("0")) * int(_FACTOR) & (1 << 64) - 1
    return value


_NUMBERS: Final = np.array([_hash_of_zeros(count) for count in range(LONGEST_NUMBER + 1)], dtype=np.uint64)
"""What numbers are hashed as, by their digits."""

_C_LOG_C: Final = np.array([0.0, *(count * log2(count) for count in range(1, 256))])


@_compiled
def tokenise(points: Points, classes: Flags) -> tuple[Hashes, Lengths, Lengths]:
    """Find the tokens of folded code points: runs of letters, runs of digits, every other mark that is no blank.

    Parameters
    ----------
    points : array of uint32
        Code points of the text in NFKC and lower case.
    classes : array of uint8
        Class bits of every code point (`udfs.words`).

    Returns
    -------
    hashes : array of uint64
        Hash of each token's type (numbers by their length).
    ends, lengths : array of int32
        Where each token ends, and its code points.
    """
    n, found, before, value, size = len(points), 0, np.uint8(0), _SEED, 0
    hashes, ends, lengths = np.empty(n + 1, np.uint64), np.empty(n + 1, np.int32), np.empty(n + 1, np.int32)
    for i in range(n):
        # Written at every character, and the last one holds: no branch here is one that a processor would have to guess.
        kind = _KINDS[classes[points[i]]]
        begins = (kind != before) | (kind == _BY_ITSELF)
        found += int(begins & (before != 0))
        value = ((_SEED if begins else value) ^ np.uint64(points[i])) * _FACTOR
        size = (0 if begins else size) + 1
        at = np.uintp(found)
        hashes[at], ends[at], lengths[at] = value, i + 1, size
        before = kind
    found += before != 0
    for k in range(found):
        number = _KINDS[classes[points[ends[k] - 1]]] == _DIGITS
        hashes[k] = _mixed(_NUMBERS[min(lengths[k], LONGEST_NUMBER)] if number else hashes[k])
    return hashes[:found], ends[:found], lengths[:found]


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
def _entropy_sum(hashes: Hashes) -> float:
    """Sum of c log2(c) over the types of a text, c their occurrences."""
    slots = 16
    while slots < 2 * len(hashes):
        slots *= 2
    last = np.uint64(slots - 1)
    table = np.zeros(slots, dtype=np.uint64)
    counts = np.zeros(slots, dtype=np.int32)
    for token in hashes:
        key = token | _ONE
        at = (token >> _S8) & last
        while table[at] != _ZERO and table[at] != key:
            at = (at + _ONE) & last
        table[at] = key
        counts[at] += 1
    total = 0.0
    for count in counts:
        total += _C_LOG_C[count] if count < len(_C_LOG_C) else count * log2(np.float64(count))
    return total


@_compiled
def _entries(hashes: Hashes, types: Hashes) -> Hashes:
    """Return the entry of every token in ``types``, 0 where it is not there.

    All first slots are read before any is looked at: reads that wait for no decision go side by side.
    """
    last = np.uint64(len(types) - 1)
    entries = np.empty(len(hashes), np.uint64)
    for i in range(len(hashes)):
        entries[i] = types[(hashes[i] >> _S32) & last]
    for i in range(len(hashes)):
        key, entry = hashes[i] >> _S32, entries[i]
        at = key & last
        while entry != _ZERO and entry >> _S32 != key:
            at = (at + _ONE) & last
            entry = types[at]
        entries[i] = entry
    return entries


@_compiled
def _pair_costs(hashes: Hashes, pairs: Keys) -> NDArray[np.uint8]:
    """Return the cost (1/8 bit) of every token but the first behind the one before; 0 where the two are no known neighbours."""
    shift, last = _shift_of(len(pairs)), np.uint64(len(pairs) - 1)
    keys, costs = pair_keys(hashes), np.empty(len(hashes), np.uint8)
    entries = np.empty(len(keys), np.uint32)
    for i in range(len(keys)):
        entries[i] = pairs[keys[i] >> shift]
    for i in range(len(keys)):
        entry, mark = np.uint64(entries[i]), np.uint64(keys[i] & _LOW_24)
        at = np.uint64(keys[i] >> shift)
        while entry != _ZERO and entry >> _S8 != mark:
            at = (at + _ONE) & last
            entry = np.uint64(pairs[at])
        costs[i + 1] = entry & _LOW_8
    return costs


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
    hashes, ends, lengths = tokenise(points, classes)
    entries, pair_costs, shift = _entries(hashes, types), _pair_costs(hashes, pairs), _shift_of(len(spelling))
    cost, n_unseen, n_rare, n_pairs, alone, behind, n_strange, spelled, letters = 0, 0, 0, 0, 0, 0, 0, 0, 0
    before = _ZERO
    for i in range(len(hashes)):
        entry = entries[i]
        own = int((entry >> _S16) & _LOW_16)
        if entry == _ZERO:
            n_unseen += 1
            spelled += _spelled(points, ends[i] - lengths[i], lengths[i], spelling, shift, unknown) * EIGHTH
            letters += min(lengths[i], SPELLED) + 1
        elif before != _ZERO:
            n_pairs += 1
            alone += own
            strange = pair_costs[i] == 0
            n_strange += strange
            behind += own + int((before >> _S8) & _LOW_8) * EIGHTH if strange else int(pair_costs[i]) * EIGHTH
        cost += own
        n_rare += int(entry & _ONE)
        before = entry
    cost += n_unseen * unseen + spelled
    return len(hashes), cost, _entropy_sum(hashes), n_unseen, n_rare, n_pairs, alone, behind, n_strange, spelled, letters
