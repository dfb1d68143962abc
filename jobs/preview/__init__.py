"""What other limits would keep and drop, from stored signals alone: the predicates of a run, evaluated twice and compared.

It agrees with a real run since both call `jobs.predicates` and `udfs.filtering`. What would change text or keys is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from jobs.columns import coded, mask, truths
from jobs.predicates import STAGES, quality_ranks, reads_datatrove
from jobs.preview.chain import Chain, Verdicts
from jobs.preview.changes import Change, PreviewError, changed, recipe_of
from jobs.preview.rows import Batch, batches, winners
from jobs.preview.samples import Sample, Sampler
from jobs.preview.tallies import NOW, THEN, Cell, Counts, Tally
from jobs.store import Run
from udfs.filtering import STAYS
from udfs.routing import CLASSES

__all__ = ["Cell", "Change", "Later", "Preview", "PreviewError", "Sample", "Tally", "Wanted", "preview"]

Pair = tuple[Verdicts, Verdicts]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked at: the number of samples, and one language or class alone (empty: all)."""

    samples: int = 30
    language: str = ""
    cls: str = ""


@dataclass(frozen=True, slots=True)
class Later:
    """What stages after the predicates make of a change.

    Parameters
    ----------
    stages : tuple of str
        They follow in the recipe, the report left out.
    freed : int
        Documents that a later stage has dropped as duplicates of one that would now go.
    """

    stages: tuple[str, ...]
    freed: int


@dataclass(frozen=True, slots=True)
class Preview:
    """The answer.

    Parameters
    ----------
    run : str
        Name of the run.
    changes : tuple of Change
        What was set.
    stages : tuple of str
        The stages that were evaluated.
    total, classes, languages : Tally, by name
        Documents and words kept on both sides.
    moves : list of (str, str, int)
        Documents kept on both sides that change class.
    reasons : dict of str to (int, int)
        First reasons of dropped documents, before and after.
    samples : tuple of Sample
        Documents that change sides.
    later : Later
        What the evaluated stages can't say.
    differs : int or None
        Documents that the run's stored decisions treat otherwise than its own settings do with the rules of this version; None
        where the run has not come so far.
    assumed : bool
        The recipe ends before the evaluated stages: they are taken to follow.
    """

    run: str
    changes: tuple[Change, ...]
    stages: tuple[str, ...]
    total: Tally
    classes: dict[str, Tally]
    languages: dict[str, Tally]
    moves: tuple[tuple[str, str, int], ...]
    reasons: dict[str, tuple[int, int]]
    samples: tuple[Sample, ...]
    later: Later
    differs: int | None
    assumed: bool

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return asdict(self)


def preview(run: Run, assignments: Sequence[str], wanted: Wanted = Wanted()) -> Preview:
    """Say what other settings would keep and drop.

    Parameters
    ----------
    run : Run
        A run whose stage ``clean`` is up to date.
    assignments : sequence of str
        ``key=value``: the name of a rule, or a setting of `filter`, `route` or `score`.
    wanted : Wanted
        What is looked at.

    Raises
    ------
    PreviewError
        When an assignment is wrong or would change text or keys, or the run lacks a column.
    StoreError
        When the run's files can't be read.
    """
    if wanted.cls and wanted.cls not in CLASSES:
        raise PreviewError(f"there is no class {wanted.cls!r}; classes are {', '.join(CLASSES)}")
    recipe = recipe_of(run.recipe)
    after, changes = changed(recipe, assignments)
    if reads_datatrove(after.filter) and not reads_datatrove(recipe.filter):
        raise PreviewError(
            "the run has not measured what datatrove decides on: set filter.rules in its recipe and run clean again"
        )
    chains = (Chain.of(recipe), Chain.of(after))
    counts, sampler, dropped = Counts(), Sampler(chains, wanted.samples), list[pa.ChunkedArray]()
    differs: int | None = None
    ranks = quality_ranks(recipe) if "ensemble" in (recipe.score.combine, after.score.combine) else {}
    for batch in batches(run, chains[0], chains[0].signals | chains[1].signals, ranks):
        verdicts = (chains[0].judge(batch.signals, batch.scores), chains[1].judge(batch.signals, batch.scores))
        if batch.stored is not None:
            differs = (differs or 0) + int(np.count_nonzero(batch.stored != verdicts[0].reasons))
        batch, verdicts = _some(batch, verdicts, wanted)
        sides = np.where(verdicts[0].reasons == STAYS, NOW, 0) + np.where(verdicts[1].reasons == STAYS, THEN, 0)
        counts.add(batch.signals, sides, verdicts)
        counts.add_reasons(chains, verdicts)
        sampler.add(batch, sides, verdicts)
        dropped.append(batch.signals["id"].filter(mask(sides == NOW)))
    reasons = [name for name in dict.fromkeys((*chains[0].reasons, *chains[1].reasons)) if any(c[name] for c in counts.reasons)]
    return Preview(
        run.root.name,
        changes,
        chains[0].stages,
        counts.total(),
        counts.by_class(),
        counts.by_language(),
        tuple((before, then, n) for (before, then), n in counts.moves().items()),
        {name: (counts.reasons[0][name], counts.reasons[1][name]) for name in reasons},
        sampler.samples(run),
        _later(run, chains[0], dropped),
        differs,
        not set(run.stages) & set(STAGES),
    )


def _some(batch: Batch, verdicts: Pair, wanted: Wanted) -> tuple[Batch, Pair]:
    """Keep the documents of one language, or of one class on either side."""
    if not wanted.language and not wanted.cls:
        return batch, verdicts
    left: NDArray[np.bool_] = np.ones(batch.signals.num_rows, dtype=np.bool_)
    if wanted.language:
        spoken = coded(batch.signals["lang"])
        left &= np.array([name == wanted.language for name in spoken.names])[spoken.codes]
    if wanted.cls:
        left &= (verdicts[0].classes == CLASSES.index(wanted.cls)) | (verdicts[1].classes == CLASSES.index(wanted.cls))
    now, then = (Verdicts(one.classes[left], one.reasons[left]) for one in verdicts)
    return Batch(batch.signals.filter(mask(left)), batch.scores.filter(mask(left))), (now, then)


def _later(run: Run, chain: Chain, dropped: Iterable[pa.ChunkedArray]) -> Later:
    last = max((place for place, stage in enumerate(run.stages) if stage in chain.stages), default=len(run.stages))
    stages = tuple(stage for stage in run.stages[last + 1 :] if stage != "report")
    if "documents" not in stages or not run.published("documents"):
        return Later(stages, 0)
    gone = pa.chunked_array([chunk for part in dropped for chunk in part.chunks], pa.binary()).combine_chunks()
    return Later(stages, sum(int(np.count_nonzero(truths(pc.is_in(ids, gone)))) for ids in winners(run)))
