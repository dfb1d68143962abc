"""Tables as Spark DataFrames: reading parts, mapping over splits, and writing one sorted part for each value of a grouping."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from jobs.metrics import metered
from jobs.parts import ParquetPart, Part
from jobs.store import FileEntry
from jobs.tables import TABLES

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession

T = TypeVar("T")
_ENTRY = pa.schema([("name", pa.string()), ("rows", pa.int64()), ("bytes", pa.int64()), ("sha256", pa.string())])


def read(spark: SparkSession, name: str, paths: Sequence[Path]) -> DataFrame:
    """Read parts of a table; no part gives an empty table."""
    from pyspark.sql.pandas.types import from_arrow_schema

    schema = from_arrow_schema(TABLES[name].schema)
    if not paths:
        return spark.createDataFrame([], schema)
    return spark.read.schema(schema).parquet(*map(str, paths))


def map_batches(
    frame: DataFrame, work: Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]], schema: pa.Schema
) -> DataFrame:
    """Map a function over the Arrow batches of each partition, counted by the meter in force."""
    from pyspark.sql.pandas.types import from_arrow_schema

    return frame.mapInArrow(metered(work), from_arrow_schema(schema))


def over_splits(
    spark: SparkSession,
    tasks: Sequence[T],
    work: Callable[[T], Iterator[pa.RecordBatch]],
    schema: pa.Schema,
) -> DataFrame:
    """Map a function over splits, one partition a split; the function reads the split's files where they lie.

    Parameters
    ----------
    spark : SparkSession
        The session.
    tasks : sequence
        One a split; what a worker needs to know of it.
    work : callable
        Runs in a worker; yields batches of ``schema``.
    schema : pyarrow.Schema
        Columns of the result.
    """
    if not tasks:
        return spark.createDataFrame(schema.empty_table())

    def run(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for row in batch.to_pylist():
                yield from work(pickle.loads(row["task"]))

    rows = [(i, pickle.dumps(task)) for i, task in enumerate(tasks)]
    frame = spark.createDataFrame(rows, "place int, task binary").repartitionById(len(rows), "place")
    return map_batches(frame, run, schema)


@dataclass(frozen=True)
class Layout:
    """How rows become files.

    Parameters
    ----------
    folder : Path
        Where they are written.
    schema : pyarrow.Schema
        Columns of the files.
    by : tuple of str
        Columns whose values make a file; none: all rows in one.
    order : tuple of str or Column
        Order of rows in a file, total, so that equal rows give equal bytes whatever the partitions.
    name : callable
        Values of ``by`` to the file's name without suffix.
    part : callable
        Path and schema to the file in the making.
    partitions : int, optional
        The only column of ``by`` is the number of the partition, below this.
    """

    folder: Path
    schema: pa.Schema
    by: tuple[str, ...]
    order: tuple[str | Column, ...]
    name: Callable[[tuple[object, ...]], str] = field(default=lambda group: "-".join(map(str, group)) or "part")
    part: Callable[[Path, pa.Schema], Part] = ParquetPart
    partitions: int | None = None


def write(rows: DataFrame, layout: Layout) -> list[FileEntry]:
    """Write one file for each value of the layout's grouping; the workers write them themselves."""
    wanted = [*layout.by, *(name for name in layout.schema.names if name not in layout.by)]
    chosen = rows.select(*wanted, *(c for c in layout.order if isinstance(c, str) and c not in wanted))
    if layout.partitions:
        placed = chosen.repartitionById(layout.partitions, *layout.by)
    else:
        placed = chosen.repartition(*layout.by) if layout.by else chosen.coalesce(1)
    ordered = placed.sortWithinPartitions(*layout.by, *layout.order)
    work = _writer(layout.folder, layout.schema, layout.by, layout.name, layout.part)
    entries = map_batches(ordered, work, _ENTRY)
    return sorted((FileEntry(*entry) for entry in entries.collect()), key=lambda f: f.name)


def _writer(
    folder: Path,
    schema: pa.Schema,
    by: tuple[str, ...],
    name: Callable[[tuple[object, ...]], str],
    part: Callable[[Path, pa.Schema], Part],
) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    def run(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        group: tuple[object, ...] | None = None
        current: Part | None = None
        for batch in batches:
            for found, rows in runs(batch, by):
                if current is None or found != group:
                    if current is not None:
                        yield _entry(current.close())
                    group, current = found, part(folder / name(found), schema)
                current.write(pa.RecordBatch.from_arrays([_as(rows.column(f.name), f.type) for f in schema], schema=schema))
        if current is not None:
            yield _entry(current.close())

    return run


def runs(batch: pa.RecordBatch, by: Sequence[str]) -> Iterator[tuple[tuple[object, ...], pa.RecordBatch]]:
    """Cut a batch that is sorted by some columns into stretches of equal values."""
    if batch.num_rows == 0:
        return
    changed = pa.array([False] * (batch.num_rows - 1), pa.bool_())
    for name in by:
        column = batch.column(name)
        changed = pc.or_(changed, pc.not_equal(column[1:], column[:-1]))
    starts = [0, *(i + 1 for i, new in enumerate(changed.to_pylist()) if new), batch.num_rows]
    for start, end in pairwise(starts):
        yield tuple(batch.column(name)[start].as_py() for name in by), batch.slice(start, end - start)


def _as(column: pa.Array, wanted: pa.DataType) -> pa.Array:
    """Spark has no unsigned integers: they cross as signed ones of the same bits."""
    if pa.types.is_uint64(wanted) and pa.types.is_int64(column.type):
        return column.view(wanted)
    return column if column.type.equals(wanted) else column.cast(wanted)


def _entry(entry: FileEntry) -> pa.RecordBatch:
    row: Mapping[str, object] = {"name": entry.name, "rows": entry.rows, "bytes": entry.bytes, "sha256": entry.sha256}
    return pa.RecordBatch.from_pylist([row], schema=_ENTRY)
