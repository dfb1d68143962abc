"""Every rule held against one document, whether it fires or not: what an explanation shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import nan

import numpy as np

from udfs.filtering import LANGUAGE, LANGUAGE_SCORE, FilterPlan, judge, least_language_score, signals_read
from udfs.quality import REASONS, Limits
from udfs.rules import Guard, Rule


@dataclass(frozen=True, slots=True)
class Held:
    """A guard of a rule on one document; where it `holds`, the rule stays silent."""

    signal: str
    value: float
    op: str
    limit: float
    holds: bool


@dataclass(frozen=True, slots=True)
class Check:
    """One rule held against one document.

    Parameters
    ----------
    rule : str
        Name of the rule: the reason, where it is the first that fires.
    signal : str
        Column that it reads.
    value : float or str
        What the document has there; NaN where there was nothing to measure.
    op : str
        ``<``, ``>``, or ``not in``.
    limit : float or str
        The rule fires where the value is on this side of the limit.
    fired : bool
        Whether it does.
    unless : tuple of Held
        Its guards.
    """

    rule: str
    signal: str
    value: float | str
    op: str
    limit: float | str
    fired: bool
    unless: tuple[Held, ...] = ()


def rule_checks(plan: FilterPlan, values: Mapping[str, float | None], *, cls: str, language: str) -> tuple[Check, ...]:
    """Hold every rule of a class and language against one document, in the order in which the first that fires decides.

    Parameters
    ----------
    plan : FilterPlan
        The rules.
    values : mapping of str to float
        Signals and ``lang_score``; one that is missing or None is NaN.
    cls, language : str
        Class and language of the document.
    """
    given = {name: values.get(name) for name in signals_read(plan)}
    known = {name: nan if value is None else float(value) for name, value in given.items()}
    columns = {name: np.array([value]) for name, value in known.items()}
    (one,) = judge(plan, columns, classes=[cls], languages=[language])
    fired = dict(zip(one.reasons, one.fired[:, 0].tolist(), strict=True))
    found = []
    if plan.languages:
        found.append(Check(LANGUAGE, "lang", language, "not in", ", ".join(sorted(plan.languages)), fired[LANGUAGE]))
    if least := least_language_score(plan, cls, language):
        found.append(Check(LANGUAGE_SCORE, "lang_score", known["lang_score"], "<", least, fired[LANGUAGE_SCORE]))
    return (*found, *(_check(rule, known, fired[rule.name]) for rule in one.rules.rules))


def quality_checks(given: Mapping[str, float | None], cls: str, limits: Limits) -> tuple[Check, ...]:
    """Hold the least quality of a class against one document.

    Parameters
    ----------
    given : mapping of str to float or None
        The columns of `udfs.quality.REASONS`; None, or nothing, where a model does not judge.
    cls : str
        Class of the document.
    limits : Limits
        The settings.
    """
    found = []
    for name, least in limits.held.items():
        value = given.get(name)
        seen = nan if value is None else float(value)
        if cls in least:
            found.append(Check(REASONS[name], name, seen, "<", least[cls], seen < least[cls]))
    return tuple(found)


def _check(rule: Rule, values: Mapping[str, float], fired: bool) -> Check:
    guards = tuple(_held(guard, values[guard.signal]) for guard in rule.unless)
    return Check(rule.name, rule.signal, values[rule.signal], rule.op, rule.limit, fired, guards)


def _held(guard: Guard, value: float) -> Held:
    holds = value < guard.limit if guard.op == "<" else value > guard.limit
    return Held(guard.signal, value, guard.op, guard.limit, holds)
