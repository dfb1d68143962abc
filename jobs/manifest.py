"""The manifest of the shards: what they are, what they hold and what they were made of, in whole numbers and digests.

It holds neither a time nor a folder: equal inputs and settings give an equal manifest, on every machine.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from jobs.cards import cards
from jobs.contents import IN_SHARDS, Contents, Tally
from jobs.errors import OutOfBalance
from jobs.provenance import decontamination_of, inputs_of, policy_of, recipe_of, sources_of, stage_of
from jobs.store import FileEntry, write_atomic
from jobs.strata import Sampling, described, division_of
from udfs import mixture
from udfs.mixture import MILLION
from udfs.tokens import TokenCounter

if TYPE_CHECKING:
    from conf.schema import Mix
    from jobs.keys import KeyContext

END_OF_TEXT = 1
MANIFEST = "manifest.json"
VERSION = 3
_COUNTED = ("documents", "tokens", "sampled_tokens", "sampled_documents")


@dataclass(frozen=True, slots=True)
class Mixed:
    """What a mixture has come to.

    Parameters
    ----------
    sampling : Sampling
        Targets and cuts.
    strata : sequence of mapping
        What each stratum of a class has, and what was taken of it.
    holds : Contents
        What is in the shards by the mixture table.
    shards : mapping of str to mapping
        Facts that each shard left when it was written (see `jobs.shards.take_facts`), by file.
    """

    sampling: Sampling
    strata: Sequence[Mapping[str, Any]]
    holds: Contents
    shards: Mapping[str, Mapping[str, Any]]


def write_manifest(context: KeyContext, mixed: Mixed, tokens: TokenCounter) -> dict[str, Any]:
    """Write the manifest and what is made from it beside the shards; return small facts of it.

    Raises
    ------
    OutOfBalance
        When a shard does not hold what the mixture table promises.
    """
    body = manifest_of(context, mixed, tokens)
    text = json.dumps(body, sort_keys=True, indent=1) + "\n"
    for name, content in {MANIFEST: text, **cards(body)}.items():
        write_atomic(context.attempt / "shards" / name, content)
        data = content.encode()
        context.written["shards"].append(FileEntry(name, 0, len(data), hashlib.sha256(data).hexdigest()))
    digest = hashlib.sha256(text.encode()).hexdigest()
    return {"manifest_sha256": digest, "shards": len(mixed.shards), "tokens": body["totals"]["tokens"]}


def manifest_of(context: KeyContext, mixed: Mixed, tokens: TokenCounter) -> dict[str, Any]:
    """Return the manifest as plain values."""
    settings, holds = context.recipe.mix, mixed.holds
    stages = {name: stage_of(context.store.published(name)) for name in context.before}
    overall = {name: sum(s[f"sampled_{name}"] for s in mixed.strata) for name in ("documents", "tokens")}
    return {
        "schema_version": VERSION,
        "recipe": recipe_of(context.recipe),
        "card": context.recipe.card.model_dump(mode="json"),
        "stages": stages,
        "inputs": inputs_of(context),
        "sources": sources_of(context, holds.available, holds.written),
        "policy": policy_of(context, stages),
        "decontamination": decontamination_of(context, stages),
        "tokenizer": _tokenizer(settings, tokens),
        "seed": settings.seed,
        "budget": mixed.sampling.plan.budget,
        "capped": list(mixed.sampling.plan.capped),
        "division": described(division_of(settings)),
        "classes": _classes(settings, mixed, overall["tokens"]),
        "available": _without_splits(holds.available),
        "totals": overall | _without_splits(holds.written),
        "shards": shards_of(settings.format, mixed, context.written["shards"]),
        "files": [_described(f) for f in context.written["shards"] if f.name not in mixed.shards],
    }


def _tokenizer(settings: Mix, tokens: TokenCounter) -> dict[str, Any]:
    """Describe what tokens were counted with; the end of a text has an id where tokens have, and counts."""
    return {
        "kind": settings.counter,
        "file": PurePath(settings.tokenizer).name if settings.tokenizer else None,
        "digest": tokens.digest,
        "estimated": tokens.estimated,
        "vocabulary": getattr(tokens, "vocabulary", None),
        "end_of_text": getattr(tokens, "end_of_text", None),
        "end_of_text_tokens": END_OF_TEXT,
    }


def _classes(settings: Mix, mixed: Mixed, total: int) -> list[dict[str, Any]]:
    shares = mixture.parts(settings.shares)
    return [
        {
            "name": name,
            "share_target_ppm": shares[name],
            "share_got_ppm": got["sampled_tokens"] * MILLION // max(1, total),
            "documents_available": got["documents"],
            "tokens_available": got["tokens"],
            "tokens_target": target.target,
            "tokens_written": got["sampled_tokens"],
            "documents_written": got["sampled_documents"],
            "epochs_millionths": target.target * MILLION // max(1, got["tokens"]),
            "cap_millionths": round(settings.epochs[name] * MILLION),
            "strata": [_stratum(name, of_class, mixed.sampling) for name, of_class in sorted(strata.items())],
        }
        for name, target in mixed.sampling.plan.classes.items()
        for strata in [{s["stratum"]: s for s in mixed.strata if s["class"] == name}]
        for got in [{what: sum(s[what] for s in strata.values()) for what in _COUNTED}]
    ]


def _stratum(name: str, got: Mapping[str, Any], sampling: Sampling) -> dict[str, Any]:
    """Describe documents of a class that are treated alike; those of weight 0 have no target."""
    planned = sampling.strata[name]
    return {
        "name": name,
        "documents_available": got["documents"],
        "tokens_available": got["tokens"],
        "tokens_target": planned.target,
        "tokens_written": got["sampled_tokens"],
        "documents_written": got["sampled_documents"],
        "copies": planned.full,
        "cut": f"{sampling.below[name]:016x}",
    }


def shards_of(kind: str, mixed: Mixed, files: Sequence[FileEntry]) -> list[dict[str, Any]]:
    """Describe every shard by the mixture table, after that was held against what its writer has counted."""
    found = []
    for entry in (f for f in files if f.name in mixed.shards):
        facts = dict(mixed.shards[entry.name])
        holds = mixed.holds.shards.get(int(entry.name.split("-")[1]), {})
        documents, tokens = facts.pop("documents"), facts.pop("tokens")
        counted = {name: {"documents": documents[name], "tokens": tokens[name]} for name in sorted(documents)}
        if counted != holds.get("classes"):
            raise OutOfBalance(
                f"mix: the mixture table promises {holds.get('classes')} in {entry.name}, its writer has counted {counted}"
            )
        found.append(
            _described(entry) | {"format": kind, "rows": entry.rows} | {by: holds.get(by, {}) for by in IN_SHARDS} | facts
        )
    return found


def _described(entry: FileEntry) -> dict[str, Any]:
    return {"file": entry.name, "bytes": entry.bytes, "sha256": entry.sha256}


def _without_splits(tally: Tally) -> Tally:
    """Leave out what is told by file, among the sources."""
    return {by: counts for by, counts in tally.items() if by != "splits"}
