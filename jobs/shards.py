"""Shards: the files that a trainer reads, as Parquet or compressed JSON lines, with what each holds by class."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import pyarrow as pa
import zstandard

from classifiers.registry import sha256_of
from jobs.parts import ParquetPart, Part
from jobs.store import FileEntry, write_atomic

FRAME_BYTES = 4 * 2**20
FACTS = ".facts.json"


class JsonlPart:
    """One file of JSON lines in zstd frames of about 4 MiB; it appears under its name when it is closed."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        del schema  # JSON lines carry their own names
        self.path = path.with_name(f"{path.name}.jsonl.zst")
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._temporary = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        self._out = self._temporary.open("wb")
        self._compressor = zstandard.ZstdCompressor(level=3, write_checksum=True)
        self._buffer = bytearray()
        self.rows = 0

    def write(self, batch: pa.RecordBatch) -> None:
        """Add rows."""
        for row in batch.to_pylist():
            row["id"] = row["id"].hex()
            self._buffer += json.dumps(row, ensure_ascii=False).encode() + b"\n"
            self.rows += 1
            if len(self._buffer) >= FRAME_BYTES:
                self._flush()

    def close(self) -> FileEntry:
        """Finish the file, put it under its name and describe it."""
        self._flush()
        self._out.close()
        entry = FileEntry(self.path.name, self.rows, self._temporary.stat().st_size, sha256_of(self._temporary))
        self._temporary.replace(self.path)
        return entry

    def _flush(self) -> None:
        if self._buffer:
            self._out.write(self._compressor.compress(bytes(self._buffer)))
            self._buffer.clear()


class ShardPart:
    """A shard in the making that also counts its documents and tokens by class, for the manifest."""

    def __init__(self, path: Path, schema: pa.Schema, kind: str) -> None:
        self._part: Part = PARTS[kind](path, schema)
        self._facts = path.with_name(f".{path.name}{FACTS}")
        self._documents: Counter[str] = Counter()
        self._tokens: Counter[str] = Counter()

    def write(self, batch: pa.RecordBatch) -> None:
        """Add rows."""
        self._part.write(batch)
        for cls, tokens in zip(batch.column("class").to_pylist(), batch.column("tokens").to_pylist(), strict=True):
            self._documents[cls] += 1
            self._tokens[cls] += tokens

    def close(self) -> FileEntry:
        """Finish the file and leave the counts beside it."""
        entry = self._part.close()
        facts = {"file": entry.name, "documents": dict(self._documents), "tokens": dict(self._tokens)}
        write_atomic(self._facts, json.dumps(facts, sort_keys=True))
        return entry


PARTS: Mapping[str, type[ParquetPart] | type[JsonlPart]] = {"parquet": ParquetPart, "jsonl.zst": JsonlPart}


def shard_part(kind: str) -> partial[ShardPart]:
    """Return what makes shards of a format."""
    return partial(ShardPart, kind=kind)


def take_facts(folder: Path) -> dict[str, dict[str, Mapping[str, int]]]:
    """Read and remove the counts that the shards of a folder left: file name to documents and tokens by class."""
    found = {}
    for path in sorted(folder.glob(f".*{FACTS}")):
        facts = json.loads(path.read_text("utf-8"))
        found[facts.pop("file")] = facts
        path.unlink()
    return found
