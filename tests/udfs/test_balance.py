"""Downsampling of over-represented classes: targets, limits, subsets, and what is refused."""

from __future__ import annotations

import hashlib
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from udfs.balance import WHOLE, BalanceError, balanced, kept, places
from udfs.mixture import Histogram, cut

NAMES = ("arts", "celebrities", "shopping", "science", "law")
COUNTS = st.dictionaries(st.sampled_from(NAMES), st.integers(0, 10**12), min_size=1)
SHARES = st.dictionaries(st.sampled_from(NAMES), st.integers(0, 100).map(lambda percent: percent / 100))


def ids(count: int) -> list[bytes]:
    return [hashlib.blake2b(str(i).encode(), digest_size=16).digest() for i in range(count)]


@pytest.mark.parametrize(
    ("counts", "shares", "targets"),
    [
        ({"a": 70, "b": 30}, {}, {"a": 70, "b": 30}),
        ({"a": 70, "b": 30}, {"a": 0.5}, {"a": 30, "b": 30}),
        ({"a": 70, "b": 30}, {"a": 0.7}, {"a": 70, "b": 30}),
        ({"a": 900, "b": 50, "c": 50}, {"a": 0.2, "b": 0.3}, {"a": 20, "b": 30, "c": 50}),
        ({"a": 800, "b": 150, "c": 50}, {"a": 0.2, "b": 0.3}, {"a": 20, "b": 30, "c": 50}),
        ({"a": 400, "b": 200, "c": 400}, {"a": 0.25, "b": 0.2}, {"a": 181, "b": 145, "c": 400}),
        ({"a": 10, "b": 5}, {"a": 0.0}, {"a": 0, "b": 5}),
        ({"a": 10}, {"a": 0.0}, {"a": 0}),
        ({"a": 0, "b": 5}, {"a": 0.1}, {"a": 0, "b": 5}),
        ({"a": 7}, {"a": 1.0}, {"a": 7}),
    ],
)
def test_targets(counts: dict[str, int], shares: dict[str, float], targets: dict[str, int]) -> None:
    """Classes above their share come down to it, a class may be pulled in by another, the rest stay whole."""
    assert {name: one.target for name, one in balanced(counts, shares).items()} == targets


@pytest.mark.parametrize(
    ("counts", "shares", "message"),
    [
        ({"a": 1}, {"a": 1.2}, "share of a is 1.2"),
        ({"a": 1}, {"a": -0.1}, "between 0 and 1"),
        ({"a": 1}, {"a": float("nan")}, "share of a is nan"),
        ({"a": 1, "b": 1}, {"c": 0.1}, "no class 'c'; there are a, b"),
        ({"a": -1}, {}, "class a has -1"),
        ({"a": 50, "b": 50}, {"a": 0.4, "b": 0.4}, "a, b have all there is and are to be 80 %"),
        ({"a": 50}, {"a": 0.4}, "a have all there is"),
    ],
)
def test_impossible(counts: dict[str, int], shares: dict[str, float], message: str) -> None:
    """What can't be met is refused with what was asked."""
    with pytest.raises(BalanceError, match=message):
        balanced(counts, shares)


@given(COUNTS, SHARES)
def test_no_class_exceeds_its_share_and_nothing_more_is_cut(counts: dict[str, int], shares: dict[str, float]) -> None:
    """Cut classes are within a token of their exact share of the result; the others are whole and within theirs."""
    shares = {name: share for name, share in shares.items() if name in counts}
    try:
        found = balanced(counts, shares)
    except BalanceError:
        have = [name for name in counts if counts[name]]
        assert all(name in shares for name in have)
        assert sum(Fraction(round(shares[name] * 100), 100) for name in have) < 1
        return
    total = sum(one.target for one in found.values())
    for name, one in found.items():
        limit = Fraction(round(shares.get(name, 1.0) * 100), 100)
        assert 0 <= one.target <= one.available == counts[name]
        assert one.target <= limit * total + len(counts) + 1
        if one.target < one.available:
            assert abs(one.target - limit * total) <= len(counts) + 1


@given(COUNTS, st.sampled_from(NAMES), st.integers(1, 99), st.integers(1, 99))
def test_a_lower_share_keeps_a_subset(counts: dict[str, int], name: str, first: int, second: int) -> None:
    """What stays of a class rises with its share."""
    assume(counts.get(name) and sum(counts.values()) > counts[name])
    low, high = sorted((first, second))
    assert balanced(counts, {name: low / 100})[name].target <= balanced(counts, {name: high / 100})[name].target


def test_order_of_the_classes_does_not_matter() -> None:
    """Equal counts and shares in another order give equal limits."""
    counts, shares = {"a": 800, "b": 150, "c": 50}, {"a": 0.2, "b": 0.3}
    turned = balanced(dict(reversed(counts.items())), dict(reversed(shares.items())))
    assert list(turned.items()) == list(balanced(counts, shares).items())


def test_shares_of_documents_are_reached_within_a_point() -> None:
    """Of 60,000 documents the shares after sampling are within a point of what was asked, and the same again."""
    drawn = places(ids(60_000), seed=3)
    label = np.array(["arts"] * 36_000 + ["shopping"] * 12_000 + ["science"] * 12_000)
    counts = {name: int((label == name).sum()) for name in ("arts", "shopping", "science")}
    keep = np.zeros(len(label), dtype=bool)
    for name, one in balanced(counts, {"arts": 0.2, "shopping": 0.25}).items():
        mine = drawn[label == name]
        sizes = np.ones(len(mine), dtype=np.int64)
        limit = cut(Histogram.of(mine, sizes), one.target, places=mine, tokens=sizes) if one.target < one.available else WHOLE
        keep[label == name] = kept(mine, limit)
    for name, share in (("arts", 0.2), ("shopping", 0.25), ("science", 0.55)):
        assert abs((keep & (label == name)).sum() / keep.sum() - share) < 0.01
    assert (places(ids(60_000), seed=3) == drawn).all()


def test_limits() -> None:
    """Nothing is below 0, all is below the end, and limits beyond are refused."""
    drawn = np.array([0, 1, 2**63, 2**64 - 1], dtype=np.uint64)
    assert kept(drawn, 0).tolist() == [False] * 4
    assert kept(drawn, 1).tolist() == [True, False, False, False]
    assert kept(drawn, WHOLE).tolist() == [True] * 4
    with pytest.raises(BalanceError):
        kept(drawn, WHOLE + 1)
