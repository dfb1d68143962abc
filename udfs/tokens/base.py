"""What every way of counting tokens shares: the contract, and texts made fit for a tokenizer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Protocol, cast

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int32]

LARGEST = 2**31
"""Ids of a vocabulary at most: shards hold them as signed numbers of 32 bits."""

USUAL_ENDS = ("<|end_of_text|>", "<|endoftext|>", "</s>", "<eos>", "[EOS]")
"""Names that tokenizers give to the token that ends a text, the first that is there counts."""

_LONGEST_RUN = 10_000
"""Characters without a blank, or blanks, that are encoded at once: the cost of more may grow faster, or the stack not do."""

_PIECE = 200_000
"""Characters encoded at once, about: bounds the memory of one call."""

_RUN = re.compile(r"\S+|\s+")


class TokenCounterError(ValueError):
    """A setting from which no counter, or no tokenizer, can be made."""


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


class Tokenizer(TokenCounter, Protocol):
    """Makes tokens of texts, as many as it counts, and texts of tokens."""

    @property
    def vocabulary(self) -> int:
        """Number of ids that the model must know: one more than the largest."""
        ...

    @property
    def end_of_text(self) -> int | None:
        """Id of the token that ends a text; None where neither file nor settings name one."""
        ...

    def encode(self, text: str) -> Ids:
        """Return the ids of a text's tokens: nothing is added, cut off or filled up, and no text is a control token."""
        ...

    def decode(self, ids: Ids) -> str:
        """Return the text of tokens."""
        ...


def printable(text: str) -> str:
    """Return a text that can be written as UTF-8: a lone surrogate becomes a question mark."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def pieces(text: str) -> list[str]:
    """Cut a very long text, or one with very long runs of blanks or without any, into pieces that are encoded apart.

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


def end_id(given: int | str | None, ids: Mapping[str, int], path: str) -> int | None:
    """Return the id of the token that ends a text.

    Parameters
    ----------
    given : int, str or None
        The id itself, the token's name in the tokenizer's file, or nothing: one of `USUAL_ENDS`.
    ids : mapping of str to int
        Named tokens of the file.
    path : str
        The file, for the message.

    Raises
    ------
    TokenCounterError
        When the file has no token of the given name, or the id is negative.
    """
    if given is None:
        return next((ids[name] for name in USUAL_ENDS if name in ids), None)
    if isinstance(given, str):
        if given not in ids:
            raise TokenCounterError(f"mix.end_of_text is {given!r}, but {path} has no token of that name; give its id")
        return ids[given]
    if given < 0:
        raise TokenCounterError(f"mix.end_of_text is {given}; ids are 0 or more")
    return given


def size_of(given: int | None, largest: int, path: str) -> int:
    """Return the vocabulary's size: what is set, or one more than the largest id.

    Raises
    ------
    TokenCounterError
        When what is set does not hold all ids: tokenizer and model do not belong together.
    """
    if given is not None and given <= largest:
        raise TokenCounterError(
            f"mix.vocabulary is {given}, but the ids of {path} and of mix.end_of_text go up to {largest}: this is not the "
            "tokenizer of a model with that vocabulary"
        )
    if (size := given or largest + 1) > LARGEST:
        raise TokenCounterError(
            f"a vocabulary of {size} ids (mix.vocabulary, or the largest id of {path}); shards hold up to {LARGEST}"
        )
    return size


def checked(counter: TokenCounter) -> Tokenizer:
    """Return the counter as a `Tokenizer` with an end of text: what sequences of tokens are written with.

    Raises
    ------
    TokenCounterError
        When it only estimates, or does not know the token that ends a text.
    """
    if counter.estimated:
        raise TokenCounterError("token sequences need a tokenizer: set mix.counter=tokenizers (or tiktoken) and mix.tokenizer")
    if getattr(counter, "end_of_text", None) is None:
        raise TokenCounterError(f"the tokenizer names no token that ends a text ({', '.join(USUAL_ENDS)}); set mix.end_of_text")
    return cast(Tokenizer, counter)
