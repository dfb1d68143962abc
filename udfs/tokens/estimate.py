"""Tokens estimated from bytes, where a run names no tokenizer.

Shares of a mixture are shares of tokens, and characters are no measure of them: English has over four characters a token,
Japanese fewer than two. By bytes the languages lie closer together, so the estimate is bytes over a figure for the
language (``conf/tokens.yaml``), in whole numbers.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

import yaml


@dataclass(frozen=True, slots=True)
class Figures:
    """Bytes per 1,000 tokens: of a class where it has its own figure, else of the language, else ``other``."""

    kinds: Mapping[str, int]
    languages: Mapping[str, int]
    other: int


@cache
def shipped_figures() -> Figures:
    """Return the figures of ``conf/tokens.yaml``."""
    table = yaml.safe_load(resources.files("conf").joinpath("tokens.yaml").read_text(encoding="utf-8"))
    return Figures(table["kinds"], table["languages"], table["other"])


@dataclass(frozen=True, slots=True)
class EstimateCounter:
    """Estimates tokens from bytes."""

    figures: Figures

    @property
    def digest(self) -> str:
        """SHA-256 (hexadecimal) of the figures."""
        table = [dict(self.figures.kinds), dict(self.figures.languages), self.figures.other]
        return hashlib.sha256(json.dumps(table, sort_keys=True).encode()).hexdigest()

    @property
    def estimated(self) -> bool:
        """True."""
        return True

    def count(self, text: str, language: str, kind: str) -> int:
        """Return the estimate, rounded to the nearest whole number and at least 1; 0 for an empty text."""
        if not text:
            return 0
        size = len(text) if text.isascii() else len(text.encode("utf-8", "replace"))
        figures = self.figures
        per_thousand = figures.kinds.get(kind) or figures.languages.get(language, figures.other)
        return max(1, (2000 * size + per_thousand) // (2 * per_thousand))
