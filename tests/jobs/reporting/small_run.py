"""A finished run made of counts: so many documents of a language and class, lost at a stage for a reason, or kept."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from jobs.store import AFTER, FileEntry, Published, Run
from jobs.tables import TABLES

STAGES = ("extract", "urls", "documents", "clean", "route", "filter", "score", "mix", "report")
SHARES = {"general": 0.5, "math": 0.25, "code": 0.17, "multilingual": 0.08}


@dataclass(frozen=True)
class Lot:
    """Documents that went the same way; an empty stage: they are kept."""

    documents: int
    lang: str | None
    cls: str = "multilingual"
    stage: str = ""
    reason: str = ""
    text: str = "Some text."
    url: str = "https://site.example/"
    quality: float = 0.5
    topic: str = "history"
    sure: float = 0.9


def build(root: Path, lots: Iterable[Lot], *, stages: tuple[str, ...] = STAGES, published: tuple[str, ...] | None = None) -> Run:
    """Write a run with these documents, in two splits."""
    root.mkdir(parents=True)
    recipe = {
        "name": "small",
        "stages": list(stages),
        "input": {"paths": []},
        "sketch": {"bands": 20, "rows": 6},
        "mix": {"shares": SHARES},
    }
    (root / "recipe.json").write_text(json.dumps(recipe), "utf-8")
    run = Run.open(root)
    tables = _tables(list(lots), stages)
    for stage in published or stages:
        owned = [name for name, table in TABLES.items() if table.owner == stage]
        _publish(run, stage, {name: tables.get(name, []) for name in owned} | {"decisions": tables.get(f"decisions/{stage}", [])})
    return run


def _tables(lots: list[Lot], stages: tuple[str, ...]) -> dict[str, list[dict[str, Any]]]:
    tables: dict[str, list[dict[str, Any]]] = {}
    for n, lot in enumerate(chain.from_iterable([one] * one.documents for one in lots)):
        key = {"id": hashlib.md5(f"document {n}".encode()).digest(), "split": "ab"[n % 2]}
        reached = stages.index(lot.stage) if lot.stage else len(stages)
        about = {
            **key,
            "file": "crawl.warc.gz",
            "offset": n,
            "length": 9,
            "kind": "response",
            "url": f"{lot.url}{n}",
            "lang": lot.lang,
            "text": lot.text,
            "class": lot.cls,
            "because": "language",
            "n_chars": 400,
            "lang_score": 0.9,
            "kl_bits": float("nan"),
            "math_score": 0.25,
            "ft_quality": lot.quality,
            "knowledge": lot.topic,
            "probability": lot.sure,
            "tokens": 100,
            "copies": 2 if n % 2 else 0,
        }
        for name in ("records", "documents", "signals", "scores", "routes", "knowledge", "mixture"):
            owner = TABLES[name].owner
            writes = name == "records" or (owner in stages and stages.index(owner) < reached)
            if writes:
                tables.setdefault(name, []).append(about)
        if lot.stage:
            evidence = [(lot.reason, "seen 1 > 0")]
            decision = {**key, "stage": lot.stage, "action": "drop", "reason": lot.reason, "evidence": evidence}
            tables.setdefault(f"decisions/{lot.stage}", []).append(decision)
    return tables


def _publish(run: Run, stage: str, tables: Mapping[str, list[dict[str, Any]]]) -> None:
    entries = {}
    for name, rows in tables.items():
        files = []
        for split in sorted({row["split"] for row in rows}):
            some = [row for row in rows if row["split"] == split]
            path = run.attempt_dir(stage) / name / f"{split}.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            pq.write_table(pa.Table.from_pylist(some, TABLES[name].schema), path)
            files.append(FileEntry(path.name, len(some), path.stat().st_size, ""))
        entries[name] = tuple(files)
    run.attempt_dir(stage).mkdir(parents=True, exist_ok=True)
    before = run.stages[: run.stages.index(stage)]
    run.publish(Published(stage, hashlib.sha256(stage.encode()).hexdigest(), entries, {}, {AFTER: run.fingerprints(before)}))
