"""How the kernels of this folder are compiled: they are compiled into each other, so all go stale together."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from udfs.compiled import Stamp, kept, stamp

F = TypeVar("F", bound=Callable[..., Any])

Hashes = NDArray[np.uint64]
Places = NDArray[np.int64]

_MIX_1: Final = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2: Final = np.uint64(0x94D049BB133111EB)


@cache
def _stamp() -> Stamp:
    here = Path(__file__).parent
    return stamp([here.with_name("catalogue.py"), *here.glob("*.py")])


def compiled(function: F) -> F:
    """Compile a function of this folder."""
    return kept(function, _stamp(), nogil=True)


def inlined(function: F) -> F:
    """Compile a small function into those that call it: a call counts references to the arrays that it hands on."""
    return kept(function, _stamp(), inline="always")


@compiled
def mix(value: np.uint64) -> np.uint64:
    """Scatter a 64-bit value over the whole range (the finaliser of SplitMix64, a bijection)."""
    value = (value ^ (value >> np.uint64(30))) * _MIX_1
    value = (value ^ (value >> np.uint64(27))) * _MIX_2
    return value ^ (value >> np.uint64(31))


@compiled
def first_places(keys: Hashes) -> NDArray[np.int32]:
    """Return for every key the place of the first that equals it."""
    size = 16
    while size < 4 * len(keys):
        size *= 2
    slots, firsts = np.zeros(size, dtype=np.int32), np.empty(len(keys), dtype=np.int32)
    last, one = np.uintp(size - 1), np.uintp(1)
    for place in range(len(keys)):
        key = keys[place]
        at = np.uintp(key) & last
        # An empty slot is compared as if it held this key: whether it is empty is no branch that a processor would have to guess.
        held = slots[at] if slots[at] else place + 1
        while keys[np.uintp(held - 1)] != key:
            at = (at + one) & last
            held = slots[at] if slots[at] else place + 1
        slots[at] = held
        firsts[place] = held - 1
    return firsts
