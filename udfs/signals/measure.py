"""From a text to its signals."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from math import nan
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from udfs import datatrove, kl, languages, structure
from udfs.kl import Reference
from udfs.segment import word_starts
from udfs.signals.catalogue import NAMES
from udfs.signals.dirty import NOTHING, DirtyWords, build, load
from udfs.signals.kernels import document
from udfs.signals.kernels.compiled import Hashes, Places
from udfs.signals.kernels.listed import RunTables, hash_table, listed_runs, run_tables
from udfs.signals.kernels.traits import folds, traits
from udfs.signals.tokenised import token_hashes, whole_hash
from udfs.spans import Span, prose, share
from udfs.words import Points, codepoints

POLICY_PHRASES = ("terms of use", "privacy policy", "cookie policy", "uses cookies", "use of cookies", "use cookies")
"""C4's phrases of legal and consent notices."""

_GATES: Final = ("cookie", "cookies", "java script", "javascript", "lorem", "privacy", "terms of")
"""Runs of words without which no phrase of `_notices` occurs."""

_JAVASCRIPT: Final = re.compile(r"\bjava ?script\b")
_LOREM: Final = "lorem ipsum"
_NOTHING: Final = dict.fromkeys(NAMES, nan)
_LIKELIHOOD: Final = (
    *("kl_bits", "kl_residual", "cross_entropy_bits", "oov_share", "kl_excess", "rare_share", "char_bits", "bigram_gain_bits"),
    *("unseen_bigram_share", "salad_excess"),
)
"""The signals that the fields of `udfs.kl.KlScore` are, in their order."""

_EVERYWHERE: Final = np.zeros(0, dtype=np.bool_)
_NO_STOPS: Final = np.zeros(0, dtype=np.uint64)


@dataclass(frozen=True, slots=True)
class References:
    """What some signals are measured against.

    Parameters
    ----------
    kl : mapping of str to Reference
        Token distributions by language.
    dirty : DirtyWords or None
        Dirty-word hashes.
    languages_from : str or None
        Folder of language files whose stop words win over the shipped ones.
    segmented : frozenset of str
        Languages whose words a segmenter finds (`udfs.segment`); in other scripts without blanks each code point is a word.
    datatrove : bool
        Whether to compute what datatrove's filters decide on, too (`udfs.datatrove`): only its own rule sets read them.
    """

    kl: Mapping[str, Reference] = field(default_factory=dict)
    dirty: DirtyWords | None = None
    languages_from: str | None = None
    segmented: frozenset[str] = frozenset()
    datatrove: bool = False


SHIPPED: Final = Path(__file__).parents[2] / "classifiers" / "models"
"""Where the tables lie that ship; a run names its own and checks their digests (`jobs.tools`)."""


@cache
def shipped() -> References:
    """Return the tables that ship."""
    return References(kl.load(SHIPPED / "unigrams.npz"), load(SHIPPED / "dirty_words.npz"))


def compute(text: str, language: str, spans: Sequence[Span] = (), references: References | None = None) -> dict[str, float]:
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
        What to measure against; by default the tables that ship. Signals whose table is not given are NaN.

    Returns
    -------
    dict of str to float
        A value for every name of `SIGNALS`, in that order; NaN where there is nothing to measure, or was not asked for.
    """
    references = shipped() if references is None else references
    plain = prose(text, spans)
    points = codepoints(plain)
    every = codepoints(text) if spans else points
    segmented = languages.canonical(language) in references.segmented
    begins = _begins(plain, language) if segmented else _EVERYWHERE
    every_begins = _begins(text, language) if segmented and spans else begins
    stops = _stop_hashes(language, references.languages_from, segmented)
    values, tokens = document.measure(points, every, _holes(spans), begins, every_begins, stops, traits(), folds())
    found = _NOTHING.copy()
    found.update(zip(document.NAMES, values.tolist(), strict=True))
    if references.datatrove:
        found |= _as_datatrove(every, every_begins)
    found["n_chars"] = float(len(text))
    for kind in ("code", "math", "table"):
        found[f"{kind}_char_share"] = share(spans, kind, len(text))
    found |= structure.measure(text, language, spans, every)
    if not len(stops):
        stop_words = languages.load(language, references.languages_from).stop_words
        found |= _stop_words(plain, stop_words, found["n_prose_words"] * found["mean_word_chars"])
    found |= _notices(plain, tokens)
    reference = references.kl.get(language)
    found.update(zip(_LIKELIHOOD, kl.score_points(points, reference) if reference else kl.UNDEFINED, strict=True))
    found |= _dirty_words(tokens, language, references)
    return found


def compile_kernels() -> None:
    """Compile all that `compute` calls, where it is not on disk yet."""
    compute("a", "en", (Span(0, 1, "code"),), References(dirty=build({"en": ["a"]}), datatrove=True))


def _ratio(count: float, total: float) -> float:
    return count / total if total else nan


def _holes(spans: Sequence[Span]) -> Places:
    before, holes = 0, []
    for span in spans:
        holes.append(span.start - before)
        before += span.end - span.start - 1
    return np.array(holes, dtype=np.int64)


def _begins(text: str, language: str) -> NDArray[np.bool_]:
    """Return for every code point whether a word begins there, by the language's segmenter; empty without one."""
    starts = word_starts(text, language)
    if starts is None or not len(text):
        return _EVERYWHERE
    begins = np.zeros(len(text), dtype=np.bool_)
    begins[starts] = True
    return begins


@cache
def _stop_hashes(language: str, folder: str | None, segmented: bool) -> Hashes:
    """Return a language's stop words as the kernel looks them up; none where words are not found apart."""
    stop_words = languages.load(language, folder).stop_words
    if not stop_words or (languages.canonical(language) in languages.WITHOUT_BLANKS and not segmented):
        return _NO_STOPS
    return _table([whole_hash(word) for word in stop_words])


def _as_datatrove(every: Points, begins: NDArray[np.bool_]) -> dict[str, float]:
    """Return what datatrove's filters decide on, with our words: of the whole text, since datatrove knows no spans."""
    starts, ends, first_words = document.find_words(every, begins, traits(), folds())
    begun = starts.astype(np.int64)
    bounds = datatrove.token_bounds(every, begun, ends.astype(np.int64))
    values = datatrove.measure(every, *bounds, sentences=begun[first_words])
    return dict(zip(datatrove.NAMES, values.tolist(), strict=True))


@cache
def _gates() -> RunTables:
    return run_tables([token_hashes(phrase) for phrase in _GATES])


def _table(hashes: Sequence[Hashes]) -> Hashes:
    table: Hashes = hash_table(np.unique(np.concatenate(hashes)))
    return table


def _stop_words(plain: str, stop_words: Sequence[str], word_chars: float) -> dict[str, float]:
    """Count stop words inside running text; the share is one of characters."""
    if not stop_words or not word_chars > 0:
        return {"stop_word_count": nan, "stop_word_share": nan}
    times = [plain.count(word) for word in stop_words]
    covered = sum(len(word) * count for word, count in zip(stop_words, times, strict=True))
    return {"stop_word_count": float(sum(map(bool, times))), "stop_word_share": min(covered / word_chars, 1.0)}


def _notices(plain: str, tokens: Hashes) -> dict[str, float]:
    """Count the lines that a page's machinery wrote; few texts hold a word of such phrases, so lines are read only then."""
    nothing = nan if not plain or plain.isspace() else 0.0
    found = {
        "javascript_lines": 0.0,
        "javascript_line_share": nothing,
        "policy_lines": 0.0,
        "policy_line_share": nothing,
        "lorem_ipsum": 0.0,
    }
    if not len(listed_runs(tokens, *_gates())):
        return found
    folded = plain.lower()
    found["lorem_ipsum"] = float(folded.count(_LOREM))
    if any(phrase in folded for phrase in (*POLICY_PHRASES, "javascript", "java script")):
        rows = [row for row in folded.split("\n") if row and not row.isspace()]
        policy = sum(any(phrase in row for phrase in POLICY_PHRASES) for row in rows)
        script = sum(bool(_JAVASCRIPT.search(row)) for row in rows)
        found["javascript_lines"], found["javascript_line_share"] = float(script), script / len(rows)
        found["policy_lines"], found["policy_line_share"] = float(policy), policy / len(rows)
    return found


def _dirty_words(tokens: Hashes, language: str, references: References) -> dict[str, float]:
    if references.dirty is None:
        return {"dirty_hits": nan, "dirty_distinct": nan, "dirty_per_1000": nan}
    count = references.dirty.count(tokens, language) if len(tokens) else NOTHING
    return {
        "dirty_hits": float(count.hits),
        "dirty_distinct": float(count.distinct),
        "dirty_per_1000": _ratio(1000 * count.hits, len(tokens)),
    }
