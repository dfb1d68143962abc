"""How well routing finds mathematics and code, and what of both is left after the whole chain.

``python -m benchmarks.routes --data DIR`` prints precision and recall on the exam (``classifiers/routes/labels.jsonl``) with 95 %
intervals: sources are drawn with repetition, since the pages of one are alike. With a run, ``RUN``, it prints the classes of its
documents by the category of ``DIR/warc/truth.jsonl.gz``, and how many of the code blocks and formulas that extraction found stand
in the shards, byte by byte.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.dataset as ds
from numpy.typing import NDArray

from classifiers.routes import model
from classifiers.routes.pages import Labelled, columns, read
from conf.schema import Route
from udfs.routing import CLASSES, route

DRAWS = 1000
SEED = 1
KINDS = ("math", "code")

Truth = NDArray[np.bool_]


def exam(data: Path) -> None:
    """Print precision and recall of the shipped weights and default limits on the exam."""
    pages, limits = read(data, "exam"), Route()
    found = route(columns(pages), np.ones(len(pages), bool), model.load(), min_math=limits.min_math, min_code=limits.min_code)
    sure = np.array([bool(page.row["sure"]) for page in pages])
    print(f"exam: {len(pages)} pages of {len({page.group for page in pages})} sources, {sure.sum()} of them labelled surely")
    for name, score in zip(KINDS, (found.math, found.code), strict=True):
        truth = np.array([page.label == name for page in pages])
        said = found.classes == CLASSES.index(name)
        for what, among in (("all", np.ones(len(pages), bool)), ("sure", sure)):
            groups = [page.group for page, one in zip(pages, among, strict=True) if one]
            _print_figures(f"{name} ({what})", said[among], truth[among], groups)
        _print_calibration(name, score, truth)
    _print_errors(pages, [CLASSES[c] for c in found.classes.tolist()])


def _print_figures(name: str, said: Truth, truth: Truth, groups: Sequence[str]) -> None:
    names, codes = np.unique(groups, return_inverse=True)
    tallies = np.stack([np.bincount(codes, weights=w, minlength=len(names)) for w in (said & truth, said, truth)])
    drawn = np.random.default_rng(SEED).multinomial(len(names), np.full(len(names), 1 / len(names)), size=DRAWS)
    hits, told, there = (drawn @ tally for tally in tallies)
    for word, counts, whole in (("precision", told, tallies[1].sum()), ("recall", there, tallies[2].sum())):
        low, high = np.percentile(hits / np.maximum(counts, 1), (2.5, 97.5))
        print(
            f"  {name:12} {word:9} {tallies[0].sum():.0f} of {whole:.0f}: {tallies[0].sum() / whole:.3f} ({low:.2f} to {high:.2f})"
        )


def _print_calibration(name: str, scores: NDArray[np.float64], truth: Truth) -> None:
    cells = [(scores >= low) & (scores < low + 0.2) if low < 0.8 else scores >= low for low in (0.0, 0.2, 0.4, 0.6, 0.8)]
    told = ", ".join(f"{scores[c].mean():.2f} → {truth[c].mean():.2f} ({c.sum()})" for c in cells if c.any())
    print(f"  {name} score → share of pages: {told}")


def _print_errors(pages: Sequence[Labelled], classes: Sequence[str]) -> None:
    wrong = Counter(
        (page.label, said if said in KINDS else "other", page.group)
        for page, said in zip(pages, classes, strict=True)
        if page.label != (said if said in KINDS else "other")
    )
    for (label, said, group), n in wrong.most_common(12):
        print(f"  {label} taken for {said}: {n} of {group}")


def truths(data: Path) -> Mapping[str, dict[str, Any]]:
    """Return what is known of the records of the test crawl, by their ids without brackets."""
    with gzip.open(data / "warc" / "truth.jsonl.gz", "rt", encoding="utf-8") as lines:
        return {row["record_id"].strip("<>"): row for row in map(json.loads, lines)}


def table(run: Path, name: str, names: Sequence[str]) -> list[dict[str, Any]]:
    """Return columns of a table of a run, row by row."""
    files = sorted(str(path) for path in (run / name).glob("**/*.parquet"))
    rows: list[dict[str, Any]] = ds.dataset(files, format="parquet").to_table(columns=list(names)).to_pylist()
    return rows


def by_category(run: Path, known: Mapping[str, dict[str, Any]]) -> None:
    """Print the classes of a run's documents by the truth's category and source."""
    records = {row["id"]: (row["record_id"] or "").strip("<>") for row in table(run, "records", ["id", "record_id"])}
    rows = [(known.get(records[r["id"]]), r["class"]) for r in table(run, "routes", ["id", "class"])]
    told = [(truth, cls) for truth, cls in rows if truth]
    counts = Counter((truth["category"], cls) for truth, cls in told)
    print(f"{'category':12}" + "".join(f"{cls:>14}" for cls in CLASSES))
    for category in sorted({category for category, _ in counts}):
        print(f"{category:12}" + "".join(f"{counts[category, cls]:14}" for cls in CLASSES))
    for kind in KINDS:
        good = [cls for truth, cls in told if truth["category"] == kind and truth["expect"] == "keep"]
        into = [truth for truth, cls in told if cls == kind and truth["expect"] == "keep"]
        right = sum(truth["category"] == kind for truth in into)
        print(f"good pages of category {kind}: {sum(cls == kind for cls in good)} of {len(good)} in the class; ", end="")
        print(f"good pages of the class: {right} of {len(into)} of the category")


def kept(run: Path, known: Mapping[str, dict[str, Any]]) -> None:
    """Print how many blocks and formulas of extraction are in the shards, of kept documents and of all good ones."""
    records = {row["id"]: (row["record_id"] or "").strip("<>") for row in table(run, "records", ["id", "record_id"])}
    classes = {row["id"]: row["class"] for row in table(run, "routes", ["id", "class"])}
    shards = {row["id"]: row["text"] for row in table(run, "shards", ["id", "text"])}
    found: defaultdict[tuple[str, str, str], Counter[str]] = defaultdict(Counter)
    for document in _documents(run):
        cls, text = classes.get(document["id"]), shards.get(document["id"])
        if cls is None:
            continue
        good = known.get(records[document["id"]], {}).get("expect") == "keep"
        for span in document["spans"] or ():
            if span["kind"] in KINDS:
                block = document["text"][span["start"] : span["end"]]
                sets = [s for s, wanted in (("kept", text is not None), ("good", good)) if wanted]
                for each in sets:
                    found[each, cls, span["kind"]].update(all=1, there=int(text is not None and block in text))
    for (documents, cls, kind), n in sorted(found.items()):
        word = "formulas" if kind == "math" else "code blocks"
        print(
            f"{word} of {documents} documents of class {cls}: {n['there']} of {n['all']} in the shards ({n['there'] / n['all']:.4f})"
        )


def _documents(run: Path) -> Iterator[dict[str, Any]]:
    for batch in ds.dataset(run / "documents", format="parquet").to_batches(columns=["id", "text", "spans"]):
        yield from batch.to_pylist()


def main(argv: list[str] | None = None) -> int:
    """Print the figures; the exit status is 2 where the data is not named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", nargs="?", type=Path, help="folder of a run on the test crawl")
    parser.add_argument("--data", type=Path, default=os.environ.get("WOOLMILL_DATA"), help="folder of the labelled data")
    arguments = parser.parse_args(argv)
    if arguments.data is None:
        print("where is the data? give --data DIR or set WOOLMILL_DATA", file=sys.stderr)
        return 2
    exam(Path(arguments.data))
    if arguments.run:
        known = truths(Path(arguments.data))
        by_category(arguments.run, known)
        kept(arguments.run, known)
    return 0


if __name__ == "__main__":
    sys.exit(main())
