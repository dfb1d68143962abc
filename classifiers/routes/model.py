"""The shipped weights of the scores by which documents are routed."""

from __future__ import annotations

import json
from functools import lru_cache

from classifiers.registry import MODELS, path_of
from udfs.routing import Router, read_router

NAME = "routes"


@lru_cache(maxsize=1)
def load() -> Router:
    """Load the weights, once a process.

    Raises
    ------
    KeyError, ModelMissing
        See `classifiers.registry.path_of`.
    ValueError
        When they are of other columns than this version reads.
    """
    return read_router([json.loads(line) for line in path_of(NAME).read_text(encoding="utf-8").splitlines()])


def digest() -> dict[str, str]:
    """Return the name and the digest of the weights, checked."""
    path_of(NAME)
    return {NAME: MODELS[NAME].sha256}
