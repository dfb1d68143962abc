"""Building a reference from trusted texts: counts, then limits from texts that the counts have not seen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf
from typing import Any, Final, NamedTuple

import numpy as np
import xxhash
from numpy.typing import NDArray

from udfs.folding import folded
from udfs.kl.kernel import SPELLED, START, Hashes, Keys, pair_keys, spelling_keys, tokenise
from udfs.kl.reference import (
    MANY_UNSEEN,
    MIN_TOKENS,
    N_BINS,
    Limits,
    Raw,
    Reference,
    Tables,
    bin_of,
    laid_out,
    raw_score,
    score,
)
from udfs.spans import Span, prose
from udfs.words import Offsets, Points, class_table, codepoints

FOLDS: Final = 5
"""Parts that sites are split in; the texts of each are scored by tables counted from the others."""

OUTLYING: Final = 0.995
UNUSUAL: Final = 0.9
"""Shares of trusted texts of a length that keep below the limits of the residual."""

DISORDERED: Final = 0.015
LOOSE: Final = 0.025
"""Shares of them that fall below the limits of the bigram gain."""

MISSPELT: Final = 0.93
"""Share of those with many unseen tokens that keep below the limit of spelling."""

MANY_SITES: Final = 100
"""Sites from which limits are found without the texts' own sites; with fewer, one unlike the others would set them alone."""

ALLOWANCE: Final = (2.0, 0.5)
"""Bits by which the limits of residual and gain are wider where texts were scored with their own sites counted."""

MAX_TYPES: Final = 100_000
MAX_PAIRS: Final = 400_000
"""Types and pairs of neighbours that are kept, the most frequent ones."""

_MIN_TOKENS = 16
_MIN_PAIR = 2
_MIN_SPELLING = 2
_MIN_BIN = 100
_DISCOUNT = 0.75
_WEIGHTS = (0.6, 0.3, 0.09, 0.01)
_ALPHABET = 1 << 16


class Sample(NamedTuple):
    """A trusted text: its spans that are no prose, and the site it is from."""

    text: str
    spans: Sequence[Span] = ()
    site: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class _Tokens:
    """A text's folded code points and its tokens: hash, first code point, code points."""

    points: Points
    hashes: Hashes
    starts: Offsets
    lengths: Offsets


def build_reference(samples: Iterable[Sample], language: str = "") -> Reference:
    """Build a reference from trusted texts, technical ones included on purpose.

    All texts are counted. What trusted texts score is found by splitting them into five parts, by site where there are many: the
    texts of each part are scored by tables counted from the other four, whole and by their middle cut to every power of two of
    tokens, so that all lengths are calibrated on the same material. The order of the texts does not matter.

    Parameters
    ----------
    samples : iterable of Sample
        Trusted texts of one language; tokens inside spans are left out. Without a site a text counts as one of its own.
    language : str
        ISO 639-1 code, kept with the reference.

    Raises
    ------
    ValueError
        When texts of at least 16 tokens fill fewer than two of the five parts.
    """
    found: dict[_Tokens, str] = {}
    for sample in samples:
        tokens = tokens_of(prose(sample.text, sample.spans))
        if len(tokens.hashes) >= _MIN_TOKENS:
            found[tokens] = sample.site or xxhash.xxh3_64_hexdigest(tokens.points.tobytes())
    by_site = len(set(found.values())) >= MANY_SITES
    folds = _folded(found, by_site=by_site)
    if len(folds) < 2:
        raise ValueError(f"a reference needs several texts of {_MIN_TOKENS} or more tokens: give more of {language!r}")
    rows: list[Raw] = []
    for held_out in folds:
        laid = laid_out(count([one for fold in folds if fold is not held_out for one in fold]))
        for one in held_out:
            rows += [raw for cut in _cuts(one) if (raw := raw_score(cut, laid)) is not None]
    return Reference(
        language, count([one for fold in folds for one in fold]), *_calibrated(rows, (0.0, 0.0) if by_site else ALLOWANCE)
    )


def _folded(texts: Mapping[_Tokens, str], *, by_site: bool) -> list[list[_Tokens]]:
    """Split texts into at most `FOLDS` parts, by site or by themselves."""
    folds: list[list[_Tokens]] = [[] for _ in range(FOLDS)]
    for text, site in texts.items():
        kind = site.encode("utf-8", "surrogatepass") if by_site else text.points.tobytes()
        folds[xxhash.xxh3_64_intdigest(kind) % FOLDS].append(text)
    return [sorted(fold, key=lambda one: one.points.tobytes()) for fold in folds if fold]


def compile_kernels() -> None:
    """Compile what scoring and building need: a reference of a few words does."""
    made = [
        Sample(f"{word} one two three four five six seven eight nine ten " * 3, site=word) for word in ("a", "b", "c", "d", "e")
    ]
    score("one two zzz", build_reference(made))


def tokens_of(text: str) -> _Tokens:
    """Find the tokens of a text."""
    points = folded(codepoints(text))
    hashes, ends, lengths = tokenise(points, class_table())
    return _Tokens(points, hashes.copy(), (ends - lengths).astype(np.int64), lengths.astype(np.int64))


def _cuts(text: _Tokens) -> list[Points]:
    n = len(text.starts)
    lengths = [1 << bit for bit in range(_MIN_TOKENS.bit_length() - 1, n.bit_length()) if 1 << bit < n] + [n]
    ends = text.starts + text.lengths
    middles = [((n - length) // 2, length) for length in lengths]
    return [text.points[text.starts[at] : ends[at + length - 1]] for at, length in middles]


def count(texts: Sequence[_Tokens]) -> Tables:
    """Count types, pairs of neighbours and spellings."""
    every = np.concatenate([one.hashes for one in texts])
    hashes, counts = np.unique(every, return_counts=True)
    common = np.lexsort((hashes, -counts))[:MAX_TYPES]
    kept = np.sort(common)
    once = np.count_nonzero(counts == 1)
    pruned = counts.sum() - counts[kept].sum()
    unseen_share = min(max(int(once + pruned), 1) / (len(every) + 1), 0.5)
    keys, at = np.unique((hashes[kept] >> np.uint64(32)).astype(np.uint32), return_index=True)
    spelling, spelling_costs = _spelling(texts, hashes)
    tables = Tables(
        tokens=len(every),
        unseen_share=unseen_share,
        types=keys,
        counts=counts[kept][at].astype(np.uint32),
        backoffs=np.zeros(len(keys), dtype=np.uint8),
        pairs=np.zeros(0, dtype=np.uint32),
        pair_costs=np.zeros(0, dtype=np.uint8),
        spelling=spelling,
        spelling_costs=spelling_costs,
    )
    return _with_pairs(tables, texts)


def _with_pairs(tables: Tables, texts: Sequence[_Tokens]) -> Tables:
    """Add the pairs of known types: absolute discounting, what is taken off goes to the followers that are not known."""
    keys = np.concatenate([pair_keys(one.hashes) for one in texts])
    first = np.concatenate([one.hashes[:-1] for one in texts])
    second = np.concatenate([one.hashes[1:] for one in texts])
    pairs, at, counts = np.unique(keys, return_index=True, return_counts=True)
    left, right = _places(tables.types, first[at]), _places(tables.types, second[at])
    kept = np.flatnonzero((counts >= _MIN_PAIR) & (left >= 0) & (right >= 0))
    kept = np.sort(kept[np.lexsort((pairs[kept], -counts[kept]))[:MAX_PAIRS]])
    pairs, counts, left, right = pairs[kept], counts[kept], left[kept], right[kept]
    contexts = np.bincount(_places(tables.types, first, clip=True), minlength=len(tables.types))
    contexts = np.maximum(contexts, 1)
    taken = np.bincount(left, weights=counts - _DISCOUNT, minlength=len(tables.types)) / contexts
    backoffs = _eighths(np.maximum(1 - taken, 1 / 4096))
    q = np.exp2(-tables.costs() / 256)
    costs = _eighths((counts - _DISCOUNT) / contexts[left] + np.exp2(-backoffs[left] / 8.0) * q[right])
    return replace(tables, backoffs=backoffs, pairs=pairs, pair_costs=np.maximum(costs, 1).astype(np.uint8))


def _places(types: Keys, hashes: Hashes, *, clip: bool = False) -> NDArray[np.int64]:
    """Place of each token's type, -1 (or, clipped, 0) where it is not kept."""
    wanted = (hashes >> np.uint64(32)).astype(np.uint32)
    at = np.minimum(np.searchsorted(types, wanted), len(types) - 1)
    return np.where(types[at] == wanted, at, 0 if clip else -1)


def _eighths(share: NDArray[np.float64]) -> NDArray[np.uint8]:
    costs: NDArray[np.uint8] = np.clip(np.rint(-8 * np.log2(share)), 0, 255).astype(np.uint8)
    return costs


def _spelling(texts: Sequence[_Tokens], types: Hashes) -> tuple[Keys, NDArray[np.uint8]]:
    """Return keys and costs of characters behind two, one and no others; each type counts once."""
    rows, counts = np.unique(_trigrams(texts, types), axis=0, return_counts=True)
    rows, counts = rows[counts >= _MIN_SPELLING], counts[counts >= _MIN_SPELLING]
    if not len(rows):
        return np.zeros(0, dtype=np.uint32), np.zeros(0, dtype=np.uint8)
    before, of_before = np.unique(rows[:, :2], axis=0, return_inverse=True)
    two, of_two = np.unique(rows[:, 1:], axis=0, return_inverse=True)
    middle, of_middle = np.unique(two[:, 0], return_inverse=True)
    one, of_one = np.unique(two[:, 1], return_inverse=True)
    n_before, n_two = _weights(of_before, counts, len(before)), _weights(of_two, counts, len(two))
    n_middle, n_one = _weights(of_middle, n_two, len(middle)), _weights(of_one, n_two, len(one))
    p_one = _WEIGHTS[2] * n_one / counts.sum() + _WEIGHTS[3] / _ALPHABET
    p_two = _WEIGHTS[1] * n_two / n_middle[of_middle] + p_one[of_one]
    p_three = _WEIGHTS[0] * counts / n_before[of_before] + p_two[of_two]
    sequences = np.concatenate(
        (
            rows,
            np.column_stack((np.full(len(two), -1), two)),
            np.column_stack((np.full((len(one), 2), -1), one)),
        )
    )
    costs = np.maximum(_eighths(np.concatenate((p_three, p_two, p_one))), 1).astype(np.uint8)
    keys, at = np.unique(spelling_keys(sequences), return_index=True)
    return keys, costs[at]


def _weights(places: NDArray[np.int64], weights: NDArray[Any], n: int) -> NDArray[np.float64]:
    return np.bincount(places.ravel(), weights=weights, minlength=n).astype(np.float64)


def _trigrams(texts: Sequence[_Tokens], types: Hashes) -> NDArray[np.int64]:
    """Return every character of every type with the two before it, shape (n, 3)."""
    waiting = np.ones(len(types), dtype=np.bool_)
    parts = []
    for one in texts:
        found, first = np.unique(one.hashes, return_index=True)
        at = np.searchsorted(types, found)
        new = waiting[at]
        waiting[at] = False
        for start, length in zip(one.starts[first[new]].tolist(), one.lengths[first[new]].tolist(), strict=True):
            parts.append(one.points[start : start + min(length, SPELLED)])
    lengths = np.array([len(part) for part in parts], dtype=np.int64)
    joined = np.full(int((lengths + 3).sum()), START, dtype=np.int64)
    inside = np.ones(len(joined), dtype=np.bool_)
    offsets = np.cumsum(lengths + 3) - (lengths + 3)
    inside[np.concatenate((offsets, offsets + 1, offsets + lengths + 2))] = False
    joined[inside] = np.concatenate(parts)
    rows = np.column_stack((joined[:-2], joined[1:-1], joined[2:]))
    starts_inside = np.ones(len(rows), dtype=np.bool_)
    spill = np.concatenate((offsets + lengths + 1, offsets + lengths + 2))
    starts_inside[spill[spill < len(rows)]] = False
    return rows[starts_inside]


def _calibrated(rows: Sequence[Raw], allowance: tuple[float, float]) -> tuple[NDArray[np.float64], Limits]:
    """Return the fit of KL on length, and the limits by length bin."""
    # Sorted, so that the sums of the fit do not depend on the order of the texts.
    table = np.array(sorted(rows))
    lengths = np.log2(table[:, 0])
    degree = min(2, len(np.unique(lengths)) - 1)
    fit = np.concatenate((np.zeros(2 - degree), np.polyfit(lengths, table[:, 1], degree)))
    bins = np.array([bin_of(int(n)) for n in table[:, 0]])
    residual = table[:, 1] - np.polyval(fit, lengths)
    gain = table[:, Raw._fields.index("bigram_gain_bits")]
    return fit, Limits(
        _limits(residual, bins, OUTLYING) + allowance[0],
        _limits(residual, bins, UNUSUAL) + allowance[0],
        _limits(gain, bins, DISORDERED) - allowance[1],
        _limits(gain, bins, LOOSE) - allowance[1],
        np.full(N_BINS, _spelling_limit(table)),
    )


def _spelling_limit(table: NDArray[np.float64]) -> float:
    """Return the quantile over texts with many unseen tokens; infinite where they are few, so that it never decides."""
    oov, bits = (table[:, Raw._fields.index(name)] for name in ("oov_share", "char_bits"))
    found = bits[(oov >= MANY_UNSEEN) & (table[:, 0] >= MIN_TOKENS)]
    return float(np.quantile(found, MISSPELT)) if len(found) >= _MIN_BIN else inf


def _limits(values: NDArray[np.float64], bins: NDArray[np.int64], quantile: float) -> NDArray[np.float64]:
    """Return the quantile of each length bin; a bin with too few texts takes the laxer one, its own or that of all texts."""
    laxer = max if quantile > 0.5 else min
    overall = float(np.nanquantile(values, quantile))
    limits = np.full(N_BINS, overall)
    for length_bin in np.unique(bins).tolist():
        own = values[(bins == length_bin) & ~np.isnan(values)]
        if len(own):
            limit = float(np.quantile(own, quantile))
            limits[length_bin] = limit if len(own) >= _MIN_BIN else laxer(limit, overall)
    return limits
