"""Windows over long documents: where they lie, what they cover, how their scores are pooled."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifiers.encoder.windows import Rule, covered, pieces, pool, windows, within


@pytest.mark.parametrize(
    ("length", "size", "most", "wanted"),
    [
        (0, 10, 3, ((0, 0),)),
        (1, 10, 3, ((0, 1),)),
        (10, 10, 3, ((0, 10),)),
        (11, 10, 3, ((0, 10), (1, 11))),
        (20, 10, 3, ((0, 10), (10, 20))),
        (21, 10, 3, ((0, 10), (5, 15), (11, 21))),
        (1000, 10, 3, ((0, 10), (495, 505), (990, 1000))),
        (1000, 10, 2, ((0, 10), (990, 1000))),
        (1000, 10, 1, ((0, 10),)),
    ],
)
def test_windows_lie_at_head_middle_and_tail(length: int, size: int, most: int, wanted: tuple[tuple[int, int], ...]) -> None:
    """A sequence has as few windows as cover it, the first at its start, the last at its end."""
    assert windows(length, size, most) == wanted


@given(st.integers(0, 10_000), st.integers(1, 600), st.integers(1, 5))
def test_windows_are_full_ordered_and_cover_what_they_can(length: int, size: int, most: int) -> None:
    """Windows ascend, are full but for a short text's, and cover all or as much as so many windows can."""
    found = windows(length, size, most)
    assert len(found) <= most
    assert list(found) == sorted(found)
    assert all(end - start == min(size, length) for start, end in found)
    assert found[0][0] == 0
    assert most == 1 or found[-1][1] == length
    assert covered(found) == min(length, size * len(found))


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 20)), max_size=8))
def test_covered_counts_each_position_once(raw: list[tuple[int, int]]) -> None:
    """What spans cover is the size of their union."""
    spans = sorted((start, start + size) for start, size in raw)
    assert covered(spans) == len({at for start, end in spans for at in range(start, end)})


def test_a_very_long_text_is_read_in_pieces() -> None:
    """A text beyond all windows' characters is cut to a piece for each, with one window: at its start, its middle, its end."""
    rule = Rule(tokens=100, most=3)
    assert pieces(2_400, rule) == ((0, 2_400),)
    parts = pieces(10_000_000, rule)
    assert parts == windows(10_000_000, 800, 3)
    assert [within(at, 3, 180, rule) for at in range(3)] == [((0, 100),), ((40, 140),), ((80, 180),)]
    assert within(1, 3, 20, rule) == ((0, 20),)
    assert within(0, 1, 250, rule) == windows(250, 100, 3)


@pytest.mark.parametrize("bad", [(0, 1), (1, 0), (-5, 3)])
def test_a_rule_without_windows_is_refused(bad: tuple[int, int]) -> None:
    """A rule needs tokens and windows."""
    with pytest.raises(ValueError, match="at least 1 token"):
        Rule(*bad)


def test_pooling_is_the_mean_and_nothing_for_nothing() -> None:
    """Log-odds are averaged, whatever the order of the windows; no window, no score."""
    assert pool([0.25, -1.0, 3.0]) == pool([3.0, 0.25, -1.0]) == 0.75
    assert pool([]) is None
