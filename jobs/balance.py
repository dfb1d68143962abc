"""Stage ``balance``: no knowledge class has more than its share of the text; keys only.

Rule: Llama 3 (section 3.1.2) sorts web data by a knowledge classifier and downsamples categories that the web has too much of, such as
arts and entertainment. Sizes are characters. Which documents stay is a hash of seed and id: a larger share keeps what a smaller one
does.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from conf.schema import Balance
from jobs.accounts import DROPPED, IN, KEPT, Accounts
from jobs.errors import JobError
from jobs.frames import map_batches
from jobs.keys import KeyContext, KeyStage
from jobs.sampling import cut, histograms
from udfs import balance
from udfs.balance import WHOLE, Balanced, BalanceError
from udfs.mixture import Histogram, bins

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

OVER_REPRESENTED = "knowledge.over_represented"
UNKNOWN = "unknown"
PLACED = pa.schema(
    [
        ("id", pa.binary()),
        ("split", pa.string()),
        ("knowledge", pa.string()),
        ("size", pa.int64()),
        ("place", pa.int64()),
        ("bin", pa.int32()),
    ]
)


def run(context: KeyContext) -> tuple[Accounts, Mapping[str, Any]]:
    """Weigh the classes, find where each one that has too much is cut, and drop what lies behind."""
    from pyspark.sql import functions as F

    settings = context.recipe.balance
    left = context.left("knowledge")
    documents = left.count()
    within = left.where(F.col("class").isin(*settings.classes))
    sure = F.when(F.col("probability") >= settings.min_probability, F.col("knowledge"))
    known = within.select("id", "split", F.coalesce(sure, F.lit(UNKNOWN)).alias("knowledge"), F.col("n_chars").alias("size"))
    placed = map_batches(known, partial(_place, seed=settings.seed), PLACED).persist()
    try:
        sizes = histograms(placed, "knowledge", settings.shares)
        planned = _plan(sizes, settings)
        below = {
            name: cut(placed, "knowledge", name, sizes[name], one.target) if one.target < one.available else WHOLE
            for name, one in planned.items()
        }
        over = {name: limit for name, limit in below.items() if limit < WHOLE}
        told = {name: _told(name, planned, settings) for name in over}
        dropped = context.write("decisions", _decisions(placed, over, told)) if over else 0
    finally:
        placed.unpersist()
    accounts = Accounts({(IN, ""): documents, (KEPT, ""): documents - dropped})
    if dropped:
        accounts[DROPPED, OVER_REPRESENTED] = dropped
    return accounts, {"classes": [_row(name, one) for name, one in planned.items() if one.available]}


def _place(batches: Iterator[pa.RecordBatch], *, seed: int) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        places = balance.places(batch.column("id").to_pylist(), seed=seed)
        found = {"place": places.view(np.int64), "bin": bins(places).astype(np.int32)}
        columns = [found[name] if name in found else batch.column(name) for name in PLACED.names]
        yield pa.RecordBatch.from_arrays([pa.array(column) for column in columns], schema=PLACED)


def _plan(sizes: Mapping[str, Histogram], settings: Balance) -> dict[str, Balanced]:
    try:
        return balance.balanced({name: histogram.total for name, histogram in sizes.items()}, settings.shares)
    except BalanceError as error:
        raise JobError(str(error)) from error


def _decisions(placed: DataFrame, below: Mapping[str, int], told: Mapping[str, str]) -> DataFrame:
    """Return a decision for every document that lies behind the cut of its class."""
    from pyspark.sql import functions as F

    def gone(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            names = np.array(batch.column("knowledge").to_pylist(), dtype=object)
            places = batch.column("place").to_numpy().view(np.uint64)
            stays = np.ones(len(names), dtype=np.bool_)
            for name, limit in below.items():
                here = names == name
                stays[here] = balance.kept(places[here], limit)
            lost = batch.filter(pa.array(~stays))
            yield lost.append_column(
                "share", pa.array([told[name] for name in lost.column("knowledge").to_pylist()], pa.string())
            )

    evidence = F.create_map(F.lit("knowledge"), F.col("knowledge"), F.lit("share"), F.col("share"))
    return map_batches(placed, gone, PLACED.append(pa.field("share", pa.string()))).select(
        "id",
        "split",
        F.lit("balance").alias("stage"),
        F.lit("drop").alias("action"),
        F.lit(OVER_REPRESENTED).alias("reason"),
        evidence.alias("evidence"),
        F.lit(None).cast("binary").alias("winner"),
    )


def _told(name: str, planned: Mapping[str, Balanced], settings: Balance) -> str:
    had = planned[name].available / max(1, sum(one.available for one in planned.values()))
    return f"{had:.4f} > {settings.shares[name]:g}"


def _row(name: str, one: Balanced) -> dict[str, Any]:
    return {"knowledge": name, "chars": one.available, "chars_kept": one.target}


STAGE = KeyStage("balance", 1, sections=("balance",), needs=("knowledge",), run=run)

if __name__ == "__main__":
    from jobs.command import stage_main

    sys.exit(stage_main("balance"))
