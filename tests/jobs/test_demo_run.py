"""The demo recipe, whole, on the sample crawl: what it drops and keeps, that it does nothing twice, and equal bytes everywhere."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from jobs.accounts import Accounts
from jobs.pipeline import run_recipe
from jobs.store import Run
from jobs.verify import verify

pytestmark = pytest.mark.spark

RECIPE = Path(__file__).resolve().parents[2] / "conf" / "demo.yaml"
SAMPLE = Path(__file__).resolve().parents[1] / "data" / "sample_crawl"
PINNED = Path(__file__).resolve().parents[1] / "data" / "demo_run.json"


def shards(run: Run) -> dict[str, str]:
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in run.files("shards")}


def accounts(run: Run) -> dict[str, Accounts]:
    return {stage: Accounts.of(run.published(stage).summary["accounts"]) for stage in run.stages}


def table(run: Run, name: str, stage: str | None = None, columns: list[str] | None = None) -> list[dict]:
    return [row for path in run.files(name, stage) for row in pq.read_table(path, columns=columns, partitioning=None).to_pylist()]


@pytest.fixture(scope="module")
def run(spark, tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("runs")
    assert run_recipe(RECIPE, [f"output.path={folder}"]) == 0
    return Run.open(folder / "demo")


def test_the_outcome_is_the_pinned_one(run):
    """Accounts of every stage and bytes of every shard are those that were looked at and pinned."""
    found = {"accounts": {s: a.rows() for s, a in accounts(run).items()}, "shards": shards(run)}
    assert found == json.loads(PINNED.read_text())


def test_accounts_balance_from_stage_to_stage(run):
    """What a stage has kept is what the next one is handed."""
    books = list(accounts(run).values())
    for book in books:
        book.check("a stage")
    assert [book.total("kept") for book in books[:-1]] == [book.total("in") for book in books[1:]]


def test_every_stage_that_can_drop_drops_something(run):
    """The sample crawl has something for each stage; what drops nothing edits or finds lines."""
    dropped = {stage for stage, book in accounts(run).items() if book.total("dropped")}
    assert dropped >= {"extract", "urls", "documents", "filter", "score", "decontaminate"}
    assert accounts(run)["clean"].total("edited") > 0
    assert run.published("lines").summary["hot_lines"] > 0


def test_every_record_has_one_end(run):
    """No record is dropped twice, and every dropped id is a record."""
    records = {(r["id"], r["split"]) for r in table(run, "records", columns=["id", "split"])}
    ends = Counter((d["id"], d["split"]) for d in table(run, "decisions") if d["action"] in ("drop", "quarantine"))
    assert set(ends) <= records
    assert set(ends.values()) == {1}
    kept = accounts(run)["mix"].total("kept")
    assert len(records) == len(ends) + kept


def test_winners_stay(run):
    """A duplicate's winner is itself no duplicate."""
    clusters = table(run, "clusters")
    assert clusters
    assert not {(c["winner"], c["winner_split"]) for c in clusters} & {(c["id"], c["split"]) for c in clusters}


def test_the_manifest_proves_the_shards(run):
    """Digests, rows and tokens by class of the manifest are those of the files, and shares are met to one document."""
    manifest = json.loads((run.root / "shards" / "manifest.json").read_text())
    assert {s["file"]: s["sha256"] for s in manifest["shards"]} == {
        k: v for k, v in shards(run).items() if k.startswith("shard-")
    }
    tokens: Counter[str] = Counter()
    largest: Counter[str] = Counter()
    for row in [r for s in manifest["shards"] for r in pq.read_table(run.root / "shards" / s["file"]).to_pylist()]:
        tokens[row["class"]] += row["tokens"]
        largest[row["class"]] = max(largest[row["class"]], row["tokens"])
    for cls in manifest["classes"]:
        assert tokens[cls["name"]] == cls["tokens_written"]
        assert abs(cls["tokens_written"] - cls["tokens_target"]) <= largest[cls["name"]]
    assert verify(run.root / "shards", run=run).differences == ()


def test_the_manifest_says_where_the_shards_come_from(run):
    """Files, records and opt-outs are those of the accounts; counts by licence, month and file add up to the whole."""
    manifest = json.loads((run.root / "shards" / "manifest.json").read_text())
    sources, totals, books = manifest["sources"]["files"], manifest["totals"], accounts(run)
    assert {f["file"] for f in sources} == {p.name for p in SAMPLE.glob("*.warc*")}
    assert {f["file"]: f["bytes"] for f in sources} == {p.name: p.stat().st_size for p in SAMPLE.glob("*.warc*")}
    assert sum(f["records"] for f in sources) == books["extract"].total("in")
    assert sum(f["available"] for f in sources) == books["mix"].total("in")
    for what in ("documents", "tokens"):
        assert sum(f[what] for f in sources) == totals[what]
        for by in ("languages", "licences", "months", "knowledge", "quality", "noindex"):
            assert sum(counted[what] for counted in totals[by].values()) == totals[what]
    assert manifest["policy"]["counted"]["optout"]["dropped"] == books["extract"][("dropped", "optout")]
    assert all(len(digest) == 64 for stage in manifest["stages"].values() for digest in stage["models"].values())
    assert str(run.root.parent) not in json.dumps(manifest)


def test_a_second_start_does_nothing(run, capsys):
    """Every stage is up to date, and the shards are the same files."""
    before = {p: p.stat().st_mtime_ns for p in run.files("shards")}
    assert run_recipe(RECIPE, [f"output.path={run.root.parent}"]) == 0
    assert capsys.readouterr().err.count("up to date") == len(run.stages)
    assert {p: p.stat().st_mtime_ns for p in run.files("shards")} == before


def test_bytes_do_not_depend_on_order_or_partitions(run, tmp_path):
    """Inputs in reverse and another number of partitions give the same shards, byte for byte."""
    paths = ",".join(str(p) for p in sorted(SAMPLE.glob("*.warc*"), reverse=True))
    assert run_recipe(RECIPE, [f"output.path={tmp_path}", f"input.paths={paths}", "spark.shuffle_partitions=5"]) == 0
    assert shards(Run.open(tmp_path / "demo")) == shards(run)


def test_a_changed_threshold_reads_no_text_again(run, tmp_path, capsys):
    """Only the stages behind a changed rule run; extraction and cleaning are up to date."""
    assert run_recipe(RECIPE, [f"output.path={run.root.parent}", "filter.thresholds={gopher.word_count.low: 60}"]) == 0
    lines = capsys.readouterr().err.splitlines()
    current = {line.split()[1] for line in lines if "up to date" in line}
    assert current >= {"extract", "urls", "documents", "lines", "clean", "route"}
    assert "filter" not in current
