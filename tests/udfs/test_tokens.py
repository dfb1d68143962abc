"""Token counts: the estimate's arithmetic, and a tokenizer whose file would cap and pad them."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from udfs.tokens import EstimateCounter, Figures, counter, pieces


@pytest.mark.parametrize(
    ("text", "language", "kind", "expected"),
    [
        ("", "en", "general", 0),
        ("x", "en", "general", 1),
        ("x" * 40, "en", "general", 10),
        ("x" * 42, "en", "general", 11),  # 10.5 is rounded up
        ("x" * 40, "en", "code", 20),
        ("x" * 40, "ja", "code", 20),
        ("漢" * 10, "ja", "general", 6),
        ("x" * 30, "tlh", "general", 10),
        ("x" * 30, "", "multilingual", 10),
        ("\ud800", "en", "general", 1),
    ],
)
def test_estimate(text: str, language: str, kind: str, expected: int) -> None:
    """Bytes over the figure of the class, else of the language, else of all others, rounded to the nearest."""
    figures = Figures(kinds={"code": 2000}, languages={"en": 4000, "ja": 5000}, other=3000)
    assert EstimateCounter(figures).count(text, language, kind) == expected


def test_shipped_figures() -> None:
    """The shipped table counts English prose at 4.275 bytes a token, knows it is an estimate and has a stable digest."""
    estimate = counter("estimate")
    assert estimate.estimated
    assert estimate.count("a" * 4275, "en", "general") == 1000
    assert estimate.count("a" * 4332, "ru", "code") == 1000
    assert estimate.count("ж" * 4905, "ru", "multilingual") == 2000
    assert estimate.digest == counter("estimate").digest
    assert len(estimate.digest) == 64


@given(st.text(), st.text(max_size=3), st.sampled_from(["general", "math", "code", "multilingual", "?"]))
def test_estimate_is_total_and_grows(text: str, language: str, kind: str) -> None:
    """Any string has a count, positive if it has a character, and a longer text has no fewer tokens."""
    estimate = counter("estimate")
    count = estimate.count(text, language, kind)
    assert count >= (text != "")
    assert estimate.count(text + "more", language, kind) >= count


@pytest.fixture
def tokenizer_file(tmp_path: Path) -> Path:
    """Return a tokenizer of words and characters that truncates at 8, pads to 6 and adds control tokens."""
    tokenizers = pytest.importorskip("tokenizers")
    from tokenizers import models, pre_tokenizers, processors

    vocabulary = {"[UNK]": 0, "[END]": 1, "[": 2, "END": 3, "]": 4, "wool": 5, "mill": 6}
    made = tokenizers.Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    made.add_special_tokens(["[UNK]", "[END]"])
    made.post_processor = processors.TemplateProcessing(single="$A [END]", special_tokens=[("[END]", 1)])
    made.enable_truncation(8)
    made.enable_padding(length=6)
    path = tmp_path / "tokenizer.json"
    made.save(str(path))
    return path


@pytest.mark.parametrize(
    ("text", "expected"),
    [("", 0), ("wool", 1), ("wool mill " * 500, 1000), ("wool [END] mill", 5), ("\ud800", 1), ("wool\ud800mill", 3)],
)
def test_tokenizer(tokenizer_file: Path, text: str, expected: int) -> None:
    """No truncation, no padding, no token added, and a control token written in a page is ordinary text."""
    assert counter("tokenizers", str(tokenizer_file)).count(text, "en", "general") == expected


def test_tokenizer_says_what_it_is(tokenizer_file: Path) -> None:
    """The digest is that of the file, and the counts are no estimates."""
    made = counter("tokenizers", str(tokenizer_file))
    assert not made.estimated
    assert made.digest == hashlib.sha256(tokenizer_file.read_bytes()).hexdigest()


def test_long_texts_are_counted_in_pieces(tokenizer_file: Path) -> None:
    """Text beyond a piece's length has the sum of its words, and an endless word does not stop the count."""
    made = counter("tokenizers", str(tokenizer_file))
    assert made.count("wool mill " * 50_000, "en", "general") == 100_000
    assert made.count("x" * 500_000, "en", "general") == 50


@given(st.text(alphabet="ab \n", max_size=60), st.integers(1, 5000))
def test_pieces_add_up(text: str, times: int) -> None:
    """Pieces joined are the text, and none holds a run of more than 10,000 characters without a blank."""
    long = (text + "c") * times
    cut = pieces(long)
    assert "".join(cut) == long
    assert max(len(run) for piece in cut for run in piece.split() or [""]) <= 10_000


@pytest.mark.parametrize(
    ("kind", "path", "message"),
    [
        ("guess", None, "mix.counter is 'guess'; allowed are estimate, tokenizers"),
        ("tokenizers", None, "set mix.tokenizer"),
        ("tokenizers", "none.json", "cannot read .*none.json"),
        ("tokenizers", "list.json", "list.json is not a tokenizer.json"),
        ("tokenizers", "object.json", "object.json is not a tokenizer.json"),
        ("tokenizers", "binary.json", "binary.json is not a tokenizer.json"),
    ],
)
def test_wrong_settings(tmp_path: Path, kind: Any, path: str | None, message: str) -> None:
    """A person's mistake gives one line that names the setting and what was seen."""
    (tmp_path / "list.json").write_text("[]")
    (tmp_path / "object.json").write_text(json.dumps({"model": 1}))
    (tmp_path / "binary.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match=message) as caught:
        counter(kind, path and str(tmp_path / path))
    assert "\n" not in str(caught.value)
