"""The greedy choice against a plain dictionary, along chains, and on real near-duplicates."""

from __future__ import annotations

import json
import lzma
import os
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from udfs.sketch import SketchSettings, similarity, sketch
from udfs.survivors import greedy

EDGES = st.integers(1, 40).flatmap(
    lambda n: st.tuples(
        st.just(n),
        st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)).filter(lambda e: e[0] != e[1]), max_size=120),
    )
)


def _dictionary(edges: list[tuple[int, int]], n: int) -> list[int]:
    better: dict[int, list[int]] = {}
    for worse, best in edges:
        better.setdefault(worse, []).append(best)
    keeper: dict[int, int] = {}
    for rank in range(n):
        kept = [b for b in better.get(rank, []) if b not in keeper]
        if kept:
            keeper[rank] = min(kept)
    return [keeper.get(rank, -1) for rank in range(n)]


@given(EDGES, st.randoms(use_true_random=False))
def test_equals_a_dictionary_in_any_order_of_edges(graph: tuple[int, list[tuple[int, int]]], rng: Any) -> None:
    """The result is the sequential definition's whatever the order and repetition of edges, and every keeper stays."""
    n, drawn = graph
    edges = [(max(e), min(e)) for e in drawn]
    winner = greedy(np.array(edges, dtype=np.int64).reshape(-1, 2), n)
    assert winner.tolist() == _dictionary(edges, n)
    shuffled = edges + edges[:3]
    rng.shuffle(shuffled)
    assert greedy(np.array(shuffled, dtype=np.int64).reshape(-1, 2), n).tolist() == winner.tolist()
    assert (winner[winner[winner >= 0]] == -1).all()


@pytest.mark.parametrize(
    ("edges", "n", "expected"),
    [
        ([], 0, []),
        ([], 3, [-1, -1, -1]),
        ([(1, 0), (2, 0), (2, 1)], 3, [-1, 0, 0]),
        ([(1, 0), (2, 1)], 3, [-1, 0, -1]),  # 1 is gone, so 2 has nobody to give way to
        ([(3, 1), (3, 2), (1, 0)], 4, [-1, 0, -1, 2]),
    ],
)
def test_small_graphs(edges: list[tuple[int, int]], n: int, expected: list[int]) -> None:
    """Stars lose all but their centre; along a chain every other document stays."""
    assert greedy(np.array(edges, dtype=np.int64).reshape(-1, 2), n).tolist() == expected


def test_chain_of_revisions() -> None:
    """A chain whose ranks follow it, the worst case of rounds, takes one pass and keeps every other document."""
    ranks = np.arange(100_000)
    winner = greedy(np.column_stack((ranks[1:], ranks[:-1])), len(ranks))
    assert (winner[::2] == -1).all()
    assert (winner[1::2] == ranks[:-1:2]).all()


@pytest.mark.parametrize("edge", [(0, 1), (1, 1), (3, 0), (1, -1)])
def test_wrong_edges(edge: tuple[int, int]) -> None:
    """An edge that is reversed, joins a document with itself or names none is refused, not skipped."""
    with pytest.raises(ValueError, match=r"ranks must lie in 0 \.\. 2"):
        greedy(np.array([edge], dtype=np.int64), 3)


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
    winner = greedy(edges[similarity(first, second) >= 0.75], len(order)).tolist()
    return {doc["id"]: order[keeper]["id"] if keeper >= 0 else None for doc, keeper in zip(order, winner, strict=True)}


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
