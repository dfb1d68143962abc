r"""Time all signals of a document beside datatrove's four filters, on the same texts in one process, in turns.

    python -m benchmarks.signals [--texts 90] [--repeat 3] [--out benchmarks/results/DATE-signals.md]

The texts are those of the parity file below ``WOOLMILL_DATA``: English, Chinese, Arabic and Thai ones, drawn by the hash of their
ids, of 500 characters at least. Woolmill computes every signal of its own rule sets, with the references that ship and without
stopping early; once more with what datatrove's rule sets read, too; and, where the language's extra is installed, with words
that a segmenter finds. datatrove runs its GopherRepetition, GopherQuality, C4 and FineWeb filters with the language's word model; each
stops at its first failing rule, a text goes on to the next filter only if the one before kept it (``chain``) or always (``each``),
and the cache of its word splitting is emptied between texts, in the last row between filters, too. The time is CPU time of all
threads over all texts, the least of ``--repeat`` rounds.

The peer is no dependency; without it only Woolmill's times are shown. In an environment to throw away::

    python -m venv peers
    peers/bin/pip install "datatrove[processing]==0.10.1" "xxhash<4" spacy jieba pythainlp python-crfsuite rjieba
    peers/bin/pip install numba pyarrow pyyaml tld can_ada
    PYTHONPATH=. peers/bin/python -m benchmarks.signals
"""

from __future__ import annotations

import argparse
import json
import lzma
import os
import platform
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from math import inf
from pathlib import Path
from typing import Any, Final

import xxhash

from classifiers.registry import path_of
from udfs import kl
from udfs.segment import SEGMENTERS, SegmenterError, check
from udfs.signals import References, compute, dirty

LANGUAGES: Final = ("en", "zh", "ar", "th")
SHORTEST: Final = 500
OURS: Final = "woolmill"

Run = Callable[[str], object]


def read_texts(folder: Path, language: str, count: int) -> list[str]:
    """Return texts of a language, drawn by the hash of their ids."""
    with lzma.open(folder / "parity" / "texts.jsonl.xz", "rt", encoding="utf-8") as lines:
        rows = [row for row in map(json.loads, lines) if row["lang"] == language and len(row["text"]) >= SHORTEST]
    rows.sort(key=lambda row: xxhash.xxh3_64_intdigest(row["id"].encode()))
    return [row["text"] for row in rows[:count]]


def of_datatrove(language: str) -> dict[str, Run]:
    """Return datatrove's four filters in a chain, and each of them on every text."""
    from datatrove.data import Document
    from datatrove.pipeline.filters import (
        C4QualityFilter,
        FineWebQualityFilter,
        GopherQualityFilter,
        GopherRepetitionFilter,
    )
    from datatrove.utils import text as datatrove_text

    kinds = (GopherRepetitionFilter, GopherQualityFilter, C4QualityFilter, FineWebQualityFilter)
    filters = [kind(language=language) for kind in kinds]

    def run(text: str, *, stops: bool, anew: bool = False) -> None:
        datatrove_text.split_into_parts.cache_clear()
        document = Document(text=text, id="0")
        for each in filters:
            kept = each.filter(document)
            if anew:
                datatrove_text.split_into_parts.cache_clear()
            if stops and kept is not True:
                return

    return {
        "datatrove, chain": lambda text: run(text, stops=True),
        "datatrove, each filter": lambda text: run(text, stops=False),
        "datatrove, each filter, words split by each": lambda text: run(text, stops=False, anew=True),
    }


def woolmill(language: str) -> dict[str, Run]:
    """Return Woolmill's signals: of its own rule sets, of datatrove's too, and with segmented words."""
    plain = References(kl.load(path_of("unigrams")), dirty.load(path_of("dirty_words")))
    given = {OURS: plain, "woolmill, datatrove's signals too": replace(plain, datatrove=True)}
    if language in SEGMENTERS and _is_there(language):
        given["woolmill, segmented"] = replace(plain, segmented=frozenset({language}))
    return {name: partial(_compute, language, references) for name, references in given.items()}


def _compute(language: str, references: References, text: str) -> None:
    compute(text, language, (), references)


def _is_there(language: str) -> bool:
    try:
        check([language])
    except SegmenterError:
        return False
    return True


def contenders(language: str, sample: str) -> tuple[dict[str, Run], str]:
    """Return what can run, after it ran once, and why the peer cannot."""
    runs, missing = woolmill(language), ""
    for run in runs.values():
        run(sample)
    try:
        peers = of_datatrove(language)
        for run in peers.values():
            run(sample)
        runs |= peers
    except Exception as error:  # a peer that is absent or broken is a row of the table, no reason to stop
        missing = f"{type(error).__name__}: {error}".splitlines()[0]
    return runs, missing


def measure(texts: Sequence[str], runs: dict[str, Run], repeat: int) -> dict[str, float]:
    """Return CPU seconds of each contender over all texts, the least of its rounds; they take turns, who is first changes."""
    names = list(runs)
    least = dict.fromkeys(names, inf)
    for round_ in range(repeat):
        turn = round_ % len(names)
        for name in (*names[turn:], *names[:turn]):
            begun = time.process_time()
            for text in texts:
                runs[name](text)
            least[name] = min(least[name], time.process_time() - begun)
    return least


def rows(language: str, texts: Sequence[str], found: dict[str, float], missing: str) -> list[str]:
    """Return the lines of a language in the table."""
    size = sum(map(len, texts)) / max(len(texts), 1)
    made = [
        f"| {language} | {len(texts)} | {size:,.0f} | {name} | {1000 * seconds / len(texts):.3f} | {len(texts) / seconds:,.0f} "
        f"| {seconds / found[OURS]:.0f} |"
        for name, seconds in found.items()
    ]
    return [*made, *([f"| {language} | | | datatrove | not run | {missing} | |"] if missing else [])]


def main(argv: Sequence[str] | None = None) -> int:
    """Read, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("WOOLMILL_DATA"), help="by default what WOOLMILL_DATA names")
    parser.add_argument("--languages", nargs="+", default=list(LANGUAGES))
    parser.add_argument("--texts", type=int, default=90, help="texts of a language")
    parser.add_argument("--repeat", type=int, default=3, help="rounds; the least counts")
    parser.add_argument("--out", type=Path, help="also write the result to this file")
    arguments: Any = parser.parse_args(argv)
    if arguments.data is None:
        print("where are the texts? set WOOLMILL_DATA or give --data", file=sys.stderr)
        return 2
    lines = [
        f"# Signals: all of them, beside datatrove's four filters\n\nPython {platform.python_version()}, CPU ms, "
        f"least of {arguments.repeat} rounds.\n",
        "| language | texts | characters | contender | ms a text | texts a CPU s | times as long as woolmill |",
        "| --- | ---: | ---: | --- | ---: | ---: | ---: |",
    ]
    for language in arguments.languages:
        texts = read_texts(arguments.data, language, arguments.texts)
        runs, missing = contenders(language, texts[0])
        lines += rows(language, texts, measure(texts, runs, arguments.repeat), missing)
        print(f"{language} is done", file=sys.stderr, flush=True)
    result = "\n".join(lines) + "\n"
    print(result)
    if arguments.out:
        arguments.out.write_text(result, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
