"""Stage ``urls``: of the captures of one canonical URL the newest stays; keys only.

Rule (Llama 3, section 3.1.1: "we keep the most recent version for pages corresponding to each URL"): by descending date, then
ascending id, then split. An opted-out capture competes too: where it is the newest, the older captures of that page go with it.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from jobs.accounts import DROPPED, IN, KEPT, Accounts
from jobs.keys import KeyContext, KeyStage

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

SUPERSEDED, OPTED_OUT = "older_capture", "optout_newer"


def winners(keys: DataFrame) -> DataFrame:
    """Return the winning capture of each URL key: ``url_key, winner(neg_date, id, split, document)``; combined before the shuffle."""
    from pyspark.sql import functions as F

    # A capture without a date is older than any that has one.
    newest_first = (-F.coalesce(F.unix_micros("date"), F.lit(-(2**62)))).alias("neg_date")
    order = F.struct(newest_first, F.col("id"), F.col("split"), F.col("document"))
    return keys.groupBy("url_key").agg(F.min(order).alias("winner"))


def decide(keys: DataFrame) -> DataFrame:
    """Return a decision for every document whose URL has a better capture."""
    from pyspark.sql import functions as F

    both = keys.where("document").join(winners(keys), "url_key")  # many to one
    lost = both.where((F.col("winner.id") != F.col("id")) | (F.col("winner.split") != F.col("split")))
    date = F.date_format(F.timestamp_micros(-F.col("winner.neg_date")), "yyyy-MM-dd'T'HH:mm:ss'Z'")
    return lost.select(
        "id",
        "split",
        F.lit("urls").alias("stage"),
        F.lit("drop").alias("action"),
        F.when(F.col("winner.document"), SUPERSEDED).otherwise(OPTED_OUT).alias("reason"),
        F.create_map(F.lit("winner_date"), F.coalesce(date, F.lit(""))).alias("evidence"),
        F.col("winner.id").alias("winner"),
    )


def run(context: KeyContext) -> tuple[Accounts, Mapping[str, Any]]:
    """Decide, write, and count the survivors apart from the losers."""
    from pyspark.sql import functions as F

    # Opted-out captures were dropped by extract and stay in the race; documents that another stage has dropped do not.
    keys = context.left("url_keys").unionByName(context.table("url_keys").where(~F.col("document")))
    decisions = decide(keys)
    context.write("decisions", decisions)
    counts = {row["reason"]: row["count"] for row in decisions.groupBy("reason").count().collect()}
    totals = keys.where("document").agg(F.count("id").alias("documents")).collect()[0]
    kept = winners(keys).where("winner.document").count()
    accounts = Accounts({(IN, ""): totals["documents"], (KEPT, ""): kept})
    accounts.update({(DROPPED, reason): n for reason, n in counts.items()})
    return accounts, {}


STAGE = KeyStage("urls", 1, needs=("url_keys",), run=run)

if __name__ == "__main__":
    from jobs.command import stage_main

    sys.exit(stage_main("urls"))
