"""Time a recipe from end to end: documents a second, CPU by stage, peak memory.

    python -m benchmarks.end_to_end conf/llama3.yaml input.paths='crawl/*.warc.gz' [--out benchmarks/results/NAME.md]

Runs the recipe in a folder of its own, from nothing, and prints a table made from the run's own metrics. Compare shares and ratios;
absolute figures belong to the machine they were taken on.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow.parquet as pq

from jobs.pipeline import run_recipe
from jobs.store import Run

Metrics = Mapping[str, Mapping[str, float]]


def metrics(run: Run) -> Metrics:
    """Return stage to metric to value."""
    tables = {stage: pq.read_table(run.files("metrics", stage)[0], partitioning=None).to_pylist() for stage in run.stages}
    return {stage: {row["name"]: row["value"] for row in rows} for stage, rows in tables.items()}


def table(found: Metrics) -> str:
    """Return the stages side by side, as Markdown."""
    cpu = {stage: m["jvm_cpu"] + m["python_cpu"] for stage, m in found.items()}
    total = sum(cpu.values())
    columns = (
        "stage",
        "documents",
        "wall s",
        "JVM CPU s",
        "Python CPU s",
        "CPU",
        "ms a document",
        "shuffled MB",
        "spilled MB",
        "written MB",
    )
    lines = [f"| {' | '.join(columns)} |", "| --- " + "| ---: " * (len(columns) - 1) + "|"]
    for stage, m in found.items():
        per = 1000 * cpu[stage] / m["documents"] if m["documents"] else 0.0
        megabytes = [f"{m[name] / 1e6:.2f}" for name in ("shuffled", "spilled", "written")]
        seconds = [f"{m[name]:.1f}" for name in ("wall", "jvm_cpu", "python_cpu")]
        row = [stage, f"{m['documents']:,.0f}", *seconds, f"{cpu[stage] / total:.1%}", f"{per:.2f}", *megabytes]
        lines.append(f"| {' | '.join(row)} |")
    return "\n".join(lines)


def headline(found: Metrics) -> str:
    """Return throughput and peaks in one sentence."""
    first = next(iter(found.values()))
    wall = sum(m["wall"] for m in found.values())
    cpu = sum(m["jvm_cpu"] + m["python_cpu"] for m in found.values())
    peaks = {name: max(m[name] for m in found.values()) / 2**20 for name in ("peak_jvm", "peak_driver", "peak_worker")}
    records = first["documents"]
    return (
        f"{records:,.0f} records in {wall:.1f} s of stages: {records / wall:.0f} records/s, {records / cpu:.0f} records a CPU second; "
        f"peak memory: JVM {peaks['peak_jvm']:.0f} MiB, driver's Python {peaks['peak_driver']:.0f} MiB, "
        f"a Python worker {peaks['peak_worker']:.0f} MiB."
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe", help="a recipe, such as conf/llama3.yaml")
    parser.add_argument("overrides", nargs="*", metavar="key=value")
    parser.add_argument("--out", type=Path, help="also write the result to this file")
    arguments = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        code = run_recipe(arguments.recipe, [*arguments.overrides, f"output.path={folder}", "output.run=benchmark"])
        if code:
            return code
        found = metrics(Run.open(Path(folder) / "benchmark"))
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    text = f"{headline(found)}\n\n{machine}\n\n{table(found)}\n"
    print(text)
    if arguments.out:
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        arguments.out.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
