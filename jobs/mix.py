"""Stage ``mix``: choose documents so that each class has its share of tokens, and write the shards and their manifest.

Sampling is a hash of seed, class and id: no sort, no random numbers, one cut a class. The text of the chosen documents moves once,
to the shard that a hash gives it.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from conf.schema import Mix, Recipe
from jobs.accounts import DROPPED, IN, KEPT, QUARANTINED, Accounts
from jobs.errors import JobError, OutOfBalance
from jobs.frames import Layout, map_batches, over_splits, write
from jobs.keys import KeyContext, KeyStage
from jobs.parts import read_columns
from jobs.route import class_of
from jobs.sampling import cut, histograms
from jobs.shards import shard_part, take_facts
from jobs.splits import BATCH_ROWS, rows_left
from jobs.stage import SplitTask
from jobs.store import FileEntry, write_atomic
from jobs.tables import TABLES
from udfs import mixture
from udfs.mixture import MixPlan, Shortfall
from udfs.tokens import TokenCounter, counter

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

END_OF_TEXT = 1
COUNTED = pa.schema(
    [
        ("id", pa.binary()),
        ("split", pa.string()),
        ("class", pa.string()),
        ("lang", pa.string()),
        ("tokens", pa.int64()),
        ("bytes", pa.int64()),
        ("place", pa.int64()),
        ("bin", pa.int32()),
    ]
)
_NOT_TAKEN: Mapping[str, Any] = {"copies": 0}
MOVED = pa.schema([("shard", pa.int32()), ("order", pa.int64()), *TABLES["shards"].schema])


@lru_cache(maxsize=2)
def token_counter(kind: str, path: str | None) -> TokenCounter:
    """Return the token counter of a recipe, loaded once a process."""
    return counter(kind, path)


def count_tokens(task: SplitTask) -> Iterator[pa.RecordBatch]:
    """Count the tokens of what is left of one split, and place each document; the text is read where it lies."""
    settings, classes = task.recipe.mix, class_of(task)
    tokens_of = token_counter(settings.counter, settings.tokenizer)
    for rows in rows_left(task, "cleaned", ["id", "split", "lang", "text"]):
        for row in rows:
            text = row.pop("text")
            row["class"] = classes[row["id"]]
            row["tokens"] = tokens_of.count(text, row["lang"], row["class"]) + END_OF_TEXT
            row["bytes"] = len(text.encode())
            place = mixture.sampling_hash([row["id"]], row["class"], seed=settings.seed)
            row["place"], row["bin"] = int(place.view(np.int64)[0]), int(mixture.bins(place)[0])
        yield pa.RecordBatch.from_pylist(rows, schema=COUNTED)


@dataclass(frozen=True, slots=True)
class Sampling:
    """How often documents are taken: full copies, and the place below which there is one more, by class."""

    plan: MixPlan
    below: Mapping[str, int]

    def copies(self, cls: np.ndarray, place: np.ndarray) -> np.ndarray:
        """Return the copies of each document by its class and place."""
        taken = np.zeros(len(cls), dtype=np.int32)
        for name, planned in self.plan.classes.items():
            here = cls == name
            taken[here] = mixture.copies(place[here], full=planned.full, below=self.below[name])
        return taken


def sample(counted: DataFrame, settings: Mix) -> Sampling:
    """Plan the mixture from the tokens that there are, and find the cut of each class."""
    placed = counted.withColumnRenamed("tokens", "size")
    sizes = histograms(placed, "class", settings.shares)
    planned = mixture.plan(
        {name: histogram.total for name, histogram in sizes.items()},
        mixture.parts(settings.shares),
        epochs=settings.epochs,
        budget=settings.tokens,
        shortfall=settings.shortfall,
    )
    below = {name: cut(placed, "class", name, sizes[name], target.rest) for name, target in planned.classes.items()}
    return Sampling(planned, below)


def with_copies(counted: DataFrame, sampling: Sampling) -> DataFrame:
    """Add how often each document is taken."""

    def add(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            cls = np.array(batch.column("class").to_pylist(), dtype=object)
            place = batch.column("place").to_numpy().view(np.uint64)
            yield batch.append_column("copies", pa.array(sampling.copies(cls, place), pa.int32()))

    return map_batches(counted, add, COUNTED.append(pa.field("copies", pa.int32())))


def move(task: SplitTask, *, mixture_folder: str, shards: int) -> Iterator[pa.RecordBatch]:
    """Give the chosen documents of one split to their shards, a row a copy."""
    path = f"{mixture_folder}/{task.split.key}.parquet"
    if "cleaned" not in task.inputs or not Path(path).is_file():
        return
    chosen = {row["id"]: row for row in read_columns(path).to_pylist() if row["copies"]}
    seed = task.recipe.mix.seed
    columns = ["id", "url", "lang", "text"]
    for batch in pq.ParquetFile(task.inputs["cleaned"]).iter_batches(batch_size=BATCH_ROWS, columns=columns):
        rows = []
        for row in batch.to_pylist():
            taken = chosen.get(row["id"], _NOT_TAKEN)
            for copy in range(taken["copies"]):
                order = mixture.order_key(row["id"], copy, of=taken["copies"], seed=seed)
                place = {"shard": mixture.shard_of(order, shards), "order": order - 2**63}
                rows.append(row | place | {"copy": copy, "class": taken["class"], "tokens": taken["tokens"]})
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
        sampled = with_copies(counted, sampling).persist()
        context.write("mixture", sampled)
        held = sampled.groupBy("class").agg(
            F.count("id").alias("documents"),
            F.sum("tokens").alias("tokens"),
            F.sum(F.col("tokens") * F.col("copies")).alias("sampled_tokens"),
            F.sum("copies").alias("sampled_documents"),
            F.sum(F.col("bytes") * F.col("copies")).alias("sampled_bytes"),
        )
        classes = {row["class"]: row.asDict() for row in held.collect()}
        sampled.unpersist()
    finally:
        counted.unpersist()
    shards = max(1, -(-sum(c["sampled_bytes"] for c in classes.values()) // settings.shard_bytes))
    _write_shards(context, shards)
    summary = _manifest(context, sampling, classes, take_facts(context.attempt / "shards"))
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
        part=shard_part(context.recipe.mix.format),
        partitions=shards,
    )
    context.written["shards"] = write(moved, layout)


def shard_name(group: tuple[object, ...], *, of: int) -> str:
    """Name of a shard, without suffix."""
    return f"shard-{group[0]:05d}-of-{of:05d}"


def _manifest(
    context: KeyContext,
    sampling: Sampling,
    classes: Mapping[str, Mapping[str, int]],
    facts: Mapping[str, Mapping[str, Mapping[str, int]]],
) -> dict[str, Any]:
    settings = context.recipe.mix
    tokens = token_counter(settings.counter, settings.tokenizer)
    total = sum(c["sampled_tokens"] for c in classes.values())
    shares = mixture.parts(settings.shares)
    body = {
        "schema_version": 1,
        "recipe": {"name": context.recipe.name, "digest": recipe_digest(context.recipe)},
        "tokenizer": {
            "kind": settings.counter,
            "digest": tokens.digest,
            "estimated": tokens.estimated,
            "end_of_text": END_OF_TEXT,
        },
        "seed": settings.seed,
        "budget": sampling.plan.budget,
        "capped": list(sampling.plan.capped),
        "classes": [
            {
                "name": name,
                "share_target_ppm": shares[name],
                "share_got_ppm": got["sampled_tokens"] * 1_000_000 // total,
                "documents_available": got["documents"],
                "tokens_available": got["tokens"],
                "tokens_target": target.target,
                "tokens_written": got["sampled_tokens"],
                "documents_written": got["sampled_documents"],
                "epochs_millionths": target.target * 1_000_000 // max(1, got["tokens"]),
                "cut": f"{sampling.below[name]:016x}",
            }
            for name, target in sampling.plan.classes.items()
            for got in [classes.get(name, dict.fromkeys(("documents", "tokens", "sampled_tokens", "sampled_documents"), 0))]
        ],
        "shards": [
            {"file": f.name, "format": settings.format, "rows": f.rows, "bytes": f.bytes, "sha256": f.sha256}
            | dict(facts[f.name])
            for f in context.written["shards"]
        ],
        "stages": {name: _account(context, name) for name in context.before},
        "totals": {"tokens": total, "documents": sum(c["sampled_documents"] for c in classes.values())},
    }
    written = sum(sum(f["tokens"].values()) for f in facts.values())
    if written != total:
        raise OutOfBalance(f"mix: the mixture table promises {total} tokens, the shards hold {written}")
    text = json.dumps(body, sort_keys=True, indent=1)
    write_atomic(context.attempt / "shards" / "manifest.json", text)
    data = text.encode()
    context.written["shards"].append(FileEntry("manifest.json", 1, len(data), hashlib.sha256(data).hexdigest()))
    return {"manifest_sha256": hashlib.sha256(data).hexdigest(), "shards": len(facts), "tokens": total}


def _account(context: KeyContext, stage: str) -> dict[str, int]:
    published = context.store.published(stage)
    accounts = Accounts.of(published.summary["accounts"] if published else ())
    return {outcome: accounts.total(outcome) for outcome in (IN, KEPT, DROPPED, QUARANTINED)}


def recipe_digest(recipe: Recipe) -> str:
    """SHA-256 of all settings that decide what is written; where and on what it runs is none of them."""
    body = recipe.model_dump(mode="json", exclude={"input", "output", "spark", "label", "report"})
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


def _models(recipe: Recipe) -> Mapping[str, str]:
    settings = recipe.mix
    return {"tokens": token_counter(settings.counter, settings.tokenizer).digest}


STAGE = KeyStage(
    "mix",
    1,
    sections=("mix",),
    needs=("cleaned", "routes"),
    writes=("mixture", "shards"),
    models=_models,
    libraries=("zstandard",),
    run=run,
)

if __name__ == "__main__":
    from jobs.command import stage_main

    sys.exit(stage_main("mix"))
