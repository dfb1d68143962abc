"""Make the references that ship: word frequencies for the KL rule, hashed dirty words, hashed benchmark n-grams.

Run as ``python -m classifiers.references --data DIR``: it makes all three files and their cards again, with the same bytes from the
same data (the language identifier must have been fetched). The files hold hashes and counts, no text of anybody.

The word frequencies also depend on the extractor (some of the texts are pages); after a change of it they may come out different.
"""

from __future__ import annotations

import json
import lzma
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xxhash

from classifiers import command
from classifiers.benchmark_files import read_items
from classifiers.registry import MODELS, Card, path_of, sha256_of
from udfs import kl, languages
from udfs.decontamination import build_index
from udfs.fasttext import FastText
from udfs.html import PageRejected, extract
from udfs.language import identify_whole
from udfs.signals import dirty
from udfs.spans import Span
from udfs.urls import registered_domain

Row = dict[str, Any]

MIN_TOKENS = 5_000
"""Tokens counted from which a language gets a reference."""

MAX_PER_SITE = 50
"""Texts of a language from one registered domain (or source package)."""

SURE = 0.5
"""Probability from which the identified language is believed against the declared one."""

UNTRUSTED_KINDS = frozenset({"edge"})
"""Kinds of the parity texts that were made to break filters."""

DIRTY_TRAPS: Mapping[str, frozenset[str]] = {
    "en": frozenset({"sex", "breasts", "kinky", "escort"}),
    "ja": frozenset({"sm", "グロ", "女の子"}),
    "zh": frozenset({"性"}),
}
"""Entries left out: common in harmless text, medical, legal or parts of place names."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


DIRTY_MEDICAL: Mapping[str, frozenset[str]] = {
    "en": _words(
        "anal anus autoerotic bastard bestiality bondage butt cialis clit clitoris domination ejaculation erotic erotism eunuch "
        "fecal genitals hardcore homoerotic incest intercourse masturbate masturbating masturbation negro nipple nipples nude "
        "nudity orgasm paedophile pedophile penis pubes rape raping rapist rectum sadism scat scissoring semen sexual sexually "
        "sexuality snatch snowballing sodomy spastic suck sucks swastika topless vagina viagra voyeur vulva zoophilia"
    )
    | {"date rape", "how to kill", "how to murder", "huge fat", "white power", "tied up", "wet dream"},
}
"""Entries that medical, legal and historical texts use: they count as occurrences, never as different dirty words."""

DIRTY_LANGUAGE = {"fr-CA-u-sd-caqc": "fr", "tlh": None}
"""Lists that go under another language; None: left out (Klingon)."""

LID = "lid.176"
TEXTCLASSES = "textclasses.jsonl.xz"
PARITY = "parity/texts.jsonl.xz"
WEB = "extraction_train.jsonl.xz"
PAGES = "extraction_pages.jsonl.xz"
DIRTY = "blocklists/ldnoobw"
BENCHMARKS = "benchmarks"


@dataclass(frozen=True, slots=True)
class Trusted:
    """A text that may be counted: its language, the site it is from, and its spans that are no prose."""

    language: str
    site: str
    text: str
    spans: tuple[Span, ...] = ()


def trusted_texts(data: Path) -> Iterator[Trusted]:
    """Yield the texts that count as ordinary: prose of many kinds, technical prose on purpose among them."""
    for row in _rows(data / TEXTCLASSES):
        if row["label"] == "high":
            yield Trusted(row["lang"], row["source"], row["text"])
    for row in _rows(data / PARITY):
        if row["kind"] not in UNTRUSTED_KINDS:
            yield Trusted(row["lang"], row["source"], row["text"])
    for row in _rows(data / WEB):
        if row["text"]:
            yield Trusted(_primary(row) or "en", registered_domain(row["url"]), row["text"])
    for row in _rows(data / PAGES):
        if language := _primary(row):
            yield from _extracted(row, language)


def _extracted(row: Row, language: str) -> Iterator[Trusted]:
    try:
        page = extract(row["html"].encode("utf-8", "surrogatepass"), url=row["url"], charset="utf-8")
    except PageRejected:
        return
    yield Trusted(language, registered_domain(row["url"]), page.text, page.spans)


def _primary(row: Row) -> str | None:
    """Return the primary subtag of the language a page declares, None for what is no ISO 639-1 code."""
    tag = str(row.get("lang") or "").split("-")[0].lower()
    return tag if len(tag) == 2 and tag.isalpha() else None


def in_declared_language(texts: Iterable[Trusted], model: FastText) -> Iterator[Trusted]:
    """Yield the texts that are surely in the language they are said to be in: untranslated pages are not."""
    for trusted in texts:
        guess = identify_whole(trusted.text, trusted.spans, model=model)
        same = languages.canonical(guess.lang) == languages.canonical(trusted.language)
        if same and guess.score >= SURE:
            yield trusted


def sampled(texts: Iterable[Trusted]) -> dict[str, list[Trusted]]:
    """Return the texts by language, each once, at most `MAX_PER_SITE` of a site, chosen by hash of the text."""
    unique = {(t.language, t.site, t.text): t for t in texts}
    seen: Counter[tuple[str, str]] = Counter()
    chosen: dict[str, list[Trusted]] = {}
    for trusted in sorted(unique.values(), key=lambda t: (t.language, t.site, _hash(t.text), t.text)):
        seen[trusted.language, trusted.site] += 1
        if seen[trusted.language, trusted.site] <= MAX_PER_SITE:
            chosen.setdefault(trusted.language, []).append(trusted)
    return chosen


def _hash(text: str) -> int:
    return xxhash.xxh3_64_intdigest(text.encode("utf-8", "surrogatepass"))


def unigram_references(texts: Mapping[str, Sequence[Trusted]], min_tokens: int) -> dict[str, kl.Reference]:
    """Build a reference for each language that has enough tokens."""
    references: dict[str, kl.Reference] = {}
    for language in sorted(texts):
        try:
            reference = kl.build_reference((kl.Sample(t.text, t.spans, t.site) for t in texts[language]), language)
        except ValueError:
            continue
        if reference.tokens >= min_tokens:
            references[language] = reference
    return references


def make_unigrams(data: Path, out: Path) -> Card:
    """Write ``unigrams.npz`` and return its card."""
    identifier = FastText(path_of(LID), MODELS[LID].sha256)
    texts = sampled(in_declared_language(trusted_texts(data), identifier))
    references = unigram_references(texts, MIN_TOKENS)
    path = out / "unigrams.npz"
    kl.save(references, path)
    return Card(
        name="unigrams",
        file=path.name,
        kind="arrays",
        sha256=sha256_of(path),
        purpose=(
            "References by language for the KL rules (udfs.kl): hashes of lower-cased words, of pairs of neighbours and of spellings "
            "with their frequencies in trusted texts, documentation and technical prose on purpose among them, and frozen limits. "
            "Small: meant for finding gibberish, broken encodings and word lists, not for ranking prose. Make your own from a "
            "trusted part of your crawl: woolmill references."
        ),
        labels=(),
        training_data=_inputs(
            data,
            {
                TEXTCLASSES: "texts of label high",
                PARITY: "all kinds but made-up edge cases",
                WEB: "main texts as people marked them",
                PAGES: "main texts as this extractor finds them",
            },
        ),
        seed=None,
        parameters={
            "min_tokens": MIN_TOKENS,
            "max_texts_per_site": MAX_PER_SITE,
            "limits": "0.5 % and 10 % tails of the residual, 1.5 % and 2.5 % of the bigram gain, each text scored without its site",
            "left_out": f"texts that lid.176 gives another language, or theirs with less than {SURE}",
        },
        metrics={
            "languages": {
                code: {
                    "texts": len(texts[code]),
                    "sites": len({text.site for text in texts[code]}),
                    "tokens_counted": ref.tokens,
                    "types": len(ref.tables.types),
                    "pairs": len(ref.tables.pairs),
                }
                for code, ref in references.items()
            },
            "outliers_among_labelled_texts": _outliers(data, references),
        },
        licence=(
            "Apache-2.0 for the counts. The texts are not in the file and keep their licences; among them WCXB (CC BY 4.0, Murrough "
            "Foley) and the Universal Declaration of Human Rights (United Nations)."
        ),
        source="counted from the texts named in training_data; limits: the texts of each fifth of the sites, by counts of the others",
        command="python -m classifiers.references --data DIR",
    )


def _outliers(data: Path, references: Mapping[str, kl.Reference]) -> dict[str, str]:
    """Return how many of the labelled texts are outliers, by class; those of label high were counted."""
    found: Counter[str] = Counter()
    every: Counter[str] = Counter()
    for row in _rows(data / TEXTCLASSES):
        if row["lang"] in references:
            every[row["class"]] += 1
            found[row["class"]] += kl.score(row["text"], references[row["lang"]]).is_outlier
    return {name: f"{found[name]} of {every[name]}" for name in sorted(every)}


def make_dirty_words(data: Path, out: Path) -> Card:
    """Write ``dirty_words.npz`` and return its card."""
    files = sorted((data / DIRTY).glob("*.txt"))
    if not files:
        raise FileNotFoundError(2, "no lists", str(data / DIRTY))
    lists: dict[str, list[str]] = {}
    for file in files:
        if language := DIRTY_LANGUAGE.get(file.stem, file.stem):
            lines = (line.strip() for line in file.read_text(encoding="utf-8").splitlines())
            traps = DIRTY_TRAPS.get(language, frozenset())
            lists.setdefault(language, []).extend(line for line in lines if line and line.lower() not in traps)
    words = dirty.build(lists, DIRTY_MEDICAL)
    path = out / "dirty_words.npz"
    dirty.save(words, path)
    _compress(path)
    return Card(
        name="dirty_words",
        file=path.name,
        kind="arrays",
        sha256=sha256_of(path),
        purpose=(
            "Hashes of obscene words and phrases by language, to be counted (udfs.signals.dirty). A single hit says nothing: "
            "many entries occur in medical, legal and LGBT text."
        ),
        labels=(),
        training_data=_inputs(data, {f"{DIRTY}/{file.name}": "entries" for file in files}),
        seed=None,
        parameters={
            "left_out": {code: len(traps) for code, traps in DIRTY_TRAPS.items()},
            "medical": {code: len(words.lists[code].medical) for code in DIRTY_MEDICAL},
            "lists": {name: language or "left out" for name, language in DIRTY_LANGUAGE.items()},
        },
        metrics={"entries": {code: len(listed.entries) for code, listed in words.lists.items()}},
        licence=(
            "CC BY 4.0: List of Dirty, Naughty, Obscene, and Otherwise Bad Words, by its contributors (originally Shutterstock). "
            "Changed: normalised and hashed, some entries and one list left out."
        ),
        source="github.com/LDNOOBW/List-of-Dirty-Naughty-Obscene-and-Otherwise-Bad-Words at 5faf2ba4",
        command="python -m classifiers.references --data DIR",
    )


def make_benchmarks(data: Path, out: Path) -> Card:
    """Write ``benchmarks.npz`` and return its card."""
    files = sorted((data / BENCHMARKS).glob("*.jsonl.xz"))
    if not files:
        raise FileNotFoundError(2, "no benchmarks", str(data / BENCHMARKS))
    index = build_index(read_items(files))
    path = out / "benchmarks.npz"
    index.save(path)
    return Card(
        name="benchmarks",
        file=path.name,
        kind="arrays",
        sha256=sha256_of(path),
        purpose=(
            "Index of the n-grams of benchmark items, to find documents that hold them (udfs.decontamination). Hashes and item names "
            "only. Add the benchmarks you report: woolmill benchmarks build."
        ),
        labels=(),
        training_data=_inputs(data, {f"{BENCHMARKS}/{file.name}": "questions, and answers matched apart" for file in files}),
        seed=None,
        parameters={"n": dict(index.sizes), "max_items_per_gram": index.max_items_per_gram},
        metrics={
            "items": dict(sorted(Counter(suite for suite, _ in index.items).items())),
            "items_no_document_can_match": {f"{suite}: {item}": why for (suite, item), why in sorted(index.unseen.items())},
            "passages_of_copies_without_marks": int((index.passages[:, 2] > 0).sum()),
            "grams": len(index.grams),
        },
        licence=(
            "The items keep their licences and are not in the file: GSM8K (MIT, OpenAI), HumanEval (MIT, OpenAI), SVAMP (MIT, Arkil "
            "Patel), BIG-Bench Hard (MIT, suzgunmirac), CRUXEval (MIT, Meta), MBPP sanitized (CC BY 4.0, Google Research), "
            "TruthfulQA (Apache-2.0, Stephanie Lin, Jacob Hilton, Owain Evans)."
        ),
        source=(
            "github.com: openai/grade-school-math at 3101c7d507, openai/human-eval at 6d43fb980f, arkilpatel/SVAMP at 689d7ccac7, "
            "suzgunmirac/BIG-Bench-Hard at 9ee07bd481, facebookresearch/cruxeval at 190faf16d1, microsoft/CodeT at 35f54d60b1 (MBPP), "
            "frankxwang/probing-experiments at b7eb5a9f55 (TruthfulQA)"
        ),
        command="python -m classifiers.references --data DIR",
    )


MAKERS: tuple[Callable[[Path, Path], Card], ...] = (make_unigrams, make_dirty_words, make_benchmarks)


def _rows(path: Path) -> Iterator[Row]:
    with lzma.open(path, "rt", encoding="utf-8") as file:
        yield from map(json.loads, file)


def _inputs(data: Path, use: Mapping[str, str]) -> tuple[dict[str, str], ...]:
    return tuple({"file": file, "sha256": sha256_of(data / file), "use": purpose} for file, purpose in use.items())


def _compress(path: Path) -> None:
    """Write the arrays of an ``.npz`` file again, compressed: counts are small numbers in wide fields."""
    with np.load(path, allow_pickle=False) as stored:
        arrays = {name: stored[name] for name in stored.files}
    with path.open("wb") as file:
        np.savez_compressed(file, **arrays)


def main(argv: list[str] | None = None) -> int:
    """Make all references; the exit status is 2 where the data is not there."""
    return command.run(command.parser("Make the references that ship.").parse_args(argv), _made)


def _made(data: Path, out: Path) -> Iterator[str]:
    for maker in MAKERS:
        card = maker(data, out)
        (out / f"{card.name}.json").write_text(card.to_json(), encoding="utf-8")
        yield f"{card.name}: {(out / card.file).stat().st_size:,} bytes"


if __name__ == "__main__":
    sys.exit(main())
