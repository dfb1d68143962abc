"""Stage ``urls``: of the captures of one canonical URL the newest stays; keys only.

Rule (Llama 3, section 3.1.1: "we keep the most recent version for pages corresponding to each URL"): by descending date, then
ascending id, then split. An opted-out capture competes too: where it is the newest, the older captures of that page go with it.
Only captures whose URL may have another travel (`jobs.dedup.meetings`).
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from jobs.accounts import DROPPED, IN, KEPT, Accounts
from jobs.dedup.corpus import Corpus, digests, open_corpus
from jobs.dedup.meetings import Meetings, Question, ask
from jobs.frames import over_splits
from jobs.keys import KeyContext, KeyStage
from jobs.splits import left_in_split
from jobs.stage import SplitTask
from jobs.tables import TABLES
from udfs.meetings import Counts, Keys

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

SUPERSEDED, OPTED_OUT, PUBLISHED = "older_capture", "optout_newer", "published_capture"
AT_ONCE = 500_000
_NO_DATE = 2**62
_ISO = "yyyy-MM-dd'T'HH:mm:ss'Z'"
_KEYS = TABLES["url_keys"].schema.append(pa.field("age", pa.int64()))


def winners(keys: DataFrame) -> DataFrame:
    """Return the winning capture of each URL key: ``url_key, winner(age, neg_date, id, split, document)``."""
    from pyspark.sql import functions as F

    # A capture without a date is older than any that has one.
    newest_first = (-F.coalesce(F.unix_micros("date"), F.lit(-_NO_DATE))).alias("neg_date")
    order = F.struct(F.col("age"), newest_first, F.col("id"), F.col("split"), F.col("document"))
    return keys.groupBy("url_key").agg(F.min(order).alias("winner"))


def decide(keys: DataFrame) -> DataFrame:
    """Return a decision for every document whose URL has a better capture."""
    from pyspark.sql import functions as F

    both = keys.where("document").join(winners(keys), "url_key")  # many to one
    lost = both.where((F.col("winner.id") != F.col("id")) | (F.col("winner.split") != F.col("split")))
    date = F.when(F.col("winner.neg_date") < _NO_DATE, F.date_format(F.timestamp_micros(-F.col("winner.neg_date")), _ISO))
    return lost.select(
        "id",
        "split",
        F.lit("urls").alias("stage"),
        F.lit("drop").alias("action"),
        F.when(F.col("winner.age") == 0, PUBLISHED)
        .when(F.col("winner.document"), SUPERSEDED)
        .otherwise(OPTED_OUT)
        .alias("reason"),
        F.create_map(F.lit("winner_date"), F.coalesce(date, F.lit(""))).alias("evidence"),
        F.col("winner.id").alias("winner"),
    )


def rows_of(task: SplitTask) -> Iterator[pa.Table]:
    """Read the captures of a split that compete: what is left, and opted-out ones, which extraction has dropped already."""
    if "url_keys" not in task.inputs:
        return
    keep = left_in_split(task)
    for batch in pq.ParquetFile(task.inputs["url_keys"]).iter_batches(batch_size=AT_ONCE):
        rows = pa.Table.from_batches([batch])
        optouts = rows.filter(pc.invert(rows["document"]))
        yield pa.concat_tables([keep(rows.filter(rows["document"])), optouts])


def keys_of(task: SplitTask) -> Iterator[tuple[Keys, Counts | None]]:
    """Return the URL keys of a split (see `jobs.dedup.meetings.ChunksOf`)."""
    for rows in rows_of(task):
        yield rows["url_key"].to_numpy().view(np.uint64), None


def competing(item: tuple[int, SplitTask], *, meetings: Meetings) -> Iterator[pa.RecordBatch]:
    """Return the captures of a split whose URL may have another."""
    place, task = item
    answer = meetings.of(place)
    for number, rows in enumerate(rows_of(task)):
        meets, _ = answer(number, rows["url_key"].to_numpy().view(np.uint64), None)
        found = rows.filter(pa.array(meets)).append_column("age", pa.array(np.ones(int(meets.sum()), dtype=np.int64)))
        yield from found.select(_KEYS.names).combine_chunks().to_batches()


def recalled(number: int, *, meetings: Meetings, corpus: Corpus, age: int) -> Iterator[pa.RecordBatch]:
    """Return the captures of one generation of the corpus whose URL was met."""
    for place, table in corpus.documents(number, meetings.met(number)):
        n = table.num_rows
        more = {
            "split": pa.array([corpus.splits[place]] * n),
            "document": pa.array([True] * n),
            "age": pa.array([age] * n, pa.int64()),
        }
        rows = pa.table({name: more[name] if name in more else table[name] for name in _KEYS.names})
        yield from rows.cast(_KEYS).combine_chunks().to_batches()


def run(context: KeyContext) -> tuple[Accounts, Mapping[str, Any]]:
    """Decide, write, and count the survivors apart from the losers."""
    from pyspark.sql import functions as F

    scratch = context.attempt / "scratch"
    captures, documents = _sizes(context)
    question = Question.about(captures, shuffle=context.recipe.spark.shuffle_partitions)
    corpus = open_corpus(context.recipe)
    meetings = ask(context.spark, context.tasks, keys_of, question, scratch, corpus.keys("urls"))
    keys = over_splits(context.spark, list(enumerate(context.tasks)), partial(competing, meetings=meetings), _KEYS)
    if corpus:
        # What the corpus holds comes before all new captures, or competes with them.
        age = 0 if context.recipe.corpus.prefer == "published" else 1
        known = partial(recalled, meetings=meetings, corpus=corpus, age=age)
        keys = keys.unionAll(over_splits(context.spark, range(len(corpus.generations)), known, _KEYS))
    keys.persist()
    mine = F.col("split").isin([task.split.key for task in context.tasks])
    try:
        every = decide(keys)
        decisions = every.where(mine)
        context.write("decisions", decisions)
        retracted = (
            context.write("url_retractions", every.where(~mine).withColumnRenamed("split", "corpus_split"), by=())
            if corpus
            else 0
        )
        counts = {row["reason"]: row["count"] for row in decisions.groupBy("reason").count().collect()}
        compared = keys.where(mine).agg(F.count_if("document").alias("n")).collect()[0]["n"]
        won = winners(keys).where(F.col("winner.document") & F.col("winner.split").isin([t.split.key for t in context.tasks]))
        kept = documents - compared + won.count()
    finally:
        keys.unpersist()
    shutil.rmtree(scratch, ignore_errors=True)
    accounts = Accounts({(IN, ""): documents, (KEPT, ""): kept})
    accounts.update({(DROPPED, reason): n for reason, n in counts.items()})
    return accounts, {"compared": compared, "retracted": retracted}


def _sizes(context: KeyContext) -> tuple[int, int]:
    """Count the captures that compete, and the documents among them."""
    schema = pa.schema([("captures", pa.int64()), ("documents", pa.int64())])

    def count(task: SplitTask) -> Iterator[pa.RecordBatch]:
        for rows in rows_of(task):
            documents = pc.sum(rows["document"]).as_py() or 0
            yield pa.RecordBatch.from_pydict({"captures": [rows.num_rows], "documents": [documents]}, schema=schema)

    counted = over_splits(context.spark, context.tasks, count, schema).collect()
    return sum(row["captures"] for row in counted), sum(row["documents"] for row in counted)


STAGE = KeyStage("urls", 2, sections=("corpus",), needs=("url_keys",), writes=("url_retractions",), models=digests, run=run)

if __name__ == "__main__":
    from jobs.command import stage_main

    sys.exit(stage_main("urls"))
