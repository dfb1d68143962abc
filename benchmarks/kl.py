"""What the KL rules see and what they cost: bad texts made by seed against technical text of sources that no reference has counted.

    python -m benchmarks.kl [--data $WOOLMILL_DATA] [--texts DIR] [--count 240] [--seed 7]

References are built here, not those that ship: the trusted texts are split in four by source, and every text is scored by the
reference (counts and limits) of the three parts that its source is not in. DIR adds texts of sources that are in none of them,
``<class>/<source>/*.txt``, such as unpacked documentation packages. Printed: ROC-AUC against all technical text, what goes by
which rule, what stays of every technical class, long texts against short ones, and four more languages. Shares are those of the
rules with their guards; the column *excess above 0* is the bare limits. 95 % intervals are Wilson's.
"""

from __future__ import annotations

import argparse
import os
import random
import re
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
from udfs.rules import RULE_SETS, llama3
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
SETS: Final = ("llama3", "multilingual")
KL_RULES: Final = frozenset(rule.name for rule in llama3.KL)
_HAN_WORD: Final = re.compile(r"(?<![\u4e00-\u9fff])[\u4e00-\u9fff]{2,6}(?![\u4e00-\u9fff])")


class HanDonor(Donor):
    """Chinese texts to make bad ones from: what stands between other characters and is no longer than six is a word."""

    def content_words(self, chance: random.Random, n: int) -> list[str]:
        """Draw words of two to six characters, common and rare ones alike."""
        pool = sorted({word for text in chance.choices(self.texts, k=60) for word in _HAN_WORD.findall(text)})
        return chance.choices(pool or ["\u8bcd"], k=n)


@dataclass(frozen=True, slots=True)
class Scored:
    """A text of a class and source: its score, and which rules of each set of `SETS` drop it."""

    name: str
    source: str
    score: kl.KlScore
    by_set: Mapping[str, frozenset[str]]

    @property
    def fired(self) -> frozenset[str]:
        """The rules of set ``llama3`` that drop it."""
        return self.by_set["llama3"]

    @property
    def exceeds(self) -> bool:
        """Whether it is beyond a limit, guards or not."""
        return self.score.excess > 0 or self.score.salad_excess > 0


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
    by_set = {chosen: frozenset(rule.name for rule in RULE_SETS[chosen].rules if rule.fires(columns)[0]) for chosen in SETS}
    return Scored(name, source, kl.score(text, references[language]), by_set)


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
        rows.append(
            [
                f"{name} {source}".strip(),
                len(own),
                interval(sum(o.exceeds for o in own), len(own)),
                interval(sum(bool(o.fired & KL_RULES) for o in own), len(own)),
                interval(sum(bool(o.fired) for o in own), len(own)),
                shown,
            ]
        )
    print_table((title, "n", "excess above 0", "dropped by KL rules", "dropped by any rule of llama3", "rules"), rows)


def print_lengths(texts: Sequence[tuple[str, str, str]], references: Sequence[dict[str, kl.Reference]]) -> None:
    """Print what is kept of good texts cut to 60 words and to 2,000 words."""
    rows: list[list[object]] = []
    for words in (60, 200, 2000):
        kept = n = 0
        for _, source, text in texts:
            parts = text.split(" ")
            at = max((len(parts) - words) // 2, 0)
            if len(parts) >= min(words, 700):
                found = measured("", source, " ".join(parts[at : at + words]), references[part_of(source)])
                kept += not found.fired & KL_RULES
                n += 1
        rows.append([words, n, interval(kept, n)])
    print_table(("words (2000: whole texts of 700 or more)", "n", "kept"), rows)


def print_languages(texts: Mapping[str, Sequence[shipped.Trusted]], count: int, seed: int) -> None:
    """Print the same for other languages: held-out sources against bad texts in the language's own letters, of such sources."""
    rows: list[list[object]] = []
    for language in LANGUAGES:
        references = held_out(texts[language], language)
        good = [
            measured("good", t.site, t.text, references[part_of(t.site)]) for t in texts[language] if len(t.text) >= LEAST_CHARS
        ]
        rows.append([language, "trusted texts", len(good), "", *dropped_shares(good)])
        for name in BAD_ABROAD:
            bad = list(bad_abroad(name, language, texts[language], count, seed))
            found = [measured(name, "", text, references[i % PARTS]) for i, text in enumerate(bad)]
            area = auc([one.score.residual for one in found], [one.score.residual for one in good])
            rows.append([language, name, len(found), area, *dropped_shares(found)])
    print_table(("language", "texts", "n", "AUC of residual", "excess above 0", *(f"{n}: KL rules, all" for n in SETS)), rows)


def dropped_shares(scored: Sequence[Scored]) -> list[str]:
    """Write what share exceeds a limit, and what share the KL rules and all rules of each set drop."""
    n = len(scored)
    shares = [
        f"{interval(sum(bool(o.by_set[s] & KL_RULES) for o in scored), n)}, {sum(bool(o.by_set[s]) for o in scored) / n:.3f}"
        for s in SETS
    ]
    return [interval(sum(o.exceeds for o in scored), n), *shares]


def bad_abroad(name: str, language: str, texts: Sequence[shipped.Trusted], count: int, seed: int) -> Iterator[str]:
    """Yield bad texts of a class; each is made from texts that the reference of its turn has not counted."""
    if name == "gibberish":
        yield from own_letters(language, count, seed)
        return
    kind = HanDonor if language == "zh" else Donor
    donors = [kind([t.text for t in texts if part_of(t.site) == part]) for part in range(PARTS)]
    versions = [made(name, count, seed, donor) for donor in donors]
    for i in range(count):
        yield versions[i % PARTS][i]


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
