"""Sketches against plain Python, datasketch and the exact similarities of real pairs."""

from __future__ import annotations

import json
import lzma
import os
import random
from pathlib import Path

import numpy as np
import pytest
import xxhash
from hypothesis import given
from hypothesis import strategies as st

from udfs.sketch import SketchSettings, gram_hashes, s_curve, similarity, sketch, token_hashes
from udfs.words import tokens

DEFAULT = SketchSettings()
WORD_64 = 2**64 - 1


def _mix(value: int) -> int:
    for factor in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):
        value = (value ^ (value >> 33)) * factor & WORD_64
    return value ^ (value >> 33)


def _plain_shingles(words: list[str], n: int) -> set[int]:
    hashes = [xxhash.xxh3_64_intdigest(word.encode()) for word in words]
    width = min(n, len(words))
    shingles = set()
    for start in range(len(words) - width + 1):
        value = 0
        for term in hashes[start : start + width]:
            value = (value * 0x9E3779B97F4A7C15 + term) & WORD_64
        shingles.add(_mix(value))
    return shingles


def _plain_sketch(text: str, settings: SketchSettings) -> tuple[int, list[int], bytes]:
    """The definition in whole numbers of Python: no array, no wrap-around by accident."""
    shingles = _plain_shingles(tokens(text)[: settings.max_tokens], settings.ngram)
    size = settings.bands * settings.rows
    drawn = np.random.Philox(key=settings.seed).random_raw(2 * size).tolist()
    minima = [min(((a | 1) * x + b) & WORD_64 for x in shingles) >> 32 for a, b in zip(drawn[:size], drawn[size:], strict=True)]
    keys = []
    for band in range(settings.bands):
        key = _mix(band + 1)
        for value in minima[band * settings.rows : (band + 1) * settings.rows]:
            key = _mix((key * 0x9E3779B97F4A7C15 + value) & WORD_64)
        keys.append(key - 2**64 if key >= 2**63 else key)
    return len(shingles), keys, bytes(value & 255 for value in minima)


def _values(signature: bytes) -> np.ndarray:
    return np.frombuffer(signature, np.uint8)[None, :]


def _random_text(rng: random.Random, n: int) -> str:
    return " ".join(f"w{rng.randrange(5000)}" for _ in range(n))


@pytest.mark.parametrize(
    ("n", "settings"),
    [
        (1, DEFAULT),
        (4, DEFAULT),
        (5, DEFAULT),
        (6, SketchSettings(ngram=1, bands=1, rows=1)),
        (300, DEFAULT),
        (300, SketchSettings(ngram=13, bands=9, rows=13, seed=7)),
        (300, SketchSettings(bands=2, rows=2, max_tokens=50)),
        (3000, DEFAULT),  # more shingles than one block of products holds
    ],
)
def test_equals_the_definition(n: int, settings: SketchSettings) -> None:
    """Shingle count, band keys and signature are what plain whole-number arithmetic gives."""
    text = _random_text(random.Random(n), n)
    made = sketch(text, settings)
    assert (made.n_shingles, made.bands.tolist(), made.signature) == _plain_sketch(text, settings)


def test_values_are_pinned() -> None:
    """A sketch is the same on every machine and with every library version: stored keys must stay valid."""
    made = sketch("The quick brown fox jumps over the lazy dog.", SketchSettings(bands=2, rows=2))
    assert made.exact == xxhash.xxh3_128_digest(b"the quick brown fox jumps over the lazy dog")
    assert (made.bands.tolist(), made.signature.hex()) == PINNED


PINNED = ([8016363991469550150, -4934417621873840875], "16ae95a6")


@pytest.mark.parametrize(
    ("first", "second", "same_exact", "shared_bands"),
    [
        ("Not Found", "not found.", True, 20),
        ("Not Found", "Found not", False, 0),
        ("one two three four five", "ONE, two; three\n\nfour — five!", True, 20),
        ("ｆｕｌｌ width letters ﬁne here", "full width letters fine here", True, 20),
        ("buy now " * 40, "buy now " * 400, False, 20),
        ("a b c d e f", "a b c d e g", False, None),
        ("e\u0301tude in c sharp minor", "étude in c sharp minor", True, 20),
    ],
)
def test_pairs(first: str, second: str, same_exact: bool, shared_bands: int | None) -> None:
    """Case, punctuation, space and Unicode form do not count; order and tokens do; a document is a set of shingles."""
    a, b = sketch(first, DEFAULT), sketch(second, DEFAULT)
    assert (a.exact == b.exact) is same_exact
    if shared_bands is not None:
        assert len(np.intersect1d(a.bands, b.bands)) == shared_bands


@pytest.mark.parametrize("text", ["", " \n", "...!?", "\u0000", "\ud800", "—" * 50])
def test_without_a_token(text: str) -> None:
    """A text without a token has no key, so it can never be proposed as a duplicate."""
    made = sketch(text, DEFAULT)
    assert (made.n_shingles, len(made.bands), made.signature) == (0, 0, b"")
    assert made.bands.dtype == np.int64


@given(st.text())
def test_total(text: str) -> None:
    """Any string, lone surrogates and NUL included, gives a sketch of fixed size."""
    made = sketch(text + "\ud800x", DEFAULT)
    assert (len(made.exact), len(made.bands), len(made.signature)) == (16, 20, 120)
    assert made.n_shingles >= 1


def test_tokens_beyond_the_limit() -> None:
    """Only the first ``max_tokens`` make keys, all make the exact hash: different tails are never exact duplicates."""
    settings = SketchSettings(max_tokens=100)
    start = _random_text(random.Random(1), 100)
    a, b = sketch(start + " one tail", settings), sketch(start + " other end", settings)
    assert a.bands.tolist() == b.bands.tolist()
    assert a.exact != b.exact


@pytest.mark.parametrize(
    "text", ["a" * 500_000, "& " * 60_000, "a " * 200_000, "漢" * 100_000], ids=["word", "marks", "one", "han"]
)
def test_hostile_texts(text: str) -> None:
    """Endless words and repetitions have few shingles and cost no more than their length."""
    assert sketch(text, DEFAULT).n_shingles <= 1


@pytest.mark.parametrize("wrong", [{"ngram": 0}, {"bands": 0}, {"rows": -1}, {"max_tokens": 0}, {"seed": -1}, {"seed": 2**64}])
def test_wrong_settings(wrong: dict[str, int]) -> None:
    """A setting out of range is refused by name."""
    with pytest.raises(ValueError, match=f"sketch: {next(iter(wrong))} is "):
        SketchSettings(**wrong)


def test_seeds_draw_other_functions() -> None:
    """Another seed gives an unrelated signature, not a shifted one."""
    text = _random_text(random.Random(3), 400)
    a, b = (sketch(text, SketchSettings(seed=seed)) for seed in (1, 2))
    assert similarity(_values(a.signature), _values(b.signature))[0] < 0.05


def test_gram_hashes_of_few_tokens() -> None:
    """No token gives no gram; fewer than n give one of them all, equal to the gram of that width."""
    hashes = token_hashes(["a", "b", "c"])
    assert gram_hashes(hashes[:0], 5).tolist() == []
    assert gram_hashes(hashes, 5).tolist() == gram_hashes(hashes, 3).tolist()
    assert len(gram_hashes(hashes, 2)) == 2


def test_similarity_is_corrected_for_chance() -> None:
    """All values equal is 1, the 1/256 that agrees by chance is 0, and the scale between is straight."""
    first = np.zeros((3, 512), dtype=np.uint8)
    second = np.ones((3, 512), dtype=np.uint8)
    second[0] = 0
    second[1, :2] = 0
    second[2, :257] = 0
    assert similarity(first, second) == pytest.approx([1.0, 0.0, 0.5])


@pytest.mark.parametrize(
    ("j", "bands", "rows", "expected"),
    [
        (0.5, 20, 6, 0.270),
        (0.7, 20, 6, 0.918),
        (0.8, 20, 6, 0.998),
        (0.7, 14, 8, 0.565),
        (0.8, 9, 13, 0.399),
        (0, 20, 6, 0),
        (1, 5, 5, 1),
    ],
)
def test_s_curve(j: float, bands: int, rows: int, expected: float) -> None:
    """The curve has the values of Rajaraman and Ullman's formula, worked out by hand."""
    assert s_curve(j, bands, rows) == pytest.approx(expected, abs=0.0006)


def test_estimates_as_well_as_datasketch() -> None:
    """Over pairs of known similarity the error is no larger than datasketch's with as many functions."""
    datasketch = pytest.importorskip("datasketch")
    rng = random.Random(5)
    ours, theirs = [], []
    for _ in range(150):
        words = [f"w{rng.randrange(5000)}" for _ in range(200)]
        other = [word if rng.random() > 0.05 else f"x{rng.randrange(5000)}" for word in words]
        sets = [{" ".join(w[i : i + 5]) for i in range(196)} for w in (words, other)]
        exact = len(sets[0] & sets[1]) / len(sets[0] | sets[1])
        a, b = (sketch(" ".join(w), DEFAULT).signature for w in (words, other))
        ours.append(similarity(_values(a), _values(b))[0] - exact)
        hashes = [datasketch.MinHash(num_perm=120, seed=1) for _ in sets]
        for made, shingles in zip(hashes, sets, strict=True):
            made.update_batch([s.encode() for s in sorted(shingles)])
        theirs.append(hashes[0].jaccard(hashes[1]) - exact)
    assert abs(np.mean(ours)) < 0.01
    assert np.std(ours) < 1.25 * np.std(theirs)


def test_real_pairs() -> None:
    """On real near-duplicates: shingle counts are exact, the estimate is unbiased, 20 x 6 bands find what they must."""
    if not (data := os.environ.get("WOOLMILL_DATA")):
        pytest.skip("WOOLMILL_DATA is not set")
    folder = Path(data) / "neardup"
    with lzma.open(folder / "docs.jsonl.xz", "rt", encoding="utf-8") as lines:
        docs = [json.loads(line) for line in lines]
    with lzma.open(folder / "pairs.jsonl.xz", "rt", encoding="utf-8") as lines:
        pairs = [pair for pair in map(json.loads, lines) if pair["j"] >= 0.3]
    made = {doc["id"]: sketch(doc["text"], DEFAULT) for doc in docs}
    assert [doc["id"] for doc in docs if made[doc["id"]].n_shingles != doc["shingles"]] == []
    exact = np.array([pair["j"] for pair in pairs])
    first, second = (np.concatenate([_values(made[pair[end]].signature) for pair in pairs]) for end in "ab")
    error = similarity(first, second) - exact
    binomial = np.sqrt(np.mean(exact * (1 - exact)) / 120)
    assert abs(error.mean()) < 0.005
    assert np.sqrt(np.mean(error**2)) < 1.15 * binomial
    proposed = np.array([bool(np.isin(made[pair["a"]].bands, made[pair["b"]].bands).any()) for pair in pairs])
    assert proposed[exact >= 0.7].mean() >= 0.98
    assert proposed[exact >= 0.8].mean() >= 0.995
