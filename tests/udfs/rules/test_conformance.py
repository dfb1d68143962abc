"""Every rule of every named set: the published limits, both sides of each, and real texts that sit on them."""

import math

import numpy as np
import pytest

from udfs import datatrove
from udfs.rules import RULE_SETS, Guard, Rule, UnknownNameError, evaluate, reasons
from udfs.rules.fineweb import LIMITS
from udfs.signals import NAMES, compute

TOP = ((2, 0.20), (3, 0.18), (4, 0.16))
DUP = ((5, 0.15), (6, 0.14), (7, 0.13), (8, 0.12), (9, 0.11), (10, 0.10))
EMPTY = ("empty", "n_words", "<", 1)


def gopher_repetition(recipe):
    return [
        (f"{recipe}.dup_lines.high", "dup_line_share", ">", 0.30),
        (f"{recipe}.dup_paragraphs.high", "dup_paragraph_share", ">", 0.30),
        (f"{recipe}.dup_line_chars.high", "dup_line_char_share", ">", 0.20),
        (f"{recipe}.dup_paragraph_chars.high", "dup_paragraph_char_share", ">", 0.20),
        *((f"{recipe}.top_{n}gram.high", f"top_{n}gram_char_share", ">", limit) for n, limit in TOP),
        *((f"{recipe}.dup_{n}gram.high", f"dup_{n}gram_char_share", ">", limit) for n, limit in DUP),
    ]


def c4(sentences):
    return [
        EMPTY,
        ("c4.sentences.low", "n_sentences", "<", sentences),
        ("c4.lorem_ipsum", "lorem_ipsum", ">", 0),
        ("c4.curly_bracket", "curly_char_share", ">", 0),
        ("c4.long_word", "max_word_chars", ">", 1000),
        ("c4.policy_lines.high", "policy_line_share", ">", 0.3),
        ("c4.javascript_lines.high", "javascript_line_share", ">", 0.5),
    ]


def fineweb(copied):
    return [
        EMPTY,
        ("fineweb.terminal_lines.low", "terminal_line_share", "<", 0.12),
        ("fineweb.short_lines.high", "short_line_share", ">", 0.67),
        ("fineweb.dup_line_chars.high", "dup_line_char_share", ">", copied),
        ("fineweb.newlines.high", "newline_word_ratio", ">", 0.3),
    ]


REFINEDWEB = [
    EMPTY,
    ("refinedweb.word_count.low", "n_words", "<", 50),
    ("refinedweb.word_count.high", "n_words", ">", 100_000),
    ("refinedweb.mean_word.low", "mean_word_chars", "<", 3),
    ("refinedweb.mean_word.high", "mean_word_chars", ">", 10),
    ("refinedweb.symbols.high", "symbol_word_ratio", ">", 0.1),
    ("refinedweb.bullet_lines.high", "bullet_line_share", ">", 0.9),
    ("refinedweb.ellipsis_lines.high", "ellipsis_line_share", ">", 0.3),
    ("refinedweb.alpha_words.low", "alpha_word_share", "<", 0.8),
    ("refinedweb.stop_words.low", "stop_word_count", "<", 2),
    *gopher_repetition("refinedweb"),
]


def peer_c4(name):
    return [
        (f"datatrove.{name}.lorem_ipsum", f"dt_{name}_lorem_ipsum", ">", 0),
        (f"datatrove.{name}.curly_bracket", f"dt_{name}_curly_bracket", ">", 0),
        (f"datatrove.{name}.too_few_sentences", f"dt_{name}_sentences", "<", 5),
    ]


PUBLISHED = {
    "gopher": [
        EMPTY,
        ("gopher.word_count.low", "n_words", "<", 50),
        ("gopher.word_count.high", "n_words", ">", 100_000),
        ("gopher.mean_word.low", "mean_word_chars", "<", 3),
        ("gopher.mean_word.high", "mean_word_chars", ">", 10),
        ("gopher.hash_ratio.high", "hash_word_ratio", ">", 0.1),
        ("gopher.ellipsis_ratio.high", "ellipsis_word_ratio", ">", 0.1),
        ("gopher.bullet_lines.high", "bullet_line_share", ">", 0.9),
        ("gopher.ellipsis_lines.high", "ellipsis_line_share", ">", 0.3),
        ("gopher.alpha_words.low", "alpha_word_share", "<", 0.8),
        ("gopher.stop_words.low", "stop_word_count", "<", 2),
        *gopher_repetition("gopher"),
    ],
    "c4": c4(5),
    "c4_tfds": c4(3),
    "c4_bad_words": [EMPTY, ("c4.bad_words", "dirty_hits", ">", 0)],
    "fineweb": fineweb(0.01),
    "fineweb_paper": fineweb(0.1),
    "refinedweb": REFINEDWEB,
    "dclm": REFINEDWEB,
    "starcoder": [
        EMPTY,
        ("starcoder.max_line.high", "code_max_line_chars", ">", 1000),
        ("starcoder.mean_line.high", "code_mean_line_chars", ">", 100),
        ("starcoder.alpha.low", "code_alpha_share", "<", 0.25),
        ("starcoder.data.high", "code_data_share", ">", 0.5),
        ("starcoder.generated", "code_generated", ">", 0),
    ],
    "gopher_repetition_datatrove": [
        ("datatrove.gopher_repetition.empty", "dt_dup_line_char_frac", "<", 0),
        ("datatrove.gopher_repetition.dup_para_frac", "dt_dup_para_frac", ">", 0.30),
        ("datatrove.gopher_repetition.dup_para_char_frac", "dt_dup_para_char_frac", ">", 0.20),
        ("datatrove.gopher_repetition.dup_line_frac", "dt_dup_line_frac", ">", 0.30),
        ("datatrove.gopher_repetition.dup_line_char_frac", "dt_dup_line_char_frac", ">", 0.20),
        *((f"datatrove.gopher_repetition.top_{n}_gram", f"dt_top_{n}_gram", ">", limit) for n, limit in TOP),
        *((f"datatrove.gopher_repetition.duplicated_{n}_n_grams", f"dt_dup_{n}_grams", ">", limit) for n, limit in DUP),
    ],
    "gopher_quality_datatrove": [
        ("datatrove.gopher_quality.gopher_short_doc", "dt_non_symbol_words", "<", 50),
        ("datatrove.gopher_quality.gopher_long_doc", "dt_non_symbol_words", ">", 100_000),
        ("datatrove.gopher_quality.gopher_below_avg_threshold", "dt_mean_word_length", "<", 3),
        ("datatrove.gopher_quality.gopher_above_avg_threshold", "dt_mean_word_length", ">", 10),
        ("datatrove.gopher_quality.gopher_too_many_hashes", "dt_hash_per_word", ">", 0.1),
        ("datatrove.gopher_quality.gopher_too_many_ellipsis", "dt_ellipsis_per_word", ">", 0.1),
        ("datatrove.gopher_quality.gopher_too_many_bullets", "dt_bullet_lines", ">", 0.9),
        ("datatrove.gopher_quality.gopher_too_many_end_ellipsis", "dt_ellipsis_lines", ">", 0.3),
        ("datatrove.gopher_quality.gopher_below_alpha_threshold", "dt_alpha_words", "<", 0.8),
        ("datatrove.gopher_quality.gopher_enough_stop_words", "dt_stop_words", "<", 2),
    ],
    "c4_datatrove": peer_c4("c4"),
    "c4_no_punct_datatrove": peer_c4("c4_no_punct"),
    "fineweb_datatrove": [
        ("datatrove.fineweb.empty", "dt_fw_line_punct", "<", 0),
        ("datatrove.fineweb.line_punct_ratio", "dt_fw_line_punct", "<", 0.12),
        ("datatrove.fineweb.short_line_ratio", "dt_fw_short_lines", ">", 0.67),
        ("datatrove.fineweb.char_dup_ratio", "dt_fw_char_dup", ">", 0.01),
        ("datatrove.fineweb.list_ratio", "dt_fw_newlines_per_word", ">", 0.3),
    ],
}
"""Rules of the published sets in the order in which they are asked: name, signal, side, limit."""


@pytest.mark.parametrize("name", sorted(PUBLISHED))
def test_the_published_limits(name):
    """Each set has the rules of its source, all of them, in its order."""
    assert [(rule.name, rule.signal, rule.op, rule.limit) for rule in RULE_SETS[name].rules] == PUBLISHED[name]


# LID, duplicate lines, top 2-4, duplicate 5-10, word length, alphabetic words, end marks, line ends, as read in FineWeb-2.
FINEWEB2 = {
    "deu_Latn": ".821 .263 .169 .153 .137 .141 .134 .126 .117 .108 .098 0 15 .774 0 .152",
    "fra_Latn": ".824 .264 .161 .149 .134 .150 .141 .131 .121 .111 .100 2 11 .812 .100 .185",
    "spa_Latn": ".840 .252 .156 .140 .125 .145 .136 .127 .117 .108 .099 3 14 .825 .182 .138",
    "tur_Latn": ".875 .272 .214 .168 .147 .154 .144 .134 .124 .113 .103 3 21 .773 .091 .222",
    "rus_Cyrl": ".900 .322 .184 .164 .146 .168 .156 .145 .133 .121 .109 3 11 .713 .231 .139",
    "arb_Arab": ".711 .304 .197 .172 .146 .165 .153 .142 .131 .120 .109 2 9 .787 .143 .189",
    "hin_Deva": ".692 .206 .208 .198 .161 .135 .125 .116 .108 .099 .090 2 21 .837 .091 .316",
    "cmn_Hani": ".692 .287 .256 .201 .171 .198 .182 .167 .154 .140 .127 1 5 .735 .106 .178",
    "jpn_Jpan": ".886 .328 .239 .196 .172 .243 .225 .207 .190 .175 .159 1 6 .759 .096 .130",
    "kor_Hang": ".842 .374 .282 .228 .185 .201 .184 .168 .154 .140 .127 1 6 .791 .062 .196",
    "tha_Thai": ".900 .349 .221 .197 .162 .185 .168 .152 .137 .124 .111 2 10 .900 0 .153",
    "khm_Khmr": ".300 .917 .594 .523 .438 .175 .160 .148 .135 .121 .109 2 13 .905 0 .361",
    "mya_Mymr": ".839 .278 .161 .152 .133 .167 .155 .145 .134 .124 .113 2 21 .750 0 .070",
}


@pytest.mark.parametrize("language", sorted(FINEWEB2))
def test_fineweb2_limits(language):
    """The limits of a language are those of FineWeb-2's settings; the rest is English."""
    limits = LIMITS[language]
    _, lines, *grams, low, high, alpha, marks, ends = (float(number) for number in FINEWEB2[language].split())
    flat = [limits.language_score, limits.dup_lines, *limits.top, *limits.dup, *limits.word_length, limits.alpha]
    assert [*flat, limits.line_punct, limits.newlines] == [float(number) for number in FINEWEB2[language].split()]
    prefix = f"fineweb2.{language}."
    rules = {rule.name.removeprefix(prefix): rule.limit for rule in RULE_SETS[f"fineweb2_{language}"].rules}
    names = [*(f"top_{n}gram.high" for n, _ in TOP), *(f"dup_{n}gram.high" for n, _ in DUP)]
    assert [rules[name] for name in names] == grams
    assert (rules["dup_lines.high"], rules["mean_word.low"], rules["mean_word.high"]) == (lines, low, high)
    assert (rules["alpha_words.low"], rules["terminal_lines.low"], rules["newlines.high"]) == (alpha, marks, ends)
    assert (rules["dup_line_chars.high"], rules["stop_words.low"], rules["word_count.low"]) == (0.1, 2, 50)


EVERY = [(name, rule) for name, rule_set in RULE_SETS.items() for rule in rule_set.rules]


@pytest.mark.parametrize(("name", "rule"), EVERY, ids=[f"{name}-{rule.name}" for name, rule in EVERY])
def test_every_rule_at_its_limit(name, rule):
    """A rule fires strictly beyond its limit, on the next number that there is; on NaN only the rules on empty texts do."""
    beyond, within = (math.inf, -math.inf) if rule.op == ">" else (-math.inf, math.inf)
    values = [math.nextafter(rule.limit, within), rule.limit, math.nextafter(rule.limit, beyond), beyond, math.nan]
    columns = {known: np.full(len(values), math.nan) for known in NAMES}
    columns[rule.signal] = np.array(values)
    fired = evaluate(RULE_SETS[name], columns)[RULE_SETS[name].rules.index(rule)]
    assert fired.tolist() == [False, False, True, True, rule.on_nan]
    assert rule.on_nan == (rule.name.rsplit(".", 1)[-1] == "empty")


@pytest.mark.parametrize(("name", "rule"), [(name, rule) for name, rule in EVERY if rule.unless])
def test_every_guard_at_its_limit(name, rule):
    """A guard silences its rule strictly beyond its own limit."""
    beyond = math.inf if rule.op == ">" else -math.inf
    for guard in rule.unless:
        away = math.inf if guard.op == ">" else -math.inf
        columns = {known: np.full(3, math.nan) for known in NAMES}
        columns[rule.signal] = np.full(3, beyond)
        columns[guard.signal] = np.array([guard.limit, math.nextafter(guard.limit, away), math.nan])
        assert rule.fires(columns).tolist() == [True, False, True], name


def test_the_first_reason_is_the_first_rule():
    """Where all rules fire, the reasons stand in the order of the set."""
    for name, expected in PUBLISHED.items():
        columns = {known: np.array([math.inf]) for known in NAMES}
        for _, signal, op, _ in expected:
            columns[signal] = np.array([math.inf if op == ">" else -math.inf])
        found = reasons(RULE_SETS[name], evaluate(RULE_SETS[name], columns))[0]
        assert list(found) == [rule for rule in (row[0] for row in expected) if rule in found]
        assert len(found) >= len({signal for _, signal, _, _ in expected})


def filled(start: str, size: int) -> str:
    """A text filled up with one long word to a number of characters."""
    return start + "z" * (size - len(start))


def spelt(n: int, chars: int) -> str:
    """``n`` different words of so many characters together."""
    letters = "abcdefghijklmnopqrstuvwxy"
    return " ".join(letters[i] * (chars // n + (i < chars % n)) for i in range(n))


def lines(n: int, special: int, one: str, other: str) -> str:
    """``n`` lines, so many of them special; ``{}`` becomes the line's number."""
    return "\n".join((one if i < special else other).replace("{}", str(i)) for i in range(n))


def twice(gram: str, words_chars: int) -> str:
    """An n-gram twice, and one long word, with so many characters of words in all."""
    return f"{gram} {gram} " + "z" * (words_chars - 2 * len(gram.replace(" ", "")))


BOTH = ("gopher", "refinedweb")
QUALITY, REPETITION = "datatrove.gopher_quality.gopher_", "datatrove.gopher_repetition."
EDGES = [
    ((*(f"{r}.word_count.low" for r in BOTH), f"{QUALITY}short_doc"), "word " * 50, "word " * 49),
    ((*(f"{r}.word_count.high" for r in BOTH), f"{QUALITY}long_doc"), "a " * 100_000, "a " * 100_001),
    ((*(f"{r}.mean_word.low" for r in BOTH), f"{QUALITY}below_avg_threshold"), "abc " * 50, "abc " * 49 + "ab"),
    (
        (*(f"{r}.mean_word.high" for r in BOTH), f"{QUALITY}above_avg_threshold"),
        "abcdefghij " * 50,
        "abcdefghij " * 49 + "a" * 11,
    ),
    (
        ("gopher.hash_ratio.high", "refinedweb.symbols.high", f"{QUALITY}too_many_hashes"),
        "ab " * 90 + "#ab " * 10,
        "ab " * 89 + "#ab " * 11,
    ),
    (
        ("gopher.ellipsis_ratio.high", "refinedweb.symbols.high", f"{QUALITY}too_many_ellipsis"),
        "ab " * 90 + "ab... " * 10,
        "ab " * 89 + "ab… " * 11,
    ),
    (
        (*(f"{r}.bullet_lines.high" for r in BOTH), f"{QUALITY}too_many_bullets"),
        lines(10, 9, "- item", "item"),
        lines(10, 10, "• item", ""),
    ),
    (
        (*(f"{r}.ellipsis_lines.high" for r in BOTH), f"{QUALITY}too_many_end_ellipsis"),
        lines(10, 3, "and so...", "and so"),
        lines(10, 4, "and so…", "and so"),
    ),
    ((*(f"{r}.alpha_words.low" for r in BOTH), f"{QUALITY}below_alpha_threshold"), "ab " * 8 + "12 " * 2, "ab " * 7 + "12 " * 3),
    ((*(f"{r}.stop_words.low" for r in BOTH), f"{QUALITY}enough_stop_words"), "the cat that sat", "the cat, the mat"),
    (
        (*(f"{r}.dup_lines.high" for r in BOTH), f"{REPETITION}dup_line_frac"),
        lines(10, 4, "one", "{}"),
        lines(10, 5, "one", "{}"),
    ),
    (
        (*(f"{r}.dup_paragraphs.high" for r in BOTH), f"{REPETITION}dup_para_frac"),
        lines(10, 4, "one\n", "{}\n"),
        lines(10, 5, "one\n", "{}\n"),
    ),
    (tuple(f"{r}.dup_line_chars.high" for r in BOTH), f"aaaa\naaaa\n{'b' * 12}", f"aaaa\naaaa\n{'b' * 11}"),
    ((f"{REPETITION}dup_line_char_frac",), filled("aaaa\naaaa\n", 20), filled("aaaa\naaaa\n", 19)),
    (tuple(f"{r}.dup_paragraph_chars.high" for r in BOTH), f"aaaa\n\naaaa\n\n{'b' * 12}", f"aaaa\n\naaaa\n\n{'b' * 11}"),
    ((f"{REPETITION}dup_para_char_frac",), filled("aaaa\n\naaaa\n\n", 20), filled("aaaa\n\naaaa\n\n", 19)),
    *(
        (tuple(f"{r}.top_{n}gram.high" for r in BOTH), twice(spelt(n, share), 200), twice(spelt(n, share), 199))
        for n, share in ((2, 20), (3, 18), (4, 16))
    ),
    *(
        ((f"{REPETITION}top_{n}_gram",), filled(f"{gram} {gram} ", size), filled(f"{gram} {gram} ", size - 1))
        for n, size, gram in ((2, 200, "a" * 10 + " " + "b" * 9), (3, 100, "abc de fg"), (4, 100, "ab c d e"))
    ),
    *(
        (tuple(f"{r}.dup_{n}gram.high" for r in BOTH), twice(spelt(n, 20 - n), 200), twice(spelt(n, 20 - n), 199))
        for n in range(5, 11)
    ),
    *(
        (
            (f"{REPETITION}duplicated_{n}_n_grams",),
            filled(f"{spelt(n, 20 - n)} " * 2, 100),
            filled(f"{spelt(n, 20 - n)} " * 2, 99),
        )
        for n in range(5, 11)
    ),
    (
        ("c4.sentences.low", "datatrove.c4.too_few_sentences", "datatrove.c4_no_punct.too_few_sentences"),
        "It was so. " * 5,
        "It was so. " * 4,
    ),
    (("c4.lorem_ipsum", "datatrove.c4.lorem_ipsum", "datatrove.c4_no_punct.lorem_ipsum"), "Lorem and ipsum.", "So lorem ipsum."),
    (("c4.curly_bracket", "datatrove.c4.curly_bracket", "datatrove.c4_no_punct.curly_bracket"), "So (it) was.", "So {it was."),
    (("c4.long_word",), "a" * 1000, "a" * 1001),
    (("c4.policy_lines.high",), lines(10, 3, "our privacy policy", "our cat"), lines(10, 4, "our privacy policy", "our cat")),
    (("c4.javascript_lines.high",), lines(10, 5, "use javascript", "use tea"), lines(10, 6, "use javascript", "use tea")),
    (("fineweb.terminal_lines.low", "datatrove.fineweb.line_punct_ratio"), lines(25, 3, "So.", "so"), lines(25, 2, "So.", "so")),
    (
        ("fineweb.short_lines.high", "datatrove.fineweb.short_line_ratio"),
        lines(100, 67, "a" * 30, "a" * 31),
        lines(100, 68, "a" * 30, "a" * 31),
    ),
    (("fineweb.dup_line_chars.high", "datatrove.fineweb.char_dup_ratio"), f"aaaa\naaaa\n{'b' * 392}", f"aaaa\naaaa\n{'b' * 391}"),
    (("fineweb.newlines.high", "datatrove.fineweb.list_ratio"), "ab ab\nab\nab\n" + "ab " * 6, "ab\nab\nab\nab\n" + "ab " * 6),
]


def measured(text):
    found = {**compute(text, "en"), **datatrove.signals(text, text.split())}
    return {name: np.array([value]) for name, value in found.items()}


RULES = {rule.name: rule for _, rule in reversed(EVERY)}


@pytest.mark.parametrize(("names", "passes", "drops"), EDGES, ids=[edge[0][-1] for edge in EDGES])
def test_texts_on_the_edge(names, passes, drops):
    """Through the signals: a text that measures exactly the limit passes, one with the least more goes."""
    on, over = measured(passes), measured(drops)
    for name in names:
        rule = RULES[name]
        if rule.limit:
            assert on[rule.signal][0] == pytest.approx(rule.limit, abs=1e-15), name
        assert not rule.fires(on)[0], name
        assert rule.fires(over)[0], name


def test_the_recipes_of_fineweb_and_c4_differ():
    """Between the limits of two recipes only the stricter drops."""
    copied, four = measured(f"aaaa\naaaa\n{'b' * 32}"), measured("It was so. " * 3)
    assert reasons(RULE_SETS["fineweb"], evaluate(RULE_SETS["fineweb"], copied))[0] != ()
    assert (
        "fineweb.dup_line_chars.high" not in reasons(RULE_SETS["fineweb_paper"], evaluate(RULE_SETS["fineweb_paper"], copied))[0]
    )
    assert "c4.sentences.low" in reasons(RULE_SETS["c4"], evaluate(RULE_SETS["c4"], four))[0]
    assert reasons(RULE_SETS["c4_tfds"], evaluate(RULE_SETS["c4_tfds"], four))[0] == ()


@pytest.mark.parametrize(
    ("text", "signal", "ours", "peer_signal", "peer"),
    [
        ("x\nx\ny", "dup_line_share", 1 / 3, "dt_dup_line_frac", 1 / 3),
        ("x\nx\n", "dup_line_share", 1 / 2, "dt_dup_line_frac", 1 / 3),
        ("\n\n", "dup_line_share", math.nan, "dt_dup_line_frac", 1 / 2),
        ("a a a\na a a", "dup_line_char_share", 5 / 10, "dt_dup_line_char_frac", 5 / 11),
        ("The the the", "stop_word_count", 1, "dt_stop_words", 1),
        ("The be", "stop_word_count", 2, "dt_stop_words", 1),
        ("- x", "bullet_line_share", 1, "dt_bullet_lines", 1),
        ("* x", "bullet_line_share", 1, "dt_bullet_lines", 0),
        ("  • x", "bullet_line_share", 1, "dt_bullet_lines", 1),
        ("so on. . .", "ellipsis_line_share", 1, "dt_ellipsis_lines", 0),
        ("C++, C#", "hash_word_ratio", 1 / 2, "dt_hash_per_word", 1 / 2),
        ("one ninety two", "top_2gram_char_share", 0, "dt_top_2_gram", 10 / 14),
    ],
)
def test_readings_that_differ(text, signal, ours, peer_signal, peer):
    """Where peers read a rule differently: what we measure, and what datatrove does."""
    found = measured(text)
    assert found[signal][0] == pytest.approx(ours, nan_ok=True)
    assert found[peer_signal][0] == pytest.approx(peer, nan_ok=True)


@pytest.mark.parametrize(
    ("text", "gopher", "peer"),
    [
        (" ".join(["a b c d e"] * 3), 1.0, 10 / 29),
        ("a b c d e f", 0.0, 0.0),
    ],
)
def test_two_meanings_of_duplicate_n_grams(text, gopher, peer):
    """Coverage as the paper means it, and datatrove's scan that skips: T1 gives 1 and 10/29."""
    found = measured(text)
    assert (found["dup_5gram_char_share"][0], found["dt_dup_5_grams"][0]) == (gopher, pytest.approx(peer))


@pytest.mark.parametrize(
    ("text", "name", "reason"),
    [
        ("", "gopher_repetition_datatrove", "empty"),
        ("   \n\n  ", "gopher_repetition_datatrove", None),
        ("", "gopher_quality_datatrove", "gopher_short_doc"),
        ("", "fineweb_datatrove", "empty"),
        ("\n \n", "fineweb_datatrove", "empty"),
        ("", "c4_datatrove", "too_few_sentences"),
        ("one ninety two", "gopher_repetition_datatrove", "top_2_gram"),
        ("javascript is {on}.", "c4_datatrove", "too_few_sentences"),
        ("lorem ipsum has {it}.", "c4_datatrove", "lorem_ipsum"),
        ("so it {is}.\nlorem ipsum was it.", "c4_datatrove", "curly_bracket"),
        ("lorem ipsum without an end", "c4_datatrove", "too_few_sentences"),
        ("lorem ipsum without an end", "c4_no_punct_datatrove", "lorem_ipsum"),
    ],
)
def test_first_reasons_of_datatrove(text, name, reason):
    """Texts without words, and which of several rules answers."""
    found = reasons(RULE_SETS[name], evaluate(RULE_SETS[name], measured(text)))[0]
    assert (found[0].rsplit(".", 1)[1] if found else None) == reason


def test_unknown_signals_and_limits_of_zero():
    """A rule on a value that no one computes is an error that names the closest; a limit of 0 is a limit."""
    with pytest.raises(UnknownNameError, match="did you mean 'dt_dup_5_grams'"):
        Rule("x", "dt_dup_5_gramms", ">", 0, "test")
    with pytest.raises(UnknownNameError, match="did you mean 'dt_words'"):
        Guard("dt_wordz", ">", 0)
    rule = Rule("x", "dt_dup_line_frac", ">", 0, "datatrove itself takes 0 for off")
    assert rule.fires({"dt_dup_line_frac": np.array([0.0, 0.001])}).tolist() == [False, True]
    german = next(rule for rule in RULE_SETS["fineweb2_deu_Latn"].rules if rule.name.endswith("mean_word.low"))
    assert german.limit == 0
    assert german.fires({"dt_mean_word_length": np.array([0.0, -1e-9])}).tolist() == [False, True]
