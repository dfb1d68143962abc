"""What lines say once their numbers are masked: the stamps of logs, equal skeletons, and lines that repeat themselves."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from udfs.signals.kernels.compiled import Hashes, compiled, first_places, mix
from udfs.signals.kernels.traits import Folds, Traits
from udfs.signals.kernels.words import Bounds, Scanned
from udfs.words import BLANK, LETTER, NUMBER, Points

Floats = NDArray[np.float64]

_BLANK: Final = int(BLANK)
_LETTER: Final = int(LETTER)
_NUMBER: Final = int(NUMBER)
_PART: Final = np.uint64(ord(" "))
_PRIME: Final = np.uint64(0x9E3779B97F4A7C15)
_ZERO: Final = np.uint64(0)
_STAMP_PARTS: Final = 3
_SHORTEST_HEX: Final = 4
_A, _F, _X = ord("a"), ord("f"), ord("x")
_NUMBERED_KIND: Final = 2
_SINGLE_KIND: Final = 4
_HYPHEN, _SLASH, _DOT, _COLON = ord("-"), ord("/"), ord("."), ord(":")
_MANY_WORDS, _VERY_MANY_WORDS = 12, 40
_SHORT_GRAM, _LONG_GRAM = 3, 5
_TIMES: Final = 3


@compiled
def stamp_numbers(points: Points, traits: Traits, folds: Folds, rows: Bounds) -> NDArray[np.int32]:
    """Count the numbers in the first three blank-separated parts of every line; -1 for a blank line, 0 without a date or address.

    A hexadecimal word of four characters or more with a digit is one number, of other words each run of digits. A part that
    says when or where holds a colon between digits (a time), two hyphens or slashes behind digits (a date), or three dots
    between digits (an address).
    """
    counts = np.empty(len(rows), np.int32)
    at = 0
    for row in range(len(rows)):
        first, parts, before, seen = at, 0, True, 0
        while at < rows[row]:
            bits = traits[points[at]]
            blank = bits & _BLANK != 0
            parts += before and not blank
            before = blank
            if parts > _STAMP_PARTS:
                break
            seen |= bits
            at += 1
        counts[row] = -1 if parts == 0 else _stamp(points, traits, folds, first, at) if seen & _NUMBER else 0
        at = rows[row] + 1
    return counts


@compiled
def _stamp(points: Points, traits: Traits, folds: Folds, at: int, end: int) -> int:
    """Count the numbers of a stretch; 0 without a date, a time or an address."""
    numbers, stamped, word, digits, runs, hexadecimal, dashes, dots = 0, False, 0, 0, 0, True, 0, 0
    while at < end:
        bits = traits[points[at]]
        if bits & (_LETTER | _NUMBER):
            digit = bits & _NUMBER != 0
            runs += digit and (digits == 0 or traits[points[at - 1]] & _NUMBER == 0)
            digits += digit
            letter = folds[points[at]]
            hexadecimal &= digit or _A <= letter <= _F or (letter == _X and word == 1)
            word += 1
        else:
            behind_digit = word and traits[points[at - 1]] & _NUMBER
            between = behind_digit and at + 1 < end and traits[points[at + 1]] & _NUMBER
            dashes += behind_digit != 0 and (points[at] == _HYPHEN or points[at] == _SLASH)
            dots += between != 0 and points[at] == _DOT
            stamped |= (between != 0 and points[at] == _COLON) or dashes >= 2 or dots >= 3
            if bits & _BLANK:
                dashes, dots = 0, 0
            numbers += _numbers(word, digits, runs, hexadecimal)
            word, digits, runs, hexadecimal = 0, 0, 0, True
        at += 1
    return numbers + _numbers(word, digits, runs, hexadecimal) if stamped else 0


@compiled
def _numbers(word: int, digits: int, runs: int, hexadecimal: bool) -> int:
    """Count the numbers of a word: one where it is hexadecimal, else its runs of digits."""
    return min(runs, 1) if hexadecimal and digits and word >= _SHORTEST_HEX else runs


@compiled
def skeletons(points: Points, traits: Traits, words: Scanned) -> tuple[Hashes, Hashes, NDArray[np.bool_]]:
    """Hash every line with its numbers masked and its blanks as one, and so its first three parts; say where a number is.

    The hashes of a blank line are 0.
    """
    starts, ends, masked, kinds, rows = words.starts, words.ends, words.masked, words.kinds, words.rows
    lines = len(rows)
    whole, heads, numbered = np.zeros(lines, np.uint64), np.zeros(lines, np.uint64), np.zeros(lines, np.bool_)
    at, word = 0, 0
    for row in range(lines):
        hashed, parts, before = _ZERO, 0, True
        while at < rows[row]:
            blank = traits[points[at]] & _BLANK != 0
            if before and not blank:
                if parts == _STAMP_PARTS:
                    heads[row] = hashed
                hashed = (hashed ^ _PART) * _PRIME
                parts += 1
            before = blank
            if word < len(starts) and starts[word] == at:
                hashed = mix(hashed ^ masked[word])
                numbered[row] |= kinds[word] & _NUMBERED_KIND != 0
                at = ends[word]
                word += 1
                continue
            if not blank:
                hashed = (hashed ^ np.uint64(points[at] + 1)) * _PRIME
            at += 1
        whole[row] = mix(hashed) if parts else _ZERO
        heads[row] = mix(heads[row] if parts > _STAMP_PARTS else hashed) if parts else _ZERO
        at += 1
    return whole, heads, numbered


@compiled
def repeated_in_lines(words: Scanned) -> Floats:
    """Return for every line the share of its word characters inside n-grams that it holds three times, numbers masked.

    n is 3 for lines of 12 words, 5 from 40 words on, twice that where most words are code points; 0 for shorter lines.
    """
    shares, word = np.zeros(len(words.upto), np.float64), 0
    for row in range(len(words.upto)):
        first, word, pieces = word, words.upto[row], 0
        for kind in words.kinds[first:word]:
            pieces += kind & _SINGLE_KIND != 0
        size, unit = word - first, 2 if 2 * pieces > word - first else 1
        if size >= _MANY_WORDS * unit:
            n = (_LONG_GRAM if size >= _VERY_MANY_WORDS * unit else _SHORT_GRAM) * unit
            shares[row] = _repeated_share(words.masked[first:word], words.starts[first:word], words.ends[first:word], n)
    return shares


@compiled
def _repeated_share(words: Hashes, starts: Bounds, ends: Bounds, n: int) -> float:
    count = len(words) - n + 1
    keys, times = np.empty(count, np.uint64), np.zeros(count, np.int64)
    for k in range(count):
        key = _ZERO
        for i in range(k, k + n):
            key = key * _PRIME + words[i]
        keys[k] = mix(key)
    firsts = first_places(keys)
    for first in firsts:
        times[first] += 1
    total, inside, upto = 0, 0, 0
    for i in range(len(words)):
        if i < count and times[firsts[i]] >= _TIMES:
            upto = i + n
        total += ends[i] - starts[i]
        inside += ends[i] - starts[i] if i < upto else 0
    return inside / total
