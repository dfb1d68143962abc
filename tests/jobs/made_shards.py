"""Small folders of shards with their manifests, made up for the tests of what reads them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from conf.card import Card
from conf.schema import Mix
from jobs.cards import cards
from jobs.contents import IN_SHARDS, Counts, as_name
from jobs.manifest import VERSION
from jobs.parts import ParquetPart
from jobs.shards import JsonlPart, shard_part, take_facts
from jobs.strata import described
from jobs.tables import TABLES
from jobs.tokenizing import token_counter
from udfs.strata import Division

Row = dict[str, Any]

CLASSES, LANGUAGES = ("code", "general", "math", "multilingual"), ("en", "de", "und")
SUFFIX = {"parquet": ".parquet", "jsonl.zst": ".jsonl.zst"}


def id_of(n: int) -> bytes:
    return hashlib.md5(f"document {n}".encode()).digest()


def row_of(n: int, copy: int = 0) -> Row:
    known = {"class": CLASSES[n % 4], "lang": LANGUAGES[n % 3], "knowledge": [None, "health", "sport"][n % 3]}
    what = {"bucket": None if n % 5 == 0 else n % 20, "url": f"https://example.org/{n}", "tokens": 10 + n, "text": f"text {n}"}
    return {"id": id_of(n), "copy": copy} | known | what


def tally(rows: Sequence[Row]) -> Any:
    counts = Counts()
    for row in rows:
        for by, column in IN_SHARDS.items():
            counts.add((by, as_name(row[column])), row["tokens"])
    return counts.tally()


def write_shard(folder: Path, number: int, rows: Sequence[Row], kind: str) -> Row:
    part = {"parquet": ParquetPart, "jsonl.zst": JsonlPart}[kind](
        folder / f"shard-{number:05d}-of-00002", TABLES["shards"].schema
    )
    part.write(pa.RecordBatch.from_pylist(rows, schema=TABLES["shards"].schema))
    entry = part.close()
    return {"file": entry.name, "format": kind, "rows": entry.rows, "bytes": entry.bytes, "sha256": entry.sha256} | tally(rows)


def write_tokens(folder: Path, number: int, rows: Sequence[Row], kind: str) -> Row:
    """Write a shard of token sequences; the rows' tokens are counted anew."""
    settings = Mix(counter="tokenizers", tokenizer="model:bpe", format=kind)
    for row in rows:
        row["tokens"] = token_counter(settings).count(row["text"], "", "") + 1
    part = shard_part(settings)(folder / f"shard-{number:05d}-of-00002", TABLES["shards"].schema)
    part.write(pa.RecordBatch.from_pylist(rows, schema=TABLES["shards"].schema))
    entry = part.close()
    facts = take_facts(folder)[entry.name] | tally(rows)
    return {"file": entry.name, "format": kind, "rows": entry.rows, "bytes": entry.bytes, "sha256": entry.sha256} | facts


def class_of(name: str, rows: Sequence[Row]) -> Row:
    mine, total = [row["tokens"] for row in rows if row["class"] == name], sum(row["tokens"] for row in rows)
    got = {"share_got_ppm": sum(mine) * 10**6 // total, "tokens_written": sum(mine), "documents_written": len(mine)}
    plan = {"share_target_ppm": 250_000, "tokens_target": sum(mine) - 3, "cap_millionths": 10**6}
    there = {"documents_available": len(mine), "tokens_available": sum(mine), "epochs_millionths": 10**6}
    told = {"name": name} | got | plan | there
    return told | {"strata": [told | {"copies": 1, "cut": "0" * 16}]}


def manifest_of(shards: Sequence[Sequence[Row]], entries: Sequence[Row]) -> Row:
    rows = [row for shard in shards for row in shard]
    whole = {"documents": len(rows), "tokens": sum(row["tokens"] for row in rows)}
    stage = dict.fromkeys(("in", "kept", "dropped", "quarantined"), 3) | {"version": 1, "models": {}, "libraries": {}}
    source = {"file": "CC-MAIN-2026-10/a.warc.gz", "bytes": 9, "records": 9, "available": 9, "documents": 9, "tokens": 9}
    counted = {reason: {"dropped": 1, "marked": 0} for reason in ("optout", "noindex")}
    return {
        "schema_version": VERSION,
        "recipe": {"name": "tiny", "digest": "0" * 64, "changed": {"mix.seed": "2"}},
        "card": Card().model_dump(mode="json"),
        "stages": {"extract": stage | {"reasons": {"dropped": {"optout": 3}}}},
        "inputs": {},
        "sources": {"format": "warc", "crawls": {"CC-MAIN-2026-10": 1}, "files": [source]},
        "policy": {"optouts": "drop", "noindex": "mark", "personal_data": "replace", "counted": counted},
        "decontamination": None,
        "tokenizer": {"kind": "estimate", "digest": "0" * 64, "estimated": True, "end_of_text_tokens": 1},
        "seed": 1,
        "budget": whole["tokens"],
        "capped": [],
        "division": described(Division()),
        "classes": [class_of(name, rows) for name in CLASSES],
        "available": tally(rows),
        "totals": whole | tally(rows) | {"licences": {"none": whole}, "months": {"2026-03": whole}},
        "shards": list(entries),
        "files": [],
    }


def put(folder: Path, manifest: Row) -> None:
    for name, text in {"manifest.json": json.dumps(manifest, sort_keys=True, indent=1), **cards(manifest)}.items():
        (folder / name).write_text(text, "utf-8")
