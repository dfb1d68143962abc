"""Forms of answers: the part of JSON schema that prompts use, and answers held against it.

Every form is an object whose keys are all there, in a fixed order, and no others. Values are ``boolean``, ``integer`` with
``minimum`` and ``maximum``, ``string`` with ``enum`` or ``pattern``, or an ``array`` of such with ``maxItems``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

Form = Mapping[str, Any]

_NEEDS: Mapping[str, frozenset[str]] = {
    "boolean": frozenset(),
    "integer": frozenset({"minimum", "maximum"}),
    "string": frozenset({"enum"}),
    "array": frozenset({"items", "maxItems"}),
}
_PATTERN = frozenset({"pattern"})
_LANGUAGE = "mul-Latn"
_SHOWN = 80


class FormError(ValueError):
    """A form that can't be used: where, what was seen, what is allowed."""


class AnswerError(ValueError):
    """An answer is not of the form that was asked for."""


def object_form(properties: Mapping[str, Form]) -> dict[str, Any]:
    """Return the JSON schema of an object with these keys, all of them, in this order, and no others.

    Raises
    ------
    FormError
        When there is no key, or a value's form uses what this module does not know.
    """
    if not isinstance(properties, Mapping) or not properties:
        raise FormError("answer has no keys; write each key with its type, such as 'score: {type: integer, …}'")
    for key, form in properties.items():
        _check(form, f"answer.{key}")
    inner = {key: dict(form) for key, form in properties.items()}
    return {"type": "object", "properties": inner, "required": list(properties), "additionalProperties": False}


def read(answer: str, schema: Form) -> dict[str, Any]:
    """Return an answer's values, in the order of the form.

    Parameters
    ----------
    answer : str
        What the teacher wrote: one JSON object and nothing else.
    schema : mapping
        Made by `object_form`.

    Raises
    ------
    AnswerError
        When it is anything else, however little is missing: an answer is never mended.
    """
    try:
        found = json.loads(answer, object_pairs_hook=_once, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        if isinstance(error, AnswerError):
            raise
        raise AnswerError(f"the answer is no JSON: {answer[:_SHOWN]!r}") from error
    properties: Mapping[str, Form] = schema["properties"]
    if not isinstance(found, dict) or set(found) != set(properties):
        raise AnswerError(f"the answer is no object with the keys {', '.join(properties)}: {answer[:_SHOWN]!r}")
    for key, form in properties.items():
        _hold(found[key], form, key)
    return {key: found[key] for key in properties}


def longest(schema: Form) -> str:
    """Return the longest answer that a form allows, as JSON: what output may cost at most."""
    return json.dumps({key: _longest(form) for key, form in schema["properties"].items()}, ensure_ascii=False)


def _check(form: Form, where: str) -> None:
    kind = str(form.get("type")) if isinstance(form, Mapping) else ""
    if kind not in _NEEDS:
        raise FormError(f"{where}: type {kind!r} is not known; it is one of {', '.join(_NEEDS)}")
    keys = set(form) - {"type"}
    if keys != _NEEDS[kind] and not (kind == "string" and keys == _PATTERN):
        raise FormError(f"{where}: a {kind} has {', '.join(sorted(_NEEDS[kind])) or 'no limits'}, not {', '.join(sorted(keys))}")
    if kind == "array":
        _check(form["items"], f"{where}.items")
    if "enum" in keys and not (isinstance(form["enum"], list) and form["enum"] and all(isinstance(v, str) for v in form["enum"])):
        raise FormError(f"{where}: enum = {form['enum']!r} is no list of names")


def _hold(value: Any, form: Form, key: str) -> None:
    kind = form["type"]
    if kind == "boolean":
        good = isinstance(value, bool)
    elif kind == "integer":
        good = isinstance(value, int) and not isinstance(value, bool) and form["minimum"] <= value <= form["maximum"]
    elif kind == "string":
        good = isinstance(value, str) and (
            value in form["enum"] if "enum" in form else bool(re.fullmatch(form["pattern"], value))
        )
    else:
        good = isinstance(value, list) and len(value) <= form["maxItems"]
        for item in value if good else ():
            _hold(item, form["items"], key)
    if not good:
        limits = ", ".join(f"{name} {json.dumps(form[name])}" for name in form if name not in ("type", "items"))
        raise AnswerError(f"{key} = {json.dumps(value)[:_SHOWN]} is no {kind}{f' with {limits[:300]}' if limits else ''}")


def _longest(form: Form) -> Any:
    if form["type"] == "array":
        return [_longest(form["items"])] * form["maxItems"]
    if form["type"] == "string":
        return max(form["enum"], key=len) if "enum" in form else _LANGUAGE
    return False if form["type"] == "boolean" else form["maximum"]


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise AnswerError(f"a key stands twice in the answer: {', '.join(key for key, _ in pairs)[:_SHOWN]}")
    return found


def _no_number(name: str) -> None:
    raise AnswerError(f"{name} in the answer is no JSON")
