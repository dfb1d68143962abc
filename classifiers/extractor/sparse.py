"""Training of the hashed linear models of `udfs.html.blocks.linear`: logistic regression over sparse rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from udfs.html.blocks.linear import BITS, Linear, heading_rows, name_rows, word_rows
from udfs.html.blocks.measures import HEADING_LEVEL
from udfs.html.page.layout import PageTables

EPOCHS = 4
DECAY = 1e-4
"""L2 penalty of the terms that occur."""
SETTINGS = {
    "names": {"rate": 0.03, "start": 0.3},
    "words": {"rate": 0.15, "start": 0.1},
    "headings": {"rate": 0.05, "start": 0.3},
}
"""Settings of the models, by their loss out of fold."""
SEED = 14


class Rows(NamedTuple):
    """A sparse matrix by compressed rows; ``pointer`` has one entry more than there are rows."""

    pointer: NDArray[np.int64]
    places: NDArray[np.int32]
    values: NDArray[np.float32]


def rows_of(pages: Sequence[PageTables], kind: str) -> Rows:
    """Return the terms of all blocks of some pages: of ``names``, ``words`` or ``headings``."""
    parts = [_rows(page, kind) for page in pages]
    shifts = np.cumsum([0] + [len(part.places) for part in parts])
    pointer = np.concatenate([[0]] + [part.pointer[1:] + shift for part, shift in zip(parts, shifts, strict=False)])
    return Rows(
        pointer.astype(np.int64), np.concatenate([part.places for part in parts]), np.concatenate([part.values for part in parts])
    )


def _rows(page: PageTables, kind: str) -> Rows:
    pointer = np.zeros(len(page.blocks) + 1, np.int64)
    fill: Any
    args: tuple[Any, ...]
    fill, args = {
        "names": (name_rows, (page.blocks, page.elements, page.names)),
        "words": (word_rows, (page.blocks, page.words)),
        "headings": (heading_rows, (page.blocks, page.words, HEADING_LEVEL)),
    }[kind]
    total = fill(*args, pointer, np.zeros(0, np.int32), np.zeros(0, np.float32))
    rows = Rows(pointer, np.zeros(total, np.int32), np.zeros(total, np.float32))
    fill(*args, *rows)
    return rows


@njit(cache=True)
def descend(pointer: Any, places: Any, values: Any, target: Any, weight: Any, order: Any, settings: Any, table: Any) -> Any:
    """Run one epoch of AdaGrad (Duchi et al., 2011) on the logistic loss; ``table`` holds weights and squared gradients."""
    rate, decay = settings
    bias = table.shape[1] - 1
    for i in order:
        if weight[i] == 0:
            continue
        total = table[0, bias]
        for k in range(pointer[i], pointer[i + 1]):
            total += table[0, places[k]] * values[k]
        slope = (1 / (1 + np.exp(-total)) - target[i]) * weight[i]
        table[1, bias] += slope * slope
        table[0, bias] -= rate * slope / np.sqrt(table[1, bias])
        for k in range(pointer[i], pointer[i + 1]):
            gradient = slope * values[k] + decay * weight[i] * table[0, places[k]]
            table[1, places[k]] += gradient * gradient
            table[0, places[k]] -= rate * gradient / np.sqrt(table[1, places[k]])


def fit(
    rows: Rows, target: NDArray[np.float32], weight: NDArray[np.float32], *, rate: float, start: float
) -> NDArray[np.float32]:
    """Fit one model.

    Parameters
    ----------
    rows : Rows
        Terms of the blocks.
    target, weight : ndarray of float32, (n_rows,)
        Label and weight; rows of weight 0 are left out, their target may be anything finite.
    rate, start : float
        Step size; what the sums of squared gradients begin with. More of the latter keeps the weights of rare terms small:
        names of one site say nothing of another.

    Returns
    -------
    ndarray of float32, (2 ** BITS + 1,)
        Weights and, last, the intercept.
    """
    table = np.zeros((2, (1 << BITS) + 1), np.float64)
    table[1] = start
    generator = np.random.default_rng(SEED)
    used = np.flatnonzero(weight > 0)
    scaled = weight / weight[used].mean()
    for _ in range(EPOCHS):
        descend(*rows, target, scaled, generator.permutation(used), (rate, DECAY), table)
    return np.asarray(table[0], np.float32)


def quantise(fitted: Sequence[NDArray[np.float32]]) -> Linear:
    """Return the fitted models, in the order of `SETTINGS`, with weights of one byte each."""
    scales = np.array([max(1e-6, float(np.abs(w[:-1]).max()) / 127) for w in fitted], np.float32)
    names, words, headings = (np.round(w[:-1] / s).astype(np.int8) for w, s in zip(fitted, scales, strict=True))
    return Linear(names, words, headings, scales, np.array([w[-1] for w in fitted], np.float32))
