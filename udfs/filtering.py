"""Which documents a recipe's rules drop: rule sets by class and language over signal columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from udfs.rules import RULE_SETS, Rule, RuleSet, UnknownNameError, evaluate, for_language, with_overrides

LANGUAGE_SCORE, LANGUAGE = "language.score.low", "language.not_wanted"


@dataclass(frozen=True, slots=True)
class FilterPlan:
    """The rules of a recipe, looked up and merged.

    Parameters
    ----------
    rules : mapping of str to RuleSet
        The rules of each class.
    thresholds : mapping of str to float
        Limits that a recipe sets; they win over those of a language.
    min_language_score : mapping of str to float
        Least confidence of the language, by class; a class without one has no such rule.
    languages : frozenset of str
        Languages that may stay; empty: all.
    """

    rules: Mapping[str, RuleSet]
    thresholds: Mapping[str, float]
    min_language_score: Mapping[str, float]
    languages: frozenset[str]


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that fired on a document: its name, and what was seen against what is allowed."""

    rule: str
    seen: str


def plan(
    sets: Mapping[str, Sequence[str]],
    thresholds: Mapping[str, float],
    *,
    min_language_score: Mapping[str, float],
    languages: Sequence[str] = (),
) -> FilterPlan:
    """Look up rule sets by name.

    Parameters
    ----------
    sets : mapping of str to sequence of str
        Class to the names of its rule sets; a rule that stands in several counts once, at its first place.
    thresholds : mapping of str to float
        Rule name to another limit.
    min_language_score, languages
        See `FilterPlan`.

    Raises
    ------
    UnknownNameError
        When there is no such rule set, or no class has a rule that a threshold names.
    """
    merged = {}
    for cls, names in sets.items():
        if unknown := [name for name in names if name not in RULE_SETS]:
            raise UnknownNameError("rule set", unknown[0], list(RULE_SETS))
        first: dict[str, Rule] = {}
        for name in names:
            for rule in RULE_SETS[name].rules:
                first.setdefault(rule.name, rule)
        merged[cls] = RuleSet(cls, tuple(first.values()))
    known = sorted({rule.name for rule_set in merged.values() for rule in rule_set.rules})
    for name in thresholds:
        if name not in known:
            raise UnknownNameError("rule", name, known)
    return FilterPlan(merged, dict(thresholds), dict(min_language_score), frozenset(languages))


def findings(
    plan: FilterPlan, columns: Mapping[str, NDArray[np.float64]], *, classes: Sequence[str], languages: Sequence[str]
) -> list[tuple[Finding, ...]]:
    """Return for each document every rule that fires, in the order of its class's rules; none: it stays.

    Parameters
    ----------
    plan : FilterPlan
        The rules.
    columns : mapping of str to array of float64
        Signals and ``lang_score``, one value a document.
    classes, languages : sequence of str
        Class and language of each document.
    """
    found: list[tuple[Finding, ...]] = [()] * len(classes)
    groups: dict[tuple[str, str], list[int]] = {}
    for i, group in enumerate(zip(classes, languages, strict=True)):
        groups.setdefault(group, []).append(i)
    for (cls, lang), places in groups.items():
        rules = _limits(plan, cls, lang)
        here = {name: values[places] for name, values in columns.items()}
        fired = evaluate(rules, here)
        for j, place in enumerate(places):
            by_rule = [
                Finding(rule.name, f"{here[rule.signal][j]:.6g} {rule.op} {rule.limit:g}")
                for rule, hit in zip(rules.rules, fired[:, j], strict=True)
                if hit
            ]
            found[place] = (*_language(plan, cls, lang, float(here["lang_score"][j])), *by_rule)
    return found


def _limits(plan: FilterPlan, cls: str, lang: str) -> RuleSet:
    rules = for_language(plan.rules.get(cls, RuleSet(cls, ())), lang)
    names = {rule.name for rule in rules.rules}
    return with_overrides(rules, {name: limit for name, limit in plan.thresholds.items() if name in names})


def _language(plan: FilterPlan, cls: str, lang: str, score: float) -> tuple[Finding, ...]:
    if plan.languages and lang not in plan.languages:
        return (Finding(LANGUAGE, lang),)
    least = plan.min_language_score.get(cls, 0.0)
    return (Finding(LANGUAGE_SCORE, f"{score:.6g} < {least:g}"),) if score < least else ()
