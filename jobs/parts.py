"""Parquet parts: fixed writer settings, so that equal rows give equal bytes, and one split's output with its commit."""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.parquet as pq
from xxhash import xxh3_64_intdigest

from classifiers.registry import sha256_of
from jobs.accounts import DROPPED, IN, KEPT, OUTCOME_OF, QUARANTINED, Accounts
from jobs.store import FileEntry, write_atomic
from jobs.tables import TABLES

ROW_GROUP_BYTES = 64 * 2**20
FLUSH_ROWS = 2_000
KILLED_WORKER, KILLED_DETAIL = "killed_worker", "its worker died twice on it"
# Dictionaries help where values repeat; for ids, texts and addresses they only cost.
DICTIONARY = ["split", "stage", "action", "reason", "lang", "class", "kind", "charset", "page_kind", "suite", "file", "level"]


class Part(Protocol):
    """A file in the making."""

    def write(self, batch: pa.RecordBatch) -> None:
        """Add rows."""

    def close(self) -> FileEntry:
        """Finish the file, put it under its name and describe it."""


class ParquetPart:
    """One Parquet file in the making; it appears under its name when it is closed.

    Parameters
    ----------
    path : Path
        Where it will be, without the suffix ``.parquet``.
    schema : pyarrow.Schema
        Its columns.
    """

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        path = path.with_name(f"{path.name}.parquet")
        self.path = path
        self.rows = 0
        self._schema = schema
        self._buffer: list[pa.RecordBatch] = []
        self._buffered = 0
        self._temporary = path.with_name(f".{path.name}.{os.getpid()}")
        path.parent.mkdir(parents=True, exist_ok=True)
        names = [name for name in DICTIONARY if name in schema.names]
        self._writer = pq.ParquetWriter(
            self._temporary, schema, compression="zstd", compression_level=3, use_dictionary=names, write_statistics=["id"]
        )

    def write(self, batch: pa.RecordBatch) -> None:
        """Add rows; row groups are bounded in bytes."""
        self.rows += batch.num_rows
        self._buffer.append(batch)
        self._buffered += batch.nbytes
        if self._buffered >= ROW_GROUP_BYTES:
            self._flush()

    def close(self) -> FileEntry:
        """Finish the file, put it under its name and describe it."""
        self._flush()
        self._writer.close()
        entry = FileEntry(self.path.name, self.rows, self._temporary.stat().st_size, sha256_of(self._temporary))
        self._temporary.replace(self.path)
        return entry

    def abandon(self) -> None:
        """Throw away what was written."""
        self._writer.close()
        self._temporary.unlink(missing_ok=True)

    def _flush(self) -> None:
        if self._buffer:
            self._writer.write_table(pa.Table.from_batches(self._buffer, self._schema).combine_chunks(), row_group_size=2**20)
            self._buffer, self._buffered = [], 0


class PartWriter:
    """What one split's task writes: rows of several tables, decisions and accounts, committed together.

    Parameters
    ----------
    folder : Path
        The stage's attempt folder.
    stage, split : str
        Who writes, and for which split.
    mark : Mark
        Where the task notes what it works on.
    """

    def __init__(self, folder: Path, stage: str, split: str, mark: Mark) -> None:
        self.accounts = Accounts()
        self.stage = stage
        self.split = split
        self._mark = mark
        self._folder = folder
        self._parts: dict[str, ParquetPart] = {}
        self._rows: dict[str, list[Mapping[str, Any]]] = {}

    def add(self, table: str, row: Mapping[str, Any]) -> None:
        """Add a row to a table; columns that are left out are null."""
        rows = self._rows.setdefault(table, [])
        rows.append(row)
        if len(rows) >= FLUSH_ROWS:
            self._flush(table)

    def add_table(self, table: str, rows: pa.Table) -> None:
        """Add rows that are there as an Arrow table with the columns of the schema."""
        self._flush(table)
        for batch in rows.select(TABLES[table].schema.names).cast(TABLES[table].schema).to_batches():
            self._part(table).write(batch)

    def begin(self, place: int) -> bool:
        """Note the record in work by its place; False: it has killed its worker before and must not be touched again."""
        self._mark.at(place, self.settled)
        return place not in self._mark.deadly

    def came_in(self, n: int = 1) -> None:
        """Count what the stage was handed."""
        self.accounts[(IN, "")] += n

    def kept(self, n: int = 1) -> None:
        """Count what it hands on."""
        self.accounts[(KEPT, "")] += n

    def decide(
        self, id_: bytes, action: str, reason: str, evidence: Mapping[str, object] | None = None, winner: bytes | None = None
    ) -> None:
        """Write a decision and count it; a drop or a quarantine is the document's last."""
        shown = [(key, show(value)) for key, value in sorted((evidence or {}).items())]
        row = {"id": id_, "split": self.split, "stage": self.stage, "action": action, "reason": reason}
        self.add("decisions", row | {"evidence": shown, "winner": winner})
        self.accounts[(OUTCOME_OF[action], reason)] += 1

    def quarantine(self, id_: bytes, reason: str, detail: str, place: Mapping[str, Any] | None = None) -> None:
        """Set a document aside: a decision, and a row that names file, offset and length where they are known."""
        self.decide(id_, "quarantine", reason, {"detail": detail})
        row = {"id": id_, "split": self.split, "reason": reason, "detail": detail}
        self.add("quarantine", row | dict(place or {}))

    def commit(self, fingerprint: str) -> None:
        """Put all files under their names, then the commit, which alone makes them count."""
        for table in sorted(self._rows):
            self._flush(table)
        self.accounts.check(f"{self.stage}, split {self.split}")
        files = {table: part.close() for table, part in sorted(self._parts.items())}
        body = {
            "fingerprint": fingerprint,
            "tables": {t: [f.name, f.rows, f.bytes, f.sha256] for t, f in files.items()},
            "accounts": self.accounts.rows(),
        }
        write_atomic(self._folder / "commits" / f"{self.split}.json", json.dumps(body, sort_keys=True))

    def abandon(self) -> None:
        """Throw away everything."""
        for part in self._parts.values():
            part.abandon()

    @property
    def settled(self) -> int:
        """Documents that have been given an outcome so far."""
        return sum(self.accounts.total(outcome) for outcome in (KEPT, DROPPED, QUARANTINED))

    def _part(self, table: str) -> ParquetPart:
        if table not in self._parts:
            self._parts[table] = ParquetPart(self._folder / table / self.split, TABLES[table].schema)
        return self._parts[table]

    def _flush(self, table: str) -> None:
        if rows := self._rows.pop(table, None):
            self._part(table).write(pa.RecordBatch.from_pylist(rows, schema=TABLES[table].schema))


class Mark:
    """Where a task is, in a few bytes that survive its worker, so that a record that kills workers can be named.

    Parameters
    ----------
    folder : Path
        Folder of marks and deaths.
    split : str
        Key of the split.
    application : str
        Spark's id of this start of the program: a mark that an earlier start left tells nothing, it may have been killed.
    """

    _FORMAT = "<qqQ"
    DEATHS = 2

    def __init__(self, folder: Path, split: str, application: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / split
        self._application = xxh3_64_intdigest(application.encode())
        self._deaths = folder / f"{split}.deaths.json"
        self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644)
        self.deadly = self._count_death()

    def at(self, place: int, settled: int) -> None:
        """Note the place (offset or row) of the record in work, and how many documents are settled."""
        os.pwrite(self._descriptor, struct.pack(self._FORMAT, settled, place, self._application), 0)

    def clear(self) -> None:
        """Forget the place: the task has ended by itself."""
        os.close(self._descriptor)
        self._path.unlink(missing_ok=True)

    @classmethod
    def settled_in(cls, path: Path) -> int:
        """Documents settled so far by the task whose mark this is; 0 where it can't be read."""
        try:
            found = path.read_bytes()
        except OSError:
            return 0
        return int(struct.unpack(cls._FORMAT, found)[0]) if len(found) == struct.calcsize(cls._FORMAT) else 0

    def _count_death(self) -> frozenset[int]:
        """Places whose record has killed its worker as often as is allowed, this start of the program."""
        counts: dict[str, int] = {}
        with suppress(OSError, ValueError):
            kept = json.loads(self._deaths.read_text("utf-8"))
            counts = kept["places"] if kept["application"] == self._application else {}
        found = os.pread(self._descriptor, struct.calcsize(self._FORMAT), 0)
        if len(found) == struct.calcsize(self._FORMAT):
            _, place, application = struct.unpack(self._FORMAT, found)
            if application == self._application:
                counts[str(place)] = counts.get(str(place), 0) + 1
                write_atomic(self._deaths, json.dumps({"application": self._application, "places": counts}))
        return frozenset(int(place) for place, n in counts.items() if n >= self.DEATHS)


def show(value: object) -> str:
    """Render evidence: floats with six significant digits, bytes as hex, everything else as it is."""
    if isinstance(value, float):
        return f"{value:.6g}"
    return value.hex() if isinstance(value, bytes) else str(value)


def read_columns(path: str | Path, columns: Sequence[str] | None = None) -> pa.Table:
    """Read a part, or some of its columns."""
    return pq.read_table(path, columns=list(columns) if columns else None, partitioning=None)
