"""What a document costs to deduplicate, and whether it costs more among more documents: made-up corpora of growing sizes.

    python -m benchmarks.dedup_scale --documents 20000                                # a minute
    python -m benchmarks.dedup_scale --documents 100000,300000,1000000 --scratch DIR  # hours, and 10 GB

Documents of about 4 kB and 60 lines (`benchmarks.made_up_texts`), 50,000 a file, four sources. Of ten documents six are texts of
their own, three near-copies of others (a Jaccard similarity of 0.55 to 0.95) and one an exact copy; of a hundred, five are another
capture of a URL, with another date; the 100 pages of a site share four lines. All three levels are run, on two cores. Asked:

* CPU a document at the largest size <= 1.3 times that at the smallest;
* bytes a document that are shuffled: documents <= 420 with all its steps (the aim is 150), lines <= 450; nothing is spilled;
* signatures and band keys through Spark: 8,000 documents a CPU second.

Exit code 1 when one of them is missed. CPU is what Spark's tasks and their Python workers take; starting up, planning and the
driver's own work are in the wall time only.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache, partial
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.made_up_texts import near_copy, number, text_of, words_of, write_rows
from benchmarks.runs import Metrics, dedup, markdown, megabytes, parser, scratch, tell
from conf.schema import Spark
from jobs.frames import map_batches
from jobs.metrics import Meter
from jobs.session import session
from udfs.kernels import compile_sketches
from udfs.sketch import SketchSettings, sketch_batch

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

FILE: Final = 50_000
SOURCES: Final = ("crawl-a", "crawl-b", "crawl-c", "books")
SITE: Final = 100
SIMILARITIES: Final = (0.55, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95)
STAGES: Final = ("extract", "urls", "documents", "lines", "clean")

COST_RATIO, SHUFFLED_DOCUMENTS, SHUFFLED_LINES, SIGNATURES_A_SECOND = 1.3, 420, 450, 8_000
LLAMA3: Final = SketchSettings(5, 20, 6)
_COUNTED: Final = pa.schema([("documents", pa.int64())])

Work = Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]
Sizes = Mapping[int, Mapping[str, Metrics]]


def row(i: int, documents: int) -> tuple[str, str, str, str, str]:
    """Return document ``i`` of a corpus of so many: ``id, url, date, lang, text``."""
    place = i % 10
    base = _drawn("base", i, documents, 10) + number("which", i) % 6 if place >= 6 else i
    words = words_of(base)
    if 6 <= place < 9:
        words = near_copy(words, SIMILARITIES[number("similarity", i) % len(SIMILARITIES)], seed=i)
    site = (base if place == 9 else i) // SITE
    page = _drawn("page", i, documents, 20) + 1 if i % 20 == 3 else i
    day, minute = divmod(number("moment", i) % (700 * 24 * 60), 24 * 60)
    date = f"{2024 + day // 350}-{1 + day % 350 // 30:02d}-{1 + day % 28:02d}T{minute // 60:02d}:{minute % 60:02d}:00Z"
    url = f"https://site{page // SITE}.example.org/page{page % SITE}.html"
    return f"d{i:09d}", url, date, "en", text_of(words, _template(site, 0, 1), _template(site, 2, 3))


def _drawn(what: str, i: int, documents: int, step: int) -> int:
    """Draw a multiple of ``step`` below ``documents``."""
    return number(what, i) % max(documents // step, 1) * step


@lru_cache(maxsize=8)
def _template(site: int, *lines: int) -> list[str]:
    return [text_of(words_of(4 * site + line, count=8, seed=3)) for line in lines]


def write_file(file: int, *, folder: Path, documents: int) -> None:
    """Write the documents of one file of a corpus."""
    rows = (row(i, documents) for i in range(file * FILE, min((file + 1) * FILE, documents)))
    write_rows(folder / f"{SOURCES[file % len(SOURCES)]}-{file:05d}.parquet", rows)


def make_corpus(folder: Path, documents: int) -> None:
    """Write a corpus of so many documents, two files at a time."""
    with get_context("spawn").Pool(2) as pool:
        pool.map(partial(write_file, folder=folder, documents=documents), range(-(-documents // FILE)), chunksize=1)


def cpu(metrics: Metrics) -> float:
    """CPU seconds of a stage."""
    return metrics["jvm_cpu"] + metrics["python_cpu"]


def costs(documents: int, wall: float, stages: Mapping[str, Metrics]) -> str:
    """Return what each stage of a run costs, as Markdown."""
    names = ("stage", "in", "wall s", "CPU s", "JVM", "Python", "us a document", "shuffled B a document", "spilled MB")
    rows: list[list[object]] = []
    for stage, m in stages.items():
        n = max(m["documents"], 1)
        seconds = [f"{value:,.1f}" for value in (m["wall"], cpu(m), m["jvm_cpu"], m["python_cpu"])]
        per = (f"{1e6 * cpu(m) / n:,.0f}", f"{m['shuffled'] / n:,.0f}")
        peaks = [megabytes(m[name]) for name in ("peak_worker", "peak_jvm", "peak_driver")]
        rows.append([stage, f"{m['documents']:,.0f}", *seconds, *per, megabytes(m["spilled"]), *peaks])
    table = markdown((*names, "worker MB", "JVM MB", "driver MB"), rows)
    total = sum(cpu(m) for m in stages.values())
    told = f"{documents / wall:,.0f} documents/s with the start, {documents / total:,.0f} a CPU second of tasks"
    return f"## {documents:,} documents\n\n{wall:,.0f} s, {told}.\n\n{table}"


def signatures(texts: Path, folder: Path) -> tuple[str, float]:
    """Sketch texts in Spark and nothing else; return a sentence, and documents a CPU second of a Python worker."""
    compile_sketches()

    def work(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            made = sketch_batch(batch.column("text"), LLAMA3)
            yield pa.RecordBatch.from_arrays([pa.array([len(made.bands)])], schema=_COUNTED)

    with session(Spark(master="local[2,4]"), folder / "logs", "signatures") as spark:
        _sketched(spark, texts, work)  # the workers start, and load what is compiled
        with Meter(spark, folder / "logs", "signatures") as meter:
            documents = _sketched(spark, texts, work)
        found = {row["name"]: row["value"] for row in meter.rows({})}
    python, both = documents / found["python_cpu"], documents / cpu(found)
    said = f"Signatures and band keys through Spark (mapInArrow over the texts, nothing is kept): {python:,.0f} documents a CPU second"
    return f"{said} of a worker, {both:,.0f} with the JVM's reading of Parquet.", python


def _sketched(spark: SparkSession, texts: Path, work: Work) -> int:
    read = spark.read.parquet(str(texts)).select("text")
    return int(map_batches(read, work, _COUNTED).groupBy().sum("documents").collect()[0][0])


def compared(found: Sizes) -> str:
    """Return the cost of a document by stage and size, relative to the smallest size."""
    least = min(found)
    stages = [*STAGES, "all"]
    per = {
        n: {stage: 1e6 * sum(cpu(m[s]) for s in (STAGES if stage == "all" else (stage,))) / n for stage in stages}
        for n, m in found.items()
    }
    rows = [
        [f"{n:,}", *(f"{per[n][stage]:,.0f} ({per[n][stage] / per[least][stage]:.2f})" for stage in stages)]
        for n in sorted(found)
    ]
    head = "## CPU microseconds a document of the corpus, and times as much as among the fewest"
    return f"{head}\n\n{markdown(('documents', *stages), rows)}"


def missed(found: Sizes, sketched: float) -> list[str]:
    """Return what is asked and not met."""
    least, most = min(found), max(found)
    wrong = []
    ratio = (sum(map(cpu, found[most].values())) / most) / (sum(map(cpu, found[least].values())) / least)
    if ratio > COST_RATIO:
        wrong.append(f"a document among {most:,} costs {ratio:.2f} times as much as among {least:,}; asked is {COST_RATIO}")
    for n, stages in found.items():
        for stage, limit in (("documents", SHUFFLED_DOCUMENTS), ("lines", SHUFFLED_LINES)):
            if (size := stages[stage]["shuffled"] / stages[stage]["documents"]) > limit:
                wrong.append(f"{stage} shuffles {size:.0f} bytes a document among {n:,}; asked is {limit}")
        wrong += [f"{stage} spills among {n:,}" for stage, m in stages.items() if m["spilled"]]
    if sketched < SIGNATURES_A_SECOND:
        wrong.append(f"{sketched:,.0f} signatures a CPU second; asked is {SIGNATURES_A_SECOND:,}")
    return wrong


def measure(folder: Path, documents: int, settings: Sequence[str]) -> tuple[dict[str, Metrics], list[str], float]:
    """Make a corpus, run, and delete both; return the metrics, sections of the report, and the speed of signatures."""
    texts = folder / f"texts-{documents}"
    make_corpus(texts, documents)
    done = dedup(texts, folder / f"run-{documents}", *settings)
    told, speed = signatures(texts, folder)
    size = pq.read_table(next(texts.iterdir()), columns=["text"])["text"].nbytes / min(FILE, documents)
    stages, kept = done.metrics, sum(done.decisions["kept"].to_pylist())
    sections = [costs(documents, done.wall_s, stages), f"{size:,.0f} bytes a document; {kept:,} of {documents:,} stay.", told]
    shutil.rmtree(texts)
    shutil.rmtree(done.root)
    return stages, sections, speed


def main(argv: Sequence[str] | None = None) -> int:
    """Make, run, measure, print."""
    arguments = parser(__doc__)
    arguments.add_argument("--documents", default="20000", metavar="N,N", help="sizes (default: 20000)")
    arguments.add_argument("overrides", nargs="*", metavar="key=value")
    given = arguments.parse_args(argv)
    found: dict[int, Mapping[str, Metrics]] = {}
    sections: list[str] = []
    speeds = []
    with scratch(given.scratch) as folder:
        for documents in sorted(map(int, given.documents.split(","))):
            settings = ("spark.master=local[2,4]", *given.overrides)
            found[documents], told, speed = measure(folder, documents, settings)
            sections += told
            speeds.append(speed)
            print("\n\n".join(told), file=sys.stderr, flush=True)
    wrong = missed(found, min(speeds))
    verdict = "Missed: " + "; ".join(wrong) if wrong else "All that is asked is met."
    tell([*sections, compared(found), verdict], given.out)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
