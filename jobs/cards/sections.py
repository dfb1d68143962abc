"""What a data card says, section by section, as paragraphs and tables of text; every number comes from the manifest.

The questions are those of Datasheets for Datasets (Gebru et al. 2018) and Data Cards (Pushkarna et al. 2022).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jobs.reporting import amount, number, share

Manifest = Mapping[str, Any]

ROWS = 40
"""Rows of a long table; how many there are besides is said below it."""

MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under heads; the first `left` columns are words, the others numbers. `more` rows are not shown."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    left: int = 1
    more: int = 0


@dataclass(frozen=True, slots=True)
class Section:
    """A heading, paragraphs and tables."""

    id: str
    title: str
    says: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()


def title_of(manifest: Manifest) -> str:
    """Name of the data set."""
    return str(manifest["card"]["title"] or manifest["recipe"]["name"])


def description_of(manifest: Manifest) -> str:
    """Say what the data set is: in the words that were given, else from the numbers."""
    if given := manifest["card"]["description"]:
        return str(given)
    totals, files = manifest["totals"], len(manifest["sources"]["files"])
    tokens = f"{number(totals['tokens'])} {'estimated ' if manifest['tokenizer']['estimated'] else ''}tokens"
    return (
        f"{number(totals['documents'])} documents with {tokens} of text for the pre-training of language models, from "
        f"{number(files)} file{'' if files == 1 else 's'} of web crawls: cleaned, deduplicated, filtered and mixed by Woolmill."
    )


def languages_of(manifest: Manifest) -> list[str]:
    """Languages with documents, the one with most tokens first; ``und`` is none."""
    return [name for name, _ in _largest(manifest["totals"].get("languages", {})) if name != "und"]


def sections(manifest: Manifest) -> list[Section]:
    """Return all that a card says."""
    made: Sequence[Callable[[Manifest], Section | None]] = (
        *(_classes, _languages, _knowledge, _quality, _sources, _stages),
        *(_benchmarks, _rights, _limits, _shards),
    )
    return [section for make in made if (section := make(manifest))]


def _classes(manifest: Manifest) -> Section:
    heads = ("class", "share wanted", "share got", "documents", "tokens", "tokens there were", "epochs")
    rows = tuple(
        (
            str(c["name"]),
            share(c["share_target_ppm"], MILLION),
            share(c["share_got_ppm"], MILLION),
            number(c["documents_written"]),
            number(c["tokens_written"]),
            number(c["tokens_available"]),
            f"{c['epochs_millionths'] / MILLION:.2f}",
        )
        for c in manifest["classes"]
    )
    tables = [Table(heads, rows)]
    strata = [(c, s) for c in manifest["classes"] if len(c["strata"]) > 1 for s in c["strata"]]
    if strata:
        inside = ("group inside a class", "share of the class", "documents", "tokens", "tokens there were", "epochs")
        tables.append(Table(inside, tuple(_stratum(*both) for both in strata[:ROWS]), more=max(0, len(strata) - ROWS)))
    tokenizer = manifest["tokenizer"]
    how = "estimated from the bytes of each text" if tokenizer["estimated"] else f"counted with a tokenizer ({tokenizer['kind']})"
    says = [
        f"Tokens are {how}; SHA-256 of what they were counted by: {tokenizer['digest']}. Documents and tokens are those of "
        "all copies: a class whose epochs are above 1 holds documents more than once, each copy with its number."
    ]
    if manifest["capped"]:
        says.append(f"Held at the largest number of epochs, and below the share wanted: {', '.join(manifest['capped'])}.")
    return Section("classes", "Classes", tuple(says), tuple(tables))


def _stratum(cls: Mapping[str, Any], stratum: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        str(stratum["name"]),
        share(stratum["tokens_written"], cls["tokens_written"]),
        number(stratum["documents_written"]),
        number(stratum["tokens_written"]),
        number(stratum["tokens_available"]),
        f"{stratum['tokens_written'] / max(1, stratum['tokens_available']):.2f}",
    )


def _languages(manifest: Manifest) -> Section | None:
    return _counted(manifest, "languages", "Languages", "language", "By lid.176 (ISO 639); und: too little text to tell.")


def _knowledge(manifest: Manifest) -> Section | None:
    says = "The likeliest class of each document, by a model; none: nothing was found, or the recipe does not ask."
    return _counted(manifest, "knowledge", "Knowledge", "knowledge class", says)


def _quality(manifest: Manifest) -> Section | None:
    says = "Twentieths of a language's documents by the best of its quality models, 19 the highest; none: not judged."
    return _counted(manifest, "quality", "Quality", "bucket", says, order=lambda item: (item[0] == "none", len(item[0]), item[0]))


def _counted(
    manifest: Manifest, by: str, title: str, head: str, says: str, *, order: Callable[[tuple[str, Any]], Any] | None = None
) -> Section | None:
    found = manifest["totals"].get(by, {})
    if not set(found) - {"none"}:
        return None
    rows = sorted(found.items(), key=order) if order else _largest(found)
    return Section(by, title, (says,), (_tally(rows, head, manifest["totals"]["tokens"]),))


def _largest(found: Mapping[str, Mapping[str, int]]) -> list[tuple[str, Mapping[str, int]]]:
    return sorted(found.items(), key=lambda item: (-item[1]["tokens"], item[0]))


def _tally(rows: Sequence[tuple[str, Mapping[str, int]]], head: str, total: int) -> Table:
    shown = tuple((name, number(n["documents"]), number(n["tokens"]), share(n["tokens"], total)) for name, n in rows[:ROWS])
    return Table((head, "documents", "tokens", "share of the tokens"), shown, more=max(0, len(rows) - ROWS))


def _sources(manifest: Manifest) -> Section:
    sources, months = manifest["sources"], sorted(set(manifest["totals"].get("months", {})) - {"none"})
    files = sources["files"]
    whole = {name: sum(f[name] for f in files) for name in ("bytes", "records", "available")}
    says = [
        f"{number(len(files))} input files ({sources['format']}), {amount(whole['bytes'], 'bytes')}, {number(whole['records'])} "
        f"records, of which {number(whole['available'])} documents were left to choose from."
    ]
    if sources["crawls"]:
        says.append("Crawls (files): " + ", ".join(f"{name} ({number(n)})" for name, n in sources["crawls"].items()) + ".")
    if months:
        says.append(f"Captured from {months[0]} to {months[-1]}.")
    heads = ("file", "bytes", "records", "documents left", "documents taken", "tokens taken")
    columns = ("bytes", "records", "available", "documents", "tokens")
    rows = tuple((str(f["file"]), *(number(f[name]) for name in columns)) for f in files[:ROWS])
    return Section("sources", "Sources", tuple(says), (Table(heads, rows, more=max(0, len(files) - ROWS)),))


def _stages(manifest: Manifest) -> Section:
    rows = tuple(
        (name, *(number(told[key]) for key in ("in", "kept", "dropped", "quarantined")), _reasons(told["reasons"]))
        for name, told in manifest["stages"].items()
    )
    stages = Table(("stage", "came in", "kept", "dropped", "quarantined", "most frequent reasons"), rows)
    recipe = manifest["recipe"]
    changed = Table(("setting", "value"), tuple((str(k), str(v)) for k, v in recipe["changed"].items()), left=2)
    says = (
        "What each stage was handed and what became of it; documents, for extract the records of the input.",
        f"Recipe {recipe['name']}, SHA-256 of its settings {recipe['digest']}. "
        + ("Settings that are not the default:" if recipe["changed"] else "All settings are the default."),
    )
    return Section("stages", "How it was made", says, (stages, changed) if recipe["changed"] else (stages,))


def _reasons(reasons: Mapping[str, Mapping[str, int]]) -> str:
    gone = sorted(((n, reason) for o in ("dropped", "quarantined") for reason, n in reasons.get(o, {}).items()), reverse=True)
    return ", ".join(f"{reason} {number(n)}" for n, reason in gone[:4])


def _benchmarks(manifest: Manifest) -> Section | None:
    told = manifest["decontamination"]
    if told is None:
        return Section("benchmarks", "Benchmarks", ("Benchmark items were not looked for.",))
    heads = ("benchmark", "action", "items", "words of an n-gram", "share of an item", "dropped", "cut", "marked")
    rows = tuple(
        (
            name,
            str(suite["action"]),
            *(number(suite["items"]), number(suite["ngram"]), share(suite["coverage_ppm"], MILLION)),
            *(number(suite[what]) for what in ("dropped", "edited", "marked")),
        )
        for name, suite in told["suites"].items()
    )
    says = (
        "A document that shares at least the given share of an item's tokens with it, in n-grams, holds a copy of the item. "
        "Paraphrases and translations are not found.",
    )
    return Section("benchmarks", "Benchmarks", says, (Table(heads, rows, left=2),))


def _rights(manifest: Manifest) -> Section:
    policy, counted = manifest["policy"], manifest["policy"]["counted"]
    told = "; ".join(
        f"{meaning}: {policy[policy_name]} ({number(counted[reason]['dropped'])} dropped, {number(counted[reason]['marked'])} marked)"
        for reason, policy_name, meaning in (
            ("optout", "optouts", "pages that opt out of training"),
            ("noindex", "noindex", "pages that ask search engines not to index them"),
        )
    )
    card = manifest["card"]
    terms = f" ({card['licence_url']})" if card["licence_url"] else ""
    personal = {
        "replace": "Addresses of mail and network, numbers of phones, cards and accounts, and keys were replaced where patterns "
        "find them; names of people were not looked for.",
        "off": "Personal data was not looked for.",
    }
    says = [
        f"What was done: {told}.",
        personal[policy["personal_data"]],
        f"Licence of the collection: {card['licence']}{terms}. "
        "The text of a page stays under the terms of that page; licences below are those that pages state of themselves.",
    ]
    if card["contact"]:
        says.append(f"Questions and requests for removal: {card['contact']}.")
    licences = _tally(_largest(manifest["totals"].get("licences", {})), "licence", manifest["totals"]["tokens"])
    return Section("rights", "Opt-outs, licences, personal data", tuple(says), (licences,) if licences.rows else ())


def _limits(manifest: Manifest) -> Section:
    languages, total = manifest["totals"].get("languages", {}), manifest["totals"]["tokens"]
    says = [
        "Classes, languages, knowledge classes and quality are the judgement of models, which err; what they prefer is "
        "more frequent here than on the web.",
        "Text of the web holds errors, prejudice and things that are not so; nothing here was checked for truth.",
    ]
    if languages:
        first, counts = _largest(languages)[0]
        says.append(
            f"{share(counts['tokens'], total)} of the tokens are in one language ({first}); quality models and rules were "
            "made with a few languages in mind."
        )
    return Section("limits", "Known limits", tuple(says))


def _shards(manifest: Manifest) -> Section:
    shards = manifest["shards"]
    heads = ("file", "SHA-256", "documents", "tokens", "bytes")
    rows = tuple(
        (str(s["file"]), str(s["sha256"]), number(s["rows"]), number(_tokens(s)), number(s["bytes"])) for s in shards[:ROWS]
    )
    says = (
        f"{number(len(shards))} shard{'' if len(shards) == 1 else 's'} ({shards[0]['format'] if shards else 'none'}), in training "
        "order: documents are mixed over all of them. `woolmill verify` with this folder counts everything again and compares.",
    )
    return Section("shards", "Shards", says, (Table(heads, rows, left=2, more=max(0, len(shards) - ROWS)),))


def _tokens(shard: Mapping[str, Any]) -> int:
    counts: Iterable[Mapping[str, int]] = shard["classes"].values()
    return sum(n["tokens"] for n in counts)
