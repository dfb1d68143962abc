"""A split's task commits its part once; what is finished is used again, what is stale is cleared, deadly records are quarantined."""

import os
import signal

import pytest

from conf.load import resolve
from conf.schema import Recipe
from jobs.accounts import Accounts
from jobs.sources.inputs import Split
from jobs.splits import Commit, reuse, run_splits, run_task
from jobs.stage import SplitStage, SplitTask, Stage

SPLIT = Split(key="00" * 8, path="x", file="x", start=0, end=1, size=1, version="1")
RECIPE: Recipe = resolve("conf/demo.yaml").recipe


def task(split=SPLIT):
    return SplitTask(split, RECIPE, {}, {}, (), {})


def work(task, out):
    for i in range(3):
        out.came_in()
        if not out.begin(i):
            out.decide(bytes([i]) * 16, "quarantine", "killed_worker")
        elif i == 1 and os.environ.get("WOOLMILL_TEST_DEATH") == "raise":
            raise ValueError("a kernel failed")
        elif i == 1 and os.environ.get("WOOLMILL_TEST_DEATH") == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        else:
            out.kept()
            out.add("routes", {"id": bytes([i]) * 16, "split": out.split, "class": "general"})
        yield out.settled


def run(folder, application="app-1", fingerprint="f"):
    return list(run_task("route", work, task(), folder, fingerprint, application))


def test_a_task_commits_its_part(tmp_path):
    """After the task the commit, the table and nothing else are there."""
    assert run(tmp_path)[-1] == 3
    assert Accounts.of(Commit.found(tmp_path, SPLIT.key).accounts)[("kept", "")] == 3
    names = sorted(str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*") if p.is_file())
    assert names == [f"commits/{SPLIT.key}.json", f"routes/{SPLIT.key}.parquet"]


def test_an_exception_leaves_no_part_and_no_suspect(tmp_path, monkeypatch):
    """A kernel that raises ends the task; the record is not taken for one that kills."""
    monkeypatch.setenv("WOOLMILL_TEST_DEATH", "raise")
    for _ in range(3):
        with pytest.raises(ValueError, match="a kernel failed"):
            run(tmp_path)
    assert not list(tmp_path.rglob("*.parquet"))
    assert Commit.read(tmp_path, SPLIT.key) is None


def test_a_record_that_kills_its_worker_twice_is_quarantined(tmp_path, monkeypatch):
    """Two attempts die at the record, the third passes it over and finishes; the others are kept."""
    monkeypatch.setenv("WOOLMILL_TEST_DEATH", "kill")
    for attempt in range(3):
        child = os.fork()
        if child == 0:
            run(tmp_path)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        assert os.WIFSIGNALED(status) == (attempt < 2)
    accounts = Accounts.of(Commit.found(tmp_path, SPLIT.key).accounts)
    assert accounts[("quarantined", "killed_worker")] == 1
    assert accounts[("kept", "")] == 2


def test_finished_splits_are_used_again_and_stale_ones_cleared(tmp_path):
    """Only the commit with the wanted fingerprint counts; the files of any other go."""
    run(tmp_path, fingerprint="old")
    assert reuse(tmp_path, None, {SPLIT.key: "old"}) == {SPLIT.key}
    assert reuse(tmp_path, None, {SPLIT.key: "new"}) == frozenset()
    assert not [p for p in tmp_path.rglob("*") if p.is_file()]


def test_a_published_part_is_adopted_with_its_bytes(tmp_path):
    """A split that the published version has with the wanted fingerprint is linked, not computed."""
    run(tmp_path / "version")
    assert reuse(tmp_path / "attempt", tmp_path / "version", {SPLIT.key: "f"}) == {SPLIT.key}
    part = f"routes/{SPLIT.key}.parquet"
    assert (tmp_path / "attempt" / part).read_bytes() == (tmp_path / "version" / part).read_bytes()


def test_fingerprints_change_with_what_they_are_made_of():
    """Settings that are read, version and inputs count; settings of other sections do not."""
    stage = Stage("lines", 1, sections=("lines",))
    other = resolve("conf/demo.yaml", ["lines.max_copies=7"]).recipe
    elsewhere = resolve("conf/demo.yaml", ["mix.seed=7", "output.path=elsewhere", "spark.shuffle_partitions=9"]).recipe
    base = stage.fingerprint(RECIPE, {"a": 1})
    assert stage.fingerprint(elsewhere, {"a": 1}) == base
    different = [stage.fingerprint(other, {"a": 1}), stage.fingerprint(RECIPE, {"a": 2})]
    different.append(Stage("lines", 2, sections=("lines",)).fingerprint(RECIPE, {"a": 1}))
    assert len({base, *different}) == 4


@pytest.mark.spark
def test_spark_goes_on_after_a_record_that_kills_workers(spark, tmp_path):
    """In Spark the same: the worker dies twice, the third attempt sets the record aside and the split is finished."""

    def deadly(task, out):
        import os
        import signal

        for i in range(3):
            out.came_in()
            if not out.begin(i):
                out.quarantine(bytes([i]) * 16, "killed_worker", "its worker died twice on it")
            elif i == 1:
                os.kill(os.getpid(), signal.SIGKILL)
            else:
                out.kept()
            yield out.settled

    run_splits(spark, SplitStage("route", 1, work=deadly), tmp_path, [(task(), "f")])
    accounts = Accounts.of(Commit.found(tmp_path, SPLIT.key).accounts)
    assert accounts[("quarantined", "killed_worker")] == 1
    assert accounts[("kept", "")] == 2
