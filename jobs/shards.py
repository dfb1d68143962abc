"""Shards: the files that a trainer reads, as texts or as sequences of tokens, with what each holds by class and language."""

from __future__ import annotations

import json
import os
from collections import Counter, defaultdict
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import zstandard

from classifiers.registry import sha256_of
from conf.schema import Mix
from jobs.parts import ParquetPart, Part
from jobs.store import FileEntry, write_atomic
from jobs.token_shards import TokenPart

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
    """A shard in the making that also counts what it holds by class and language, for the manifest.

    Parameters
    ----------
    path : Path
        Folder and name, without suffix.
    schema : pyarrow.Schema
        Columns of the rows that come in.
    settings : Mix
        Format, and what a format of tokens needs to know.
    """

    def __init__(self, path: Path, schema: pa.Schema, settings: Mix) -> None:
        self._part: Part = TokenPart(path, settings) if settings.tokenised else PARTS[settings.format](path, schema)
        self._facts = path.with_name(f".{path.name}{FACTS}")
        self._held: defaultdict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0, 0])

    def write(self, batch: pa.RecordBatch) -> None:
        """Add rows."""
        self._part.write(batch)
        classes, languages, tokens = (batch.column(name).to_pylist() for name in ("class", "lang", "tokens"))
        characters = pc.utf8_length(batch.column("text")).to_pylist()
        for cls, lang, *counts in zip(classes, languages, tokens, characters, strict=True):
            held = self._held[cls, lang or ""]
            held[:] = [held[0] + 1, held[1] + counts[0], held[2] + counts[1]]

    def close(self) -> FileEntry:
        """Finish the file and leave the counts beside it."""
        entry = self._part.close()
        facts = {"file": entry.name, "texts": self._texts(), "documents": self._by_class(0), "tokens": self._by_class(1)}
        if isinstance(self._part, TokenPart):
            facts |= self._part.facts
        write_atomic(self._facts, json.dumps(facts, sort_keys=True))
        return entry

    def _by_class(self, which: int) -> dict[str, int]:
        """One of the counts, by class."""
        counts: Counter[str] = Counter()
        for (cls, _), held in self._held.items():
            counts[cls] += held[which]
        return dict(counts)

    def _texts(self) -> dict[str, dict[str, dict[str, int]]]:
        """Documents, tokens and characters by class and language, from which characters a token can be read off."""
        texts: dict[str, dict[str, dict[str, int]]] = {}
        for (cls, lang), held in self._held.items():
            texts.setdefault(cls, {})[lang] = dict(zip(("documents", "tokens", "characters"), held, strict=True))
        return texts


PARTS: Mapping[str, type[ParquetPart] | type[JsonlPart]] = {"parquet": ParquetPart, "jsonl.zst": JsonlPart}


def shard_part(settings: Mix) -> partial[ShardPart]:
    """Return what makes shards by some settings."""
    return partial(ShardPart, settings=settings)


def take_facts(folder: Path) -> dict[str, dict[str, Any]]:
    """Read and remove the counts that the shards of a folder left: file name to what `ShardPart` counted.

    What tasks that failed have left goes as well: it has no name that anything looks for, but may be large.
    """
    found = {}
    for path in sorted(folder.glob(f".*{FACTS}")):
        facts = json.loads(path.read_text("utf-8"))
        found[facts.pop("file")] = facts
        path.unlink()
    for path in folder.glob(".shard-*"):
        path.unlink()
    return found
