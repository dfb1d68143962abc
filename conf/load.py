"""From a recipe file and ``key=value`` overrides to frozen settings, with the origin of every field.

A recipe is YAML. ``extends: other.yaml`` starts from another recipe (its path is relative to the file); sections are merged key by
key. Relative paths in a recipe are relative to its folder; those of overrides to the working directory.
"""

from __future__ import annotations

import difflib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from conf.schema import Recipe

COMMAND_LINE = "command line"
DEFAULT = "default"


class SettingsError(ValueError):
    """A recipe or an override is wrong: names the file, the key, the value and what is allowed."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """A recipe with the origin of each of its fields.

    Parameters
    ----------
    recipe : Recipe
        The settings.
    origins : mapping of str to str
        Dotted key to ``default``, the name of the file, or ``command line``.
    """

    recipe: Recipe
    origins: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Setting:
    """One thing that can be set: dotted key, declared field, and its value where a recipe is at hand."""

    key: str
    field: FieldInfo
    value: Any = None

    @property
    def extra(self) -> Mapping[str, Any]:
        """Unit, source and whether it is a path."""
        extra = self.field.json_schema_extra
        return extra if isinstance(extra, dict) else {}


def resolve(path: str | Path, overrides: Sequence[str] = ()) -> Resolved:
    """Read a recipe and apply overrides.

    Parameters
    ----------
    path : str or Path
        The recipe's file.
    overrides : sequence of str
        ``key=value`` with a dotted key; the value is YAML (``input.paths=a,b`` works for lists of names).

    Raises
    ------
    SettingsError
        One line: which file or override, which key, which value, what is allowed.
    """
    tree, origins = _read(Path(path), ())
    for override in overrides:
        key, sign, text = override.partition("=")
        if not sign or not key:
            raise SettingsError(f"{override!r} is no override; write key=value, e.g. output.path=runs")
        _set(tree, key, _yaml(text, f"{COMMAND_LINE}, {key}"))
        origins = {k: v for k, v in origins.items() if not k.startswith(f"{key}.")} | {key: COMMAND_LINE}
    _refuse_unknown(tree, origins)
    _absolute(tree, origins, Path(path).resolve().parent)
    try:
        recipe = Recipe.model_validate(tree)
    except ValidationError as error:
        raise SettingsError(_first(error, origins)) from error
    named = {s.key: _origin(s.key, origins) for s in settings(recipe)}
    return Resolved(recipe, {k: Path(v).name if v not in (DEFAULT, COMMAND_LINE) else v for k, v in named.items()})


def settings(recipe: Recipe | None = None) -> Iterator[Setting]:
    """Every leaf that can be set, in the order of the schema; with values where a recipe is given."""
    yield from _leaves(Recipe, recipe, "")


def digest_source(section: BaseModel) -> str:
    """Return a section's values as canonical JSON, which fingerprints are made of."""
    return json.dumps(section.model_dump(mode="json"), sort_keys=True, ensure_ascii=True)


def _leaves(model: type[BaseModel], value: BaseModel | None, prefix: str) -> Iterator[Setting]:
    for name, field in model.model_fields.items():
        inner = getattr(value, name) if value is not None else None
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from _leaves(field.annotation, inner, f"{prefix}{name}.")
        else:
            yield Setting(f"{prefix}{name}", field, inner)


def _read(path: Path, chain: tuple[Path, ...]) -> tuple[dict[str, Any], dict[str, str]]:
    if path in chain:
        raise SettingsError(f"{path}: extends itself by way of {chain[-1].name}")
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise SettingsError(f"recipe {path}: {error.strerror or error}") from error
    tree = _yaml(text, str(path))
    if not isinstance(tree, dict):
        raise SettingsError(f"recipe {path}: holds no settings; it must be YAML of the form 'key: value'")
    base: dict[str, Any] = {}
    origins: dict[str, str] = {}
    if parent := tree.pop("extends", None):
        base, origins = _read(path.parent / str(parent), (*chain, path))
        # Its paths are relative to its own folder, which need not be ours.
        _absolute(base, origins, (path.parent / str(parent)).resolve().parent)
    _merge(base, tree, origins, str(path), "")
    return base, origins


def _yaml(text: str, where: str) -> Any:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" line {mark.line + 1}" if mark else ""
        raise SettingsError(f"{where}:{line} is no YAML: {getattr(error, 'problem', error)}") from error


def _merge(base: dict[str, Any], over: Mapping[str, Any], origins: dict[str, str], file: str, prefix: str) -> None:
    for key, value in over.items():
        dotted = f"{prefix}{key}"
        if isinstance(value, dict) and isinstance(base.get(key, {}), dict):
            _merge(base.setdefault(key, {}), value, origins, file, f"{dotted}.")
        else:
            base[key] = value
            origins[dotted] = file


def _set(tree: dict[str, Any], key: str, value: Any) -> None:
    defaults = {s.key: s.field.default for s in settings()}
    maps = [name for name, default in defaults.items() if isinstance(default, dict) and key.startswith(f"{name}.")]
    # What follows the name of a map is one key of it, such as the name of a rule, with its dots.
    parents, last = (maps[0].split("."), key.removeprefix(f"{maps[0]}.")) if maps else (key.split(".")[:-1], key.split(".")[-1])
    for depth, parent in enumerate(parents, 1):
        default = defaults.get(".".join(parents[:depth]))
        inner = tree.setdefault(parent, dict(default) if isinstance(default, dict) else {})
        if not isinstance(inner, dict):
            raise SettingsError(f"{COMMAND_LINE}: {key}: {parent!r} is not a section")
        tree = inner
    tree[last] = value


def _refuse_unknown(tree: Mapping[str, Any], origins: Mapping[str, str]) -> None:
    free = {s.key for s in settings() if "dict" in str(s.field.annotation)}
    known = {s.key for s in settings()}
    for key in _dotted(tree, free):
        if key in known or key in {k.split(".")[0] for k in known}:
            continue
        if any(key.startswith(f"{k}.") for k in free):
            continue
        near = difflib.get_close_matches(key, sorted(known), n=1, cutoff=0.4)
        hint = f"; the closest is {near[0]!r}" if near else ""
        raise SettingsError(f"{_origin(key, origins)}: unknown setting {key!r}{hint} (woolmill config --keys lists all)")


def _dotted(tree: Mapping[str, Any], stop: set[str], prefix: str = "") -> Iterator[str]:
    for key, value in tree.items():
        dotted = f"{prefix}{key}"
        if isinstance(value, dict) and dotted not in stop:
            yield from _dotted(value, stop, f"{dotted}.")
            if not value:
                yield dotted
        else:
            yield dotted


def _absolute(tree: dict[str, Any], origins: Mapping[str, str], folder: Path) -> None:
    for leaf in settings():
        if not leaf.extra.get("path"):
            continue
        section, _, name = leaf.key.rpartition(".")
        inner = tree.get(section)
        if not isinstance(inner, dict) or inner.get(name) is None:
            continue
        root = Path.cwd() if origins.get(leaf.key) == COMMAND_LINE else folder
        value = inner[name]
        if isinstance(value, str) and "Names" not in str(leaf.field.annotation) and "tuple" not in str(leaf.field.annotation):
            inner[name] = _rooted(value, root)
        else:
            items = value.split(",") if isinstance(value, str) else value
            inner[name] = [_rooted(str(item).strip(), root) for item in items if str(item).strip()]


def _rooted(value: str, root: Path) -> str:
    """Make a local path absolute; addresses (s3://) and names of what ships here (conf:, model:) stay."""
    if "://" in value or value.startswith(("conf:", "model:")):
        return value
    return os.path.normpath(root / Path(value).expanduser())


def _origin(key: str, origins: Mapping[str, str]) -> str:
    """Where a key was set: by itself, through one of its entries (the command line before files), or with its whole section."""
    below = sorted({v for k, v in origins.items() if k.startswith(f"{key}.")}, key=lambda v: (v != COMMAND_LINE, v))
    if key not in origins and below:
        return below[0]
    while key and key not in origins:
        key = key.rpartition(".")[0]
    return origins.get(key, DEFAULT)


def _first(error: ValidationError, origins: Mapping[str, str]) -> str:
    problem = error.errors()[0]
    key = ".".join(str(part) for part in problem["loc"] if part not in ("tuple[str, ...]", "function-before"))
    origin = _origin(key, origins)
    if problem["type"] == "missing":
        key = "input.paths" if key == "input" else key
        return f"the recipe has no {key!r}; write {key}=… or set it in the file"
    message = problem["msg"].removeprefix("Value error, ")
    value = problem.get("input")
    shown = "" if isinstance(value, dict | BaseModel) else f" = {value!r}"
    return f"{origin}: {key}{shown}: {message[0].lower()}{message[1:]}"
