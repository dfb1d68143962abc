"""The one tokenisation: words, tokens and what their characters say, in one loop over code points.

Words are those of `udfs.words.word_bounds`: runs of letters, marks and numbers, with marks such as an apostrophe kept inside
between two of them. In scripts without blanks each code point is a word, or what a segmenter says.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from udfs.signals.kernels.compiled import Hashes, compiled, inlined, mix
from udfs.signals.kernels.traits import CONSONANT, EAST_ASIAN, LATIN, NO_SCRIPT, SCRIPT_SHIFT, SMALL, VOWEL, Folds, Traits
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
    "hashes",
    "braces",
    "ellipses",
    "line_ends",
)
"""What is counted, in the order of the array of counts.

Letters, capital letters, digits, characters that are not blank; length of the longest stretch without a blank; words with a
letter, with a digit, with both; words that no one could say; stretches without a sign that hold a letter, and those of them
that mix alphabets; ``#``; curly brackets; ellipses (``...``, ``…`` and ``. . .``); line ends.
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
_EAST_ASIAN: Final = EAST_ASIAN << SCRIPT_SHIFT
_CONSONANT_SHIFT: Final = CONSONANT.bit_length() - 1
_A: Final = ord("a")
_F: Final = ord("f")
_X: Final = ord("x")
_HASH: Final = ord("#")
_OPEN, _CLOSE = ord("{"), ord("}")
_DOT, _ELLIPSIS, _SPACE, _LINE_END = ord("."), ord("…"), ord(" "), ord("\n")


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
def scan(
    points: Points, traits: Traits, folds: Folds, begins: NDArray[np.bool_]
) -> tuple[Bounds, Bounds, Hashes, Hashes, NDArray[np.uint8], Hashes, NDArray[np.int64]]:
    """Find the words and tokens of a text, and count its characters.

    Parameters
    ----------
    points : array of uint32
        Code points.
    traits, folds : array of uint32
        `udfs.signals.kernels.traits`.
    begins : array of bool
        Where words begin in scripts without blanks; empty: at each code point.

    Returns
    -------
    starts, ends : array of int32
        Half-open ranges of code points.
    hashes : array of uint64
        Hash of each word in lower case.
    masked : array of uint64
        The same with every run of digits as one zero; numbers and hexadecimal words are all one word.
    kinds : array of uint8
        Bits: 1 with a letter, 2 with a digit, 4 of a script without blanks, 8 that no one could say: Latin, four letters or
        more, not in capitals (abbreviations), without a vowel or with five consonants in a row.
    tokens : array of uint64
        Hashes of the words, cut at the marks inside them, and in scripts without blanks at every code point.
    counts : array of int64
        What `COUNTS` names.
    """
    n = len(points)
    # Longer than needed: memory that is not touched costs nothing.
    starts, ends, kinds = np.empty(n, np.int32), np.empty(n, np.int32), np.empty(n, np.uint8)
    hashes, masked, tokens = np.empty(n, np.uint64), np.empty(n, np.uint64), np.empty(n, np.uint64)
    word, token, at, scripts, chunks, mixed = 0, 0, 0, 0, 0, 0
    letters, capitals, all_digits, blanks, chunk_start, longest_chunk = 0, 0, 0, 0, 0, 0
    hash_marks, braces, ellipses, line_ends, dots_from, spaced_from = 0, 0, 0, 0, 0, 0
    while at < n:
        bits = int(traits[points[at]])
        if bits & _WORD == 0:
            sign = points[at]
            if bits & _BLANK:
                blanks += 1
                line_ends += sign == _LINE_END
                longest_chunk = max(longest_chunk, at - chunk_start)
                chunk_start = at + 1
            elif sign == _DOT:
                if at - 2 >= dots_from and points[at - 1] == _DOT and points[at - 2] == _DOT:
                    ellipses += 1
                    dots_from = at + 1
                elif at - 4 >= spaced_from and _is_spaced_ellipsis(points, at):
                    ellipses += 1
                    spaced_from = at + 1
            else:
                hash_marks += sign == _HASH
                braces += (sign == _OPEN) | (sign == _CLOSE)
                ellipses += sign == _ELLIPSIS
            chunks += scripts != 0
            mixed += _mixes(scripts)
            scripts = 0
            at += 1
            continue
        start, single, every, row, longest, digits = at, bits & _SINGLE, bits & 0, 0, 0, 0
        hashed, part = _OFFSET, _OFFSET
        while True:
            every |= bits
            point = np.uint64(folds[points[at]])
            hashed = (hashed ^ point) * _PRIME
            row = (row + 1) * ((bits >> _CONSONANT_SHIFT) & 1)
            longest = max(longest, row)
            capitals += bits & _UPPER != 0
            letters += bits & _LETTER != 0
            digits += bits & _NUMBER != 0
            if bits & _WORD == 0 or (single and at > start):
                tokens[token] = mix(part)
                token += 1
                part = _OFFSET
            if bits & _WORD:
                part = (part ^ point) * _PRIME
                scripts |= bits & _SCRIPTS if bits & _LETTER else 0
            else:
                chunks += scripts != 0
                mixed += _mixes(scripts)
                scripts = 0
            at += 1
            if at == n:
                break
            bits = int(traits[points[at]])
            if single:
                if len(begins) == 0 or bits & _SINGLE == 0 or begins[at]:
                    break
            elif bits & _SINGLE or (bits & _WORD == 0 and not (bits & _INNER and _joins(points, traits, at))):
                break
        starts[word], ends[word], hashes[word], tokens[token] = start, at, mix(hashed), mix(part)
        masked[word] = _mask(points, traits, folds, start, at) if digits else hashes[word]
        kinds[word] = _kind(every, single, longest, at - start)
        all_digits += digits
        token += 1
        word += 1
    longest_chunk = max(longest_chunk, n - chunk_start)
    totals = (letters, capitals, all_digits, n - blanks, longest_chunk, chunks + (scripts != 0), mixed + _mixes(scripts))
    counts = _counts(totals, kinds[:word], (hash_marks, braces, ellipses, line_ends))
    return starts[:word], ends[:word], hashes[:word], masked[:word], kinds[:word], tokens[:token], counts


@inlined
def _kind(every: int, single: int, longest: int, size: int) -> int:
    latin = every & (_SCRIPTS | NO_SCRIPT) == _LATIN
    plain = latin and every & SMALL and not single and size >= _SHORTEST_WORD
    unsayable = plain and (every & VOWEL == 0 or longest >= _LONG_CONSONANTS)
    return (every & _LETTER != 0) | (every & _NUMBER != 0) << 1 | (single != 0) << 2 | (unsayable != 0) << 3


@compiled
def _mask(points: Points, traits: Traits, folds: Folds, start: int, end: int) -> np.uint64:
    """Hash a word with every run of digits as one zero; a number or a hexadecimal word is ``0``."""
    hashed, hexadecimal, all_digits, after_digit = _OFFSET, True, True, False
    for at in range(start, end):
        point = folds[points[at]]
        digit = traits[points[at]] & _NUMBER != 0
        if not (digit and after_digit):
            hashed = (hashed ^ (_MASK if digit else np.uint64(point))) * _PRIME
        hexadecimal &= digit or _A <= point <= _F or (point == _X and at == start + 1)
        all_digits &= digit
        after_digit = digit
    if hexadecimal and (all_digits or end - start >= _SHORTEST_HEX):
        hashed = (_OFFSET ^ _MASK) * _PRIME
    return mix(hashed)


@inlined
def _is_spaced_ellipsis(points: Points, at: int) -> bool:
    """Whether ``. . .`` ends here."""
    spaces = points[at - 1] == _SPACE and points[at - 3] == _SPACE
    return bool(spaces and points[at - 2] == _DOT and points[at - 4] == _DOT)


@compiled
def _counts(totals: tuple[int, ...], kinds: NDArray[np.uint8], marks: tuple[int, ...]) -> NDArray[np.int64]:
    counts = np.zeros(15, np.int64)
    counts[0], counts[1], counts[2], counts[3], counts[4], counts[9], counts[10] = totals
    counts[11], counts[12], counts[13], counts[14] = marks
    for kind in kinds:
        counts[5] += kind & 1
        counts[6] += kind >> 1 & 1
        counts[7] += kind & 3 == 3
        counts[8] += kind >> 3
    return counts


@inlined
def _mixes(scripts: int) -> bool:
    """Whether a stretch mixes alphabets; Latin beside Han, kana or Hangul is ordinary writing."""
    alphabets = scripts & ~_EAST_ASIAN
    return alphabets & (alphabets - 1) != 0 or (scripts & _EAST_ASIAN != 0 and alphabets & ~_LATIN != 0)
