r"""Measure languages on the test crawl: how well paragraphs are named, and what the pipeline keeps of each beside English.

    python -m benchmarks.languages identify RUN... [--truth FILE]... [--out FILE]
    python -m benchmarks.languages keep RUN... [--truth FILE]... [--out FILE]

RUN is the folder of a finished run; the truth is that of the test crawl below ``WOOLMILL_DATA``, and of the files that
``benchmarks/add_language_pages.py`` writes. Pages that no truth names are passed over.

``identify`` asks the model for each paragraph (60-400 characters, at least 60 % letters, each once) of the pages of a known
language whose ``en_share`` is below 0.2. English that is left on such pages is no fault of the model: a paragraph that stands on
an English page, too, is passed over, and one with less than half of its letters in its language's script. With that sure, pages in
other scripts than Latin count whatever their ``en_share``. Asked: macro-F1 of `ASKED` at least 0.95.

``keep`` compares what stays of translated pages (``parallel_id``) with what stays of the English pages of the same ids. Pages
that the truth drops by themselves (listings, error pages) don't count, duplicates by URL or document are counted apart, and
``short`` pages (fewer than 450 characters, which the truth judges ``either``) have a table of their own. Asked: no language of
`ASKED` more than 10 points below English. 95 % intervals are Wilson's. Exit code 1 when anything that is asked is missed.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import sys
import tempfile
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from math import sqrt
from pathlib import Path
from typing import Any, Final

import pyarrow.dataset as ds
import pyarrow.parquet as pq

from benchmarks.runs import markdown
from classifiers.registry import path_of
from console.trail import write_trail
from jobs.store import Run
from udfs.fasttext import FastText, load
from udfs.language import identify, script_fits, script_shares
from udfs.languages import canonical
from udfs.spans import Span, prose

ASKED: Final = ("zh", "ja", "ko", "hi", "ru", "de", "fr", "es", "pt", "it", "vi", "el", "km", "th", "ar")
LEAST_F1: Final = 0.95
MOST_POINTS: Final = 10.0
ENGLISH: Final = "en"

LENGTHS: Final = ((60, 120), (120, 240), (240, 401))
"""Characters of a paragraph, half-open; longer ones are cut."""
MOST_ENGLISH: Final = 0.2
LEAST_LETTERS: Final = 0.6
LEAST_IN_SCRIPT: Final = 0.5

DEDUPLICATION: Final = ("urls", "documents")
LEAST_ENGLISH_PAGES: Final = 20
"""English pages of the same ids from which they are the measure; with fewer all English parallel pages are."""
LEAST_PAGES: Final = 5

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph and the language that its page is in."""

    text: str
    language: str


def truth_of(files: Sequence[Path]) -> dict[str, Row]:
    """Return the rows of truths by record id."""
    found: dict[str, Row] = {}
    for file in files:
        with gzip.open(file, "rt", encoding="utf-8") as lines:
            found |= {row["record_id"]: row for row in map(json.loads, lines) if row.get("record_id")}
    return found


def documents_of(run: Path, truth: Mapping[str, Row]) -> Iterator[tuple[str, tuple[Span, ...], Row]]:
    """Yield text, spans and truth of the pages of a run that the truth knows, in the order of their record ids."""
    records = {row["id"]: row["record_id"] for row in _rows(run / "records", ["id", "record_id"])}
    pages = ((records.get(row["id"]), row) for row in _rows(run / "documents", ["id", "text", "spans"]))
    for record, row in sorted((pair for pair in pages if pair[0] in truth), key=lambda pair: str(pair[0])):
        spans = tuple(Span(one["start"], one["end"], one["kind"], one["language"]) for one in row["spans"] or ())
        yield row["text"], spans, truth[str(record)]


def _rows(folder: Path, columns: list[str]) -> list[Row]:
    found: list[Row] = ds.dataset([str(file) for file in sorted(folder.rglob("*.parquet"))]).to_table(columns=columns).to_pylist()
    return found


def paragraphs(pages: Iterable[tuple[str, tuple[Span, ...], Row]]) -> list[Paragraph]:
    """Return the paragraphs whose language is known, each text once, English ones first."""
    english: dict[str, None] = {}
    others: dict[str, str] = {}
    for text, spans, row in pages:
        declared: str = row.get("lang_declared") or row["lang"]
        if row["expect_alone"] != "keep" or canonical(declared) != canonical(row["lang"]):
            continue
        if row["lang"] == ENGLISH:
            english |= dict.fromkeys(_cut(text, spans))
        elif row.get("en_share", 1.0) < MOST_ENGLISH or not script_fits(row["lang"], {"LATIN": 1.0}):
            others |= {one: others.get(one, canonical(row["lang"])) for one in _cut(text, spans)}
    kept = [Paragraph(one, language) for one, language in others.items() if one not in english and _in_script(one, language)]
    return [*(Paragraph(one, ENGLISH) for one in english), *kept]


def _cut(text: str, spans: Sequence[Span]) -> Iterator[str]:
    for line in prose(text, spans).split("\n"):
        paragraph = " ".join(line.split())[: LENGTHS[-1][1] - 1]
        if len(paragraph) >= LENGTHS[0][0] and sum(map(_is_letter, paragraph)) >= LEAST_LETTERS * len(paragraph):
            yield paragraph


def _is_letter(character: str) -> bool:
    """Whether this is a letter or a sign that stands on one: half of the Hindi characters are vowel signs."""
    return unicodedata.category(character)[0] in "LM"


def _in_script(text: str, language: str) -> bool:
    return script_fits(language, script_shares([character for character in text if character.isalpha()]), LEAST_IN_SCRIPT)


@dataclass(frozen=True, slots=True)
class Named:
    """What the model made of paragraphs: how often which language was named for which, by length."""

    counts: Mapping[tuple[str, str, int], int]

    def of(self, language: str, length: int | None = None) -> tuple[int, float, float, float]:
        """Return paragraphs of a language, and precision, recall and F1 (0-1) with which it is named."""
        chosen = {key: n for key, n in self.counts.items() if length in (None, key[2])}
        true = sum(n for (a, _, _), n in chosen.items() if a == language)
        found = sum(n for (_, b, _), n in chosen.items() if b == language)
        right = sum(n for (a, b, _), n in chosen.items() if a == b == language)
        precision, recall = right / max(found, 1), right / max(true, 1)
        return true, precision, recall, 2 * right / max(true + found, 1)

    def wrong(self, language: str) -> list[tuple[str, int]]:
        """Return what a language is taken for, the most frequent first."""
        found = Counter[str]()
        for (a, b, _), n in self.counts.items():
            found[b] += n if a == language != b else 0
        return sorted(((b, n) for b, n in found.items() if n), key=lambda pair: (-pair[1], pair[0]))


def name_all(found: Sequence[Paragraph], model: FastText) -> Named:
    """Ask the model for the language of each paragraph."""
    counts = Counter[tuple[str, str, int]]()
    for one in found:
        length = next(i for i, (least, most) in enumerate(LENGTHS) if least <= len(one.text) < most)
        counts[one.language, canonical(identify(one.text, model=model).lang), length] += 1
    return Named(counts)


def identify_report(named: Named) -> tuple[str, list[str]]:
    """Return the table of languages as Markdown, and what was missed."""
    known = {a for a, _, _ in named.counts}
    ordered = [*(code for code in ASKED if code in known), *sorted(known - set(ASKED))]
    lines = []
    for code in ordered:
        n, precision, recall, f1 = named.of(code)
        by_length = [named.of(code, i) for i in range(len(LENGTHS))]
        cells = [f"{one[3]:.3f} ({one[0]})" if one[0] else "-" for one in by_length]
        wrong = ", ".join(f"{other} {times}" for other, times in named.wrong(code)[:4]) or "-"
        lines.append([code, str(n), f"{precision:.3f}", f"{recall:.3f}", f"{f1:.3f}", *cells, wrong])
    heads = ["language", "paragraphs", "precision", "recall", "F1", *(f"F1 at {a}-{b - 1}" for a, b in LENGTHS), "taken for"]
    asked = [code for code in ASKED if code in known]
    macro = sum(named.of(code)[3] for code in asked) / max(len(asked), 1)
    absent = [code for code in ASKED if code not in known]
    said = f"Macro-F1 over {', '.join(asked)}: {macro:.4f} (asked: {LEAST_F1})."
    said += f" No paragraphs of {', '.join(absent)}." if absent else ""
    missed = [] if macro >= LEAST_F1 else [f"macro-F1 is {macro:.4f}"]
    return "\n\n".join(["## Languages named", said, markdown(heads, lines), pairs_report(named)]), missed


def pairs_report(named: Named) -> str:
    """Return the pairs of languages that are confused most, either way, as Markdown."""
    found = Counter[tuple[str, str]]()
    totals = Counter[str]()
    for (a, b, _), n in named.counts.items():
        totals[a] += n
        if a != b:
            found[min(a, b), max(a, b)] += n
    rows = [
        [f"{a} / {b}", str(n), f"{100 * n / max(totals[a] + totals[b], 1):.1f} %"]
        for (a, b), n in sorted(found.items(), key=lambda item: (-item[1], item[0]))[:15]
    ]
    return markdown(["confused", "paragraphs", "of both"], rows)


@dataclass(frozen=True, slots=True)
class Page:
    """A translated page and what became of it: a reason, empty where it stays."""

    language: str
    parallel: str
    reason: str
    duplicate: bool
    short: bool


def pages_of(run: Path, truth: Mapping[str, Row]) -> list[Page]:
    """Return the translated pages of a run that are no listings and the like."""
    with tempfile.TemporaryDirectory() as folder:
        write_trail(Run.open(run), Path(folder) / "trail.parquet")
        trail = pq.read_table(Path(folder) / "trail.parquet").to_pylist()
    found = []
    for row in trail:
        told = truth.get(row["record_id"])
        if told is None or not told.get("parallel_id") or told["expect_alone"] not in ("keep", "either"):
            continue
        if told["expect_alone"] == "either" and told["reason"] != "short_but_real":
            continue
        duplicate, reason = row["stage"] in DEDUPLICATION, "" if row["status"] == "kept" else row["reason"]
        found.append(Page(canonical(told["lang"]), told["parallel_id"], reason, duplicate, told["expect_alone"] == "either"))
    return found


def interval(kept: int, n: int) -> tuple[float, float]:
    """Return Wilson's 95 % interval of a share, in points."""
    if not n:
        return 0.0, 100.0
    z, p = 1.96, kept / n
    middle, half = p + z * z / (2 * n), z * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return 100 * (middle - half) / (1 + z * z / n), 100 * (middle + half) / (1 + z * z / n)


def keep_report(pages: Sequence[Page], title: str) -> tuple[str, list[str]]:
    """Return the table of keep rates as Markdown, and what was missed."""
    by_language: dict[str, list[Page]] = {}
    for page in pages:
        by_language.setdefault(page.language, []).append(page)
    english = [page for page in by_language.get(ENGLISH, []) if not page.duplicate]
    rows, missed = [], []
    ordered = [*(code for code in ASKED if code in by_language), *sorted(set(by_language) - {*ASKED, ENGLISH})]
    for code in ordered:
        unique = [page for page in by_language[code] if not page.duplicate]
        if len(unique) < LEAST_PAGES and code not in ASKED:
            continue
        row, points = _keep_row(code, by_language[code], english)
        rows.append(row)
        if code in ASKED and points < -MOST_POINTS:
            missed.append(f"{title}: {code} is {-points:.1f} points below English")
    heads = ["language", "pages", "duplicates", "kept", "95 %", "English kept", "points", "lost by"]
    all_english = f"English: {_rate(english):.1f} % of {len(english)} pages kept."
    return "\n\n".join([f"## {title}", all_english, markdown(heads, rows)]), missed


def _keep_row(code: str, pages: Sequence[Page], english: Sequence[Page]) -> tuple[list[str], float]:
    unique = [page for page in pages if not page.duplicate]
    ids = {page.parallel for page in unique}
    same = [page for page in english if page.parallel in ids]
    measure = same if len(same) >= LEAST_ENGLISH_PAGES else english
    points = _rate(unique) - _rate(measure)
    low, high = interval(sum(not page.reason for page in unique), len(unique))
    reasons = Counter(page.reason for page in unique if page.reason)
    lost = ", ".join(f"{reason} {n}" for reason, n in sorted(reasons.items(), key=lambda item: (-item[1], item[0]))) or "-"
    of = f"{_rate(measure):.1f} % of {len(measure)}" + ("" if measure is same else " (all)")
    cells = [code, str(len(unique)), str(len(pages) - len(unique)), f"{_rate(unique):.1f} %", f"{low:.0f}-{high:.0f}", of]
    return [*cells, f"{points:+.1f}", lost], points


def _rate(pages: Sequence[Page]) -> float:
    return 100 * sum(not page.reason for page in pages) / max(len(pages), 1)


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("identify", "keep"))
    parser.add_argument("run", type=Path, nargs="+", help="folder of a finished run")
    parser.add_argument("--truth", type=Path, action="append", default=[], help="truth.jsonl.gz of added pages")
    parser.add_argument("--data", type=Path, default=os.environ.get("WOOLMILL_DATA"), help="by default what WOOLMILL_DATA names")
    parser.add_argument("--out", type=Path, help="also write the result to this file")
    given = parser.parse_args(argv)
    crawl = [Path(given.data) / "warc" / "truth.jsonl.gz"] if given.data else []
    if not crawl and not given.truth:
        print("where is the truth? set WOOLMILL_DATA or give --truth", file=sys.stderr)
        return 2
    truth = truth_of([*crawl, *given.truth])
    if given.what == "identify":
        documents = chain.from_iterable(documents_of(run, truth) for run in given.run)
        result, missed = identify_report(name_all(paragraphs(documents), load(str(path_of("lid.176")))))
    else:
        pages = [page for run in given.run for page in pages_of(run, truth)]
        result, missed = keep_report([page for page in pages if not page.short], "Translated pages")
        short, _ = keep_report([page for page in pages if page.short], "Short translated pages (not asked)")
        result += "\n\n" + short
    result += "\n\n" + ("Missed: " + "; ".join(missed) if missed else "All that is asked is met.")
    print(result)
    if given.out:
        given.out.write_text(result + "\n", encoding="utf-8")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
