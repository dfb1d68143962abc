r"""Time MinHash signatures: Woolmill's kernel, datasketch, rensa and datatrove on the same texts in one process, in turns.

    python -m benchmarks.signatures [--documents 400] [--repeat 5] [--out benchmarks/results/DATE-signatures.md]

The texts are English, 3,800 characters each, cut from the documents of ``neardup`` below ``WOOLMILL_DATA``. Woolmill is handed an
Arrow array, the others strings. Everything from a text to its signature of 112 values (14 bands of 8 rows) of word 5-grams
counts. For datasketch and rensa the words are ``text.lower().split()``, the cheapest there are, and shingles a set of joined
words; both are run in every fast way that they offer. datatrove runs its own code, `MinhashDedupSignature`, without writing,
once with its English tokenizer and once with ``str.split`` in its place. The time is CPU time, of all threads, of a block of
texts, the least of ``--repeat`` rounds.

The peers are no dependencies. A peer that cannot be imported is named in the table and left out. To have them all, in an
environment to throw away (xxhash 4 fails in datatrove 0.10.1 with "Strings must be encoded before hashing")::

    python -m venv peers
    peers/bin/pip install rensa==0.5.0 datatrove==0.10.1 "xxhash<4" datasketch==2.0.0 \
        spacy regex nltk tokenizers numba numpy pyarrow
    PYTHONPATH=. peers/bin/python -m benchmarks.signatures
"""

from __future__ import annotations

import argparse
import json
import lzma
import os
import platform
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import xxhash

from udfs.sketch import SketchSettings, sketch, sketch_batch

NGRAM, BANDS, ROWS = 5, 14, 8
SIZE: Final = BANDS * ROWS
CHARACTERS: Final = 3800
BLOCK: Final = 200
"""Texts that a contender sketches before the next has its turn."""

OURS: Final = "woolmill, 14 x 8"
Run = Callable[[Any], object]


def read_texts(folder: Path, count: int) -> list[str]:
    """Return English texts of about 4 kB, cut from long documents in order."""
    with lzma.open(folder / "neardup" / "docs.jsonl.xz", "rt", encoding="utf-8") as lines:
        rows = [row["text"] for row in map(json.loads, lines) if row["lang"] == "en"]
    cut = [text[at : at + CHARACTERS] for text in rows for at in range(0, len(text) - CHARACTERS, CHARACTERS)]
    return cut[:count]


def shingles(text: str) -> set[str]:
    """Return the set of word n-grams that libraries for sets are handed."""
    words = text.lower().split()
    return {" ".join(words[i : i + NGRAM]) for i in range(max(1, len(words) - NGRAM + 1))}


def woolmill() -> dict[str, Run]:
    """Return Woolmill's ways; their names say bands and rows."""
    fineweb, llama3 = SketchSettings(NGRAM, BANDS, ROWS), SketchSettings(NGRAM, 20, 6)
    datasketch_too = SketchSettings(NGRAM, BANDS, ROWS, family="datasketch")
    return {
        OURS: lambda block: sketch_batch(block, fineweb),
        "woolmill, 20 x 6": lambda block: sketch_batch(block, llama3),
        "woolmill, 14 x 8, functions of datasketch": lambda block: sketch_batch(block, datasketch_too),
        "woolmill, 14 x 8, one text a call": lambda block: [sketch(text, fineweb) for text in block.to_pylist()],
    }


def of_datasketch() -> dict[str, Run]:
    """Return datasketch's ways: batches of hashes with xxh32 and with its own SHA-1, and many documents at once."""
    from datasketch import MinHash

    def batch(hashfunc: Callable[[bytes], int] | None) -> Run:
        empty = MinHash(num_perm=SIZE, hashfunc=hashfunc)

        def run(block: Sequence[str]) -> None:
            for text in block:
                made = empty.copy()
                made.update_batch([shingle.encode() for shingle in shingles(text)])

        return run

    def bulk(block: Sequence[str]) -> None:
        sets = [[shingle.encode() for shingle in shingles(text)] for text in block]
        MinHash.bulk(sets, num_perm=SIZE, hashfunc=xxhash.xxh32_intdigest)

    return {
        "datasketch, update_batch, xxh32": batch(xxhash.xxh32_intdigest),
        "datasketch, update_batch, sha1": batch(None),
        "datasketch, bulk, xxh32": bulk,
    }


def of_rensa() -> dict[str, Run]:
    """Return rensa's ways: one document after the other, and all at once."""
    from rensa import CMinHash, RMinHash

    def single(kind: Callable[..., Any]) -> Run:
        def run(block: Sequence[str]) -> None:
            for text in block:
                made = kind(num_perm=SIZE, seed=1)
                made.update(list(shingles(text)))
                made.digest()

        return run

    def matrix(block: Sequence[str]) -> None:
        RMinHash.digest_matrix_from_token_sets([list(shingles(text)) for text in block], SIZE, 1)

    return {"rensa RMinHash": single(RMinHash), "rensa CMinHash": single(CMinHash), "rensa RMinHash, matrix": matrix}


def of_datatrove() -> dict[str, Run]:
    """Return datatrove's signature stage with its English tokenizer and with ``str.split``."""
    import tempfile

    from datatrove.pipeline.dedup.minhash import MinhashConfig, MinhashDedupSignature

    class Split:
        """The cheapest tokenizer."""

        def word_tokenize(self, text: str) -> list[str]:
            """Return what blanks separate."""
            return text.split()

    def stage(tokenizer: Split | None) -> Run:
        config = MinhashConfig(n_grams=NGRAM, num_buckets=BANDS, hashes_per_bucket=ROWS)
        made = MinhashDedupSignature(tempfile.gettempdir(), config=config)
        made.word_tokenizer = tokenizer or made.word_tokenizer
        return lambda block: [made.get_signature(made.get_shingles(text)) for text in block]

    return {"datatrove, split": stage(Split()), "datatrove, English tokenizer": stage(None)}


PEERS: Final[Mapping[str, Callable[[], dict[str, Run]]]] = {
    "datasketch": of_datasketch,
    "rensa": of_rensa,
    "datatrove": of_datatrove,
}


def contenders(sample: Sequence[str]) -> tuple[dict[str, Run], dict[str, str]]:
    """Return what can run, after it ran once, and why the others cannot."""
    runs, missing = woolmill(), {}
    for name, make in PEERS.items():
        try:
            made = make()
            for run in made.values():
                run(sample)
        except Exception as error:  # a peer that is absent or broken is a row of the table, no reason to stop
            missing[name] = f"{type(error).__name__}: {error}".splitlines()[0]
        else:
            runs |= made
    for run in woolmill().values():
        run(pa.array(sample))
    return runs, missing


def measure(texts: Sequence[str], runs: Mapping[str, Run], repeat: int) -> dict[str, float]:
    """Return CPU seconds of each contender over all texts, the least of each block summed; who is first changes."""
    blocks = [list(texts[at : at + BLOCK]) for at in range(0, len(texts), BLOCK)]
    arrays = [pa.array(block) for block in blocks]
    names, ours = list(runs), woolmill()
    least = {name: np.full(len(blocks), np.inf) for name in names}
    for round_ in range(repeat):
        for i, block in enumerate(blocks):
            turn = (i + round_) % len(names)
            for name in (*names[turn:], *names[:turn]):
                given = arrays[i] if name in ours else block
                begun = time.process_time()
                runs[name](given)
                least[name][i] = min(least[name][i], time.process_time() - begun)
        print(f"round {round_ + 1} of {repeat}", file=sys.stderr, flush=True)
    return {name: float(values.sum()) for name, values in least.items()}


def table(count: int, found: Mapping[str, float], missing: Mapping[str, str]) -> str:
    """Return the contenders side by side, as Markdown."""
    lines = ["| contender | documents a CPU s | times as long as woolmill, 14 x 8 |", "| --- | ---: | ---: |"]
    for name, seconds in sorted(found.items(), key=lambda item: item[1]):
        lines.append(f"| {name} | {count / seconds:,.0f} | {seconds / found[OURS]:.1f} |")
    lines += [f"| {name} | not run | {why} |" for name, why in missing.items()]
    return "\n".join(lines)


def main(argv: Sequence[str] | None = None) -> int:
    """Read, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("WOOLMILL_DATA"), help="by default what WOOLMILL_DATA names")
    parser.add_argument("--documents", type=int, default=400)
    parser.add_argument("--repeat", type=int, default=5, help="rounds; the time of a block is the least")
    parser.add_argument("--out", type=Path, help="also write the result to this file")
    arguments = parser.parse_args(argv)
    if arguments.data is None:
        parser.error("name the data folder by --data or WOOLMILL_DATA")
    texts = read_texts(Path(arguments.data), arguments.documents)
    runs, missing = contenders(texts[:2])
    found = measure(texts, runs, arguments.repeat)
    size = np.mean([len(text.encode()) for text in texts])
    plain = np.mean([text.isascii() for text in texts])
    head = f"{len(texts)} English texts of {size:,.0f} bytes on average, {plain:.0%} of them ASCII; best of {arguments.repeat}."
    foot = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, NumPy {np.__version__}"
    report = "\n\n".join((head, table(len(texts), found, missing), foot)) + "\n"
    print(report, end="")
    if arguments.out:
        arguments.out.write_text(report, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
