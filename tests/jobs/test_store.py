"""Publishing is one step: what a reader sees is the old version or the new one, whole."""

import json

import pytest

from jobs.store import POINTER, FileEntry, Published, Run, StoreError

ENTRY = FileEntry("a.parquet", 3, 10, "00" * 32)


@pytest.fixture
def run(tmp_path):
    (tmp_path / "recipe.json").write_text(json.dumps({"stages": ["extract", "urls"]}))
    return Run.open(tmp_path)


def publish(run, fingerprint, text="x", stage="extract", table="documents"):
    attempt = run.attempt_dir(stage) / table
    attempt.mkdir(parents=True)
    (attempt / ENTRY.name).write_text(text)
    run.publish(Published(stage, fingerprint, {table: (ENTRY,)}, {"s1": "f1"}, {"accounts": []}))


def test_a_published_table_lies_under_its_name(run):
    """The table is readable under its own name and through the store, and the attempt is gone."""
    publish(run, "a" * 64)
    assert (run.root / "documents" / ENTRY.name).read_text() == "x"
    assert [p.read_text() for p in run.files("documents")] == ["x"]
    assert not run.attempt_dir("extract").exists()


def test_the_next_version_replaces_the_last(run):
    """After a second publication only the second version exists, and the link follows it."""
    publish(run, "a" * 64)
    publish(run, "b" * 64, "y")
    assert (run.root / "documents" / ENTRY.name).read_text() == "y"
    assert sorted(p.name for p in run.stage_dir("extract").iterdir()) == ["b" * 16, POINTER]


def test_a_forced_version_may_have_the_same_name(run):
    """The same fingerprint can be published again."""
    publish(run, "a" * 64)
    publish(run, "a" * 64, "again")
    assert (run.root / "documents" / ENTRY.name).read_text() == "again"


def test_without_the_pointer_nothing_is_there(run):
    """A kill between the rename and the pointer leaves nothing that a reader would take for the table."""
    publish(run, "a" * 64)
    (run.stage_dir("extract") / POINTER).unlink()
    assert run.published("extract") is None
    with pytest.raises(StoreError, match="stage 'extract' has not been published"):
        run.files("documents")


def test_shared_tables_are_the_union_of_the_stages(run):
    """Decisions of all stages of the recipe are read together, or those of one."""
    publish(run, "a" * 64, "1", "extract", "decisions")
    publish(run, "b" * 64, "2", "urls", "decisions")
    assert [p.read_text() for p in run.files("decisions")] == ["1", "2"]
    assert [p.read_text() for p in run.files("decisions", "urls")] == ["2"]
    assert (run.root / "decisions" / "urls" / ENTRY.name).read_text() == "2"


def test_published_survives_json():
    """What is written to the pointer is read back equal, and equal content gives equal bytes."""
    published = Published("urls", "c" * 64, {"decisions": (ENTRY,)}, {"b": "2", "a": "1"}, {"n": 1})
    assert Published.from_json(published.to_json()) == published


def test_a_stage_is_current_until_one_before_it_is_published_anew(run):
    """What was made from an older version of an earlier stage is no longer current."""
    publish(run, "a" * 64)
    attempt = run.attempt_dir("urls") / "decisions"
    attempt.mkdir(parents=True)
    made = Published("urls", "b" * 64, {"decisions": ()}, {}, {"after": run.fingerprints(["extract"])})
    run.publish(made)
    assert run.current("urls") == made
    publish(run, "c" * 64)
    assert run.current("urls") is None
    assert run.published("urls") == made
    run.restate(Published("urls", "b" * 64, {"decisions": ()}, {}, {"after": run.fingerprints(["extract"])}))
    assert run.current("urls") is not None


def test_two_writers_are_kept_apart(run):
    """A second writer is told so in one line."""
    with run.locked(), pytest.raises(StoreError, match="being written by another run"), Run(run.root).locked():
        pass


def test_no_run_is_said_so(tmp_path):
    """Opening a folder that is no run says what to give instead."""
    with pytest.raises(StoreError, match="no run in"):
        Run.open(tmp_path)
