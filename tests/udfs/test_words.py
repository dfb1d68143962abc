"""Words are runs of letters, marks and numbers; the near-duplicate tokens are exactly those of the truth's definition."""

import json
import lzma
import os
import time
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from udfs.codepoints import make, write
from udfs.words import (
    BLANK,
    CLASSES_FILE,
    LETTER,
    NUMBER,
    SINGLE_RANGES,
    classes,
    codepoints,
    from_codepoints,
    normalise,
    sentences,
    tokens,
    words,
)

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=60)


def plain_tokens(text):
    """The definition, code point by code point."""
    kept = []
    for char in unicodedata.normalize("NFKC", text).lower():
        if unicodedata.category(char)[0] not in "LMN":
            kept.append(" ")
        elif any(first <= ord(char) <= last for first, last in SINGLE_RANGES):
            kept.append(f" {char} ")
        else:
            kept.append(char)
    return "".join(kept).split()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("Don't say 3.14, e.g. twice.", ["Don't", "say", "3.14", "e.g", "twice"]),
        ("C++, (x) -- [y]", ["C", "x", "y"]),
        ("हिन्दी भाषा", ["हिन्दी", "भाषा"]),
        ("東京taxi", ["東", "京", "taxi"]),
        ("ไทย", ["ไ", "ท", "ย"]),
        ("می‌شود", ["می‌شود"]),
        ("a..b 'tis", ["a", "b", "tis"]),
        ("한국어 문장", ["한국어", "문장"]),
        ("\ud800x\x00y", ["x", "y"]),
    ],
)
def test_words_by_hand(text, expected):
    """Marks stay in their word, inner points too, punctuation is no word, and scripts without blanks give code points."""
    assert words(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Don't", ["don", "t"]),
        ("ﬁne Ⅷ １２", ["fine", "viii", "12"]),
        ("北京 2024年", ["北", "京", "2024", "年"]),
        ("x̄ _y_", ["x̄", "y"]),
        ("--- \ud800", []),
    ],
)
def test_tokens_by_hand(text, expected):
    """Tokens are folded by NFKC and case, and cut at whatever is no letter, mark or number."""
    assert tokens(text) == expected


@given(ANY_TEXT)
def test_tokens_follow_the_definition(text):
    """On any string the fast way gives the tokens of the plain one."""
    assert tokens(text) == plain_tokens(text)


@given(ANY_TEXT)
def test_normalising_twice_changes_nothing_that_is_told_apart(text):
    """The tokens of a normalised text are those of the text."""
    assert tokens(normalise(text)) == tokens(text)


@given(ANY_TEXT)
def test_codepoints_round_trip(text):
    """Code points and back give the text, lone surrogates too."""
    assert from_codepoints(codepoints(text)) == text


@given(ANY_TEXT)
def test_classes_are_those_of_unicode(text):
    """Letters, numbers and blanks are what Unicode and Python call so."""
    for char, flags in zip(text, classes(codepoints(text)).tolist(), strict=True):
        assert bool(flags & LETTER) == (unicodedata.category(char)[0] == "L")
        assert bool(flags & NUMBER) == (unicodedata.category(char)[0] == "N")
        assert bool(flags & BLANK) == char.isspace()


def test_shipped_classes_are_those_of_unicode(tmp_path):
    """The file of classes is what the running Python would make, byte for byte."""
    assert np.array_equal(classes(np.arange(0x110000, dtype=np.uint32)), make())
    write(tmp_path / "classes.npz")
    assert (tmp_path / "classes.npz").read_bytes() == CLASSES_FILE.read_bytes()


def test_classes_cannot_be_changed_by_a_reader():
    """The shared table is read-only; what `classes` returns is the caller's own."""
    own = classes(codepoints("a"))
    own[0] = 0
    assert classes(codepoints("a"))[0] & LETTER


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("...", []),
        ("One. Two! (Three?) Four", ["One.", "Two!", "(Three?)", "Four"]),
        ("Pi is 3.14 or so.", ["Pi is 3.14 or so."]),
        ("これは本です。あれも本です。", ["これは本です。", "あれも本です。"]),
        ("यह है। वह है।", ["यह है।", "वह है।"]),
        ("Heading\nText", ["Heading", "Text"]),
        ('He said "no." Then', ['He said "no."', "Then"]),
    ],
)
def test_sentences_by_hand(text, expected):
    """Terminal marks of any script and line ends close a sentence."""
    assert sentences(text) == expected


@pytest.mark.parametrize("text", ["&" * 60_000, "a" * 500_000, "." * 60_000, "a" + "\u0301\u0327" * 100_000, "a'" * 100_000])
def test_hostile_text_takes_linear_time(text):
    """No run of anything stalls the tokenisation."""
    tokens("é")
    start = time.perf_counter()
    tokens(text), words(text), sentences(text)
    assert time.perf_counter() - start < 1.0


@pytest.mark.skipif("WOOLMILL_DATA" not in os.environ, reason="WOOLMILL_DATA is not set")
def test_tokens_of_real_documents():
    """On real pages in eight languages the tokens are those of the definition."""
    path = Path(os.environ["WOOLMILL_DATA"]) / "neardup" / "docs.jsonl.xz"
    with lzma.open(path, "rt", encoding="utf-8") as file:
        texts = [json.loads(line)["text"] for i, line in enumerate(file) if i % 60 == 0]
    assert len(texts) > 60
    assert all(tokens(text) == plain_tokens(text) for text in texts)
