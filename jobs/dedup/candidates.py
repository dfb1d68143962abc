"""What a split says of its documents: their keys, and the rows of those that meet another."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray
from xxhash import xxh3_64_intdigest

from conf.schema import Documents
from jobs.dedup.corpus import Corpus
from jobs.dedup.meetings import Meetings
from jobs.dedup.ranking import ORDER, RANKED
from jobs.frames import over_splits
from jobs.splits import left_in_split
from jobs.stage import SplitTask
from udfs.meetings import Counts, Keys
from udfs.sketch import mix

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

AT_ONCE = 50_000
_COLUMNS = ("id", "date", "lang", "damaged", "n_chars", "n_shingles", "exact", "bands", "signature")
_NO_DATE = 2**62

Rows = NDArray[np.int64]


def source_of(file: str, pattern: str) -> str:
    """Return the source of a file: the first group of a pattern, else the file's whole path."""
    found = re.search(pattern, file)
    return (found[1] if found else "") or file


@dataclass(frozen=True)
class Chunk:
    """Some documents that have shingles.

    Parameters
    ----------
    table : pyarrow.Table
        Their sketches, and the source of each.
    settings : Documents
        How documents are deduplicated.
    """

    table: pa.Table
    settings: Documents

    def __len__(self) -> int:
        return int(self.table.num_rows)

    @cached_property
    def scope(self) -> Keys:
        """What is mixed into the keys of each document so that only those of one scope meet."""
        if self.settings.scope == "corpus":
            return np.zeros(len(self), dtype=np.uint64)
        names = _column(self.table, {"language": "lang", "source": "source"}[self.settings.scope]).dictionary_encode()
        hashes = np.array([xxh3_64_intdigest(str(name).encode()) for name in names.dictionary.to_pylist()], dtype=np.uint64)
        found: Keys = hashes[names.indices.to_numpy()]
        return found

    @cached_property
    def exact(self) -> Keys:
        """Digests of the token streams, two numbers a document."""
        digests = np.frombuffer(b"".join(self.table["exact"].to_pylist()), dtype="<u8").reshape(-1, 2)
        return digests ^ self.scope[:, None]

    @cached_property
    def bands(self) -> Keys:
        """Band keys, a row a document."""
        keys = _column(self.table, "bands").flatten().to_numpy().view(np.uint64).reshape(len(self), -1)
        return mix(keys ^ self.scope[:, None]) if self.scope.any() else keys

    @property
    def keys(self) -> Keys:
        """All keys, the digest's first, document after document."""
        return np.column_stack((mix(self.exact[:, 0]), self.bands)).ravel()

    @cached_property
    def order(self) -> list[NDArray[np.int64]]:
        """Columns of the order of survival, the least is the best; as many as `ORDER` without the first."""
        columns = [self._order(name) for name in self.settings.order]
        return columns + [np.zeros(len(self), dtype=np.int64)] * (len(ORDER) - 1 - len(columns))

    def _order(self, name: str) -> NDArray[np.int64]:
        if name == "source":
            names = _column(self.table, "source").dictionary_encode()
            ranks = {source: rank for rank, source in enumerate(self.settings.sources)}
            known = np.array([ranks.get(name, len(ranks)) for name in names.dictionary.to_pylist()], dtype=np.int64)
            found: NDArray[np.int64] = known[names.indices.to_numpy()]
            return found
        # Without a date a document is older than any that has one.
        date = self.table["date"].cast(pa.int64()).fill_null(_NO_DATE if name == "oldest" else -_NO_DATE)
        columns = {
            "whole": self.table["damaged"].fill_null(False).cast(pa.int64()),
            "newest": pc.negate(date),
            "oldest": date,
            "longest": pc.negate(self.table["n_chars"]),
        }
        column: NDArray[np.int64] = columns[name].to_numpy()
        return column

    def copies_here(self, rows: Rows) -> NDArray[np.bool_]:
        """Whether each of some rows has a better exact copy among them, in whose favour it will go."""
        ids = np.frombuffer(b"".join(self.table["id"].take(pa.array(rows)).to_pylist()), dtype=">u8").reshape(-1, 2)
        exact = self.exact[rows]
        order = np.lexsort((rows, ids[:, 1], ids[:, 0], *(column[rows] for column in reversed(self.order)), *exact.T))
        same = (exact[order][1:] == exact[order][:-1]).all(axis=1)
        worse = np.zeros(len(rows), dtype=np.bool_)
        worse[order[1:][same]] = True
        return worse


def chunks(task: SplitTask) -> Iterator[Chunk]:
    """Read the sketches of what is left of a split, without documents that have no shingle."""
    if "sketches" not in task.inputs:
        return
    keep = left_in_split(task)
    for batch in pq.ParquetFile(task.inputs["sketches"]).iter_batches(batch_size=AT_ONCE, columns=list(_COLUMNS)):
        left = keep(pa.Table.from_batches([batch]))
        comparable = left.filter(pc.greater(left["n_shingles"], 0))
        if comparable.num_rows:
            source = source_of(task.split.file, task.recipe.documents.source)
            yield Chunk(comparable.append_column("source", pa.array([source] * len(comparable))), task.recipe.documents)


def keys_of(task: SplitTask) -> Iterator[tuple[Keys, Counts | None]]:
    """Return the keys of a split's documents (see `jobs.dedup.meetings.ChunksOf`)."""
    for chunk in chunks(task):
        yield chunk.keys, None


def candidates(spark: SparkSession, tasks: Sequence[SplitTask], meetings: Meetings, corpus: Corpus) -> DataFrame:
    """Return the rows (`RANKED`) of documents that share a key with another, those of the corpus among them."""

    def read(item: tuple[int, SplitTask]) -> Iterator[pa.RecordBatch]:
        place, task = item
        answer = meetings.of(place)
        for number, chunk in enumerate(chunks(task)):
            meets, crowded = (bits.reshape(len(chunk), -1) for bits in answer(number, chunk.keys, None))
            rows = np.flatnonzero(meets.any(axis=1))
            if len(rows):
                yield _rows(chunk, rows, meets[rows], crowded[rows], (1, place))

    def recall(number: int) -> Iterator[pa.RecordBatch]:
        settings = tasks[0].recipe.documents
        # What the corpus holds comes before all new documents, or competes with them.
        age = 0 if tasks[0].recipe.corpus.prefer == "published" else 1
        for place, table in corpus.documents(number, meetings.met(number)):
            chunk = Chunk(table, settings)
            every = np.ones((len(chunk), chunk.bands.shape[1] + 1), dtype=np.bool_)
            yield _rows(chunk, np.arange(len(chunk)), every, ~every, (age, len(tasks) + place))

    found = over_splits(spark, list(enumerate(tasks)), read, RANKED)
    if corpus:
        found = found.unionAll(over_splits(spark, range(len(corpus.generations)), recall, RANKED))
    return found


def _column(table: pa.Table, name: str) -> pa.Array:
    column = table[name].combine_chunks()
    return column.chunk(0) if isinstance(column, pa.ChunkedArray) and column.num_chunks == 1 else column


def _rows(
    chunk: Chunk, rows: Rows, meets: NDArray[np.bool_], crowded: NDArray[np.bool_], where: tuple[int, int]
) -> pa.RecordBatch:
    copied, full = meets[:, 0], ~chunk.copies_here(rows)
    taken = chunk.table.take(pa.array(rows))
    exact = [digest.tobytes() for digest in np.ascontiguousarray(chunk.exact[rows].astype("<u8"))]
    keys, lengths = _meeting_keys(chunk.bands[rows], meets[:, 1:] & full[:, None], crowded[:, 1:] & full[:, None])
    age, place = where
    columns = [
        pa.array(np.full(len(rows), age, dtype=np.int64)),
        *(pa.array(column[rows]) for column in chunk.order),
        _column(taken, "id"),
        pa.array(np.full(len(rows), place, dtype=np.int32)),
        pa.array(exact, pa.binary(), mask=~copied),
        pa.ListArray.from_arrays(pa.array(np.append(0, np.cumsum(lengths)), pa.int32()), pa.array(keys.view(np.int64))),
        pa.array(taken["signature"].to_pylist(), pa.binary(), mask=~full),
    ]
    return pa.RecordBatch.from_arrays(columns, schema=RANKED)


def _meeting_keys(bands: Keys, meets: NDArray[np.bool_], crowded: NDArray[np.bool_]) -> tuple[Keys, NDArray[np.int64]]:
    """Return the keys to send, document after document, and how many each has.

    A crowded bucket is split: its members meet once more where they agree in the next band, too.
    """
    split = mix(bands * np.uint64(3) + np.roll(bands, -1, axis=1))
    both, chosen = np.column_stack((bands, split)), np.column_stack((meets, crowded & meets))
    return both[chosen], chosen.sum(axis=1)
