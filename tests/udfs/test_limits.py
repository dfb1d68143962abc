"""Limits and stop words fitted on made-up documents whose distributions are known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from udfs.limits import (
    LEAST_STOP_WORDS,
    MOST_STOP_WORDS,
    Fitted,
    family,
    fit,
    fits,
    frequencies,
    function_words,
    stop_word_counts,
    with_hand_set,
)
from udfs.rules import RULE_SETS, Rule
from udfs.rules.evaluate import Guard

LONG = Rule("long", "mean_word_chars", ">", 10, "test")
SHORT = Rule("short", "mean_word_chars", "<", 3, "test")
REPEATS = Rule("repeats", "dup_5gram_char_share", ">", 0.6, "test")
DIGITS = Rule("digits", "digit_char_share", ">", 0.35, "test")
LINES = Rule("lines", "terminal_line_share", "<", 0.1, "test")
RULES = (LONG, SHORT, REPEATS, DIGITS, LINES)
SIGNALS = tuple(dict.fromkeys(rule.signal for rule in RULES))


def documents(n: int, seed: int = 0) -> dict[str, np.ndarray]:
    """English as made up here: 2 % of words too long, 1 % too short, 3 % repetitive, 5 % without terminal marks."""
    rng = np.random.default_rng(seed)
    places = {name: rng.permutation((np.arange(n) + 0.5) / n) for name in SIGNALS}
    knots = {
        "mean_word_chars": ([0, 0.01, 0.98, 1], [2, 3, 10, 14]),
        "dup_5gram_char_share": ([0, 0.97, 1], [0, 0.6, 1]),
        "digit_char_share": ([0, 1], [0, 0.2]),
        "terminal_line_share": ([0, 0.05, 1], [0, 0.1, 1]),
    }
    return {name: np.interp(places[name], *knots[name]) for name in SIGNALS}


def by_name(found: tuple[Fitted, ...]) -> dict[str, Fitted]:
    """The fitted limits by rule."""
    return {one.rule.name: one for one in found}


@pytest.mark.parametrize("n", [60, 200, 2_000, 20_000])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_language_like_english_gets_its_limits(n: int, seed: int) -> None:
    """With English's own distribution every limit is the English one, however many documents there are."""
    found = fit(documents(20_000), documents(n, seed), RULES)
    assert [one.rule.name for one in found] == ["long", "short", "repeats", "lines"]
    assert not any(one.moved for one in found)
    assert all(one.before == one.after for one in found)


@given(st.lists(st.floats(0, 1), min_size=50, max_size=300), st.floats(0.05, 0.95))
@settings(deadline=None)
def test_any_sample_against_itself(values: list[float], limit: float) -> None:
    """Whatever the distribution and the limit, equal samples leave the limit where it is."""
    rule = Rule("lines", "terminal_line_share", "<", limit, "test")
    columns = {"terminal_line_share": np.array(values)}
    (one,) = fit(columns, columns, (rule,))
    assert one.limit == limit


def test_known_quantiles_are_matched() -> None:
    """Words half as long again: the limits move to where the same share goes, within the error of the samples."""
    english, language = documents(20_000), documents(20_000, 1)
    language["mean_word_chars"] = language["mean_word_chars"] * 1.5
    found = by_name(fit(english, language, RULES))
    assert found["long"].limit == pytest.approx(15, abs=0.3)
    assert found["long"].after == pytest.approx(0.02, abs=0.004)
    assert found["long"].before > 0.3
    assert found["short"].limit == pytest.approx(4.5, abs=0.4)
    assert found["short"].limit > 3
    assert not found["repeats"].moved


def test_few_documents_move_a_limit_less() -> None:
    """The same difference moves a limit further the more documents speak for it, and never past where the quantiles match."""
    limits = []
    for n in (100, 1_000, 20_000):
        language = documents(n, 1)
        language["terminal_line_share"] = language["terminal_line_share"] * 0.5
        limits.append(by_name(fit(documents(20_000), language, RULES))["lines"].limit)
    assert limits == sorted(limits, reverse=True)
    assert 0.05 <= limits[-1] < limits[0] <= 0.1


def test_a_limit_may_become_stricter() -> None:
    """Where a language's documents stay far on the safe side, the limit follows them."""
    language = documents(20_000, 1)
    language["mean_word_chars"] = language["mean_word_chars"] * 0.5
    found = by_name(fit(documents(20_000), language, RULES))
    assert found["long"].limit == pytest.approx(5, abs=0.3)
    assert found["short"].limit == pytest.approx(1.5, abs=0.1)


def test_junk_does_not_vote() -> None:
    """A tenth of the documents is junk that other rules see: it does not loosen the limits."""
    english, language = documents(5_000), documents(5_000, 1)
    language["digit_char_share"][:500] = 0.9
    language["mean_word_chars"][:500] = 40
    language["dup_5gram_char_share"][:500] = 0.99
    assert not any(one.moved for one in fit(english, language, RULES))


def test_trust_is_by_the_languages_own_limits() -> None:
    """Words so short that English limits drop all of them leave enough documents to fit the other rules on."""
    language = documents(2_000, 1)
    language["mean_word_chars"] = language["mean_word_chars"] * 0.1
    language["terminal_line_share"] = language["terminal_line_share"] * 0.5
    found = by_name(fit(documents(2_000), language, RULES))
    assert found["short"].limit < 1
    assert found["lines"].documents > 1_800
    assert found["lines"].moved


def test_repetition_moves_halfway_at_most() -> None:
    """Where half of a language repeats itself, the limit stops halfway to 1."""
    language = documents(2_000, 1)
    language["dup_5gram_char_share"][:1000] = 0.95
    one = by_name(fit(documents(2_000), language, RULES))["repeats"]
    assert one.limit == 0.8
    assert one.after > 0.4


def test_too_few_documents_change_nothing() -> None:
    """Below the least number a rule keeps its limit, and NaN and guarded documents do not count towards it."""
    language = documents(100, 1)
    language["mean_word_chars"] = language["mean_word_chars"] * 3
    assert by_name(fit(documents(1_000), language, RULES, least=50))["long"].moved
    language["mean_word_chars"][:60] = np.nan
    one = by_name(fit(documents(1_000), language, RULES, least=50))["long"]
    assert not one.moved
    assert one.documents <= 40
    guarded = Rule("long", "mean_word_chars", ">", 10, "test", unless=(Guard("digit_char_share", ">", 0.1),))
    (one,) = fit(documents(1_000), documents(1_000, 1), (guarded,))
    assert one.documents == 500


@pytest.mark.parametrize("n", [0, 1, 49])
def test_hardly_any_documents(n: int) -> None:
    """No documents, or nearly none, are no error."""
    assert not any(one.moved for one in fit(documents(500), documents(n, 1), RULES))
    assert not any(one.moved for one in fit(documents(0), documents(500, 1), RULES))


def test_one_page_sets_no_limit() -> None:
    """The most extreme of sixty documents goes, rather than the limit following it."""
    language = documents(60, 1)
    language["mean_word_chars"] = np.minimum(language["mean_word_chars"] * 1.2, 13)
    language["mean_word_chars"][7] = 500
    assert by_name(fit(documents(20_000), language, RULES))["long"].limit <= 13


def test_hand_set_limits_are_measured() -> None:
    """A limit that is set by hand stays, and what it drops is counted."""
    language = documents(1_000, 1)
    one = with_hand_set(by_name(fit(documents(1_000), language, RULES))["long"], language, 12)
    assert one.limit == 12
    assert one.after == pytest.approx(0.01, abs=0.002)


def test_what_is_fitted() -> None:
    """Limits that depend on how a language is written are fitted; counts of words and what is no language are not."""
    fitted = {rule.name for rule in RULE_SETS["multilingual"].rules if fits(rule)}
    assert {"gopher.mean_word.low", "gopher.dup_5gram.high", "gopher.stop_words.low", "fineweb.newlines.high"} <= fitted
    assert not {"empty", "gopher.word_count.low", "llama3.kl_outlier", "llama3.digits", "llama3.dirty_words"} & fitted
    assert family(REPEATS) == family(Rule("top", "top_2gram_char_share", ">", 0.2, "test"))
    assert family(LONG) != family(LINES)


FUNCTION = ["la", "de", "y", "en", "el", "que", "un", "con", "por", "no", "se", "lo"]
CONTENT = ["kernel", "puerto", "tabla", "cocina", "musica", "historia", "viaje", "verano"]


def texts() -> tuple[list[list[str]], list[str]]:
    """Documents of eight subjects on four sites, each with a menu that its site puts on every page."""
    found, sites = [], []
    for i in range(80):
        words = [FUNCTION[(i + j) % len(FUNCTION)] for j in range(60)] + [CONTENT[i % 8]] * 30
        found.append([*words, f"menu{'abcd'[i % 4]}", "2026", "c3", "ver"[: i % 4]])
        sites.append(f"site{i % 4}.example")
    return [[word for word in words if word] for words in found], sites


def test_function_words() -> None:
    """Frequent, short and evenly spread words are found; subjects, menus and what holds digits are not."""
    found = function_words(*texts())
    assert set(FUNCTION) <= set(found)
    assert not set(CONTENT) & set(found)
    assert not any(word.startswith("menu") or any(map(str.isdigit, word)) for word in found)
    assert LEAST_STOP_WORDS <= len(found) <= MOST_STOP_WORDS
    shuffled = list(zip(*texts(), strict=True))[::-1]
    assert function_words([words for words, _ in shuffled], [site for _, site in shuffled]) == found


def test_a_word_of_one_site_is_none() -> None:
    """What nearly all pages hold, because nearly all are of one site, is its menu; the same word on all sites is none."""
    documents_, _ = texts()
    sites = ["big.example" if i % 10 else f"small{i % 7}.example" for i in range(len(documents_))]
    everywhere = [[*words, "nav"] for words in documents_]
    one_site = [[*words, *(["nav"] if site == "big.example" else [])] for words, site in zip(documents_, sites, strict=True)]
    assert "nav" in function_words(everywhere, sites)
    assert "nav" not in function_words(one_site, sites)


def test_uneven_words_come_last() -> None:
    """Of two words that all documents hold as often in all, the one that is bunched in few of them is worse."""
    documents_, sites = texts()
    for i, words in enumerate(documents_):
        words.extend(["ab"] * 5 + (["ac"] * 81 if i % 16 == 0 else ["ac"]))
    found = function_words(documents_, sites)
    assert found.index("ab") < found.index("ac")


def test_quoted_english_is_left_out() -> None:
    """A word that is more frequent in English documents is English."""
    documents_, sites = texts()
    english = [["no", "la"] if i else ["no"] for i in range(10)]
    assert frequencies(english) == {"no": 1.0, "la": 0.9}
    found = function_words(documents_, sites, elsewhere={"no": 1.1, "la": 0.9})
    assert "no" not in found
    assert "la" in found


def test_too_few_function_words_are_none() -> None:
    """Fewer than ten are no list; no documents are no error."""
    assert function_words([["la", "de"]] * 20, ["a"] * 20) == ()
    assert function_words([], []) == ()
    assert function_words([[], []], ["a", "b"]) == ()


def test_stop_word_counts() -> None:
    """Different stop words count once each."""
    assert stop_word_counts([["la", "la", "de"], [], ["x"]], ("la", "de")).tolist() == [2, 0, 0]
