"""A logistic head over frozen features: convex, deterministic, its penalty chosen by folds of whole domains.

The features are standardised, the two classes weigh the same, and the optimum is found by Newton's method (iteratively reweighted
least squares; McCullagh and Nelder 1989, *Generalized Linear Models*), so that nothing depends on a seed or on a learning rate.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Truth = NDArray[np.bool_]
Folds = NDArray[np.int64]

PENALTIES = (3e-3, 1e-2, 3e-2, 1e-1, 3e-1)

_STEPS = 50
_ENOUGH = 1e-7
_FLOOR = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    """A linear layer before a sigmoid.

    Parameters
    ----------
    weights : array of float64, (features,)
        Of the features as they come, not standardised.
    bias : float
        Added to the weighted sum.
    """

    weights: Floats
    bias: float

    def probabilities(self, features: Floats) -> Floats:
        """Return the probability (0-1) of the positive class for each row."""
        return sigmoid(features @ self.weights + self.bias)


def sigmoid(margins: Floats) -> Floats:
    """Return the logistic function of margins, without overflow."""
    shares: Floats = 0.5 * (1.0 + np.tanh(0.5 * margins))
    return shares


def balanced(truth: Truth, sets: Sequence[str] | None = None) -> Floats:
    """Return the weights that make all sets of examples count the same, and in each of them both classes; they add up to 1.

    Parameters
    ----------
    truth : array of bool
        Which examples are positive.
    sets : sequence of str, optional
        The set of each example; by default they are one.

    Raises
    ------
    ValueError
        When a class is missing altogether. One that a set does not have leaves its half to the other.
    """
    if truth.all() or not truth.any():
        raise ValueError(f"a classifier needs examples of two labels, all {len(truth)} here have one")
    cells = list(zip(sets or [""] * len(truth), truth.tolist(), strict=True))
    sizes = Counter(cells)
    classes = Counter(name for name, _ in sizes)
    return np.array([1 / (len(classes) * classes[name] * sizes[name, side]) for name, side in cells])


def fit(features: Floats, truth: Truth, weights: Floats, penalty: float) -> Head:
    """Return the head that minimises the weighted log loss plus half the penalty times the squared length of its weights.

    Parameters
    ----------
    features : array of float64, (examples, features)
        Finite.
    truth : array of bool, (examples,)
        Which examples are positive.
    weights : array of float64, (examples,)
        How much each counts; they add up to 1 (`balanced`).
    penalty : float
        Above 0; on features that are standardised by the weights.
    """
    mean = weights @ features
    spread = np.maximum(np.sqrt(weights @ (features - mean) ** 2), _FLOOR)
    rows = np.column_stack(((features - mean) / spread, np.ones(len(features))))
    ridge: Floats = np.full(rows.shape[1], penalty)
    ridge[-1] = 0.0
    found: Floats = np.zeros(rows.shape[1])
    for _ in range(_STEPS):
        shares = sigmoid(rows @ found)
        slope = rows.T @ (weights * (shares - truth)) + ridge * found
        curve = np.maximum(weights * shares * (1 - shares), weights * _FLOOR)
        bend = (rows * curve[:, None]).T @ rows + np.diag(ridge)
        step = np.asarray(np.linalg.solve(bend, slope), dtype=np.float64)
        found = found - _damped(rows, weights, truth, ridge, found, step) * step
        if float(np.abs(step).max()) < _ENOUGH:
            break
    scaled = found[:-1] / spread
    return Head(scaled, float(found[-1] - scaled @ mean))


def choose(features: Floats, truth: Truth, weights: Floats, folds: Folds) -> float:
    """Return the one of `PENALTIES` whose heads have the least log loss on the folds they were not fitted on; the largest of equals.

    Parameters
    ----------
    features, truth, weights
        See `fit`.
    folds : array of int64, (examples,)
        The fold of each example: whole groups of examples.
    """
    best = (math.inf, 0.0)
    for penalty in PENALTIES:
        loss = 0.0
        for fold in sorted(set(folds.tolist())):
            seen = folds != fold
            share = np.asarray(weights[seen] / weights[seen].sum(), dtype=np.float64)
            head = fit(features[seen], truth[seen], share, penalty)
            margins = features[~seen] @ head.weights + head.bias
            loss += float(weights[~seen] @ np.logaddexp(0.0, np.where(truth[~seen], -margins, margins)))
        best = min(best, (loss, -penalty))
    return -best[1]


def _damped(rows: Floats, weights: Floats, truth: Truth, ridge: Floats, found: Floats, step: Floats) -> float:
    """Return the first of 1, 1/2, 1/4 … of a Newton step that does not make the objective worse."""

    def objective(at: Floats) -> float:
        margins = rows @ at
        losses = np.logaddexp(0.0, np.where(truth, -margins, margins))
        return float(weights @ losses + 0.5 * ridge @ (at * at))

    now, share = objective(found), 1.0
    while share > _FLOOR and objective(found - share * step) > now:
        share /= 2
    return share
