"""Signals of form beside the embedding: finite for any text, none of them the length of the text."""

from __future__ import annotations

import numpy as np
import pytest

from classifiers.encoder.form import NAMES, measure
from udfs.signals import SIGNALS

HOSTILE = ["", " ", "a", "\x00", "\ud800", "a" * 200_000, "\n" * 5_000, "é" * 3, "1 2 3", "漢字だけ"]


def test_every_text_has_finite_features() -> None:
    """Empty, blank, one character, NUL, lone surrogates, one long word: a row of finite numbers each."""
    rows = measure(HOSTILE)
    assert rows.shape == (len(HOSTILE), len(NAMES))
    assert np.isfinite(rows).all()


def test_they_are_signals_and_no_counts() -> None:
    """Each is a signal of the catalogue that is a share, a ratio, a mean or a maximum, not a number that grows with the text."""
    units = {signal.name: signal.unit for signal in SIGNALS}
    assert {units[name] for name in NAMES} <= {"share", "ratio", "characters", "words", "bits"}
    assert not [name for name in NAMES if name.startswith("n_") or name.endswith(("_count", "_lines", "_hits"))]


def test_each_text_is_measured_alone() -> None:
    """A text's features do not depend on what is measured beside it."""
    texts = ["Home | Login | Cart\nHome | Login | Cart", "A river carries sand from the hills to the sea."]
    assert np.array_equal(measure(texts), np.concatenate([measure([text]) for text in texts]))


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [("dup_line_share", "one\ntwo\nthree", "one\none\none"), ("terminal_line_share", "a title", "A sentence.")],
)
def test_a_column_is_the_signal_of_its_name(name: str, low: str, high: str) -> None:
    """The columns stand in the order of their names."""
    rows = measure([low, high])[:, NAMES.index(name)]
    assert rows[0] < rows[1]
