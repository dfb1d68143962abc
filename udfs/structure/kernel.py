"""The compiled pass over a text that counts what its structure is made of (`udfs.structure.values`).

Everything that is compiled into each other stands in this file, because numba keeps compiled code until its own file changes.
Few words begin as an entry does: those alone are looked for, by walking a tree of letters, a step a character.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeVar, cast

import numpy as np
from numba import njit
from numpy.typing import NDArray

from udfs.words import BLANK, LETTER, SINGLE, WORD, class_table, codepoints

Points = NDArray[np.uint32]
Counts = NDArray[np.int64]

F = TypeVar("F", bound=Callable[..., Any])

PROSE, CODE, MATH, TABLE = range(4)
"""Kinds of stretches, as the pass is told them."""

(WORDS, DEDUCED, MATHS, PROGRAMS, IDENTIFIERS, SINGLES, VISIBLE, COMMANDS, SYMBOLS, OPERATORS, CELLS) = range(11)
"""Columns of what `count` returns, for each kind of stretch: counts of what the name says."""

LINES, LONGEST, DATA, LETTERS = range(4)
"""Places in what `code_lines` returns."""

LEAST_DATA_RUN: Final = 64
LEAST_DATA_WORDS: Final = 8
"""Base64 is an unbroken run of so many characters, a dump of bytes so many hexadecimal words in a row (StarCoder2)."""

_ID: Final = np.uint32(0x3FF)
_IS_WORD, _IS_LETTER, _IS_SINGLE, _IS_SYMBOL, _IS_OPERATOR, _IS_VISIBLE, _IS_SMALL, _IS_CAPITAL, _IS_SHORT = (
    np.uint32(1 << bit) for bit in range(10, 19)
)
_IS_UNBROKEN: Final = _IS_WORD | _IS_SINGLE
_ROOT, _DEAD = 0, 1
_OTHER: Final = 1
_FIRST_LETTERS: Final = 4
_HEAD_BITS: Final = np.uint64(16)
_PRIME: Final = np.uint64(0x9E3779B97F4A7C15)
_MATHS_BIT, _PROGRAMS_BIT, FIRST_LANGUAGE = 0, 1, 2
_OPERATORS: Final = "=+*^"
_SYMBOL_RANGES: Final = (
    *((point, point) for point in (0xB1, 0xB2, 0xB3, 0xB9, 0xD7, 0xF7, 0x2032, 0x2033, 0x21A6, 0x21D2, 0x21D4)),
    *((0x2070, 0x209F), (0x2100, 0x214F), (0x2200, 0x22FF), (0x27C0, 0x27EF), (0x2980, 0x2AFF), (0x1D400, 0x1D7FF)),
)


class Words(NamedTuple):
    """Words that are looked for.

    Parameters
    ----------
    codes : array of uint32
        Of every code point: its number as a letter of the tree, and bits that say what it is.
    heads : array of bool
        Whether an entry may begin with the first four letters that hash to a place. Entries that begin a word and are shorter are
        not there: their first letters have a bit of their own.
    steps : array of uint16, shape (nodes, letters)
        The node that each letter leads to; 1 leads nowhere.
    starts, wholes : array of uint32
        Bits of the entries that end at a node, where they are beginnings of words, or words.
    """

    codes: NDArray[np.uint32]
    heads: NDArray[np.bool_]
    steps: NDArray[np.uint16]
    starts: NDArray[np.uint32]
    wholes: NDArray[np.uint32]


def _compiled(function: F) -> F:
    return cast(F, njit(cache=True, nogil=True)(function))


def _inlined(function: F) -> F:
    """Put a function into those that call it: calls that pass arrays cost more than most of what is done here."""
    return cast(F, njit(inline="always")(function))


@_compiled
def count(points: Points, spans: Counts, words: Words, language: int) -> Counts:
    """Count words and signs, in one pass.

    Parameters
    ----------
    points : array of uint32
        Code points of a text.
    spans : array of int64, shape (n, 3)
        Starts, ends and kinds of its stretches, sorted, without overlap.
    words : Words
        Made by `word_tree`.
    language : int
        Bit of the text's words of deduction.

    Returns
    -------
    array of int64, shape (3, 11)
        Kinds of stretches by columns; tables count as prose.
    """
    found = np.zeros((3, CELLS + 1), np.int64)
    at = 0
    for k in range(2 * len(spans) + 1):
        odd = k % 2
        end = spans[k // 2, odd] if k < 2 * len(spans) else len(points)
        kind = spans[k // 2, 2] if odd else PROSE
        row = PROSE if kind == TABLE else kind
        _words(points, (at, end), words, language, found[row])
        if kind == TABLE:
            found[PROSE, CELLS] += 1
            for i in range(at, end):
                found[PROSE, CELLS] += (points[i] == 9) | (points[i] == 10)
        at = end
    return found


@_compiled
def _words(points: Points, where: tuple[int, int], words: Words, language: int, found: Counts) -> None:
    """Add the words and signs of a stretch."""
    bounds, camels, every = _bounds(points, where, words.codes, found)
    identifiers, commands = 0, 0
    for k in range(0, len(bounds), 2):
        start, end = int(bounds[np.uintp(k)]), int(bounds[np.uintp(k + 1)])
        if _may_be_entry(points, start, end, words):
            _tell(_entries(points, start, end, words), language, found)
        commands += (start > 0) & (points[np.uintp(max(start - 1, 0))] == 92)
        identifiers += _joined(points, start, end, words.codes) | camels[np.uintp(k + 1)]
    if every & _IS_SINGLE:
        _pairs(points, where, words, language, found)
    found[WORDS] += len(bounds) // 2
    found[IDENTIFIERS] += identifiers
    found[COMMANDS] += commands


@_compiled
def _bounds(
    points: Points, where: tuple[int, int], codes: NDArray[np.uint32], found: Counts
) -> tuple[NDArray[np.int32], NDArray[np.bool_], np.uint32]:
    """Add the signs of a stretch; return words' starts and ends by turns, beside an end whether it is in camel case, and all bits."""
    # Without a branch: a processor cannot guess where words end.
    start, end = where
    bounds, camels = np.empty(end - start + 2, np.int32), np.empty(end - start + 2, np.bool_)
    every, last, inside, camel, n = np.uint32(0), np.uint32(0), False, False, 0
    visible, symbols, operators = 0, 0, 0
    for i in range(start, end):
        code = codes[points[np.uintp(i)]]
        word = (code & _IS_UNBROKEN) == _IS_WORD
        bounds[np.uintp(n)] = i
        n += word != inside
        camel = (camel & word & inside) | ((code & (last << np.uint32(1)) & _IS_CAPITAL) != 0)
        camels[np.uintp(n)] = camel
        visible += (code & _IS_VISIBLE) != 0
        symbols += (code & _IS_SYMBOL) != 0
        operators += (code & _IS_OPERATOR) != 0
        every |= code
        last, inside = code, word
    bounds[n] = end
    n += inside
    found[VISIBLE] += visible
    found[SYMBOLS] += symbols
    found[OPERATORS] += operators
    return bounds[:n], camels[:n], every


@_compiled
def _pairs(points: Points, where: tuple[int, int], words: Words, language: int, found: Counts) -> None:
    """Add the words of scripts without blanks, and what is told by two of them side by side."""
    codes, (start, end) = words.codes, where
    for i in range(start, end):
        code = codes[points[i]]
        if code & _IS_SINGLE:
            found[SINGLES] += 1
            following = codes[points[i + 1]] if i + 1 < end else np.uint32(0)
            if following & _IS_SINGLE:
                _tell(words.wholes[words.steps[words.steps[_ROOT, code & _ID], following & _ID]], language, found)


@_inlined
def _tell(entries: np.uint32, language: int, found: Counts) -> None:
    found[MATHS] += np.int64(entries & np.uint32(1))
    found[PROGRAMS] += np.int64((entries >> np.uint32(_PROGRAMS_BIT)) & np.uint32(1))
    found[DEDUCED] += np.int64((entries >> np.uint32(language)) & np.uint32(1))


@_inlined
def _may_be_entry(points: Points, start: int, end: int, words: Words) -> bool:
    """Whether a word's first letters are those of an entry."""
    codes, last = words.codes, end - 1
    first = codes[points[np.uintp(start)]]
    head = np.uint64(first & _ID)
    for k in range(1, _FIRST_LETTERS):
        letter = codes[points[np.uintp(min(start + k, last))]] & _ID
        head = (head << np.uint64(10)) | (np.uint64(letter) if start + k < end else np.uint64(0))
    return bool(words.heads[_place(head)] | ((first & _IS_SHORT) != 0))


@_inlined
def _place(head: np.uint64) -> np.uint64:
    return (head * _PRIME) >> (np.uint64(64) - _HEAD_BITS)


@_compiled
def _entries(points: Points, start: int, end: int, words: Words) -> np.uint32:
    """Return the bits of the entries that a word is, or begins with."""
    node, told = np.int64(_ROOT), np.uint32(0)
    for i in range(start, end):
        node = np.int64(words.steps[node, words.codes[points[i]] & _ID])
        told |= words.starts[node]
    return np.uint32(told | words.wholes[node])


@_inlined
def _joined(points: Points, start: int, end: int, codes: NDArray[np.uint32]) -> bool:
    """Whether what stands around a word makes it an identifier: ``_``, ``(``, ``::`` or a full stop before a letter."""
    final = len(points) - 1
    before = points[np.uintp(max(start - 1, 0))]
    after, second = points[np.uintp(min(end, final))], points[np.uintp(min(end + 1, final))]
    colons = (after == 58) & (second == 58) & (end < final)
    dotted = (after == 46) & ((codes[second] & _IS_LETTER) != 0)
    return bool((before == 95) | (after == 95) | (after == 40) | colons | dotted)


@_compiled
def code_lines(points: Points, spans: Counts) -> Counts:
    """Return lines of all code, length of the longest, characters in runs of Base64 or of hexadecimal words, and letters."""
    found = np.zeros(LETTERS + 1, np.int64)
    for k in range(len(spans)):
        if spans[k, 2] == CODE:
            _lines(points, spans[k, 0], spans[k, 1], found)
    return found


@_compiled
def _lines(points: Points, start: int, end: int, found: Counts) -> None:
    line, run, digits, words, chars = 0, 0, 0, 0, 0
    whole = True
    for i in range(start, end + 1):
        point = points[i] if i < end else np.uint32(10)
        figure = 48 <= point <= 57
        letter = 65 <= (point & np.uint32(0xFFFFFFDF)) <= 90
        if figure or letter or point == 43 or point == 47 or point == 61:
            run += 1
        else:
            found[DATA] += run if run >= LEAST_DATA_RUN else 0
            run = 0
        if figure or letter or point > 127:
            low = point | np.uint32(32)
            whole = whole and bool(figure or 97 <= low <= 102 or low == 120)
            digits += 1
        elif digits:
            if whole and digits < LEAST_DATA_RUN:
                words, chars = words + 1, chars + digits
            else:
                found[DATA] += chars if words >= LEAST_DATA_WORDS else 0
                words, chars = 0, 0
            digits, whole = 0, True
        found[LETTERS] += letter or point > 191
        found[LINES] += point == 10
        found[LONGEST] = max(found[LONGEST], line)
        line = 0 if point == 10 else line + 1
    found[DATA] += chars if words >= LEAST_DATA_WORDS else 0


def word_tree(mathematics: Sequence[str], programming: Sequence[str], deduction: Mapping[int, Sequence[str]]) -> Words:
    """Lay out words for `count`.

    Parameters
    ----------
    mathematics, programming : sequence of str
        Words in lower case; ``*`` at the end marks the beginning of a word.
    deduction : mapping of int to sequence of str
        Words of deduction by the bit of their language, from `FIRST_LANGUAGE` to 31.
    """
    entries = [(word, 1 << _MATHS_BIT) for word in mathematics] + [(word, 1 << _PROGRAMS_BIT) for word in programming]
    entries += [(word, 1 << bit) for bit, words in deduction.items() for word in words]
    letters = sorted({char for word, _ in entries for char in word.rstrip("*")})
    number = {char: i for i, char in enumerate(letters, start=_OTHER + 1)}
    branches: list[dict[int, int]] = [{}, {}]
    starts, wholes = [0, 0], [0, 0]
    for word, bits in entries:
        node = _ROOT
        for char in word.rstrip("*"):
            if number[char] not in branches[node]:
                branches[node][number[char]] = len(branches)
                branches.append({})
                starts.append(0)
                wholes.append(0)
            node = branches[node][number[char]]
        told = starts if word.endswith("*") else wholes
        told[node] |= bits
    steps = np.full((len(branches), len(letters) + _OTHER + 1), _DEAD, np.uint16)
    for node, branch in enumerate(branches):
        steps[node, list(branch)] = list(branch.values())
    codes, heads = _codes(number), np.zeros(1 << int(_HEAD_BITS), np.bool_)
    for stem, begins in ((word.rstrip("*"), word.endswith("*")) for word, _ in entries):
        heads[_place_of(stem, number)] = True
        if begins and len(stem) < _FIRST_LETTERS:
            codes[[ord(stem[0]), ord(stem[0].upper())]] |= _IS_SHORT
    return Words(codes, heads, steps, np.array(starts, np.uint32), np.array(wholes, np.uint32))


def _place_of(stem: str, number: Mapping[str, int]) -> int:
    """Return where in ``heads`` a word is looked for: `_may_be_entry` for one who has letters."""
    head = 0
    for k in range(_FIRST_LETTERS):
        head = head << 10 | (number[stem[k]] if k < len(stem) else 0)
    return (head * int(_PRIME) & (1 << 64) - 1) >> 64 - int(_HEAD_BITS)


def _codes(number: Mapping[str, int]) -> NDArray[np.uint32]:
    """Return number and bits of every code point; capitals have the number of their small letter."""
    classes = class_table()
    codes = np.full(len(classes), _OTHER, np.uint32)
    for char, i in number.items():
        for form in {char, char.upper()}:
            if len(form) == 1:
                codes[ord(form)] = i
    for bit, ours in ((WORD, _IS_WORD), (LETTER, _IS_LETTER), (SINGLE, _IS_SINGLE)):
        codes[(classes & bit) != 0] |= ours
    codes[(classes & BLANK) == 0] |= _IS_VISIBLE
    codes[:32] &= ~_IS_VISIBLE
    for first, last in _SYMBOL_RANGES:
        codes[first : last + 1] |= _IS_SYMBOL
    codes[codepoints(_OPERATORS)] |= _IS_OPERATOR
    codes[ord("a") : ord("z") + 1] |= _IS_SMALL
    codes[ord("A") : ord("Z") + 1] |= _IS_CAPITAL
    return codes
