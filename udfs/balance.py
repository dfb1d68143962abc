"""Downsampling of classes that a corpus has too much of: how much of each class is kept.

A class may have a largest share of what is kept. Classes above theirs are cut down to exactly it, the others stay whole. Which
documents stay is decided by their place (`udfs.mixture.sampling_hash`), which depends on id and seed alone: the same at every
parallelism, and what a lower share keeps, a higher one keeps as well. All arithmetic is in whole numbers; shares are read in parts
per million.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from udfs.mixture import MILLION, Places, sampling_hash

WHOLE = 1 << 64
"""The end of the places: a document is kept whose place is below its class's limit."""

_STREAM = "balance"


class BalanceError(ValueError):
    """Shares that can't be met; the message names the class, what was asked and what is possible."""


@dataclass(frozen=True, slots=True)
class Balanced:
    """What becomes of one class.

    Parameters
    ----------
    available : int
        Its tokens (or documents).
    target : int
        How many are to stay.
    """

    available: int
    target: int


def balanced(counts: Mapping[str, int], shares: Mapping[str, float]) -> dict[str, Balanced]:
    """Set what stays of each class such that none exceeds its share of the result.

    Parameters
    ----------
    counts : mapping of str to int
        Tokens, or documents, of each class.
    shares : mapping of str to float
        Largest share of the result by class, 0-1, read to six decimals; a class without one is never cut. They may add up to more
        than 1: each is a limit of its own.

    Returns
    -------
    dict
        By class, sorted. Targets are the largest whole numbers within the shares.

    Raises
    ------
    BalanceError
        When a share is not in 0-1 or is for a class that is not counted, a count is negative, or all classes that have anything are
        to be less than the whole together.
    """
    limits = _limits(counts, shares)
    total, capped = _solve(counts, limits)
    return {
        name: Balanced(have, min(have, total * limits[name] // MILLION) if name in capped else have)
        for name, have in sorted(counts.items())
    }


def _limits(counts: Mapping[str, int], shares: Mapping[str, float]) -> dict[str, int]:
    for name in sorted(shares):
        if not 0 <= shares[name] <= 1:
            raise BalanceError(f"balance: the share of {name} is {shares[name]}; it must be between 0 and 1")
        if name not in counts:
            raise BalanceError(f"balance: there is no class {name!r}; there are {', '.join(sorted(counts))}")
    for name in sorted(counts):
        if counts[name] < 0:
            raise BalanceError(f"balance: class {name} has {counts[name]} tokens; counts are 0 or more")
    return {name: round(shares[name] * MILLION) for name in sorted(shares)}


def _solve(counts: Mapping[str, int], limits: Mapping[str, int]) -> tuple[int, frozenset[str]]:
    """Return the size of the result, rounded down, and the classes that are cut.

    With the cut classes known, the others are all that is not theirs: ``total = others / (1 - their shares)``. The total falls with
    every class that joins them, so that a class which has joined stays, and no more rounds are needed than there are classes.
    """
    capped: frozenset[str] = frozenset()
    while True:
        taken = sum(limits[name] for name in capped)
        others = sum(have for name, have in counts.items() if name not in capped)
        if capped and not others and any(limits[name] for name in capped):
            names = ", ".join(sorted(capped))
            raise BalanceError(
                f"balance: {names} have all there is and are to be {taken / 10_000:g} % of it; raise their shares to 100 % together, "
                "or take one of them out"
            )
        over = {n for n in limits if n not in capped and counts[n] * (MILLION - taken) > limits[n] * others}
        if not over:
            return others * MILLION // max(1, MILLION - taken), capped
        capped |= over


def places(ids: Sequence[bytes], *, seed: int = 0) -> Places:
    """Return the place of each document, in ``[0, 2^64)``, by its id; drawn apart from the places that a mixture is sampled by."""
    return sampling_hash(ids, _STREAM, seed=seed)


def kept(places: Places, below: int) -> NDArray[np.bool_]:
    """Return which documents stay: those whose place is below the limit (``0 .. 2^64``)."""
    if not 0 <= below <= WHOLE:
        raise BalanceError(f"balance: a limit of {below}; it must be between 0 and 2^64")
    return places <= np.uint64(below - 1) if below else np.zeros(len(places), dtype=np.bool_)
