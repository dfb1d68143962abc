"""The compiled kernel against its definition in whole numbers of Python, datasketch, and buffers of every shape."""

from __future__ import annotations

import json
import lzma
import os
import random
import time
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from udfs.sketch import Sketches, SketchSettings, minima, shingle_hashes, sketch, sketch_batch
from udfs.words import tokens

DEFAULT = SketchSettings()
OTHER = SketchSettings(ngram=3, bands=4, rows=3, seed=9, max_tokens=7, family="datasketch")
WORD_64 = 2**64 - 1
STARTS = (0x6A09E667F3BCC908, 0xBB67AE8584CAA73B)
WORDS = (0xD6E8FEB86659FD93, 0xA0761D6478BD642F)
TOKENS = (0xE7037ED1A0B428DB, 0x8EBC6AF09C88C6E3)
STEP = 0x9E3779B97F4A7C15

# Letters whose normal form or lower case depends on their neighbours, becomes several or is another, in every way there is.
TRICKY = (
    "aAzZ09 .,_-\n\t\x00\x7f\x1féÉßẞİıΣσςſÅ\u212b\u2126\u1e9bﬁﬀ™½²ª…\u00a0´¨㎏㈱Ａｚ１ﾞｶガか\u3099漢豈\u0301\u0327\u0323\u0308\u0338"
    "\u0345\u034f\u0e33\u0e32กไ\u0eb3नक़\u093c्각\u1100\u1161\u11a8אּב\u05bcمَّر𝚺𝛓\U0001f600\U00020000\U0002f800\ufffd\ufeff\u200d\ud800\udfff"
)
TEXTS = st.text(st.one_of(st.sampled_from(TRICKY), st.characters(exclude_categories=())), max_size=60)


@pytest.fixture(scope="module", autouse=True)
def _compiled() -> None:
    """Compile before the first test, none of which is timed on it."""
    sketch("a", DEFAULT)
    shingle_hashes("a", DEFAULT)


def mixed(value: int) -> int:
    """MurmurHash3's 64-bit finaliser."""
    for factor in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):
        value = (value ^ (value >> 33)) * factor & WORD_64
    return value ^ (value >> 33)


def plain_shingles(text: str, given: SketchSettings) -> tuple[bytes, set[int]]:
    """The definition: exact hash and the set of shingle hashes."""
    first, second = STARTS
    hashes = []
    for token in tokens(text):
        a, b = STARTS
        for at in range(0, len(token.encode()), 8):
            word = mixed(int.from_bytes(token.encode()[at : at + 8], "little"))
            a, b = (a ^ word) * WORDS[0] & WORD_64, (b + word) * WORDS[1] & WORD_64
            a, b = a ^ a >> 32, b ^ b >> 29
        first, second = (first ^ a) * TOKENS[0] & WORD_64, (second + b) * TOKENS[1] & WORD_64
        first, second = first ^ first >> 32, second ^ second >> 29
        hashes.append(a)
    exact = mixed(first).to_bytes(8, "little") + mixed(second).to_bytes(8, "little") if hashes else bytes(16)
    hashes = hashes[: given.max_tokens]
    width = min(given.ngram, len(hashes))
    runs = [hashes[i : i + width] for i in range(len(hashes) - width + 1)] if hashes else []
    shingles = set()
    for run in runs:
        value = 0
        for term in run:
            value = (value * STEP + term) & WORD_64
        shingles.add(mixed(value))
    return exact, shingles


def plain_sketch(text: str, given: SketchSettings) -> tuple[bytes, int, list[int], bytes]:
    """The definition of a sketch of the multiply-add family; no array, no wrap-around by accident."""
    exact, shingles = plain_shingles(text, given)
    if not shingles:
        return exact, 0, [], b""
    size = given.bands * given.rows
    drawn = np.random.Philox(key=given.seed).random_raw(2 * size).tolist()
    least = [min(((a | 1) * x + b) & WORD_64 for x in shingles) >> 32 for a, b in zip(drawn[:size], drawn[size:], strict=True)]
    keys = []
    for band in range(given.bands):
        key = mixed(band + 1)
        for value in least[band * given.rows : (band + 1) * given.rows]:
            key = mixed((key * STEP + value) & WORD_64)
        keys.append(key - 2**64 if key >= 2**63 else key)
    return exact, len(shingles), keys, bytes(value & 255 for value in least)


def as_tuple(text: str, given: SketchSettings) -> tuple[bytes, int, list[int], bytes]:
    made = sketch(text, given)
    return made.exact, made.n_shingles, made.bands.tolist(), made.signature


def row(made: Sketches, i: int) -> tuple[bytes, int, list[int], bytes]:
    """Row i of a batch in the form of `as_tuple`, after a look that a row without a shingle is zero."""
    values = made.exact[i].tobytes(), int(made.n_shingles[i]), made.bands[i].tolist(), made.signature[i].tobytes()
    if values[1]:
        return values
    assert not any([*values[0], *values[2], *values[3]])
    return values[0], 0, [], b""


@cache
def documents() -> tuple[dict[str, str], ...]:
    """Real texts in eight languages, edited ones, and tiny ones."""
    if not (data := os.environ.get("WOOLMILL_DATA")):
        pytest.skip("WOOLMILL_DATA is not set")
    with lzma.open(Path(data) / "neardup" / "docs.jsonl.xz", "rt", encoding="utf-8") as lines:
        return tuple(map(json.loads, lines))


def random_text(n: int) -> str:
    dice = random.Random(n)
    return " ".join(f"w{dice.randrange(5000)}" for _ in range(n))


@pytest.mark.parametrize(
    ("n", "given"),
    [
        (1, DEFAULT),
        (4, DEFAULT),
        (5, DEFAULT),
        (6, SketchSettings(ngram=1, bands=1, rows=1)),
        (300, DEFAULT),
        (300, SketchSettings(ngram=13, bands=9, rows=13, seed=7)),
        (300, SketchSettings(bands=2, rows=2, max_tokens=50)),
        (300, SketchSettings(bands=1, rows=1, max_tokens=1)),
        (2052, SketchSettings(bands=3, rows=3)),  # several stretches of letters; as many shingles as one block holds
        (4100, SketchSettings(bands=3, rows=3)),  # a block and some more
    ],
)
def test_equals_the_definition(n: int, given: SketchSettings) -> None:
    """Exact hash, shingle count, band keys and signature are what plain whole-number arithmetic gives."""
    assert as_tuple(random_text(n), given) == plain_sketch(random_text(n), given)


def test_real_documents_equal_the_definition() -> None:
    """In every script the kernel's tokens are those of `udfs.words`, and the batch is the single texts."""
    sample = [doc["text"] for doc in documents()[::30]]
    small = SketchSettings(bands=2, rows=2)
    made = sketch_batch(pa.array(sample), small)
    for i, text in enumerate(sample):
        expected = plain_sketch(text, small)
        assert row(made, i) == expected
        assert as_tuple(text, small) == expected


@pytest.mark.parametrize("length", [1, 7, 8, 9, 15, 16, 17, 4085, 4093, 4094, 4095, 4096, 4097, 9000])
def test_tokens_of_every_length_and_place(length: int) -> None:
    """Tokens are hashed alike wherever they start, and may go over the border of a stretch."""
    small = SketchSettings(ngram=1, bands=1, rows=1)
    token = "".join(chr(97 + i % 26) for i in range(length))
    for before in range(10):
        text = "-" * before + token + " é " + token
        assert sketch(text, small).exact == plain_shingles(text, small)[0]
        assert shingle_hashes(text, small).tolist() == sorted(plain_shingles(text, small)[1])


@settings(max_examples=400)
@given(
    TEXTS,
    st.sampled_from(
        [
            "",
            "e" + "\u0301" * 30,
            "e" + "\u0301" * 31,
            "\u0323" * 31 + "\u0301",
            "\u0301" * 95,
            "ก" + "\u0e48" * 30,
            "ก" + "\u0e48" * 31,
        ]
    ),
)
def test_any_text_equals_the_definition(text: str, marks: str) -> None:
    """Whatever code points follow each other, the kernel or its way out to Python has the tokens of the definition."""
    small = SketchSettings(ngram=2, bands=2, rows=2)
    assert as_tuple(marks + text, small) == plain_sketch(marks + text, small)


@pytest.mark.parametrize("char", sorted(set(TRICKY)), ids=ascii)
def test_every_tricky_letter_beside_every_other(char: str) -> None:
    """Composition, order and final sigma depend on neighbours: each pair, and each pair after a letter."""
    small = SketchSettings(ngram=1, bands=1, rows=1)
    for other in TRICKY:
        for text in (char + other, f"a{char}{other}", f"{other}{char}b"):
            assert sketch(text, small).exact == plain_shingles(text, small)[0], ascii(text)


@pytest.mark.parametrize(("bands", "rows"), [(1, 1), (20, 6), (8, 16)])
@pytest.mark.parametrize("seed", [0, 1, 77, 2**32 - 1])
def test_datasketch(seed: int, bands: int, rows: int) -> None:
    """The family datasketch has the hash values of the installed ``datasketch.MinHash``, the empty one included."""
    datasketch = pytest.importorskip("datasketch")
    given = SketchSettings(bands=bands, rows=rows, seed=seed, family="datasketch")
    texts = ["", "a", "One two", "ﬁne ÉTÉ 漢字 x 𠀀", "ไทย ำ b", "x" * 300, random_text(300), "é" * 25 + " " + random_text(40)]
    for text in [*texts, *(doc["text"] for doc in documents()[::400])]:
        words = tokens(text)
        width = min(5, len(words))
        shingles = sorted({" ".join(words[i : i + width]).encode() for i in range(len(words) - width + 1)}) if words else []
        theirs = datasketch.MinHash(num_perm=bands * rows, seed=seed)
        theirs.update_batch(shingles)
        assert minima(text, given).tolist() == theirs.hashvalues.tolist()
        made = sketch(text, given)
        assert made.n_shingles == len(shingles)
        assert made.signature == (theirs.hashvalues.astype(np.uint8).tobytes() if shingles else b"")


@pytest.mark.parametrize("length", [0, 1, 50, 55, 56, 57, 63, 64, 65, 119, 120, 128, 1000])
def test_sha1_of_every_padding(length: int) -> None:
    """Tokens around the block sizes of SHA-1 are hashed as datasketch does."""
    datasketch = pytest.importorskip("datasketch")
    theirs = datasketch.MinHash(num_perm=4, seed=1)
    theirs.update_batch([b"q" * length] if length else [])
    assert minima("q" * length, SketchSettings(bands=1, rows=4, family="datasketch")).tolist() == theirs.hashvalues.tolist()


@settings(max_examples=60)
@given(st.lists(st.one_of(st.none(), TEXTS), max_size=8), st.integers(0, 8), st.booleans(), st.sampled_from([DEFAULT, OTHER]))
def test_batch_equals_single(texts: list[str | None], start: int, large: bool, given: SketchSettings) -> None:
    """Nulls, slices and both widths of offsets give what one text at a time gives."""
    clean = [text if text is None else text.encode("utf-8", "replace").decode() for text in texts]
    array = pa.array(clean, type=pa.large_string() if large else pa.string())[start : start + 5]
    made = sketch_batch(array, given)
    expected = [as_tuple(text or "", given) for text in clean[start : start + 5]]
    assert [row(made, i) for i in range(len(array))] == expected
    size = given.bands * given.rows
    assert [values.shape[1] for values in (made.exact, made.bands, made.signature)] == [16, given.bands, size]
    assert [values.dtype for values in (made.exact, made.n_shingles, made.bands, made.signature)] == ["u1", "i8", "i8", "u1"]


def test_null_over_text_is_empty() -> None:
    """A null is empty although bytes may lie under it."""
    data, offsets = pa.py_buffer(b"some hidden text"), pa.py_buffer(np.array([0, 6, 16], dtype=np.int32))
    array = pa.Array.from_buffers(pa.string(), 2, [pa.py_buffer(b"\x02"), offsets, data])
    assert sketch_batch(array, DEFAULT).n_shingles.tolist() == [0, 1]


EMPTY = [pa.array([], pa.string()), pa.nulls(0, pa.string()), pa.array([None, None], pa.large_string()), pa.array([""])]


@pytest.mark.parametrize("array", EMPTY)
def test_arrays_without_bytes(array: pa.Array) -> None:
    """An array whose buffers are missing or empty is no special case."""
    made = sketch_batch(array, DEFAULT)
    assert made.n_shingles.tolist() == [0] * len(array)
    assert made.signature.shape == (len(array), 120)


@pytest.mark.parametrize("wrong", [pa.array([b"x"]), pa.array([1]), pa.chunked_array([["x"]]), ["x"]], ids=str)
def test_other_arrays_are_refused(wrong: object) -> None:
    """What is no array of strings is named in the error."""
    with pytest.raises(TypeError, match=r"sketch_batch: got (binary|int64|string|list); it takes"):
        sketch_batch(wrong, DEFAULT)


SEQUENCES = "61 20 c3a9 e282 e282ac f09f98 f09f9880 eda080 c080 e08080 f4908080 f5 80 c3"
BYTES = st.one_of(
    st.binary(max_size=30),
    st.lists(st.sampled_from([bytes.fromhex(code) for code in SEQUENCES.split()]), max_size=12).map(b"".join),
)


@settings(max_examples=300)
@given(st.lists(BYTES, min_size=1, max_size=4), st.integers(0, 2))
def test_bytes_that_are_no_text(pieces: list[bytes], family: int) -> None:
    """Invalid, overlong and truncated sequences separate tokens, and a sequence never goes on in the next text."""
    offsets = np.cumsum([0, *map(len, pieces)], dtype=np.int32)
    array = pa.Array.from_buffers(pa.string(), len(pieces), [None, pa.py_buffer(offsets), pa.py_buffer(b"".join(pieces))])
    given = OTHER if family else SketchSettings(ngram=2, bands=2, rows=2)
    made = sketch_batch(array, given)
    assert [row(made, i) for i in range(len(pieces))] == [as_tuple(piece.decode("utf-8", "replace"), given) for piece in pieces]


@given(TEXTS, st.sampled_from([1, 3, 20_000]))
def test_shingle_hashes(text: str, most: int) -> None:
    """The smallest distinct shingle hashes come in order, whichever way the text is normalised."""
    assert shingle_hashes(text, DEFAULT, most).tolist() == sorted(plain_shingles(text, DEFAULT)[1])[:most]


def test_long_texts_normalised_by_python() -> None:
    """A text that Python normalises piece by piece has the tokens of the whole, and costs no more than its length."""
    text = "ﬁne ΑΣ Σ. e\u0301te\u0301 漢字ำ\n" * 60_000
    start = time.process_time()
    made = sketch(text, DEFAULT)
    assert time.process_time() - start < 5
    plain = " ".join(tokens(text))
    assert (made.exact, made.n_shingles) == (sketch(plain, DEFAULT).exact, sketch(plain, DEFAULT).n_shingles)


HOSTILE = {
    "word": "a" * 2_000_000,
    "signs": "& " * 1_000_000,
    "one": "a " * 1_000_000,
    "han": "漢" * 700_000,
    "accents": "e" + "\u0301" * 400_000,
    "ligatures": "\ufb01 " * 300_000,
    "sigmas": "Σ" * 300_000,
    "several": "½" * 300_000,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_texts(text: str) -> None:
    """Endless words, marks and repetitions have three shingles at most and cost no more than their length."""
    sketch("ﬁ", DEFAULT)
    start = time.process_time()
    assert sketch(text, DEFAULT).n_shingles <= 3
    assert time.process_time() - start < 3
