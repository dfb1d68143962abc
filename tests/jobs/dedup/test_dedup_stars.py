"""Pairs of a bucket with its best, as a stream over sorted rows of any batches, against a dictionary."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.dedup.ranking import RANKED, Ranked
from jobs.dedup.stars import KEYED, PAIRS, Crowds, _paired, banded, copied, stars

if TYPE_CHECKING:
    from pathlib import Path

    from pyspark.sql import SparkSession

Key = tuple[int, ...]
Keyed = list[tuple[int, int, int]]

RANKED_FILES = Ranked(("a", "b", "c"), (0, 10, 25, 1000))
# Few keys, so that buckets are long; ranks of a bucket are distinct or not.
ROWS = st.lists(st.tuples(st.integers(-1, 1), st.integers(-1, 2), st.integers(0, 60)), max_size=60).map(sorted)


@dataclass
class Told:
    """Stands in for an accumulator."""

    found: list[tuple[Key, int]] = field(default_factory=list)

    def add(self, buckets: dict[Key, int]) -> None:
        self.found += buckets.items()


def _batches(rows: Keyed, size: int) -> Iterator[pa.RecordBatch]:
    table = pa.Table.from_pylist([dict(zip(KEYED.names, row, strict=True)) for row in rows], KEYED)
    yield pa.RecordBatch.from_pylist([], KEYED)
    for start in range(0, len(rows), size):
        yield from table.slice(start, size).to_batches()
        yield pa.RecordBatch.from_pylist([], KEYED)


def _plain(rows: Keyed, cap: int) -> tuple[list[tuple[int, int]], dict[Key, int]]:
    buckets: dict[Key, list[int]] = {}
    for hi, key, rank in rows:
        buckets.setdefault((hi, key), []).append(rank)
    pairs = [(rank, min(ranks)) for ranks in buckets.values() for rank in sorted(ranks)[1:cap]]
    return sorted(pairs), {key: len(ranks) for key, ranks in buckets.items() if len(ranks) > cap}


@settings(deadline=None, max_examples=300)
@given(ROWS, st.sampled_from([1, 2, 7, 100]), st.sampled_from([1, 2, 3, 5, 2**62]))
def test_batches_make_no_difference(rows: Keyed, size: int, cap: int) -> None:
    """Buckets that go on over batches are paired with their best, up to the cap, and a crowd is told of once, with its size."""
    told = Told()
    made = [*_paired(_batches(rows, size), ranked=RANKED_FILES, by=("hi", "key"), cap=cap, crowds=told)]
    pairs = [(row["worse"], row["better"]) for batch in made for row in batch.to_pylist()]
    expected, crowds = _plain(rows, cap)
    assert sorted(pairs) == expected
    assert sorted(told.found) == sorted(crowds.items())
    parts = [row["part"] for batch in made for row in batch.to_pylist()]
    assert parts == [0 if better < 10 else 1 if better < 25 else 2 for _, better in pairs]


def test_nothing_has_no_pair() -> None:
    """No row, no pair; nobody is told."""
    told = Told()
    assert list(_paired(iter([]), ranked=RANKED_FILES, by=("key",), cap=1, crowds=told)) == []
    assert told.found == []


def test_crowds_are_put_together_in_any_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is told twice counts once, and of many the largest remain, whatever came first."""
    monkeypatch.setattr(Crowds, "MOST", 3)
    crowds = Crowds()
    some = [{(1,): 10, (2,): 11}, {(2,): 11}, {(3,): 10, (4,): 12}]
    expected = {(1,): 10, (2,): 11, (4,): 12}
    for order in (some, some[::-1], [some[2], some[0], some[1]]):
        total: dict[Key, int] = crowds.zero({(9,): 9})
        for one in order:
            total = crowds.addInPlace(total, one)
        assert total == expected


def _ranked(folder: Path, rows: list[dict[str, Any]], sizes: tuple[int, ...]) -> Ranked:
    full = [dict.fromkeys(RANKED.names[:6], 0) | {"id": b"", "place": 0} | row for row in rows]
    starts, files = [0], []
    for number, size in enumerate(sizes):
        files.append(str(folder / f"{number}.parquet"))
        pq.write_table(pa.Table.from_pylist(full[starts[-1] : starts[-1] + size], RANKED), files[-1])
        starts.append(starts[-1] + size)
    return Ranked(tuple(files), tuple(starts))


@pytest.mark.spark
def test_stars_of_ranked_documents(spark: SparkSession, tmp_path: Path) -> None:
    """Copies are found by their whole digest, bands without the documents that are gone; crowds come back by the accumulator."""
    digests = [b"A" * 16, b"A" * 8 + b"B" * 8, None, b"A" * 16, None, b"A" * 16]
    bands: list[list[int] | None] = [[1, 5], [1, -7], None, [1, -7], [], [1, -7, 5]]
    rows = [{"exact": digest, "bands": keys} for digest, keys in zip(digests, bands, strict=True)]
    ranked = _ranked(tmp_path, rows, (2, 4))
    same = stars(copied(spark, ranked), ranked, by=("hi", "key")).collect()
    assert sorted((row["worse"], row["better"]) for row in same) == [(3, 0), (5, 0)]
    gone = tmp_path / "gone"
    gone.mkdir()
    pq.write_table(pa.Table.from_pylist([{"part": 1, "worse": 3, "better": 0}], PAIRS), gone / "1.parquet")
    crowds = spark.sparkContext.accumulator({}, Crowds())  # type: ignore[arg-type, var-annotated]
    found = stars(banded(spark, ranked, gone), ranked, by=("key",), cap=2, crowds=crowds).collect()
    assert sorted((row["worse"], row["better"], row["part"]) for row in found) == [(1, 0, 0), (5, 0, 0), (5, 1, 0)]
    assert crowds.value == {(1,): 3}


@pytest.mark.spark
def test_stars_of_nothing(spark: SparkSession, tmp_path: Path) -> None:
    """No document, no pair."""
    ranked = Ranked((), (0,))
    assert stars(copied(spark, ranked), ranked, by=("hi", "key")).collect() == []
    assert stars(banded(spark, ranked, tmp_path), ranked, by=("key",)).collect() == []


def test_keys_may_be_negative() -> None:
    """The best is the least rank also where keys are negative."""
    rows: Keyed = [(-(2**63), 0, 4), (-(2**63), 0, 9), (2**63 - 1, 0, 1)]
    made = pa.Table.from_batches(_paired(_batches(rows, 2), ranked=RANKED_FILES, by=("hi", "key"), cap=9, crowds=None), PAIRS)
    assert np.array_equal(made["worse"].to_numpy(), [9])
