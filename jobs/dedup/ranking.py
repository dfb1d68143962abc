"""The documents that may be duplicates, numbered in the order of survival.

A document is given a rank, 0 for the best, by one global sort; from there on eight bytes name it and say how good it is. The sorted
rows lie in files of consecutive ranks, so whoever has a rank finds what belongs to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from jobs.frames import map_batches, runs
from jobs.parts import ParquetPart, read_columns

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

Ranks = NDArray[np.int64]

AT_ONCE = 250_000
"""Rows of a file of ranks, about; what belongs to them fits into a worker's memory."""

ORDER = ("age", "o0", "o1", "o2", "o3", "o4")
"""What the corpus holds before what is new, where that is asked for; then the recipe's order of survival."""

RANKED = pa.schema(
    [
        *((name, pa.int64()) for name in ORDER),
        ("id", pa.binary()),
        ("place", pa.int32()),
        ("exact", pa.binary()),
        ("bands", pa.list_(pa.int64())),
        ("signature", pa.binary()),
    ]
)
"""Order, identity, and what is compared: ``exact`` null where no other document has it, the rest null for known copies."""

_OTHER = {"worse": "better", "better": "worse"}
_SIZES = pa.schema([("part", pa.int32()), ("rows", pa.int64())])


@dataclass(frozen=True, slots=True)
class Ranked:
    """Files of consecutive ranks.

    Parameters
    ----------
    files : tuple of str
        Their paths, in order.
    starts : tuple of int
        The first rank of each, and behind the last one the number of documents.
    """

    files: tuple[str, ...]
    starts: tuple[int, ...]

    def __len__(self) -> int:
        return self.starts[-1]

    def part_of(self, ranks: Ranks) -> pa.Array:
        """Return the number of the file that holds each rank."""
        return pa.array(np.searchsorted(np.array(self.starts), ranks, side="right") - 1, pa.int32())

    def turn(self, pairs: pa.Table, side: str) -> pa.Table:
        """Let ``part`` of some pairs be about another side of them."""
        return pairs.set_column(pairs.column_names.index("part"), "part", self.part_of(pairs[side].to_numpy()))

    @property
    def parts(self) -> int:
        """How many files there are."""
        return len(self.files)

    def finder(self, part: int, columns: Sequence[str]) -> Find:
        """Return a function from ranks of one file to their rows."""
        held, start = read_columns(self.files[part], columns), self.starts[part]
        return lambda asked: held.take(pa.array(asked - start))

    def batches(self, part: int, columns: Sequence[str]) -> Iterator[tuple[Ranks, pa.RecordBatch]]:
        """Read one file piece by piece, each with its ranks."""
        at = self.starts[part]
        for batch in pq.ParquetFile(self.files[part]).iter_batches(columns=list(columns)):
            yield np.arange(at, at + batch.num_rows), batch
            at += batch.num_rows


def rank(rows: DataFrame, folder: Path, parts: int) -> Ranked:
    """Sort documents by their order, id and place, and write them as files of consecutive ranks.

    Parameters
    ----------
    rows : DataFrame
        Columns `RANKED`.
    folder : Path
        Where the files go.
    parts : int
        How many files, about; it has no influence on ranks.
    """
    order = (*ORDER, "id", "place")
    # The bounds of the ranges are sampled; ranks count from the very first row, so they are the same whatever the bounds.
    placed = rows.repartitionByRange(parts, *order).sortWithinPartitions(*order)

    def put(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        from pyspark import TaskContext

        context = TaskContext.get()
        assert context is not None
        number = context.partitionId()
        part = ParquetPart(folder / f"{number}", RANKED)
        n = 0
        for batch in batches:
            part.write(batch.select(RANKED.names).cast(RANKED))
            n += batch.num_rows
        if not n:
            part.abandon()
            return
        part.close()
        yield pa.RecordBatch.from_pylist([{"part": number, "rows": n}], schema=_SIZES)

    sizes = sorted((row["part"], row["rows"]) for row in map_batches(placed, put, _SIZES).collect())
    starts = np.concatenate(([0], np.cumsum([n for _, n in sizes], dtype=np.int64))).tolist()
    return Ranked(tuple(str(folder / f"{part}.parquet") for part, _ in sizes), tuple(starts))


Make = Callable[[pa.Table], pa.Table]
Find = Callable[[Ranks], pa.Table]


@dataclass(frozen=True, slots=True)
class Kept:
    """Further columns of some documents, by file of ranks.

    Parameters
    ----------
    folder : Path
        A file for each file of ranks, with a column ``rank``, ascending.
    parts : int
        How many files of ranks there are.
    """

    folder: Path
    parts: int

    def finder(self, part: int, columns: Sequence[str]) -> Find:
        """Return a function from ranks to their rows."""
        held = read_columns(self.folder / f"{part}.parquet", ["rank", *columns])
        ranks = held["rank"].to_numpy()
        return lambda asked: held.take(pa.array(np.searchsorted(ranks, asked)))


def _nothing(asked: Ranks) -> pa.Table:
    raise AssertionError(f"{len(asked)} ranks of no file")


def attach(
    pairs: DataFrame, source: Ranked | Kept, side: str, columns: Mapping[str, str], *, make: Make, schema: pa.Schema
) -> DataFrame:
    """Bring pairs of ranks to what belongs to one side of them; pairs that are there several times become one.

    Parameters
    ----------
    pairs : DataFrame
        Columns ``part`` (the file that holds that side's rank), ``worse`` and ``better``, and whatever else there is.
    source : Ranked or Kept
        What belongs to ranks.
    side : {"worse", "better"}
        Which side.
    columns : mapping of str to str
        Column of the source to its name among the columns of the pairs.
    make : callable
        From pairs with these columns to rows of the result.
    schema : pyarrow.Schema
        Columns of the result.
    """
    placed = pairs.repartitionById(max(source.parts, 1), "part").sortWithinPartitions("part", side, _OTHER[side])

    def work(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        part: int = -1
        find: Find = _nothing
        for batch in _distinct(batches):
            for (found,), rows in runs(batch, ["part"]):
                if found != part:
                    part = cast(int, found)
                    find = source.finder(part, list(columns))
                mine = find(rows.column(side).to_numpy())
                both = pa.Table.from_batches([rows])
                for column, name in columns.items():
                    both = both.append_column(name, mine[column])
                yield from make(both).select(schema.names).cast(schema).combine_chunks().to_batches()

    return map_batches(placed, work, schema)


def _distinct(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Leave out rows whose pair is that of the row before."""
    last = (-1, -1)
    for batch in batches:
        if not batch.num_rows:
            continue
        worse, better = (batch.column(name).to_numpy() for name in ("worse", "better"))
        new = np.ones(len(worse), dtype=np.bool_)
        new[1:] = (worse[1:] != worse[:-1]) | (better[1:] != better[:-1])
        new[0] = (int(worse[0]), int(better[0])) != last
        last = (int(worse[-1]), int(better[-1]))
        yield batch if new.all() else batch.filter(pa.array(new))
