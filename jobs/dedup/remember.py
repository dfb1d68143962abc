"""Add what a run has kept to a corpus: ``woolmill corpus add RUN CORPUS``."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from classifiers.registry import sha256_of
from conf.schema import Recipe
from jobs.dedup.candidates import Chunk, chunks
from jobs.dedup.corpus import KINDS, MANIFEST, RETRACTED, ROW_GROUP, folders, sketch_of
from jobs.errors import JobError
from jobs.frames import map_batches, over_splits, runs
from jobs.lines import Buckets
from jobs.lines import chunks as line_chunks
from jobs.parts import read_columns
from jobs.reads import Reads
from jobs.runner import input_splits
from jobs.session import session
from jobs.splits import left_in_split
from jobs.stage import SplitTask, Stage
from jobs.store import Run, write_atomic
from jobs.tables import TABLES
from udfs.keytable import COUNT, KEY, RANGES, KeyTable, range_of, write_range

STAGES = ("extract", "urls", "documents", "lines")
_NEEDS = ("sketches", "url_keys", "line_hashes", "line_buckets", "retractions", "url_retractions")
_KEYED = pa.schema([("file", pa.int32()), *((name, pa.int64()) for name in ("key", "value", "count"))])
AT_ONCE = 50_000
_SIZES = pa.schema([("place", pa.int32()), ("rows", pa.int64())])


def add(run: Run, corpus: Path) -> dict[str, Any]:
    """Write a generation.

    Parameters
    ----------
    run : Run
        A run whose deduplication is finished.
    corpus : Path
        Folder of the corpus; made if it is not there.

    Returns
    -------
    dict
        The manifest.

    Raises
    ------
    JobError
        When the corpus holds this run already, or the run has no finished deduplication.
    """
    plain = {key: value for key, value in run.recipe.items() if key != "origins"}
    recipe = Recipe.model_validate(plain)
    there = folders(corpus) if corpus.is_dir() else []
    names = {json.loads((folder / MANIFEST).read_text("utf-8"))["run"] for folder in there}
    if recipe.run in names:
        raise JobError(f"{corpus} holds the run {recipe.run} already; a run is added once, under its own name (output.run)")
    stages = tuple(name for name in recipe.stages if name in STAGES)
    reads = Reads(run, Stage("corpus", 1, needs=_NEEDS), stages)
    tasks = [reads.task(split, Stage("corpus", 1, needs=_NEEDS), recipe) for split in input_splits(recipe.input)]
    folder = corpus / f"{len(there) + 1:04d}-{recipe.run}"
    attempt = corpus / f".{folder.name}"
    shutil.rmtree(attempt, ignore_errors=True)
    attempt.mkdir(parents=True)
    manifest = _write(recipe, tasks, attempt, run)
    attempt.rename(folder)
    return manifest


def _write(recipe: Recipe, tasks: list[SplitTask], folder: Path, run: Run) -> dict[str, Any]:
    buckets = _buckets(tasks)
    with session(recipe.spark, run.root / "logs", "corpus") as spark:
        documents = over_splits(spark, list(enumerate(tasks)), _documents_writer(folder / "documents"), _SIZES).collect()
        sizes = {row["place"]: row["rows"] for row in documents}

        def keyed(item: tuple[int, SplitTask]) -> Iterator[pa.RecordBatch]:
            place, task = item
            for kind, found in _keys(place, task, folder / "documents" / f"{place}.parquet", buckets):
                yield _batch(kind, found)

        rows = over_splits(spark, list(enumerate(tasks)), keyed, _KEYED)
        placed = rows.repartitionById(len(KINDS) * RANGES, "file").sortWithinPartitions("file", "key", "value")
        map_batches(placed, partial(_write_ranges, folder=folder), _SIZES).collect()
    retracted = _retracted(tasks)
    if retracted.num_rows:
        pq.write_table(retracted, folder / RETRACTED)
    manifest = {
        "run": recipe.run,
        "sketch": sketch_of(recipe),
        "documents": sum(sizes.values()),
        "retracted": retracted.num_rows,
        "splits": [[task.split.key, sizes.get(place, 0)] for place, task in enumerate(tasks)],
        "lines": _line_manifest(tasks, buckets),
        "files": {str(p.relative_to(folder)): sha256_of(p) for p in sorted(folder.rglob("*")) if p.is_file()},
    }
    write_atomic(folder / MANIFEST, json.dumps(manifest, sort_keys=True, indent=1))
    return manifest


def _documents_writer(folder: Path) -> Callable[[tuple[int, SplitTask]], Iterator[pa.RecordBatch]]:
    """Return a function that writes what is compared of a split's kept documents, in the order of their rows."""
    folder.mkdir(parents=True)

    def work(item: tuple[int, SplitTask]) -> Iterator[pa.RecordBatch]:
        place, task = item
        writer, n = None, 0
        urls = _url_keys(task)
        for chunk in chunks(task):
            table = chunk.table.append_column(
                "url_key", pa.array([urls[id_] for id_ in chunk.table["id"].to_pylist()], pa.int64())
            )
            if writer is None:
                writer = pq.ParquetWriter(folder / f"{place}.parquet", table.schema, compression="zstd")
            writer.write_table(table, row_group_size=ROW_GROUP)
            n += table.num_rows
        if writer:
            writer.close()
        yield pa.RecordBatch.from_pylist([{"place": place, "rows": n}], schema=_SIZES)

    return work


def _url_keys(task: SplitTask) -> dict[bytes, int]:
    table = read_columns(task.inputs["url_keys"], ["id", "url_key", "document"]) if "url_keys" in task.inputs else None
    if table is None:
        return {}
    return dict(zip(table["id"].to_pylist(), table["url_key"].to_pylist(), strict=True))


def _keys(place: int, task: SplitTask, kept: Path, buckets: Mapping[str, Buckets]) -> Iterator[tuple[str, NDArray[np.uint64]]]:
    """Return the keys of a split by kind, as rows of a key table."""
    start = place << 32
    if kept.is_file():
        settings = task.recipe.documents
        for batch in pq.ParquetFile(kept).iter_batches(batch_size=AT_ONCE):
            table = pa.Table.from_batches([batch])
            numbers = np.arange(start, start + table.num_rows, dtype=np.uint64)
            yield "urls", _rows(table["url_key"].to_numpy().view(np.uint64), numbers)
            keys = Chunk(table, settings).keys
            yield "bands", _rows(keys, np.repeat(numbers, len(keys) // len(numbers)))
            start += table.num_rows
    for chunk in line_chunks(task, buckets) if buckets else ():
        yield "lines", _rows(chunk.keys, chunk.hashes, chunk.copies)


def _rows(keys: NDArray[np.uint64], values: NDArray[np.uint64], counts: NDArray[np.int64] | None = None) -> NDArray[np.uint64]:
    ones = np.ones(len(keys), dtype=np.uint64)
    return np.stack([keys, values, ones if counts is None else counts.astype(np.uint64)])


def _batch(kind: str, rows: NDArray[np.uint64]) -> pa.RecordBatch:
    file = KINDS.index(kind) * RANGES + range_of(rows[KEY])
    # Spark has signed numbers only: with the sign bit flipped they sort as unsigned ones do.
    columns = [pa.array(row.view(np.int64) ^ np.int64(-(2**63))) for row in rows]
    return pa.RecordBatch.from_arrays([pa.array(file, pa.int32()), *columns], schema=_KEYED)


def _write_ranges(batches: Iterator[pa.RecordBatch], *, folder: Path) -> Iterator[pa.RecordBatch]:
    """Write the files of a partition's ranges; equal keys with equal values become one row."""
    held: list[pa.RecordBatch] = []
    number = -1
    for batch in batches:
        for (found,), rows in runs(batch, ["file"]):
            if held and found != number:
                yield _write_range(held, number, folder)
                held = []
            number = cast(int, found)
            held.append(rows)
    if held:
        yield _write_range(held, number, folder)


def _write_range(held: list[pa.RecordBatch], number: int, folder: Path) -> pa.RecordBatch:
    table = pa.Table.from_batches(held)
    rows = np.stack([table[name].to_numpy() ^ np.int64(-(2**63)) for name in ("key", "value", "count")]).view(np.uint64)
    new = np.append(True, (rows[:2, 1:] != rows[:2, :-1]).any(axis=0))
    rows = np.concatenate((rows[:2, new], np.add.reduceat(rows[COUNT], np.flatnonzero(new))[None]))
    kind, file = divmod(number, RANGES)
    write_range(KeyTable(folder / KINDS[kind]).path(file), rows)
    return pa.RecordBatch.from_pylist([{"place": number, "rows": rows.shape[1]}], schema=_SIZES)


def _buckets(tasks: Sequence[SplitTask]) -> dict[str, Buckets]:
    """Return the line buckets of a run, by language; none where it has no line level."""
    rows = [row for path in tasks[0].shared.get("line_buckets", ()) for row in read_columns(path).to_pylist()]
    return {row["lang"]: Buckets(row["first"], row["buckets"]) for row in rows}


def _line_manifest(tasks: Sequence[SplitTask], buckets: Mapping[str, Buckets]) -> dict[str, list[list[int]]]:
    """Return, by language, the buckets with the documents that this run has put into each."""
    found: dict[str, Counter[int]] = {}
    for task in tasks:
        if buckets and "line_hashes" in task.inputs:
            left = left_in_split(task)(read_columns(task.inputs["line_hashes"], ["id", "lang"]))
            for lang, n in Counter(left["lang"].to_pylist()).items():
                found.setdefault(lang, Counter())[buckets[lang].of(task.split.key)] += n
    return {lang: [[number, n] for number, n in sorted(counts.items())] for lang, counts in sorted(found.items())}


def _retracted(tasks: Sequence[SplitTask]) -> pa.Table:
    paths = [path for table in ("retractions", "url_retractions") for path in tasks[0].shared.get(table, ())]
    schema = pa.schema([TABLES["retractions"].schema.field(name) for name in ("id", "corpus_split")])
    return pa.concat_tables([schema.empty_table(), *(read_columns(path, schema.names) for path in paths)])
