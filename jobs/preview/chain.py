"""The stages of a recipe that decide by stored columns alone, one after the other over a table of documents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from conf.schema import Recipe
from jobs.columns import coded
from jobs.predicates import STAGES, STRUCTURE, UNROUTED, filter_plan, numbers, quality_limits, routes
from udfs.checks import Check, quality_checks, rule_checks
from udfs.filtering import STAYS, Coded, FilterPlan, first_reasons, reason_names, signals_read
from udfs.quality import REASONS, too_low
from udfs.routing import CLASSES

QUALITY = tuple(REASONS)
"""Columns that quality is decided by."""


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What became of documents: class (place in `CLASSES`) and reason (place in `Chain.reasons`, or `STAYS`)."""

    classes: NDArray[np.int64]
    reasons: NDArray[np.int16]


@dataclass(frozen=True)
class Chain:
    """Predicate stages with their settings.

    Parameters
    ----------
    recipe : Recipe
        The settings.
    stages : tuple of str
        Those of `jobs.predicates.STAGES` that take part, in the recipe's order.
    """

    recipe: Recipe
    stages: tuple[str, ...]

    @classmethod
    def of(cls, recipe: Recipe) -> Chain:
        """Return the chain of a recipe; one that has none of these stages is taken as not yet continued by all of them."""
        return cls(recipe, tuple(stage for stage in recipe.stages if stage in STAGES) or STAGES)

    @cached_property
    def plan(self) -> FilterPlan:
        """The rules."""
        return filter_plan(self.recipe.filter)

    @cached_property
    def reasons(self) -> tuple[str, ...]:
        """Every reason to drop a document."""
        return (*reason_names(self.plan), *REASONS.values())

    @property
    def signals(self) -> frozenset[str]:
        """Columns of the table `signals` that are read."""
        return frozenset(signals_read(self.plan) if "filter" in self.stages else ()) | frozenset(
            STRUCTURE if "route" in self.stages else ()
        )

    def judge(self, signals: pa.Table, scores: pa.Table) -> Verdicts:
        """Decide about documents, given as rows of `signals` and of `MODELS` and `QUALITY` in the same order."""
        classes = np.full(signals.num_rows, CLASSES.index(UNROUTED), dtype=np.int64)
        reasons = np.full(signals.num_rows, STAYS, dtype=np.int16)
        for stage in self.stages:
            if stage == "route":
                classes = routes(signals, scores, self.recipe.route).classes
                continue
            named = Coded(CLASSES, classes)
            found = self._filter(signals, named) if stage == "filter" else self._score(scores, named)
            reasons = np.where(reasons == STAYS, found, reasons)
        return Verdicts(classes, reasons)

    def check(self, reason: str, values: Mapping[str, Any], *, cls: str, language: str) -> Check | None:
        """Hold one rule against one document; None where its class has no such rule."""
        if reason in REASONS.values():
            checks = quality_checks(values, cls, quality_limits(self.recipe.score))
            return next((check for check in checks if check.rule == reason), None)
        checks = rule_checks(self.plan, values, cls=cls, language=language)
        return next((check for check in checks if check.rule == reason), None)

    def _filter(self, signals: pa.Table, classes: Coded) -> NDArray[np.int16]:
        columns = numbers(signals, signals_read(self.plan))
        return first_reasons(self.plan, columns, classes=classes, languages=coded(signals["lang"]))

    def _score(self, scores: pa.Table, classes: Coded) -> NDArray[np.int16]:
        low = too_low(numbers(scores, QUALITY), classes, quality_limits(self.recipe.score))
        return np.where(low == STAYS, STAYS, low + len(self.reasons) - len(REASONS)).astype(np.int16)
