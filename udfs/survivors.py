"""Which of many near-duplicates stay: a greedy choice in a total order.

A document goes only in favour of a better one that itself stays. Connected components do not have this property: along a
chain of revisions they remove pages that resemble nothing that is left.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Ranks = NDArray[np.int64]


def greedy(edges: Ranks, n: int) -> Ranks:
    """Decide document after document, best first: who has a better neighbour that stays is dropped.

    Parameters
    ----------
    edges : ndarray of int64, shape (m, 2)
        Verified pairs as ranks (worse, better) in a total order, 0 the best; repeats and any order of rows are fine.
    n : int
        Number of documents, ranks ``0 .. n-1``.

    Returns
    -------
    ndarray of int64, shape (n,)
        For each rank the best neighbour that stays, in whose favour it goes, or -1 if it stays itself.

    Raises
    ------
    ValueError
        When a rank lies outside ``0 .. n-1`` or a row does not name the worse document first.

    Notes
    -----
    One sort of the edges, then one step an edge, whatever the length of chains.
    """
    edges = np.asarray(edges, dtype=np.int64).reshape(-1, 2)
    _check(edges, n)
    keeper = [-1] * n
    # By (worse, better), so all better documents are decided when an edge is met, and the best keeper is met first.
    for worse, better in edges[np.lexsort((edges[:, 1], edges[:, 0]))].tolist():
        if keeper[worse] < 0 and keeper[better] < 0:
            keeper[worse] = better
    return np.array(keeper, dtype=np.int64)


def _check(edges: Ranks, n: int) -> None:
    wrong = (edges[:, 1] < 0) | (edges[:, 0] >= n) | (edges[:, 1] >= edges[:, 0])
    if wrong.any():
        worse, better = edges[int(np.argmax(wrong))].tolist()
        raise ValueError(f"edge ({worse}, {better}): ranks must lie in 0 .. {n - 1}, the worse (greater) one first")
