"""How much of a text says the same thing again: word n-grams, sentences, and how many different words there are.

The n-gram shares are Gopher's as its paper defines them (Rae et al. 2021, A.1.1): characters inside all repeated n-grams, the
first copy too, overlaps counted once. DCLM and RedPajama-V2 compute the same; datatrove, Dolma and NeMo Curator do not.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from udfs.signals.catalogue import DUP_N
from udfs.signals.kernels.compiled import Hashes, Places, compiled, first_places, inlined, mix
from udfs.signals.kernels.listed import is_listed
from udfs.signals.kernels.traits import CLOSER, Traits
from udfs.signals.kernels.words import Bounds
from udfs.words import BLANK, TERMINAL, Points

LONGEST: Final = max(DUP_N)

_BASE: Final = np.uint64(0xD6E8FEB86659FD93)
_BLANK: Final = int(BLANK)
_TERMINAL: Final = int(TERMINAL)
_LINE_END: Final = 10
_SPACE: Final = 32
_ASCII: Final = 128
_C_LOG_C: Final = np.array([0.0, *(count * np.log2(count) for count in range(1, 256))])


@compiled
def ngram_chars(
    hashes: Hashes, repeated: NDArray[np.bool_], starts: Bounds, ends: Bounds, holes: Places, unit: int
) -> NDArray[np.int64]:
    """Count the word characters inside the most frequent (n = 2 to 4) and inside all repeated (n = 5 to 10) n-grams.

    n-grams do not reach over a hole. ``unit`` words stand for one: two where words are code points of scripts without blanks.
    Of equally frequent n-grams the first counts; one that occurs once does not. Only starts whose shorter n-gram is
    repeated can begin a longer one that is, from the words on that are ``repeated`` by themselves.
    """
    n_words = len(hashes)
    covered = np.zeros(LONGEST + 1, np.int64)
    chars = np.zeros(n_words + 1, np.int64)
    for i in range(n_words):
        chars[i + 1] = chars[i] + ends[i] - starts[i]
    region = _regions(starts, holes)
    candidates, grams = np.empty(n_words, np.int32), np.empty(n_words, np.uint64)
    keys, counts = np.empty(n_words, np.uint64), np.zeros(n_words, np.int32)
    left = 0
    for i in range(n_words - 1):
        candidates[left], grams[left] = i, hashes[i]
        left += repeated[i] & repeated[i + 1]
    for n in range(2, LONGEST + 1):
        size = n * unit
        added = size - 1 if n == 2 else unit
        left = _extend(hashes, region, candidates, grams, keys, left, size, added)
        firsts = first_places(keys[:left])
        counts[:left] = 0
        for first in firsts:
            counts[first] += 1
        if n <= 4:
            covered[n] = _most_frequent(candidates, firsts, counts, left, size, chars)
        left = _repeated(candidates, grams, firsts, counts, left)
        if n > 4:
            covered[n] = _coverage(candidates[:left], size, chars)
        if not left:
            break
    return covered


@compiled
def _regions(starts: Bounds, holes: Places) -> NDArray[np.int32]:
    region = np.zeros(len(starts), np.int32)
    if len(holes):
        at = 0
        for i in range(len(starts)):
            while at < len(holes) and holes[at] < starts[i]:
                at += 1
            region[i] = at
    return region


@inlined
def _extend(
    hashes: Hashes,
    region: NDArray[np.int32],
    candidates: NDArray[np.int32],
    grams: Hashes,
    keys: Hashes,
    left: int,
    size: int,
    added: int,
) -> int:
    """Add words to every candidate's n-gram; return how many have room for them."""
    count = 0
    for k in range(left):
        start = candidates[k]
        end = start + size
        if end > len(hashes) or region[np.uintp(start)] != region[np.uintp(end - 1)]:
            continue
        gram = grams[k]
        for i in range(end - added, end):
            gram = gram * _BASE + hashes[np.uintp(i)]
        place = np.uintp(count)
        candidates[place], grams[place], keys[place] = start, gram, mix(gram)
        count += 1
    return count


@inlined
def _most_frequent(
    candidates: NDArray[np.int32], firsts: NDArray[np.int32], counts: NDArray[np.int32], left: int, size: int, chars: Places
) -> int:
    best, most = -1, 1
    for k in range(left):
        # Only the first of equal ones has a count.
        if counts[k] > most:
            best, most = k, counts[k]
    if best < 0:
        return 0
    total, upto = 0, 0
    for k in range(left):
        if firsts[k] == best:
            start = max(candidates[k], upto)
            upto = candidates[k] + size
            total += chars[upto] - chars[start]
    return total


@inlined
def _repeated(
    candidates: NDArray[np.int32], grams: Hashes, firsts: NDArray[np.int32], counts: NDArray[np.int32], left: int
) -> int:
    count = 0
    for k in range(left):
        candidates[count], grams[count] = candidates[k], grams[k]
        count += counts[firsts[k]] > 1
    return count


@inlined
def _coverage(candidates: NDArray[np.int32], size: int, chars: Places) -> int:
    total, upto = 0, 0
    for start in candidates:
        total += chars[start + size] - chars[max(start, upto)]
        upto = start + size
    return total


@compiled
def repeated_chars(hashes: Hashes, repeated: NDArray[np.bool_], starts: Bounds, ends: Bounds, holes: Places, n: int) -> int:
    """Count the word characters inside n-grams that occur twice, for one n; those of words that are ``repeated`` only can."""
    n_words = len(hashes)
    chars = np.zeros(n_words + 1, np.int64)
    candidates, grams = np.empty(n_words, np.int32), np.empty(n_words, np.uint64)
    left, row = 0, 0
    for i in range(n_words):
        chars[i + 1] = chars[i] + ends[i] - starts[i]
        row = (row + 1) * repeated[i]
        first = max(i + 1 - n, 0)
        candidates[left], grams[left] = first, hashes[first]
        left += row >= n
    keys = np.empty(left, np.uint64)
    left = _extend(hashes, _regions(starts, holes), candidates, grams, keys, left, n, n - 1)
    firsts, counts = first_places(keys[:left]), np.zeros(left, np.int32)
    for first in firsts:
        counts[first] += 1
    left = _repeated(candidates, grams, firsts, counts, left)
    return _coverage(candidates[:left], n, chars)


@compiled
def vocabulary(hashes: Hashes, stops: Hashes) -> tuple[int, float, int, int, NDArray[np.bool_]]:
    """Return how many different words there are, the entropy of their distribution in bits, and the stop words.

    These are the different ones of ``stops`` (`udfs.signals.kernels.listed.hash_table`) that occur, and all their occurrences.
    Last comes for every word whether it occurs twice.
    """
    n_words = len(hashes)
    counts = np.zeros(n_words, np.int32)
    firsts = first_places(hashes)
    for first in firsts:
        counts[first] += 1
    different, total, kinds, occurrences = 0, 0.0, 0, 0
    repeated = np.empty(n_words, np.bool_)
    for i in range(n_words):
        repeated[i] = counts[firsts[i]] > 1
        count = counts[i]
        different += count > 0
        total += _C_LOG_C[count] if count < len(_C_LOG_C) else count * np.log2(count)
    if len(stops):
        for i in range(n_words):
            listed = is_listed(hashes[i], stops)
            kinds += listed & (counts[i] > 0)
            occurrences += counts[i] * listed
    bits = np.log2(n_words) - total / n_words if n_words else 0.0
    return different, max(bits, 0.0), kinds, occurrences, repeated


@compiled
def sentences(points: Points, traits: Traits, starts: Bounds, ends: Bounds, masked: Hashes, holes: Places) -> tuple[Bounds, int]:
    """Return the first word of every sentence with a word, and count the words in those said before, numbers apart.

    A sentence ends at a line end, or behind a terminal mark of any script with its closing quotes and brackets; an ASCII
    mark counts only before a blank, a closing mark or the end: so only between words. One that a hole cuts was never said
    before.
    """
    n_words = len(starts)
    keys, first_words = np.empty(n_words, np.uint64), np.empty(n_words + 1, np.int32)
    count, first, key = 0, 0, np.uint64(0)
    for word in range(n_words):
        key = mix(key * _BASE + masked[word])
        last = word + 1 == n_words
        # Most gaps are one blank.
        blank = not last and starts[word + 1] == ends[word] + 1 and points[ends[word]] == _SPACE
        if last or (not blank and _closes(points, traits, ends[word], starts[word + 1])):
            keys[count], first_words[count] = key, first
            count, first, key = count + 1, word + 1, np.uint64(0)
    first_words[count] = n_words
    firsts, again, hole = first_places(keys[:count]), 0, 0
    for k in range(count):
        if firsts[k] == k:
            continue
        begin, end = starts[first_words[k]], ends[first_words[k + 1] - 1]
        while hole < len(holes) and holes[hole] < begin:
            hole += 1
        if hole == len(holes) or holes[hole] >= end:
            again += first_words[k + 1] - first_words[k]
    return first_words[:count], again


@compiled
def _closes(points: Points, traits: Traits, at: int, end: int) -> bool:
    """Whether a sentence ends between two words."""
    closing = False
    for i in range(at, end):
        point = points[i]
        bits = traits[point]
        if point == _LINE_END:
            return True
        if bits & (_TERMINAL | CLOSER) == 0:
            closing = False
            continue
        after = traits[points[i + 1]]
        tail_after = after & (_TERMINAL | CLOSER) != 0
        if bits & _TERMINAL and (point >= _ASCII or tail_after or after & _BLANK):
            closing = True
        if closing and not tail_after:
            return True
    return False
