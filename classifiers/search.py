"""Hyper-parameters of a fastText classifier, searched in a budget of time.

The candidates have a fixed order, so that a longer budget tries those of a shorter one and then more. Each is judged by its area
under the ROC curve on domains that it has not seen, the mean over folds of whole domains; the first of equal ones wins.
"""

from __future__ import annotations

import itertools
import math
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from classifiers.evaluation.curves import Bools, Floats, Scored, auc, levels
from classifiers.evaluation.splits import check_apart, folds_of
from classifiers.fasttext_clf import Classifier, Example, Recipe, TrainingError, train
from udfs.fasttext import FastText

Places = NDArray[np.int64]

FOLDS: Final = 3
GRID: Final = {
    "word_ngrams": (2, 1, 3),
    "epochs": (12, 6, 25, 50),
    "lr": (0.3, 0.1, 0.6),
    "min_count": (2, 5),
    "dim": (16, 64),
}
"""Values tried, the usual ones first: candidates that differ from them in one setting come before those that differ in two."""


@dataclass(frozen=True, slots=True)
class Budget:
    """When to stop: after so many seconds no other candidate is begun; after so many candidates in any case."""

    seconds: float = math.inf
    candidates: int = 1


@dataclass(frozen=True, slots=True)
class Trial:
    """A candidate and its area under the ROC curve on unseen domains; NaN where it makes no model."""

    recipe: Recipe
    auc: float


@dataclass(frozen=True, slots=True)
class Search:
    """What a search found, and all it tried, in order."""

    best: Trial
    trials: tuple[Trial, ...]

    def to_json(self) -> dict[str, Any]:
        """Return plain data for a card: how many were tried and what differs from the first in each."""
        first = asdict(self.trials[0].recipe)
        tried = [
            {name: value for name, value in asdict(one.recipe).items() if value != first[name]}
            | {"auc": None if math.isnan(one.auc) else round(one.auc, 4)}
            for one in self.trials
        ]
        return {"tried": tried, "folds": FOLDS}


def candidates(base: Recipe) -> Iterator[Recipe]:
    """Yield recipes in the order in which they are tried: the base, then by the number of settings that differ from it."""
    others = {name: [value for value in values if value != getattr(base, name)] for name, values in GRID.items()}
    yield base
    for count in range(1, len(others) + 1):
        for names in itertools.combinations(others, count):
            for values in itertools.product(*(others[name] for name in names)):
                changed: dict[str, Any] = dict(zip(names, values, strict=True))
                yield replace(base, **changed)


def search(
    examples: Sequence[Example],
    label: str,
    budget: Budget,
    *,
    base: Recipe | None = None,
    extra: Sequence[Example] = (),
    clock: Callable[[], float] = time.monotonic,
) -> Search:
    """Try candidates until the budget is spent; the first is tried always.

    Parameters
    ----------
    examples : sequence of Example
        Training examples; those of a search are no test of its winner.
    label : str
        The label that scores speak for.
    budget : Budget
        When to stop.
    base : Recipe, optional
        The first candidate.
    extra : sequence of Example
        More to train on, see `held_out`.
    clock : callable
        Seconds that have passed.

    Raises
    ------
    ValueError
        When there are no examples of another label, or all are of one domain.
    TrainingError
        When no candidate makes a model.
    """
    begun, trials, failed = clock(), list[Trial](), ""
    for recipe in candidates(base or Recipe()):
        if trials and (clock() - begun >= budget.seconds or len(trials) >= budget.candidates):
            break
        try:
            trials.append(Trial(recipe, judged(examples, label, recipe, extra)))
        except TrainingError as error:
            failed = failed or str(error)
            trials.append(Trial(recipe, math.nan))
    best = max(trials, key=lambda one: (not math.isnan(one.auc), one.auc))
    if math.isnan(best.auc):
        raise TrainingError(
            f"{failed}; of {len(trials)} settings tried none makes a model: give more labels, or a longer --budget"
        )
    return Search(best, tuple(trials))


def judged(examples: Sequence[Example], label: str, recipe: Recipe, extra: Sequence[Example] = ()) -> float:
    """Return the mean area under the ROC curve over folds of unseen domains that have both classes."""
    values, truth, fold = held_out(examples, label, recipe, FOLDS, extra)
    found = [
        auc(levels(Scored(values[fold == own], truth[fold == own], [""] * int((fold == own).sum())))) for own in range(FOLDS)
    ]
    areas = [area for area in found if not math.isnan(area)]
    if not areas:
        raise ValueError("no fold of whole domains has examples of both labels: give examples of more domains")
    return float(np.mean(areas))


def held_out(
    examples: Sequence[Example], label: str, recipe: Recipe, folds: int, extra: Sequence[Example] = ()
) -> tuple[Floats, Bools, Places]:
    """Ask a quantised model that has not seen its domain for the log-odds of each example.

    Parameters
    ----------
    examples : sequence of Example
        What is scored, and trained on in the other folds.
    label : str
        The label that scores speak for.
    recipe : Recipe
        How models are trained.
    folds : int
        Number of folds, whole domains to a fold.
    extra : sequence of Example
        What is trained on too, but for those of the domains that are scored.

    Returns
    -------
    (array of float64, array of bool, array of int64)
        Log-odds of the label, whether it has it, and fold of each example.
    """
    groups, truth = [one.group for one in examples], np.array([one.label == label for one in examples])
    fold_of = folds_of(groups, truth, folds)
    fold = np.array([fold_of[group] for group in groups], dtype=np.int64)
    values = np.zeros(len(examples))
    for own in range(folds):
        unseen = np.flatnonzero(fold == own).tolist()
        known = [one for one in (*examples, *extra) if fold_of.get(one.group) != own]
        check_apart({"training": {one.group for one in known}, "test": {groups[at] for at in unseen}})
        with tempfile.TemporaryDirectory() as scratch:
            path = Path(scratch) / "fold.ftz"
            train(known, recipe, path)
            model = Classifier(FastText(path), label, recipe.lines)
            for at in unseen:
                values[at] = model.log_odds(examples[at].text)
    return values, truth, fold
