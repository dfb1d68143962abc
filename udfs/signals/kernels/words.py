"""The one tokenisation: words, tokens and what their characters say, in one loop over code points.

Words are those of `udfs.words.word_bounds`: runs of letters, marks and numbers, with marks such as an apostrophe kept inside
between two of them. In scripts without blanks each code point is a word, or what a segmenter says.
"""

from __future__ import annotations

from typing import Final, NamedTuple

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
    "traits",
)
"""What is counted, in the order of the array of counts.

Letters, capital letters, digits, characters that are not blank; length of the longest stretch without a blank; words with a
letter, with a digit, with both; words that no one could say; stretches without a sign that hold a letter, and those of them
that mix alphabets; ``#``; curly brackets; ellipses (``...``, ``…`` and ``. . .``); line ends. Last the traits of any character.
"""

_LETTERS, _CAPITALS, _DIGITS, _SOLID, _LONGEST, _LETTERED, _NUMBERED, _BOTH = range(8)
_UNSAYABLE, _CHUNKS, _MIXED, _HASHES, _BRACES, _ELLIPSES, _LINE_ENDS, _SEEN = range(8, len(COUNTS))

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


class Scanned(NamedTuple):
    """What `scan` finds.

    Parameters
    ----------
    starts, ends : array of int32
        Half-open ranges of code points, one a word.
    hashes : array of uint64
        Hash of each word in lower case.
    masked : array of uint64
        The same with every run of digits as one zero; numbers and hexadecimal words are all one word.
    kinds : array of uint8
        Bits: 1 with a letter, 2 with a digit, 4 of a script without blanks, 8 that no one could say: Latin, four letters or
        more, not in capitals (abbreviations), without a vowel or with five consonants in a row.
    tokens : array of uint64
        Hashes of the words, cut at the marks inside them, and in scripts without blanks at every code point.
    rows, upto : array of int32
        Where each line ends, the last one with the text, and how many words end before.
    counts : array of int64
        What `COUNTS` names.
    """

    starts: Bounds
    ends: Bounds
    hashes: Hashes
    masked: Hashes
    kinds: NDArray[np.uint8]
    tokens: Hashes
    rows: Bounds
    upto: Bounds
    counts: NDArray[np.int64]


@compiled
def scan(points: Points, traits: Traits, folds: Folds, begins: NDArray[np.bool_]) -> Scanned:
    """Find the words, tokens and lines of a text, and count its characters.

    Parameters
    ----------
    points : array of uint32
        Code points.
    traits, folds : array of uint32
        `udfs.signals.kernels.traits`.
    begins : array of bool
        Where words begin in scripts without blanks; empty: at each code point.
    """
    n = len(points)
    # Longer than needed: memory that is not touched costs nothing. Places are unsigned where it matters: numba asks of each that
    # is not whether it counts from the end.
    starts, ends, kinds = np.empty(n, np.int32), np.empty(n, np.int32), np.empty(n, np.uint8)
    hashes, masked, tokens = np.empty(n, np.uint64), np.empty(n, np.uint64), np.empty(n, np.uint64)
    rows, upto, counts = np.empty(n + 1, np.int32), np.empty(n + 1, np.int32), np.zeros(len(COUNTS), np.int64)
    line, word, token, at, scripts, chunks, mixed, letters, capitals, seen = 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
    blanks, chunk_start, longest_chunk, dots_from, spaced_from = 0, 0, 0, 0, 0
    while at < n:
        bits = int(traits[points[np.uintp(at)]])
        if bits & _WORD == 0:
            seen |= bits
            chunks += scripts != 0
            mixed += _mixes(scripts)
            scripts = 0
            if bits & _BLANK:
                blanks += 1
                place = np.uintp(line)
                rows[place], upto[place] = at, word
                line += points[np.uintp(at)] == _LINE_END
                longest_chunk = max(longest_chunk, at - chunk_start)
                chunk_start = at + 1
            else:
                dots_from, spaced_from = _count_sign(points, at, dots_from, spaced_from, counts)
            at += 1
            continue
        start, single, hashed, every, common, row, longest = at, bits & _SINGLE, _OFFSET, bits, bits, 0, 0
        while True:
            hashed = (hashed ^ np.uint64(folds[points[np.uintp(at)]])) * _PRIME
            every |= bits
            common &= bits
            row = (row + 1) * ((bits >> _CONSONANT_SHIFT) & 1)
            longest = max(longest, row)
            at += 1
            if at == n:
                break
            bits = int(traits[points[np.uintp(at)]])
            if single:
                if len(begins) == 0 or bits & _SINGLE == 0 or begins[at]:
                    break
            elif bits & _SINGLE or (bits & _WORD == 0 and not (bits & _INNER and _joins(points, traits, at))):
                break
        seen |= every
        place, hashed = np.uintp(word), mix(hashed)
        starts[place], ends[place], hashes[place], masked[place] = start, at, hashed, hashed
        if common & _LETTER and not (single and at > start + 1):
            # Nearly every word: all letters, and so one token.
            letters += at - start
            tokens[np.uintp(token)] = hashed
            token += 1
            scripts |= every & _SCRIPTS
        else:
            more, scripts, closed, torn = _parts(points, traits, folds, (start, at), tokens[token:], scripts, counts)
            token, chunks, mixed = token + more, chunks + closed, mixed + torn
            if every & _NUMBER:
                masked[place] = _mask(points, traits, folds, start, at)
        kinds[place] = _kind(every, single, longest, at - start)
        if every & _UPPER:
            for i in range(start, at):
                capitals += traits[points[np.uintp(i)]] & _UPPER != 0
        word += 1
    rows[line], upto[line], counts[_LINE_ENDS] = n, word, line
    longest_chunk = max(longest_chunk, n - chunk_start)
    totals = (letters, capitals, n - blanks, longest_chunk, chunks + (scripts != 0), mixed + _mixes(scripts), seen)
    _count_kinds(kinds[:word], totals, counts)
    words = (starts[:word], ends[:word], hashes[:word], masked[:word], kinds[:word])
    return Scanned(*words, tokens[:token], rows[: line + 1], upto[: line + 1], counts)


@compiled
def line_ends(points: Points) -> Bounds:
    """Return where each line of a text ends, the last one with the text."""
    return np.append(np.flatnonzero(points == _LINE_END), len(points)).astype(np.int32)


@inlined
def _count_sign(points: Points, at: int, dots_from: int, spaced_from: int, counts: NDArray[np.int64]) -> tuple[int, int]:
    """Count a mark; return from where on the next ellipses, with and without blanks, may begin."""
    sign = points[at]
    if sign == _DOT:
        if at - 2 >= dots_from and points[at - 1] == _DOT and points[at - 2] == _DOT:
            counts[_ELLIPSES] += 1
            dots_from = at + 1
        elif at - 4 >= spaced_from and _is_spaced_ellipsis(points, at):
            counts[_ELLIPSES] += 1
            spaced_from = at + 1
    else:
        counts[_HASHES] += sign == _HASH
        counts[_BRACES] += (sign == _OPEN) | (sign == _CLOSE)
        counts[_ELLIPSES] += sign == _ELLIPSIS
    return dots_from, spaced_from


@compiled
def _parts(
    points: Points, traits: Traits, folds: Folds, bounds: tuple[int, int], tokens: Hashes, scripts: int, counts: NDArray[np.int64]
) -> tuple[int, int, int, int]:
    """Cut a word that is not all letters into tokens; return their number, open scripts, and stretches closed and mixed."""
    start, end = bounds
    token, part, chunks, mixed, single = 0, _OFFSET, 0, 0, traits[points[start]] & _SINGLE
    for at in range(start, end):
        bits = int(traits[points[at]])
        counts[_LETTERS] += bits & _LETTER != 0
        counts[_DIGITS] += bits & _NUMBER != 0
        if bits & _WORD == 0 or (single and at > start):
            tokens[token] = mix(part)
            token += 1
            part = _OFFSET
        if bits & _WORD:
            part = (part ^ np.uint64(folds[points[at]])) * _PRIME
            scripts |= bits & _SCRIPTS if bits & _LETTER else 0
        else:
            chunks += scripts != 0
            mixed += _mixes(scripts)
            scripts = 0
    tokens[token] = mix(part)
    return token + 1, scripts, chunks, mixed


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
def _count_kinds(kinds: NDArray[np.uint8], totals: tuple[int, ...], counts: NDArray[np.int64]) -> None:
    letters, counts[_CAPITALS], counts[_SOLID], counts[_LONGEST], counts[_CHUNKS], counts[_MIXED], counts[_SEEN] = totals
    counts[_LETTERS] += letters
    lettered, numbered, both, unsayable = 0, 0, 0, 0
    for kind in kinds:
        lettered += kind & 1
        numbered += kind >> 1 & 1
        both += kind & (kind >> 1) & 1
        unsayable += kind >> 3
    counts[_LETTERED], counts[_NUMBERED], counts[_BOTH], counts[_UNSAYABLE] = lettered, numbered, both, unsayable


@inlined
def _mixes(scripts: int) -> bool:
    """Whether a stretch mixes alphabets; Latin beside Han, kana or Hangul is ordinary writing."""
    alphabets = scripts & ~_EAST_ASIAN
    return alphabets & (alphabets - 1) != 0 or (scripts & _EAST_ASIAN != 0 and alphabets & ~_LATIN != 0)
