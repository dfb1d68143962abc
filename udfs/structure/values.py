"""From a text and its spans to the signals of its structure; the text is read once, in one compiled pass."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from udfs.spans import Span
from udfs.structure import kernel
from udfs.structure.rows import NAMES
from udfs.structure.terms import DEDUCTION, MATHEMATICS, PROGRAMMING
from udfs.words import Points, codepoints

_KINDS: Final = {"code": kernel.CODE, "math": kernel.MATH, "table": kernel.TABLE}
_NO_SPANS: Final = np.zeros((0, 3), np.int64)
_FIRST_LINES: Final = 400
"""Characters of a block that its first five lines are looked for in."""
_GENERATED: Final = re.compile(
    r"auto-?\s?generated|automatically generated|generated automatically|this file (?:is|was) generated|do not edit (?:this|by hand)",
    re.IGNORECASE,
)


_LANGUAGES: Final = {code: bit for bit, code in enumerate(DEDUCTION, start=kernel.FIRST_LANGUAGE)}


@cache
def _words() -> kernel.Words:
    return kernel.word_tree(
        MATHEMATICS.split(), PROGRAMMING.split(), {bit: DEDUCTION[code].split() for code, bit in _LANGUAGES.items()}
    )


def measure(text: str, language: str, spans: Sequence[Span] = (), points: Points | None = None) -> dict[str, float]:
    """Measure the structure of a document.

    Parameters
    ----------
    text : str
        The document; any string, the empty one included.
    language : str
        ISO 639-1 code; chooses the words of deduction.
    spans : sequence of Span
        Code, math and table spans, sorted, without overlap.
    points : array of uint32, optional
        `udfs.words.codepoints` of the text, where a caller has it.

    Returns
    -------
    dict of str to float
        A value for each of `NAMES`, in that order; 0 where there is nothing to measure.
    """
    points = codepoints(text) if points is None else points
    places = np.array([(s.start, s.end, _KINDS[s.kind]) for s in spans], np.int64) if spans else _NO_SPANS
    plain, in_code, in_math = kernel.count(points, places, _words(), _LANGUAGES.get(language, kernel.FIRST_LANGUAGE)).tolist()
    formulas = sum(span.kind == "math" for span in spans)
    every = max(plain[kernel.WORDS] + in_code[kernel.WORDS] + (plain[kernel.SINGLES] + in_code[kernel.SINGLES] + 1) // 2, 1)
    words = max(plain[kernel.WORDS] + (plain[kernel.SINGLES] + 1) // 2, 1)
    visible = max(plain[kernel.VISIBLE] + in_math[kernel.VISIBLE], 1)
    values = (
        float(formulas),
        1000.0 * formulas / words,
        1000.0 * (plain[kernel.COMMANDS] + in_math[kernel.COMMANDS]) / visible,
        (plain[kernel.SYMBOLS] + in_math[kernel.SYMBOLS]) / visible,
        (plain[kernel.OPERATORS] + in_math[kernel.OPERATORS]) / visible,
        1000.0 * plain[kernel.MATHS] / words,
        1000.0 * plain[kernel.DEDUCED] / words,
        1000.0 * (plain[kernel.PROGRAMS] + in_code[kernel.PROGRAMS]) / every,
        (plain[kernel.IDENTIFIERS] + in_code[kernel.IDENTIFIERS]) / every,
        float(plain[kernel.CELLS]),
        *_of_code(text, points, places, [span for span in spans if span.kind == "code"], in_code),
    )
    return dict(zip(NAMES, values, strict=True))


def _of_code(
    text: str, points: Points, places: NDArray[np.int64], code: Sequence[Span], counts: Sequence[int]
) -> tuple[float, ...]:
    if not code:
        return (0.0,) * 8
    lines, longest, data, letters = kernel.code_lines(points, places).tolist()
    visible, words = counts[kernel.VISIBLE], counts[kernel.WORDS]
    return (
        float(len(code)),
        float(len({span.language for span in code if span.language})),
        1000.0 * counts[kernel.MATHS] / words if words else 0.0,
        sum(span.end - span.start for span in code) / lines,
        float(longest),
        letters / visible if visible else 0.0,
        min(data / visible, 1.0) if visible else 0.0,
        float(any(_says_generated(text, span) for span in code)),
    )


def _says_generated(text: str, span: Span) -> bool:
    head = text[span.start : min(span.end, span.start + _FIRST_LINES)]
    return _GENERATED.search("\n".join(head.split("\n", 5)[:5])) is not None
