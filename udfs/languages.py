"""What is set per language: its stop words and the limits that differ from the English ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

_ALIASES = {"nb": "no", "nn": "no", "cmn": "zh", "yue": "zh", "iw": "he", "in": "id", "bs": "hr"}

WITHOUT_BLANKS = frozenset({"zh", "ja", "th", "lo", "km", "my", "bo"})
"""Languages written without blanks between words: their words are code points unless a segmenter is asked for."""

_FIELDS = ("stop_words", "thresholds")


class LanguageFileError(ValueError):
    """A language file that can't be used: which file, what was seen, what is allowed."""


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
def load(code: str, folder: str | None = None) -> Language:
    """Return the settings of a language; one that is not set up has no stop words and the English limits.

    Parameters
    ----------
    code : str
        ISO 639-1 code.
    folder : str, optional
        Folder of language files that replace the shipped ones of the same name, whole; read once a process.

    Raises
    ------
    LanguageFileError
        When the file can't be read or holds anything but ``stop_words`` and ``thresholds``.
    """
    file = _file(canonical(code), folder)
    return Language(code) if file is None else _parsed(code, file)


@cache
def available(folder: str | None = None) -> tuple[str, ...]:
    """Return the codes of the languages that have a file, in the folder or among those that ship here."""
    names = [entry.name for place in _places(folder) for entry in place.iterdir()]
    return tuple(sorted({name.removesuffix(".yaml") for name in names if name.endswith(".yaml")}))


def source(code: str, folder: str | None = None) -> tuple[str, str] | None:
    """Return where a language is set, ``conf:languages/xx.yaml`` or a path, and the text of the file; None if nowhere."""
    file = _file(canonical(code), folder)
    if file is None:
        return None
    own = Path(folder, file.name) if folder is not None else None
    return (str(own) if own is not None and own.is_file() else f"conf:languages/{file.name}", _read(file))


def _parsed(code: str, file: resources.abc.Traversable) -> Language:
    try:
        raw: Any = yaml.safe_load(_read(file)) or {}
    except yaml.YAMLError as error:
        raise LanguageFileError(f"{file}: is no YAML: {getattr(error, 'problem', error)}") from error
    if not isinstance(raw, dict) or set(raw) - set(_FIELDS):
        seen = repr(min(map(str, set(raw) - set(_FIELDS)))) if isinstance(raw, dict) else type(raw).__name__
        raise LanguageFileError(f"languages/{file.name}: unknown field {seen}; allowed: {', '.join(_FIELDS)}")
    try:
        thresholds = {str(rule): float(limit) for rule, limit in sorted((raw.get("thresholds") or {}).items())}
    except (TypeError, ValueError, AttributeError) as error:
        raise LanguageFileError(f"{file}: thresholds are rule names with numbers: {error}") from error
    stop_words = tuple(sorted({str(word).lower() for word in raw.get("stop_words") or ()}))
    return Language(code, stop_words, MappingProxyType(thresholds))


def _file(name: str, folder: str | None) -> resources.abc.Traversable | None:
    files = (place.joinpath(f"{name}.yaml") for place in _places(folder))
    return next((file for file in files if file.is_file()), None) if _is_code(name) else None


def _is_code(name: str) -> bool:
    """Whether this may be the name of a file: no path leads out of the folder."""
    return name.replace("-", "").replace("_", "").isalnum()


def _read(file: resources.abc.Traversable) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise LanguageFileError(f"{file}: can't be read: {error}") from error


def _places(folder: str | None) -> tuple[resources.abc.Traversable, ...]:
    shipped = resources.files("conf").joinpath("languages")
    if folder is None:
        return (shipped,)
    own = Path(folder)
    if not own.is_dir():
        raise LanguageFileError(f"there is no folder {folder} of language files; `woolmill languages fit` writes one")
    return (own, shipped)
