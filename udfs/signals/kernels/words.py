"""The one tokenisation: words, tokens and what their characters say, in one loop over code points.

Words are those of `udfs.words.word_bounds`: runs of letters, marks and numbers, with marks such as an apostrophe kept inside
between two of them. In scripts without blanks each code point is a word, or what a segmenter says.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from udfs.signals.kernels.compiled import Hashes, compiled, inlined, mix
from udfs.signals.kernels.traits import EAST_ASIAN, LATIN, SCRIPT_SHIFT, VOWEL, Folds, Traits
from udfs.words import BLANK, INNER, LETTER, NUMBER, SINGLE, UPPER, WORD, Points

Bounds = NDArray[np.int32]

COUNTS: Final = (
    "letters",
    "capitals",
    "digits",
    "solid",
    "longest_chunk",
    "lettered_words",
    "numbered_words",
    "mixed_words",
    "unsayable_words",
    "chunks",
    "mixed_chunks",
)
"""What is counted, in the order of the array of counts.

Letters, capital letters, digits, characters that are not blank; length of the longest stretch without a blank; words with a
letter, with a digit, with both; words that no one could say; stretches without a sign that hold a letter, and those of them
that mix alphabets.
"""

_WORD: Final = int(WORD)
_LETTER: Final = int(LETTER)
_NUMBER: Final = int(NUMBER)
_SINGLE: Final = int(SINGLE)
_UPPER: Final = int(UPPER)
_BLANK: Final = int(BLANK)
_INNER: Final = int(INNER)

_OFFSET: Final = np.uint64(0xCBF29CE484222325)
_PRIME: Final = np.uint64(0x9E3779B97F4A7C15)
_LONG_CONSONANTS: Final = 5
_SHORTEST_WORD: Final = 4
_SHORTEST_HEX: Final = 4
_MASK: Final = np.uint64(ord("0"))
_SCRIPTS: Final = 0xFF << SCRIPT_SHIFT
_LATIN: Final = LATIN << SCRIPT_SHIFT
_A: Final = ord("a")
_F: Final = ord("f")
_X: Final = ord("x")


@compiled
def count_words(points: Points, traits: Traits, begins: NDArray[np.bool_]) -> int:
    """Count the words of a text."""
    count, inside = 0, False
    n = len(points)
    for i in range(n):
        bits = traits[points[i]]
        if bits & _SINGLE:
            count += len(begins) == 0 or begins[i] or i == 0 or (traits[points[i - 1]] & _SINGLE) == 0
            inside = False
        elif bits & _WORD:
            count += not inside
            inside = True
        elif inside and bits & _INNER:
            inside = _joins(points, traits, i)
        else:
            inside = False
    return count


@inlined
def _joins(points: Points, traits: Traits, i: int) -> bool:
    """Whether the mark at ``i`` stands between two characters of words."""
    if i == 0 or i + 1 >= len(points):
        return False
    both = traits[points[i - 1]] & _WORD and traits[points[i + 1]] & _WORD
    return bool(both) and not (traits[points[i - 1]] | traits[points[i + 1]]) & _SINGLE


@compiled
def find_words(
    points: Points, traits: Traits, folds: Folds, begins: NDArray[np.bool_], n_words: int
) -> tuple[Bounds, Bounds, Hashes, Hashes, NDArray[np.uint8]]:
    """Find the words of a text.

    Parameters
    ----------
    points : array of uint32
        Code points.
    traits, folds : array of uint32
        `udfs.signals.kernels.traits`.
    begins : array of bool
        Where words begin in scripts without blanks; empty: at each code point.
    n_words : int
        What `count_words` says.

    Returns
    -------
    starts, ends : array of int32, shape (n_words,)
        Half-open ranges of code points.
    hashes : array of uint64
        Hash of each word in lower case.
    masked : array of uint64
        The same with every run of digits as one zero; numbers and hexadecimal words are all one word.
    kinds : array of uint8
        Bits: 1 with a letter, 2 with a digit, 4 of a script without blanks, 8 that no one could say: Latin, four letters or
        more, not in capitals (abbreviations), without a vowel or with five consonants in a row.
    """
    starts, ends = np.empty(n_words, np.int32), np.empty(n_words, np.int32)
    hashes, masked = np.empty(n_words, np.uint64), np.empty(n_words, np.uint64)
    kinds = np.empty(n_words, np.uint8)
    word, at, n = 0, 0, len(points)
    while at < n:
        bits = traits[points[at]]
        if bits & _WORD == 0:
            at += 1
            continue
        start, single = at, bits & _SINGLE
        hashed, mask, every = _OFFSET, _OFFSET, bits & 0
        digits, row, longest, vowels = 0, 0, 0, 0
        latin, small, hexadecimal, after_digit = True, False, True, False
        while True:
            point = folds[points[at]]
            every |= bits
            hashed = (hashed ^ np.uint64(point)) * _PRIME
            if bits & _NUMBER:
                digits += 1
                row = 0
                if not after_digit:
                    mask = (mask ^ _MASK) * _PRIME
                after_digit = True
            else:
                mask = (mask ^ np.uint64(point)) * _PRIME
                hexadecimal &= _A <= point <= _F or (point == _X and at == start + 1)
                after_digit = False
                vowel = bits & VOWEL != 0
                vowels += vowel
                letter = bits & _LETTER != 0
                row = row + 1 if letter and not vowel else 0
                longest = max(longest, row)
                latin &= not letter or bits & _SCRIPTS == _LATIN
                small |= letter and bits & _UPPER == 0
            at += 1
            if at == n:
                break
            bits = traits[points[at]]
            if single:
                if len(begins) == 0 or bits & _SINGLE == 0 or begins[at]:
                    break
            elif bits & _SINGLE or (bits & _WORD == 0 and not (bits & _INNER and _joins(points, traits, at))):
                break
        if digits and hexadecimal and (at - start >= _SHORTEST_HEX or digits == at - start):
            mask = (_OFFSET ^ _MASK) * _PRIME
        unsayable = latin and small and at - start >= _SHORTEST_WORD and (longest >= _LONG_CONSONANTS or not vowels)
        kinds[word] = _kind(every, digits, single, unsayable)
        starts[word], ends[word], hashes[word], masked[word] = start, at, mix(hashed), mix(mask)
        word += 1
    return starts, ends, hashes, masked, kinds


@inlined
def _kind(every: int, digits: int, single: int, unsayable: bool) -> int:
    lettered = every & _LETTER != 0
    return lettered | (digits != 0) << 1 | (single != 0) << 2 | (lettered and unsayable and not single) << 3


@compiled
def count_characters(points: Points, traits: Traits, kinds: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Return what `COUNTS` names."""
    counts = np.zeros(11, np.int64)
    chunk, scripts, inside = 0, 0, False
    letters = capitals = digits = solid = longest = 0
    for i in range(len(points)):
        bits = traits[points[i]]
        letters += bits & _LETTER != 0
        capitals += bits & _UPPER != 0
        digits += bits & _NUMBER != 0
        if bits & _BLANK:
            chunk = 0
        else:
            chunk += 1
            solid += 1
            longest = max(longest, chunk)
        if bits & _WORD:
            scripts |= ((bits >> SCRIPT_SHIFT) & 0xFF) if bits & _LETTER else 0
            inside = True
        elif inside:
            counts[9] += scripts != 0
            counts[10] += _mixes(scripts)
            scripts, inside = 0, False
    counts[9] += scripts != 0
    counts[10] += _mixes(scripts)
    counts[0], counts[1], counts[2], counts[3], counts[4] = letters, capitals, digits, solid, longest
    for kind in kinds:
        counts[5] += kind & 1
        counts[6] += kind >> 1 & 1
        counts[7] += kind & 3 == 3
        counts[8] += kind >> 3
    return counts


@inlined
def _mixes(scripts: int) -> bool:
    """Whether a stretch mixes alphabets; Latin beside Han, kana or Hangul is ordinary writing."""
    alphabets = scripts & ~EAST_ASIAN
    return alphabets & (alphabets - 1) != 0 or (scripts & EAST_ASIAN != 0 and alphabets & ~LATIN != 0)


@compiled
def find_tokens(points: Points, traits: Traits, folds: Folds, n_most: int) -> Hashes:
    """Hash the tokens that listed words are looked up by: words, cut at the marks inside them."""
    hashes = np.empty(n_most, np.uint64)
    count, hashed, inside = 0, _OFFSET, False
    for i in range(len(points)):
        bits = traits[points[i]]
        if inside and (bits & _WORD == 0 or bits & _SINGLE):
            hashes[count] = mix(hashed)
            count += 1
            inside = False
        if bits & _SINGLE:
            hashes[count] = mix((_OFFSET ^ np.uint64(folds[points[i]])) * _PRIME)
            count += 1
        elif bits & _WORD:
            hashed = ((hashed if inside else _OFFSET) ^ np.uint64(folds[points[i]])) * _PRIME
            inside = True
    if inside:
        hashes[count] = mix(hashed)
        count += 1
    return hashes[:count]
