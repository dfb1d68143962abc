"""From the sketches of all splits to clusters of duplicates: the steps in their order.

What moves: first about two bytes a key, to learn which keys meet another (`meetings`); then the documents that do, once, to be sorted
and numbered (`ranking`); from there on pairs of numbers (`stars`), and the signatures of pairs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from conf.schema import Recipe
from jobs.decide import decide
from jobs.dedup.candidates import candidates, keys_of
from jobs.dedup.corpus import open_corpus
from jobs.dedup.meetings import Question, ask
from jobs.dedup.ranking import AT_ONCE, Ranked, attach, rank
from jobs.dedup.shingles import by_shingles
from jobs.dedup.stars import PAIRS, Crowds, banded, copied, stars
from jobs.frames import Layout, map_batches, write
from jobs.stage import SplitTask
from jobs.tables import TABLES
from udfs.sketch import similarity

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

SHOWN_BUCKETS = 20
_DOUBT = 0.15
"""How far below the wanted similarity a signature may lie for the shingles to be asked: over three standard errors of 120 values."""

_HALF = pa.schema([*PAIRS, ("b", pa.binary()), ("better_place", pa.int32())])
_COMPARED = PAIRS.append(pa.field("similarity", pa.float64()))
_CLUSTERED = pa.schema(
    [*_COMPARED, pa.field("level", pa.string()), pa.field("size", pa.int64()), pa.field("position", pa.int64())]
)
_WON = pa.schema([*_CLUSTERED, pa.field("winner", pa.binary()), pa.field("winner_split", pa.string())])


def clusters(
    spark: SparkSession, recipe: Recipe, tasks: Sequence[SplitTask], sketches: int, scratch: Path
) -> tuple[DataFrame, dict[str, Any]]:
    """Find the duplicates among the documents of some splits.

    Parameters
    ----------
    spark : SparkSession
        The session.
    recipe : Recipe
        All settings.
    tasks : sequence of SplitTask
        The splits.
    sketches : int
        How many documents they hold, at most.
    scratch : Path
        Folder for what steps hand to each other; it may go when the result has been read.

    Returns
    -------
    DataFrame, dict
        Rows of the table ``clusters``, and facts about how they were found.
    """
    settings, keys = recipe.documents, sketches * (recipe.sketch.bands + 1)
    question = Question.about(keys, crowd=settings.max_bucket + 1, shuffle=recipe.spark.shuffle_partitions)
    corpus = open_corpus(recipe)
    meetings = ask(spark, tasks, keys_of, question, scratch / "meetings", corpus.keys("bands"))
    ranked = rank(candidates(spark, tasks, meetings, corpus), scratch / "ranked", max(1, -(-sketches // AT_ONCE)))
    exact = _exact(spark, ranked, scratch / "exact")
    crowds = spark.sparkContext.accumulator({}, Crowds())  # type: ignore[arg-type, var-annotated]
    pairs = stars(banded(spark, ranked, scratch / "exact"), ranked, by=("key",), cap=settings.max_bucket, crowds=crowds)
    # Signatures agree in whole values: the nearest number of them to what the wanted similarity lets expect is enough.
    step = 0.5 / (recipe.sketch.bands * recipe.sketch.rows)
    least = {"none": 0.0, "signature": settings.similarity - step, "jaccard": settings.similarity}[settings.verify]
    verified = _compared(pairs, ranked, least - (_DOUBT if settings.verify == "jaccard" else 0.0), new=len(tasks))
    if settings.verify == "jaccard":
        verified = by_shingles(verified, ranked, tasks, least, scratch)
    verified.select("worse", "better", "similarity").write.mode("overwrite").parquet(str(scratch / "verified"))
    decided, facts = decide(
        spark,
        sorted((scratch / "verified").glob("*.parquet")),
        removal=settings.removal,
        max_edges=settings.max_edges,
        rounds=settings.rounds,
        scratch=scratch / "decide",
    )
    lost = decided.withColumnsRenamed({"loser": "worse", "winner": "better"})
    near = _compared(_placed(lost, ranked, "better"), ranked, 0.0)
    found = _named(_sized(_followed(exact, near)), ranked, [*(task.split.key for task in tasks), *corpus.splits])
    if recipe.corpus.prefer == "published":
        found = found.where(~found["split"].isin(corpus.splits))
    shown = sorted(crowds.value.values(), reverse=True)[:SHOWN_BUCKETS]
    return found, {"compared": len(ranked), "crowded_buckets": len(crowds.value), "largest_buckets": shown, **asdict(facts)}


def _exact(spark: SparkSession, ranked: Ranked, folder: Path) -> DataFrame:
    """Write the exact copies by their place (``part, worse, better``), and return them."""
    found = stars(copied(spark, ranked), ranked, by=("hi", "key"))
    placed = map_batches(found, lambda batches: (_turned(batch, ranked, "worse") for batch in batches), PAIRS)
    files = write(placed, Layout(folder, PAIRS, ("part",), ("worse",), partitions=max(ranked.parts, 1)))
    from pyspark.sql.pandas.types import from_arrow_schema

    if not files:
        return spark.createDataFrame([], from_arrow_schema(PAIRS))
    return spark.read.schema(from_arrow_schema(PAIRS)).parquet(*(str(folder / f.name) for f in files))


def _turned(batch: pa.RecordBatch, ranked: Ranked, side: str) -> pa.RecordBatch:
    return batch.set_column(0, PAIRS.field("part"), ranked.part_of(batch.column(side).to_numpy()))


def _placed(pairs: DataFrame, ranked: Ranked, side: str) -> DataFrame:
    """Add to ``worse, better`` and further columns the ``part`` of one side."""
    from pyspark.sql.pandas.types import to_arrow_schema

    schema = pa.schema([PAIRS.field("part"), *to_arrow_schema(pairs.schema)])

    def add(batches: Any) -> Any:
        for batch in batches:
            part = ranked.part_of(batch.column(side).to_numpy())
            yield pa.RecordBatch.from_arrays([part, *batch.columns], schema=schema)

    return map_batches(pairs, add, schema)


def _compared(pairs: DataFrame, ranked: Ranked, least: float, *, new: int | None = None) -> DataFrame:
    """Compare the signatures of pairs; those that are similar enough remain, ``part`` of the worse side.

    With ``new``, the number of this run's splits, pairs within the corpus are left out: they were decided when they came.
    """

    def carry(rows: pa.Table) -> pa.Table:
        return ranked.turn(rows, "worse")

    def compare(rows: pa.Table) -> pa.Table:
        if new is not None:
            rows = rows.filter(pc.or_(pc.less(rows["place"], new), pc.less(rows["better_place"], new)))
        a, b = (_matrix(rows[name]) for name in ("a", "b"))
        found = rows.append_column("similarity", pa.array(similarity(a, b)))
        return found.filter(pc.greater_equal(found["similarity"], least))

    halfway = attach(pairs, ranked, "better", {"signature": "b", "place": "better_place"}, make=carry, schema=_HALF)
    return attach(halfway, ranked, "worse", {"signature": "a", "place": "place"}, make=compare, schema=_COMPARED)


def _matrix(signatures: pa.ChunkedArray) -> np.ndarray:
    rows = signatures.to_pylist()
    return np.frombuffer(b"".join(rows), dtype=np.uint8).reshape(len(rows), -1 if rows else 0)


def _followed(exact: DataFrame, near: DataFrame) -> DataFrame:
    """Name for each exact copy the document that stays: where its twin went as a near-duplicate, that one's winner."""
    from pyspark.sql import functions as F

    onward = near.select(
        F.col("worse").alias("better"), F.col("better").alias("next"), F.col("similarity").alias("next_similarity")
    )
    moved = exact.join(onward, "better", "left").select(  # many to one
        "worse",
        F.coalesce("next", "better").alias("better"),
        F.coalesce("next_similarity", F.lit(1.0)).alias("similarity"),
        F.when(F.col("next").isNull(), "exact").otherwise("near").alias("level"),
    )
    return moved.unionByName(near.select("worse", "better", "similarity", F.lit("near").alias("level")))


def _sized(pairs: DataFrame) -> DataFrame:
    """Add the size of the cluster and the place in it."""
    from pyspark.sql import Window
    from pyspark.sql import functions as F

    cluster = Window.partitionBy("better")
    return pairs.withColumns(
        {
            "size": F.count("worse").over(cluster) + 1,
            "position": (F.row_number().over(cluster.orderBy("worse")) + 1).cast("long"),
        }
    )


def _named(pairs: DataFrame, ranked: Ranked, splits: Sequence[str]) -> DataFrame:
    """Give both sides their id and split."""
    names = pa.array(splits)

    def win(rows: pa.Table) -> pa.Table:
        return ranked.turn(rows.append_column("winner_split", names.take(rows["winner_place"])), "worse")

    def lose(rows: pa.Table) -> pa.Table:
        return rows.append_column("split", names.take(rows["place"]))

    columns = pairs.select("worse", "better", *(f.name for f in _CLUSTERED if f.name not in PAIRS.names))
    placed = _placed(columns, ranked, "better")
    won = attach(placed, ranked, "better", {"id": "winner", "place": "winner_place"}, make=win, schema=_WON)
    return attach(won, ranked, "worse", {"id": "id", "place": "place"}, make=lose, schema=TABLES["clusters"].schema)
