"""Which of many near-duplicates stay, given verified pairs: a greedy choice in a total order, or connected components.

Documents are ranks in the order of survival, 0 the best; an edge names the worse document first. Greedy: a document goes only
in favour of a better one that itself stays. Connected components do not have this property: along a chain of revisions they
remove pages that resemble nothing that is left.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

Ranks = NDArray[np.int64]
Places = NDArray[np.int32]
Order = NDArray[np.intp]
Kernel = Callable[[Places, Places, Order, int], Places]

MAX_EDGES = 2**30 - 1
"""Edges that one call takes: the places of twice as many documents are 32-bit numbers."""


@dataclass(frozen=True, slots=True, eq=False)
class Removals:
    """Documents that go, each in favour of one that stays.

    Parameters
    ----------
    loser : ndarray of int64
        Ranks of the removed documents, ascending.
    winner : ndarray of int64
        For each the rank of the document in whose favour it goes.
    """

    loser: Ranks
    winner: Ranks


def greedy(worse: Ranks, better: Ranks) -> Removals:
    """Decide document after document, best first: who has a better neighbour that stays goes, in favour of the best such one.

    Parameters
    ----------
    worse, better : ndarray of int64, shape (m,)
        Ranks of each edge's ends, ``worse > better >= 0``; repeats, gaps between ranks and any order of edges are fine.

    Returns
    -------
    Removals
        A document that is not in ``loser`` stays.

    Raises
    ------
    ValueError
        When an edge does not name the worse document first, or there are more than `MAX_EDGES`.

    Notes
    -----
    Two sorts, then one step an edge, whatever the length of chains. Besides the edges it takes 24 bytes an edge and 20 bytes a
    document that an edge names.
    """
    return _removals(*_settled(_best_kept, worse, better))


def components(worse: Ranks, better: Ranks) -> tuple[Ranks, Ranks]:
    """Find the connected components.

    Parameters
    ----------
    worse, better : ndarray of int64, shape (m,)
        As for `greedy`.

    Returns
    -------
    members : ndarray of int64
        The rank of every document that an edge names, ascending.
    least : ndarray of int64
        For each the least, which is the best, rank of its component.

    Raises
    ------
    ValueError
        As `greedy`.

    Notes
    -----
    Union-find with path halving (Tarjan and van Leeuwen 1984); the lesser root becomes the parent.
    """
    return _settled(_roots, worse, better)


def forest(worse: Ranks, better: Ranks) -> Removals:
    """Reduce edges to one star a component: every member but the least goes in favour of the least.

    The stars connect what the edges connect, so the parts of a large graph may be reduced apart, and their stars together.

    Parameters
    ----------
    worse, better : ndarray of int64, shape (m,)
        As for `greedy`.

    Raises
    ------
    ValueError
        As `greedy`.
    """
    return _removals(*_settled(_roots, worse, better))


def _settled(kernel: Kernel, worse: Ranks, better: Ranks) -> tuple[Ranks, Ranks]:
    """Return the rank of every document that an edge names, ascending, and that of the one it goes for: its own where it stays."""
    # Compiled code knows read-only arrays as another type, for which it would be compiled again.
    worse, better = (np.require(ends, np.int64, ["C", "W"]) for ends in (worse, better))
    _check(worse, better)
    by_worse = np.argsort(worse)
    ranks, worse_places, better_places = _number(worse, better, by_worse, np.argsort(better))
    return ranks, ranks[kernel(worse_places, better_places, by_worse, len(ranks))]


def _removals(ranks: Ranks, winners: Ranks) -> Removals:
    gone = ranks != winners
    return Removals(ranks[gone], winners[gone])


def _check(worse: Ranks, better: Ranks) -> None:
    if worse.ndim != 1 or worse.shape != better.shape:
        raise ValueError(f"edges have ends of shapes {worse.shape} and {better.shape}; both must be one row of the same length")
    if len(worse) > MAX_EDGES:
        raise ValueError(
            f"{len(worse):,} edges are more than the {MAX_EDGES:,} that can be decided at once; decide parts of them"
        )
    wrong = (better < 0) | (worse <= better)
    if wrong.any():
        first = int(np.argmax(wrong))
        raise ValueError(
            f"edge ({worse[first]}, {better[first]}): ranks must be 0 or more, that of the worse document first and greater"
        )


@njit(cache=True, nogil=True)
def _number(worse: Ranks, better: Ranks, by_worse: Order, by_better: Order) -> tuple[Ranks, Places, Places]:
    """Merge the sorted ends into the distinct ranks; return them and each end's place among them."""
    edges = len(worse)
    ranks = np.empty(2 * edges, np.int64)
    worse_places, better_places = np.empty(edges, np.int32), np.empty(edges, np.int32)
    i = j = n = 0
    while i < edges or j < edges:
        rank = worse[by_worse[i]] if i < edges else better[by_better[j]]
        if j < edges:
            rank = min(rank, better[by_better[j]])
        while i < edges and worse[by_worse[i]] == rank:
            worse_places[by_worse[i]] = n
            i += 1
        while j < edges and better[by_better[j]] == rank:
            better_places[by_better[j]] = n
            j += 1
        ranks[n] = rank
        n += 1
    return ranks[:n], worse_places, better_places


@njit(cache=True, nogil=True)
def _best_kept(worse: Places, better: Places, by_worse: Order, n: int) -> Places:
    """Return for each place that of its best neighbour that stays, its own where there is none."""
    winner = np.arange(n, dtype=np.int32)
    # All edges of a better document come before those that name it as the better end, so its fate is settled when it is asked for.
    for edge in by_worse:
        loser, keeper = worse[edge], better[edge]
        if winner[keeper] == keeper and keeper < winner[loser]:
            winner[loser] = keeper
    return winner


@njit(cache=True, nogil=True)
def _roots(worse: Places, better: Places, by_worse: Order, n: int) -> Places:
    """Return for each place the least one of its component."""
    parent = np.arange(n, dtype=np.int32)
    for edge in by_worse:
        a, b = worse[edge], better[edge]
        while parent[a] != a:
            parent[a] = parent[parent[a]]
            a = parent[a]
        while parent[b] != b:
            parent[b] = parent[parent[b]]
            b = parent[b]
        parent[max(a, b)] = min(a, b)
    # A parent is less than its child, so it has met its own root already.
    for place in range(n):
        parent[place] = parent[parent[place]]
    return parent
