"""Stage ``documents``: of near-equal documents one stays; keys and signatures only, never text.

Exact copies first (equal digest of the normalised token stream), then MinHash bands. A bucket's members are compared with its best
document only (a star, never all pairs), the pair is verified by its signatures, and the verified stars are decided greedily in a
total order: a document goes only in favour of a better one that stays, so chains of look-alikes can't merge distinct documents.
Order: newest, longest, smallest id, split.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from jobs.accounts import DROPPED, IN, KEPT, Accounts
from jobs.errors import JobError
from jobs.frames import map_batches
from jobs.keys import KeyContext, KeyStage
from udfs.sketch import similarity
from udfs.survivors import greedy

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

EXACT, NEAR = "exact_duplicate", "near_duplicate"
_CLUSTERS = "id binary, split string, winner binary, winner_split string, level string, similarity double"


def order() -> Column:
    """Return the total order of survival as a struct; the least is the best."""
    from pyspark.sql import functions as F

    newest = -F.coalesce(F.unix_micros("date"), F.lit(-(2**62)))
    return F.struct(newest.alias("neg_date"), (-F.col("n_chars")).alias("neg_chars"), F.col("id"), F.col("split"))


def exact_copies(sketches: DataFrame) -> DataFrame:
    """Return ``id, split, winner, winner_split`` of every document with a better one of equal digest; combined before the shuffle."""
    from pyspark.sql import functions as F

    best = sketches.groupBy("exact").agg(F.min(order()).alias("best"))
    both = sketches.select("id", "split", "exact").join(best, "exact")  # many to one
    lost = both.where((F.col("best.id") != F.col("id")) | (F.col("best.split") != F.col("split")))
    return lost.select("id", "split", F.col("best.id").alias("winner"), F.col("best.split").alias("winner_split"))


def verified_stars(sketches: DataFrame, least: float) -> DataFrame:
    """Return ``worse, better, similarity`` (both as orders) of every candidate pair whose signatures agree enough.

    A candidate is a document and the best document of one of its buckets.
    """
    from pyspark.sql import functions as F
    from pyspark.sql.pandas.types import to_arrow_schema

    keys = sketches.select(order().alias("order"), F.explode("bands").alias("band"))
    best = keys.groupBy("band").agg(F.min("order").alias("better"))
    pairs = (
        keys.join(best, "band")  # many to one
        .where(F.col("better") != F.col("order"))
        .select(F.col("order").alias("worse"), "better")
        .distinct()
    )
    signatures = sketches.select(order().alias("order"), "signature")
    joined = (
        pairs.join(signatures.withColumnsRenamed({"order": "worse", "signature": "a"}), "worse")  # many to one, as the next
        .join(signatures.withColumnsRenamed({"order": "better", "signature": "b"}), "better")
        .select("worse", "better", "a", "b")
    )
    schema = to_arrow_schema(joined.select("worse", "better").schema).append(pa.field("similarity", pa.float64()))
    return map_batches(joined, _agreement, schema).where(F.col("similarity") >= least)


def _agreement(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        if batch.num_rows == 0:
            continue
        a, b = (_matrix(batch.column(name)) for name in ("a", "b"))
        estimate = pa.array(similarity(a, b), pa.float64())
        yield pa.RecordBatch.from_arrays(
            [batch.column("worse"), batch.column("better"), estimate], ["worse", "better", "similarity"]
        )


def _matrix(signatures: pa.Array) -> np.ndarray:
    rows = signatures.to_pylist()
    return np.frombuffer(b"".join(rows), dtype=np.uint8).reshape(len(rows), -1)


def near_copies(stars: DataFrame, most: int) -> list[tuple[bytes, str, bytes, str, float]]:
    """Decide verified stars greedily, on the driver.

    Parameters
    ----------
    stars : DataFrame
        What `verified_stars` returns.
    most : int
        Most pairs that fit here.

    Returns
    -------
    list of (id, split, winner, winner_split, similarity)
        One a removed document.
    """
    rows = stars.limit(most + 1).collect()
    if len(rows) > most:
        raise JobError(f"documents: more than documents.max_edges = {most:,} candidate pairs; raise it, or lower sketch.bands")
    documents = sorted({tuple(row[side]) for row in rows for side in ("worse", "better")})
    rank = {document: i for i, document in enumerate(documents)}
    by_pair = {(rank[tuple(row["worse"])], rank[tuple(row["better"])]): row["similarity"] for row in rows}
    edges = np.array(sorted(by_pair), dtype=np.int64).reshape(-1, 2)
    keeper = greedy(edges, len(documents))
    removed = []
    for loser in np.flatnonzero(keeper >= 0).tolist():
        kept = int(keeper[loser])
        (_, _, id_, split), (_, _, winner, winner_split) = documents[loser], documents[kept]
        removed.append((bytes(id_), split, bytes(winner), winner_split, float(by_pair[(loser, kept)])))
    return removed


def run(context: KeyContext) -> tuple[Accounts, Mapping[str, Any]]:
    """Remove exact copies, then near-duplicates of what is left; check that every winner stays."""
    from pyspark.sql import functions as F

    settings = context.recipe.documents
    left = context.left("sketches").persist()
    try:
        documents = left.count()
        comparable = left.where("n_shingles > 0")
        exact = exact_copies(comparable).withColumns({"level": F.lit("exact"), "similarity": F.lit(1.0)}).persist()
        distinct = comparable.join(exact.select("id", "split"), ["id", "split"], "left_anti")
        removed = near_copies(verified_stars(distinct, settings.similarity), settings.max_edges)
        near = context.spark.createDataFrame([(*r[:4], "near", r[4]) for r in removed], _CLUSTERS)
        clusters = _followed(exact.select(near.columns), near)
        copies = context.write("clusters", clusters)
        levels = {row["level"]: row["count"] for row in clusters.groupBy("level").count().collect()}
        context.write("decisions", _decisions(clusters))
        orphans = clusters.join(
            clusters.select(F.col("id").alias("winner"), F.col("split").alias("winner_split")),
            ["winner", "winner_split"],
            "left_semi",
        )
        if orphan := orphans.limit(1).collect():
            raise JobError(f"documents: {orphan[0]['id'].hex()} was removed in favour of a document that is removed itself")
        exact.unpersist()
    finally:
        left.unpersist()
    accounts = Accounts({(IN, ""): documents, (KEPT, ""): documents - copies})
    accounts.update({(DROPPED, EXACT if level == "exact" else NEAR): n for level, n in levels.items()})
    return accounts, {}


def _followed(exact: DataFrame, near: DataFrame) -> DataFrame:
    """Name for each exact copy the document that stays: where its twin went as a near-duplicate, that one's winner."""
    from pyspark.sql import functions as F

    onward = near.select(
        F.col("id").alias("winner"),
        F.col("split").alias("winner_split"),
        F.col("winner").alias("next"),
        F.col("winner_split").alias("next_split"),
        F.col("similarity").alias("next_similarity"),
    )
    moved = exact.join(onward, ["winner", "winner_split"], "left").select(  # many to one
        "id",
        "split",
        F.coalesce("next", "winner").alias("winner"),
        F.coalesce("next_split", "winner_split").alias("winner_split"),
        F.when(F.col("next").isNotNull(), "near").otherwise(F.col("level")).alias("level"),
        F.coalesce("next_similarity", "similarity").alias("similarity"),
    )
    return moved.unionByName(near)


def _decisions(clusters: DataFrame) -> DataFrame:
    from pyspark.sql import functions as F

    return clusters.select(
        "id",
        "split",
        F.lit("documents").alias("stage"),
        F.lit("drop").alias("action"),
        F.when(F.col("level") == "exact", EXACT).otherwise(NEAR).alias("reason"),
        F.create_map(F.lit("similarity"), F.format_string("%.3f", "similarity")).alias("evidence"),
        "winner",
    )


STAGE = KeyStage("documents", 1, sections=("documents",), needs=("sketches",), writes=("clusters",), run=run)

if __name__ == "__main__":
    from jobs.command import stage_main

    sys.exit(stage_main("documents"))
