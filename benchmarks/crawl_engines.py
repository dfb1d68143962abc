"""Compare the extraction engines on the test crawl: documents with text, words, F1 against its gold texts, speed, in one table.

    python -m benchmarks.crawl_engines [--data $WOOLMILL_DATA] [--limit N] [--out benchmarks/results/DATE-crawl-engines.md]

Every HTML page of ``DATA/warc`` goes through every engine of `udfs.html.settings.Engine`, the rest of the settings at their
defaults. F1 is that of the longest common subsequence of lower-case words with ``gold_text.jsonl.xz``, page by page, without the
pages that the block model was trained on. Speed is CPU time; compare its ratios.
"""

from __future__ import annotations

import argparse
import json
import lzma
import os
import platform
import statistics
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from classifiers.extractor.corpus import DOCUMENTATION, read_documentation
from classifiers.extractor.evaluate import MAX_TOKENS, lcs_scores
from classifiers.extractor.labels import tokens
from console.compare import ENGINES, Page, Reader, pages, read, reader
from udfs.html.settings import Engine


@dataclass(slots=True)
class Column:
    """What one engine made of the crawl."""

    with_text: int = 0
    words: int = 0
    refused: int = 0
    failed: int = 0
    seconds: float = 0.0
    worst: float = 0.0
    scores: list[tuple[float, float, float]] = field(default_factory=list)
    """Precision, recall and F1 of each gold page, 0 to 1."""
    by_language: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))


def gold_texts(data: Path) -> dict[str, tuple[str, str]]:
    """Return record id to language and gold text, without the pages that the block model was trained on."""
    trained = {record.id for record in read_documentation(data)}
    with lzma.open(data / DOCUMENTATION, "rt", encoding="utf-8") as lines:
        rows = map(json.loads, lines)
        return {row["record_id"]: (row["lang"], row["text"]) for row in rows if row["record_id"] not in trained}


def measure(found: Iterable[Page], gold: Mapping[str, tuple[str, str]]) -> tuple[int, dict[Engine, Column]]:
    """Run every engine on every page, the engines in turn; return the pages and a column an engine."""
    runs = {engine: reader(engine) for engine in ENGINES}
    columns = {engine: Column() for engine in ENGINES}
    count = 0
    for count, page in enumerate(found, 1):
        if count == 1:
            for run in runs.values():
                read(run, page)
        turn = count % len(ENGINES)
        for engine in (*ENGINES[turn:], *ENGINES[:turn]):
            _add(columns[engine], runs[engine], page, gold.get(page.record_id or ""))
        if count % 500 == 0:
            print(f"{count:,} pages", file=sys.stderr, flush=True)
    return count, columns


def _add(column: Column, run: Reader, page: Page, gold: tuple[str, str] | None) -> None:
    reading = read(run, page)
    words = tokens(reading.text)[:MAX_TOKENS]
    column.with_text += bool(words)
    column.words += len(words)
    column.refused += reading.fault == "rejected"
    column.failed += reading.fault == "failed"
    column.seconds += reading.seconds
    column.worst = max(column.worst, reading.seconds)
    if gold:
        score = lcs_scores(words, tokens(gold[1])[:MAX_TOKENS])
        column.scores.append(score)
        column.by_language[gold[0]].append(score[2])


def table(count: int, columns: Mapping[Engine, Column]) -> str:
    """Return the engines side by side, as Markdown."""
    slowest = max(column.seconds for column in columns.values())
    heads = (
        *("engine", "pages", "with text", "words", "refused", "failed", "gold pages", "LCS F1", "P", "R", "F1 < 0.8"),
        *("pages a CPU s", "times the slowest", "worst page ms"),
    )
    lines = [f"| {' | '.join(heads)} |", "| --- " + "| ---: " * (len(heads) - 1) + "|"]
    for engine, c in columns.items():
        mean = [statistics.fmean(values) if values else 0.0 for values in zip(*c.scores, strict=True)] or [0.0] * 3
        row = (
            *(engine, f"{count:,}", f"{c.with_text:,}", f"{c.words:,}", f"{c.refused:,}", f"{c.failed:,}", f"{len(c.scores):,}"),
            *(f"{mean[2]:.4f}", f"{mean[0]:.4f}", f"{mean[1]:.4f}", f"{sum(f1 < 0.8 for *_, f1 in c.scores):,}"),
            *(f"{count / c.seconds:,.0f}", f"{slowest / c.seconds:.1f}", f"{1000 * c.worst:,.0f}"),
        )
        lines.append(f"| {' | '.join(row)} |")
    return "\n".join(lines)


def languages(columns: Mapping[Engine, Column]) -> str:
    """Return the mean F1 by language of the gold pages, as Markdown."""
    first = next(iter(columns.values())).by_language
    lines = [f"| language | pages | {' | '.join(columns)} |", "| --- | ---: " + "| ---: " * len(columns) + "|"]
    for lang in sorted(first, key=lambda lang: (-len(first[lang]), lang)):
        means = " | ".join(f"{statistics.fmean(column.by_language[lang]):.3f}" for column in columns.values())
        lines.append(f"| {lang} | {len(first[lang])} | {means} |")
    return "\n".join(lines)


def main(argv: Sequence[str] | None = None) -> int:
    """Read the crawl, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("WOOLMILL_DATA"), help="by default what WOOLMILL_DATA names")
    parser.add_argument("--limit", type=int, help="most pages")
    parser.add_argument("--out", type=Path, help="also write the result to this file")
    arguments = parser.parse_args(argv)
    if arguments.data is None:
        parser.error("name the data folder by --data or WOOLMILL_DATA")
    folder = arguments.data / "warc"
    count, columns = measure(pages([str(folder)], limit=arguments.limit), gold_texts(arguments.data))
    if not count:
        parser.error(f"there is no HTML page in {folder}")
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    text = f"{table(count, columns)}\n\n{languages(columns)}\n\n{machine}\n"
    print(text)
    if arguments.out:
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        arguments.out.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
