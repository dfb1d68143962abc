"""The stage: what is written of copies, what becomes of their documents, and that cut texts hold no copy."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from conf.load import SettingsError, resolve
from conf.schema import Recipe
from jobs import decontaminate, mix
from jobs.cuts import cutter
from jobs.sources.inputs import Split
from jobs.splits import run_task
from jobs.stage import SplitTask
from jobs.tables import TABLES
from udfs.decontamination import BenchmarkItem, build_index
from udfs.fasttext import ModelMissing

DUCKS = "Anna's 12 ducks lay 16 eggs a day; she sells each for $2 at the farmers' market. How much does she make in 7 days?"
SOLVED = "They lay twelve times sixteen eggs in a day, which she sells for two dollars each and so makes 2688 dollars in all."
TRAIN = "A train leaves the station at nine and is overtaken by another train that left an hour after it; when does that happen?"
PAGE = "The garden behind the house was planted by his grandmother.\nEvery spring the family would turn the soil together."
TEXTS = {
    "clean": PAGE,
    "question": f"{PAGE}\n\n{DUCKS}\n\n{PAGE}",
    "answer": f"{PAGE}\n{SOLVED.upper()}\n{PAGE}",
    "train": f"{PAGE} {TRAIN} {PAGE}",
    "both": f"{PAGE}\n{DUCKS}\n{TRAIN}\n{PAGE}",
    "part": f"{PAGE} Anna's 12 ducks lay 16 eggs a day, of course. {PAGE}",
    "nothing else": f"Quiz: {DUCKS}",
    "gone": DUCKS,
}
NAMES = list(TEXTS)


def id_of(name: str) -> bytes:
    """Id of a document."""
    return NAMES.index(name).to_bytes(16, "big")


class Bench:
    """A folder with an index and one split of cleaned texts."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        items = [BenchmarkItem("eggs", "1", DUCKS, SOLVED), BenchmarkItem("trains", "t", TRAIN)]
        build_index(items).save(folder / "index.npz")
        rows = [{"id": id_of(name), "split": "s", "url": None, "lang": "en", "text": text} for name, text in TEXTS.items()]
        self._write("cleaned", rows)
        self._write("decisions", [{"id": id_of("gone"), "split": "s", "stage": "filter", "action": "drop", "reason": "x"}])

    def _write(self, table: str, rows: list[dict[str, Any]]) -> None:
        pq.write_table(pa.Table.from_pylist(rows, TABLES[table].schema), self.folder / f"{table}.parquet")

    def recipe(self, *overrides: str) -> Recipe:
        """The full recipe with this index."""
        given = ["input.paths=nowhere", f"decontaminate.index={self.folder / 'index.npz'}", *overrides]
        return resolve(Path(__file__).parents[2] / "conf" / "llama3.yaml", given).recipe

    def task(self, recipe: Recipe, **inputs: str) -> SplitTask:
        """The split's task."""
        split = Split("s", "s", "s", 0, 0, 0, "")
        tables = {"cleaned": str(self.folder / "cleaned.parquet")} | inputs
        return SplitTask(split, recipe, tables, {}, (str(self.folder / "decisions.parquet"),), {})

    def run(self, *overrides: str) -> Path:
        """Run the stage over the split; return where its tables are."""
        out = self.folder / f"run-{len(list(self.folder.glob('run-*')))}"
        out.mkdir()
        task = self.task(self.recipe(*overrides))
        assert list(run_task("decontaminate", decontaminate.work, task, out, "0", "tests"))[-1] == len(TEXTS) - 1
        return out


def decisions(out: Path) -> dict[str, tuple[str, str]]:
    """Action and reason of each document that something was decided of."""
    rows = pq.read_table(out / "decisions" / "s.parquet", partitioning=None).to_pylist()
    return {NAMES[int.from_bytes(row["id"], "big")]: (row["action"], row["reason"]) for row in rows}


def contamination(out: Path) -> list[dict[str, Any]]:
    """All rows of the table."""
    return pq.read_table(out / "contamination" / "s.parquet", partitioning=None).to_pylist()


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """One folder for all tests."""
    return Bench(tmp_path_factory.mktemp("bench"))


def test_copies_are_dropped(bench: Bench) -> None:
    """By default documents with a question or an answer go, whatever else they hold, and each copy is written with its place."""
    out = bench.run()
    eggs, trains = ("drop", "benchmark.eggs"), ("drop", "benchmark.trains")
    assert decisions(out) == {"question": eggs, "answer": eggs, "train": trains, "both": eggs, "nothing else": eggs}
    rows = contamination(out)
    assert Counter(row["action"] for row in rows) == {"drop": 6, "none": 1}
    for row in rows:
        text = TEXTS[NAMES[int.from_bytes(row["id"], "big")]]
        (place,) = row["ranges"]
        copy = text[place["start"] : place["end"]]
        whole = {"eggs": {"question": DUCKS, "answer": SOLVED.upper()}, "trains": {"question": TRAIN}}[row["suite"]][row["part"]]
        assert copy == whole.rstrip("?.") if row["action"] == "drop" else whole.startswith(copy)
        assert row["coverage"] == row["own"] == sum(one["end"] - one["start"] for one in row["covered"]) / row["tokens"]
    accounts = json.loads((out / "commits" / "s.json").read_text())["accounts"]
    assert accounts == [["dropped", "benchmark.eggs", 4], ["dropped", "benchmark.trains", 1], ["in", "", 7], ["kept", "", 2]]


def test_settings_of_single_benchmarks(bench: Bench) -> None:
    """Each benchmark has its own action, threshold and parts; of several actions the strongest is taken."""
    out = bench.run("decontaminate.look_at=question", "decontaminate.benchmarks.trains.action=annotate")
    eggs = ("drop", "benchmark.eggs")
    assert decisions(out) == {"question": eggs, "train": ("mark", "benchmark.trains"), "both": eggs, "nothing else": eggs}
    out = bench.run(
        "decontaminate.benchmarks={eggs: {coverage: 0.3}, trains: {min_covered: 99}}", "decontaminate.action=annotate"
    )
    assert set(decisions(out)) == {"question", "answer", "both", "part", "nothing else"}
    assert set(decisions(out).values()) == {("mark", "benchmark.eggs")}


def test_copies_are_cut(bench: Bench) -> None:
    """What is cut is exactly the copy; a text of which too little is left is dropped; every other text stays as it was."""
    out = bench.run("decontaminate.action=cut", "decontaminate.min_left=0.3")
    assert decisions(out) == {name: ("edit", decisions(out)[name][1]) for name in ("question", "answer", "train", "both")} | {
        "nothing else": ("drop", "benchmark.eggs")
    }
    recipe = bench.recipe()
    applied = cutter(bench.task(recipe, contamination=str(out / "contamination" / "s.parquet")))
    left = {name: applied(id_of(name), text) for name, text in TEXTS.items()}
    assert left["question"] == f"{PAGE}\n\n{PAGE}"
    assert left["answer"] == left["both"] == f"{PAGE}\n{PAGE}"
    assert left["train"] == f"{PAGE} {PAGE}"
    assert left["clean"] == PAGE
    assert left["part"] == TEXTS["part"]
    untouched = cutter(bench.task(recipe))
    assert untouched(id_of("question"), TEXTS["question"]) == TEXTS["question"]


def test_equal_runs_write_equal_bytes(bench: Bench) -> None:
    """Two runs of the same settings give the same files."""
    first, second = bench.run(), bench.run()
    for name in ("contamination/s.parquet", "decisions/s.parquet", "commits/s.json"):
        assert (first / name).read_bytes() == (second / name).read_bytes()


def test_wrong_settings_end_before_work(bench: Bench, tmp_path: Path) -> None:
    """An unknown benchmark, a setting that there is not, a value out of range and a file that is no index: one line each."""
    with pytest.raises(ModelMissing, match=r"names 'mmlu'; that is not in index\.npz, which has eggs, trains"):
        decontaminate.STAGE.models(bench.recipe("decontaminate.benchmarks.mmlu.action=cut"))
    (tmp_path / "other.npz").write_text("no index")
    with pytest.raises(ModelMissing, match=r"other\.npz: not a benchmark index .*woolmill benchmarks build"):
        decontaminate.STAGE.models(bench.recipe(f"decontaminate.index={tmp_path / 'other.npz'}"))
    for wrong, said in (
        ("eggs.size=9", "benchmarks names 'eggs.size'; write BENCHMARK.SETTING with one of coverage"),
        ("eggs.action=burn", "benchmarks.eggs.action = 'burn': input should be 'drop', 'cut' or 'annotate'"),
        ("eggs.coverage=7", "benchmarks.eggs.coverage = 7.0: input should be less than or equal to 1"),
    ):
        with pytest.raises(SettingsError, match=said):
            bench.recipe(f"decontaminate.benchmarks.{wrong}")


def test_mix_counts_and_moves_what_is_left(bench: Bench) -> None:
    """Tokens and bytes are those of the cut text, and the shards get it; the decisions of this stage hold for both."""
    out = bench.run("decontaminate.action=cut", "decontaminate.min_left=0.3")
    recipe = bench.recipe()
    inputs = {"contamination": str(out / "contamination" / "s.parquet")}
    before = (str(bench.folder / "decisions.parquet"), str(out / "decisions" / "s.parquet"))
    cut_task, whole_task = (replace(bench.task(recipe, **some), decisions=before) for some in (inputs, {}))
    counted, whole = ([row for batch in mix.count_tokens(task) for row in batch.to_pylist()] for task in (cut_task, whole_task))
    left = {"clean": PAGE, "question": f"{PAGE}\n\n{PAGE}", "both": f"{PAGE}\n{PAGE}"}
    names = [NAMES[int.from_bytes(row["id"], "big")] for row in counted]
    assert names == ["clean", "question", "answer", "train", "both", "part"]
    for name, row, uncut in zip(names, counted, whole, strict=True):
        assert (row["tokens"] < uncut["tokens"]) == (name not in ("clean", "part"))
        assert row["bytes"] == len(left.get(name, "").encode()) or name not in left
    folder = out / "mixture"
    folder.mkdir()
    pq.write_table(
        pa.Table.from_pylist([row | {"copies": 2} for row in counted], mix.COUNTED.append(pa.field("copies", pa.int32()))),
        folder / "s.parquet",
    )
    moved = [row for batch in mix.move(cut_task, mixture_folder=str(folder), shards=1) for row in batch.to_pylist()]
    texts = {NAMES[int.from_bytes(row["id"], "big")]: row["text"] for row in moved}
    assert len(moved) == 2 * len(counted)
    assert {name: texts[name] for name in left} == left
    assert not any(DUCKS[:40] in text and name != "part" for name, text in texts.items())
