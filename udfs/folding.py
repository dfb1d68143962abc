"""Code points of texts in the form that tokens are compared in: NFKC, then lower case, and the rules of drawn tables as blanks.

In most texts each character has such a form by itself, so a table gives all of them at once, some ten times as fast as
normalising the string. Texts with a character that may move, join its neighbours or become several are normalised whole.
"""

from __future__ import annotations

import unicodedata
from functools import cache
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from udfs.words import Points, codepoints, from_codepoints, nfkc

_IN_CONTEXT: Final = 0xFFFFFFFF
_LISTED: Final = 0x3400
"""Code points below are looked up one by one; above, Han and Hangul are what they are and others go with their text."""

_BOXES: Final = (0x2500, 0x259F)
_PLAIN_RANGES: Final = ((0x3400, 0x9FFF), (0xAC00, 0xD7A3))
_CONTEXTUAL: Final = frozenset({"Σ", *map(chr, range(0x1100, 0x1200))})


def folded(points: Points) -> Points:
    """Return the code points of a text in NFKC and lower case, with a blank for each that draws boxes: those are layout.

    Parameters
    ----------
    points : array of uint32
        Code points of any text.
    """
    found, greatest = _looked_up(points, _forms())
    if greatest != _IN_CONTEXT:
        return found
    found = codepoints(nfkc(from_codepoints(points)).lower())
    return np.where((found >= _BOXES[0]) & (found <= _BOXES[1]), np.uint32(ord(" ")), found)


@njit(cache=True, nogil=True)
def _looked_up(points: Points, forms: NDArray[np.uint32]) -> tuple[Points, int]:
    """Return the forms of code points, and the greatest."""
    found, greatest = np.empty(len(points), np.uint32), np.uint32(0)
    for i in range(len(points)):
        found[i] = forms[points[i]]
        greatest = max(greatest, found[i])
    return found, int(greatest)


@cache
def _forms() -> NDArray[np.uint32]:
    """Return the form of every code point that has one whatever stands beside it."""
    forms = np.full(0x110000, _IN_CONTEXT, dtype=np.uint32)
    for point in range(_LISTED):
        form = unicodedata.normalize("NFKC", chr(point))
        lower = form.lower()
        # What composes with the character before is a mark or part of a Hangul syllable; sigma looks at what follows it.
        alone = len(form) == len(lower) == 1 and not unicodedata.category(form).startswith("M") and form not in _CONTEXTUAL
        if alone:
            forms[point] = ord(lower)
    for first, last in _PLAIN_RANGES:
        forms[first : last + 1] = np.arange(first, last + 1)
    forms[_BOXES[0] : _BOXES[1] + 1] = ord(" ")
    forms.flags.writeable = False
    return forms
