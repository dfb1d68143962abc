"""What needs no model of words: how far length, language, stop words and the signals of heuristics alone predict a label.

A classifier that does not beat them on domains that neither has seen is not worth its milliseconds; where length or language alone
goes far, the labels are at fault.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from classifiers.evaluation.curves import Bools, Floats

BANDS: Final = 10
"""Length and stop-word share are read as tenths of the documents, so that no shape is assumed."""
OWN: Final = ("dt_",)
"""Signals that begin so repeat others in another package's definition."""


def baselines(texts: Sequence[str], languages: Sequence[str], truth: Bools, folds: NDArray[np.int64]) -> Mapping[str, Floats]:
    """Return the scores of each baseline for each document, by a model that has not seen the document's fold.

    Parameters
    ----------
    texts, languages : sequence of str
        Text and ISO 639-1 code of each document.
    truth : array of bool
        Whether each is positive.
    folds : array of int64
        The fold of each, whole domains to a fold (`classifiers.evaluation.splits.folds_of`).

    Returns
    -------
    mapping of str to array of float64
        Probabilities of ``length``, ``language``, ``length and language``, ``stop words`` and ``signals``.
    """
    measured = signals(texts, languages)
    length, language = _bands(measured["n_chars"]), _indicators(languages)
    columns = {
        "length": length,
        "language": language,
        "length and language": np.concatenate((length, language), axis=1),
        "stop words": _bands(measured["stop_word_share"]),
        "signals": _scaled(np.stack(list(measured.values()), axis=1)),
    }
    return {name: held_out(rows, truth, folds) for name, rows in columns.items()}


def signals(texts: Sequence[str], languages: Sequence[str]) -> Mapping[str, Floats]:
    """Return the values of each signal of `udfs.signals` for each text, NaN where there is none."""
    from udfs.signals import NAMES, compute

    found = [compute(text, language) for text, language in zip(texts, languages, strict=True)]
    return {name: np.array([one[name] for one in found]) for name in NAMES if not name.startswith(OWN)}


def held_out(rows: Floats, truth: Bools, folds: NDArray[np.int64]) -> Floats:
    """Return probabilities by logistic regression (ridge), each document's by one fitted without its fold."""
    from sklearn.linear_model import LogisticRegression

    values = np.zeros(len(truth))
    for fold in np.unique(folds).tolist():
        known, unseen = folds != fold, folds == fold
        if 0 < truth[known].sum() < known.sum():
            model = LogisticRegression(C=1.0, max_iter=2_000).fit(rows[known], truth[known])
            values[unseen] = model.predict_proba(rows[unseen])[:, 1]
        else:
            values[unseen] = truth[known].mean() if known.any() else 0.5
    return values


def _bands(values: Floats) -> Floats:
    """Return an indicator a tenth of the documents, and one for those without a value."""
    held = np.where(np.isnan(values), -np.inf, values)
    known = held[np.isfinite(held)]
    edges = np.unique(np.quantile(known, np.linspace(0, 1, BANDS + 1)[1:-1])) if len(known) else known
    place = np.where(np.isnan(values), len(edges) + 1, np.searchsorted(edges, held, "right"))
    return np.asarray(np.eye(len(edges) + 2)[place])


def _indicators(names: Sequence[str]) -> Floats:
    known = sorted(set(names))
    return np.asarray(np.eye(len(known))[[known.index(name) for name in names]])


def _scaled(rows: Floats) -> Floats:
    """Return columns of mean 0 and deviation 1, as logarithms, and one for each that is missing or endless somewhere."""
    missing = ~np.isfinite(rows)
    filled = np.where(missing, 0.0, rows)
    filled = np.sign(filled) * np.log1p(np.abs(filled))
    spread = filled.std(axis=0)
    unit = (filled - filled.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    return np.concatenate((unit, missing[:, missing.any(axis=0)].astype(np.float64)), axis=1)
