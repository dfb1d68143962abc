"""A recipe's rules by class and language: the first that fires is the reason, all that fire are told."""

import numpy as np
import pytest

from udfs.filtering import LANGUAGE, LANGUAGE_SCORE, findings, plan
from udfs.rules import UnknownNameError
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
