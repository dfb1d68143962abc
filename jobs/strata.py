"""Sampling by strata (`udfs.strata`): the settings as a division of classes, the plan from what there is, and copies of documents."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from conf.schema import Mix
from jobs.contents import NONE, as_name
from jobs.frames import map_batches
from jobs.sampling import cuts
from udfs import mixture
from udfs.mixture import MILLION, ClassPlan, MixPlan, parts
from udfs.strata import Division, Stratum, plan_strata

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def division_of(settings: Mix) -> Division:
    """Return how the settings divide classes."""
    languages, weights = settings.languages, settings.weights
    return Division(
        languages.method,
        frozenset(languages.classes) if languages.method != "natural" else frozenset(),
        languages.shares,
        languages.temperature,
        frozenset(weights.classes) if weights.knowledge or weights.quality or weights.sources else frozenset(),
        dict(weights.knowledge.items()),
        weights.by_bucket(),
        dict(weights.sources.items()),
    )


def described(division: Division) -> dict[str, Any]:
    """Return what tells the stratum of a document, as whole numbers and names, for the manifest; `read_division` reads it."""
    return {
        "method": division.method,
        "by_language": sorted(division.by_language),
        "languages": parts(division.shares) if division.shares else {},
        "weighted": sorted(division.weighted),
        "knowledge": {str(name): round(weight * MILLION) for name, weight in sorted(division.knowledge.items(), key=str)},
        "quality": {as_name(bucket): round(weight * MILLION) for bucket, weight in division.quality.items()},
        "sources": {host: round(weight * MILLION) for host, weight in sorted(division.sources.items())},
    }


def read_division(told: Mapping[str, Any]) -> Division:
    """Return the division that a manifest describes."""
    return Division(
        told["method"],
        frozenset(told["by_language"]),
        {name: share / MILLION for name, share in told["languages"].items()},
        weighted=frozenset(told["weighted"]),
        knowledge={name: weight / MILLION for name, weight in told["knowledge"].items()},
        quality={None if b == NONE else int(b): weight / MILLION for b, weight in told["quality"].items()},
        sources={host: weight / MILLION for host, weight in told["sources"].items()},
    )


@dataclass(frozen=True, slots=True)
class Sampling:
    """How often documents are taken.

    Parameters
    ----------
    plan : MixPlan
        Targets of the classes.
    strata : mapping of str to ClassPlan
        Targets of the strata, by name.
    below : mapping of str to int
        The place below which documents have one copy more, by stratum.
    """

    plan: MixPlan
    strata: Mapping[str, ClassPlan]
    below: Mapping[str, int]

    def copies(self, stratum: NDArray[np.object_], place: NDArray[np.uint64]) -> NDArray[np.int32]:
        """Return the copies of each document by its stratum and place; of a class without a share there are none."""
        taken = np.zeros(len(stratum), dtype=np.int32)
        for name in sorted(set(stratum.tolist()) & self.strata.keys()):
            here = stratum == name
            taken[here] = mixture.copies(place[here], full=self.strata[name].full, below=self.below[name])
        return taken


def sample(counted: DataFrame, settings: Mix) -> Sampling:
    """Plan the mixture from the tokens that there are, and find the cut of each stratum.

    Parameters
    ----------
    counted : DataFrame
        A row a document: stratum, place, bin, tokens.
    settings : Mix
        Shares, epochs, budget, division.

    Raises
    ------
    Shortfall
        When shares can't be met.
    """
    from pyspark.sql import functions as F

    totals = counted.groupBy("stratum").agg(F.sum("tokens").alias("tokens")).collect()
    available = {Stratum.of(row["stratum"]): int(row["tokens"]) for row in totals}
    made = plan_strata(
        available,
        mixture.parts(settings.shares),
        division=division_of(settings),
        epochs=settings.epochs,
        budget=settings.tokens,
        shortfall=settings.shortfall,
    )
    strata = {stratum.name: planned for stratum, planned in made.strata.items()}
    rests = {name: planned.rest for name, planned in strata.items()}
    return Sampling(made.plan, strata, cuts(counted.withColumnRenamed("tokens", "size"), "stratum", rests))


def with_copies(counted: DataFrame, sampling: Sampling, schema: pa.Schema) -> DataFrame:
    """Add how often each document is taken to rows of a schema."""

    def add(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            stratum = np.array(batch.column("stratum").to_pylist(), dtype=object)
            place = batch.column("place").to_numpy().view(np.uint64)
            yield batch.append_column("copies", pa.array(sampling.copies(stratum, place), pa.int32()))

    return map_batches(counted, add, schema.append(pa.field("copies", pa.int32())))
