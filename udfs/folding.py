"""Code points of texts in the form that tokens are compared in: NFKC, then lower case, and the rules of drawn tables as blanks.

In most texts each character has such a form by itself, so a table gives all of them at once, some ten times as fast as
normalising the string. Texts with a character that may move, join its neighbours or become several are normalised whole.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import cache
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from udfs.words import Points, codepoints, from_codepoints, nfkc

_IN_CONTEXT: Final = 0xFFFFFFFF
_MARK: Final = 1 << 31
_MOVES: Final = 1 << 30
_FORM: Final = _MOVES - 1
"""What stands for a code point whose form depends on its neighbours; the bit of a mark; of a mark that may change places with
another; the form."""

_LISTED: Final = ((0x0000, 0x33FF), (0xF900, 0xFFFF), (0x1F000, 0x1FAFF))
"""Code points that are looked up one by one; Han and Hangul are what they are, and others go with their text."""

_PLAIN: Final = ((0x3400, 0x9FFF), (0xAC00, 0xD7A3))
_BOXES: Final = (0x2500, 0x259F)
_CONTEXTUAL: Final = frozenset({"Σ", *map(chr, range(0x1100, 0x1200))})
_MOST_MARKS: Final = 30
"""Longest run of marks that is left as it is (`udfs.words.nfkc`)."""


def folded(points: Points) -> Points:
    """Return the code points of a text in NFKC and lower case, with a blank for each that draws boxes: those are layout.

    Parameters
    ----------
    points : array of uint32
        Code points of any text.
    """
    found, alone = _looked_up(points, _forms())
    if alone:
        return found
    found = codepoints(nfkc(from_codepoints(points)).lower())
    return np.where((found >= _BOXES[0]) & (found <= _BOXES[1]), np.uint32(ord(" ")), found)


@njit(cache=True, nogil=True)
def _looked_up(points: Points, forms: NDArray[np.uint32]) -> tuple[Points, bool]:
    """Return the forms of code points, and whether each has one here: no two marks beside each other could change places."""
    found, marks, moved, alone = np.empty(len(points), np.uint32), 0, np.uint32(0), True
    for i in range(len(points)):
        form = forms[points[i]]
        marks = marks + 1 if form & _MARK else 0
        alone &= form != _IN_CONTEXT and not form & moved & _MOVES and marks <= _MOST_MARKS
        moved = form
        found[i] = form & _FORM
    return found, alone


@cache
def _forms() -> NDArray[np.uint32]:
    """Return the form of every code point that has one whatever stands beside it, with the bits of marks."""
    forms = np.full(0x110000, _IN_CONTEXT, dtype=np.uint32)
    listed = [chr(point) for first, last in _LISTED for point in range(first, last + 1)]
    joining = _CONTEXTUAL | _joining(listed)
    for char in listed:
        form = unicodedata.normalize("NFKC", char)
        lower = form.lower()
        if len(form) == len(lower) == 1 and form not in joining:
            mark = _MARK if unicodedata.category(form).startswith("M") else 0
            forms[ord(char)] = ord(lower) | mark | (_MOVES if unicodedata.combining(form) else 0)
    for first, last in _PLAIN:
        forms[first : last + 1] = np.arange(first, last + 1)
    forms[(forms >= _BOXES[0]) & (forms <= _BOXES[1])] = ord(" ")
    forms.flags.writeable = False
    return forms


def _joining(chars: Iterable[str]) -> frozenset[str]:
    """Return the marks that compose with a character before them."""
    pairs = (unicodedata.decomposition(char).split() for char in chars)
    return frozenset(chr(int(pair[1], 16)) for pair in pairs if len(pair) == 2 and not pair[0].startswith("<"))
