"""fastText classifiers: the tokenisation, deterministic training, guards, evaluation, and the three that ship."""

from __future__ import annotations

import json
import math
import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifiers import fasttext_clf as clf
from classifiers import reading, registry, tasks
from classifiers import train as training
from classifiers.fasttext_clf import (
    Classifier,
    Example,
    Recipe,
    TrainingError,
    languages_of,
    load,
    prepare,
    read,
    scores,
    shapes,
    train,
    training_lines,
)
from udfs.fasttext import FastText
from udfs.words import BLANK, SINGLE, WORD, classes, codepoints

TINY = Recipe(lr=0.5, epochs=5, dim=4, min_count=1, bucket=2_000, cutoff=1_000)
WORDS = ("river", "stone", "garden", "letter", "winter", "morning", "teacher", "bridge", "window", "market", "summer", "paper")


def toy(count: int = 300) -> list[Example]:
    """Make texts of two kinds: sentences, and the same words in offers."""
    examples = []
    for i in range(count):
        first, second, third = (f"{WORDS[(i * k) % len(WORDS)]}{chr(97 + i % 23)}" for k in (1, 2, 4))
        examples.append(Example(f"The {first} lies behind the {second}, and the {third} is old.", "good", f"site{i % 7}.example"))
        examples.append(Example(f"{first} $ buy {second} ! cheap {third} $ 9 now !", "bad", f"site{i % 7}.example"))
    return examples


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "toy.ftz"
    train(toy(), TINY, path)
    return path


@pytest.mark.parametrize(
    ("text", "prepared"),
    [
        ("", ""),
        (" \n\t\x00\u00a0\u2028\x85", ""),
        ("Hello, World!", "hello , world !"),
        ("It's 3.14 or 2026", "it ' s 0 . 00 or 0000"),
        ("日本語 text", "日 本 語 text"),
        ("ein\nzwei\r\ndrei\u2028vier", "ein zwei drei vier"),
        (r"\(x^2\) and \[y\]", "$ x ^ 0 $ and $ y $"),
        ("a\ud800b\x00c", "a b c"),
        ("__label__yes", "_ _ label _ _ yes"),
        ("naïve Ω ١٢", "naïve ω ١٢"),
        ("👍🏽x", "👍 🏽 x"),
    ],
)
def test_prepare(text: str, prepared: str) -> None:
    """Case, digits, punctuation, scripts without blanks, controls and lone surrogates are handled as documented."""
    assert prepare(text) == prepared


def spelled_out(text: str) -> str:
    """What `prepare` says, a character at a time, for texts without TeX's brackets."""
    out = []
    for sign in text.lower():
        flags = int(classes(codepoints(sign))[0])
        word, control = bool(flags & int(WORD)), ord(sign) < 33 or 127 <= ord(sign) < 160
        if 0xD800 <= ord(sign) <= 0xDFFF or (not word and (control or flags & int(BLANK))):
            out.append(" ")
        else:
            shown = "0" if sign in "0123456789" else sign
            out.append(shown if word and not flags & int(SINGLE) else f" {shown} ")
    return " ".join("".join(out).split())


@settings(deadline=None, max_examples=200)
@given(st.text(st.characters(), max_size=80).filter(lambda text: "\\" not in text))
def test_prepare_spelled_out(text: str) -> None:
    """The compiled loop gives what the definition says of each character of any script."""
    assert prepare(text) == spelled_out(text)


@settings(deadline=None)
@given(st.text(st.characters(), max_size=200))
def test_prepare_is_total_and_idempotent(text: str) -> None:
    """Any string gives one encodable line without double blanks, and preparing that again changes nothing."""
    once = prepare(text)
    once.encode("utf-8")
    assert not re.search(r"[\n\r\x00]|  |^ | $", once)
    assert prepare(once) == once


@pytest.mark.parametrize("text", ["a" * 500_000, "&" * 500_000, "a b" * 200_000, "\\(" * 300_000, "漢" * 300_000])
def test_prepare_reads_a_bounded_part(text: str) -> None:
    """Of a hostile or huge text only the first 100,000 characters are read."""
    assert prepare(text) == prepare(text[: reading.MAX_CHARS])


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", ""),
        (" \n\t\n", ""),
        ("Home", "¶0un"),
        ("Home\n\n  Home \n", "¶0un ¶0unr"),
        ("• one thing, and\n12 more:", "¶1bn ¶0dc"),
        ("Das ist ein ganzer Satz, der auch endet.", "¶2us"),
        ("那是一个句子。", "¶0ls"),
        ("a" * 300 + "\r\n\x00", "¶5ln ¶0ln"),
        ("\ud800", "¶0ln"),
    ],
)
def test_shapes(text: str, tokens: str) -> None:
    """A token a line: length, beginning, end, and whether the line was there before; blank lines have none."""
    assert shapes(text) == tokens


@settings(deadline=None)
@given(st.text(st.characters(), max_size=200))
def test_a_text_is_read_with_its_shapes_behind_its_words(text: str) -> None:
    """What is read is one encodable line; no token of the words is one of the shapes, and a text without words is nothing."""
    whole, words = read(text, lines=True), read(text, lines=False)
    assert words == prepare(text)
    assert whole == (f"{words} {shapes(text)}" if words else "")
    assert "\n" not in whole
    assert not set(words.split()) & set(shapes(text).split())


def test_a_model_of_lines_tells_apart_what_words_cannot(tmp_path: Path) -> None:
    """The same words in sentences and in a menu are one to a model of words, and two to one that reads the shapes of lines."""
    texts = [(f"{a} {b}\n{b} {c}\n{c} {a}", f"{a} {b} {b} {c} {c} {a}") for a in WORDS for b in WORDS for c in WORDS[:4]]
    examples = [Example(text, label, "x") for pair in texts for text, label in zip(pair, ("bad", "good"), strict=True)]
    with pytest.raises(TrainingError, match="guessing on"):
        train(examples, TINY, tmp_path / "words.ftz")
    recipe = replace(TINY, lines=True)
    train(examples, recipe, tmp_path / "lines.ftz")
    model = Classifier(FastText(tmp_path / "lines.ftz"), "good", lines=True)
    good, bad = model.of("river garden garden stone stone river"), model.of("river garden\ngarden stone\nstone river")
    assert good is not None
    assert bad is not None
    assert good > 0.9 > 0.1 > bad
    assert model.of(" \n ") is None


def test_training_lines_hold_each_text_once_in_hash_order() -> None:
    """Duplicates, texts without tokens and the order of the input do not matter; a label in a text stays text."""
    examples = [Example("One two.", "good", "a"), Example("ONE  two.", "good", "b"), Example(" ", "bad", "c")]
    examples += [Example("__label__bad x", "good", "a"), Example("three", "bad", "a")]
    lines = training_lines(examples)
    assert len(lines) == 3
    assert lines == training_lines(reversed(examples))
    assert all(line.count("__label__") == 1 and line.startswith("__label__") for line in lines)


def test_training_twice_gives_the_same_bytes(model: Path, tmp_path: Path) -> None:
    """Examples in another order, trained again, give the same file, byte for byte."""
    train(reversed(toy()), TINY, tmp_path / "again.ftz")
    assert (tmp_path / "again.ftz").read_bytes() == model.read_bytes()


def test_training_learns(model: Path) -> None:
    """The toy model ranks every unseen good text above every unseen bad one, and its probabilities sum to 1."""
    classifier = Classifier(FastText(model), "good")
    good = classifier.score(prepare("The old bridge lies behind the winter market, and the garden is old."))
    bad = classifier.score(prepare("buy cheap $ bridge ! market $ now !"))
    assert good is not None
    assert bad is not None
    assert good > 0.9 > 0.1 > bad
    other = Classifier(FastText(model), "bad").score(prepare("The old bridge lies behind the winter market."))
    same = classifier.score(prepare("The old bridge lies behind the winter market."))
    assert other is not None
    assert same is not None
    assert math.isclose(other + same, 1, abs_tol=1e-3)


@settings(max_examples=50, deadline=None)
@given(
    words=st.lists(
        st.sampled_from(["old", "bridge", "garden", "winter", "market", "buy", "cheap", "$", "now", "!", "unseen"]),
        min_size=1,
        max_size=30,
    )
)
def test_log_odds_are_those_of_the_librarys_probabilities(model: Path, words: list[str]) -> None:
    """Where the library's probabilities are not at their end, the log-odds are theirs; both labels are opposite."""
    loaded, line = FastText(model), " ".join(words)
    odds, told = loaded.log_odds(line, "good"), dict(loaded.predict_line(line, 2))
    assert math.isclose(odds, -loaded.log_odds(line, "bad"), abs_tol=1e-9)
    assert abs(1 / (1 + math.exp(-odds)) - told.get("good", 0.0)) < 3e-5


def test_what_is_beyond_the_librarys_probabilities_is_told_apart(model: Path) -> None:
    """Two texts of which the library is certain have different scores, and a temperature keeps their order and side."""
    texts = ["buy cheap", "buy cheap ! $ now", "cheap $ ! now now"]
    sure = Classifier(FastText(model), "bad")
    cool = Classifier(FastText(model), "bad", temperature=4.0)
    plain, cooled = ([one.of(text) or 0.0 for text in texts] for one in (sure, cool))
    assert len(set(plain)) == len(set(cooled)) == 3
    assert np.argsort(plain).tolist() == np.argsort(cooled).tolist()
    assert all(0.5 < c < p for p, c in zip(plain, cooled, strict=True))


@settings(max_examples=50, deadline=None)
@given(text=st.text(st.characters(), max_size=100))
def test_scores_are_total(model: Path, text: str) -> None:
    """Any text has a score in 0-1, or None when it has no token."""
    score = Classifier(FastText(model), "good").score(prepare(text))
    assert (score is None) == (not prepare(text))
    assert score is None or 0 <= score <= 1


def test_one_label_is_refused(tmp_path: Path) -> None:
    """A classifier of one label is a mistake of the caller."""
    with pytest.raises(ValueError, match=r"needs examples of two labels, here are .*good"):
        train([Example("a b", "good", "x")], TINY, tmp_path / "x.ftz")


class Garbage:
    """A stand-in for a model of the newer fastText sources, which one thread leaves uninitialised."""

    def __init__(self, weight: float, probability: float, label: str) -> None:
        self.f = self
        self.weight, self.answer = weight, (probability, label)

    def getOutputMatrix(self) -> list[list[float]]:  # noqa: N802
        return [[self.weight]]

    def predict(self, *_: object) -> list[tuple[float, str]]:
        return [self.answer]


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (Garbage(math.nan, 0.9, "__label__good"), "weights that are not finite"),
        (Garbage(1.0, 1.001, "__label__good"), "a probability of 1.001"),
        (Garbage(1.0, 0.9, "__label__good"), "right on 0.500 of its examples, guessing on 0.500"),
    ],
)
def test_a_model_that_is_none_is_refused(model: Any, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Infinite weights, impossible probabilities and a model that learnt nothing stop the training; nothing is written."""
    monkeypatch.setattr(clf, "_trained", lambda *_: model)
    with pytest.raises(TrainingError, match=message):
        train(toy(), TINY, tmp_path / "x.ftz")
    assert not (tmp_path / "x.ftz").exists()


def test_a_build_that_cannot_train_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where another package has taken the module's name, the message says which package to install."""
    import fasttext

    monkeypatch.delattr(fasttext, "train_supervised")
    with pytest.raises(TrainingError, match=r"install fasttext-wheel==0\.9\.2"):
        train(toy(), TINY, tmp_path / "x.ftz")


PROSE = (
    "The committee met on Tuesday to discuss the repair of the old bridge. Its chairman explained that the arches had been weakened "
    "by last winter's floods, and that the work would take at least two years. Several residents asked how traffic would be diverted."
)
JUNK = "Home | About | Contact | Login | Register | Next | Previous | Back to top | Menu | Share | Print | Index | Search"
SOURCE = """The function parses the header and returns an error code:

int parse_header(const char *buf, size_t len) {
    if (buf == NULL || len < 4) { return -1; }
    for (size_t i = 0; i < len; ++i) { sum += buf[i]; }
    return sum;
}

import os
def main(argv: list[str]) -> int:
    return os.system(argv[0])
"""
FORMULAS = r"""Let $G$ be a finite group and let $\chi$ be a character of $G$. Then $\sum_{g \in G} \chi(g) = 0$ unless $\chi$ is
trivial. Proof. The polynomial ring $K[x]$ over the field $K$ is a principal ideal domain, and the matrix $A^{-1} \mathbf{x}$ has the
eigenvalue $\lambda_i$, so that $\int_0^\infty f(x) \, dx = \frac{1}{2} \sum_{k=0}^{n} a_k$. Hence the function $f$ is continuous."""


def test_shipped_models_tell_plain_cases_apart() -> None:
    """The three that ship agree with anybody on plain cases; a text without tokens has no score."""
    prose, junk, source, formulas = (scores(text) for text in (PROSE, JUNK, SOURCE, FORMULAS))
    assert prose["quality"] > 0.9 > 0.5 > junk["quality"]  # type: ignore[operator]
    assert source["code"] > 0.5 > prose["code"]  # type: ignore[operator]
    assert formulas["math"] > 0.5 > prose["math"]  # type: ignore[operator]
    assert set(scores("  \x00 ").values()) == {None}


def test_a_classifier_is_loaded_once() -> None:
    """The same object is given for the same name."""
    assert load("quality") is load("quality")


def test_the_cards_name_the_data_they_were_made_from() -> None:
    """The digests of the training data in the cards are those of the files that are here."""
    data = os.environ.get("WOOLMILL_DATA")
    if not data:
        pytest.skip("WOOLMILL_DATA is not set: the training data is not here")
    for name in tasks.TASKS:
        card = json.loads((registry.folder() / f"{name}.json").read_text(encoding="utf-8"))
        for entry in card["training_data"]:
            assert registry.sha256_of(Path(data) / entry["file"]) == entry["sha256"]


def test_exam_data_is_never_trained_on() -> None:
    """No task reads the test crawl, its truth or its gold texts."""
    files = {file for task in tasks.TASKS.values() for file in task.files}
    assert not [file for file in files if "warc" in file or "truth" in file or "gold" in file]


@pytest.mark.parametrize(
    ("row", "group"),
    [
        ({"domain": "www.debian.org", "source": "x"}, "debian.org"),
        ({"url": "https://docs.scipy.org/doc/a.html", "source": "x"}, "scipy.org"),
        ({"domain": "proxy.example.net", "source": "made-up"}, "example"),
        ({"source": "debian-reference-de"}, "debian.org"),
        ({"source": "cpython-stdlib"}, "python.org"),
        ({"source": "udhr"}, "udhr"),
    ],
)
def test_groups_that_are_held_out_together(row: dict[str, str], group: str) -> None:
    """Texts of one site are one group, from whichever set they come; so are all made-up sites."""
    assert tasks.group_of(row) == group


def test_training_without_data_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without its data the training names the file it looked for and fails."""
    assert training.main(["quality", "--data", str(tmp_path), "--out", str(tmp_path / "out")]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "textclasses.jsonl.xz is not there" in said


def test_a_model_judges_languages_that_it_was_shown_both_sides_of():
    """A language counts with enough examples of each label; texts of unknown language make none."""
    made = [Example("a", label, "g", lang) for lang in ("en", "de") for label in ("good", "bad") for _ in range(3)]
    made += [Example("a", "good", "g", "th")] * 9 + [Example("a", "bad", "g", "hi")] * 9 + [Example("a", "bad", "g")] * 9
    assert languages_of(made, ("good", "bad"), 3) == ("de", "en")
    assert languages_of(made, ("good", "bad"), 4) == ()


def test_quality_is_no_number_where_the_model_knows_nothing_of_the_language():
    """Thai has no quality score and other scores; a text whose language is unknown has all."""
    text = "ภาษาไทยเป็นภาษาที่มีระดับเสียงของคำแน่นอนและใช้อักษรไทยในการเขียน " * 5
    thai, unknown = scores(text, language="th"), scores(text)
    assert thai["quality"] is None
    assert (thai["math"], thai["code"]) == (unknown["math"], unknown["code"])
    assert unknown["quality"] is not None
