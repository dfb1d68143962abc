"""What the manifest says of settings, stages and shards is the same everywhere, and what does not add up is not published."""

from __future__ import annotations

from pathlib import Path

import pytest

from conf.load import resolve
from jobs.contents import Contents, Counts, as_name
from jobs.errors import OutOfBalance
from jobs.manifest import Mixed, shards_of
from jobs.provenance import recipe_of, stage_of
from jobs.store import FileEntry, Published
from jobs.strata import Sampling
from udfs.mixture import MixPlan

DEMO = Path(__file__).resolve().parents[2] / "conf" / "demo.yaml"


def recipe(*overrides: str) -> dict:
    return recipe_of(resolve(DEMO, overrides).recipe)


@pytest.mark.parametrize(
    "override", ["output.path=/elsewhere", "spark.shuffle_partitions=9", "input.paths=a.warc", "report.samples=1", "name=other"]
)
def test_where_a_run_works_is_none_of_its_recipe(override):
    """The digest is that of the settings which decide what is written."""
    assert recipe(override)["digest"] == recipe()["digest"]
    assert recipe(override)["changed"] == {}


@pytest.mark.parametrize("override", ["mix.seed=2", "route.min_math=0.6", "extract.optouts=mark", "mix.shares.math=0.25"])
def test_what_decides_changes_the_digest(override):
    """A setting that differs is listed; one that is set to its default is not."""
    key, _, value = override.partition("=")
    differs = key != "mix.shares.math"
    assert (recipe(override)["digest"] != recipe()["digest"]) == differs
    assert recipe(override)["changed"] == ({key: value if value != "mark" else '"mark"'} if differs else {})


def test_files_are_named_without_their_folders():
    """A tokenizer in another folder is the same setting: its digest says what is in it."""
    here, there = (recipe("mix.counter=tokenizers", f"mix.tokenizer={path}/tokenizer.json") for path in ("/a", "/b/c"))
    assert here == there
    assert here["changed"]["mix.tokenizer"] == '"tokenizer.json"'


def test_a_stage_tells_its_reasons_and_its_models():
    """Accounts by reason, and what the stage was published with."""
    made = {"version": 2, "models": {"quality": "0" * 64}, "libraries": {"pyarrow": "1"}}
    rows = [["in", "", 9], ["kept", "", 5], ["dropped", "short", 3], ["quarantined", "odd", 1], ["marked", "noindex", 2]]
    told = stage_of(Published("filter", "", {}, {}, {"accounts": rows, "made_with": made}))
    reasons = {"dropped": {"short": 3}, "marked": {"noindex": 2}, "quarantined": {"odd": 1}}
    assert told == {"in": 9, "kept": 5, "dropped": 3, "quarantined": 1, "reasons": reasons} | made
    assert stage_of(None)["models"] == {}


def test_a_shard_that_holds_something_else_than_was_planned_is_not_described():
    """The mixture table and the writer of the shard have counted the same documents, or nothing is published."""
    counts = Counts()
    counts.add(("classes", "math"), 7)
    entry = FileEntry("shard-00003-of-00004.parquet", 1, 10, "0" * 64)
    facts = {entry.name: {"documents": {"math": 1}, "tokens": {"math": 7}, "extra": {"kept": "whole"}}}
    mixed = Mixed(Sampling(MixPlan(7, {}), {}, {}), [], Contents(shards={3: counts.tally()}), facts)
    (told,) = shards_of("parquet", mixed, [entry, FileEntry("index.json", 0, 1, "")])
    assert told["classes"] == {"math": {"documents": 1, "tokens": 7}}
    assert told["extra"] == {"kept": "whole"}
    facts[entry.name]["tokens"] = {"math": 8}
    with pytest.raises(OutOfBalance, match=r"shard-00003-of-00004\.parquet"):
        shards_of("parquet", mixed, [entry])


@pytest.mark.parametrize(("value", "name"), [(None, "none"), (True, "true"), (0, "0"), ("", ""), ("math", "math")])
def test_values_are_named(value, name):
    """What is not known is none, which differs from an empty name."""
    assert as_name(value) == name
