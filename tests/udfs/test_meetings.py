"""Sets of leading bits: their encoding, and counting over holders, against plain Python."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from udfs.meetings import Keys, KeySet, Tally, bits_for, decode, encode

MOST = 2**56 - 1
PREFIXES = st.dictionaries(st.integers(0, MOST) | st.integers(0, 300), st.integers(1, 3) | st.integers(1, 2**62), max_size=60)
HOLDERS = st.lists(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 2)), max_size=40), max_size=6)


def _keys(numbers: list[int]) -> Keys:
    return np.array(numbers, dtype=np.uint64)


@settings(deadline=None)
@given(PREFIXES)
def test_what_is_encoded_comes_back(counts: dict[int, int]) -> None:
    """Any ascending prefixes below 2^56 with any counts are decoded as they were."""
    prefixes = sorted(counts)
    found, often = decode(encode(_keys(prefixes), np.array([counts[p] for p in prefixes], dtype=np.int64)))
    assert (found.tolist(), often.tolist()) == (prefixes, [counts[p] for p in prefixes])
    assert (found.dtype, often.dtype) == (np.uint64, np.int64)


@pytest.mark.parametrize(
    ("prefixes", "counts", "size"),
    [
        ([], [], 0),
        ([0], [1], 1),
        ([63], [1], 1),
        ([64], [1], 2),
        ([0, 1], [1, 127], 3),
        ([0, 1], [1, 128], 4),
        ([MOST], [1], 9),
        ([0, MOST], [2**62, 1], 19),
    ],
)
def test_differences_take_seven_bits_a_byte(prefixes: list[int], counts: list[int], size: int) -> None:
    """A single key costs its difference and a bit; only repeats cost a count."""
    piece = encode(_keys(prefixes), np.array(counts, dtype=np.int64))
    assert len(piece) == size
    found, often = decode(piece)
    assert (found.tolist(), often.tolist()) == (prefixes, counts)


def test_what_is_encoded_may_lie_apart() -> None:
    """Slices with a stride are encoded as what they hold."""
    prefixes, counts = np.arange(0, 1000, dtype=np.uint64)[::7], np.arange(1, 1001, dtype=np.int64)[::7]
    found, often = decode(encode(prefixes, counts))
    assert (found.tolist(), often.tolist()) == (prefixes.tolist(), counts.tolist())


@settings(deadline=None)
@given(st.lists(st.integers(0, 2**64 - 1) | st.sampled_from([0, 2**64 - 1, 2**63]), max_size=40), st.integers(6, 56), st.data())
def test_a_set_knows_its_keys(keys: list[int], bits: int, data: st.DataObject) -> None:
    """Prefixes are distinct and ascending, counts add up, and the index leads from each key to its prefix."""
    counts = data.draw(st.none() | st.lists(st.integers(1, 50), min_size=len(keys), max_size=len(keys)))
    made = KeySet.of(_keys(keys), bits, None if counts is None else np.array(counts, dtype=np.int64))
    expected: Counter[int] = Counter()
    for key, n in zip(keys, counts or [1] * len(keys), strict=True):
        expected[key >> (64 - bits)] += n
    assert dict(zip(made.prefixes.tolist(), made.counts.tolist(), strict=True)) == expected
    assert made.prefixes.tolist() == sorted(expected)
    assert made.prefixes[made.index].tolist() == [key >> (64 - bits) for key in keys]


@settings(deadline=None)
@given(st.lists(st.integers(0, 2**64 - 1), max_size=50), st.integers(6, 56), st.integers(1, 200))
def test_pieces_cover_all_ranges(keys: list[int], bits: int, parts: int) -> None:
    """Whatever the number of parts, each prefix lies in the one piece whose range holds it, also with more parts than prefixes."""
    made = KeySet.of(_keys(keys), bits)
    cuts = made.cuts(bits, parts)
    assert (len(cuts), cuts[0], cuts[-1]) == (parts + 1, 0, len(made.prefixes))
    bounds = [(part << bits) // parts for part in range(parts + 1)]
    for (low, high), piece in zip(pairwise(bounds), made.pieces(cuts), strict=True):
        assert decode(piece)[0].tolist() == [p for p in made.prefixes.tolist() if low <= p < high]


@settings(deadline=None)
@given(HOLDERS, st.integers(1, 7))
def test_a_tally_is_a_counter(holders: list[list[tuple[int, int]]], parts: int) -> None:
    """Prefixes of random holders are counted as a Counter does, and each holder finds the places of its own."""
    bits = 6
    sets = []
    for held in holders:
        keys = [prefix << 58 | tail for prefix, tail in held]
        sets.append(KeySet.of(_keys(keys), bits))
    expected = Counter(prefix for held in holders for prefix, _ in held)
    counted: dict[int, int] = {}
    mine: list[list[int]] = [[] for _ in sets]
    for part in range(parts):
        tally = Tally.of([made.pieces(made.cuts(bits, parts))[part] for made in sets])
        counted |= dict(zip(tally.prefixes.tolist(), tally.totals.tolist(), strict=True))
        assert len(tally.held) == len(sets)
        for prefixes, places in zip(mine, tally.held, strict=True):
            prefixes += tally.prefixes[places].tolist()
    assert counted == expected
    assert mine == [made.prefixes.tolist() for made in sets]


def test_large_counts_are_exact() -> None:
    """Counts add up to 2^53 without a rounding."""
    piece = KeySet.of(_keys([5 << 58]), 6, np.array([2**52 + 1], dtype=np.int64)).pieces([0, 1])[0]
    assert Tally.of([piece, piece]).totals.tolist() == [2**53 + 2]


def test_counts_can_be_added() -> None:
    """What known tables hold is added at its places, several rows at one place too."""
    tally = Tally.of([KeySet.of(_keys([1 << 58, 2 << 58, 2 << 58]), 6).pieces([0, 2])[0]])
    more = tally.plus(np.array([1, 1, 0]), np.array([3, 4, 5]))
    assert more.totals.tolist() == [1 + 5, 2 + 7]
    assert tally.totals.tolist() == [1, 2]
    assert tally.plus(np.zeros(0, np.int64), np.zeros(0, np.int64)).totals.tolist() == [1, 2]


@pytest.mark.parametrize(("keys", "bits"), [(0, 10), (1, 11), (1_000_000, 30), (10**12, 50), (2**50 - 1, 56), (10**30, 56)])
def test_bits_grow_with_the_number_of_keys(keys: int, bits: int) -> None:
    """Ten bits more than name the keys, at most 56, so that differences fit into eight groups of seven and a flag."""
    assert bits_for(keys) == bits


@pytest.mark.parametrize("seed", [1, 2])
def test_a_million_keys_cost_under_three_bytes_each(seed: int) -> None:
    """Random keys travel in about two bytes, and one in a thousand meets another only by its prefix."""
    n = 1_000_000
    bits = bits_for(n)
    keys = np.random.default_rng(seed).integers(0, 2**64, n, dtype=np.uint64)
    made = KeySet.of(keys, bits)
    size = sum(map(len, made.pieces(made.cuts(bits, 3))))
    assert size / n < 3
    false = (made.counts[made.index] > 1).mean()
    assert false < 1 / 1000
