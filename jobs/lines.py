"""Stage ``lines``: find the lines that occur more than six times among 30 million documents of a language (Llama 3, 3.1.1).

Buckets are made of whole input splits, so that `clean` looks into one bucket a language for each split. Lines are counted by hash,
combined in each task before the shuffle. What this stage finds, `clean` removes.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
from xxhash import xxh3_64_intdigest

from jobs.accounts import IN, KEPT, Accounts
from jobs.frames import map_batches
from jobs.keys import KeyContext, KeyStage

COMBINE = 2_000_000
COUNTED = pa.schema([("lang", pa.string()), ("bucket", pa.int32()), ("hash", pa.int64()), ("copies", pa.int64())])


def bucket_of(split: str, buckets: int) -> int:
    """Bucket of a split among a language's buckets."""
    return xxh3_64_intdigest(split.encode()) % buckets


def buckets_for(documents: int, size: int) -> int:
    """Buckets of a language: its documents over the bucket size, rounded up."""
    return max(1, -(-documents // size))


def count_lines(batches: Iterator[pa.RecordBatch], *, buckets: Mapping[str, int]) -> Iterator[pa.RecordBatch]:
    """Count the lines of a partition by language, bucket and hash; hashes cross to Spark as signed integers."""
    held: dict[tuple[str, int], list[np.ndarray]] = {}
    n = 0
    for batch in batches:
        for lang, split, packed in zip(*(batch.column(c).to_pylist() for c in ("lang", "split", "hashes")), strict=True):
            hashes = np.frombuffer(packed, dtype="<i8")
            held.setdefault((lang, bucket_of(split, buckets[lang])), []).append(hashes)
            n += len(hashes)
        if n >= COMBINE:
            yield from _combined(held)
            held, n = {}, 0
    yield from _combined(held)


def _combined(held: Mapping[tuple[str, int], list[np.ndarray]]) -> Iterator[pa.RecordBatch]:
    for (lang, bucket), arrays in sorted(held.items()):
        hashes, copies = np.unique(np.concatenate(arrays), return_counts=True)
        columns = [
            pa.array([lang] * len(hashes)),
            pa.array(np.full(len(hashes), bucket, np.int32)),
            pa.array(hashes),
            pa.array(copies),
        ]
        yield pa.RecordBatch.from_arrays(columns, schema=COUNTED)


def run(context: KeyContext) -> tuple[Accounts, Mapping[str, Any]]:
    """Freeze the buckets, count, and write the hot lines of each."""
    from pyspark.sql import functions as F

    settings = context.recipe.lines
    left = context.left("line_hashes").persist()
    try:
        documents = {row["lang"]: row["count"] for row in left.groupBy("lang").count().collect()}
        buckets = {lang: buckets_for(n, settings.bucket_documents) for lang, n in sorted(documents.items())}
        frozen = [(lang, documents[lang], n) for lang, n in buckets.items()]
        context.write(
            "line_buckets",
            context.spark.createDataFrame(frozen, "lang string, documents long, buckets int"),
            by=(),
            order=("lang",),
        )
        counted = map_batches(left, partial(count_lines, buckets=buckets), COUNTED)
        hot = (
            counted.groupBy("lang", "bucket", "hash")
            .agg(F.sum("copies").alias("copies"))
            .where(F.col("copies") > settings.max_copies)
        )
        # Flipping the sign bit makes signed order the order of the unsigned hashes.
        lines = context.write("hot_lines", hot, by=("lang", "bucket"), order=(F.col("hash").bitwiseXOR(F.lit(-(2**63))),))
    finally:
        left.unpersist()
    total = sum(documents.values())
    return Accounts({(IN, ""): total, (KEPT, ""): total}), {"hot_lines": lines}


STAGE = KeyStage("lines", 1, sections=("lines",), needs=("line_hashes",), writes=("line_buckets", "hot_lines"), run=run)

if __name__ == "__main__":
    from jobs.command import stage_main

    sys.exit(stage_main("lines"))
