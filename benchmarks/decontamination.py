"""Decontamination: planted items that are found, clean texts that are taken for copies, speed, and what the test crawl really holds.

Every item of `benchmarks` of the data goes into a clean page, as it is and disguised; pages come from texts that can't hold an item.
The report names ids and never the text of an item.
"""

from __future__ import annotations

import argparse
import json
import lzma
import os
import random
import re
import string
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html.entities import codepoint2name
from pathlib import Path
from typing import Any

from benchmarks.planted_copies import read_truth
from benchmarks.runs import markdown
from classifiers.benchmark_files import read_items
from conf.decontamination import Decontaminate
from jobs.decontaminate import found as shared_with
from jobs.decontaminate import rules
from jobs.reporting.query import reading
from jobs.store import Run
from udfs.decontamination import BenchmarkItem, Hit, NgramIndex, Rule, copies
from udfs.decontamination.text import copy_tokens

RULE_OF = rules(Decontaminate())
CLEAN = (
    "textclasses.jsonl.xz",
    "parity/texts.jsonl.xz",
    "extraction_train.jsonl.xz",
    *(f"extraction/{name}.jsonl.xz" for name in ("fundus", "readability", "scrapinghub", "wcxb-dev")),
)
HOSTS = 2_000
PARAPHRASED_TOKENS = 60
SUBSTITUTIONS = (0, 1, 3, 6, 10)
OLD = "either"

Change = Callable[[str, random.Random], str]


def _entities(text: str, rng: random.Random) -> str:
    """Write marks and some letters as character references, named and numbered."""

    def reference(char: str) -> str:
        if char in "&<>\"'" or (char.isalpha() and rng.random() < 0.1):
            name = codepoint2name.get(ord(char))
            return f"&{name};" if name else f"&#{ord(char)};" if rng.random() < 0.5 else f"&#x{ord(char):x};"
        return char

    return "".join(map(reference, text))


def _spaced(text: str, rng: random.Random) -> str:
    return re.sub(r"\s+", lambda _: rng.choice(("\n", "\t", "  ", "\u00a0", " \n ")), text)


def _without(marks: str, *, replaced: bool = False) -> Change:
    table = dict.fromkeys(map(ord, marks), " " if replaced else None)
    return lambda text, _: text.translate(table)


def _hidden(text: str, rng: random.Random) -> str:
    return "".join(c + rng.choice(("\u00ad", "\u200b")) if c.isalpha() and rng.random() < 0.2 else c for c in text)


def _wide(text: str, _: random.Random) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


CHANGES: Mapping[str, Change] = {
    "verbatim": lambda text, _: text,
    "upper case": lambda text, _: text.upper(),
    "lower case": lambda text, _: text.lower(),
    "white space": _spaced,
    "sentence marks left out": _without(".,;:!?'\"’"),
    "all marks left out": _without(string.punctuation),
    "all marks as blanks": _without(string.punctuation, replaced=True),
    "entities": _entities,
    "soft hyphens, zero width": _hidden,
    "full width": _wide,
    "first three quarters": lambda text, _: text[: len(text) * 3 // 4],
    "last half": lambda text, _: text[len(text) // 2 :],
}
REFORMATTED = tuple(CHANGES)[:10]


@dataclass(frozen=True, slots=True)
class Clean:
    """A text that can't hold an item: the set it is from, and the text."""

    name: str
    text: str


def rows(path: Path) -> Iterator[dict[str, Any]]:
    """Read JSON lines."""
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def clean_texts(data: Path) -> list[Clean]:
    """Return the texts of all sets that can't hold items."""
    return [Clean(name, row["text"]) for name in CLEAN for row in rows(data / name) if row.get("text")]


def found(index: NgramIndex, text: str) -> list[Hit]:
    """Return the copies in a text, by the default rules."""
    return copies(index.match(text), RULE_OF)


def is_found(hits: Sequence[Hit], item: BenchmarkItem, tokens: Mapping[tuple[str, str], tuple[str, ...]]) -> bool:
    """Whether an item is among the copies, or one of the same tokens, which stands for it."""
    own = tokens[item.suite, item.id]
    return any(hit.suite == item.suite and tokens[hit.suite, hit.item] == own for hit in hits)


def planted(index: NgramIndex, items: Sequence[BenchmarkItem], hosts: Sequence[str]) -> tuple[str, list[str]]:
    """Put every item, changed in every way, into a page; return the table of recall and what was missed of it."""
    tokens = {(item.suite, item.id): tuple(copy_tokens(item.text)) for item in items}
    seen = [item for item in items if (item.suite, item.id) not in index.unseen]
    suites = list(index.sizes)
    table, missed = [], []
    for name, change in CHANGES.items():
        got: Counter[str] = Counter()
        for number, item in enumerate(seen):
            rng = random.Random(f"{name} {item.suite} {item.id}")
            page = _inside(hosts[number % len(hosts)], change(item.text, rng), rng)
            got[item.suite] += is_found(found(index, page), item, tokens)
        whole = Counter(item.suite for item in seen)
        share = got.total() / len(seen)
        table.append([name, *(f"{100 * got[suite] / whole[suite]:.1f}" for suite in suites), f"{100 * share:.2f}"])
        if name in REFORMATTED and share < 0.99:
            missed.append(f"recall of items under '{name}' is {100 * share:.2f} %, below 99 %")
    return markdown(("items, % found", *suites, "all"), table), missed


def _inside(host: str, text: str, rng: random.Random) -> str:
    """Put a text between two lines of a page."""
    lines = host.split("\n")
    at = rng.randrange(len(lines) + 1)
    return "\n".join([*lines[:at], text, *lines[at:]])


def paraphrased(index: NgramIndex, items: Sequence[BenchmarkItem], hosts: Sequence[str]) -> str:
    """Return how many items of about 60 tokens are found after words of them were replaced, at several shares."""
    words = sorted({word for host in hosts[:200] for word in copy_tokens(host) if word.isalpha() and word.isascii()})
    chosen = [item for item in items if 50 <= len(copy_tokens(item.text)) <= 70]
    shares = (0.3, 0.5, 0.7, 0.8)
    table = []
    for edits in SUBSTITUTIONS:
        got: Counter[str | float] = Counter()
        for number, item in enumerate(chosen):
            rng = random.Random(f"{edits} {item.suite} {item.id}")
            parts = re.split(r"(\w+)", item.text)
            count = max(1, round(edits * (len(parts) // 2) / PARAPHRASED_TOKENS)) if edits else 0
            for at in rng.sample(range(1, len(parts), 2), count):
                parts[at] = rng.choice(words)
            page = _inside(hosts[number % len(hosts)], "".join(parts), rng)
            best = max(
                (min(h.coverage, h.own) for h in index.match(page) if (h.suite, h.item) == (item.suite, item.id)), default=0.0
            )
            got["any"] += best > 0
            got.update(least for least in shares if best >= least)
        table.append([f"{edits} of 60", *(f"{100 * got[key] / len(chosen):.1f}" for key in ("any", *shares))])
    return f"{len(chosen):,} items of 50-70 tokens.\n\n" + markdown(
        ("words replaced, % found", "any hit", *(f"share ≥ {least}" for least in shares)), table
    )


@dataclass(slots=True)
class Matched:
    """What matching the texts of one set came to."""

    texts: int = 0
    touched: int = 0
    taken: int = 0
    chars: int = 0
    seconds: float = 0.0

    def row(self, name: str) -> list[Any]:
        """Return the set's row of the table."""
        speeds = (f"{self.texts / self.seconds:,.0f}", f"{self.chars / self.seconds / 1e6:.1f}")
        return [name, f"{self.texts:,}", self.touched, self.taken, *speeds]


def false_positives(index: NgramIndex, texts: Sequence[Clean]) -> tuple[str, list[str]]:
    """Match texts that hold no item; return the tables, every one that was taken for a copy, and what was missed."""
    sets: dict[str, Matched] = {}
    named, all_hits = [], []
    for text in texts:
        begun = time.process_time()
        hits = index.match(text.text)
        spent = time.process_time() - begun
        taken = copies(hits, RULE_OF)
        for matched in (sets.setdefault(text.name, Matched()), sets.setdefault("all", Matched())):
            matched.texts += 1
            matched.touched += bool(hits)
            matched.taken += bool(taken)
            matched.chars += len(text.text)
            matched.seconds += spent
        if hits:
            all_hits.append(hits)
        named += [f"- {text.name}: {hit.item}, {hit.part}, {hit.covered} of {hit.tokens} tokens" for hit in taken]
    whole = sets.pop("all")
    heads = ("clean texts", "texts", "share an n-gram", "taken for copies", "texts/s/core", "M characters/s/core")
    shown = markdown(heads, [*(matched.row(name) for name, matched in sets.items()), whole.row("all")])
    failed = (
        [f"{whole.taken} of {whole.texts} clean texts were taken for copies, above 0.1 %"]
        if whole.taken > 0.001 * whole.texts
        else []
    )
    return "\n".join([shown, "", "Taken for copies:", *(named or ["none"]), "", _limits(index, all_hits)]), failed


def _limits(index: NgramIndex, all_hits: Sequence[Sequence[Hit]]) -> str:
    """Return what other limits would take of the same clean texts, and the questions that they would leave unseen."""
    questions = {int(item): int(tokens) for item, part, writing, tokens in index.passages if part == 0 and writing == 0}
    table = []
    for coverage, least in ((0.3, 5), (0.5, 5), (0.7, 5), (0.8, 5), (0.5, 6), (0.5, 7), (0.5, 8), (0.5, 9), (0.5, 13)):
        rule = Rule(coverage, max(coverage, 0.8), min_covered=least)
        taken = sum(any(rule.counts(hit) for hit in hits) for hits in all_hits)
        table.append([coverage, least, taken, sum(tokens < least for tokens in questions.values())])
    return markdown(("coverage", "min_covered", "clean texts taken", "questions too short"), table)


def crawl(index: NgramIndex, run: Run, truth: Path) -> tuple[str, list[str]]:
    """Hold what the cleaned texts of a run contain against what was planted in the crawl."""
    wanted = read_truth(truth)
    table: dict[str, Counter[str]] = {}
    named = []
    failed = []
    with reading(run) as tables:
        texts = tables.rows(
            "select r.record_id, r.url, c.text from cleaned c join records r on r.id = c.id and r.split = c.split order by r.record_id"
        )
    seen = set()
    for row in texts:
        one = wanted.get(row["record_id"], {})
        hits = [hit for hit, _, action in shared_with(row["text"], index, RULE_OF) if action != "none"]
        planted_here = one.get("kind", [""])[0] == "contaminated"
        kind = f"{one['kind'][1]} ({one['expect']})" if planted_here else "others"
        seen.add(row["record_id"])
        table.setdefault(kind, Counter()).update(["texts", "taken"] if hits else ["texts"])
        if bool(hits) != planted_here:
            named.append(f"- {kind}: {row['url']}, {one.get('bench_item', '')} {hits[:1]}")
            if one.get("expect") != OLD:
                failed.append(f"{row['url']} is {'clean' if hits else 'contaminated'} by the truth")
    gone = sum(one["kind"][0] == "contaminated" and id_ not in seen for id_, one in wanted.items())
    body = [[kind, counts["texts"], counts["taken"]] for kind, counts in sorted(table.items())]
    notes = [
        f"{gone} planted records are gone before their text is cleaned (near-duplicates of others).",
        "Otherwise than planted:",
    ]
    return "\n".join([markdown(("planted", "texts", "taken for copies"), body), "", *notes, *(named or ["none"])]), failed


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the report as Markdown, and return how many requirements are missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--data", type=Path, default=os.environ.get("WOOLMILL_DATA"), help="folder of the input data")
    parser.add_argument("--index", type=Path, help="an index; by default the one that ships")
    parser.add_argument("--run", type=Path, help="a finished run of the test crawl")
    given = parser.parse_args(arguments)
    if given.data is None:
        parser.error("where is the data? give --data DIR or set WOOLMILL_DATA")
    from classifiers.registry import path_of

    data = Path(given.data)
    index = NgramIndex.load(given.index or path_of("benchmarks"))
    items = read_items(sorted((data / "benchmarks").glob("*.jsonl.xz")))
    texts = clean_texts(data)
    hosts = [text.text for text in random.Random(1).sample(texts, HOSTS)]
    index.match("a text so that the first one does not pay for the tables")
    sections, failed = [f"Index {index.digest[:16]}: {len(index.items):,} items, {len(index.unseen)} seen by no rule."], []
    for title, (shown, missed) in (
        ("Planted items", planted(index, items, hosts)),
        ("Paraphrased items", (paraphrased(index, items, hosts), [])),
        ("Clean texts", false_positives(index, texts)),
        *([("The test crawl", crawl(index, Run.open(given.run), data / "warc" / "truth.jsonl.gz"))] if given.run else []),
    ):
        sections += [f"## {title}", shown]
        failed += missed
    print("\n\n".join([*sections, "## Missed", "\n".join(failed) or "nothing"]))
    return len(failed)


if __name__ == "__main__":
    sys.exit(main())
