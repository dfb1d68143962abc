"""Curves, their areas and intervals: against scikit-learn, by hand, and on what has no answer."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifiers.evaluation.curves import (
    Scored,
    auc,
    average_precision,
    interval,
    levels,
    precision_at,
    precision_recall,
    recall_at,
    roc,
    thinned,
)
from classifiers.evaluation.report import against_all, by_part, calibrated, describe, difference

ROWS = st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=2, max_size=60)


def scored_of(rows: list[tuple[float, bool]], groups: list[str] | None = None) -> Scored:
    return Scored(
        np.array([v for v, _ in rows], dtype=float), np.array([t for _, t in rows], dtype=bool), groups or [""] * len(rows)
    )


HAND = scored_of([(0.9, True), (0.5, False), (0.4, True), (0.2, False)], ["a", "a", "b", "c"])


@settings(deadline=None)
@given(ROWS)
def test_areas_and_curves_are_scikit_learns(rows: list[tuple[int, bool]]) -> None:
    """Both areas and both curves, ties included, are those of scikit-learn; NaN and nothing where a class is missing."""
    metrics = pytest.importorskip("sklearn.metrics")
    scored = scored_of([(v / 5, t) for v, t in rows])
    found = levels(scored)
    if scored.truth.all() or not scored.truth.any():
        assert math.isnan(auc(found))
        assert math.isnan(average_precision(found))
        assert not len(roc(scored)[0])
        return
    assert math.isclose(auc(found), metrics.roc_auc_score(scored.truth, scored.values), abs_tol=1e-12)
    assert math.isclose(average_precision(found), metrics.average_precision_score(scored.truth, scored.values), abs_tol=1e-12)
    false, true, _ = metrics.roc_curve(scored.truth, scored.values, drop_intermediate=False)
    np.testing.assert_allclose(np.stack(roc(scored)), np.stack((false, true)))
    precision, recall, _ = metrics.precision_recall_curve(scored.truth, scored.values)
    np.testing.assert_allclose(np.stack(precision_recall(scored)), np.stack((recall[-2::-1], precision[-2::-1])))


@pytest.mark.parametrize(
    ("rate", "precision", "recall"),
    [(0.25, 1.0, 0.5), (0.5, 0.5, 0.5), (0.75, 2 / 3, 1.0), (1.0, 0.5, 1.0), (0.125, 1.0, 0.25)],
)
def test_figures_at_a_keep_rate_by_hand(rate: float, precision: float, recall: float) -> None:
    """Of four documents, the best quarter is right, the best half is half right, and a part of a document counts in part."""
    assert math.isclose(precision_at(rate)(levels(HAND)), precision)
    assert math.isclose(recall_at(rate)(levels(HAND)), recall)


def test_ties_at_the_cut_are_shared_out() -> None:
    """Where all have one score, what is kept is as good as the whole."""
    same = scored_of([(0.5, True), (0.5, False), (0.5, False), (0.5, False)])
    assert math.isclose(precision_at(0.5)(levels(same)), 0.25)


def test_an_interval_draws_domains_not_documents() -> None:
    """A hundred copies of each document of two domains are no more evidence than one: the interval stays as wide."""
    rng = np.random.default_rng(3)
    rows = [(float(rng.normal(t, 1.0)), bool(t)) for t in rng.integers(0, 2, 60)]
    groups = [f"d{i % 12}" for i in range(60)]
    one, many = interval(scored_of(rows, groups), auc), interval(scored_of(rows * 20, groups * 20), auc)
    alone = interval(scored_of(rows * 20, [str(i) for i in range(1200)]), auc)
    assert one.low < one.value < one.high
    assert math.isclose(one.low, many.low, abs_tol=1e-9)
    assert math.isclose(one.high, many.high, abs_tol=1e-9)
    assert alone.high - alone.low < (one.high - one.low) / 2
    assert interval(scored_of(rows, groups), auc) == one


def test_whole_domains_are_drawn() -> None:
    """Of a domain that is ranked right and one that is ranked wrong, some draws hold one alone: the interval goes from 0 to 1."""
    rows = [(0.9, True), (0.1, False)] * 5 + [(0.1, True), (0.9, False)] * 5
    found = interval(scored_of(rows, ["right"] * 10 + ["wrong"] * 10), auc)
    assert (found.low, found.value, found.high) == (0.0, 0.5, 1.0)


def test_an_interval_covers_what_it_should() -> None:
    """Over many samples of domains, about 95 in 100 intervals hold the area that the scores have by their making."""
    rng, held = np.random.default_rng(5), 0
    for _ in range(60):
        shifts = rng.normal(0, 0.5, 40)
        truth = rng.integers(0, 2, (40, 6)).astype(bool)
        values = rng.normal(0, 1, (40, 6)) + truth + shifts[:, None]
        groups = [f"d{i}" for i in range(40) for _ in range(6)]
        found = interval(Scored(values.ravel(), truth.ravel(), groups), auc, draws=200)
        # Two draws differ by a normal of variance 2 (1 + 0.25) and mean 1.
        held += found.low <= 0.5 * (1 + math.erf(1 / math.sqrt(2.5) / math.sqrt(2))) <= found.high
    assert held >= 51


def test_too_little_for_an_interval() -> None:
    """One domain, or one class, has no interval; the figures of a card say so with nothing, never with a number."""
    assert interval(scored_of([(0.1, False), (0.9, True)]), auc).rounded() == [1.0, None, None]
    assert interval(scored_of([(0.1, True)], ["a"]), auc).rounded() == [None, None, None]
    assert describe(scored_of([]), "nothing")["auc"] == [None, None, None]


@pytest.mark.parametrize(
    ("values", "truth", "groups", "said"),
    [([0.1], [True, False], ["a"], "do not match"), ([math.nan], [True], ["a"], "not a finite number")],
)
def test_what_cannot_be_scored_is_refused(values: list[float], truth: list[bool], groups: list[str], said: str) -> None:
    """Lengths that differ and scores that are no numbers are one clear error."""
    with pytest.raises(ValueError, match=said):
        Scored(np.array(values), np.array(truth), groups)


def test_thinned_keeps_the_ends() -> None:
    """A long curve keeps its first and last point and its shape."""
    x = np.linspace(0, 1, 5_000)
    points = thinned(x, x**2)
    assert len(points) <= 103
    assert (points[0], points[-1]) == ([0.0, 0.0], [1.0, 1.0])
    assert all(abs(b - a * a) < 1e-3 for a, b in points)


def test_describe_by_part_and_kind() -> None:
    """A part too small for an area says only how much there is; each kind of one class is held against all of the other."""
    rows = [(0.9, True), (0.8, True), (0.1, False), (0.85, False)] * 5
    scored = scored_of(rows, [f"d{i % 7}" for i in range(20)])
    parts = by_part(scored, ["en"] * 16 + ["de"] * 4)
    assert parts["en"]["documents"] == 16
    assert "auc" not in parts["de"]
    kinds = against_all(scored, ["essay", "essay", "listing", "spam"] * 5)
    assert kinds["listing"]["auc"][0] == 1.0
    assert kinds["spam"]["auc"][0] == 0.5
    assert kinds["essay"]["positive"]
    card = describe(scored, "made up", parts={"language": ["en"] * 20})
    assert (card["documents"], card["positives"], card["domains"]) == (20, 10, 7)
    assert sum(card["histogram"]["positives"]) == 10
    assert card["at_keep_rate"]["0.5"]["precision"][0] == 0.5


def test_a_difference_is_paired() -> None:
    """Scores compared with themselves differ by nothing, whatever is drawn; on other documents there is no comparison."""
    rng = np.random.default_rng(1)
    truth, groups = rng.integers(0, 2, 80).astype(bool), [f"d{i % 9}" for i in range(80)]
    first = Scored(rng.normal(0, 1, 80) + truth, truth, groups)
    better = Scored(first.values + 2 * truth, truth, groups)
    assert difference(first, first) == type(difference(first, first))(0.0, 0.0, 0.0)
    assert difference(first, better).low > 0
    with pytest.raises(ValueError, match="same documents"):
        difference(first, Scored(first.values, ~truth, groups))


def test_calibrated_needs_no_scikit_learn() -> None:
    """A stored table is enough to say how far off probabilities are."""
    from classifiers.evaluation.calibration import Calibration

    found = calibrated(HAND, Calibration("platt", (0.0, 1.0), (0.0, 1.0), 4))
    assert found["expected_error"] == pytest.approx((0.1 + 0.5 + 0.6 + 0.2) / 4)
    assert [row[0] for row in found["reliability"]] == [1, 1, 1, 1]
