"""How unlike its language a text's token distribution is: KL divergence from a unigram reference.

Llama 3 (section 3.1.1) filters documents "containing excessive numbers of outlier tokens compared to the training corpus
distribution" by this divergence. The direction is KL(document || reference), which is ruled by the tokens that the
document overuses. It falls with the length of a text, so what decides is the residual over a fit on length, and the limits
are quantiles of trusted texts, frozen by length.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import log2, nan
from pathlib import Path
from typing import NamedTuple

import numpy as np
import xxhash
from numpy.typing import NDArray

from udfs.prose import Hashes, hash_stretches
from udfs.spans import Span, prose
from udfs.words import BLANK, LETTER, NUMBER, SINGLE, WORD, Offsets, classes, codepoints, nfkc

UNSEEN_TYPES = 1_000_000
"""Types assumed to share the mass of what the reference has not seen; with it an unseen token costs about 27 bits."""

QUANTILE = 0.999
"""Share of trusted texts of a length that stay below the frozen limits."""

N_BINS = 24
"""Length bins: bin b holds texts of 2^b to 2^(b+1) - 1 tokens, the last one all longer ones."""

_MIN_TOKENS = 16
_MIN_BIN = 100
_LONGEST_NUMBER = 5

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
        The smaller of what ``residual`` and ``cross_entropy_bits`` exceed their frozen limits by; bits. Above 0 the text is
        an outlier on both counts: repetition alone raises the first, rare words in a varied text only the second.
    """

    kl_bits: float
    residual: float
    cross_entropy_bits: float
    oov_share: float
    excess: float

    @property
    def is_outlier(self) -> bool:
        """Whether the frozen limits of the language and length are exceeded."""
        return self.excess > 0


UNDEFINED = KlScore(nan, nan, nan, nan, nan)
"""The score of a text without tokens, or of a language without a reference."""


@dataclass(frozen=True, slots=True)
class Reference:
    """Token distribution of a language's trusted texts, and what such texts score.

    Parameters
    ----------
    language : str
        ISO 639-1 code.
    tokens : int
        Tokens counted.
    types : array of uint64
        xxh3-64 (seed 0) of each type, ascending.
    counts : array of int64
        Occurrences, parallel to ``types``.
    fit : array of float64
        Coefficients of the quadratic in log2(tokens) that trusted texts' KL follows, highest power first.
    residual_limits, cross_entropy_limits : array of float64
        99.9 % quantiles of trusted texts by length bin (`N_BINS`).
    """

    language: str
    tokens: int
    types: Hashes
    counts: NDArray[np.int64]
    fit: Floats
    residual_limits: Floats
    cross_entropy_limits: Floats


def score(text: str, reference: Reference) -> KlScore:
    """Score a text's prose against the reference of its language; `UNDEFINED` without a token."""
    return _score(*_typed(*_token_bounds(text)), reference)


def build_reference(texts: Iterable[tuple[str, Sequence[Span]]], language: str = "") -> Reference:
    """Build a reference from trusted texts, technical ones included on purpose.

    The texts are split in halves by a hash of their content: one half is counted, the other, which the counts have not
    seen, fixes the fit and the limits. Each held-out text is scored whole and by its middle cut to every power of two of
    tokens, so that all lengths are calibrated on the same material. The order of the texts does not matter.

    Parameters
    ----------
    texts : iterable of (str, sequence of Span)
        Trusted texts of one language; tokens inside spans are left out.
    language : str
        ISO 639-1 code, kept with the reference.

    Raises
    ------
    ValueError
        When either half holds no text of at least 16 tokens.
    """
    counted: list[tuple[Hashes, NDArray[np.int64]]] = []
    held_out: list[tuple[Hashes, NDArray[np.int64]]] = []
    for text, spans in texts:
        plain = prose(text, spans)
        if xxhash.xxh3_64_intdigest(plain.encode("utf-8", "surrogatepass")) & 1:
            held_out += _cuts(plain)
        else:
            counted.append(_typed(*_token_bounds(plain)))
    types, counts = _summed(counted)
    if not len(types) or not held_out:
        raise ValueError(
            f"a reference needs texts of {_MIN_TOKENS} tokens or more in both halves: give more texts of {language!r}"
        )
    bare = Reference(language, int(counts.sum()), types, counts, np.zeros(3), np.zeros(N_BINS), np.zeros(N_BINS))
    return _calibrated(bare, held_out)


def save(references: Mapping[str, Reference], path: Path) -> None:
    """Write references to one ``.npz`` file; equal references give equal bytes."""
    arrays = {}
    for language in sorted(references):
        reference = references[language]
        for field in ("types", "counts", "fit", "residual_limits", "cross_entropy_limits"):
            arrays[f"{language}.{field}"] = getattr(reference, field)
    with path.open("wb") as file:
        np.savez(file, **arrays)


def load(path: Path) -> dict[str, Reference]:
    """Read the references that `save` wrote, by language."""
    with np.load(path, allow_pickle=False) as arrays:
        languages = sorted({name.rpartition(".")[0] for name in arrays.files})
        fields = {name: arrays[name] for name in arrays.files}
    return {
        language: Reference(
            language,
            int(fields[f"{language}.counts"].sum()),
            fields[f"{language}.types"],
            fields[f"{language}.counts"],
            fields[f"{language}.fit"],
            fields[f"{language}.residual_limits"],
            fields[f"{language}.cross_entropy_limits"],
        )
        for language in languages
    }


def _token_bounds(text: str) -> tuple[str, Offsets, Offsets]:
    """Tokens of the folded text: runs of letters, runs of digits, and every other mark that is no blank by itself."""
    folded = nfkc(text).lower()
    flags = classes(codepoints(folded))
    letter = ((flags & (LETTER | WORD)) != 0) & ((flags & (NUMBER | SINGLE)) == 0)
    kind = np.where(letter, 1, np.where((flags & NUMBER) & ~(flags & SINGLE), 2, 3))
    kind[(flags & BLANK) != 0] = 0
    same = (kind[1:] == kind[:-1]) & (kind[1:] < 3)
    starts = np.flatnonzero((kind > 0) & np.concatenate(([True], ~same))) if len(kind) else np.zeros(0, dtype=np.int64)
    ends = np.flatnonzero((kind > 0) & np.concatenate((~same, [True]))) + 1 if len(kind) else np.zeros(0, dtype=np.int64)
    return folded, starts, ends


def _typed(folded: str, starts: Offsets, ends: Offsets) -> tuple[Hashes, NDArray[np.int64]]:
    """Hashes of the types of a token sequence and how often each occurs, numbers folded into classes of length."""
    if not len(starts):
        return np.zeros(0, dtype=np.uint64), np.zeros(0, dtype=np.int64)
    points = codepoints(folded)
    _, first, counts = np.unique(hash_stretches(points, starts, ends), return_index=True, return_counts=True)
    keys = np.fromiter((_key(folded[starts[i] : ends[i]]) for i in first.tolist()), dtype=np.uint64, count=len(first))
    return _merged(keys, counts.astype(np.int64))


def _key(token: str) -> int:
    if token[0].isdigit():
        token = "0" * min(len(token), _LONGEST_NUMBER)
    return xxhash.xxh3_64_intdigest(token.encode("utf-8", "surrogatepass"))


def _merged(keys: Hashes, counts: NDArray[np.int64]) -> tuple[Hashes, NDArray[np.int64]]:
    types, inverse = np.unique(keys, return_inverse=True)
    total = np.zeros(len(types), dtype=np.int64)
    np.add.at(total, inverse, counts)
    return types, total


def _summed(parts: Sequence[tuple[Hashes, NDArray[np.int64]]]) -> tuple[Hashes, NDArray[np.int64]]:
    if not parts:
        return np.zeros(0, dtype=np.uint64), np.zeros(0, dtype=np.int64)
    return _merged(np.concatenate([keys for keys, _ in parts]), np.concatenate([counts for _, counts in parts]))


def _cuts(text: str) -> list[tuple[Hashes, NDArray[np.int64]]]:
    folded, starts, ends = _token_bounds(text)
    n = len(starts)
    lengths = [1 << bit for bit in range(_MIN_TOKENS.bit_length() - 1, n.bit_length()) if 1 << bit < n] + [n]
    middles = [((n - length) // 2, length) for length in lengths if length >= _MIN_TOKENS]
    return [_typed(folded, starts[at : at + length], ends[at : at + length]) for at, length in middles]


def _score(types: Hashes, counts: NDArray[np.int64], reference: Reference) -> KlScore:
    n = int(counts.sum())
    if not n:
        return UNDEFINED
    kl, cross_entropy, oov = _raw(types, counts, reference)
    residual = kl - float(np.polyval(reference.fit, log2(n)))
    length_bin = _bin(n)
    excess = min(residual - reference.residual_limits[length_bin], cross_entropy - reference.cross_entropy_limits[length_bin])
    return KlScore(kl, residual, cross_entropy, oov, float(excess))


def _raw(types: Hashes, counts: NDArray[np.int64], reference: Reference) -> tuple[float, float, float]:
    """KL, cross-entropy (bits) and share of unseen tokens.

    Seen types have (c + 0.5) / (T + 0.5 V) of what Good and Turing's estimate leaves them; the rest is shared by the unseen.
    """
    at = np.minimum(np.searchsorted(reference.types, types), len(reference.types) - 1)
    seen = reference.types[at] == types
    unseen_mass = max(int(np.count_nonzero(reference.counts == 1)), 1) / (reference.tokens + 1)
    scale = (1 - unseen_mass) / (reference.tokens + 0.5 * len(reference.types))
    q = np.where(seen, (reference.counts[at] + 0.5) * scale, unseen_mass / UNSEEN_TYPES)
    p = counts / counts.sum()
    cross_entropy = float(-(p * np.log2(q)).sum())
    return float((p * np.log2(p)).sum()) + cross_entropy, cross_entropy, float(p[~seen].sum())


def _bin(n: int) -> int:
    return min(n.bit_length() - 1, N_BINS - 1)


def _calibrated(bare: Reference, held_out: Sequence[tuple[Hashes, NDArray[np.int64]]]) -> Reference:
    # Sorted, so that the sums of the fit do not depend on the order of the texts.
    rows = np.array(sorted((int(counts.sum()), *_raw(types, counts, bare)[:2]) for types, counts in held_out))
    lengths = np.log2(rows[:, 0])
    degree = min(2, len(np.unique(lengths)) - 1)
    fit = np.concatenate((np.zeros(2 - degree), np.polyfit(lengths, rows[:, 1], degree)))
    bins = np.array([_bin(int(n)) for n in rows[:, 0]])
    residual = rows[:, 1] - np.polyval(fit, lengths)
    return Reference(
        bare.language,
        bare.tokens,
        bare.types,
        bare.counts,
        fit,
        _limits(residual, bins),
        _limits(rows[:, 2], bins),
    )


def _limits(values: Floats, bins: NDArray[np.int64]) -> Floats:
    """Return the quantile of each length bin; a bin with too few texts takes that of all texts, if it is higher."""
    overall = float(np.quantile(values, QUANTILE))
    limits = np.full(N_BINS, overall)
    for length_bin in np.unique(bins).tolist():
        own = values[bins == length_bin]
        limit = float(np.quantile(own, QUANTILE))
        limits[length_bin] = limit if len(own) >= _MIN_BIN else max(limit, overall)
    return limits
