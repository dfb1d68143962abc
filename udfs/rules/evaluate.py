"""Rules as predicates over signal columns, and their evaluation."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from udfs import languages
from udfs.signals import NAMES

Op = Literal["<", ">"]
Mask = NDArray[np.bool_]
Columns = Mapping[str, NDArray[np.float64]]


class UnknownNameError(LookupError):
    """A rule or signal that does not exist, with the closest name that does."""

    def __init__(self, kind: str, name: str, known: Sequence[str]) -> None:
        close = difflib.get_close_matches(name, known, n=1, cutoff=0.0)
        super().__init__(f"unknown {kind} {name!r}" + (f"; did you mean {close[0]!r}?" if close else ""))


@dataclass(frozen=True, slots=True)
class Guard:
    """A condition on another signal under which a rule stays silent; on NaN it does not hold."""

    signal: str
    op: Op
    limit: float

    def __post_init__(self) -> None:
        _check(self.signal, self.op)


@dataclass(frozen=True, slots=True)
class Rule:
    """A reason to drop a document: a signal beyond a limit.

    Parameters
    ----------
    name : str
        Recipe, what is measured, and the side, such as ``gopher.word_count.low``.
    signal : str
        One of `NAMES`: a name of `udfs.signals.SIGNALS` or of `udfs.datatrove.ROWS`.
    op : {"<", ">"}
        The side on which the rule fires. Strict: a value equal to the limit passes.
    limit : float
        Any number, 0 included, acts as written.
    source : str
        Where the rule and its limit come from.
    unless : tuple of Guard
        The rule does not fire where any of these holds.
    on_nan : bool
        Whether the rule fires on a signal that is NaN; only the rule on empty documents does.
    """

    name: str
    signal: str
    op: Op
    limit: float
    source: str
    unless: tuple[Guard, ...] = ()
    on_nan: bool = False

    def __post_init__(self) -> None:
        _check(self.signal, self.op)
        if self.limit != self.limit:
            raise ValueError(f"rule {self.name!r}: its limit is not a number; give one")

    def fires(self, columns: Columns) -> Mask:
        """Return for which documents the rule fires."""
        values = columns[self.signal]
        fired = _beyond(values, self.op, self.limit)
        if self.on_nan:
            fired |= np.isnan(values)
        for guard in self.unless:
            fired &= ~_beyond(columns[guard.signal], guard.op, guard.limit)
        return fired


@dataclass(frozen=True, slots=True)
class RuleSet:
    """Named rules in the order in which the first that fires gives the reason."""

    name: str
    rules: tuple[Rule, ...]

    def __post_init__(self) -> None:
        names = [rule.name for rule in self.rules]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"rule set {self.name!r} holds {twice[0]!r} twice; name each rule once")


def evaluate(rules: Sequence[Rule] | RuleSet, columns: Columns) -> Mask:
    """Evaluate rules over columns of signals.

    Parameters
    ----------
    rules : RuleSet or sequence of Rule
        The rules.
    columns : mapping of str to array of float64
        One value a document, by signal; NaN where undefined, which fires no rule but the one on empty documents.

    Returns
    -------
    array of bool, shape (n_rules, n_docs)
        Whether each rule fires on each document.

    Raises
    ------
    UnknownNameError
        When a rule's signal is not among the columns.
    """
    chosen = rules.rules if isinstance(rules, RuleSet) else tuple(rules)
    for rule in chosen:
        for signal in (rule.signal, *(guard.signal for guard in rule.unless)):
            if signal not in columns:
                raise UnknownNameError(f"column for rule {rule.name!r}:", signal, list(columns))
    n_docs = len(next(iter(columns.values()), ()))
    return np.array([rule.fires(columns) for rule in chosen], dtype=np.bool_).reshape(len(chosen), n_docs)


def reasons(rules: Sequence[Rule] | RuleSet, fired: Mask) -> list[tuple[str, ...]]:
    """Return for each document the names of the rules that fired, in the order of the set: the first is the reason."""
    chosen = rules.rules if isinstance(rules, RuleSet) else tuple(rules)
    names = [rule.name for rule in chosen]
    return [tuple(names[i] for i in np.flatnonzero(column)) for column in fired.T]


def with_overrides(rule_set: RuleSet, overrides: Mapping[str, float]) -> RuleSet:
    """Return a rule set with other limits.

    Raises
    ------
    UnknownNameError
        When the set has no rule of a given name.
    """
    names = [rule.name for rule in rule_set.rules]
    for name in overrides:
        if name not in names:
            raise UnknownNameError(f"rule in {rule_set.name!r}:", name, names)
    changed = (replace(rule, limit=float(overrides.get(rule.name, rule.limit))) for rule in rule_set.rules)
    return RuleSet(rule_set.name, tuple(changed))


def for_language(rule_set: RuleSet, language: str) -> RuleSet:
    """Return a rule set with the limits of a language; limits for rules that are not in the set do not matter."""
    names = {rule.name for rule in rule_set.rules}
    limits = languages.load(language).thresholds
    return with_overrides(rule_set, {name: limit for name, limit in limits.items() if name in names})


def _beyond(values: NDArray[np.float64], op: Op, limit: float) -> Mask:
    with np.errstate(invalid="ignore"):
        beyond: Mask = values < limit if op == "<" else values > limit
    return beyond


def _check(signal: str, op: str) -> None:
    if signal not in NAMES:
        raise UnknownNameError("signal", signal, NAMES)
    if op not in ("<", ">"):
        raise ValueError(f"unknown comparison {op!r}; a rule fires on '<' or '>'")
