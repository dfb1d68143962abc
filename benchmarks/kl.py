"""What the KL rules see and what they cost: bad texts made by seed against technical text of sources that no reference has counted.

    python benchmarks/kl.py [--data $WOOLMILL_DATA] [--texts DIR] [--count 240] [--seed 7]

References are built here, not those that ship: the trusted texts are split in four by source, and every text is scored by the
reference (counts and limits) of the three parts that its source is not in. DIR adds texts of sources that are in none of them,
``<class>/<source>/*.txt``, such as unpacked documentation packages. Printed: ROC-AUC against all technical text, what goes by
which rule, what stays of every technical class, long texts against short ones, and four more languages. 95 % intervals are Wilson's.
"""

from __future__ import annotations

import argparse
import os
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from pathlib import Path
from typing import Final

import numpy as np
import xxhash

from benchmarks.bad_texts import CLASSES, SPECIFIC, Donor, made
from classifiers import references as shipped
from classifiers.registry import MODELS, path_of
from udfs import kl
from udfs.fasttext import FastText
from udfs.rules import RULE_SETS
from udfs.signals import References, compute

PARTS: Final = 4
LEAST_CHARS: Final = 300
TECHNICAL: Final[Mapping[str, tuple[str, ...]]] = {
    "math": ("maxima-doc", "sagemath-doc", "libeigen3-doc", "python-sympy-doc"),
    "code": (
        "python3.11-doc",
        "rust-doc",
        "git-doc",
        "sqlite3-doc",
        "postgresql-doc-15",
        "llvm-15-doc",
        "cmake-doc",
        "nodejs-doc",
    ),
    "medical": ("gnumed-doc", "emboss-doc"),
    "legal": ("common-licenses", "doc-debian", "debian-policy"),
    "statistics": ("r-doc-html",),
}
"""Sources of the trusted texts by class."""

LANGUAGES: Final = ("zh", "ru", "de", "es")
BAD_ABROAD: Final = ("gibberish", "mojibake", "base64", "tag list")


@dataclass(frozen=True, slots=True)
class Scored:
    """A text of a class and source: its score, and which rules of set ``llama3`` drop it."""

    name: str
    source: str
    score: kl.KlScore
    fired: frozenset[str]


def part_of(source: str) -> int:
    """Return the part that a source is in."""
    return xxhash.xxh3_64_intdigest(f"part {source}".encode()) % PARTS


def held_out(texts: Sequence[shipped.Trusted], language: str) -> list[dict[str, kl.Reference]]:
    """Build one reference for each part: of everything else."""
    samples = [(part_of(t.site), kl.Sample(t.text, t.spans, t.site)) for t in texts]
    return [{language: kl.build_reference((s for p, s in samples if p != part), language)} for part in range(PARTS)]


def measured(name: str, source: str, text: str, references: Mapping[str, kl.Reference]) -> Scored:
    """Score a text and apply the rules at their defaults; the text stands without spans, as raw text does."""
    (language,) = references
    signals = compute(text, language, (), References(references))
    columns = {key: np.array([value]) for key, value in signals.items()}
    fired = {rule.name for rule in RULE_SETS["llama3"].rules if rule.fires(columns)[0]}
    score = kl.score(text, references[language])
    return Scored(name, source, score, frozenset(fired | ({"llama3.word_salad"} if score.salad_excess > 0 else set())))


def technical(texts: Sequence[shipped.Trusted], folder: Path | None) -> Iterator[tuple[str, str, str]]:
    """Yield class, source and text of technical text."""
    classes = {source: name for name, sources in TECHNICAL.items() for source in sources}
    for text in texts:
        if text.site in classes and len(text.text) >= LEAST_CHARS:
            yield classes[text.site], text.site, text.text
    for file in sorted(folder.glob("*/*/*.txt")) if folder else ():
        yield file.parent.parent.name, file.parent.name, file.read_text(encoding="utf-8", errors="replace")


def interval(hits: int, n: int) -> str:
    """Write a share with Wilson's 95 % interval."""
    z = 1.96
    middle, spread = (hits + z * z / 2) / (n + z * z), z * sqrt(hits * (n - hits) / n + z * z / 4) / (n + z * z)
    return f"{hits / n:.3f} ({max(middle - spread, 0):.3f}-{min(middle + spread, 1):.3f})"


def auc(bad: Sequence[float], good: Sequence[float]) -> float:
    """Return the chance that a bad text has a higher value than a good one, ties by half."""
    high, low = np.nan_to_num(np.array(bad))[:, None], np.nan_to_num(np.array(good))[None, :]
    return float(np.mean((high > low) + 0.5 * (high == low)))


def print_table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a Markdown table."""
    print(f"\n| {' | '.join(heads)} |\n|{' --- |' * len(heads)}")
    for row in rows:
        print(f"| {' | '.join(f'{cell:.3f}' if isinstance(cell, float) else str(cell) for cell in row)} |")


def print_auc(good: Sequence[Scored], bad: Sequence[Scored]) -> None:
    """Print how well single values tell bad from technical text."""
    fields = ("kl_bits", "residual", "excess", "cross_entropy_bits", "oov_share")
    rows: list[list[object]] = []
    for name in dict.fromkeys(one.name for one in bad):
        own = [one.score for one in bad if one.name == name]
        values = [auc([getattr(s, f) for s in own], [getattr(g.score, f) for g in good]) for f in fields]
        rows.append([name, *values, auc([-s.bigram_gain_bits for s in own], [-g.score.bigram_gain_bits for g in good])])
    print_table(("bad class", *fields, "-bigram_gain_bits"), rows)


def print_dropped(scored: Sequence[Scored], title: str, by_source: bool = False) -> None:
    """Print what share of each class is dropped, by the KL rules and by all, and by which rules."""
    rows: list[list[object]] = []
    keys = dict.fromkeys((one.name, one.source if by_source else "") for one in scored)
    for name, source in keys:
        own = [one for one in scored if one.name == name and source in ("", one.source)]
        rules = sorted({rule for one in own for rule in one.fired}, key=lambda r: (-sum(r in one.fired for one in own), r))
        shown = ", ".join(
            f"{rule.removeprefix('llama3.')} {sum(rule in one.fired for one in own) / len(own):.2f}" for rule in rules[:4]
        )
        by_kl = sum(one.score.excess > 0 or one.score.salad_excess > 0 for one in own)
        rows.append(
            [
                f"{name} {source}".strip(),
                len(own),
                interval(by_kl, len(own)),
                interval(sum(bool(o.fired) for o in own), len(own)),
                shown,
            ]
        )
    print_table((title, "n", "dropped by KL rules", "dropped by any rule of llama3", "rules"), rows)


def print_lengths(texts: Sequence[tuple[str, str, str]], references: Sequence[dict[str, kl.Reference]]) -> None:
    """Print what is kept of good texts cut to 60 words and to 2,000 words."""
    rows: list[list[object]] = []
    for words in (60, 200, 2000):
        kept = n = 0
        for _, source, text in texts:
            parts = text.split(" ")
            at = max((len(parts) - words) // 2, 0)
            if len(parts) >= min(words, 700):
                found = kl.score(" ".join(parts[at : at + words]), references[part_of(source)]["en"])
                kept += not (found.excess > 0 or found.salad_excess > 0)
                n += 1
        rows.append([words, n, interval(kept, n)])
    print_table(("words (2000: whole texts of 700 or more)", "n", "kept"), rows)


def print_languages(texts: Mapping[str, Sequence[shipped.Trusted]], count: int, seed: int) -> None:
    """Print the same for other languages: held-out sources against bad texts in the language's own letters."""
    rows: list[list[object]] = []
    for language in LANGUAGES:
        references = held_out(texts[language], language)
        good = [
            measured("good", t.site, t.text, references[part_of(t.site)]) for t in texts[language] if len(t.text) >= LEAST_CHARS
        ]
        kept = sum(not (one.score.excess > 0 or one.score.salad_excess > 0) for one in good)
        rows.append([language, "trusted texts", len(good), "", f"kept {interval(kept, len(good))}"])
        donor = Donor([t.text for t in texts[language]])
        for name in BAD_ABROAD:
            bad = list(own_letters(language, count, seed)) if name == "gibberish" else made(name, count, seed, donor)
            found = [measured(name, "", text, references[i % PARTS]) for i, text in enumerate(bad)]
            area = auc([one.score.residual for one in found], [one.score.residual for one in good])
            rows.append(
                [language, name, len(found), area, f"dropped {interval(sum(bool(one.fired) for one in found), len(found))}"]
            )
    print_table(("language", "texts", "n", "AUC of residual", ""), rows)


def own_letters(language: str, count: int, seed: int) -> Iterator[str]:
    """Yield gibberish in the letters of a language."""
    form = SPECIFIC.get(language, CLASSES["gibberish"]["letters"])
    for i in range(count):
        chance = random.Random(xxhash.xxh3_64_intdigest(f"{seed}/{language}/{i}".encode()))
        yield form(chance, round(80 * (2500 / 80) ** chance.random()), Donor([]))


def main(argv: list[str] | None = None) -> int:
    """Measure and print tables in Markdown."""
    parser = argparse.ArgumentParser(description="Measure the KL rules on held-out sources and made-up bad texts.")
    parser.add_argument("--data", type=Path, default=os.environ.get("WOOLMILL_DATA"), help="by default what WOOLMILL_DATA names")
    parser.add_argument("--texts", type=Path, help="more technical texts, <class>/<source>/*.txt")
    parser.add_argument("--count", type=int, default=240, help="made-up texts a class")
    parser.add_argument("--seed", type=int, default=7)
    arguments = parser.parse_args(argv)
    if arguments.data is None:
        parser.error("name the data folder by --data or WOOLMILL_DATA")
    identifier = FastText(path_of(shipped.LID), MODELS[shipped.LID].sha256)
    trusted = list(shipped.in_declared_language(shipped.trusted_texts(Path(arguments.data)), identifier))
    texts = shipped.sampled(trusted)
    references = held_out(texts["en"], "en")
    good_texts = list(technical([t for t in trusted if t.language == "en"], arguments.texts))
    good = [measured(name, source, text, references[part_of(source)]) for name, source, text in good_texts]
    donor = Donor([t.text for t in texts["en"] if part_of(t.site) == 0 and len(t.text) > 1000])
    bad = [measured(name, form, text, references[0]) for name in CLASSES for form, text in formed(name, arguments, donor)]
    print_auc(good, bad)
    print_dropped(bad, "bad class")
    print_dropped(bad, "form", by_source=True)
    print_dropped(good, "technical class")
    print_dropped(good, "technical source", by_source=True)
    print_lengths(good_texts, references)
    print_languages(texts, max(arguments.count // 4, 20), arguments.seed)
    return 0


def formed(name: str, arguments: argparse.Namespace, donor: Donor) -> Iterator[tuple[str, str]]:
    """Yield form and text of a bad class."""
    forms = list(CLASSES[name])
    for i, text in enumerate(made(name, arguments.count, arguments.seed, donor)):
        yield forms[i % len(forms)], text


if __name__ == "__main__":
    raise SystemExit(main())
