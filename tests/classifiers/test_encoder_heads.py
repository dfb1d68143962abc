"""The logistic head: optimal, deterministic, balanced; its penalty is chosen on folds it was not fitted on."""

from __future__ import annotations

import numpy as np
import pytest

from classifiers.encoder.heads import PENALTIES, balanced, choose, fit, sigmoid


def made(rows: int = 300, seed: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Return features of which the first two speak for the class, on very different scales."""
    drawn = np.random.default_rng(seed)
    features = drawn.normal(size=(rows, 6)) * np.array([1.0, 100.0, 1.0, 0.01, 1.0, 1.0]) + 5.0
    margins = features[:, 0] - 5 + (features[:, 1] - 5) / 100
    return features, margins + drawn.normal(size=rows) * 0.5 > 0.4


def test_the_gradient_is_zero_at_the_optimum() -> None:
    """No small change of the weights makes the objective better."""
    features, truth = made()
    weights, penalty = balanced(truth), 0.01
    head = fit(features, truth, weights, penalty)
    mean = weights @ features
    spread = np.sqrt(weights @ (features - mean) ** 2)
    rows = (features - mean) / spread
    off = weights * (head.probabilities(features) - truth)
    assert np.abs(rows.T @ off + penalty * head.weights * spread).max() < 1e-8
    assert abs(off.sum()) < 1e-8


def test_scikit_learn_finds_the_same() -> None:
    """The head is that of a logistic regression with balanced classes on standardised features."""
    linear_model = pytest.importorskip("sklearn.linear_model", reason="scikit-learn is in the extra train")
    features, truth = made()
    weights, penalty = balanced(truth), 0.03
    mean = weights @ features
    spread = np.sqrt(weights @ (features - mean) ** 2)
    model = linear_model.LogisticRegression(C=1 / penalty, tol=1e-10, max_iter=1_000)
    model.fit((features - mean) / spread, truth, sample_weight=weights)
    theirs = model.predict_proba((features - mean) / spread)[:, 1]
    assert np.abs(fit(features, truth, weights, penalty).probabilities(features) - theirs).max() < 1e-5


def test_order_and_repetition_change_nothing() -> None:
    """The same examples in another order give the same head, up to rounding."""
    features, truth = made()
    order = np.random.default_rng(1).permutation(len(truth))
    one = fit(features, truth, balanced(truth), 0.1)
    other = fit(features[order], truth[order], balanced(truth[order]), 0.1)
    assert np.allclose(one.weights, other.weights, rtol=1e-9)
    assert np.array_equal(one.weights, fit(features, truth, balanced(truth), 0.1).weights)


def test_separable_and_constant_features_are_no_trouble() -> None:
    """A feature that tells the classes apart, and one that never changes, give finite weights."""
    truth = np.arange(20) >= 15
    features = np.column_stack((truth * 1e6, np.ones(20)))
    head = fit(features, truth, balanced(truth), 1e-3)
    assert np.isfinite(head.weights).all()
    assert np.array_equal(head.probabilities(features) > 0.5, truth)


def test_sets_and_classes_count_the_same() -> None:
    """Each set has the same weight, and in it each class; a class that a set lacks leaves its half to the other."""
    truth = np.array([True, True, True, False, True, False, True])
    sets = ["a", "a", "a", "a", "b", "b", "c"]
    weights = balanced(truth, sets)
    found = {
        (s, t): sum(w for w, x, y in zip(weights, sets, truth, strict=True) if (x, y) == (s, t))
        for s in "abc"
        for t in (True, False)
    }
    wanted = {
        ("a", True): 1 / 6,
        ("a", False): 1 / 6,
        ("b", True): 1 / 6,
        ("b", False): 1 / 6,
        ("c", True): 1 / 3,
        ("c", False): 0,
    }
    assert found == pytest.approx(wanted)


@pytest.mark.parametrize("truth", [[], [True, True], [False]])
def test_labels_of_one_class_are_refused(truth: list[bool]) -> None:
    """Where a class is missing there is nothing to learn, and the message says so."""
    with pytest.raises(ValueError, match="two labels"):
        balanced(np.array(truth, dtype=np.bool_))


def test_noise_gets_the_largest_penalty() -> None:
    """Features that say nothing on unseen folds are held down; ones that do are not."""
    drawn = np.random.default_rng(5)
    truth = np.arange(200) % 2 == 0
    folds = np.arange(200) // 2 % 5
    noise = drawn.normal(size=(200, 60))
    assert choose(noise, truth, balanced(truth), folds) == max(PENALTIES)
    told = np.column_stack((truth + drawn.normal(size=200) * 0.1, noise[:, :2]))
    assert choose(told, truth, balanced(truth), folds) == min(PENALTIES)


def test_sigmoid_neither_overflows_nor_loses_order() -> None:
    """Probabilities are in 0-1 for any margins, and rise with them."""
    margins = np.array([-1e308, -700.0, -5.0, 0.0, 5.0, 700.0, 1e308])
    shares = sigmoid(margins)
    assert shares[3] == 0.5
    assert (np.diff(shares) >= 0).all()
    assert shares.min() >= 0
    assert shares.max() <= 1
    assert sigmoid(np.array([-2.0]))[0] == pytest.approx(0.11920292202211755, abs=1e-15)
