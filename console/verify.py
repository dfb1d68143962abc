"""The command ``woolmill verify``: shards held against their manifest."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from console.endings import DONE, NOT_FOUND, AsJson, one_line, said

if TYPE_CHECKING:
    from jobs.verify import Verified

PAUSE_S = 2.0

DIFFERENT = 5
"""Exit code of shards that are not what their manifest says; that of accounts out of balance."""

Shards = Annotated[Path, typer.Argument(metavar="DIR", help="folder of shards with their manifest, also one copied away")]


def verify(
    folder: Shards,
    run: Annotated[
        Path | None, typer.Option(metavar="RUN", help="the run that made them; by default the one they lie in")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Count everything in a folder of shards again: digests, rows, tokens, shares, copies; 5 is the exit code of a difference."""
    with one_line():
        from dataclasses import asdict

        from console import show
        from jobs import verify as logic
        from jobs.progress import Progress
        from jobs.store import Run

        try:
            beside = Run.open(run) if run else logic.run_of(folder)
            found = logic.verify(folder, run=beside, say=_now_and_then(Progress().say))
        except logic.VerifyError as error:
            raise said(str(error), NOT_FOUND) from error
        if as_json:
            show.as_json(asdict(found))
        else:
            for one in found.differences:
                print(show.printable(one))
            print(_summary(found))
        raise typer.Exit(DIFFERENT if found.differences else DONE)


def _summary(found: Verified) -> str:
    looked = f"{found.shards} shards, {found.documents:,} documents, {found.tokens:,} tokens"
    if found.differences:
        return f"{looked}: {len(found.differences)} differences"
    beside = "as the manifest and the run say" if found.against_run else "as the manifest says (the run is not beside it)"
    return f"{looked}: {beside}; SHA-256 of the manifest: {found.manifest_sha256}"


def _now_and_then(say: Callable[[str], None]) -> Callable[[str], None]:
    """Say something only when the last time was a while ago: shards may be many, and small."""
    last = -PAUSE_S

    def told(text: str) -> None:
        nonlocal last
        if (now := time.monotonic()) - last >= PAUSE_S:
            last = now
            say(text)

    return told
