"""The outlier score finds what is no language at any length, and does not depend on the order of the texts."""

import json
import lzma
import math
import os
import random
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from udfs.kl import UNSEEN_TYPES, Reference, build_reference, load, save, score
from udfs.spans import Span

VOCABULARY = [f"{a}{b}{c}" for a in "bdfgklm" for b in "aeiou" for c in ("n", "r", "st", "t")]


def made_text(seed, n):
    """A text whose words follow Zipf's law."""
    chance = random.Random(seed)
    weights = [1 / (rank + 1) for rank in range(len(VOCABULARY))]
    return " ".join(chance.choices(VOCABULARY, weights, k=n))


@pytest.fixture(scope="module")
def reference():
    """A reference of three hundred made texts of 60 to 1000 words."""
    return build_reference([(made_text(seed, 60 + seed * 3), ()) for seed in range(300)], "xx")


def bare(types, counts):
    zeros = np.zeros(24)
    return Reference("xx", sum(counts), np.array(types, dtype=np.uint64), np.array(counts), np.zeros(3), zeros, zeros)


def test_values_by_hand(reference):
    """A text of one unseen token costs what the unseen share gives to one of a million types."""
    found = score("zzzz", reference)
    unseen_mass = max(int(np.count_nonzero(reference.counts == 1)), 1) / (reference.tokens + 1)
    assert found.oov_share == 1.0
    assert found.cross_entropy_bits == pytest.approx(-math.log2(unseen_mass / UNSEEN_TYPES))
    assert found.kl_bits == pytest.approx(found.cross_entropy_bits)


def test_the_divergence_of_a_text_from_itself_is_small(reference):
    """A long text drawn from the reference's own distribution hardly diverges, and repetition costs."""
    assert 0 <= score(made_text(9999, 20_000), reference).kl_bits < 0.1
    assert score(VOCABULARY[0] + " " + VOCABULARY[0], reference).kl_bits > 1


@pytest.mark.parametrize("text", ["", " \n", "\u3000"])
def test_nothing_to_score(text, reference):
    """A text without a token has no score, and is no outlier."""
    found = score(text, reference)
    assert all(math.isnan(value) for value in found)
    assert not found.is_outlier


def test_order_does_not_matter_and_bytes_repeat(tmp_path, reference):
    """Any order of the texts gives the same file, and it reads back as it was."""
    texts = [(made_text(seed, 60 + seed * 3), ()) for seed in range(300)]
    random.Random(1).shuffle(texts)
    save({"xx": reference}, tmp_path / "a.npz")
    save({"xx": build_reference(texts, "xx")}, tmp_path / "b.npz")
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    again = load(tmp_path / "a.npz")["xx"]
    for part in fields(Reference):
        assert np.array_equal(getattr(again, part.name), getattr(reference, part.name))


def test_spans_do_not_count():
    """Tokens inside spans are not counted into the reference."""
    texts = [
        (
            f"{made_text(seed, 200)} XXCODE",
            (Span(len(made_text(seed, 200)) + 1, len(made_text(seed, 200)) + 7, "code"),),
        )
        for seed in range(40)
    ]
    assert score("xxcode", build_reference(texts, "xx")).oov_share == 1.0


def test_too_little_text_is_an_error():
    """A reference that could not be calibrated is refused."""
    with pytest.raises(ValueError, match="give more texts"):
        build_reference([("one two three", ())], "xx")


def test_the_decision_does_not_depend_on_length(reference):
    """Trusted texts of 80 and of 2000 words are outliers about equally seldom; random letters always are."""
    for n in (80, 2000):
        outliers = sum(score(made_text(5000 + seed, n), reference).is_outlier for seed in range(200))
        assert outliers <= 2
        chance = random.Random(n)
        noise = " ".join("".join(chance.choices("qwxzvjkp", k=6)) for _ in range(n))
        assert score(noise, reference).is_outlier


@pytest.mark.skipif("WOOLMILL_DATA" not in os.environ, reason="WOOLMILL_DATA is not set")
def test_real_english():
    """Of held-out technical English next to nothing goes; gibberish and mojibake go."""
    path = Path(os.environ["WOOLMILL_DATA"]) / "parity" / "texts.jsonl.xz"
    with lzma.open(path, "rt", encoding="utf-8") as file:
        texts = [row["text"] for row in map(json.loads, file) if row["lang"] == "en" and len(row["text"]) > 400]
    held_out = texts[::6]
    built = build_reference([(text, ()) for i, text in enumerate(texts) if i % 6], "en")
    assert np.mean([score(text, built).is_outlier for text in held_out]) < 0.02
    chance = random.Random(3)
    for _ in range(20):
        letters = " ".join("".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=chance.randint(2, 10))) for _ in range(300))
        wrecked = ("Οι χρήστες διαβάζουν το κείμενο. " * 20).encode().decode("latin-1")
        assert score(letters, built).is_outlier
        assert score(wrecked, built).is_outlier
