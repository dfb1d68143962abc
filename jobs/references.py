"""References for the KL rules from texts of one's own: those that a run has kept to the end, or any Parquet or JSON lines."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import xxhash

from classifiers.registry import sha256_of
from jobs.errors import JobError
from jobs.reporting.query import reading
from jobs.sources.inputs import list_inputs, open_input
from jobs.sources.texts import read_texts
from jobs.store import Run
from udfs import kl
from udfs.spans import Span
from udfs.urls import registered_domain

MOST_TEXTS = 50_000
"""Texts of a language that are counted: those with the smallest hashes, which are as good as random."""

MOST_CHARS = 100_000
"""Characters of a text that are counted."""

_KEPT = """
select c.lang, c.url, c.text, c.spans from cleaned c
left join outcomes o on o.id = c.id and o.split = c.split
where o.id is null
"""


class ReferencesError(JobError):
    """References can't be built of this: why, in one line."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What references are built of.

    Parameters
    ----------
    languages : tuple of str
        ISO 639-1 codes; empty: all that there are. Where one is given, texts that name no language are taken for it.
    per_site : int
        Most texts of a registered domain and language.
    least : int
        Tokens from which a language gets a reference.
    """

    languages: tuple[str, ...] = ()
    per_site: int = 50
    least: int = 200_000


@dataclass(frozen=True, slots=True)
class Text:
    """A trusted text: its language, the site it is from, and its spans that are no prose."""

    language: str
    site: str
    text: str
    spans: tuple[Span, ...] = ()


def build(source: str, out: Path, wanted: Wanted) -> list[dict[str, Any]]:
    """Build references and write them to one file.

    Parameters
    ----------
    source : str
        Folder of a run, or files, a folder or a glob of Parquet or JSON lines with ``text``, ``url``, ``lang``.
    out : Path
        The file, ``.npz``; setting ``clean.references`` takes it.
    wanted : Wanted
        What they are built of.

    Returns
    -------
    list of dict
        For each language with a reference: ``language, texts, sites, tokens, types, pairs``.

    Raises
    ------
    ReferencesError
        When no language has enough text.
    """
    chosen = sampled(_texts(source, wanted), wanted)
    references: dict[str, kl.Reference] = {}
    rows = []
    for language, texts in sorted(chosen.items()):
        try:
            reference = kl.build_reference((kl.Sample(t.text, t.spans, t.site) for t in texts), language)
        except ValueError:
            continue
        if reference.tokens < wanted.least:
            continue
        references[language] = reference
        sites = len({text.site for text in texts})
        sizes = {"types": len(reference.tables.types), "pairs": len(reference.tables.pairs)}
        rows.append({"language": language, "texts": len(texts), "sites": sites, "tokens": reference.tokens, **sizes})
    if not references:
        raise ReferencesError(
            f"no language has {wanted.least:,} tokens of trusted text in {source}: give more, or a lower --least"
        )
    out.parent.mkdir(parents=True, exist_ok=True)
    kl.save(references, out)
    return rows


def digest(path: Path) -> str:
    """Return the SHA-256 of a file of references, which takes part in the fingerprint of stage ``clean``."""
    return sha256_of(path)


def sampled(texts: Iterable[Text], wanted: Wanted) -> dict[str, list[Text]]:
    """Return the texts by language, each once, at most ``per_site`` of a site and `MOST_TEXTS` in all, whatever their order."""
    by_site: dict[tuple[str, str], list[tuple[int, int, Text]]] = {}
    seen: set[tuple[str, int]] = set()
    for text in texts:
        rank = -xxhash.xxh3_64_intdigest(text.text.encode("utf-8", "surrogatepass"))
        if (text.language, rank) in seen:
            continue
        seen.add((text.language, rank))
        heap = by_site.setdefault((text.language, text.site), [])
        # The counter is never compared with an equal one, so texts themselves never are.
        heapq.heappush(heap, (rank, len(seen), text))
        if len(heap) > wanted.per_site:
            heapq.heappop(heap)
    ranked: dict[str, list[tuple[int, Text]]] = {}
    for (language, _), heap in sorted(by_site.items()):
        ranked.setdefault(language, []).extend((-rank, text) for rank, _, text in heap)
    return {
        language: [text for _, text in sorted(found, key=lambda one: one[0])[:MOST_TEXTS]] for language, found in ranked.items()
    }


def _texts(source: str, wanted: Wanted) -> Iterator[Text]:
    only = wanted.languages[0] if len(wanted.languages) == 1 else None
    rows = _of_run(source) if (Path(source) / "recipe.json").is_file() else _of_files(source)
    for row in rows:
        language = row["lang"] or only
        if row["text"] and language and (not wanted.languages or language in wanted.languages):
            site = registered_domain(row["url"]) if row["url"] else ""
            text = row["text"][:MOST_CHARS]
            spans = (Span(s["start"], min(s["end"], len(text)), s["kind"]) for s in row["spans"] or () if s["start"] < len(text))
            yield Text(language, site, text, tuple(spans))


def _of_run(root: str) -> Iterator[dict[str, Any]]:
    with reading(Run.open(root)) as tables:
        for batch in tables.batches(_KEPT, rows=2_000):
            yield from batch.to_pylist()


def _of_files(source: str) -> Iterator[dict[str, Any]]:
    kind = "parquet" if source.rstrip("/").endswith(".parquet") or any(Path(source).glob("*.parquet")) else "jsonl"
    for file in list_inputs([source], format=kind):
        with open_input(file.path) as stream:
            for record in read_texts(stream, format=kind, name=file.path):
                if not record.fault:
                    yield {"lang": record.lang, "url": record.url, "text": record.text, "spans": ()}
