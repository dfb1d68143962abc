"""Ranks are places in a plain sort; what belongs to a rank is found by it."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jobs.dedup.ranking import ORDER, RANKED, Kept, Ranked, attach, rank
from jobs.dedup.stars import PAIRS

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

Row = dict[str, Any]

N = 400


def _rows(n: int = N) -> list[Row]:
    """Rows with many ties in the order, with nulls where columns may be null; an id may be there twice, in two splits."""
    rng = np.random.default_rng(3)
    return [
        {name: int(rng.integers(0, 2)) for name in ORDER}
        | {"o1": int(rng.integers(-2, 3)) * 2**60, "id": rng.bytes(1) + bytes(15), "place": i}
        | {"exact": None if i % 3 else bytes(16), "bands": [i, -i][: i % 3], "signature": None if i % 5 else rng.bytes(4)}
        for i in range(n)
    ]


def _key(row: Row) -> tuple[Any, ...]:
    return tuple(row[name] for name in (*ORDER, "id", "place"))


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    return _rows()


@pytest.fixture(scope="module")
def ranked(spark: SparkSession, rows: list[Row], tmp_path_factory: pytest.TempPathFactory) -> Ranked:
    """Three files of ranks."""
    frame = spark.createDataFrame(pa.Table.from_pylist(rows, RANKED))
    return rank(frame, tmp_path_factory.mktemp("ranked"), 3)


@pytest.mark.spark
@pytest.mark.parametrize("parts", [1, 7])
def test_ranks_are_those_of_a_sort(spark: SparkSession, rows: list[Row], tmp_path: Path, parts: int) -> None:
    """The files, one after the other, are the sorted rows, at any number of parts."""
    made = rank(spark.createDataFrame(pa.Table.from_pylist(rows[::-1], RANKED)), tmp_path, parts)
    assert pa.concat_tables(pq.read_table(file) for file in made.files).to_pylist() == sorted(rows, key=_key)
    assert (len(made), made.starts[0], made.starts[-1]) == (N, 0, N)
    assert [pq.read_metadata(file).num_rows for file in made.files] == [b - a for a, b in pairwise(made.starts)]
    assert made.parts <= parts
    assert made.parts > 1 or parts == 1


@pytest.mark.spark
def test_a_rank_leads_to_its_file_and_row(ranked: Ranked, rows: list[Row]) -> None:
    """A rank's file holds its row, whether files are looked up or read in batches."""
    expected = sorted(rows, key=_key)
    parts = ranked.part_of(np.arange(N)).to_pylist()
    assert parts == [sum(start <= i for start in ranked.starts[1:]) for i in range(N)]
    for part in range(ranked.parts):
        mine = np.array([i for i in range(N) if parts[i] == part][::-3])
        assert ranked.finder(part, ["place"])(mine)["place"].to_pylist() == [expected[i]["place"] for i in mine]
    read = [pair for part in range(ranked.parts) for ranks, batch in ranked.batches(part, ["place"])
            for pair in zip(ranks.tolist(), batch["place"].to_pylist(), strict=True)]  # fmt: skip
    assert read == [(i, row["place"]) for i, row in enumerate(expected)]


@pytest.mark.spark
def test_no_row_has_no_rank(spark: SparkSession, tmp_path: Path) -> None:
    """Of nothing there are no files."""
    made = rank(spark.createDataFrame(RANKED.empty_table()), tmp_path, 3)
    assert (len(made), made.parts, list(tmp_path.glob("*.parquet"))) == (0, 0, [])


def _pairs(n: int) -> list[tuple[int, int]]:
    """Random pairs, many of them several times."""
    rng = np.random.default_rng(9)
    drawn = [(int(max(pair)), int(min(pair))) for pair in rng.integers(0, N, (n, 2)) if pair[0] != pair[1]]
    return drawn + drawn[::3] + drawn[:5] * 4


def _frame(spark: SparkSession, ranked: Ranked, pairs: list[tuple[int, int]], side: int) -> Any:
    worse, better = (np.array([pair[i] for pair in pairs], dtype=np.int64) for i in (0, 1))
    columns = [ranked.part_of((worse, better)[side]), pa.array(worse), pa.array(better)]
    return spark.createDataFrame(pa.Table.from_arrays(columns, schema=PAIRS)).repartition(4)


SCHEMA = pa.schema([*PAIRS, ("p", pa.int32())])


@pytest.mark.spark
@pytest.mark.parametrize("side", ["worse", "better"])
def test_pairs_find_what_belongs_to_a_side(spark: SparkSession, ranked: Ranked, rows: list[Row], side: str) -> None:
    """Each pair, once, with the row of its side."""
    expected = sorted(rows, key=_key)
    at = ("worse", "better").index(side)
    pairs = _pairs(300)
    found = attach(_frame(spark, ranked, pairs, at), ranked, side, {"place": "p"}, make=lambda table: table, schema=SCHEMA)
    made = [(row["worse"], row["better"], row["p"]) for row in found.collect()]
    assert sorted(made) == sorted((*pair, expected[pair[at]]["place"]) for pair in set(pairs))


@pytest.mark.spark
def test_kept_columns_are_found_by_rank(spark: SparkSession, ranked: Ranked, tmp_path: Path) -> None:
    """Only some ranks have a row; `part` can be turned to the other side on the way."""
    pairs = _pairs(100)
    there = sorted({worse for worse, _ in pairs})
    for part in range(ranked.parts):
        mine = [i for i in there if ranked.part_of(np.array([i]))[0].as_py() == part]
        pq.write_table(pa.table({"rank": pa.array(mine, pa.int64()), "p": pa.array([-i for i in mine], pa.int32())}),
                       tmp_path / f"{part}.parquet")  # fmt: skip

    def turned(table: pa.Table) -> pa.Table:
        return ranked.turn(table, "better")

    kept = Kept(tmp_path, ranked.parts)
    found = attach(_frame(spark, ranked, pairs, 0), kept, "worse", {"p": "p"}, make=turned, schema=SCHEMA)
    made = sorted((row["worse"], row["better"], row["p"], row["part"]) for row in found.collect())
    parts = ranked.part_of(np.arange(N)).to_pylist()
    assert made == sorted((worse, better, -worse, parts[better]) for worse, better in set(pairs))
