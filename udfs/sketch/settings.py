"""What a sketch depends on, and the hash functions that it draws."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal, get_args

import numpy as np

from udfs.sketch.hashing import Hashes

Family = Literal["multiply-add", "datasketch"]
"""Families of hash functions, see `SketchSettings`."""

_FAMILIES: Final = get_args(Family)
_HIGH: Final = np.uint64(32)
_SEED_BITS: Final = {"multiply-add": 64, "datasketch": 32}


@dataclass(frozen=True, slots=True)
class SketchSettings:
    """What a sketch depends on; sketches made under different settings must never be compared.

    Parameters
    ----------
    ngram : int
        Tokens in a shingle.
    bands, rows : int
        The signature has ``bands * rows`` values; documents that agree in all rows of a band become a candidate pair.
    seed : int
        Key of the generator that draws the hash functions: 64 bits for multiply-add, 32 for datasketch.
    max_tokens : int
        Tokens read from the start of a text; what follows has no part in bands and signature, but in the exact hash.
    family : {"multiply-add", "datasketch"}
        ``a*x + b`` modulo 2^64 with odd ``a`` over 64-bit shingle hashes, of which the high 32 bits are kept; or the functions
        of datasketch 2, bit for bit: ``a*x + b`` modulo 2^32 over the mixed first 32 bits of SHA-1 (its scheme ``affine32``).

    Raises
    ------
    ValueError
        If a value is out of range.
    """

    ngram: int = 5
    bands: int = 20
    rows: int = 6
    seed: int = 1
    max_tokens: int = 2**20
    family: Family = "multiply-add"

    def __post_init__(self) -> None:
        for name in ("ngram", "bands", "rows", "max_tokens"):
            if getattr(self, name) < 1:
                raise ValueError(f"sketch: {name} is {getattr(self, name)}; it must be 1 or more")
        if self.family not in _FAMILIES:
            raise ValueError(f"sketch: family is {self.family!r}; it must be one of {', '.join(_FAMILIES)}")
        bits = _SEED_BITS[self.family]
        if not 0 <= self.seed < 2**bits:
            raise ValueError(f"sketch: seed is {self.seed}; for the family {self.family} it must lie in 0 .. 2^{bits}-1")


@lru_cache(maxsize=8)
def hash_functions(family: Family, seed: int, size: int) -> tuple[Hashes, Hashes]:
    """Return factors and terms of ``size`` functions ``a*x + b`` modulo 2^64, of whose values the high 32 bits count.

    Multiply-add draws them from the counter-based generator Philox. Datasketch draws 32-bit numbers from ``RandomState``, in
    this order; multiplied by 2^32, they give its values modulo 2^32 as the high half.
    """
    if family == "datasketch":
        drawn = np.random.RandomState(seed)
        factors = drawn.randint(0, 2**31, size, dtype=np.uint32) * np.uint32(2) + np.uint32(1)
        terms = drawn.randint(0, 2**32, size, dtype=np.uint32)
        return factors.astype(np.uint64) << _HIGH, terms.astype(np.uint64) << _HIGH
    raw = np.random.Philox(key=seed).random_raw(2 * size).astype(np.uint64)
    return raw[:size] | np.uint64(1), raw[size:].copy()
