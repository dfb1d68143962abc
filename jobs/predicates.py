"""What the stages ``route``, ``filter`` and ``score`` decide, as functions of stored columns alone.

The stages call them split by split, and a preview of other settings calls the same ones: that is why it agrees with a real run.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from classifiers.routes import model
from conf.schema import Filter, Route
from jobs.columns import coded, floats
from udfs import datatrove
from udfs.filtering import FilterPlan, plan, signals_read
from udfs.routing import COLUMNS, Routes, route

STAGES = ("route", "filter", "score")
MODELS = ("ft_math", "ft_code")
STRUCTURE = tuple(name for name in COLUMNS if name not in MODELS)
UNROUTED = "general"


def filter_plan(given: Filter) -> FilterPlan:
    """Return the rules of a recipe's section ``filter``.

    Raises
    ------
    UnknownNameError
        When it names a rule or rule set that does not exist.
    """
    return plan(
        given.rules,
        given.thresholds,
        min_language_score=given.min_language_score,
        languages=given.languages,
        languages_from=given.languages_from,
    )


def reads_datatrove(given: Filter) -> bool:
    """Whether a rule reads what datatrove's filters decide on; only then is it measured."""
    return not frozenset(datatrove.NAMES).isdisjoint(signals_read(filter_plan(given)))


def routes(signals: pa.Table, scores: pa.Table, given: Route) -> Routes:
    """Return the class of every document, what decided it, and the scores behind it, by the shipped weights.

    Parameters
    ----------
    signals, scores : pyarrow.Table
        The same documents in the same order; of the signals ``lang`` and `STRUCTURE` are read, of the scores `MODELS`.
    given : Route
        The settings.
    """
    spoken = coded(signals["lang"])
    english = np.array([name == "en" for name in spoken.names], dtype=np.bool_)[spoken.codes]
    columns = {**numbers(signals, STRUCTURE), **numbers(scores, MODELS)}
    return route(columns, english, model.load(), min_math=given.min_math, min_code=given.min_code)


def numbers(table: pa.Table, names: Iterable[str]) -> dict[str, NDArray[np.float64]]:
    """Return columns as arrays; null is NaN."""
    return {name: floats(table[name]) for name in names}
