"""What a document costs to mix, whether it costs more among more documents, and how well the output is mixed: made-up corpora.

    python -m benchmarks.mix_scale --documents 20000                         # a minute
    python -m benchmarks.mix_scale --documents 100000,1000000 --scratch DIR  # an hour, and 12 GB

Documents of log-normal length, about 3.5 kB (`benchmarks.made_up_texts`), 25,000 a file; 70 % are general, 10 % each math, code and
multilingual. They are put where the stages before would have put them, and the stage ``mix`` of conf/llama3.yaml is run as a person
would: `woolmill run --only mix`, two cores. Mathematics is taken three times and a half, so more documents are written than there are.
Asked:

* each class within 0.1 point of its share of the tokens;
* the classes of every 1,000 documents of the output, in the order of the shards, as chance has them: chi-squared within five standard
  deviations of its degrees of freedom.

Exit code 1 when one of them is missed.
"""

from __future__ import annotations

import hashlib
import json
import math
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from benchmarks.made_up_texts import number, text_of, words_of
from benchmarks.runs import ROOT, Metrics, markdown, megabytes, parser, scratch, tell, woolmill
from conf.load import resolve
from jobs.runner import input_splits
from jobs.store import AFTER, FileEntry, Published, Run
from jobs.tables import TABLES
from udfs.mixture import MILLION

RECIPE: Final = ROOT / "conf" / "llama3.yaml"
STAGES: Final = ("extract", "clean", "route", "score", "mix")
FILE: Final = 25_000
CLASSES: Final = ("general", "math", "code", "multilingual")
PARTS: Final = (0.7, 0.1, 0.1, 0.1)
MEDIAN_WORDS, SPREAD, WORDS = 400, 0.8, (20, 5_000)
STRETCH: Final = 1_000
POINTS, DEVIATIONS = 0.1, 5.0
GROUP: Final = 5_000


def documents_of(file: int, documents: int) -> list[dict[str, Any]]:
    """Return the documents of a file of a corpus of so many, without their texts."""
    numbers = range(file * FILE, min((file + 1) * FILE, documents))
    rng = np.random.default_rng([11, file])
    kinds = rng.choice(len(CLASSES), len(numbers), p=PARTS).tolist()
    words = np.clip(MEDIAN_WORDS * rng.lognormal(0.0, SPREAD, len(numbers)), *WORDS).astype(int).tolist()
    return [
        {
            "id": number("id", n).to_bytes(8, "big") + number(n).to_bytes(8, "big"),
            "url": f"https://site{n // 100}.example.org/page{n % 100}.html",
            "lang": ("de", "fr", "es", "ja")[n % 4] if kind == CLASSES.index("multilingual") else "en",
            "class": CLASSES[kind],
            "bucket": n % 20,
            "words": count,
            "number": n,
        }
        for n, kind, count in zip(numbers, kinds, words, strict=True)
    ]


def write_file(made: tuple[int, str], *, run: Path, documents: int) -> dict[str, FileEntry]:
    """Write what the stages before have made of one file; returns the file of each table."""
    file, split = made
    rows = [row | {"split": split} for row in documents_of(file, documents)]
    tables = {"clean": ("cleaned", True), "route": ("routes", False), "score": ("quality", False)}
    entries = {}
    for stage, (table, has_text) in tables.items():
        schema, blank = TABLES[table].schema, dict.fromkeys(TABLES[table].schema.names)
        path = Run(run).attempt_dir(stage) / table / f"{split}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        with pq.ParquetWriter(path, schema, compression="zstd", compression_level=1) as writer:
            for begin in range(0, len(rows), GROUP):
                some = [blank | {name: row[name] for name in row if name in blank} for row in rows[begin : begin + GROUP]]
                for row, about in zip(some, rows[begin : begin + GROUP], strict=True):
                    row |= {"text": text_of(words_of(about["number"], count=about["words"]))} if has_text else {}
                writer.write_table(pa.Table.from_pylist(some, schema))
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        entries[stage] = FileEntry(path.name, len(rows), path.stat().st_size, digest)
    return entries


def make_run(folder: Path, documents: int) -> tuple[str, ...]:
    """Make a run whose stages before `mix` are done; returns the settings that it has to be started with."""
    crawl = folder / "crawl"
    crawl.mkdir(parents=True)
    for file in range(-(-documents // FILE)):
        (crawl / f"{file:05d}.parquet").write_bytes(b"not read again")
    settings = (
        "name=mix",
        f"stages=[{','.join(STAGES)}]",
        "input.format=parquet",
        f"input.paths={crawl}",
        f"output.path={folder}",
        "spark.master=local[2,4]",
    )
    resolved = resolve(RECIPE, settings)
    run = Run(folder / "mix")
    splits = [(file, split.key) for file, split in enumerate(input_splits(resolved.recipe.input))]
    with get_context("spawn").Pool(2) as pool:
        found = pool.map(partial(write_file, run=run.root, documents=documents), splits, chunksize=1)
    run.root.joinpath("recipe.json").write_text(json.dumps({"stages": STAGES}), "utf-8")
    tables = {"extract": "documents", "clean": "cleaned", "route": "routes", "score": "quality"}
    for stage, table in tables.items():
        run.attempt_dir(stage).mkdir(parents=True, exist_ok=True)
        files = tuple(sorted((entries[stage] for entries in found if stage in entries), key=lambda entry: entry.name))
        summary = {"accounts": [["in", "", documents], ["kept", "", documents]], AFTER: {}}
        name = hashlib.sha256(repr([entry.sha256 for entry in files]).encode()).hexdigest()
        run.publish(Published(stage, name, {table: files}, {}, summary))
    return settings


@dataclass(frozen=True, slots=True)
class Mixing:
    """How the classes lie in the output: chi-squared of stretches, its degrees of freedom, the largest difference in points."""

    chi: float
    free: int
    worst: float

    @property
    def deviations(self) -> float:
        """Standard deviations of chi-squared above what it is expected to be."""
        return (self.chi - self.free) / math.sqrt(2 * self.free)

    @classmethod
    def of(cls, order: NDArray[np.int64]) -> Mixing:
        """Measure classes, as numbers, in the order of the output; a last stretch that is not full is left out."""
        whole = order[: len(order) // STRETCH * STRETCH].reshape(-1, STRETCH)
        counts = np.stack([(whole == kind).sum(axis=1) for kind in range(len(CLASSES))], axis=1)
        expected = counts.mean(axis=0)
        chi = float(((counts - expected) ** 2 / expected).sum())
        return cls(chi, (len(CLASSES) - 1) * (len(whole) - 1), float(np.abs(counts - expected).max()) / STRETCH * 100)


@dataclass(frozen=True, slots=True)
class Mixed:
    """What mixing a corpus has cost and come to."""

    documents: int
    metrics: Metrics
    written: int
    text_bytes: int
    off: Mapping[str, float]
    mixing: Mixing


def measure(folder: Path, documents: int, settings: Sequence[str]) -> Mixed:
    """Make a corpus, mix it, look at what was written, and delete it."""
    given = make_run(folder, documents)
    done = woolmill("run", str(RECIPE), *given, *settings, "--only", "mix", root=folder / "mix")
    run = Run.open(done.root)
    metrics = {row["name"]: row["value"] for row in pq.read_table(run.files("metrics", "mix")[0], partitioning=None).to_pylist()}
    told = json.loads((done.root / "shards" / "manifest.json").read_text("utf-8"))
    off = {one["name"]: (one["share_got_ppm"] - one["share_target_ppm"]) / MILLION * 100 for one in told["classes"]}
    shards = [pq.read_table(done.root / "shards" / shard["file"], columns=["class"]) for shard in told["shards"]]
    order = np.array([CLASSES.index(name) for shard in shards for name in shard["class"].to_pylist()])
    held = sum(kept["characters"] for shard in told["shards"] for texts in shard["texts"].values() for kept in texts.values())
    shutil.rmtree(folder)
    return Mixed(documents, metrics, len(order), held, off, Mixing.of(order))


def report(found: Sequence[Mixed]) -> list[str]:
    """Return what mixing costs at each size, with ratios to the smallest, and what came of it."""
    least = found[0]
    costs = []
    for one in found:
        m, per = (
            one.metrics,
            [1e6 * (each.metrics["jvm_cpu"] + each.metrics["python_cpu"]) / each.documents for each in (one, least)],
        )
        shuffled = [each.metrics["shuffled"] / each.documents for each in (one, least)]
        costs.append(
            [
                f"{one.documents:,}",
                f"{one.written:,}",
                f"{m['wall']:,.0f}",
                f"{one.documents / m['wall']:,.0f}",
                f"{per[0]:,.0f} ({per[0] / per[1]:.2f})",
                f"{shuffled[0]:,.0f} ({shuffled[0] / shuffled[1]:.2f})",
                f"{m['shuffled'] / one.text_bytes:.2f}",
                *(megabytes(m[name]) for name in ("spilled", "peak_worker", "peak_jvm", "peak_driver")),
            ]
        )
    names = (
        "documents",
        "written",
        "wall s",
        "documents/s",
        "CPU us a document",
        "shuffled B a document",
        "shuffled / text written",
    )
    peaks = ("spilled MB", "worker MB", "JVM MB", "driver MB")
    shares = [
        [
            f"{one.documents:,}",
            *(f"{one.off[name]:+.4f}" for name in CLASSES),
            *(f"{one.mixing.chi:,.0f}", f"{one.mixing.free:,}", f"{one.mixing.deviations:+.1f}", f"{one.mixing.worst:.1f}"),
        ]
        for one in found
    ]
    order = ("documents", *(f"{name}, points off" for name in CLASSES), "chi-squared", "degrees of freedom", "deviations")
    return [
        "## Cost, and times as much as among the fewest",
        markdown((*names, *peaks), costs),
        f"## Shares of tokens, and classes of every {STRETCH:,} documents in the order of the output",
        markdown((*order, "worst stretch, points"), shares),
    ]


def missed(found: Sequence[Mixed]) -> list[str]:
    """Return what is asked and not met."""
    wrong = [
        f"{name} is {off:+.3f} points off its share among {one.documents:,}; asked is {POINTS}"
        for one in found
        for name, off in one.off.items()
        if abs(off) > POINTS
    ]
    return wrong + [
        f"classes lie {one.mixing.deviations:.1f} deviations from chance among {one.documents:,}; asked is {DEVIATIONS}"
        for one in found
        if abs(one.mixing.deviations) > DEVIATIONS
    ]


def main(argv: Sequence[str] | None = None) -> int:
    """Make, mix, measure, print."""
    arguments = parser(__doc__)
    arguments.add_argument("--documents", default="20000", metavar="N,N", help="sizes (default: 20000)")
    arguments.add_argument("overrides", nargs="*", metavar="key=value")
    given = arguments.parse_args(argv)
    found: list[Mixed] = []
    with scratch(given.scratch) as folder:
        for documents in sorted(map(int, given.documents.split(","))):
            found.append(measure(folder / f"{documents}", documents, given.overrides))
            print(report(found)[1], file=sys.stderr, flush=True)
    wrong = missed(found)
    tell([*report(found), "Missed: " + "; ".join(wrong) if wrong else "All that is asked is met."], given.out)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
