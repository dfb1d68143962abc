r"""Find the words of scripts without blanks in every way that is installed: characters per CPU second, characters a word.

    python -m benchmarks.segmenters $WOOLMILL_DATA/parity/texts.jsonl.xz [--repeat 3]

Reads a JSON object with ``text`` and ``lang`` on each line. Only code points of such scripts count, for characters and for words
alike; best of ``--repeat`` on all texts of a language, after the first text has loaded what is loaded once. ``woolmill`` is
`udfs.segment.word_starts`, offsets and all; other contenders return words.
"""

from __future__ import annotations

import argparse
import importlib
import json
import lzma
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from udfs.segment import MAX_SEGMENTED, SEGMENTERS, SegmenterError, word_model, word_starts
from udfs.words import SINGLE, classes, codepoints

Cut = Callable[[str], Sequence[Any]]
"""A text to its words, as strings or as offsets."""


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print a row a language and contender."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("texts", type=Path)
    parser.add_argument("--repeat", type=int, default=3)
    arguments = parser.parse_args(argv)
    print(f"{'lang':<6}{'contender':<52}{'load s':>8}{'kchar/CPU s':>13}{'chars/word':>12}")
    for language, texts in sorted(read(arguments.texts).items()):
        for name, cut in contenders(language):
            row = measure(cut, texts, arguments.repeat)
            print(f"{language:<6}{name:<52}{row[0]:>8.2f}{row[1] / 1000:>13,.0f}{row[2]:>12.2f}", flush=True)
    return 0


def read(path: Path) -> dict[str, list[str]]:
    """Read the texts of the languages that have a segmenter, none longer than one reads."""
    found: dict[str, list[str]] = defaultdict(list)
    with lzma.open(path, "rt", encoding="utf-8") if path.suffix == ".xz" else path.open(encoding="utf-8") as lines:
        for row in map(json.loads, lines):
            if row["lang"] in SEGMENTERS and len(single_places(row["text"])):
                found[row["lang"]].append(row["text"][:MAX_SEGMENTED])
    return found


def contenders(language: str) -> Iterator[tuple[str, Cut]]:
    """Yield what is installed for a language, by name."""
    yield "code points", lambda text: single_places(text).tolist()
    try:
        yield f"woolmill, {word_model(language, (language,))}", lambda text: _starts(text, language)
    except SegmenterError as error:
        print(error, file=sys.stderr)
    for name, code, make in _LIBRARIES:
        if code == language:
            try:
                yield name, make()
            except ImportError as error:
                print(f"{name}: {error}", file=sys.stderr)


def measure(cut: Cut, texts: Sequence[str], repeat: int) -> tuple[float, float, float]:
    """Return seconds until the first text is done, characters per CPU second, and characters a word."""
    load = _timed(cut, texts[:1])
    best = min(_timed(cut, texts) for _ in range(repeat))
    chars = sum(len(single_places(text)) for text in texts)
    return load, chars / best, chars / sum(_counted(word) for text in texts for word in cut(text))


def single_places(text: str) -> NDArray[np.int64]:
    """Return where the code points of scripts without blanks stand."""
    return np.flatnonzero(classes(codepoints(text)) & SINGLE)


def _counted(word: Any) -> bool:
    """Whether a word is of such a script; offsets are of nothing else."""
    return not isinstance(word, str) or any(char >= "\u0e00" and len(single_places(char)) for char in word)


def _timed(cut: Cut, texts: Sequence[str]) -> float:
    before = time.process_time()
    for text in texts:
        cut(text)
    return time.process_time() - before


def _starts(text: str, language: str) -> Sequence[int]:
    starts = word_starts(text, language)
    return () if starts is None else starts  # type: ignore[return-value]


def _jieba(hmm: bool) -> Cut:
    jieba = importlib.import_module("jieba")
    return lambda text: jieba.lcut(text, HMM=hmm)


def _rjieba(hmm: bool) -> Cut:
    rjieba = importlib.import_module("rjieba")
    return lambda text: rjieba.cut(text, hmm)


def _sudachi(mode: str) -> Cut:
    sudachipy = importlib.import_module("sudachipy")
    tokenizer = sudachipy.Dictionary(dict="core").tokenizer(mode=getattr(sudachipy.SplitMode, mode))
    return lambda text: [m.surface() for i in range(0, len(text), 10_000) for m in tokenizer.tokenize(text[i : i + 10_000])]


def _thai(engine: str) -> Cut:
    tokenize = importlib.import_module("pythainlp.tokenize")
    if engine.startswith("tcc"):
        return lambda text: tokenize.subword_tokenize(text, engine=engine)
    return lambda text: tokenize.word_tokenize(text, engine=engine)


_LIBRARIES: tuple[tuple[str, str, Callable[[], Cut]], ...] = (
    ("rjieba, HMM", "zh", lambda: _rjieba(True)),
    ("rjieba, no HMM", "zh", lambda: _rjieba(False)),
    ("jieba, HMM", "zh", lambda: _jieba(True)),
    ("sudachi A", "ja", lambda: _sudachi("A")),
    ("sudachi C", "ja", lambda: _sudachi("C")),
    ("newmm-safe", "th", lambda: _thai("newmm-safe")),
    ("newmm", "th", lambda: _thai("newmm")),
    ("tcc", "th", lambda: _thai("tcc")),
)

if __name__ == "__main__":
    sys.exit(main())
