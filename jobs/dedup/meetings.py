"""Which keys of a split occur in others too: a question that splits put to all, and its answer, both in bits.

The keys of a split never leave it; what travels is about two bytes a key there and a bit back (`udfs.meetings`). The answers lie
in the stage's scratch folder, one file a split, and every pass over the split reads them again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from jobs.frames import Layout, map_batches, over_splits, write
from jobs.parts import read_columns
from jobs.stage import SplitTask
from udfs.keytable import COUNT, KeyTable, Rows
from udfs.meetings import Bools, Counts, Keys, KeySet, Tally, bits_for

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

KEYS_AT_ONCE = 2_000_000
"""Keys that a range holds, about, so that counting one takes some 100 MB."""

_ASKED = pa.schema([("part", pa.int32()), ("place", pa.int32()), ("chunk", pa.int32()), ("keys", pa.binary())])
_ANSWERED = pa.schema(
    [("place", pa.int32()), ("chunk", pa.int32()), ("part", pa.int32()), ("meets", pa.binary()), ("crowded", pa.binary())]
)

ChunksOf = Callable[[SplitTask], Iterator[tuple[Keys, Counts | None]]]
"""A split's keys with their counts (None: once each), in chunks of a bounded size; the same chunks whenever it is asked."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of all splits.

    Parameters
    ----------
    least : int
        Occurrences from which a key matters.
    crowd : int
        Occurrences from which a key is said to be crowded.
    bits : int
        Leading bits that are compared.
    parts : int
        Ranges of keys that are counted apart.
    """

    least: int
    crowd: int
    bits: int
    parts: int

    @classmethod
    def about(cls, keys: int, *, least: int = 2, crowd: int = 2**62, shuffle: int = 1) -> Question:
        """Ask about so many keys (an upper bound will do), in at least ``shuffle`` ranges."""
        return cls(least, crowd, bits_for(keys), max(shuffle, -(-keys // KEYS_AT_ONCE)))


@dataclass(frozen=True, slots=True)
class Meetings:
    """The answers, by split.

    Parameters
    ----------
    question : Question
        What was asked.
    folder : Path
        Where the answers lie.
    splits : int
        How many splits were asked.
    """

    question: Question
    folder: Path
    splits: int

    def met(self, table: int) -> Rows:
        """Return the rows of a known table (by its number) that a key of some split has met."""
        path = self.folder / f"{self.splits + table}.parquet"
        if not path.is_file():
            return np.zeros((3, 0), dtype=np.uint64)
        pieces = read_columns(path, ["meets"])["meets"].to_pylist()
        return np.concatenate([np.frombuffer(piece, dtype=np.uint64).reshape(3, -1) for piece in pieces], axis=1)

    def of(self, place: int) -> Callable[[int, Keys, Counts | None], tuple[Bools, Bools]]:
        """Return a function from a chunk's number, keys and counts to whether each key matters, and whether it is crowded."""
        answers: dict[int, list[tuple[bytes, bytes]]] = {}
        path = self.folder / f"{place}.parquet"
        # Rows lie by chunk and part; a split without keys has asked nothing.
        for row in read_columns(path, ["chunk", "meets", "crowded"]).to_pylist() if path.is_file() else ():
            answers.setdefault(row["chunk"], []).append((row["meets"], row["crowded"]))

        def look_up(chunk: int, keys: Keys, counts: Counts | None) -> tuple[Bools, Bools]:
            asked = KeySet.of(keys, self.question.bits, counts)
            sizes = np.diff(asked.cuts(self.question.bits, self.question.parts)).tolist()
            meets, crowded = (
                np.concatenate([_bools(piece[i], n) for piece, n in zip(answers[chunk], sizes, strict=True)])[asked.index]
                for i in (0, 1)
            )
            return meets, crowded

        return look_up


def ask(
    spark: SparkSession,
    tasks: Sequence[SplitTask],
    chunks_of: ChunksOf,
    question: Question,
    folder: Path,
    known: Sequence[KeyTable] = (),
) -> Meetings:
    """Ask all splits, and write the answer of each.

    Parameters
    ----------
    spark : SparkSession
        The session.
    tasks : sequence of SplitTask
        One a split; its place in the sequence names it.
    chunks_of : callable
        A split's keys.
    question : Question
        What is asked.
    folder : Path
        Where the answers go.
    known : sequence of KeyTable
        Keys of earlier crawls, which count too; each table has an answer as well, behind those of the splits.
    """
    holders = len(tasks) + len(known)

    def put(item: tuple[int, SplitTask]) -> Iterator[pa.RecordBatch]:
        place, task = item
        for chunk, (keys, counts) in enumerate(chunks_of(task)):
            asked = KeySet.of(keys, question.bits, counts)
            pieces = asked.pieces(asked.cuts(question.bits, question.parts))
            n = len(pieces)
            columns = [pa.array(range(n), pa.int32()), *(pa.array([x] * n, pa.int32()) for x in (place, chunk)), pa.array(pieces)]
            yield pa.RecordBatch.from_arrays(columns, schema=_ASKED)

    def answer(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        # More than one range may lie in a partition; each is counted by itself.
        held: list[pa.RecordBatch] = []
        for batch in batches:
            for i in range(batch.num_rows):
                row = batch.slice(i, 1)
                if held and held[0].column("part")[0] != row.column("part")[0]:
                    yield _counted(held, question, known, len(tasks))
                    held = []
                held.append(row)
        if held:
            yield _counted(held, question, known, len(tasks))

    grouped = over_splits(spark, list(enumerate(tasks)), put, _ASKED)
    grouped = grouped.repartitionById(question.parts, "part").sortWithinPartitions("part")
    answers = map_batches(grouped, answer, _ANSWERED)
    layout = Layout(folder, _ANSWERED, ("place",), ("chunk", "part"), partitions=max(holders, 1))
    write(answers, layout)
    return Meetings(question, folder, len(tasks))


def _bools(piece: bytes, n: int) -> Bools:
    return np.unpackbits(np.frombuffer(piece, dtype=np.uint8), count=n).astype(np.bool_)


def _counted(held: Sequence[pa.RecordBatch], question: Question, known: Sequence[KeyTable], first: int) -> pa.RecordBatch:
    """Answer the holders of one range, and tell each known table which of its rows were met."""
    rows = pa.Table.from_batches(held)
    counted = Tally.of([piece.as_buffer() for piece in rows["keys"]])
    found = [table.find(counted.prefixes, question.bits) for table in known]
    for places, met in found:
        counted = counted.plus(places, met[COUNT].astype(np.int64))
    meets, crowded = counted.totals >= question.least, counted.totals >= question.crowd
    part = rows["part"][0].as_py()
    answers = [
        *zip(
            *(rows["place"].to_pylist(), rows["chunk"].to_pylist()),
            *([np.packbits(bits[places]).tobytes() for places in counted.held] for bits in (meets, crowded)),
            strict=True,
        ),
        *((first + i, 0, met[:, meets[places]].tobytes(), b"") for i, (places, met) in enumerate(found)),
    ]
    names = ("place", "chunk", "meets", "crowded")
    return pa.RecordBatch.from_pylist([dict(zip(names, row, strict=True)) | {"part": part} for row in answers], schema=_ANSWERED)
