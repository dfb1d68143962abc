"""Features of a page for its knowledge class: hashed character n-grams of its words, and the scores that a table gives them.

N-grams of 3 to 5 characters, a blank on either side of a word, find the stems that languages share and the parts of compounds.
Address, title and text are weighed apart, each of unit length after the logarithm of the counts and the inverse document frequency,
so that no field drowns another. All that is compiled stands in this module, as numba keeps compiled functions by their file.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from classifiers.fasttext_clf import prepare
from udfs.words import codepoints

BITS = 17
BUCKETS = 1 << BITS
MAX_CHARS = 4_000
"""Characters of the text that are read, from its start; of title and address it is `MAX_FIELD`."""
MAX_FIELD = 300

FIELDS = ("address", "title", "text")
WEIGHTS: tuple[float, ...] = (0.5, 0.8, 1.0)
"""Length of each field's vector in the sum."""

_SHORTEST, _LONGEST = 3, 5
_BLANK = np.uint32(32)
_SEED = np.uint64(0xCBF29CE484222325)
_PRIME = np.uint64(0x9E3779B97F4A7C15)
_MIX = np.uint64(29)
_SHIFT = np.uint64(64 - BITS)

Points = NDArray[np.uint32]
Counts = NDArray[np.int32]
Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Page:
    """What of a page is read: its text, its title and its address; each may be empty."""

    text: str
    title: str = ""
    url: str = ""


def fields_of(page: Page) -> tuple[Points, Points, Points]:
    """Return the code points of address, title and text, each as `classifiers.fasttext_clf.prepare` makes it.

    Any strings are accepted; the scheme and a leading ``www.`` of the address say nothing and go.
    """
    address = page.url[:MAX_FIELD].partition("://")[2] or page.url[:MAX_FIELD]
    parts = (address.removeprefix("www."), page.title[:MAX_FIELD], page.text[:MAX_CHARS])
    first, second, third = (codepoints(prepare(part)) for part in parts)
    return first, second, third


def grams(points: Points) -> tuple[Counts, Counts]:
    """Return the buckets that a prepared field falls into, ascending, and how often each is met."""
    counts = np.zeros(BUCKETS, dtype=np.int32)
    touched = np.empty(max(1, 3 * (len(points) + 2)), dtype=np.int32)
    used = np.sort(touched[: _count(points, counts, touched)])
    return used, counts[used]


def scores(fields: tuple[Points, Points, Points], idf: Floats, table: Floats) -> Floats:
    """Return the scores of the classes: the weighed sum of the table's rows that a page's n-grams fall into.

    Parameters
    ----------
    fields : tuple of arrays
        As `fields_of` gives them.
    idf : array of float32, (buckets,)
        Inverse document frequencies.
    table : array of float32, (buckets, classes)
        Weights.
    """
    total = np.zeros(table.shape[1], dtype=np.float32)
    counts = np.zeros(BUCKETS, dtype=np.int32)
    for points, weight in zip(fields, WEIGHTS, strict=True):
        if len(points):
            touched = np.empty(3 * (len(points) + 2), dtype=np.int32)
            _add(points, np.float32(weight), idf, table, counts, touched, total)
    return total


@njit(cache=True, nogil=True)
def _count(points: Points, counts: Counts, touched: Counts) -> int:
    """Count the n-grams of all words; return how many buckets are touched."""
    used = 0
    start = 0
    size = len(points)
    for end in range(size + 1):
        if end < size and points[end] != _BLANK:
            continue
        length = end - start + 2
        if end > start:
            for n in range(_SHORTEST, _LONGEST + 1):
                if n > length and n > _SHORTEST:
                    break
                for first in range(max(1, length - n + 1)):
                    value = _SEED
                    for at in range(first, min(first + n, length)):
                        inner = at > 0 and at < length - 1
                        point = points[start + at - 1] if inner else _BLANK
                        value = (value ^ np.uint64(point)) * _PRIME
                        value ^= value >> _MIX
                    bucket = np.int32(value >> _SHIFT)
                    if counts[bucket] == 0:
                        touched[used] = bucket
                        used += 1
                    counts[bucket] += 1
        start = end + 1
    return used


@njit(cache=True, nogil=True)
def _add(points: Points, weight: np.float32, idf: Floats, table: Floats, counts: Counts, touched: Counts, total: Floats) -> None:
    """Add a field's part to the scores and leave the counts at zero."""
    used = _count(points, counts, touched)
    norm = 0.0
    classes = table.shape[1]
    part = np.zeros(classes, dtype=np.float64)
    for place in range(used):
        bucket = touched[place]
        value = np.log1p(np.float64(counts[bucket])) * idf[bucket]
        counts[bucket] = 0
        norm += value * value
        for k in range(classes):
            part[k] += value * table[bucket, k]
    if norm > 0:
        for k in range(classes):
            total[k] += np.float32(weight * part[k] / np.sqrt(norm))
