"""What a mixture holds, counted by what is known of its documents: what there was to choose from, what was taken, and each shard.

A mapping over numbers and names, no text; only counts travel to the driver.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from jobs.frames import map_batches
from jobs.parts import read_columns
from jobs.stage import SplitTask
from udfs import mixture

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

NONE = "none"
IN_SHARDS = {"classes": "class", "languages": "lang", "knowledge": "knowledge", "quality": "bucket"}
"""What documents are counted by in every shard, and the column that says it; the shards have these columns too."""

OVERALL = IN_SHARDS | {"licences": "licence", "noindex": "noindex", "months": "month", "splits": "split"}
"""What all documents together are counted by."""

KNOWN = pa.schema(
    [
        ("knowledge", pa.string()),
        ("bucket", pa.int8()),
        ("licence", pa.string()),
        ("noindex", pa.bool_()),
        ("month", pa.string()),
    ]
)
"""What earlier stages know of a document beside its class and language."""

_READ = (("knowledge", ("knowledge",)), ("quality", ("bucket",)), ("documents", ("licence", "noindex", "date")))
_AVAILABLE, _WRITTEN = -2, -1
_COUNTS = pa.schema(
    [
        ("shard", pa.int32()),
        ("by", pa.string()),
        ("value", pa.string()),
        ("documents", pa.int64()),
        ("tokens", pa.int64()),
    ]
)

Tally = dict[str, dict[str, dict[str, int]]]
"""What is counted by, value, then ``documents`` and ``tokens``."""


class Counts(defaultdict[tuple[Any, ...], list[int]]):
    """Documents and their tokens, by any key."""

    def __init__(self) -> None:
        super().__init__(lambda: [0, 0])

    def add(self, key: tuple[Any, ...], tokens: int) -> None:
        """Count a document."""
        counted = self[key]
        counted[0] += 1
        counted[1] += tokens

    def tally(self) -> Tally:
        """Return counts by (by, value) as plain values, sorted."""
        tally: Tally = {}
        for (by, value), (documents, tokens) in sorted(self.items()):
            tally.setdefault(by, {})[value] = {"documents": documents, "tokens": tokens}
        return tally


@dataclass(frozen=True, slots=True)
class Contents:
    """Documents and tokens by what is known of the documents.

    Parameters
    ----------
    available : Tally
        Every document once.
    written : Tally
        Every copy that was taken.
    shards : mapping of int to Tally
        The same by shard, of `IN_SHARDS` only.
    """

    available: Tally = field(default_factory=dict)
    written: Tally = field(default_factory=dict)
    shards: Mapping[int, Tally] = field(default_factory=dict)


def known(task: SplitTask) -> Mapping[bytes, Mapping[str, Any]]:
    """Return what earlier stages know of each document of a split, by id: the columns of `KNOWN`, null where nothing is."""
    nothing = dict.fromkeys(KNOWN.names)
    found: defaultdict[bytes, dict[str, Any]] = defaultdict(lambda: dict(nothing))
    for table, columns in _READ:
        if table in task.inputs:
            for row in read_columns(task.inputs[table], ["id", *columns]).to_pylist():
                date = row.pop("date", None)
                found[row.pop("id")].update(row | ({"month": f"{date:%Y-%m}"} if date else {}))
    return found


def as_name(found: Any) -> str:
    """Name a value in a tally; what is not known is `NONE`."""
    return NONE if found is None else str(found).lower() if isinstance(found, bool) else str(found)


def contents(sampled: DataFrame, *, shards: int, seed: int) -> Contents:
    """Count what is known of a mixture.

    Parameters
    ----------
    sampled : DataFrame
        A row a document: id, tokens, copies, and the columns that `OVERALL` names.
    shards, seed : int
        What places of copies are made of (`udfs.mixture.order_key`, `udfs.mixture.shard_of`).
    """
    from pyspark.sql import functions as F

    def count(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        counts = Counts()
        for batch in batches:
            for row in batch.to_pylist():
                _count(counts, row, shards, seed)
        rows = [dict(zip(_COUNTS.names, (*key, *counted), strict=True)) for key, counted in sorted(counts.items())]
        yield pa.RecordBatch.from_pylist(rows, schema=_COUNTS)

    partial = map_batches(sampled.select("id", "tokens", "copies", *OVERALL.values()), count, _COUNTS)
    whole = partial.groupBy("shard", "by", "value").agg(F.sum("documents").alias("documents"), F.sum("tokens").alias("tokens"))
    by_shard: defaultdict[int, Counts] = defaultdict(Counts)
    for row in whole.collect():
        by_shard[row["shard"]][row["by"], row["value"]] = [row["documents"], row["tokens"]]
    tallies = {shard: counts.tally() for shard, counts in sorted(by_shard.items())}
    return Contents(tallies.pop(_AVAILABLE, {}), tallies.pop(_WRITTEN, {}), tallies)


def _count(counts: Counts, row: Mapping[str, Any], shards: int, seed: int) -> None:
    """Count one document wherever it is."""
    values = {by: as_name(row[column]) for by, column in OVERALL.items()}
    for by, value in values.items():
        counts.add((_AVAILABLE, by, value), row["tokens"])
    for copy in range(row["copies"]):
        shard = mixture.shard_of(mixture.order_key(row["id"], copy, of=row["copies"], seed=seed), shards)
        for by, value in values.items():
            counts.add((_WRITTEN, by, value), row["tokens"])
            if by in IN_SHARDS:
                counts.add((shard, by, value), row["tokens"])
