"""The outlier score finds what is no language at any length, and does not depend on the order of the texts."""

import json
import lzma
import math
import os
import random
from collections import Counter
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from udfs.kl import UNDEFINED, Limits, Reference, Sample, build_reference, load, save, score
from udfs.kl.building import tokens_of
from udfs.kl.reference import MIN_TOKENS, Raw, Tables, bin_of
from udfs.spans import Span

VOCABULARY = [f"{a}{b}{c}" for a in "bdfgklm" for b in "aeiou" for c in ("n", "r", "st", "t")]


def made_text(seed, n):
    """A text whose words follow Zipf's law, each likely to bring its neighbour in the vocabulary behind it."""
    chance = random.Random(seed)
    weights = [1 / (rank + 1) for rank in range(len(VOCABULARY))]
    words = []
    while len(words) < n:
        at = chance.choices(range(len(VOCABULARY)), weights)[0]
        words += [VOCABULARY[at], VOCABULARY[(7 * at + 3) % len(VOCABULARY)]]
    return " ".join(words[:n])


@pytest.fixture(scope="module")
def reference():
    """A reference of three hundred made texts of 60 to 1000 words, each of a site of its own."""
    return build_reference([Sample(made_text(seed, 60 + seed * 3), site=f"s{seed}") for seed in range(300)], "xx")


def test_tokens():
    """Runs of letters and of digits are tokens, and every other mark that is no blank; case and width do not matter."""
    text = "Ａb c3,14!! ж漢字 e\u0301"
    found = tokens_of(text)
    shown = ["".join(map(chr, found.points[s : s + n])) for s, n in zip(found.starts, found.lengths, strict=True)]
    assert shown == ["ab", "c", "3", ",", "14", "!", "!", "ж", "漢", "字", "é"]
    assert tokens_of("ab 12 99 12345 999999").hashes.tolist()[1:3] == [tokens_of("10").hashes[0]] * 2
    assert len(set(tokens_of("12345 999999 1234").hashes.tolist())) == 2


def plain_score(text, reference):
    """KL and its parts by the definition, over Python's own words and counters."""
    tokens = text.split()
    known = dict(zip(reference.tables.types.tolist(), reference.tables.counts.tolist(), strict=True))
    share = (1 - reference.tables.unseen_share) / (sum(known.values()) + 0.5 * len(known))
    keys = {token: int(tokens_of(token).hashes[0]) >> 32 for token in set(tokens)}
    costs = {token: -math.log2((known[keys[token]] + 0.5) * share) for token in set(tokens)}
    p = {token: times / len(tokens) for token, times in Counter(tokens).items()}
    cross_entropy = sum(p[token] * costs[token] for token in p)
    return cross_entropy + sum(x * math.log2(x) for x in p.values()), cross_entropy


@pytest.mark.parametrize("n", [2, 60, 700])
def test_values_by_the_definition(n, reference):
    """KL(text || reference) is the cross-entropy less the text's own entropy, to the rounding of costs to 1/256 bit."""
    text = made_text(4711, n)
    found = score(text, reference)
    kl, cross_entropy = plain_score(text, reference)
    assert found.kl_bits == pytest.approx(kl, abs=1 / 512)
    assert found.cross_entropy_bits == pytest.approx(cross_entropy, abs=1 / 512)
    assert found.oov_share == 0


def test_an_unseen_token_costs_its_spelling(reference):
    """A new word of usual syllables costs less than one of letters that never stood together, a long one no more than a shorter."""
    usual, strange = score("kanbon", reference), score("zqjxwv", reference)
    assert usual.oov_share == strange.oov_share == 1.0
    assert -math.log2(reference.tables.unseen_share) < usual.cross_entropy_bits < strange.cross_entropy_bits
    assert usual.char_bits < strange.char_bits
    assert score("z" * 300, reference).cross_entropy_bits == pytest.approx(score("z" * 30, reference).cross_entropy_bits)


def test_order_is_worth_bits(reference):
    """The same words in order and out of order differ in the gain from the word before, and in nothing that counts alone."""
    words = made_text(77, 600).split()
    shuffled = random.Random(1).sample(words, len(words))
    in_order, salad = score(" ".join(words), reference), score(" ".join(shuffled), reference)
    assert in_order.bigram_gain_bits > salad.bigram_gain_bits + 1
    assert in_order.salad_excess < 0 < salad.salad_excess
    assert in_order.kl_bits == pytest.approx(salad.kl_bits)
    assert in_order.unseen_bigram_share < salad.unseen_bigram_share


@pytest.mark.parametrize("text", ["", " \n", "\u3000"])
def test_nothing_to_score(text, reference):
    """A text without a token has no score, and is no outlier."""
    assert all(math.isnan(value) for value in score(text, reference))
    assert not score(text, reference).is_outlier
    assert not UNDEFINED.is_outlier


def test_short_texts_are_measured_but_not_judged(reference):
    """Below fifty tokens there are values and no verdict."""
    assert math.isnan(score("qxz " * (MIN_TOKENS - 1), reference).excess)
    assert not math.isnan(score("qxz " * (MIN_TOKENS - 1), reference).kl_bits)
    assert score(" ".join(f"qx{chr(97 + i % 26)}z" for i in range(MIN_TOKENS)), reference).is_outlier


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=300))
def test_any_text_has_a_score(reference, text):
    """Nothing breaks the score; divergence and shares keep to their ranges."""
    found = score(text, reference)
    if not math.isnan(found.kl_bits):
        assert found.kl_bits > -1e-9
        assert 0 <= found.oov_share <= 1
        assert 0 <= found.rare_share <= 1
        assert found.cross_entropy_bits >= found.kl_bits - 1e-9


@pytest.mark.parametrize("text", ["\ud800 a", "\x00" * 40, "a" * 200_000, "\u0301" * 5_000, "ab " * 100_000, "漢" * 50_000])
def test_hostile_texts(text, reference):
    """Long tokens, long texts, lone surrogates and piles of marks have finite values."""
    assert math.isfinite(score(text, reference).kl_bits)


@pytest.mark.parametrize(
    ("residual", "gain", "char_bits", "oov", "outlier", "salad"),
    [
        (5.1, 4.0, 3.0, 0.0, True, False),  # outlying
        (4.9, 4.0, 3.0, 0.0, False, False),  # unusual alone
        (1.1, 0.9, 3.0, 0.0, True, False),  # unusual and in no order
        (0.9, 0.9, 3.0, 0.0, False, True),  # usual words in no order
        (0.9, 1.9, 3.0, 0.0, False, True),  # the gain of salad is judged less strictly
        (1.1, 1.9, 3.0, 0.0, False, False),
        (1.1, 4.0, 6.0, 0.1, True, False),  # unusual and misspelt
        (1.1, 4.0, 6.0, 0.01, False, False),  # by two tokens
        (0.9, math.nan, 6.0, 0.1, False, False),
    ],
)
def test_limits(residual, gain, char_bits, oov, outlier, salad):
    """What decides: a residual beyond its limit, or an unusual one with no order or no spelling; salad is usual words in no order."""
    limits = Limits(*(np.full(24, value) for value in (5.0, 1.0, 1.0, 2.0, 5.0)))
    raw = Raw(100, 3.0, 9.0, oov, 0.0, char_bits, gain, 0.5)
    assert tuple(excess > 0 for excess in limits.excesses(raw, residual)) == (outlier, salad)
    assert all(map(math.isnan, limits.excesses(raw._replace(tokens=MIN_TOKENS - 1), residual)))


@pytest.mark.parametrize(("tokens", "bits"), [(400_000, 0.0), (200_000, 0.0), (100_000, 1.0), (25_000, 3.0)])
def test_a_small_reference_judges_less_strictly(reference, tokens, bits):
    """Each halving below 200,000 tokens allows a bit more; random letters are beyond it all the same."""
    sized = replace(reference, tables=replace(reference.tables, tokens=tokens))
    assert sized.allowance == pytest.approx(bits)
    text = made_text(9, 200)
    noise = " ".join("qwxzvj" + letter for letter in "abcdefghijklmnopqrstuvwxyz" * 4)
    large = replace(reference, tables=replace(reference.tables, tokens=200_000))
    for one in (text, noise):
        assert score(one, sized).excess == pytest.approx(score(one, large).excess - bits)
        assert score(one, sized).salad_excess == score(one, large).salad_excess
    assert score(noise, sized).is_outlier


def test_order_does_not_matter_and_bytes_repeat(tmp_path, reference):
    """Any order of the texts gives the same file, and it reads back as it was."""
    samples = [Sample(made_text(seed, 60 + seed * 3), site=f"s{seed}") for seed in range(300)]
    random.Random(1).shuffle(samples)
    save({"xx": reference}, tmp_path / "a.npz")
    save({"xx": build_reference(samples, "xx")}, tmp_path / "b.npz")
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    again = load(tmp_path / "a.npz")["xx"]
    for kind, one, other in ((Tables, again.tables, reference.tables), (Limits, again.limits, reference.limits)):
        for part in fields(kind):
            assert np.array_equal(getattr(one, part.name), getattr(other, part.name))
    assert isinstance(again, Reference)
    assert score(made_text(5, 90), again) == score(made_text(5, 90), reference)


def test_spans_do_not_count():
    """Tokens inside spans are not counted into the reference."""
    texts = [made_text(seed, 200) for seed in range(40)]
    samples = [Sample(f"{text} XXCODE", (Span(len(text) + 1, len(text) + 7, "code"),)) for text in texts]
    assert score("xxcode", build_reference(samples, "xx")).oov_share == 1.0


def test_a_site_is_not_judged_by_its_own_texts():
    """The words of one site among many are unseen where its texts set the limits: those are wider than without sites."""
    own = {site: random.Random(site) for site in range(120)}
    samples = []
    for site, chance in own.items():
        names = ["".join(chance.choices("bdfgklmaeiou", k=7)) for _ in range(6)]
        for part in range(4):
            words = made_text(1000 * site + part, 200).split()
            samples.append(
                Sample(" ".join(chance.choice(names) if i % 7 == 0 else w for i, w in enumerate(words)), site=f"s{site}")
            )
    by_site = build_reference(samples)
    alone = build_reference([Sample(sample.text) for sample in samples])
    limits = [np.polyval(one.fit, math.log2(200)) + one.limits.outlying[bin_of(200)] for one in (by_site, alone)]
    assert limits[0] > limits[1] + 0.5


def test_too_little_text_is_an_error():
    """A reference that could not be calibrated is refused."""
    with pytest.raises(ValueError, match="give more"):
        build_reference([Sample("one two three")], "xx")


def test_the_decision_does_not_depend_on_length(reference):
    """Trusted texts of 80 and of 2000 words are outliers about equally seldom; random letters always are."""
    for n in (80, 2000):
        found = [score(made_text(5000 + seed, n), reference) for seed in range(200)]
        assert sum(one.excess > 0 or one.salad_excess > 0 for one in found) <= 8
        chance = random.Random(n)
        noise = " ".join("".join(chance.choices("qwxzvjkp", k=6)) for _ in range(n))
        assert score(noise, reference).is_outlier


@pytest.mark.skipif("WOOLMILL_DATA" not in os.environ, reason="WOOLMILL_DATA is not set")
def test_real_english():
    """Of held-out sources of English documentation next to nothing goes; gibberish, tag lists and shuffled words go."""
    path = Path(os.environ["WOOLMILL_DATA"]) / "parity" / "texts.jsonl.xz"
    with lzma.open(path, "rt", encoding="utf-8") as file:
        rows = [row for row in map(json.loads, file) if row["lang"] == "en" and len(row["text"]) > 400 and row["kind"] != "edge"]
    out = {"gnumed-doc", "r-doc-html", "common-licenses", "debian-policy"}
    built = build_reference([Sample(row["text"], site=row["source"]) for row in rows if row["source"] not in out], "en")
    # Half of GNUmed's pages are Russian, whatever their language is said to be.
    held_out = [
        row["text"] for row in rows if row["source"] in out and sum(map(str.isascii, row["text"])) > 0.97 * len(row["text"])
    ]
    assert np.mean([score(text, built).is_outlier for text in held_out]) < 0.03
    chance = random.Random(3)
    words = sorted({word for text in held_out for word in text.lower().split() if word.isalpha() and len(word) > 4})
    for _ in range(20):
        letters = " ".join("".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=chance.randint(2, 10))) for _ in range(300))
        tags = "\n".join(chance.choices(words, k=300))
        shuffled = chance.choice(held_out).split()
        chance.shuffle(shuffled)
        salad = score(" ".join(shuffled), built)
        assert score(letters, built).is_outlier
        assert score(tags, built).is_outlier
        assert len(shuffled) < 120 or salad.excess > 0 or salad.salad_excess > -0.5
