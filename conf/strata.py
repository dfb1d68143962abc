"""Settings of how the tokens of a class are divided: among its languages, and by weights of knowledge classes, quality and sources."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BeforeValidator, model_validator

from conf.sections import CLASSES, Names, Section, Share, setting
from conf.taxonomy import load as load_taxonomy

OTHER = "other"
NONE = "none"
BUCKETS = 20
KEYS = BeforeValidator(lambda given: {str(key): one for key, one in given.items()} if isinstance(given, Mapping) else given)
"""YAML reads an unquoted single bucket as a number."""

_RANGE = re.compile(r"(\d{1,2})(?:-(\d{1,2}))?")
_HOST = re.compile(r"(?!www\.)[a-z0-9-]+(?:\.[a-z0-9-]+)+")


class Languages(Section):
    """How the tokens of a class are divided among its languages."""

    method: Literal["natural", "shares", "temperature", "unimax"] = setting(
        "natural",
        "natural: as they come; shares: those that are set; temperature: by tokens to a power; unimax: the same to each, "
        "as far as its epochs allow",
        source="temperature: Conneau and Lample 2019 (XLM); unimax: Chung et al. 2023 (arXiv 2304.09151)",
    )
    classes: Names = setting(("multilingual",), "classes that are divided so")
    shares: dict[str, Share] = setting(
        {}, f"method: shares: share of each language; {OTHER}: of all that are not named, as they come", unit="0-1"
    )
    temperature: float = setting(0.3, "method: temperature: power of a language's tokens that its share goes by", ge=0.0, le=1.0)

    @model_validator(mode="after")
    def _consistent(self) -> Languages:
        if unknown := sorted(set(self.classes) - set(CLASSES)):
            raise ValueError(f"mix.languages.classes names the class {unknown[0]!r}; classes are {', '.join(CLASSES)}")
        if self.method == "shares" and abs(sum(self.shares.values()) - 1.0) > 1e-9:
            total = sum(self.shares.values())
            raise ValueError(
                f"mix.languages.shares add up to {total:g}; they must add up to 1, {OTHER} is all that are not named"
            )
        return self


class Weights(Section):
    """How often documents of some kind are taken, as a multiple of those that are not named."""

    knowledge: dict[str, float] = setting({}, "by knowledge class (conf/taxonomy.yaml); 0 leaves it out")
    quality: Annotated[dict[str, float], KEYS] = setting(
        {}, f"by quality bucket, such as 15-19 for the best quarter; {NONE}: those that no model judges; 0 leaves them out"
    )
    sources: dict[str, float] = setting({}, "by host, with all hosts below it; the longest that is named counts; 0 leaves it out")
    classes: Names = setting(CLASSES, "classes in which they hold")

    @model_validator(mode="after")
    def _consistent(self) -> Weights:
        known = load_taxonomy().ids
        if unknown := sorted(set(self.knowledge) - set(known)):
            raise ValueError(f"mix.weights.knowledge names {unknown[0]!r}; there are {', '.join(known)}")
        if unknown := sorted(set(self.classes) - set(CLASSES)):
            raise ValueError(f"mix.weights.classes names the class {unknown[0]!r}; classes are {', '.join(CLASSES)}")
        if odd := sorted(name for name in self.sources if not _HOST.fullmatch(name)):
            raise ValueError(f"mix.weights.sources names {odd[0]!r}; a source is a host such as docs.example.org, without www.")
        for name, weight in sorted((self.knowledge | self.quality | self.sources).items()):
            if not 0.0 <= weight <= 1000.0:
                raise ValueError(f"mix.weights: that of {name} is {weight:g}; weights are from 0 to 1000")
        self.by_bucket()
        return self

    def by_bucket(self) -> dict[int | None, float]:
        """Return the weight of every bucket that has one; None is the bucket of what is not judged.

        Raises
        ------
        ValueError
            When a range is none, or two of them overlap.
        """
        found: dict[int | None, float] = {}
        for name, weight in self.quality.items():
            for bucket in _range(name):
                if bucket in found:
                    raise ValueError(f"mix.weights.quality sets bucket {bucket} twice, by {name!r} and another")
                found[bucket] = weight
        return found


def _range(name: str) -> list[int | None]:
    if name == NONE:
        return [None]
    if matched := _RANGE.fullmatch(name):
        first = int(matched[1])
        last = int(matched[2]) if matched[2] else first
        if first <= last < BUCKETS:
            return list(range(first, last + 1))
    raise ValueError(f"mix.weights.quality names {name!r}; buckets are 0 to {BUCKETS - 1}, ranges such as 15-19, or {NONE}")
