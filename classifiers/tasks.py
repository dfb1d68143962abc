"""What the shipped classifiers are trained on: quality, mathematics, code, each a task with its files and examples.

Examples come from labelled texts and pages of the web, never from the test crawl itself nor from its gold texts.
"""

from __future__ import annotations

import json
import lzma
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import xxhash

from classifiers import quality_examples
from classifiers.fasttext_clf import NEGATIVE, POSITIVE, Example, Recipe
from classifiers.quality.pages import FILES, Split, split_of
from udfs.html import extract
from udfs.urls import registered_domain

Row = dict[str, Any]

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
_PARITY_PROSE = frozenset({"manpage", "apphelp", "manual", "udhr", "legal", "policy", "medical", "bio", "math", "code"})
_PARITY_DOUBTFUL_MATH = frozenset({"stats", "edge", "sourcecode"})
_PARITY_DOUBTFUL_CODE = frozenset({"stats", "edge", "manpage", "math", "dictionary"})


@dataclass(frozen=True, slots=True)
class Task:
    """One classifier to train.

    Parameters
    ----------
    name, purpose : str
        What it is called, and what it is for.
    files : mapping of str to str
        What each file of the data folder is used for.
    examples : callable
        Yields the examples of a data folder.
    labels : tuple of str
        The label that scores speak for, and the other.
    recipe : Recipe
        How it is trained.
    extra : callable
        Given the data folder and the examples that are used, returns more to train on that no figure is measured on.
    withheld : callable
        Yields what the model that ships is trained on, and the one that is examined is not: other texts of the exam's domains.
    version : str
        Version of the model.
    examined : bool
        Whether it sits the exam of quality, and judges only the languages that it was shown both sides of.
    """

    name: str
    purpose: str
    files: Mapping[str, str]
    examples: Callable[[Path], Iterator[Example]]
    labels: tuple[str, str]
    recipe: Recipe = field(default_factory=Recipe)
    extra: Callable[[Path, Sequence[Example]], list[Example]] = lambda _data, _examples: []
    withheld: Callable[[Path], Iterator[Example]] = lambda _data: iter(())
    version: str = "1"
    examined: bool = False


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


def short_texts(data: Path, split: Split) -> Iterator[Row]:
    """Yield the labelled short texts whose domain is on one side of the exam (`classifiers.quality.pages.split_of`)."""
    return (row for row in read(data / TEXTCLASSES) if split_of(group_of(row)) == split)


def prose_examples(data: Path) -> Iterator[Example]:
    """Yield the labelled texts of domains that are not examined: well-formed explanatory prose, and what is none; and read pages."""
    yield from _short_examples(data, "train")
    yield from quality_examples.by_reading(data)


def prose_extra(data: Path, known: Sequence[Example]) -> list[Example]:
    """Return what quality is trained on besides: see `quality_examples.weak`; trusted are texts of `PARITY` and of `STRUCTURED`."""
    return quality_examples.weak(data, known, list(capped(_trusted(data, "train"), {"high": MAX_POSITIVES})))


def prose_withheld(data: Path) -> Iterator[Example]:
    """Yield the labelled short texts and the trusted ones of domains that are examined."""
    yield from _short_examples(data, "exam")
    yield from capped(_trusted(data, "exam"), {"high": MAX_POSITIVES})


def _short_examples(data: Path, split: Split) -> Iterator[Example]:
    for row in short_texts(data, split):
        yield Example(row["text"], row["label"], group_of(row), row["lang"], row["class"])


def _trusted(data: Path, split: Split) -> Iterator[Example]:
    for row in read(data / PARITY):
        if row["kind"] in _PARITY_PROSE and split_of(group_of(row)) == split:
            yield Example(row["text"][: quality_examples.MOST], "high", group_of(row), row["lang"], f"trusted {row['kind']}")
    for row, text in _structured(data):
        if text and split_of(group_of(row)) == split:
            yield Example(text[: quality_examples.MOST], "high", group_of(row), "en", "trusted page of mathematics or code")


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
            "Probability that a text is well-formed explanatory prose rather than navigation, listings, advertising, logs or broken "
            "text. Says little on how much can be learnt from it. It judges only the languages that it was shown both sides of; "
            "of most of them the low side is made by rules. Pages of the web were labelled by one reader, a language model, or by "
            "their type alone, short texts by construction.",
            {
                TEXTCLASSES: "label high or low; the model that sat the exam has not seen its domains",
                **{
                    FILES[name]: "pages labelled by reading (classifiers/quality/labels.jsonl), split train"
                    for name in sorted(FILES)
                },
                **dict.fromkeys(STRUCTURED, "pages, trusted; the same"),
                PARITY: "texts, trusted, but for word lists, quotes, strings, change logs and what was made to be odd",
                **{FILES[name]: "the same; pages of domains not examined, weakly labelled" for name in quality_examples.PAGES},
            },
            prose_examples,
            ("high", "low"),
            Recipe(epochs=16, lines=True),
            prose_extra,
            prose_withheld,
            version="2",
            examined=True,
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
