"""Train the shipped classifiers: quality, mathematics, code. Run as ``python -m classifiers.train all --data DIR``.

The same data and extractor (some examples of mathematics and code are pages) give the same bytes. Examples come from labelled
texts, never from the test crawl itself nor from its gold texts. The metrics in the cards are of cross-validation by registered
domain: each example is scored by a quantised model that was trained in the same way without any example of its fold's domains.
What ships is trained on all examples.
"""

from __future__ import annotations

import argparse
import json
import lzma
import math
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import xxhash
from numpy.typing import NDArray

from classifiers.fasttext_clf import (
    NEGATIVE,
    POSITIVE,
    Classifier,
    Example,
    Recipe,
    auc,
    evaluate,
    folds_of,
    languages_of,
    prepare,
    train,
)
from classifiers.registry import Card, folder, sha256_of
from udfs.fasttext import FastText
from udfs.html import extract
from udfs.urls import registered_domain

Row = dict[str, Any]

Floats = NDArray[np.float64]

FOLDS = 5

MAX_POSITIVES = 400
MAX_NEGATIVES = {"quality": 400, "math": 40, "code": 40}
"""Examples of one label from one group: no site teaches a model what its class is."""

LEAST_IN_LANGUAGE = 10
"""Examples of either label from which the quality model judges a language."""

TEXTCLASSES = "textclasses.jsonl.xz"
PARITY = "parity/texts.jsonl.xz"
STRUCTURED = ("structured/native.jsonl.xz", "structured/rendered.jsonl.xz")
WEB = "extraction_train.jsonl.xz"

_GROUP_OF_SOURCE = {
    "python3.11-doc": "python.org",
    "cpython-stdlib": "python.org",
    "maxima-doc": "sourceforge.io",
    "r-doc-html": "r-project.org",
}
_MATH_SITES = frozenset({"sagemath.org", "sourceforge.io", "eigen.tuxfamily.org", "sympy.org", "scipy.org"})
_WITHOUT_MATHEMATICS = frozenset(
    {"navigation", "heading_list", "listing", "boilerplate", "keyword_list", "truncated_snippets", "error_page"}
)
"""Texts of sites on mathematics that hold none: else a model learns the sites' headings."""
_CPP_LIBRARY = "eigen.tuxfamily.org"
_CODE_SITES = frozenset({"python.org", "rust-lang.org", "boost.org", "nodejs.org", "oracle.com"})
_ON_CODE_SITES = frozenset({"reference", "technical_prose"})
_TECHNICAL = frozenset({"reference", "technical_prose", "howto", "math", "api_listing"})
_PARITY_DOUBTFUL_MATH = frozenset({"stats", "edge", "sourcecode"})
_PARITY_DOUBTFUL_CODE = frozenset({"stats", "edge", "manpage", "math", "dictionary"})


@dataclass(frozen=True, slots=True)
class Task:
    """One classifier to train: what it is for, where its examples come from, how it is made."""

    name: str
    purpose: str
    files: Mapping[str, str]
    examples: Callable[[Path], Iterator[Example]]
    labels: tuple[str, str]
    recipe: Recipe = field(default_factory=Recipe)


@cache
def read(path: Path) -> tuple[Row, ...]:
    """Return the rows of a compressed file of JSON lines."""
    with lzma.open(path, "rt", encoding="utf-8") as file:
        return tuple(json.loads(line) for line in file)


def group_of(row: Row) -> str:
    """Return what is held out together with a row.

    Its registered domain, or the site of its source package; all made-up sites (``example.*``) are one group, since one
    generator made their texts.
    """
    if address := row.get("url") or row.get("domain"):
        domain = registered_domain(address if "://" in address else f"https://{address}/")
        return "example" if domain.startswith("example.") else domain
    source = str(row["source"])
    for package in ("libreoffice", "debian", "manpages", "developers-reference", "fortunes"):
        if source.startswith(package):
            return {"debian": "debian.org", "libreoffice": "libreoffice.org"}.get(package, package)
    return _GROUP_OF_SOURCE.get(source, source)


def quality_examples(data: Path) -> Iterator[Example]:
    """Yield the labelled texts: well-formed explanatory prose, and what is none."""
    for row in read(data / TEXTCLASSES):
        yield Example(row["text"], row["label"], group_of(row), row["lang"])


def math_examples(data: Path) -> Iterator[Example]:
    """Yield pages of mathematics against pages of everything else, in many languages."""
    for row in read(data / TEXTCLASSES):
        group = group_of(row)
        if row["class"] == "math" and group != _CPP_LIBRARY:  # its pages explain C++ templates, with hardly a formula
            yield Example(row["text"], POSITIVE, group)
        elif group not in _MATH_SITES or row["class"] in _WITHOUT_MATHEMATICS:
            yield Example(row["text"], NEGATIVE, group)
    for row in read(data / PARITY):
        if row["kind"] not in _PARITY_DOUBTFUL_MATH:
            yield Example(row["text"], POSITIVE if row["kind"] == "math" else NEGATIVE, group_of(row))
    for row, text in _structured(data):
        if len(row["formulas"]) >= 4:
            yield Example(text, POSITIVE, group_of(row))
        elif not row["formulas"] and group_of(row) not in _MATH_SITES:
            yield Example(text, NEGATIVE, group_of(row))
    yield from _web(data)


def code_examples(data: Path) -> Iterator[Example]:
    """Yield source text and pages that explain code against pages of everything else, in many languages."""
    for row in read(data / TEXTCLASSES):
        group = group_of(row)
        if row["class"] == "code_explained" or (row["class"] in _ON_CODE_SITES and group in _CODE_SITES):
            yield Example(row["text"], POSITIVE, group)
        elif row["class"] not in _TECHNICAL and group not in _CODE_SITES:
            yield Example(row["text"], NEGATIVE, group)
    for row in read(data / PARITY):
        if row["kind"] not in _PARITY_DOUBTFUL_CODE:
            yield Example(row["text"], POSITIVE if row["kind"] in {"code", "sourcecode"} else NEGATIVE, group_of(row))
    for row, text in _structured(data):
        if sum(len(block["text"]) for block in row["code_blocks"]) >= 300:
            yield Example(text, POSITIVE, group_of(row))
    yield from _web(data)


def _structured(data: Path) -> Iterator[tuple[Row, str]]:
    for file in STRUCTURED:
        for row in read(data / file):
            yield row, extract(row["html"].encode("utf-8", "surrogatepass"), url=row["url"], charset="utf-8").text


def _web(data: Path) -> Iterator[Example]:
    """Yield ordinary web pages, as people marked their main text, but for documentation, which may hold anything."""
    for row in read(data / WEB):
        if row["page_type"] != "documentation" and row["text"]:
            yield Example(row["text"], NEGATIVE, group_of(row))


def capped(examples: Iterable[Example], most: Mapping[str, int]) -> Iterator[Example]:
    """Yield at most so many examples of each label from a group, chosen by hash of their text."""
    ordered = sorted(examples, key=lambda e: (xxhash.xxh3_64_intdigest(e.text.encode("utf-8", "surrogatepass")), e.text))
    seen: Counter[tuple[str, str]] = Counter()
    for example in ordered:
        seen[example.label, example.group] += 1
        if seen[example.label, example.group] <= most[example.label]:
            yield example


_SAME_SITES = (
    "Labelled by construction, not by raters, mostly from documentation; the texts come from the same sites as the project's test "
    "crawl (never from its exam texts), so figures on that crawl flatter."
)
TASKS: Mapping[str, Task] = {
    task.name: task
    for task in (
        Task(
            "quality",
            "Probability that a text is well-formed explanatory prose rather than navigation, listings, spam, logs or broken "
            "text. Says nothing on how much can be learnt from it. Junk of a sort it was not shown mostly passes (the fold with all "
            "made-up sites shows it), and it judges only the languages that it was shown both sides of. " + _SAME_SITES,
            {TEXTCLASSES: "label high or low"},
            quality_examples,
            ("high", "low"),
        ),
        Task(
            "math",
            "Probability that a page is mathematics: formulas, proofs, computer algebra. One against the rest. Positives come "
            "from few sites, mostly documentation of mathematical software. " + _SAME_SITES,
            {
                TEXTCLASSES: "class math against others",
                PARITY: "kind math against others",
                **dict.fromkeys(STRUCTURED, "pages with 4 or more formulas, extracted, against pages without"),
                WEB: "main texts as negatives",
            },
            math_examples,
            (POSITIVE, NEGATIVE),
        ),
        Task(
            "code",
            "Probability that a page is source text or explains code. One against the rest. Manual pages, how-tos and other "
            "technical prose are in neither class. " + _SAME_SITES,
            {
                TEXTCLASSES: "class code_explained, and reference and technical prose of programming sites, against others",
                PARITY: "kinds code and sourcecode against others",
                **dict.fromkeys(STRUCTURED, "pages with 300 or more characters in code blocks, extracted"),
                WEB: "main texts as negatives",
            },
            code_examples,
            (POSITIVE, NEGATIVE),
        ),
    )
}


def make(task: Task, data: Path, out: Path) -> Card:
    """Cross-validate one classifier, train it on all examples, write it and its card.

    Parameters
    ----------
    task : Task
        One of `TASKS`.
    data : Path
        The folder that holds the training data.
    out : Path
        The folder to write ``<name>.ftz`` and ``<name>.json`` to.
    """
    most = dict(zip(task.labels, (MAX_POSITIVES, MAX_NEGATIVES[task.name]), strict=True))
    examples = [e for e in capped(task.examples(data), most) if prepare(e.text)]
    metrics = cross_validated(examples, task)
    path = out / f"{task.name}.ftz"
    train(examples, task.recipe, path)
    languages = {}
    if task.name == "quality":
        metrics |= _probe(Classifier(FastText(path), task.labels[0]), data)
        languages = {"languages": languages_of(examples, task.labels, LEAST_IN_LANGUAGE)}
    card = Card(
        name=task.name,
        file=path.name,
        kind="fasttext",
        sha256=sha256_of(path),
        purpose=task.purpose,
        labels=task.labels,
        training_data=tuple({"file": f, "sha256": sha256_of(data / f), "use": use} for f, use in task.files.items()),
        seed=task.recipe.seed,
        parameters={
            **asdict(task.recipe),
            "threads": 1,
            "lower_case": True,
            "tokens": "classifiers.fasttext_clf.prepare",
            "max_examples_per_domain": most,
            **languages,
        },
        metrics=metrics,
        licence="Apache-2.0 for the model file; the texts it was trained on keep their licences and are not in it",
        source="trained here from the labelled texts named in training_data",
        command=f"python -m classifiers.train {task.name} --data DIR",
    )
    (out / f"{task.name}.json").write_text(card.to_json(), encoding="utf-8")
    return card


def cross_validated(examples: Sequence[Example], task: Task) -> Row:
    """Return the figures of models that have not seen the domain of what they score."""
    fold_of = folds_of(examples, task.labels[0], FOLDS)
    folds = np.array([fold_of[e.group] for e in examples])
    truth = np.array([e.label == task.labels[0] for e in examples])
    values = np.zeros(len(examples))
    for fold in range(FOLDS):
        with tempfile.TemporaryDirectory() as scratch:
            path = Path(scratch) / "fold.ftz"
            train((e for e, own in zip(examples, folds, strict=True) if own != fold), task.recipe, path)
            classifier = Classifier(FastText(path), task.labels[0])
        for i in np.flatnonzero(folds == fold).tolist():
            values[i] = classifier.score(prepare(examples[i].text)) or 0.0
    groups = [e.group for e in examples]
    lengths = np.array([float(len(prepare(e.text))) for e in examples])
    return {
        "measured_on": f"examples of unseen registered domains, {FOLDS} folds of whole domains, quantised models",
        "unseen_domains": asdict(evaluate(values, truth, groups)),
        "auc_by_fold": [_figure(auc(values[folds == f], truth[folds == f])) for f in range(FOLDS)],
        "positives_found_at_0.5": _recall_by_domain(values, truth, groups),
        "auc_of_length_alone": round(max(auc(lengths, truth), 1 - auc(lengths, truth)), 4),
    }


def _figure(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 4)


def _recall_by_domain(values: Floats, truth: NDArray[np.bool_], groups: Sequence[str]) -> dict[str, str]:
    counts = Counter(group for group, positive in zip(groups, truth, strict=True) if positive)
    found = Counter(group for group, hit in zip(groups, truth & (values >= 0.5), strict=True) if hit)
    return {group: f"{found[group]} of {count}" for group, count in sorted(counts.items()) if count >= 15}


def _probe(classifier: Classifier, data: Path) -> Row:
    """Return the share of ordinary web pages' main texts that pass: a sort of text the model was not trained on."""
    pages = [row for row in read(data / WEB) if row["text"]]
    passed: Counter[str] = Counter()
    for row in pages:
        passed[row["page_type"]] += (classifier.score(prepare(row["text"])) or 0.0) >= 0.5
    counts = Counter(row["page_type"] for row in pages)
    return {"web_pages_main_text_above_0.5": {kind: f"{passed[kind]} of {counts[kind]}" for kind in sorted(counts)}}


def main(argv: list[str] | None = None) -> int:
    """Train what the command line names; the exit status is 2 where the data is not there."""
    parser = argparse.ArgumentParser(description="Train the shipped classifiers.")
    parser.add_argument("name", nargs="?", default="all", choices=[*TASKS, "all"])
    parser.add_argument("--data", type=Path, default=os.environ.get("WOOLMILL_DATA"), help="folder of the training data")
    parser.add_argument("--out", type=Path, default=None, help="folder to write to; by default that of the shipped models")
    arguments = parser.parse_args(argv)
    if arguments.data is None:
        print("where is the training data? give --data DIR or set WOOLMILL_DATA", file=sys.stderr)
        return 2
    out = arguments.out or folder()
    out.mkdir(parents=True, exist_ok=True)
    for name in TASKS if arguments.name == "all" else [arguments.name]:
        try:
            card = make(TASKS[name], Path(arguments.data), out)
        except FileNotFoundError as error:
            print(f"{error.filename} is not there: the {name} classifier is trained on it", file=sys.stderr)
            return 2
        size = (out / card.file).stat().st_size
        print(f"{name}: {size:,} bytes, unseen domains {card.metrics['unseen_domains']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
