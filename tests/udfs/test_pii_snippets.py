"""Precision and recall on labelled snippets: our own from real pages, and the shared ones."""

from __future__ import annotations

import json
import lzma
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from udfs.pii import find

DATA = os.environ.get("WOOLMILL_DATA")
OWN = Path(__file__).parents[1] / "data" / "pii_snippets.jsonl"
BARS = {"email": 0.95, "ipv4_public": 0.95, "ipv6_public": 0.95, "phone": 0.9, "iban": 0.95, "card": 0.95, "secret": 0.95}
Row = Mapping[str, Any]


def own() -> list[Row]:
    """The snippets of the repository."""
    return [json.loads(line) for line in OWN.read_text("utf-8").splitlines()]


def shared() -> list[Row]:
    """Those of the test data."""
    assert DATA
    with lzma.open(Path(DATA) / "pii" / "snippets.jsonl.xz", "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def outcomes(rows: Sequence[Row]) -> Counter[tuple[str, str]]:
    """Count hits, extras and misses by type; spans and labels have to agree exactly."""
    count: Counter[tuple[str, str]] = Counter()
    for row in rows:
        gold = {(s["start"], s["end"], s["label"]) for s in row["spans"]}
        got = set(find(row["text"]))
        for outcome, some in (("hit", gold & got), ("extra", got - gold), ("missed", gold - got)):
            count.update((label.partition(":")[0], outcome) for _, _, label in some)
    return count


def check(count: Counter[tuple[str, str]]) -> None:
    """Hold every type to its bar."""
    for kind, bar in BARS.items():
        hit = count[kind, "hit"]
        assert hit / (hit + count[kind, "extra"]) >= bar, f"precision of {kind}"
        assert hit / (hit + count[kind, "missed"]) >= bar, f"recall of {kind}"


def test_own_snippets_are_what_they_say() -> None:
    """At least 300, no text twice, eight languages with data of persons and without, labels that fit their texts, sources named."""
    rows = own()
    assert len(rows) >= 300
    assert len({row["text"] for row in rows}) == len({row["id"] for row in rows}) == len(rows)
    for wanted in (True, False):
        assert len({row["lang"] for row in rows if bool(row["spans"]) is wanted} - {"und"}) >= 8
    assert all(row["text"][s["start"] : s["end"]] == s["text"] for row in rows for s in row["spans"])
    assert all(row["source"] and row["kind"].startswith("negative") is not bool(row["spans"]) for row in rows)


def test_own_snippets() -> None:
    """Every type reaches its bar on the repository's snippets."""
    check(outcomes(own()))


@pytest.mark.skipif(not DATA, reason="WOOLMILL_DATA is not set; it names the folder of the test data")
def test_shared_snippets() -> None:
    """Every type reaches its bar on the shared snippets."""
    check(outcomes(shared()))
