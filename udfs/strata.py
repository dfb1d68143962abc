"""Sub-weights inside the classes of a mixture: how the tokens of a class are divided among groups of its documents.

The one notion is the *stratum*: documents of a class that are treated alike, with a weight and a cap. The tokens of a class are
divided among its languages, and those of a language (or of a class that is not divided so) among weights that documents have by
knowledge class, quality and source; both by water-filling: each stratum gets its part by weight, one that can't give it stands at
its cap on epochs, the others share what is missing. More tokens for a class are never fewer for a stratum, and places of documents
do not depend on strata, so that a larger mixture contains the smaller one. All arithmetic is in whole numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from udfs.mixture import MILLION, ClassPlan, MixPlan, Shortfall, fill, parts, plan
from udfs.urls import host_of

Method = Literal["natural", "shares", "temperature", "unimax"]
OTHER = "other"
ANY = ""
"""Language of a stratum of a class that is not divided by language."""


@dataclass(frozen=True, slots=True, order=True)
class Stratum:
    """Documents of a class that are treated alike.

    Parameters
    ----------
    cls, language : str
        Class; language, or `ANY`.
    weight : int
        How often its documents are taken as a multiple of those without a weight, in millionths.
    """

    cls: str
    language: str = ANY
    weight: int = MILLION

    @property
    def name(self) -> str:
        """The class, and what sets the stratum apart: ``general``, ``multilingual/de``, ``math*2500000``."""
        language = f"/{self.language}" if self.language != ANY else ""
        return self.cls + language + (f"*{self.weight}" if self.weight != MILLION else "")

    @classmethod
    def of(cls, name: str) -> Stratum:
        """Read a `name`."""
        whole, _, weight = name.partition("*")
        first, _, language = whole.partition("/")
        return cls(first, language, int(weight or MILLION))


@dataclass(frozen=True, slots=True)
class Division:
    """How classes are divided.

    Parameters
    ----------
    method : {"natural", "shares", "temperature", "unimax"}
        Weights of languages: by their tokens, as they are set, by their tokens to a power, or all the same.
    by_language : frozenset of str
        Classes that are divided by language; none with ``natural``.
    shares : mapping of str to float
        Of ``shares``: language to share; `OTHER` is that of all languages that are not named.
    temperature : float
        Of ``temperature``: the power.
    weighted : frozenset of str
        Classes in which the weights below hold.
    knowledge, quality, sources : mapping to float
        Weight of documents by knowledge class, by quality bucket (None: not judged) and by source, which is a host with all below it;
        1 for those that are not named. They multiply.
    """

    method: Method = "natural"
    by_language: frozenset[str] = frozenset()
    shares: Mapping[str, float] = field(default_factory=dict)
    temperature: float = 1.0
    weighted: frozenset[str] = frozenset()
    knowledge: Mapping[str | None, float] = field(default_factory=dict)
    quality: Mapping[int | None, float] = field(default_factory=dict)
    sources: Mapping[str, float] = field(default_factory=dict)

    def source(self, url: str | None) -> str:
        """Return the longest of the named sources that the host of a URL is, or lies below; empty where none is."""
        host = host_of(url) if self.sources and url else ""
        while host and host not in self.sources:
            host = host.partition(".")[2]
        return host

    def stratum(self, cls: str, *, language: str, knowledge: str | None, bucket: int | None, source: str = "") -> Stratum:
        """Return where a document belongs."""
        weight = MILLION
        if cls in self.weighted:
            for factor in (self.knowledge.get(knowledge, 1.0), self.quality.get(bucket, 1.0), self.sources.get(source, 1.0)):
                weight = weight * round(factor * MILLION) // MILLION
        if cls not in self.by_language or self.method == "natural":
            return Stratum(cls, ANY, weight)
        return Stratum(cls, OTHER if self.method == "shares" and language not in self.shares else language, weight)

    def usable(self, cls: str, available: Mapping[Stratum, int], *, rescale: bool) -> tuple[int, str]:
        """Return the tokens of a class that the division can use in one epoch, and the language that binds them, or `ANY`.

        A stratum of weight 0 gives none. Where shares of languages are set, all languages give as much as the scarcest of them
        allows, unless they are rescaled.
        """
        languages = _by_language(available, cls)
        if not self._is_exact(cls):
            return sum(languages.values()), ANY
        shares = {name: share for name, share in parts(self.shares).items() if share}
        if rescale:
            return sum(tokens for name, tokens in languages.items() if name in shares), ANY
        return min((languages.get(name, 0) * MILLION // share, name) for name, share in shares.items())

    def targets(self, cls: str, target: int, *, available: Mapping[Stratum, int], epochs: float) -> dict[Stratum, int]:
        """Divide the tokens of a class.

        Parameters
        ----------
        cls : str
            The class.
        target : int
            Its tokens in the mixture.
        available : mapping of Stratum to int
            Tokens of all strata, those of other classes too.
        epochs : float
            Largest number of times a document of the class may be seen.

        Returns
        -------
        dict of Stratum to int
            Sorted; adds up to the target less at most one token a stratum, and less what the caps leave out.
        """
        languages = _by_language(available, cls)
        caps = {name: _cap(tokens, epochs) for name, tokens in languages.items()}
        by_language, _ = fill(target, caps, self._weights(cls, languages))
        found: dict[Stratum, int] = {}
        for language, tokens in by_language.items():
            strata = {s: n for s, n in sorted(available.items()) if (s.cls, s.language) == (cls, language)}
            inside = {s.name: _cap(n, epochs) for s, n in strata.items()}
            weights = {s.name: s.weight * n for s, n in strata.items()}
            divided, _ = fill(tokens, inside, weights)
            found |= {s: divided[s.name] for s in strata}
        return found

    def _is_exact(self, cls: str) -> bool:
        return self.method == "shares" and cls in self.by_language

    def _weights(self, cls: str, languages: Mapping[str, int]) -> dict[str, int]:
        if cls not in self.by_language or self.method == "natural":
            return dict(languages)
        if self.method == "shares":
            shares = parts(self.shares)
            return {name: shares.get(name, 0) for name in languages}
        if self.method == "unimax":
            return {name: int(tokens > 0) for name, tokens in languages.items()}
        return {name: max(1, round(tokens**self.temperature * MILLION)) if tokens else 0 for name, tokens in languages.items()}


def _by_language(available: Mapping[Stratum, int], cls: str) -> dict[str, int]:
    """Tokens of a class by language, without the strata of weight 0."""
    found: dict[str, int] = {}
    for stratum, tokens in sorted(available.items()):
        if stratum.cls == cls:
            found[stratum.language] = found.get(stratum.language, 0) + (tokens if stratum.weight else 0)
    return found


def _cap(tokens: int, epochs: float) -> int:
    return tokens * round(epochs * MILLION) // MILLION


@dataclass(frozen=True, slots=True)
class StrataPlan:
    """Targets of classes, and of the strata inside them."""

    plan: MixPlan
    strata: Mapping[Stratum, ClassPlan]


def plan_strata(
    available: Mapping[Stratum, int],
    shares: Mapping[str, int],
    *,
    division: Division,
    epochs: Mapping[str, float],
    budget: int | None = None,
    shortfall: Literal["fail", "rescale"] = "fail",
) -> StrataPlan:
    """Set the target of each class (`udfs.mixture.plan`) and divide it among the strata of the class.

    Raises
    ------
    Shortfall
        As `udfs.mixture.plan`, and naming the language that binds a class.
    """
    usable = {name: division.usable(name, available, rescale=shortfall == "rescale") for name in shares}
    try:
        made = plan({c: n for c, (n, _) in usable.items()}, shares, epochs=epochs, budget=budget, shortfall=shortfall)
    except Shortfall as short:
        raise Shortfall(f"{short}{_binding(usable, available, division, shares)}") from short
    strata: dict[Stratum, ClassPlan] = {}
    for name, planned in made.classes.items():
        targets = division.targets(name, planned.target, available=available, epochs=epochs[name])
        strata |= {stratum: ClassPlan(available[stratum], target) for stratum, target in targets.items()}
    return StrataPlan(made, strata)


def _binding(
    usable: Mapping[str, tuple[int, str]], available: Mapping[Stratum, int], division: Division, shares: Mapping[str, int]
) -> str:
    """Name the languages by which the shares that are set for them bind a class, and classes whose weights leave nothing."""
    whole = {name: sum(n for stratum, n in available.items() if stratum.cls == name) for name in sorted(usable)}
    left_out = [
        f"; inside class {name}, weights of 0 leave out all of its {whole[name]} tokens"
        for name in whole
        if shares[name] and whole[name] and not sum(_by_language(available, name).values())
    ]
    found = [
        f"; inside class {name}, language {language} binds: it has {_by_language(available, name).get(language, 0)} tokens and is "
        f"to have {division.shares[language]:.4g} of the class"
        for name, (_, language) in sorted(usable.items())
        if language != ANY and shares[name]
    ]
    return "".join((*left_out, *found))
