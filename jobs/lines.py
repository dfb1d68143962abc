"""Stage ``lines``: find the lines that occur more than six times among 30 million documents of a language (Llama 3, 3.1.1).

Buckets are made of whole input splits, so that `clean` looks into one bucket a language for each split. Which lines may be frequent
is asked of all splits in bits (`jobs.dedup.meetings`); only those travel as hashes, and their exact counts decide. What this stage
finds, `clean` removes.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from xxhash import xxh3_64_intdigest

from conf.load import SettingsError
from conf.schema import Lines
from jobs.accounts import IN, KEPT, Accounts
from jobs.dedup.corpus import Corpus, digests, open_corpus
from jobs.dedup.hot import HotPart
from jobs.dedup.meetings import Meetings, Question, ask
from jobs.frames import Layout, over_splits, write
from jobs.keys import KeyContext, KeyStage
from jobs.splits import left_in_split
from jobs.stage import SplitTask
from jobs.tables import TABLES
from udfs.keytable import COUNT, KEY, VALUE
from udfs.lines import allowed_hashes
from udfs.meetings import Counts, Keys
from udfs.sketch import mix

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

AT_ONCE = 20_000
_LEFT = pa.schema([("lang", pa.string()), ("documents", pa.int64())])
_COUNTED = pa.schema(
    [
        *(("lang", pa.string()), ("bucket", pa.int32()), ("key", pa.int64())),
        *(("hash", pa.int64()), ("copies", pa.int64()), ("first", pa.int64())),
    ]
)


@dataclass(frozen=True, slots=True)
class Buckets:
    """The buckets that a language's splits go to.

    Parameters
    ----------
    first : int
        Number of the first one.
    count : int
        How many there are.
    """

    first: int
    count: int

    def of(self, split: str) -> int:
        """Return the bucket of a split."""
        return self.first + xxh3_64_intdigest(split.encode()) % self.count


def buckets_for(documents: int, size: int, begun: tuple[int, int] = (0, 0)) -> Buckets:
    """Return the buckets of a language.

    Parameters
    ----------
    documents : int
        How many it has.
    size : int
        How many belong in a bucket.
    begun : (int, int)
        Number of the bucket that earlier runs have begun, and the documents in it. New documents fill it up if they all fit in;
        otherwise it stays as it is, and further buckets are opened: a bucket that has been used is never cut again.
    """
    number, held = begun
    if held and held + documents <= size:
        return Buckets(number, 1)
    return Buckets(number + (1 if held else 0), max(1, -(-documents // size)))


def keeper_key(ids: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Return the first 63 bits of ids (an id a row, 16 bytes), by which they are compared."""
    found: NDArray[np.int64] = (np.ascontiguousarray(ids[:, :8]).view(">u8").ravel() >> np.uint64(1)).astype(np.int64)
    return found


@dataclass(frozen=True, slots=True, eq=False)
class Chunk:
    """The distinct lines of some documents of a split.

    Parameters
    ----------
    group : ndarray of int64
        Number of the line's language in ``langs``.
    hashes : ndarray of uint64
        Its hash.
    copies : ndarray of int64
        How often it is counted.
    first : ndarray of int64
        Least `keeper_key` of a document that holds it.
    langs : list of str
        Languages.
    buckets : ndarray of int32
        Bucket of each language here.
    keys : ndarray of uint64
        Hash, language and bucket in one.
    """

    group: NDArray[np.int64]
    hashes: Keys
    copies: Counts
    first: NDArray[np.int64]
    langs: list[str]
    buckets: NDArray[np.int32]
    keys: Keys


def salt_of(lang: str, bucket: int) -> int:
    """Return what is mixed into the hashes of a bucket's lines so that only those of one bucket meet."""
    return xxh3_64_intdigest(f"{lang}-{bucket}".encode())


def chunks(task: SplitTask, buckets: Mapping[str, Buckets]) -> Iterator[Chunk]:
    """Read the lines of what is left of a split."""
    if "line_hashes" not in task.inputs:
        return
    keep = left_in_split(task)
    for batch in pq.ParquetFile(task.inputs["line_hashes"]).iter_batches(batch_size=AT_ONCE, columns=["id", "lang", "hashes"]):
        rows = keep(pa.Table.from_batches([batch]))
        if rows.num_rows:
            yield _chunk(rows, task, buckets)


def _chunk(rows: pa.Table, task: SplitTask, buckets: Mapping[str, Buckets]) -> Chunk:
    packed = rows["hashes"].to_pylist()
    hashes = np.frombuffer(b"".join(packed), dtype="<u8")
    document = np.repeat(np.arange(rows.num_rows), [len(one) // 8 for one in packed])
    names = rows["lang"].combine_chunks().dictionary_encode()
    langs = names.dictionary.to_pylist()
    group = names.indices.to_numpy()[document].astype(np.int64)
    numbers = np.array([buckets[name].of(task.split.key) for name in langs], dtype=np.int32)
    salt = np.array([salt_of(name, number) for name, number in zip(langs, numbers.tolist(), strict=True)], dtype=np.uint64)
    keys = mix(hashes ^ salt[group])
    if task.recipe.lines.count == "documents":
        order = np.lexsort((document, keys))
        again = np.append(False, (keys[order][1:] == keys[order][:-1]) & (document[order][1:] == document[order][:-1]))
        chosen = np.sort(order[~again])
        keys, hashes, group, document = keys[chosen], hashes[chosen], group[chosen], document[chosen]
    owners = keeper_key(np.frombuffer(b"".join(rows["id"].to_pylist()), dtype=np.uint8).reshape(-1, 16))[document]
    order = np.lexsort((owners, keys))
    starts = np.flatnonzero(np.append(True, keys[order][1:] != keys[order][:-1])) if len(keys) else np.zeros(0, dtype=np.int64)
    at = order[starts]
    copies = np.diff(np.append(starts, len(keys)))
    return Chunk(group[at], hashes[at], copies, owners[at], langs, numbers, keys[at])


def keys_of(task: SplitTask, *, buckets: Mapping[str, Buckets]) -> Iterator[tuple[Keys, Counts | None]]:
    """Return the lines of a split with their counts (see `jobs.dedup.meetings.ChunksOf`)."""
    for chunk in chunks(task, buckets):
        yield chunk.keys, chunk.copies


def perhaps_frequent(
    item: tuple[int, SplitTask], *, meetings: Meetings, buckets: Mapping[str, Buckets]
) -> Iterator[pa.RecordBatch]:
    """Return the lines of a split that may be frequent, counted; hashes cross to Spark as signed integers."""
    place, task = item
    answer = meetings.of(place)
    for number, chunk in enumerate(chunks(task, buckets)):
        often = np.flatnonzero(answer(number, chunk.keys, chunk.copies)[0])
        group = chunk.group[often]
        columns = [
            *(pa.array(chunk.langs).take(pa.array(group)), pa.array(chunk.buckets[group])),
            *(pa.array(chunk.keys[often].view(np.int64)), pa.array(chunk.hashes[often].view(np.int64))),
            *(pa.array(chunk.copies[often]), pa.array(chunk.first[often])),
        ]
        yield pa.RecordBatch.from_arrays(columns, schema=_COUNTED)


def recalled(number: int, *, meetings: Meetings) -> Iterator[pa.RecordBatch]:
    """Return the copies that lines of this run have in one generation of the corpus, where the first copy is, too."""
    met = meetings.met(number)
    n = met.shape[1]
    columns = [
        *(pa.nulls(n, pa.string()), pa.nulls(n, pa.int32())),
        *(pa.array(met[row].view(np.int64)) for row in (KEY, VALUE, COUNT)),
        pa.array(np.zeros(n, dtype=np.int64)),
    ]
    yield pa.RecordBatch.from_arrays(columns, schema=_COUNTED)


def run(context: KeyContext) -> tuple[Accounts, Mapping[str, Any]]:
    """Freeze the buckets, count, and write the hot lines of each."""
    settings, scratch = context.recipe.lines, context.attempt / "scratch"
    documents = _documents(context)
    corpus, size = open_corpus(context.recipe), settings.bucket_documents
    buckets = {lang: buckets_for(n, size, corpus.line_bucket(lang, size)) for lang, n in documents.items()}
    frozen = [(lang, documents[lang], of.first, of.count) for lang, of in buckets.items()]
    schema = "lang string, documents long, first int, buckets int"
    context.write("line_buckets", context.spark.createDataFrame(frozen, schema), by=(), order=("lang",))
    hot = _hot(context, buckets, corpus, scratch).persist()
    try:
        lines = _write(context, hot)
    finally:
        hot.unpersist()
    shutil.rmtree(scratch, ignore_errors=True)
    total = sum(documents.values())
    return Accounts({(IN, ""): total, (KEPT, ""): total}), {"hot_lines": lines}


def _documents(context: KeyContext) -> dict[str, int]:
    """Count what is left by language."""
    from pyspark.sql import functions as F

    def count(task: SplitTask) -> Iterator[pa.RecordBatch]:
        if "line_hashes" in task.inputs:
            rows = left_in_split(task)(pq.read_table(task.inputs["line_hashes"], columns=["id", "lang"], partitioning=None))
            counted = rows.group_by("lang").aggregate([("id", "count")])
            yield from counted.rename_columns(_LEFT.names).cast(_LEFT).to_batches()

    left = over_splits(context.spark, context.tasks, count, _LEFT)
    return {row["lang"]: row["n"] for row in left.groupBy("lang").agg(F.sum("documents").alias("n")).orderBy("lang").collect()}


def _hot(context: KeyContext, buckets: Mapping[str, Buckets], corpus: Corpus, scratch: Path) -> DataFrame:
    """Return the hot lines: ``lang, bucket, hash, copies, first``."""
    from pyspark.sql import functions as F

    settings = context.recipe.lines
    published = context.store.published("extract")
    size = sum(f.bytes for f in published.tables["line_hashes"]) if published else 0
    question = Question.about(size // 8, least=settings.max_copies + 1, shuffle=context.recipe.spark.shuffle_partitions)
    keys = partial(keys_of, buckets=buckets)
    meetings = ask(context.spark, context.tasks, keys, question, scratch / "meetings", corpus.keys("lines"))
    named = partial(perhaps_frequent, meetings=meetings, buckets=buckets)
    counted = over_splits(context.spark, list(enumerate(context.tasks)), named, _COUNTED)
    if corpus:
        known = over_splits(context.spark, range(len(corpus.generations)), partial(recalled, meetings=meetings), _COUNTED)
        counted = counted.unionAll(known)
    # The corpus does not name its lines; a line that this run does not hold has no name at all.
    hot = (
        counted.groupBy("key", "hash")
        .agg(
            *(F.max(name).alias(name) for name in ("lang", "bucket")),
            F.sum("copies").alias("copies"),
            F.min("first").alias("first"),
        )
        .where((F.col("copies") > settings.max_copies) & F.col("lang").isNotNull())
    )
    allowed = _allowed(settings)
    return hot.where(~F.col("hash").isin(allowed)) if allowed else hot


def _allowed(settings: Lines) -> list[int]:
    lines: list[str] = []
    for path in settings.allow:
        try:
            lines += Path(path).read_text("utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(f"lines.allow: can't read {path}: {error}") from error
    found: list[int] = allowed_hashes(lines).view(np.int64).tolist()
    return found


def _write(context: KeyContext, hot: DataFrame) -> int:
    """Write the hot lines twice: as a table for people, and sorted by hash for `clean`."""
    from pyspark.sql import functions as F

    by = ("lang", "bucket")
    # Flipping the sign bit makes signed order the order of the unsigned hashes.
    unsigned = F.col("hash").bitwiseXOR(F.lit(-(2**63)))
    lines = context.write("hot_lines", hot, by=by, order=(unsigned,))
    schema = TABLES["hot_lines"].schema
    files = write(hot, Layout(context.attempt / "hot_lines", schema, by, (unsigned,), part=HotPart))
    context.written["hot_lines"].extend(files)
    return lines


STAGE = KeyStage(
    "lines",
    2,
    sections=("lines", "corpus"),
    needs=("line_hashes",),
    writes=("line_buckets", "hot_lines"),
    models=digests,
    run=run,
)

if __name__ == "__main__":
    from jobs.command import stage_main

    sys.exit(stage_main("lines"))
