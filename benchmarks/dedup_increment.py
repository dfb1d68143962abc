"""What a new crawl costs against a corpus of several sizes: it should follow the crawl's size, not the corpus'.

    python -m benchmarks.dedup_increment --corpora 50000,200000 --crawl 20000

A corpus of made-up texts (`benchmarks/dedup_scale.py`) is deduplicated and remembered (``woolmill corpus add``); a crawl of which
40 % are copies of the corpus is then deduplicated against it with all three levels. Asked: CPU of the crawl among the largest corpus
at most 1.3 times that among the smallest.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.dedup_scale import cpu, make_corpus, row
from benchmarks.made_up_texts import write_rows
from benchmarks.runs import dedup, markdown, parser, scratch, tell, woolmill

COST_RATIO = 1.3


def main(argv: Sequence[str] | None = None) -> int:
    """Make, remember, deduplicate, print."""
    arguments = parser(__doc__)
    arguments.add_argument("--corpora", default="10000,40000", metavar="N,N", help="sizes of corpora (default: 10000,40000)")
    arguments.add_argument("--crawl", type=int, default=5_000, metavar="N", help="documents of the crawl (default: 5000)")
    given = arguments.parse_args(argv)
    rows, totals = [], []
    for documents in sorted(map(int, given.corpora.split(","))):
        with scratch(given.scratch) as folder:
            found, total = measure(folder, documents, given.crawl)
        rows.append(found)
        totals.append(total)
    ratio = totals[-1] / totals[0]
    names = ("corpus", "crawl", "stay", "CPU s", "urls", "documents", "lines", "extract and clean", "wall s", "corpus MB")
    verdict = (
        f"Among the largest corpus the crawl costs {ratio:.2f} times what it costs among the smallest; asked is {COST_RATIO}."
    )
    tell([markdown(names, rows), verdict], given.out)
    return int(ratio > COST_RATIO)


def measure(folder: Path, documents: int, crawl: int) -> tuple[list[str], float]:
    """Deduplicate a crawl against a corpus; return a row of the table, and CPU seconds of the crawl."""
    settings = ("spark.master=local[2,4]",)
    make_corpus(folder / "first", documents)
    first = dedup(folder / "first", folder / "crawl-1", *settings)
    woolmill("corpus", "add", str(first.root), str(folder / "corpus"), root=first.root)
    write_rows(folder / "second" / "second-00000.parquet", (row(documents + i, documents) for i in range(crawl)))
    done = dedup(folder / "second", folder / "crawl-2", f"corpus.path={folder / 'corpus'}", *settings)
    stages = {stage: cpu(metrics) for stage, metrics in done.metrics.items()}
    size = sum(path.stat().st_size for path in (folder / "corpus").rglob("*") if path.is_file())
    kept, total = sum(done.decisions["kept"].to_pylist()), sum(stages.values())
    seconds = [total, stages["urls"], stages["documents"], stages["lines"], stages["extract"] + stages["clean"], done.wall_s]
    return [f"{documents:,}", f"{crawl:,}", f"{kept:,}", *(f"{value:.1f}" for value in seconds), f"{size / 1e6:,.0f}"], total


if __name__ == "__main__":
    sys.exit(main())
