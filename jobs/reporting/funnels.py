"""The way of each group through the stages, beside that of the others: plain counting, once the tables have been added up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from jobs.reporting.peers import LEAST, stands_out, typical

ALL_STAGES: Final = "all stages"
UNKNOWN: Final = "und"
"""The language of texts too short to tell; it is no language that others could be compared with."""


@dataclass(frozen=True, slots=True)
class Step:
    """One stage of a funnel; `typical` is the median share that the other groups lose there, None where too few are large enough."""

    stage: str
    came_in: int
    lost: int
    typical: float | None

    @property
    def left(self) -> int:
        """Documents that the stage hands on."""
        return self.came_in - self.lost


@dataclass(frozen=True, slots=True)
class Loss:
    """Documents that one reason took out of those that came into its stage, and the median share that it takes from the others."""

    stage: str
    reason: str
    documents: int
    came_in: int
    typical: float | None

    @property
    def excess(self) -> float:
        """Documents lost beyond the median's share."""
        return self.documents - (self.typical or 0.0) * self.came_in


@dataclass(frozen=True, slots=True)
class Outlier:
    """A group that loses more than its `peers` others at a step; `worst` is the reason furthest above what it takes from them."""

    name: str
    step: Step
    peers: int
    worst: Loss

    @property
    def excess(self) -> float:
        """Documents lost beyond the median's share."""
        return self.step.lost - (self.step.typical or 0.0) * self.step.came_in


@dataclass(frozen=True, slots=True)
class Funnel:
    """A group's steps in the order of the stages, the whole way, its losses by reason (the largest first) and where it stands out."""

    steps: tuple[Step, ...]
    whole: Step
    losses: tuple[Loss, ...]
    outliers: tuple[Outlier, ...]


@dataclass(slots=True)
class Tally:
    """Counts of one group: sums by name, documents lost by (stage, reason), and documents and kept ones by part of it."""

    sums: Counter[str] = field(default_factory=Counter)
    lost: Counter[tuple[str, str]] = field(default_factory=Counter)
    parts: Counter[str] = field(default_factory=Counter)
    parts_kept: Counter[str] = field(default_factory=Counter)


def funnels(tallies: Mapping[str, Tally], stages: Sequence[str], *, judged: bool = True) -> dict[str, Funnel]:
    """Return the funnel of every group, each compared with all others.

    Parameters
    ----------
    tallies : mapping of str to Tally
        Counts by name of the group; all losses are at one of the stages.
    stages : sequence of str
        Stages in their order.
    judged : bool
        Name outliers; False where the groups are treated differently on purpose.
    """
    passed = {name: _passed(tally, stages) for name, tally in tallies.items()}
    large = {
        stage: {name: n for name in tallies if name != UNKNOWN and (n := passed[name][stage][0]) >= LEAST}
        for stage in (*stages, ALL_STAGES)
    }
    them = _Field(tallies, passed, large)
    return {name: _funnel(name, them, judged=judged and name != UNKNOWN) for name in tallies}


@dataclass(frozen=True, slots=True)
class _Field:
    """All groups: counts, (came in, lost) by stage, and by stage what came into those that can be compared with."""

    tallies: Mapping[str, Tally]
    passed: Mapping[str, Mapping[str, tuple[int, int]]]
    large: Mapping[str, Mapping[str, int]]

    def others(self, name: str, stage: str, reason: str | None = None) -> list[float]:
        """Shares that a stage, or one reason of it, takes from the others."""
        rest = ((other, n) for other, n in self.large[stage].items() if other != name)
        if reason is None:
            return [self.passed[other][stage][1] / n for other, n in rest]
        return [self.tallies[other].lost[stage, reason] / n for other, n in rest]


def _passed(tally: Tally, stages: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Return what came into each stage and what it took out; the last row is the whole way."""
    by_stage: Counter[str] = Counter()
    for (stage, _), documents in tally.lost.items():
        by_stage[stage] += documents
    found, left = {}, tally.sums["documents"]
    for stage in stages:
        found[stage] = (left, by_stage[stage])
        left -= by_stage[stage]
    return found | {ALL_STAGES: (tally.sums["documents"], by_stage.total())}


def _funnel(name: str, them: _Field, *, judged: bool) -> Funnel:
    tally, passed = them.tallies[name], them.passed[name]
    *steps, whole = (Step(stage, *counts, typical(them.others(name, stage))) for stage, counts in passed.items())
    order = {stage: place for place, stage in enumerate(passed)}
    by_size = sorted(tally.lost.items(), key=lambda item: (-item[1], order[item[0][0]], item[0][1]))
    losses = tuple(
        Loss(stage, reason, documents, passed[stage][0], typical(them.others(name, stage, reason)))
        for (stage, reason), documents in by_size
    )
    outliers = tuple(
        Outlier(name, step, len(them.others(name, step.stage)), _worst(losses, step.stage))
        for step in (_blamed(steps, whole) if judged else ())
    )
    return Funnel(tuple(steps), whole, losses, outliers)


def _blamed(steps: Sequence[Step], whole: Step) -> list[Step]:
    """Return the steps that stand out; the whole way is named only where no single stage is to blame."""
    found, alone = ([s for s in some if stands_out(s.lost, s.came_in, s.typical)] for some in (steps, [whole]))
    return found or alone


def _worst(losses: Sequence[Loss], stage: str) -> Loss:
    """Return the reason of a stage that takes most beyond what it takes from the others; the first of equals."""
    return max((loss for loss in losses if stage in (loss.stage, ALL_STAGES)), key=lambda loss: loss.excess)
