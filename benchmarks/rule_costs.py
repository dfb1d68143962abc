r"""Count what each rule costs each kind of text: on labelled texts, and on the documents of a run over the test crawl.

    python -m benchmarks.rule_costs [RUN] [--recipe conf/llama3.yaml] [--out docs/rules-measured.md]

The first table is of the labelled short texts below ``WOOLMILL_DATA``: good kinds must stay, bad ones should go. Mathematics
goes through the rules of its class, explained code through those of code, other texts through those of their language. The
second is of a run's documents that reached ``filter``: good pages by category, as the truth of the test crawl has them. A rule
that fires on nothing is left out. ``only`` counts the documents that no other rule fires on. Behind
each table: what all rules together take of each class, and what they leave of each kind.
"""

from __future__ import annotations

import argparse
import gzip
import json
import lzma
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow.dataset as ds
from numpy.typing import NDArray

from classifiers.registry import path_of
from conf.load import resolve
from jobs.predicates import filter_plan
from udfs import kl
from udfs.filtering import FilterPlan, judge
from udfs.signals import NAMES, References, compute, dirty

CLASS_OF: Final = {"math": "math", "code_explained": "code"}


@dataclass(frozen=True, slots=True)
class Texts:
    """Documents with their kinds: whether each is good, what group it is in, and what the rules read."""

    columns: Mapping[str, NDArray[np.float64]]
    classes: Sequence[str]
    languages: Sequence[str]
    groups: Sequence[str]
    good: NDArray[np.bool_]


def labelled(data: Path) -> Texts:
    """Return the labelled texts with their signals."""
    references = References(kl.load(path_of("unigrams")), dirty.load(path_of("dirty_words")))
    with lzma.open(data / "textclasses.jsonl.xz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    signals = [compute(row["text"], row["lang"], (), references) for row in rows]
    columns = {name: np.array([row[name] for row in signals]) for name in NAMES}
    columns["lang_score"] = np.ones(len(rows))
    fallback = ["general" if row["lang"] == "en" else "multilingual" for row in rows]
    return Texts(
        columns,
        [CLASS_OF.get(row["class"], other) for row, other in zip(rows, fallback, strict=True)],
        [row["lang"] for row in rows],
        [row["class"] for row in rows],
        np.array([row["label"] == "high" for row in rows]),
    )


def of_run(run: Path, data: Path) -> Texts:
    """Return the documents of a run that reached ``filter`` and that the truth of the test crawl judges."""
    with gzip.open(data / "warc" / "truth.jsonl.gz", "rt", encoding="utf-8") as lines:
        truth = {row["record_id"]: row for row in map(json.loads, lines) if row["expect_alone"] in ("keep", "drop")}
    record = {row["id"]: row["record_id"] for row in _rows(run / "records", ["id", "record_id"])}
    class_of = {row["id"]: row["class"] for row in _rows(run / "routes", ["id", "class"])}
    rows = [row for row in _rows(run / "signals", None) if row["id"] in class_of and record[row["id"]] in truth]
    told = [truth[record[row["id"]]] for row in rows]
    names = [name for name in rows[0] if name not in ("id", "split", "lang", "word_model")]
    return Texts(
        {name: np.array([np.nan if row[name] is None else row[name] for row in rows], dtype=np.float64) for name in names},
        [class_of[row["id"]] for row in rows],
        [row["lang"] for row in rows],
        [f"{t['category']}" if t["expect_alone"] == "keep" else str(t["reason"] or t["kind"][0]) for t in told],
        np.array([t["expect_alone"] == "keep" for t in told]),
    )


def _rows(folder: Path, columns: list[str] | None) -> list[dict[str, Any]]:
    files = sorted(folder.rglob("*.parquet"))
    found: list[dict[str, Any]] = ds.dataset([str(file) for file in files]).to_table(columns=columns).to_pylist()
    return found


def costs(plan: FilterPlan, texts: Texts) -> list[tuple[str, str, str, int, int, int]]:
    """Return rows of rule, class, group, documents it fires on, those no other rule fires on, and documents of the group."""
    found: dict[tuple[str, str, str], list[int]] = {}
    groups = np.array(texts.groups, dtype=object)
    sizes: dict[tuple[str, str], int] = {}
    for one in judge(plan, texts.columns, classes=texts.classes, languages=texts.languages):
        alone = one.fired.sum(axis=0) == 1
        here = groups[one.places]
        for group in set(here):
            member = here == group
            sizes[one.cls, group] = sizes.get((one.cls, group), 0) + int(member.sum())
            for name, fired in zip(one.reasons, one.fired, strict=True):
                counts = found.setdefault((name, one.cls, group), [0, 0])
                counts[0] += int((fired & member).sum())
                counts[1] += int((fired & member & alone).sum())
    return [(rule, cls, group, n, only, sizes[cls, group]) for (rule, cls, group), (n, only) in found.items() if n]


def table(title: str, rows: Sequence[tuple[str, str, str, int, int, int]], good: frozenset[str]) -> str:
    """Return rules by class with what they cost good groups and what they take of bad ones, as Markdown."""
    by_rule: dict[tuple[str, str], dict[bool, list[str]]] = {}
    for rule, cls, group, n, only, size in sorted(rows, key=lambda row: (-row[3] / row[5], row[2])):
        cell = f"{group} {n}/{size}" + (f" ({only} only)" if only else "")
        by_rule.setdefault((rule, cls), {True: [], False: []})[group in good].append(cell)
    lines = [f"## {title}\n", "| rule | class | good texts it fires on | bad texts it fires on |", "| --- | --- | --- | --- |"]
    for (rule, cls), cells in sorted(by_rule.items()):
        lines.append(f"| `{rule}` | {cls} | {', '.join(cells[True]) or '-'} | {', '.join(cells[False][:8]) or '-'} |")
    return "\n".join(lines) + "\n"


def stays(plan: FilterPlan, texts: Texts) -> NDArray[np.bool_]:
    """Return which documents no rule fires on."""
    found = np.ones(len(texts.groups), dtype=np.bool_)
    for one in judge(plan, texts.columns, classes=texts.classes, languages=texts.languages):
        found[one.places] = ~one.fired.any(axis=0)
    return found


def lost(texts: Texts, stay: NDArray[np.bool_]) -> str:
    """Return how many documents of each class any rule fires on, as Markdown."""
    classes = np.array(texts.classes, dtype=object)
    lines = ["| class | good | any rule fires on | bad | any rule fires on |", "| --- | ---: | ---: | ---: | ---: |"]
    for cls in sorted(set(texts.classes)):
        members = [(classes == cls) & (texts.good == good) for good in (True, False)]
        lines.append(f"| {cls} | " + " | ".join(f"{member.sum()} | {(member & ~stay).sum()}" for member in members) + " |")
    return "\n".join(lines) + "\n"


def kept(texts: Texts, stay: NDArray[np.bool_]) -> str:
    """Return the share of each group that no rule fires on, as Markdown."""
    groups = np.array(texts.groups, dtype=object)
    lines = ["| group | should | documents | kept |", "| --- | --- | ---: | ---: |"]
    for good in (True, False):
        for group in sorted(set(groups[texts.good == good])):
            member = (groups == group) & (texts.good == good)
            lines.append(f"| {group} | {'stay' if good else 'go'} | {member.sum()} | {100 * stay[member].mean():.1f} % |")
    return "\n".join(lines) + "\n"


def main(argv: Sequence[str] | None = None) -> int:
    """Read, count, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, nargs="?", help="folder of a run over the test crawl")
    parser.add_argument("--recipe", type=Path, default=Path("conf/llama3.yaml"))
    parser.add_argument("--data", type=Path, default=os.environ.get("WOOLMILL_DATA"), help="by default what WOOLMILL_DATA names")
    parser.add_argument("--out", type=Path, help="also write the result to this file")
    arguments = parser.parse_args(argv)
    if arguments.data is None:
        print("where are the texts? set WOOLMILL_DATA or give --data", file=sys.stderr)
        return 2
    plan = filter_plan(resolve(arguments.recipe, ["input.paths=."]).recipe.filter)
    parts = []
    sources = [("Labelled texts", labelled(arguments.data))]
    if arguments.run:
        sources.append(("Documents of the test crawl", of_run(arguments.run, arguments.data)))
    for title, texts in sources:
        good = frozenset(group for group, is_good in zip(texts.groups, texts.good, strict=True) if is_good)
        stay = stays(plan, texts)
        parts += [table(title, costs(plan, texts), good), lost(texts, stay), kept(texts, stay)]
    result = "\n".join(parts)
    print(result)
    if arguments.out:
        arguments.out.write_text(result, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
