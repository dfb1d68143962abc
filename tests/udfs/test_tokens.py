"""Tokens: the estimate's arithmetic, a tokenizer whose file would cap and pad, and ids that give their text back."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from classifiers.registry import path_of
from udfs.tokens import (
    EstimateCounter,
    Figures,
    JsonTokenizer,
    RankTokenizer,
    TokenCounterError,
    checked,
    counter,
    pieces,
)
from udfs.tokens.rank_file import read_ranks


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


@settings(deadline=None, max_examples=40)
@given(st.text(alphabet="ab \n", max_size=60), st.integers(1, 3000))
def test_pieces_add_up(text: str, times: int) -> None:
    """Pieces joined are the text, and none holds a run of more than 10,000 blanks, or characters without one."""
    for long in ((text + "c") * times, "c" + (text.replace("a", " ") + "\n") * times):
        cut = pieces(long)
        assert "".join(cut) == long
        assert max(len(run) for piece in cut for run in re.findall(r"\S+|\s+", piece)) <= 10_000


@pytest.mark.parametrize(
    ("kind", "path", "message"),
    [
        ("guess", None, "mix.counter is 'guess'; allowed are estimate, tokenizers, tiktoken"),
        ("tokenizers", None, "no tokenizer.json is named; set mix.tokenizer"),
        ("tiktoken", None, "no rank file is named; set mix.tokenizer"),
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


# Ids


def bytes_of_latin() -> bytes:
    """Return a rank file: all bytes, and three merges."""
    tokens = [bytes([i]) for i in range(256)] + [b"wo", b"ol", b"wool"]
    return b"".join(base64.b64encode(token) + b" %d\n" % rank for rank, token in enumerate(tokens))


@pytest.fixture
def rank_file(tmp_path: Path) -> Path:
    """Return a rank file; the package that reads it must be there."""
    pytest.importorskip("tiktoken", reason="tiktoken is not installed")
    path = tmp_path / "ranks.model"
    path.write_bytes(bytes_of_latin())
    return path


@pytest.fixture(scope="module")
def shipped() -> JsonTokenizer:
    """Return the tokenizer that ships."""
    pytest.importorskip("tokenizers")
    return JsonTokenizer.load(str(path_of("bpe")))


@settings(deadline=None)
@given(st.text() | st.text(alphabet="<|end_of_text|> aé漢\n\0", max_size=40))
def test_shipped_tokenizer_gives_every_text_back(shipped: JsonTokenizer, text: str) -> None:
    """Tokens of any text are as many as are counted, give it back, and none is the one that ends a text."""
    ids = shipped.encode(text)
    assert ids.dtype == np.int32
    assert len(ids) == shipped.count(text, "en", "general")
    assert shipped.decode(ids) == text.encode("utf-8", "replace").decode()
    assert shipped.end_of_text == 0
    assert 0 not in ids
    assert len(ids) == 0 or ids.max() < shipped.vocabulary == 4096


def test_long_texts_come_back_from_their_pieces(shipped: JsonTokenizer) -> None:
    """Blanks, digits and letters without end, and many words, are encoded in pieces and come back whole."""
    for text in (" " * 40_000, "7" * 20_000, "漢字" * 10_000, "wool mill, " * 20_000, "\n \t" * 10_000):
        assert shipped.decode(shipped.encode(text)) == text


def test_tokenizer_end_and_vocabulary(tokenizer_file: Path) -> None:
    """The end of a text is found by the file's names or as it is set, and a vocabulary that does not hold all ids is refused."""
    made = JsonTokenizer.load(str(tokenizer_file))
    assert (made.end_of_text, made.vocabulary) == (None, 7)
    assert JsonTokenizer.load(str(tokenizer_file), end_of_text="[END]").end_of_text == 1
    larger = JsonTokenizer.load(str(tokenizer_file), end_of_text=9)
    assert (larger.end_of_text, larger.vocabulary) == (9, 10)
    assert JsonTokenizer.load(str(tokenizer_file), vocabulary=128).vocabulary == 128


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"end_of_text": "</doc>"}, "mix.end_of_text is '</doc>', but .* has no token of that name; give its id"),
        ({"end_of_text": -1}, "mix.end_of_text is -1; ids are 0 or more"),
        ({"vocabulary": 6}, "mix.vocabulary is 6, but the ids of .* go up to 6"),
        ({"vocabulary": 2**31 + 1}, "a vocabulary of 2147483649 ids .* shards hold up to 2147483648"),
        ({"vocabulary": 7, "end_of_text": 7}, "mix.vocabulary is 7, but the ids of .* go up to 7"),
    ],
)
def test_tokenizers_that_do_not_fit(tokenizer_file: Path, more: dict[str, Any], message: str) -> None:
    """An end that is not there and a vocabulary of another model stop with the setting's name."""
    with pytest.raises(TokenCounterError, match=message):
        counter("tokenizers", str(tokenizer_file), **more)


def test_sequences_need_a_tokenizer_with_an_end(tokenizer_file: Path) -> None:
    """Neither estimates nor a tokenizer without an end of text can write sequences."""
    with pytest.raises(TokenCounterError, match=r"set mix\.counter=tokenizers"):
        checked(counter("estimate"))
    with pytest.raises(TokenCounterError, match=r"set mix\.end_of_text"):
        checked(counter("tokenizers", str(tokenizer_file)))
    assert checked(counter("tokenizers", str(tokenizer_file), end_of_text=1)).end_of_text == 1


def test_rank_files(rank_file: Path) -> None:
    """Ids are ranks, a control token's text is ordinary text, and file and pattern make the digest."""
    made = counter("tiktoken", str(rank_file), end_of_text=300)
    assert isinstance(made, RankTokenizer)
    assert made.encode("wool wol").tolist() == [258, 32, 256, 108]
    assert made.encode("wool mill").tolist() == [258, *b" mill"]
    assert made.decode(made.encode("naïve \ud800 漢<|endoftext|>")) == "naïve ? 漢<|endoftext|>"
    assert made.count("wool <|endoftext|>", "en", "code") == len(made.encode("wool <|endoftext|>")) == 15
    assert (made.vocabulary, made.end_of_text, made.estimated) == (301, 300, False)
    other = counter("tiktoken", str(rank_file), pattern=".", vocabulary=512)
    assert isinstance(other, RankTokenizer)
    assert other.encode("wool").tolist() == list(b"wool")
    assert other.digest != made.digest
    assert (other.vocabulary, other.end_of_text) == (512, None)
    with pytest.raises(TokenCounterError, match=r"mix.pattern '\(' is no regular expression"):
        counter("tiktoken", str(rank_file), pattern="(")


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(alphabet="wol \n7é漢", max_size=60))
def test_rank_files_give_every_text_back(rank_file: Path, text: str) -> None:
    """With all bytes in the file any text comes back, and counts are those of the ids."""
    made = RankTokenizer.load(str(rank_file))
    ids = made.encode(text)
    assert made.decode(ids) == text
    assert len(ids) == made.count(text, "en", "general")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda data: data + b"d29vbA==\n", "line 260 of .* is 'd29vbA=='; a rank file has lines of base64"),
        (lambda data: data + b"d29v%== 7\n", "line 260 of"),
        (lambda data: data + b"d29vbA== x\n", "line 260 of"),
        (lambda data: data + b"d29vbA== 300\n", "a token or a rank twice in its 260 lines"),
        (lambda data: data + b"bWlsbA== 7\n", "a token or a rank twice in its 260 lines"),
        (lambda data: data.partition(b"\n")[2], "no token for the byte 0"),
        (lambda data: b'{"model": 1}', "line 1 of"),
        (lambda data: b"", "no token for the byte 0"),
    ],
)
def test_wrong_rank_files(change: Callable[[bytes], bytes], message: str) -> None:
    """A line that is none, a rank twice and a byte without a token are told with the file."""
    with pytest.raises(TokenCounterError, match=message):
        read_ranks(change(bytes_of_latin()), "ranks.model")
