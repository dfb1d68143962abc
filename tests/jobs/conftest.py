"""A run in miniature: documents that tests make up, as extraction would have published them, for the stages behind it."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rich.console import Console
from xxhash import xxh3_64_hexdigest, xxh3_64_intdigest

from conf.load import Resolved, resolve
from jobs import balance, clean, documents, knowledge, lines, mix, urls
from jobs.accounts import Accounts
from jobs.extract import spans_out
from jobs.progress import Progress
from jobs.reads import Reads
from jobs.runner import Runner
from jobs.sources.inputs import Split
from jobs.splits import run_task
from jobs.store import AFTER, FileEntry, Published, Run
from jobs.tables import TABLES
from jobs.tools import sketch_settings
from udfs.lines import line_hashes
from udfs.sketch import sketch_batch
from udfs.spans import Span

Row = dict[str, Any]
STAGES = {module.STAGE.name: module.STAGE for module in (urls, documents, lines, clean, knowledge, balance, mix)}
MADE = ("url_keys", "sketches", "line_hashes", "documents")


@dataclass(frozen=True)
class Doc:
    """A document; its number is its id, so ids are in the order of numbers, and days are of January 2026."""

    number: int
    text: str = ""
    day: int | None = 1
    lang: str = "en"
    url: str | None = None
    truncated: bool = False
    document: bool = True
    spans: tuple[Span, ...] = ()

    @property
    def id(self) -> bytes:
        """Sixteen bytes, the first 63 bits of which are the number."""
        return (self.number << 1).to_bytes(8, "big") + bytes(8)

    @property
    def date(self) -> datetime | None:
        """The day as a moment."""
        return datetime(2026, 1, self.day, tzinfo=UTC) if self.day else None


@dataclass(frozen=True)
class Made:
    """What a stage has made."""

    tables: Mapping[str, list[Row]]
    files: Mapping[str, tuple[Path, ...]]
    accounts: Accounts
    facts: Mapping[str, Any]

    def number(self, id_: bytes) -> int:
        """The number of a document."""
        return int.from_bytes(id_[:8], "big") >> 1

    @property
    def losers(self) -> dict[int, int]:
        """Number of each document that a decision takes out, with its winner's."""
        gone = (row for row in self.tables["decisions"] if row["action"] == "drop")
        return {self.number(row["id"]): self.number(row["winner"]) for row in gone}


def split_of(file: str) -> Split:
    """The one split of a file."""
    return Split(xxh3_64_hexdigest(f"{file}\0".encode()), f"/nowhere/{file}", file, 0, 1, 1, "1")


class Mill:
    """A run whose extraction is made up."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._runs = count()
        self.recipe = root / "mill.yaml"
        self.recipe.write_text("name: mill\nstages: [extract, urls, documents, lines, clean]\ninput:\n  paths: [nowhere]\n")
        self.store = Run(root / "mill")
        self.splits: tuple[Split, ...] = ()

    def resolved(self, *overrides: str) -> Resolved:
        """The recipe with some settings."""
        return resolve(self.recipe, overrides)

    def extract(self, files: Mapping[str, Sequence[Doc]], *overrides: str) -> None:
        """Publish an extraction: one split a file."""
        recipe = self.resolved(*overrides).recipe
        self.splits = tuple(sorted(map(split_of, files), key=lambda split: split.key))
        documents = sum(doc.document for docs in files.values() for doc in docs)
        self.publish("extract", {split.key: tables_of(files[split.file], split.key, recipe) for split in self.splits}, documents)

    def publish(self, stage: str, made: Mapping[str, Mapping[str, pa.Table]], documents: int) -> None:
        """Publish what a stage is said to have made of each split, all documents kept."""
        attempt = self.store.attempt_dir(stage)
        attempt.mkdir(parents=True, exist_ok=True)
        entries: dict[str, list[FileEntry]] = {"decisions": [], "accounts": []}
        for split, tables in made.items():
            for name, rows in tables.items():
                entries.setdefault(name, [])
                if not rows.num_rows:
                    continue
                path = attempt / name / f"{split}.parquet"
                path.parent.mkdir(parents=True, exist_ok=True)
                pq.write_table(rows, path)
                digest = hashlib.sha256(path.read_bytes()).hexdigest()
                entries[name].append(FileEntry(path.name, rows.num_rows, path.stat().st_size, digest))
        found = [["kept", "", documents], ["in", "", documents]]
        name = hashlib.sha256(
            repr(sorted((t, f.name, f.sha256) for t, files in entries.items() for f in files)).encode()
        ).hexdigest()
        tables = {table: tuple(files) for table, files in entries.items()}
        self.store.publish(Published(stage, name, tables, {}, {"accounts": found, AFTER: {}}))

    def run(self, stage: str, *overrides: str, before: Sequence[str] = ()) -> Made:
        """Run a key stage, behind extraction and some others, as the pipeline does."""
        resolved = self.resolved(f"stages=[{','.join(('extract', *before, stage))}]", *overrides)
        quiet = Progress(Console(file=io.StringIO()))
        with Runner(resolved, self.store, STAGES, self.splits, quiet) as runner:
            (outcome,) = runner.run(only=stage, force=[stage])
        published = self.store.published(stage)
        assert published
        # The next run of the stage replaces its files.
        aside = Path(shutil.copytree(self.store.stage_dir(stage) / published.version, self.root / f"{stage}-{next(self._runs)}"))
        files = {
            name: tuple(aside / name / entry.name for entry in entries)
            for name, entries in published.tables.items()
            if name != "metrics"
        }
        tables = {name: rows_of(paths) for name, paths in files.items()}
        return Made(tables, files, outcome.accounts, published.summary)

    def clean(self, folder: Path, frequent: Made, *overrides: str) -> Mapping[str, list[Row]]:
        """Run the split stage `clean` in this process, with what a run of `lines` has made."""
        recipe = self.resolved(*overrides).recipe
        reads = Reads(self.store, clean.STAGE, ("extract",))
        shared = {name: tuple(map(str, frequent.files[name])) for name in lines.STAGE.writes}
        for split in self.splits:
            task = dataclasses.replace(reads.task(split, clean.STAGE, recipe), shared=shared)
            list(run_task("clean", clean.work, task, folder, "0", "tests"))
        return {name: rows_of(sorted((folder / name).glob("*.parquet"))) for name in (*clean.STAGE.writes, "decisions")}


def rows_of(paths: Sequence[Path]) -> list[Row]:
    """All rows of some files."""
    return [row for path in paths if path.suffix == ".parquet" for row in pq.read_table(path, partitioning=None).to_pylist()]


def tables_of(docs: Sequence[Doc], split: str, recipe: Any) -> dict[str, pa.Table]:
    """What extraction writes of a split's documents."""
    usable = [doc for doc in docs if doc.document]
    made = sketch_batch(pa.array([doc.text for doc in usable], pa.large_string()), sketch_settings(recipe))
    key = [{"id": doc.id, "split": split, "date": doc.date, "lang": doc.lang} for doc in docs]
    used = [row for row, doc in zip(key, docs, strict=True) if doc.document]
    sketches = [
        {
            **{"damaged": doc.truncated, "n_chars": len(doc.text), "exact": made.exact[i].tobytes()},
            **{"n_shingles": int(made.n_shingles[i]), "bands": made.bands[i].tolist(), "signature": made.signature[i].tobytes()},
        }
        for i, doc in enumerate(usable)
    ]
    hashes = [line_hashes(doc.text, doc.spans, protect=recipe.sketch.protect).astype("<u8").tobytes() for doc in usable]
    addresses = [doc.url if doc.url is not None else f"own {doc.number}" for doc in docs]
    url_keys = [xxh3_64_intdigest(address.encode()) for address in addresses]
    signed = [number - (number >> 63 << 64) for number in url_keys]
    rows = {
        "url_keys": [row | {"url_key": n, "document": doc.document} for row, n, doc in zip(key, signed, docs, strict=True)],
        "sketches": [row | more for row, more in zip(used, sketches, strict=True)],
        "line_hashes": [row | {"hashes": packed} for row, packed in zip(used, hashes, strict=True)],
        "documents": [
            row | {"text": doc.text, "spans": spans_out(doc.spans), "lang_score": 0.9, "truncated": doc.truncated}
            for row, doc in zip(used, usable, strict=True)
        ],
    }
    return {name: pa.Table.from_pylist(rows[name], TABLES[name].schema) for name in MADE}


@pytest.fixture(scope="session")
def doc() -> type[Doc]:
    """The class of made-up documents."""
    return Doc


@pytest.fixture(scope="session")
def new_mill(spark: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Mill]]:
    """Make runs whose extraction is made up: `new_mill({file: documents}, *overrides)`."""

    def make(files: Mapping[str, Sequence[Doc]], *overrides: str) -> Mill:
        mill = Mill(tmp_path_factory.mktemp("mill"))
        mill.extract(files, *overrides)
        return mill

    yield make
    spark.conf.set("spark.sql.shuffle.partitions", "2")
