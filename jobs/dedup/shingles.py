"""The stronger check of a pair: the sets of shingles themselves, for the documents that are in pairs only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from jobs.dedup.ranking import Kept, Ranked, attach
from jobs.dedup.stars import PAIRS
from jobs.dedup.texts import batches as texts_of
from jobs.frames import Layout, map_batches, over_splits, write
from jobs.parts import read_columns
from jobs.splits import BATCH_ROWS
from jobs.stage import SplitTask
from jobs.tools import sketch_settings
from udfs.sketch import shingle_hashes, shingle_jaccard

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

MOST = 20_000
"""Shingles of a document that are compared; of a longer one those with the smallest hashes stand for all."""

_WANTED = pa.schema([("place", pa.int32()), ("id", pa.binary()), ("rank", pa.int64())])
_SHINGLES = pa.schema([("part", pa.int32()), ("rank", pa.int64()), ("shingles", pa.binary())])
_HALF = pa.schema([*PAIRS, ("b", pa.binary())])
_COMPARED = PAIRS.append(pa.field("similarity", pa.float64()))


def by_shingles(pairs: DataFrame, ranked: Ranked, tasks: Sequence[SplitTask], least: float, scratch: Path) -> DataFrame:
    """Keep the pairs whose sets of shingles are similar enough.

    Parameters
    ----------
    pairs : DataFrame
        ``part`` (of the worse side), ``worse``, ``better``.
    ranked : Ranked
        The documents.
    tasks : sequence of SplitTask
        The splits, whose texts are read once more.
    least : float
        Least Jaccard similarity, 0-1.
    scratch : Path
        Folder for what steps hand to each other.

    Returns
    -------
    DataFrame
        ``part`` (of the worse side), ``worse``, ``better``, ``similarity``.
    """
    spark = pairs.sparkSession
    pairs.select(*PAIRS.names).write.mode("overwrite").parquet(str(scratch / "pairs"))
    proposed = spark.read.parquet(str(scratch / "pairs"))
    _want(proposed, ranked, scratch / "wanted", len(tasks))
    made = over_splits(spark, list(enumerate(tasks)), partial(_shingles, ranked=ranked, wanted=scratch / "wanted"), _SHINGLES)
    write(made, Layout(scratch / "shingles", _SHINGLES, ("part",), ("rank",), partitions=max(ranked.parts, 1)))
    kept = Kept(scratch / "shingles", ranked.parts)

    def carry(rows: pa.Table) -> pa.Table:
        return ranked.turn(rows, "better")

    def compare(rows: pa.Table) -> pa.Table:
        one, other = ([np.frombuffer(packed, dtype=np.uint64) for packed in rows[name].to_pylist()] for name in ("a", "b"))
        found = [shingle_jaccard(a, b, MOST) for a, b in zip(one, other, strict=True)]
        both = ranked.turn(rows.append_column("similarity", pa.array(found, pa.float64())), "worse")
        return both.filter(pc.greater_equal(both["similarity"], least))

    halfway = attach(proposed, kept, "worse", {"shingles": "b"}, make=carry, schema=_HALF)
    return attach(halfway, kept, "better", {"shingles": "a"}, make=compare, schema=_COMPARED)


def _want(pairs: DataFrame, ranked: Ranked, folder: Path, splits: int) -> None:
    """Tell each split which of its documents are in pairs."""
    from pyspark.sql import functions as F

    def both(rows: pa.Table) -> pa.Table:
        return rows.rename_columns([{"worse": "rank"}.get(name, name) for name in rows.column_names])

    def turned(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            rank = batch.column("rank")
            yield pa.RecordBatch.from_arrays([ranked.part_of(rank.to_numpy()), rank, rank], schema=PAIRS)

    ranks = pairs.select(F.explode(F.array("worse", "better")).alias("rank")).distinct()
    alone = map_batches(ranks, turned, PAIRS)
    named = attach(alone, ranked, "worse", {"id": "id", "place": "place"}, make=both, schema=_WANTED)
    write(named, Layout(folder, _WANTED, ("place",), ("rank",), partitions=max(splits, 1)))


def _shingles(item: tuple[int, SplitTask], *, ranked: Ranked, wanted: Path) -> Iterator[pa.RecordBatch]:
    place, task = item
    path = wanted / f"{place}.parquet"
    if not path.is_file():
        return
    rows = read_columns(path, ["id", "rank"])
    ranks = dict(zip(rows["id"].to_pylist(), rows["rank"].to_pylist(), strict=True))
    settings = sketch_settings(task.recipe)
    for texts in _texts(task):
        found = [(ranks[id_], shingle_hashes(text, settings, MOST).tobytes()) for id_, text in texts if id_ in ranks]
        numbers = np.array([rank for rank, _ in found], dtype=np.int64)
        columns = [ranked.part_of(numbers), pa.array(numbers), pa.array([shingles for _, shingles in found], pa.binary())]
        yield pa.RecordBatch.from_arrays(columns, schema=_SHINGLES)


def _texts(task: SplitTask) -> Iterator[list[tuple[bytes, str]]]:
    """Read the texts of a split: of its documents, or where a corpus of texts stays where it is, from there."""
    if "documents" not in task.inputs:
        for rows in texts_of(task):
            yield [(id_, text) for _, id_, text in rows]
        return
    for batch in pq.ParquetFile(task.inputs["documents"]).iter_batches(batch_size=BATCH_ROWS, columns=["id", "text"]):
        yield list(zip(batch.column("id").to_pylist(), batch.column("text").to_pylist(), strict=True))
