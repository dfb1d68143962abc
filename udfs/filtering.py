"""Which documents a recipe's rules drop: rule sets by class and language over signal columns.

One function holds rules against documents (`judge`); the reason, the evidence and the checks of a single document (`udfs.checks`)
are read off what it finds, so that a stage, a preview and an explanation can't disagree.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from udfs.languages import load
from udfs.rules import RULE_SETS, Rule, RuleSet, UnknownNameError, evaluate, with_overrides

LANGUAGE_SCORE, LANGUAGE = "language.score.low", "language.not_wanted"
STAYS = -1
_NO_PROSE = frozenset({"math", "code"})

Columns = Mapping[str, NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class Coded:
    """A name for each document: `names` by number, and the number of each document."""

    names: tuple[str, ...]
    codes: NDArray[np.int64]

    @classmethod
    def of(cls, labels: Sequence[str]) -> Coded:
        """Return names, numbered by their first occurrence."""
        numbers: dict[str, int] = {}
        codes = np.fromiter((numbers.setdefault(name, len(numbers)) for name in labels), np.int64, len(labels))
        return cls(tuple(numbers), codes)

    def __len__(self) -> int:
        return len(self.codes)


Labels = Sequence[str] | Coded


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
    languages_from : str, optional
        Folder of language files whose limits win over the shipped ones (see `udfs.languages.load`).
    """

    rules: Mapping[str, RuleSet]
    thresholds: Mapping[str, float]
    min_language_score: Mapping[str, float]
    languages: frozenset[str]
    languages_from: str | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that fired on a document: its name, and what was seen against what is allowed."""

    rule: str
    seen: str


@dataclass(frozen=True, slots=True)
class Judged:
    """What the rules of one class and language say of its documents.

    Parameters
    ----------
    cls, language : str
        Which documents these are.
    rules : RuleSet
        The rules with the limits that hold here.
    places : array of int
        Where the documents are among all.
    fired : array of bool, shape (2 + n_rules, n_places)
        Whether `LANGUAGE`, `LANGUAGE_SCORE` and each of the rules applies to each document.
    """

    cls: str
    language: str
    rules: RuleSet
    places: NDArray[np.intp]
    fired: NDArray[np.bool_]

    @property
    def reasons(self) -> tuple[str, ...]:
        """Names of the rows of `fired`: the first that fires is a document's reason."""
        return (LANGUAGE, LANGUAGE_SCORE, *(rule.name for rule in self.rules.rules))


def plan(
    sets: Mapping[str, Sequence[str]],
    thresholds: Mapping[str, float],
    *,
    min_language_score: Mapping[str, float],
    languages: Sequence[str] = (),
    languages_from: str | None = None,
) -> FilterPlan:
    """Look up rule sets by name.

    Parameters
    ----------
    sets : mapping of str to sequence of str
        Class to the names of its rule sets; a rule that stands in several counts once, at its first place.
    thresholds : mapping of str to float
        Rule name to another limit.
    min_language_score, languages, languages_from
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
        if name not in known and name != LANGUAGE_SCORE:
            raise UnknownNameError("rule", name, known)
    return FilterPlan(merged, dict(thresholds), dict(min_language_score), frozenset(languages), languages_from)


def limits(plan: FilterPlan, cls: str, language: str) -> RuleSet:
    """Return the rules of a class with the limits that hold in a language: the recipe's win over the language's over the set's.

    A language's limits are of prose: classes with rules of their own pass them over.
    """
    rules = plan.rules.get(cls, RuleSet(cls, ()))
    of_language: Mapping[str, float] = {} if cls in _NO_PROSE else load(language, plan.languages_from).thresholds
    # A language seldom has a limit of its own, and a rule set is slow to make anew.
    here = {
        rule.name: limit
        for rule in rules.rules
        if (limit := plan.thresholds.get(rule.name, of_language.get(rule.name, rule.limit))) != rule.limit
    }
    return with_overrides(rules, here) if here else rules


def least_language_score(plan: FilterPlan, cls: str, language: str) -> float:
    """Return the least language score of a class in a language: the recipe's threshold, else the language's, else the class's."""
    of_language = load(language, plan.languages_from).thresholds
    of_class = plan.min_language_score.get(cls, 0.0)
    return plan.thresholds.get(LANGUAGE_SCORE, of_language.get(LANGUAGE_SCORE, of_class))


def signals_read(plan: FilterPlan) -> tuple[str, ...]:
    """Return the columns that a plan reads, ``lang_score`` among them, sorted."""
    rules = [rule for rule_set in plan.rules.values() for rule in rule_set.rules]
    guards = {guard.signal for rule in rules for guard in rule.unless}
    return tuple(sorted({rule.signal for rule in rules} | guards | {"lang_score"}))


def reason_names(plan: FilterPlan) -> tuple[str, ...]:
    """Return every reason that a plan can give, each once, in the order of classes and rules."""
    rules = (rule.name for rule_set in plan.rules.values() for rule in rule_set.rules)
    return tuple(dict.fromkeys((LANGUAGE, LANGUAGE_SCORE, *rules)))


def judge(plan: FilterPlan, columns: Columns, *, classes: Labels, languages: Labels) -> Iterator[Judged]:
    """Hold the rules against documents, one class and language at a time.

    Parameters
    ----------
    plan : FilterPlan
        The rules.
    columns : mapping of str to array of float64
        Signals and ``lang_score``, one value a document; those of `signals_read` are used.
    classes, languages : sequence of str, or Coded
        Class and language of each document.

    Raises
    ------
    UnknownNameError
        When a column is missing that a rule reads.
    """
    wanted = frozenset(signals_read(plan))
    read = {name: values for name, values in columns.items() if name in wanted}
    for (cls, language), places in _groups(classes, languages):
        here = {name: values[places] for name, values in read.items()}
        rules = limits(plan, cls, language)
        not_wanted = bool(plan.languages) and language not in plan.languages
        unsure = (here["lang_score"] < least_language_score(plan, cls, language)) & (not not_wanted)
        fired = np.vstack([np.full(len(places), not_wanted), unsure, evaluate(rules, here)])
        yield Judged(cls, language, rules, places, fired)


def first_reasons(plan: FilterPlan, columns: Columns, *, classes: Labels, languages: Labels) -> NDArray[np.int16]:
    """Return for each document the place in `reason_names` of the first rule that fires; `STAYS` where none does.

    Parameters
    ----------
    plan, columns, classes, languages
        See `judge`.
    """
    code = {name: i for i, name in enumerate(reason_names(plan))}
    found = np.full(len(classes), STAYS, dtype=np.int16)
    for one in judge(plan, columns, classes=classes, languages=languages):
        codes = np.array([code[name] for name in one.reasons], dtype=np.int16)
        found[one.places] = np.where(one.fired.any(axis=0), codes[one.fired.argmax(axis=0)], STAYS)
    return found


def findings(plan: FilterPlan, columns: Columns, *, classes: Labels, languages: Labels) -> list[tuple[Finding, ...]]:
    """Return for each document every rule that fires, in the order of its class's rules; none: it stays.

    Parameters
    ----------
    plan, columns, classes, languages
        See `judge`.
    """
    found: list[tuple[Finding, ...]] = [()] * len(classes)
    for one in judge(plan, columns, classes=classes, languages=languages):
        least = least_language_score(plan, one.cls, one.language)
        told = [("lang_score", "<", least), *((rule.signal, rule.op, rule.limit) for rule in one.rules.rules)]
        for j in np.flatnonzero(one.fired.any(axis=0)):
            place = one.places[j]
            seen = (one.language, *(f"{columns[signal][place]:.6g} {op} {limit:g}" for signal, op, limit in told))
            found[place] = tuple(Finding(one.reasons[i], seen[i]) for i in np.flatnonzero(one.fired[:, j]))
    return found


def _groups(classes: Labels, languages: Labels) -> Iterator[tuple[tuple[str, str], NDArray[np.intp]]]:
    """Yield each class and language with the places of its documents, ascending."""
    by_class, by_language = _coded(classes), _coded(languages)
    if len(by_class) != len(by_language):
        raise ValueError(f"{len(by_class)} classes for {len(by_language)} languages; give one of each a document")
    group = by_class.codes * len(by_language.names) + by_language.codes
    order = np.argsort(group, kind="stable")
    found, starts = np.unique(group[order], return_index=True)
    for number, places in zip(found, np.split(order, starts[1:]), strict=False):
        cls, language = divmod(int(number), len(by_language.names))
        yield (by_class.names[cls], by_language.names[language]), places


def _coded(labels: Labels) -> Coded:
    return labels if isinstance(labels, Coded) else Coded.of(labels)
