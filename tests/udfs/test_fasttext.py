"""The adapter gives the library's true answers, and says in one line what to do when a model is not there."""

import math
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from udfs.fasttext import FastText, ModelMissing, load

LID_SHA256 = "8f3472cfe8738a7b6099e8e999c3cbfae0dcd15696aac7d7738a8039db603e83"


def lid_file() -> Path:
    shipped = Path(__file__).resolve().parents[2] / "classifiers" / "models" / "lid.176.ftz"
    path = Path(os.environ.get("WOOLMILL_LID", shipped))
    if not path.is_file():
        pytest.skip("no language model: set WOOLMILL_LID or run `woolmill models fetch`")
    return path


@pytest.fixture(scope="module")
def model() -> FastText:
    return load(str(lid_file()), LID_SHA256)


def test_probabilities_of_several_labels(model):
    """The public call repeats the first probability under NumPy 2; these are the true values of this model."""
    labels = model.predict("this is an english text", 3)
    assert [label for label, _ in labels] == ["en", "de", "te"]
    assert [round(p, 4) for _, p in labels] == [0.9037, 0.0059, 0.0046]


def test_all_labels_sum_to_one(model):
    """The probabilities of all labels are a distribution; those next to nothing the library leaves out."""
    everything = model.predict("eine kurze Probe", 176)
    assert math.isclose(sum(p for _, p in everything), 1.0, abs_tol=1e-3)
    assert len(model.labels()) == 176
    assert {label for label, _ in everything} <= set(model.labels())


def test_white_space_is_one_blank(model):
    """Line ends of any kind, NUL and lone surrogates neither raise nor change the answer."""
    assert model.predict("one\ntwo\u2028three\x85four\x00five\ud800", 2) == model.predict("one two three four five", 2)


@given(st.text(max_size=200), st.integers(1, 5))
@hypothesis_settings(max_examples=50)
def test_any_text_is_answered(text, k):
    """Every text has one label or more, at most k, with probabilities in 0-1, best first."""
    found = load(str(lid_file()), LID_SHA256).predict(text, k)
    assert 1 <= len(found) <= k
    assert all(0.0 <= p <= 1.0 for _, p in found)
    assert [p for _, p in found] == sorted((p for _, p in found), reverse=True)


def test_loaded_once(model):
    """The same path and digest give the same object."""
    assert load(str(lid_file()), LID_SHA256) is model


def test_missing_model_names_the_path(tmp_path):
    """A missing file is an error that says where it was looked for and what to run."""
    with pytest.raises(ModelMissing, match=r"no model at .*nothing\.ftz.*woolmill models fetch"):
        FastText(tmp_path / "nothing.ftz")


def test_wrong_digest_is_refused(tmp_path):
    """A file with other bytes than expected is not loaded."""
    file = tmp_path / "model.ftz"
    file.write_bytes(b"not a model")
    with pytest.raises(ModelMissing, match=r"has SHA-256 .* expected 0000"):
        FastText(file, "0" * 64)
