"""The model file and its evaluation: equal to scikit-learn's, the same on every write, defined for every page."""

import os
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier

from classifiers.extractor.export import join, trees_of
from udfs.html.blocks import blockmodel
from udfs.html.blocks.blockmodel import FILE, PAGE_TYPES, Model, load, predict, save
from udfs.html.blocks.feature_names import N_COLUMNS
from udfs.html.blocks.linear import empty
from udfs.html.blocks.page_features import N_PAGE
from udfs.html.blocks.trees import Trees, add_scores
from udfs.html.page.scanner import scan

RNG = np.random.default_rng(3)
X = np.round(RNG.normal(size=(800, 6)), 1).astype(np.float32)
KINDS = (np.abs(X[:, 0]) + X[:, 1] * X[:, 2] > 0.5).astype(int) + (X[:, 3] > 1)


def scores(trees: Trees, x: np.ndarray) -> np.ndarray:
    out = np.zeros((len(trees.baseline), len(x)), np.float32)
    add_scores(trees, np.ascontiguousarray(x.T), out)
    return out


def fit(kinds: np.ndarray, **settings: int) -> HistGradientBoostingClassifier:
    return HistGradientBoostingClassifier(max_iter=6, early_stopping=False, random_state=0, **settings).fit(X, kinds)


def constant(outputs: int, value: float = 0.0) -> Trees:
    """Trees of one leaf each."""
    n = outputs
    return Trees(
        np.zeros(n, np.uint32), np.full(n, np.inf, np.float32), np.arange(n, dtype=np.uint32), np.full(n, value, np.float32),
        np.arange(n, dtype=np.uint32), np.zeros(n, np.int32), np.arange(n, dtype=np.int32), np.zeros(n, np.float32),
    )  # fmt: skip


@pytest.mark.parametrize("settings", [{}, {"max_leaf_nodes": 4}, {"max_depth": 2}, {"max_bins": 16}])
def test_equal_to_scikit_learn(settings: dict[str, int]) -> None:
    """Probabilities of two classes are those of `predict_proba`, also where values lie on thresholds."""
    model = fit((KINDS > 0).astype(int), **settings)
    got = 1 / (1 + np.exp(-scores(trees_of(model), X)[0].astype(float)))
    np.testing.assert_allclose(got, model.predict_proba(X)[:, 1], atol=1e-6)


def test_equal_to_scikit_learn_for_several_classes() -> None:
    """So are those of three."""
    model = fit(KINDS)
    raw = np.exp(scores(trees_of(model), X).astype(float))
    np.testing.assert_allclose((raw / raw.sum(0)).T, model.predict_proba(X), atol=1e-6)


def test_joined_ensembles_answer_their_mean() -> None:
    """Two ensembles scaled by a half and joined give the mean of both scores."""
    first, second = fit((KINDS > 0).astype(int)), fit((KINDS > 1).astype(int))
    joined = join([trees_of(first, scale=0.5), trees_of(second, scale=0.5)])
    want = (scores(trees_of(first), X) + scores(trees_of(second), X)) / 2
    np.testing.assert_allclose(scores(joined, X), want, atol=1e-5)


def test_file_is_read_as_written_and_written_the_same(tmp_path: Path) -> None:
    """A model survives its file; a second file of it has the same bytes."""
    model = Model(empty(), trees_of(fit((KINDS > 0).astype(int))), constant(len(PAGE_TYPES)))
    save(model, tmp_path / "a.npz")
    save(load(tmp_path / "a.npz"), tmp_path / "b.npz")
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    np.testing.assert_array_equal(load(tmp_path / "a.npz").blocks.thresholds, model.blocks.thresholds)


def test_pages_without_and_with_too_many_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty page has no probabilities; blocks beyond the limit have 0, the others what they have without a limit near."""
    model = Model(empty(), constant(1, 1.5), constant(len(PAGE_TYPES)))
    assert predict(scan(b""), model).p.shape == (0,)
    page = scan(b"<div>" + b"<p>some words</p>" * 30 + b"</div>")
    np.testing.assert_allclose(predict(page, model).p, 1 / (1 + np.exp(-1.5)), rtol=1e-6)
    monkeypatch.setattr(blockmodel, "MAX_BLOCKS", 10)
    p = predict(page, model).p
    np.testing.assert_allclose(p[:10], 1 / (1 + np.exp(-1.5)), rtol=1e-6)
    assert p.shape == (30,)
    assert not p[10:].any()


def test_shipped_model() -> None:
    """The shipped file is small, fits the columns, and tells an article from its menu."""
    assert FILE.stat().st_size < 3_000_000
    model = load()
    assert model.blocks.columns.max() < N_COLUMNS
    assert model.pages.columns.max() < N_PAGE
    text = "<p>The council agreed on Monday to build the new bridge, which will cost two million and open next year.</p>" * 4
    menu = "<nav><ul>" + "".join(f"<li><a href=/{i}>Section {i}</a></li>" for i in range(8)) + "</ul></nav>"
    prediction = predict(scan(f"<title>Bridge</title>{menu}<article><h1>Bridge</h1>{text}</article>".encode()))
    assert prediction.p[:8].max() < 0.3
    assert prediction.p[9:].min() > 0.7
    assert prediction.page_type.sum() == pytest.approx(1, abs=1e-5)
