"""Where to cut: by the share of documents to keep, or by the precision wanted. A document whose score is the cut stays."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from classifiers.evaluation.curves import Floats, Scored, levels


@dataclass(frozen=True, slots=True)
class Threshold:
    """A cut and what it does to the documents that it was chosen on.

    Parameters
    ----------
    value : float
        A document stays when its score is at least this.
    kept : float
        Share of the documents that stay (0-1).
    precision, recall : float
        Of the positives among what stays; NaN where there is no truth.
    """

    value: float
    kept: float
    precision: float = math.nan
    recall: float = math.nan

    def to_json(self) -> dict[str, Any]:
        """Return plain data, rounded, None for NaN; the cut itself is exact."""
        rest = {name: None if math.isnan(x) else round(x, 4) for name, x in asdict(self).items() if name != "value"}
        return {"value": self.value} | rest


class Unattainable(ValueError):
    """No cut gives what was asked for; the message says what can be had."""


def for_keep_rate(values: Floats, rate: float) -> Threshold:
    """Return the lowest cut that keeps at most a share of documents.

    Parameters
    ----------
    values : array of float64
        Scores of a sample of what is to be cut.
    rate : float
        Share to keep, above 0 and up to 1; equal scores stay or go together, so less may stay.

    Raises
    ------
    Unattainable
        When the documents that share the highest score are more than that, or there are none.
    """
    if not 0 < rate <= 1:
        raise ValueError(f"a share to keep lies above 0 and is at most 1, this is {rate:g}")
    if not len(values):
        raise Unattainable("there are no scores to choose a threshold by")
    scores, counts = np.unique(values, return_counts=True)
    kept = np.cumsum(counts[::-1])[::-1] / len(values)
    fitting = np.flatnonzero(kept <= rate + 1e-12)
    if not len(fitting):
        raise Unattainable(f"{kept[-1]:.1%} of the documents share the highest score: no threshold keeps {rate:.1%} or less")
    return Threshold(float(scores[fitting[0]]), float(kept[fitting[0]]))


def for_precision(scored: Scored, precision: float) -> Threshold:
    """Return the lowest cut from which on so large a share of what stays is positive, so that most positives stay.

    Raises
    ------
    Unattainable
        When no cut has that precision; the message names the highest there is.
    """
    found = levels(scored)
    hits, kept = np.cumsum(found.positives[::-1])[::-1], np.cumsum((found.positives + found.negatives)[::-1])[::-1]
    if not len(kept) or not hits[0]:
        raise Unattainable("there is no positive document to choose a threshold by")
    reached = hits / kept
    fitting = np.flatnonzero(reached >= precision)
    if not len(fitting):
        raise Unattainable(f"no threshold has a precision of {precision:.1%}: the highest is {reached.max():.1%}")
    at = int(fitting[0])
    return Threshold(float(found.scores[at]), float(kept[at] / kept[0]), float(reached[at]), float(hits[at] / hits[0]))
