r"""Compare our computation of datatrove's values and decisions with datatrove's own, on the texts of the parity file.

    peers/bin/python -m benchmarks.parity segment WORDS.jsonl.gz                  in the peer's environment, once
    python -m benchmarks.parity compare WORDS.jsonl.gz [--out benchmarks/results/DATE-parity.md]

The texts are those of ``parity`` below ``WOOLMILL_DATA``; each row holds what datatrove 0.10.1 computed and decided. `segment`
writes datatrove's own words of every text, the sentences of each of its lines, and the words of the text that C4's filter
without end marks leaves. `compare` computes from them: every value, the first reason of each filter, FineWeb's chain of four
filters, and the text that each variant of C4's rules on lines leaves. It prints what differs, and ends with status 1 when a
value differs by over 1e-9, more than 0.2 % of the decisions of a filter do, or a text does. At last it prints what our own words
change: by language, the share of texts that a filter keeps with one of the word models and drops with the other.

The peer is no dependency. To have it, in an environment to throw away (31 languages; none is left out)::

    python -m venv peers
    peers/bin/pip install "datatrove[io,processing]==0.10.1" lxml_html_clean "spacy>=3.8" "xxhash<4" jieba pythainlp \
        sudachipy sudachidict_core khmer-nltk laonlp
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import lzma
import math
import os
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

Decision = tuple[bool, str]

TOLERANCE: Final = 1e-9
LEAST_AGREEMENT: Final = 0.998
SETS: Final = {
    "gopher_repetition": "gopher_repetition_datatrove",
    "gopher_quality": "gopher_quality_datatrove",
    "c4_quality": "c4_datatrove",
    "c4_no_punct": "c4_no_punct_datatrove",
    "fineweb_quality": "fineweb_datatrove",
}
"""The peer's filters, and the rule sets that stand for them."""

CHAIN: Final = ("gopher_repetition", "gopher_quality", "c4_no_punct")
LINES: Final = {"c4_quality": "c4", "c4_no_punct": "c4_no_punct"}
_CITATION: Final = re.compile(r"\[\d*\]|\[edit\]|\[citation needed\]")


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that is not the same: of which text, what, ours and theirs, and why."""

    id: str
    what: str
    ours: object
    theirs: object
    cause: str


@dataclass(slots=True)
class Comparison:
    """What was compared, by name, and all that differs."""

    compared: Counter[str] = field(default_factory=Counter)
    largest: dict[str, float] = field(default_factory=dict)
    differences: list[Difference] = field(default_factory=list)

    def note(self, what: str, same: bool, difference: Difference) -> None:
        """Count one comparison."""
        self.compared[what] += 1
        if not same:
            self.differences.append(difference)

    def failed(self) -> bool:
        """Whether more differs than may."""
        wrong = Counter(difference.what for difference in self.differences)
        allowed = {what: (1 - LEAST_AGREEMENT) * self.compared[what] if what in (*SETS, "fineweb_chain") else 0 for what in wrong}
        return any(wrong[what] > allowed[what] for what in wrong)


def read_rows(folder: Path) -> Iterator[dict[str, Any]]:
    """Yield the rows of the parity file."""
    with lzma.open(folder / "parity" / "texts.jsonl.xz", "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def segment(rows: Iterator[dict[str, Any]], path: Path) -> int:
    """Write datatrove's own words of every text, in the peer's environment; return how many could not be segmented."""
    from datatrove.data import Document
    from datatrove.pipeline.filters import C4QualityFilter
    from datatrove.utils.text import split_into_sentences, split_into_words

    failed: Counter[str] = Counter()
    with gzip.open(path, "wt", encoding="utf-8") as out:
        for row in rows:
            text, lang = row["text"], row["lang"]
            try:
                found = {"id": row["id"], "words": split_into_words(text, lang)}
                lines = [_CITATION.sub("", line.strip()) if len(line.split()) > 2 else "" for line in text.splitlines()]
                found["sentences"] = [len(split_into_sentences(line, lang)) if line else 0 for line in lines]
                document = Document(text=text, id=row["id"])
                kept = C4QualityFilter(filter_no_terminal_punct=False, language=lang).filter(document) is True
                found["edited"] = split_into_words(document.text, lang) if kept else None
            except (ImportError, ValueError) as error:
                failed[f"{lang}: {error}"] += 1
            else:
                out.write(json.dumps(found, ensure_ascii=False) + "\n")
    for why, count in failed.most_common():
        print(f"{count} texts not segmented, {why}", file=sys.stderr)
    return failed.total()


def read_words(path: Path) -> dict[str, dict[str, Any]]:
    """Return what `segment` wrote, by id."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return {row["id"]: row for row in map(json.loads, lines)}


def compare(rows: Sequence[Mapping[str, Any]], words: Mapping[str, Mapping[str, Any]]) -> Comparison:
    """Compare everything that the rows hold with what we compute from datatrove's words."""
    from udfs.datatrove import signals
    from udfs.line_rules import LINE_RULES

    found, chosen = Comparison(), [row for row in rows if row["id"] in words]
    values, edited = [], []
    for row in chosen:
        own, decided = words[row["id"]], row["datatrove_decisions"]
        values.append(signals(row["text"], own["words"], own["sentences"]))
        _compare_values(found, row, values[-1])
        for name, rules in LINES.items():
            left = LINE_RULES[rules].edit(row["text"], ()).text if decided[name][0] else row["text"]
            left = "\n".join(left.splitlines()) if decided[name][0] else left
            digest, theirs = _digest(left), decided[f"{name}_text_sha256_16"]
            found.note(f"text of {name}", digest == theirs, Difference(row["id"], f"text of {name}", digest, theirs, "lines"))
            if name == "c4_no_punct":
                edited.append(signals(left, own["edited"] or []))
    _compare_decisions(found, chosen, values, edited)
    return found


def _compare_values(found: Comparison, row: Mapping[str, Any], values: Mapping[str, float]) -> None:
    for name, value in row["datatrove_signals"].items():
        ours, theirs = values[f"dt_{name}"], math.nan if value is None else float(value)
        off = 0.0 if math.isnan(ours) and math.isnan(theirs) else abs(ours - theirs) / max(1.0, abs(theirs))
        found.largest[name] = max(found.largest.get(name, 0.0), off)
        found.note(name, off <= TOLERANCE, Difference(row["id"], name, ours, theirs, f"differs by {off:g}"))


def _compare_decisions(
    found: Comparison,
    rows: Sequence[Mapping[str, Any]],
    values: Sequence[Mapping[str, float]],
    edited: Sequence[Mapping[str, float]],
) -> None:
    ours = {name: decisions(rules, values) for name, rules in SETS.items()}
    last = decisions(SETS["fineweb_quality"], edited)
    ours["fineweb_chain"] = [
        next((chained for name in CHAIN if not (chained := _named(name, ours[name][i]))[0]), _named("fineweb_quality", last[i]))
        for i in range(len(rows))
    ]
    for name, decided in ours.items():
        for row, decision in zip(rows, decided, strict=True):
            theirs = tuple(row["datatrove_decisions"][name])
            cause = "same values, other limit or order" if not _wrong(found, row["id"]) else "other values"
            found.note(name, decision == theirs, Difference(row["id"], name, decision, theirs, cause))


def decisions(rule_set: str, values: Sequence[Mapping[str, float]]) -> list[Decision]:
    """Return for each document whether a rule set keeps it, and else datatrove's name of the first reason."""
    from udfs.rules import RULE_SETS, evaluate, reasons

    rules = RULE_SETS[rule_set]
    names = {rule.signal for rule in rules.rules}
    columns = {name: np.array([row[name] for row in values]) for name in sorted(names)}
    fired = reasons(rules, evaluate(rules, columns))
    return [(not found, found[0].rsplit(".", 1)[1] if found else "") for found in fired]


def own_words(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return as Markdown the share of texts, by language and filter, that our own words keep and datatrove's do not, or drop."""
    values = [_with_own_words(row["text"]) for row in rows]
    kept = {name: [keep for keep, _ in decisions(rules, values)] for name, rules in SETS.items()}
    texts, flips = Counter(row["lang"] for row in rows), Counter[tuple[str, str]]()
    for name, ours in kept.items():
        theirs = (row["datatrove_decisions"][name][0] for row in rows)
        flips.update((row["lang"], name) for row, own, peer in zip(rows, ours, theirs, strict=True) if own != peer)
    head = f"| language | texts | {' | '.join(SETS)} |\n| --- | ---: |{' ---: |' * len(SETS)}\n"
    return head + "\n".join(
        f"| {lang} | {count} | {' | '.join(f'{flips[lang, name] / count:.1%}' for name in SETS)} |"
        for lang, count in texts.most_common()
    )


def _with_own_words(text: str) -> dict[str, float]:
    from udfs.datatrove import NAMES, measure, sentence_starts, token_bounds
    from udfs.words import classes, codepoints, word_bounds

    points = codepoints(text)
    starts, ends = token_bounds(points, *word_bounds(classes(points)))
    return dict(zip(NAMES, measure(points, starts, ends, sentences=sentence_starts(points)).tolist(), strict=True))


def _named(name: str, decision: Decision) -> Decision:
    return decision if decision[0] else (False, f"{name}:{decision[1]}")


def _wrong(found: Comparison, id_: str) -> bool:
    return any(difference.id == id_ for difference in found.differences)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def report(found: Comparison, rows: Sequence[Mapping[str, Any]]) -> str:
    """Return the comparison as Markdown."""
    wrong = Counter(difference.what for difference in found.differences)
    languages = Counter(row["lang"] for row in rows)
    parts = [
        f"# Parity with datatrove {rows[0]['datatrove_version']}",
        f"{len(rows)} texts in {len(languages)} languages, with datatrove's own words.",
        "| compared | rows | different | largest difference |\n| --- | ---: | ---: | ---: |\n"
        + "\n".join(
            f"| {what} | {count} | {wrong[what]} | {f'{found.largest[what]:.1e}' if what in found.largest else ''} |"
            for what, count in found.compared.items()
        ),
    ]
    if found.differences:
        parts.append(
            "| text | what | ours | datatrove's | cause |\n| --- | --- | --- | --- | --- |\n"
            + "\n".join(f"| {d.id} | {d.what} | {d.ours} | {d.theirs} | {d.cause} |" for d in found.differences)
        )
    parts.append("## Decisions that our own words change\n\n" + own_words(rows))
    return "\n\n".join(parts) + "\n"


def main() -> int:
    """Run from the command line; return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("mode", choices=("segment", "compare"))
    parser.add_argument("words", type=Path, help="file of datatrove's words, .jsonl.gz")
    parser.add_argument("--out", type=Path, help="Markdown file to write")
    args = parser.parse_args()
    folder = Path(os.environ["WOOLMILL_DATA"])
    if args.mode == "segment":
        return int(segment(read_rows(folder), args.words) > 0)
    rows, words = list(read_rows(folder)), read_words(args.words)
    found = compare(rows, words)
    text = report(found, [row for row in rows if row["id"] in words])
    print(text)
    if args.out:
        args.out.write_text(text, encoding="utf-8")
    return int(found.failed())


if __name__ == "__main__":
    sys.exit(main())
