"""What a stage costs: wall time, CPU of the JVM and of Python workers, shuffle, spill, peak memory."""

from __future__ import annotations

import json
import os
import resource
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import pyarrow as pa

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

GROUP = "spark.jobGroup.id"


Batches = Iterator[pa.RecordBatch]


class Meter:
    """Measures one stage while it runs; what Spark did is read from its event log.

    Parameters
    ----------
    spark : SparkSession
        The session.
    logs : Path
        Folder of event logs.
    stage : str
        The stage, which becomes the group of its Spark jobs.
    """

    def __init__(self, spark: SparkSession, logs: Path, stage: str) -> None:
        self._context = spark.sparkContext
        self._log = logs / self._context.applicationId
        self._stage = stage
        self._group = f"{stage}-{time.monotonic_ns()}"
        self.cpu = self._context.accumulator(0.0)
        self.peak = self._context.accumulator(0.0, _Greatest())  # type: ignore[arg-type]

    def __enter__(self) -> Self:
        self._begun = time.monotonic()
        self._context.setJobGroup(self._group, self._stage)
        self._token = _IN_FORCE.set(self)
        return self

    def __exit__(self, *error: object) -> None:
        _IN_FORCE.reset(self._token)
        self._wall = time.monotonic() - self._begun

    def rows(self, known: Mapping[tuple[str, str], float]) -> list[dict[str, Any]]:
        """Return ``name, value, unit`` rows.

        Parameters
        ----------
        known : mapping of (str, str) to float
            Name and unit to value, for what the runner counts itself.
        """
        spark = _from_log(self._log, self._group)
        values = {
            **known,
            ("wall", "s"): self._wall,
            ("jvm_cpu", "s"): spark["Executor CPU Time"] / 1e9,
            ("python_cpu", "s"): self.cpu.value,
            ("task_time", "s"): spark["Executor Run Time"] / 1e3,
            ("jvm_gc", "s"): spark["JVM GC Time"] / 1e3,
            ("shuffled", "bytes"): spark["Shuffle Bytes Written"],
            ("spilled", "bytes"): spark["Disk Bytes Spilled"],
            ("tasks", "tasks"): spark["tasks"],
            ("peak_jvm", "bytes"): peak_of(_jvm_pid(self._context)),
            ("peak_driver", "bytes"): peak_of(os.getpid()),
            ("peak_worker", "bytes"): self.peak.value,
        }
        return [{"name": name, "value": float(value), "unit": unit} for (name, unit), value in values.items()]


_IN_FORCE: ContextVar[Meter | None] = ContextVar("meter", default=None)


def metered(work: Callable[[Batches], Batches]) -> Callable[[Batches], Batches]:
    """Let the meter in force count what a function costs in the workers; tasks that are tried again count each time."""
    meter = _IN_FORCE.get()
    if meter is None:
        return work
    cpu, peak = meter.cpu, meter.peak

    def run(batches: Batches) -> Batches:
        begun = time.process_time()
        yield from work(batches)
        cpu.add(time.process_time() - begun)
        peak.add(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024.0)

    return run


class _Greatest:
    """An accumulator that keeps the greatest value; numbers, so that Spark's zero and sum are not used."""

    def zero(self, value: float) -> float:
        return value

    def addInPlace(self, value1: float, value2: float) -> float:  # noqa: N802 - the name that Spark calls
        return max(value1, value2)


def peak_of(pid: int | None) -> int:
    """Peak resident memory of a process in bytes; 0 where the system does not say."""
    try:
        status = Path(f"/proc/{pid}/status").read_text("utf-8")
    except OSError:
        return 0
    found = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(found[0]) * 1024 if found else 0


def _jvm_pid(context: Any) -> int | None:
    try:
        return int(context._jvm.java.lang.ProcessHandle.current().pid())
    except Exception:  # a gateway that is gone can't be asked; the metric is then 0
        return None


def _from_log(log: Path, group: str) -> Counter[str]:
    """Sum the task metrics of a group's Spark jobs; tasks that were tried again count each time."""
    found: Counter[str] = Counter()
    path = next((p for p in (log, log.with_name(log.name + ".inprogress")) if p.exists()), None)
    if path is None:
        return found
    stages: set[int] = set()
    with path.open("rb") as lines:
        for line in lines:
            if b'"SparkListenerJobStart"' in line:
                event = json.loads(line)
                if event.get("Properties", {}).get(GROUP) == group:
                    stages.update(event["Stage IDs"])
            elif b'"SparkListenerTaskEnd"' in line and stages:
                _add_task(found, json.loads(line), stages)
    return found


def _add_task(found: Counter[str], event: Mapping[str, Any], stages: set[int]) -> None:
    metrics = event.get("Task Metrics")
    if event["Stage ID"] not in stages or not metrics:
        return
    found["tasks"] += 1
    for name in ("Executor CPU Time", "Executor Run Time", "JVM GC Time", "Disk Bytes Spilled"):
        found[name] += metrics[name]
    found["Shuffle Bytes Written"] += metrics["Shuffle Write Metrics"]["Shuffle Bytes Written"]
