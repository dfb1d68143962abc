"""Structure and model scores choose the class, in a fixed order of precedence."""

import math

import numpy as np
import pytest

from udfs.routing import CLASSES, route


def routed(language="en", **values):
    columns = {"math_char_share": 0.0, "code_char_share": 0.0, **values}
    found = route({name: np.array([value]) for name, value in columns.items()}, np.array([language], dtype=object))
    return found.classes[0], found.evidence[0]


@pytest.mark.parametrize(
    ("language", "values", "expected"),
    [
        ("en", {}, ("general", "language")),
        ("de", {}, ("multilingual", "language")),
        ("und", {}, ("multilingual", "language")),
        ("de", {"code_char_share": 0.5}, ("code", "code_char_share")),
        ("de", {"math_char_share": 0.05, "code_char_share": 0.9}, ("math", "math_char_share")),
        ("en", {"ft_math": 0.9}, ("math", "ft_math")),
        ("en", {"ft_math": 0.5}, ("general", "language")),
        ("en", {"ft_math": 0.5, "math_char_share": 0.03}, ("math", "ft_math")),
        ("en", {"ft_code": 0.9, "ft_math": 0.9}, ("math", "ft_math")),
        ("en", {"ft_code": math.nan, "code_char_share": 0.1}, ("general", "language")),
    ],
)
def test_precedence(language, values, expected):
    """Mathematics goes before code, code before language, and structure before a model's score."""
    assert routed(language, **values) == expected


def test_limits_are_parameters():
    """A caller can move every limit."""
    columns = {"math_char_share": np.array([0.3]), "code_char_share": np.array([0.3])}
    english = np.array(["en"], dtype=object)
    assert route(columns, english, min_math_chars=0.4).classes[0] == "general"
    assert route(columns, english, min_math_chars=0.4, min_code_chars=0.2).classes[0] == "code"


def test_missing_structure_is_an_error():
    """Routing without the structure columns is refused by name."""
    with pytest.raises(LookupError, match="code_char_share"):
        route({"math_char_share": np.zeros(1)}, np.array(["en"], dtype=object))


def test_many_documents_and_none():
    """Every document gets one of the four classes, whatever the mix; no document gives no class."""
    grid = np.linspace(0, 1, 50)
    columns = {"math_char_share": grid, "code_char_share": grid[::-1].copy()}
    found = route(columns, np.array(["en", "fr"] * 25, dtype=object))
    assert set(found.classes) <= set(CLASSES)
    assert len(route({name: np.zeros(0) for name in columns}, np.array([], dtype=object)).classes) == 0
