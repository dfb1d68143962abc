"""Rules act as written: strict limits, NaN passes, unknown names are errors, and real prose of every kind survives."""

import base64
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from udfs import languages
from udfs.rules import (
    RULE_SETS,
    Guard,
    Rule,
    RuleSet,
    UnknownNameError,
    evaluate,
    for_language,
    reasons,
    with_overrides,
)
from udfs.signals import NAMES, compute

PROSE = (
    "The committee met on Monday to discuss the report that had been sent to them by the office. It was agreed that the "
    "figures of the last year were better than those of the year before, but that much remained to be done. A member asked "
    "whether the plan for the new building could be changed, and the chair answered that this would have to wait."
)


def columns(*documents):
    return {name: np.array([document[name] for document in documents]) for name in NAMES}


def why(rule_set, text, language="en", spans=()):
    return reasons(rule_set, evaluate(rule_set, columns(compute(text, language, spans))))[0]


@pytest.mark.parametrize(
    ("value", "op", "limit", "fires"),
    [
        (50, "<", 50, False),
        (49, "<", 50, True),
        (0.1, ">", 0.1, False),
        (0.2, ">", 0.0, True),
        (0, ">", 0, False),
        (math.nan, ">", 0, False),
    ],
)
def test_limits_are_strict_and_nan_passes(value, op, limit, fires):
    """A value at the limit passes, a limit of 0 is a limit, and what is undefined fires nothing."""
    rule = Rule("x", "n_words", op, limit, "test")
    assert evaluate([rule], {"n_words": np.array([float(value)])}).tolist() == [[fires]]


def test_guards_keep_a_rule_silent():
    """A rule with a guard fires only where the guard does not hold; an undefined guard does not hold."""
    rule = Rule("x", "oov_share", ">", 0.5, "test", unless=(Guard("n_words", "<", 50),))
    found = evaluate([rule], {"oov_share": np.array([0.9, 0.9, 0.9]), "n_words": np.array([10, 50, math.nan])})
    assert found.tolist() == [[False, True, True]]


@pytest.mark.parametrize("name", ["n_wrods", "top_2grams_char_share"])
def test_an_unknown_signal_is_an_error(name):
    """A rule cannot name a signal that no one computes: the message gives the closest name."""
    with pytest.raises(UnknownNameError, match=r"did you mean '(n_words|top_2gram_char_share)'"):
        Rule("x", name, ">", 0, "test")
    with pytest.raises(UnknownNameError, match="did you mean"):
        Guard(name, ">", 0)


def test_other_mistakes_are_errors():
    """Unknown rules, missing columns, doubled names, odd comparisons and limits that are no number are refused."""
    with pytest.raises(UnknownNameError, match=r"did you mean 'gopher.word_count.low'"):
        with_overrides(RULE_SETS["gopher"], {"gopher.wordcount.low": 10})
    with pytest.raises(UnknownNameError, match="n_words"):
        evaluate([Rule("x", "n_words", "<", 1, "test")], {"n_chars": np.array([1.0])})
    with pytest.raises(ValueError, match="twice"):
        RuleSet("x", (Rule("a", "n_words", "<", 1, ""), Rule("a", "n_words", ">", 1, "")))
    with pytest.raises(ValueError, match="comparison"):
        Rule("x", "n_words", "<=", 1, "test")
    with pytest.raises(ValueError, match="not a number"):
        Rule("x", "n_words", "<", math.nan, "test")


def test_overrides_change_one_limit():
    """A limit of 0 replaces the old one; the other rules stay as they were."""
    changed = with_overrides(RULE_SETS["gopher"], {"gopher.word_count.low": 0})
    before = {rule.name: rule.limit for rule in RULE_SETS["gopher"].rules}
    assert {rule.name: rule.limit for rule in changed.rules} == {**before, "gopher.word_count.low": 0}


OWN_SETS = sorted(name for name, found in RULE_SETS.items() if not any(rule.signal.startswith("dt_") for rule in found.rules))


@pytest.mark.parametrize("text", ["", " ", "\n\n", "...", "\x00"])
@pytest.mark.parametrize("name", OWN_SETS)
def test_empty_documents_have_one_named_reason(name, text):
    """Whatever holds no word is empty first of all, in every rule set that does not repeat datatrove's answers."""
    assert why(RULE_SETS[name], text)[0] == "empty"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Too short.", "gopher.word_count.low"),
        (f"{PROSE} Lorem ipsum dolor.", "c4.lorem_ipsum"),
        (PROSE.replace(" ", ""), "gopher.word_count.low"),
        ("12 34 56 78 90 " * 20, "gopher.mean_word.low"),
        (PROSE.encode().hex(" "), "llama3.encoded"),
        (base64.b64encode(bytes(i * i * 37 % 251 for i in range(2000))).decode(), "llama3.encoded"),
        ("cheap pills buy now " * 60, "gopher.dup_5gram.high"),
        (PROSE.translate(str.maketrans("aeiou", "xkqtr")), "llama3.consonants"),
        ("Ã©tÃ© Ã  la plage, oÃ¹ " * 3 + PROSE, "llama3.mojibake"),
    ],
)
def test_general_rules_by_example(text, reason):
    """Each kind of bad text has its reason."""
    assert reason in why(RULE_SETS["general"], text)


FUNCTIONS = {
    "Matrix storage": ("newMatrix", "freeMatrix", "copyMatrix"),
    "Details of storage types": ("isVectorlist", "rowPointers"),
    "Setting callbacks": ("setCallback", "unsetCallback"),
    "Locking environments": ("getEnvlock", "tryEnvlock"),
    "User-controlled memory": ("allocPool", "freePool", "resizePool"),
    "Missing and special values": ("NaNmask", "isFinite"),
    "Parsing numbers": ("strtodbl", "strtoint"),
    "Utility functions": ("qsortint", "qsortdbl"),
    "Linear equations": ("lapackQR", "lapackLU"),
}
TAGS = (
    "waterproof jacket sandals vintage leather bracelet ceramic teapot bamboo cutlery cotton blanket velvet cushion copper kettle "
    "wooden spoon linen apron marble coaster scented candle woven basket enamel mug knitted scarf silver earrings garden lantern "
    "folding chair picnic hamper travel pillow camping stove hiking boots yoga mattress skipping rope tennis racket fishing reel"
)
BOTH = {"kl_outlier", "kl_outlier_list"}


def test_an_index_of_functions_is_no_list_of_tags():
    """An index is unlike prose by a bit and stays; tags are further off and go, in lines and in a row."""
    index = "\n\n".join(f"sp_{name}:\n\n{heading}" for heading, names in FUNCTIONS.items() for name in names)
    assert compute(index, "en")["kl_excess"] > 0.5
    assert why(RULE_SETS["llama3"], index) == ()
    assert why(RULE_SETS["llama3"], TAGS.replace(" ", "\n")) == ("llama3.kl_outlier_list",)
    assert why(RULE_SETS["llama3"], TAGS)[0] == "llama3.kl_outlier"


@pytest.mark.parametrize(
    ("signals", "llama3", "general", "multilingual"),
    [
        ({"kl_excess": 0.5}, {"kl_outlier"}, {"kl_outlier"}, set()),
        ({"kl_excess": 1.5}, {"kl_outlier"}, {"kl_outlier"}, BOTH),
        ({"kl_excess": 1.5, "list_line_share": 0.6}, set(), set(), {"kl_outlier_list"}),
        ({"kl_excess": 2.5, "list_line_share": 0.6}, *[{"kl_outlier_list"}] * 3),
        ({"kl_excess": 2.5, "stop_word_share": 0.3}, set(), set(), set()),
        ({"kl_excess": 2.5, "codepoint_word_share": 0.3}, BOTH, set(), BOTH),
        ({"salad_excess": 0.4}, *[{"word_salad"}] * 3),
        ({"salad_excess": 0.4, "list_line_share": 0.6}, *[{"word_salad"}] * 3),
        ({"salad_excess": 0.4, "codepoint_word_share": 0.3}, set(), set(), set()),
        ({"kl_excess": math.nan, "salad_excess": math.nan}, set(), set(), set()),
    ],
)
def test_where_the_kl_rules_are_silent(signals, llama3, general, multilingual):
    """Half sentences are no outlier, a list is one further off, a second language is one in other sets; no salad in code points."""
    values = {
        "kl_excess": -1.0,
        "salad_excess": -1.0,
        "stop_word_share": 0.1,
        "list_line_share": 0.1,
        "codepoint_word_share": 0.0,
    }
    found = columns(dict.fromkeys(NAMES, math.nan) | values | signals)
    for name, expected in (("llama3", llama3), ("general", general), ("multilingual", multilingual)):
        rules = [rule for rule in RULE_SETS[name].rules if rule.signal in ("kl_excess", "salad_excess")]
        assert set(reasons(rules, evaluate(rules, found))[0]) == {f"llama3.{rule}" for rule in expected}


def test_prose_passes_the_plain_recipes():
    """Ordinary prose passes every recipe."""
    for name in ("general", "gopher", "c4", "llama3", "fineweb", "math", "code"):
        text = PROSE if name != "c4" else PROSE + " It was so. They left. That was all."
        assert why(RULE_SETS[name], text) == ()


def test_mathematics_and_code_are_not_judged_as_prose():
    """What the prose rules would drop passes the rules of its class."""
    proof = "\n".join(f"f_{i}(x) = {i}x^{i} + g({i}, {i + 1}), h > 0" for i in range(20))
    code = "\n".join(f"    if (a[{i}] == {i}) {{ return f{i}(a, {i}); }}" for i in range(20))
    assert why(RULE_SETS["math"], proof) == ()
    assert why(RULE_SETS["code"], code) == ()
    assert why(RULE_SETS["general"], proof)


@pytest.mark.parametrize("language", languages.available())
def test_language_files(language):
    """Every language has stop words of its own writing and limits for rules that exist."""
    settings = languages.load(language)
    known = {"language.score.low"} | {rule.name for rules in RULE_SETS.values() for rule in rules.rules}
    assert 8 <= len(settings.stop_words) <= 25
    assert "false" not in settings.stop_words
    assert set(settings.thresholds) <= known
    for name in RULE_SETS:
        assert len(for_language(RULE_SETS[name], language).rules) == len(RULE_SETS[name].rules)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        (
            "zh",
            "这个项目的目的是在不同的地方收集和整理有用的资料。人们可以在这里找到他们想要的文章,也可以为别人写新的内容。没有人会拒绝好的建议,但是不是所有的建议都有用。",
        ),
        (
            "ja",
            "この文書は、システムの管理者のために書かれています。設定ファイルの場所や、サービスを開始する方法について説明します。問題がある場合には、ログを確認してください。",
        ),
        (
            "th",
            "เอกสารนี้เป็นคู่มือสำหรับผู้ใช้ที่ต้องการติดตั้งโปรแกรมในเครื่องของตน และจะอธิบายว่าการตั้งค่ามีผลอย่างไรกับระบบ ผู้อ่านไม่ต้องมีความรู้มาก่อน",
        ),
        (
            "de",
            "Der Ausschuss hat am Montag über den Bericht beraten, der ihm von der Verwaltung vorgelegt worden ist. Es wurde "
            "beschlossen, dass die Zahlen des vergangenen Jahres besser sind als die des Jahres davor, aber auch, dass noch "
            "viel zu tun bleibt. Ein Mitglied fragte, ob sich die Baupläne für das neue Gebäude ändern lassen.",
        ),
    ],
)
def test_other_languages_are_kept(language, text):
    """Ordinary prose of other languages passes with that language's limits."""
    assert why(for_language(RULE_SETS["multilingual"], language), text, language) == ()


@given(st.lists(st.text(max_size=40), min_size=1, max_size=6), st.randoms())
def test_documents_do_not_influence_each_other(texts, chance):
    """A document's reasons are the same alone and in any company."""
    rules = RULE_SETS["general"]
    documents = [compute(text, "en") for text in texts]
    alone = [reasons(rules, evaluate(rules, columns(document)))[0] for document in documents]
    order = list(range(len(texts)))
    chance.shuffle(order)
    together = reasons(rules, evaluate(rules, columns(*(documents[i] for i in order))))
    assert together == [alone[i] for i in order]


def test_no_documents():
    """An empty table has no reasons."""
    empty = {name: np.zeros(0) for name in NAMES}
    assert evaluate(RULE_SETS["general"], empty).shape == (len(RULE_SETS["general"].rules), 0)
