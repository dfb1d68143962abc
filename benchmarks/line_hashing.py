r"""Hash the lines of texts in three ways, and look hashes up in two, in one process by CPU time.

    python -m benchmarks.line_hashing $WOOLMILL_DATA/neardup/docs.jsonl.xz [--repeat 5] [--hot 1000000]

Reads a JSON object with a ``text`` on each line of the file. The plain way is what one writes without a compiler: `str.lower`,
regular expressions over the whole text and xxHash's own library for each line; its ``\w`` leaves out the combining marks that
the product keeps, so on some scripts it does less. Best of ``--repeat``.
"""

from __future__ import annotations

import argparse
import json
import lzma
import re
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import xxhash
from numpy.typing import NDArray

from jobs.dedup.hot import HASH, open_hot
from udfs.line_kernel import Hashes
from udfs.lines import hash_lines, line_hashes

_NUMBER = re.compile(r"\d")
_MARK = re.compile(r"[^\w\s]|_")
_CHUNK = 256
"""Texts in a batch, as a map over record batches hands them out."""


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print lines per CPU second, megabytes and ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("texts", type=Path)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--hot", type=int, default=1_000_000)
    arguments = parser.parse_args(argv)
    texts = read(arguments.texts)
    print(f"{'texts':<22}{'way':<18}{'M lines/CPU s':>14}{'MB/CPU s':>10}{'ratio':>8}")
    for name, chosen in kinds(texts).items():
        if chosen:
            compare_hashing(name, chosen, arguments.repeat)
    print(f"\n{'lookup':<22}{'hits':<18}{'M lines/CPU s':>14}{'B/hash':>10}")
    compare_lookup(texts, arguments.hot, arguments.repeat)
    return 0


def read(path: Path) -> list[str]:
    with lzma.open(path, "rt", encoding="utf-8") if path.suffix == ".xz" else path.open(encoding="utf-8") as lines:
        return [json.loads(line)["text"] for line in lines]


def kinds(texts: Sequence[str]) -> dict[str, list[str]]:
    """Part texts by how much of them is ASCII."""
    shares = [sum(map(str.isascii, text)) / max(len(text), 1) for text in texts]
    parted: dict[str, list[str]] = {"all": list(texts), "ASCII only": [], "ASCII for the most": [], "other scripts": []}
    for text, share in zip(texts, shares, strict=True):
        parted["ASCII only" if share == 1 else "ASCII for the most" if share > 0.5 else "other scripts"].append(text)
    return parted


def plain_hashes(text: str) -> list[int]:
    folded = _MARK.sub("", _NUMBER.sub("0", text.lower()))
    found = []
    for raw, line in zip(text.split("\n"), folded.split("\n"), strict=True):
        if key := " ".join(line.split()) or raw.strip():
            found.append(xxhash.xxh64_intdigest(key.encode("utf-8", "surrogatepass")))
    return found


def compare_hashing(name: str, texts: Sequence[str], repeat: int) -> None:
    batches = [pa.array(texts[at : at + _CHUNK]) for at in range(0, len(texts), _CHUNK)]

    def kernel_batch() -> int:
        return sum(len(hash_lines(batch).hashes) for batch in batches)

    def kernel_per_text() -> int:
        return sum(len(line_hashes(text)) for text in texts)

    def plain_python() -> int:
        return sum(len(plain_hashes(text)) for text in texts)

    megabytes = sum(len(text.encode("utf-8", "surrogatepass")) for text in texts) / 1e6
    seconds = {way: best(way, repeat) for way in (kernel_batch, kernel_per_text, plain_python)}
    lines = kernel_batch()
    for way, taken in seconds.items():
        ratio = seconds[plain_python] / taken
        label = way.__name__.replace("_", " ")
        print(f"{name:<22}{label:<18}{lines / taken / 1e6:>14.2f}{megabytes / taken:>10.0f}{ratio:>8.1f}")


def compare_lookup(texts: Sequence[str], n_hot: int, repeat: int) -> None:
    """Look the lines of each batch up among ``n_hot`` hashes, of which a tenth of the texts' own lines are part."""
    batches = [hash_lines(pa.array(texts[at : at + _CHUNK])).hashes for at in range(0, len(texts), _CHUNK)]
    lines = sum(map(len, batches))
    known = np.unique(np.concatenate(batches))[::10]
    drawn = np.random.Generator(np.random.Philox(1)).integers(0, 2**64 - 1, n_hot, dtype=np.uint64)
    hot = np.unique(np.concatenate((known, drawn)))[:n_hot]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "hot.npy"
        np.save(path, np.stack([hot, hot, hot]))
        mapped, held = open_hot(str(path))[HASH], set(hot.tolist())

        def sorted_file() -> int:
            return sum(int(np.count_nonzero(_within(mapped, batch))) for batch in batches)

        def python_set() -> int:
            return sum(hashed in held for batch in batches for hashed in batch.tolist())

        size = {sorted_file: mapped.nbytes, python_set: sys.getsizeof(held) + sum(map(sys.getsizeof, held))}
        for way, total in size.items():
            taken, label = best(way, repeat), way.__name__.replace("_", " ")
            print(f"{label:<22}{way():<18}{lines / taken / 1e6:>14.2f}{total / len(hot):>10.1f}")


def _within(listed: Hashes, hashes: Hashes) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = listed[np.minimum(np.searchsorted(listed, hashes), len(listed) - 1)] == hashes
    return found


def best(way: Callable[[], int], repeat: int) -> float:
    way()
    taken = []
    for _ in range(repeat):
        start = time.process_time()
        way()
        taken.append(time.process_time() - start)
    return min(taken)


if __name__ == "__main__":
    sys.exit(main())
