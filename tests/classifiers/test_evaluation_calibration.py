"""Calibration, ranks and thresholds: monotone, total, and honest on what was not seen."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

from classifiers.evaluation.calibration import (
    QUANTILES,
    Calibration,
    calibration_error,
    fit,
    percentiles,
    probability,
    rank,
    reliability,
    temperature,
)
from classifiers.evaluation.curves import Bools, Floats, Scored
from classifiers.evaluation.thresholds import Threshold, Unattainable, for_keep_rate, for_precision

pytest.importorskip("sklearn")


def drawn(count: int, seed: int) -> tuple[Floats, Bools]:
    """Scores whose true probability is known and far from them: too sure of themselves by a factor of three in log-odds."""
    rng = np.random.default_rng(seed)
    odds = rng.normal(0, 1.5, count)
    return 1 / (1 + np.exp(-3 * odds)), rng.random(count) < 1 / (1 + np.exp(-odds))


@pytest.mark.parametrize(("count", "method"), [(999, "platt"), (1_000, "isotonic"), (4_000, "isotonic"), (300, "platt")])
def test_the_method_goes_by_the_number_and_the_error_is_small_on_unseen_documents(count: int, method: str) -> None:
    """From 1,000 documents on isotonic, below Platt's; either takes most of the error away, and on others."""
    found = fit(*drawn(count, 1))
    values, truth = drawn(20_000, 2)
    assert (found.method, found.documents) == (method, count)
    before, after = (calibration_error(reliability(v, truth)) for v in (values, found.apply(values)))
    assert before > 0.09
    assert after < 0.05


@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.filter_too_much])
@given(st.lists(st.tuples(st.integers(0, 20), st.booleans()), min_size=4, max_size=80))
def test_a_calibration_is_a_rising_table_of_probabilities(rows: list[tuple[int, bool]]) -> None:
    """Whatever it was fitted on, the table rises, stays in 0-1 and comes back from JSON; or the error says why there is none."""
    values, truth = np.array([v / 20 for v, _ in rows]), np.array([t for _, t in rows])
    try:
        found = fit(values, truth)
    except ValueError:
        reject()
    grid = found.apply(np.linspace(-1, 2, 400))
    assert (np.diff(grid) >= 0).all()
    assert grid.min() >= 0
    assert grid.max() <= 1
    assert Calibration.from_json(json.loads(json.dumps(found.to_json()))) == found
    assert math.isnan(found.apply(np.array([math.nan]))[0])


def test_scores_that_rank_the_wrong_way_are_refused() -> None:
    """Scores that fall with the share of positives, and one class alone, cannot be calibrated."""
    values, truth = drawn(500, 3)
    with pytest.raises(ValueError, match="do not rise"):
        fit(1 - values, truth)
    with pytest.raises(ValueError, match="both classes, here are 500 positives among 500"):
        fit(values, np.ones(500, dtype=bool))


@pytest.mark.parametrize(
    ("scores", "probabilities", "said"),
    [((0.1, 0.1), (0.2, 0.3), "must rise"), ((0.1, 0.2), (0.3, 0.2), "must rise"), ((0.1,), (), "as many"), ((), (), "as many")],
)
def test_a_damaged_table_is_refused(scores: tuple[float, ...], probabilities: tuple[float, ...], said: str) -> None:
    """A table that does not rise, or lacks a side, is no calibration."""
    with pytest.raises(ValueError, match=said):
        Calibration("isotonic", scores, probabilities, 1)


@pytest.mark.parametrize("heat", [1.0, 3.0, 20.0])
def test_a_temperature_is_found_again(heat: float) -> None:
    """Log-odds that were multiplied are divided by as much; those that are not sure enough stay."""
    rng = np.random.default_rng(3)
    odds = rng.normal(0, 2, 20_000)
    truth = rng.random(20_000) < probability(odds)
    assert temperature(odds * heat, truth) == pytest.approx(heat, rel=0.05)
    assert temperature(odds / 5, truth) == 1.0


def test_probabilities_have_no_end_too_early() -> None:
    """Log-odds of any size are numbers in 0-1 that rise with them."""
    found = probability(np.array([-1e9, -800.0, -40.0, 0.0, 30.0, 1e9]))
    assert found.tolist() == sorted(found.tolist())
    assert (found[0], found[3], found[-1]) == (pytest.approx(0, abs=1e-300), 0.5, 1.0)
    assert probability(-50.0) > 0


def test_the_error_by_hand() -> None:
    """Two bins of two: means 0.2 and 0.7, shares 0 and 1, so the error is (0.2 + 0.3) / 2."""
    found = reliability(np.array([0.1, 0.3, 0.6, 0.8]), np.array([False, False, True, True]), bins=2)
    assert [(one.documents, one.observed) for one in found] == [(2, 0.0), (2, 1.0)]
    assert math.isclose(calibration_error(found), 0.25)
    assert calibration_error(()) == 0.0


def test_percentiles_by_language() -> None:
    """Tables rise, have 1,001 values, and a language with few documents has none."""
    rng = np.random.default_rng(1)
    values, languages = rng.random(3_000), ["en"] * 2_900 + ["th"] * 100
    tables = percentiles(values, languages)
    assert set(tables) == {"", "en"}
    assert all(len(table) == QUANTILES and table == sorted(table) for table in tables.values())
    ranks = rank(np.array([0.0, 0.25, 1.0, math.nan]), tables["en"])
    assert ranks[1] == pytest.approx(0.25, abs=0.03)
    assert (ranks[0] < 0.01, ranks[2] > 0.99, math.isnan(ranks[3])) == (True, True, True)


@settings(deadline=None)
@given(st.lists(st.integers(0, 9), min_size=1, max_size=50), st.floats(0.01, 1.0))
def test_a_keep_rate_is_never_exceeded(places: list[int], rate: float) -> None:
    """At most the share is kept, and one score lower would keep more."""
    values = np.array(places) / 10
    try:
        found = for_keep_rate(values, rate)
    except Unattainable:
        assert (values == values.max()).mean() > rate
        return
    kept = (values >= found.value).mean()
    assert math.isclose(kept, found.kept)
    assert kept <= rate + 1e-12
    lower = values[values < found.value]
    assert not len(lower) or (values >= lower.max()).mean() > rate


def test_a_precision_is_kept_with_most_recall() -> None:
    """The lowest cut with that precision is found; one that nothing has names the highest there is."""
    scored = Scored(np.array([0.9, 0.8, 0.7, 0.6, 0.5]), np.array([False, True, True, True, False]), ["a"] * 5)
    assert for_precision(scored, 0.75) == Threshold(0.6, 0.8, 0.75, 1.0)
    with pytest.raises(Unattainable, match=r"no threshold has a precision of 99\.0%: the highest is 75\.0%"):
        for_precision(scored, 0.99)
    with pytest.raises(Unattainable, match="no positive"):
        for_precision(Scored(np.array([0.1]), np.array([False]), ["a"]), 0.5)


@pytest.mark.parametrize("rate", [0.0, -1.0, 1.5, math.nan])
def test_a_share_is_a_share(rate: float) -> None:
    """Nothing but a share above 0 and up to 1 can be kept; nothing can be chosen by no scores."""
    with pytest.raises(ValueError, match="share to keep"):
        for_keep_rate(np.array([0.5]), rate)
    with pytest.raises(Unattainable, match="no scores"):
        for_keep_rate(np.array([]), 0.5)


def test_a_threshold_in_a_card() -> None:
    """What is not known is nothing, the cut is exact."""
    assert Threshold(0.123456789, 0.5).to_json() == {"value": 0.123456789, "kept": 0.5, "precision": None, "recall": None}
