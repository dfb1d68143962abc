"""How many tokens a text has: by a tokenizer, or estimated from its bytes.

Shares of a mixture are shares of tokens, and characters are no measure of them: English has over four characters a token,
Japanese fewer than two. By bytes the languages lie closer together, so the estimate is bytes over a figure for the
language (``conf/tokens.yaml``), in whole numbers.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Protocol

import yaml

KINDS = ("estimate", "tokenizers")
"""Ways of counting."""

_LONGEST_RUN = 10_000
"""Characters without a blank that are encoded at once: the cost of a longer run may grow faster than its length."""

_PIECE = 200_000
"""Characters encoded at once, about: bounds the memory of one call."""

_RUN = re.compile(r"\S+")


class TokenCounter(Protocol):
    """Counts the tokens of documents."""

    @property
    def digest(self) -> str:
        """SHA-256 (hexadecimal) of what the counts depend on: the tokenizer's file or the table of figures."""
        ...

    @property
    def estimated(self) -> bool:
        """Whether the counts are estimates."""
        ...

    def count(self, text: str, language: str, kind: str) -> int:
        """Return the number of tokens of a text of a language (ISO 639-1) and class (general, math, code, ...)."""
        ...


class TokenCounterError(ValueError):
    """A setting from which no counter can be made."""


def counter(kind: str, path: str | None = None) -> TokenCounter:
    """Return the counter that the settings name.

    Parameters
    ----------
    kind : {"estimate", "tokenizers"}
        Way of counting.
    path : str, optional
        The ``tokenizer.json`` (Hugging Face format) of kind ``tokenizers``.

    Raises
    ------
    TokenCounterError
        When the kind is unknown, or the file is missing, unreadable or not a tokenizer.
    """
    if kind == "estimate":
        return EstimateCounter(_figures())
    if kind != "tokenizers":
        raise TokenCounterError(f"mix.counter is {kind!r}; allowed are {', '.join(KINDS)}")
    if not path:
        raise TokenCounterError("mix.counter is 'tokenizers' but no tokenizer.json is named; set mix.tokenizer")
    return TokenizerCounter.load(path)


@dataclass(frozen=True, slots=True)
class Figures:
    """Bytes per 1,000 tokens: of a class where it has its own figure, else of the language, else ``other``."""

    kinds: Mapping[str, int]
    languages: Mapping[str, int]
    other: int


@cache
def _figures() -> Figures:
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


@dataclass(frozen=True, slots=True)
class TokenizerCounter:
    """Counts the tokens that a ``tokenizer.json`` makes, without any that it would add to a text."""

    tokenizer: Any
    digest: str

    @classmethod
    def load(cls, path: str) -> TokenizerCounter:
        """Read a tokenizer; what the file says about truncation, padding and control tokens is left out.

        With the control tokens in, a page that writes ``<|end_of_text|>`` would hold one, and a stored truncation would cap
        every count without a word.
        """
        try:
            from tokenizers import Tokenizer
        except ImportError:
            raise TokenCounterError(
                "mix.counter is 'tokenizers' but that package is not installed; install woolmill[tokenizers]"
            ) from None
        try:
            content = Path(path).read_bytes()
            model = json.loads(content)
            model.update(added_tokens=[], truncation=None, padding=None, post_processor=None)
            tokenizer = Tokenizer.from_str(json.dumps(model))
        except OSError as error:
            raise TokenCounterError(f"mix.tokenizer: cannot read {path} ({error.strerror})") from None
        except Exception as error:  # the package raises bare Exception for whatever it cannot parse
            raise TokenCounterError(f"mix.tokenizer: {path} is not a tokenizer.json ({error})") from None
        return cls(tokenizer, hashlib.sha256(content).hexdigest())

    @property
    def estimated(self) -> bool:
        """False."""
        return False

    def count(self, text: str, language: str, kind: str) -> int:  # noqa: ARG002
        """Return the number of tokens; language and class do not matter. A lone surrogate counts as a question mark."""
        clean = text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")
        return sum(len(self.tokenizer.encode(piece, add_special_tokens=False)) for piece in pieces(clean))


def pieces(text: str) -> list[str]:
    """Cut a very long text, or one with very long runs without a blank, into pieces that are encoded apart.

    Where it can, a cut falls before a single blank between letters or digits, where every common pre-tokenizer begins a
    token anyway. Shorter texts come back whole.
    """
    if len(text) <= _LONGEST_RUN:
        return [text]
    cuts = [0]
    for run in _RUN.finditer(text):
        start, end = run.span()
        if start - cuts[-1] > _PIECE and text[start - 2].isalnum() and text[start].isalnum() and text[start - 1] == " ":
            cuts.append(start - 1)
        cuts += range(start + _LONGEST_RUN, end, _LONGEST_RUN)
    return [text[start:end] for start, end in zip(cuts, [*cuts[1:], len(text)], strict=True)]
