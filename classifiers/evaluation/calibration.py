"""What a score means: calibration to probabilities, how far off they are, and ranks among documents of the same language.

Isotonic regression (Zadrozny & Elkan 2002) from 1,000 documents on, Platt's sigmoid (Platt 1999) below; both are fitted with
scikit-learn and stored as a monotone table of points, which is all that scoring needs. Fit on documents of domains that the model
has not seen, with the model as it ships (quantised): quantising moves scores.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from classifiers.evaluation.curves import Bools, Floats

ENOUGH: Final = 1_000
"""Documents from which isotonic regression is used."""
BINS: Final = 10
QUANTILES: Final = 1_001
TEMPERATURES: Final = np.geomspace(1, 100, 401)
_DIGITS: Final = 6
_EDGE: Final = 1e-6
_FURTHEST: Final = 700.0
"""Log-odds beyond which the exponential has no number."""
_ODDS: Final = 14.0
"""Log-odds of the outermost points of a sigmoid's table: scores of 1e-6 and 1 - 1e-6."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """A monotone map from scores to probabilities, linear between points, level beyond them.

    Parameters
    ----------
    method : str
        ``isotonic`` or ``platt``.
    scores, probabilities : tuple of float
        The points, by ascending score.
    documents : int
        What it was fitted on.
    """

    method: str
    scores: tuple[float, ...]
    probabilities: tuple[float, ...]
    documents: int

    def __post_init__(self) -> None:
        if len(self.scores) != len(self.probabilities) or not self.scores:
            raise ValueError(
                f"a calibration needs as many probabilities as scores, has {len(self.probabilities)}, {len(self.scores)}"
            )
        if any(np.diff(self.scores) <= 0) or any(np.diff(self.probabilities) < 0):
            raise ValueError("the points of a calibration must rise: is the card damaged?")

    def apply(self, values: Floats) -> Floats:
        """Return the probability (0-1) of each score; NaN stays NaN."""
        return np.interp(values, self.scores, self.probabilities)

    def to_json(self) -> dict[str, Any]:
        """Return plain data for a card."""
        points = {"scores": list(self.scores), "probabilities": list(self.probabilities)}
        return {"method": self.method, "documents": self.documents} | points

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Calibration:
        """Read what `to_json` wrote; raises ``KeyError`` or ``ValueError`` on anything else."""
        return cls(stored["method"], tuple(stored["scores"]), tuple(stored["probabilities"]), stored["documents"])


def fit(values: Floats, truth: Bools) -> Calibration:
    """Fit a calibration, isotonic or Platt's by the number of documents.

    Raises
    ------
    ValueError
        When a class is missing, or higher scores do not go with positives.
    """
    positives = int(truth.sum())
    if not 0 < positives < len(truth):
        raise ValueError(f"a calibration needs documents of both classes, here are {positives} positives among {len(truth)}")
    scores, probabilities = _isotonic(values, truth) if len(truth) >= ENOUGH else _platt(values, truth)
    scores, first = np.unique(np.round(scores, _DIGITS), return_index=True)
    probabilities = np.round(probabilities[first], _DIGITS)
    if probabilities[-1] <= probabilities[0]:
        raise ValueError("the scores do not rise with the share of positives: there is nothing to calibrate")
    name = "isotonic" if len(truth) >= ENOUGH else "platt"
    return Calibration(name, tuple(scores.tolist()), tuple(probabilities.tolist()), len(truth))


def _isotonic(values: Floats, truth: Bools) -> tuple[Floats, Floats]:
    from sklearn.isotonic import IsotonicRegression

    model = IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip").fit(values, truth.astype(np.float64))
    return model.X_thresholds_, model.y_thresholds_


def _platt(values: Floats, truth: Bools) -> tuple[Floats, Floats]:
    """Fit a sigmoid over the log-odds of the scores, with Platt's targets: they keep it from certainty that few documents give."""
    from sklearn.linear_model import LogisticRegression

    odds = _log_odds(values)
    counts = np.array([(~truth).sum(), truth.sum()], dtype=np.float64)
    targets = np.where(truth, (counts[1] + 1) / (counts[1] + 2), 1 / (counts[0] + 2))
    rows = np.concatenate((odds, odds))[:, None]
    labels = np.repeat([1, 0], len(odds))
    model = LogisticRegression(C=1e6, max_iter=1_000).fit(rows, labels, sample_weight=np.concatenate((targets, 1 - targets)))
    points = np.linspace(-_ODDS, _ODDS, 113)
    probabilities = 1 / (1 + np.exp(-(model.coef_[0, 0] * points + model.intercept_[0])))
    return 1 / (1 + np.exp(-points)), probabilities


def _log_odds(values: Floats) -> Floats:
    held = np.clip(values, _EDGE, 1 - _EDGE)
    return np.asarray(np.log(held / (1 - held)))


def probability(odds: Floats | float) -> Floats:
    """Return the probabilities (0-1) of log-odds."""
    return np.asarray(1 / (1 + np.exp(-np.clip(odds, -_FURTHEST, _FURTHEST))))


def temperature(odds: Floats, truth: Bools) -> float:
    """Return what to divide log-odds by so that they are most likely (Guo et al. 2017), 1 to 100, to three digits.

    Order and sign stay. fastText is far too sure of what it says, the more the longer it was trained.

    Parameters
    ----------
    odds : array of float64
        Log-odds of documents of domains that the model has not seen.
    truth : array of bool
        Which of them are positive.
    """
    signed = np.where(truth, odds, -odds)
    losses = [float(np.logaddexp(0.0, -signed / at).mean()) for at in TEMPERATURES]
    return float(f"{TEMPERATURES[int(np.argmin(losses))]:.3g}")


@dataclass(frozen=True, slots=True)
class Bin:
    """Documents of neighbouring probabilities: how many, their mean probability, and the share that is positive."""

    documents: int
    predicted: float
    observed: float


def reliability(probabilities: Floats, truth: Bools, bins: int = BINS) -> tuple[Bin, ...]:
    """Return bins of equal mass, the least probable documents first; fewer where there are fewer documents."""
    order = np.argsort(probabilities, kind="stable")
    return tuple(
        Bin(len(part), float(probabilities[part].mean()), float(truth[part].mean()))
        for part in np.array_split(order, bins)
        if len(part)
    )


def calibration_error(found: Sequence[Bin]) -> float:
    """Return the expected calibration error (Naeini et al. 2015): mean gap of predicted and observed, weighed by documents."""
    whole = sum(one.documents for one in found)
    return sum(one.documents * abs(one.predicted - one.observed) for one in found) / whole if whole else 0.0


def percentiles(values: Floats, languages: Sequence[str], least: int = QUANTILES) -> dict[str, list[float]]:
    """Return 1,001 quantiles of the scores of each language that has enough documents, and of all under ``""``.

    Parameters
    ----------
    values : array of float64
        Scores of a sample of what is to be ranked.
    languages : sequence of str
        Language of each document.
    least : int
        Documents from which a language has a table.
    """
    steps = np.linspace(0, 1, QUANTILES)
    named = np.asarray(languages, dtype=object)
    tables = {"": values} | {lang: values[named == lang] for lang in sorted(set(languages)) if lang}
    return {
        name: np.round(np.quantile(part, steps), _DIGITS).tolist()
        for name, part in tables.items()
        if len(part) >= (least if name else 1)
    }


def rank(values: Floats, table: Sequence[float]) -> Floats:
    """Return the share (0-1) of the documents of a table that score below each score, ties counting half; NaN stays NaN."""
    quantiles = np.asarray(table, dtype=np.float64)
    below, upto = np.searchsorted(quantiles, values, "left"), np.searchsorted(quantiles, values, "right")
    return np.where(np.isnan(values), np.nan, (below + upto) / (2 * len(quantiles)))
