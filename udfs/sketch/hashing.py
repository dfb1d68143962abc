"""Hashes of tokens and of runs of tokens, as arrays: what is kept in files of n-grams."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import xxhash
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]

_STEP: Final = np.uint64(0x9E3779B97F4A7C15)
"""Base of the polynomial over token hashes: 2^64 divided by the golden ratio, odd."""

_MIX_1: Final = np.uint64(0xFF51AFD7ED558CCD)
_MIX_2: Final = np.uint64(0xC4CEB9FE1A85EC53)
_SHIFT: Final = np.uint64(33)


def token_hashes(words: Sequence[str]) -> Hashes:
    """Return xxh3_64 (seed 0) of each token; tokens are encodable, since a lone surrogate never is part of one."""
    return np.fromiter((xxhash.xxh3_64_intdigest(word.encode()) for word in words), dtype=np.uint64, count=len(words))


def gram_hashes(hashes: Hashes, n: int) -> Hashes:
    """Return one 64-bit hash for each run of ``n`` tokens, in order; the run of all tokens when there are fewer than ``n``.

    A polynomial over the token hashes modulo 2^64, mixed, so that order counts and no text needs to be put together.
    """
    width = min(n, len(hashes))
    if not width:
        return hashes
    runs = np.zeros(len(hashes) - width + 1, dtype=np.uint64)
    for offset in range(width):
        runs *= _STEP
        runs += hashes[offset : offset + len(runs)]
    return mix(runs)


def mix(values: Hashes) -> Hashes:
    """Return the values through MurmurHash3's 64-bit finaliser, a bijection each of whose bits depends on all."""
    values = (values ^ (values >> _SHIFT)) * _MIX_1
    values = (values ^ (values >> _SHIFT)) * _MIX_2
    return values ^ (values >> _SHIFT)
