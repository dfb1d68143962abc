"""The command line of jobs: resolve a recipe, run stages, print what became of them, and end with the right exit code."""

from __future__ import annotations

import argparse
import importlib
import json
import sys
import traceback
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from conf.load import Resolved, SettingsError, resolve
from jobs.errors import DONE, INTERRUPTED, UNEXPECTED, WRONG_INPUT, WRONG_OUTPUT, WRONG_SETTINGS, JobError
from jobs.progress import Progress
from jobs.runner import Runner, input_splits
from jobs.sources.inputs import InputError
from jobs.stage import Outcome, Stage
from jobs.store import Run, StoreError
from udfs.blocklist import BlockListError
from udfs.fasttext import ModelMissing
from udfs.rules import UnknownNameError
from udfs.tokens import TokenCounterError

_CODES: Mapping[type[Exception], int] = {
    SettingsError: WRONG_SETTINGS,
    BlockListError: WRONG_SETTINGS,
    UnknownNameError: WRONG_SETTINGS,
    TokenCounterError: WRONG_SETTINGS,
    ModelMissing: WRONG_SETTINGS,
    InputError: WRONG_INPUT,
    StoreError: WRONG_OUTPUT,
}


def run_recipe(
    recipe: str | Path,
    overrides: Sequence[str] = (),
    *,
    stages: Mapping[str, Stage],
    start: str | None = None,
    only: str | None = None,
    force: Sequence[str] = (),
    as_json: bool = False,
) -> int:
    """Run a recipe and print what became of it.

    Parameters
    ----------
    recipe : str or Path
        The recipe's file.
    overrides : sequence of str
        ``key=value``.
    stages : mapping of str to Stage
        The stages that may run; names of the recipe that are not among them must be finished.
    start, only, force
        See `jobs.runner.Runner.run`.
    as_json : bool
        Print the summary as JSON.

    Returns
    -------
    int
        Exit code: 0 done, 2 settings, 3 input, 4 output, 5 accounts out of balance, 1 anything else, 130 interrupted.
    """
    root: Path | None = None
    try:
        resolved = resolve(recipe, overrides)
        _check_stages(resolved, [name for name in (start, only, *force) if name])
        root = Path(resolved.recipe.output.path) / resolved.recipe.run
        for stage in (stages[name] for name in resolved.recipe.stages if name in stages):
            stage.models(resolved.recipe)
        store = Run(root)
        splits = input_splits(resolved.recipe.input)
        with store.locked(), Runner(resolved, store, stages, splits, Progress()) as runner:
            outcomes = runner.run(start=start, only=only, force=force)
        print(_summary(store, outcomes, as_json=as_json))
        return DONE
    except KeyboardInterrupt:
        return _fail("interrupted; the same command goes on where it stopped", INTERRUPTED)
    except JobError as error:
        return _fail(str(error), error.code)
    except tuple(_CODES) as error:
        return _fail(_line(error), next(code for kind, code in _CODES.items() if isinstance(error, kind)))
    except Exception as error:  # whatever Spark or the system throws is told in one line, the rest goes to the log
        return _unexpected(error, root)


def stage_main(stage: str, argv: Sequence[str] | None = None) -> int:
    """Command line of one stage: the recipe's stage of this name alone, with the flags of the main job."""
    parser = recipe_parser(f"Run the stage {stage} of a recipe; the stages before it must be finished.")
    parser.add_argument("--force", action="store_true", help="run it although nothing has changed")
    arguments = parser.parse_args(argv)
    # Imported by its name: run as a script, the module itself is __main__, which workers could not import.
    module = importlib.import_module(f"jobs.{stage}")
    return run_recipe(
        arguments.recipe,
        arguments.overrides,
        stages={stage: module.STAGE},
        only=stage,
        force=[stage] if arguments.force else (),
        as_json=arguments.json,
    )


def recipe_parser(what: str) -> argparse.ArgumentParser:
    """Return a parser of a recipe, its overrides and the flags that all jobs share."""
    parser = argparse.ArgumentParser(
        description=what, epilog="example: conf/llama3.yaml input.paths='crawl/*.warc.gz' output.path=runs"
    )
    parser.add_argument("recipe", help="a recipe, such as conf/llama3.yaml")
    parser.add_argument("overrides", nargs="*", metavar="key=value", help="settings that differ from the recipe's")
    parser.add_argument("--json", action="store_true", help="print the summary as JSON")
    return parser


def _check_stages(resolved: Resolved, named: Sequence[str]) -> None:
    for name in named:
        if name not in resolved.recipe.stages:
            raise SettingsError(
                f"recipe {resolved.recipe.name} has no stage {name!r}; it has {', '.join(resolved.recipe.stages)}"
            )


def _summary(store: Run, outcomes: Sequence[Outcome], *, as_json: bool) -> str:
    from jobs.summary import as_text, describe

    described: Mapping[str, Any] = describe(store, outcomes)
    return json.dumps(described, sort_keys=True) if as_json else as_text(described)


def _line(error: BaseException) -> str:
    text = error.args[0] if isinstance(error, LookupError) and error.args else str(error)
    return " ".join(str(text).split())


def _fail(message: str, code: int) -> int:
    print(f"error: {message}", file=sys.stderr)
    return code


def _unexpected(error: Exception, root: Path | None) -> int:
    text = f"{error}"
    if "No space left on device" in text or getattr(error, "errno", None) == 28:
        return _fail(
            f"no space left on the device of {root}; free some and give the same command again: finished parts are kept",
            WRONG_OUTPUT,
        )
    if isinstance(error, PermissionError) or "Permission denied" in text or "Read-only file system" in text:
        return _fail(f"output.path: can't write to {root}: {_cause(text)}", WRONG_OUTPUT)
    if root is not None and root.is_dir():
        log = root / "logs" / "error.log"
        with suppress(OSError):
            log.parent.mkdir(exist_ok=True)
            log.write_text("".join(traceback.format_exception(error)), "utf-8")
        return _fail(f"{_cause(text)} (whole story in {log}, Spark's own in {log.with_name('spark.log')})", UNEXPECTED)
    return _fail(_cause(text), UNEXPECTED)


def _cause(text: str) -> str:
    """Return the line that names the error: the last of a Python traceback inside, else the first."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if "Traceback (most recent call last):" in text:
        inside = text.split("Traceback (most recent call last):")[-1].splitlines()
        named = [line for line in inside[1:] if line and not line.startswith((" ", "\t"))]
        return named[0] if named else lines[0]
    return lines[0] if lines else "an error without a message"
