"""Packing: documents into training sequences of one length, so that few are cut and nearly nothing is padding.

Best-fit decreasing (Ding et al. 2024, arXiv 2404.10830). A document longer than a sequence is cut into chunks of a whole sequence
and a rest; everything else stays in one piece. Pieces are taken by size, the largest first, and each goes into the sequence with
the least room that still holds it. Only whole-sequence chunks end inside a document, so within a sequence every piece ends where
its document ends.

Packing by size would lose the order of a mixture. So sequences are shuffled by a hash, pieces within one follow the order of
documents, and what is packed at once is a window of documents that are mixed already.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

Ints = NDArray[np.int64]

SEQUENCE, DOCUMENT, START, LENGTH = range(4)
"""Columns of `Packed.pieces`."""

_NONE = -1
_STEP = np.uint64(0x9E3779B97F4A7C15)
_MIX = (
    (np.uint64(30), np.uint64(0xBF58476D1CE4E5B9)),
    (np.uint64(27), np.uint64(0x94D049BB133111EB)),
    (np.uint64(31), np.uint64(1)),
)


@dataclass(frozen=True, slots=True, eq=False)
class Packed:
    """Documents in sequences.

    Parameters
    ----------
    pieces : ndarray of int64, shape (pieces, 4)
        Sequence, document, start in the document and length, in tokens; by sequence, then by document. Pieces of a sequence lie
        one behind the other from its beginning, and padding follows.
    sequences : int
        How many there are; none is empty.
    capacity : int
        Tokens of a sequence.
    """

    pieces: Ints
    sequences: int
    capacity: int

    @property
    def tokens(self) -> int:
        """Tokens of all documents."""
        return int(self.pieces[:, LENGTH].sum())

    @property
    def padding(self) -> int:
        """Places of sequences that no token has."""
        return self.sequences * self.capacity - self.tokens

    @property
    def cut_documents(self) -> int:
        """Documents in more than one piece: those longer than a sequence, and no others."""
        return len(np.unique(self.pieces[self.pieces[:, START] > 0, DOCUMENT]))

    @property
    def efficiency(self) -> float:
        """Share of the places that hold a token; 1 where there is nothing to pack."""
        return self.tokens / (self.sequences * self.capacity) if self.sequences else 1.0

    def bounds(self) -> Ints:
        """Rows of ``pieces`` at which sequences begin, and their number at the end: ``sequences + 1`` values."""
        return np.searchsorted(self.pieces[:, SEQUENCE], np.arange(self.sequences + 1)).astype(np.int64)


def pack(lengths: Ints, capacity: int, *, seed: int = 0) -> Packed:
    """Pack documents into sequences.

    Parameters
    ----------
    lengths : ndarray of int64
        Tokens of each document, 1 or more.
    capacity : int
        Tokens of a sequence, 1 or more.
    seed : int
        Seed of the order of sequences.

    Returns
    -------
    Packed
        The same for the same input, everywhere: ties in size are broken by document and start.

    Raises
    ------
    ValueError
        When a document has no token, or a sequence no room.
    """
    if capacity < 1:
        raise ValueError(f"sequences of {capacity} tokens: a sequence has 1 token or more")
    if len(lengths) and int(lengths.min()) < 1:
        raise ValueError(
            f"document {int(lengths.argmin())} has {int(lengths.min())} tokens: only documents with tokens are packed"
        )
    document, start = _chunks(lengths, capacity)
    size = np.minimum(capacity, lengths[document] - start)
    largest_first = np.argsort(-size, kind="stable")
    fitted = np.empty(len(size), dtype=np.int64)
    fitted[largest_first], sequences = _best_fit(size[largest_first], capacity)
    sequence = _shuffled(sequences, seed)[fitted]
    pieces = np.stack([sequence, document, start, size], axis=1)
    return Packed(pieces[np.lexsort((start, document, sequence))], int(sequences), capacity)


def _chunks(lengths: Ints, capacity: int) -> tuple[Ints, Ints]:
    """Return document and start of every piece: each document in chunks of ``capacity``, the last of which may be shorter."""
    chunks = (lengths - 1) // capacity + 1
    document = np.repeat(np.arange(len(lengths), dtype=np.int64), chunks)
    first = np.cumsum(chunks) - chunks
    return document, (np.arange(len(document), dtype=np.int64) - first[document]) * capacity


def _shuffled(count: int, seed: int) -> Ints:
    """Return a new number for each sequence: its rank by SplitMix64 of its old number."""
    keys = np.arange(count, dtype=np.uint64) + _STEP * np.array([seed % 2**64], dtype=np.uint64)
    keys *= _STEP
    for shift, factor in _MIX:
        keys = (keys ^ (keys >> shift)) * factor
    ranks = np.empty(count, dtype=np.int64)
    ranks[np.argsort(keys, kind="stable")] = np.arange(count, dtype=np.int64)
    return ranks


@njit(cache=True, nogil=True)
def _best_fit(sizes, capacity):  # type: ignore[no-untyped-def]
    """Return the sequence of each piece, and how many sequences that makes; sizes descend and are 1 to ``capacity``.

    Sequences with the same room form a stack. ``held`` is a binary tree over the rooms 0 to ``capacity`` whose nodes say whether
    any room below them has a sequence, so the least room that is large enough is found in O(log capacity).
    """
    leaves = 1
    while leaves <= capacity:
        leaves *= 2
    held = np.zeros(2 * leaves, dtype=np.bool_)
    top = np.full(capacity + 1, _NONE, dtype=np.int64)
    below = np.empty(len(sizes), dtype=np.int64)
    fitted = np.empty(len(sizes), dtype=np.int64)
    opened = 0
    for i in range(len(sizes)):
        room = _least_room(held, leaves, sizes[i])
        if room == _NONE:
            chosen, room = opened, capacity
            opened += 1
        else:
            chosen = top[room]
            top[room] = below[chosen]
            if top[room] == _NONE:
                _mark(held, leaves + room, False)
        fitted[i] = chosen
        left = room - sizes[i]
        if left > 0:
            below[chosen] = top[left]
            top[left] = chosen
            _mark(held, leaves + left, True)
    return fitted, opened


@njit(cache=True, nogil=True)
def _least_room(held, leaves, wanted):  # type: ignore[no-untyped-def]
    """Return the least room of ``wanted`` or more that some sequence has, or none."""
    node = leaves + wanted
    while not held[node]:
        while node & 1:  # a right child: all that is right of it lies under a parent further up
            node >>= 1
        if node == 0:
            return _NONE
        node += 1
    while node < leaves:
        node = 2 * node if held[2 * node] else 2 * node + 1
    return node - leaves


@njit(cache=True, nogil=True)
def _mark(held, node, value):  # type: ignore[no-untyped-def]
    """Note at a leaf and above it whether there is a sequence with this room."""
    held[node] = value
    while node > 1:
        node >>= 1
        held[node] = held[2 * node] or held[2 * node + 1]
