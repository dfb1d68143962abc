"""Stage ``mix``: choose documents so that each class has its share of tokens, and write the shards and their manifest.

Sampling is a hash of seed, class and id: no sort, no random numbers, one cut a stratum of a class. The text of the chosen documents
moves once, to the shard that a hash gives it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from conf.schema import Recipe
from jobs.accounts import IN, KEPT, Accounts
from jobs.contents import KNOWN, contents, known
from jobs.cuts import cutter
from jobs.errors import JobError
from jobs.frames import Layout, over_splits, write
from jobs.keys import KeyContext, KeyStage
from jobs.manifest import END_OF_TEXT, Mixed, write_manifest
from jobs.parts import read_columns
from jobs.route import class_of
from jobs.shards import shard_part, take_facts
from jobs.splits import BATCH_ROWS, rows_left
from jobs.stage import SplitTask
from jobs.strata import division_of, sample, with_copies
from jobs.tables import TABLES
from jobs.token_shards import token_files, write_index
from jobs.tokenizing import token_counter, tokenizer, versions
from udfs import mixture
from udfs.mixture import Shortfall

COUNTED = pa.schema(
    [
        ("id", pa.binary()),
        ("split", pa.string()),
        ("class", pa.string()),
        ("lang", pa.string()),
        ("stratum", pa.string()),
        ("tokens", pa.int64()),
        ("bytes", pa.int64()),
        ("place", pa.int64()),
        ("bin", pa.int32()),
        *KNOWN,
    ]
)
_NOT_TAKEN: Mapping[str, Any] = {"copies": 0}
_CARRIED = ("class", "knowledge", "bucket", "tokens")
MOVED = pa.schema([("shard", pa.int32()), ("order", pa.int64()), *TABLES["shards"].schema])


def count_tokens(task: SplitTask) -> Iterator[pa.RecordBatch]:
    """Count the tokens of what is left of one split, and place each document; the text is read where it lies."""
    settings, classes, about = task.recipe.mix, class_of(task), known(task)
    tokens_of, division, cut = token_counter(settings), division_of(settings), cutter(task)
    for rows in rows_left(task, "cleaned", ["id", "split", "url", "lang", "text"]):
        for row in rows:
            text = cut(row["id"], row.pop("text"))
            row["class"] = classes[row["id"]]
            row["tokens"] = tokens_of.count(text, row["lang"], row["class"]) + END_OF_TEXT
            row["bytes"] = len(text.encode())
            place = mixture.sampling_hash([row["id"]], row["class"], seed=settings.seed)
            row["place"], row["bin"] = int(place.view(np.int64)[0]), int(mixture.bins(place)[0])
            row |= about[row["id"]]
            kinds = {"knowledge": row["knowledge"], "bucket": row["bucket"], "source": division.source(row.pop("url"))}
            row["stratum"] = division.stratum(row["class"], language=row["lang"], **kinds).name
        yield pa.RecordBatch.from_pylist(rows, schema=COUNTED)


def move(task: SplitTask, *, mixture_folder: str, shards: int) -> Iterator[pa.RecordBatch]:
    """Give the chosen documents of one split to their shards, a row a copy."""
    path = f"{mixture_folder}/{task.split.key}.parquet"
    if "cleaned" not in task.inputs or not Path(path).is_file():
        return
    chosen = {row["id"]: row for row in read_columns(path).to_pylist() if row["copies"]}
    seed, cut = task.recipe.mix.seed, cutter(task)
    columns = ["id", "url", "lang", "text"]
    for batch in pq.ParquetFile(task.inputs["cleaned"]).iter_batches(batch_size=BATCH_ROWS, columns=columns):
        rows = []
        for row in batch.to_pylist():
            taken = chosen.get(row["id"], _NOT_TAKEN)
            row["text"] = cut(row["id"], row["text"])
            for copy in range(taken["copies"]):
                order = mixture.order_key(row["id"], copy, of=taken["copies"], seed=seed)
                place = {"shard": mixture.shard_of(order, shards), "order": order - 2**63}
                rows.append(row | place | {"copy": copy} | {name: taken[name] for name in _CARRIED})
        if rows:
            yield pa.RecordBatch.from_pylist(rows, schema=MOVED)


def run(context: KeyContext) -> tuple[Accounts, Mapping[str, Any]]:
    """Count, sample, write the mixture table, the shards and the manifest; check that they agree."""
    from pyspark.sql import functions as F

    settings = context.recipe.mix
    counted = over_splits(context.spark, context.tasks, count_tokens, COUNTED).persist()
    try:
        documents = counted.count()
        if not documents:
            return Accounts(), {}
        try:
            sampling = sample(counted, settings)
        except Shortfall as short:
            raise JobError(str(short)) from short
        sampled = with_copies(counted, sampling, COUNTED).persist()
        context.write("mixture", sampled)
        held = sampled.groupBy("class", "stratum").agg(
            F.count("id").alias("documents"),
            F.sum("tokens").alias("tokens"),
            F.sum(F.col("tokens") * F.col("copies")).alias("sampled_tokens"),
            F.sum("copies").alias("sampled_documents"),
            F.sum(F.col("bytes") * F.col("copies")).alias("sampled_bytes"),
        )
        strata = [row.asDict() for row in held.collect()]
        shards = max(1, -(-sum(s["sampled_bytes"] for s in strata) // settings.shard_bytes))
        holds = contents(sampled, shards=shards, seed=settings.seed)
        sampled.unpersist()
    finally:
        counted.unpersist()
    _write_shards(context, shards)
    facts = take_facts(context.attempt / "shards")
    context.written["shards"] += write_index(context.attempt / "shards", facts)
    summary = write_manifest(context, Mixed(sampling, strata, holds, facts), token_counter(settings))
    context.written["shards"] += token_files(facts)
    return Accounts({(IN, ""): documents, (KEPT, ""): documents}), summary


def _write_shards(context: KeyContext, shards: int) -> None:
    moved = over_splits(
        context.spark, context.tasks, partial(move, mixture_folder=str(context.attempt / "mixture"), shards=shards), MOVED
    )
    layout = Layout(
        context.attempt / "shards",
        TABLES["shards"].schema,
        ("shard",),
        ("order", "id", "copy", "url"),
        name=partial(shard_name, of=shards),
        part=shard_part(context.recipe.mix),
        partitions=shards,
    )
    context.written["shards"] = write(moved, layout)


def shard_name(group: tuple[object, ...], *, of: int) -> str:
    """Name of a shard, without suffix."""
    return f"shard-{group[0]:05d}-of-{of:05d}"


def _models(recipe: Recipe) -> Mapping[str, str]:
    if recipe.mix.tokenised:
        tokenizer(recipe.mix)  # ends the run before it begins where nothing ends a text
    return versions(recipe.mix)


STAGE = KeyStage(
    "mix",
    3,
    sections=("mix", "card"),
    needs=("cleaned", "contamination", "routes", "records", "documents", "knowledge", "quality"),
    writes=("mixture", "shards"),
    models=_models,
    libraries=("zstandard",),
    run=run,
)

if __name__ == "__main__":
    from jobs.command import stage_main

    sys.exit(stage_main("mix"))
