"""Compare two ways to write a map stage's text: Spark's writer, and the worker's own Parquet file (docs/decisions/0001).

    python -m benchmarks.part_writers runs/demo [--repeat 3] [--times 5]

Reads the ``documents`` of a finished run ``--times`` over in each task and writes them in both ways in turn, best of ``--repeat``.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from conf.schema import Spark
from jobs.parts import ParquetPart
from jobs.session import session
from jobs.store import Run
from jobs.tables import TABLES

COUNT = pa.schema([("rows", pa.int64())])
SCHEMA = TABLES["documents"].schema


def texts(batches: Iterator[pa.RecordBatch], times: int) -> Iterator[pa.RecordBatch]:
    """Read the parts that a task is given, several times over: the work that both ways share."""
    for batch in batches:
        for path in batch.column("path").to_pylist() * times:
            yield from pq.ParquetFile(path).iter_batches(batch_size=256)


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print seconds and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--times", type=int, default=5)
    arguments = parser.parse_args(argv)
    paths = [(i, str(path)) for i, path in enumerate(Run.open(arguments.run).files("documents"))]
    times = arguments.times
    with tempfile.TemporaryDirectory() as folder, session(Spark(master="local[2,4]"), Path(folder) / "logs", "writers") as spark:
        from pyspark.sql.pandas.types import from_arrow_schema

        tasks = spark.createDataFrame(paths, "place int, path string").repartitionById(len(paths), "place").persist()
        tasks.count()

        def own(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            for batch in batches:
                part = ParquetPart(Path(folder) / "own" / str(batch.column("place")[0].as_py()), SCHEMA)
                for rows in texts(iter([batch]), times):
                    part.write(rows.cast(SCHEMA))
                yield pa.RecordBatch.from_pydict({"rows": [part.close().rows]}, schema=COUNT)

        def by_worker() -> None:
            tasks.mapInArrow(own, from_arrow_schema(COUNT)).collect()

        def by_spark() -> None:
            rows = tasks.mapInArrow(lambda b: texts(b, times), from_arrow_schema(SCHEMA))
            rows.write.mode("overwrite").option("compression", "zstd").parquet(f"{folder}/spark")

        seconds = {way.__name__: best(way, arguments.repeat) for way in (by_worker, by_spark)}
    for name, value in seconds.items():
        print(f"{name:<10} {value:6.2f} s")
    print(f"Spark's writer takes {seconds['by_spark'] / seconds['by_worker']:.2f} times the worker's own")
    return 0


def best(way: Callable[[], None], repeat: int) -> float:
    """Return the least seconds of several calls, after one that does not count."""
    way()
    found = []
    for _ in range(repeat):
        begun = time.monotonic()
        way()
        found.append(time.monotonic() - begun)
    return min(found)


if __name__ == "__main__":
    sys.exit(main())
