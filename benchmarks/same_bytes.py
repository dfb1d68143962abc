"""Run a recipe in several ways and compare the SHA-256 of every shard: cores, partitions, input order, kills.

    python -m benchmarks.same_bytes conf/llama3.yaml input.paths='crawl/*.warc.gz'

The ways: two cores; one core with the inputs in reverse and other partitions; two cores with many partitions; and a run whose driver
is killed in three stages, once in the middle of ``extract``, each time started again with the same command. For the last it also
checks that no finished split and no finished stage was done again. Exit code 1 when any shard differs.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from conf.load import resolve
from jobs.sources.inputs import list_inputs
from jobs.store import Run

ROOT = Path(__file__).resolve().parent.parent
KILLS = (("extract", ".attempt/commits/*.json"), ("documents", ".attempt"), ("mix", ".attempt/mixture/*.parquet"))
PATIENCE_S = 900


def start(recipe: str, overrides: Sequence[str]) -> subprocess.Popen[str]:
    """Start the main job as a person would, in a process group of its own."""
    command = [sys.executable, "-m", "jobs.pipeline", recipe, *overrides]
    return subprocess.Popen(command, cwd=ROOT, text=True, stderr=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)


def finish(process: subprocess.Popen[str]) -> str:
    """Wait for the end of a run and return what it said."""
    _, said = process.communicate(timeout=PATIENCE_S)
    if process.returncode:
        raise RuntimeError(f"the run ended with {process.returncode}: {said}")
    return said


def kill_in(process: subprocess.Popen[str], stage: Path, sign: str) -> None:
    """SIGKILL driver, JVM and workers together as soon as a stage shows a sign of being at work.

    Parameters
    ----------
    process : Popen
        What `start` returned.
    stage : Path
        ``<run>/stages/<stage>``.
    sign : str
        Pattern of a file below it.
    """
    deadline = time.monotonic() + PATIENCE_S
    while not list(stage.glob(sign)):
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"{stage.name} showed no {sign}: {process.communicate()[1]}")
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def killed_and_resumed(recipe: str, overrides: Sequence[str], root: Path) -> list[str]:
    """Run a recipe to its end with a kill in each of `KILLS`; return what was done twice, which is nothing if all is well."""
    twice: list[str] = []
    for stage, sign in KILLS:
        kill_in(start(recipe, overrides), root / "stages" / stage, sign)
        twice += _done_twice(root)
    finish(start(recipe, overrides))
    return twice + _done_twice(root)


_SEEN: dict[Path, int] = {}


def _done_twice(root: Path) -> list[str]:
    """Return the commits that were written anew since they were first seen; a link keeps its time."""
    twice = []
    for path in sorted(root.glob("stages/*/*/commits/*.json")) + sorted(root.glob("stages/*/.attempt/commits/*.json")):
        stage, split = path.relative_to(root).parts[1], path.name
        key = root / stage / split
        written = path.stat().st_mtime_ns
        if _SEEN.setdefault(key, written) != written:
            twice.append(f"{stage}/{split}")
    return twice


def digests(root: Path) -> Mapping[str, str]:
    """SHA-256 of every file of the shards, the manifest included."""
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in Run.open(root).files("shards")}


def main(argv: Sequence[str] | None = None) -> int:
    """Run all ways, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe")
    parser.add_argument("overrides", nargs="*", metavar="key=value")
    parser.add_argument("--keep", type=Path, help="keep the runs in this folder")
    arguments = parser.parse_args(argv)
    given = resolve(arguments.recipe, arguments.overrides).recipe.input
    backwards = ",".join(f.path for f in reversed(list_inputs(given.paths, format=given.format, base=given.base)))
    ways = {
        "2-cores": ["spark.master=local[2,4]"],
        "1-core-reversed-3-partitions": ["spark.master=local[1,4]", "spark.shuffle_partitions=3", f"input.paths={backwards}"],
        "2-cores-13-partitions": ["spark.master=local[2,4]", "spark.shuffle_partitions=13"],
    }
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.keep or Path(temporary)
        found: dict[str, Mapping[str, str]] = {}
        for name, settings in ways.items():
            finish(start(arguments.recipe, [*arguments.overrides, *settings, f"output.path={folder}", f"output.run={name}"]))
            found[name] = digests(folder / name)
            print(f"{name:<32}", *(f"{n} {d[:16]}" for n, d in sorted(found[name].items())), flush=True)
        settings = [*arguments.overrides, "spark.master=local[2,4]", f"output.path={folder}", "output.run=killed"]
        twice = killed_and_resumed(arguments.recipe, settings, folder / "killed")
        found["killed"] = digests(folder / "killed")
        print(
            f"{'killed in ' + ', '.join(s for s, _ in KILLS):<32}", *(f"{n} {d[:16]}" for n, d in sorted(found["killed"].items()))
        )
    same = all(d == found["2-cores"] for d in found.values())
    print("all shards are the same" if same else "SHARDS DIFFER", "and" if same == (not twice) else "but", end=" ")
    print(f"done twice: {', '.join(twice)}" if twice else "nothing finished was done again")
    return 0 if same and not twice else 1


if __name__ == "__main__":
    sys.exit(main())
