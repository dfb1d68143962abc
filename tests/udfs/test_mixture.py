"""Token-exact sampling: targets, the choice of documents, and their order."""

from __future__ import annotations

import random
import re
from functools import partial
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from udfs.mixture import (
    BINS,
    MILLION,
    ClassPlan,
    Histogram,
    Shortfall,
    bins,
    budget,
    copies,
    cut,
    order_key,
    parts,
    plan,
    sampling_hash,
    shard_of,
)

SHARES = {"code": 170_000, "general": 500_000, "math": 250_000, "multilingual": 80_000}
AVAILABLE = {"code": 12_000_000, "general": 70_000_000, "math": 10_000_000, "multilingual": 8_000_000}
FOUR = dict.fromkeys(SHARES, 4.0)
MIXES = st.lists(st.tuples(st.integers(0, 10**12), st.integers(0, 1000), st.integers(0, 80)), min_size=1, max_size=6).filter(
    lambda rows: any(weight for _, weight, _ in rows)
)


def _documents(seed: int, n: int) -> tuple[list[bytes], np.ndarray]:
    rng = np.random.default_rng(seed)
    return [rng.bytes(16) for _ in range(n)], rng.lognormal(6, 1.2, n).astype(np.int64) + 1


def _choose(places: np.ndarray, tokens: np.ndarray, target: int) -> np.ndarray:
    plan = ClassPlan(int(tokens.sum()), target)
    below = cut(Histogram.of(places, tokens), plan.rest, places=places, tokens=tokens)
    return copies(places, full=plan.full, below=below)


# Shares and budgets


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        ({"b": 0.5, "a": 0.5}, {"a": 500_000, "b": 500_000}),
        ({"a": 1, "b": 1, "c": 1}, {"a": 333_334, "b": 333_333, "c": 333_333}),
        ({"general": 0.5, "math": 0.25, "code": 0.17, "multilingual": 0.08}, SHARES),
        ({"a": 3, "b": 0}, {"a": MILLION, "b": 0}),
    ],
)
def test_parts(weights: dict[str, float], expected: dict[str, int]) -> None:
    """Weights become parts per million that make exactly one million, ties broken by name."""
    assert parts(weights) == expected


@pytest.mark.parametrize("weights", [{}, {"a": 0.0}, {"a": -1.0, "b": 2.0}, {"a": float("nan")}, {"a": float("inf")}])
def test_wrong_weights(weights: dict[str, float]) -> None:
    """Shares that are negative, infinite or all zero are refused."""
    with pytest.raises(ValueError, match="mixture: "):
        parts(weights)


def test_largest_budget_of_the_paper() -> None:
    """At four epochs mathematics, a tenth of the corpus and a quarter of the mix, binds at 1.6 times the corpus."""
    assert budget(AVAILABLE, SHARES, epochs=FOUR) == 160_000_000
    made = plan(AVAILABLE, SHARES, epochs=FOUR)
    assert made.targets == {"code": 27_200_000, "general": 80_000_000, "math": 40_000_000, "multilingual": 12_800_000}
    assert made.epochs["math"] == 4.0
    assert made.capped == ()


def test_shortfall_names_the_binding_class() -> None:
    """A budget above the largest feasible one stops with class, tokens and that budget."""
    with pytest.raises(Shortfall, match=r"class math has 10000000 tokens .* 25 % .* feasible budget is 160000000"):
        plan(AVAILABLE, SHARES, epochs=FOUR, budget=160_000_001)
    with pytest.raises(Shortfall, match="class math has 0 tokens"):
        budget(AVAILABLE | {"math": 0}, SHARES, epochs=FOUR)
    with pytest.raises(Shortfall, match="class math has 0 tokens"):
        plan({"general": 5, "code": 5, "multilingual": 5}, SHARES, epochs=FOUR)


@pytest.mark.parametrize("wanted", [170_000_001, 320_000_000, 2_000_000_000])
def test_a_shortfall_says_what_would_be_needed(wanted: int) -> None:
    """With the tokens that it names, or with the epochs, the budget is feasible; all classes that lack something are named."""
    with pytest.raises(Shortfall) as caught:
        plan(AVAILABLE, SHARES, epochs=FOUR, budget=wanted)
    found = re.findall(r"(\w+) (\d+) tokens more or ([\d.e+]+) epochs", str(caught.value))
    assert "math" in {name for name, _, _ in found}
    more = AVAILABLE | {name: AVAILABLE[name] + int(tokens) for name, tokens, _ in found}
    often = FOUR | {name: float(epochs) for name, _, epochs in found}
    for available, epochs in ((more, FOUR), (AVAILABLE, often)):
        assert budget(available, SHARES, epochs=epochs) >= wanted - 4


def test_rescale_obeys_caps() -> None:
    """What a capped class cannot give is spread over the others by share, up to the last token of all."""
    made = plan(AVAILABLE, SHARES, epochs=FOUR, budget=200_000_000, shortfall="rescale")
    assert made.capped == ("math",)
    assert made.targets["math"] == 40_000_000
    assert made.targets["general"] == 160_000_000 * 500 // 750
    assert 200_000_000 - 4 < sum(made.targets.values()) <= 200_000_000
    everything = plan(AVAILABLE, SHARES, epochs=FOUR, budget=400_000_000, shortfall="rescale")
    assert everything.epochs == FOUR
    with pytest.raises(Shortfall, match="give 400000000"):
        plan(AVAILABLE, SHARES, epochs=FOUR, budget=400_000_001, shortfall="rescale")


def test_rescale_without_a_class() -> None:
    """A class without a token is left out, and the others keep their proportions."""
    made = plan({"general": 1000, "code": 1000}, SHARES, epochs=FOUR, shortfall="rescale")
    assert made.capped == ("math", "multilingual")
    assert made.targets == {"code": 1360, "general": 4000, "math": 0, "multilingual": 0}
    with pytest.raises(Shortfall):
        plan({}, SHARES, epochs=FOUR, shortfall="rescale")


@given(MIXES, st.integers(1, 10**13))
def test_plans_keep_their_promises(rows: list[tuple[int, int, int]], wanted: int) -> None:
    """Whatever is available: no class above its cap, targets within a token of their share, sums that fit the budget."""
    shares = parts({f"c{i}": weight for i, (_, weight, _) in enumerate(rows)})
    available = {f"c{i}": tokens for i, (tokens, _, _) in enumerate(rows)}
    epochs = {f"c{i}": tenths / 10 for i, (_, _, tenths) in enumerate(rows)}
    caps = {f"c{i}": tokens * tenths // 10 for i, (tokens, _, tenths) in enumerate(rows)}
    for shortfall in ("fail", "rescale"):
        try:
            made = plan(available, shares, epochs=epochs, budget=wanted, shortfall=shortfall)  # type: ignore[arg-type]
        except Shortfall:
            short = any(wanted * share > caps[name] * MILLION for name, share in shares.items())
            assert short if shortfall == "fail" else wanted > sum(caps[name] for name in caps if shares[name])
            continue
        assert all(made.targets[name] <= caps[name] for name in caps)
        assert wanted - len(rows) < sum(made.targets.values()) <= wanted
        if not made.capped:
            assert all(made.targets[name] == wanted * share // MILLION for name, share in shares.items())


@pytest.mark.parametrize(
    ("shares", "epochs", "message"),
    [
        ({"a": 999_999}, {"a": 1.0}, "must make 1000000"),
        ({"a": 1_500_000, "b": -500_000}, {"a": 1.0, "b": 1.0}, "none below 0"),
        ({"a": MILLION}, {}, "class a has no finite cap"),
        ({"a": MILLION}, {"a": float("inf")}, "class a has no finite cap"),
    ],
)
def test_wrong_plans(shares: dict[str, int], epochs: dict[str, float], message: str) -> None:
    """Shares that do not add up and missing caps are refused by name."""
    with pytest.raises(ValueError, match=message):
        budget({"a": 10, "b": 10}, shares, epochs=epochs)


# Choice of documents


@pytest.mark.parametrize("epochs", [0.001, 0.3, 0.9999, 1.0, 2.4, 4.0])
def test_targets_are_met_within_one_document(epochs: float) -> None:
    """The tokens taken reach the target and exceed it by less than one document; copies are floor or ceiling."""
    ids, tokens = _documents(1, 20_000)
    places = sampling_hash(ids, "math", seed=1)
    target = int(tokens.sum() * epochs)
    taken = _choose(places, tokens, target)
    assert 0 <= int((taken * tokens).sum()) - target < tokens.max()
    assert set(taken.tolist()) <= {int(epochs), int(epochs) + 1}


def test_order_and_partitions_do_not_matter() -> None:
    """Shuffled documents, histograms added from parts, and the bin of the cut alone give the same choice."""
    ids, tokens = _documents(2, 5000)
    places = sampling_hash(ids, "code", seed=1)
    rest = int(tokens.sum() * 0.37)
    whole = Histogram.of(places, tokens)
    expected = cut(whole, rest, places=places, tokens=tokens)
    order = np.random.default_rng(3).permutation(5000)
    split = [Histogram.of(places[order][i::4], tokens[order][i::4]) for i in range(4)]
    added = (split[3] + split[1]) + (split[0] + split[2])
    assert (added.tokens == whole.tokens).all()
    assert added.total == int(tokens.sum())
    inside = bins(places) == added.bin_of(rest)[0]
    assert cut(added, rest, places=places[inside], tokens=tokens[inside]) == expected
    assert cut(added, rest, places=places[order], tokens=tokens[order]) == expected


@given(
    st.lists(st.tuples(st.integers(0, 2**64 - 1), st.integers(1, 50)), min_size=1, max_size=40, unique_by=lambda d: d[0]),
    st.data(),
)
def test_cut_equals_a_sorted_list(documents: list[tuple[int, int]], data: st.DataObject) -> None:
    """The cut takes exactly the shortest prefix in the order of places, however crowded a bin is, to the last token."""
    if data.draw(st.booleans()):
        documents = [(place % 2**48 + 7 * 2**48, tokens) for place, tokens in documents]
    places = np.array([place for place, _ in documents], dtype=np.uint64)
    tokens = np.array([count for _, count in documents], dtype=np.int64)
    rest = data.draw(st.integers(0, int(tokens.sum())))
    expected, reached = [], 0
    for place, count in sorted(set(documents)):
        if reached >= rest:
            break
        expected.append(place)
        reached += count
    below = cut(Histogram.of(places, tokens), rest, places=places, tokens=tokens)
    assert sorted(places[copies(places, full=0, below=below) == 1].tolist()) == sorted(expected)


def test_larger_budgets_only_add() -> None:
    """A larger target takes every document at least as often; another seed makes an independent choice."""
    ids, tokens = _documents(4, 20_000)
    places = sampling_hash(ids, "general", seed=1)
    total = int(tokens.sum())
    chosen = [_choose(places, tokens, int(total * epochs)) for epochs in (0.3, 0.33, 0.99, 1.01, 1.6, 2.0, 2.4)]
    assert all((more >= less).all() for less, more in pairwise(chosen))
    other = _choose(sampling_hash(ids, "general", seed=2), tokens, int(total * 0.3))
    assert np.mean(chosen[0] * other) == pytest.approx(0.09, abs=0.01)


def test_sampling_hash_depends_on_all() -> None:
    """Seed, class and id all move a document, no two readings of them coincide, and the values are pinned."""
    one = sampling_hash([b"1a"], "c", seed=1).tolist()
    others = [sampling_hash([b"1a"], "c", seed=2), sampling_hash([b"1a"], "d", seed=1), sampling_hash([b"a"], "c1", seed=1)]
    assert len({*one, *(int(o[0]) for o in others), int(sampling_hash([b"a"], "1\0c", seed=1)[0])}) == 5
    assert sampling_hash([], "c", seed=1).tolist() == []
    assert sampling_hash([bytes(16)], "math", seed=1).tolist() == [PINNED_PLACE]


def test_cuts_that_cannot_be() -> None:
    """A prefix larger than the class, or documents missing from the bin of the cut, stop instead of missing the target."""
    places, tokens = np.array([5, 6], dtype=np.uint64), np.array([10, 10])
    histogram = Histogram.of(places, tokens)
    with pytest.raises(ValueError, match="a prefix of 21 tokens was asked of a class of 20"):
        cut(histogram, 21, places=places, tokens=tokens)
    with pytest.raises(ValueError, match="bin 0 lacks documents"):
        cut(histogram, 20, places=places[:1], tokens=tokens[:1])
    assert cut(histogram, 0, places=places, tokens=tokens) == 0
    top = np.array([2**64 - 1], dtype=np.uint64)
    assert copies(top, full=2, below=cut(Histogram.of(top, tokens[:1]), 3, places=top, tokens=tokens[:1])).tolist() == [3]
    assert bins(top).tolist() == [BINS - 1]


# Order


def test_copies_lie_apart() -> None:
    """Among documents seen 2.4 times no two copies of one lie within a sixth of the output of each other."""
    ids, tokens = _documents(6, 5000)
    places = sampling_hash(ids, "math", seed=1)
    taken = _choose(places, tokens, int(tokens.sum() * 2.4)).tolist()
    for one, count in zip(ids, taken, strict=True):
        keys = sorted(order_key(one, copy, of=count, seed=1) for copy in range(count))
        assert all(b - a >= 2**64 // count // 2 - 1 for a, b in pairwise(keys))
        assert keys[0] + 2**64 - keys[-1] >= 2**64 // count // 2 - 1


def test_every_shard_has_the_mix() -> None:
    """Classes seen 1, 2 and 3 times are each spread evenly: no shard departs from the mean by six standard deviations."""
    ids, _ = _documents(7, 6000)
    for of in (1, 2, 3):
        shards = np.bincount(
            [shard_of(order_key(one, copy, of=of, seed=9), 20) for one in ids for copy in range(of)], minlength=20
        )
        mean = 6000 * of / 20
        assert abs(shards - mean).max() < 6 * np.sqrt(mean)


def test_epochs_have_their_own_order() -> None:
    """Documents that follow each other in one epoch do not in the next."""
    ids, _ = _documents(8, 2000)
    orders = [sorted(ids, key=partial(order_key, copy=copy, of=2, seed=1)) for copy in range(2)]
    neighbours = [set(pairwise(order)) for order in orders]
    assert len(neighbours[0] & neighbours[1]) < 20


@pytest.mark.parametrize(("copy", "of"), [(-1, 2), (2, 2), (0, 0)])
def test_wrong_copies(copy: int, of: int) -> None:
    """A copy that does not exist has no place."""
    with pytest.raises(ValueError, match="copies are numbered from 0"):
        order_key(b"x", copy, of=of, seed=1)


@given(st.integers(0, 2**64 - 1), st.integers(1, 10**6))
def test_shards_are_ranges(key: int, n_shards: int) -> None:
    """Each key has one shard, and a greater key no lower one."""
    shard = shard_of(key, n_shards)
    assert 0 <= shard < n_shards
    assert shard <= shard_of(min(2**64 - 1, key + random.Random(key).randrange(2**60)), n_shards)


PINNED_PLACE = 4234172118729878408
