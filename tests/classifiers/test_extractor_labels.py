"""Tests of block labels: the alignment of blocks with a gold text, and what teachers and marked phrases make of a page."""

from __future__ import annotations

import random
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("rapidfuzz", reason="labels are made with rapidfuzz, which only training needs")
pytest.importorskip("readability", reason="one of the teachers is readability-lxml, which only training needs")

from classifiers.extractor.labels import align, gold_labels, matched_shares, tokens
from classifiers.extractor.teachers import Teachers, agreed_labels, agreement, masked, teach, with_phrases

FOX = "the quick brown fox jumps over it"
DOG = "a lazy dog sleeps all the day"
END = "nothing more to say about that matter"
STORY = f"{FOX} {DOG} {END}"
MENU = "home news sports weather jobs cars"

WORDS = st.lists(st.sampled_from("abcdefgh"), max_size=12)
PAGES = st.lists(WORDS, max_size=12)


def split(*blocks: str) -> list[list[str]]:
    """Tokens of some blocks."""
    return [tokens(block) for block in blocks]


def by_table(page: list[str], gold: list[str]) -> int:
    """Length of the longest common subsequence, by the textbook's table."""
    row = [0] * (len(gold) + 1)
    for word in page:
        before = 0
        for at, other in enumerate(gold, 1):
            before, row[at] = row[at], before + 1 if word == other else max(row[at], row[at - 1])
    return row[-1]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("Don't STOP", ["don", "t", "stop"]),
        ("So\u00adft hy\u200bphen", ["soft", "hyphen"]),
        ("Stra\u00dfe cafe\u0301", ["straße", "café"]),
        ("東京 2024 ok", ["東", "京", "2024", "ok"]),
        ("\ud800 a\0b", ["a", "b"]),
    ],
)
def test_tokens(text: str, expected: list[str]) -> None:
    """Words are those of the evaluation's metric."""
    assert tokens(text) == expected


@pytest.mark.parametrize(
    ("blocks", "gold", "expected"),
    [
        ((MENU, FOX, DOG, END, MENU), STORY, [0, 1, 1, 1, 0]),
        ((FOX, "Advertisement", DOG, END), STORY, [1, 0, 1, 1]),
        ((FOX, "Tips", DOG, END), f"{FOX} tips {DOG} {END}", [1, 1, 1, 1]),
        ((FOX, "Tips", DOG, END), f"{FOX} some advice here {DOG} {END}", [1, np.nan, 1, 1]),
        (("the", MENU, FOX, DOG, END, "that"), STORY, [0, 0, 1, 1, 1, 0]),
        ((FOX, "", DOG, END), STORY, [1, np.nan, 1, 1]),
        (("cpu", "i7", "ram", "16", "price", "900"), "cpu i7 ram 16 price 900", [1, 1, 1, 1, 1, 1]),
        (("how foxes jump far", MENU * 2, "how foxes jump far", FOX, DOG), f"how foxes jump far {FOX} {DOG}", [0, 0, 1, 1, 1]),
        ((FOX, DOG, END, MENU, FOX, DOG, END), STORY, [1, 1, 1, 0, 0, 0, 0]),
        ((FOX, FOX, FOX, END), f"{FOX} {FOX} {FOX} {END}", [1, 1, 1, 1]),
        ((f"{FOX} and then it ran", DOG, END), STORY, [1, 1, 1]),
        ((f"{MENU} {MENU} {FOX}", DOG, END), STORY, [0, 1, 1]),
    ],
    ids=[
        "menus", "notice between", "label in gold", "label rewritten", "stray stop words", "no tokens", "cells",
        "breadcrumb and heading", "article twice", "refrain", "more than the gold", "mostly menu",
    ],
)  # fmt: skip
def test_gold_labels(blocks: tuple[str, ...], gold: str, expected: list[float]) -> None:
    """Each case of a page is labelled as a reader would."""
    labels = gold_labels(split(*blocks), tokens(gold))
    np.testing.assert_array_equal(labels, expected)


@pytest.mark.parametrize("gold", ["", "text that a script has put there and no block holds"])
def test_pages_without_their_gold_are_refused(gold: str) -> None:
    """A page that does not hold its gold teaches nothing."""
    assert gold_labels(split(FOX, MENU), tokens(gold)) is None


@given(PAGES, st.lists(st.sampled_from("abcdefgh"), max_size=60))
@settings(max_examples=300, deadline=None)
def test_an_alignment_is_a_common_subsequence(page: list[list[str]], gold: list[str]) -> None:
    """Pairs are equal tokens, in the order of both sides, never more than the longest common subsequence has."""
    partner = align(page, gold).partner
    flat = [word for block in page for word in block]
    pairs = [(at, int(place)) for at, place in enumerate(partner) if place >= 0]
    assert all(flat[at] == gold[place] for at, place in pairs)
    assert (np.diff([place for _, place in pairs]) > 0).all()
    assert len(pairs) <= by_table(flat, gold)
    shares = matched_shares(page, gold)
    assert len(shares) == len(page)
    assert ((shares >= 0) & (shares <= 1)).all()


@given(PAGES, st.data())
@settings(max_examples=200, deadline=None)
def test_whole_blocks_are_found(page: list[list[str]], data: st.DataObject) -> None:
    """A gold that is some of the blocks, unchanged, is matched completely where its runs are long enough."""
    numbered = [[f"{word}{at}" for word in block] for at, block in enumerate(page)]
    chosen = [at for at, block in enumerate(numbered) if len(block) >= 3 and data.draw(st.booleans())]
    shares = matched_shares(numbered, [word for at in chosen for word in numbered[at]])
    assert shares[chosen].tolist() == [1.0] * len(chosen)
    assert shares.sum() == len(chosen)


def test_damaged_gold_keeps_its_labels() -> None:
    """With a tenth of the gold's words replaced, labels stay as they were."""
    rng = random.Random(3)
    vocabulary = [f"w{number}" for number in range(2_000)]
    page = [[vocabulary[int(2_000 * rng.random() ** 2)] for _ in range(rng.randint(5, 60))] for _ in range(300)]
    gold = [word if rng.random() > 0.1 else "other" for block in page[100:200] for word in block]
    labels = gold_labels(page, gold)
    assert labels is not None
    assert labels[100:200].mean() > 0.98
    assert np.delete(labels, slice(100, 200)).mean() == 0


@pytest.mark.parametrize(
    ("page", "gold"),
    [
        ([["a"] * 4] * 20_000, ["a"] * 5_000),
        ([[f"w{at * at % 997}" for at in range(20_000)]], [f"w{at * at % 991}" for at in range(5_000)]),
        ([["x"]] * 100_000, ["x"] * 30_000),
    ],
    ids=["refrain", "no anchor", "single words"],
)
def test_long_pages_are_quick(page: list[list[str]], gold: list[str]) -> None:
    """No page makes the alignment quadratic in a way that hurts."""
    started = time.process_time()
    gold_labels(page, gold)
    assert time.process_time() - started < 5


def test_teachers_agree_or_are_silent() -> None:
    """Only what both outputs have is main content, only what both lack is not."""
    blocks = split(MENU, FOX, DOG, END)
    labels = agreed_labels(blocks, Teachers(STORY, f"{FOX} {DOG}"))
    np.testing.assert_array_equal(labels, [0, 1, 1, np.nan])


@pytest.mark.parametrize("teachers", [Teachers(STORY, ""), Teachers("", ""), Teachers(STORY, MENU)])
def test_pages_on_which_teachers_differ_are_left_out(teachers: Teachers) -> None:
    """No label comes from one teacher alone."""
    assert agreed_labels(split(MENU, FOX, DOG, END), teachers) is None


def test_agreement_is_f1() -> None:
    """The measure of agreement is symmetric and knows the empty text."""
    assert agreement(tokens(FOX), tokens(FOX)) == 1
    assert agreement(["a", "b"], ["b", "c", "d"]) == agreement(["b", "c", "d"], ["a", "b"]) == pytest.approx(0.4)
    assert agreement([], ["a"]) == 0


def test_the_mask_forgets_what_both_teachers_contradict() -> None:
    """A label against two teachers is lost; one against a single teacher stays; without teachers all stay."""
    blocks, labels = split(MENU, FOX, DOG, END), np.array([1.0, 1.0, 1.0, 0.0])
    np.testing.assert_array_equal(
        masked(labels, blocks, Teachers(f"{FOX} {DOG} {END}", f"{FOX} {DOG} {END}")), [np.nan, 1, 1, np.nan]
    )
    np.testing.assert_array_equal(masked(labels, blocks, Teachers(f"{FOX} {DOG} {END}", f"{FOX} {DOG}")), [np.nan, 1, 1, 0])
    np.testing.assert_array_equal(masked(labels, blocks, Teachers("", FOX)), labels)


@pytest.mark.parametrize(
    ("keep", "drop", "expected"),
    [
        (["Lazy dog"], [], [0, 1, 1, np.nan]),
        (["news sports"], [], [1, 1, 0, np.nan]),
        ([], ["brown fox jumps"], [0, 0, 0, np.nan]),
        ([], ["fox"], [0, np.nan, 0, np.nan]),
        ([], ["home"], [0, 1, 0, np.nan]),
        ([], ["say about that"], [0, 1, 0, 0]),
        (["quick brown"], ["jumps over"], [0, np.nan, 0, np.nan]),
        (["the"], ["no such words", "", "?"], [0, 1, 0, np.nan]),
    ],
)
def test_marked_phrases_override(keep: list[str], drop: list[str], expected: list[float]) -> None:
    """A person's word counts more than the labels, where it says something of a whole block."""
    labels = np.array([0.0, 1.0, 0.0, np.nan])
    np.testing.assert_array_equal(with_phrases(labels, split(MENU, FOX, DOG, END), keep, drop), expected)
    np.testing.assert_array_equal(labels, [0, 1, 0, np.nan])


@pytest.mark.parametrize("html", ["", "<", "\0", "<p>" * 3_000, "\ud800", "<?xml version='1.0' encoding='x'?><p>a"])
def test_teachers_never_raise(html: str) -> None:
    """What the two extractors can't read is a page without output."""
    assert all(isinstance(text, str) for text in (teach(html).trafilatura, teach(html).readability))


def test_teachers_find_an_article() -> None:
    """Both extractors are called in a way that works."""
    sentences = "".join(
        f"<p>Sentence {number} of a story, long enough to be told from menus, goes on and on.</p>" for number in range(12)
    )
    found = teach(f"<html><body><nav><a href=/>Home</a></nav><article><h1>Story</h1>{sentences}</article></body></html>")
    assert "Sentence 11 of a story" in found.trafilatura
    assert "Sentence 11 of a story" in found.readability
