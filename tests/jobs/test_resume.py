"""A run whose driver is killed goes on where it stopped, and its shards are those of a run that was not."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from jobs.store import Run

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "tests" / "data" / "sample_crawl"
pytestmark = [pytest.mark.slow, pytest.mark.spark]


def start(folder: Path, *overrides: str) -> subprocess.Popen[str]:
    """Start the demo as a person would, one core, in its own process group."""
    command = [sys.executable, "-m", "jobs.pipeline", str(ROOT / "conf" / "demo.yaml"), f"output.path={folder}"]
    command += ["spark.master=local[1,4]", *overrides]
    return subprocess.Popen(command, cwd=ROOT, text=True, stderr=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)


def kill_when(process: subprocess.Popen[str], seen: Path, pattern: str) -> None:
    """SIGKILL the driver, JVM and workers together as soon as a file of this name is there."""
    deadline = time.monotonic() + 240
    while not list(seen.glob(pattern)):
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < deadline, f"nothing matched {pattern}"
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def digests(root: Path) -> dict[str, str]:
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in Run.open(root).files("shards")}


def test_a_killed_run_goes_on_and_ends_with_the_same_bytes(tmp_path):
    """Killed inside extract with one split done, then inside documents: no finished split or stage is done again."""
    stages = tmp_path / "killed" / "demo" / "stages"
    kill_when(start(tmp_path / "killed"), stages, "extract/.attempt/commits/*.json")
    done = {p: p.stat().st_mtime_ns for p in stages.glob("extract/.attempt/commits/*.json")}
    assert 0 < len(done) < 3
    assert not (stages / "extract" / "current.json").exists()
    assert not (tmp_path / "killed" / "demo" / "documents").exists()

    kill_when(start(tmp_path / "killed"), stages, "documents/.attempt")
    published = (stages / "extract" / "current.json").stat().st_mtime_ns
    kept = {p.name: p.stat().st_mtime_ns for p in stages.glob("extract/*/commits/*.json")}
    assert {p.name: t for p, t in done.items()}.items() <= kept.items()

    last = start(tmp_path / "killed")
    _, err = last.communicate(timeout=600)
    assert last.returncode == 0, err
    assert (stages / "extract" / "current.json").stat().st_mtime_ns == published
    assert "extract" in err
    assert "up to date" in err

    whole = start(tmp_path / "whole")
    _, err = whole.communicate(timeout=600)
    assert whole.returncode == 0, err
    assert digests(tmp_path / "killed" / "demo") == digests(tmp_path / "whole" / "demo")


def test_one_more_file_extracts_no_other_again(tmp_path):
    """The parts of the files that were there are linked into the next version, not made again."""
    files = sorted(SAMPLE.glob("*.warc*"))
    settings = ["stages=[extract]"]
    first = start(tmp_path, f"input.paths={files[0]},{files[1]}", *settings)
    _, err = first.communicate(timeout=300)
    assert first.returncode == 0, err
    before = {p.name: p.stat().st_ino for p in Run.open(tmp_path / "demo").files("documents")}
    second = start(tmp_path, "input.paths=" + ",".join(map(str, files)), *settings)
    _, err = second.communicate(timeout=300)
    assert second.returncode == 0, err
    assert "2 of 3 splits were there" in err
    after = {p.name: p.stat().st_ino for p in Run.open(tmp_path / "demo").files("documents")}
    assert before.items() <= after.items()
    assert len(after) == 3
