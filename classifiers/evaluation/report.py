"""What a card says of how good a model is: one description of scored documents, and one of what a calibration is worth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from classifiers.evaluation.calibration import Calibration, calibration_error, reliability
from classifiers.evaluation.curves import (
    Interval,
    Scored,
    auc,
    average_precision,
    counted,
    interval,
    precision_at,
    precision_recall,
    recall_at,
    roc,
    thinned,
)

KEEP_RATES: Final = (0.1, 0.3, 0.5, 0.8)
LEAST: Final = 5
"""Documents of either class from which a part has a figure of its own."""
COLUMNS: Final = 20
"""Bars of a histogram of scores."""


def describe(scored: Scored, measured_on: str, *, parts: Mapping[str, Sequence[str]] | None = None) -> dict[str, Any]:
    """Return the figures of scored documents as a card keeps them.

    Parameters
    ----------
    scored : Scored
        The documents.
    measured_on : str
        What they are, in words.
    parts : mapping of str to sequence of str, optional
        A name, such as ``language`` or ``source``, and its value for each document; each value gets figures of its own.

    Returns
    -------
    dict
        ``documents``, ``positives``, ``domains``; ``auc`` and ``average_precision`` as [value, low, high] (95 %);
        ``at_keep_rate``; ``by_<name>`` a name of parts; ``curves`` and ``histogram`` for the page.
    """
    bare, curve = {"measured_on": measured_on, **_counts(scored)}, precision_recall(scored)
    return bare | {
        "auc": interval(scored, auc).rounded(),
        "average_precision": interval(scored, average_precision).rounded(),
        "at_keep_rate": {
            f"{rate:g}": {
                "precision": interval(scored, precision_at(rate)).rounded(),
                "recall": interval(scored, recall_at(rate)).rounded(),
            }
            for rate in KEEP_RATES
        },
        **{f"by_{name}": by_part(scored, values) for name, values in (parts or {}).items()},
        "curves": {"roc": thinned(*roc(scored)), "precision_recall": thinned(*curve)},
        "histogram": histogram(scored),
    }


def by_part(scored: Scored, values: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return counts and the area under the ROC curve within each value, such as a language; no area where a class is too small."""
    named = np.asarray(values, dtype=object)
    found = {}
    for value in sorted(set(values)):
        part = scored.where(named == value)
        enough = min(int(part.truth.sum()), int((~part.truth).sum())) >= LEAST
        found[value] = _counts(part) | ({"auc": interval(part, auc).rounded()} if enough else {})
    return found


def against_all(scored: Scored, kinds: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return the area of each kind of document (of one class) against all documents of the other class.

    A kind is what a label stands for: navigation, listing, essay. It says which errors a single area is made of.
    """
    named, found = np.asarray(kinds, dtype=object), {}
    for positive in (False, True):
        for kind in sorted(set(named[scored.truth == positive].tolist())):
            own = (named == kind) & (scored.truth == positive)
            found[kind] = {"positive": positive, **_area(scored, own)}
    return found


def _area(scored: Scored, own: np.ndarray[Any, np.dtype[np.bool_]]) -> dict[str, Any]:
    positive = bool(scored.truth[own][0])
    part = scored.where(own | (scored.truth != positive))
    return {"documents": int(own.sum()), "domains": len(set(scored.where(own).groups)), "auc": interval(part, auc).rounded()}


def calibrated(scored: Scored, calibration: Calibration) -> dict[str, Any]:
    """Return the expected error of calibrated scores and their reliability table; measure on domains it was not fitted on."""
    found = reliability(calibration.apply(scored.values), scored.truth)
    bins = [[one.documents, round(one.predicted, 4), round(one.observed, 4)] for one in found]
    return {**_counts(scored), "expected_error": round(calibration_error(found), 4), "reliability": bins}


def histogram(scored: Scored) -> dict[str, list[int]]:
    """Return how many positives and negatives have scores in each twentieth of 0-1."""
    places = np.clip((scored.values * COLUMNS).astype(np.int64), 0, COLUMNS - 1)
    return {
        name: np.bincount(places[mask], minlength=COLUMNS).tolist()
        for name, mask in (("positives", scored.truth), ("negatives", ~scored.truth))
    }


def difference(first: Scored, second: Scored, *, draws: int = 1_000) -> Interval:
    """Return by how much the area of the second scores exceeds the first's, on the same documents, with a paired interval."""
    if list(first.groups) != list(second.groups) or (first.truth != second.truth).any():
        raise ValueError("two models can be compared on the same documents only")
    names, owner = np.unique(np.asarray(first.groups, dtype=object).astype(str), return_inverse=True)
    chance = np.random.Generator(np.random.PCG64(1))
    counts = chance.multinomial(len(names), np.full(len(names), 1 / len(names)), size=draws)
    found = [_area_of(second, row[owner]) - _area_of(first, row[owner]) for row in counts]
    value = _area_of(second, np.ones(len(owner))) - _area_of(first, np.ones(len(owner)))
    low, high = np.nanpercentile(found, (2.5, 97.5))
    return Interval(value, float(low), float(high))


def _area_of(scored: Scored, weights: np.ndarray[Any, Any]) -> float:
    scores, places = np.unique(scored.values, return_inverse=True)
    return auc(counted(scores, places, scored.truth, weights))


def _counts(scored: Scored) -> dict[str, int]:
    return {"documents": len(scored.values), "positives": int(scored.truth.sum()), "domains": len(set(scored.groups))}
