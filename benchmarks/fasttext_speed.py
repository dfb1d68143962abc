"""Documents a CPU second of the fastText models, reading included: ``python -m benchmarks.fasttext_speed [--data DIR]``.

Texts of the parity set, cut to 5,000 characters; one thread, least of some rounds. ``all`` scores a document by every model at once,
as ``clean`` does.
"""

from __future__ import annotations

import argparse
import json
import lzma
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from classifiers.fasttext_clf import load, scores

MODELS = ("quality", "math", "code")
LENGTH = 5_000
ROUNDS = 5


def texts(data: Path) -> list[str]:
    """Return the texts that are long enough, cut to one length."""
    with lzma.open(data / "parity" / "texts.jsonl.xz", "rt", encoding="utf-8") as lines:
        found = (json.loads(line)["text"] for line in lines)
        return [text[:LENGTH] for text in found if len(text) >= LENGTH]


def least(read: Callable[[str], object], every: list[str]) -> float:
    """Return CPU seconds of the fastest round over all texts."""
    for text in every[:3]:
        read(text)
    found = []
    for _ in range(ROUNDS):
        begun = time.process_time()
        for text in every:
            read(text)
        found.append(time.process_time() - begun)
    return min(found)


def main(argv: list[str] | None = None) -> int:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("WOOLMILL_DATA"), help="data folder")
    data = parser.parse_args(argv).data
    if data is None:
        parser.error("give --data DIR or set WOOLMILL_DATA")
    every = texts(Path(data))
    print(f"{len(every)} texts of {LENGTH:,} characters\n\n| model | documents a CPU s | us a document |\n| --- | ---: | ---: |")
    reads: dict[str, Callable[[str], object]] = {name: load(name).of for name in MODELS}
    for name, read in {**reads, "all": scores}.items():
        spent = least(read, every) / len(every)
        print(f"| {name} | {1 / spent:,.0f} | {1e6 * spent:,.0f} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
