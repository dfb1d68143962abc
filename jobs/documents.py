"""Stage ``documents``: of near-equal documents one stays; keys and signatures only, never text.

Exact copies first (equal digest of the normalised token stream), then MinHash bands. A bucket's members are compared with its best
document only (a star, never all pairs), the pair is verified, and the verified stars are decided in a total order, by default
greedily: a document goes only in favour of a better one that stays, so chains of look-alikes can't merge distinct documents.
"""

from __future__ import annotations

import shutil
import statistics
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from conf.schema import Documents
from jobs.accounts import DROPPED, IN, KEPT, OUTCOME_OF, Accounts
from jobs.dedup.candidates import source_of
from jobs.dedup.corpus import digests
from jobs.dedup.duplicates import clusters
from jobs.errors import JobError
from jobs.frames import over_splits, read
from jobs.keys import KeyContext, KeyStage
from jobs.parts import read_columns
from jobs.splits import left_in_split
from jobs.stage import SplitTask

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

EXACT, NEAR = "exact_duplicate", "near_duplicate"
_LEFT = pa.schema([("split", pa.string()), ("documents", pa.int64()), ("empty", pa.int64())])


def run(context: KeyContext) -> tuple[Accounts, Mapping[str, Any]]:
    """Find the duplicates of what is left, and decide what becomes of them."""
    from pyspark.sql import functions as F

    settings, scratch = context.recipe.documents, context.attempt / "scratch"
    left = _left(context)
    documents = sum(n for n, _ in left.values())
    rows, facts = clusters(context.spark, context.recipe, context.tasks, documents, scratch)
    context.write("clusters", rows)
    every = read(context.spark, "clusters", [context.attempt / "clusters" / f.name for f in context.written["clusters"]])
    _check_winners(every)
    mine = F.col("split").isin([task.split.key for task in context.tasks])
    retracted = (
        context.write("retractions", every.where(~mine).withColumnRenamed("split", "corpus_split"), by=())
        if context.recipe.corpus.path
        else 0
    )
    found = every.where(mine)
    decisions = _decisions(found, settings)
    context.write("decisions", decisions)
    shutil.rmtree(scratch, ignore_errors=True)
    accounts = Accounts({(IN, ""): documents})
    by_split: Counter[str] = Counter()
    for row in decisions.groupBy("split", "action", "reason").count().collect():
        accounts[(OUTCOME_OF[row["action"]], row["reason"])] += row["count"]
        by_split[row["split"]] += row["count"] if row["action"] == "drop" else 0
    accounts[(KEPT, "")] = documents - accounts.total(DROPPED)
    sources = _by_source(context.tasks, left, by_split)
    alarms = _alarms(sources, settings)
    return accounts, facts | {
        "empty": sum(n for _, n in left.values()),
        "retracted": retracted,
        "sources": sources,
        "alarms": alarms,
    }


def _left(context: KeyContext) -> dict[str, tuple[int, int]]:
    """Count by split the documents that are left, and those of them that have no shingle and are never compared."""

    def count(task: SplitTask) -> Iterator[pa.RecordBatch]:
        if "sketches" in task.inputs:
            rows = left_in_split(task)(read_columns(task.inputs["sketches"], ["id", "n_shingles"]))
            empty = pc.sum(pc.equal(rows["n_shingles"], 0)).as_py() or 0
            yield pa.RecordBatch.from_arrays([pa.array([v]) for v in (task.split.key, rows.num_rows, empty)], schema=_LEFT)

    counted = over_splits(context.spark, context.tasks, count, _LEFT).collect()
    return {row["split"]: (row["documents"], row["empty"]) for row in counted}


def _check_winners(found: DataFrame) -> None:
    """Assert that whatever goes has a document that stays in its place."""
    from pyspark.sql import functions as F

    losers = found.select(F.col("id").alias("winner"), F.col("split").alias("winner_split"))
    if orphan := found.join(losers, ["winner", "winner_split"], "left_semi").limit(1).collect():
        raise JobError(f"documents: {orphan[0]['id'].hex()} gives way to a document that is a duplicate itself")


def _decisions(found: DataFrame, settings: Documents) -> DataFrame:
    from pyspark.sql import functions as F

    stays = {"remove": F.lit(False), "annotate": F.lit(True), "keep_k": F.col("position") <= settings.keep}[settings.mode]
    return found.select(
        "id",
        "split",
        F.lit("documents").alias("stage"),
        F.when(stays, "mark").otherwise("drop").alias("action"),
        F.when(F.col("level") == "exact", EXACT).otherwise(NEAR).alias("reason"),
        F.create_map(
            *(F.lit("similarity"), F.format_string("%.3f", "similarity")),
            *(F.lit("cluster_size"), F.col("size").cast("string")),
            *(F.lit("position"), F.col("position").cast("string")),
        ).alias("evidence"),
        "winner",
    )


def _by_source(
    tasks: Sequence[SplitTask], left: Mapping[str, tuple[int, int]], removed: Mapping[str, int]
) -> dict[str, list[int]]:
    """Return documents and removed documents of each source."""
    sources: dict[str, list[int]] = {}
    for task in tasks:
        row = sources.setdefault(source_of(task.split.file, task.recipe.documents.source), [0, 0])
        row[0] += left.get(task.split.key, (0, 0))[0]
        row[1] += removed.get(task.split.key, 0)
    return dict(sorted(sources.items()))


def _alarms(sources: Mapping[str, Sequence[int]], settings: Documents) -> list[str]:
    """Name the sources that lose far more than others do; end the run, where that is asked for."""
    shares = {name: gone / n for name, (n, gone) in sources.items() if n}
    median = statistics.median(shares.values()) if shares else 0.0
    alarms = [
        f"{name} loses {share:.0%} of its documents, the median source {median:.0%}"
        for name, share in shares.items()
        if share - median > settings.alarm
    ]
    if alarms and settings.on_alarm == "stop":
        raise JobError(f"documents: {alarms[0]}; look at it, then raise documents.alarm or set documents.on_alarm=report")
    return alarms


STAGE = KeyStage(
    "documents",
    2,
    sections=("documents", "sketch", "corpus"),
    needs=("sketches", "documents"),
    writes=("clusters", "retractions"),
    models=digests,
    run=run,
)

if __name__ == "__main__":
    from jobs.command import stage_main

    sys.exit(stage_main("documents"))
