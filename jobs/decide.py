"""Which documents go, given verified pairs of near-duplicates: on the driver while the pairs fit there, in Spark beyond that.

Both forms give the same result, at any number of partitions. In Spark, greedy removal is a bounded number of rounds of local
minima; ranks that follow a chain of revisions would need a round for every second link, so what is left is decided by connected
component, each in one task. Components are found by alternating large-star and small-star (Kiveris et al. 2014), between which each
partition reduces its edges to stars by itself. Every step is written as Parquet and read again, so no plan grows; groups are joined
and aggregated, never gathered, so a document with millions of neighbours costs no more than its edges.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from jobs.errors import JobError
from jobs.frames import map_batches
from udfs.survivors import Ranks, Removals, forest, greedy

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

Kernel = Callable[[Ranks, Ranks], Removals]

MAX_STEPS = 40
"""Steps, each a large-star and a small-star, after which components must have converged; they halve the length of chains."""

HELD = 2**22
"""Edges that a worker gathers before it reduces them: 64 MiB, and about 200 MiB more while it does."""

_PAIRS = pa.schema([("worse", pa.int64()), ("better", pa.int64())])
_ROW_GROUP = 2**20


@dataclass(frozen=True, slots=True)
class Facts:
    """How it was decided.

    Parameters
    ----------
    how : str
        On the ``driver``, or in ``rounds`` in Spark.
    edges : int
        Rows of the edges.
    rounds : int
        In Spark: rounds of local minima; of ``components``, steps until they converged.
    left : int
        Edges that the rounds have left to be decided by component.
    """

    how: Literal["driver", "rounds"]
    edges: int
    rounds: int = 0
    left: int = 0


def decide(
    spark: SparkSession,
    edges: Sequence[Path],
    *,
    removal: Literal["greedy", "components"],
    max_edges: int,
    rounds: int,
    scratch: Path,
) -> tuple[DataFrame, Facts]:
    """Decide which documents go, and in favour of which one that stays.

    Parameters
    ----------
    spark : SparkSession
        The session.
    edges : sequence of Path
        Parquet files with columns ``worse`` and ``better``: ranks (int64) in the order of survival, ``worse > better >= 0``.
        Repeats, gaps between ranks, any order of rows and further columns are fine.
    removal : str
        ``greedy``: a document goes in favour of its best neighbour that stays, and only then. ``components``: of each connected
        component all go but the best.
    max_edges : int
        Most edges that are decided on the driver, at about 60 bytes each.
    rounds : int
        Most rounds of local minima.
    scratch : Path
        Folder for the result and what leads to it; must stay until the result has been read.

    Returns
    -------
    DataFrame
        ``loser, winner`` (ranks), one row a removed document.
    Facts
        How it was decided.

    Raises
    ------
    ValueError
        When an edge does not name the worse document first.
    JobError
        When a winner does not stay, or components do not converge: faults of the program.
    """
    from pyspark.sql import functions as F

    work, given = _Work(spark, max_edges, scratch), _Table.of(edges)
    kernel = greedy if removal == "greedy" else forest
    if given.rows <= max_edges:
        result, facts = work.on_driver(given, kernel, "decided"), Facts("driver", given.rows)
    else:
        _refuse_wrong(work.read(given))
        result, facts = _in_rounds(work, given, rounds) if removal == "greedy" else _in_steps(work, given)
    decided = work.read(result).select(F.col("worse").alias("loser"), F.col("better").alias("winner"))
    _refuse_orphans(decided)
    return decided, facts


@dataclass(frozen=True, slots=True)
class _Table:
    """Pairs in Parquet files, or the worse sides of pairs only."""

    paths: tuple[Path, ...]
    rows: int

    @classmethod
    def of(cls, paths: Iterable[Path]) -> _Table:
        found = tuple(sorted(paths))
        return cls(found, sum(pq.read_metadata(path).num_rows for path in found))

    def ends(self) -> tuple[Ranks, Ranks]:
        worse, better = np.empty(self.rows, np.int64), np.empty(self.rows, np.int64)
        at = 0
        for path in self.paths:
            for batch in pq.ParquetFile(path).iter_batches(_ROW_GROUP, columns=_PAIRS.names):
                place = slice(at, at := at + batch.num_rows)
                worse[place], better[place] = batch.column("worse").to_numpy(), batch.column("better").to_numpy()
        return worse, better


@dataclass(frozen=True, slots=True)
class _Work:
    """Where it is worked: the session, what the driver takes, and the folder of all steps."""

    spark: SparkSession
    max_edges: int
    scratch: Path

    def read(self, table: _Table) -> DataFrame:
        schema = "worse long, better long"
        if not table.paths:
            return self.spark.createDataFrame([], schema)
        return self.spark.read.schema(schema).parquet(*map(str, table.paths))

    def write(self, frame: DataFrame, name: str) -> _Table:
        frame.write.mode("overwrite").parquet(str(self.scratch / name))
        return _Table.of((self.scratch / name).glob("*.parquet"))

    def on_driver(self, table: _Table, kernel: Kernel, name: str) -> _Table:
        path = self.scratch / f"{name}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.Table.from_batches([_removals(kernel, *table.ends())]), path, row_group_size=_ROW_GROUP)
        return _Table.of([path])


def _refuse_wrong(edges: DataFrame) -> None:
    for edge in edges.where("NOT coalesce(worse > better AND better >= 0, false)").limit(1).collect():
        raise ValueError(
            f"edge ({edge['worse']}, {edge['better']}): ranks must be 0 or more, that of the worse document first and greater"
        )


def _refuse_orphans(decided: DataFrame) -> None:
    from pyspark.sql import functions as F

    for wrong in decided.join(decided.select(F.col("loser").alias("winner")), "winner", "left_semi").limit(1).collect():
        raise JobError(
            f"documents: rank {wrong['loser']} was removed in favour of rank {wrong['winner']}, which is removed itself"
        )


def _in_rounds(work: _Work, edges: _Table, rounds: int) -> tuple[_Table, Facts]:
    """Remove greedily: rounds of local minima, what they leave by component, and at last each removed document's winner."""
    lost: list[_Table] = []
    left, used = edges, 0
    while left.rows > work.max_edges and used < rounds:
        used += 1
        lost.append(work.write(_beaten(work.read(left)), f"lost-{used}"))
        left = work.write(_undecided(work.read(left), work.read(lost[-1])), f"left-{used}")
    if left.rows > work.max_edges:
        lost.append(_by_component(work, left))
    elif left.rows:
        lost.append(work.on_driver(left, greedy, "rest"))
    gone = _Table.of(path for table in lost for path in table.paths)
    # A winner is known only now: a better neighbour of a document may have been kept in a later round than the one that removed it.
    decided = work.write(_least(_without(work.read(edges), work.read(gone), "better")), "decided")
    if decided.rows != gone.rows:
        raise JobError(f"documents: {gone.rows:,} documents were removed, but {decided.rows:,} have a similar one that stays")
    return decided, Facts("rounds", edges.rows, used, left.rows)


def _beaten(edges: DataFrame) -> DataFrame:
    """Return the neighbours of local minima: the worse ends of edges whose better end is the worse end of none."""
    return _without(edges, edges.select("worse").distinct(), "better").select("worse").distinct()


def _undecided(edges: DataFrame, lost: DataFrame) -> DataFrame:
    """Return the edges between documents that are neither kept nor lost; all neighbours of those kept are lost."""
    return _without(_without(edges, lost, "worse"), lost, "better")


def _without(edges: DataFrame, others: DataFrame, end: str) -> DataFrame:
    """Leave out the edges one end of which is a worse end among others."""
    from pyspark.sql import functions as F

    return edges.join(others.select(F.col("worse").alias(end)), end, "left_anti").select("worse", "better")


def _least(edges: DataFrame) -> DataFrame:
    """Return for each worse end its best better end."""
    from pyspark.sql import functions as F

    return edges.groupBy("worse").agg(F.min("better").alias("better"))


def _by_component(work: _Work, edges: _Table) -> _Table:
    """Decide greedily, each component in one task, edges sorted by component."""
    stars, _ = _stars(work, edges)
    labels = work.read(stars).withColumnRenamed("better", "component")
    # The least document of a component is the worse end of none of its edges, so every edge finds its label.
    labelled = work.read(edges).join(labels, "worse").select("component", "worse", "better")
    placed = labelled.repartition("component").sortWithinPartitions("component")
    return work.write(map_batches(placed, _decided_components, _PAIRS), "rest")


def _in_steps(work: _Work, edges: _Table) -> tuple[_Table, Facts]:
    stars, steps = _stars(work, edges)
    return stars, Facts("rounds", edges.rows, steps)


def _stars(work: _Work, edges: _Table) -> tuple[_Table, int]:
    """Reduce edges to one star a component, its least document the centre; return also how many steps it took."""
    stars = work.write(_reduced_parts(work.read(edges)), "stars-0")
    for step in range(MAX_STEPS):
        if stars.rows <= work.max_edges:
            return work.on_driver(stars, forest, "stars"), step
        # One file is one task's, and its edges are stars already.
        if len(stars.paths) == 1 or _are_stars(work.read(stars), stars.rows):
            return stars, step
        large = work.write(_large_star(work.read(stars)), f"large-{step + 1}")
        stars = work.write(_reduced_parts(_small_star(work.read(large))), f"stars-{step + 1}")
    raise JobError(f"documents: components have not converged after {MAX_STEPS} steps; {stars.rows:,} edges are left")


def _reduced_parts(edges: DataFrame) -> DataFrame:
    """Reduce the edges of each partition to stars; where all lie in one, that is the end of it."""
    return map_batches(edges, _forests, _PAIRS)


def _are_stars(edges: DataFrame, rows: int) -> bool:
    """Whether every worse end has one edge, to a document that is the worse end of none; such edges no step changes."""
    if edges.select("worse").distinct().count() != rows:
        return False
    return _without(edges, edges, "better").count() == rows  # many to one


def _large_star(edges: DataFrame) -> DataFrame:
    """Connect the greater neighbours of each document with the least of it and its neighbours."""
    from pyspark.sql import functions as F

    least = _least(edges).select(F.col("worse").alias("better"), F.col("better").alias("least"))
    moved = edges.join(least, "better", "left")  # many to one
    return moved.select("worse", F.coalesce("least", "better").alias("better"))


def _small_star(edges: DataFrame) -> DataFrame:
    """Connect each document and its lesser neighbours with the least of them."""
    from pyspark.sql import functions as F

    least = _least(edges)
    moved = edges.join(least.withColumnRenamed("better", "least"), "worse").where("better > least")  # many to one
    return least.unionByName(moved.select(F.col("better").alias("worse"), F.col("least").alias("better"))).distinct()


def _forests(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Reduce the edges of a partition, `HELD` at a time or as many as their stars are."""
    held: list[pa.RecordBatch] = []
    rows, most = 0, HELD
    for batch in batches:
        held.append(batch)
        rows += batch.num_rows
        if rows >= most:
            held = [_reduced(forest, held)]
            rows = held[0].num_rows
            most = max(HELD, 2 * rows)
    if rows:
        yield from _cut(_reduced(forest, held))


def _decided_components(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Decide the edges of a partition, sorted by component: whole components, as many as make `HELD` edges."""
    held: list[pa.RecordBatch] = []
    rows = 0
    for batch in batches:
        components = batch.column("component").to_numpy()
        start_of_last = int(np.searchsorted(components, components[-1])) if len(components) else 0
        if rows >= HELD and start_of_last:
            yield from _cut(_reduced(greedy, [*held, batch.slice(0, start_of_last)]))
            held, rows = [], 0
            batch = batch.slice(start_of_last)
        held.append(batch)
        rows += batch.num_rows
    if rows:
        yield from _cut(_reduced(greedy, held))


def _reduced(kernel: Kernel, held: Sequence[pa.RecordBatch]) -> pa.RecordBatch:
    worse, better = (np.concatenate([batch.column(name).to_numpy() for batch in held]) for name in _PAIRS.names)
    return _removals(kernel, worse, better)


def _removals(kernel: Kernel, worse: Ranks, better: Ranks) -> pa.RecordBatch:
    made = kernel(worse, better)
    return pa.RecordBatch.from_arrays([pa.array(made.loser), pa.array(made.winner)], schema=_PAIRS)


def _cut(batch: pa.RecordBatch, rows: int = 2**16) -> Iterator[pa.RecordBatch]:
    for start in range(0, batch.num_rows, rows):
        yield batch.slice(start, rows)
