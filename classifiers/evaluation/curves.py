"""How well scores rank: ROC and precision-recall curves, their areas, figures at a keep rate, all with intervals.

Intervals are percentile bootstrap intervals (Efron 1979) that draw whole registered domains with replacement: documents of one
domain are no independent witnesses. With few domains, or most of a class in one, they are wide; that is the truth.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

DRAWS: Final = 1_000
TAIL: Final = 2.5
"""Per cent of the draws beyond each end of an interval."""


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """Documents with their scores.

    Parameters
    ----------
    values : array of float64
        Score of each document; higher speaks for the positive class.
    truth : array of bool
        Whether a document is positive.
    groups : sequence of str
        Registered domain of each document.

    Raises
    ------
    ValueError
        When the three differ in length, or a score is no finite number.
    """

    values: Floats
    truth: Bools
    groups: Sequence[str]

    def __post_init__(self) -> None:
        if not len(self.values) == len(self.truth) == len(self.groups):
            raise ValueError(f"{len(self.values)} scores, {len(self.truth)} truths and {len(self.groups)} groups do not match")
        if not np.isfinite(self.values).all():
            raise ValueError("a score is not a finite number: leave out documents that have none")

    def where(self, mask: Bools) -> Scored:
        """Return the documents of a mask."""
        return Scored(self.values[mask], self.truth[mask], [self.groups[at] for at in np.flatnonzero(mask).tolist()])


@dataclass(frozen=True, slots=True, eq=False)
class Levels:
    """How many positives and negatives have each distinct score, the lowest score first: all that a ranking says."""

    scores: Floats
    positives: Floats
    negatives: Floats


Statistic = Callable[[Levels], float]


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure with its 95 % interval; the ends are NaN where there are too few domains to draw from."""

    value: float
    low: float
    high: float

    def rounded(self, digits: int = 4) -> list[float | None]:
        """Return value, low and high as JSON has them: rounded, None for NaN."""
        return [None if math.isnan(one) else round(one, digits) for one in (self.value, self.low, self.high)]


def levels(scored: Scored) -> Levels:
    """Count the documents of each distinct score."""
    scores, places = np.unique(scored.values, return_inverse=True)
    return counted(scores, places, scored.truth, np.ones(len(scored.values)))


def auc(found: Levels) -> float:
    """Return the area under the ROC curve: the chance that a positive scores above a negative, ties counting half.

    NaN when a class is missing.
    """
    positives, negatives = found.positives.sum(), found.negatives.sum()
    if not positives or not negatives:
        return math.nan
    below = np.cumsum(found.negatives) - found.negatives / 2
    return float((found.positives * below).sum() / (positives * negatives))


def average_precision(found: Levels) -> float:
    """Return the precision averaged over the recall steps, from the highest score down; NaN when a class is missing."""
    positives = found.positives.sum()
    if not positives or not found.negatives.sum():
        return math.nan
    hits, misses = np.cumsum(found.positives[::-1]), np.cumsum(found.negatives[::-1])
    kept = hits + misses
    precision = np.divide(hits, kept, out=np.zeros_like(hits), where=kept > 0)
    return float((precision * found.positives[::-1]).sum() / positives)


def precision_at(rate: float) -> Statistic:
    """Return the statistic: precision among the highest-scoring share ``rate`` (0-1); of ties at the cut, a part counts."""

    def statistic(found: Levels) -> float:
        kept = rate * float(found.positives.sum() + found.negatives.sum())
        return _hits(found, kept) / kept if kept > 0 else math.nan

    return statistic


def recall_at(rate: float) -> Statistic:
    """Return the statistic: share of the positives among the highest-scoring share ``rate`` (0-1)."""

    def statistic(found: Levels) -> float:
        positives = float(found.positives.sum())
        return _hits(found, rate * (positives + float(found.negatives.sum()))) / positives if positives else math.nan

    return statistic


def roc(scored: Scored) -> tuple[Floats, Floats]:
    """Return false and true positive rates, from (0, 0) to (1, 1), a point a distinct score; empty when a class is missing."""
    found = levels(scored)
    hits, misses = _cumulated(found)
    if not hits[-1] or not misses[-1]:
        return np.empty(0), np.empty(0)
    return misses / misses[-1], hits / hits[-1]


def precision_recall(scored: Scored) -> tuple[Floats, Floats]:
    """Return recall and precision, the highest score first, a point a distinct score; empty when a class is missing."""
    found = levels(scored)
    hits, misses = _cumulated(found)
    if not hits[-1] or not misses[-1]:
        return np.empty(0), np.empty(0)
    return hits[1:] / hits[-1], hits[1:] / (hits[1:] + misses[1:])


def interval(scored: Scored, statistic: Statistic, *, draws: int = DRAWS, seed: int = 1) -> Interval:
    """Return a statistic with its 95 % interval over draws of whole domains.

    Parameters
    ----------
    scored : Scored
        The documents.
    statistic : callable
        `auc`, `average_precision`, or what `precision_at` and `recall_at` return.
    draws : int
        Resamples; those that lack a class are left out.
    seed : int
        Of the draws; equal input and seed give equal intervals.
    """
    scores, places = np.unique(scored.values, return_inverse=True)
    names, owner = np.unique(np.asarray(scored.groups, dtype=object).astype(str), return_inverse=True)
    value = statistic(levels(scored)) if len(scores) else math.nan
    if len(names) < 2 or math.isnan(value):
        return Interval(value, math.nan, math.nan)
    counts = np.random.Generator(np.random.PCG64(seed)).multinomial(len(names), np.full(len(names), 1 / len(names)), size=draws)
    found = np.array([statistic(counted(scores, places, scored.truth, row[owner])) for row in counts])
    found = found[~np.isnan(found)]
    if not len(found):
        return Interval(value, math.nan, math.nan)
    low, high = np.percentile(found, (TAIL, 100 - TAIL))
    return Interval(value, float(low), float(high))


def thinned(x: Floats, y: Floats, points: int = 101) -> list[list[float]]:
    """Return a curve in at most about so many points, its ends among them, for drawing."""
    if len(x) > points:
        kept = np.unique(np.concatenate(([0, len(x) - 1], np.searchsorted(x, np.linspace(x[0], x[-1], points)))))
        x, y = x[kept.clip(0, len(x) - 1)], y[kept.clip(0, len(x) - 1)]
    return [[round(float(a), 4), round(float(b), 4)] for a, b in zip(x, y, strict=True)]


def counted(scores: Floats, places: NDArray[np.intp], truth: Bools, weights: NDArray[Any]) -> Levels:
    """Count documents, each by its weight, at the places of their scores among the distinct ones."""
    both = (np.bincount(places, weights=weights * own, minlength=len(scores)).astype(np.float64) for own in (truth, ~truth))
    return Levels(scores, *both)


def _cumulated(found: Levels) -> tuple[Floats, Floats]:
    return np.append(0.0, np.cumsum(found.positives[::-1])), np.append(0.0, np.cumsum(found.negatives[::-1]))


def _hits(found: Levels, kept: float) -> float:
    """Return how many positives are among so many documents of the highest scores, ties shared out evenly."""
    hits, misses = _cumulated(found)
    return float(np.interp(kept, hits + misses, hits))
