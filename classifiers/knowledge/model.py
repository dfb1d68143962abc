"""The shipped classifier of knowledge classes: pages in, class ids and probabilities out.

A linear model over hashed character n-grams (`classifiers.knowledge.features`): a table of weights, so that a worker needs neither
scikit-learn nor fastText to use it. ``python -m classifiers.knowledge.train`` makes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from classifiers.knowledge.features import BUCKETS, Floats, Page, fields_of, scores
from classifiers.registry import MODELS, path_of

NAME = "knowledge"
STEPS = 127


@dataclass(frozen=True, slots=True)
class Guess:
    """The likeliest class of a page.

    Parameters
    ----------
    label : str or None
        Id of the class; None where there was nothing to read.
    probability : float or None
        Of that class, 0-1, calibrated on pages of unseen domains; None where there is no label.
    second : str or None
        Id of the runner-up.
    """

    label: str | None
    probability: float | None = None
    second: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Knowledge:
    """A loaded model.

    Parameters
    ----------
    labels : tuple of str
        Ids of the classes, in the order of the table's columns.
    idf, table : ndarray
        See `classifiers.knowledge.features.scores`; the weights are those that `steps` leaves.
    bias : array of float32, (classes,)
        Added to the scores.
    sharpness : float
        What scores are multiplied by before the softmax: above 0, fitted on pages of unseen domains.
    """

    labels: tuple[str, ...]
    idf: Floats
    table: Floats
    bias: Floats
    sharpness: float

    def probabilities(self, page: Page) -> NDArray[np.float64] | None:
        """Return the probability of each label, adding up to 1; None for a page without a token in any field."""
        fields = fields_of(page)
        if not any(map(len, fields)):
            return None
        margins = scores(fields, self.idf, self.table).astype(np.float64) + self.bias
        exponents = np.exp(self.sharpness * (margins - margins.max()))
        shares: NDArray[np.float64] = exponents / exponents.sum()
        return shares

    def guess(self, page: Page) -> Guess:
        """Return the likeliest class of a page; the first in the order of the labels where two are equal."""
        shares = self.probabilities(page)
        if shares is None:
            return Guess(None)
        first, second = np.argsort(-shares, kind="stable")[:2].tolist()
        return Guess(self.labels[first], float(shares[first]), self.labels[second])

    def save(self, path: Path) -> None:
        """Write the model; equal models give equal bytes."""
        table, reach = steps(self.table)
        with path.open("wb") as file:
            np.savez_compressed(
                file,
                labels=np.array(self.labels),
                idf=self.idf.astype(np.float16),
                table=table,
                reach=reach,
                bias=self.bias,
                sharpness=np.float64(self.sharpness),
            )


def steps(table: Floats) -> tuple[NDArray[np.int8], Floats]:
    """Return weights as signed roots in 127 steps, and the largest weight of each class: small weights keep their precision."""
    reach = np.maximum(np.abs(table).max(axis=0), 1e-9).astype(np.float32)
    return (np.sign(table) * np.rint(STEPS * np.sqrt(np.abs(table) / reach))).astype(np.int8), reach


def weights(table: NDArray[np.int8], reach: Floats) -> Floats:
    """Return the weights that `steps` has written."""
    roots = table.astype(np.float32) / np.float32(STEPS)
    signed: Floats = roots * np.abs(roots) * reach
    return signed


def read(path: Path) -> Knowledge:
    """Read a model that `Knowledge.save` wrote; raises ``ValueError`` where it is another one."""
    with np.load(path, allow_pickle=False) as stored:
        table = stored["table"]
        labels = tuple(stored["labels"].tolist())
        if table.shape != (BUCKETS, len(labels)):
            raise ValueError(f"{path.name}: a table of {table.shape}; it must be {(BUCKETS, len(labels))}: train it again")
        idf = stored["idf"].astype(np.float32)
        return Knowledge(labels, idf, weights(table, stored["reach"]), stored["bias"], float(stored["sharpness"]))


@lru_cache(maxsize=1)
def load() -> Knowledge:
    """Load the shipped model, once a process.

    Raises
    ------
    KeyError, ModelMissing
        See `classifiers.registry.path_of`.
    """
    model = read(path_of(NAME))
    if model.labels != MODELS[NAME].labels:
        raise ValueError(f"the card of model {NAME} lists other labels than its file; train it again")
    return model


def classify(texts: Sequence[str], titles: Sequence[str] | None = None, urls: Sequence[str] | None = None) -> list[Guess]:
    """Guess the classes of documents by the shipped model.

    Parameters
    ----------
    texts : sequence of str
        Texts of the documents; any strings.
    titles, urls : sequence of str, optional
        Of the same documents; the more is given, the better the guess.
    """
    nothing = [""] * len(texts)
    model = load()
    return [model.guess(Page(*page)) for page in zip(texts, titles or nothing, urls or nothing, strict=True)]
