"""Document sketches: hashed shingles, MinHash, band keys and the similarity that two signatures show.

A document is the set of its runs of ``ngram`` tokens (`udfs.words.tokens`). Its MinHash (Broder 1997) takes, for each of
``bands * rows`` hash functions, the smallest value over that set; two documents agree in one of them with a probability
equal to their Jaccard similarity. Keys of the bands propose pairs, eight bits of each minimum verify them, and a 128-bit
hash of the whole token stream finds texts that differ in case, punctuation and space only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import xxhash
from numpy.typing import NDArray

from udfs.words import tokens

Hashes = NDArray[np.uint64]

_STEP = np.uint64(0x9E3779B97F4A7C15)
"""Base of the polynomial over token hashes: 2^64 divided by the golden ratio, odd."""

_MIX_1 = np.uint64(0xFF51AFD7ED558CCD)
_MIX_2 = np.uint64(0xC4CEB9FE1A85EC53)
_SHIFT = np.uint64(33)
_HIGH = np.uint64(32)

_BLOCK = 1 << 18
"""Products held at once while minima are taken: 2 MiB, which stays in a core's cache."""

_CHANCE = 1 / 256
"""Share of unequal minima whose eight kept bits agree."""


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
        Key of the counter-based generator that draws the hash functions.
    max_tokens : int
        Tokens read from the start of a text; what follows has no part in bands and signature, but in the exact hash.
    """

    ngram: int = 5
    bands: int = 20
    rows: int = 6
    seed: int = 1
    max_tokens: int = 2**20

    def __post_init__(self) -> None:
        for name in ("ngram", "bands", "rows", "max_tokens"):
            if getattr(self, name) < 1:
                raise ValueError(f"sketch: {name} is {getattr(self, name)}; it must be 1 or more")
        if not 0 <= self.seed < 2**64:
            raise ValueError(f"sketch: seed is {self.seed}; it must lie in 0 .. 2^64-1")


@dataclass(frozen=True, slots=True, eq=False)
class Sketch:
    """The fixed-size image of a document.

    Parameters
    ----------
    exact : bytes
        16 bytes, xxh3_128 of the tokens joined by one blank. All texts without a token share one value: they are no
        duplicates of each other, so leave them out by ``n_shingles``.
    n_shingles : int
        Distinct shingles; 0 for a text without a token.
    bands : ndarray of int64
        One key a band, the band's number mixed in, so that the keys of all bands fit in one table; empty without a token.
    signature : bytes
        The low eight bits of each of the ``bands * rows`` minima; empty without a token.
    """

    exact: bytes
    n_shingles: int
    bands: NDArray[np.int64]
    signature: bytes


def sketch(text: str, settings: SketchSettings) -> Sketch:
    """Sketch one text.

    Any string is accepted. A text of fewer tokens than ``ngram`` has one shingle, all its tokens.
    """
    words = tokens(text)
    exact = xxhash.xxh3_128_digest(" ".join(words).encode())
    if not words:
        return Sketch(exact, 0, np.zeros(0, dtype=np.int64), b"")
    shingles = np.unique(gram_hashes(token_hashes(words[: settings.max_tokens]), settings.ngram))
    minima = _minima(shingles, settings)
    return Sketch(exact, len(shingles), _band_keys(minima, settings), minima.astype(np.uint8).tobytes())


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


@lru_cache(maxsize=8)
def _family(seed: int, size: int) -> tuple[Hashes, Hashes]:
    drawn = np.random.Philox(key=seed).random_raw(2 * size).astype(np.uint64)
    return drawn[:size] | np.uint64(1), drawn[size:]


def _minima(shingles: Hashes, settings: SketchSettings) -> Hashes:
    # The family a*x + b modulo 2^64 with odd a: the low bits of such products are weak, the high 32 are sound.
    factors, terms = _family(settings.seed, settings.bands * settings.rows)
    lowest = np.full(len(factors), np.iinfo(np.uint64).max, dtype=np.uint64)
    step = max(1, _BLOCK // len(factors))
    for start in range(0, len(shingles), step):
        products = factors[:, None] * shingles[None, start : start + step]
        products += terms[:, None]
        np.minimum(lowest, products.min(axis=1), out=lowest)
    return lowest >> _HIGH


def _band_keys(minima: Hashes, settings: SketchSettings) -> NDArray[np.int64]:
    table = minima.reshape(settings.bands, settings.rows)
    keys = mix(np.arange(1, settings.bands + 1, dtype=np.uint64))
    for row in range(settings.rows):
        keys = mix(keys * _STEP + table[:, row])
    return keys.view(np.int64)


def similarity(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Estimate the Jaccard similarity of pairs of documents from their signatures.

    Parameters
    ----------
    first, second : ndarray of uint8, shape (n, m)
        Signatures of n pairs, one a row (``np.frombuffer(signature, np.uint8)``), made under the same settings.

    Returns
    -------
    ndarray of float64
        The share of agreeing values, freed of the 1/256 that agrees by chance since eight bits are kept, 0-1. Its
        standard error is ``sqrt(j (1 - j) / m)``: 0.04 at 0.75 with 120 values.
    """
    agreeing = np.count_nonzero(first == second, axis=1) / first.shape[1]
    estimate: NDArray[np.float64] = np.clip((agreeing - _CHANCE) / (1 - _CHANCE), 0.0, 1.0)
    return estimate


def s_curve(jaccard: float, bands: int, rows: int) -> float:
    """Return the probability that two documents of a given Jaccard similarity share a band key."""
    return float(1 - (1 - jaccard**rows) ** bands)
