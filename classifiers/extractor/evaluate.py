"""Score the main-content model on the exam sets: ``python -m classifiers.extractor.evaluate --data DIR``.

A page's F1 is that of the longest common subsequence of its kept words and the gold's, so order counts; a set's figure is the
mean of its pages, the macro figure the mean of the sets. The exam pages are never trained on, nor is any setting chosen by
them. What is scored is the choice of blocks; the rendering of formulas, code and tables is not in it.
"""

from __future__ import annotations

import argparse
import base64
import json
import lzma
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import LCSseq

from classifiers.extractor.examples import read_page
from classifiers.extractor.labels import tokens
from udfs.html.blocks.blockmodel import Model, load, predict
from udfs.html.blocks.decode import decode
from udfs.html.page.layout import PageTables

SETS = ("scrapinghub", "readability", "fundus", "wcxb-dev")
MAX_TOKENS = 200_000

Keep = NDArray[np.bool_]
Chooser = Callable[[PageTables], Keep]


@dataclass(frozen=True, slots=True)
class ExamPage:
    """A page with its gold text.

    Parameters
    ----------
    set, id, page_type : str
        Exam set; id in it; WCXB's type or ``-``.
    tables : PageTables
    blocks : list of lists of str
        Tokens of each block.
    gold : list of str
        Tokens of the gold text.
    """

    set: str
    id: str
    page_type: str
    tables: PageTables
    blocks: list[list[str]]
    gold: list[str]


@dataclass(frozen=True, slots=True)
class PageScore:
    """Precision, recall and F1 of one exam page."""

    set: str
    id: str
    page_type: str
    precision: float
    recall: float
    f1: float


def read_exam(data: Path, sets: Sequence[str] = SETS) -> Iterator[ExamPage]:
    """Read and scan the exam pages below ``data/extraction``."""
    for name in sets:
        with lzma.open(data / "extraction" / f"{name}.jsonl.xz", "rt", encoding="utf-8") as file:
            for row in map(json.loads, file):
                html = row["html"] if "html" in row else base64.b64decode(row["html_b64"]).decode("utf-8", "replace")
                tables, blocks = read_page(html)
                yield ExamPage(name, row["id"], row.get("page_type") or "-", tables, blocks, tokens(row["text"])[:MAX_TOKENS])


def lcs_scores(predicted: Sequence[str], gold: Sequence[str]) -> tuple[float, float, float]:
    """Precision, recall and F1 by the longest common subsequence; two empty sides agree, one empty side scores 0."""
    if not predicted or not gold:
        same = float(len(predicted) == len(gold))
        return same, same, same
    ids: dict[str, int] = {}
    numbers = [[ids.setdefault(token, len(ids)) for token in side] for side in (predicted, gold)]
    common = LCSseq.similarity(*numbers)
    precision, recall = common / len(predicted), common / len(gold)
    return precision, recall, 2 * common / (len(predicted) + len(gold))


def block_f1(keep: Keep, label: NDArray[np.float64], n_tokens: NDArray[np.int64]) -> float:
    """F1 of the kept tokens against labels; blocks of unknown label count for nothing."""
    size = np.where(np.isnan(label), 0, n_tokens)
    right = float((size * (keep & (label == 1))).sum())
    total = float((size * keep).sum() + (size * (label == 1)).sum())
    return 2 * right / total if total else 1.0


def score_page(page: ExamPage, keep: Keep) -> PageScore:
    """Score one choice of blocks."""
    kept = [token for block, chosen in zip(page.blocks, keep, strict=True) if chosen for token in block]
    return PageScore(page.set, page.id, page.page_type, *lcs_scores(kept[:MAX_TOKENS], page.gold))


def choose(model: Model | None = None) -> Chooser:
    """Return the shipped way from tables to kept blocks, with a given model or the shipped one."""
    known = model or load()
    return lambda tables: decode(tables, predict(tables, known)).keep


def summary(scores: Iterable[PageScore]) -> dict[str, float]:
    """Mean F1 of each set, of each WCXB type as ``wcxb-dev/TYPE``, and of the sets as ``macro``."""
    groups: dict[str, list[float]] = defaultdict(list)
    for score in scores:
        groups[score.set].append(score.f1)
        if score.set.startswith("wcxb"):
            groups[f"{score.set}/{score.page_type}"].append(score.f1)
    means = {name: fmean(values) for name, values in groups.items()}
    means["macro"] = fmean(value for name, value in means.items() if "/" not in name)
    return means


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m classifiers.extractor.evaluate", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the input data")
    parser.add_argument("--model", type=Path, help="a model file; default: the shipped one")
    parser.add_argument("--sets", nargs="+", default=list(SETS), help="exam sets")
    parser.add_argument("--pages", action="store_true", help="print each page's scores too")
    args = parser.parse_args(argv)
    chooser = choose(load(args.model) if args.model else None)
    scores = [score_page(page, chooser(page.tables)) for page in read_exam(args.data, args.sets)]
    if args.pages:
        for s in sorted(scores, key=lambda s: (s.set, s.f1, s.id)):
            print(f"{s.set}\t{s.page_type}\t{s.id}\t{s.precision:.3f}\t{s.recall:.3f}\t{s.f1:.3f}")
    for name, value in summary(scores).items():
        print(f"{name:<28}{value:.4f}")


if __name__ == "__main__":
    main()
