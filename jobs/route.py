"""Stage ``route``: the class of every document, from structure and scores, before any rule acts; a map over splits."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping

import numpy as np
import pyarrow as pa

from jobs.parts import PartWriter, read_columns
from jobs.splits import left_in_split
from jobs.stage import SplitStage, SplitTask
from jobs.tables import TABLES
from udfs.routing import route


def work(task: SplitTask, out: PartWriter) -> Iterator[int]:
    """Choose the classes of one split (see `jobs.stage.SplitStage`)."""
    if "signals" not in task.inputs:
        return
    keep = left_in_split(task)
    signals = keep(read_columns(task.inputs["signals"], ["id", "split", "lang", "math_char_share", "code_char_share"]))
    scores = keep(read_columns(task.inputs["scores"], ["id", "ft_math", "ft_code"]))
    columns = {name: signals[name].to_numpy() for name in ("math_char_share", "code_char_share")}
    columns |= {name: scores[name].to_numpy() for name in ("ft_math", "ft_code")}
    given = task.recipe.route
    languages = np.array(signals["lang"].to_pylist(), dtype=object)
    chosen = route(columns, languages, min_math_chars=given.math_chars, min_code_chars=given.code_chars, min_ft=given.score)
    out.came_in(signals.num_rows)
    out.kept(signals.num_rows)
    classes = pa.array(chosen.classes.tolist(), pa.string())
    evidence = pa.array(chosen.evidence.tolist(), pa.string())
    table = signals.select(["id", "split", "lang"]).append_column("class", classes).append_column("because", evidence)
    out.add_table("routes", table.select(TABLES["routes"].schema.names))
    yield out.settled


def class_of(task: SplitTask) -> Mapping[bytes, str]:
    """Return the class of every document of a split, by id; all are general where a recipe does not route."""
    classes: defaultdict[bytes, str] = defaultdict(lambda: "general")
    if "routes" in task.inputs:
        routes = read_columns(task.inputs["routes"], ["id", "class"])
        classes.update(zip(routes["id"].to_pylist(), routes["class"].to_pylist(), strict=True))
    return classes


STAGE = SplitStage("route", 1, sections=("route",), needs=("signals", "scores"), writes=("routes",), work=work)

if __name__ == "__main__":
    from jobs.command import stage_main

    sys.exit(stage_main("route"))
