"""Precision, recall and speed of the search for personal data: ``python -m benchmarks.pii [texts.parquet]``.

Prints a line for each type on both sets of labelled snippets, the repository's and (with ``WOOLMILL_DATA``) the shared ones, and with
a Parquet file that has a column ``text`` the time for 9,000 characters.
"""

from __future__ import annotations

import json
import lzma
import os
import sys
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from udfs.pii import TYPES, find

OWN = Path(__file__).parents[1] / "tests" / "data" / "pii_snippets.jsonl"
DOCUMENT = 9_000


def scores(rows: Iterable[Mapping[str, Any]]) -> list[tuple[str, int, float, float]]:
    """Return type, labelled findings, precision and recall; span and label have to agree exactly."""
    count: Counter[tuple[str, str]] = Counter()
    for row in rows:
        gold = {(s["start"], s["end"], s["label"]) for s in row["spans"]}
        got = set(find(row["text"]))
        for name, some in (("gold", gold), ("got", got), ("hit", gold & got)):
            count.update((label.partition(":")[0], name) for *_, label in some)
    return [
        (kind, count[kind, "gold"], count[kind, "hit"] / max(count[kind, "got"], 1), count[kind, "hit"] / count[kind, "gold"])
        for kind in TYPES
        if count[kind, "gold"]
    ]


def milliseconds(texts: Iterable[str]) -> float:
    """Return processor time for `DOCUMENT` characters, over all texts."""
    whole = list(texts)
    started = time.process_time()
    for text in whole:
        find(text)
    return (time.process_time() - started) * 1000 * DOCUMENT / max(sum(map(len, whole)), 1)


def main(arguments: list[str]) -> int:
    """Print the figures."""
    sets = {"own": [json.loads(line) for line in OWN.read_text("utf-8").splitlines()]}
    if data := os.environ.get("WOOLMILL_DATA"):
        with lzma.open(Path(data) / "pii" / "snippets.jsonl.xz", "rt", encoding="utf-8") as lines:
            sets["shared"] = [json.loads(line) for line in lines]
    for name, rows in sets.items():
        print(f"{name}: {len(rows)} snippets")
        for kind, labelled, precision, recall in scores(rows):
            print(f"  {kind:<17} {labelled:>4} labelled   precision {precision:.3f}   recall {recall:.3f}")
    for path in arguments:
        import pyarrow.parquet as pq

        texts = pq.read_table(path, columns=["text"], partitioning=None).column("text").to_pylist()
        print(f"{path}: {milliseconds(text for text in texts if text):.3f} ms for {DOCUMENT:,} characters")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
