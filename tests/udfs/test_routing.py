"""Structure and model scores choose the class, by weights that say why; mathematics goes before code, code before language."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifiers.routes import model
from udfs.routing import CLASSES, COLUMNS, EVIDENCE, READS, Router, Scorer, Weight, read_router, route, scaled


def scorer(bias, **weights):
    return Scorer(bias, tuple(Weight(column, "plain", 0.0, 1.0, weight) for column, weight in weights.items()))


ROUTER = Router(scorer(-4.0, math_char_share=8.0, ft_math=4.0), scorer(-4.0, code_char_share=8.0, ft_code=4.0))


def table(*rows):
    return {name: np.array([row.get(name, 0.0) for row in rows], dtype=np.float64) for name in COLUMNS}


def routed(language="en", router=ROUTER, min_math=0.5, min_code=0.5, **values):
    found = route(table(values), np.array([language == "en"]), router, min_math=min_math, min_code=min_code)
    return found.named()[0]


@pytest.mark.parametrize(
    ("language", "values", "expected"),
    [
        ("en", {}, ("general", "language")),
        ("de", {}, ("multilingual", "language")),
        ("de", {"code_char_share": 0.6}, ("code", "code_char_share")),
        ("de", {"math_char_share": 0.6, "code_char_share": 0.9}, ("math", "math_char_share")),
        ("en", {"ft_math": 0.9}, ("general", "language")),
        ("en", {"ft_math": 0.9, "math_char_share": 0.1}, ("math", "ft_math")),
        ("en", {"ft_code": math.nan, "code_char_share": 0.4}, ("general", "language")),
    ],
)
def test_precedence_and_evidence(language, values, expected):
    """Mathematics goes before code, code before language; the reason is the column that adds most, and NaN adds nothing."""
    assert routed(language, **values) == expected


def test_limits_are_parameters():
    """A caller can move each limit, and a score at the limit is enough."""
    assert routed(code_char_share=0.4)[0] == "general"
    assert routed(code_char_share=0.4, min_code=0.3)[0] == "code"
    exact = route(table({"math_char_share": 0.5}), np.array([True]), ROUTER, min_math=0.5, min_code=0.5)
    assert (exact.math.tolist(), exact.named()) == ([0.5], [("math", "math_char_share")])


def test_a_missing_column_is_an_error():
    """Routing without one of its columns is refused by name."""
    columns = table({})
    del columns["identifier_share"]
    with pytest.raises(LookupError, match="identifier_share"):
        route(columns, np.array([True]), ROUTER, min_math=0.5, min_code=0.5)


@given(st.lists(st.lists(st.floats(0, 1, width=32), min_size=len(COLUMNS), max_size=len(COLUMNS)), min_size=1, max_size=40))
def test_the_company_of_a_document_does_not_matter(rows):
    """Routed alone or among others, each document has the same class, reason and scores: they are those of its columns."""
    rows = [dict(zip(COLUMNS, row, strict=True)) for row in rows]
    router, english = model.load(), np.arange(len(rows)) % 2 == 0
    together = route(table(*rows), english, router, min_math=0.4, min_code=0.4)
    for i, row in enumerate(rows):
        alone = route(table(row), english[i : i + 1], router, min_math=0.4, min_code=0.4)
        assert alone.named() == together.named()[i : i + 1]
        assert (alone.math[0], alone.code[0]) == (together.math[i], together.code[i])
    assert all(0 <= score <= 1 for score in (*together.math, *together.code))


def test_many_documents_and_none():
    """No document gives no class; every class is one of the four."""
    none = route({name: np.zeros(0) for name in COLUMNS}, np.zeros(0, dtype=bool), ROUTER, min_math=0.5, min_code=0.5)
    assert none.named() == []
    assert {cls for cls, _ in (routed(lang, **v) for lang in ("en", "ko") for v in ({}, {"ft_code": 2.0}))} <= set(CLASSES)


def test_the_shipped_weights_keep_to_their_signs():
    """More of a column speaks only for a class, or only against it, as it is written; each score reads its own columns."""
    router = model.load()
    for name, reads in READS.items():
        weights = getattr(router, name).weights
        assert [(w.column, w.scale) for w in weights] == [(column, scale) for column, scale, _ in reads]
        assert all(w.weight * sign >= 0 and w.deviation > 0 for w, (_, _, sign) in zip(weights, reads, strict=True))
    assert set(COLUMNS) | {"language"} == set(EVIDENCE)


def test_weights_of_other_columns_are_refused():
    """A file that was made for another version says so and what to do."""
    rows = [{"score": "math", "bias": 0.0}, {"score": "code", "bias": 0.0}]
    with pytest.raises(ValueError, match="train it again"):
        read_router(rows)


def test_scales():
    """Values are read as they are, by root or logarithm, or by what they lack to 1; below 0 they count as 0."""
    values = np.array([0.0, 4.0, -1.0, math.nan])
    for scale, expected in (("plain", [0, 4, 0]), ("root", [0, 2, 0]), ("log", [0, math.log(5), 0]), ("rest", [0, 0, 0])):
        found = scaled(values, scale)
        assert np.allclose(found[:3], expected)
        assert math.isnan(found[3])
    assert scaled(np.array([0.25]), "rest").tolist() == [0.75]
    assert replace(ROUTER.math.weights[0], mean=1.0, deviation=2.0).adds(values)[:2].tolist() == [-4.0, 12.0]
