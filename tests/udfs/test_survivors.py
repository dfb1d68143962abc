"""The greedy choice against a plain dictionary, components against networkx, chains and hubs, and real near-duplicates."""

from __future__ import annotations

import json
import lzma
import os
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from udfs import survivors
from udfs.sketch import SketchSettings, similarity, sketch
from udfs.survivors import Removals, components, forest, greedy

Edges = list[tuple[int, int]]

RANKS = st.one_of(st.integers(0, 40), st.integers(0, 2**63 - 1))
EDGES = st.lists(st.tuples(RANKS, RANKS).filter(lambda e: e[0] != e[1]).map(lambda e: (max(e), min(e))), max_size=120)
KERNELS = pytest.mark.parametrize("kernel", [greedy, components, forest])


def _ends(edges: Edges) -> tuple[np.ndarray, np.ndarray]:
    worse, better = np.array(edges, dtype=np.int64).reshape(-1, 2).T
    return worse, better


def _pairs(made: Removals) -> Edges:
    return list(zip(made.loser.tolist(), made.winner.tolist(), strict=True))


def _dictionary(edges: Edges) -> Edges:
    better: dict[int, list[int]] = {}
    for worse, best in edges:
        better.setdefault(worse, []).append(best)
    keeper: dict[int, int] = {}
    for rank in sorted(better):
        kept = [b for b in better[rank] if b not in keeper]
        if kept:
            keeper[rank] = min(kept)
    return sorted(keeper.items())


def _connected(edges: Edges) -> Edges:
    return sorted((member, min(group)) for group in nx.connected_components(nx.Graph(edges)) for member in group)


@settings(deadline=None)
@given(EDGES, st.randoms(use_true_random=False))
def test_greedy_equals_a_dictionary_in_any_order_of_edges(edges: Edges, rng: Any) -> None:
    """The result is the sequential definition's whatever the order and repetition of edges and the gaps between ranks."""
    made = greedy(*_ends(edges))
    assert _pairs(made) == _dictionary(edges)
    assert not np.isin(made.winner, made.loser).any()
    shuffled = edges + edges[:3]
    rng.shuffle(shuffled)
    assert _pairs(greedy(*_ends(shuffled))) == _pairs(made)


@settings(deadline=None)
@given(EDGES)
def test_components_equal_networkx(edges: Edges) -> None:
    """Every document that an edge names is given the least rank of its component; of the forest, every one but that itself."""
    members, least = components(*_ends(edges))
    expected = _connected(edges)
    assert list(zip(members.tolist(), least.tolist(), strict=True)) == expected
    assert _pairs(forest(*_ends(edges))) == [(member, best) for member, best in expected if member != best]


@settings(deadline=None)
@given(EDGES, st.integers(1, 5))
def test_forests_of_parts_connect_what_the_whole_connects(edges: Edges, parts: int) -> None:
    """Parts reduced apart, and their stars together, give the stars of the whole."""
    stars = [star for part in range(parts) for star in _pairs(forest(*_ends(edges[part::parts])))]
    assert _pairs(forest(*_ends(stars))) == _pairs(forest(*_ends(edges)))


@pytest.mark.parametrize(
    ("edges", "kept_apart", "connected"),
    [
        ([], [], []),
        ([(1, 0), (2, 0), (2, 1)], [(1, 0), (2, 0)], [(1, 0), (2, 0)]),
        ([(9, 4), (7, 4)], [(7, 4), (9, 4)], [(7, 4), (9, 4)]),
        ([(1, 0), (2, 1)], [(1, 0)], [(1, 0), (2, 0)]),  # 1 is gone, so 2 has nobody to give way to
        ([(3, 1), (3, 2), (1, 0)], [(1, 0), (3, 2)], [(1, 0), (2, 0), (3, 0)]),
        ([(2**63 - 1, 2**63 - 2)], [(2**63 - 1, 2**63 - 2)], [(2**63 - 1, 2**63 - 2)]),
    ],
)
def test_small_graphs(edges: Edges, kept_apart: Edges, connected: Edges) -> None:
    """Stars lose all but their centre; along a chain every other document stays, or only the first."""
    assert _pairs(greedy(*_ends(edges))) == kept_apart
    assert _pairs(forest(*_ends(edges))) == connected


def test_chain_of_revisions() -> None:
    """A chain whose ranks follow it, the worst case of rounds, takes one pass and keeps every other document."""
    ranks = np.arange(0, 3_000_000, 3)
    made = greedy(ranks[1:], ranks[:-1])
    assert (made.loser == ranks[1::2]).all()
    assert (made.winner == ranks[:-1:2]).all()
    whole = forest(ranks[1:], ranks[:-1])
    assert (whole.loser == ranks[1:]).all()
    assert not whole.winner.any()


@KERNELS
@pytest.mark.parametrize("edge", [(0, 1), (1, 1), (1, -1), (-1, -2)])
def test_wrong_edges(kernel: Callable[..., object], edge: tuple[int, int]) -> None:
    """An edge that is reversed, joins a document with itself or names none is refused, not skipped."""
    with pytest.raises(ValueError, match=rf"edge \({edge[0]}, {edge[1]}\): ranks must be 0 or more"):
        kernel(*_ends([(3, 2), edge]))


@KERNELS
def test_ends_that_do_not_match(kernel: Callable[..., object]) -> None:
    """A worse end without a better one is refused before compiled code reads beyond an array."""
    with pytest.raises(ValueError, match=r"shapes \(3,\) and \(2,\)"):
        kernel(np.array([3, 4, 5]), np.array([1, 2]))


@KERNELS
def test_more_edges_than_fit(kernel: Callable[..., object], monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond what 32-bit places can number, the refusal says how many edges there are and what to do."""
    monkeypatch.setattr(survivors, "MAX_EDGES", 2)
    with pytest.raises(ValueError, match=r"3 edges are more than the 2 .* decide parts of them"):
        kernel(*_ends([(3, 2), (2, 1), (1, 0)]))


@KERNELS
def test_edges_are_left_as_they_were(kernel: Callable[..., object]) -> None:
    """Strided arrays and read-only ones, as Arrow hands them out, are taken without compiling anew; nothing is written into them."""
    edges = np.array([(5, 1), (5, 3), (3, 1), (7, 5)])
    ends = edges.T.copy()
    ends.flags.writeable = edges.flags.writeable = False
    before = edges.copy()
    kernel(*edges.T)
    kernel(*ends)
    assert (edges == before).all()
    assert len(survivors._number.signatures) == 1


def _read(path: Path) -> list[dict[str, Any]]:
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def _decide(docs: list[dict[str, Any]]) -> dict[str, str | None]:
    """Sketch, star edges to the best of each band key, verified at 0.75, greedy: newest, longest, id."""
    order = sorted(docs, key=lambda d: (-int(d["fetched"].replace("-", "")), -len(d["text"]), d["id"]))
    made = [sketch(doc["text"], SketchSettings()) for doc in order]
    centre: dict[int, int] = {}
    stars = {(i, centre.setdefault(key, i)) for i, one in enumerate(made) for key in one.bands.tolist()}
    edges = np.array(sorted(star for star in stars if star[0] != star[1]))
    first, second = (np.stack([np.frombuffer(made[i].signature, np.uint8) for i in edges[:, end]]) for end in (0, 1))
    near = edges[similarity(first, second) >= 0.75]
    keeper = dict(_pairs(greedy(near[:, 0], near[:, 1])))
    return {doc["id"]: order[keeper[i]]["id"] if i in keeper else None for i, doc in enumerate(order)}


def test_real_near_duplicates() -> None:
    """On 3,808 documents of known similarity: few removals are wrong, few near-duplicates are left, every keeper stays."""
    if not (data := os.environ.get("WOOLMILL_DATA")):
        pytest.skip("WOOLMILL_DATA is not set")
    docs = _read(Path(data) / "neardup" / "docs.jsonl.xz")
    near: dict[str, dict[str, float]] = defaultdict(dict)
    for pair in _read(Path(data) / "neardup" / "pairs.jsonl.xz"):
        near[pair["a"]][pair["b"]] = near[pair["b"]][pair["a"]] = pair["j"]
    keeper = _decide(docs)
    gone = {doc for doc, kept in keeper.items() if kept is not None}
    assert 1_690 <= len(gone) <= 1_745
    assert not gone & {kept for kept in keeper.values() if kept is not None}
    order = sorted(docs, key=lambda d: (-int(d["fetched"].replace("-", "")), d["id"]))
    for threshold, precision, recall in ((0.7, 0.985, 0.94), (0.8, 0.88, 0.99)):
        true = sum(any(j >= threshold and other not in gone for other, j in near[doc].items()) for doc in gone)
        stay: set[str] = set()
        left = 0
        for doc in (d["id"] for d in order if d["id"] not in gone):
            if any(j >= threshold and other in stay for other, j in near[doc].items()):
                left += 1
            else:
                stay.add(doc)
        assert true / len(gone) >= precision
        assert true / (true + left) >= recall
