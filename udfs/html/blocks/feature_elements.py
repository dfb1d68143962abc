"""Columns of a block that come from elements: its make, the repetition of its element, and the elements above it."""

from __future__ import annotations

import numpy as np

from udfs.html.blocks.feature_names import LEARNED, LEVEL, LEVELS, SIBLINGS
from udfs.html.blocks.measures import Array, Measures, Sums, log1p, number_keys
from udfs.html.compiled import helper
from udfs.html.page.layout import Block, Element
from udfs.html.page.vocabulary import Tag

_N_LEVEL = len(LEVEL)
_SCORE, _NAMES, _F1 = LEVEL.score - LEVEL.share, LEVEL.names - LEVEL.share, LEVEL.f1 - LEVEL.share


@helper
def makes(blocks: Array, elements: Array, names: Array) -> tuple[Array, Array]:
    """Return two keys a block: of the tags of its last four elements, and of the tags and first names of its last two."""
    n, n_elements = blocks.shape[0], elements.shape[0]
    paths, named = np.empty(n, np.uint64), np.empty(n, np.uint64)
    prime = np.uint64(0x100000001B3)
    for b in range(n):
        path, name = np.uint64(blocks[b, Block.DEPTH] > 3), np.uint64(7)
        element = blocks[b, Block.ELEMENT]
        for level in range(4):
            if element < 0:
                break
            tag = np.uint64(elements[element, Element.TAG] + 1)
            path = path * prime + tag
            if level < 2:
                first = elements[element, Element.NAME]
                stop = elements[element + 1, Element.NAME] if element + 1 < n_elements else names.shape[0]
                name = (name * prime + tag) * prime + (np.uint64(names[first]) if first < stop else np.uint64(0))
            element = elements[element, Element.PARENT]
        paths[b], named[b] = path, name
    return paths, named


@helper
def make_columns(keys: Array, m: Measures, total: float, at: int, x: Array) -> None:
    """Fill the columns of `Make` from ``at`` on, for blocks with equal keys."""
    n = keys.shape[0]
    classes, found = number_keys(keys)
    sums, first, last = np.zeros((found, 5), np.float32), np.full(found, -1, np.int32), np.zeros(found, np.int32)
    for b in range(n):
        key, row = classes[b], sums[classes[b]]
        if first[key] < 0:
            first[key] = b
        last[key] = b
        row[0] += 1
        row[1] += m.length[b]
        row[2] += m.logs[b]
        row[3] += m.links[b]
        row[4] += m.words[b]
    for b in range(n):
        key, row = classes[b], sums[classes[b]]
        x[b, at] = log1p(row[0])
        x[b, at + 1] = row[1] / total
        x[b, at + 2] = row[2] / row[0]
        x[b, at + 3] = row[3] / row[0]
        x[b, at + 4] = row[4] / row[0]
        x[b, at + 5] = (last[key] - first[key]) / n


@helper
def sibling_columns(blocks: Array, elements: Array, x: Array) -> None:
    """Fill the repetition of the block's element and its parent among their siblings: cards, rows, posts."""
    n_elements = elements.shape[0]
    keys = np.empty(n_elements, np.uint64)
    for e in range(n_elements):
        keys[e] = np.uint64(elements[e, Element.PARENT] + 2) * np.uint64(1024) + np.uint64(2 * elements[e, Element.TAG])
    classes, found = number_keys(keys)
    counts = np.zeros(found, np.int32)
    for e in range(n_elements):
        counts[classes[e]] += 1
    for b in range(blocks.shape[0]):
        e = blocks[b, Block.ELEMENT]
        parent = max(0, elements[e, Element.PARENT])
        grand = max(0, elements[parent, Element.PARENT])
        x[b, SIBLINGS.all] = log1p(elements[parent, Element.CHILDREN])
        x[b, SIBLINGS.same] = log1p(counts[classes[e]])
        x[b, SIBLINGS.above] = log1p(elements[grand, Element.CHILDREN])
        x[b, SIBLINGS.same_above] = log1p(counts[classes[parent]])


@helper
def candidate_scores(blocks: Array, elements: Array, sums: Sums, m: Measures) -> tuple[Array, int]:
    """Return Readability's score of each element as a share of the best, and the best element."""
    scores = np.zeros(elements.shape[0], np.float32)
    for b in range(blocks.shape[0]):
        if m.length[b] < 25 or m.links[b] > 0.9:
            continue
        points = 1 + blocks[b, Block.COMMAS] + min(3.0, m.length[b] / 100)
        e = blocks[b, Block.ELEMENT]
        if elements[e, Element.TAG] == Tag.P or elements[e, Element.TAG] == Tag.LI:
            e = elements[e, Element.PARENT]
        for level in range(5):
            if e < 0:
                break
            scores[e] += points / (1 if level == 0 else 2 if level == 1 else 3 * level)
            e = elements[e, Element.PARENT]
    best, top = np.float32(1e-6), 0
    for e in range(elements.shape[0]):
        if scores[e] > 0:
            first, stop = elements[e, Element.BLOCK], elements[e, Element.BLOCK_END]
            scores[e] *= 1 - (sums.linked[stop] - sums.linked[first]) / max(1.0, sums.length[stop] - sums.length[first])
            if scores[e] > best:
                best, top = scores[e], e
    return scores / best, top


@helper
def describe_elements(blocks: Array, elements: Array, sums: Sums, m: Measures) -> tuple[Array, int]:
    """Return the columns of `LEVEL` of every element, and Readability's best element.

    ``f1`` is the F1 that keeping the element and nothing else is expected to have, by the linear models, as a share of the best.
    """
    table = np.empty((elements.shape[0], _N_LEVEL), np.float32)
    scores, top = candidate_scores(blocks, elements, sums, m)
    n = blocks.shape[0]
    total, best = max(1.0, sums.length[n]), np.float32(1e-6)
    for e in range(elements.shape[0]):
        first, stop = elements[e, Element.BLOCK], elements[e, Element.BLOCK_END]
        length = sums.length[stop] - sums.length[first]
        weight, row = max(1.0, length + stop - first), table[e]
        row[0] = length / total
        row[1] = (sums.linked[stop] - sums.linked[first]) / max(1.0, length)
        row[2] = log1p(stop - first)
        row[3] = length / max(1, elements[e, Element.STOP] - elements[e, Element.START])
        row[4] = scores[e]
        row[5] = (sums.long_words[stop] - sums.long_words[first]) / weight
        row[6] = (sums.long_names[stop] - sums.long_names[first]) / weight
        row[7] = 2 * (sums.expected[stop] - sums.expected[first]) / max(1.0, length + sums.expected[n])
        best = max(best, row[7])
    table[:, _F1] /= best
    return table, top


@helper
def level_columns(blocks: Array, elements: Array, table: Array, x: Array) -> None:
    """Copy what is known of the block's element and of those above it; the root stands for what is missing."""
    n = blocks.shape[0]
    best = np.full(2, -99.0, np.float32)
    for b in range(n):
        e = blocks[b, Block.ELEMENT]
        for level in range(LEVELS):
            at = LEVEL.share + level * _N_LEVEL
            for k in range(_N_LEVEL):
                x[b, at + k] = table[e, k]
            if level == 1 or level == 2:
                best[level - 1] = max(best[level - 1], table[e, _NAMES])
            e = max(0, elements[e, Element.PARENT])
    for b in range(n):
        x[b, LEARNED.parent_below_best] = best[0] - x[b, LEVEL.names + _N_LEVEL]
        x[b, LEARNED.grand_below_best] = best[1] - x[b, LEVEL.names + 2 * _N_LEVEL]
