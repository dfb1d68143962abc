"""The command ``woolmill pii-domains``: domains dense in personal data, as a table, CSV, JSON or lines of a block list."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from console.endings import NOT_FOUND, WRONG_CALL, AsJson, RunFolder, one_line, said

if TYPE_CHECKING:
    from jobs.reporting.pii_domains import Domain

SUFFIXES: Final = (".csv", ".json", ".txt")


def pii_domains(
    folder: RunFolder,
    min_documents: Annotated[int, typer.Option(min=1, help="fewest documents of a domain that is listed")] = 5,
    per_1000: Annotated[
        float, typer.Option(min=0.0, help="a domain is listed from this lower bound of findings a 1000 words")
    ] = 1.0,
    limit: Annotated[int, typer.Option("-n", "--rows", min=0, help="most rows shown in the terminal")] = 40,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="file to write: .csv, .json, or .txt with a host a line for a block list")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List domains whose pages are dense in personal data, for review; small samples don't top the list."""
    with one_line():
        from console import show
        from jobs.reporting.pii_domains import Limits, dense_domains
        from jobs.store import Run, write_atomic

        if out is not None and out.suffix not in SUFFIXES:
            raise said(f"--out {out.name}: the name has to end in {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}", WRONG_CALL)
        found = dense_domains(Run.open(folder), Limits(min_documents, per_1000))
        if out is not None:
            write_atomic(out, written(found, out.suffix))
        if as_json:
            show.as_json([one.to_dict() for one in found])
        elif found:
            _show(found[:limit])
            print(f"{len(found):,} domains" + (f", in {out}" if out else ""))
        else:
            raise said(f"no domain has {min_documents} documents and {per_1000:g} findings a 1000 words for certain", NOT_FOUND)


def written(found: list[Domain], suffix: str) -> str:
    """Return domains in the format of a suffix, one of `SUFFIXES`."""
    from jobs.reporting.pii_domains import block_lines

    rows = [one.to_dict() for one in found]
    if suffix == ".txt":
        return block_lines(found)
    if suffix == ".json":
        return json.dumps(rows, ensure_ascii=False, indent=2) + "\n"
    lines = io.StringIO()
    if rows:
        writer = csv.DictWriter(lines, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return lines.getvalue()


def _show(found: list[Domain]) -> None:
    from console import show

    heads = ("domain", "documents", "with pii", "per 1000 words", "95 %", "by type, per 1000 words")
    rows = (
        (
            one.name,
            one.documents,
            one.with_pii,
            f"{one.per_1000:.2f}",
            f"{one.lower:.2f}-{one.upper:.2f}",
            ", ".join(f"{kind} {rate:.2f}" for kind, rate in sorted(one.types.items(), key=lambda item: (-item[1], item[0]))),
        )
        for one in found
    )
    show.table(rows, heads, right=heads[1:5])
