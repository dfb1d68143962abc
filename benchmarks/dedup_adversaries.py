"""Corpora that break deduplication elsewhere: each must end, keep what is distinct, and stay within a bound of memory.

    python -m benchmarks.dedup_adversaries --scale 0.01                          # ten minutes
    python -m benchmarks.dedup_adversaries --scratch DIR --only copies,chain     # whole sizes, some of them

* ``copies``: one page of 1 kB a million times; the newest stays.
* ``chain``: 10,000 documents, each 0.85 similar to the next one, which is a day younger; thirteen apart they share nothing. A document
  goes only in favour of a similar one that stays, so every second or third stays; whoever closes over pairs keeps one. Once as
  usual, once decided in Spark instead of on the driver: the decisions must be equal.
* ``giant``: a document of 50 MB and a near-copy of it, among a thousand of 4 kB. Only the older giant goes.
* ``empty``: 200,000 documents: a third without text, a third of blanks and signs, a third of one word out of a thousand. The first two
  are compared with nothing and stay; of each word one stays.
* ``template``: 100,000 pages of a site that have a tenth of their words of their own, in one stretch: any two are 0.80 similar. A
  bucket holds half of them, so buckets are crowded, and are named. Most go for one page; those stay that share no band with it or
  seem less similar than 0.75, fewer than a quarter. And 20,000 pages of another site with a tenth of the words of their own,
  scattered: 0.2 similar; all stay.

The peak of a Python worker may be 1.2 GB; with ``giant``, 2.5 GB. Exit code 1 when anything is not as asked.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice
from pathlib import Path
from typing import Final

from benchmarks.made_up_texts import near_copy, number, text_of, vocabulary, words_of, write_rows
from benchmarks.runs import Done, dedup, markdown, megabytes, parser, scratch, tell

Row = tuple[str, str, str, str, str]

FILE: Final = 50_000
MAX_BUCKET: Final = 50_000
WORKER_BYTES, GIANT_BYTES = 1.2e9, 2.5e9
WINDOW, STEP = 204, 16
"""Words of a document of the chain, and how far the next one is shifted: (200 - 16) / (200 + 16) = 0.85."""

PAGE: Final = 330
WORDS: Final = 1_000
GIANT_WORDS: Final = 8_300_000


@dataclass(frozen=True, slots=True)
class Adversary:
    """A corpus and what is asked of it.

    Parameters
    ----------
    documents : int
        How many there are at scale 1.
    rows : callable
        From a number of documents to their rows.
    verdict : callable
        From a finished run and the number of documents to what stays, and what is wrong; nothing where all is well.
    overrides : callable
        From the scale to ``key=value``.
    worker : float
        Most bytes of a Python worker.
    """

    documents: int
    rows: Callable[[int], Iterator[Row]]
    verdict: Callable[[Done, int], tuple[str, list[str]]]
    overrides: Callable[[float], list[str]] = lambda _: []
    worker: float = WORKER_BYTES


def _row(name: str, i: int, day: int, text: str) -> Row:
    moment = date(2024, 1, 1) + timedelta(days=day)
    return f"{name}{i:09d}", f"https://{name}.example.org/{i}", moment.isoformat(), "en", text


def copies(n: int) -> Iterator[Row]:
    """Make one page, n times."""
    text = text_of(words_of(1, count=160))
    return (_row("copy", i, number("day", i) % 365, text) for i in range(n))


def chain(n: int) -> Iterator[Row]:
    """Make windows that slide over a text."""
    words = words_of(2, count=n * STEP + WINDOW)
    return (_row("link", i, i, text_of(words[i * STEP : i * STEP + WINDOW])) for i in range(n))


def giant(n: int) -> Iterator[Row]:
    """Make a large document and a near-copy of it, in the middle of n - 2 others."""
    words = words_of(3, count=GIANT_WORDS)
    for i in range(n - 2):
        if i == n // 2:
            yield _row("giant", 0, 1, text_of(words))
            yield _row("giant", 1, 2, text_of(near_copy(words, 0.9, seed=3)))
        yield _row("other", i, 1, text_of(words_of(100 + i)))


def empty(n: int) -> Iterator[Row]:
    """Make documents without text, of signs, and of one word."""
    words = vocabulary()[:WORDS].tolist()
    for i in range(n):
        yield _row("tiny", i, i % 365, ("", " .\n\t!" * (i % 7 + 1), words[i // 3 % WORDS])[i % 3])


def template(n: int) -> Iterator[Row]:
    """Make five sixths of the pages of one site, with a stretch of their own, and one sixth of another, with scattered words."""
    block, scattered = words_of(4, count=PAGE), words_of(5, count=PAGE)
    for i in range(n):
        if i % 6 < 5:
            own = words_of(1000 + i, count=PAGE // 10)
            words = block.copy()
            words[PAGE // 2 : PAGE // 2 + len(own)] = own
            yield _row("block", i, i % 365, text_of(words))
        else:
            words, own = scattered.copy(), words_of(1000 + i, count=PAGE)
            places = words_of(1000 + i, count=PAGE, seed=9) % 10 == 0
            words[places] = own[places]
            yield _row("scatter", i, i % 365, text_of(words))


def _kept(done: Done) -> Mapping[str, int]:
    """Count what stays by the name that ids begin with."""
    found: dict[str, int] = {}
    for id_, kept in zip(*(done.decisions[column].to_pylist() for column in ("id", "kept")), strict=True):
        found[id_.rstrip("0123456789")] = found.get(id_.rstrip("0123456789"), 0) + kept
    return found


def _counted(done: Done, wanted: Mapping[str, tuple[float, float]]) -> tuple[str, list[str]]:
    kept = _kept(done)
    wrong = [
        f"{kept[name]:,} {name} stay, {a:,.0f} to {b:,.0f} should" for name, (a, b) in wanted.items() if not a <= kept[name] <= b
    ]
    return ", ".join(f"{name} {n:,}" for name, n in kept.items()), wrong


def of_copies(done: Done, n: int) -> tuple[str, list[str]]:
    """Ask that one stays."""
    del n
    return _counted(done, {"copy": (1, 1)})


def of_chain(done: Done, n: int) -> tuple[str, list[str]]:
    """Ask that every second to third stays, and that what goes is at most three links from what it goes for."""
    said, wrong = _counted(done, {"link": (0.3 * n, 0.52 * n)})
    rows = done.decisions.select(["id", "kept_id"]).to_pylist()
    furthest = max(abs(int(row["id"][4:]) - int(row["kept_id"][4:])) for row in rows if row["kept_id"])
    again = dedup(done.root.parent / "texts", done.root.with_name("again"), "documents.max_edges=0")
    if again.decisions.drop_columns(["file", "row"]) != done.decisions.drop_columns(["file", "row"]):
        wrong.append("decided in Spark, other documents go")
    if furthest > 3:
        wrong.append(f"a document goes for one that is {furthest} links away")
    facts, wall = again.facts("documents"), again.metrics["documents"]["wall"]
    return (
        f"{said}; in Spark the same, {wall:,.0f} s, {facts['rounds']} rounds, {facts['left']:,} edges left to components",
        wrong,
    )


def of_giant(done: Done, n: int) -> tuple[str, list[str]]:
    """Ask that the older giant goes, alone."""
    return _counted(done, {"giant": (1, 1), "other": (n - 2, n - 2)})


def of_empty(done: Done, n: int) -> tuple[str, list[str]]:
    """Ask that what has no token stays, and one document of each word."""
    compared = n // 3
    stays = n - compared + min(WORDS, compared)
    said, wrong = _counted(done, {"tiny": (stays, stays)})
    if (found := done.facts("documents")["empty"]) != n - compared:
        wrong.append(f"{found:,} are said to be empty, {n - compared:,} are")
    return f"{said}, {found:,} of them empty", wrong


def of_template(done: Done, n: int) -> tuple[str, list[str]]:
    """Ask that few of the first site stay, all of the second, and that crowded buckets are named."""
    blocks = sum(i % 6 < 5 for i in range(n))
    said, wrong = _counted(done, {"block": (1, 0.25 * blocks), "scatter": (n - blocks, n - blocks)})
    facts = done.facts("documents")
    if not facts["crowded_buckets"]:
        wrong.append("no bucket is said to be crowded")
    return f"{said}; {facts['crowded_buckets']} crowded buckets, {facts['largest_buckets'][:2]}", wrong


def _bucket(scale: float) -> list[str]:
    return [f"documents.max_bucket={max(2, int(MAX_BUCKET * scale))}"]


ADVERSARIES: Final = {
    "copies": Adversary(1_000_000, copies, of_copies),
    "chain": Adversary(10_000, chain, of_chain),
    "giant": Adversary(1_002, giant, of_giant, worker=GIANT_BYTES),
    "empty": Adversary(200_000, empty, of_empty),
    "template": Adversary(120_000, template, of_template, _bucket),
}


def write_corpus(folder: Path, rows: Iterator[Row], n: int) -> None:
    """Write rows as files of 50,000, at least two."""
    for file, start in enumerate(range(0, n, size := min(FILE, -(-n // 2)))):
        write_rows(folder / f"site-{file:05d}.parquet", islice(rows, min(size, n - start)))


def measure(name: str, folder: Path, scale: float) -> tuple[list[str], list[str]]:
    """Make a corpus, run, judge; return a row of the table, and what is wrong."""
    adversary = ADVERSARIES[name]
    n = max(int(adversary.documents * scale), 200)
    write_corpus(folder / "texts", adversary.rows(n), n)
    done = dedup(folder / "texts", folder / "run", "spark.master=local[2,4]", *adversary.overrides(scale))
    metrics = done.metrics
    wall = sum(m["wall"] for m in metrics.values())
    peaks = {part: max(m[part] for m in metrics.values()) for part in ("peak_worker", "peak_jvm", "peak_driver")}
    said, wrong = adversary.verdict(done, n)
    if peaks["peak_worker"] > adversary.worker:
        wrong.append(f"a worker took {megabytes(peaks['peak_worker'])} MB, {megabytes(adversary.worker)} are allowed")
    row = [
        name,
        f"{n:,}",
        f"{n / wall:,.0f}",
        f"{wall:,.0f}",
        *map(megabytes, peaks.values()),
        said,
        "; ".join(wrong) or "as asked",
    ]
    return row, [f"{name}: {one}" for one in wrong]


def main(argv: Sequence[str] | None = None) -> int:
    """Make, run, judge, print."""
    arguments = parser(__doc__)
    arguments.add_argument("--scale", type=float, default=1.0, help="share of the documents")
    arguments.add_argument("--only", default=",".join(ADVERSARIES), metavar="A,B", help=f"some of {', '.join(ADVERSARIES)}")
    given = arguments.parse_args(argv)
    rows, missed = [], []
    with scratch(given.scratch) as folder:
        for name in given.only.split(","):
            row, wrong = measure(name, folder / name, given.scale)
            print(row, file=sys.stderr, flush=True)
            rows.append(row)
            missed += wrong
            shutil.rmtree(folder / name)
    columns = ("corpus", "documents", "documents/s", "s of stages", "worker MB", "JVM MB", "driver MB", "stay", "verdict")
    tell([markdown(columns, rows), f"Missed: {len(missed)}" if missed else "All that is asked is met."], given.out)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
