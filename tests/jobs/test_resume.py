"""A run whose driver is killed goes on where it stopped, and its shards are those of a run that was not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.same_bytes import digests, killed_and_resumed
from jobs.pipeline import run_recipe
from jobs.store import Run

ROOT = Path(__file__).resolve().parents[2]
RECIPE = str(ROOT / "conf" / "demo.yaml")
PINNED = ROOT / "tests" / "data" / "demo_run.json"  # of a run that nothing stopped: test_demo_run.py sees to that
SAMPLE = ROOT / "tests" / "data" / "sample_crawl"
ONE_CORE = "spark.master=local[1,4]"
pytestmark = [pytest.mark.slow, pytest.mark.spark]


def test_a_run_that_is_killed_three_times_ends_with_the_same_bytes(tmp_path):
    """Killed inside extract with a split done, inside documents and inside mix: nothing finished is done again."""
    settings = [ONE_CORE, f"output.path={tmp_path}", "output.run=killed"]
    assert killed_and_resumed(RECIPE, settings, tmp_path / "killed") == []
    assert digests(tmp_path / "killed") == json.loads(PINNED.read_text())["shards"]


def test_one_more_file_extracts_no_other_again(spark, tmp_path, capsys):
    """The parts of the files that were there are linked into the next version, not made again."""
    del spark
    files = sorted(map(str, SAMPLE.glob("*.warc*")))
    settings = ["stages=[extract]", f"output.path={tmp_path}"]
    assert run_recipe(RECIPE, [*settings, f"input.paths={','.join(files[:2])}"]) == 0
    before = {p.name: p.stat().st_ino for p in Run.open(tmp_path / "demo").files("documents")}
    assert run_recipe(RECIPE, [*settings, f"input.paths={','.join(files)}"]) == 0
    assert "2 of 3 splits were there" in capsys.readouterr().err
    after = {p.name: p.stat().st_ino for p in Run.open(tmp_path / "demo").files("documents")}
    assert before.items() <= after.items()
    assert len(after) == 3
