"""Which class a document belongs to: mathematics, code, another language than English, or general text.

The class is taken from structure and model scores before any rule acts, because rules made for prose destroy mathematics and code.
What the classes are is defined in ``docs/routes.md``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

CLASSES = ("general", "math", "code", "multilingual")
LANGUAGE = "language"

Floats = NDArray[np.float64]
Scale = Literal["plain", "root", "log", "rest"]

DIGITS: Final = 6
"""Decimals of a score: what is left to the order of additions and to a machine's logarithm is far below them."""

FOR, AGAINST = 1, -1

READS: Final[Mapping[str, tuple[tuple[str, Scale, int], ...]]] = {
    "math": (
        ("formulas_per_1000", "log", FOR),
        ("math_char_share", "root", FOR),
        ("latex_per_1000", "log", FOR),
        ("math_symbol_share", "root", FOR),
        ("operator_share", "root", FOR),
        ("math_words_per_1000", "log", FOR),
        ("deduction_per_1000", "log", FOR),
        ("code_math_words_per_1000", "log", FOR),
        ("code_alpha_share", "rest", FOR),
        ("ft_math", "plain", FOR),
        ("ft_code", "plain", AGAINST),
        ("program_words_per_1000", "log", AGAINST),
        ("identifier_share", "root", AGAINST),
    ),
    "code": (
        ("code_char_share", "plain", FOR),
        ("code_blocks", "log", FOR),
        ("code_languages", "log", FOR),
        ("program_words_per_1000", "log", FOR),
        ("identifier_share", "root", FOR),
        ("ft_code", "plain", FOR),
        ("ft_math", "plain", AGAINST),
        ("formulas_per_1000", "log", AGAINST),
        ("math_char_share", "root", AGAINST),
        ("math_words_per_1000", "log", AGAINST),
        ("table_char_share", "root", AGAINST),
    ),
}
"""What the score of a class reads: column, scale, and whether more of it may only speak for the class or only against it."""

EVIDENCE = (LANGUAGE, *dict.fromkeys(column for columns in READS.values() for column, _, _ in columns))
"""What a class may rest on: the document's language, or a column."""

COLUMNS = EVIDENCE[1:]


@dataclass(frozen=True, slots=True)
class Weight:
    """What one column adds to a score.

    Parameters
    ----------
    column : str
        One of `COLUMNS`.
    scale : {"plain", "root", "log", "rest"}
        How a value is read: as it is, its square root, the logarithm of one more than it, or what it lacks to 1 (0 for 0, where
        there is nothing of which it is a share).
    mean, deviation : float
        Of the scaled values among the pages that the weights were fitted on.
    weight : float
        What a deviation above the mean adds to the log-odds.
    """

    column: str
    scale: Scale
    mean: float
    deviation: float
    weight: float

    def adds(self, values: Floats) -> Floats:
        """Return what values add to the log-odds; NaN, which says nothing, adds 0."""
        added: Floats = self.weight * (scaled(values, self.scale) - self.mean) / self.deviation
        return np.nan_to_num(added, nan=0.0)


@dataclass(frozen=True)
class Scorer:
    """A score from 0 to 1, the probability of a class: a logistic function of a weighted sum.

    Parameters
    ----------
    bias : float
        Log-odds of a page with every column at its mean.
    weights : tuple of Weight
        What the columns add.
    """

    bias: float
    weights: tuple[Weight, ...]

    def score(self, columns: Mapping[str, Floats]) -> tuple[Floats, NDArray[np.int64]]:
        """Return the scores of documents, and the place in `EVIDENCE` of the column that speaks most for each.

        Columns that speak against the class are no evidence for it, however little of them there is.
        """
        added = np.stack([weight.adds(columns[weight.column]) for weight in self.weights])
        odds = np.full(added.shape[1], self.bias)
        for row in added:
            odds += row
        scores = np.round(1 / (1 + np.exp(-np.clip(odds, -40, 40))), DIGITS)
        speaks = np.array([weight.weight > 0 for weight in self.weights])
        return scores, self._places[np.argmax(np.where(speaks[:, None], added, -np.inf), axis=0)]

    @cached_property
    def _places(self) -> NDArray[np.int64]:
        return np.array([EVIDENCE.index(weight.column) for weight in self.weights], dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Router:
    """The scores by which documents are routed."""

    math: Scorer
    code: Scorer


@dataclass(frozen=True, slots=True)
class Routes:
    """Classes of documents and what they rest on.

    Parameters
    ----------
    classes, evidence : array of int
        Places in `CLASSES` and in `EVIDENCE`.
    math, code : array of float64
        Scores, 0-1.
    """

    classes: NDArray[np.int64]
    evidence: NDArray[np.int64]
    math: Floats
    code: Floats

    def named(self) -> list[tuple[str, str]]:
        """Return class and evidence of each document by name."""
        return [(CLASSES[c], EVIDENCE[e]) for c, e in zip(self.classes.tolist(), self.evidence.tolist(), strict=True)]


def route(
    columns: Mapping[str, Floats], english: NDArray[np.bool_], router: Router, *, min_math: float, min_code: float
) -> Routes:
    """Choose a class for every document: mathematics before code before multilingual before general.

    Parameters
    ----------
    columns : mapping of str to array
        Every one of `COLUMNS`; a value that is NaN decides nothing.
    english : array of bool
        Which documents are in English.
    router : Router
        The scores.
    min_math, min_code : float
        Scores (0-1) from which a document is mathematics, or code.

    Raises
    ------
    LookupError
        When a column is missing.
    """
    for name in COLUMNS:
        if name not in columns:
            raise LookupError(f"routing needs the column {name!r}; compute the signals first")
    classes = np.where(english, CLASSES.index("general"), CLASSES.index("multilingual")).astype(np.int64)
    evidence = np.full(len(english), EVIDENCE.index(LANGUAGE), dtype=np.int64)
    (math, math_by), (code, code_by) = router.math.score(columns), router.code.score(columns)
    for name, chosen, by in (("code", code >= min_code, code_by), ("math", math >= min_math, math_by)):
        classes[chosen] = CLASSES.index(name)
        evidence[chosen] = by[chosen]
    return Routes(classes, evidence, math, code)


def scaled(values: Floats, scale: Scale) -> Floats:
    """Return values on a scale (see `Weight`); what is below 0 counts as 0."""
    positive = np.maximum(values, 0.0)
    if scale == "plain":
        return positive
    if scale == "rest":
        return np.where(positive > 0, np.maximum(1.0 - positive, 0.0), positive)
    found: Floats = np.sqrt(positive) if scale == "root" else np.log1p(positive)
    return found


def read_router(rows: Sequence[Mapping[str, object]]) -> Router:
    """Make a router of the rows of a model file.

    Each row has the score's name under ``score``; one row a score has its ``bias``, the others the fields of `Weight`.

    Raises
    ------
    ValueError
        When the rows are not those of `READS`.
    """
    scorers = {}
    for name, reads in READS.items():
        own = [row for row in rows if row.get("score") == name]
        weights = tuple(Weight(**{k: v for k, v in row.items() if k != "score"}) for row in own if "column" in row)  # type: ignore[arg-type]
        biases = [float(str(row["bias"])) for row in own if "bias" in row]
        if [(weight.column, weight.scale) for weight in weights] != [(column, scale) for column, scale, _ in reads] or len(
            biases
        ) != 1:
            raise ValueError(f"the weights of the score {name!r} are of other columns than this version reads; train it again")
        scorers[name] = Scorer(biases[0], weights)
    return Router(scorers["math"], scorers["code"])
