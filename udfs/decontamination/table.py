"""From n-grams to the passages that they stand in: sorted arrays behind a bitmap, made from an index when it is first used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from udfs.sketch import Hashes

GRAM_BYTES = 6
GRAM_SHIFT = np.uint64(64 - 8 * GRAM_BYTES)
_BITMAP_BITS = 24
_BITMAP_SHIFT = np.uint64(8 * GRAM_BYTES - _BITMAP_BITS)

Flags = NDArray[np.bool_]
Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """From telling grams to passages.

    Parameters
    ----------
    keys : ndarray of uint64
        The telling grams, ascending.
    starts : ndarray of int64
        Where the passages of each begin in ``passages``, and where the last ones end.
    passages : ndarray of int64
        Numbers of passages.
    telling : ndarray of bool
        For each gram of the index, in its order, whether it is one: neither part of a template nor frequent in a corpus.
    bitmap : ndarray of uint8
        Leading bits of the keys that occur.
    """

    keys: Hashes
    starts: Numbers
    passages: Numbers
    telling: Flags
    bitmap: NDArray[np.uint8]

    def candidates(self, grams: Hashes) -> list[int]:
        """Return the passages that hold one of the grams, in ascending order."""
        slot = grams >> _BITMAP_SHIFT
        likely = grams[(self.bitmap[slot >> np.uint64(3)] >> (slot & np.uint64(7)).astype(np.uint8)) & 1 == 1]
        if not len(likely):
            return []
        at = np.searchsorted(self.keys, np.unique(likely[contains(self.keys, likely)])).tolist()
        return sorted({p for i in at for p in self.passages[self.starts[i] : self.starts[i + 1]].tolist()})


@dataclass(frozen=True, slots=True, eq=False)
class Grams:
    """All grams of an index, in the order of passages and positions.

    Parameters
    ----------
    values, passage, item, suite : ndarray
        The gram, its passage, the item whose text that is, and the suite of the item, as numbers.
    frequent : ndarray of uint64
        Grams that a corpus is full of, ascending.
    """

    values: Hashes
    passage: Numbers
    item: Numbers
    suite: Numbers
    frequent: Hashes


def make_table(grams: Grams, most: int) -> Table:
    """Find the telling grams: those of at most ``most`` items of their suite that a corpus is not full of."""
    order = np.lexsort((grams.item, grams.suite, grams.values))
    new_pair = changes(grams.values[order]) | changes(grams.suite[order])
    new_item = new_pair | changes(grams.item[order])
    pair = np.cumsum(new_pair) - 1
    items = np.bincount(pair, weights=new_item).astype(np.int64) if len(pair) else np.zeros(0, dtype=np.int64)
    telling = np.zeros(len(order), dtype=bool)
    telling[order] = items[pair] <= most
    if len(grams.frequent):
        telling &= ~contains(grams.frequent, grams.values)
    values, passage = grams.values[telling], grams.passage[telling]
    order = np.lexsort((passage, values))
    values, passage = values[order], passage[order]
    once = changes(values) | changes(passage)
    values, passage = values[once], passage[once]
    starts = np.append(np.flatnonzero(changes(values)), len(values))
    keys = values[starts[:-1]]
    bitmap = np.zeros(1 << _BITMAP_BITS, dtype=bool)
    bitmap[keys >> _BITMAP_SHIFT] = True
    return Table(keys, starts, passage, telling, np.packbits(bitmap, bitorder="little"))


def changes(values: NDArray[np.generic]) -> Flags:
    """Return where a value differs from the one before it; the first does."""
    changed = np.ones(len(values), dtype=bool)
    changed[1:] = values[1:] != values[:-1]
    return changed


def contains(ascending: Hashes, values: Hashes) -> Flags:
    """Return which values occur in an ascending array that is not empty; `np.isin` would sort that array every time."""
    nearest = np.minimum(np.searchsorted(ascending, values), len(ascending) - 1)
    found: Flags = ascending[nearest] == values
    return found


def in_grams(present: Flags, width: int) -> Flags:
    """Return which tokens lie in the grams that are present, given one flag for each position of a gram."""
    edges = np.zeros(len(present) + width, dtype=np.int64)
    edges[: len(present)] += present
    edges[width:] -= present
    inside: Flags = np.cumsum(edges[:-1]) > 0
    return inside


def runs(flags: Flags, *, gap: int = 0) -> list[tuple[int, int]]:
    """Return first place and end of each run of flags that are set; runs at most ``gap`` places apart count as one."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], flags, [False])).astype(np.int8))).tolist()
    found: list[tuple[int, int]] = []
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        if found and start - found[-1][1] <= gap:
            found[-1] = (found[-1][0], end)
        else:
            found.append((start, end))
    return found


def joined(ranges: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return ranges in order, with those that touch or overlap put together."""
    found: list[tuple[int, int]] = []
    for start, end in sorted(ranges):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found
