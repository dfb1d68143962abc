"""Words: their lengths, letters and stop words, and the n-grams of which they are made."""

from __future__ import annotations

from typing import Final

import numpy as np

from udfs.datatrove.kernels.compiled import ALPHA, SPACE, SYMBOL, Counts, Hashes, Values, compiled, mixed, slot
from udfs.words import Flags, Offsets, Points

Words = tuple[Points, Offsets, Offsets]
"""Code points, and where in them each word starts and ends."""

Sums = tuple[Offsets, Hashes, Hashes]
"""Before each word and behind the last: characters, a sum over them, and what shifts it to the beginning."""

Table = tuple[Hashes, Counts, Counts]
"""An open hash table: keys, how often each came, and where it came first."""

STOP_WORDS: Final = ("the", "be", "to", "of", "and", "that", "have", "with")

AT_WORDS: Final = 0
AT_TOP: Final = 17
AT_DUP: Final = 20

_SHORTEST_STOP: Final = 2
_LONGEST_STOP: Final = 4
_ASCII: Final = 128
_PACKED = np.array([int.from_bytes(word.encode("ascii"), "little") for word in STOP_WORDS], dtype=np.int64)

_BASE: Final = 0x9E3779B97F4A7C15
_POWERS = np.array([pow(_BASE, k, 1 << 64) for k in range(64)], dtype=np.uint64)
_INVERSES = np.array([pow(_BASE, -k, 1 << 64) for k in range(64)], dtype=np.uint64)
_ONE: Final = np.uint64(1)
_ZERO: Final = np.uint64(0)
_BLANK: Final = np.uint64(33)  # with the 1 that is added to every code point


@compiled
def with_marks(words: Words, table: Flags) -> tuple[Offsets, Offsets]:
    """Return the bounds of words and of the marks between them, a run of one mark being one token."""
    points, starts, ends = words
    most = len(points)
    for i in range(len(starts)):
        most -= ends[i] - starts[i] - 1
    firsts, lasts = np.empty(most, dtype=np.int64), np.empty(most, dtype=np.int64)
    count, at = 0, 0
    for i in range(len(starts) + 1):
        stop = starts[i] if i < len(starts) else len(points)
        run = False
        while at < stop:
            blank = table[points[at]] & SPACE != 0
            if run and not blank and points[at] == points[at - 1]:
                lasts[count - 1] = at + 1
            elif not blank:
                firsts[count], lasts[count] = at, at + 1
                count += 1
            run = not blank
            at += 1
        if i < len(starts):
            firsts[count], lasts[count] = starts[i], ends[i]
            count, at = count + 1, ends[i]
    return firsts[:count], lasts[:count]


@compiled
def word_values(words: Words, table: Flags, row: Values) -> tuple[Hashes, bool]:
    """Write the values of single words; return their hashes, and whether one holds a blank.

    A hash is the sum of the code points, each one more, times the powers of the base by place.
    """
    points, starts, ends = words
    hashes = np.empty(len(starts), dtype=np.uint64)
    spelt, chars, lettered, stops, any_blank = 0, 0, 0, 0, 0
    for i in range(len(starts)):
        word, total, some, every = points[starts[i] : ends[i]], _ZERO, 0, SYMBOL
        for k in range(len(word)):
            flag = int(table[word[k]])
            some |= flag
            every &= flag
            total += (np.uint64(word[k]) + _ONE) * (_POWERS[k] if k < len(_POWERS) else _power(_POWERS, k))
        hashes[i] = total
        any_blank |= some & SPACE
        spelt += every == 0
        chars += len(word) if every == 0 else 0
        lettered += some & ALPHA != 0
        if some & ALPHA and _SHORTEST_STOP <= len(word) <= _LONGEST_STOP:
            stops |= _stop_word(word)
    found = 0
    while stops:
        found += stops & 1
        stops >>= 1
    row[AT_WORDS], row[AT_WORDS + 1], row[AT_WORDS + 8] = len(starts), spelt, found
    if spelt:
        row[AT_WORDS + 2] = chars / spelt
    if len(starts):
        row[AT_WORDS + 7] = lettered / len(starts)
    return hashes, any_blank != 0


@compiled
def _stop_word(word: Points) -> int:
    """Return the bit of the stop word that a short word is, case mattering; 0 for another word."""
    packed = 0
    for k in range(len(word)):
        point = int(word[k])
        if point >= _ASCII:
            return 0
        packed |= point << (8 * k)
    for k in range(len(_PACKED)):
        if packed == _PACKED[k]:
            return 1 << k
    return 0


@compiled
def ngrams(words: Words, hashes: Hashes, any_blank: bool, n_chars: int, row: Values) -> None:
    """Write the values of n-grams, as shares of ``n_chars`` characters.

    An n-gram that occurs twice begins with a shorter one that does: the longer ones are looked for there only, unless words with
    blanks make other cuts of a string possible.
    """
    size = 16
    while size < 2 * len(hashes):
        size *= 2
    keys = np.empty(size, dtype=np.uint64)
    seen = keys, np.empty(size, dtype=np.int32), np.empty(size, dtype=np.int32)
    sums = _prefix_sums(words, hashes, 1)
    every = np.arange(len(hashes))
    places = every
    for n in range(2, 5):
        if len(hashes) >= n:
            value, places = _top(sums, n, places, seen)
            row[AT_TOP + n - 2] = value / n_chars
            places = every if any_blank else places
    sums = _prefix_sums(words, hashes, 0)
    for n in range(5, 11):
        row[AT_DUP + n - 5] = _skip_scan(sums, n, keys) / n_chars


@compiled
def _power(powers: Hashes, n: int) -> np.uint64:
    """Return a power of the number whose first powers are given."""
    if n < len(powers):
        return np.uint64(powers[n])
    result, square, left = _ONE, powers[1], n
    while left:
        if left & 1:
            result *= square
        square *= square
        left >>= 1
    return result


@compiled
def _prefix_sums(words: Words, hashes: Hashes, gap: int) -> Sums:
    """Sum up the words as one string, ``gap`` blanks behind each: equal runs of it have equal shifted differences."""
    _, starts, ends = words
    chars = np.empty(len(starts) + 1, dtype=np.int64)
    sums, shifts = np.empty(len(chars), dtype=np.uint64), np.empty(len(chars), dtype=np.uint64)
    length, total, power, shift = 0, _ZERO, _ONE, _ONE
    for i in range(len(starts)):
        chars[i], sums[i], shifts[i] = length, total, shift
        own = ends[i] - starts[i]
        last = _power(_POWERS, own)
        total += (hashes[i] + np.uint64(gap) * _BLANK * last) * power
        power *= last * _POWERS[gap]
        shift *= _power(_INVERSES, own) * _INVERSES[gap]
        length += own + gap
    chars[-1], sums[-1], shifts[-1] = length, total, shift
    return chars, sums, shifts


@compiled
def _top(run: Sums, n: int, places: Offsets, seen: Table) -> tuple[int, Offsets]:
    """Return count times length, blanks between words included, of the most frequent n-gram; of equals, of the first.

    ``places`` are the words at which an n-gram that occurs twice can begin; those at which one does are returned, too.
    """
    chars, sums, shifts = run
    keys, counts, firsts = seen
    keys[:] = _ZERO
    slots = np.empty(len(places), dtype=np.int64)
    best, best_first, tried = 1, 0, 0
    for i in places:
        if i + n >= len(chars):
            break
        key = mixed((sums[i + n] - sums[i]) * shifts[i])
        at = np.int64(slot(keys, key))
        if keys[at] != key:
            keys[at], counts[at], firsts[at] = key, 0, i
        counts[at] += 1
        slots[tried] = at
        tried += 1
        if counts[at] > best or (counts[at] == best and firsts[at] < best_first):
            best, best_first = int(counts[at]), int(firsts[at])
    again, count = np.empty(tried, dtype=np.int64), 0
    for k in range(tried):
        again[count] = places[k]
        count += counts[slots[k]] > 1
    return int(best * (chars[best_first + n] - chars[best_first] - 1)), again[:count]


@compiled
def _skip_scan(run: Sums, n: int, keys: Hashes) -> int:
    """Return the characters of n-grams seen before; the scan goes on behind each of them, and the first is never counted."""
    chars, sums, shifts = run
    keys[:] = _ZERO
    repeated, i = 0, 0
    while i + n < len(chars):
        key = mixed((sums[i + n] - sums[i]) * shifts[i])
        at = slot(keys, key)
        if keys[at] == key:
            repeated += chars[i + n] - chars[i]
            i += n
        else:
            keys[at] = key
            i += 1
    return int(repeated)
