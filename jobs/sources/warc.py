"""WARC and WET files as a Spark data source: ``spark.read.format("warc").load(path)``.

A thin shell on `udfs.warc.read_warc`, for engineers who look into a crawl; the pipeline maps over splits by itself.
Register it once a session: ``spark.dataSource.register(WarcSource)``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa
from pyspark.sql.datasource import DataSource, DataSourceReader, InputPartition
from pyspark.sql.pandas.types import from_arrow_schema
from pyspark.sql.types import StructType

from jobs.sources.inputs import InputError, Split, list_inputs, open_input, plan_splits
from udfs.warc import Capture, read_warc

SCHEMA: Final = pa.schema(
    [
        ("record_id", pa.string()),
        ("kind", pa.string()),
        ("file", pa.string()),
        ("offset", pa.int64()),
        ("length", pa.int64()),
        ("url", pa.string()),
        ("date", pa.timestamp("us", tz="UTC")),
        ("status", pa.int32()),
        ("content_type", pa.string()),
        ("headers", pa.list_(pa.struct([("name", pa.string()), ("value", pa.string())]))),
        ("body", pa.binary()),
        ("truncated", pa.bool_()),
        ("fault", pa.string()),
        ("detail", pa.string()),
        ("language", pa.string()),
    ]
)
"""Columns; `udfs.warc.Capture` says what they mean. Header names may repeat, so headers are a list and not a map."""

BATCH_BYTES: Final = 8 * 2**20
BATCH_ROWS: Final = 1000
SPLIT_BYTES: Final = 128 * 2**20


def capture_batches(split: Split, *, columns: Sequence[str] = tuple(SCHEMA.names)) -> Iterator[pa.RecordBatch]:
    """Read a split as record batches of about 8 MiB of bodies, or 1,000 rows.

    Parameters
    ----------
    split : Split
        What to read.
    columns : sequence of str
        Columns of `SCHEMA`, in this order.

    Raises
    ------
    OSError
        When the source fails; the message names file and range.
    """
    schema = pa.schema([SCHEMA.field(name) for name in columns])
    rows: list[Mapping[str, Any]] = []
    held = 0
    try:
        with open_input(split.path) as source:
            for capture in read_warc(source, start=split.start, end=split.end):
                rows.append(_row(capture, split.file))
                held += len(capture.body)
                if held >= BATCH_BYTES or len(rows) >= BATCH_ROWS:
                    yield _batch(rows, schema)
                    rows, held = [], 0
    except (OSError, EOFError) as error:
        raise OSError(f"{split.path}, bytes {split.start} to {split.end}: {error}") from error
    if rows:
        yield _batch(rows, schema)


def _batch(rows: Sequence[Mapping[str, Any]], schema: pa.Schema) -> pa.RecordBatch:
    return pa.RecordBatch.from_pydict({name: [row[name] for row in rows] for name in schema.names}, schema=schema)


def _row(capture: Capture, file: str) -> dict[str, Any]:
    return {
        "record_id": capture.record_id,
        "kind": capture.kind,
        "file": file,
        "offset": capture.offset,
        "length": capture.length,
        "url": capture.url,
        "date": capture.date_us,
        "status": capture.status,
        "content_type": next((value for name, value in capture.headers if name == "content-type"), None),
        "headers": [{"name": name, "value": value} for name, value in capture.headers],
        "body": capture.body,
        "truncated": capture.truncated,
        "fault": capture.fault,
        "detail": capture.detail,
        "language": capture.language,
    }


@dataclass(frozen=True)
class SplitPartition(InputPartition):
    """One split, one task."""

    split: Split


class WarcSource(DataSource):
    """The data source.

    Options: ``path`` (as `list_inputs` takes them, separated by commas), ``format`` (``warc`` or ``wet``), ``base`` (for
    listings), ``splitBytes`` (default 128 MiB), ``columns`` (separated by commas; Spark does not tell a Python source
    which columns a query needs).
    """

    @classmethod
    def name(cls) -> str:
        """Return what ``spark.read.format`` calls it."""
        return "warc"

    def schema(self) -> StructType:
        """Return the columns that were asked for."""
        return from_arrow_schema(pa.schema([SCHEMA.field(name) for name in _columns(self.options)]))

    def reader(self, schema: StructType) -> DataSourceReader:  # noqa: ARG002 - Spark's signature
        """Return the reader."""
        return WarcReader(self.options)


class WarcReader(DataSourceReader):
    """Plans the splits and reads them."""

    def __init__(self, options: Mapping[str, str]) -> None:
        self._columns = _columns(options)
        self._paths = [path.strip() for path in options.get("path", "").split(",") if path.strip()]
        self._format = options.get("format", "warc")
        self._base = options.get("base")
        self._split_bytes = _split_bytes(options)

    def partitions(self) -> Sequence[SplitPartition]:
        """Return the splits of all files."""
        files = list_inputs(self._paths, format=self._format, base=self._base)
        return [SplitPartition(split) for split in plan_splits(files, split_bytes=self._split_bytes)]

    def read(self, partition: InputPartition) -> Iterator[pa.RecordBatch]:
        """Read one split."""
        assert isinstance(partition, SplitPartition)
        return capture_batches(partition.split, columns=self._columns)


def _columns(options: Mapping[str, str]) -> tuple[str, ...]:
    named = tuple(name.strip() for name in options.get("columns", "").split(",") if name.strip()) or tuple(SCHEMA.names)
    if unknown := [name for name in named if name not in SCHEMA.names]:
        raise InputError(f"columns {', '.join(unknown)} are not known; they are {', '.join(SCHEMA.names)}")
    return named


def _split_bytes(options: Mapping[str, str]) -> int:
    given = options.get("splitBytes", str(SPLIT_BYTES))
    if not given.strip().isdecimal():
        raise InputError(f"splitBytes is {given!r}; it must be a number of bytes such as {SPLIT_BYTES}")
    return int(given)
