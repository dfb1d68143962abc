"""Token-exact sampling of a mixture: how often each document goes into the shards, and in which order.

Every document has a place in ``[0, 2^64)``, a hash of seed, class and id. A class that is to be seen ``e`` times gives
every document ``floor(e)`` copies, and one more to those whose place is below a cut, chosen such that their tokens first
reach what is left. So a class misses its target by less than one document, nothing is sorted, and a larger budget only adds
documents. All arithmetic is in whole numbers; shares are parts per million.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import xxhash
from numpy.typing import NDArray

Places = NDArray[np.uint64]
Counts = NDArray[np.int64]

MILLION = 1_000_000
BINS = 1 << 16
_BIN_SHIFT = np.uint64(48)
_WHOLE = 1 << 64


class Shortfall(ValueError):
    """The budget asks a class for more tokens than its documents have within its cap on epochs."""


def parts(weights: Mapping[str, float]) -> dict[str, int]:
    """Return weights as parts per million that add up to exactly one million (largest remainders, ties by name).

    Raises
    ------
    ValueError
        When a weight is negative or not finite, or all are zero.
    """
    for name, weight in weights.items():
        if not 0 <= weight < float("inf"):
            raise ValueError(f"mixture: share of {name} is {weight}; it must be a number of 0 or more")
    total = sum(weights[name] for name in sorted(weights))
    if total <= 0:
        raise ValueError("mixture: all shares are 0; at least one class must have a share")
    exact = {name: weights[name] / total * MILLION for name in sorted(weights)}
    whole = {name: int(value) for name, value in exact.items()}
    by_remainder = sorted(exact, key=lambda name: (whole[name] - exact[name], name))
    for name in by_remainder[: MILLION - sum(whole.values())]:
        whole[name] += 1
    return whole


@dataclass(frozen=True, slots=True)
class ClassPlan:
    """What one class gives.

    Parameters
    ----------
    available : int
        Tokens of its documents.
    target : int
        Tokens to reach.
    """

    available: int
    target: int

    @property
    def full(self) -> int:
        """Copies that every document has."""
        return self.target // self.available if self.available else 0

    @property
    def rest(self) -> int:
        """Tokens that are left for the documents with one copy more."""
        return self.target % self.available if self.available else 0

    @property
    def epochs(self) -> float:
        """How often the class is seen (for reports)."""
        return self.target / self.available if self.available else 0.0


@dataclass(frozen=True, slots=True)
class MixPlan:
    """Targets of a mixture.

    Parameters
    ----------
    budget : int
        Tokens asked for. The targets, each rounded down, add up to this less at most one token a class.
    classes : mapping of str to ClassPlan
        By class, sorted.
    capped : tuple of str
        Classes held at their cap on epochs by ``shortfall="rescale"``; empty when all shares are met.
    """

    budget: int
    classes: Mapping[str, ClassPlan]
    capped: tuple[str, ...] = ()

    @property
    def targets(self) -> dict[str, int]:
        """Tokens to reach, by class."""
        return {name: plan.target for name, plan in self.classes.items()}

    @property
    def epochs(self) -> dict[str, float]:
        """How often each class is seen."""
        return {name: plan.epochs for name, plan in self.classes.items()}


def budget(available: Mapping[str, int], shares: Mapping[str, int], *, epochs: Mapping[str, float]) -> int:
    """Return the largest budget at which every class keeps its share within its cap: ``min A_c E_c / s_c``.

    Parameters
    ----------
    available : mapping of str to int
        Tokens of each class.
    shares : mapping of str to int
        Parts per million of the budget, adding up to one million (see `parts`).
    epochs : mapping of str to float
        Largest number of times a class may be seen, read to six decimals.

    Raises
    ------
    Shortfall
        When a class with a share has no token.
    ValueError
        When shares do not add up or a cap is missing or negative.
    """
    caps = _caps(available, shares, epochs)
    most, binding = _largest(caps, shares)
    if most <= 0:
        raise _shortfall(binding, available, shares, most)
    return most


def plan(
    available: Mapping[str, int],
    shares: Mapping[str, int],
    *,
    epochs: Mapping[str, float],
    budget: int | None = None,
    shortfall: Literal["fail", "rescale"] = "fail",
) -> MixPlan:
    """Set the target of each class.

    Parameters
    ----------
    available, shares, epochs
        As of `budget`.
    budget : int, optional
        Tokens to reach; without it the largest feasible number.
    shortfall : {"fail", "rescale"}
        When a class cannot give its share: stop, or hold it at its cap and spread what is missing over the others by their
        shares. Without a budget, ``rescale`` leaves classes without a token out and keeps the proportions of the others.

    Raises
    ------
    Shortfall
        Naming the binding class, its tokens and the largest feasible budget; with ``rescale``, when all classes at their
        caps do not reach the budget.
    """
    caps = _caps(available, shares, epochs)
    names = sorted(shares)
    rescale = shortfall == "rescale"
    usable = {name: shares[name] for name in names if caps[name] > 0} if rescale else {}
    most, binding = _largest(caps, usable or shares)
    if budget is None:
        budget = most
    if budget <= 0 or (budget > most and not rescale):
        raise _shortfall(binding, available, shares, most, needs=_needs(budget, available, shares, epochs))
    total = sum(caps[name] for name in names if shares[name])
    if budget > total:
        raise Shortfall(f"mixture: the budget is {budget} tokens, all classes at their caps on epochs give {total}; lower it")
    targets, capped = fill(budget, caps, shares)
    return MixPlan(budget, {name: ClassPlan(available.get(name, 0), targets[name]) for name in names}, capped)


def _caps(available: Mapping[str, int], shares: Mapping[str, int], epochs: Mapping[str, float]) -> dict[str, int]:
    if sum(shares.values()) != MILLION or min(shares.values(), default=0) < 0:
        raise ValueError(
            f"mixture: shares add up to {sum(shares.values())} parts per million; they must make 1000000, none below 0"
        )
    for name in sorted(shares):
        if not 0 <= epochs.get(name, -1.0) < float("inf"):
            raise ValueError(f"mixture: class {name} has no finite cap on epochs of 0 or more; set one")
        if available.get(name, 0) < 0:
            raise ValueError(f"mixture: class {name} has {available[name]} tokens; counts are 0 or more")
    return {name: available.get(name, 0) * round(epochs[name] * MILLION) // MILLION for name in sorted(shares)}


def _largest(caps: Mapping[str, int], shares: Mapping[str, int]) -> tuple[int, str]:
    """Return the largest feasible budget, shares taken in proportion, and the class that binds it."""
    total = sum(shares.values())
    return min(((caps[name] * total // share, name) for name, share in shares.items() if share), default=(0, "-"))


def fill(wanted: int, caps: Mapping[str, int], shares: Mapping[str, int]) -> tuple[dict[str, int], tuple[str, ...]]:
    """Fill up to caps, as water does: names whose share exceeds their cap stand at it, the others divide the rest by shares.

    Returns
    -------
    dict of str to int, tuple of str
        What each name gets, rounded down, never less for more that is ``wanted``; and the names that stand at their caps.
    """
    capped: set[str] = set()
    while True:
        left = wanted - sum(caps[name] for name in capped)
        total = sum(share for name, share in shares.items() if name not in capped)
        targets = {name: caps[name] if name in capped else left * share // max(1, total) for name, share in shares.items()}
        over = {name for name, target in targets.items() if target > caps[name]}
        if not over:
            return targets, tuple(sorted(capped))
        capped |= over


def _shortfall(name: str, available: Mapping[str, int], shares: Mapping[str, int], most: int, needs: str = "") -> Shortfall:
    percent = f"{shares[name] / 10_000:g} %"
    return Shortfall(
        f"mixture: class {name} has {available.get(name, 0)} tokens and is to be {percent} of the mixture; the largest "
        f"feasible budget is {most}{needs}; lower the budget or the share, raise its epochs, or set shortfall: rescale"
    )


def _needs(budget: int, available: Mapping[str, int], shares: Mapping[str, int], epochs: Mapping[str, float]) -> str:
    """Say what each class that is too small would need for a budget: documents of so many tokens more, or epochs."""
    told = []
    for name in sorted(shares):
        target, cap, has = budget * shares[name] // MILLION, round(epochs[name] * MILLION), available.get(name, 0)
        if target > has * cap // MILLION:
            more = f"{-(-target * MILLION // cap) - has} tokens more" if cap else ""
            often = f"{-(-target * 100 // has) / 100:g} epochs" if has else ""
            told.append(f"{name} {' or '.join(filter(None, (more, often)))}")
    return f"; {budget} would need {', '.join(told)}" if told else ""


def sampling_hash(ids: Sequence[bytes], cls: str, *, seed: int) -> Places:
    """Return the place of each document: xxh3_64 of seed (decimal), NUL, class, NUL, id."""
    prefix = f"{seed}\0{cls}\0".encode()
    return np.fromiter((xxhash.xxh3_64_intdigest(prefix + i) for i in ids), dtype=np.uint64, count=len(ids))


@dataclass(frozen=True, slots=True, eq=False)
class Histogram:
    """Tokens of a class by the leading 16 bits of the place: whole numbers, so partial ones add up in any order."""

    tokens: Counts

    @classmethod
    def of(cls, places: Places, tokens: Counts) -> Histogram:
        """Count the tokens of documents at their places."""
        counts = np.zeros(BINS, dtype=np.int64)
        np.add.at(counts, bins(places), tokens)
        return cls(counts)

    def __add__(self, other: Histogram) -> Histogram:
        return Histogram(self.tokens + other.tokens)

    @property
    def total(self) -> int:
        """Tokens of the class."""
        return int(self.tokens.sum())

    def bin_of(self, rest: int) -> tuple[int, int]:
        """Return the bin in which the running sum first reaches ``rest`` (1 or more), and what is left to reach in it.

        Raises
        ------
        ValueError
            When the class has fewer tokens than that.
        """
        reached = np.cumsum(self.tokens)
        at = int(np.searchsorted(reached, rest))
        if at == BINS or rest < 1:
            raise ValueError(f"a prefix of {rest} tokens was asked of a class of {self.total}")
        return at, rest - int(reached[at] - self.tokens[at])


def bins(places: Places) -> Counts:
    """Return the histogram bin of each place."""
    return (places >> _BIN_SHIFT).astype(np.int64)


def cut(histogram: Histogram, rest: int, *, places: Places, tokens: Counts) -> int:
    """Return the place below which documents have one copy more: the shortest prefix of at least ``rest`` tokens.

    Parameters
    ----------
    histogram : Histogram
        Of the whole class.
    rest : int
        Tokens to reach (`ClassPlan.rest`).
    places, tokens : ndarray
        Documents, in any order. Those of the bin that `Histogram.bin_of` names suffice, others are passed over.

    Returns
    -------
    int
        In ``0 .. 2^64``, exclusive; 0 takes none.

    Raises
    ------
    ValueError
        When the class, or the part of it that is given, has too few tokens.
    """
    if rest == 0:
        return 0
    at, left = histogram.bin_of(rest)
    inside = bins(places) == at
    order = np.argsort(places[inside], kind="stable")
    reached = np.cumsum(tokens[inside][order])
    last = int(np.searchsorted(reached, left))
    if last == len(reached):
        raise ValueError(f"bin {at} lacks documents: {left} tokens were to be reached in it; give all of that bin's documents")
    return int(places[inside][order][last]) + 1


def copies(places: Places, *, full: int, below: int) -> Counts:
    """Return how often each document is taken: ``full`` times, and once more when its place is below the `cut`."""
    extra = places <= np.uint64(below - 1) if below else np.zeros(len(places), dtype=bool)
    return full + extra.astype(np.int64)


def order_key(id: bytes, copy: int, *, of: int, seed: int) -> int:
    """Return the place in the output of one copy (0, 1, ...) ``of`` so many of a document, in ``[0, 2^64)``.

    A document begins at a place drawn by its hash and its copies follow at even steps round the circle, each moved on by
    less than half a step by a hash of its own. So each copy is uniform over the whole output, which has the mixture's
    shares everywhere whatever the epochs of a class; two copies are at least half a step apart; and documents that are
    neighbours in one epoch are not in the next.

    Raises
    ------
    ValueError
        When ``copy`` is not one of ``0 .. of - 1``.
    """
    if not 0 <= copy < of:
        raise ValueError(f"copy {copy} of {of}: copies are numbered from 0")
    step = _WHOLE // of
    start = xxhash.xxh3_64_intdigest(f"{seed}\0".encode() + id)
    moved = xxhash.xxh3_64_intdigest(f"{seed}\0{copy}\0".encode() + id) * (step // 2) // _WHOLE if of > 1 else 0
    return (start + copy * step + moved) % _WHOLE


def shard_of(order_key: int, n_shards: int) -> int:
    """Return the shard of an order key: equal ranges, so that shards in turn are in order."""
    return order_key * n_shards // _WHOLE
