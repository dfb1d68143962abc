"""Stage ``route``: the class of every document, from structure and scores, before any rule acts; a map over splits."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping

import pyarrow as pa

from classifiers.routes.model import digest
from conf.schema import Recipe
from jobs.parts import PartWriter, read_columns
from jobs.predicates import MODELS, STRUCTURE, UNROUTED, routes
from jobs.splits import left_in_split
from jobs.stage import SplitStage, SplitTask
from jobs.tables import TABLES
from udfs.routing import CLASSES, EVIDENCE


def work(task: SplitTask, out: PartWriter) -> Iterator[int]:
    """Choose the classes of one split (see `jobs.stage.SplitStage`)."""
    if "signals" not in task.inputs:
        return
    keep = left_in_split(task)
    signals = keep(read_columns(task.inputs["signals"], ["id", "split", "lang", *STRUCTURE]))
    scores = keep(read_columns(task.inputs["scores"], ["id", *MODELS]))
    found = routes(signals, scores, task.recipe.route)
    out.came_in(signals.num_rows)
    out.kept(signals.num_rows)
    table = signals.select(["id", "split", "lang"])
    for name, names, codes in (("class", CLASSES, found.classes), ("because", EVIDENCE, found.evidence)):
        table = table.append_column(name, pa.array([names[code] for code in codes.tolist()], pa.string()))
    for name, values in (("math_score", found.math), ("code_score", found.code)):
        table = table.append_column(name, pa.array(values, pa.float64()))
    out.add_table("routes", table.select(TABLES["routes"].schema.names))
    yield out.settled


def class_of(task: SplitTask) -> Mapping[bytes, str]:
    """Return the class of every document of a split, by id; all are general where a recipe does not route."""
    classes: defaultdict[bytes, str] = defaultdict(lambda: UNROUTED)
    if "routes" in task.inputs:
        found = read_columns(task.inputs["routes"], ["id", "class"])
        classes.update(zip(found["id"].to_pylist(), found["class"].to_pylist(), strict=True))
    return classes


def _models(_: Recipe) -> Mapping[str, str]:
    return digest()


STAGE = SplitStage("route", 2, sections=("route",), needs=("signals", "scores"), writes=("routes",), models=_models, work=work)

if __name__ == "__main__":
    from jobs.command import stage_main

    sys.exit(stage_main("route"))
