"""A reference: the frozen tables of a language's trusted texts, and what a text scores against them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from math import inf, isnan, log2, nan
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from udfs.folding import folded
from udfs.kl.kernel import BIT, Hashes, Keys, small_table, sums, type_table
from udfs.words import Points, class_table, codepoints

N_BINS: Final = 24
"""Length bins: bin b holds texts of 2^b to 2^(b+1) - 1 tokens, the last one all longer ones."""

MIN_TOKENS: Final = 50
"""Tokens from which a text is judged; shorter ones are measured only."""

ENOUGH_TOKENS: Final = 200_000
"""Tokens of a reference from which its limits hold as they are (`Reference.allowance`)."""

MANY_UNSEEN: Final = 0.08
"""Share of unseen tokens from which their spelling is judged."""

UNKNOWN: Final = 22 * 8
"""Cost of a character that the spelling tables do not know, 1/8 bit."""

Floats = NDArray[np.float64]


class KlScore(NamedTuple):
    """What a reference says of a text.

    Parameters
    ----------
    kl_bits : float
        KL(text || reference), bits a token.
    residual : float
        ``kl_bits`` less what trusted texts of this length have; bits.
    cross_entropy_bits : float
        Mean cost of a token under the reference; bits.
    oov_share : float
        Share (0-1) of the tokens that the reference has not seen.
    excess : float
        Above 0 the text is an outlier: its residual exceeds its limit, or it is unusual and either its words stand in no order or
        its many unseen ones are spelled as no word is; less the allowance of the reference; bits. NaN below `MIN_TOKENS`.
    rare_share : float
        Share (0-1) of the tokens that the reference has seen, but hardly (`Reference.rare`).
    char_bits : float
        Mean cost of a character of the unseen tokens under the reference's spelling; 0 where all are seen; bits.
    bigram_gain_bits : float
        What knowing the token before saves of the cost of a token, over neighbours that are both known; bits. Negative where the
        order says nothing. NaN without such neighbours.
    unseen_bigram_share : float
        Share (0-1) of those neighbours that the reference has not seen side by side.
    salad_excess : float
        Above 0 the text is a salad: its words are usual ones, and stand in no order; bits. NaN below `MIN_TOKENS`.
    """

    kl_bits: float
    residual: float
    cross_entropy_bits: float
    oov_share: float
    excess: float
    rare_share: float
    char_bits: float
    bigram_gain_bits: float
    unseen_bigram_share: float
    salad_excess: float

    @property
    def is_outlier(self) -> bool:
        """Whether the frozen limits of the language and length are exceeded."""
        return self.excess > 0


UNDEFINED: Final = KlScore(*([nan] * len(KlScore._fields)))
"""The score of a text without tokens, or of a language without a reference."""


class Raw(NamedTuple):
    """What the tables say of a text, before length is allowed for (`KlScore` has the meanings)."""

    tokens: int
    kl_bits: float
    cross_entropy_bits: float
    oov_share: float
    rare_share: float
    char_bits: float
    bigram_gain_bits: float
    unseen_bigram_share: float


@dataclass(frozen=True, slots=True)
class Limits:
    """Quantiles of trusted texts by length bin (`N_BINS`), each text scored by tables that have not seen its site.

    Parameters
    ----------
    outlying, unusual : array of float64
        Residuals that 0.5 % and 10 % of them exceed.
    disordered, loose : array of float64
        Bigram gains that 1.5 % and 2.5 % of them fall below.
    misspelt : array of float64
        Bits a character of the unseen tokens that 7 % of those with many of them (`MANY_UNSEEN`) exceed, the same at every length.
    """

    outlying: Floats
    unusual: Floats
    disordered: Floats
    loose: Floats
    misspelt: Floats

    def excesses(self, raw: Raw, residual: float) -> tuple[float, float]:
        """Return by how much a text is an outlier and a salad (`KlScore`); NaN below `MIN_TOKENS`."""
        if raw.tokens < MIN_TOKENS:
            return nan, nan
        at = bin_of(raw.tokens)
        # A gain that is not defined is no reason to drop.
        gain = inf if isnan(raw.bigram_gain_bits) else raw.bigram_gain_bits
        unusual = residual - float(self.unusual[at])
        disorder = float(self.disordered[at]) - gain
        misspelt = raw.char_bits - float(self.misspelt[at]) if raw.oov_share >= MANY_UNSEEN else -inf
        outlier = max(residual - float(self.outlying[at]), min(unusual, max(disorder, misspelt)))
        return outlier, min(-unusual, float(self.loose[at]) - gain)


@dataclass(frozen=True, slots=True)
class Tables:
    """What trusted texts hold: types, pairs of neighbours and the spelling of types, as sorted keys with numbers beside them.

    Parameters
    ----------
    tokens : int
        Tokens counted.
    unseen_share : float
        Share of the probability that types outside the tables have.
    types : array of uint32
        Key of each type, the high half of its hash, ascending.
    counts : array of uint32
        Occurrences of each type.
    backoffs : array of uint8
        Cost of "none of the known followers" behind each type, 1/8 bit.
    pairs, pair_costs : array of uint32, array of uint8
        Key of each pair of neighbours, ascending, and cost of the second behind the first, 1/8 bit.
    spelling, spelling_costs : array of uint32, array of uint8
        Key of each character behind two, one or no others, ascending, and its cost, 1/8 bit.
    """

    tokens: int
    unseen_share: float
    types: Keys
    counts: Keys
    backoffs: NDArray[np.uint8]
    pairs: Keys
    pair_costs: NDArray[np.uint8]
    spelling: Keys
    spelling_costs: NDArray[np.uint8]

    def costs(self) -> NDArray[np.int64]:
        """Cost of each type, 1/256 bit: (c + 0.5) / (T + 0.5 V) of what the unseen leave."""
        share = (1 - self.unseen_share) / (float(self.counts.sum()) + 0.5 * len(self.types))
        costs: NDArray[np.int64] = np.rint(-BIT * np.log2((self.counts + 0.5) * share)).astype(np.int64)
        return costs


RARE: Final = 3
"""Types that occur less often count as rare."""


class Laid(NamedTuple):
    """Tables as the kernel searches them, and the cost of "not among the types" (1/256 bit)."""

    types: Hashes
    pairs: Keys
    spelling: Keys
    unseen: int


def laid_out(tables: Tables) -> Laid:
    """Lay out tables for the kernel."""
    return Laid(
        type_table(tables.types, tables.costs(), tables.backoffs, tables.counts < RARE, _slots(len(tables.types))),
        small_table(tables.pairs, tables.pair_costs, _slots(len(tables.pairs))),
        small_table(tables.spelling, tables.spelling_costs, _slots(len(tables.spelling))),
        round(-BIT * log2(tables.unseen_share)),
    )


def _slots(keys: int) -> int:
    return max(256, 1 << (2 * keys).bit_length())


@dataclass(frozen=True, slots=True)
class Reference:
    """Token distribution of a language's trusted texts, and what such texts score.

    Parameters
    ----------
    language : str
        ISO 639-1 code.
    tables : Tables
        What was counted.
    fit : array of float64
        Coefficients of the quadratic in log2(tokens) that trusted texts' KL follows, highest power first.
    limits : Limits
        Limits by length.
    """

    language: str
    tables: Tables
    fit: Floats
    limits: Limits
    laid: Laid = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "laid", laid_out(self.tables))

    @property
    def tokens(self) -> int:
        """Tokens counted."""
        return self.tables.tokens

    @property
    def allowance(self) -> float:
        """Bits by which a text may exceed the limits: one for each halving of the reference below `ENOUGH_TOKENS`.

        The limits of a small reference come from the few sites that it was counted from. Another register, such as news where only
        manuals were counted, lies beyond them with good text: the less a reference has seen, the further.
        """
        return max(0.0, log2(ENOUGH_TOKENS / self.tokens))


def score(text: str, reference: Reference) -> KlScore:
    """Score a text's prose against the reference of its language; `UNDEFINED` without a token."""
    return score_points(codepoints(text), reference)


def score_points(points: Points, reference: Reference) -> KlScore:
    """Score the code points of a text (see `score`)."""
    raw = raw_score(folded(points), reference.laid)
    if raw is None:
        return UNDEFINED
    square, slope, constant = reference.fit.tolist()
    length = log2(raw.tokens)
    residual = raw.kl_bits - ((square * length + slope) * length + constant)
    excess, salad = reference.limits.excesses(raw, residual)
    excess -= reference.allowance
    return KlScore(
        raw.kl_bits,
        residual,
        raw.cross_entropy_bits,
        raw.oov_share,
        excess,
        raw.rare_share,
        raw.char_bits,
        raw.bigram_gain_bits,
        raw.unseen_bigram_share,
        salad,
    )


def raw_score(points: Points, laid: Laid) -> Raw | None:
    """Score folded code points; None without a token."""
    n, cost, entropy, unseen, rare, pairs, alone, behind, strange, spelled, letters = sums(
        points, class_table(), laid.types, laid.pairs, laid.spelling, laid.unseen, UNKNOWN
    )
    if not n:
        return None
    cross_entropy = cost / (BIT * n)
    return Raw(
        n,
        cross_entropy - log2(n) + entropy / n,
        cross_entropy,
        unseen / n,
        rare / n,
        spelled / (BIT * letters) if letters else 0.0,
        (alone - behind) / (BIT * pairs) if pairs else nan,
        strange / pairs if pairs else nan,
    )


def bin_of(tokens: int) -> int:
    """Length bin of a number of tokens, at least one."""
    return min(tokens.bit_length() - 1, N_BINS - 1)


def save(references: Mapping[str, Reference], path: Path) -> None:
    """Write references to one compressed ``.npz`` file; equal references give equal bytes."""
    arrays = {}
    for language in sorted(references):
        reference = references[language]
        for part in (reference.tables, reference.limits):
            for one in fields(part):
                arrays[f"{language}.{one.name}"] = getattr(part, one.name)
        arrays[f"{language}.fit"] = reference.fit
    with path.open("wb") as file:
        np.savez_compressed(file, **arrays)


def load(path: Path) -> dict[str, Reference]:
    """Read the references that `save` wrote, by language."""
    with np.load(path, allow_pickle=False) as arrays:
        found = {name: arrays[name] for name in arrays.files}
    languages = sorted({name.partition(".")[0] for name in found})
    return {
        code: _read(code, {n.partition(".")[2]: a for n, a in found.items() if n.startswith(f"{code}.")}) for code in languages
    }


def _read(language: str, arrays: Mapping[str, NDArray[Any]]) -> Reference:
    numbers = {"tokens": int(arrays["tokens"]), "unseen_share": float(arrays["unseen_share"])}
    tables: dict[str, Any] = {one.name: arrays[one.name] for one in fields(Tables)}
    limits: dict[str, Any] = {one.name: arrays[one.name] for one in fields(Limits)}
    return Reference(language, Tables(**(tables | numbers)), arrays["fit"], Limits(**limits))
