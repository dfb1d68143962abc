"""The contract of a stage: what it reads, what it writes, and what its output depends on."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from conf.load import digest_source
from conf.schema import Recipe
from jobs.accounts import Accounts
from jobs.sources.inputs import Split

if TYPE_CHECKING:
    from jobs.parts import PartWriter

_DIGEST = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one stage in one start of the program: it ran, or it was current already."""

    stage: str
    ran: bool
    accounts: Accounts
    splits_done: int = 0
    splits_reused: int = 0
    wall_s: float = 0.0


@dataclass(frozen=True, slots=True)
class SplitTask:
    """What a worker needs for one split of a stage; travels pickled, so it holds paths and settings only.

    Parameters
    ----------
    split : Split
        The stretch of input.
    recipe : Recipe
        All settings.
    inputs : mapping of str to str
        Table name to the path of this split's file, for the tables that the stage needs and that have rows here.
    shared : mapping of str to tuple of str
        Table name to the paths of all its files, for tables that are not by split.
    decisions : tuple of str
        Paths of this split's decisions of all stages before.
    models : mapping of str to str
        Name of a model to its SHA-256.
    """

    split: Split
    recipe: Recipe
    inputs: Mapping[str, str]
    shared: Mapping[str, tuple[str, ...]]
    decisions: tuple[str, ...]
    models: Mapping[str, str]


@dataclass(frozen=True)
class Stage:
    """What is declared of every stage.

    Parameters
    ----------
    name : str
        Its name in recipes.
    version : int
        Raised by whoever changes what the stage writes.
    sections : tuple of str
        Sections of the recipe that it reads.
    needs : tuple of str
        Tables that it reads; those owned by a stage that the recipe leaves out are optional.
    writes : tuple of str
        Tables that it owns.
    models : callable
        Recipe to name and SHA-256 of each model that it uses.
    libraries : tuple of str
        Distributions whose version can change what is written.
    """

    name: str
    version: int
    sections: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    models: Callable[[Recipe], Mapping[str, str]] = field(default=lambda _: {})
    libraries: tuple[str, ...] = ()

    def fingerprint(self, recipe: Recipe, inputs: Mapping[str, Any]) -> str:
        """SHA-256 (hex) of everything that the output depends on.

        Parameters
        ----------
        recipe : Recipe
            The settings.
        inputs : mapping
            Digests of what is read, as plain data.
        """
        body = {
            "stage": [self.name, self.version],
            "settings": {s: digest_source(getattr(recipe, s)) for s in self.sections},
            "models": dict(self.models(recipe)),
            "libraries": {lib: importlib.metadata.version(lib) for lib in ("pyarrow", *self.libraries)},
            "inputs": inputs,
        }
        return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()

    def made_with(self, recipe: Recipe) -> dict[str, Any]:
        """Return what its output is published with: version of the stage, digests of its models, versions of its libraries."""
        return {
            "version": self.version,
            "models": {name: _as_digest(said) for name, said in sorted(self.models(recipe).items())},
            "libraries": {lib: importlib.metadata.version(lib) for lib in sorted({"pyarrow", *self.libraries})},
        }


def _as_digest(said: str) -> str:
    """Hash what is no digest: some models say what they are instead, such as a list of rules."""
    return said if _DIGEST.fullmatch(said) else hashlib.sha256(said.encode()).hexdigest()


@dataclass(frozen=True)
class SplitStage(Stage):
    """A stage that works split by split, without a shuffle; it resumes by split.

    Parameters
    ----------
    work : callable
        ``work(task, out)`` runs in a worker: reads the split, writes rows and accounts to ``out``, and yields now and then, with
        the number of documents so far, so that a hanging worker is noticed.
    prepare : callable
        ``prepare(say)`` runs in the driver before workers start, when there is work: what each of them would do otherwise.
        ``say`` prints a line.
    """

    work: Callable[[SplitTask, PartWriter], Iterator[int]] = field(kw_only=True)
    prepare: Callable[[Callable[[str], None]], None] = field(default=lambda _: None, kw_only=True)
