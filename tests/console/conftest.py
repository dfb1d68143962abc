"""A run of twelve records in miniature: every table, every kind of outcome, published the way the jobs do it."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jobs.store import AFTER, FileEntry, Published, Run
from jobs.tables import TABLES

Row = dict[str, Any]

STAGES = (
    "extract",
    "urls",
    "documents",
    "lines",
    "clean",
    "route",
    "filter",
    "encode",
    "score",
    "decontaminate",
    "knowledge",
    "balance",
    "mix",
    "report",
)
HOSTILE_URL = 'https://evil.example/"><img src=x onerror=alert(1)>'
HOSTILE_TEXT = "</p><script>alert('owned')</script>\x1b[2J\x00\u202e <b>bold</b> & {{ 7 * 7 }}"
DAY = datetime(2026, 3, 5, 12, 0, 0, tzinfo=UTC)


def id_of(n: int) -> bytes:
    """Id of the n-th record."""
    return hashlib.md5(f"record {n}".encode()).digest()


# Record, URL, day, class, language and the one decision that takes it out: stage, action, reason, evidence, winner.
RECORDS: tuple[tuple[int, str | None, int, str, str, tuple[str, str, str, Mapping[str, str], int | None] | None], ...] = (
    (0, "https://news.example/story?id=1", 9, "general", "en", None),
    (
        1,
        "https://news.example/story?id=1",
        2,
        "general",
        "en",
        ("urls", "drop", "superseded", {"winner_date": "2026-03-14"}, 0),
    ),
    (2, "https://mirror.example/copy", 3, "general", "en", ("documents", "drop", "near", {"similarity": "0.934"}, 0)),
    (3, None, 0, "", "", ("extract", "quarantine", "damaged", {"detail": "CRC error"}, None)),
    (4, "https://math.example/proof", 4, "math", "en", None),
    (5, "https://code.example/main.rs", 4, "code", "en", None),
    (6, "https://private.example/", 5, "", "", ("extract", "drop", "optout.meta", {"said": "noai"}, None)),
    (
        7,
        "https://spam.example/tags",
        5,
        "general",
        "en",
        ("filter", "drop", "gopher.n_words", {"gopher.n_words": "n_words 12 < 50"}, None),
    ),
    (8, "https://spam.example/menu", 5, "general", "en", ("clean", "drop", "little_left", {"share": "0.04"}, None)),
    (
        9,
        "https://quiz.example/q",
        6,
        "general",
        "en",
        ("decontaminate", "drop", "benchmark.mmlu", {"item": "mmlu/17"}, None),
    ),
    (10, HOSTILE_URL, 7, "multilingual", "ar", None),
    (
        11,
        "https://low.example/x",
        8,
        "general",
        "en",
        ("score", "drop", "low_quality", {"<b>ft_quality</b>": "0.02 < 0.1"}, None),
    ),
)
EDIT = {"stage": "clean", "action": "edit", "reason": "lines_removed", "evidence": [("lines", "3")], "winner": None}
SPLIT_OF = {n: ("aaaa", "bbbb")[n % 2] for n, *_ in RECORDS}
FILE_OF = {"aaaa": "crawl/a.warc.gz", "bbbb": "crawl/b.warc.gz"}


def lost_at(n: int) -> int:
    """Position of the stage that takes a record out; past the end for one that stays."""
    decision = RECORDS[n][5]
    return STAGES.index(decision[0]) if decision else len(STAGES)


def reaching(stage: str) -> list[int]:
    """Records that a stage is handed."""
    return [n for n, *_ in RECORDS if lost_at(n) >= STAGES.index(stage)]


def surviving(stage: str) -> list[int]:
    """Records that a stage hands on."""
    return [n for n, *_ in RECORDS if lost_at(n) > STAGES.index(stage)]


def text_of(n: int) -> str:
    """Text of a record."""
    return HOSTILE_TEXT if n == 10 else f"Document {n}. " + "The quick brown fox jumps over the lazy dog. " * 40


_BY_KIND: tuple[tuple[Callable[[pa.DataType], bool], Any], ...] = (
    (pa.types.is_integer, 1),
    (pa.types.is_floating, 0.5),
    (pa.types.is_boolean, False),
    (pa.types.is_timestamp, DAY),
    (pa.types.is_binary, b"\x00" * 8),
    (pa.types.is_map, []),
    (pa.types.is_list, []),
    (pa.types.is_string, "x"),
)


def completed(table: str, row: Mapping[str, Any]) -> Row:
    """Give a row a plausible value in every column of its table, so that a new column breaks nothing."""
    found = {f.name: next(v for is_kind, v in _BY_KIND if is_kind(f.type)) for f in TABLES[table].schema}
    return found | {name: value for name, value in row.items() if name in found}


def about(n: int) -> Row:
    """What is known of a record, under the names that tables use."""
    url, day, kind, lang = RECORDS[n][1:5]
    split = SPLIT_OF[n]
    return {
        "id": id_of(n),
        "split": split,
        "record_id": f"<urn:uuid:{n:032x}>" if url else None,
        "kind": "response" if url else "damage",
        "file": FILE_OF[split],
        "offset": 1000 * n,
        "length": 900,
        "url": url,
        "date": DAY.replace(day=5 + day) if url else None,
        "status": 200 if url else None,
        "title": HOSTILE_TEXT if n == 10 else f"Title {n}",
        "text": text_of(n),
        "lang": lang,
        "class": kind,
        "document": True,
        "n_words": 12.0 if n == 7 else 300.0,
        "kl_bits": float("nan") if n == 5 else 0.1 * n,
        "ft_quality": 0.02 if n == 11 else 0.05 + 0.08 * n,
        "tokens": 100 * (n + 1),
        "copies": {4: 4, 5: 0}.get(n, 1),
        "url_key": n if n != 1 else 0,
    }


def rows_of(stage: str) -> dict[str, list[Row]]:
    """Rows of every table that a stage writes."""
    owned = [t.name for t in TABLES.values() if t.owner == stage]
    tables: dict[str, list[Row]] = {name: [] for name in (*owned, "decisions", "quarantine", "accounts", "metrics")}
    for name in owned:
        handed = [n for n, *_ in RECORDS] if name == "records" else surviving(stage)
        tables[name] = [about(n) for n in handed]
    if "clusters" in tables:
        tables["clusters"] = [about(2) | {"winner": id_of(0), "winner_split": SPLIT_OF[0], "level": "near", "similarity": 0.934}]
    if "contamination" in tables:
        copy = {
            "suite": "mmlu",
            "item": "mmlu/17",
            "part": "question",
            "coverage": 0.9,
            "own": 0.9,
            "tokens": 20,
            "own_tokens": 20,
        }
        where = {"covered": [{"start": 0, "end": 18}], "ranges": [{"start": 4, "end": 95}]}
        tables["contamination"] = [about(9) | copy | where | {"action": "drop"}]
    if "signals" in tables:
        tables["signals"] = [about(n) for n in surviving("clean")]
    if "shards" in tables:
        tables["shards"] = [about(n) | {"copy": c} for n in surviving("mix") for c in range(about(n)["copies"])]
    if stage == "clean":
        tables["decisions"].append(about(0) | EDIT)
    counts: Counter[tuple[str, str]] = Counter({("in", ""): len(reaching(stage)), ("kept", ""): len(surviving(stage))})
    counts.update(("edited", d["reason"]) for d in tables["decisions"])
    for n in reaching(stage):
        decision = RECORDS[n][5]
        if decision and decision[0] == stage:
            _, action, reason, evidence, winner = decision
            counts["dropped" if action == "drop" else "quarantined", reason] += 1
            made = {"stage": stage, "action": action, "reason": reason, "evidence": list(evidence.items())}
            tables["decisions"].append(about(n) | made | {"winner": None if winner is None else id_of(winner)})
            if action == "quarantine":
                tables["quarantine"].append(about(n) | {"reason": reason, "detail": evidence.get("detail", "")})
    tables["accounts"] = [{"stage": stage, "outcome": o, "reason": r, "documents": n} for (o, r), n in sorted(counts.items())]
    tables["metrics"] = [{"stage": stage, "name": "wall", "value": 1.5, "unit": "s"}]
    tables["metrics"] += [{"stage": stage, "name": "peak_jvm", "value": 5e8, "unit": "bytes"}]
    return tables


def write_stage(run: Run, stage: str, tables: Mapping[str, list[Row]]) -> None:
    """Publish a stage: one file a split where rows have one."""
    fingerprint = hashlib.sha256(stage.encode()).hexdigest()
    entries: dict[str, tuple[FileEntry, ...]] = {}
    for name, rows in tables.items():
        parts: dict[str, list[Row]] = {}
        for row in rows:
            parts.setdefault(row.get("split", "part") if "split" in TABLES[name].schema.names else "part", []).append(row)
        files = []
        for part, some in sorted(parts.items()):
            path = run.attempt_dir(stage) / name / f"{part}.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            pq.write_table(pa.Table.from_pylist([completed(name, row) for row in some], TABLES[name].schema), path)
            files.append(FileEntry(path.name, len(some), path.stat().st_size, hashlib.sha256(path.read_bytes()).hexdigest()))
        entries[name] = tuple(files)
    run.attempt_dir(stage).mkdir(parents=True, exist_ok=True)
    before = run.stages[: run.stages.index(stage)] if stage in run.stages else ()
    run.publish(Published(stage, fingerprint, entries, {}, {AFTER: run.fingerprints(before)}))


def build_run(root: Path, *, published: tuple[str, ...] = STAGES, recipe: Mapping[str, Any] | None = None) -> Run:
    """Write a run with the given stages published."""
    root.mkdir(parents=True)
    shares = {"general": 0.5, "math": 0.25, "code": 0.17, "multilingual": 0.08}
    settings = {
        "name": "tiny",
        "stages": list(STAGES),
        "input": {"paths": ["crawl/a.warc.gz", "crawl/b.warc.gz"]},
        "sketch": {"bands": 20, "rows": 6},
        "mix": {"shares": shares},
        "report": {"samples": 3},
        "origins": {
            "input.paths": "command line",
            "mix.shares": "default",
            "report.samples": "default",
            "name": "tiny.yaml",
        },
    }
    (root / "recipe.json").write_text(json.dumps(settings | dict(recipe or {})), "utf-8")
    run = Run.open(root)
    for stage in published:
        write_stage(run, stage, rows_of(stage))
    return run


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The finished run; its folder has glob characters in its name."""
    return build_run(tmp_path_factory.mktemp("runs") / "tiny [1]*")
