"""Commands of benchmarks: an index of items to look for, what it holds, and what a run has found of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from console.endings import NOT_FOUND, WRONG_CALL, AsJson, RunFolder, one_line, said

if TYPE_CHECKING:
    from classifiers.benchmark_files import Form
    from udfs.decontamination import NgramIndex

benchmarks = typer.Typer(help="Benchmark items that must not be in the training text.", no_args_is_help=True)
Files = Annotated[
    list[Path], typer.Argument(metavar="FILES...", help="items: .jsonl, .jsonl.xz, .jsonl.zst, .jsonl.gz or .parquet")
]
Columns = Annotated[
    str, typer.Option(metavar="A=B,…", help="what the files call benchmark, id, text, answer, e.g. text=question,answer=target")
]
Name = Annotated[str, typer.Option(metavar="NAME", help="the benchmark, where the files have no column for it")]
Index = Annotated[str, typer.Argument(metavar="INDEX", help="an index; model:benchmarks is the one that ships")]


@benchmarks.command(
    epilog="Example: woolmill benchmarks build mmlu.jsonl.zst gsm8k.parquet --out index.npz --ngram 8,mmlu=13    then    "
    "woolmill run conf/llama3.yaml decontaminate.index=index.npz …"
)
def build(
    files: Files,
    out: Annotated[Path, typer.Option(metavar="FILE", help="index to write, .npz")],
    columns: Columns = "",
    name: Name = "",
    ngram: Annotated[
        str, typer.Option(metavar="N,A=M,…", help="tokens of an n-gram, and others for single benchmarks, e.g. 8,mmlu=13")
    ] = "8",
    most: Annotated[
        int, typer.Option("--max-items", min=1, help="an n-gram of more items of its benchmark is part of a template")
    ] = 10,
    frequent: Annotated[
        Path | None, typer.Option(metavar="FILE", help="phrases of a corpus that mean nothing, one a line")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make an index of the n-grams of benchmark items: hashes and names, no text."""
    with _mistakes():
        from classifiers.benchmark_files import read_items
        from jobs.benchmarks import phrases
        from udfs.decontamination import BuildSettings, build_index

        n, sizes = _sizes(ngram)
        wanted = BuildSettings(n, sizes, most, phrases(frequent) if frequent else ())
        index = build_index(read_items(files, _form(columns, name)), wanted)
        index.save(out)
        _describe(index, str(out), as_json=as_json)


@benchmarks.command(epilog="Example: woolmill benchmarks show model:benchmarks --unseen")
def show(
    index: Index = "model:benchmarks",
    unseen: Annotated[bool, typer.Option("--unseen", help="name the items that no rule can see")] = False,
    as_json: AsJson = False,
) -> None:
    """Show what an index holds, and how many items no rule can see."""
    with _mistakes():
        from console import show as printing

        found = _loaded(index)
        if not unseen:
            _describe(found, index, as_json=as_json)
            return
        rows = [{"benchmark": suite, "item": item, "why": why} for (suite, item), why in sorted(found.unseen.items())]
        printing.as_json(rows) if as_json else printing.records(rows)


@benchmarks.command(
    epilog="Example: woolmill benchmarks frequent index.npz 'texts/*.parquet' --out frequent.txt    then    "
    "woolmill benchmarks build … --frequent frequent.txt"
)
def frequent(
    index: Index,
    texts: Annotated[str, typer.Argument(metavar="TEXTS", help="Parquet or JSON lines with text: file, folder, glob")],
    out: Annotated[Path, typer.Option(metavar="FILE", help="list to write; read it before it is used")],
    least: Annotated[int, typer.Option("--min-documents", min=2, help="documents that hold an n-gram")] = 10,
) -> None:
    """List the n-grams of an index that many texts of a corpus hold, to be read and left out."""
    with _mistakes():
        from jobs.benchmarks import frequent_grams
        from jobs.store import write_atomic

        found = frequent_grams(_loaded(index), texts, least=least)
        write_atomic(out, "# n-gram, then documents that hold it\n" + "".join(f"{gram}\t{n}\n" for gram, n in found))
        print(f"{out}: {len(found):,} n-grams in {least} documents or more; take out what copies of items have brought")


@benchmarks.command(epilog="Example: woolmill benchmarks examples runs/demo gsm8k.jsonl.xz --benchmark gsm8k -n 5")
def examples(
    folder: RunFolder,
    files: Files,
    benchmark: Annotated[str, typer.Option(metavar="NAME", help="show this benchmark alone")] = "",
    most: Annotated[int, typer.Option("-n", "--rows", min=1, help="most copies")] = 20,
    columns: Columns = "",
    name: Name = "",
    as_json: AsJson = False,
) -> None:
    """Show copies that a run has found beside their items; for your eyes, since it prints the items."""
    with _mistakes():
        from dataclasses import asdict

        from classifiers.benchmark_files import read_items
        from console import show as printing
        from jobs import benchmarks as job
        from jobs.errors import JobError
        from jobs.store import Run

        try:
            found = job.examples(Run.open(folder), read_items(files, _form(columns, name)), benchmark=benchmark, most=most)
        except JobError as error:
            raise said(str(error), NOT_FOUND) from error
        if as_json:
            printing.as_json([asdict(one) for one in found])
            return
        for one in found:
            where = ", ".join(f"{start}–{end}" for start, end in one.ranges)
            print(
                f"\n{one.benchmark} {one.item}, {one.part}: {100 * one.coverage:.0f} % in {one.url or one.id} ({where}), {one.action}"
            )
            printing.table([(one.text or "not in these files", one.copy)], ("item", "document"))


def _form(columns: str, name: str) -> Form:
    from classifiers.benchmark_files import Form

    pairs = [part.partition("=") for part in columns.split(",") if part.strip()]
    if wrong := [part for part, sign, value in pairs if not sign or not value]:
        raise typer.BadParameter(f"{wrong[0]!r} is no A=B, e.g. text=question", param_hint="--columns")
    return Form({part.strip(): value.strip() for part, _, value in pairs}, name)


def _sizes(given: str) -> tuple[int, dict[str, int]]:
    n, sizes = 8, {}
    for part in given.split(","):
        suite, sign, value = part.rpartition("=")
        if not value.strip().isdecimal():
            raise typer.BadParameter(f"{part!r} is no number and no NAME=NUMBER", param_hint="--ngram")
        if sign:
            sizes[suite.strip()] = int(value)
        else:
            n = int(value)
    return n, sizes


def _loaded(given: str) -> NgramIndex:
    from jobs.tools import benchmark_index

    return benchmark_index(given)


def _describe(index: NgramIndex, name: str, *, as_json: bool) -> None:
    from console import show as printing
    from jobs.benchmarks import described

    rows: Sequence[dict[str, object]] = described(index)
    if as_json:
        printing.as_json({"index": name, "digest": index.digest, "benchmarks": rows})
        return
    printing.records(rows)
    print(f"{name}: {len(index.items):,} items, {len(index.grams):,} n-grams, digest {index.digest[:16]}")


@contextmanager
def _mistakes() -> Iterator[None]:
    """Say in one line what is wrong with files or settings."""
    with one_line():
        from udfs.fasttext import ModelMissing

        try:
            yield
        except ModelMissing as error:
            raise said(str(error), NOT_FOUND) from error
        except ValueError as error:
            raise said(str(error), WRONG_CALL) from error
