"""From assignments on the command line to a changed recipe: what stored signals can answer is set, the rest is refused by name."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml
from pydantic import ValidationError

from conf.schema import Recipe, Route
from conf.sections import CLASSES
from jobs.predicates import UNROUTED, filter_plan
from udfs import languages
from udfs.rules import RULE_SETS, UnknownNameError, with_overrides

_THRESHOLDS = "filter.thresholds"
_BY_CLASS = ("filter.rules", "filter.min_language_score", "score.min_quality", "score.min_encoder", "score.min_bucket")
_FOLDER = "filter.languages_from"
_PATHS = (_FOLDER, "score.ranks")
_SETTINGS = ("filter.languages", *_PATHS, "score.combine", *(f"route.{name}" for name in Route.model_fields))
# What a section changes, and the stage from which a run has to be done again.
_REFUSED: Mapping[str, tuple[str, str]] = {
    "input": ("what is read", "extract"),
    "extract": ("text", "extract"),
    "sketch": ("keys", "extract"),
    "urls": ("keys", "urls"),
    "corpus": ("keys", "urls"),
    "documents": ("which keys are duplicates", "documents"),
    "lines": ("text", "lines"),
    "clean": ("text", "clean"),
    "encode": ("scores", "encode"),
    "decontaminate": ("what is found in the text", "decontaminate"),
    "balance": ("how much of a knowledge class stays", "balance"),
    "mix": ("sampling", "mix"),
}
_DECIDES_NOTHING = frozenset(("name", "output", "spark", "label", "report"))


class PreviewError(ValueError):
    """What was asked can't be previewed: one line that names it and says what to do."""


@dataclass(frozen=True, slots=True)
class Change:
    """A setting with its value in the run and the one to look at, as people write them."""

    key: str
    before: str
    after: str


def recipe_of(resolved: Mapping[str, Any]) -> Recipe:
    """Read the recipe that a run has stored.

    Raises
    ------
    PreviewError
        When this version no longer knows one of its settings.
    """
    try:
        return Recipe.model_validate({key: value for key, value in resolved.items() if key != "origins"})
    except ValidationError as error:
        raise PreviewError(f"the run's recipe.json: {_first(error)}; run its recipe again with this version") from error


def changed(recipe: Recipe, assignments: Sequence[str]) -> tuple[Recipe, tuple[Change, ...]]:
    """Apply assignments to a recipe.

    Parameters
    ----------
    recipe : Recipe
        The run's settings.
    assignments : sequence of str
        ``key=value``: the name of a rule, or a setting of `filter`, `route` or `score`; the value is YAML.

    Raises
    ------
    PreviewError
        When a key is none of those, or a value is not allowed.
    """
    tree = recipe.model_dump(mode="json")
    keys = [_assign(tree, assignment) for assignment in assignments]
    try:
        after = Recipe.model_validate(tree)
        if _stop_words(after) != _stop_words(recipe):
            raise PreviewError(
                f"{_FOLDER}: its stop words are others than the run's, which changes signals; run clean again with it"
            )
        for rule_set in filter_plan(after.filter).rules.values():
            with_overrides(rule_set, {r.name: after.filter.thresholds.get(r.name, r.limit) for r in rule_set.rules})
    except ValidationError as error:
        raise PreviewError(_first(error)) from error
    except UnknownNameError as error:
        raise PreviewError(_unknown(error, after)) from error
    except ValueError as error:
        raise PreviewError(str(error)) from error
    return after, tuple(_change(key, recipe, after) for key in dict.fromkeys(keys))


def _stop_words(recipe: Recipe) -> dict[str, tuple[str, ...]]:
    folder = recipe.filter.languages_from
    found = ((code, languages.load(code, folder).stop_words) for code in languages.available(folder))
    return {code: words for code, words in found if words}


def _assign(tree: dict[str, Any], assignment: str) -> str:
    """Set one assignment in a tree of settings; return its full key."""
    name, sign, text = assignment.partition("=")
    if not sign or not name:
        raise PreviewError(f"{assignment!r} is no assignment; write rule.threshold=value, e.g. gopher.word_count.low=80")
    key = _key(name.strip())
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise PreviewError(f"{key}: {text!r} is no value: {getattr(error, 'problem', error)}") from error
    if key in _PATHS and isinstance(value, str):
        value = os.path.abspath(value)
    section, _, rest = key.partition(".")
    field, _, entry = rest.partition(".")
    if entry:
        tree[section][field][entry] = value
    else:
        tree[section][field] = value
    return key


def _key(name: str) -> str:
    """Return the full key of a rule or setting that can be previewed."""
    rules = {rule.name for rule_set in RULE_SETS.values() for rule in rule_set.rules}
    if name in rules:
        return f"{_THRESHOLDS}.{name}"
    by_class = [f"{table}.{cls}" for table in _BY_CLASS for cls in CLASSES]
    known = {*_SETTINGS, *_BY_CLASS, *by_class, _THRESHOLDS, *(f"{_THRESHOLDS}.{rule}" for rule in rules)}
    if name in known:
        return name
    for section, (what, stage) in _REFUSED.items():
        if name == section or name.startswith(f"{section}."):
            raise PreviewError(
                f"{name} changes {what}, which stored signals don't tell: set it and run again from stage {stage!r}"
            )
    if name == "stages":
        raise PreviewError("stages changes who decides, which stored signals don't tell: run the other recipe")
    if name.partition(".")[0] in _DECIDES_NOTHING:
        raise PreviewError(f"{name} decides about no document; there is nothing to preview")
    wanted = sorted(known | rules if name.startswith("filter.") else (known - {k for k in known if _THRESHOLDS in k}) | rules)
    near = difflib.get_close_matches(name, wanted, n=1, cutoff=0.0)
    raise PreviewError(f"unknown rule or setting {name!r}; the closest is {near[0]!r}")


def _unknown(error: UnknownNameError, recipe: Recipe) -> str:
    """Say more than that a rule is unknown where it exists, but in no rule set of the recipe."""
    given = {name for names in recipe.filter.rules.values() for name in names}
    if given <= set(RULE_SETS):
        there = {rule.name for name in given for rule in RULE_SETS[name].rules}
        for rule in recipe.filter.thresholds:
            owners = [name for name, rule_set in RULE_SETS.items() if rule in {r.name for r in rule_set.rules}]
            if rule not in there and owners:
                first = max(recipe.filter.rules, key=lambda cls: cls == UNROUTED)
                sets = ",".join((*recipe.filter.rules[first], owners[0]))
                return f"no class of this recipe has the rule {rule!r}; give it one as well, e.g. filter.rules.{first}={sets}"
    return str(error)


def _change(key: str, before: Recipe, after: Recipe) -> Change:
    rule = key.removeprefix(f"{_THRESHOLDS}.")
    if rule != key:
        return Change(rule, _limits(rule, before), _limits(rule, after))
    return Change(key, _value(before, key), _value(after, key))


def _limits(rule: str, recipe: Recipe) -> str:
    """Write the limits of a rule: one, or those of each class, and whether languages have others."""
    if rule in recipe.filter.thresholds:
        return f"{recipe.filter.thresholds[rule]:g}"
    found: dict[str, list[str]] = {}
    for cls, rule_set in filter_plan(recipe.filter).rules.items():
        for one in rule_set.rules:
            if one.name == rule:
                found.setdefault(f"{one.limit:g}", []).append(cls)
    written = [*(limit if len(found) == 1 else f"{limit} ({', '.join(classes)})" for limit, classes in found.items())]
    folder = recipe.filter.languages_from
    others = sum(rule in languages.load(code, folder).thresholds for code in languages.available(folder))
    return ", ".join([*written, *([f"others in {others} languages"] if others else [])]) or "no such rule"


def _value(recipe: Recipe, key: str) -> str:
    value: Any = recipe
    for name in key.split(".", 2):
        value = value.get(name) if isinstance(value, Mapping) else getattr(value, name)
    return ", ".join(_items(value)) or "none"


def _items(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        yield from (f"{name}: {' '.join(_items(inner))}" for name, inner in value.items())
    elif isinstance(value, Iterable) and not isinstance(value, str):
        yield from map(str, value)
    elif value is not None:
        yield f"{value:g}" if isinstance(value, float) else str(value)


def _first(error: ValidationError) -> str:
    problem = error.errors()[0]
    key = ".".join(str(part) for part in problem["loc"] if "[" not in str(part))
    message = problem["msg"].removeprefix("Value error, ")
    shown = "" if isinstance(problem.get("input"), Mapping) else f" = {problem.get('input')!r}"
    return f"{key}{shown}: {message[0].lower()}{message[1:]}"
