"""From a text to its signals: the kernels' counts, divided."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from math import nan

import numpy as np
from numpy.typing import NDArray

from udfs import kl, languages
from udfs.kl import Reference
from udfs.signals.catalogue import NAMES
from udfs.signals.dirty import NOTHING, DirtyWords, build
from udfs.signals.kernels import garble, lines, repetition, skeletons
from udfs.signals.tokenised import Tokenised, tokenise, word_hashes
from udfs.spans import Span, share

POLICY_PHRASES = ("terms of use", "privacy policy", "cookie policy", "uses cookies", "use of cookies", "use cookies")
"""C4's phrases of legal and consent notices."""

ELLIPSES = ("...", "…", ". . .")

STAMP_NUMBERS = 4
"""Numbers in the first three blank-separated parts of a line (a date with a time, an address) that make it a log's."""

_JAVASCRIPT = re.compile(r"\bjava ?script\b")
_LOREM = "lorem ipsum"
_MASKED_N = 5
_MIN_STAMPED = 10


@dataclass(frozen=True, slots=True)
class References:
    """Frozen tables that some signals are measured against.

    Parameters
    ----------
    kl : mapping of str to Reference
        Token distributions by language.
    dirty : DirtyWords or None
        Dirty-word hashes.
    """

    kl: Mapping[str, Reference] = field(default_factory=dict)
    dirty: DirtyWords | None = None


NO_REFERENCES = References()


def compute(text: str, language: str, spans: Sequence[Span] = (), references: References = NO_REFERENCES) -> dict[str, float]:
    """Compute every signal of a document.

    Parameters
    ----------
    text : str
        The document; any string, the empty one included.
    language : str
        ISO 639-1 code: chooses stop words, dirty words and the reference distribution.
    spans : sequence of Span
        Code, math and table spans, sorted, without overlap. Signals of prose leave them out.
    references : References, optional
        Frozen tables; without them the signals that need one are NaN.

    Returns
    -------
    dict of str to float
        A value for every name of `SIGNALS`, in that order; NaN where there is nothing to measure.
    """
    whole = tokenise(text, spans)
    found = {
        "n_chars": float(len(text)),
        "n_words": float(whole.n_words),
        "n_prose_words": float(len(whole.starts)),
        **{f"{kind}_char_share": share(spans, kind, len(text)) for kind in ("code", "math", "table")},
        **_of_all(whole),
        **_of_words(whole),
        **_of_characters(whole),
        **_of_lines(whole),
        **_notices(whole),
        **_ngrams(whole),
        **_sentences(whole),
        **_stop_words(whole, language),
        **_against(whole, language, references),
    }
    return {name: found[name] for name in NAMES}


def compile_kernels() -> None:
    """Compile all that `compute` calls, where it is not on disk yet."""
    compute("a", "en", (), References(dirty=build({"en": ["a"]})))


def _ratio(count: float, total: float) -> float:
    return float(count / total) if total else nan


def _of_all(whole: Tokenised) -> dict[str, float]:
    """Signals that spans have no part in."""
    solid, wrecked = garble.wrecked_chars(whole.all_points, whole.traits)
    numbers = skeletons.stamp_numbers(whole.all_points, whole.traits, whole.folds)
    stamped = int(np.count_nonzero(numbers >= STAMP_NUMBERS))
    return {
        "mojibake_share": _ratio(wrecked, solid),
        "stamped_line_share": _ratio(stamped if stamped >= _MIN_STAMPED else 0, int(np.count_nonzero(numbers >= 0))),
    }


def _of_words(whole: Tokenised) -> dict[str, float]:
    n, counts = len(whole.starts), whole.counts
    with_either = counts["lettered_words"] + counts["numbered_words"] - counts["mixed_words"]
    lettered = counts["lettered_words"]
    return {
        "mean_word_chars": _ratio(whole.word_chars, n),
        "max_word_chars": float(counts["longest_chunk"]),
        "alpha_word_share": _ratio(lettered, with_either),
        "mixed_script_word_share": _ratio(counts["mixed_chunks"], counts["chunks"]),
        "consonant_word_share": _ratio(counts["unsayable_words"], lettered),
        "alnum_mix_word_share": _ratio(counts["mixed_words"], lettered),
        "unique_word_share": _ratio(len(whole.vocabulary), n),
        "word_entropy_bits": whole.entropy_bits if n else nan,
        "newline_word_ratio": _ratio(whole.text.count("\n"), n),
    }


def _of_characters(whole: Tokenised) -> dict[str, float]:
    text, n_words, counts = whole.text, len(whole.starts), whole.counts
    hashes, ellipses = text.count("#"), sum(text.count(mark) for mark in ELLIPSES)
    return {
        "digit_char_share": _ratio(counts["digits"], counts["solid"]),
        "upper_char_share": _ratio(counts["capitals"], counts["letters"]),
        "curly_char_share": _ratio(text.count("{") + text.count("}"), len(text)),
        "hash_word_ratio": _ratio(hashes, n_words),
        "ellipsis_word_ratio": _ratio(ellipses, n_words),
        "symbol_word_ratio": _ratio(hashes + ellipses, n_words),
    }


def _of_lines(whole: Tokenised) -> dict[str, float]:
    counted = lines.line_counts(whole.points, whole.traits, whole.starts, whole.holes)
    counts = dict(zip(lines.COUNTS, counted.tolist(), strict=True))
    n = counts["lines"]
    return {
        "n_lines": float(n),
        "mean_line_words": _ratio(counts["words"], n),
        "bullet_line_share": _ratio(counts["bullets"], n),
        "ellipsis_line_share": _ratio(counts["ellipses"], n),
        "terminal_line_share": _ratio(counts["terminal"], n),
        "short_line_share": _ratio(counts["short"], n),
        "list_line_share": _ratio(counts["listed"], n),
        "one_word_line_share": _ratio(counts["one_word"], n),
        "dup_line_share": _ratio(counts["copies"], n),
        "dup_line_char_share": _ratio(counts["copied_chars"], counts["line_chars"]),
        "dup_paragraph_share": _ratio(counts["paragraph_copies"], counts["paragraphs"]),
        "dup_paragraph_char_share": _ratio(counts["copied_paragraph_chars"], counts["paragraph_chars"]),
    }


def _notices(whole: Tokenised) -> dict[str, float]:
    """Count the lines that a page's machinery wrote; few texts hold one, so lines are looked at only then."""
    folded = whole.text.lower()
    policy = any(phrase in folded for phrase in POLICY_PHRASES)
    script = "javascript" in folded or "java script" in folded
    rows = [row for row in folded.split("\n") if row and not row.isspace()] if policy or script else []
    n_policy = sum(any(phrase in row for phrase in POLICY_PHRASES) for row in rows) if policy else 0
    n_script = sum(bool(_JAVASCRIPT.search(row)) for row in rows) if script else 0
    empty = not folded or folded.isspace()
    return {
        "javascript_lines": float(n_script),
        "javascript_line_share": nan if empty else n_script / max(len(rows), 1),
        "policy_lines": float(n_policy),
        "policy_line_share": nan if empty else n_policy / max(len(rows), 1),
        "lorem_ipsum": float(folded.count(_LOREM)),
    }


def _ngrams(whole: Tokenised) -> dict[str, float]:
    bounds = whole.starts, whole.ends, whole.holes
    inside = repetition.ngram_chars(whole.hashes, *bounds, whole.unit)
    masked = repetition.repeated_chars(whole.masked, *bounds, _MASKED_N * whole.unit)
    total = whole.word_chars
    return {
        **{f"top_{n}gram_char_share": _ratio(inside[n], total) for n in repetition.TOP_N},
        **{f"dup_{n}gram_char_share": _ratio(inside[n], total) for n in repetition.DUP_N},
        "masked_dup_5gram_char_share": _ratio(masked, total),
    }


def _sentences(whole: Tokenised) -> dict[str, float]:
    count, again = repetition.sentences(whole.points, whole.traits, whole.starts, whole.ends, whole.masked, whole.holes)
    return {"n_sentences": float(count), "dup_sentence_share": _ratio(again, len(whole.starts))}


@cache
def _stop_hashes(language: str) -> NDArray[np.uint64]:
    """Return the hashes of a language's stop words, ascending."""
    return np.unique(np.concatenate([word_hashes(word)[:1] for word in languages.load(language).stop_words]))


def _stop_words(whole: Tokenised, language: str) -> dict[str, float]:
    stop_words = languages.load(language).stop_words
    n = len(whole.starts)
    if not stop_words or not n:
        return {"stop_word_count": nan, "stop_word_share": nan}
    if languages.canonical(language) in languages.WITHOUT_BLANKS:
        times = [whole.text.count(word) for word in stop_words]
        covered = sum(len(word) * count for word, count in zip(stop_words, times, strict=True))
        share_ = min(covered / whole.word_chars, 1.0)
        return {"stop_word_count": float(sum(count > 0 for count in times)), "stop_word_share": share_}
    stops = _stop_hashes(language)
    hit = stops[np.minimum(np.searchsorted(stops, whole.vocabulary), len(stops) - 1)] == whole.vocabulary
    return {
        "stop_word_count": float(np.count_nonzero(hit)),
        "stop_word_share": float(whole.occurrences[hit].sum() / n),
    }


def _against(whole: Tokenised, language: str, references: References) -> dict[str, float]:
    reference = references.kl.get(language)
    scored = kl.score(whole.text, reference) if reference is not None else kl.UNDEFINED
    signals = {
        "kl_bits": scored.kl_bits,
        "kl_residual": scored.residual,
        "kl_excess": scored.excess,
        "cross_entropy_bits": scored.cross_entropy_bits,
        "oov_share": scored.oov_share,
    }
    if references.dirty is None:
        return {**signals, "dirty_hits": nan, "dirty_distinct": nan, "dirty_per_1000": nan}
    tokens = whole.tokens()
    count = references.dirty.count(tokens, language) if len(tokens) else NOTHING
    return {
        **signals,
        "dirty_hits": float(count.hits),
        "dirty_distinct": float(count.distinct),
        "dirty_per_1000": _ratio(1000 * count.hits, len(tokens)),
    }
