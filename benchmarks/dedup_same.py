"""Deduplicate the same documents in six ways and compare the decisions: partitions, order and number of files, cores.

    python -m benchmarks.dedup_same            # ``neardup`` below WOOLMILL_DATA
    python -m benchmarks.dedup_same --warc     # and the crawl in ``warc``: urls and documents of conf/llama3.yaml

The ways: one core; two cores with 1, 2 and 8 partitions of each shuffle; and twice with the inputs in another order: the same
documents shuffled over five files and over eleven (the crawl: its files in reverse, and cut into splits of 256 KiB). Compared are
``id, kept, kept_id, level, similarity, cluster`` of each document, sorted by id. Exit code 1 when any of them differs.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import pyarrow as pa

from benchmarks.dedup_truth import texts_of
from benchmarks.made_up_texts import number, write_rows
from benchmarks.runs import Done, data_folder, dedup, markdown, parser, scratch, tell, woolmill
from jobs.dedup.alone import write_decisions
from jobs.store import Run

COMPARED: Final = ("id", "kept", "kept_id", "level", "similarity", "cluster")
ONE, TWO = "spark.master=local[1,4]", "spark.master=local[2,4]"

WAYS: Final[Mapping[str, tuple[str, ...]]] = {
    "two cores, 8 partitions": (TWO, "spark.shuffle_partitions=8"),
    "two cores, 1 partition": (TWO, "spark.shuffle_partitions=1"),
    "two cores, 2 partitions": (TWO, "spark.shuffle_partitions=2"),
    "one core, 8 partitions": (ONE, "spark.shuffle_partitions=8"),
}
SHUFFLED: Final = (5, 11)


def digest(done: Done) -> str:
    """Return the SHA-256 of the decisions, sorted by id."""
    rows: pa.Table = done.decisions.select(list(COMPARED))
    said = hashlib.sha256()
    for row in zip(*(rows[column].to_pylist() for column in COMPARED), strict=True):
        said.update(f"{row}\n".encode())
    return said.hexdigest()


def row_of(what: str, way: str, done: Done) -> list[str]:
    """Return a row of the table."""
    rows = done.decisions
    found = [
        f"{what}, {way}",
        digest(done)[:16],
        f"{rows.num_rows:,}",
        f"{sum(rows['kept'].to_pylist()):,}",
        f"{done.wall_s:.0f}",
    ]
    print(found, file=sys.stderr, flush=True)
    return found


def neardup(data: Path, folder: Path) -> list[list[str]]:
    """Run all ways on the documents with known pairs."""
    rows = list(texts_of(data / "docs.jsonl.xz"))
    write_rows(folder / "one" / "texts.parquet", rows)
    found = []
    for i, (way, settings) in enumerate(WAYS.items()):
        found.append(row_of("neardup", way, dedup(folder / "one", folder / f"run{i}", *settings)))
    for files in SHUFFLED:
        mixed = sorted(rows, key=lambda row: number(files, row[0]))
        for file in range(files):
            # One source, as before: the order of survival begins with it.
            write_rows(folder / f"mixed{files}" / f"texts-{file}.parquet", mixed[file::files])
        done = dedup(folder / f"mixed{files}", folder / f"mixed-run{files}", TWO)
        found.append(row_of("neardup", f"shuffled over {files} files", done))
    return found


def crawl(data: Path, folder: Path) -> list[list[str]]:
    """Run all ways on the crawl."""
    paths = sorted(map(str, [*data.glob("*.warc.gz"), *data.glob("*.warc")]))
    ways = {way: (*settings, f"input.paths={','.join(paths)}") for way, settings in WAYS.items()}
    ways["files in reverse"] = (TWO, f"input.paths={','.join(reversed(paths))}")
    ways["splits of 256 KiB"] = (TWO, f"input.paths={','.join(paths)}", "input.split_bytes=262144")
    found = []
    for i, (way, settings) in enumerate(ways.items()):
        name = f"crawl{i}"
        words = ("run", "conf/llama3.yaml", "stages=[extract, urls, documents]", f"output.path={folder}", f"output.run={name}")
        done = woolmill(*words, *settings, root=folder / name)
        write_decisions(Run.open(done.root))
        found.append(row_of("crawl", way, done))
    return found


def main(argv: Sequence[str] | None = None) -> int:
    """Run all ways, compare, print."""
    arguments = parser(__doc__)
    arguments.add_argument("--warc", action="store_true", help="the crawl, too")
    given = arguments.parse_args(argv)
    data = data_folder(arguments)
    with scratch(given.scratch) as folder:
        every = [neardup(data / "neardup", folder)]
        if given.warc:
            every.append(crawl(data / "warc", folder))
    same = all(row[1] == rows[0][1] for rows in every for row in rows)
    table = markdown(("way", "decisions", "documents", "stay", "s"), [row for rows in every for row in rows], left=2)
    tell([table, "All decisions are the same." if same else "DECISIONS DIFFER."], given.out)
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
