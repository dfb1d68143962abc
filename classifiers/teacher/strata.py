"""Which documents a sample for labelling takes: strata, how many of each, a draw by hashes, and with which probability.

Strata cross language, size of the registered domain, decile of the length and decile of a heuristic score, deciles within the
language. First at most so many documents of a domain stay, those with the smallest draws; then strata are drawn from in proportion
to the root of their size, so that rare ones are seen without the common ones being lost (power allocation, Bankier 1988). Each
document says with which probability it came in, so that weights 1 / probability estimate figures of the whole (two phases: Särndal,
Swensson and Wretman 1992, 9.3).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import floor, isqrt

import xxhash

SIZES = ((100, "100+"), (10, "10-99"), (2, "2-9"), (0, "1"))
"""Documents of a domain, from which on its stratum has which name."""

NO_SCORE = "-"
_SHARP = 10**6


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is drawn.

    Parameters
    ----------
    size : int
        Documents; all there are where there are fewer.
    per_domain : int
        Most documents of a registered domain that can come in.
    seed : int
        Of the draw.
    languages : tuple of str
        Languages that are drawn from; empty: all.
    """

    size: int
    per_domain: int = 20
    seed: int = 1
    languages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Candidate:
    """A document that may come in: its keys, what its stratum is made of, its draw, and what dropped it (None: kept)."""

    id: bytes
    split: str
    url: str
    domain: str
    language: str
    n_chars: int
    quality: float | None
    reason: str | None
    draw: int


@dataclass(frozen=True, slots=True)
class Drawn:
    """A document of the sample: candidate, stratum, probability."""

    candidate: Candidate
    stratum: str
    probability: float


def draw(candidates: Sequence[Candidate], wanted: Wanted) -> list[Drawn]:
    """Draw a sample; no two candidates have the same id.

    Returns
    -------
    list of Drawn
        In the order of the draws, so that whatever part of the sample is labelled first is a sample itself.
    """
    strata = _strata(candidates)
    of_domain = Counter(one.domain for one in candidates)
    left = _capped(candidates, wanted.per_domain)
    members: dict[str, list[Candidate]] = {}
    for one in left:
        members.setdefault(strata[one.id], []).append(one)
    names = sorted(members)
    shares = allocated([len(members[name]) for name in names], wanted.size)
    start = xxhash.xxh3_64_intdigest(b"start of the rounding", seed=wanted.seed)
    found: list[Drawn] = []
    for name, (share, count) in zip(names, _rounded(shares, start), strict=True):
        chosen = sorted(members[name], key=lambda one: (one.draw, one.id))[:count]
        within = float(share / len(members[name]))
        found += [Drawn(one, name, within * _stays(of_domain, one, wanted.per_domain)) for one in chosen]
    return sorted(found, key=lambda one: (one.candidate.draw, one.candidate.id))


def allocated(sizes: Sequence[int], size: int) -> list[Fraction]:
    """Return how many documents of each stratum are to be drawn: in proportion to the root of its size, never more than it has.

    Examples
    --------
    >>> [int(share) for share in allocated([100, 4, 1], 13)]
    [10, 2, 1]
    """
    weights = [isqrt(n * _SHARP**2) for n in sizes]
    taken = [False] * len(sizes)
    while True:
        free = size - sum(n for n, whole in zip(sizes, taken, strict=True) if whole)
        total = sum(w for w, whole in zip(weights, taken, strict=True) if not whole)
        full = [not whole and free * w >= n * total for n, w, whole in zip(sizes, weights, taken, strict=True)]
        if not any(full):
            return [
                Fraction(n) if whole else Fraction(free * w, total) for n, w, whole in zip(sizes, weights, taken, strict=True)
            ]
        taken = [whole or more for whole, more in zip(taken, full, strict=True)]


def _rounded(shares: Sequence[Fraction], start: int) -> Iterator[tuple[Fraction, int]]:
    """Yield each share with a whole number that on average over all starts is the share, and whose sum is that of the shares."""
    at = Fraction(start, 2**64)
    for share in shares:
        end = at + share
        yield share, floor(end) - floor(at)
        at = end


def _strata(candidates: Sequence[Candidate]) -> dict[bytes, str]:
    of_domain = Counter(one.domain for one in candidates)
    by_language: dict[str, list[Candidate]] = {}
    for one in candidates:
        by_language.setdefault(one.language, []).append(one)
    names: dict[bytes, str] = {}
    for language, some in by_language.items():
        lengths = deciles([one.n_chars for one in some])
        scores = deciles([one.quality for one in some if one.quality is not None])
        for one in some:
            size = next(name for least, name in SIZES if (of_domain[one.domain] if one.domain else 1) >= least)
            score = NO_SCORE if one.quality is None else str(scores[one.quality])
            names[one.id] = f"{language}/{size}/length {lengths[one.n_chars]}/score {score}"
    return names


def deciles(values: Sequence[float]) -> Mapping[float, int]:
    """Return the decile (0-9) of each value that occurs: ten times the share of smaller ones, rounded down; equal values share one."""
    found: dict[float, int] = {}
    for smaller, value in enumerate(sorted(values)):
        found.setdefault(value, 10 * smaller // len(values))
    return found


def _capped(candidates: Sequence[Candidate], most: int) -> list[Candidate]:
    """Keep at most so many of a domain, those with the smallest draws; documents without a domain are each their own."""
    taken: Counter[str] = Counter()
    left = []
    for one in sorted(candidates, key=lambda one: (one.draw, one.id)):
        if not one.domain or taken[one.domain] < most:
            taken[one.domain] += 1
            left.append(one)
    return left


def _stays(of_domain: Mapping[str, int], one: Candidate, most: int) -> float:
    return min(1.0, most / of_domain[one.domain]) if one.domain else 1.0
