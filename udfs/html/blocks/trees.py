"""Gradient-boosted trees as flat arrays, evaluated in compiled code.

A node is a column, a threshold and the place of its left child; the right child follows the left one. A value not above the
threshold goes left. A leaf is its own left child under an infinite threshold, so each tree is walked a fixed number of steps
without asking where it ends, and many rows are walked side by side.
"""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from udfs.html.compiled import entry


class Trees(NamedTuple):
    """An ensemble.

    Parameters
    ----------
    columns, thresholds, left, values : ndarray, (n_nodes,)
        uint32, float32, uint32 and float32: nodes of all trees; ``values`` are 0 off the leaves.
    roots, depths, outputs : ndarray of int32, (n_trees,)
        First node, steps to the deepest leaf, and the output that the tree adds to.
    baseline : ndarray of float32, (n_outputs,)
        What the outputs begin with.
    """

    columns: NDArray[np.uint32]
    thresholds: NDArray[np.float32]
    left: NDArray[np.uint32]
    values: NDArray[np.float32]
    roots: NDArray[np.uint32]
    depths: NDArray[np.int32]
    outputs: NDArray[np.int32]
    baseline: NDArray[np.float32]


@partial(entry, error_model="numpy")
def add_scores(trees: Any, x: Any, out: Any) -> Any:
    """Add the trees' leaves to ``out``, (n_outputs, n_rows), for the rows of ``x``, (n_columns, n_rows)."""
    n = np.uint32(x.shape[1])
    values = x.ravel()
    at = np.empty(n, np.uint32)
    for o in range(out.shape[0]):
        out[o] += trees.baseline[o]
    for t in range(trees.roots.shape[0]):
        at[:] = trees.roots[t]
        for _ in range(trees.depths[t]):
            for k in range(n):
                node = at[k]
                value = values[np.uint32(trees.columns[node] * n + np.uint32(k))]
                at[k] = trees.left[node] + np.uint32(value > trees.thresholds[node])
        row = out[trees.outputs[t]]
        for k in range(n):
            row[k] += trees.values[at[k]]
