"""Every signal of a document, computed in one pass over its text. Rules are predicates over them (`udfs.rules`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from math import nan

import numpy as np

from udfs import garble, kl, languages, repetition, shape
from udfs.dirty import DirtyCount, DirtyWords
from udfs.kl import Reference
from udfs.prose import Hashes, Prose, analyse, hash_stretches
from udfs.repetitive import stamped_line_share
from udfs.spans import Span, share
from udfs.words import LETTER, NUMBER, UPPER, classes, codepoints, tokens, word_bounds


@dataclass(frozen=True, slots=True)
class Signal:
    """A number measured on a document.

    Parameters
    ----------
    name : str
        Column name.
    unit : str
        What it counts; a share lies in 0-1.
    meaning : str
        One line.
    source : str
        The paper or tool that it comes from.
    """

    name: str
    unit: str
    meaning: str
    source: str


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


GOPHER = "Rae et al. 2021, A.1.1"
C4 = "Raffel et al. 2020"
FINEWEB = "Penedo et al. 2024, FineWeb"
REDPAJAMA = "RedPajama-Data v2"
LLAMA3 = "Llama 3, 3.1.1"
OWN = "Woolmill"

_COPIES = "that are second or later copies; a line cut by a span is never one"

SIGNALS: tuple[Signal, ...] = (
    Signal("n_chars", "characters", "code points of the text", OWN),
    Signal("n_words", "words", "words of the text, spans included; a code point each in scripts without blanks", GOPHER),
    Signal("n_prose_words", "words", "words outside code, math and table spans", OWN),
    Signal("n_lines", "lines", "lines of prose that are not blank", C4),
    Signal("n_sentences", "sentences", "stretches of prose with a word, ended by a terminal mark or a line end", C4),
    Signal("mean_word_chars", "characters", "mean length of the prose words", GOPHER),
    Signal("max_word_chars", "characters", "longest stretch of prose without a blank", C4),
    Signal("mean_line_words", "words", "prose words a line", OWN),
    Signal("hash_word_ratio", "ratio", "'#' a prose word", GOPHER),
    Signal("ellipsis_word_ratio", "ratio", "ellipses ('...', '…', '. . .') a prose word", GOPHER),
    Signal("symbol_word_ratio", "ratio", "'#' and ellipses a prose word", "DCLM"),
    Signal("bullet_line_share", "share", "lines that start with a bullet", GOPHER),
    Signal("ellipsis_line_share", "share", "lines that end in an ellipsis", GOPHER),
    Signal("alpha_word_share", "share", "prose words with a letter among those with a letter or digit", GOPHER),
    Signal("stop_word_count", "words", "different stop words of the language in the prose; NaN without a list", GOPHER),
    Signal("stop_word_share", "share", "prose words that are stop words; NaN without a list", REDPAJAMA),
    Signal("dup_line_share", "share", f"lines {_COPIES}", GOPHER),
    Signal("dup_line_char_share", "share", f"characters of lines {_COPIES}", GOPHER),
    Signal("dup_paragraph_share", "share", f"paragraphs {_COPIES}", GOPHER),
    Signal("dup_paragraph_char_share", "share", f"characters of paragraphs {_COPIES}", GOPHER),
    *(
        Signal(
            f"top_{n}gram_char_share",
            "share",
            f"word characters in the most frequent {n}-gram; 0 if none repeats",
            GOPHER,
        )
        for n in repetition.TOP_N
    ),
    *(
        Signal(f"dup_{n}gram_char_share", "share", f"word characters inside any {n}-gram that occurs twice", GOPHER)
        for n in repetition.DUP_N
    ),
    Signal("dup_sentence_share", "share", "prose words in sentences that occurred before, numbers apart", C4),
    Signal("terminal_line_share", "share", "lines that end in a terminal mark, closing quotes and brackets apart", FINEWEB),
    Signal("short_line_share", "share", f"lines of at most {shape.SHORT_LINE} characters without a span", FINEWEB),
    Signal("one_word_line_share", "share", "lines of at most one word", "Penedo et al. 2023, RefinedWeb"),
    Signal("list_line_share", "share", "lines that are bulleted, numbered, or short without a terminal mark", OWN),
    Signal("stamped_line_share", "share", "lines that begin with a log's stamp, spans included", LLAMA3),
    Signal("newline_word_ratio", "ratio", "line ends of the prose a prose word", FINEWEB),
    Signal("digit_char_share", "share", "digits among the prose characters that are not blank", "NeMo Curator"),
    Signal("upper_char_share", "share", "capitals among the letters of the prose", "DCLM"),
    Signal("curly_char_share", "share", "'{' and '}' among the prose characters", REDPAJAMA),
    Signal("lorem_ipsum", "occurrences", "'lorem ipsum' in the prose", C4),
    Signal("javascript_lines", "lines", "lines with the word javascript", C4),
    Signal("javascript_line_share", "share", "lines with the word javascript", C4),
    Signal("policy_lines", "lines", "lines with a phrase of legal and consent notices", C4),
    Signal("policy_line_share", "share", "lines with a phrase of legal and consent notices", C4),
    Signal("dirty_hits", "occurrences", "dirty words and phrases in the prose; NaN without lists", LLAMA3),
    Signal("dirty_distinct", "entries", "different dirty words and phrases in the prose; NaN without lists", LLAMA3),
    Signal("dirty_per_1000", "ratio", "dirty words and phrases in 1000 prose words; NaN without lists", LLAMA3),
    Signal("unique_word_share", "share", "different words among the prose words", REDPAJAMA),
    Signal("word_entropy_bits", "bits", "entropy of the prose's word distribution", REDPAJAMA),
    Signal("mojibake_share", "share", "characters that look like bytes read in a wrong encoding, spans included", OWN),
    Signal("mixed_script_word_share", "share", "unbroken chunks with letters that mix alphabets", OWN),
    Signal("consonant_word_share", "share", "Latin words without a vowel or with five consonants in a row", OWN),
    Signal("alnum_mix_word_share", "share", "words with letters and digits among those with letters", OWN),
    Signal("code_char_share", "share", "characters inside code spans", OWN),
    Signal("math_char_share", "share", "characters inside math spans", OWN),
    Signal("table_char_share", "share", "characters inside table spans", OWN),
    Signal("kl_bits", "bits", "KL(prose || reference) a token; NaN without a reference", LLAMA3),
    Signal("kl_residual", "bits", "kl_bits less what trusted texts of the length have", LLAMA3),
    Signal("kl_excess", "bits", "how far kl_residual and cross_entropy_bits both exceed their frozen limits", LLAMA3),
    Signal("cross_entropy_bits", "bits", "mean cost of a prose token under the reference", LLAMA3),
    Signal("oov_share", "share", "prose tokens that the reference has not seen", LLAMA3),
)
"""Every signal, in the order of the columns. A value is NaN where its meaning has nothing to measure."""

NAMES: tuple[str, ...] = tuple(signal.name for signal in SIGNALS)


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
        Frozen tables; without them the signals that need one are NaN.

    Returns
    -------
    dict of str to float
        A value for every name of `SIGNALS`, in that order; NaN where there is nothing to measure.
    """
    prose = analyse(text, spans)
    lines = prose.lines()
    found = {
        "n_chars": float(len(text)),
        "n_words": float(len(word_bounds(classes(codepoints(text)))[0]) if spans else len(prose.starts)),
        "n_prose_words": float(len(prose.starts)),
        "n_lines": float(len(lines)),
        "mojibake_share": garble.mojibake_share(text),
        "stamped_line_share": stamped_line_share(text),
        **{f"{kind}_char_share": share(spans, kind, len(text)) for kind in ("code", "math", "table")},
        **_word_signals(prose),
        **_char_signals(prose),
        **_stop_words(prose, language),
        **repetition.line_signals(lines, prose.paragraphs()),
        **repetition.ngram_signals(prose),
        **repetition.sentence_signals(prose),
        **shape.line_shape(lines),
        **shape.notices(lines, prose.text),
        **shape.marks(prose),
        **garble.word_garble(prose),
        **_against(prose, language, references or References()),
    }
    return {name: found[name] for name in NAMES}


def _word_signals(prose: Prose) -> dict[str, float]:
    n = len(prose.starts)
    longest = max(map(len, prose.text.split()), default=0)
    if not n:
        names = ("mean_word_chars", "alpha_word_share", "unique_word_share", "word_entropy_bits", "newline_word_ratio")
        return {**dict.fromkeys(names, nan), "max_word_chars": float(longest)}
    lettered, numbered = (np.concatenate(([0], np.cumsum((prose.flags & bit) != 0))) for bit in (LETTER, NUMBER))
    has_letter = lettered[prose.ends] > lettered[prose.starts]
    counted = np.count_nonzero(has_letter | (numbered[prose.ends] > numbered[prose.starts]))
    counts = np.sort(np.unique(prose.hashes, return_counts=True)[1])
    p = counts / n
    return {
        "mean_word_chars": float(prose.word_chars.mean()),
        "max_word_chars": float(longest),
        "alpha_word_share": float(np.count_nonzero(has_letter) / counted) if counted else nan,
        "unique_word_share": len(counts) / n,
        "word_entropy_bits": float(-(p * np.log2(p)).sum()) + 0.0,
        "newline_word_ratio": prose.text.count("\n") / n,
    }


def _char_signals(prose: Prose) -> dict[str, float]:
    text, flags = prose.text, prose.flags
    n_letters = int(np.count_nonzero(flags & LETTER))
    n_solid = sum(map(len, text.split()))
    return {
        "digit_char_share": float(np.count_nonzero(flags & NUMBER) / n_solid) if n_solid else nan,
        "upper_char_share": float(np.count_nonzero(flags & UPPER) / n_letters) if n_letters else nan,
        "curly_char_share": (text.count("{") + text.count("}")) / len(text) if text else nan,
    }


@cache
def _stop_hashes(language: str) -> Hashes:
    stop_words = languages.load(language).stop_words
    points = [codepoints(word) for word in stop_words]
    hashes = [hash_stretches(p, np.array([0]), np.array([len(p)]))[0] for p in points]
    return np.array(sorted(hashes), dtype=np.uint64)


def _stop_words(prose: Prose, language: str) -> dict[str, float]:
    stop_words = languages.load(language).stop_words
    n = len(prose.starts)
    if not stop_words or not n:
        return {"stop_word_count": nan, "stop_word_share": nan}
    if languages.canonical(language) in languages.WITHOUT_BLANKS:
        times = [prose.text.count(word) for word in stop_words]
        covered = sum(len(word) * count for word, count in zip(stop_words, times, strict=True))
        return {"stop_word_count": float(sum(count > 0 for count in times)), "stop_word_share": min(covered / n, 1.0)}
    hit = np.isin(prose.hashes, _stop_hashes(language))
    return {
        "stop_word_count": float(len(np.unique(prose.hashes[hit]))),
        "stop_word_share": float(np.count_nonzero(hit) / n),
    }


def _against(prose: Prose, language: str, references: References) -> dict[str, float]:
    reference = references.kl.get(language)
    scored = kl.score(prose.text, reference) if reference is not None else kl.UNDEFINED
    signals = {
        "kl_bits": scored.kl_bits,
        "kl_residual": scored.residual,
        "kl_excess": scored.excess,
        "cross_entropy_bits": scored.cross_entropy_bits,
        "oov_share": scored.oov_share,
    }
    if references.dirty is None:
        return {**signals, "dirty_hits": nan, "dirty_distinct": nan, "dirty_per_1000": nan}
    found = tokens(prose.text)
    count = references.dirty.count(found, language) if found else DirtyCount(0, 0)
    per_1000 = 1000 * count.hits / len(found) if found else nan
    return {
        **signals,
        "dirty_hits": float(count.hits),
        "dirty_distinct": float(count.distinct),
        "dirty_per_1000": per_1000,
    }
