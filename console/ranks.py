"""The command that measures the ranks of quality scores on a run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from console.endings import NOT_FOUND, AsJson, RunFolder, one_line, said


def ranks(
    run: RunFolder,
    out: Annotated[Path, typer.Option(metavar="FILE", help="file to write, .json")],
    least: Annotated[int, typer.Option(min=20, help="documents from which a language has ranks of its own")] = 1_001,
    as_json: AsJson = False,
) -> None:
    """Measure, by language, how quality scores are spread over the documents of a run, for buckets within one's own corpus."""
    with one_line():
        from console import show
        from jobs import ranks as job
        from jobs.store import Run

        try:
            found = job.measure(Run.open(run), least=least)
        except job.RanksError as error:
            raise said(str(error), NOT_FOUND) from error
        job.write(found, out)
        rows = [
            {"score": score, "language": language or "all", "documents": documents}
            | {f"{step} %": found["quantiles"][score][language][10 * step] for step in (10, 25, 50, 75, 90)}
            for score, languages in found["documents"].items()
            for language, documents in languages.items()
        ]
        if as_json:
            show.as_json({"out": str(out), "ranks": rows})
            return
        show.table((list(row.values()) for row in rows), list(rows[0]), right=list(rows[0])[2:])
        print(f"{out}: use it with score.ranks={out}")
