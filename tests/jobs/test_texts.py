"""Tests of the reader for existing corpora: good rows as they are, broken ones as faults, never an exception."""

from __future__ import annotations

import gzip
import io
import json
import lzma
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.sources.texts import FAULTS, TextRecord, read_texts

ROWS: list[dict[str, Any]] = [
    {"id": "a", "url": "http://example.org/", "text": "One.", "date": "2026-03-05T23:48:14Z", "lang": "en"},
    {"text": "Dva."},
    {"id": 7, "text": "Trois.", "url": None, "score": 3.5},
]
READ = [
    TextRecord("a", "http://example.org/", "One.", 1_772_754_494_000_000, "en", 0),
    TextRecord(None, None, "Dva.", None, None, 1),
    TextRecord("7", None, "Trois.", None, None, 2),
]
PACK = {
    ".jsonl": bytes,
    ".jsonl.gz": gzip.compress,
    ".jsonl.xz": lzma.compress,
    ".jsonl.zst": zstandard.compress,
}


def jsonl(data: bytes, name: str = "x.jsonl", **limits: int) -> list[TextRecord]:
    """Read JSON lines."""
    return list(read_texts(io.BytesIO(data), format="jsonl", name=name, **limits))


def parquet(table: pa.Table, **options: Any) -> bytes:
    """Write a Parquet file."""
    sink = io.BytesIO()
    pq.write_table(table, sink, **options)
    return sink.getvalue()


@pytest.mark.parametrize("suffix", PACK)
@pytest.mark.parametrize("parts", [1, 2])
def test_json_lines_are_read(suffix: str, parts: int) -> None:
    """Rows come in order, from plain and compressed files, also such that were made by joining two."""
    packed = [PACK[suffix]((json.dumps(row) + "\n").encode()) for row in ROWS]
    data = b"".join(packed) if parts == 2 else PACK[suffix]("\n".join(map(json.dumps, ROWS)).encode())
    assert jsonl(data, f"x{suffix}") == READ


@pytest.mark.parametrize(
    ("line", "fault", "said"),
    [
        (b'{"text": "cut', "bad_row", "Unterminated"),
        (b"\xff\xfe{}", "bad_row", "begins"),
        (b'{"text": "\xff"}', "bad_row", "utf-8"),
        (b"[" * 50_000, "bad_row", "recursion"),
        (b'["text"]', "bad_row", "a JSON list"),
        (b"7", "bad_row", "a JSON int"),
        (b'{"id": "q"}', "no_text", "NoneType"),
        (b'{"id": "q", "text": ""}', "no_text", "empty"),
        (b'{"id": "q", "text": ["a"]}', "no_text", "list"),
        (b'{"text": "' + b"a" * 100_000 + b'"}', "text_too_large", "60000"),
    ],
)
def test_broken_lines_are_faults(line: bytes, fault: str, said: str) -> None:
    """A line that can't be used is a fault row in its place, with its id where it has one; its neighbours are read."""
    good = json.dumps(ROWS[1]).encode()
    captures = jsonl(good + b"\n" + line + b"\n\n" + good, max_text_bytes=60_000)
    assert [(r.fault, r.offset) for r in captures] == [(None, 0), (fault, 1), (None, 3)]
    assert said in captures[1].detail
    assert "\n" not in captures[1].detail
    assert captures[1].text == ""
    assert captures[1].id == ("q" if b'"q"' in line else None)


@pytest.mark.parametrize("suffix", [".jsonl.gz", ".jsonl.xz", ".jsonl.zst"])
@pytest.mark.parametrize("damage", ["cut", "not packed"])
def test_a_damaged_file_is_a_fault_at_its_place(suffix: str, damage: str) -> None:
    """What can be read of a damaged file is read; then one row says where it ended and why."""
    lines = b"".join(b'{"text": "%d"}\n' % (i * 7919) for i in range(40_000))
    data = PACK[suffix](lines)[:-30] if damage == "cut" else b"plain text " * 9
    rows = jsonl(data, f"x{suffix}")
    assert [row.fault for row in rows[-1:]] == ["bad_file"]
    assert all(row.fault is None for row in rows[:-1])
    assert rows[-1].offset == len(rows) - 1
    assert (len(rows) > 10_000) == (damage == "cut")


@pytest.mark.parametrize(
    ("value", "microseconds"),
    [
        ("1970-01-02", 86_400_000_000),
        ("1970-01-01T00:00:00.000001+00:00", 1),
        ("1970-01-01 01:00:00+01:00", 0),
        ("soon", None),
        (12, 12_000_000),
        (0.5, 500_000),
        (-1, -1_000_000),
        (10**30, None),
        (float("inf"), None),
        (float("nan"), None),
        (True, None),
        ({}, None),
        (None, None),
    ],
)
def test_dates_are_microseconds(value: Any, microseconds: int | None) -> None:
    """ISO 8601 and Unix seconds become microseconds; what is no date becomes None, the row stays."""
    (row,) = jsonl(json.dumps({"text": "x", "date": value}).encode())
    assert (row.date_us, row.fault) == (microseconds, None)


@pytest.mark.parametrize(
    ("array", "microseconds"),
    [
        (pa.array([datetime(1970, 1, 1, 0, 0, 1)], pa.timestamp("ms")), 1_000_000),
        (pa.array([datetime(1970, 1, 1, tzinfo=timezone(timedelta(hours=-1)))], pa.timestamp("us", "UTC")), 3_600_000_000),
        (pa.array([datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)], pa.timestamp("ns", "Asia/Tokyo")), 1_000_000),
        (pa.array([date(1970, 1, 2)]), 86_400_000_000),
        (pa.array(["1970-01-01T00:00:01Z"]), 1_000_000),
    ],
)
def test_parquet_dates_are_microseconds(array: pa.Array, microseconds: int) -> None:
    """Timestamps of any unit and zone, dates and strings all become microseconds."""
    data = parquet(pa.table({"text": ["x"], "date": array}))
    (row,) = read_texts(io.BytesIO(data), format="parquet", name="x.parquet")
    assert row.date_us == microseconds


def test_parquet_rows_are_read() -> None:
    """Rows come in order over row groups; missing columns are None, others are not read, bad rows are faults."""
    table = pa.table(
        {
            "text": pa.array([f"text {i}" if i % 100 else None for i in range(1000)], pa.large_string()),
            "id": pa.array(range(1000), pa.int64()),
            "lang": pa.array(["en"] * 1000).dictionary_encode(),
            "scores": pa.array([[1.0]] * 1000),
        }
    )
    data = parquet(table, row_group_size=300)
    rows = list(read_texts(io.BytesIO(data), format="parquet", name="x.parquet"))
    assert [row.offset for row in rows] == list(range(1000))
    assert rows[7] == TextRecord("7", None, "text 7", None, "en", 7)
    assert [row.offset for row in rows if row.fault] == list(range(0, 1000, 100))
    assert rows[100].id == "100"


@pytest.mark.parametrize("data", [b"", b"PAR1", b"not parquet at all", parquet(pa.table({"text": ["x"]}))[:-9]])
def test_what_is_no_parquet_is_one_fault(data: bytes) -> None:
    """A file that is none gives one row that says so."""
    (row,) = read_texts(io.BytesIO(data), format="parquet", name="x.parquet")
    assert (row.fault, row.offset) == ("bad_file", 0)


def test_lone_surrogates_are_replaced() -> None:
    """What no table can hold becomes U+FFFD."""
    (row,) = jsonl(b'{"text": "a\\ud800b", "id": "\\udfff"}')
    assert (row.text, row.id) == ("a\ufffdb", "\ufffd")


def test_an_error_of_the_source_is_passed_on() -> None:
    """A network that fails is no damage: the task must be tried again."""

    class Failing(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise OSError("connection reset")

    for format, name in (("jsonl", "x.jsonl"), ("jsonl", "x.jsonl.gz"), ("jsonl", "x.jsonl.zst"), ("parquet", "x.parquet")):
        with pytest.raises(OSError, match="connection reset"):
            list(read_texts(Failing(b"x" * 100), format=format, name=name))


def test_another_format_is_refused(tmp_path: Path) -> None:
    """The error names what there is."""
    with pytest.raises(ValueError, match="'csv' is not known; it is one of parquet, jsonl"):
        list(read_texts(io.BytesIO(), format="csv", name="x.csv"))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.binary(max_size=60)), st.sampled_from([*PACK, ".parquet"]))
def test_any_bytes_give_rows_or_faults(lines: list[bytes], suffix: str) -> None:
    """No content makes the reader raise, and row numbers only rise."""
    format = "parquet" if suffix == ".parquet" else "jsonl"
    rows = list(read_texts(io.BytesIO(b"\n".join(lines)), format=format, name=f"x{suffix}"))
    offsets = [row.offset for row in rows]
    assert offsets == sorted(set(offsets))
    assert all(bool(row.text) != bool(row.fault) and row.fault in (None, *FAULTS) for row in rows)
