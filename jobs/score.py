"""Stage ``score``: drop what the quality models rate too low, by class; a map over splits that reads numbers only."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import numpy as np

from jobs.parts import PartWriter, read_columns
from jobs.predicates import numbers
from jobs.route import class_of
from jobs.splits import left_in_split
from jobs.stage import SplitStage, SplitTask
from udfs.filtering import QUALITY, low_quality, quality_seen


def work(task: SplitTask, out: PartWriter) -> Iterator[int]:
    """Decide by scores in one split (see `jobs.stage.SplitStage`)."""
    if "scores" not in task.inputs:
        return
    scores = left_in_split(task)(read_columns(task.inputs["scores"], ["id", "ft_quality"]))
    class_by_id = class_of(task)
    ids = scores["id"].to_pylist()
    classes = [class_by_id[id_] for id_ in ids]
    quality = numbers(scores, ["ft_quality"])["ft_quality"]
    least = task.recipe.score.min_quality
    low = np.flatnonzero(low_quality(quality, classes, least))
    out.came_in(len(ids))
    for place in low.tolist():
        out.decide(ids[place], "drop", QUALITY, {"ft_quality": quality_seen(quality[place], least[classes[place]])})
    out.kept(len(ids) - len(low))
    yield out.settled


STAGE = SplitStage("score", 1, sections=("score",), needs=("scores", "routes"), work=work)

if __name__ == "__main__":
    from jobs.command import stage_main

    sys.exit(stage_main("score"))
