"""The trail of a run as a file: one row a record of the input, with what became of it and where that was decided."""

from __future__ import annotations

import gzip
import io
import json
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from jobs.reporting.query import reading
from jobs.store import Run, StoreError

if TYPE_CHECKING:
    import pyarrow as pa

Write = Callable[["pa.RecordBatch"], None]
SUFFIXES = (".jsonl", ".jsonl.gz", ".jsonl.zst", ".parquet")

# Grouped, so that a record id that one file holds twice can't multiply rows; an empty reason means kept.
_TRAIL = """
select r.record_id, parse_filename(r.file, false, 'forward_slash') as file, r.offset, r.url, r.date,
       coalesce(o.status, 'kept') as status, coalesce(o.stage, '') as stage, coalesce(o.reason, '') as reason,
       coalesce(m.class, c.class) as class, m.copies,
       lower(hex(r.id)) as id, r.split, r.length
from records r
left join outcomes o on o.id = r.id and o.split = r.split
left join (select id, split, min(class) as class from routes group by id, split) c on c.id = r.id and c.split = r.split
left join (select id, split, min(class) as class, max(copies) as copies from mixture group by id, split) m
       on m.id = r.id and m.split = r.split
order by r.file, r.offset, r.id
"""


class TrailError(ValueError):
    """The trail can't be written: one line that says why."""


def write_trail(run: Run, out: Path) -> int:
    """Write the trail of a run.

    Parameters
    ----------
    run : Run
        A run whose stages have all been published.
    out : Path
        The file; its suffix, one of `SUFFIXES`, is its format. It appears whole or not at all.

    Returns
    -------
    int
        Rows written: as many as `records` has.

    Raises
    ------
    TrailError
        When the suffix is none of those, or the file can't be written.
    StoreError
        When a stage of the recipe has not been published.
    """
    opened = _writer_for(out)
    with reading(run) as tables:
        # The report decides nothing, so a trail is whole without it.
        if missing := [stage for stage in tables.missing() if stage != "report"]:
            raise StoreError(f"{run.root.name} is not finished: stage {missing[0]!r} isn't up to date; run its recipe again")
        count = 0
        try:
            rows = tables.batches(_TRAIL)
            with _whole(out) as temporary, opened(temporary, rows.schema) as write:
                for batch in rows:
                    write(batch)
                    count += batch.num_rows
        except OSError as error:
            raise TrailError(f"can't write {out}: {error.strerror or error}") from error
    return count


@contextmanager
def _whole(out: Path) -> Iterator[Path]:
    temporary = out.with_name(f".{out.name}.{os.getpid()}")
    try:
        yield temporary
        temporary.replace(out)
    finally:
        temporary.unlink(missing_ok=True)


def _writer_for(out: Path) -> Callable[[Path, pa.Schema], AbstractContextManager[Write]]:
    if out.name.endswith(".parquet"):
        return _parquet
    packers: dict[str, Callable[[IO[bytes]], IO[bytes]]] = {
        ".jsonl": _as_is,
        ".jsonl.gz": _gzip,
        ".jsonl.zst": _zstandard,
    }
    for suffix, pack in packers.items():
        if out.name.endswith(suffix):
            return lambda path, _: _json_lines(path, pack)
    raise TrailError(f"--out {out.name}: the name has to end in {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}")


@contextmanager
def _json_lines(path: Path, pack: Callable[[IO[bytes]], IO[bytes]]) -> Iterator[Write]:
    with path.open("wb") as raw, pack(raw) as packed, io.TextIOWrapper(packed, "utf-8", newline="\n") as text:

        def write(batch: pa.RecordBatch) -> None:
            for row in batch.to_pylist():
                text.write(json.dumps(row, ensure_ascii=False, default=_time) + "\n")

        yield write


@contextmanager
def _parquet(path: Path, schema: pa.Schema) -> Iterator[Write]:
    import pyarrow.parquet as pq

    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        yield writer.write_batch


def _as_is(raw: IO[bytes]) -> IO[bytes]:
    return raw


def _gzip(raw: IO[bytes]) -> IO[bytes]:
    # Neither a name nor a time in the header: equal trails are equal files.
    return gzip.GzipFile(filename="", mode="wb", fileobj=raw, compresslevel=6, mtime=0)  # type: ignore[return-value]


def _zstandard(raw: IO[bytes]) -> IO[bytes]:
    import zstandard

    return zstandard.ZstdCompressor(level=3).stream_writer(raw, closefd=False)


def _time(value: Any) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    raise TypeError(f"{type(value).__name__} has no JSON form")
