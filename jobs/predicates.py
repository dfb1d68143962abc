"""What the stages ``route``, ``filter`` and ``score`` decide, as functions of stored columns alone.

The stages call them split by split, and a preview of other settings calls the same ones: that is why it agrees with a real run.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from classifiers.routes import model
from conf.quality import Score
from conf.schema import Filter, Recipe, Route
from jobs.columns import coded, floats, places_or
from jobs.models import encoder, quality
from jobs.ranks import read as read_ranks
from udfs import datatrove
from udfs.filtering import FilterPlan, plan, signals_read
from udfs.quality import BUCKET, ENCODER, FASTTEXT, Limits, Ranks, best, bucket
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


def quality_limits(given: Score) -> Limits:
    """Return what scores are held against."""
    return Limits(given.combine, given.min_quality, given.min_encoder, given.min_bucket)


def quality_ranks(recipe: Recipe) -> Mapping[str, Ranks]:
    """Return the percentiles that a recipe ranks by, by the column of their scores: its own, or those in the models' cards."""
    if recipe.score.ranks:
        return read_ranks(Path(recipe.score.ranks))
    cards = {FASTTEXT: quality(recipe.clean).card}
    if "encode" in recipe.stages:
        cards[ENCODER] = encoder(recipe.encode).card
    return {column: card.percentiles["quantiles"] for column, card in cards.items() if card.percentiles}


def quality_columns(scores: pa.Table, encoded: pa.Table | None, ranks: Mapping[str, Ranks]) -> Mapping[str, NDArray[np.float64]]:
    """Return the columns that quality is decided by.

    Parameters
    ----------
    scores : pyarrow.Table
        ``id``, ``lang`` and ``ft_quality``.
    encoded : pyarrow.Table or None
        ``id`` and ``enc_quality`` of those documents that the encoder has read, in any order.
    ranks : mapping of str to Ranks
        What `quality_ranks` gives.
    """
    found = {FASTTEXT: floats(scores[FASTTEXT]), ENCODER: np.full(scores.num_rows, np.nan)}
    if encoded is not None and encoded.num_rows:
        at = places_or(pc.index_in(scores["id"], encoded["id"].combine_chunks()), -1)
        found[ENCODER][at >= 0] = floats(encoded[ENCODER])[at[at >= 0]]
    languages = scores["lang"].to_pylist()
    buckets = [bucket(found[column], languages, table) for column, table in ranks.items()]
    found[BUCKET] = best([np.full(scores.num_rows, np.nan), *buckets])
    return found


def numbers(table: pa.Table, names: Iterable[str]) -> dict[str, NDArray[np.float64]]:
    """Return columns as arrays; null is NaN."""
    return {name: floats(table[name]) for name in names}
