"""Splits and folds of whole domains, and the baselines that are measured on them."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifiers.evaluation.baselines import _scaled, baselines
from classifiers.evaluation.curves import Scored, auc, levels
from classifiers.evaluation.splits import PARTS, check_apart, folds_of, part_of

PINNED = ["validation", "train", "test", "validation"]


def test_parts_are_as_large_as_asked_and_never_change() -> None:
    """Of many domains the shares are met; another salt gives another split; a few are pinned, as cards rest on them."""
    found = Counter(part_of(f"site{i}.example") for i in range(5_000))
    assert [round(found[part] / 5_000, 1) for part in PARTS] == [0.8, 0.1, 0.1]
    assert any(part_of(f"site{i}.example") != part_of(f"site{i}.example", "other") for i in range(50))
    assert [part_of(name) for name in ("debian.org", "example.com", "python.org", "\ud800")] == PINNED


@pytest.mark.parametrize("shares", [(80, 10, 11), (110, -5, -5), (0, 0, 0)])
def test_shares_must_add_up(shares: tuple[int, int, int]) -> None:
    """Shares that are no percentages are refused."""
    with pytest.raises(ValueError, match="must add up to 100"):
        part_of("a.example", shares=shares)


def test_a_domain_on_both_sides_is_named() -> None:
    """The check names the domain and both parts; parts that share nothing pass."""
    check_apart({"training": ["a.example", "b.example", "a.example"], "test": ["c.example"]})
    with pytest.raises(ValueError, match=r"domain b\.example is in training and in test"):
        check_apart({"training": ["a.example", "b.example"], "test": ["c.example", "b.example"]})


@settings(deadline=None)
@given(st.permutations([(f"g{i % 8}", i % 3 > 0) for i in range(40)]))
def test_folds_hold_whole_groups(rows: list[tuple[str, bool]]) -> None:
    """The folds do not depend on the order of the examples, and the groups are spread over all of them."""
    folds = folds_of([group for group, _ in rows], [positive for _, positive in rows], 4)
    again = sorted(rows)
    assert folds == folds_of([group for group, _ in again], [positive for _, positive in again], 4)
    assert set(folds) == {group for group, _ in rows}
    assert set(folds.values()) == {0, 1, 2, 3}


def test_signals_that_are_no_numbers_are_columns_of_their_own() -> None:
    """Signals that are missing or endless leave finite columns, and one more that says where."""
    found = _scaled(np.array([[1.0, np.inf], [2.0, 3.0], [np.nan, 4.0]]))
    assert np.isfinite(found).all()
    assert found[:, 2:].tolist() == [[0, 1], [0, 0], [1, 0]]


def test_baselines_find_what_is_there_and_no_more() -> None:
    """Labels that go by length are found by length, by no other; a label without a cause is found by none on unseen domains."""
    pytest.importorskip("sklearn")
    rng = np.random.default_rng(1)
    words = ["the", "river", "lies", "behind", "an", "old", "garden", "and", "its", "stone", "bridge"]
    long = rng.integers(0, 2, 160).astype(bool)
    texts = [" ".join(rng.choice(words, 60 if one else 20)) for one in long]
    languages = [("en", "de")[i % 2] for i in range(160)]
    groups = [f"d{i % 10}" for i in range(160)]
    folds = np.array([folds_of(groups, long, 5)[group] for group in groups])
    areas = {n: auc(levels(Scored(v, long, groups))) for n, v in baselines(texts, languages, long, folds).items()}
    assert areas["length"] > 0.95
    assert areas["signals"] > 0.95
    assert 0.3 < areas["language"] < 0.7
    chance = rng.integers(0, 2, 160).astype(bool)
    for values in baselines(texts, languages, chance, folds).values():
        assert auc(levels(Scored(values, chance, groups))) < 0.7
