"""A recipe's rules by class and language: the first that fires is the reason, all that fire are told."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from udfs.checks import rule_checks
from udfs.filtering import (
    LANGUAGE,
    LANGUAGE_SCORE,
    STAYS,
    Coded,
    findings,
    first_reasons,
    limits,
    plan,
    reason_names,
    signals_read,
)
from udfs.rules import Guard, UnknownNameError
from udfs.signals import NAMES

PLAN = plan({"general": ["gopher"], "code": []}, {}, min_language_score={"general": 0.5})


def columns(n, **values):
    return (
        {name: np.full(n, np.nan) for name in NAMES}
        | {"lang_score": np.ones(n)}
        | {k: np.array(v, float) for k, v in values.items()}
    )


def test_rules_act_by_class():
    """A short general text goes, a short code text has no such rule."""
    found = findings(PLAN, columns(2, n_words=[10, 10]), classes=["general", "code"], languages=["en", "en"])
    assert [[f.rule for f in one] for one in found] == [["gopher.word_count.low"], []]
    assert found[0][0].seen == "10 < 50"


def test_language_comes_first_and_all_reasons_are_told():
    """Confidence of the language is the first rule; the others are evidence."""
    found = findings(PLAN, columns(1, n_words=[10], lang_score=[0.2]), classes=["general"], languages=["en"])
    assert [f.rule for f in found[0]] == [LANGUAGE_SCORE, "gopher.word_count.low"]


def test_only_wanted_languages_stay():
    """A recipe may name the languages that stay."""
    wanted = plan({"general": []}, {}, min_language_score={}, languages=["en"])
    found = findings(wanted, columns(2), classes=["general"] * 2, languages=["en", "fr"])
    assert [[f.rule for f in one] for one in found] == [[], [LANGUAGE]]


def test_the_least_language_score_may_be_the_languages_own(tmp_path):
    """A language file's least score takes the place of its class's, and a recipe's of both; other languages keep their class's."""
    (tmp_path / "fr.yaml").write_text('stop_words: []\nthresholds: {"language.score.low": 0.2}\n')
    made = [
        plan({"multilingual": []}, over, min_language_score={"multilingual": 0.5}, languages_from=str(tmp_path))
        for over in ({}, {LANGUAGE_SCORE: 0.4})
    ]
    scores = columns(3, lang_score=[0.3, 0.1, 0.3])
    told = [findings(one, scores, classes=["multilingual"] * 3, languages=["fr", "fr", "de"]) for one in made]
    assert [[f.seen for f in one] for one in told[0]] == [[], ["0.1 < 0.2"], ["0.3 < 0.5"]]
    assert [[f.seen for f in one] for one in told[1]] == [["0.3 < 0.4"], ["0.1 < 0.4"], ["0.3 < 0.4"]]


def test_a_languages_limits_are_of_prose(tmp_path):
    """Mathematics and code have limits of their own in every language."""
    (tmp_path / "zh.yaml").write_text('stop_words: []\nthresholds: {"gopher.word_count.low": 60}\n')
    sets = {"general": ["general"], "math": ["math"]}
    made = plan(sets, {}, min_language_score={}, languages_from=str(tmp_path))
    least = {cls: {r.name: r.limit for r in limits(made, cls, "zh").rules}["gopher.word_count.low"] for cls in sets}
    assert least == {"general": 60, "math": 20}


def test_a_recipes_threshold_wins():
    """A limit of the recipe replaces the rule set's."""
    stricter = plan({"general": ["gopher"]}, {"gopher.word_count.low": 5}, min_language_score={})
    assert findings(stricter, columns(1, n_words=[10]), classes=["general"], languages=["en"]) == [()]


@pytest.mark.parametrize(
    ("sets", "thresholds", "says"),
    [
        ({"general": ["gofer"]}, {}, "unknown rule set 'gofer'; did you mean 'gopher'"),
        ({"general": ["gopher"]}, {"gopher.words": 1}, "unknown rule 'gopher.words'"),
    ],
)
def test_unknown_names_are_errors(sets, thresholds, says):
    """A rule that does not exist never fails to fire in silence."""
    with pytest.raises(UnknownNameError, match=says):
        plan(sets, thresholds, min_language_score={})


def test_a_rule_that_stands_in_two_sets_counts_once():
    """Sets are merged by rule name, in order."""
    merged = plan({"general": ["llama3", "gopher"]}, {}, min_language_score={}).rules["general"]
    names = [rule.name for rule in merged.rules]
    assert len(names) == len(set(names))
    assert names[0] == "empty"


SETS = {"general": ["gopher", "c4", "llama3"], "code": ["code"], "math": []}
WHOLE = plan(SETS, {"gopher.word_count.low": 30}, min_language_score={"general": 0.5}, languages=["en", "de", "zh"])
EDGES = {
    name: sorted(
        {r.limit for s in WHOLE.rules.values() for r in s.rules if r.signal == name}
        | {g.limit for s in WHOLE.rules.values() for r in s.rules for g in r.unless if g.signal == name}
        | {0.0, 0.5, 60.0}
    )
    for name in signals_read(WHOLE)
}
DOCUMENT = st.tuples(
    st.sampled_from([*SETS, "poems"]),
    st.sampled_from(["en", "de", "zh", "fr"]),
    st.fixed_dictionaries({name: st.sampled_from([*edges, np.nan]) for name, edges in EDGES.items()}),
)


def naive(cls, language, values):
    """Hold every rule against one document, one by one: the oracle."""
    found = [LANGUAGE] if language not in WHOLE.languages else []
    if not found and values["lang_score"] < WHOLE.min_language_score.get(cls, 0.0):
        found.append(LANGUAGE_SCORE)
    for rule in limits(WHOLE, cls, language).rules:
        beyond = {"<": values[rule.signal] < rule.limit, ">": values[rule.signal] > rule.limit}[rule.op]
        silent = any({"<": values[g.signal] < g.limit, ">": values[g.signal] > g.limit}[g.op] for g in rule.unless)
        if (beyond or (rule.on_nan and np.isnan(values[rule.signal]))) and not silent:
            found.append(rule.name)
    return found


@settings(max_examples=60, deadline=None)
@given(documents=st.lists(DOCUMENT, max_size=8))
def test_reasons_findings_and_checks_agree_with_every_rule_held_one_by_one(documents):
    """Whatever a document has: all that fire, the first of them, and what an explanation shows are the same."""
    classes, languages = [d[0] for d in documents], [d[1] for d in documents]
    read = {name: np.array([d[2][name] for d in documents], float) for name in signals_read(WHOLE)}
    expected = [naive(*d) for d in documents]
    found = findings(WHOLE, read, classes=classes, languages=Coded.of(languages))
    assert [[f.rule for f in one] for one in found] == expected
    first = first_reasons(WHOLE, read, classes=Coded.of(classes), languages=languages)
    assert [reason_names(WHOLE)[code] if code != STAYS else None for code in first] == [next(iter(e), None) for e in expected]
    for (cls, language, values), fired in zip(documents, expected, strict=True):
        checks = rule_checks(WHOLE, values, cls=cls, language=language)
        assert [check.rule for check in checks if check.fired] == fired
        assert {rule.name for rule in limits(WHOLE, cls, language).rules} <= {check.rule for check in checks}


def test_a_check_tells_value_limit_and_guards():
    """What a rule has seen stands beside its limit, and a guard that holds says why it is silent."""
    values = dict.fromkeys(NAMES, 0.0) | {"lang_score": 0.9, "dirty_per_1000": 30.0, "dirty_distinct": 2.0, "n_words": None}
    by_name = {check.rule: check for check in rule_checks(WHOLE, values, cls="general", language="de")}
    dirty = by_name["llama3.dirty_words"]
    assert (dirty.value, dirty.op, dirty.limit, dirty.fired) == (30.0, ">", 10, False)
    (guard,) = dirty.unless
    assert Guard(guard.signal, guard.op, guard.limit) == Guard("dirty_distinct", "<", 5)
    assert (guard.value, guard.holds) == (2.0, True)
    assert by_name["gopher.word_count.low"].limit == 30
    assert np.isnan(by_name["gopher.word_count.low"].value)
    assert by_name["empty"].fired
    assert (by_name[LANGUAGE].limit, by_name[LANGUAGE].fired) == ("de, en, zh", False)


def test_evidence_is_written_with_six_digits():
    """The evidence of rules keeps its form, which decisions are stored in."""
    found = findings(PLAN, columns(1, n_words=[10 / 3], lang_score=[1 / 3]), classes=["general"], languages=["en"])
    assert [f.seen for f in found[0]][:2] == ["0.333333 < 0.5", "3.33333 < 50"]


def test_a_class_for_each_language_and_a_column_for_each_rule_are_needed():
    """Documents that do not pair up, or a signal that is not there, are errors that name it."""
    with pytest.raises(ValueError, match="2 classes for 1 languages"):
        findings(PLAN, columns(2), classes=["general"] * 2, languages=["en"])
    with pytest.raises(UnknownNameError, match="n_words"):
        first_reasons(PLAN, {"lang_score": np.ones(1)}, classes=["general"], languages=["en"])


def test_no_documents_have_no_reasons():
    """An empty split is no special case."""
    assert findings(PLAN, columns(0), classes=[], languages=[]) == []
    assert first_reasons(PLAN, columns(0), classes=[], languages=[]).tolist() == []
