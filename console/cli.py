"""The command ``woolmill``. Commands import what they need when they run: help costs a fraction of a second."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from console import benchmarks, dedup, label, languages, models, pii_domains, ranks, references, verify
from console.endings import (
    DONE,
    INTERRUPTED,
    NOT_FOUND,
    WRONG_CALL,
    AsJson,
    Overrides,
    RecipeFile,
    RunFolder,
    flushed,
    one_line,
    said,
)

app = typer.Typer(
    name="woolmill",
    help="Web crawls in, mixture-weighted training shards out, and a trail for every document.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)

app.add_typer(benchmarks.benchmarks, name="benchmarks")
app.add_typer(dedup.corpus, name="corpus")
app.add_typer(languages.languages, name="languages")
app.add_typer(label.label, name="label")
app.command(
    epilog="Example: woolmill dedup corpus/ deduped    or    "
    "woolmill dedup 'texts/*.jsonl.gz' deduped --preset fineweb documents.similarity=0.8",
)(dedup.dedup)


app.command(
    name="pii-domains",
    epilog="Example: woolmill pii-domains runs/demo --per-1000 2    or    woolmill pii-domains runs/demo --out review.csv",
)(pii_domains.pii_domains)


app.command(
    epilog="Example: woolmill references runs/crawl-1 --out references.npz    then    "
    "woolmill run conf/llama3.yaml clean.references=references.npz …"
)(references.references)


app.command(
    epilog="Example: woolmill ranks runs/crawl-1 --out ranks.json    then    "
    "woolmill run conf/llama3.yaml score.ranks=ranks.json score.min_bucket.general=4 score.combine=ensemble …"
)(ranks.ranks)


app.command(
    epilog="Example: woolmill models verify    or    woolmill models show quality    or    "
    "woolmill models page quality@2 --store models --out quality.html"
)(models.models)


app.command(epilog="Example: woolmill verify runs/demo/shards    or    woolmill verify /data/shards --run runs/demo --json")(
    verify.verify
)


@app.command(epilog="Example: woolmill run conf/llama3.yaml input.paths='crawl/*.warc.gz' output.path=runs")
def run(
    recipe: RecipeFile,
    overrides: Overrides = None,
    start: Annotated[str | None, typer.Option("--from", metavar="STAGE", help="begin with this stage")] = None,
    only: Annotated[str | None, typer.Option(metavar="STAGE", help="run this stage alone")] = None,
    force: Annotated[
        list[str] | None, typer.Option(metavar="STAGE", help="run it although it is current; may be repeated")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Run a recipe; what is finished and current is skipped."""
    with one_line():
        from jobs.pipeline import run_recipe

        raise typer.Exit(run_recipe(recipe, overrides or [], start=start, only=only, force=force or [], as_json=as_json))


@app.command(epilog="Example: woolmill config conf/llama3.yaml mix.seed=2    or    woolmill config --keys")
def config(
    recipe: Annotated[Path | None, typer.Argument(metavar="RECIPE", help="recipe file")] = None,
    overrides: Overrides = None,
    keys: Annotated[bool, typer.Option("--keys", help="list everything that can be set, with what is allowed")] = False,
    as_json: AsJson = False,
) -> None:
    """Show what a recipe comes to: every setting with value, unit, meaning and origin."""
    with one_line():
        from dataclasses import asdict

        from console import config as logic
        from console import show

        if recipe is None and not keys:
            raise typer.BadParameter("give a recipe, or --keys for everything that can be set", param_hint="RECIPE")
        found = logic.keys() if recipe is None else logic.resolved(recipe, overrides or [])
        if as_json:
            show.as_json([asdict(one) for one in found])
        else:
            show.settings(found, values=recipe is not None and not keys)


@app.command(epilog="Example: woolmill explain runs/demo https://example.org/page")
def explain(
    folder: RunFolder,
    what: Annotated[str, typer.Argument(metavar="URL|ID", help="a URL, an id in hex (8 digits or more), or a WARC-Record-ID")],
    every: Annotated[bool, typer.Option("--all", help="tell every capture of the page, not the newest alone")] = False,
    signals: Annotated[bool, typer.Option("--signals", help="show all signals with unit and meaning")] = False,
    as_json: AsJson = False,
) -> None:
    """Tell a document's whole story: where it lies, what every stage did to it and why, which shard holds it."""
    with one_line():
        from console import explain as logic
        from console import show
        from jobs.store import Run

        try:
            found = logic.explain(Run.open(folder), what, every=every, measure=True)
        except logic.NotFoundError as error:
            raise said(str(error), NOT_FOUND) from error
        if as_json:
            show.as_json(found.to_dict())
        else:
            show.explanation(found, signals=signals)


@app.command(
    epilog="Example: woolmill preview runs/demo gopher.word_count.low=80    or    "
    "woolmill preview runs/demo score.min_quality.general=0.5 route.min_code=0.3 --samples 10"
)
def preview(
    folder: RunFolder,
    changes: Annotated[
        list[str] | None,
        typer.Argument(metavar="[RULE=LIMIT]...", help="a rule's name, or a setting of filter, route or score, and its value"),
    ] = None,
    samples: Annotated[int, typer.Option(min=0, max=1000, help="documents shown that change sides")] = 30,
    language: Annotated[str, typer.Option(metavar="CODE", help="look at this language alone")] = "",
    cls: Annotated[str, typer.Option("--class", metavar="CLASS", help="look at this class alone")] = "",
    as_json: AsJson = False,
) -> None:
    """Say from stored signals alone what other limits would keep and drop."""
    with one_line():
        from console import show
        from jobs.preview import PreviewError, Wanted
        from jobs.preview import preview as evaluate
        from jobs.store import Run

        try:
            found = evaluate(Run.open(folder), changes or [], Wanted(samples, language, cls))
        except PreviewError as error:
            raise said(str(error), WRONG_CALL) from error
        if as_json:
            show.as_json(found.to_dict())
        else:
            from console.preview import show_preview

            show_preview(found)


@app.command(epilog="Example: woolmill trail runs/demo --out trail.parquet")
def trail(
    folder: RunFolder,
    out: Annotated[Path, typer.Option(help="file to write: .jsonl, .jsonl.gz, .jsonl.zst or .parquet")],
    as_json: AsJson = False,
) -> None:
    """Write one row a record of the input: kept, dropped or quarantined, by which stage and why."""
    with one_line():
        from console import show
        from console.trail import write_trail
        from jobs.store import Run

        rows = write_trail(Run.open(folder), out)
        if as_json:
            show.as_json({"out": str(out), "rows": rows})
        else:
            print(f"{out}: {rows:,} records")


@app.command(epilog="Example: woolmill report runs/demo --out report.html")
def report(
    folder: RunFolder,
    out: Annotated[Path | None, typer.Option(help="file to write; by default report.html in the run's folder")] = None,
    samples: Annotated[int | None, typer.Option(min=0, max=100, help="documents shown for each class and reason")] = None,
    as_json: AsJson = False,
) -> None:
    """Write one HTML file with the run's accounts, distributions, documents, costs and alarms."""
    with one_line():
        from console import show
        from jobs.reporting import build_report
        from jobs.store import Run, write_atomic

        opened = Run.open(folder)
        wanted = samples if samples is not None else int(opened.recipe.get("report", {}).get("samples", 8))
        target = out or opened.root / "report.html"
        write_atomic(target, build_report(opened, wanted))
        if as_json:
            show.as_json({"out": str(target), "bytes": target.stat().st_size})
        else:
            print(target)


@app.command(epilog="Example: woolmill peek runs/demo decisions --where \"stage = 'filter'\" --columns id,reason,evidence -n 5")
def peek(
    folder: RunFolder,
    name: Annotated[str, typer.Argument(metavar="TABLE", help="name of a table, see `woolmill tables`")],
    where: Annotated[str, typer.Option(metavar="SQL", help="condition in DuckDB's SQL; ids are hex strings")] = "",
    columns: Annotated[str, typer.Option(metavar="A,B", help="columns to show")] = "",
    limit: Annotated[int, typer.Option("-n", "--rows", min=0, help="most rows")] = 20,
    sample: Annotated[bool, typer.Option("--sample", help="rows from all over the table, the same ones every time")] = False,
    schema: Annotated[bool, typer.Option("--schema", help="show the columns with units and meanings instead")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON, a row on a line")] = False,
) -> None:
    """Look at rows of a table; ids are shown in hex, long texts are cut."""
    with one_line():
        from console import peek as logic
        from console import show
        from jobs.store import Run

        if schema:
            rows = logic.columns_of(logic.table_named(name))
        else:
            wanted = tuple(part.strip() for part in columns.split(",") if part.strip())
            rows = logic.peek(Run.open(folder), logic.Question(name, where, wanted, limit, sample))
        if as_json:
            show.as_json(rows, lines=True)
        else:
            show.records(rows)


@app.command(epilog="Example: woolmill tables runs/demo")
def tables(folder: RunFolder, as_json: AsJson = False) -> None:
    """List what a run has published: tables with their rows and bytes."""
    with one_line():
        from dataclasses import asdict

        from console import show
        from console.peek import listing
        from jobs.store import Run

        found = [asdict(one) for one in listing(Run.open(folder))]
        if as_json:
            show.as_json(found)
        else:
            show.records(found)


@app.command(
    name="compare-extractors",
    epilog="Example: woolmill compare-extractors crawl/00000.warc.gz --limit 500 --out compared    or    "
    "woolmill compare-extractors 'crawl/*.warc.gz' --json",
)
def compare_extractors(
    warc: Annotated[list[str], typer.Argument(metavar="WARC...", help="WARC files, folders, globs, URLs or listings of them")],
    limit: Annotated[int | None, typer.Option(min=1, help="most pages to read")] = None,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="folder for index.html with texts side by side")] = None,
    samples: Annotated[int, typer.Option(min=0, max=100, help="pages shown in it, those with the least agreement")] = 12,
    as_json: AsJson = False,
) -> None:
    """Run every extraction engine over a crawl: yield, agreement, speed, and texts side by side where they differ most."""
    with one_line():
        from dataclasses import asdict

        from console import compare as logic
        from console import compare_page, show
        from jobs.store import write_atomic

        if out:
            out.mkdir(parents=True, exist_ok=True)
        try:
            found = logic.compare(logic.pages(warc, limit=limit), samples=samples)
        except logic.CompareError as error:
            raise said(str(error), NOT_FOUND) from error
        if as_json:
            ratios = compare_page.ratios(found)
            engines = [asdict(one) | {"speed": one.speed, "times_the_slowest": ratios[one.engine]} for one in found.engines]
            show.as_json({"pages": found.pages, "engines": engines, "overlaps": [asdict(one) for one in found.overlaps]})
        else:
            show.comparison(found)
        if out:
            target = out / "index.html"
            write_atomic(target, compare_page.render(found, warc))
            if not as_json:
                print(target)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Parameters
    ----------
    arguments : sequence of str, optional
        Words of the command line; by default those of the process.

    Returns
    -------
    int
        Exit code: 0 done, 1 not found, 2 a wrong call or setting, 130 interrupted, 141 standard output was closed; `run` has those of
        `jobs.errors` besides.
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        app(args=list(arguments) if arguments is not None else None, prog_name="woolmill")
    except SystemExit as end:
        return flushed(end.code if isinstance(end.code, int) else DONE if end.code is None else WRONG_CALL)
    except KeyboardInterrupt:
        return INTERRUPTED
    return flushed(DONE)


if __name__ == "__main__":
    sys.exit(main())
