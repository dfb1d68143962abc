"""Which class a document belongs to: mathematics, code, another language than English, or general text.

The class is taken from structure before any rule acts, because rules made for prose destroy mathematics and code.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

CLASSES = ("general", "math", "code", "multilingual")
EVIDENCE = ("language", "math_char_share", "ft_math", "code_char_share", "ft_code")

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Routes:
    """Classes of documents and what they rest on.

    Parameters
    ----------
    classes : array of object
        One of `CLASSES` a document.
    evidence : array of object
        Name of the signal that decided: one of `EVIDENCE`.
    """

    classes: NDArray[np.object_]
    evidence: NDArray[np.object_]


def route(
    signals: Mapping[str, Floats],
    language: NDArray[np.object_],
    *,
    min_math_chars: float = 0.05,
    min_code_chars: float = 0.40,
    min_ft: float = 0.80,
) -> Routes:
    """Choose a class for every document: math before code before multilingual before general.

    Parameters
    ----------
    signals : mapping of str to array
        Columns ``math_char_share`` and ``code_char_share`` (`udfs.signals`), and, where a model has scored the documents,
        ``ft_math`` and ``ft_code`` (probabilities). A missing or NaN score decides nothing.
    language : array of object
        ISO 639-1 codes.
    min_math_chars, min_code_chars : float
        Shares (0-1) of characters inside such spans from which structure alone decides. Formulae are short, so that a text
        with one in twenty characters inside them is mathematics; a page explained by code is code when it is nearly half.
    min_ft : float
        Probability from which a model's score alone decides; with half the structure it decides from half of that on.

    Returns
    -------
    Routes
        Classes and evidence.

    Raises
    ------
    LookupError
        When a structure column is missing.
    """
    limits = {"min_math_chars": min_math_chars, "min_code_chars": min_code_chars, "min_ft": min_ft}
    classes, evidence = route_codes(signals, language == "en", **limits)
    return Routes(np.array(CLASSES, dtype=object)[classes], np.array(EVIDENCE, dtype=object)[evidence])


def route_codes(
    signals: Mapping[str, Floats], english: NDArray[np.bool_], *, min_math_chars: float, min_code_chars: float, min_ft: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Choose classes as `route` does, given which documents are English; return places in `CLASSES` and in `EVIDENCE`."""
    for name in ("math_char_share", "code_char_share"):
        if name not in signals:
            raise LookupError(f"routing needs the column {name!r}; compute the signals first")
    classes = np.where(english, CLASSES.index("general"), CLASSES.index("multilingual"))
    evidence = np.full(len(english), EVIDENCE.index("language"))
    for name, limit in (("code", min_code_chars), ("math", min_math_chars)):
        share = signals[f"{name}_char_share"]
        score = np.nan_to_num(signals.get(f"ft_{name}", np.zeros(len(english))))
        by_score = (score >= min_ft) | ((score >= min_ft / 2) & (share >= limit / 2))
        for chosen, signal in ((by_score, f"ft_{name}"), (share >= limit, f"{name}_char_share")):
            classes[chosen] = CLASSES.index(name)
            evidence[chosen] = EVIDENCE.index(signal)
    return classes, evidence
