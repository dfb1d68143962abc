"""Tests of the Spark data source: the same captures as the reader's, in bounded batches of the declared schema."""

from __future__ import annotations

import gzip
import os
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyspark.sql.pandas.types import from_arrow_schema

from jobs.sources.inputs import InputError, InputFile, plan_splits
from jobs.sources.warc import BATCH_ROWS, SCHEMA, WarcReader, WarcSource, capture_batches


def member(i: int, body: bytes) -> bytes:
    """Make a response."""
    block = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n\r\n" + body
    head = (
        f"WARC/1.0\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:x:{i}>\r\nWARC-Date: 2026-03-05T23:48:14Z\r\n"
        f"WARC-Target-URI: http://example.org/{i}\r\nContent-Type: application/http\r\nContent-Length: {len(block)}\r\n\r\n"
    )
    return gzip.compress(head.encode() + block + b"\r\n\r\n", 1)


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Make a small archive whose third member is damaged."""
    parts = [member(i, b"page %d" % i) for i in range(6)]
    parts[2] = parts[2][:-8] + b"\1" * 8
    path = tmp_path / "one.warc.gz"
    path.write_bytes(b"".join(parts))
    return path


def batches(path: Path, split_bytes: int = 10**9, **options: Any) -> list[pa.RecordBatch]:
    """Read a file without Spark."""
    files = [InputFile(str(path), path.name, path.stat().st_size, "v")]
    return [batch for split in plan_splits(files, split_bytes=split_bytes) for batch in capture_batches(split, **options)]


def test_batches_have_the_schema(archive: Path) -> None:
    """Every batch has exactly the declared types, damage is a row, and dates are moments."""
    (batch,) = batches(archive)
    assert batch.schema == SCHEMA
    rows = batch.to_pylist()
    assert [row["fault"] for row in rows] == [None, None, "bad_gzip_member", None, None, None]
    assert rows[3]["body"] == b"page 3"
    assert rows[3]["content_type"] == "text/html"
    assert [h["value"] for h in rows[3]["headers"] if h["name"] == "set-cookie"] == ["a", "b"]
    assert rows[3]["date"].isoformat() == "2026-03-05T23:48:14+00:00"


def test_batches_are_bounded(tmp_path: Path) -> None:
    """Neither bytes nor rows of a batch grow with the file, and nothing is lost between batches."""
    path = tmp_path / "many.warc.gz"
    path.write_bytes(member(0, b"x") * (BATCH_ROWS + 5))
    assert [batch.num_rows for batch in batches(path)] == [BATCH_ROWS, 5]
    path.write_bytes(member(0, b"x" * 3_000_000) * 7)
    assert [batch.num_rows for batch in batches(path)] == [3, 3, 1]


def test_splits_and_columns_change_nothing_else(archive: Path) -> None:
    """Any size of split gives the same rows; columns come as asked for."""
    whole = pa.Table.from_batches(batches(archive))
    assert pa.Table.from_batches(batches(archive, split_bytes=100)) == whole
    assert pa.Table.from_batches(batches(archive, columns=("url", "offset"))) == whole.select(["url", "offset"])


def test_a_source_that_fails_is_named(archive: Path) -> None:
    """An error while reading names the file and the range."""
    files = [InputFile(str(archive), archive.name, archive.stat().st_size, "v")]
    (split,) = plan_splits(files, split_bytes=10**9)
    archive.unlink()
    with pytest.raises(InputError, match=r"one\.warc\.gz"):
        list(capture_batches(split))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"columns": "url,nothing"}, "columns nothing are not known; they are record_id"),
        ({"splitBytes": "1 MB"}, "splitBytes is '1 MB'"),
    ],
)
def test_wrong_options_are_named(options: dict[str, str], said: str) -> None:
    """A wrong option is named with what is allowed."""
    with pytest.raises(InputError, match=said):
        WarcReader({"path": "x", **options})


def test_the_spark_schema_is_that_of_the_batches() -> None:
    """Spark does not convert what a source yields: both schemas must be one."""
    assert WarcSource({}).schema() == from_arrow_schema(SCHEMA)


@pytest.mark.spark
def test_spark_reads_warc_files(spark: Any, archive: Path) -> None:
    """Spark sees the same rows as the reader, with a task for every split."""
    spark.dataSource.register(WarcSource)
    frame = spark.read.format("warc").option("splitBytes", "600").load(str(archive))
    assert frame.rdd.getNumPartitions() == -(-archive.stat().st_size // 600) > 1
    rows = sorted((row.asDict(recursive=True) for row in frame.collect()), key=lambda row: row["offset"])
    expected = pa.Table.from_batches(batches(archive)).to_pylist()
    assert [bytes(row["body"]) for row in rows] == [row["body"] for row in expected]
    for name in ("record_id", "kind", "file", "offset", "length", "url", "status", "headers", "truncated", "fault"):
        assert [row[name] for row in rows] == [row[name] for row in expected]
    few = spark.read.format("warc").option("columns", "url,status").load(f"{archive}, {archive.parent}")
    assert few.columns == ["url", "status"]
    assert few.where("status = 200").count() == sum(row["status"] == 200 for row in expected)


@pytest.mark.spark
def test_spark_reads_the_test_crawl(spark: Any) -> None:
    """All records of a damaged file of the test crawl arrive."""
    data = os.environ.get("WOOLMILL_DATA")
    if not data:
        pytest.skip("WOOLMILL_DATA does not name the data folder")
    spark.dataSource.register(WarcSource)
    frame = spark.read.format("warc").option("splitBytes", "600000").load(f"{data}/warc/CC-TEST-2026-10-00004.warc.gz")
    counts = {row["fault"]: row["count"] for row in frame.groupBy("fault").count().collect()}
    assert counts == {None: 777, "bad_gzip_member": 1}
