"""Where shards come from, for their manifest: settings, stages with their models, input files, benchmarks, opt-outs.

Plain values, the same on every machine: whole numbers, digests and names; neither times of making nor folders.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from conf.load import Setting, settings
from conf.schema import Recipe
from jobs.accounts import DROPPED, EDITED, IN, KEPT, MARKED, QUARANTINED, Accounts
from jobs.contents import Tally
from jobs.store import MADE_WITH, Published
from jobs.tables import TABLES
from jobs.tools import benchmark_index
from udfs.mixture import MILLION

if TYPE_CHECKING:
    from jobs.keys import KeyContext

SUITE = "benchmark."
OPT_OUTS = ("optout", "noindex")
_APART = ("input.", "output.", "spark.", "report.", "label.")
"""Sections that say where a run reads, writes and works, and what people are shown: nothing of it is in the shards."""

_CRAWL = re.compile(r"[A-Z]{2,8}-[A-Z]+-\d{4}-\d{2}(?:-\d{2})?")
_NOTHING: Mapping[str, int] = {"documents": 0, "tokens": 0}


def recipe_of(recipe: Recipe) -> dict[str, Any]:
    """Return the recipe's name, the digest of all settings that decide what is written, and those that are not the default.

    Files are named without their folders: what they hold is in the digests of the models.
    """
    deciding = {s.key: _portable(s) for s in settings(recipe) if not s.key.startswith(_APART) and s.key != "name"}
    usual = {s.key: _plain(s.field.get_default()) for s in settings() if s.key in deciding and not s.field.is_required()}
    digest = hashlib.sha256(json.dumps(deciding, sort_keys=True).encode()).hexdigest()
    changed = {key: json.dumps(value, sort_keys=True) for key, value in deciding.items() if value != usual.get(key, value)}
    return {"name": recipe.name, "digest": digest, "changed": changed}


def _portable(setting: Setting) -> Any:
    value = _plain(setting.value)
    if not setting.extra.get("path") or value is None:
        return value
    return [PurePath(one).name for one in value] if isinstance(value, list) else PurePath(value).name


def _plain(value: Any) -> Any:
    return json.loads(json.dumps(value, default=list))


def stage_of(published: Published | None) -> dict[str, Any]:
    """Return what a stage was handed and what became of it, by reason, and what it was made with."""
    summary = published.summary if published else {}
    accounts = Accounts.of(summary.get("accounts", ()))
    totals = {outcome: accounts.total(outcome) for outcome in (IN, KEPT, DROPPED, QUARANTINED)}
    reasons: dict[str, dict[str, int]] = {}
    for (outcome, reason), n in sorted(accounts.items()):
        if reason:
            reasons.setdefault(outcome, {})[reason] = n
    return totals | {"reasons": reasons} | dict(summary.get(MADE_WITH, {"version": None, "models": {}, "libraries": {}}))


def inputs_of(context: KeyContext) -> dict[str, str]:
    """Return a digest of each table that the mixture was made from."""
    found = {}
    for table in context.stage.needs:
        if TABLES[table].owner in context.before and (published := context.store.published(TABLES[table].owner)):
            files = sorted((f.name, f.sha256) for f in published.tables.get(table, ()))
            found[table] = hashlib.sha256(json.dumps(files).encode()).hexdigest()
    return found


def sources_of(context: KeyContext, available: Tally, written: Tally) -> dict[str, Any]:
    """Return the input files: bytes, records, documents that were left to choose from, documents and tokens taken."""
    extracted = context.store.published("extract") if "extract" in context.before else None
    records = {f.name.removesuffix(".parquet"): f.rows for f in extracted.tables.get("records", ())} if extracted else {}
    files: dict[str, dict[str, int]] = {}
    for split in sorted((task.split for task in context.tasks), key=lambda s: (s.file, s.start)):
        told = files.setdefault(split.file, {"bytes": split.size, "records": 0, "available": 0, "documents": 0, "tokens": 0})
        taken = written.get("splits", {}).get(split.key, _NOTHING)
        told["records"] += records.get(split.key, 0)
        told["available"] += available.get("splits", {}).get(split.key, _NOTHING)["documents"]
        told["documents"] += taken["documents"]
        told["tokens"] += taken["tokens"]
    crawls = Counter(found[0] for file in files if (found := _CRAWL.search(file)))
    return {
        "format": context.recipe.input.format,
        "crawls": dict(sorted(crawls.items())),
        "files": [{"file": file} | told for file, told in files.items()],
    }


def policy_of(context: KeyContext, stages: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return what becomes of opt-outs and personal data, and how many records said no."""
    extract, clean = context.recipe.extract, context.recipe.clean
    reasons = stages.get("extract", {}).get("reasons", {})
    counted = {reason: {outcome: reasons.get(outcome, {}).get(reason, 0) for outcome in (DROPPED, MARKED)} for reason in OPT_OUTS}
    return {"optouts": extract.optouts, "noindex": extract.noindex, "personal_data": clean.pii, "counted": counted}


def decontamination_of(context: KeyContext, stages: Mapping[str, Mapping[str, Any]]) -> dict[str, Any] | None:
    """Return which benchmarks were looked for, by what rule, and what was found; None for a recipe without that stage."""
    if "decontaminate" not in stages:
        return None
    given, told = context.recipe.decontaminate, stages["decontaminate"]
    index = benchmark_index(given.index)
    items = Counter(suite for suite, _ in index.items)
    suites = {}
    for suite in sorted(items):
        rule = given.of(suite)
        found = {o: told["reasons"].get(o, {}).get(SUITE + suite, 0) for o in (DROPPED, EDITED, MARKED)}
        limits = {"coverage_ppm": round(rule.coverage * MILLION), "action": rule.action}
        suites[suite] = {"items": items[suite], "ngram": index.sizes[suite]} | limits | found
    return {"index": told["models"].get("benchmarks"), "suites": suites}
