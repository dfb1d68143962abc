"""What a recipe comes to: every setting with its value, unit, meaning, source and origin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from conf.load import DEFAULT, Setting, resolve, settings


@dataclass(frozen=True, slots=True)
class Shown:
    """One setting as people and scripts see it; a `required` one has no default."""

    key: str
    value: Any
    unit: str
    meaning: str
    source: str
    origin: str
    allowed: str
    required: bool


def resolved(recipe: Path, overrides: Sequence[str]) -> list[Shown]:
    """Return all settings of a recipe, in the order of the schema.

    Parameters
    ----------
    recipe : Path
        The recipe's file.
    overrides : sequence of str
        ``key=value``.

    Raises
    ------
    SettingsError
        When the recipe or an override is wrong.
    """
    found = resolve(recipe, overrides)
    return [_shown(s, s.value, found.origins.get(s.key, DEFAULT)) for s in settings(found.recipe)]


def keys() -> list[Shown]:
    """Return everything that can be set, with defaults."""
    return [_shown(s, None if s.field.is_required() else s.field.get_default(), DEFAULT) for s in settings()]


def _shown(setting: Setting, value: Any, origin: str) -> Shown:
    field, extra = setting.field, setting.extra
    return Shown(
        setting.key,
        list(value) if isinstance(value, tuple) else value,
        str(extra.get("unit", "")),
        field.description or "",
        str(extra.get("source", "")),
        origin,
        _allowed(field.annotation, field.metadata),
        field.is_required(),
    )


def _allowed(annotation: Any, limits: Sequence[Any]) -> str:
    """Write a type the short way, and its limits: ``int, >= 1``."""
    signs = {"ge": ">=", "gt": ">", "le": "<=", "lt": "<", "pattern": "matches", "min_length": "length >="}
    parts = [
        f"{sign} {getattr(limit, name)}"
        for limit in limits
        for name, sign in signs.items()
        if getattr(limit, name, None) is not None
    ]
    return ", ".join([_type(annotation), *parts])


def _type(annotation: Any) -> str:
    kind, inner = get_origin(annotation), get_args(annotation)
    if kind is Annotated:
        return _type(inner[0])
    if kind is Literal:
        return " | ".join(str(value) for value in inner)
    if kind in (Union, UnionType):
        return " | ".join(_type(part) for part in inner)
    if kind is tuple:
        return f"list of {_type(inner[0])}"
    if kind is dict:
        return f"mapping of {_type(inner[0])} to {_type(inner[1])}"
    return {NoneType: "null"}.get(annotation, getattr(annotation, "__name__", str(annotation)))
