"""The tokenizer of a recipe, loaded once a process."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Mapping
from functools import lru_cache

from classifiers.registry import path_of
from conf.schema import Mix
from udfs.tokens import TokenCounter, TokenCounterError, Tokenizer, checked, counter

SHIPPED = "model:"


def token_counter(settings: Mix) -> TokenCounter:
    """Return what a recipe counts tokens with.

    Raises
    ------
    udfs.tokens.TokenCounterError
        When its settings name no usable tokenizer.
    """
    return _loaded(settings.counter, settings.tokenizer, settings.pattern, settings.end_of_text, settings.vocabulary)


def tokenizer(settings: Mix) -> Tokenizer:
    """Return the tokenizer of a recipe whose shards are sequences of tokens; it has an id that ends a text.

    Raises
    ------
    udfs.tokens.TokenCounterError
        When the recipe only estimates, or its tokenizer names no such id.
    """
    return checked(token_counter(settings))


def versions(settings: Mix) -> Mapping[str, str]:
    """Return what the counts depend on: the digest of the tokenizer, and the version of the package that reads it."""
    digest = {"tokens": token_counter(settings).digest}
    return digest if settings.counter == "estimate" else digest | {settings.counter: importlib.metadata.version(settings.counter)}


@lru_cache(maxsize=2)
def _loaded(kind: str, path: str | None, pattern: str | None, end: int | str | None, vocabulary: int | None) -> TokenCounter:
    return counter(kind, path and _file(path), pattern=pattern, end_of_text=end, vocabulary=vocabulary)


def _file(path: str) -> str:
    if not path.startswith(SHIPPED):
        return path
    try:
        return str(path_of(path.removeprefix(SHIPPED)))
    except KeyError as error:
        raise TokenCounterError(f"mix.tokenizer is {path}: {error.args[0]}") from None
