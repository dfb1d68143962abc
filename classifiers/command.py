"""The command line of what makes shipped models from the data folder: where the data is, where models go, one line for mistakes."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from classifiers.registry import folder
from udfs.fasttext import ModelMissing

DONE = 0
WRONG_CALL = 2


def parser(description: str) -> argparse.ArgumentParser:
    """Return a parser that knows ``--data DIR`` and ``--out DIR``."""
    made = argparse.ArgumentParser(description=description)
    made.add_argument("--data", type=Path, default=os.environ.get("WOOLMILL_DATA"), help="folder of the training data")
    made.add_argument("--out", type=Path, default=None, help="folder to write to; by default that of the shipped models")
    return made


def run(arguments: argparse.Namespace, make: Callable[[Path, Path], Iterable[str]]) -> int:
    """Make models and print what there is to say.

    Parameters
    ----------
    arguments : Namespace
        What `parser` read.
    make : callable
        Given the data folder and the folder to write to, makes the models and yields a line a model.

    Returns
    -------
    int
        Exit status: 2, after one line on standard error, where the data or a model is not there.
    """
    if arguments.data is None:
        print("where is the training data? give --data DIR or set WOOLMILL_DATA", file=sys.stderr)
        return WRONG_CALL
    out = arguments.out or folder()
    try:
        out.mkdir(parents=True, exist_ok=True)
        for line in make(Path(arguments.data), out):
            print(line)
    except FileNotFoundError as error:
        print(f"{error.filename} is not there: models are made from it", file=sys.stderr)
        return WRONG_CALL
    except ModelMissing as error:
        print(error, file=sys.stderr)
        return WRONG_CALL
    return DONE
