"""The command that builds references for the KL rules."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from console.endings import NOT_FOUND, AsJson, one_line, said


def references(
    source: Annotated[
        str,
        typer.Argument(
            metavar="RUN|TEXTS", help="a run's folder, or Parquet or JSON lines with text, url, lang: file, folder, glob"
        ),
    ],
    out: Annotated[Path, typer.Option(metavar="FILE", help="file to write, .npz")],
    languages: Annotated[str, typer.Option(metavar="A,B", help="languages to count; by default all")] = "",
    per_site: Annotated[int, typer.Option("--max-per-site", min=1, help="most texts of a registered domain")] = 50,
    least: Annotated[int, typer.Option(min=1_000, help="tokens from which a language gets a reference")] = 200_000,
    as_json: AsJson = False,
) -> None:
    """Build references for the KL rules from texts one trusts: those that a run has kept, or any."""
    with one_line():
        from console import show
        from jobs import references as job

        codes = tuple(part.strip() for part in languages.split(",") if part.strip())
        try:
            rows = job.build(source, out, job.Wanted(codes, per_site, least))
        except job.ReferencesError as error:
            raise said(str(error), NOT_FOUND) from error
        if as_json:
            show.as_json({"out": str(out), "sha256": job.digest(out), "languages": rows})
            return
        show.records(rows)
        print(f"{out}: SHA-256 {job.digest(out)}; use it with clean.references={out}")
