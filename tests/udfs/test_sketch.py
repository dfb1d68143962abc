"""What sketches promise: which texts agree, how well they estimate, and the exact similarities of real pairs."""

from __future__ import annotations

import json
import lzma
import os
import random
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from udfs.sketch import (
    Family,
    SketchSettings,
    gram_hashes,
    s_curve,
    shingle_hashes,
    shingle_jaccard,
    similarity,
    sketch,
    sketch_batch,
    token_hashes,
)

DEFAULT = SketchSettings()


@pytest.fixture(scope="module", autouse=True)
def _compiled() -> None:
    """Compile before the first test, none of which is timed on it."""
    sketch("a", DEFAULT)
    shingle_hashes("a", DEFAULT)


def _values(signature: bytes) -> np.ndarray:
    return np.frombuffer(signature, np.uint8)[None, :]


def _random_text(rng: random.Random, n: int) -> str:
    return " ".join(f"w{rng.randrange(5000)}" for _ in range(n))


def test_values_are_pinned() -> None:
    """A sketch is the same on every machine and with every library version: stored keys must stay valid."""
    made = sketch("The quick brown fox jumps over the lazy dog.", SketchSettings(bands=2, rows=2))
    assert (made.exact.hex(), made.n_shingles, made.bands.tolist(), made.signature.hex()) == PINNED


PINNED = ("bb486a1947bf149854308c5fa3579f27", 5, [-8607892035050130037, 782940337951190656], "cb4e0582")


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
    assert (made.exact, made.n_shingles, len(made.bands), made.signature) == (bytes(16), 0, 0, b"")
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
    "wrong",
    [
        {"ngram": 0},
        {"bands": 0},
        {"rows": -1},
        {"max_tokens": 0},
        {"seed": -1},
        {"seed": 2**64},
        {"seed": 2**32, "family": "datasketch"},
        {"family": "sha1"},
    ],
)
def test_wrong_settings(wrong: dict[str, Any]) -> None:
    """A setting out of range is refused by name."""
    with pytest.raises(ValueError, match=f"sketch: {next(iter(wrong))} is "):
        SketchSettings(**wrong)


def test_exact_hash_tells_token_streams_apart() -> None:
    """Order, borders of tokens, single letters and the place of a repetition all count; nothing collides among many."""
    near = ["ab c", "a bc", "abc", "c ab", "a b c", "a", "a a", "a a a", "b a a", "a b a", "漢", "漢漢", "é", "e", "0", "00"]
    near += [f"page {i} of {j}" for i in range(200) for j in range(200)]
    hashes = [sketch(text, SketchSettings(bands=1, rows=1)).exact for text in near]
    assert len(set(hashes)) == len(near)
    assert len({digest[:8] for digest in hashes}) == len({digest[8:] for digest in hashes}) == len(near)


def test_exact_hash_has_no_weak_bit() -> None:
    """Among texts that differ in one word every bit is one half the time, and no two bits go together."""
    digests = [sketch(f"a page about number {i} and no other", SketchSettings(bands=1, rows=1)).exact for i in range(4000)]
    bits = np.unpackbits(np.frombuffer(b"".join(digests), dtype=np.uint8).reshape(-1, 16), axis=1).astype(np.float64)
    assert np.abs(bits.mean(axis=0) - 0.5).max() < 0.04
    together = np.corrcoef(bits.T) - np.eye(128)
    assert np.abs(together).max() < 0.09


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


def _set(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.uint64)


@pytest.mark.parametrize(
    ("first", "second", "most", "expected"),
    [
        (_set(), _set(), 5, 0.0),
        (_set(1), _set(), 5, 0.0),
        (_set(1, 2, 3), _set(1, 2, 3), 3, 1.0),
        (_set(1, 2, 3, 4), _set(3, 4, 5), 5, 2 / 5),  # both whole
        (_set(1, 2, 3), _set(1, 3, 9), 3, 2 / 3),  # both cut: what lies above 3 is unknown
        (_set(1, 2, 3), _set(2, 50), 3, 1 / 3),  # the first is cut, so 50 may be in it
        (_set(5, 6, 7), _set(1, 2, 3), 3, 0.0),
    ],
)
def test_shingle_jaccard_by_hand(first: np.ndarray, second: np.ndarray, most: int, expected: float) -> None:
    """Exact on whole sets; on cut ones only the part that both sets show is compared."""
    assert shingle_jaccard(first, second, most) == pytest.approx(expected)
    assert shingle_jaccard(second, first, most) == pytest.approx(expected)


def test_shingle_jaccard_is_unbiased() -> None:
    """From the 200 smallest hashes of sets of different size the mean error is near 0, the spread binomial."""
    dice, errors = np.random.default_rng(4), []
    for _ in range(400):
        both, only_a, only_b = (dice.integers(0, 2**64, n, dtype=np.uint64) for n in (600, 200, int(dice.integers(10, 900))))
        a, b = (np.unique(np.concatenate((both, own))) for own in (only_a, only_b))
        errors.append(shingle_jaccard(a[:200], b[:200], 200) - 600 / (len(a) + len(b) - 600))
    assert abs(np.mean(errors)) < 0.006
    assert np.std(errors) < 0.04


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


@cache
def _pairs() -> tuple[list[dict[str, Any]], list[tuple[int, int]], np.ndarray]:
    """Documents, all pairs of them with j at or above 0.3, and those similarities."""
    if not (data := os.environ.get("WOOLMILL_DATA")):
        pytest.skip("WOOLMILL_DATA is not set")
    folder = Path(data) / "neardup"
    with lzma.open(folder / "docs.jsonl.xz", "rt", encoding="utf-8") as lines:
        docs = [json.loads(line) for line in lines]
    place = {doc["id"]: i for i, doc in enumerate(docs)}
    with lzma.open(folder / "pairs.jsonl.xz", "rt", encoding="utf-8") as lines:
        pairs = [pair for pair in map(json.loads, lines) if pair["j"] >= 0.3]
    return docs, [(place[pair["a"]], place[pair["b"]]) for pair in pairs], np.array([pair["j"] for pair in pairs])


@pytest.mark.parametrize("family", ["multiply-add", "datasketch"])
def test_real_pairs(family: Family) -> None:
    """On real near-duplicates shingle counts are exact, the estimate is unbiased, and bands find what the curve says.

    The pairs come in families, so one seed strays by several points from the curve; the mean of six does not.
    """
    docs, pairs, exact = _pairs()
    first, second = np.array(pairs).T
    found, errors, texts = [], [], pa.array([doc["text"] for doc in docs])
    for seed in range(1, 7):
        made = sketch_batch(texts, SketchSettings(seed=seed, family=family))
        assert made.n_shingles.tolist() == [doc["shingles"] for doc in docs]
        found.append((made.bands[first] == made.bands[second]).any(axis=1))
        error = similarity(made.signature[first], made.signature[second]) - exact
        errors.append(error.mean())
        assert np.sqrt(np.mean(error**2)) < 1.15 * np.sqrt(np.mean(exact * (1 - exact)) / 120)
        assert found[-1][exact >= 0.7].mean() >= 0.98
        assert found[-1][exact >= 0.8].mean() >= 0.995
    assert abs(errors[0]) <= 0.005
    assert abs(np.mean(errors)) <= 0.003
    curve = np.array([s_curve(j, 20, 6) for j in exact])
    for low, high in ((0.3, 0.5), (0.5, 0.6), (0.6, 0.7), (0.7, 0.8), (0.8, 1.01)):
        here = (exact >= low) & (exact < high)
        assert np.mean(found, axis=0)[here].mean() == pytest.approx(curve[here].mean(), abs=0.03)


def test_shingles_of_real_pairs() -> None:
    """The similarity of whole shingle sets is the exact one, and 100 shingles estimate it without bias."""
    docs, pairs, exact = _pairs()
    shingles = cache(lambda i: shingle_hashes(docs[i]["text"], DEFAULT))
    whole = [shingle_jaccard(shingles(a), shingles(b), 20_000) for a, b in pairs[::10]]
    assert whole == pytest.approx(exact[::10], abs=0.0001)
    cut = [shingle_jaccard(shingles(a)[:100], shingles(b)[:100], 100) for a, b in pairs[::10]]
    assert abs(np.mean(np.array(cut) - exact[::10])) < 0.01
