"""Which of very many keys occur often enough to matter, said without moving the keys.

A holder of keys sends, instead of 64-bit keys, the sorted set of their leading bits as differences, about two bytes a key. Whoever
receives the sets of all holders counts, and answers each with a bit a key. Keys that meet no other key need not travel.

The leading bits of two different keys may agree: with `bits_for` at most one key in a thousand seems to meet although it does not, so
that of documents with twenty keys each one in fifty travels for nothing. That costs rows, never an answer, since what travels
afterwards is the whole key.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numba import njit
from numpy.typing import NDArray

Keys = NDArray[np.uint64]
Counts = NDArray[np.int64]
Bools = NDArray[np.bool_]

_SPARE_BITS = 10
_MOST_BITS = 56
_SEVEN, _ONE = np.uint64(7), np.uint64(1)
_LOW, _MORE = np.uint64(0x7F), np.uint64(0x80)


@dataclass(frozen=True, slots=True, eq=False)
class KeySet:
    """The distinct leading bits of some keys.

    Parameters
    ----------
    prefixes : ndarray of uint64
        Distinct leading bits, ascending.
    counts : ndarray of int64
        How often each occurs.
    index : ndarray of int64
        For each key its place among the prefixes.
    """

    prefixes: Keys
    counts: Counts
    index: NDArray[np.int64]

    @classmethod
    def of(cls, keys: Keys, bits: int, counts: Counts | None = None) -> KeySet:
        """Take the leading bits of well-mixed keys.

        Parameters
        ----------
        keys : ndarray of uint64
            In any order, repeats allowed.
        bits : int
            How many leading bits, from `bits_for`.
        counts : ndarray of int64, optional
            How often each key occurs; once by default.
        """
        prefixes, index, number = np.unique(keys >> np.uint64(64 - bits), return_inverse=True, return_counts=True)
        if counts is not None:
            number = np.bincount(index, weights=counts, minlength=len(prefixes)).astype(np.int64)
        return cls(prefixes, number.astype(np.int64), index)

    def cuts(self, bits: int, parts: int) -> list[int]:
        """Return where equal ranges of prefixes begin in the set, and its length; the same ranges for all sets of equal bits."""
        firsts = np.array([(i << bits) // parts for i in range(parts)], dtype=np.uint64)
        return [*np.searchsorted(self.prefixes, firsts).tolist(), len(self.prefixes)]

    def pieces(self, cuts: Sequence[int]) -> list[bytes]:
        """Encode the pieces between cuts."""
        return [encode(self.prefixes[a:b], self.counts[a:b]) for a, b in pairwise(cuts)]


def bits_for(keys: int) -> int:
    """Leading bits that tell all but one in a thousand of so many keys apart, at most 56."""
    return min(keys.bit_length() + _SPARE_BITS, _MOST_BITS)


@dataclass(frozen=True, slots=True, eq=False)
class Tally:
    """The prefixes of one range, counted over all their holders.

    Parameters
    ----------
    prefixes : ndarray of uint64
        Distinct prefixes, ascending.
    totals : ndarray of int64
        How often each occurs.
    held : tuple of ndarray of int64
        For each holder, in its order: the places of its prefixes.
    """

    prefixes: Keys
    totals: Counts
    held: tuple[NDArray[np.int64], ...]

    @classmethod
    def of(cls, pieces: Sequence[bytes]) -> Tally:
        """Count what `KeySet.pieces` made for one range, one piece a holder."""
        decoded = [decode(piece) for piece in pieces]
        every = np.concatenate([prefixes for prefixes, _ in decoded] or [np.zeros(0, np.uint64)])
        weights = np.concatenate([counts for _, counts in decoded] or [np.zeros(0, np.int64)])
        prefixes, index = np.unique(every, return_inverse=True)
        totals = np.bincount(index, weights=weights, minlength=len(prefixes)).astype(np.int64)
        ends = np.cumsum([len(one) for one, _ in decoded])[:-1]
        return cls(prefixes, totals, tuple(np.split(index, ends)) if decoded else ())

    def plus(self, places: NDArray[np.int64], counts: Counts) -> Tally:
        """Return the tally with counts added at some places."""
        more = np.bincount(places, weights=counts, minlength=len(self.prefixes)).astype(np.int64)
        return Tally(self.prefixes, self.totals + more, self.held)


def encode(prefixes: Keys, counts: Counts) -> bytes:
    """Encode ascending distinct prefixes with their counts: differences in groups of seven bits, and counts above one."""
    out = np.empty(20 * len(prefixes), dtype=np.uint8)
    return out[: _encode(np.ascontiguousarray(prefixes), np.ascontiguousarray(counts), out)].tobytes()


def decode(piece: bytes) -> tuple[Keys, Counts]:
    """Return what `encode` was given."""
    raw = np.frombuffer(piece, dtype=np.uint8)
    prefixes, counts = np.empty(len(raw), dtype=np.uint64), np.empty(len(raw), dtype=np.int64)
    n = _decode(raw, prefixes, counts)
    return prefixes[:n], counts[:n]


@njit(cache=True, nogil=True)
def _put(out: NDArray[np.uint8], at: int, value: np.uint64) -> int:
    while value >= _MORE:
        out[at] = (value & _LOW) | _MORE
        value >>= _SEVEN
        at += 1
    out[at] = value
    return at + 1


@njit(cache=True, nogil=True)
def _encode(prefixes: Keys, counts: Counts, out: NDArray[np.uint8]) -> int:
    at, last = 0, np.uint64(0)
    for i in range(len(prefixes)):
        often = counts[i] > 1
        at = _put(out, at, ((prefixes[i] - last) << _ONE) | (_ONE if often else np.uint64(0)))
        if often:
            at = _put(out, at, np.uint64(counts[i]))
        last = prefixes[i]
    return at


@njit(cache=True, nogil=True)
def _decode(raw: NDArray[np.uint8], prefixes: Keys, counts: Counts) -> int:
    at, n, last = 0, 0, np.uint64(0)
    pending = False
    while at < len(raw):
        value, shift = np.uint64(0), np.uint64(0)
        while at < len(raw) and raw[at] >= _MORE:
            value |= (np.uint64(raw[at]) & _LOW) << shift
            shift += _SEVEN
            at += 1
        value |= np.uint64(raw[at]) << shift
        at += 1
        if pending:
            counts[n - 1] = np.int64(value)
            pending = False
            continue
        last += value >> _ONE
        prefixes[n], counts[n] = last, 1
        pending = (value & _ONE) != np.uint64(0)
        n += 1
    return n
