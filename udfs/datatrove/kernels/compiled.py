"""How the kernels of this folder are compiled, the bits of a code point, and the hash table that they share.

Strings are compared by 64-bit hashes: in a document of 100,000 words chance makes one false copy in 3e9.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from udfs.compiled import Stamp, kept, stamp

Hashes = NDArray[np.uint64]
Values = NDArray[np.float64]
Counts = NDArray[np.int32]

F = TypeVar("F", bound=Callable[..., Any])

SPACE: Final = 1
ALPHA: Final = 2
SYMBOL: Final = 4
TERMINAL: Final = 8
BREAK: Final = 16
DIGIT: Final = 32
RARE: Final = 64
BRACKET: Final = 128
"""Bits of a code point: blank, letter, in datatrove's punctuation, ends a sentence, ends a line, decimal digit; one of the
signs at which C4's phrases are looked for; what a citation mark begins with."""

_MIX_1: Final = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2: Final = np.uint64(0x94D049BB133111EB)
_ZERO: Final = np.uint64(0)
_ONE: Final = np.uint64(1)


@cache
def _stamp() -> Stamp:
    return stamp(list(Path(__file__).parent.glob("*.py")))


def compiled(function: F) -> F:
    """Compile a function of this folder."""
    return kept(function, _stamp(), nogil=True)


@compiled
def mixed(value: np.uint64) -> np.uint64:
    """Scatter a value over 64 bits (the finaliser of SplitMix64); never 0, which marks an empty slot."""
    value = (value ^ (value >> np.uint64(30))) * _MIX_1
    value = (value ^ (value >> np.uint64(27))) * _MIX_2
    value ^= value >> np.uint64(31)
    return value if value != _ZERO else _ONE


@compiled
def slot(keys: Hashes, key: np.uint64) -> np.uint64:
    """Return the slot that holds a key, or the empty one where it belongs."""
    mask = np.uint64(len(keys) - 1)
    at = key & mask
    while keys[at] != key and keys[at] != _ZERO:
        at = (at + _ONE) & mask
    return at
