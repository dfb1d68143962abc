"""The rule that names a language which loses more than its peers."""

from __future__ import annotations

from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.reporting.peers import ERRORS, lower_bound, stands_out, typical


@pytest.mark.parametrize(
    ("lost", "came_in", "middle", "named"),
    [
        (200, 1000, 0.10, False),  # ten points above, not more
        (201, 1000, 0.10, True),
        (20, 50, 0.28, False),  # twelve points, but fifty documents leave that to chance
        (400, 1000, 0.28, True),
        (49, 49, 0.0, False),  # too few documents
        (50, 50, 0.5, True),
        (50, 50, 0.95, False),
        (500, 1000, None, False),  # nobody to compare with
        (0, 1000, 0.5, False),
    ],
)
def test_a_group_is_named_for_a_loss_that_is_large_and_no_chance(
    lost: int, came_in: int, middle: float | None, named: bool
) -> None:
    """More than ten points above the median, and above it two standard errors down, from fifty documents on."""
    assert stands_out(lost, came_in, middle) is named


def test_a_median_needs_two_others() -> None:
    """One other group is no measure."""
    assert typical([]) is None
    assert typical([0.4]) is None
    assert typical([0.2, 0.4]) == pytest.approx(0.3)
    assert typical([0.9, 0.1, 0.2]) == 0.2


@given(st.integers(1, 10**9).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_lower_bound_solves_wilsons_equation(counts: tuple[int, int]) -> None:
    """It is the loss p below the one seen at which the one seen is `ERRORS` standard errors of p away."""
    lost, came_in = counts
    bound, seen = lower_bound(lost, came_in), lost / came_in
    assert 0 <= bound <= seen
    assert seen - bound == pytest.approx(ERRORS * sqrt(bound * (1 - bound) / came_in), abs=1e-7)


def test_the_lower_bound_of_nothing_is_nothing() -> None:
    """No documents say nothing."""
    assert lower_bound(0, 0) == 0.0
