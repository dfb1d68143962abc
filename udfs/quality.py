"""What quality models say of documents: which scores are too low, and one rank from the scores of several models.

Scores of two models can not be compared; their ranks among documents of the same language can. Nemotron-CC (arXiv 2412.02595)
sorts each score into twenty buckets of equal size and takes the best bucket that any of the models gives: models agree on few
documents, and what one of them rates high is seldom bad.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from udfs.filtering import STAYS, Coded, Labels

Floats = NDArray[np.float64]

FASTTEXT, ENCODER, BUCKET = "ft_quality", "enc_quality", "bucket"
REASONS: Final[Mapping[str, str]] = {FASTTEXT: "quality.low", ENCODER: "quality.encoder_low", BUCKET: "quality.bucket_low"}
"""Why a document is dropped, by the column that is too low."""

BUCKETS: Final = 20

Ranks = Mapping[str, Sequence[float]]
"""By language, ascending quantiles of a model's scores; under ``""`` those of all languages."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The least values by class; a class without one keeps everything.

    Parameters
    ----------
    combine : {"gate", "ensemble"}
        ``gate``: each score has to reach its own limit. ``ensemble``: the best bucket has to reach ``bucket``.
    fasttext, encoder : mapping of str to float
        Least scores (0-1).
    bucket : mapping of str to int
        Least bucket (0-19).
    """

    combine: Literal["gate", "ensemble"] = "gate"
    fasttext: Mapping[str, float] = field(default_factory=dict)
    encoder: Mapping[str, float] = field(default_factory=dict)
    bucket: Mapping[str, float] = field(default_factory=dict)

    @property
    def held(self) -> Mapping[str, Mapping[str, float]]:
        """The limits that are held, by column, in their order."""
        return {FASTTEXT: self.fasttext, ENCODER: self.encoder} if self.combine == "gate" else {BUCKET: self.bucket}


@dataclass(frozen=True, slots=True)
class Finding:
    """Why a document is of too low a quality: the reason, and the evidence."""

    reason: str
    seen: Mapping[str, str]


def too_low(columns: Mapping[str, Floats], classes: Labels, limits: Limits) -> NDArray[np.int16]:
    """Return why each document is of too low a quality.

    Parameters
    ----------
    columns : mapping of str to array of float64
        ``ft_quality``, ``enc_quality`` (0-1) and ``bucket`` (0-19); NaN, where there is nothing to read or a model does not judge, is
        never too low.
    classes : sequence of str, or Coded
        Class of each document.
    limits : Limits
        The settings.

    Returns
    -------
    array of int16
        Place in `REASONS` of the first that holds; `STAYS` where none does.
    """
    by_class = classes if isinstance(classes, Coded) else Coded.of(classes)
    found = np.full(len(by_class), STAYS, dtype=np.int16)
    for name, least in reversed(list(limits.held.items())):
        floor = np.array([least.get(cls, 0.0) for cls in by_class.names], dtype=np.float64)
        found[columns[name] < floor[by_class.codes]] = list(REASONS).index(name)
    return found


def findings(columns: Mapping[str, Floats], classes: Sequence[str], limits: Limits) -> Iterator[Finding | None]:
    """Yield why each document is of too low a quality, with its evidence; see `too_low`."""
    names = list(REASONS)
    for place, code in enumerate(too_low(columns, classes, limits).tolist()):
        if code == STAYS:
            yield None
            continue
        name = names[code]
        yield Finding(REASONS[name], {name: f"{columns[name][place]:.6g} < {limits.held[name][classes[place]]:g}"})


def bucket(values: Floats, languages: Sequence[str], ranks: Ranks) -> Floats:
    """Sort scores into twenty buckets by their ranks among documents of the same language.

    Parameters
    ----------
    values : array of float64
        Scores of a model; NaN where it does not judge.
    languages : sequence of str
        Of each document.
    ranks : mapping of str to sequence of float
        The model's quantiles; a language without its own is ranked among all.

    Returns
    -------
    array of float64
        0 (lowest twentieth) to 19; NaN where there is no score, or nothing to rank it by.
    """
    found = np.full(len(values), np.nan)
    names = np.array([name if name in ranks else "" for name in languages], dtype=object)
    for name in sorted(set(names.tolist()) & set(ranks)):
        here = (names == name) & ~np.isnan(values)
        quantiles = np.asarray(ranks[name], dtype=np.float64)
        reached = np.searchsorted(quantiles, values[here], "left") + np.searchsorted(quantiles, values[here], "right")
        found[here] = np.minimum(reached * BUCKETS // (2 * len(quantiles)), BUCKETS - 1)
    return found


def best(buckets: Sequence[Floats]) -> Floats:
    """Return the best bucket of each document that one of the models gives; NaN where none does."""
    found: Floats = np.fmax.reduce(list(buckets))
    return found
