"""Three hashed linear models whose answers are features: they read names of elements, words, and the heading above.

A model is a table of weights, each a signed byte; a term is a place in it. Terms of names are the words of ``class``, ``id``,
``role`` and ``itemprop`` of a block's element and its ancestors, with their distance; terms of words are the block's words,
the pairs at its ends and its length; terms of headings are the words and the level of the last heading before a block, or of
the heading that it is.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from udfs.html.compiled import entry, helper
from udfs.html.page.layout import Block, Element

BITS = 17
"""Binary logarithm of the number of weights of a model."""
REACH = 8
"""Elements above a block whose names are told apart by distance: its own and seven ancestors."""
FAR = 24
"""Elements above a block that are looked at."""
MAX_NAMES = 24
"""Names of one element that are read."""
HEAD_WORDS = 20
TAIL_WORDS = 12
"""Words read at the beginning and at the end of a block."""
HEADING_WORDS = 16
"""Words of a heading that are read."""
MAX_TERMS = 80
"""No block has more terms of words."""

Array = NDArray[Any]

_MIX = np.uint64(0x9E3779B97F4A7C15)
_HALF = np.uint64(32)
_SHIFT = np.uint64(64 - BITS)


class Linear(NamedTuple):
    """The models.

    Parameters
    ----------
    names, words, headings : ndarray of int8, (2 ** BITS,)
        Weights in units of ``scales``.
    scales : ndarray of float32, (3,)
        Unit of each.
    biases : ndarray of float32, (3,)
        Intercept of each.
    """

    names: NDArray[np.int8]
    words: NDArray[np.int8]
    headings: NDArray[np.int8]
    scales: NDArray[np.float32]
    biases: NDArray[np.float32]


def empty() -> Linear:
    """Return models that answer 0 to everything."""
    tables = np.zeros((3, 1 << BITS), np.int8)
    return Linear(tables[0], tables[1], tables[2], np.ones(3, np.float32), np.zeros(3, np.float32))


@helper
def place(value: Any, kind: int) -> Any:
    """Return the place of a hash in the table, for one kind of term (0 to 63)."""
    mixed = (np.uint64(value) ^ (np.uint64(kind) << _HALF)) * _MIX
    mixed ^= mixed >> _HALF
    return np.int64((mixed * _MIX) >> _SHIFT)


@helper
def paired(left: Any, right: Any) -> Any:
    """Return a hash of an ordered pair of hashes."""
    mixed = (np.uint64(left) + np.uint64(1)) * _MIX
    return (mixed ^ (mixed >> _HALF)) + np.uint64(right)


@helper
def word_terms(words: Array, first: int, stop: int, chars: int, out: Array) -> int:
    """Write the terms of one block's words to ``out`` and return how many there are.

    Parameters
    ----------
    words : ndarray of uint32
        Hashes of all words of the page.
    first, stop : int
        Range of the block's words.
    chars : int
        Its characters.
    out : ndarray of int64, (MAX_TERMS,)
    """
    n = stop - first
    size = 0
    while chars > 1 and size < 14:
        size += 1
        chars >>= 1
    out[0] = place(size, 1)
    if n == 0:
        return 1
    out[1] = place(words[first], 2)
    out[2] = place(words[stop - 1], 3)
    out[3] = place(paired(words[first], size), 4)
    out[4] = place(min(n, 40), 5)
    count = 5
    for i in range(first, stop):
        if first + HEAD_WORDS <= i < stop - TAIL_WORDS:
            continue
        out[count] = place(words[i], 0)
        count += 1
        near_start, near_end = i - first < 8, stop - i <= 5
        if i + 1 < stop and (near_start or near_end):
            out[count] = place(paired(words[i], words[i + 1]), 6)
            count += 1
    return count


@helper
def own_terms(elements: Array, names: Array, element: int, distance: int, out: Array) -> int:
    """Write the terms of one element's names, seen from a distance, to ``out`` and return how many there are.

    A name has one term with its distance and one without, the tag one with its distance.
    """
    first = elements[element, Element.NAME]
    stop = elements[element + 1, Element.NAME] if element + 1 < elements.shape[0] else names.shape[0]
    near = min(distance, REACH)
    out[0] = place(elements[element, Element.TAG] + 1, 16 + near)
    count = 1
    for i in range(first, min(stop, first + MAX_NAMES)):
        if distance < REACH:
            out[count] = place(names[i], 32 + near)
            count += 1
        out[count] = place(names[i], 48)
        count += 1
    return count


@helper
def name_logits(blocks: Array, elements: Array, names: Array, linear: Linear) -> Array:
    """Return the answer of the model of names for each block, float32.

    An element's terms count by the inverse square root of their number, so that long lists of utility classes weigh little more
    than one good name. What an element says from one distance is computed once.
    """
    n, n_elements = blocks.shape[0], elements.shape[0]
    unit, bias = linear.scales[0], linear.biases[0]
    known = np.full((n_elements, REACH + 1), np.float32(np.nan), np.float32)
    terms = np.empty(2 * MAX_NAMES + 1, np.int64)
    logits = np.empty(n, np.float32)
    for b in range(n):
        if b > 0 and blocks[b, Block.ELEMENT] == blocks[b - 1, Block.ELEMENT]:
            logits[b] = logits[b - 1]
            continue
        total = np.float32(0)
        element, distance = blocks[b, Block.ELEMENT], 0
        while element >= 0 and distance < FAR:
            near = min(distance, REACH)
            value = known[element, near]
            if np.isnan(value):
                count = own_terms(elements, names, element, distance, terms)
                whole = 0
                for k in range(count):
                    whole += linear.names[terms[k]]
                value = np.float32(whole * unit / np.sqrt(count))
                known[element, near] = value
            total += value
            element = elements[element, Element.PARENT]
            distance += 1
        logits[b] = total + bias
    return logits


@helper
def word_logits(blocks: Array, words: Array, linear: Linear) -> Array:
    """Return the answer of the model of words for each block, float32."""
    n = blocks.shape[0]
    unit, bias = linear.scales[1], linear.biases[1]
    terms = np.empty(MAX_TERMS, np.int64)
    logits = np.empty(n, np.float32)
    for b in range(n):
        stop = blocks[b + 1, Block.WORD] if b + 1 < n else words.shape[0]
        count = word_terms(words, blocks[b, Block.WORD], stop, blocks[b, Block.CHARS], terms)
        whole = 0
        for k in range(count):
            whole += linear.words[terms[k]]
        logits[b] = whole * unit / np.sqrt(count) + bias
    return logits


@helper
def heading_terms(words: Array, first: int, stop: int, level: int, out: Array) -> int:
    """Write the terms of one heading to ``out`` and return how many there are; ``level`` is 0 before the first heading."""
    n = min(stop - first, HEADING_WORDS)
    out[0] = place(level, 8)
    out[1] = place(min(n, 12), 9)
    count, whole = 2, np.uint64(level > 0)
    for i in range(first, first + n):
        out[count] = place(words[i], 10)
        count += 1
        if i > first:
            out[count] = place(paired(words[i - 1], words[i]), 11)
            count += 1
        whole = paired(whole, words[i])
    out[count] = place(whole, 12)
    return count + 1


@helper
def heading_logits(blocks: Array, words: Array, levels: Array, linear: Linear) -> Array:
    """Return the answer of the model of headings for each block, float32; ``levels`` are those of the tags."""
    n = blocks.shape[0]
    terms, logits = np.empty(MAX_TERMS, np.int64), np.empty(n, np.float32)
    answer, first, stop, level = np.float32(0), 0, 0, 0
    for b in range(n):
        if b == 0 or levels[blocks[b, Block.TAG]]:
            if levels[blocks[b, Block.TAG]]:
                first, level = blocks[b, Block.WORD], levels[blocks[b, Block.TAG]]
                stop = blocks[b + 1, Block.WORD] if b + 1 < n else words.shape[0]
            count = heading_terms(words, first, stop, level, terms)
            whole = 0
            for k in range(count):
                whole += linear.headings[terms[k]]
            answer = np.float32(whole * linear.scales[2] / np.sqrt(count) + linear.biases[2])
        logits[b] = answer
    return logits


@entry
def name_rows(blocks: Array, elements: Array, names: Array, pointer: Array, places: Array, values: Array) -> int:
    """Write the terms of names of all blocks as a sparse matrix (compressed rows); return the number of entries.

    Where ``places`` has no entry only the count is made.
    """
    terms = np.empty(2 * MAX_NAMES + 1, np.int64)
    total = 0
    for b in range(blocks.shape[0]):
        element, distance = blocks[b, Block.ELEMENT], 0
        while element >= 0 and distance < FAR:
            count = own_terms(elements, names, element, distance, terms)
            if places.shape[0]:
                places[total : total + count] = terms[:count]
                values[total : total + count] = np.float32(1 / np.sqrt(count))
            total += count
            element = elements[element, Element.PARENT]
            distance += 1
        pointer[b + 1] = total
    return total


@entry
def word_rows(blocks: Array, words: Array, pointer: Array, places: Array, values: Array) -> int:
    """Write the terms of words of all blocks as a sparse matrix, like `name_rows`."""
    terms = np.empty(MAX_TERMS, np.int64)
    n, total = blocks.shape[0], 0
    for b in range(n):
        stop = blocks[b + 1, Block.WORD] if b + 1 < n else words.shape[0]
        count = word_terms(words, blocks[b, Block.WORD], stop, blocks[b, Block.CHARS], terms)
        if places.shape[0]:
            places[total : total + count] = terms[:count]
            values[total : total + count] = np.float32(1 / np.sqrt(count))
        total += count
        pointer[b + 1] = total
    return total


@entry
def heading_rows(blocks: Array, words: Array, levels: Array, pointer: Array, places: Array, values: Array) -> int:
    """Write the terms of headings of all blocks as a sparse matrix, like `name_rows`."""
    terms = np.empty(MAX_TERMS, np.int64)
    n, total, first, stop, level = blocks.shape[0], 0, 0, 0, 0
    for b in range(n):
        if levels[blocks[b, Block.TAG]]:
            first, level = blocks[b, Block.WORD], levels[blocks[b, Block.TAG]]
            stop = blocks[b + 1, Block.WORD] if b + 1 < n else words.shape[0]
        count = heading_terms(words, first, stop, level, terms)
        if places.shape[0]:
            places[total : total + count] = terms[:count]
            values[total : total + count] = np.float32(1 / np.sqrt(count))
        total += count
        pointer[b + 1] = total
    return total
