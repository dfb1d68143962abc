"""Texts as the fastText classifiers read them: one line of tokens, and a token for the shape of each line."""

from __future__ import annotations

import re
from bisect import bisect
from functools import cache
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from udfs.words import BLANK, NUMBER, SINGLE, WORD, Points, class_table, codepoints, from_codepoints

MAX_CHARS: Final = 100_000
"""Characters of a document that a model reads, from its start; the time for a document is bounded by it."""

_TEX_BRACKET = re.compile(r"\\[()\[\]]")
_HIDDEN, _PART, _DIGIT, _ALONE = range(4)
"""What a code point becomes: a blank, itself within a word, a 0 within a word, a token by itself."""
_BLANK, _ZERO = 32, 48

_SHAPE = "¶"
_WIDTHS = (10, 25, 50, 100, 250)
_SENTENCE_ENDS = frozenset(".!?…。！？।؟")
_CLAUSE_ENDS = frozenset(":;,、，：；،")
_BULLETS = frozenset("•*-–—·|>»")


def prepare(text: str) -> str:
    """Return a text as the models read it: tokens on one line, separated by blanks.

    Lower case; words are runs of letters, marks and numbers; every other visible code point, and each code point of a script
    without blanks, is a token by itself; TeX's four brackets of formulas become ``$`` and ASCII digits 0; white space, control
    characters and lone surrogates become one blank. Only the first `MAX_CHARS` characters count. Any string is accepted.
    """
    text = text[:MAX_CHARS].lower()
    if "\\" in text:
        text = _TEX_BRACKET.sub("$", text)
    return from_codepoints(_tokens(codepoints(text), _becomes()))


@cache
def _becomes() -> NDArray[np.uint8]:
    """Return what each code point becomes, worked out once a process."""
    flags, points = class_table(), np.arange(len(class_table()))
    word = (flags & WORD) != 0
    hidden = ~word & (((flags & BLANK) != 0) | (points < 33) | ((points >= 127) & (points < 160)))
    found = np.where(word, _PART, _ALONE).astype(np.uint8)
    found[((flags & NUMBER) != 0) & (points < 128)] = _DIGIT
    found[(flags & SINGLE) != 0] = _ALONE
    found[hidden | ((points >= 0xD800) & (points <= 0xDFFF))] = _HIDDEN
    found.flags.writeable = False
    return found


@njit(cache=True, nogil=True)
def _tokens(points: Points, becomes: NDArray[np.uint8]) -> Points:
    """Return code points as tokens with one blank between them."""
    made, count, apart = np.empty(2 * len(points) + 1, np.uint32), 0, False
    for i in range(len(points)):
        kind = becomes[points[i]]
        if kind == _HIDDEN:
            apart = True
            continue
        if count and (apart or kind == _ALONE):
            made[count] = _BLANK
            count += 1
        made[count] = _ZERO if kind == _DIGIT else points[i]
        count += 1
        apart = kind == _ALONE
    return made[:count]


def shapes(text: str) -> str:
    """Return a token for each line that is not blank, in order: how long it is, how it begins and ends, whether it was there before.

    What `prepare` leaves out, and what sets listings, menus and repeated lines apart in any language. No word of `prepare` looks
    like these tokens. Only the first `MAX_CHARS` characters count. Any string is accepted.
    """
    tokens, seen = [], set[str]()
    for line in text[:MAX_CHARS].split("\n"):
        if not (line := line.strip()):
            continue
        first, last = line[0], line[-1]
        begins = "b" if first in _BULLETS else "d" if first.isdigit() else "u" if first.isupper() else "l"
        ends = "s" if last in _SENTENCE_ENDS else "c" if last in _CLAUSE_ENDS else "n"
        tokens.append(f"{_SHAPE}{bisect(_WIDTHS, len(line))}{begins}{ends}{'r' if line in seen else ''}")
        seen.add(line)
    return " ".join(tokens)


def read(text: str, *, lines: bool) -> str:
    """Return a text as a model reads it: its words (`prepare`), and the shapes of its lines if it reads those; empty without words."""
    prepared = prepare(text)
    return f"{prepared} {shapes(text)}" if prepared and lines else prepared
