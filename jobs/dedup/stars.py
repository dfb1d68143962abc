"""Candidates for duplicates: each member of a bucket with the bucket's best, never all pairs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from jobs.dedup.ranking import Ranked
from jobs.frames import map_batches, over_splits
from jobs.parts import read_columns

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

KEYED = pa.schema([("hi", pa.int64()), ("key", pa.int64()), ("rank", pa.int64())])
PAIRS = pa.schema([("part", pa.int32()), ("worse", pa.int64()), ("better", pa.int64())])
"""A pair; ``part`` is where its better side is found."""


class Crowds:
    """An accumulator of crowded buckets, a key each to the number of members; tasks that are tried again change nothing."""

    MOST = 1000

    def zero(self, value: dict[tuple[int, ...], int]) -> dict[tuple[int, ...], int]:
        """Return the empty value."""
        del value
        return {}

    def addInPlace(  # noqa: N802 - the name that Spark calls
        self, value1: dict[tuple[int, ...], int], value2: dict[tuple[int, ...], int]
    ) -> dict[tuple[int, ...], int]:
        """Put two together; the largest remain."""
        both = value1 | value2
        if len(both) <= self.MOST:
            return both
        return dict(sorted(both.items(), key=lambda item: (-item[1], item[0]))[: self.MOST])


def stars(keyed: DataFrame, ranked: Ranked, *, by: tuple[str, ...], cap: int = 2**62, crowds: Any = None) -> DataFrame:
    """Pair each member of a bucket with the bucket's best (`PAIRS`); a stream over sorted rows, whatever a bucket holds.

    Parameters
    ----------
    keyed : DataFrame
        Columns of the key and ``rank``.
    ranked : Ranked
        What ranks are about.
    by : tuple of str
        Columns of the key.
    cap : int
        Members of a bucket that are paired.
    crowds : Accumulator, optional
        Of `Crowds`: told of each bucket with more members.
    """
    placed = keyed.repartition(*by).sortWithinPartitions(*by, "rank")
    return map_batches(placed, partial(_paired, ranked=ranked, by=by, cap=cap, crowds=crowds), PAIRS)


def _paired(
    batches: Iterator[pa.RecordBatch], *, ranked: Ranked, by: tuple[str, ...], cap: int, crowds: Any
) -> Iterator[pa.RecordBatch]:
    key: tuple[int, ...] = ()
    best, n = -1, 0
    for batch in batches:
        if not batch.num_rows:
            continue
        keys = np.column_stack([batch.column(name).to_numpy() for name in by])
        ranks = batch.column("rank").to_numpy()
        new = np.append(True, (keys[1:] != keys[:-1]).any(axis=1))
        new[0] = tuple(keys[0].tolist()) != key
        starts = np.flatnonzero(new)
        # The first stretch may go on from the batch before; where it does not, it is empty here.
        begins = np.append(0, starts)
        bests = np.append(best, ranks[starts])
        before = np.append(n, np.zeros(len(starts), dtype=np.int64))
        stretch = np.cumsum(new)
        member = np.arange(len(ranks)) - begins[stretch] + before[stretch]
        sizes = np.diff(np.append(begins, len(ranks))) + before
        chosen = (member > 0) & (member < cap)
        better = bests[stretch][chosen]
        yield pa.RecordBatch.from_arrays([ranked.part_of(better), pa.array(ranks[chosen]), pa.array(better)], schema=PAIRS)
        if len(starts) and sizes[:-1].max() > cap:
            ended = [key, *map(tuple, keys[starts[1:] - 1].tolist())]
            _tell(crowds, zip(ended, sizes[:-1].tolist(), strict=True), cap)
        key, best, n = tuple(keys[-1].tolist()), int(bests[-1]), int(sizes[-1])
    _tell(crowds, [(key, n)], cap)


def _tell(crowds: Any, buckets: Iterable[tuple[tuple[int, ...], int]], cap: int) -> None:
    found = {key: size for key, size in buckets if size > cap}
    if found and crowds is not None:
        crowds.add(found)


def copied(spark: SparkSession, ranked: Ranked) -> DataFrame:
    """Return ``hi, key, rank`` of the documents whose digest another one shares."""

    def read(part: int) -> Iterator[pa.RecordBatch]:
        for ranks, batch in ranked.batches(part, ["exact"]):
            digests = batch.column("exact")
            there = np.asarray(digests.is_valid())
            halves = np.frombuffer(b"".join(digests.drop_null().to_pylist()), dtype="<i8").reshape(-1, 2)
            columns = [pa.array(np.ascontiguousarray(half)) for half in halves.T]
            yield pa.RecordBatch.from_arrays([*columns, pa.array(ranks[there])], schema=KEYED)

    return over_splits(spark, range(ranked.parts), read, KEYED)


def banded(spark: SparkSession, ranked: Ranked, gone: Path) -> DataFrame:
    """Return ``key, rank`` of the band keys that meet another.

    Parameters
    ----------
    spark : SparkSession
        The session.
    ranked : Ranked
        The documents.
    gone : Path
        Folder with a file a part of the ranks (column ``worse``) that take no part; none where all do.
    """
    schema = pa.schema([KEYED.field("key"), KEYED.field("rank")])

    def read(part: int) -> Iterator[pa.RecordBatch]:
        path = gone / f"{part}.parquet"
        out = read_columns(path, ["worse"])["worse"].to_numpy() if path.is_file() else np.zeros(0, dtype=np.int64)
        for ranks, batch in ranked.batches(part, ["bands"]):
            bands = batch.column("bands")
            numbers = np.repeat(ranks, np.asarray(bands.value_lengths().fill_null(0)))
            keys = bands.flatten().to_numpy()
            stays = ~np.isin(numbers, out)
            yield pa.RecordBatch.from_arrays([pa.array(keys[stays]), pa.array(numbers[stays])], schema=schema)

    return over_splits(spark, range(ranked.parts), read, schema)
