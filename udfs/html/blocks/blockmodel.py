"""The main-content model: how likely each block of a page is main content, and what kind of page it is.

The model is one file of flat arrays, ``models/blocks.npz``, made by ``python -m classifiers.extractor.train``; a card beside it
says from what. One call is one compiled function over the page's tables.
"""

from __future__ import annotations

import hashlib
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from udfs.html.blocks.features import compute
from udfs.html.blocks.linear import Linear
from udfs.html.blocks.trees import Trees, add_scores
from udfs.html.compiled import entry
from udfs.html.page.layout import Element, PageTables

PAGE_TYPES: Final = ("article", "documentation", "service", "forum", "collection", "listing", "product")
"""WCXB's page types (Foley, 2026), in the order of `Prediction.page_type`."""

MAX_BLOCKS = 20_000
"""Blocks beyond are not looked at and never kept: no real page has more, and the columns of more would fill the memory."""

FILE: Final = Path(__file__).parent / "models" / "blocks.npz"


class Model(NamedTuple):
    """Everything that was learned.

    Parameters
    ----------
    linear : Linear
        Linear models over names and words.
    blocks : Trees
        One output: the log-odds that a block is main content.
    pages : Trees
        One output a page type.
    """

    linear: Linear
    blocks: Trees
    pages: Trees


class Prediction(NamedTuple):
    """What the model says of a page.

    Parameters
    ----------
    p : ndarray of float32, (n_blocks,)
        Probability that the block is main content.
    page_type : ndarray of float32, (len(PAGE_TYPES),)
        Probability of each page type.
    """

    p: NDArray[np.float32]
    page_type: NDArray[np.float32]


@lru_cache(maxsize=4)
def load(path: Path = FILE) -> Model:
    """Read a model file, once a process.

    Raises
    ------
    FileNotFoundError
        If there is none.
    """
    with np.load(path) as arrays:
        parts = {
            kind: [arrays[f"{kind}.{field}"] for field in fields._fields]
            for kind, fields in (("linear", Linear), ("blocks", Trees), ("pages", Trees))
        }
    return Model(Linear(*parts["linear"]), Trees(*parts["blocks"]), Trees(*parts["pages"]))


@cache
def digest() -> str:
    """SHA-256 of the shipped model file."""
    return hashlib.sha256(FILE.read_bytes()).hexdigest()


def save(model: Model, path: Path) -> None:
    """Write a model file; equal models give equal bytes."""
    arrays = {f"{kind}.{field}": a for kind in Model._fields for field, a in getattr(model, kind)._asdict().items()}
    with path.open("wb") as file:
        np.savez_compressed(file, **arrays)


@entry
def infer(t: Any, linear: Any, blocks: Any, pages: Any) -> Any:
    """Return the probabilities of the blocks and of the page types; the compiled form of `predict`."""
    x, page = compute(t, linear)
    p = np.zeros((1, x.shape[0]), np.float32)
    add_scores(blocks, x.T, p)
    for b in range(p.shape[1]):
        p[0, b] = 1 / (1 + np.exp(-p[0, b]))
    types = np.zeros((pages.baseline.shape[0], 1), np.float32)
    add_scores(pages, page.reshape(-1, 1), types)
    types = np.exp(types - types.max())
    return p[0], types[:, 0] / types.sum()


def predict(tables: PageTables, model: Model | None = None) -> Prediction:
    """Say of each block how likely it is main content, and of the page what it is.

    Parameters
    ----------
    tables : PageTables
        The scanned page.
    model : Model, optional
        Another model than the shipped one.

    Returns
    -------
    Prediction
        The probabilities of blocks after the first `MAX_BLOCKS` are 0.
    """
    known = model or load()
    n = len(tables.blocks)
    if n <= MAX_BLOCKS:
        return Prediction(*infer(tables, *known))
    p, page_type = infer(_beginning(tables), *known)
    return Prediction(np.concatenate((p, np.zeros(n - MAX_BLOCKS, np.float32))), page_type)


def _beginning(tables: PageTables) -> PageTables:
    """Return the tables of a page that ends after `MAX_BLOCKS` blocks."""
    begun = tables.elements[tables.elements[:, Element.BLOCK] < MAX_BLOCKS].copy()
    begun[:, Element.BLOCK_END] = np.minimum(begun[:, Element.BLOCK_END], MAX_BLOCKS)
    return tables._replace(
        blocks=tables.blocks[:MAX_BLOCKS].copy(),
        bits=tables.bits[:MAX_BLOCKS].copy(),
        hashes=tables.hashes[:MAX_BLOCKS].copy(),
        elements=begun,
    )
