"""The compiled pass over a text that counts what its structure is made of (`udfs.structure.values`).

Everything that is compiled into each other stands in this file, because numba keeps compiled code until its own file changes.
Words are looked for by walking a tree of letters, a step a character: no word is hashed, and hardly a branch has to be guessed.
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
_IS_WORD, _IS_LETTER, _IS_SINGLE, _IS_SYMBOL, _IS_OPERATOR, _IS_VISIBLE, _IS_SMALL, _IS_CAPITAL = (
    np.uint32(1 << bit) for bit in range(10, 18)
)
_IS_UNBROKEN: Final = _IS_WORD | _IS_SINGLE
_ROOT, _DEAD = 0, 1
_OTHER: Final = 1
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
    steps : array of uint16, shape (nodes, letters)
        The node that each letter leads to; 1 leads nowhere.
    starts, wholes : array of uint32
        Bits of the entries that end at a node, where they are beginnings of words, or words.
    """

    codes: NDArray[np.uint32]
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
    codes, steps, starts, wholes = words.codes, words.steps, words.starts, words.wholes
    start, end = where
    n, maths, programs, deduced, identifiers = 0, 0, 0, 0, 0
    visible, symbols, operators, singles, commands = 0, 0, 0, 0, 0
    i = start
    while i < end:
        code = codes[points[i]]
        if not code & _IS_WORD:
            visible += (code & _IS_VISIBLE) != 0
            symbols += (code & _IS_SYMBOL) != 0
            operators += (code & _IS_OPERATOR) != 0
            i += 1
            continue
        first, node, told, camel, last = i, np.int64(_ROOT), np.uint32(0), np.uint32(0), np.uint32(0)
        if code & _IS_SINGLE:
            i += 1
            singles += 1
            following = codes[points[i]] if i < end else np.uint32(0)
            if following & _IS_SINGLE:
                told = wholes[steps[steps[_ROOT, code & _ID], following & _ID]]
        else:
            while i < end and code & _IS_UNBROKEN == _IS_WORD:
                node = np.int64(steps[node, code & _ID])
                told |= starts[node]
                camel |= (last << np.uint32(1)) & code
                symbols += (code & _IS_SYMBOL) != 0
                last = code
                i += 1
                code = codes[points[i]] if i < end else np.uint32(0)
            told |= wholes[node]
            n += 1
            before = points[first - 1] if first > 0 else np.uint32(0)
            commands += before == 92
            identifiers += (camel & _IS_CAPITAL) != 0 or _joined(points, first, i, codes)
        visible += i - first
        maths += int(told & np.uint32(1))
        programs += int((told >> np.uint32(_PROGRAMS_BIT)) & np.uint32(1))
        deduced += int((told >> np.uint32(language)) & np.uint32(1))
    for place, value in enumerate((n, deduced, maths, programs, identifiers, singles, visible, commands, symbols, operators)):
        found[place] += value


@_inlined
def _joined(points: Points, start: int, end: int, codes: NDArray[np.uint32]) -> bool:
    """Whether what stands around a word makes it an identifier: ``_``, ``(``, ``::`` or a full stop before a letter."""
    limit = len(points)
    after = points[end] if end < limit else np.uint32(32)
    second = points[end + 1] if end + 1 < limit else np.uint32(32)
    before = points[start - 1] if start > 0 else np.uint32(32)
    dotted = after == 46 and (codes[second] & _IS_LETTER) != 0
    return bool(before == 95 or after == 95 or after == 40 or (after == 58 and second == 58) or dotted)


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
    return Words(_codes(number), steps, np.array(starts, np.uint32), np.array(wholes, np.uint32))


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
