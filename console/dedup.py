"""Commands of deduplication: a corpus of texts alone, and what later crawls are compared with."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from console.endings import NOT_FOUND, WRONG_CALL, AsJson, Overrides, RunFolder, one_line, said

corpus = typer.Typer(help="What earlier runs have kept, so that later crawls are deduplicated against it.", no_args_is_help=True)
CorpusFolder = Annotated[Path, typer.Argument(metavar="CORPUS", help="folder of the corpus")]


def dedup(
    texts: Annotated[
        str | None,
        typer.Argument(metavar="TEXTS", help="Parquet or JSON lines with text, id, url, date, lang: file, folder, glob"),
    ] = None,
    out: Annotated[
        Path | None, typer.Argument(metavar="OUT", help="folder for decisions.parquet, removed_lines.parquet and the run")
    ] = None,
    overrides: Overrides = None,
    preset: Annotated[str, typer.Option(help="llama3, fineweb or datasketch")] = "llama3",
    levels: Annotated[str | None, typer.Option(help="some of urls,documents,lines; by default those of the preset")] = None,
    curve: Annotated[
        bool, typer.Option("--curve", help="show what share of pairs the bands find, by similarity, and end")
    ] = False,
) -> None:
    """Deduplicate texts by URL, document and line, and write what was decided of each."""
    with one_line():
        from conf.load import SettingsError
        from console import show
        from jobs.dedup import alone

        try:
            if curve:
                show.curve(alone.curve(preset, overrides or []))
                return
            if texts is None or out is None:
                raise typer.BadParameter("give texts and a folder for the outcome", param_hint="TEXTS OUT")
            chosen = levels.split(",") if levels else []
            raise typer.Exit(alone.dedup([texts], out, preset=preset, levels=chosen, overrides=overrides or []))
        except SettingsError as error:
            raise said(str(error), WRONG_CALL) from error


@corpus.command(
    epilog="Example: woolmill corpus add runs/crawl-1 corpus    then    woolmill run conf/llama3.yaml corpus.path=corpus …"
)
def add(run: RunFolder, folder: CorpusFolder, as_json: AsJson = False) -> None:
    """Remember what the deduplication of a finished run has kept."""
    with one_line():
        from console import show
        from jobs.dedup import remember
        from jobs.errors import JobError
        from jobs.store import Run

        try:
            manifest = remember.add(Run.open(run), folder)
        except JobError as error:
            raise said(str(error), NOT_FOUND) from error
        show.as_json(manifest) if as_json else show.generations([manifest])


@corpus.command(name="list", epilog="Example: woolmill corpus list corpus")
def list_(folder: CorpusFolder, as_json: AsJson = False) -> None:
    """List the runs that a corpus holds."""
    with one_line():
        from console import show
        from jobs.dedup.corpus import manifests

        found = manifests(folder)
        if not found:
            raise said(f"{folder} holds no corpus; `woolmill corpus add RUN {folder}` begins one", NOT_FOUND)
        show.as_json(found) if as_json else show.generations(found)
