"""What is set per language: its stop words and the limits that differ from the English ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from types import MappingProxyType

import yaml

_ALIASES = {"nb": "no", "nn": "no", "cmn": "zh", "yue": "zh", "iw": "he", "in": "id", "bs": "hr"}

WITHOUT_BLANKS = frozenset({"zh", "ja", "th", "lo", "km", "my", "bo"})
"""Languages written without blanks between words: their words here are code points."""


@dataclass(frozen=True, slots=True)
class Language:
    """Settings of a language.

    Parameters
    ----------
    code : str
        ISO 639-1 code.
    stop_words : tuple of str
        Frequent function words in lower case; empty for a language that is not set up.
    thresholds : mapping of str to float
        Limits by rule name that replace the English ones.
    """

    code: str
    stop_words: tuple[str, ...] = ()
    thresholds: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))


def canonical(code: str) -> str:
    """Return the code under which a language is set up: close varieties share one (``nb`` and ``nn`` are ``no``)."""
    return _ALIASES.get(code, code)


@cache
def load(code: str) -> Language:
    """Return the settings of a language; one that is not set up has no stop words and the English limits.

    Raises
    ------
    ValueError
        When a language file holds anything but ``stop_words`` and ``thresholds``.
    """
    name = canonical(code)
    if name not in available():
        return Language(code)
    raw = yaml.safe_load(_folder().joinpath(f"{name}.yaml").read_text(encoding="utf-8")) or {}
    if unknown := sorted(set(raw) - {"stop_words", "thresholds"}):
        raise ValueError(f"languages/{name}.yaml: unknown field {unknown[0]!r}; allowed: stop_words, thresholds")
    thresholds = {rule: float(limit) for rule, limit in sorted((raw.get("thresholds") or {}).items())}
    stop_words = tuple(sorted({str(word).lower() for word in raw.get("stop_words") or ()}))
    return Language(code, stop_words, MappingProxyType(thresholds))


@cache
def available() -> tuple[str, ...]:
    """Return the codes of the languages that have a file."""
    names = (entry.name for entry in _folder().iterdir())
    return tuple(sorted(name.removesuffix(".yaml") for name in names if name.endswith(".yaml")))


def _folder() -> resources.abc.Traversable:
    return resources.files("conf").joinpath("languages")
