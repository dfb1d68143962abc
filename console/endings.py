"""How commands begin and end: arguments that many have, exit codes, and errors in one line."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

DONE = 0
NOT_FOUND = 1
WRONG_CALL = 2
INTERRUPTED = 130
BROKEN_PIPE = 141

RecipeFile = Annotated[Path, typer.Argument(metavar="RECIPE", help="recipe file, e.g. conf/llama3.yaml")]
Overrides = Annotated[list[str] | None, typer.Argument(metavar="[KEY=VALUE]...", help="settings that win over the file's")]
RunFolder = Annotated[Path, typer.Argument(metavar="RUN", help="folder of a run, <output.path>/<run>")]
AsJson = Annotated[bool, typer.Option("--json", help="print JSON")]


def flushed(code: int) -> int:
    """Write out what is left, and return the exit code."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        return closed()
    return code


def closed() -> int:
    """Let the interpreter's last flush of standard output go nowhere, since its reader is gone."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return BROKEN_PIPE


def said(message: str, code: int) -> typer.Exit:
    """Print one line for a person and return what ends the command."""
    from console.show import printable

    line = " ".join(printable(message).split())
    print(f"error: {line}", file=sys.stderr)
    return typer.Exit(code)


@contextmanager
def one_line() -> Iterator[None]:
    """Turn what a person got wrong into one line and exit code 2; faults of the program keep their traceback."""
    try:
        yield
    except BrokenPipeError:
        raise typer.Exit(closed()) from None
    except (OSError, RuntimeError, ValueError) as error:
        if isinstance(error, OSError) and error.filename:
            raise said(f"{error.filename}: {error.strerror}", WRONG_CALL) from error
        if isinstance(error, typer.Exit | OSError) or not isinstance(error, _mistakes()):
            raise
        raise said(str(error), WRONG_CALL) from error


def _mistakes() -> tuple[type[Exception], ...]:
    from conf.load import SettingsError
    from console.peek import PeekError
    from console.trail import TrailError
    from jobs.sources.inputs import InputError
    from jobs.store import StoreError

    return (SettingsError, StoreError, InputError, PeekError, TrailError)
