"""Stage ``score``: drop what the quality models rate too low, by class; a map over splits that reads numbers only."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from jobs.parts import PartWriter, read_columns
from jobs.route import class_of
from jobs.splits import left_in_split
from jobs.stage import SplitStage, SplitTask

LOW = "quality.low"


def work(task: SplitTask, out: PartWriter) -> Iterator[int]:
    """Decide by scores in one split (see `jobs.stage.SplitStage`)."""
    if "scores" not in task.inputs:
        return
    scores = left_in_split(task)(read_columns(task.inputs["scores"], ["id", "ft_quality"]))
    classes = class_of(task)
    least = task.recipe.score.min_quality
    out.came_in(scores.num_rows)
    for id_, quality in zip(scores["id"].to_pylist(), scores["ft_quality"].to_pylist(), strict=True):
        limit = least.get(classes[id_], 0.0)
        if quality is not None and quality < limit:
            out.decide(id_, "drop", LOW, {"ft_quality": f"{quality:.6g} < {limit:g}"})
        else:
            out.kept()
    yield out.settled


STAGE = SplitStage("score", 1, sections=("score",), needs=("scores", "routes"), work=work)

if __name__ == "__main__":
    from jobs.command import stage_main

    sys.exit(stage_main("score"))
