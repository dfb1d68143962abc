"""Texts that others have already extracted: Parquet files and JSON lines with the fields of FineWeb and its like.

Fields: ``text``, and where they are known ``id``, ``url``, ``date``, ``lang``. Others are not read.
"""

from __future__ import annotations

import gzip
import io
import json
import lzma
import math
import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, BinaryIO, Final

import pyarrow as pa
import pyarrow.parquet as pq

BAD_ROW: Final = "bad_row"
NO_TEXT: Final = "no_text"
TEXT_TOO_LARGE: Final = "text_too_large"
BAD_FILE: Final = "bad_file"
FAULTS: Final = (BAD_ROW, NO_TEXT, TEXT_TOO_LARGE, BAD_FILE)

FIELDS: Final = ("id", "url", "text", "date", "lang")

_BATCH_ROWS: Final = 256
_READ: Final = 2**20
_SKIP: Final = 2**20
_SURROGATES: Final = re.compile("[\\ud800-\\udfff]")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FILE_ERRORS: Final = (OSError, EOFError, zlib.error, lzma.LZMAError, pa.ArrowException)


@dataclass(frozen=True, slots=True)
class TextRecord:
    """A row of a text corpus.

    Parameters
    ----------
    id, url : str or None
        As given; a number as its digits.
    text : str
        As given, lone surrogates replaced by U+FFFD; empty when there is a fault.
    date_us : int or None
        Microseconds since 1970 UTC.
    lang : str or None
        As given.
    offset : int
        Number of the row (Parquet) or line (JSON lines) in the file, from 0.
    fault : str or None
        One of `FAULTS` when the row cannot be used. ``bad_file``: it and all behind it cannot be read.
    detail : str
        One line of evidence for the fault, else empty.
    """

    id: str | None
    url: str | None
    text: str
    date_us: int | None
    lang: str | None
    offset: int
    fault: str | None = None
    detail: str = ""


def read_texts(source: BinaryIO, *, format: str, name: str, max_text_bytes: int = 64 * 2**20) -> Iterator[TextRecord]:
    """Read the rows of a corpus file.

    Parameters
    ----------
    source : BinaryIO
        Seekable binary file.
    format : {"parquet", "jsonl"}
        What it is.
    name : str
        Its name; for JSON lines ``.gz``, ``.zst`` or ``.xz`` at the end says how they are compressed.
    max_text_bytes : int
        Largest JSON line or text in UTF-8; a larger line is stepped over without being held.

    Yields
    ------
    TextRecord
        In the order of the file; a row that cannot be used has a fault. Blank lines are no rows.

    Raises
    ------
    ValueError
        For another format. Errors of the source itself are passed on.
    """
    if format not in ("parquet", "jsonl"):
        raise ValueError(f"text format {format!r} is not known; it is one of parquet, jsonl")
    watched = _Watched(source)
    rows = _parquet_rows(watched) if format == "parquet" else _json_rows(_decompressed(watched, name), max_text_bytes)
    at = -1
    try:
        for at, row in enumerate(rows):
            if row is not None:
                yield row if isinstance(row, TextRecord) else _record(row, at, max_text_bytes)
    except _FILE_ERRORS as error:
        if watched.error:
            raise watched.error from None
        at += 1
        yield _fault(at, BAD_FILE, f"{type(error).__name__}: {' '.join(str(error).split())[:300]}")


class _Watched(io.RawIOBase):
    """A source that remembers its own error: that one is worth another try, damage in the file is not."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self.error: Exception | None = None

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, at: int, whence: int = 0, /) -> int:
        return self._source.seek(at, whence)

    def tell(self) -> int:
        return self._source.tell()

    def readinto(self, buffer: Any, /) -> int:
        try:
            piece = self._source.read(len(buffer))
        except Exception as error:
            self.error = error
            raise
        buffer[: len(piece)] = piece
        return len(piece)


_Rows = Iterator[Mapping[str, Any] | TextRecord | None]
"""Rows by their number in the file; None for a blank line; a record where the row is already known to be faulty."""


def _parquet_rows(source: _Watched) -> _Rows:
    file = pq.ParquetFile(source)
    columns = [field for field in FIELDS if field in file.schema_arrow.names]
    at = 0
    for batch in file.iter_batches(batch_size=_BATCH_ROWS, columns=columns):
        for i in range(batch.num_rows):
            try:
                yield {column: batch.column(column)[i].as_py() for column in columns}
            except (ValueError, OverflowError) as error:  # not UTF-8, or a moment that Python has no name for
                yield _fault(at, BAD_ROW, str(error))
            at += 1


def _json_rows(lines: io.BufferedIOBase, most: int) -> _Rows:
    at = 0
    while line := lines.readline(most + 1):
        if len(line) > most:
            while line and not line.endswith(b"\n"):
                line = lines.readline(_SKIP)
            yield _fault(at, TEXT_TOO_LARGE, f"the line is longer than {most} bytes")
        else:
            yield _parsed(line, at) if line.strip() else None
        at += 1


def _parsed(line: bytes, at: int) -> Mapping[str, Any] | TextRecord:
    try:
        row = json.loads(line.strip())
    except (ValueError, RecursionError) as error:
        return _fault(at, BAD_ROW, f"{error}; the line begins {line[:40]!r}")
    return row if isinstance(row, dict) else _fault(at, BAD_ROW, f"the line is a JSON {type(row).__name__}, not an object")


def _decompressed(source: _Watched, name: str) -> io.BufferedIOBase:
    if name.endswith(".gz"):
        return gzip.GzipFile(fileobj=io.BufferedReader(source, _READ))
    if name.endswith(".xz"):
        return lzma.LZMAFile(io.BufferedReader(source, _READ))
    if name.endswith(".zst"):
        # Unlike zstandard's reader, Arrow's tells a stream that stops early from one that ends.
        stream = pa.CompressedInputStream(pa.PythonFile(io.BufferedReader(source, _READ), mode="r"), "zstd")
        # What is in the buffer when the stream breaks is lost: a small one.
        return io.BufferedReader(stream, 2**16)
    return io.BufferedReader(source, _READ)


def _record(row: Mapping[str, Any], at: int, most: int) -> TextRecord:
    text = row.get("text")
    if not isinstance(text, str) or not text:
        return _fault(at, NO_TEXT, f"text is {'empty' if text == '' else type(text).__name__}", row)
    if len(text) > most or (len(text) * 4 > most and len(text.encode("utf-8", "replace")) > most):
        return _fault(at, TEXT_TOO_LARGE, f"the text of {len(text)} characters is longer than {most} bytes", row)
    return TextRecord(
        _word(row.get("id")), _word(row.get("url")), _clean(text), _microseconds(row.get("date")), _word(row.get("lang")), at
    )


def _fault(at: int, fault: str, detail: str, row: Mapping[str, Any] | None = None) -> TextRecord:
    known = row or {}
    return TextRecord(_word(known.get("id")), _word(known.get("url")), "", None, None, at, fault, " ".join(detail.split()))


def _word(value: Any) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value) if abs(value) < 10**40 else None
    return _clean(value) or None if isinstance(value, str) else None


def _clean(text: str) -> str:
    return _SURROGATES.sub("\ufffd", text)


def _microseconds(value: Any) -> int | None:
    """Return a date: ISO 8601, a datetime or date, or Unix seconds; without a zone it is UTC."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError:
            return None
    if isinstance(value, int | float) and not isinstance(value, bool):
        return round(value * 10**6) if math.isfinite(value) and abs(value) < 10**11 else None
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day, tzinfo=UTC)
    if not isinstance(value, datetime):
        return None
    return ((value if value.tzinfo else value.replace(tzinfo=UTC)) - _EPOCH) // timedelta(microseconds=1)
