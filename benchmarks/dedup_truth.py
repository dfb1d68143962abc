"""Score deduplication against what is known: the pairs of ``neardup``, and the copies that were planted in the crawl ``warc``.

    python -m benchmarks.dedup_truth [--only neardup|crawl] [--eval eval_dedup.py] [--out benchmarks/results/DATE-dedup-truth.md]

Both data sets lie below ``WOOLMILL_DATA``. ``neardup`` is scored by ``eval_dedup.py`` as it is, once for each preset beside
datasketch's MinHashLSH with the same bands and rows, and once more without verification. Asked of llama3: precision >= 0.99 at a
similarity of 0.7, recall >= 0.99 at 0.8 and >= 0.94 at 0.7; and of all runs that whatever goes gives way to a document that stays.
For the crawl see `benchmarks.planted_copies`. Exit code 1 when anything that is asked is missed.
"""

from __future__ import annotations

import json
import lzma
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks.made_up_texts import write_rows
from benchmarks.planted_copies import crawl_report
from benchmarks.runs import ROOT, Done, data_folder, dedup, markdown, parser, scratch, tell
from conf.load import resolve

ASKED: Final = {("true_to_any", 0.7): 0.99, ("recall", 0.8): 0.99, ("recall", 0.7): 0.94}
"""Of llama3: score and threshold to the least value."""

COLUMNS: Final = ("run", "at", "removed", "precision", "to kept_id", "recall", "F1", "left")


@dataclass(frozen=True, slots=True)
class Way:
    """A way to run: its name, the preset and what differs from it."""

    name: str
    preset: str
    overrides: tuple[str, ...] = ()


WAYS: Final = (
    Way("llama3", "llama3"),
    Way("llama3, verify=jaccard", "llama3", ("documents.verify=jaccard",)),
    Way("llama3, verify=none, components", "llama3", ("documents.verify=none", "documents.removal=components")),
    Way("fineweb", "fineweb"),
    Way("datasketch", "datasketch"),
)


def texts_of(source: Path) -> Iterator[tuple[str, str, str, str, str]]:
    """Read the documents with known pairs as ``id, url, date, lang, text``."""
    with lzma.open(source, "rt", encoding="utf-8") as lines:
        for row in map(json.loads, lines):
            yield row["id"], row["url"], row["fetched"], row["lang"], row["text"]


def evaluate(script: Path, data: Path, *words: str) -> list[dict[str, Any]]:
    """Run the shared script and return what it printed."""
    command = [sys.executable, str(script), *words, "--data", str(data), "--json"]
    done = subprocess.run(command, text=True, capture_output=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def row_of(name: str, score: Mapping[str, Any]) -> list[str]:
    """Return a row of the table."""
    shares = [f"{score[column]:.4f}" for column in ("true_to_any", "true_to_kept_id", "recall", "f1")]
    return [name, str(score["threshold"]), f"{score['removed']:,}", *shares, str(score["left"])]


def orphans(done: Done) -> int:
    """Count the documents that go in favour of one that goes, too, or of one that is not there."""
    rows = done.decisions.select(["id", "kept", "kept_id"]).to_pylist()
    stay = {row["id"] for row in rows if row["kept"]}
    return sum(1 for row in rows if not row["kept"] and row["kept_id"] not in stay)


def neardup_report(data: Path, script: Path, folder: Path) -> tuple[list[str], list[str]]:
    """Run all ways; return the sections of the report, and what was missed."""
    texts = folder / "texts" / "neardup.parquet"
    write_rows(texts, texts_of(data / "docs.jsonl.xz"))
    rows: list[list[str]] = []
    missed: list[str] = []
    baselines: set[tuple[int, int]] = set()
    for number, way in enumerate(WAYS):
        done = dedup(texts, folder / f"run{number}", "--preset", way.preset, "--levels", "documents", *way.overrides)
        scores = evaluate(script, data, str(done.root / "decisions.parquet"))
        rows += [row_of(way.name, score) for score in scores]
        if way.name == "llama3":
            missed += _missed(scores)
        if lost := orphans(done):
            missed.append(f"{way.name}: {lost} documents go in favour of one that is not kept")
        given = resolve(ROOT / "conf" / "dedup" / f"{way.preset}.yaml", ["input.paths=-", *way.overrides]).recipe.sketch
        if (given.bands, given.rows) not in baselines:
            baselines.add((given.bands, given.rows))
            sized = ("--baseline", "--bands", str(given.bands), "--rows", str(given.rows))
            rows += [row_of(f"MinHashLSH {given.bands} x {given.rows}", score) for score in evaluate(script, data, *sized)]
    said = "Precision: of what goes, the share with some kept document at least so similar; `to kept_id`: with the one named."
    return ["## Known pairs", said, markdown(COLUMNS, rows)], missed


def _missed(scores: Sequence[Mapping[str, Any]]) -> list[str]:
    by_threshold = {score["threshold"]: score for score in scores}
    return [
        f"llama3: {name} at {threshold} is {by_threshold[threshold][name]}, asked is {least}"
        for (name, threshold), least in ASKED.items()
        if by_threshold[threshold][name] < least
    ]


def main(argv: Sequence[str] | None = None) -> int:
    """Run, score, print."""
    arguments = parser(__doc__)
    arguments.add_argument("--only", choices=("neardup", "crawl"), help="one half")
    arguments.add_argument(
        "--eval",
        type=Path,
        default=os.environ.get("WOOLMILL_EVAL_DEDUP"),
        help="eval_dedup.py; also WOOLMILL_EVAL_DEDUP names it",
    )
    given = arguments.parse_args(argv)
    data = data_folder(arguments)
    sections: list[str] = []
    missed: list[str] = []
    with scratch(given.scratch) as folder:
        if given.only != "crawl":
            script = Path(given.eval) if given.eval else data.parent / "scripts" / "eval_dedup.py"
            told, wrong = neardup_report(data / "neardup", script, folder)
            sections, missed = sections + told, missed + wrong
        if given.only != "neardup":
            told, wrong = crawl_report(data / "warc", folder)
            sections, missed = sections + told, missed + wrong
    verdict = "Missed: " + "; ".join(missed) if missed else "All that is asked is met."
    tell([*sections, verdict], given.out)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
