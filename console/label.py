"""Commands of labelling: draw a sample, have a teacher label it, import labels by hand, compare two labellings."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console.endings import NOT_FOUND, WRONG_CALL, AsJson, Overrides, RunFolder, one_line, said

if TYPE_CHECKING:
    from collections.abc import Callable

    from classifiers.teacher.agreement import Agreement, Figure
    from classifiers.teacher.client import Endpoint
    from classifiers.teacher.job import Estimate, Job
    from classifiers.teacher.ledger import Ledger
    from classifiers.teacher.run import Tally
    from conf.schema import Label
    from jobs.label_sample import Sample

label = typer.Typer(help="Labels: sample a run, ask an LLM teacher, import labels by hand, compare.", no_args_is_help=True)
SampleFile = Annotated[Path, typer.Argument(metavar="SAMPLE", help="file that `woolmill label sample` has written")]
PLAIN_S = 15.0
LabelsOut = Annotated[Path, typer.Option(metavar="FILE", help="labels to write, .jsonl")]


@label.command(
    epilog="Example: woolmill label sample runs/crawl-1 --out sample.parquet --size 20000    or    "
    "woolmill label sample runs/crawl-1 --out de.parquet --size 500 --language de --per-domain 3"
)
def sample(
    run: RunFolder,
    out: Annotated[Path, typer.Option(metavar="FILE", help="file to write, .parquet")],
    size: Annotated[int, typer.Option(min=1, help="documents")] = 1_000,
    per_domain: Annotated[int, typer.Option(min=1, help="most documents of a registered domain")] = 20,
    language: Annotated[list[str] | None, typer.Option(metavar="XX", help="this language alone; may be repeated")] = None,
    seed: Annotated[int, typer.Option(min=0, help="of the draw")] = 1,
    as_json: AsJson = False,
) -> None:
    """Draw documents of a run, kept and dropped ones, over languages, sizes of domains, lengths and scores."""
    with _mistakes():
        from classifiers.teacher.strata import Wanted
        from console import show
        from jobs import label_sample as job
        from jobs.store import Run

        drawn = job.sample(Run.open(run), out, Wanted(size, per_domain, seed, tuple(sorted(language or ()))))
        facts = {
            "out": str(out),
            "documents": len(drawn),
            "kept": sum(one.candidate.reason is None for one in drawn),
            "domains": len({one.candidate.domain for one in drawn}),
            "languages": len({one.candidate.language for one in drawn}),
            "strata": len({one.stratum for one in drawn}),
            "stands_for": round(sum(1 / one.probability for one in drawn)),
        }
        show.as_json(facts) if as_json else show.pairs(facts)


@label.command(
    epilog="Example: woolmill label ask sample.parquet --out labels.jsonl --model llama-3.3-70b --url http://gpu:8000/v1    or    "
    "woolmill label ask sample.parquet --out math.jsonl --prompt math_reasoning --estimate label.price_in=0.6 label.price_out=0.8"
)
def ask(
    sample: SampleFile,
    out: LabelsOut,
    overrides: Overrides = None,
    prompt: Annotated[str | None, typer.Option(metavar="NAME", help="prompt of conf/prompts, or a file NAME.vN.md")] = None,
    model: Annotated[str | None, typer.Option(metavar="NAME", help="the teacher, as the endpoint names it")] = None,
    url: Annotated[str | None, typer.Option(metavar="URL", help="base address of the endpoint, with /v1")] = None,
    recipe: Annotated[
        Path | None, typer.Option(metavar="RECIPE", help="recipe whose section `label` holds; by default llama3")
    ] = None,
    ledger: Annotated[Path | None, typer.Option(metavar="FILE", help="what was answered; by default beside --out")] = None,
    estimate: Annotated[bool, typer.Option("--estimate", help="say what it would ask and cost, and end")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="don't ask before a large run")] = False,
    as_json: AsJson = False,
) -> None:
    """Have an LLM teacher label a sample; the same command goes on after a stop or a kill, and pays nothing twice."""
    with _mistakes():
        from classifiers.teacher.job import estimate as estimated
        from classifiers.teacher.ledger import Ledger
        from classifiers.teacher.run import rows, write
        from console import show
        from jobs.label_sample import Sample

        settings = _settings(recipe, [*(overrides or []), *_given(prompt=prompt, model=model, url=url)])
        pages, asked = Sample.open(sample), _job(settings)
        kept = ledger or out.with_name(f"{out.name.removesuffix('.jsonl')}.ledger.jsonl")
        if estimate and not kept.exists():
            _tell(estimated(asked, pages, None), as_json)
            return
        with Ledger(kept) as book:
            ahead = estimated(asked, pages, book)
            if estimate:
                _tell(ahead, as_json)
                return
            _confirm(ahead, settings, yes=yes)
            tally = _asked(asked, pages, (book, _endpoint(settings)), ahead)
            counts: Counter[str] = Counter()
            written = write(out, _counted(rows(asked, pages, book), counts))
        by_label = {name: counts[name] for name in sorted(counts)}
        facts = {"out": str(out), "labels": written, "by_label": by_label, "ledger": str(kept), **_facts(asked, tally)}
        show.as_json(facts) if as_json else show.pairs(facts)
        if tally.failed:
            raise said(f"{tally.failed:,} questions failed ({tally.commonest}); the same command asks them again", NOT_FOUND)


@label.command(
    epilog="Example: woolmill label compare labels.jsonl by_hand.csv    or    "
    "woolmill label compare first.jsonl second.jsonl --key meets",
)
def compare(
    first: Annotated[Path, typer.Argument(metavar="A", help="labels, .jsonl or .csv")],
    second: Annotated[Path, typer.Argument(metavar="B", help="labels, .jsonl or .csv")],
    key: Annotated[str, typer.Option(metavar="KEY", help="compare this key of the answers, or this column, not the label")] = "",
    as_json: AsJson = False,
) -> None:
    """Say how far two labellings agree: confusion, accuracy, Cohen's kappa plain and weighted, with 95 % intervals by domain."""
    with _mistakes():
        from classifiers.teacher.agreement import agreement
        from classifiers.teacher.imported import paired, read
        from console import show

        ours, theirs = read(first, key), read(second, key)
        pairs = paired(ours, theirs)
        domains = [a.domain or b.domain or a.id or a.url for a, b in pairs]
        found = agreement([a.label for a, _ in pairs], [b.label for _, b in pairs], domains)
        sizes = {"only_in_a": len(ours) - len(pairs), "only_in_b": len(theirs) - len(pairs)}
        show.as_json(asdict(found) | sizes) if as_json else _show_agreement(found, sizes)


@label.command(
    name="import",
    epilog="Example: woolmill label import by_hand.csv --out hand.jsonl --sample sample.parquet --by 'first reader'",
)
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help=".jsonl or .csv with id or url, and label or score")],
    out: LabelsOut,
    sample: Annotated[
        Path | None, typer.Option(metavar="SAMPLE", help="sample that ids, domains and strata are taken from")
    ] = None,
    by: Annotated[str, typer.Option(metavar="NAME", help="who has labelled; stands as the model")] = "hand",
    prompt: Annotated[str, typer.Option(metavar="NAME", help="prompt or guidelines that were followed; empty: none")] = "",
    as_json: AsJson = False,
) -> None:
    """Bring labels that people have made into the form of a teacher's."""
    with _mistakes():
        from classifiers.teacher.imported import read, taken_in
        from classifiers.teacher.prompts import load
        from classifiers.teacher.run import write
        from console import show
        from jobs.label_sample import Sample

        rows = taken_in(read(file), Sample.open(sample) if sample else None, by=by, prompt=load(prompt) if prompt else None)
        facts = {"out": str(out), "labels": write(out, rows), "without_an_id": sum(not row["id"] for row in rows)}
        show.as_json(facts) if as_json else show.pairs(facts)


def _settings(recipe: Path | None, overrides: list[str]) -> Label:
    from importlib.resources import files

    from conf.load import resolve

    # A recipe needs an input, which is not read here.
    return resolve(recipe or str(files("conf") / "llama3.yaml"), ["input.paths=-", *overrides]).recipe.label


def _given(**options: str | None) -> list[str]:
    import json

    return [f"label.{name}={json.dumps(value)}" for name, value in options.items() if value is not None]


def _job(settings: Label) -> Job:
    from classifiers.teacher.client import Sampling
    from classifiers.teacher.job import Job, Limits, Prices
    from classifiers.teacher.prompts import load

    if not settings.model:
        raise said("no model is named: give --model NAME, or label.model in the recipe", WRONG_CALL)
    prices = Prices(settings.price_in, settings.price_out)
    if settings.budget is not None and prices.of(0, 0) is None:
        raise said("label.budget needs label.price_in and label.price_out", WRONG_CALL)
    sampling = Sampling(settings.temperature, settings.seed, settings.max_tokens)
    limits = Limits(settings.max_failed, settings.min_questions, settings.budget)
    return Job(load(settings.prompt), settings.model, sampling, prices, limits)


def _endpoint(settings: Label) -> Endpoint:
    import os

    from classifiers.teacher.client import Endpoint

    same = {name: getattr(settings, name) for name in ("url", "timeout_s", "attempts", "concurrency", "per_minute")}
    return Endpoint(model=settings.model or "", key=os.environ.get(settings.key_env, "").strip(), **same)


def _confirm(ahead: Estimate, settings: Label, *, yes: bool) -> None:
    """Ask a person before a large run; where nobody sits, end with what to say."""
    large = ahead.requests > settings.ask_above_requests if ahead.cost is None else ahead.cost > settings.ask_above
    if yes or not large:
        return
    if not sys.stdin.isatty():
        raise said(f"{_line(ahead)}: that is above the limit to ask at; give --yes, or raise label.ask_above", WRONG_CALL)
    if not typer.confirm(f"{_line(ahead)}. Go on?", err=True):
        raise said("nothing was asked", WRONG_CALL)


def _line(ahead: Estimate) -> str:
    cost = "at unknown prices" if ahead.cost is None else f"for about {ahead.cost:,.2f}"
    return f"{ahead.requests:,} questions, {ahead.tokens_in:,} tokens to read, up to {ahead.tokens_out:,} to write, {cost}"


def _tell(ahead: Estimate, as_json: bool) -> None:
    from console import show

    facts = asdict(ahead)
    show.as_json(facts) if as_json else show.pairs(
        facts | {"cost": "not known without prices" if ahead.cost is None else ahead.cost}
    )


def _asked(job: Job, pages: Sample, where: tuple[Ledger, Endpoint], ahead: Estimate) -> Tally:
    """Ask, with progress on standard error."""
    import asyncio

    from classifiers.teacher.client import Teacher
    from classifiers.teacher.run import ask as ask_all

    ledger, endpoint = where

    async def run(watch: Callable[[Tally], None]) -> Tally:
        async with Teacher(endpoint, job.sampling) as teacher:
            return await ask_all(job, pages, ledger, teacher, watch)

    with _progress(ahead.requests) as watch:
        return asyncio.run(run(watch))


@contextmanager
def _progress(total: int) -> Iterator[Callable[[Tally], None]]:
    """Show a bar on a terminal, and a line now and then anywhere else."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True, highlight=False)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    said_at = time.monotonic()
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("asking", total=total)

        def watch(tally: Tally) -> None:
            nonlocal said_at
            parts = [
                f"{getattr(tally, name):,} {name}" for name in ("ok", "refused", "unparsable", "failed") if getattr(tally, name)
            ]
            what = "ending, answers under way are waited for" if tally.stopping else ", ".join(parts)
            bar.update(task, completed=tally.done, description=what)
            if not console.is_terminal and (time.monotonic() - said_at >= PLAIN_S or tally.done == total):
                said_at = time.monotonic()
                console.print(f"{tally.done:,}/{total:,} questions: {what}", soft_wrap=True)

        yield watch


def _counted(labels: Iterator[dict[str, Any]], counts: Counter[str]) -> Iterator[dict[str, Any]]:
    for row in labels:
        counts[str(row["label"]) if row["status"] == "ok" else row["status"]] += 1
        yield row


def _facts(job: Job, tally: Tally) -> dict[str, Any]:
    names = ("ok", "refused", "unparsable", "failed", "asked_again", "requests", "tokens_in", "tokens_out")
    return {name: getattr(tally, name) for name in names} | {"cost": job.prices.of(tally.tokens_in, tally.tokens_out)}


def _show_agreement(found: Agreement, sizes: dict[str, int]) -> None:
    from console import show

    def shown(figure: Figure | None) -> str:
        if figure is None or figure.value is None:
            return "not defined"
        return f"{figure.value:.3f} ({figure.lower:.3f} to {figure.upper:.3f})"

    figures = {"accuracy": found.accuracy, "kappa": found.kappa, "weighted kappa": found.weighted_kappa}
    show.pairs({"pages": found.n, **sizes, **{name: shown(figure) for name, figure in figures.items()}})
    heads = ("A \\ B", *map(str, found.labels))
    rows = [(str(one), *counts) for one, counts in zip(found.labels, found.confusion, strict=True)]
    show.table(rows, heads, right=heads[1:])


@contextmanager
def _mistakes() -> Iterator[None]:
    """Turn what a person got wrong, and what ends a run early, into one line: 2 for a wrong call, 1 for what was not to be had."""
    from classifiers.teacher.agreement import AgreementError
    from classifiers.teacher.client import EndpointError
    from classifiers.teacher.imported import LabelsError
    from classifiers.teacher.ledger import LedgerError
    from classifiers.teacher.prompts import PromptError
    from classifiers.teacher.run import RunStopped
    from jobs.label_sample import SampleError

    with one_line():
        try:
            yield
        except (PromptError, LabelsError, LedgerError) as error:
            raise said(str(error), WRONG_CALL) from error
        except (AgreementError, EndpointError, SampleError, RunStopped) as error:
            raise said(str(error), NOT_FOUND) from error
