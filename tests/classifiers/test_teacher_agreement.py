"""Agreement of two labellings, against figures worked out by hand and against scikit-learn."""

from __future__ import annotations

import random
from typing import Any

import pytest

from classifiers.teacher.agreement import AgreementError, agreement


def test_cohens_own_kind_of_example() -> None:
    """45 and 15, 25 and 15: observed 0.6, by chance 0.54, kappa 0.1304."""
    first = ["yes"] * 60 + ["no"] * 40
    second = ["yes"] * 45 + ["no"] * 15 + ["yes"] * 25 + ["no"] * 15
    found = agreement(first, second)
    assert found.labels == ("no", "yes")
    assert found.confusion == ((15, 25), (15, 45))
    assert found.accuracy.value == pytest.approx(0.6)
    assert found.kappa.value == pytest.approx(0.06 / 0.46)
    assert found.weighted_kappa is None


def test_near_misses_weigh_less() -> None:
    """With quadratic weights a neighbour costs little and the far end everything; equal labellings are at 1."""
    truth = [0, 1, 2, 3, 4, 5] * 5
    near = agreement(truth, [min(5, score + 1) for score in truth]).weighted_kappa
    far = agreement(truth, [5 - score for score in truth]).weighted_kappa
    same = agreement(truth, truth)
    assert near
    assert far
    assert near.value
    assert near.value > 0.8
    assert far.value == pytest.approx(-1.0)
    assert same.kappa.value == same.accuracy.value == same.accuracy.lower == 1.0


@pytest.mark.parametrize("seed", range(4))
def test_figures_are_those_of_scikit_learn(seed: int) -> None:
    """Kappa plain and weighted agree with another implementation; labels that one side lacks are no trouble."""
    metrics: Any = pytest.importorskip("sklearn.metrics")
    draw = random.Random(seed)
    first = [draw.randrange(6) for _ in range(50)]
    second = [min(5, max(1, score + draw.choice((-2, -1, 0, 0, 0, 1)))) for score in first]
    found = agreement(first, second)
    assert found.weighted_kappa
    assert found.kappa.value == pytest.approx(metrics.cohen_kappa_score(first, second))
    # scikit-learn weighs places, which are values where none is left out.
    weighted = metrics.cohen_kappa_score(first, second, labels=list(range(6)), weights="quadratic")
    assert found.weighted_kappa.value == pytest.approx(weighted)


def test_one_label_has_no_kappa() -> None:
    """Where both always say the same there is nothing to agree on beyond chance."""
    found = agreement([True] * 5, [True] * 5)
    assert found.kappa.value is None
    assert found.accuracy.value == 1.0


def test_intervals_hold_the_figure_and_widen_by_groups() -> None:
    """Pages of one site are drawn together, so that few sites make a wide interval; equal calls give equal figures."""
    draw = random.Random(1)
    sites = [n // 20 for n in range(200)]
    first = [draw.randrange(2) for _ in sites]
    second = [label if site % 2 else 1 - label for label, site in zip(first, sites, strict=True)]
    alone, grouped = agreement(first, second), agreement(first, second, sites)
    assert agreement(first, second, sites) == grouped
    for found in (alone, grouped):
        assert found.accuracy.lower is not None
        assert found.accuracy.lower <= found.accuracy.value <= found.accuracy.upper  # type: ignore[operator]
    widths = [found.accuracy.upper - found.accuracy.lower for found in (alone, grouped)]  # type: ignore[operator]
    assert widths[1] > 2 * widths[0]


@pytest.mark.parametrize(
    ("first", "second", "says"),
    [([], [], "no pages"), ([1], [True], "different kinds: numbers and truth values"), ([1], ["a"], "classes and numbers")],
)
def test_what_cannot_be_compared(first: list[Any], second: list[Any], says: str) -> None:
    """No pages, and labels of two kinds."""
    with pytest.raises(AgreementError, match=says):
        agreement(first, second)
