"""What the kernels of block lists share: tables, codes, classes of bytes, and how they are compiled."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar, cast

import numpy as np
from numba import njit
from numpy.typing import NDArray

from udfs.compiled import Stamp, kept, stamp

F = TypeVar("F", bound=Callable[..., Any])
Bytes = NDArray[np.uint8]
Hashes = NDArray[np.uint64]
Codes = NDArray[np.uint16]
Index = NDArray[np.uint32]
Offsets = NDArray[np.int64]
Numbers = NDArray[np.int32]

NONE: Final = -1
"""Nothing is known of a URL."""
ODD: Final = -2
"""A URL that Python has to look at."""
ALLOWED: Final = -3
"""An allow list holds the URL."""

NUMBER: Final = 0x3FFF
"""Bits of a code that number the list of an entry; all set where no list holds it."""
SUFFIX: Final = 0x4000
"""Bit of a code: the host has entries with paths and is a public suffix, so that ``www.`` before it is a name like any other."""
PATHS: Final = 0x8000
"""Bit of a code: the host has entries with paths."""

HARD, HOST, SOFT = 1, 2, 4
"""Codes of words: one drops, one drops in the host, two drop."""

EXACT, PARENT = 1, 2
"""Codes of public suffixes: the name itself, any name right below it."""

BLANK, PLAIN, UNUSUAL, WIDE = 0, 1, 2, 3
"""Kinds of lines: nothing, a host in canonical form, anything else, a host that may be a public suffix."""

MAX_PLAIN: Final = 2_700
"""Bytes of a URL that is judged here: whatever has to be encoded in it, its canonical form stays below the limit."""

START, STEP, S32 = (np.uint64(i) for i in (0x9E3779B97F4A7C15, 0xD6E8FEB86659FD93, 32))
DOT, SLASH, COLON, PERCENT, HASH, QUERY, DASH, BREAK, RETURN = (np.uint8(ord(c)) for c in "./:%#?-\n\r")
MAX_HOST, MAX_LABEL = 253, 63
HTTP, WWW = np.frombuffer(b"http", dtype=np.uint8), np.frombuffer(b"www.www.", dtype=np.uint8)


def _table(*pairs: tuple[str, int]) -> Bytes:
    made = np.zeros(256, dtype=np.uint8)
    for chars, value in pairs:
        made[[ord(char) for char in chars]] = value
    return made


_LETTERS, _CAPITALS, _DIGITS = "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789"
NAME, LABEL_END, HOST_END, _PORT = 1, 2, 3, 4
HOST_KIND = _table((_LETTERS + _CAPITALS + _DIGITS + "-_", NAME), (".", LABEL_END), ("/?#", HOST_END), (":", _PORT))
PATH_KIND = _table((_LETTERS + _CAPITALS + _DIGITS + "-_~/.", NAME))
LOWER = np.arange(256, dtype=np.uint8)
LOWER[ord("A") : ord("Z") + 1] += 32
WORD = _table(*((char, ord(char.lower())) for char in _LETTERS + _CAPITALS + _DIGITS))
DIGIT = _table((_DIGITS, 1))
FOLDING = np.array(
    [[0xC3, 0x9F, 0x9F], [0xC4, 0xB0, 0xB0], [0xC5, 0x89, 0x89], [0xC5, 0xBF, 0xBF], [0xC7, 0xB0, 0xB0], [0xBA, 0x96, 0x9E],
     [0x84, 0xAA, 0xAA], [0xAC, 0x80, 0x86]], dtype=np.uint8,
)  # fmt: skip
HEX = np.full(256, 16, dtype=np.uint8)
HEX[[ord(char) for char in _DIGITS + "abcdef"]] = range(16)
HEX[[ord(char) for char in "ABCDEF"]] = range(10, 16)


class Table(NamedTuple):
    """Hashes in ascending order, the code of each, and where the hashes of each value of the leading bits begin.

    ``starts`` has an entry for each value of the leading ``64 - shift`` bits, at least one bit, and one more.
    """

    hashes: Hashes
    codes: Codes
    starts: Index
    shift: np.uint64


@cache
def _stamp() -> Stamp:
    return stamp(list(Path(__file__).parent.glob("*.py")))


def entry(function: F) -> F:
    """Compile a function that Python calls, and keep it on disk until a module of this folder changes."""
    return kept(function, _stamp(), nogil=True)


def helper(function: F) -> F:
    """Compile a function that only compiled functions call, as part of them."""
    return cast(F, njit(nogil=True)(function))
