"""How far two labellings of the same pages agree: confusion, accuracy, Cohen's kappa, with bootstrap intervals.

Two runs of one model show how well it agrees with itself, which is the most that a student of it can reach; a model and people show
what its labels are worth.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 1_000
_SEED = 1

Label = bool | int | float | str
Counts = NDArray[np.float64]


class AgreementError(ValueError):
    """Two labellings can't be compared: what was seen, what is needed."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure with its 95 % interval; all None where it is not defined."""

    value: float | None
    lower: float | None
    upper: float | None


@dataclass(frozen=True, slots=True)
class Agreement:
    """How two labellings agree.

    Parameters
    ----------
    n : int
        Pages that both have labelled.
    labels : tuple
        Labels that occur, in order.
    confusion : tuple of tuple of int
        Pages by the first labelling (rows) and the second (columns), in the order of `labels`.
    accuracy, kappa : Figure
        Share of equal labels; Cohen's kappa.
    weighted_kappa : Figure or None
        With quadratic weights, over the values of the labels; None where they are no numbers.
    """

    n: int
    labels: tuple[Label, ...]
    confusion: tuple[tuple[int, ...], ...]
    accuracy: Figure
    kappa: Figure
    weighted_kappa: Figure | None


def agreement(first: Sequence[Label], second: Sequence[Label], groups: Sequence[Hashable] | None = None) -> Agreement:
    """Compare two labellings of the same pages.

    Parameters
    ----------
    first, second : sequence of bool, int, float or str
        The labels, page by page, of one kind: truth values, numbers or classes.
    groups : sequence, optional
        What each page belongs to, such as its domain; the bootstrap draws whole groups, since pages of one site resemble each other.
        By default each page is a group.

    Raises
    ------
    AgreementError
        When there are no pages, or the labels are of different kinds.

    References
    ----------
    Cohen 1960, "A coefficient of agreement for nominal scales"; Cohen 1968, "Weighted kappa".
    """
    if not first or len(first) != len(second):
        raise AgreementError("there are no pages that both have labelled")
    kinds = {_kind(label) for label in (*first, *second)}
    if len(kinds) > 1:
        raise AgreementError(f"labels are of different kinds: {' and '.join(sorted(kinds))}")
    labels: tuple[Label, ...] = tuple(sorted({*first, *second}))
    place = {label: i for i, label in enumerate(labels)}
    size = len(labels)
    cells = np.array([place[a] * size + place[b] for a, b in zip(first, second, strict=True)])
    drawn = _resampled(cells, groups or range(len(cells)), size)
    whole = np.bincount(cells, minlength=size * size).reshape(size, size).astype(np.float64)
    weights: dict[str, Callable[[Counts], float]] = {"kappa": lambda c: _kappa(c, 1.0 - np.eye(size))}
    if kinds != {"classes"}:
        values = np.array([float(label) for label in labels])
        apart = (values[:, None] - values[None, :]) ** 2
        weights["weighted"] = lambda c: _kappa(c, apart)
    figures = {name: _figure(measure, whole, drawn) for name, measure in weights.items()}
    confusion = tuple(tuple(int(count) for count in row) for row in whole)
    accuracy = _figure(lambda c: float(np.trace(c) / c.sum()), whole, drawn)
    return Agreement(len(cells), labels, confusion, accuracy, figures["kappa"], figures.get("weighted"))


def _kind(label: Label) -> str:
    return "truth values" if isinstance(label, bool) else "classes" if isinstance(label, str) else "numbers"


def _resampled(cells: NDArray[np.int64], groups: Sequence[Hashable], size: int) -> list[Counts]:
    """Return the confusion of each resample: groups are drawn with replacement, their pages come along."""
    numbers = {group: i for i, group in enumerate(dict.fromkeys(groups))}
    group = np.array([numbers[one] for one in groups])
    generator = np.random.Generator(np.random.PCG64(_SEED))
    drawn = []
    for _ in range(RESAMPLES):
        times = np.bincount(generator.integers(len(numbers), size=len(numbers)), minlength=len(numbers))
        counts = np.bincount(cells, weights=times[group].astype(np.float64), minlength=size * size)
        drawn.append(counts.reshape(size, size).astype(np.float64))
    return drawn


def _kappa(counts: Counts, weights: NDArray[np.float64]) -> float:
    """Return one less the weighted disagreement over the one that chance would give; NaN where chance gives none."""
    expected = np.outer(counts.sum(axis=1), counts.sum(axis=0)) / counts.sum()
    by_chance = float((weights * expected).sum())
    return 1.0 - float((weights * counts).sum()) / by_chance if by_chance else float("nan")


def _figure(measure: Callable[[Counts], float], whole: Counts, drawn: Sequence[Counts]) -> Figure:
    value = measure(whole)
    if np.isnan(value):
        return Figure(None, None, None)
    found = np.array([measure(one) for one in drawn])
    found = found[~np.isnan(found)]
    lower, upper = np.quantile(found, [0.025, 0.975])
    return Figure(value, float(lower), float(upper))
