"""The main job: take a recipe through its stages.

``woolmill run RECIPE [key=value …]`` = ``python -m jobs.pipeline RECIPE …`` = ``spark-submit jobs/pipeline.py RECIPE …``
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from functools import partial

from jobs import (
    balance,
    clean,
    decontaminate,
    documents,
    encode,
    extract,
    filter,
    knowledge,
    lines,
    mix,
    report,
    route,
    score,
    urls,
)
from jobs.command import recipe_parser
from jobs.command import run_recipe as run_stages
from jobs.stage import Stage

STAGES: Mapping[str, Stage] = {
    module.STAGE.name: module.STAGE
    for module in (
        *(extract, urls, documents, lines, clean, route, filter, encode, score),
        *(decontaminate, knowledge, balance, mix, report),
    )
}
run_recipe = partial(run_stages, stages=STAGES)


def main(argv: Sequence[str] | None = None) -> int:
    """Command line of the main job."""
    parser = recipe_parser("Take a recipe through its stages; what is finished is not done again.")
    parser.add_argument("--from", dest="start", metavar="STAGE", help="begin at this stage; those before must be finished")
    parser.add_argument("--only", metavar="STAGE", help="run this stage alone")
    parser.add_argument(
        "--force", metavar="STAGE", action="append", default=[], help="run this stage although nothing has changed"
    )
    arguments = parser.parse_args(argv)
    return run_recipe(
        arguments.recipe,
        arguments.overrides,
        start=arguments.start,
        only=arguments.only,
        force=arguments.force,
        as_json=arguments.json,
    )


if __name__ == "__main__":
    sys.exit(main())
