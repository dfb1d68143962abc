"""Benchmarks as people have them, JSON lines or Parquet, read to items; what is wrong with a file is said in one line."""

from __future__ import annotations

import gzip
import io
import json
import lzma
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import IO, Any

from udfs.decontamination import BenchmarkItem

COLUMNS = ("benchmark", "id", "text", "answer")
ENDINGS = (".jsonl", ".jsonl.xz", ".jsonl.zst", ".jsonl.gz", ".parquet")


class BenchmarkFileError(ValueError):
    """A file of benchmark items has a wrong form: names file and row, what was seen, what is allowed."""


@dataclass(frozen=True, slots=True)
class Form:
    """How the files are to be read.

    Parameters
    ----------
    columns : mapping of str to str
        One of `COLUMNS` to the name that it has in the files; those left out have their own names.
    benchmark : str
        Name of the benchmark where the files have no column for it.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    benchmark: str = ""

    def __post_init__(self) -> None:
        for name in self.columns:
            if name not in COLUMNS:
                raise BenchmarkFileError(f"{name!r} is no column of an item; the columns are {', '.join(COLUMNS)}")

    def name(self, column: str) -> str:
        """Return what a column is called in the files."""
        return self.columns.get(column, column)


def read_items(files: Iterable[Path], form: Form | None = None) -> list[BenchmarkItem]:
    """Read the items of some files.

    Parameters
    ----------
    files : iterable of Path
        JSON lines, perhaps compressed, or Parquet (`ENDINGS`).
    form : Form
        By default the columns are named as in `COLUMNS`. ``answer`` need not be there.

    Raises
    ------
    BenchmarkFileError
        When a file can't be read, has no item or a wrong form, or an id occurs twice in a benchmark.
    """
    form = form or Form()
    items: dict[tuple[str, str], BenchmarkItem] = {}
    for file in files:
        before = len(items)
        for place, row in _rows(file):
            item = _item(row, form, f"{file.name}, {place}")
            if (item.suite, item.id) in items:
                raise BenchmarkFileError(f"{file.name}, {place}: {item.suite} has an item {item.id!r} already; ids must differ")
            items[item.suite, item.id] = item
        if len(items) == before:
            raise BenchmarkFileError(f"{file.name}: holds no item")
    return list(items.values())


def _item(row: Mapping[str, Any], form: Form, where: str) -> BenchmarkItem:
    name, id_, text = (_value(row, form, column, where) for column in ("benchmark", "id", "text"))
    answer = _value(row, form, "answer", where) if form.name("answer") in row else ""
    if not name or not id_:
        raise BenchmarkFileError(
            f"{where}: {form.name('id' if name else 'benchmark')!r} is empty; each item needs a benchmark and an id"
        )
    return BenchmarkItem(name, id_, text, answer)


def _value(row: Mapping[str, Any], form: Form, column: str, where: str) -> str:
    key = form.name(column)
    if key not in row:
        if column == "benchmark" and form.benchmark:
            return form.benchmark
        instead = f"--columns {column}=NAME says which it is" + (", or --name names the benchmark" * (column == "benchmark"))
        raise BenchmarkFileError(
            f"{where}: there is no column {key!r}, only {', '.join(sorted(row)) or 'an empty row'}; {instead}"
        )
    value = row[key]
    if isinstance(value, bool | int | float):
        return str(value)
    if value is None or isinstance(value, str):
        return value or ""
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return "\n".join(value)
    raise BenchmarkFileError(f"{where}: {key!r} is {type(value).__name__}; it must be a string, a number or a list of strings")


def _rows(file: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if not file.name.endswith(ENDINGS):
        raise BenchmarkFileError(f"{file.name}: is neither JSON lines nor Parquet; names end in {', '.join(ENDINGS)}")
    yield from _parquet(file) if file.suffix == ".parquet" else _json_lines(file)


def _parquet(file: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(file) as parquet:
            rows = chain.from_iterable(batch.to_pylist() for batch in parquet.iter_batches())
            for number, row in enumerate(rows, 1):
                yield f"row {number}", row
    except (OSError, pa.ArrowException) as error:
        raise BenchmarkFileError(f"{file.name}: can't be read as Parquet: {_first_line(error)}") from error


def _json_lines(file: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    import zstandard

    number = 0
    try:
        with _opened(file) as raw:
            for number, line in enumerate(raw, 1):
                if line.strip():
                    row = json.loads(line)
                    if not isinstance(row, dict):
                        raise BenchmarkFileError(f"{file.name}, line {number}: is no JSON object but {type(row).__name__}")
                    yield f"line {number}", row
    except json.JSONDecodeError as error:
        raise BenchmarkFileError(
            f"{file.name}, line {number}: is no JSON ({error.msg}); one object a line is expected"
        ) from error
    except UnicodeDecodeError as error:
        raise BenchmarkFileError(f"{file.name}, line {number + 1}: is no UTF-8") from error
    except (OSError, EOFError, lzma.LZMAError, zstandard.ZstdError) as error:
        raise BenchmarkFileError(f"{file.name}: can't be read: {_first_line(error)}") from error


@contextmanager
def _opened(file: Path) -> Iterator[IO[str]]:
    import zstandard

    unpacked: Mapping[str, Callable[[IO[bytes]], Any]] = {
        ".xz": lzma.LZMAFile,
        ".gz": lambda packed: gzip.GzipFile(fileobj=packed),
        ".zst": lambda packed: zstandard.ZstdDecompressor().stream_reader(packed, read_across_frames=True),
    }
    with file.open("rb") as raw, unpacked.get(file.suffix, nullcontext)(raw) as stream:
        yield io.TextIOWrapper(stream, encoding="utf-8")


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
