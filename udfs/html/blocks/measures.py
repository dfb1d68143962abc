"""What the columns of blocks are made of: one value a block, and running sums of them.

A range of blocks, an element among them, is then one subtraction.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from udfs.html.blocks.linear import Linear, heading_logits, name_logits, word_logits
from udfs.html.compiled import helper
from udfs.html.page.layout import Block
from udfs.html.page.vocabulary import Tag

Array = NDArray[Any]
"""An array in compiled code, where types are settled by numba."""

CJK_WEIGHT = 2.5
"""A CJK character counts as that many."""
GOOD_LENGTH = 60
"""Characters outside links from which on a block may be good text."""

HEADING_LEVEL = np.zeros(256, np.uint8)
"""1 to 6 for the tags of headings, 0 for others."""
for _level in range(1, 7):
    HEADING_LEVEL[Tag[f"H{_level}"]] = _level


class Measures(NamedTuple):
    """One value a block, float32.

    Parameters
    ----------
    length, logs : ndarray
        Characters, `CJK_WEIGHT` for a CJK character; logarithm of one plus that.
    links : ndarray
        Share of characters in links.
    good : ndarray
        Characters outside links, 0 for short or mostly linked blocks.
    names, words, headings : ndarray
        Log-odds by the linear models.
    """

    length: NDArray[np.float32]
    logs: NDArray[np.float32]
    links: NDArray[np.float32]
    good: NDArray[np.float32]
    names: NDArray[np.float32]
    words: NDArray[np.float32]
    headings: NDArray[np.float32]


class Sums(NamedTuple):
    """Running sums over blocks, float64, one more than there are blocks.

    Parameters
    ----------
    length, links, linked, good, names, words : ndarray
        Of `Measures`; ``linked`` of characters in links.
    long_names, long_words : ndarray
        Of the models' answers times one plus the length.
    expected : ndarray
        Of the length that the linear models together expect to be main content.
    """

    length: NDArray[np.float64]
    links: NDArray[np.float64]
    linked: NDArray[np.float64]
    good: NDArray[np.float64]
    names: NDArray[np.float64]
    words: NDArray[np.float64]
    long_names: NDArray[np.float64]
    long_words: NDArray[np.float64]
    expected: NDArray[np.float64]


@helper
def log1p(value: float) -> np.float32:
    """Return the logarithm of one plus a number."""
    return np.float32(np.log1p(np.float32(value)))


@helper
def measure(blocks: Array, elements: Array, names: Array, words: Array, linear: Linear) -> Measures:
    """Return the page's `Measures`."""
    n = blocks.shape[0]
    length, logs, links, good = np.empty(n, np.float32), np.empty(n, np.float32), np.empty(n, np.float32), np.empty(n, np.float32)
    for b in range(n):
        chars = blocks[b, Block.CHARS]
        length[b] = chars + (CJK_WEIGHT - 1) * blocks[b, Block.CJK]
        logs[b] = log1p(length[b])
        links[b] = min(1.0, blocks[b, Block.LINK_CHARS] / max(1, chars))
        free = length[b] * (1 - links[b])
        good[b] = free if free >= GOOD_LENGTH and links[b] < 0.5 else 0
    by_name = name_logits(blocks, elements, names, linear)
    by_word = word_logits(blocks, words, linear)
    return Measures(length, logs, links, good, by_name, by_word, heading_logits(blocks, words, HEADING_LEVEL, linear))


@helper
def _running(values: Array, weights: Array) -> Array:
    sums = np.empty(values.shape[0] + 1, np.float64)
    sums[0] = 0
    for i in range(values.shape[0]):
        sums[i + 1] = sums[i] + values[i] * weights[i]
    return sums


@helper
def add_up(m: Measures) -> Sums:
    """Return the `Sums` of `Measures`."""
    one = np.ones(m.length.shape[0], np.float32)
    weight = m.length + np.float32(1)
    likely = 1 / (1 + np.exp(-(m.names + m.words + m.headings)))
    return Sums(
        _running(m.length, one), _running(m.links, one), _running(m.links, m.length), _running(m.good, one),
        _running(m.names, one), _running(m.words, one), _running(m.names, weight), _running(m.words, weight),
        _running(likely, m.length),
    )  # fmt: skip


@helper
def number_keys(keys: Array) -> tuple[Array, int]:
    """Return for each key the number of its class, in order of first occurrence, and the number of classes."""
    n, size = keys.shape[0], 16
    while size < 2 * n + 2:
        size *= 2
    mask = np.uint64(size - 1)
    table, numbers, classes = np.zeros(size, np.uint64), np.empty(size, np.int32), np.empty(n, np.int32)
    found = 0
    for i in range(n):
        key = keys[i] | np.uint64(1)
        slot = ((key * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(20)) & mask
        while table[slot] != 0 and table[slot] != key:
            slot = (slot + np.uint64(1)) & mask
        if table[slot] == 0:
            table[slot] = key
            numbers[slot] = found
            found += 1
        classes[i] = numbers[slot]
    return classes, found
