"""Which blocks of a page are kept, given the probability that each is main content.

Blocks are taken from the likeliest down as long as the expected F1 of the kept words rises (the cut that maximises F1 lies
where Lipton, Elkan and Naryanaswamy, 2014, put it: at half the F1 that is reached). So a page's cut follows its certainty, and a
page with any block is never empty. Articles are cut harder than other pages: the type of the page shifts all probabilities.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from udfs.html.blocks.blockmodel import Prediction
from udfs.html.blocks.measures import number_keys
from udfs.html.compiled import entry, helper
from udfs.html.page.layout import Block, BlockFlag, Element, PageTables, Piece, Region
from udfs.html.page.vocabulary import Kind, Tag

SHIFTS = np.array([-0.8, 0.6, 0.9, 0.6, 0.6, 0.9, 0.0], np.float32)
"""Shift of the log-odds on a page of each of `udfs.html.blocks.blockmodel.PAGE_TYPES`; chosen on out-of-fold training pages."""

LIST = 60
"""Blocks of the longest list that is decided together; longer ones are menus, or pages made of one list."""
TOGETHER = 0.6
"""How far the blocks of a list agree: 0 each by itself, 1 all alike; neutral for F1 out of fold, kinder to readers."""
HOLDS = 0.7
"""Share of the kept words that the element around the main content holds."""
_UL: Final = int(Tag.UL)
_OL: Final = int(Tag.OL)
_DL: Final = int(Tag.DL)
_REGION: Final = int(BlockFlag.REGION)
_ASIDE: Final = int(Kind.NAV | Kind.ASIDE | Kind.FOOTER | Kind.DIALOG)
TWIN = 100
"""Characters from which on a text that was kept elsewhere in the page is a twin."""


class Decision(NamedTuple):
    """What is kept.

    Parameters
    ----------
    keep : ndarray of bool, (n_blocks,)
    expected_f1 : float
        F1 that the kept words are expected to have, 0 to 1; 0 for a page without blocks.
    """

    keep: NDArray[np.bool_]
    expected_f1: float


@entry
def expected_f1_cut(p: Any, size: Any, keep: Any) -> Any:
    """Set in ``keep`` the blocks whose words maximise the expected F1, and return that.

    Parameters
    ----------
    p : ndarray of float32
        Probability of each block.
    size : ndarray of int32
        Words of each block; blocks without words are not kept.
    keep : ndarray of bool
        Output.
    """
    expected = 0.0
    for b in range(p.shape[0]):
        expected += p[b] * size[b]
    order = np.argsort(-p, kind="mergesort")
    best, count, right, kept = 0.0, 0, 0.0, 0.0
    for k in range(order.shape[0]):
        b = order[k]
        right += p[b] * size[b]
        kept += size[b]
        f1 = 2 * right / (kept + expected) if kept else 0.0
        if f1 > best:
            best, count = f1, k + 1
    keep[:] = False
    for k in range(count):
        keep[order[k]] = size[order[k]] > 0
    return best


@helper
def drop_twins(blocks: Any, elements: Any, hashes: Any, keep: Any) -> Any:
    """Drop a long block whose text was kept before in another container: the print or mobile copy of an article."""
    classes, found = number_keys(hashes)
    first = np.full(found, -1, np.int32)
    for b in range(keep.shape[0]):
        if not keep[b] or blocks[b, Block.CHARS] < TWIN:
            continue
        parent = elements[blocks[b, Block.ELEMENT], Element.PARENT]
        if first[classes[b]] < 0:
            first[classes[b]] = parent
        elif first[classes[b]] != parent:
            keep[b] = False


@entry
def follow_neighbours(size: Any, regions: Any, keep: Any) -> Any:
    """Keep a block of regions alone (a formula, a picture) if the nearest block with words before it is kept and the next one too."""
    n = keep.shape[0]
    after = np.ones(n + 1, np.bool_)
    for b in range(n - 1, -1, -1):
        after[b] = keep[b] if size[b] else after[b + 1]
    before = True
    for b in range(n):
        if size[b]:
            before = keep[b]
        else:
            keep[b] = regions[b] > 0 and before and after[b]


@helper
def agree_in_lists(blocks: Any, elements: Any, p: Any) -> Any:
    """Move the log-odds of a list's blocks towards their mean, so that lists are kept or dropped as a whole rather than torn."""
    inner = np.empty(elements.shape[0], np.int32)
    total, weight, count = np.zeros(elements.shape[0]), np.zeros(elements.shape[0]), np.zeros(elements.shape[0], np.int32)
    for e in range(elements.shape[0]):
        tag, parent = elements[e, Element.TAG], elements[e, Element.PARENT]
        inner[e] = e if tag in (_UL, _OL, _DL) else (inner[parent] if parent >= 0 else -1)
    odds = np.log(p + 1e-5) - np.log(1 - p + 1e-5)
    for b in range(p.shape[0]):
        e = inner[blocks[b, Block.ELEMENT]]
        if e >= 0:
            words = 1 + blocks[b, Block.WORDS]
            total[e] += words * odds[b]
            weight[e] += words
            count[e] += 1
    for b in range(p.shape[0]):
        e = inner[blocks[b, Block.ELEMENT]]
        if e >= 0 and 2 <= count[e] <= LIST:
            p[b] = 1 / (1 + np.exp(-((1 - TOGETHER) * odds[b] + TOGETHER * total[e] / weight[e])))


@helper
def keep_code(blocks: Any, elements: Any, bits: Any, pieces: Any, regions: Any, keep: Any) -> Any:
    """Keep every block of code inside the element that holds most of what is kept.

    Code has few stop words and no sentences, so no model of prose is a judge of it; where it stands says enough.
    """
    n = keep.shape[0]
    kept = np.zeros(n + 1, np.int64)
    for b in range(n):
        kept[b + 1] = kept[b] + (blocks[b, Block.WORDS] if keep[b] else 0)
    begin, end = 0, n
    for e in range(elements.shape[0]):
        first, after = elements[e, Element.BLOCK], elements[e, Element.BLOCK_END]
        if first >= begin and after <= end and kept[after] - kept[first] >= HOLDS * kept[n]:
            begin, end = first, after
    for b in range(begin, end):
        if blocks[b, Block.FLAGS] & _REGION and not np.int64(bits[b, 0]) & _ASIDE:
            piece = pieces[blocks[b, Block.PIECE]]
            if piece[0] == Piece.REGION and regions[piece[1], 0] == Region.CODE:
                keep[b] = True


@entry
def shifted(p: Any, shift: Any) -> Any:
    """Return probabilities whose log-odds are moved by ``shift``."""
    factor = np.float32(np.exp(shift))
    return factor * p / (1 - p + factor * p)


@entry
def decide(t: Any, raw: Any, page_type: Any) -> Any:
    """Return what is kept of `PageTables` and the expected F1; the compiled form of `decode`."""
    n = raw.shape[0]
    p = shifted(raw, (SHIFTS * page_type).sum())
    keep = np.zeros(n, np.bool_)
    size = t.blocks[:, Block.WORDS].copy()
    agree_in_lists(t.blocks, t.elements, p)
    f1 = expected_f1_cut(p, size, keep)
    drop_twins(t.blocks, t.elements, t.hashes, keep)
    keep_code(t.blocks, t.elements, t.bits, t.pieces, t.regions, keep)
    follow_neighbours(size, t.blocks[:, Block.REGIONS].copy(), keep)
    return keep, f1


def decode(tables: PageTables, prediction: Prediction) -> Decision:
    """Choose the blocks to keep.

    Parameters
    ----------
    tables : PageTables
        The scanned page.
    prediction : Prediction
        What the model says of it.

    Returns
    -------
    Decision
    """
    keep, f1 = decide(tables, prediction.p, prediction.page_type)
    return Decision(keep, float(f1))
