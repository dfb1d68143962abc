"""The table by which the kernel normalises a text code point by code point, and the maker of its file.

NFKC and ``str.lower`` look at several code points at once, but seldom need to. A text is normalised code point by code
point unless one of them has no entry here (it may join the one before, or depends on its neighbours as the final sigma does),
combining marks are out of canonical order, or one of their runs is as long as `udfs.words.nfkc` breaks
(the quick check of UAX #15, section 9). Such texts are left to Python.

    python -m udfs.sketch.folds    writes folds.npz after a change of Python's Unicode version
"""

from __future__ import annotations

import sys
import unicodedata
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from udfs.sketch.kernel import END, GROWTH, MARK, ORDER_SHIFT, POINT, SEVERAL, SINGLE
from udfs.words import LETTER, NUMBER, WORD, classes, codepoints
from udfs.words import SINGLE as SINGLE_CLASS

Folds = NDArray[np.uint32]

FILE: Final = Path(__file__).with_name("folds.npz")

_POINTS: Final = np.arange(sys.maxunicode + 1, dtype=np.uint32)
_NO_CHARACTER: Final = ("Cn", "Co", "Cs")
_HANGUL_JOINING: Final = (*range(0x1161, 0x1176), *range(0x11A8, 0x11C3))
_FINAL_SIGMA: Final = "Σ"


@cache
def text_folds() -> Folds:
    """Return the entries for texts as they come: one a code point, then those that some code points become, uint32.

    What the bits of an entry mean stands in `udfs.sketch.kernel`.
    """
    with np.load(FILE) as file:
        folds: Folds = file["folds"]
        folds[: len(_POINTS)] ^= np.where(file["kept"], _POINTS, np.uint32(0))
    folds.flags.writeable = False
    return folds


@cache
def plain_folds() -> Folds:
    """Return the entries for texts that already are in NFKC and lower case: each code point is itself or a separator."""
    flags = classes(_POINTS)
    folds: Folds = _POINTS.copy()
    folds[(flags & WORD) == 0] = 0
    folds[(flags & SINGLE_CLASS) != 0] |= np.uint32(SINGLE)
    folds.flags.writeable = False
    return folds


def make() -> Folds:
    """Work out `text_folds` from the Unicode database of the running Python; takes seconds."""
    joining = {int(pair[1], 16) for pair in map(_canonical_pair, map(chr, _POINTS)) if pair} | set(_HANGUL_JOINING)
    folds, lists = np.zeros(len(_POINTS), dtype=np.uint32), list[int]()
    for point in _POINTS.tolist():
        entries = _entries(chr(point), joining)
        if len(entries) == 1:
            folds[point] = entries[0]
        else:
            folds[point] = int(SEVERAL) | (len(folds) + len(lists) if entries else 0)
            lists += [*entries, int(END)] if entries else []
    flags = classes(_POINTS)
    folds[(flags & (WORD | LETTER | NUMBER)) == WORD] |= np.uint32(MARK)
    return np.concatenate((folds, np.array(lists, dtype=np.uint32)))


def _canonical_pair(char: str) -> list[str]:
    mapping = unicodedata.decomposition(char).split()
    return mapping if len(mapping) == 2 and not mapping[0].startswith("<") else []


def _entries(char: str, joining: set[int]) -> list[int]:
    """Return the entries of what a code point becomes; none if that depends on its neighbours or takes too much room."""
    if unicodedata.category(char) in _NO_CHARACTER:
        return [0]
    normal = unicodedata.normalize("NFKC", char)
    stable = normal == char or not any(map(unicodedata.combining, normal))
    if not stable or any(ord(part) in joining for part in normal) or _FINAL_SIGMA in normal:
        return []
    points = codepoints(normal.lower())
    flags = classes(points)
    entries = np.where(flags & WORD, points, 0) | np.where(flags & SINGLE_CLASS, int(SINGLE), 0)
    if not entries.any():
        return [unicodedata.combining(char) << int(ORDER_SHIFT)]
    if len(entries) == 1:
        return [int(entries[0]) | (unicodedata.combining(char) << int(ORDER_SHIFT))]
    size = len(normal.lower().encode()) + np.count_nonzero(flags & SINGLE_CLASS) + 1
    return entries.tolist() if size <= GROWTH * len(char.encode()) else []


def write(path: Path = FILE) -> None:
    """Write the table as a file, small since most entries are 0 or the code point itself; equal tables give equal bytes."""
    folds = make()
    kept = (folds[: len(_POINTS)] & np.uint32(POINT | SEVERAL)) != 0
    folds[: len(_POINTS)] ^= np.where(kept, _POINTS, np.uint32(0))
    with path.open("wb") as file:
        np.savez_compressed(file, folds=folds, kept=kept)


if __name__ == "__main__":
    write()
