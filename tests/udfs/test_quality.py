"""Scores that are too low, by their own limits and by the best of their ranks."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from udfs.checks import quality_checks
from udfs.filtering import STAYS, Coded
from udfs.quality import BUCKET, BUCKETS, ENCODER, FASTTEXT, REASONS, Limits, best, bucket, findings, too_low

GATE = Limits("gate", {"general": 0.1}, {"general": 0.5, "math": 0.2})
ENSEMBLE = Limits("ensemble", {"general": 0.1}, {"general": 0.5}, {"general": 7})
NAN = float("nan")


def held(limits: Limits, cls: str, **values: float) -> str | None:
    columns = {name: np.array([values.get(name, NAN)]) for name in REASONS}
    (code,) = too_low(columns, Coded(("other", cls), np.array([1])), limits).tolist()
    (found,) = findings(columns, [cls], limits)
    checks = quality_checks(values, cls, limits)
    assert (found.reason if found else None) == next((c.rule for c in checks if c.fired), None)
    assert (code == STAYS) == (found is None)
    return None if code == STAYS else list(REASONS)[code]


@pytest.mark.parametrize(
    ("limits", "cls", "values", "low"),
    [
        (GATE, "general", {FASTTEXT: 0.1, ENCODER: 0.5}, None),
        (GATE, "general", {FASTTEXT: 0.0999, ENCODER: 0.9}, FASTTEXT),
        (GATE, "general", {FASTTEXT: 0.9, ENCODER: 0.4999}, ENCODER),
        (GATE, "general", {FASTTEXT: 0.0, ENCODER: 0.0}, FASTTEXT),
        (GATE, "general", {}, None),
        (GATE, "math", {FASTTEXT: 0.0, ENCODER: 0.1}, ENCODER),
        (GATE, "code", {FASTTEXT: 0.0, ENCODER: 0.0}, None),
        (GATE, "general", {FASTTEXT: 0.9, BUCKET: 0}, None),
        (ENSEMBLE, "general", {FASTTEXT: 0.0, ENCODER: 0.0, BUCKET: 7}, None),
        (ENSEMBLE, "general", {FASTTEXT: 0.9, ENCODER: 0.9, BUCKET: 6}, BUCKET),
        (ENSEMBLE, "general", {FASTTEXT: 0.0}, None),
        (ENSEMBLE, "code", {BUCKET: 0}, None),
    ],
)
def test_a_value_below_the_least_of_its_class_is_too_low(limits: Limits, cls: str, values: Mapping[str, float], low: str | None):
    """At the limit a document stays, as it does without a score or a limit; the two ways do not hold each other's limits."""
    assert held(limits, cls, **values) == low


def test_evidence_is_written_with_six_digits():
    """The evidence keeps its form, which decisions are stored in."""
    columns = {FASTTEXT: np.array([1 / 30]), ENCODER: np.array([NAN]), BUCKET: np.array([NAN])}
    (found,) = findings(columns, ["general"], GATE)
    assert found is not None
    assert dict(found.seen) == {"ft_quality": "0.0333333 < 0.1"}


RANKS = {"": np.linspace(0, 1, 1_001).tolist(), "de": np.linspace(0.5, 1, 1_001).tolist()}


@pytest.mark.parametrize(
    ("value", "language", "found"),
    [
        (0.0, "en", 0),
        (0.049, "en", 0),
        (0.051, "en", 1),
        (0.5, "en", 10),
        (1.0, "en", 19),
        (0.5, "de", 0),
        (0.76, "de", 10),
        (NAN, "de", NAN),
    ],
)
def test_scores_are_ranked_in_their_language(value: float, language: str, found: float):
    """A language without percentiles of its own is ranked among all."""
    assert bucket(np.array([value]), [language], RANKS).tolist() == pytest.approx([found], nan_ok=True)


def test_no_percentiles_no_bucket():
    """A model whose card has none gives no rank."""
    assert np.isnan(bucket(np.array([0.5]), ["en"], {})).all()


@given(st.lists(st.floats(0, 1), min_size=1, max_size=50), st.lists(st.floats(0, 1), min_size=21, max_size=60))
def test_buckets_rise_with_scores(values: list[float], quantiles: list[float]):
    """A higher score is in no lower bucket; all are in 0 to 19."""
    ordered = np.sort(np.array(values))
    found = bucket(ordered, ["en"] * len(ordered), {"": sorted(quantiles)})
    assert (np.diff(found) >= 0).all()
    assert ((found >= 0) & (found < BUCKETS)).all()


def test_the_best_of_the_models_counts():
    """A model that does not judge takes nothing away."""
    assert best([np.array([3.0, NAN, NAN]), np.array([NAN, 5.0, NAN]), np.array([7.0, 4.0, NAN])]).tolist()[:2] == [7.0, 5.0]
    assert np.isnan(best([np.array([NAN]), np.array([NAN])]))
