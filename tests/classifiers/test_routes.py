"""The labels of the routing scores keep their parts apart, and the shipped weights are those that training gives."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from classifiers.registry import MODELS
from classifiers.routes import model, train
from classifiers.routes.pages import labels
from udfs.routing import READS


def test_labels_are_enough_and_apart() -> None:
    """The exam has 300 pages and more, training 500; no page is in both, and no source but SciPy's and those without a site."""
    counts = Counter(row["part"] for row in labels())
    assert counts["exam"] >= 300
    assert counts["tune"] >= 500
    assert len({(row["set"], row["id"]) for row in labels()}) == len(labels())
    sources = {part: {row["source"] for row in labels() if row["part"] == part} for part in counts}
    shared = sources["exam"] & sources["tune"]
    assert shared <= {"python-scipy-doc", "web", "made-up"}
    assert {row["label"] for row in labels()} == {"math", "code", "other"}
    assert all(set(row) == {"part", "set", "id", "source", "label", "sure"} for row in labels())


def test_a_fit_keeps_to_signs_and_finds_what_is_there() -> None:
    """On made-up pages the column that tells gets its weight; one that tells the wrong way round gets none."""
    rng = np.random.default_rng(1)
    truth = rng.random(400) < 0.3
    columns = {column: rng.random(400) for column, _, _ in READS["math"]}
    columns["math_char_share"] = np.where(truth, 0.3, 0.0) + rng.random(400) * 0.05
    columns["latex_per_1000"] = np.where(truth, 0.0, 5.0) + rng.random(400)
    scorer = train.fit(columns, truth, np.ones(400), "math")
    weights = {weight.column: weight.weight for weight in scorer.weights}
    assert weights["math_char_share"] > 1
    assert weights["latex_per_1000"] == 0
    assert np.mean((scorer.score(columns)[0] >= 0.5) == truth) > 0.97


def test_the_card_tells_what_the_weights_rest_on() -> None:
    """The card names the models whose scores are columns, as they are now: other ones want other weights."""
    models = MODELS[model.NAME].parameters["models"]
    assert models == {name: MODELS[name].sha256 for name in ("math", "code")}


@pytest.mark.slow
@pytest.mark.skipif("WOOLMILL_DATA" not in os.environ, reason="the labelled pages are read from WOOLMILL_DATA")
def test_training_gives_the_shipped_weights(tmp_path: Path) -> None:
    """Fitted again on the labelled pages, the weights are the shipped file, byte by byte."""
    card = train.make(Path(os.environ["WOOLMILL_DATA"]), tmp_path)
    assert card.sha256 == MODELS[model.NAME].sha256
